//! The database that options lead to.

use super::backend::Backend;
use super::pool::Pool;
use crate::config::{Config, Secret, Tls, TlsMode};
use caisson_capability::{Problem, Setup};
use percent_encoding::percent_decode_str;
use sqlx::ConnectOptions as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{MySql, Postgres, Sqlite};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How sessions are kept, whatever the database.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) pool: crate::config::Pool,
    pub(super) acquire: Duration,
    pub(super) idle: Duration,
    pub(super) lifetime: Duration,
    pub(super) init: Vec<String>,
}

/// How long a file of SQLite may be locked by others before a statement gives up.
const LOCKED: Duration = Duration::from_secs(5);

impl Settings {
    fn of(config: &Config) -> Self {
        Self {
            acquire: Duration::try_from_secs_f64(config.pool.acquire_secs).unwrap_or(Duration::from_secs(10)),
            idle: Duration::from_secs(config.pool.idle_secs),
            lifetime: Duration::from_secs(config.pool.lifetime_secs),
            pool: config.pool.clone(),
            init: config.init.clone(),
        }
    }
}

/// The pool for a database.
///
/// # Errors
///
/// What is wrong with the options.
pub(super) fn backend(setup: &Setup, config: &Config) -> Result<Arc<dyn Backend>, Vec<Problem>> {
    let settings = Settings::of(config);
    if config.pool.min > config.pool.max {
        return Err(vec![Problem::at("pool/min", "is more than pool/max: write a smaller number")]);
    }
    let text = config.url.expose();
    // A path of SQLite is no URL: it is taken as it stands.
    if let Some(path) = text.strip_prefix("sqlite:") {
        return Ok(Arc::new(Arc::new(Pool::<Sqlite>::new(sqlite(path, config)?, settings))));
    }
    let place = Place::of(text, config)?;
    match place.scheme.as_str() {
        "postgres" | "postgresql" => Ok(Arc::new(Arc::new(Pool::<Postgres>::new(
            postgres(&place, config.tls.as_ref(), &setup.name),
            settings,
        )))),
        "mysql" | "mariadb" => {
            Ok(Arc::new(Arc::new(Pool::<MySql>::new(mysql(&place, config.tls.as_ref()), settings))))
        }
        _ => Err(vec![Problem::at("url", "begins with postgres://, mysql:// or sqlite://")]),
    }
}

/// What a URL of a server says.
struct Place {
    scheme: String,
    host: String,
    port: Option<u16>,
    database: String,
    username: String,
    password: Option<Secret>,
    mode: TlsMode,
}

impl Place {
    fn of(text: &str, config: &Config) -> Result<Self, Vec<Problem>> {
        let wrong = |message: &str| vec![Problem::at("url", message)];
        // Its errors may quote what they could not read, which may be a password.
        let url = Url::parse(text).map_err(|_hidden| {
            wrong("cannot be read: write postgres://HOST:PORT/DATABASE, with `@`, `/`, `#` and `%` of names and passwords percent-encoded")
        })?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("has no host"))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        if let Some((name, _)) = url.query_pairs().next() {
            let shown: String = name.chars().take(40).collect();
            return Err(wrong(&format!(
                "has the parameter `{shown}`: what it may say is an option of its own, e.g. `tls: {{mode: verify-full}}`"
            )));
        }
        let decode = |text: &str| {
            percent_decode_str(text)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| wrong("is not UTF-8"))
        };
        let username = match (&config.username, url.username()) {
            (Some(_), own) if !own.is_empty() => {
                return Err(vec![Problem::at("username", "is in the url too: write it once")]);
            }
            (Some(username), _) => username.clone(),
            (None, own) => decode(own)?,
        };
        if username.is_empty() {
            return Err(vec![Problem::at("username", "`username` is missing: write it here or in the url")]);
        }
        let password = match (&config.password, url.password()) {
            (Some(_), Some(_)) => {
                return Err(vec![Problem::at("password", "is in the url too: write it once")]);
            }
            (Some(password), None) => Some(password.clone()),
            (None, own) => own.map(decode).transpose()?.map(Secret::new),
        };
        let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let usual = if loopback && config.tls.as_ref().is_none_or(|tls| tls.ca.is_none()) {
            TlsMode::Prefer
        } else {
            TlsMode::VerifyFull
        };
        Ok(Self {
            scheme: url.scheme().to_owned(),
            port: url.port(),
            database: decode(url.path().trim_start_matches('/'))?,
            mode: config.tls.as_ref().and_then(|tls| tls.mode).unwrap_or(usual),
            host,
            username,
            password,
        })
    }
}

