//! What is said about calls in the background.

use caisson_background::{Entry, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TaskState {
    /// Its time has not come, or there was no place for it yet.
    Waiting,
    /// It is being made.
    Running,
    /// It has failed for good.
    Failed,
}

impl From<TaskState> for State {
    fn from(state: TaskState) -> Self {
        match state {
            TaskState::Waiting => Self::Waiting,
            TaskState::Running => Self::Running,
            TaskState::Failed => Self::Failed,
        }
    }
}

impl From<State> for TaskState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Running => Self::Running,
            State::Failed => Self::Failed,
        }
    }
}

/// A call in the background.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// Its number on this server.
    #[schema(example = 7)]
    pub id: u64,
    /// How far it is.
    pub state: TaskState,
    /// The service that is called.
    #[schema(example = "crm.sync")]
    pub service: String,
    /// The service that asked for it.
    #[schema(example = "crm.import")]
    pub source: String,
    /// What it is: `invoke-async`, `scheduler`, `fanout-call`, ...
    #[serde(rename = "type")]
    #[schema(example = "invoke-async")]
    pub kind: String,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// Its correlation id.
    pub cid: String,
    /// When it was asked for, RFC 3339.
    #[schema(example = "2026-11-24T12:00:00Z")]
    pub created: String,
    /// When it is due, RFC 3339; of one that has failed, when it did.
    #[schema(example = "2026-11-24T12:00:00Z")]
    pub due: String,
    /// Attempts that have begun.
    pub attempts: u32,
    /// Bytes of its message.
    pub bytes: u64,
    /// Why it has failed, or why the last attempt has.
    pub reason: Option<String>,
}

impl From<Entry> for Task {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            state: entry.state.into(),
            service: entry.service,
            source: entry.source,
            kind: entry.kind,
            name: entry.name,
            cid: entry.cid,
            created: entry.created,
            due: entry.due,
            attempts: entry.attempts,
            bytes: entry.bytes,
            reason: entry.reason,
        }
    }
}
