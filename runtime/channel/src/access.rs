//! Who may call a channel: addresses, rates, credentials. In this order, so that whoever may not call at all, or calls too
//! often, costs no check of a password.

use crate::facts::ConnectionFacts;
use crate::layers::{Exchange, Handle, Outcome};
use crate::routes::{Rules, Target};
use caisson_capability::{Deadline, Error, ErrorKind, Fault, Field, Principal};
use caisson_security::{Attempt, Standing, Taken};
use http::HeaderMap;
use std::net::IpAddr;
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
            Ok(Standing::Known(principal)) => exchange.principal = principal,
            Ok(Standing::Unsettled(refused)) => exchange.unsettled = Some(Box::new(refused)),
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
) -> Result<Standing, Error> {
    let Some(rules) = &target.rules else { return Ok(Standing::Known(None)) };
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
    // Only a SOAP channel reads what may settle it later; definitions for that are refused elsewhere.
    let standing = match tokio::time::timeout_at(deadline.instant(), rules.guard.check_head(&attempt)).await {
        Ok(checked) => checked?,
        Err(_) => {
            let text = "it could not be found out in time who sends the request; try again";
            return Err(Error::new(ErrorKind::Timeout, text).fault(Fault::Host));
        }
    };
    match standing {
        Standing::Known(principal) => {
            count(rules, peer, principal.as_deref(), taken)?;
            Ok(Standing::Known(principal))
        }
        Standing::Unsettled(refused) if rules.soap.is_none() => Err(refused),
        Standing::Unsettled(refused) => Ok(Standing::Unsettled(refused)),
    }
}

/// Counts against the channel's limit for each caller, if it has one.
pub(crate) fn count(
    rules: &Rules,
    peer: Option<IpAddr>,
    principal: Option<&Principal>,
    taken: &mut Option<Taken>,
) -> Result<(), Error> {
    if let Some(limiter) = rules.limiter(true) {
        let name = principal.map(|principal| &*principal.name);
        *taken = Some(limiter.take_for(peer, name, Instant::now())?);
    }
    Ok(())
}

/// Says how much is left. An error of a limit has said it already.
pub(crate) fn tell(taken: Option<Taken>, headers: &mut Vec<Field>) {
    let Some(taken) = taken else { return };
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("ratelimit-limit")) {
        headers.extend(taken.headers());
    }
}
