//! MySQL and MariaDB.

use super::dialect::{Dialect, OptionsOf, Yield};
use super::time;
use crate::error;
use crate::statement::Kind;
use crate::value::{Outcome, Scalar, TransactionOptions, Value};
use caisson_capability::{BoxFuture, Error};
use futures_util::stream::BoxStream;
use sqlx::encode::IsNull;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::mysql::{
    MySqlArguments, MySqlConnection, MySqlDatabaseError, MySqlQueryResult, MySqlRow, MySqlStatement,
    MySqlTypeInfo, MySqlValueRef,
};
use sqlx::{
    Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, Decode, Encode, Executor as _,
    MySql, Row as _, SqlSafeStr as _, Statement as _, Type, TypeInfo as _, ValueRef as _,
};

/// What is to be known of a session.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Its number.
    id: u64,
    mariadb: bool,
    /// The driver's name for `DECIMAL`, which it tells only of columns.
    decimal: MySqlTypeInfo,
}

impl Dialect for MySql {
    type Facts = Facts;

    const KIND: Kind = Kind::MySql;

    fn facts(conn: &mut MySqlConnection) -> BoxFuture<'_, sqlx::Result<Facts>> {
        Box::pin(async move {
            let text =
                "SELECT CAST(connection_id() AS UNSIGNED), CAST(version() AS CHAR), CAST(0 AS DECIMAL(1))";
            let row = sqlx::query(text).persistent(false).fetch_one(conn).await?;
            let version: String = row.try_get_unchecked(1)?;
            let decimal = row.try_get_raw(2)?.type_info().into_owned();
            Ok(Facts {
                id: row.try_get_unchecked(0)?,
                mariadb: version.to_ascii_lowercase().contains("mariadb"),
                decimal,
            })
        })
    }

    fn run(conn: &mut MySqlConnection, text: String) -> BoxFuture<'_, sqlx::Result<()>> {
        Box::pin(async move { sqlx::raw_sql(AssertSqlSafe(text)).execute(conn).await.map(drop) })
    }

    fn prepare(conn: &mut MySqlConnection, text: String) -> BoxFuture<'_, sqlx::Result<MySqlStatement>> {
        conn.prepare(AssertSqlSafe(text).into_sql_str())
    }

    fn fetch(
        conn: &mut MySqlConnection,
        text: String,
        arguments: MySqlArguments,
    ) -> BoxStream<'_, Yield<Self>> {
        conn.fetch_many(sqlx::query_with(AssertSqlSafe(text), arguments))
    }

    fn arguments(
        facts: &Facts,
        statement: &MySqlStatement,
        values: &[Value],
    ) -> Result<MySqlArguments, Error> {
        let wanted = statement.parameters().map_or(0, |all| all.either(<[_]>::len, |count| count));
        if wanted != values.len() {
            return Err(error::unfit(format!(
                "the statement has {wanted} placeholders, and {} values are given",
                values.len()
            )));
        }
        let mut arguments = MySqlArguments::default();
        for (at, value) in values.iter().enumerate() {
            add(&mut arguments, facts, value)
                .map_err(|why| error::unfit(format!("value {} is {} {why}", at + 1, value.kind())))?;
        }
        Ok(arguments)
    }

    fn value(row: &MySqlRow, index: usize) -> Result<Value, Error> {
        let raw = row.try_get_raw(index).map_err(error::of)?;
        let name = raw.type_info().name().to_owned();
        read(&name, raw).map(Value::Scalar).ok_or_else(|| {
            error::garbled(format!(
                "the database sent a value that is none of type {}",
                name.to_ascii_lowercase()
            ))
        })
    }

    fn outcome(result: &MySqlQueryResult) -> Outcome {
        let id = Some(result.last_insert_id()).filter(|id| *id > 0);
        Outcome { affected: result.rows_affected(), last_insert_id: id.and_then(|id| i64::try_from(id).ok()) }
    }

    fn limit(facts: &Facts, millis: u64) -> Option<String> {
        Some(if facts.mariadb {
            format!("SET SESSION max_statement_time = {}.{:03}", millis / 1_000, millis % 1_000)
        } else {
            format!("SET SESSION max_execution_time = {millis}")
        })
    }

    fn begin(how: TransactionOptions) -> Vec<String> {
        let isolation =
            how.isolation.map(|isolation| format!("SET TRANSACTION ISOLATION LEVEL {}", isolation.as_sql()));
        let begin =
            if how.read_only { "START TRANSACTION READ ONLY" } else { "START TRANSACTION READ WRITE" };
        isolation.into_iter().chain([begin.to_owned()]).collect()
    }

    fn end(commit: bool, _read_only: bool) -> Vec<String> {
        vec![if commit { "COMMIT" } else { "ROLLBACK" }.to_owned()]
    }

    /// A deadlock rolls all of it back; without this the next statement would be one outside of a transaction.
    fn aborts(error: &dyn DatabaseError) -> bool {
        error
            .try_downcast_ref::<MySqlDatabaseError>()
            .is_some_and(|error| matches!(error.number(), 1213 | 1614))
    }

    fn stop<'a>(options: &'a OptionsOf<Self>, facts: &'a Facts) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Ok(mut conn) = options.connect().await {
                drop(Self::run(&mut conn, format!("KILL {}", facts.id)).await);
                drop(conn.close().await);
            }
        })
    }
}

