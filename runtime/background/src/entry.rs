//! A call as operators see it.

use serde::{Deserialize, Serialize};

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Its time has not come, or there was no place for it yet.
    Waiting,
    /// It is being made.
    Running,
    /// It has failed for good.
    Failed,
}

impl State {
    pub(crate) const ALL: [Self; 3] = [Self::Waiting, Self::Running, Self::Failed];

    /// As it is in the file.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Waiting => 0,
            Self::Running => 1,
            Self::Failed => 2,
        }
    }

    pub(crate) fn of(number: i64) -> Self {
        Self::ALL.into_iter().find(|state| state.number() == number).unwrap_or(Self::Failed)
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Failed => "failed",
        }
    }
}

/// A call, without its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number on this server.
    pub id: u64,
    /// How far it is.
    pub state: State,
    /// The service that is called.
    pub service: String,
    /// The service that asked for it.
    pub source: String,
    /// What it is: the type of its channel.
    pub kind: String,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// Its correlation id.
    pub cid: String,
    /// When it was asked for, RFC 3339.
    pub created: String,
    /// When it is due, RFC 3339; of one that has failed, when it did.
    pub due: String,
    /// Attempts that have begun.
    pub attempts: u32,
    /// Bytes of its message.
    pub bytes: u64,
    /// Why it has failed, or why the last attempt has.
    pub reason: Option<String>,
}

/// Which calls are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In this state.
    pub state: Option<State>,
    /// Of this service.
    pub service: Option<String>,
    /// At most so many, the newest.
    pub limit: u32,
}
