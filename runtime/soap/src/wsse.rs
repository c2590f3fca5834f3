//! WS-Security: the UsernameToken and the Timestamp, read from a message and written for one.
//!
//! Nothing is signed or encrypted here, so a Timestamp says how old a message claims to be. A digest is tied to its
//! nonce and time: who accepts one has to remember the nonce for as long as the time is accepted.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp as Time;
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use crate::envelope::{Envelope, Version};
use crate::fault::{Code, Fault};
use crate::names::{BASE64_ENCODING, TOKEN_PROFILE, WSSE, WSSE11, WSU};
use crate::xml::Element;

/// Bytes of a nonce; 16 is usual.
const MAX_NONCE: usize = 256;

/// A password or its digest. `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for comparing only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// How a password is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordType {
    /// As it is.
    Text,
    /// Hashed with nonce and time: [`digest`].
    Digest,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsernameToken {
    /// The name.
    pub username: String,
    /// The password or digest, if there is one.
    pub password: Option<Secret>,
    /// How it is sent.
    pub password_type: PasswordType,
    /// What the digest is of, decoded.
    pub nonce: Option<Vec<u8>>,
    /// When it was made, as it was sent: the digest is of these very characters.
    pub created: Option<String>,
}

/// When a message was made, and until when it is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp {
    /// When it was made.
    pub created: Option<Time>,
    /// When it becomes invalid.
    pub expires: Option<Time>,
}

/// The header `Security`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// Who calls.
    pub username_token: Option<UsernameToken>,
    /// When.
    pub timestamp: Option<Timestamp>,
}

/// Why a header is refused. None of these says more of a password than that it is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Two of what there may be one of, of which different readers would take different ones.
    #[error("the Security header has more than one {0}; send one")]
    Twice(&'static str),
    /// Something is not there.
    #[error("the {within} has no {what}; add it")]
    Missing {
        /// Where it belongs.
        within: &'static str,
        /// What it is.
        what: &'static str,
    },
    /// Something cannot be read.
    #[error("the {0} of the Security header cannot be read; {1}")]
    Unreadable(&'static str, &'static str),
    /// Made too long ago, or no longer valid.
    #[error("the message is too old; make a new one, and compare the clocks of client and server")]
    Expired,
    /// Made later than now.
    #[error("the message was made in the future; compare the clocks of client and server")]
    Future,
}

impl Error {
    /// The fault that says this, with a subcode of WS-Security.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let (namespace, name) = match self {
            Self::Expired | Self::Future => (WSU, "MessageExpired"),
            _ => (WSSE, "InvalidSecurity"),
        };
        let mut fault = Fault::new(Code::Client, self.to_string());
        fault.subcode = Some((namespace.into(), name.into()));
        fault
    }
}

/// The Security header of a message, if there is one.
///
/// # Errors
///
/// There are two, or two tokens in it, or one that cannot be read.
pub fn find(envelope: &Envelope) -> Result<Option<Security>, Error> {
    let ours = |one: &&Element| one.is("Security", WSSE) || one.is("Security", WSSE11);
    let mut all = envelope.headers.iter().filter(ours);
    let first = all.next();
    if all.next().is_some() {
        return Err(Error::Twice("Security header"));
    }
    first.map(read).transpose()
}

fn read(header: &Element) -> Result<Security, Error> {
    let token = single(header, "UsernameToken", &[WSSE, WSSE11], "UsernameToken")?;
    let timestamp = single(header, "Timestamp", &[WSU], "Timestamp")?;
    Ok(Security {
        username_token: token.map(read_token).transpose()?,
        timestamp: timestamp.map(read_timestamp).transpose()?,
    })
}

fn single<'a>(
    parent: &'a Element,
    name: &str,
    namespaces: &[&str],
    label: &'static str,
) -> Result<Option<&'a Element>, Error> {
    let mut all = parent.elements().filter(|one| namespaces.iter().any(|namespace| one.is(name, namespace)));
    let first = all.next();
    if all.next().is_some() { Err(Error::Twice(label)) } else { Ok(first) }
}

