//! Who sends a message, where WS-Security says it.

use super::refused;
use crate::access::count;
use crate::layers::{Exchange, Failure};
use crate::respond::Form;
use crate::routes::Target;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisson_capability::{Error, ErrorKind, Principal};
use caisson_security::{Taken, WssPassword, wss};
use caisson_soap::wsse::{self, PasswordType, UsernameToken};
use caisson_soap::{Element, Envelope, Fault, names};
use jiff::Timestamp;
use std::net::IpAddr;
use std::sync::Arc;

/// Namespaces of the header `Security`: that of 1.0, and that of 1.1, which some clients take.
pub(super) const SECURITY: [&str; 2] = [names::WSSE, names::WSSE11];

/// Whether a header block is one of WS-Security.
pub(super) fn is_security(block: &Element) -> bool {
    SECURITY.iter().any(|namespace| block.is("Security", namespace))
}

/// Who sends a message.
#[derive(Debug)]
pub(super) struct Sender {
    peer: Option<IpAddr>,
    principal: Option<Arc<Principal>>,
    /// Why HTTP does not say who it is, where the message still may.
    unsettled: Option<Box<Error>>,
    /// What was taken from the channel's limit.
    pub(super) taken: Option<Taken>,
}

impl Sender {
    /// What HTTP has said.
    pub(super) fn of(exchange: &mut Exchange) -> Self {
        Self {
            peer: exchange.facts.peer,
            principal: exchange.principal.take(),
            unsettled: exchange.unsettled.take(),
            taken: None,
        }
    }

    /// Who it is, now that the message has been read.
    pub(super) fn settle(
        &mut self,
        envelope: &Envelope,
        target: &Target,
    ) -> Result<Option<Arc<Principal>>, Failure> {
        let Some(rules) = &target.rules else { return Ok(self.principal.take()) };
        let guards = rules.guard.wss();
        if guards.is_empty() {
            return Ok(self.principal.take());
        }
        let wrong = |error: wsse::Error| refused(error.fault().of(envelope.version));
        let security = wsse::find(envelope).map_err(wrong)?.unwrap_or_default();
        let now = Timestamp::now();
        let max_age = match self.unsettled.take() {
            // HTTP has said who it is; what the message says of its age holds all the same.
            None => guards.iter().map(|guard| guard.max_age()).max().unwrap_or_default(),
            Some(refusal) => {
                let token = security.username_token.as_ref();
                let password = token.and_then(|token| Some((token, sent(token)?)));
                let Some((token, password)) = password else { return Err(failed(*refusal, envelope)) };
                let verified = wss::verify(guards, &token.username, password.as_sent(token), self.peer, now);
                let Some(verified) = verified else { return Err(failed(*refusal, envelope)) };
                let (principal, guard) = verified.map_err(|error| failed(error, envelope))?;
                count(rules, self.peer, Some(&principal), &mut self.taken)?;
                self.principal = Some(principal);
                guard.max_age()
            }
        };
        security.check_timestamp(now, max_age, wss::AHEAD).map_err(wrong)?;
        Ok(self.principal.take())
    }
}

/// A password with what its digest is of.
enum Sent<'t> {
    Text(&'t str),
    Digest(&'t str, String),
}

fn sent(token: &UsernameToken) -> Option<Sent<'_>> {
    let password = token.password.as_ref()?.reveal();
    Some(match token.password_type {
        PasswordType::Text => Sent::Text(password),
        PasswordType::Digest => Sent::Digest(password, STANDARD.encode(token.nonce.as_ref()?)),
    })
}

impl<'t> Sent<'t> {
    fn as_sent(&'t self, token: &'t UsernameToken) -> WssPassword<'t> {
        match self {
            Self::Text(text) => WssPassword::Text(text),
            Self::Digest(digest_b64, nonce_b64) => WssPassword::Digest {
                digest_b64,
                nonce_b64,
                created: token.created.as_deref().unwrap_or_default(),
            },
        }
    }
}

/// The error in the words of WS-Security, if it is that nobody knows who calls.
fn failed(error: Error, envelope: &Envelope) -> Failure {
    if error.kind != ErrorKind::Unauthenticated {
        return error.into();
    }
    let mut fault = Fault::client(error.message.as_str()).of(envelope.version);
    fault.subcode = Some((names::WSSE.into(), "FailedAuthentication".into()));
    Failure { form: Form::Fault(Box::new(fault)), ..Failure::from(error) }
}
