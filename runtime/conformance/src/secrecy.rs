//! Looks for secrets in everything that anybody might read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use caisson_capability::Error;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How much of a text is told that shows a secret.
const SHOWN: usize = 300;

/// A secret in the forms in which it goes over wires: as it is, percent-encoded, within something in Base64.
#[derive(Clone)]
pub(crate) struct Secret(Vec<String>);

/// What is looked for is not shown by the one who looks for it.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    pub(crate) fn new(secret: &str) -> Self {
        let mut forms = vec![secret.to_owned(), utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string()];
        // How it looks within Base64 depends on where it begins; its ends are mixed with what stands beside it.
        forms.extend((0..3).filter_map(|offset| {
            let whole = STANDARD_NO_PAD.encode([&vec![b' '; offset], secret.as_bytes()].concat());
            let inner = whole.get(4..whole.len().saturating_sub(4))?;
            (inner.len() >= 8).then(|| inner.to_owned())
        }));
        Self(forms)
    }

    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.0.iter().any(|form| text.contains(form))
    }
}

/// What a case saw.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    secret: Option<Secret>,
    leaks: Mutex<Vec<String>>,
}

impl Texts {
    pub(crate) fn new(secret: Option<Secret>) -> Self {
        Self { secret, leaks: Mutex::default() }
    }

    /// Somebody could read this text.
    pub(crate) fn saw(&self, what: &str, text: &str) {
        if self.secret.as_ref().is_some_and(|secret| secret.is_in(text)) {
            let start: String = text.chars().take(SHOWN).collect();
            self.leaks.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{what}: {start}"));
        }
    }

    /// An error, with what is for the operator only, and what caused it.
    pub(crate) fn saw_error(&self, error: &Error) {
        self.saw("an error", &format!("{error} {error:?}"));
        let mut cause = error.source.as_deref().map(|source| source as &dyn std::error::Error);
        while let Some(source) = cause {
            self.saw("the cause of an error", &format!("{source} {source:?}"));
            cause = source.source();
        }
    }

    pub(crate) fn leaks(&self) -> Vec<String> {
        self.leaks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Takes up what is logged at `debug` and above for as long as the guard lives. A case runs on one thread, and so do its tasks.
pub(crate) fn listen(texts: &std::sync::Arc<Texts>) -> tracing::subscriber::DefaultGuard {
    let sink = Sink(std::sync::Arc::clone(texts));
    let log = tracing_subscriber::fmt().with_max_level(LevelFilter::DEBUG).with_ansi(false).with_writer(sink);
    tracing::subscriber::set_default(log.finish())
}

struct Sink(std::sync::Arc<Texts>);

impl MakeWriter<'_> for Sink {
    type Writer = Record;

    fn make_writer(&self) -> Record {
        Record(std::sync::Arc::clone(&self.0), Vec::new())
    }
}

/// One record of the log.
struct Record(std::sync::Arc<Texts>, Vec<u8>);

impl io::Write for Record {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.1.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.0.saw("the log", &String::from_utf8_lossy(&self.1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_form_in_which_it_travels() {
        let secret = Secret::new("s3cret/of+the=line");
        for text in [
            "password s3cret/of+the=line was refused".to_owned(),
            "amqp://user:s3cret%2Fof%2Bthe%3Dline@host".to_owned(),
            format!("authorization: Basic {}", STANDARD_NO_PAD.encode("u:s3cret/of+the=line")),
            format!("authorization: Basic {}", STANDARD_NO_PAD.encode("user:s3cret/of+the=line")),
            format!("authorization: Basic {}", STANDARD_NO_PAD.encode("admin1:s3cret/of+the=line")),
        ] {
            assert!(secret.is_in(&text), "{text}");
        }
        assert!(!secret.is_in("password s3cret was refused"));
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
