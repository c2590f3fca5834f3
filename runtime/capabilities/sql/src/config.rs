//! What an operator writes of a connection of type `sql`.

pub use caisson_capability::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

/// Options of a database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the database is: `postgres://HOST[:PORT]/DATABASE`, `mysql://...` (MariaDB as well), `sqlite://PATH?mode=rwc` (`ro`, `rw`,
    /// `rwc`: create the file; `rw` if not given). User and password may be in it, percent-encoded.
    pub url: Secret,
    /// The user, unless it is in the URL.
    #[serde(default)]
    pub username: Option<String>,
    /// The user's password, unless it is in the URL.
    #[serde(default)]
    pub password: Option<Secret>,
    /// How many sessions there are with the database, and for how long.
    #[serde(default)]
    pub pool: Pool,
    /// How long one statement may take in the database, in seconds; the connection's `timeout_secs` if not given. A statement may
    /// ask for less. Rows that are fetched batch by batch may take as long as the request.
    #[serde(default)]
    #[schemars(range(min = 0.001, max = 86_400))]
    pub statement_timeout_secs: Option<f64>,
    /// The most rows of one answer. More are an error. Does not hold for rows that are fetched batch by batch.
    #[serde(default = "max_rows")]
    #[schemars(range(min = 1))]
    pub max_rows: u64,
    /// The most bytes of one answer, and of one batch of rows.
    #[serde(default = "max_bytes")]
    #[schemars(range(min = 1_024))]
    pub max_bytes: u64,
    /// Encryption of the way to the database.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// Statements that are run in each new session, e.g. `SET search_path TO crm`.
    #[serde(default)]
    pub init: Vec<String>,
}

/// The pool of sessions.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pool {
    /// The most sessions at the same time. Calls, transactions and open cursors have one each; more of them wait.
    #[schemars(range(min = 1, max = 10_000))]
    pub max: u32,
    /// So many sessions are not closed for being idle.
    pub min: u32,
    /// A session that nobody used for so long is closed, in seconds.
    #[schemars(range(min = 1))]
    pub idle_secs: u64,
    /// A session is closed at this age, in seconds, once it is idle.
    #[schemars(range(min = 1))]
    pub lifetime_secs: u64,
    /// How long a call waits for a session, in seconds.
    #[schemars(range(min = 0.001, max = 3_600))]
    pub acquire_secs: f64,
}

impl Default for Pool {
    fn default() -> Self {
        Self { max: 10, min: 0, idle_secs: 600, lifetime_secs: 1_800, acquire_secs: 10.0 }
    }
}

/// Encryption.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// How much of it. `verify-full` if not given, or `prefer` for a database on this machine (loopback).
    pub mode: Option<TlsMode>,
    /// Certificates that vouch for the database: PEM, or the path of a file. Those of the system if not given.
    pub ca: Option<String>,
    /// The certificate that we show: PEM, or the path of a file.
    pub cert: Option<String>,
    /// Its key: PEM, or the path of a file.
    pub key: Option<Secret>,
}

/// How much encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// None.
    Disable,
    /// If the database offers it; nothing is verified.
    Prefer,
    /// Always; nothing is verified.
    Require,
    /// Always; the certificate has to be one that `ca` vouches for.
    VerifyCa,
    /// Always; the certificate has to be one that `ca` vouches for, and the host's.
    VerifyFull,
}

fn max_rows() -> u64 {
    10_000
}

fn max_bytes() -> u64 {
    16 * 1024 * 1024
}
