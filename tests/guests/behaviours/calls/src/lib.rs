//! Calls the service that the request's body names, and answers what that answered, or how it failed.

use guest::{Context, Error, Request, Response, answer, invoker};

guest::handler!(handle);

fn handle(_: Context, request: Request) -> Result<Response, Error> {
    let service = String::from_utf8_lossy(&request.body).into_owned();
    let message = Request {
        http: None,
        soap: None,
        message: None,
        content_type: None,
        body: b"from a component".to_vec(),
    };
    match invoker::invoke(&service, &message) {
        Ok(response) => answer(response.body),
        Err(error) => answer(format!("{:?}: {}", error.kind, error.message)),
    }
}