fn read_token(token: &Element) -> Result<UsernameToken, Error> {
    let username = single(token, "Username", &[WSSE], "Username")?;
    let username = username.map(|one| one.text().trim().to_owned()).filter(|name| !name.is_empty());
    let username = username.ok_or(Error::Missing { within: "UsernameToken", what: "Username" })?;
    let password = single(token, "Password", &[WSSE], "Password")?;
    let password_type = password.map_or(Ok(PasswordType::Text), read_type)?;
    let nonce = single(token, "Nonce", &[WSSE], "Nonce")?.map(read_nonce).transpose()?;
    let created = single(token, "Created", &[WSU], "Created")?.map(|one| one.text().trim().to_owned());
    if let Some(created) = &created {
        time(created, "Created")?;
    }
    if password_type == PasswordType::Digest {
        // Without them the digest would be the same for ever, and whoever has seen it could send it again.
        if nonce.is_none() {
            return Err(Error::Missing { within: "UsernameToken", what: "Nonce, which a digest needs" });
        }
        if created.is_none() {
            return Err(Error::Missing { within: "UsernameToken", what: "Created, which a digest needs" });
        }
    }
    // A password may begin or end with a space; a digest is base64.
    let password = password.map(|one| Secret(one.text()));
    Ok(UsernameToken { username, password, password_type, nonce, created })
}

fn read_type(password: &Element) -> Result<PasswordType, Error> {
    // Without a type it is a text (UsernameToken profile, 3.1).
    let Some(kind) = password.attribute("Type", None) else { return Ok(PasswordType::Text) };
    match kind.trim().rsplit('#').next() {
        Some("PasswordText") => Ok(PasswordType::Text),
        Some("PasswordDigest") => Ok(PasswordType::Digest),
        _ => Err(Error::Unreadable("Type of the Password", "send PasswordText or PasswordDigest")),
    }
}

fn read_nonce(nonce: &Element) -> Result<Vec<u8>, Error> {
    let refused = Error::Unreadable("Nonce", "send up to 256 bytes as base64");
    if nonce.attribute("EncodingType", None).is_some_and(|kind| !kind.trim().ends_with("#Base64Binary")) {
        return Err(refused);
    }
    let bytes = STANDARD.decode(nonce.text().trim()).map_err(|_| refused.clone())?;
    if bytes.is_empty() || bytes.len() > MAX_NONCE { Err(refused) } else { Ok(bytes) }
}

fn read_timestamp(timestamp: &Element) -> Result<Timestamp, Error> {
    let part = |name: &'static str| {
        let found = single(timestamp, name, &[WSU], name)?;
        found.map(|one| time(one.text().trim(), name)).transpose()
    };
    Ok(Timestamp { created: part("Created")?, expires: part("Expires")? })
}

