//! What a currency is worth. The service `rates` knows, and takes its time: it is asked once a minute, however many want to know. What
//! it said is in a cache, and of those who find nothing there one asks while the others wait.

use caisson::cache::Cache;
use caisson::lock::Lock;
use caisson::{Error, Json, invoke};
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Deserialize, Serialize)]
struct Question {
    currency: String,
}

#[derive(Deserialize, Serialize)]
struct Rate {
    currency: String,
    rate: f64,
}

/// How long a rate is good.
const GOOD_FOR: Duration = Duration::from_secs(60);

/// Answers what is known, or asks.
#[caisson::service]
async fn rate(question: Json<Question>) -> Result<Json<Rate>, Error> {
    let (rates, currency) = (Cache::named("rates"), &question.currency);
    if let Some(known) = rates.get(currency)? {
        return Ok(known);
    }
    let _asking = Lock::named(format!("rate.{currency}")).acquire().await?;
    // Who had the lock before this one may have asked.
    if let Some(known) = rates.get(currency)? {
        return Ok(known);
    }
    let answer: Rate = invoke("rates", Json(&*question)).await?.read_json()?;
    rates.set_for(currency, Json(&answer), GOOD_FOR)?;
    Ok(Json(answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use caisson::testing::Host;
    use caisson::{ErrorKind, Response};
    use serde_json::{Value, json};
    use std::cell::Cell;
    use std::rc::Rc;

    #[test]
    fn who_knows_is_asked_once() {
        let asked = Rc::new(Cell::new(0));
        let count = Rc::clone(&asked);
        let host = Host::new().service("rates", move |message| {
            count.set(count.get() + 1);
            let currency = message.json::<Question>()?.currency;
            Response::json(&json!({"currency": currency, "rate": 1.5}))
        });
        for _ in 0..3 {
            let answer = host.call(rate, Json(json!({"currency": "EUR"}))).unwrap();
            assert_eq!(answer.read_json::<Value>().unwrap(), json!({"currency": "EUR", "rate": 1.5}));
        }
        assert_eq!((asked.get(), host.locks()), (1, vec!["rate.EUR".to_owned()]));
    }

    #[test]
    fn nobody_asks_while_somebody_else_does() {
        let host = Host::new().busy("rate.EUR");
        let error = host.call(rate, Json(json!({"currency": "EUR"}))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
}
