//! What stands before a channel: finds out who sends a request, or refuses it.
//!
//! Any of the definitions will do. Where nothing fits, the answer is 401 with a challenge for each definition that has one; where
//! a group was asked for it is 403, and 400 if both a user name and an API key were sent to it, as in Zato.

use crate::address::Allowed;
use crate::attempt::Attempt;
use crate::authorization::{self, Authorization, Scheme};
use crate::basic::{self, Basic};
use crate::jwt::{self, Jwt};
use crate::key::{self, ApiKey};
use crate::limit::Limiter;
use crate::mtls::{self, Mtls};
use crate::refusal;
use crate::shared::Shared;
use crate::wss::WssGuard;
use caisson_capability::{Error, ErrorKind, Principal};
use std::net::IpAddr;
use std::sync::Arc;

/// What stands before a channel. Cheap to clone.
#[derive(Clone)]
pub struct Guard(pub(crate) Option<Arc<Inner>>);

/// What a guard that is not open consists of.
pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    /// A name that no definition has: nobody may pass.
    pub(crate) unknown: Option<String>,
    /// One of the names is a group's.
    pub(crate) grouped: bool,
    pub(crate) basic: Vec<Arc<Basic>>,
    pub(crate) keys: Vec<Arc<ApiKey>>,
    pub(crate) jwt: Vec<Arc<Jwt>>,
    pub(crate) mtls: Vec<Arc<Mtls>>,
    pub(crate) wss: Vec<Arc<WssGuard>>,
}

/// What the head of a message says about who sends it.
#[derive(Debug)]
pub enum Standing {
    /// It is known who sends it; nobody in particular, if the guard is open.
    Known(Option<Arc<Principal>>),
    /// Nothing in the head fits, but a `UsernameToken` in the message still may ([`wss::verify`](crate::wss::verify)). If none
    /// does, this is the answer.
    Unsettled(Error),
}

/// A way in which callers may prove who they are, as documents name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// User name and password.
    Basic,
    /// A signed token.
    Bearer,
    /// A key in a header.
    ApiKey {
        /// The header's name.
        header: String,
    },
    /// A client certificate.
    Certificate,
}

/// What one kind of credentials says.
pub(crate) enum Found {
    /// There are none of this kind.
    Nothing,
    /// There are some, and they are no good.
    Wrong(&'static str),
    /// They are right, but the request comes from an address where they do not count.
    Elsewhere,
    /// They are right.
    Right(Arc<Principal>, Option<Arc<Limiter>>),
}

impl Found {
    /// Right, if the address is.
    pub(crate) fn one(
        principal: &Arc<Principal>,
        allowed: &Allowed,
        limiter: Option<&Arc<Limiter>>,
        peer: Option<IpAddr>,
    ) -> Self {
        if allowed.allows(peer) {
            Self::Right(Arc::clone(principal), limiter.map(Arc::clone))
        } else {
            Self::Elsewhere
        }
    }
}

/// What has been found so far.
#[derive(Default)]
struct Verdict {
    elsewhere: bool,
    bad_token: bool,
    reasons: Vec<&'static str>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("open", &self.is_open()).finish_non_exhaustive()
    }
}

impl Guard {
    /// A guard that lets everybody pass.
    #[must_use]
    pub fn open() -> Self {
        Self(None)
    }

    /// Whether everybody may pass.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.is_none()
    }

    /// The definitions that are about the envelope of a message, and that [`check`](Self::check) cannot decide: a SOAP channel
    /// gives them the `UsernameToken`, if there is one. To `check` they are definitions that nothing fits.
    #[must_use]
    pub fn wss(&self) -> &[Arc<WssGuard>] {
        self.0.as_ref().map_or(&[], |inner| &inner.wss)
    }

    /// The ways in which callers may prove who they are, but by the envelope of a message: each once, any of them will do.
    #[must_use]
    pub fn credentials(&self) -> Vec<Credentials> {
        let Some(inner) = &self.0 else { return Vec::new() };
        let mut all = Vec::new();
        if !inner.basic.is_empty() {
            all.push(Credentials::Basic);
        }
        if !inner.jwt.is_empty() {
            all.push(Credentials::Bearer);
        }
        for key in &inner.keys {
            let one = Credentials::ApiKey { header: key.header.as_str().to_owned() };
            if !all.contains(&one) {
                all.push(one);
            }
        }
        if !inner.mtls.is_empty() {
            all.push(Credentials::Certificate);
        }
        all
    }

    /// Who sends the request. Nobody in particular, if the guard is open. Counts against the definition's rate limit.
    ///
    /// # Errors
    ///
    /// `unauthenticated` with header fields `WWW-Authenticate`; `access-denied` if the address is not one of those allowed, or if
    /// nothing in a group fits; `quota-exceeded` with `retry_after` after too many failures or requests; `unavailable` if too
    /// many passwords are being checked; `invalid-input` if two kinds of credentials are sent to a group.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time; a failure that was not yet known is not counted then.
    pub async fn check(&self, attempt: &Attempt<'_>) -> Result<Option<Arc<Principal>>, Error> {
        match self.check_head(attempt).await? {
            Standing::Known(who) => Ok(who),
            Standing::Unsettled(refused) => Err(refused),
        }
    }

    /// The same for a message that is still to be read, and that may say itself who sends it.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), but where a definition of [`wss`](Self::wss) may yet fit, that is no error.
    ///
    /// # Cancel safety
    ///
    /// As [`check`](Self::check).
    pub async fn check_head(&self, attempt: &Attempt<'_>) -> Result<Standing, Error> {
        match &self.0 {
            None => Ok(Standing::Known(None)),
            Some(inner) => inner.check(attempt).await,
        }
    }
}

