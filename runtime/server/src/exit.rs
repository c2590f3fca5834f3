//! Exit codes, and which error leads to which.

use crate::client::ClientError;
use std::process::ExitCode;

/// How a command ended. The numbers are part of the interface for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Ok = 0,
    /// The answer was an error, or the command could not do its work.
    Failed = 1,
    /// The command line does not make sense.
    Usage = 2,
    /// No server answered.
    Unreachable = 3,
    /// The server did not accept the token.
    Refused = 4,
    /// `internal compile` failed for a reason that is not the component's; for the server that started it.
    HostFault = caisson_engine::CHILD_HOST_FAULT,
}

/// The explanation in `caisson --help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done
  1  the answer was an error, or the command could not do its work
  2  the command line does not make sense
  3  the server cannot be reached
  4  the server refused the token";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// The code for an error.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        for cause in error.chain() {
            if cause.is::<UsageError>() {
                return Self::Usage;
            }
            match cause.downcast_ref::<ClientError>() {
                Some(ClientError::Unreachable { .. } | ClientError::Lost { .. }) => return Self::Unreachable,
                Some(ClientError::Refused { .. }) => return Self::Refused,
                Some(ClientError::Url { .. }) => return Self::Usage,
                Some(
                    ClientError::Answer { .. } | ClientError::Foreign { .. } | ClientError::TokenFile { .. },
                )
                | None => {}
            }
        }
        Self::Failed
    }
}

/// The command line is well-formed but does not make sense. The text says what to write instead.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// A [`UsageError`] with this text, ready to be returned from a command.
pub(crate) fn usage(text: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(UsageError(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn codes_follow_the_cause_however_deep() {
        let usage = Err::<(), _>(usage("no")).context("outer").unwrap_err();
        assert_eq!(Exit::of(&usage), Exit::Usage);
        let gone = anyhow::Error::new(ClientError::Unreachable { url: "http://a".to_owned() });
        assert_eq!(Exit::of(&gone), Exit::Unreachable);
        let refused = anyhow::Error::new(ClientError::Refused { message: "no".to_owned() });
        assert_eq!(Exit::of(&refused), Exit::Refused);
        assert_eq!(Exit::of(&anyhow::anyhow!("other")), Exit::Failed);
    }

    #[test]
    fn the_help_names_every_code() {
        for exit in [Exit::Ok, Exit::Failed, Exit::Usage, Exit::Unreachable, Exit::Refused] {
            assert!(HELP.contains(&format!("\n  {}  ", exit as u8)), "{exit:?}");
        }
    }
}
