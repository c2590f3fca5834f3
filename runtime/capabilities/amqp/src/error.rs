//! What the library and the broker say, as our error.

use caisson_capability::{Error, ErrorKind, Fault};
use lapin::ErrorKind as Cause;
use lapin::protocol::AMQPError;

/// What a call was about when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing of a message had gone out: the broker surely has none.
    Before,
    /// A message had gone out: whether the broker has it is not known.
    Sent,
}

/// The broker cannot be reached, or is not let to.
pub(crate) fn connecting(error: &lapin::Error) -> Error {
    match error.kind() {
        Cause::ProtocolError(refused) => refused_to_connect(refused),
        Cause::IOError(io) => unreachable_broker(io),
        Cause::InvalidProtocolVersion(_) | Cause::ParsingError(_) => {
            let text = "the other side does not speak AMQP 0-9-1: check host and port of `url`, and whether it has to be amqps://";
            remote(ErrorKind::Unavailable, text).retryable(false).detail(error.to_string())
        }
        _ => unavailable("the broker did not complete the connection").detail(error.to_string()),
    }
}

fn refused_to_connect(refused: &AMQPError) -> Error {
    let code = refused.get_id();
    let text = match code {
        403 => {
            "the broker refuses the user or the password: correct `username` and `password` of the connection"
        }
        530 => {
            "the broker has no such virtual host, or does not let the user in: correct `url`, or permit the user"
        }
        // It is stopping, or somebody closed all connections.
        _ => {
            return unavailable("the broker closed the connection")
                .detail(refused.to_string())
                .code(code.to_string());
        }
    };
    Error::new(ErrorKind::AccessDenied, text)
        .fault(Fault::Host)
        .detail(refused.to_string())
        .code(code.to_string())
}

fn unreachable_broker(io: &std::io::Error) -> Error {
    let text = if io.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) {
        "TLS with the broker failed: its certificate has to be one that `tls/ca` vouches for, made out to the host of `url`; \
         see the log for the reason"
    } else {
        "the broker cannot be reached: is it running, and is `url` right?"
    };
    unavailable(text).detail(io.to_string())
}

/// A call on an open connection failed.
pub(crate) fn calling(error: &lapin::Error, stage: Stage) -> Error {
    if let Cause::ProtocolError(refused) = error.kind() {
        return refused_call(refused, stage);
    }
    lost(stage).detail(error.to_string())
}

/// The connection was lost.
pub(crate) fn lost(stage: Stage) -> Error {
    match stage {
        Stage::Before => unavailable("the connection with the broker was lost before anything was published"),
        Stage::Sent => unavailable(
            "the connection with the broker was lost before it confirmed: whether it has the message is not known",
        )
        .retryable(false),
    }
}

/// The broker takes no messages for now.
pub(crate) fn blocked(stage: Stage) -> Error {
    let text = match stage {
        Stage::Before => "the broker takes no messages for now: it is short of disk or memory",
        Stage::Sent => {
            "the broker takes no messages for now: it is short of disk or memory; whether it has the message is not known"
        }
    };
    unavailable(text).code("connection.blocked").retryable(stage == Stage::Before)
}

fn refused_call(refused: &AMQPError, stage: Stage) -> Error {
    let code = refused.get_id();
    let error = match code {
        404 => remote(ErrorKind::NotFound, said(refused)),
        405 | 406 => remote(ErrorKind::Conflict, said(refused)),
        311 => Error::new(ErrorKind::InvalidInput, "the message is larger than the broker takes")
            .fault(Fault::Service),
        // The broker's text names the user.
        403 => remote(ErrorKind::AccessDenied, "the broker does not permit this to the connection's user"),
        // The connection was closed: by an operator, because the broker stops, or for what another call had sent over it. A library that
        // goes on with a channel that the broker has just closed is such a reason (504).
        320 | 501..=505 | 541 => lost(stage),
        _ => remote(ErrorKind::Internal, said(refused)),
    };
    error.detail(refused.to_string()).code(code.to_string())
}

/// The broker's own words, which name exchanges, queues and virtual hosts.
fn said(refused: &AMQPError) -> String {
    format!("the broker refuses it: {}", refused.get_message())
}

/// An error of the other side.
pub(crate) fn remote(kind: ErrorKind, text: impl Into<String>) -> Error {
    Error::new(kind, text).fault(Fault::Remote)
}

/// The other side is away; later it may be back.
pub(crate) fn unavailable(text: impl Into<String>) -> Error {
    remote(ErrorKind::Unavailable, text)
}

/// The guest's call was wrong.
pub(crate) fn unfit(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidInput, text).fault(Fault::Service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_others_broke_is_away_and_no_fault_of_the_host() {
        for (code, kind) in [
            (404, ErrorKind::NotFound),
            (406, ErrorKind::Conflict),
            (320, ErrorKind::Unavailable),
            (501, ErrorKind::Unavailable),
            (504, ErrorKind::Unavailable),
            (541, ErrorKind::Unavailable),
        ] {
            let refused = AMQPError::from_id(code, "said".into()).unwrap();
            let (before, sent) = (refused_call(&refused, Stage::Before), refused_call(&refused, Stage::Sent));
            assert_eq!((before.kind, sent.kind), (kind, kind), "{code}");
            assert!(!sent.retryable, "{code}: the broker may have the message");
        }
    }
}
