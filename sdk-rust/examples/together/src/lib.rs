//! Asks several services at the same time and answers what each of them said.

use caisson::{Error, Json, invoke, join_all};
use serde::Deserialize;

#[derive(Deserialize)]
struct Question {
    /// Names of the services.
    services: Vec<String>,
    /// What they are sent.
    #[serde(default)]
    message: String,
}

/// Answers a list: for each service, in the order of the question, what it said or why it did not.
#[caisson::service]
async fn ask(question: Json<Question>) -> Result<Json<Vec<String>>, Error> {
    let calls = question.services.iter().map(|service| invoke(service, question.message.as_str()));
    let said = join_all(calls).await.into_iter().map(|answer| match answer {
        Ok(answer) => answer.read_text().map(str::to_owned),
        Err(error) => Ok(format!("failed: {error}")),
    });
    Ok(Json(said.collect::<Result<_, Error>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use caisson::Response;
    use caisson::testing::Host;

    #[test]
    fn one_that_fails_does_not_keep_the_others_from_answering() {
        let host = Host::new()
            .service("up", |message| Ok(Response::text(message.text()?.to_uppercase())))
            .service("down", |_| Err(Error::unavailable("not today")));
        let question = serde_json::json!({"services": ["up", "down", "up"], "message": "hello"});
        let answer = host.call(ask, question.to_string()).unwrap();
        assert_eq!(answer.read_json::<Vec<String>>().unwrap(), ["HELLO", "failed: not today", "HELLO"]);
    }
}
