//! What operators write. The comments are the help of the admin form.

use caisson_capability::Network;
pub use caisson_capability::Secret;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// A connection's options.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where it leads: `https://crm.example.com/api`. The path may have parts that calls fill: `/tenants/{tenant}`.
    pub url: Option<String>,
    /// Services may give whole URLs in the place of a path. Only `hosts` can be reached, and never with the credentials.
    pub any_host: bool,
    /// With `any_host`: the hosts, e.g. `api.example.com`, `*.example.com`, `*`. Redirects to others are not followed.
    pub hosts: Vec<String>,
    /// Addresses that are not public and may be reached all the same: `10.0.0.0/8`, `private`, `loopback`, `link-local`, `shared`.
    pub networks: Vec<Network>,
    /// Headers of every request; a service may give others in their place. Credentials belong in `auth`.
    pub headers: BTreeMap<String, String>,
    /// Who we are. Held by the host: services never see it.
    pub auth: Option<Auth>,
    /// How the other side is known, and how it knows us.
    pub tls: Tls,
    /// Which version of HTTP is spoken.
    pub http2: Http2,
    /// A proxy that everything goes through.
    pub proxy: Option<Proxy>,
    /// Whether redirects are followed.
    pub redirects: Redirects,
    /// Ask for compressed answers (gzip, br, zstd) and unpack them.
    pub compression: bool,
    /// Idle connections that are kept for the next request.
    pub pool: Pool,
    /// How long it may take to connect, TLS included, in seconds.
    #[schemars(range(min = 0.001, max = 86_400))]
    pub connect_timeout_secs: f64,
    /// How long an answer may take to begin, and between two of its pieces, in seconds.
    #[schemars(range(min = 0.001, max = 86_400))]
    pub read_timeout_secs: f64,
    /// The largest answer, unpacked, in bytes.
    #[schemars(range(min = 1))]
    pub answer_bytes: u64,
    /// The largest head of an answer or request, in bytes.
    #[schemars(range(min = 8_192, max = 1_048_576))]
    pub header_bytes: u32,
    /// The most headers of an answer or request.
    #[schemars(range(min = 1, max = 1_000))]
    pub header_count: u16,
    /// Statuses that the retry policy repeats idempotent requests at: 429, 502, 503, 504. The last answer is an answer, whatever
    /// its status.
    #[schemars(inner(range(min = 400, max = 599)))]
    pub retry_statuses: Vec<u16>,
    /// What `ping` asks for by `HEAD`, appended to `url`.
    pub ping_path: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: None,
            any_host: false,
            hosts: Vec::new(),
            networks: Vec::new(),
            headers: BTreeMap::new(),
            auth: None,
            tls: Tls::default(),
            http2: Http2::Auto,
            proxy: None,
            redirects: Redirects::default(),
            compression: true,
            pool: Pool::default(),
            connect_timeout_secs: 5.0,
            read_timeout_secs: 30.0,
            answer_bytes: 16 << 20,
            header_bytes: 64 << 10,
            header_count: 128,
            retry_statuses: Vec::new(),
            ping_path: String::new(),
        }
    }
}

/// Credentials.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Auth {
    /// A user name and a password.
    Basic {
        /// The user.
        username: String,
        /// Its password.
        password: Secret,
    },
    /// A token that does not change.
    Bearer {
        /// The token.
        token: Secret,
    },
    /// A key in a header or in the query. Exactly one of `header` and `query`.
    ApiKey {
        /// The header's name.
        header: Option<String>,
        /// The name in the query.
        query: Option<String>,
        /// The key.
        key: Secret,
    },
    /// Client credentials of OAuth 2.0. The token is fetched when it is first needed, and again shortly before it expires.
    Oauth2(Box<Oauth2>),
}

/// How a token is had.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oauth2 {
    /// The token endpoint.
    pub token_url: String,
    /// Our id.
    pub client_id: String,
    /// Our secret.
    pub client_secret: Secret,
    /// What the token is to allow.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whom the token is for, where the token server asks for it.
    pub audience: Option<String>,
    /// Where our id and secret are written.
    #[serde(default)]
    pub client_auth: ClientAuth,
}

/// Where a client's id and secret are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuth {
    /// In the header `Authorization`.
    #[default]
    Basic,
    /// In the form.
    Body,
}

/// TLS of a connection. Certificates are always checked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Authorities that sign the other side's certificate, in the place of the system's: PEM, e.g. `${file:ca.pem}`.
    pub ca: Option<String>,
    /// Our certificate with its chain, PEM. Shown to `url` and to the token endpoint only.
    pub cert: Option<String>,
    /// Its private key, PEM.
    pub key: Option<Secret>,
    /// The name that the other side's certificate is for, if it is not the host in `url`.
    pub server_name: Option<String>,
}

/// Which version of HTTP is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Http2 {
    /// What both sides know best, agreed upon in TLS; 1.1 without TLS.
    #[default]
    Auto,
    /// 1.1.
    Never,
    /// 2, without asking.
    Always,
}

/// A proxy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// Where it is: `http://proxy.example.com:3128`.
    pub url: String,
    /// Our name there.
    pub username: Option<String>,
    /// Our password there.
    pub password: Option<Secret>,
}

/// Whether redirects are followed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Redirects {
    /// At most so many for one request. 0: a redirect is an answer like any other.
    #[schemars(range(max = 20))]
    pub max: u8,
}

/// Idle connections.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pool {
    /// How many are kept for each host.
    pub max_idle: u32,
    /// For how long, in seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub idle_secs: u64,
}

impl Default for Pool {
    fn default() -> Self {
        Self { max_idle: 32, idle_secs: 60 }
    }
}

/// Seconds as a duration; what cannot be one is the longest that the schema allows.
pub(crate) fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or(Duration::from_secs(86_400))
}
