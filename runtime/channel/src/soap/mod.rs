//! SOAP messages: from the envelope to the service, and back.
//!
//! * `endpoint`: what an operator set for a channel. `sender`: who sends a message, where the message itself says it.
//! * `message`: what a service gets. `reply`: what a client gets. `wsdl`: what clients are made from, and `typed` its types.
//!
//! Credentials of HTTP are looked at before a byte of the body is read; those of WS-Security as soon as the envelope is. What is
//! wrong is said as a fault, by `respond`.

mod endpoint;
mod message;
mod reply;
mod sender;
mod typed;
mod wsdl;

pub(crate) use endpoint::Endpoint;

use crate::access::tell;
use crate::layers::{Arrival, Exchange, Failure, Outcome};
use crate::respond::Form;
use crate::{body, headers};
use caisson_capability::{Describe, Error, ErrorKind, Invocation, Invoker};
use caisson_soap::{Envelope, Fault};
use http::Method;
use http::header::{ALLOW, CONTENT_TYPE};
use reply::Asked;
use sender::Sender;
use std::sync::Arc;

/// Answers a request that has come to a SOAP channel.
pub(crate) async fn answer(
    invoker: &dyn Invoker,
    services: Option<&dyn Describe>,
    endpoint: &Endpoint,
    mut exchange: Exchange,
) -> Outcome {
    let head = &exchange.arrival.head;
    if head.method != Method::POST {
        return if wsdl::is_wanted(head.uri.query()) {
            wsdl::serve(endpoint, services, head)
        } else {
            Err(not_allowed())
        };
    }
    let content_type = head.headers.get(CONTENT_TYPE).map(headers::text);
    let body = std::mem::take(&mut exchange.arrival.body);
    let body = body::arrived(body, exchange.max_body_bytes, exchange.deadline).await?;
    let envelope = message::parse(body, content_type, exchange.max_body_bytes).await?;
    let version = envelope.version;
    let mut sender = Sender::of(&mut exchange);
    let mut outcome = call(invoker, endpoint, exchange, envelope, &mut sender).await;
    match &mut outcome {
        Ok(response) => tell(sender.taken, &mut response.headers),
        Err(failure) => tell(sender.taken, &mut failure.error.headers),
    }
    outcome.map_err(|failure| Failure { form: failure.form.or(Form::Soap(version)), ..failure })
}

/// Checks the message, calls the service that it is for, and makes a message of what that answers.
async fn call(
    invoker: &dyn Invoker,
    endpoint: &Endpoint,
    exchange: Exchange,
    envelope: Envelope,
    sender: &mut Sender,
) -> Outcome {
    let Exchange { arrival, target, params, facts, deadline, .. } = exchange;
    let Arrival { cid, trace, head, .. } = *arrival;
    let principal = sender.settle(&envelope, &target)?;
    endpoint.check_version(envelope.version).map_err(refused)?;
    envelope.require_understood(endpoint.understood(&target)).map_err(refused)?;
    let service = endpoint.service_for(&envelope).map_err(refused)?;
    let asked = Asked::of(&envelope, endpoint);
    let http = headers::http(&head, params);
    let request = message::request(envelope, http, &head.headers)?;
    let invocation = Invocation {
        cid: cid.clone(),
        service: Arc::clone(&service),
        channel: Arc::clone(&target.channel),
        principal,
        peer: facts.peer,
        deadline,
        attempt: 1,
        trace,
        depth: 0,
        chain: caisson_capability::Chain::default(),
        request,
    };
    let named = |error: Error| Failure { service: Some(Arc::clone(&service)), ..Failure::from(error) };
    let response = invoker.invoke(invocation).await.map_err(named)?;
    reply::reply(response, &asked, &cid).await.map_err(named)
}

/// A message that is not accepted.
fn refused(fault: Fault) -> Failure {
    let error = Error::new(ErrorKind::InvalidInput, fault.reason.as_str());
    Failure { form: Form::Fault(Box::new(fault)), ..Failure::from(error) }
}

fn not_allowed() -> Failure {
    let text = "a SOAP channel answers POST; its description is at `?wsdl`";
    let mut error = Error::new(ErrorKind::MethodNotAllowed, text);
    error.headers.push((ALLOW.as_str().to_owned(), "POST".to_owned()));
    error.into()
}
