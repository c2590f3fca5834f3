//! The secret that opens the admin API: made once, kept in a file that only its owner can read.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Random bytes in a token: as hard to guess as an AES-256 key.
const RANDOM_BYTES: usize = 32;

/// A token that somebody wrote by hand must not be easy to guess either.
const MIN_CHARS: usize = 16;

/// The token could not be read or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The file cannot be read.
    #[error("cannot read the admin token from {}: {source}; check permissions, or remove the file to get a new one", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file cannot be made.
    #[error("cannot write the admin token to {}: {source}; check free space and permissions", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// What is in the file cannot be used as a token.
    #[error(
        "the admin token in {} cannot be used: it has to be one line of at least {MIN_CHARS} visible characters; \
         remove the file to get a new one",
        path.display()
    )]
    Unusable {
        /// The file.
        path: PathBuf,
    },
    /// The operating system has no random numbers.
    #[error("cannot make an admin token: the random source of the operating system fails ({reason})")]
    Random {
        /// What it said.
        reason: String,
    },
}

/// The secret. It is never shown, logged or compared byte by byte.
#[derive(Clone)]
pub struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Token {
    /// A token from a text.
    ///
    /// Nothing when it is too short or has characters that cannot stand in a header.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let usable = text.len() >= MIN_CHARS && text.bytes().all(|byte| byte.is_ascii_graphic());
        usable.then(|| Self(text.to_owned()))
    }

    /// Reads the token from a file; makes both at the first start.
    ///
    /// # Errors
    ///
    /// [`TokenError`], which names the file and says what to do.
    pub fn load_or_create(path: &Path) -> Result<Self, TokenError> {
        match fs::read_to_string(path) {
            Ok(text) => {
                warn_if_open(path);
                Self::new(&text).ok_or_else(|| TokenError::Unusable { path: path.to_owned() })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Self::create(path),
            Err(source) => Err(TokenError::Read { path: path.to_owned(), source }),
        }
    }

    fn create(path: &Path) -> Result<Self, TokenError> {
        let mut bytes = [0_u8; RANDOM_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| TokenError::Random { reason: error.to_string() })?;
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        write(path, &text).map_err(|source| TokenError::Write { path: path.to_owned(), source })?;
        Ok(Self(text))
    }

    /// Whether a caller has the token. Takes as long for a wrong one as for the right one.
    #[must_use]
    pub fn matches(&self, given: &str) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), given.as_bytes());
        // The length is no secret: it is in the documentation.
        if ours.len() != theirs.len() {
            return false;
        }
        let difference =
            ours.iter().zip(theirs).fold(0_u8, |sum, (one, other)| std::hint::black_box(sum | (one ^ other)));
        difference == 0
    }
}

/// Created with its final mode: there is no moment at which others could read it.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

fn warn_if_open(path: &Path) {
    if fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o077 != 0) {
        tracing::warn!("other users can read the admin token: chmod 600 {}", path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_made_once_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.token");
        let made = Token::load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(made.0.len(), 64);
        assert!(made.0.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let read = Token::load_or_create(&path).unwrap();
        assert!(read.matches(&made.0));
        let other = Token::load_or_create(&folder.path().join("other")).unwrap();
        assert!(!other.matches(&made.0));
    }

    #[test]
    fn only_the_whole_token_matches() {
        let token = Token::new("0123456789abcdef").unwrap();
        assert!(token.matches("0123456789abcdef"));
        for wrong in ["", "0123456789abcde", "0123456789abcdeF", "0123456789abcdef0", "0123456789abcdee"] {
            assert!(!token.matches(wrong), "{wrong}");
        }
        assert!(!format!("{token:?}").contains("0123"));
    }

    #[test]
    fn a_file_that_holds_no_token_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.token");
        for text in
            ["", "\n", "short", "two words that are long enough", "0123456789abcdef\n0123456789abcdef"]
        {
            fs::write(&path, text).unwrap();
            let error = Token::load_or_create(&path).unwrap_err().to_string();
            assert!(
                error.contains(&path.display().to_string()) && error.contains("remove the file"),
                "{error}"
            );
        }
        let error = Token::load_or_create(folder.path()).unwrap_err();
        assert!(matches!(error, TokenError::Read { .. }), "{error:?}");
        let error = Token::load_or_create(&folder.path().join("no/such/folder")).unwrap_err();
        assert!(matches!(error, TokenError::Write { .. }), "{error:?}");
    }
}
