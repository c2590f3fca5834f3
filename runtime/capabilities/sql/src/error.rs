//! What went wrong in a database, as a guest may know it: kind, code, and the database's own sentence without values.

use caisson_capability::{Error, ErrorKind, Fault};
use sqlx::error::{DatabaseError, ErrorKind as SqlKind};
use sqlx::mysql::MySqlDatabaseError;

/// The guest gave something that makes no sense.
pub(crate) fn unfit(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidInput, message).fault(Fault::Service)
}

/// More than a limit allows.
pub(crate) fn too_much(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::QuotaExceeded, message).fault(Fault::Service)
}

/// What came back cannot be understood.
pub(crate) fn garbled(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Internal, message).fault(Fault::Remote)
}

/// The database is not there, or went away.
pub(crate) fn away(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unavailable, message).fault(Fault::Remote)
}

/// An error of a change that was sent. When the session was lost, the change may have been made; what the database itself says, it has
/// undone.
pub(crate) fn sent(error: Error) -> Error {
    if error.kind == ErrorKind::Unavailable && error.code.is_none() { error.retryable(false) } else { error }
}

/// An error of the driver. What names addresses or shows bytes goes into the detail, for the operator.
pub(crate) fn of(error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::Database(error) => of_database(error.as_ref()),
        // What TLS has against a certificate comes as an error of input and output.
        sqlx::Error::Io(error) if error.to_string().contains("certificate") => of(sqlx::Error::Tls(error.into())),
        sqlx::Error::Io(error) => away("the connection with the database was lost, or could not be made").detail(error.to_string()),
        sqlx::Error::WorkerCrashed => away("the connection with the database was lost"),
        sqlx::Error::Tls(error) => away("no encrypted connection could be made with the database: see its certificate, and the options `tls`")
            .retryable(false)
            .detail(error.to_string()),
        sqlx::Error::Encode(error) => unfit(format!("a parameter cannot be sent: {error}")),
        sqlx::Error::Configuration(error) => {
            Error::new(ErrorKind::Unavailable, "the connection with the database is not set up as it has to be: see the server's log")
                .retryable(false)
                .detail(error.to_string())
        }
        other => away("the database answered what is no answer of its protocol").detail(other.to_string()),
    }
}

/// Whether a session can be used further after an error.
pub(crate) fn ends_session(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            let code = code_of(error.as_ref());
            // A plan that the session keeps does not fit the table any more; a new session has none.
            let stale = code.as_deref() == Some("0A000") && error.message().contains("cached plan");
            stale || code.as_deref().is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
        }
        _ => true,
    }
}

fn code_of(error: &dyn DatabaseError) -> Option<String> {
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        return Some(error.number().to_string());
    }
    error.code().map(std::borrow::Cow::into_owned)
}

fn of_database(error: &dyn DatabaseError) -> Error {
    let code = code_of(error).unwrap_or_default();
    let (kind, retryable) = kind_of(error, &code);
    // What only configuration can mend names users and hosts.
    let message = match kind {
        ErrorKind::Unauthenticated => "the database does not let the connection's user in".to_owned(),
        ErrorKind::Timeout => {
            "the statement took longer than it may (statement_timeout_secs), or was cancelled".to_owned()
        }
        _ => without_values(error.message()),
    };
    // A lost race is nothing that a breaker should count against a healthy database.
    let fault = match kind {
        ErrorKind::Unavailable | ErrorKind::Unauthenticated | ErrorKind::Timeout => Fault::Remote,
        _ => Fault::Service,
    };
    let mut told = Error::new(kind, message).fault(fault).retryable(retryable);
    // The database's own sentence about what its operator has to mend; others may quote values.
    if matches!(kind, ErrorKind::Unauthenticated | ErrorKind::Timeout) {
        told = told.detail(error.message().to_owned());
    }
    if code.is_empty() { told } else { told.code(code) }
}

