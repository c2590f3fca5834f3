//! What can go wrong with the state.

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The backend cannot be reached; it may come back.
    Unavailable,
    /// The backend refuses this client: name, password, certificate.
    Denied,
    /// Somebody else has changed the state meanwhile.
    Conflict,
    /// There is no such revision (any more).
    NotFound,
    /// A document or a change is larger than allowed.
    TooLarge,
    /// What is stored is not what was written, or was written by a newer version.
    Damaged,
    /// The disk is full, or the operating system refuses.
    Disk,
    /// The options do not make sense.
    Invalid,
}

/// An error of the state store. Its text says what to do; it never holds a value of a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What went wrong.
    pub kind: ErrorKind,
    /// For people.
    pub message: String,
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}
