//! What simulated connections are asked, and what they answer.

use crate::bindings::caisson::http::client as wit;
use crate::bindings::caisson::service::background::Task;
use crate::sql::{Outcome, Params, Rows};
use crate::{Error, Field, Result};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A request that was sent over a simulated HTTP connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path, with its parameters filled in.
    pub path: String,
    /// The parameters that the path does not name.
    pub query: Vec<Field>,
    /// The headers that the service gave.
    pub headers: Vec<Field>,
    /// The body; empty when there is none.
    pub body: Vec<u8>,
}

impl Sent {
    pub(crate) fn of(request: wit::Request) -> Self {
        let wit::Request { method, mut path, params, headers, body, timeout_ms: _ } = request;
        let mut query = Vec::new();
        for (name, value) in params {
            let place = format!("{{{name}}}");
            if path.contains(&place) {
                path = path.replace(&place, &value);
            } else {
                query.push((name, value));
            }
        }
        Self { method, path, query, headers, body: body.unwrap_or_default() }
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    ///
    /// `internal`: it is no JSON, or not of this form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Error::internal("the service did not send the JSON that is expected").detail(error)
        })
    }
}

/// A call in the background that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postponed {
    /// The service.
    pub service: String,
    /// Its message.
    pub body: Vec<u8>,
    /// How long it waits.
    pub after: Duration,
    /// The services that are called with the answer.
    pub callback: Vec<String>,
}

impl Postponed {
    pub(crate) fn of(task: Task) -> Self {
        let Task { service, body, delay_ms, callback, .. } = task;
        Self { service, body, after: Duration::from_millis(delay_ms), callback }
    }
}

/// A statement for a simulated database.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Its text.
    pub text: String,
    /// Its parameters; of a batch, one set for each time.
    pub params: Vec<Params>,
}

/// What a simulated database answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answered {
    /// Rows.
    Rows(Rows),
    /// A change.
    Outcome(Outcome),
}

impl From<Rows> for Answered {
    fn from(rows: Rows) -> Self {
        Self::Rows(rows)
    }
}

impl From<Outcome> for Answered {
    fn from(outcome: Outcome) -> Self {
        Self::Outcome(outcome)
    }
}

/// So many rows were changed.
impl From<u64> for Answered {
    fn from(affected: u64) -> Self {
        Self::Outcome(Outcome { affected, last_insert_id: None })
    }
}

impl Answered {
    pub(crate) fn rows(self) -> Result<Rows> {
        match self {
            Self::Rows(rows) => Ok(rows),
            Self::Outcome(_) => Err(Error::internal("the simulated database answered a change to a query")),
        }
    }

    pub(crate) fn outcome(self) -> Result<Outcome> {
        match self {
            Self::Outcome(outcome) => Ok(outcome),
            Self::Rows(_) => Err(Error::internal("the simulated database answered rows to a change")),
        }
    }
}
