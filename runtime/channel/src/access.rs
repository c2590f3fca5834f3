//! Who may call a channel: addresses, rates, credentials. In this order, so that whoever may not call at all, or calls too
//! often, costs no check of a password.

use crate::facts::ConnectionFacts;
use crate::layers::{Exchange, Handle, Outcome};
use crate::routes::Target;
use caisson_capability::{Deadline, Error, ErrorKind, Fault, Field, Principal};
use caisson_security::{Attempt, Taken};
use http::HeaderMap;
use std::sync::Arc;
use std::time::Instant;

/// Refuses those who may not call.
pub(crate) struct Access<H>(pub(crate) H);

impl<H: Handle<Exchange>> Handle<Exchange> for Access<H> {
    async fn handle(&self, mut exchange: Exchange) -> Outcome {
        if exchange.target.rules.is_none() {
            return self.0.handle(exchange).await;
        }
        let mut taken = None;
        let headers = &exchange.arrival.head.headers;
        match admit(&exchange.target, &exchange.facts, headers, exchange.deadline, &mut taken).await {
            Ok(principal) => exchange.principal = principal,
            Err(mut error) => {
                tell(taken, &mut error.headers);
                return Err(error.into());
            }
        }
        let mut outcome = self.0.handle(exchange).await;
        match &mut outcome {
            Ok(response) => tell(taken, &mut response.headers),
            Err(failure) => tell(taken, &mut failure.error.headers),
        }
        outcome
    }
}

async fn admit(
    target: &Target,
    facts: &ConnectionFacts,
    headers: &HeaderMap,
    deadline: Deadline,
    taken: &mut Option<Taken>,
) -> Result<Option<Arc<Principal>>, Error> {
    let Some(rules) = &target.rules else { return Ok(None) };
    let peer = facts.peer;
    if !rules.allows(peer) {
        let detail =
            format!("channel `{}`: allow_from does not list the sender's address", target.channel.name);
        return Err(Error::new(ErrorKind::AccessDenied, "Forbidden").detail(detail));
    }
    if let Some(limiter) = rules.limiter(false) {
        *taken = Some(limiter.take_for(peer, None, Instant::now())?);
    }
    let attempt = Attempt { headers, peer, certificate: facts.certificate.as_deref() };
    let principal = match tokio::time::timeout_at(deadline.instant(), rules.guard.check(&attempt)).await {
        Ok(checked) => checked?,
        Err(_) => {
            let text = "it could not be found out in time who sends the request; try again";
            return Err(Error::new(ErrorKind::Timeout, text).fault(Fault::Host));
        }
    };
    if let Some(limiter) = rules.limiter(true) {
        let name = principal.as_ref().map(|principal| &*principal.name);
        *taken = Some(limiter.take_for(peer, name, Instant::now())?);
    }
    Ok(principal)
}

/// Says how much is left. An error of a limit has said it already.
fn tell(taken: Option<Taken>, headers: &mut Vec<Field>) {
    let Some(taken) = taken else { return };
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("ratelimit-limit")) {
        headers.extend(taken.headers());
    }
}
