//! Passes requests on to another system, over the HTTP connection `backend` that an operator has defined.

use caisson::{Error, Request, Response, http};

/// Headers of an answer that say how it was sent, and not what it is.
const OF_THE_WAY: [&str; 4] = ["connection", "content-encoding", "content-length", "transfer-encoding"];

/// Sends what it was sent, and answers what was answered.
#[caisson::service]
async fn pass(request: Request) -> Result<Response, Error> {
    let method = request.method().ok_or_else(|| Error::invalid("only HTTP requests can be passed on"))?;
    let backend = http::Connection::named("backend");
    let mut sent = backend.request(method, request.param("path").unwrap_or(request.path()));
    for (name, value) in request.queries() {
        sent = sent.param(name, value);
    }
    for name in ["accept", "accept-language", "content-type", "if-none-match"] {
        if let Some(value) = request.header(name) {
            sent = sent.header(name, value);
        }
    }
    if !request.body.is_empty() {
        sent = sent.body(request.body);
    }
    let answer = sent.send().await?;
    let headers = answer.headers.into_iter().filter(|(name, _)| !OF_THE_WAY.contains(&name.as_str()));
    let response = Response::new(answer.body).status(answer.status);
    Ok(headers.fold(response, |response, (name, value)| response.header(name, value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use caisson::ErrorKind;
    use caisson::testing::Host;

    #[test]
    fn passes_on_what_matters_and_answers_with_the_same_status() {
        let host = Host::new().http("backend", |sent| {
            assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", "/orders"));
            assert_eq!(sent.query, [("dry run".to_owned(), "1".to_owned())]);
            assert_eq!(sent.body, b"an order");
            Ok(Response::text("made").status(201).header("content-length", "4"))
        });
        let answer =
            host.call(pass, Request::new("an order").over_http("POST", "/orders?dry+run=1")).unwrap();
        assert_eq!((answer.code(), answer.read_text().unwrap()), (201, "made"));
        assert_eq!(answer.get_header("Content-Length"), None);
        assert_eq!(answer.get_header("content-type"), Some("text/plain; charset=utf-8"));
    }

    #[test]
    fn what_the_connection_says_is_what_the_caller_is_told() {
        let refused = Host::new().http("backend", |_| Err(Error::denied("a grant is missing")));
        for (host, request, kind) in [
            (&refused, Request::default().over_http("GET", "/"), ErrorKind::AccessDenied),
            (&refused, Request::default(), ErrorKind::InvalidInput),
            (&Host::new(), Request::default().over_http("GET", "/"), ErrorKind::NotFound),
        ] {
            assert_eq!(host.call(pass, request).unwrap_err().kind(), kind);
        }
    }
}
