//! Values of PostgreSQL's binary form.

use super::numeric;
use crate::client::time;
use crate::error;
use crate::value::{Array, Scalar, Value};
use caisson_capability::Error;
use sqlx::postgres::{PgTypeInfo, PgTypeKind, PgValueRef};
use sqlx::{TypeInfo as _, ValueRef as _};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The numbers of types, which PostgreSQL never changes.
pub(super) mod oid {
    #![allow(missing_docs, reason = "the names are PostgreSQL's")]
    pub(crate) const BOOL: u32 = 16;
    pub(crate) const BYTEA: u32 = 17;
    pub(crate) const CHAR: u32 = 18;
    pub(crate) const NAME: u32 = 19;
    pub(crate) const INT8: u32 = 20;
    pub(crate) const INT2: u32 = 21;
    pub(crate) const INT4: u32 = 23;
    pub(crate) const TEXT: u32 = 25;
    pub(crate) const OID: u32 = 26;
    pub(crate) const JSON: u32 = 114;
    pub(crate) const XML: u32 = 142;
    pub(crate) const CIDR: u32 = 650;
    pub(crate) const FLOAT4: u32 = 700;
    pub(crate) const FLOAT8: u32 = 701;
    pub(crate) const UNKNOWN: u32 = 705;
    pub(crate) const MACADDR8: u32 = 774;
    pub(crate) const MACADDR: u32 = 829;
    pub(crate) const INET: u32 = 869;
    pub(crate) const BPCHAR: u32 = 1042;
    pub(crate) const VARCHAR: u32 = 1043;
    pub(crate) const DATE: u32 = 1082;
    pub(crate) const TIME: u32 = 1083;
    pub(crate) const TIMESTAMP: u32 = 1114;
    pub(crate) const TIMESTAMPTZ: u32 = 1184;
    pub(crate) const INTERVAL: u32 = 1186;
    pub(crate) const TIMETZ: u32 = 1266;
    pub(crate) const BIT: u32 = 1560;
    pub(crate) const VARBIT: u32 = 1562;
    pub(crate) const NUMERIC: u32 = 1700;
    pub(crate) const VOID: u32 = 2278;
    pub(crate) const UUID: u32 = 2950;
    pub(crate) const JSONB: u32 = 3802;

    pub(crate) const ALL: [u32; 32] = [
        BOOL,
        BYTEA,
        CHAR,
        NAME,
        INT8,
        INT2,
        INT4,
        TEXT,
        OID,
        JSON,
        XML,
        CIDR,
        FLOAT4,
        FLOAT8,
        UNKNOWN,
        MACADDR8,
        MACADDR,
        INET,
        BPCHAR,
        VARCHAR,
        DATE,
        TIME,
        TIMESTAMP,
        TIMESTAMPTZ,
        INTERVAL,
        TIMETZ,
        BIT,
        VARBIT,
        NUMERIC,
        VOID,
        UUID,
        JSONB,
    ];
}

/// What a domain is at heart.
pub(super) fn base(info: &PgTypeInfo) -> &PgTypeInfo {
    match info.kind() {
        PgTypeKind::Domain(inner) => base(inner),
        _ => info,
    }
}

/// Whether values of a type have a form of ours.
pub(super) fn readable(info: &PgTypeInfo) -> bool {
    let info = base(info);
    match info.kind() {
        PgTypeKind::Enum(_) => true,
        PgTypeKind::Array(element) => readable(element),
        PgTypeKind::Simple | PgTypeKind::Pseudo => {
            info.oid().is_some_and(|number| oid::ALL.contains(&number.0))
        }
        PgTypeKind::Composite(_) | PgTypeKind::Range(_) | PgTypeKind::Domain(_) => false,
    }
}

/// A value of a row.
pub(super) fn value(raw: PgValueRef<'_>) -> Result<Value, Error> {
    if raw.is_null() {
        return Ok(Value::NULL);
    }
    let info = raw.type_info().into_owned();
    let bytes = raw.as_bytes().map_err(|_null| wrong(&info))?;
    let found = match base(&info).kind() {
        PgTypeKind::Array(element) => array(element, bytes).map(Value::Array),
        _ => scalar(base(&info), bytes).map(Value::Scalar),
    };
    found.ok_or_else(|| wrong(&info))
}

fn wrong(info: &PgTypeInfo) -> Error {
    error::garbled(format!("the database sent a value that is none of type {info}"))
}

