//! Locks that are taken and never given back, waited for and left, and held by who dies.

use crate::bindings::caisson::capability::types::ErrorKind;
use crate::bindings::caisson::service::lock::{acquire, release};
use crate::bindings::caisson::service::types::Error;
use crate::failed;
use crate::tally::Tally;
use futures_util::future::join_all;
use std::task::Poll;
use std::time::Duration;

/// Calls under way at the same time.
const TOGETHER: u32 = 250;

/// Longer than anything here lasts.
const LONG: u32 = u32::MAX;

/// Takes so many locks, and gives none back.
pub(crate) async fn take(count: u32, tally: &mut Tally) {
    for begin in (0..count).step_by(TOGETHER as usize) {
        let names = (begin..count.min(begin + TOGETHER)).map(|number| format!("many-{number}"));
        for answer in join_all(names.map(|name| acquire(name, LONG, 3_000))).await {
            had("take", answer, tally);
        }
    }
}

/// Takes one lock and gives it back, waiting for it for a while.
pub(crate) async fn try_one(name: &str, tally: &mut Tally) {
    if let Some(Some(token)) = tally.note("try", acquire(name.to_owned(), LONG, 3_000).await) {
        tally.add("had", tally_of(release(token).await));
    } else {
        tally.add("had", "nothing");
    }
}

fn tally_of(released: Result<bool, impl crate::tally::Told>) -> String {
    released.map_or_else(|error| error.told(), |held| held.to_string())
}

/// Takes so many locks and goes to sleep.
pub(crate) async fn hold(count: u32, tally: &mut Tally) {
    for number in 0..count {
        had("hold", acquire(format!("held-{number}"), LONG, 3_000).await, tally);
    }
    std::thread::sleep(Duration::from_secs(3_600));
}

/// Begins to wait for so many locks, and answers without ever looking at them again.
pub(crate) async fn wait(count: u32, tally: &mut Tally) {
    for number in 0..count {
        let mut call = Box::pin(acquire(format!("held-{number}"), LONG, LONG));
        match std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await {
            Poll::Ready(answer) => had("wait", answer, tally),
            Poll::Pending => {
                tally.add("wait", "goes on");
                std::mem::forget(call);
            }
        }
    }
}

/// Holds a lock and does not come to its end, or ends without giving it back.
pub(crate) async fn die(how: &str, tally: &mut Tally) -> Result<(), Error> {
    had("hold", acquire("mine".to_owned(), LONG, 3_000).await, tally);
    match how {
        "traps" => std::process::abort(),
        "spins" => loop {
            std::hint::black_box(0);
        },
        "sleeps" => std::thread::sleep(Duration::from_secs(3_600)),
        "grows" => loop {
            std::hint::black_box(vec![1_u8; 1 << 20].leak());
        },
        "fails" => return Err(failed(ErrorKind::Conflict, "it was not meant to be".to_owned())),
        _ => {}
    }
    Ok(())
}

/// Names that no lock has, times that make no sense, tokens that nobody gave.
pub(crate) async fn unfit(tally: &mut Tally) {
    for length in [0, 257, 1 << 20, 16 << 20] {
        had("name", acquire("n".repeat(length), LONG, 0).await, tally);
    }
    had("time", acquire("a".to_owned(), 0, 0).await, tally);
    let Some(Some(token)) = tally.note("own", acquire("a".to_owned(), LONG, 0).await) else { return };
    had("again", acquire("a".to_owned(), LONG, LONG).await, tally);
    for forged in [0, token + 1, token.wrapping_sub(1), u64::MAX] {
        tally.note("forged", release(forged).await);
    }
    tally.add("release", tally_of(release(token).await));
    tally.note("twice", release(token).await);
}

/// Notes whether a lock was had, in time or at all.
fn had(what: &str, answer: Result<Option<u64>, impl crate::tally::Told>, tally: &mut Tally) {
    match answer {
        Ok(Some(_)) => tally.add(what, "ok"),
        Ok(None) => tally.add(what, "not in time"),
        Err(error) => tally.add(what, error.told()),
    }
}