fn kind_of(error: &dyn DatabaseError, code: &str) -> (ErrorKind, bool) {
    if let Some(found) = by_sqlstate(code).or_else(|| by_number(error, code)) {
        return found;
    }
    match error.kind() {
        SqlKind::UniqueViolation
        | SqlKind::ForeignKeyViolation
        | SqlKind::NotNullViolation
        | SqlKind::CheckViolation
        | SqlKind::ExclusionViolation => (ErrorKind::Conflict, false),
        _ => (ErrorKind::InvalidInput, false),
    }
}

/// PostgreSQL's codes, which are five characters.
fn by_sqlstate(code: &str) -> Option<(ErrorKind, bool)> {
    let class = code.get(..2).filter(|_| code.len() == 5)?;
    Some(match (class, code) {
        (_, "40001" | "40P01" | "55P03") => (ErrorKind::Conflict, true),
        (_, "0A000") => (ErrorKind::InvalidInput, true),
        (_, "57014") => (ErrorKind::Timeout, true),
        (_, "42501" | "25006") => (ErrorKind::AccessDenied, false),
        (_, "42P01" | "42883" | "42703") => (ErrorKind::InvalidInput, false),
        ("28", _) => (ErrorKind::Unauthenticated, false),
        ("08" | "53" | "57", _) => (ErrorKind::Unavailable, true),
        ("23", _) => (ErrorKind::Conflict, false),
        _ => (ErrorKind::InvalidInput, false),
    })
}

/// Numbers of MySQL, MariaDB and SQLite, told apart by the type of the error.
fn by_number(error: &dyn DatabaseError, code: &str) -> Option<(ErrorKind, bool)> {
    let number: u32 = code.parse().ok()?;
    if error.try_downcast_ref::<MySqlDatabaseError>().is_some() {
        return Some(match number {
            1213 | 1205 | 1020 => (ErrorKind::Conflict, true),
            1062 | 1586 | 1169 | 1216 | 1217 | 1451 | 1452 | 1048 | 3819 | 4025 => {
                (ErrorKind::Conflict, false)
            }
            1044 | 1142 | 1143 | 1227 | 1370 | 1792 => (ErrorKind::AccessDenied, false),
            1045 | 1698 | 1251 => (ErrorKind::Unauthenticated, false),
            1040 | 1053 | 1077 | 1203 | 1226 | 1927 | 2006 | 2013 => (ErrorKind::Unavailable, true),
            1317 | 1969 | 3024 => (ErrorKind::Timeout, true),
            _ => return None,
        });
    }
    // SQLite's extended codes have the primary one in their lowest byte.
    Some(match number & 0xff {
        5 | 6 => (ErrorKind::Conflict, true),
        8 | 3 | 23 => (ErrorKind::AccessDenied, false),
        9 => (ErrorKind::Timeout, true),
        10 | 13 | 14 => (ErrorKind::Unavailable, true),
        11 | 26 => (ErrorKind::Unavailable, false),
        18 => (ErrorKind::QuotaExceeded, false),
        19 => (ErrorKind::Conflict, false),
        _ => return None,
    })
}

/// A message of a database whose quoted parts are values: `Duplicate entry 'x' for key 'y'`, `invalid input syntax for type x: "y"`.
fn without_values(message: &str) -> String {
    let hidden = if let Some((before, _)) = message.split_once("invalid input syntax for type ") {
        let rest = message.get(before.len()..).unwrap_or_default();
        rest.split(':').next().unwrap_or_default().to_owned()
    } else if let Some(rest) = message.strip_prefix("Duplicate entry ") {
        let key = rest.rsplit_once(" for key ").map_or("", |(_, key)| key);
        format!("Duplicate entry for key {key}")
    } else if message.contains("value: '") || message.starts_with("Data truncat") {
        message.split(':').next().unwrap_or_default().to_owned()
    } else {
        message.to_owned()
    };
    hidden.chars().take(2_000).collect()
}
