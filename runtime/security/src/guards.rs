//! All security definitions, made ready. Immutable: a change makes a new one.

use crate::basic::Basic;
use crate::guard::{Guard, Inner};
use crate::jwt::Jwt;
use crate::key::ApiKey;
use crate::mtls::Mtls;
use crate::shared::Shared;
use crate::wss::WssGuard;
use caisson_definition::model::Security;
use std::collections::HashMap;
use std::sync::Arc;

/// All security definitions, made ready.
pub struct Guards {
    shared: Arc<Shared>,
    by_name: HashMap<String, Ready>,
}

/// A definition, made ready.
enum Ready {
    Basic(Arc<Basic>),
    Key(Arc<ApiKey>),
    Jwt(Arc<Jwt>),
    Mtls(Arc<Mtls>),
    Wss(Arc<WssGuard>),
    Group(Vec<String>),
}

impl std::fmt::Debug for Guards {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guards").field("definitions", &self.by_name.len()).finish_non_exhaustive()
    }
}

impl Guards {
    /// Makes definitions ready.
    ///
    /// # Errors
    ///
    /// All that is wrong with them, a sentence for each.
    pub fn new(definitions: &[Security], shared: &Arc<Shared>) -> Result<Self, Vec<String>> {
        let mut by_name = HashMap::with_capacity(definitions.len());
        let mut problems = Vec::new();
        for definition in definitions {
            let name = definition.name();
            match prepare(definition, shared) {
                Ok(ready) => {
                    if by_name.insert(name.to_owned(), ready).is_some() {
                        problems.push(format!("security `{name}` is defined twice; rename one of the two"));
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self { shared: Arc::clone(shared), by_name }) } else { Err(problems) }
    }

    /// What stands before a channel that names these definitions and groups. Without names it is open. With a name that nobody
    /// has, it refuses everybody.
    #[must_use]
    pub fn guard(&self, names: &[String]) -> Guard {
        if names.is_empty() {
            return Guard::open();
        }
        let mut inner = Inner {
            shared: Arc::clone(&self.shared),
            unknown: None,
            grouped: false,
            basic: Vec::new(),
            keys: Vec::new(),
            jwt: Vec::new(),
            mtls: Vec::new(),
            wss: Vec::new(),
        };
        for name in names {
            if let Some(Ready::Group(members)) = self.by_name.get(name) {
                inner.grouped = true;
                members.iter().for_each(|member| self.add(&mut inner, member));
            } else {
                self.add(&mut inner, name);
            }
        }
        Guard(Some(Arc::new(inner)))
    }

    /// The definition for the `UsernameToken` of SOAP messages with this name.
    #[must_use]
    pub fn wss(&self, name: &str) -> Option<Arc<WssGuard>> {
        match self.by_name.get(name) {
            Some(Ready::Wss(one)) => Some(Arc::clone(one)),
            _ => None,
        }
    }

    fn add(&self, inner: &mut Inner, name: &str) {
        match self.by_name.get(name) {
            Some(Ready::Basic(one)) => add(&mut inner.basic, one),
            Some(Ready::Key(one)) => add(&mut inner.keys, one),
            Some(Ready::Jwt(one)) => add(&mut inner.jwt, one),
            Some(Ready::Mtls(one)) => add(&mut inner.mtls, one),
            Some(Ready::Wss(one)) => add(&mut inner.wss, one),
            // A group in a group is refused where definitions are checked; here it is as good as unknown.
            Some(Ready::Group(_)) | None => inner.unknown = Some(name.to_owned()),
        }
    }
}

/// Adds one that may be there already, by its own name and as a member of a group.
fn add<T>(list: &mut Vec<Arc<T>>, one: &Arc<T>) {
    if !list.iter().any(|other| Arc::ptr_eq(other, one)) {
        list.push(Arc::clone(one));
    }
}

fn prepare(definition: &Security, shared: &Arc<Shared>) -> Result<Ready, String> {
    Ok(match definition {
        Security::BasicAuth(one) => Ready::Basic(Arc::new(Basic::new(one, shared)?)),
        Security::ApiKey(one) => Ready::Key(Arc::new(ApiKey::new(one, shared)?)),
        Security::Jwt(one) => Ready::Jwt(Arc::new(Jwt::new(one, shared)?)),
        Security::Mtls(one) => Ready::Mtls(Arc::new(Mtls::new(one, shared)?)),
        Security::Wss(one) => Ready::Wss(Arc::new(WssGuard::new(one, shared)?)),
        Security::Group(one) => Ready::Group(one.members.clone()),
    })
}
