//! Keys that tokens are verified with.

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde_json::Value;

/// How many keys of a set are looked at: nobody has more, and each may cost a verification.
const MAX_KEYS: usize = 32;

/// Keys, of which any may have signed a token.
pub(crate) struct KeySet(Vec<Key>);

struct Key {
    kid: Option<String>,
    /// The one algorithm that the key is for, if it says so.
    only: Option<Algorithm>,
    key: DecodingKey,
}

impl KeySet {
    /// A shared secret.
    pub(crate) fn secret(secret: &str, algorithms: &[Algorithm]) -> Result<Self, String> {
        if secret.is_empty() {
            return Err("secret is empty; set one of at least 32 random bytes".to_owned());
        }
        if secret.contains("-----BEGIN") {
            return Err(
                "secret is a key in PEM, which everybody may know; put it under public_key".to_owned()
            );
        }
        of_family(algorithms, AlgorithmFamily::Hmac, "secret")?;
        Ok(Self::one(DecodingKey::from_secret(secret.as_bytes())))
    }

    /// A public key in PEM.
    pub(crate) fn pem(pem: &str, algorithms: &[Algorithm]) -> Result<Self, String> {
        if pem.contains("PRIVATE KEY") {
            return Err(
                "public_key is a private key; keep that one where tokens are made, and write its public half"
                    .to_owned(),
            );
        }
        let bytes = pem.as_bytes();
        let key = DecodingKey::from_rsa_pem(bytes)
            .or_else(|_other| DecodingKey::from_ec_pem(bytes))
            .or_else(|_other| DecodingKey::from_ed_pem(bytes))
            .map_err(|_none| "public_key is no RSA, EC or Ed25519 key in PEM; write one that begins with -----BEGIN PUBLIC KEY-----")?;
        of_family(algorithms, key.family(), "public_key")?;
        Ok(Self::one(key))
    }

    fn one(key: DecodingKey) -> Self {
        Self(vec![Key { kid: None, only: None, key }])
    }

    /// A JSON Web Key Set (RFC 7517). Keys that are not for us are passed over, as the RFC asks for; `secrets` says whether those
    /// may be secrets.
    pub(crate) fn parse(text: &str, secrets: bool) -> Result<Self, String> {
        let advice = "write {\"keys\": [...]} as in RFC 7517";
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("it is no JSON ({error}); {advice}"))?;
        let list = value
            .get("keys")
            .and_then(Value::as_array)
            .ok_or_else(|| format!("there is no list `keys`; {advice}"))?;
        let keys: Vec<Key> = list.iter().filter_map(|one| usable(one, secrets)).take(MAX_KEYS).collect();
        if keys.is_empty() {
            return Err(format!(
                "none of the {} keys is for RSA, EC (P-256, P-384) or Ed25519 signatures; {advice}",
                list.len()
            ));
        }
        Ok(Self(keys))
    }

    /// The keys that may have signed a token. One that says which key it is must be signed by a key of that name, if keys have
    /// names at all.
    pub(crate) fn candidates<'a>(
        &'a self,
        kid: Option<&'a str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'a DecodingKey> {
        let fits = move |key: &&Key| {
            let named = key.kid.is_none() || kid.is_none() || key.kid.as_deref() == kid;
            let for_it = key.only.is_none_or(|only| only == algorithm);
            named && for_it && key.key.family() == algorithm.family()
        };
        self.0.iter().filter(fits).map(|key| &key.key)
    }
}

fn of_family(algorithms: &[Algorithm], family: AlgorithmFamily, field: &str) -> Result<(), String> {
    match algorithms.iter().find(|algorithm| algorithm.family() != family) {
        Some(algorithm) => Err(format!(
            "{field} cannot be used with {algorithm:?}; take it out of algorithms, or set another key"
        )),
        None => Ok(()),
    }
}

fn usable(value: &Value, secrets: bool) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
    if jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature) {
        return None;
    }
    if !secrets && matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_)) {
        return None;
    }
    let only = match jwk.common.key_algorithm {
        None => None,
        Some(name) => Some(name.to_string().parse().ok()?),
    };
    Some(Key { kid: jwk.common.key_id.clone(), only, key: DecodingKey::from_jwk(&jwk).ok()? })
}