/// A decimal, as its digits: sent as a text, it would be compared as a double.
struct Decimal<'a>(&'a str, &'a MySqlTypeInfo);

impl Type<MySql> for Decimal<'_> {
    fn type_info() -> MySqlTypeInfo {
        <str as Type<MySql>>::type_info()
    }
}

impl Encode<'_, MySql> for Decimal<'_> {
    fn encode_by_ref(&self, buffer: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
        <&str as Encode<'_, MySql>>::encode_by_ref(&self.0, buffer)
    }

    fn produces(&self) -> Option<MySqlTypeInfo> {
        Some(self.1.clone())
    }
}

fn add(arguments: &mut MySqlArguments, facts: &Facts, value: &Value) -> Result<(), String> {
    let Value::Scalar(scalar) = value else {
        return Err("which MySQL does not have: write one placeholder for each element".to_owned());
    };
    let added = match scalar {
        Scalar::Null => arguments.add(None::<String>),
        Scalar::Boolean(yes) => arguments.add(*yes),
        Scalar::Int(number) => arguments.add(*number),
        Scalar::Unsigned(number) => arguments.add(*number),
        Scalar::Double(number) => arguments.add(*number),
        Scalar::Bytes(bytes) => arguments.add(bytes.as_slice()),
        Scalar::Decimal(text) => {
            if !is_decimal(text) {
                return Err("that is no number of MySQL".to_owned());
            }
            arguments.add(Decimal(text, &facts.decimal))
        }
        Scalar::TimestampTz(text) => {
            arguments.add(in_utc(text).ok_or("that is no timestamp with an offset")?)
        }
        Scalar::Interval(text) => arguments.add(clock(text).ok_or("that MySQL's TIME cannot hold")?),
        other => arguments.add(other.text().unwrap_or_default()),
    };
    added.map_err(|error| format!("that cannot be sent: {error}"))
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let fits = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    fits && digits.bytes().any(|byte| byte.is_ascii_digit()) && digits.matches('.').count() <= 1
}

/// The session's zone is UTC.
fn in_utc(text: &str) -> Option<String> {
    let (moment, zone) = time::split_zone(text)?;
    let micros = time::read_timestamp(moment)?.checked_add(i64::from(zone?) * 1_000_000)?;
    Some(time::timestamp(micros))
}

fn clock(text: &str) -> Option<String> {
    let (micros, days, months) = time::read_interval(text)?;
    let all = micros.checked_add(i64::from(days).checked_mul(86_400_000_000)?)?;
    let sign = if all < 0 { "-" } else { "" };
    (months == 0)
        .then(|| format!("{sign}{}", time::time(i64::try_from(all.unsigned_abs()).unwrap_or(i64::MAX))))
}

