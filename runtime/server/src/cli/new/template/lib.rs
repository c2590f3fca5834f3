//! Greets whoever is named in the message.

use caisson::{Error, Json};
use serde::{Deserialize, Serialize};

/// The message: JSON. What is optional may be left out.
#[derive(Deserialize)]
struct Input {
    name: Option<String>,
}

/// The answer, which becomes JSON.
#[derive(Serialize)]
struct Greeting {
    greeting: String,
}

#[caisson::service]
async fn handle(input: Json<Input>) -> Result<Json<Greeting>, Error> {
    let name = input.name.as_deref().unwrap_or("world");
    if name.is_empty() {
        // The caller reads this, with HTTP status 400.
        return Err(Error::invalid("`name` is empty: leave it out or fill it in"));
    }

    // Seen by `caisson logs`, with the correlation id of this message.
    caisson::info!("greeting {name}");

    // More that a service can do:
    //   let stock = caisson::invoke("shop.stock", Json(item)).await?;
    //   let crm = caisson::http::Connection::named("crm");
    //   let customer: Customer = crm.get("/customers/{id}").param("id", 7).send().await?.success()?.json()?;
    //   let (a, b) = caisson::try_join!(first, second)?;
    Ok(Json(Greeting { greeting: format!("Hello, {name}") }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use caisson::ErrorKind;
    use caisson::testing::Host;

    #[test]
    fn greets_by_name() {
        let host = Host::new();
        let answer = host.call(handle, r#"{"name": "Ada"}"#).unwrap();
        assert_eq!(answer.read_text().unwrap(), r#"{"greeting":"Hello, Ada"}"#);
        assert_eq!(host.logs()[0].message, "greeting Ada");
    }

    #[test]
    fn refuses_an_empty_name() {
        let error = Host::new().call(handle, r#"{"name": ""}"#).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}
