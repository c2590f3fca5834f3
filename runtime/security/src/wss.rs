//! The `UsernameToken` of WS-Security (OASIS UsernameToken Profile 1.1), which a SOAP channel finds in the envelope.
//!
//! A digest proves the password without showing it. It is good once: its nonce is remembered as long as its time is accepted.
//! Only nonces of right digests are remembered, so nobody can fill the memory who does not have a password; if it is full all
//! the same, nobody is let in rather than a repeated message.

use crate::address::Allowed;
use crate::failure::Suspect;
use crate::limit::Limiter;
use crate::refusal;
use crate::shared::Shared;
use crate::table::Key;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisson_capability::{Error, ErrorKind, Principal};
use caisson_definition::model;
use caisson_definition::model::Secret;
use jiff::Timestamp;
use sha1::{Digest as _, Sha1};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use subtle::ConstantTimeEq as _;

/// How far the clock of a caller may be ahead.
pub const AHEAD: Duration = Duration::from_secs(AHEAD_SECS.unsigned_abs());
const AHEAD_SECS: i64 = 60;
/// How many nonces are remembered.
const MAX_NONCES: usize = 100_000;
/// How long a nonce may be.
const MAX_NONCE_BYTES: usize = 256;
/// More than any field of a token needs.
const MAX_FIELD_BYTES: usize = 8 * 1024;

/// The password of a `UsernameToken`, as sent.
#[derive(Clone, Copy)]
pub enum WssPassword<'a> {
    /// `PasswordText`.
    Text(&'a str),
    /// `PasswordDigest`: Base64 of SHA-1 over nonce, time and password.
    Digest {
        /// The digest in Base64.
        digest_b64: &'a str,
        /// The content of `Nonce`, in Base64.
        nonce_b64: &'a str,
        /// The content of `Created`, as it is written.
        created: &'a str,
    },
}

impl std::fmt::Debug for WssPassword<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Digest { .. } => "Digest(..)",
        })
    }
}

/// A definition, made ready.
pub struct WssGuard {
    shared: Arc<Shared>,
    principal: Arc<Principal>,
    username: Key,
    password: Secret,
    allow_text: bool,
    max_age_secs: i64,
    allowed: Allowed,
    limiter: Option<Arc<Limiter>>,
}

impl std::fmt::Debug for WssGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WssGuard").field("name", &self.principal.definition).finish_non_exhaustive()
    }
}

impl WssGuard {
    pub(crate) fn new(one: &model::Wss, shared: &Arc<Shared>) -> Result<Self, String> {
        if one.password.expose().is_empty() || one.username.is_empty() {
            return Err(format!("security `{}`: user name or password is empty; set both", one.name));
        }
        Ok(Self {
            shared: Arc::clone(shared),
            principal: Arc::new(Principal::new(one.username.as_str(), one.name.as_str(), "wss")),
            username: shared.digest(&[one.username.as_bytes()]),
            password: one.password.clone(),
            allow_text: one.allow_text,
            max_age_secs: one.max_age_secs.into(),
            allowed: Allowed::new(&one.allow_from),
            limiter: one
                .rate_limit
                .as_ref()
                .map(|limit| shared.limiter(&format!("security/{}", one.name), limit)),
        })
    }

    /// The definition's name.
    #[must_use]
    pub fn definition(&self) -> &str {
        &self.principal.definition
    }

    /// How old a Timestamp may be.
    #[must_use]
    pub fn max_age(&self) -> Duration {
        Duration::from_secs(self.max_age_secs.unsigned_abs())
    }

    fn is_named(&self, username: &str) -> bool {
        self.username.ct_eq(&self.shared.digest(&[username.as_bytes()])).into()
    }

