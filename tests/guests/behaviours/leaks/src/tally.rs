//! What calls answered, and how often.

use crate::bindings::caisson::capability::types::Error;
use std::collections::BTreeMap;
use std::pin::pin;
use std::task::Poll;

#[derive(Default)]
pub(crate) struct Tally(BTreeMap<String, u32>);

impl Tally {
    /// Notes what a call answered; returns what it gave.
    pub(crate) fn note<T>(&mut self, what: &str, answer: Result<T, Error>) -> Option<T> {
        let (line, kept) = match answer {
            Ok(it) => (format!("{what}: ok"), Some(it)),
            Err(error) => (format!("{what}: {:?}: {}", error.kind, error.message), None),
        };
        *self.0.entry(line).or_default() += 1;
        kept
    }

    /// Notes that a call was to be given up.
    pub(crate) fn gave_up<T>(&mut self, what: &str, answer: Option<T>) {
        let how = if answer.is_some() { "was too quick" } else { "given up" };
        *self.0.entry(format!("{what}: {how}")).or_default() += 1;
    }

    pub(crate) fn report(&self) -> Vec<u8> {
        let line = |(what, times): (&String, &u32)| format!("{times} {}\n", what.replace('\n', " "));
        self.0.iter().map(line).collect::<String>().into_bytes()
    }
}

/// Begins a call and drops it, unless it is done at once.
pub(crate) async fn given_up<F: Future>(call: F) -> Option<F::Output> {
    let mut call = pin!(call);
    std::future::poll_fn(|context| {
        Poll::Ready(match call.as_mut().poll(context) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        })
    })
    .await
}
