//! Who may call: security definitions.

use super::{RateLimit, Secret, is_default};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A security definition: a way in which callers prove who they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Security {
    /// A key in a header.
    ApiKey(ApiKey),
    /// User name and password (RFC 7617).
    BasicAuth(BasicAuth),
    /// A signed token in the header `Authorization: Bearer` (RFC 7519).
    Jwt(Jwt),
    /// A client certificate.
    Mtls(Mtls),
    /// A WS-Security UsernameToken, for SOAP channels.
    Wss(Wss),
    /// Several definitions under one name: any of them will do.
    Group(Group),
}

impl Security {
    /// The definition's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::ApiKey(one) => &one.name,
            Self::BasicAuth(one) => &one.name,
            Self::Jwt(one) => &one.name,
            Self::Mtls(one) => &one.name,
            Self::Wss(one) => &one.name,
            Self::Group(one) => &one.name,
        }
    }
}

/// A key in a header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApiKey {
    /// The definition's name, which is also the name of the caller.
    pub name: String,
    /// The header that carries the key.
    #[serde(default = "ApiKey::default_header")]
    pub header: String,
    /// The key.
    pub key: Secret,
    /// Networks that callers may come from; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub allow_from: Vec<IpNet>,
    /// How often this caller may call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
}

impl ApiKey {
    fn default_header() -> String {
        "X-API-Key".to_owned()
    }
}

/// User name and password.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BasicAuth {
    /// The definition's name.
    pub name: String,
    /// The user, which is also the name of the caller.
    pub username: String,
    /// The password. Kept as an argon2id hash.
    pub password: Secret,
    /// What the challenge names; by default the definition's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    /// Networks that callers may come from; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub allow_from: Vec<IpNet>,
    /// How often this caller may call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
}

/// A signed token. Exactly one of `secret`, `public_key`, `jwks` and `jwks_url` says what signatures are checked with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Jwt {
    /// The definition's name.
    pub name: String,
    /// Signature algorithms that are accepted. `none` is never one of them.
    #[schemars(length(min = 1))]
    pub algorithms: Vec<JwtAlgorithm>,
    /// The shared secret, for HS256, HS384, HS512.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// A public key in PEM, for RS, ES and `EdDSA` algorithms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// The text of a JSON Web Key Set, usually `${file:PATH}` (RFC 7517).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    /// Where a JSON Web Key Set is fetched from, again when an unknown key is named; by https from servers whose certificates this
    /// machine believes (or those of `SSL_CERT_FILE`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_url: Option<String>,
    /// Tokens must be from this issuer (`iss`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Tokens must be for one of these (`aud`); empty to accept any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// How far clocks may differ.
    #[serde(default = "Jwt::default_leeway")]
    #[schemars(range(max = 600))]
    pub leeway_secs: u32,
    /// The claim that names the caller.
    #[serde(default = "Jwt::default_claim")]
    pub principal_claim: String,
    /// Networks that callers may come from; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub allow_from: Vec<IpNet>,
    /// How often each caller may call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
}

impl Jwt {
    fn default_leeway() -> u32 {
        60
    }

    fn default_claim() -> String {
        "sub".to_owned()
    }
}

/// Signature algorithms of tokens (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say all")]
pub enum JwtAlgorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

/// A client certificate, which the TLS side of the port has verified against its own authorities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mtls {
    /// The definition's name, which is also the name of the caller.
    pub name: String,
    /// Common names (CN) or DNS names (SAN) that are accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// SHA-256 fingerprints of certificates that are accepted, in hex; colons do not matter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fingerprints: Vec<String>,
    /// Networks that callers may come from; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub allow_from: Vec<IpNet>,
    /// How often this caller may call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
}

/// A WS-Security UsernameToken (OASIS UsernameToken Profile 1.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Wss {
    /// The definition's name.
    pub name: String,
    /// The user, which is also the name of the caller.
    pub username: String,
    /// The password. Kept encrypted and not hashed, as the digest form needs the password itself.
    pub password: Secret,
    /// Accept the password as text; by default only as a digest with nonce and time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_text: bool,
    /// How old a Timestamp or a digest's time may be.
    #[serde(default = "Wss::default_max_age")]
    #[schemars(range(min = 1, max = 86_400))]
    pub max_age_secs: u32,
    /// Networks that callers may come from; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub allow_from: Vec<IpNet>,
    /// How often this caller may call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
}

impl Wss {
    fn default_max_age() -> u32 {
        300
    }
}

/// Several definitions under one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// The group's name.
    pub name: String,
    /// Definitions of which any will do. Groups cannot hold groups.
    #[schemars(length(min = 1))]
    pub members: Vec<String>,
}