fn is_pem(text: &str) -> bool {
    text.trim_start().starts_with("-----BEGIN")
}

fn postgres(place: &Place, tls: Option<&Tls>, name: &str) -> PgConnectOptions {
    let mode = match place.mode {
        TlsMode::Disable => PgSslMode::Disable,
        TlsMode::Prefer => PgSslMode::Prefer,
        TlsMode::Require => PgSslMode::Require,
        TlsMode::VerifyCa => PgSslMode::VerifyCa,
        TlsMode::VerifyFull => PgSslMode::VerifyFull,
    };
    // Everything is said, as the driver would take from the environment what is not.
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(&place.host)
        .port(place.port.unwrap_or(5432))
        .username(&place.username)
        .password(place.password.as_ref().map_or("", Secret::expose))
        .database(if place.database.is_empty() { &place.username } else { &place.database })
        .ssl_mode(mode)
        .application_name(&format!("caisson {name}"))
        .disable_statement_logging();
    if let Some(ca) = tls.and_then(|tls| tls.ca.as_deref()) {
        options =
            if is_pem(ca) { options.ssl_root_cert_from_pem(ca.into()) } else { options.ssl_root_cert(ca) };
    }
    if let Some(cert) = tls.and_then(|tls| tls.cert.as_deref()) {
        options =
            if is_pem(cert) { options.ssl_client_cert_from_pem(cert) } else { options.ssl_client_cert(cert) };
    }
    if let Some(key) = tls.and_then(|tls| tls.key.as_ref()).map(Secret::expose) {
        options =
            if is_pem(key) { options.ssl_client_key_from_pem(key) } else { options.ssl_client_key(key) };
    }
    options
}

fn mysql(place: &Place, tls: Option<&Tls>) -> MySqlConnectOptions {
    let mode = match place.mode {
        TlsMode::Disable => MySqlSslMode::Disabled,
        TlsMode::Prefer => MySqlSslMode::Preferred,
        TlsMode::Require => MySqlSslMode::Required,
        TlsMode::VerifyCa => MySqlSslMode::VerifyCa,
        TlsMode::VerifyFull => MySqlSslMode::VerifyIdentity,
    };
    let mut options = MySqlConnectOptions::new()
        .host(&place.host)
        .port(place.port.unwrap_or(3306))
        .username(&place.username)
        // The database's own modes hold: what an operator has set there is meant.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .ssl_mode(mode)
        .disable_statement_logging();
    if let Some(password) = &place.password {
        options = options.password(password.expose());
    }
    if !place.database.is_empty() {
        options = options.database(&place.database);
    }
    if let Some(ca) = tls.and_then(|tls| tls.ca.as_deref()) {
        options = if is_pem(ca) { options.ssl_ca_from_pem(ca.into()) } else { options.ssl_ca(ca) };
    }
    if let Some(cert) = tls.and_then(|tls| tls.cert.as_deref()) {
        options =
            if is_pem(cert) { options.ssl_client_cert_from_pem(cert) } else { options.ssl_client_cert(cert) };
    }
    if let Some(key) = tls.and_then(|tls| tls.key.as_ref()).map(Secret::expose) {
        options =
            if is_pem(key) { options.ssl_client_key_from_pem(key) } else { options.ssl_client_key(key) };
    }
    options
}

fn sqlite(path: &str, config: &Config) -> Result<SqliteConnectOptions, Vec<Problem>> {
    let wrong = |place: &str, message: &str| Err(vec![Problem::at(place, message)]);
    let path = path.strip_prefix("//").unwrap_or(path);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    if path.is_empty() || path.contains(":memory:") {
        return wrong(
            "url",
            "has no file: write sqlite://PATH?mode=rwc (each session would have a database of its own in memory)",
        );
    }
    if config.tls.is_some() || config.username.is_some() || config.password.is_some() {
        return wrong("url", "is a file: it has neither username, password nor tls");
    }
    let Ok(path) = percent_decode_str(path).decode_utf8() else { return wrong("url", "is not UTF-8") };
    let options =
        SqliteConnectOptions::new().filename(path.as_ref()).busy_timeout(LOCKED).disable_statement_logging();
    match query {
        "" | "mode=rw" => Ok(options),
        "mode=rwc" => Ok(options.create_if_missing(true)),
        "mode=ro" => Ok(options.read_only(true)),
        _ => wrong("url", "has an unknown parameter: write mode=ro, mode=rw or mode=rwc"),
    }
}
