//! Calls a connection as often as its message says, one call after the other: for the benchmark of what a call costs.

use caisson::{Error, Request, redis};

/// Answers nothing.
#[caisson::service]
async fn calls(request: Request) -> Result<(), Error> {
    let nothing = redis::Connection::named("nothing");
    for _ in 0..request.text()?.parse::<u32>()? {
        nothing.run(["PING"]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use caisson::testing::Host;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn calls_as_often_as_it_is_told() {
        static CALLED: AtomicU32 = AtomicU32::new(0);
        let host = Host::new().redis("nothing", |_| {
            CALLED.fetch_add(1, Ordering::Relaxed);
            Ok(redis::Reply::Nil)
        });
        host.call(calls, "3").unwrap();
        assert_eq!(CALLED.load(Ordering::Relaxed), 3);
    }
}