    /// Who sends the message. Counts against the definition's rate limit.
    ///
    /// # Errors
    ///
    /// `unauthenticated` if anything is wrong, `access-denied` if the address is not one of those allowed, `quota-exceeded` after
    /// too many failures or requests, `unavailable` if too many nonces are remembered.
    pub fn verify(
        &self,
        username: &str,
        password: WssPassword<'_>,
        peer: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Arc<Principal>, Error> {
        let shared = &self.shared;
        let suspect = Suspect::new(shared, &self.principal.definition, username, peer);
        shared.failures.admit(&suspect, shared.now())?;
        let named = self.is_named(username);
        let nonce = match self.is_right(password, now) {
            Ok(nonce) if named => nonce,
            Ok(_) => return Err(self.failed(&suspect, "unknown user or wrong password")),
            Err(why) => return Err(self.failed(&suspect, why)),
        };
        shared.failures.succeed(&suspect, shared.now())?;
        if !self.allowed.allows(peer) {
            return Err(refusal::forbidden(
                "the credentials are right, but allow_from does not list the sender's address",
            ));
        }
        if let Some(nonce) = nonce {
            // As long as its time is accepted: a time ahead of ours is accepted for longer.
            let until = now.as_second() + self.max_age_secs + AHEAD_SECS + 1;
            shared.nonces.once(nonce, until, now.as_second())?;
        }
        if let Some(limiter) = &self.limiter {
            limiter.take_for(peer, Some(&self.principal.name), shared.now())?;
        }
        Ok(Arc::clone(&self.principal))
    }

    fn failed(&self, suspect: &Suspect, why: &str) -> Error {
        self.shared.failures.fail(suspect, self.shared.now());
        refusal::unauthorized(Vec::new(), why.to_owned())
    }

    /// The key of the nonce, if there is one.
    fn is_right(&self, password: WssPassword<'_>, now: Timestamp) -> Result<Option<Key>, &'static str> {
        let stored = self.password.expose();
        match password {
            WssPassword::Text(_) if !self.allow_text => {
                Err("the password was sent as text, which the definition does not allow (allow_text)")
            }
            WssPassword::Text(text) => {
                let (given, right) =
                    (self.shared.digest(&[text.as_bytes()]), self.shared.digest(&[stored.as_bytes()]));
                if bool::from(given.ct_eq(&right)) { Ok(None) } else { Err("unknown user or wrong password") }
            }
            WssPassword::Digest { digest_b64, nonce_b64, created } => {
                if [digest_b64, nonce_b64, created].iter().any(|field| field.len() > MAX_FIELD_BYTES) {
                    return Err("a field of the UsernameToken is longer than 8 KiB");
                }
                self.is_fresh(created.trim(), now)?;
                let nonce = STANDARD.decode(nonce_b64.trim()).map_err(|_error| "the nonce is not base64")?;
                if nonce.is_empty() || nonce.len() > MAX_NONCE_BYTES {
                    return Err("the nonce is empty or longer than 256 bytes");
                }
                let given =
                    STANDARD.decode(digest_b64.trim()).map_err(|_error| "the digest is not base64")?;
                let digest = Sha1::new()
                    .chain_update(&nonce)
                    .chain_update(created.trim())
                    .chain_update(stored)
                    .finalize();
                if !bool::from(given.as_slice().ct_eq(digest.as_slice())) {
                    return Err("unknown user or wrong password");
                }
                Ok(Some(self.shared.digest(&[b"nonce", self.principal.definition.as_bytes(), &nonce])))
            }
        }
    }

    fn is_fresh(&self, created: &str, now: Timestamp) -> Result<(), &'static str> {
        let created: Timestamp = created.parse().map_err(|_error| "the time (Created) cannot be read")?;
        let age = now.as_second() - created.as_second();
        if age > self.max_age_secs {
            return Err("the UsernameToken is older than max_age_secs");
        }
        if age < -AHEAD_SECS {
            Err("the UsernameToken is from the future; look at the caller's clock")
        } else {
            Ok(())
        }
    }
}

/// Who sends the message, by the one of several definitions that the user's name belongs to, and that definition. An attempt
/// counts for one definition only: users of one must not be locked out because others have none of their name.
///
/// # Errors
///
/// As [`WssGuard::verify`]; nothing if there are no definitions.
#[must_use]
pub fn verify<'g>(
    guards: &'g [Arc<WssGuard>],
    username: &str,
    password: WssPassword<'_>,
    peer: Option<IpAddr>,
    now: Timestamp,
) -> Option<Result<(Arc<Principal>, &'g WssGuard), Error>> {
    let named = || guards.iter().filter(|guard| guard.is_named(username));
    let right = named().find(|guard| guard.is_right(password, now).is_ok());
    let guard = right.or_else(|| named().next()).or_else(|| guards.first())?;
    Some(guard.verify(username, password, peer, now).map(|principal| (principal, &**guard)))
}

/// Nonces that have been used, and until when that matters (seconds since 1970).
pub(crate) struct Nonces(Mutex<HashMap<Key, i64>>);

impl Nonces {
    pub(crate) fn new() -> Self {
        Self(Mutex::default())
    }

    /// Uses a nonce up.
    fn once(&self, nonce: Key, until: i64, now: i64) -> Result<(), Error> {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= MAX_NONCES {
            used.retain(|_, until| *until > now);
        }
        if used.get(&nonce).is_some_and(|until| *until > now) {
            return Err(refusal::unauthorized(
                Vec::new(),
                "the nonce has been used before: a repeated message".to_owned(),
            ));
        }
        if used.len() >= MAX_NONCES {
            let text = "Too many messages within max_age_secs; try again";
            return Err(Error::new(ErrorKind::Unavailable, text)
                .detail(format!("{MAX_NONCES} nonces are remembered, and none is old enough to be forgotten; lower max_age_secs")));
        }
        used.insert(nonce, until);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
