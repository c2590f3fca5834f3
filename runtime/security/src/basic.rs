//! User name and password (RFC 7617).

use crate::address::Allowed;
use crate::failure::Suspect;
use crate::guard::Found;
use crate::limit::Limiter;
use crate::password::{self, Passwords};
use crate::refusal;
use crate::shared::Shared;
use crate::table::Key;
use caisson_capability::{Error, Principal};
use caisson_definition::model;
use std::net::IpAddr;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// A definition, made ready.
pub(crate) struct Basic {
    pub(crate) principal: Arc<Principal>,
    pub(crate) challenge: String,
    pub(crate) allowed: Allowed,
    pub(crate) limiter: Option<Arc<Limiter>>,
    username: Key,
    password: Password,
}

enum Password {
    /// From the store.
    Hash(Arc<str>),
    /// From a definition that was never stored: its digest.
    Plain(Key),
}

impl Basic {
    pub(crate) fn new(one: &model::BasicAuth, shared: &Shared) -> Result<Self, String> {
        let stored = one.password.expose();
        if stored.is_empty() || one.username.is_empty() {
            return Err(format!("security `{}`: user name or password is empty; set both", one.name));
        }
        let password = if password::is_hash(stored) {
            password::check_hash(stored)
                .map_err(|why| format!("security `{}`: the stored password {why}", one.name))?;
            Password::Hash(stored.into())
        } else {
            Password::Plain(shared.digest(&[stored.as_bytes()]))
        };
        let realm = refusal::quoted(one.realm.as_deref().unwrap_or(&one.name));
        Ok(Self {
            principal: Arc::new(Principal::new(one.username.as_str(), one.name.as_str(), "basic-auth")),
            challenge: format!("Basic realm={realm}, charset=\"UTF-8\""),
            allowed: Allowed::new(&one.allow_from),
            limiter: one
                .rate_limit
                .as_ref()
                .map(|limit| shared.limiter(&format!("security/{}", one.name), limit)),
            username: shared.digest(&[one.username.as_bytes()]),
            password,
        })
    }
}

/// Finds the one of `all` whose user name and password these are.
///
/// # Errors
///
/// `quota-exceeded` while this user or sender is locked out, `unavailable` if too many passwords are being checked.
pub(crate) async fn check(
    all: &[Arc<Basic>],
    shared: &Shared,
    (username, password): (&str, &str),
    peer: Option<IpAddr>,
) -> Result<Found, Error> {
    let named = shared.digest(&[username.as_bytes()]);
    let is_named = |one: &&Arc<Basic>| bool::from(one.username.ct_eq(&named));
    // Somebody who is not known costs as much as somebody who is: the password of another one is verified, in vain.
    let dummy = all.iter().find(|one| matches!(one.password, Password::Hash(_))).or(all.first());
    let candidates = || all.iter().filter(is_named);
    let Some(first) = candidates().next().or(dummy) else { return Ok(Found::Nothing) };
    let suspect = Suspect::new(shared, &first.principal.definition, username, peer);
    shared.failures.admit(&suspect, shared.now())?;
    for one in candidates() {
        if one.verify(shared, username, password).await? {
            shared.failures.succeed(&suspect, shared.now())?;
            return Ok(Found::one(&one.principal, &one.allowed, one.limiter.as_ref(), peer));
        }
    }
    if candidates().next().is_none() {
        first.verify(shared, username, password).await?;
    }
    shared.failures.fail(&suspect, shared.now());
    Ok(Found::Wrong("unknown user or wrong password"))
}

impl Basic {
    async fn verify(&self, shared: &Shared, username: &str, password: &str) -> Result<bool, Error> {
        let phc = match &self.password {
            Password::Plain(digest) => return Ok(shared.digest(&[password.as_bytes()]).ct_eq(digest).into()),
            Password::Hash(phc) => phc,
        };
        let key = Passwords::key(shared, &self.principal.definition, phc, username, password);
        if shared.passwords.remembers(&key, shared.now()) {
            return Ok(true);
        }
        let right = Box::pin(shared.passwords.verify(password.to_owned(), Arc::clone(phc))).await?;
        // The password may be right for somebody else, when the user is not known.
        let right = right && bool::from(self.username.ct_eq(&shared.digest(&[username.as_bytes()])));
        if right {
            shared.passwords.remember(key, shared.now());
        }
        Ok(right)
    }
}
