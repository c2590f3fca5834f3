//! Why a change was refused.

use caisson_cluster::{Conflict, ErrorKind, Revision};

/// What went wrong, for whoever turns it into a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControlErrorKind {
    /// The definitions, or the request, do not make sense.
    Invalid,
    /// Somebody else has changed the state meanwhile.
    Conflict,
    /// There is no such thing.
    NotFound,
    /// The state store cannot be reached now.
    Unavailable,
    /// The state store has no room left, or its disk refuses.
    Full,
    /// The state store failed.
    Internal,
}

/// An error of the control plane. Its text is for the operator and holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ControlError {
    /// What went wrong.
    pub kind: ControlErrorKind,
    /// What is wrong and what to do.
    pub message: String,
    /// Every problem, when there may be several.
    pub problems: Vec<String>,
    /// For a conflict: what the others have done.
    pub since: Vec<Revision>,
}

impl ControlError {
    /// An error of this kind.
    pub fn new(kind: ControlErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), problems: Vec::new(), since: Vec::new() }
    }

    /// The request does not make sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ControlErrorKind::Invalid, message)
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ControlErrorKind::NotFound, message)
    }

    /// All that is wrong with definitions.
    pub(crate) fn problems(problems: Vec<String>) -> Self {
        let message = format!("the definitions are refused:\n{}", problems.join("\n"));
        Self { problems, ..Self::invalid(message) }
    }
}

impl From<Conflict> for ControlError {
    fn from(conflict: Conflict) -> Self {
        let since: Vec<String> = conflict.since.iter().map(line).collect();
        let message = format!(
            "the state has changed since you looked: it is at revision {} now; look at the difference and try again\n{}",
            conflict.current,
            since.join("\n")
        );
        Self { since: conflict.since, ..Self::new(ControlErrorKind::Conflict, message.trim_end().to_owned()) }
    }
}

fn line(revision: &Revision) -> String {
    let Revision { revision, at, author, message, added, changed, removed } = revision;
    let names: Vec<&str> = added.iter().chain(changed).chain(removed).map(String::as_str).collect();
    format!("  revision {revision} by {author} at {at}: {message} ({})", names.join(", "))
}

impl From<caisson_cluster::Error> for ControlError {
    fn from(error: caisson_cluster::Error) -> Self {
        let kind = match error.kind {
            ErrorKind::Unavailable => ControlErrorKind::Unavailable,
            ErrorKind::Conflict => ControlErrorKind::Conflict,
            ErrorKind::NotFound => ControlErrorKind::NotFound,
            ErrorKind::TooLarge | ErrorKind::Invalid => ControlErrorKind::Invalid,
            ErrorKind::Disk => ControlErrorKind::Full,
            _ => ControlErrorKind::Internal,
        };
        Self::new(kind, error.message)
    }
}
