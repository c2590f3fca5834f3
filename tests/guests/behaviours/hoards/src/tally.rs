//! What calls answered, and how often.

use crate::bindings::caisson::capability::types as capability;
use crate::bindings::caisson::service::log::{self, Level};
use crate::bindings::caisson::service::types as service;
use std::collections::BTreeMap;
use std::fmt::Display;

#[derive(Default)]
pub(crate) struct Tally(BTreeMap<String, u32>);

/// An error, as it is noted.
pub(crate) trait Told {
    fn told(&self) -> String;
}

impl Told for capability::Error {
    fn told(&self) -> String {
        format!("{:?}: {}", self.kind, self.message)
    }
}

impl Told for service::Error {
    fn told(&self) -> String {
        format!("{:?}: {}", self.kind, self.message)
    }
}

impl Tally {
    /// Notes what a call answered; returns what it gave.
    pub(crate) fn note<T, E: Told>(&mut self, what: &str, answer: Result<T, E>) -> Option<T> {
        let (said, kept) = match answer {
            Ok(it) => ("ok".to_owned(), Some(it)),
            Err(error) => (error.told(), None),
        };
        self.add(what, said);
        kept
    }

    /// Notes anything.
    pub(crate) fn add(&mut self, what: &str, said: impl Display) {
        *self.0.entry(format!("{what}: {said}")).or_default() += 1;
    }

    pub(crate) fn report(&self) -> Vec<u8> {
        let line = |(what, times): (&String, &u32)| format!("{times} {}\n", what.replace('\n', " "));
        self.0.iter().map(line).collect::<String>().into_bytes()
    }
}

/// Says in the log that it was here.
pub(crate) fn log(text: &str) {
    log::write(Level::Info, "", &format!("noted {text}"));
}
