//! API keys: a secret in a header.

use crate::address::Allowed;
use crate::attempt::Attempt;
use crate::failure::Suspect;
use crate::guard::Found;
use crate::limit::Limiter;
use crate::shared::Shared;
use crate::table::Key;
use caisson_capability::{Error, Principal};
use caisson_definition::model;
use http::HeaderName;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// More than any key needs.
const MAX_BYTES: usize = 8 * 1024;

/// A definition, made ready.
pub(crate) struct ApiKey {
    pub(crate) principal: Arc<Principal>,
    pub(crate) header: HeaderName,
    allowed: Allowed,
    limiter: Option<Arc<Limiter>>,
    key: Key,
}

impl ApiKey {
    pub(crate) fn new(one: &model::ApiKey, shared: &Shared) -> Result<Self, String> {
        let header = HeaderName::try_from(one.header.as_str()).map_err(|_invalid| {
            let name = &one.name;
            format!(
                "security `{name}`: `{}` cannot be the name of a header; use letters, digits and dashes",
                one.header
            )
        })?;
        if header == http::header::AUTHORIZATION {
            return Err(format!(
                "security `{}`: a key cannot be in the header Authorization; use another one",
                one.name
            ));
        }
        if one.key.expose().is_empty() {
            return Err(format!("security `{}`: the key is empty; set one", one.name));
        }
        Ok(Self {
            principal: Arc::new(Principal::new(one.name.as_str(), one.name.as_str(), "api-key")),
            header,
            allowed: Allowed::new(&one.allow_from),
            limiter: one
                .rate_limit
                .as_ref()
                .map(|limit| shared.limiter(&format!("security/{}", one.name), limit)),
            key: shared.digest(&[one.key.expose().as_bytes()]),
        })
    }
}

/// Finds the one of `all` whose key the request has.
///
/// # Errors
///
/// `quota-exceeded` while the sender is locked out.
pub(crate) fn check(all: &[Arc<ApiKey>], shared: &Shared, attempt: &Attempt<'_>) -> Result<Found, Error> {
    let mut found = Found::Nothing;
    for (index, one) in all.iter().enumerate() {
        // Those who share a header are looked at together, so that one wrong key is one failure.
        if all.iter().take(index).any(|earlier| earlier.header == one.header) {
            continue;
        }
        match check_header(all, &one.header, shared, attempt)? {
            Found::Nothing => {}
            right @ (Found::Right(..) | Found::Elsewhere) => return Ok(right),
            wrong @ Found::Wrong(_) => found = wrong,
        }
    }
    Ok(found)
}

fn check_header(
    all: &[Arc<ApiKey>],
    header: &HeaderName,
    shared: &Shared,
    attempt: &Attempt<'_>,
) -> Result<Found, Error> {
    let mut values = attempt.headers.get_all(header).iter();
    let Some(value) = values.next() else { return Ok(Found::Nothing) };
    if values.next().is_some() {
        return Ok(Found::Wrong("there are several headers with an API key"));
    }
    if value.len() > MAX_BYTES {
        return Ok(Found::Wrong("the API key is longer than 8 KiB"));
    }
    let mut sharing = all.iter().filter(|one| one.header == *header);
    let Some(first) = sharing.next() else { return Ok(Found::Nothing) };
    let suspect = Suspect::new(shared, &first.principal.definition, "", attempt.peer);
    shared.failures.admit(&suspect, shared.now())?;
    let given = shared.digest(&[value.as_bytes()]);
    let mut matching = None;
    // All are compared, so that the time does not tell which one it was.
    for one in std::iter::once(first).chain(sharing) {
        if bool::from(one.key.ct_eq(&given)) {
            matching = Some(one);
        }
    }
    let Some(one) = matching else {
        shared.failures.fail(&suspect, shared.now());
        return Ok(Found::Wrong("unknown API key"));
    };
    shared.failures.succeed(&suspect, shared.now())?;
    Ok(Found::one(&one.principal, &one.allowed, one.limiter.as_ref(), attempt.peer))
}
