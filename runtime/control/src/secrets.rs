//! How secrets are kept.
//!
//! Every secret is sealed with the server's key, tied to its place, before it reaches the store. A password that callers send
//! is hashed first (argon2id): it is compared and never needed again. Sealing and hashing give another text each time, so what
//! was stored before is kept when it stands for the same secret: applying the same file twice changes nothing.

use caisson_cluster::seal::Key;
use caisson_definition::documents::{Documents, SecretPlace};
use caisson_security::password;
use serde_json::Value;

/// Seals the secrets of definitions, keeping what is stored already.
#[derive(Debug)]
pub(crate) struct Sealer<'a> {
    key: &'a Key,
    stored: &'a Documents,
}

impl<'a> Sealer<'a> {
    /// A sealer on top of what is stored.
    pub(crate) fn new(key: &'a Key, stored: &'a Documents) -> Self {
        Self { key, stored }
    }

    /// What to store for a secret. Takes tens of milliseconds for a password that is new: call it on a blocking thread.
    ///
    /// # Errors
    ///
    /// The random source fails.
    pub(crate) fn seal(&self, place: &SecretPlace<'_>, plain: &str) -> Result<String, String> {
        let stored = stored_at(self.stored, place.place);
        if let Some(sealed) = stored
            && let Ok(kept) = self.key.open(place.place, sealed)
            && same(place, plain, &kept)
        {
            return Ok(sealed.to_owned());
        }
        let kept =
            if hashed(place) { password::hash(plain).map_err(|e| e.to_string())? } else { plain.to_owned() };
        self.key.seal(place.place, &kept).map_err(|error| error.to_string())
    }
}

/// Whether the secret at this place is only ever compared.
fn hashed(place: &SecretPlace<'_>) -> bool {
    place.kind == "basic-auth" && place.field == "password"
}

fn same(place: &SecretPlace<'_>, plain: &str, kept: &str) -> bool {
    if hashed(place) { password::verify(plain, kept) } else { plain == kept }
}

/// The sealed text that is stored at a place like `security/partner/password`.
fn stored_at<'a>(documents: &'a Documents, place: &str) -> Option<&'a str> {
    let mut parts = place.splitn(3, '/');
    let (section, name, path) = (parts.next()?, parts.next()?, parts.next()?);
    let mut value = documents.get(&format!("{section}/{name}"))?;
    for part in path.split('/') {
        value = match value {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            other => other.get(part)?,
        };
    }
    value.get("$secret")?.get("sealed")?.as_str()
}
