//! The error that crosses room boundaries: what went wrong, whose fault it is, whether trying again can help.

use crate::Field;
use std::time::Duration;

/// What went wrong. The same kinds as `error-kind` in `wit/deps/capability`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller sent something that cannot be accepted.
    InvalidInput,
    /// The caller must say who it is.
    Unauthenticated,
    /// The caller, or the service, may not do this.
    AccessDenied,
    /// No such service, path or object.
    NotFound,
    /// The service exists but does not answer this method.
    MethodNotAllowed,
    /// The state of things does not allow it now.
    Conflict,
    /// A deadline passed.
    Timeout,
    /// A limit was reached: by the caller (rate, size), or by the service itself ([`Fault::Service`]: memory, CPU time).
    QuotaExceeded,
    /// Too busy, or a remote system is away; later may be better.
    Unavailable,
    /// The caller gave up.
    Cancelled,
    /// A bug: of the service ([`Fault::Service`]) or of the host.
    Internal,
}

impl ErrorKind {
    /// The name used in WIT, metrics and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid-input",
            Self::Unauthenticated => "unauthenticated",
            Self::AccessDenied => "access-denied",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Conflict => "conflict",
            Self::Timeout => "timeout",
            Self::QuotaExceeded => "quota-exceeded",
            Self::Unavailable => "unavailable",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

/// Who has to act on an error. Decides the log level and whether an alert makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The one who sent the message.
    Caller,
    /// The code of the service.
    Service,
    /// Caisson or its configuration.
    Host,
    /// A system that a service talked to.
    Remote,
}

/// One error type for every boundary in the runtime.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What went wrong.
    pub kind: ErrorKind,
    /// Who has to act.
    pub fault: Fault,
    /// The same call may succeed later.
    pub retryable: bool,
    /// A text that the caller may read: no traceback, no address, no secret.
    pub message: String,
    /// For the operator's log only.
    pub detail: Option<String>,
    /// The remote system's own code: an SQLSTATE, a reply code of AMQP.
    pub code: Option<String>,
    /// HTTP status, when a service chose one; otherwise it follows from the kind.
    pub status: Option<u16>,
    /// Headers that a service set before it failed; they are still sent.
    pub headers: Vec<Field>,
    /// When a new attempt makes sense, if known.
    pub retry_after: Option<Duration>,
    /// What caused it.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind with the fault and retryability that usually go with it.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (fault, retryable) = match kind {
            ErrorKind::Timeout => (Fault::Service, true),
            ErrorKind::QuotaExceeded => (Fault::Service, false),
            ErrorKind::Unavailable => (Fault::Host, true),
            ErrorKind::Internal => (Fault::Host, false),
            ErrorKind::InvalidInput
            | ErrorKind::Unauthenticated
            | ErrorKind::AccessDenied
            | ErrorKind::NotFound
            | ErrorKind::MethodNotAllowed
            | ErrorKind::Conflict
            | ErrorKind::Cancelled => (Fault::Caller, false),
        };
        Self {
            kind,
            fault,
            retryable,
            message: message.into(),
            detail: None,
            code: None,
            status: None,
            headers: Vec::new(),
            retry_after: None,
            source: None,
        }
    }

    /// Says who has to act.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = fault;
        self
    }

    /// Adds a text for the operator's log.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the remote system's own code.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Says whether the same call may succeed later.
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }

    /// Adds what caused it.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Says when to try again, which makes the error retryable.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self.retryable = true;
        self
    }
}