fn read(name: &str, raw: MySqlValueRef<'_>) -> Option<Scalar> {
    // The driver takes `0000-00-00` for NULL; so it is told as a text.
    let zero = matches!(name, "DATE" | "DATETIME" | "TIMESTAMP");
    let Ok(bytes) = <&[u8] as Decode<'_, MySql>>::decode(raw.clone()) else { return Some(Scalar::Null) };
    if zero && bytes.first() == Some(&0) {
        return Some(Scalar::Other(
            if name == "DATE" { "0000-00-00" } else { "0000-00-00T00:00:00" }.to_owned(),
        ));
    }
    let text = || std::str::from_utf8(bytes).ok().map(str::to_owned);
    Some(match name {
        "NULL" => Scalar::Null,
        "FLOAT" => Scalar::Double(f32::from_le_bytes(bytes.try_into().ok()?).into()),
        "DOUBLE" => Scalar::Double(f64::from_le_bytes(bytes.try_into().ok()?)),
        "DECIMAL" => Scalar::Decimal(text()?),
        "JSON" => Scalar::Json(text()?),
        "BIT" => Scalar::Unsigned(<u64 as Decode<'_, MySql>>::decode(raw).ok()?),
        "DATE" => Scalar::Date(date(bytes.get(1..)?)?),
        "DATETIME" => Scalar::Timestamp(timestamp(bytes.get(1..)?)?),
        "TIMESTAMP" => Scalar::TimestampTz(format!("{}+00:00", timestamp(bytes.get(1..)?)?)),
        "TIME" => duration(bytes)?,
        "YEAR" => Scalar::Int(u16::from_le_bytes(bytes.try_into().ok()?).into()),
        "GEOMETRY" => Scalar::Bytes(bytes.to_vec()),
        // `tinyint(1) unsigned` has the name of a boolean too.
        name if name.ends_with("UNSIGNED")
            || (name == "BOOLEAN" && <u64 as Type<MySql>>::compatible(&raw.type_info())) =>
        {
            Scalar::Unsigned(<u64 as Decode<'_, MySql>>::decode(raw).ok()?)
        }
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
            Scalar::Int(<i64 as Decode<'_, MySql>>::decode(raw).ok()?)
        }
        // A binary collation makes a text look like bytes, but for what the driver knows of it.
        _ if <str as Type<MySql>>::compatible(&raw.type_info()) => Scalar::Text(text()?),
        _ => Scalar::Bytes(bytes.to_vec()),
    })
}

fn date(bytes: &[u8]) -> Option<String> {
    let (head, rest) = bytes.split_first_chunk::<2>()?;
    let (month, day) = (rest.first()?, rest.get(1)?);
    Some(format!("{:04}-{month:02}-{day:02}", u16::from_le_bytes(*head)))
}

fn timestamp(bytes: &[u8]) -> Option<String> {
    let date = date(bytes)?;
    let Some(clock) = bytes.get(4..).filter(|clock| !clock.is_empty()) else {
        return Some(format!("{date}T00:00:00"));
    };
    Some(format!("{date}T{}", time::time(micros(clock)?)))
}

/// Hours, minutes, seconds and perhaps microseconds.
fn micros(bytes: &[u8]) -> Option<i64> {
    let ([hours, minutes, seconds], rest) = bytes.split_first_chunk::<3>()?;
    let whole = (i64::from(*hours) * 60 + i64::from(*minutes)) * 60 + i64::from(*seconds);
    let part = if rest.is_empty() { 0 } else { u32::from_le_bytes(rest.try_into().ok()?) };
    Some(whole * 1_000_000 + i64::from(part))
}

/// `TIME` is a time of the day, or how long something takes.
fn duration(bytes: &[u8]) -> Option<Scalar> {
    let Some((negative, rest)) = bytes.get(1..)?.split_first() else {
        return Some(Scalar::Time("00:00:00".to_owned()));
    };
    let (days, clock) = rest.split_first_chunk::<4>()?;
    let days = u32::from_le_bytes(*days);
    let all = i64::from(days) * 86_400_000_000 + micros(clock)?;
    Some(if *negative == 0 && days == 0 {
        Scalar::Time(time::time(all))
    } else {
        Scalar::Interval(time::interval(if *negative == 0 { all } else { -all }, 0, 0))
    })
}
