//! A meeting of two, for tests: nobody who is called leaves before somebody else has been called too. Called one after the other, two
//! callers would wait until their time is up.
//!
//! Deployed as `door`, with one instance that is reused, it counts who has come; under any other name it goes in and waits.

use caisson::{Context, Error, Request, invoke};
use std::sync::atomic::{AtomicU32, Ordering};

/// Who has come; of use only where memory stays between requests.
static INSIDE: AtomicU32 = AtomicU32::new(0);

/// Answers how many were inside when it left.
#[caisson::service]
async fn meet(context: Context, request: Request) -> Result<String, Error> {
    if context.service() == "door" {
        let entering = u32::from(request.text()? == "enter");
        return Ok((INSIDE.fetch_add(entering, Ordering::Relaxed) + entering).to_string());
    }
    let mut inside: u32 = invoke("door", "enter").await?.read_text()?.parse()?;
    while inside < 2 {
        inside = invoke("door", "look").await?.read_text()?.parse()?;
    }
    Ok(inside.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use caisson::testing::Host;

    #[test]
    fn waits_for_the_other_one() {
        let asked = AtomicU32::new(0);
        let host = Host::new().service("door", move |_| {
            Ok(caisson::Response::text((1 + asked.fetch_add(1, Ordering::Relaxed) / 3).to_string()))
        });
        assert_eq!(host.call(meet, "").unwrap().read_text().unwrap(), "2");
    }
}
