//! What is kept of a refusal, and what may be asked for.

use caisson_capability::usage::Refusal;
use jiff::Timestamp;
use serde::Serialize;

/// A use that no grant allowed. The same use, again and again within a second, is one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When it was first wanted.
    pub at: String,
    /// Correlation id of the first.
    pub cid: String,
    /// The service.
    pub service: String,
    /// The connection.
    pub connection: String,
    /// The capability that the connection is of.
    pub capability: String,
    /// The operation.
    pub operation: String,
    /// The caller whose message the service was answering, if known.
    pub principal: Option<String>,
    /// What was beyond the grants, when the operation itself is granted.
    pub detail: Option<String>,
    /// It was let through: the connection only observes.
    pub observed: bool,
    /// How often.
    pub count: u64,
}

impl Entry {
    pub(crate) fn of(refusal: &Refusal) -> Self {
        Self {
            at: Timestamp::now().to_string(),
            cid: refusal.cid.as_str().to_owned(),
            service: refusal.key.service.as_ref().to_owned(),
            connection: refusal.key.connection.as_ref().to_owned(),
            capability: refusal.key.capability.to_owned(),
            operation: refusal.key.operation.to_owned(),
            principal: refusal.principal.as_deref().map(str::to_owned),
            detail: refusal.detail.clone(),
            observed: refusal.observed,
            count: 1,
        }
    }

    /// Whether another one is the same, but for when and how often.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (&self.service, &self.connection, &self.operation, &self.principal, &self.detail, self.observed)
            == (
                &other.service,
                &other.connection,
                &other.operation,
                &other.principal,
                &other.detail,
                other.observed,
            )
    }
}

/// Which entries are wanted; what is not said does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this service.
    pub service: Option<String>,
    /// Of this connection.
    pub connection: Option<String>,
    /// With this correlation id.
    pub cid: Option<String>,
    /// Only those that were let through, or only those that were not.
    pub observed: Option<bool>,
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// At most so many, the newest.
    pub limit: u32,
}
