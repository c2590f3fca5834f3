//! How a call is made, what it leaves, and what came of it.

use crate::bindings::caisson::capability::types::Error;
use crate::bindings::caisson::http::client::{Body, Upload};
use crate::bindings::caisson::sql::client::{Cursor, Transaction};
use arbitrary::Unstructured;
use std::collections::BTreeSet;
use std::pin::pin;
use std::task::Poll;

/// How much of an error's message is answered.
const SHOWN: usize = 300;

/// What one request has done so far, and holds.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) cursors: Vec<Cursor>,
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) bodies: Vec<Body>,
    pub(crate) uploads: Vec<Upload>,
    seen: BTreeSet<String>,
}

impl Run {
    /// Notes that a function without errors was called.
    pub(crate) fn called(&mut self, function: &str) {
        self.seen.insert(format!("{function}\tok\t"));
    }

    /// Makes a call, or gives it up in the middle. Returns what it answered.
    pub(crate) async fn call<T>(
        &mut self,
        data: &mut Unstructured<'_>,
        function: &str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> arbitrary::Result<Option<T>> {
        let answer = if data.ratio(1, 6)? { given_up(call).await } else { Some(call.await) };
        Ok(self.note(function, answer))
    }

    /// Notes what a call answered.
    pub(crate) fn note<T>(&mut self, function: &str, answer: Option<Result<T, Error>>) -> Option<T> {
        let (said, message, kept) = match answer {
            None => ("dropped".to_owned(), String::new(), None),
            Some(Ok(it)) => ("ok".to_owned(), String::new(), Some(it)),
            Some(Err(error)) => (format!("{:?}", error.kind), shown(&error), None),
        };
        self.seen.insert(format!("{function}\t{said}\t{message}"));
        kept
    }

    /// A line for each function and answer: its name, the kind of the answer, the message.
    pub(crate) fn report(&self) -> Vec<u8> {
        self.seen.iter().map(String::as_str).collect::<Vec<_>>().join("\n").into_bytes()
    }
}

fn shown(error: &Error) -> String {
    error.message.chars().take(SHOWN).flat_map(char::escape_default).collect()
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