fn scalar(info: &PgTypeInfo, bytes: &[u8]) -> Option<Scalar> {
    let text = || std::str::from_utf8(bytes).ok().map(str::to_owned);
    if matches!(info.kind(), PgTypeKind::Enum(_)) {
        return text().map(Scalar::Text);
    }
    Some(match info.oid()?.0 {
        oid::BOOL => Scalar::Boolean(i8::from_be_bytes(bytes.try_into().ok()?) != 0),
        oid::INT2 => Scalar::Int(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        oid::INT4 => Scalar::Int(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        oid::INT8 => Scalar::Int(i64::from_be_bytes(bytes.try_into().ok()?)),
        oid::OID => Scalar::Int(u32::from_be_bytes(bytes.try_into().ok()?).into()),
        oid::FLOAT4 => Scalar::Double(f32::from_be_bytes(bytes.try_into().ok()?).into()),
        oid::FLOAT8 => Scalar::Double(f64::from_be_bytes(bytes.try_into().ok()?)),
        oid::NUMERIC => Scalar::Decimal(numeric::read(bytes)?),
        oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME | oid::CHAR | oid::UNKNOWN | oid::XML => {
            Scalar::Text(text()?)
        }
        oid::BYTEA => Scalar::Bytes(bytes.to_vec()),
        oid::JSON => Scalar::Json(text()?),
        oid::JSONB => Scalar::Json(std::str::from_utf8(bytes.strip_prefix(&[1])?).ok()?.to_owned()),
        oid::UUID => Scalar::Uuid(uuid(bytes)?),
        oid::VOID => Scalar::Null,
        oid::INET | oid::CIDR => Scalar::Other(network(bytes)?),
        oid::MACADDR | oid::MACADDR8 => {
            Scalar::Other(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"))
        }
        oid::BIT | oid::VARBIT => Scalar::Other(bits(bytes)?),
        number => moment(number, bytes)?,
    })
}

/// Dates and times.
fn moment(number: u32, bytes: &[u8]) -> Option<Scalar> {
    Some(match number {
        oid::DATE => Scalar::Date(time::date(i32::from_be_bytes(bytes.try_into().ok()?))),
        oid::TIME => Scalar::Time(time::time(i64::from_be_bytes(bytes.try_into().ok()?))),
        oid::TIMETZ => {
            let (micros, west) = bytes.split_first_chunk::<8>()?;
            let west = i32::from_be_bytes(west.try_into().ok()?);
            Scalar::Time(format!("{}{}", time::time(i64::from_be_bytes(*micros)), time::zone(west)))
        }
        oid::TIMESTAMP => Scalar::Timestamp(time::timestamp(i64::from_be_bytes(bytes.try_into().ok()?))),
        oid::TIMESTAMPTZ => {
            let micros = i64::from_be_bytes(bytes.try_into().ok()?);
            let endless = micros == i64::MAX || micros == i64::MIN;
            Scalar::TimestampTz(format!("{}{}", time::timestamp(micros), if endless { "" } else { "+00:00" }))
        }
        oid::INTERVAL => {
            let (micros, rest) = bytes.split_first_chunk::<8>()?;
            let (days, months) = rest.split_first_chunk::<4>()?;
            let months = i32::from_be_bytes(months.try_into().ok()?);
            Scalar::Interval(time::interval(i64::from_be_bytes(*micros), i32::from_be_bytes(*days), months))
        }
        _ => return None,
    })
}

fn uuid(bytes: &[u8]) -> Option<String> {
    let number = u128::from_be_bytes(bytes.try_into().ok()?);
    let digits = format!("{number:032x}");
    let part = |from: usize, to: usize| digits.get(from..to);
    Some([part(0, 8)?, part(8, 12)?, part(12, 16)?, part(16, 20)?, part(20, 32)?].join("-"))
}

/// `inet` and `cidr`: family, bits of the mask, whether it is a network, length, address.
fn network(bytes: &[u8]) -> Option<String> {
    let (head, address) = bytes.split_first_chunk::<4>()?;
    let [_, mask, is_network, _] = *head;
    let (text, whole) = match address.len() {
        4 => (Ipv4Addr::from(<[u8; 4]>::try_from(address).ok()?).to_string(), 32),
        16 => (Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?).to_string(), 128),
        _ => return None,
    };
    Some(if mask == whole && is_network == 0 { text } else { format!("{text}/{mask}") })
}

fn bits(bytes: &[u8]) -> Option<String> {
    let (count, bytes) = bytes.split_first_chunk::<4>()?;
    let count = usize::try_from(i32::from_be_bytes(*count)).ok()?;
    let all: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    all.get(..count).map(str::to_owned)
}

/// Dimensions, then each element with its length.
fn array(element: &PgTypeInfo, bytes: &[u8]) -> Option<Array> {
    let mut rest = bytes;
    let mut word = || {
        let (head, tail) = rest.split_first_chunk::<4>()?;
        rest = tail;
        Some(i32::from_be_bytes(*head))
    };
    let (count, _has_nulls, _type) = (word()?, word()?, word()?);
    let mut dimensions = Vec::new();
    for _ in 0..count {
        dimensions.push(u32::try_from(word()?).ok()?);
        let _first_index = word()?;
    }
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (length, tail) = rest.split_first_chunk::<4>()?;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            items.push(Scalar::Null);
            rest = tail;
            continue;
        };
        let (own, tail) = tail.split_at_checked(length)?;
        items.push(scalar(base(element), own)?);
        rest = tail;
    }
    let expected =
        if dimensions.is_empty() { 0 } else { dimensions.iter().map(|size| u64::from(*size)).product() };
    (items.len() as u64 == expected).then(|| Array {
        element: element.name().to_ascii_lowercase(),
        dimensions,
        items,
    })
}
