//! What goes wrong on the way to Redis, in terms of the contract. No address, credential or argument is in a text.

use caisson_capability::{Error, ErrorKind, Fault};
use std::io;

/// What went wrong below the contract.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// Nothing was sent: it is not there, or does not let us in for now.
    #[error("Redis cannot be reached: {0}")]
    Unreachable(io::Error),
    /// Lost when something was under way.
    #[error("the connection to Redis was lost: {0}")]
    Lost(io::Error),
    /// What came is no RESP.
    #[error("what answers does not speak the protocol of Redis: {0}")]
    Protocol(&'static str),
    /// A reply is beyond `reply_bytes`.
    #[error("the reply is larger than {0} bytes")]
    TooLarge(usize),
    /// Redis answered an error.
    #[error("Redis answered an error")]
    Failure(String),
    /// A certificate is not trusted, or the like.
    #[error("TLS: {0}")]
    Tls(io::Error),
    /// No sentinel knows the master, or what it names is none.
    #[error("{0}")]
    NoMaster(&'static str),
}

impl Trouble {
    /// As the contract says it. `idempotent`: what was asked may be asked again though it may have been done.
    pub(crate) fn told(self, idempotent: bool) -> Error {
        let remote = |text: String, retryable: bool| {
            Error::new(ErrorKind::Unavailable, text).fault(Fault::Remote).retryable(retryable)
        };
        match self {
            Self::Unreachable(error) => remote(
                "Redis cannot be reached; see that it runs and that the connection's url is right".into(),
                true,
            )
            .detail(error.to_string()),
            Self::Lost(error) => {
                let text = "the connection to Redis was lost while a command was under way: it may have been done or not";
                remote(text.into(), idempotent).detail(error.to_string())
            }
            Self::Protocol(what) => remote(
                format!(
                    "what answers does not speak the protocol of Redis ({what}); see that the connection's url is right"
                ),
                false,
            ),
            Self::TooLarge(limit) => {
                let text = format!(
                    "the reply is larger than {limit} bytes (option reply_bytes); ask for less at once"
                );
                Error::new(ErrorKind::QuotaExceeded, text).fault(Fault::Service)
            }
            Self::Failure(text) => failure(&text),
            Self::Tls(error) => {
                let text = "Redis cannot be reached by TLS: its certificate is not trusted or is for another host; see the option tls";
                remote(text.into(), false).detail(error.to_string())
            }
            Self::NoMaster(what) => remote(what.into(), true),
        }
    }
}

/// The first word of an error of Redis.
pub(crate) fn code(text: &str) -> &str {
    let word = text.split([' ', '\r', '\n']).next().unwrap_or_default();
    let fits = word.len() <= 32 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    if fits && !word.is_empty() { word } else { "ERR" }
}

/// Whether an error says that another server, or the same one later, would do it. Nothing was done.
pub(crate) fn passes(code: &str) -> bool {
    matches!(
        code,
        "READONLY"
            | "LOADING"
            | "MASTERDOWN"
            | "CLUSTERDOWN"
            | "TRYAGAIN"
            | "MOVED"
            | "ASK"
            | "NOREPLICAS"
            | "UNBLOCKED"
    )
}

/// An error that Redis answered.
pub(crate) fn failure(text: &str) -> Error {
    use ErrorKind::{AccessDenied, Conflict, InvalidInput, NotFound, Unavailable};
    let code = code(text);
    let (kind, fault, retryable, said) = match code {
        "BUSY" => (Unavailable, Fault::Remote, true, "Redis is busy with a script"),
        "OOM" => (Unavailable, Fault::Remote, true, "Redis has no memory left for writing (maxmemory)"),
        "MISCONF" => (Unavailable, Fault::Remote, true, "Redis takes no writes: it cannot save to its disk"),
        "NOAUTH" => (
            Unavailable,
            Fault::Host,
            false,
            "Redis wants a password; give the connection's username and password",
        ),
        "WRONGPASS" => {
            (Unavailable, Fault::Host, false, "Redis refuses the connection's username or password")
        }
        "NOPERM" => {
            (AccessDenied, Fault::Remote, false, "Redis does not allow this to the connection's user (ACL)")
        }
        "WRONGTYPE" => (
            InvalidInput,
            Fault::Service,
            false,
            "the key holds another kind of value than the command works on",
        ),
        "NOSCRIPT" => (NotFound, Fault::Service, false, "Redis does not have this script; send its text"),
        "NOGROUP" => (NotFound, Fault::Service, false, "there is no such consumer group or stream"),
        "BUSYGROUP" | "BUSYKEY" => (Conflict, Fault::Service, false, "it is there already"),
        "CROSSSLOT" => (
            InvalidInput,
            Fault::Service,
            false,
            "the keys are not on one node of the cluster; give them one {tag}",
        ),
        "EXECABORT" => (
            InvalidInput,
            Fault::Service,
            false,
            "nothing of the transaction was done: a command in it cannot be understood",
        ),
        word if passes(word) => (Unavailable, Fault::Remote, true, "Redis cannot do this now"),
        _ => (InvalidInput, Fault::Service, false, ""),
    };
    let message =
        if said.is_empty() { format!("Redis answered: {}", shown(text)) } else { format!("{said} ({code})") };
    Error::new(kind, message).fault(fault).retryable(retryable).code(code)
}

/// What of an error's text may be read by anybody: Redis quotes arguments in some.
fn shown(text: &str) -> String {
    let safe = text.split(['\'', '"', '`']).next().unwrap_or_default().trim_end_matches([' ', ',', ':']);
    safe.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

/// An error within a reply as guests may read it: redirections name addresses.
pub(crate) fn without_address(text: String) -> String {
    match code(&text) {
        "MOVED" | "ASK" => text.split(' ').take(2).collect::<Vec<_>>().join(" "),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_redis_have_a_kind_a_code_and_no_arguments() {
        for (text, kind, retryable, code) in [
            ("LOADING Redis is loading the dataset in memory", ErrorKind::Unavailable, true, "LOADING"),
            (
                "READONLY You can't write against a read only replica.",
                ErrorKind::Unavailable,
                true,
                "READONLY",
            ),
            ("MOVED 3999 10.1.2.3:6381", ErrorKind::Unavailable, true, "MOVED"),
            ("CLUSTERDOWN Hash slot not served", ErrorKind::Unavailable, true, "CLUSTERDOWN"),
            ("BUSY Redis is busy", ErrorKind::Unavailable, true, "BUSY"),
            ("OOM command not allowed", ErrorKind::Unavailable, true, "OOM"),
            ("WRONGPASS invalid", ErrorKind::Unavailable, false, "WRONGPASS"),
            ("NOAUTH Authentication required.", ErrorKind::Unavailable, false, "NOAUTH"),
            ("NOPERM this user", ErrorKind::AccessDenied, false, "NOPERM"),
            ("WRONGTYPE Operation", ErrorKind::InvalidInput, false, "WRONGTYPE"),
            ("NOSCRIPT No matching script.", ErrorKind::NotFound, false, "NOSCRIPT"),
            (
                "ERR unknown command 'hunter2', with args beginning with: 'hunter2'",
                ErrorKind::InvalidInput,
                false,
                "ERR",
            ),
            ("something else", ErrorKind::InvalidInput, false, "ERR"),
            ("", ErrorKind::InvalidInput, false, "ERR"),
        ] {
            let error = failure(text);
            assert_eq!(
                (error.kind, error.retryable, error.code.as_deref()),
                (kind, retryable, Some(code)),
                "{text}"
            );
            assert!(
                !error.message.contains("hunter2") && !error.message.contains("10.1.2.3"),
                "{}",
                error.message
            );
        }
    }

    #[test]
    fn a_lost_command_is_retryable_only_if_it_may_be_done_twice() {
        let lost = || Trouble::Lost(io::ErrorKind::UnexpectedEof.into());
        assert!(lost().told(true).retryable);
        assert!(!lost().told(false).retryable);
        assert!(Trouble::Unreachable(io::ErrorKind::ConnectionRefused.into()).told(false).retryable);
    }
}
