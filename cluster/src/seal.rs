//! Encryption of secrets at rest: AES-256-GCM with a key from a file, tied to the place that a secret stands at.

use crate::{Error, ErrorKind};
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::io::{ErrorKind as IoKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

const NONCE: usize = 12;

/// The key that secrets are sealed with. Its `Debug` shows the id only.
pub struct Key {
    cipher: Aes256Gcm,
    id: String,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Key {
    /// The key of a file; made, for the owner's eyes only, if there is none.
    ///
    /// # Errors
    ///
    /// The file can be read by others, cannot be read or made by this process, or holds something else.
    pub fn load_or_create(path: &Path) -> Result<Self, Error> {
        match std::fs::File::open(path) {
            Ok(file) => Self::load(path, file),
            Err(error) if error.kind() == IoKind::NotFound => {
                create(path).map_err(|error| disk(path, "be made", &error))?;
                // Read back: of two processes that make it at once, one has won, and both use its key.
                let file = std::fs::File::open(path).map_err(|error| disk(path, "be read", &error))?;
                Self::load(path, file)
            }
            Err(error) => Err(disk(path, "be read", &error)),
        }
    }

    fn load(path: &Path, file: std::fs::File) -> Result<Self, Error> {
        let place = path.display();
        let mode = file.metadata().map_err(|error| disk(path, "be read", &error))?.mode();
        if mode & 0o077 != 0 {
            let text = format!(
                "{place}: others than its owner may use this key (mode {:03o}); run: chmod 600 {place}",
                mode & 0o777
            );
            return Err(Error::new(ErrorKind::Denied, text));
        }
        let mut text = String::new();
        file.take(1024).read_to_string(&mut text).map_err(|error| disk(path, "be read", &error))?;
        let bytes = unhex(text.trim()).ok_or_else(|| {
            let text = format!(
                "{place}: this is not a key: 64 hexadecimal digits are expected; put back the key that the secrets \
                 were sealed with"
            );
            Error::new(ErrorKind::Invalid, text)
        })?;
        Ok(Self::new(&bytes))
    }

    fn new(bytes: &[u8; 32]) -> Self {
        let id = blake3::derive_key("caisson 2026 id of a sealing key", bytes);
        let id = id.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Self { cipher: Aes256Gcm::new(&(*bytes).into()), id }
    }

    /// Eight hexadecimal digits that tell keys apart.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Encrypts a secret for its place, for example `connection/crm/password`.
    ///
    /// # Errors
    ///
    /// The operating system gives no random numbers.
    pub fn seal(&self, context: &str, plain: &str) -> Result<String, Error> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(random)?;
        let payload = Payload { msg: plain.as_bytes(), aad: context.as_bytes() };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| {
            Error::new(ErrorKind::TooLarge, "the secret is too long to be encrypted; use a shorter one")
        })?;
        Ok(format!("v1:{}:{}", self.id, STANDARD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// Decrypts what was sealed for this place.
    ///
    /// # Errors
    ///
    /// It was sealed with another key or for another place, was changed, or is nothing sealed at all.
    pub fn open(&self, context: &str, sealed: &str) -> Result<String, Error> {
        let mut parts = sealed.splitn(3, ':');
        let (Some("v1"), Some(id), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(self.damaged(context, "is not in the form v1:KEY:TEXT"));
        };
        // What is not an id is not repeated: it may be part of a secret.
        if id.len() != 8 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.damaged(context, "names no key"));
        }
        if id != self.id {
            let text = format!(
                "{context}: the secret was sealed with the key {id}, and this server has the key {}; give it the same \
                 key file as the servers that share its state, or set the secret anew",
                self.id
            );
            return Err(Error::new(ErrorKind::Denied, text));
        }
        let bytes = STANDARD.decode(text).map_err(|_| self.damaged(context, "is not base64"))?;
        let (nonce, body) =
            bytes.split_first_chunk::<NONCE>().ok_or_else(|| self.damaged(context, "is too short"))?;
        let payload = Payload { msg: body, aad: context.as_bytes() };
        let plain = self
            .cipher
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_| self.damaged(context, "was changed, or was sealed for another place"))?;
        String::from_utf8(plain).map_err(|_| self.damaged(context, "is not text"))
    }

    fn damaged(&self, context: &str, what: &str) -> Error {
        let text = format!("{context}: the sealed secret {what} (key {}); set it anew", self.id);
        Error::new(ErrorKind::Damaged, text)
    }
}

fn create(path: &Path) -> std::io::Result<()> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.{:08x}", std::process::id(), getrandom::u32().map_err(std::io::Error::other)?));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let written = file.write_all(format!("{hex}\n").as_bytes()).and_then(|()| file.sync_all());
    // A link and not a rename: it never takes the place of a key that another process has made meanwhile.
    let linked = written.and_then(|()| match std::fs::hard_link(&beside, path) {
        Err(error) if error.kind() == IoKind::AlreadyExists => Ok(()),
        other => other,
    });
    std::fs::remove_file(&beside)?;
    linked
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

fn disk(path: &Path, what: &str, error: &std::io::Error) -> Error {
    let text = format!(
        "{}: the key for secrets cannot {what}: {error}; its folder has to exist and to belong to the user of this process",
        path.display()
    );
    Error::new(ErrorKind::Disk, text)
}

pub(crate) fn random(error: getrandom::Error) -> Error {
    let text = format!("the operating system gives no random numbers: {error}; make /dev/urandom available");
    Error::new(ErrorKind::Disk, text)
}

#[cfg(test)]
mod tests;
