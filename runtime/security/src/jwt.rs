//! Signed tokens in the header `Authorization: Bearer` (RFC 7519, RFC 8725).
//!
//! The algorithm is never taken from the token alone: it must be one of those listed, and the key must be of its family, so a
//! public key can never serve as the secret of an HMAC. Tokens without an expiry are refused, and so are those with `crit`, which
//! ask for extensions that we do not know. Failures do not lock anybody out: a signature cannot be guessed, and a client that has
//! slept over its token's expiry is no attacker.

mod keys;
pub(crate) mod remote;

use crate::address::Allowed;
use crate::guard::Found;
use crate::limit::Limiter;
use crate::refusal;
use crate::shared::Shared;
use caisson_capability::Principal;
use caisson_definition::model::{self, JwtAlgorithm};
use jsonwebtoken::{Algorithm, Validation};
use keys::KeySet;
use remote::Remote;
use serde_json::{Map, Value};
use std::net::IpAddr;
use std::sync::Arc;

/// However far clocks differ, a token from another decade is old.
const MAX_LEEWAY_SECS: u32 = 1_000_000_000;

/// A definition, made ready.
pub(crate) struct Jwt {
    pub(crate) challenge: String,
    name: Arc<str>,
    algorithms: Vec<Algorithm>,
    keys: Keys,
    validation: Validation,
    principal_claim: String,
    allowed: Allowed,
    limiter: Option<Arc<Limiter>>,
}

/// Where keys come from.
enum Keys {
    Fixed(Arc<KeySet>),
    Remote(Arc<Remote>),
}

impl Jwt {
    pub(crate) fn new(one: &model::Jwt, shared: &Arc<Shared>) -> Result<Self, String> {
        let problem = |why: String| format!("security `{}`: {why}", one.name);
        let algorithms: Vec<Algorithm> = one.algorithms.iter().copied().map(algorithm).collect();
        let Some(first) = algorithms.first() else {
            return Err(problem("no algorithm is accepted; list one in algorithms, e.g. RS256".to_owned()));
        };
        if one.principal_claim.is_empty() {
            return Err(problem("principal_claim is empty; name a claim, e.g. sub".to_owned()));
        }
        let keys = sources(one, &algorithms, shared).map_err(problem)?;
        Ok(Self {
            challenge: format!("Bearer realm={}", refusal::quoted(&one.name)),
            name: one.name.as_str().into(),
            validation: validation(one, *first),
            algorithms,
            keys,
            principal_claim: one.principal_claim.clone(),
            allowed: Allowed::new(&one.allow_from),
            limiter: one
                .rate_limit
                .as_ref()
                .map(|limit| shared.limiter(&format!("security/{}", one.name), limit)),
        })
    }

    /// Who the token names.
    async fn verify(&self, shared: &Shared, token: &str) -> Result<Principal, &'static str> {
        let header =
            jsonwebtoken::decode_header(token).map_err(|_error| "the token's header cannot be read")?;
        if !self.algorithms.contains(&header.alg) {
            return Err("the token's algorithm is not one of those listed");
        }
        if header.crit.is_some() {
            return Err("the token asks for extensions (crit), of which none is known");
        }
        let kid = header.kid.as_deref();
        let set = match &self.keys {
            Keys::Fixed(set) => Arc::clone(set),
            Keys::Remote(remote) => Box::pin(remote.get(kid, header.alg, || shared.now())).await?,
        };
        let mut validation = self.validation.clone();
        validation.algorithms = vec![header.alg];
        let mut reason = "the token is signed with a key that is not in the set";
        for key in set.candidates(kid, header.alg) {
            match jsonwebtoken::decode::<Map<String, Value>>(token, key, &validation) {
                Ok(data) => return self.principal(&data.claims),
                Err(error) => reason = why(error.kind()),
            }
        }
        Err(reason)
    }

    fn principal(&self, claims: &Map<String, Value>) -> Result<Principal, &'static str> {
        // The library also accepts a list; RFC 7519 says a string, and one that says "one of these" says nothing.
        if self.validation.iss.is_some() && !claims.get("iss").is_some_and(Value::is_string) {
            return Err("the token's issuer is not a string");
        }
        let name = match claims.get(&self.principal_claim) {
            Some(Value::String(name)) if !name.is_empty() => name.as_str(),
            _ => return Err("the token has no text in the claim that names the caller"),
        };
        let text =
            serde_json::to_string(claims).map_err(|_error| "the token's claims cannot be written as JSON")?;
        let mut principal = Principal::new(name, Arc::clone(&self.name), "jwt");
        principal.claims = Some(text.into());
        Ok(principal)
    }
}