impl Inner {
    async fn check(&self, attempt: &Attempt<'_>) -> Result<Standing, Error> {
        if let Some(name) = &self.unknown {
            let text =
                format!("there is no security definition `{name}`: nobody may pass until there is one");
            return Err(refusal::forbidden(text));
        }
        let authorization = authorization::parse(attempt.headers);
        self.refuse_two_kinds(&authorization, attempt)?;
        let mut verdict = Verdict::default();
        if let Some(who) = self.settle(mtls::check(&self.mtls, attempt), attempt, &mut verdict)? {
            return Ok(Standing::Known(Some(who)));
        }
        let found = key::check(&self.keys, &self.shared, attempt)?;
        if let Some(who) = self.settle(found, attempt, &mut verdict)? {
            return Ok(Standing::Known(Some(who)));
        }
        let found = self.by_authorization(&authorization, attempt, &mut verdict).await?;
        if let Some(who) = self.settle(found, attempt, &mut verdict)? {
            return Ok(Standing::Known(Some(who)));
        }
        let refused = self.refused(&verdict);
        if self.wss.is_empty() { Err(refused) } else { Ok(Standing::Unsettled(refused)) }
    }

    /// What the header `Authorization` says, if a definition wants it.
    async fn by_authorization(
        &self,
        authorization: &Authorization<'_>,
        attempt: &Attempt<'_>,
        verdict: &mut Verdict,
    ) -> Result<Found, Error> {
        match authorization {
            Authorization::Basic { username, password } if !self.basic.is_empty() => {
                basic::check(&self.basic, &self.shared, (username, password), attempt.peer).await
            }
            Authorization::Bearer(token) if !self.jwt.is_empty() => {
                let found = jwt::check(&self.jwt, &self.shared, token, attempt.peer).await;
                verdict.bad_token = matches!(found, Found::Wrong(_));
                Ok(found)
            }
            Authorization::Malformed(scheme, why) if !(self.basic.is_empty() && self.jwt.is_empty()) => {
                verdict.bad_token = *scheme == Scheme::Bearer;
                Ok(Found::Wrong(why))
            }
            _ => Ok(Found::Nothing),
        }
    }

    /// Zato answers 400: it is not to be guessed which one of the two was meant.
    fn refuse_two_kinds(
        &self,
        authorization: &Authorization<'_>,
        attempt: &Attempt<'_>,
    ) -> Result<(), Error> {
        let both = self.grouped
            && authorization.is_basic()
            && !self.basic.is_empty()
            && self.keys.iter().any(|one| attempt.headers.contains_key(&one.header));
        if !both {
            return Ok(());
        }
        let text = "both a user name with a password and an API key were sent; send one of the two";
        Err(Error::new(ErrorKind::InvalidInput, text))
    }

    fn settle(
        &self,
        found: Found,
        attempt: &Attempt<'_>,
        verdict: &mut Verdict,
    ) -> Result<Option<Arc<Principal>>, Error> {
        match found {
            Found::Nothing => Ok(None),
            Found::Wrong(why) => {
                verdict.reasons.push(why);
                Ok(None)
            }
            Found::Elsewhere => {
                verdict.elsewhere = true;
                Ok(None)
            }
            Found::Right(who, limiter) => {
                if let Some(limiter) = limiter {
                    limiter.take_for(attempt.peer, Some(&who.name), self.shared.now())?;
                }
                Ok(Some(who))
            }
        }
    }

    fn refused(&self, verdict: &Verdict) -> Error {
        if verdict.elsewhere {
            return refusal::forbidden(
                "the credentials are right, but allow_from does not list the sender's address",
            );
        }
        let detail = match verdict.reasons.as_slice() {
            [] => "no credentials were sent that the channel accepts".to_owned(),
            reasons => reasons.join("; "),
        };
        if self.grouped {
            return refusal::forbidden(detail);
        }
        refusal::unauthorized(self.challenges(verdict.bad_token), detail)
    }

    fn challenges(&self, bad_token: bool) -> Vec<String> {
        let mut challenges: Vec<String> = Vec::new();
        let error = if bad_token { ", error=\"invalid_token\"" } else { "" };
        let basic = self.basic.iter().map(|one| one.challenge.clone());
        for challenge in basic.chain(self.jwt.iter().map(|one| format!("{}{error}", one.challenge))) {
            if !challenges.contains(&challenge) {
                challenges.push(challenge);
            }
        }
        challenges
    }
}

#[cfg(test)]
mod tests;