fn time(text: &str, what: &'static str) -> Result<Time, Error> {
    text.parse().map_err(|_| Error::Unreadable(what, "send a time with its zone, as 2026-01-31T12:00:00Z"))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Whether something made at `created` is accepted at `now`: not in the future by more than `skew`, and not older than
/// `max_age` by more than `skew`.
///
/// # Errors
///
/// It is in the future or too old.
pub fn check_created(created: Time, now: Time, max_age: Duration, skew: Duration) -> Result<(), Error> {
    let age = now.as_millisecond().saturating_sub(created.as_millisecond());
    if age < -millis(skew) {
        return Err(Error::Future);
    }
    if age > millis(max_age).saturating_add(millis(skew)) { Err(Error::Expired) } else { Ok(()) }
}

impl Security {
    /// Checks the Timestamp, and when the token was made if it says so. A message without either passes: whether one is
    /// required is for the caller to say.
    ///
    /// # Errors
    ///
    /// The message is too old, no longer valid, or made in the future.
    pub fn check_timestamp(&self, now: Time, max_age: Duration, skew: Duration) -> Result<(), Error> {
        if let Some(created) = self.username_token.as_ref().and_then(|token| token.created.as_deref()) {
            check_created(time(created, "Created")?, now, max_age, skew)?;
        }
        let Some(timestamp) = self.timestamp else { return Ok(()) };
        if let Some(created) = timestamp.created {
            check_created(created, now, max_age, skew)?;
        }
        let Some(expires) = timestamp.expires else { return Ok(()) };
        if timestamp.created.is_some_and(|created| created > expires) {
            return Err(Error::Expired);
        }
        let late = now.as_millisecond().saturating_sub(expires.as_millisecond());
        if late > millis(skew) { Err(Error::Expired) } else { Ok(()) }
    }
}

impl UsernameToken {
    /// Whether this is `username` with `password`. Takes as long whatever differs.
    #[must_use]
    pub fn matches(&self, username: &str, password: &str) -> bool {
        let Some(sent) = &self.password else { return false };
        let expected = match (self.password_type, &self.nonce, &self.created) {
            (PasswordType::Text, _, _) => password.to_owned(),
            (PasswordType::Digest, Some(nonce), Some(created)) => digest(nonce, created, password),
            (PasswordType::Digest, _, _) => return false,
        };
        let sent = match self.password_type {
            PasswordType::Text => sent.reveal(),
            PasswordType::Digest => sent.reveal().trim(),
        };
        let name = self.username.as_bytes().ct_eq(username.as_bytes());
        bool::from(name & sent.as_bytes().ct_eq(expected.as_bytes()))
    }
}

/// `Base64(SHA-1(nonce + created + password))`, as the UsernameToken profile says. The nonce is decoded.
#[must_use]
pub fn digest(nonce: &[u8], created: &str, password: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(nonce);
    hash.update(created.as_bytes());
    hash.update(password.as_bytes());
    STANDARD.encode(hash.finalize())
}

/// What an outgoing header says.
#[derive(Clone, Debug)]
pub struct Outgoing<'a> {
    /// The user's name and password, and how the password is sent.
    pub user: Option<(&'a str, &'a Secret, PasswordType)>,
    /// Random bytes, 16 or more, made for this message alone.
    pub nonce: &'a [u8],
    /// The time.
    pub now: Time,
    /// How long the message is valid; `None` for no Timestamp.
    pub valid_for: Option<Duration>,
}

/// The header block `Security` for a message that is sent; it must be understood.
#[must_use]
pub fn header(version: Version, outgoing: &Outgoing<'_>) -> Element {
    let created = Time::from_second(outgoing.now.as_second()).unwrap_or(outgoing.now);
    let mut security =
        Element::new("Security", Some(WSSE)).with_attribute("mustUnderstand", Some(version.namespace()), "1");
    if let Some(valid_for) = outgoing.valid_for {
        let seconds = i64::try_from(valid_for.as_secs()).unwrap_or(i64::MAX);
        let expires = Time::from_second(created.as_second().saturating_add(seconds)).unwrap_or(Time::MAX);
        let timestamp = Element::new("Timestamp", Some(WSU))
            .with(Element::new("Created", Some(WSU)).with_text(created.to_string()))
            .with(Element::new("Expires", Some(WSU)).with_text(expires.to_string()));
        security = security.with(timestamp);
    }
    match outgoing.user {
        Some((name, password, kind)) => {
            security.with(token(name, password, kind, outgoing.nonce, &created.to_string()))
        }
        None => security,
    }
}

fn token(name: &str, password: &Secret, kind: PasswordType, nonce: &[u8], created: &str) -> Element {
    let (label, value) = match kind {
        PasswordType::Text => ("PasswordText", password.reveal().to_owned()),
        PasswordType::Digest => ("PasswordDigest", digest(nonce, created, password.reveal())),
    };
    let password = Element::new("Password", Some(WSSE))
        .with_attribute("Type", None, format!("{TOKEN_PROFILE}#{label}"))
        .with_text(value);
    let nonce = Element::new("Nonce", Some(WSSE))
        .with_attribute("EncodingType", None, BASE64_ENCODING)
        .with_text(STANDARD.encode(nonce));
    Element::new("UsernameToken", Some(WSSE))
        .with(Element::new("Username", Some(WSSE)).with_text(name))
        .with(password)
        .with(nonce)
        .with(Element::new("Created", Some(WSU)).with_text(created))
}