/// Finds the first of `all` that accepts the token.
pub(crate) async fn check(all: &[Arc<Jwt>], shared: &Shared, token: &str, peer: Option<IpAddr>) -> Found {
    let mut found = Found::Nothing;
    for one in all {
        match one.verify(shared, token).await {
            Ok(who) => {
                found = Found::one(&Arc::new(who), &one.allowed, one.limiter.as_ref(), peer);
                if matches!(found, Found::Right(..)) {
                    return found;
                }
            }
            // That the token was right for a definition, but not from here, is the better reason.
            Err(_) if matches!(found, Found::Elsewhere) => {}
            Err(why) => found = Found::Wrong(why),
        }
    }
    found
}

fn validation(one: &model::Jwt, first: Algorithm) -> Validation {
    let mut validation = Validation::new(first);
    // The library subtracts it from the time, which must not run below zero.
    validation.leeway = one.leeway_secs.min(MAX_LEEWAY_SECS).into();
    validation.validate_nbf = true;
    validation.validate_aud = !one.audience.is_empty();
    let mut required = vec!["exp"];
    if !one.audience.is_empty() {
        validation.set_audience(&one.audience);
        required.push("aud");
    }
    if let Some(issuer) = &one.issuer {
        validation.set_issuer(&[issuer]);
        required.push("iss");
    }
    validation.set_required_spec_claims(&required);
    validation
}

/// The one source of keys that the definition has.
fn sources(one: &model::Jwt, algorithms: &[Algorithm], shared: &Arc<Shared>) -> Result<Keys, String> {
    let set = match (&one.secret, &one.public_key, &one.jwks, &one.jwks_url) {
        (Some(secret), None, None, None) => KeySet::secret(secret.expose(), algorithms)?,
        (None, Some(pem), None, None) => KeySet::pem(pem, algorithms)?,
        (None, None, Some(text), None) => KeySet::parse(text, true).map_err(|why| format!("jwks: {why}"))?,
        (None, None, None, Some(url)) => return Ok(Keys::Remote(shared.remote(&remote::address(url)?))),
        _ => return Err("set exactly one of secret, public_key, jwks and jwks_url".to_owned()),
    };
    Ok(Keys::Fixed(Arc::new(set)))
}

fn algorithm(name: JwtAlgorithm) -> Algorithm {
    match name {
        JwtAlgorithm::HS256 => Algorithm::HS256,
        JwtAlgorithm::HS384 => Algorithm::HS384,
        JwtAlgorithm::HS512 => Algorithm::HS512,
        JwtAlgorithm::RS256 => Algorithm::RS256,
        JwtAlgorithm::RS384 => Algorithm::RS384,
        JwtAlgorithm::RS512 => Algorithm::RS512,
        JwtAlgorithm::PS256 => Algorithm::PS256,
        JwtAlgorithm::PS384 => Algorithm::PS384,
        JwtAlgorithm::PS512 => Algorithm::PS512,
        JwtAlgorithm::ES256 => Algorithm::ES256,
        JwtAlgorithm::ES384 => Algorithm::ES384,
        JwtAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}

/// For the operator's log.
fn why(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match kind {
        ErrorKind::InvalidSignature => "the token's signature is wrong",
        ErrorKind::ExpiredSignature => "the token has expired",
        ErrorKind::ImmatureSignature => "the token is not valid yet (nbf)",
        ErrorKind::InvalidIssuer => "the token is from another issuer",
        ErrorKind::InvalidAudience => "the token is for another audience",
        ErrorKind::MissingRequiredClaim(_) => {
            "the token lacks exp, or the iss or aud that the definition asks for"
        }
        _ => "the token cannot be read",
    }
}

#[cfg(test)]
mod tests;
