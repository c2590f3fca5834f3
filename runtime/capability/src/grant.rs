//! Grants: which services may use which connection for what. Nothing is allowed that no grant allows.

use crate::connection::Options;
use std::sync::Arc;

/// One grant.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// Patterns of service names; `*` stands for any part.
    pub services: Vec<String>,
    /// Operations; `*` for all.
    pub operations: Vec<String>,
    /// What the capability restricts by it, e.g. `keys` of Redis.
    pub restrictions: Options,
}

impl Grant {
    /// Whether it is for a service.
    #[must_use]
    pub fn covers(&self, service: &str) -> bool {
        self.services.iter().any(|pattern| matches(pattern, service))
    }

    /// Whether it allows an operation.
    #[must_use]
    pub fn allows(&self, operation: &str) -> bool {
        self.operations.iter().any(|one| one == "*" || one == operation)
    }
}

/// What one service may do with one connection: all grants that are for it, together.
#[derive(Clone, Debug, Default)]
pub struct Granted {
    grants: Vec<Arc<Grant>>,
}

impl Granted {
    /// Of a connection's grants, those for a service.
    #[must_use]
    pub fn of(grants: &[Arc<Grant>], service: &str) -> Self {
        Self { grants: grants.iter().filter(|grant| grant.covers(service)).cloned().collect() }
    }

    /// These and one more.
    #[must_use]
    pub fn and(&self, grant: Grant) -> Self {
        let mut grants = self.grants.clone();
        grants.push(Arc::new(grant));
        Self { grants }
    }

    /// Whether nothing is allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    /// Whether an operation is allowed.
    #[must_use]
    pub fn allows(&self, operation: &str) -> bool {
        self.grants.iter().any(|grant| grant.allows(operation))
    }

    /// The grants that allow an operation, for capabilities that restrict it further.
    pub fn allowing<'a>(&'a self, operation: &'a str) -> impl Iterator<Item = &'a Grant> {
        self.grants.iter().map(AsRef::as_ref).filter(move |grant| grant.allows(operation))
    }
}

/// Gives grants that nobody wrote: in development mode, those that packages ask for.
pub trait Giver: Send + Sync + 'static {
    /// What a service asks to be allowed with a connection.
    fn give(&self, service: &str, connection: &str) -> Option<Grant>;
}

/// Whether a name fits a pattern, in which `*` stands for any number of characters, none included.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        // The earliest place leaves most for what follows.
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_part_of_a_name() {
        for (pattern, name, fits) in [
            ("crm.sync", "crm.sync", true),
            ("crm.sync", "crm.sync2", false),
            ("crm.*", "crm.", true),
            ("crm.*", "crm", false),
            ("*", "", true),
            ("*.get", "crm.get", true),
            ("*.get", "crm.get.x", false),
            ("a*b*c", "abbc", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("**", "x", true),
            ("", "x", false),
            ("", "", true),
            ("é*", "éa", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn grants_add_up_and_nothing_is_allowed_without_one() {
        let grant = |service: &str, operation: &str| {
            Arc::new(Grant {
                services: vec![service.to_owned()],
                operations: vec![operation.to_owned()],
                restrictions: Options::default(),
            })
        };
        let all = [grant("crm.*", "query"), grant("crm.sync", "execute"), grant("admin.*", "*")];
        let allowed = |service: &str, operation: &str| Granted::of(&all, service).allows(operation);
        assert!(
            allowed("crm.get", "query") && allowed("crm.sync", "execute") && allowed("admin.x", "anything")
        );
        assert!(!allowed("crm.get", "execute") && !allowed("billing.get", "query"));
        assert!(!Granted::default().allows("query"));
    }
}
