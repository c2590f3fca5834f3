//! Values for PostgreSQL, each as the statement wants it: the database says of each placeholder what it is.

use super::decode::{base, oid};
use super::numeric;
use crate::client::time;
use crate::error;
use crate::value::{Array, Scalar, Value};
use caisson_capability::Error;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgStatement, PgTypeInfo, PgTypeKind};
use sqlx::{Arguments as _, Either, Encode, Postgres, Statement as _, Type};
use std::net::IpAddr;

/// A value in the binary form; nothing for NULL.
struct Raw {
    bytes: Option<Vec<u8>>,
    info: PgTypeInfo,
}

impl Type<Postgres> for Raw {
    fn type_info() -> PgTypeInfo {
        <String as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Raw {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let Some(bytes) = &self.bytes else { return Ok(IsNull::Yes) };
        buffer.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.info.clone())
    }
}

/// The values of a statement.
pub(super) fn arguments(statement: &PgStatement, values: &[Value]) -> Result<PgArguments, Error> {
    let types = match statement.parameters() {
        Some(Either::Left(types)) => types,
        _ => &[],
    };
    if types.len() != values.len() {
        return Err(error::unfit(format!(
            "the statement has {} placeholders, and {} values are given",
            types.len(),
            values.len()
        )));
    }
    let mut arguments = PgArguments::default();
    for (at, (info, value)) in types.iter().zip(values).enumerate() {
        let bytes = encode(info, value).map_err(|wanted| unfit(at + 1, value, info, wanted))?;
        arguments
            .add(Raw { bytes, info: info.clone() })
            .map_err(|error| error::unfit(format!("value {} cannot be sent: {error}", at + 1)))?;
    }
    Ok(arguments)
}

/// Why a value cannot be had in the form that is wanted.
enum Unfit {
    /// There is no way from what it is.
    Kind,
    /// It is of the right kind, and none of its values.
    Value,
    /// We do not know the form.
    Unknown,
}

fn unfit(number: usize, value: &Value, info: &PgTypeInfo, why: Unfit) -> Error {
    let given = value.kind();
    error::unfit(match why {
        Unfit::Kind => format!(
            "value {number} is {given}, and the statement wants {info} there: give one, or cast it, e.g. `${number}::text`"
        ),
        Unfit::Value => format!("value {number} is {given} that is no value of type {info}"),
        Unfit::Unknown => format!(
            "value {number} is wanted as {info}, which has no form here: give a text and write `${number}::text::{info}`"
        ),
    })
}

fn encode(info: &PgTypeInfo, value: &Value) -> Result<Option<Vec<u8>>, Unfit> {
    let info = base(info);
    match value {
        Value::Scalar(Scalar::Null) => Ok(None),
        Value::Scalar(scalar) => self::scalar(info, scalar).map(Some),
        Value::Array(array) => match info.kind() {
            PgTypeKind::Array(element) => self::array(element, array).map(Some),
            _ => Err(Unfit::Kind),
        },
    }
}

fn array(element: &PgTypeInfo, array: &Array) -> Result<Vec<u8>, Unfit> {
    let number = element.oid().ok_or(Unfit::Unknown)?.0;
    let count = array
        .dimensions
        .iter()
        .try_fold(1_usize, |count, size| count.checked_mul(usize::try_from(*size).ok()?));
    let expected = if array.dimensions.is_empty() { Some(0) } else { count };
    if expected != Some(array.items.len()) || array.dimensions.len() > 6 {
        return Err(Unfit::Value);
    }
    let dimensions: &[u32] = if array.items.is_empty() { &[] } else { &array.dimensions };
    let word = |number: usize| i32::try_from(number).map_err(|_| Unfit::Value).map(i32::to_be_bytes);
    let mut out = Vec::new();
    out.extend(word(dimensions.len())?);
    out.extend(i32::from(array.items.contains(&Scalar::Null)).to_be_bytes());
    out.extend(number.to_be_bytes());
    for size in dimensions {
        out.extend(size.to_be_bytes());
        out.extend(1_i32.to_be_bytes());
    }
    for item in &array.items {
        if *item == Scalar::Null {
            out.extend((-1_i32).to_be_bytes());
            continue;
        }
        let bytes = scalar(base(element), item)?;
        out.extend(word(bytes.len())?);
        out.extend(bytes);
    }
    Ok(out)
}

fn scalar(info: &PgTypeInfo, scalar: &Scalar) -> Result<Vec<u8>, Unfit> {
    if matches!(info.kind(), PgTypeKind::Enum(_)) {
        return text(scalar);
    }
    let number = info.oid().ok_or(Unfit::Unknown)?.0;
    match number {
        oid::BOOL => match scalar {
            Scalar::Boolean(yes) => Ok(vec![u8::from(*yes)]),
            _ => Err(Unfit::Kind),
        },
        oid::INT2 => whole::<i16>(scalar).map(|number| number.to_be_bytes().to_vec()),
        oid::INT4 => whole::<i32>(scalar).map(|number| number.to_be_bytes().to_vec()),
        oid::INT8 => whole::<i64>(scalar).map(|number| number.to_be_bytes().to_vec()),
        oid::OID => whole::<u32>(scalar).map(|number| number.to_be_bytes().to_vec()),
        oid::FLOAT8 => double(scalar).map(|number| number.to_be_bytes().to_vec()),
        oid::FLOAT4 => single(double(scalar)?).map(|number| number.to_be_bytes().to_vec()),
        oid::NUMERIC => decimal(scalar),
        oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME | oid::CHAR | oid::UNKNOWN | oid::XML => {
            text(scalar)
        }
        oid::JSON => document(scalar),
        oid::JSONB => document(scalar).map(|text| [&[1], text.as_slice()].concat()),
        oid::BYTEA => match scalar {
            Scalar::Bytes(bytes) => Ok(bytes.clone()),
            _ => Err(Unfit::Kind),
        },
        number => by_text(number, scalar),
    }
}

/// What is given as its text.
fn by_text(number: u32, scalar: &Scalar) -> Result<Vec<u8>, Unfit> {
    if !oid::ALL.contains(&number) {
        return Err(Unfit::Unknown);
    }
    let given = match scalar {
        Scalar::Text(text) | Scalar::Other(text) => text,
        Scalar::Uuid(text) if number == oid::UUID => text,
        Scalar::Date(text) if number == oid::DATE => text,
        Scalar::Time(text) if matches!(number, oid::TIME | oid::TIMETZ) => text,
        Scalar::Timestamp(text) if number == oid::TIMESTAMP => text,
        Scalar::TimestampTz(text) if number == oid::TIMESTAMPTZ => text,
        Scalar::Interval(text) if number == oid::INTERVAL => text,
        _ => return Err(Unfit::Kind),
    };
    match number {
        oid::UUID => uuid(given),
        oid::INET | oid::CIDR => network(given, number == oid::CIDR),
        oid::MACADDR => hardware(given, 6),
        oid::MACADDR8 => hardware(given, 8),
        oid::BIT | oid::VARBIT => bits(given),
        number => moment(number, given),
    }
    .ok_or(Unfit::Value)
}

fn moment(number: u32, text: &str) -> Option<Vec<u8>> {
    Some(match number {
        oid::DATE => time::read_date(text)?.to_be_bytes().to_vec(),
        oid::TIME => time::read_time(text)?.to_be_bytes().to_vec(),
        oid::TIMESTAMP => time::read_timestamp(text)?.to_be_bytes().to_vec(),
        oid::TIMETZ => {
            let (time, zone) = time::split_zone(text)?;
            [&time::read_time(time)?.to_be_bytes()[..], &zone?.to_be_bytes()].concat()
        }
        oid::TIMESTAMPTZ => {
            if let endless @ ("infinity" | "-infinity") = text {
                return Some(time::read_timestamp(endless)?.to_be_bytes().to_vec());
            }
            let (moment, zone) = time::split_zone(text)?;
            let micros = time::read_timestamp(moment)?.checked_add(i64::from(zone?) * 1_000_000)?;
            micros.to_be_bytes().to_vec()
        }
        oid::INTERVAL => {
            let (micros, days, months) = time::read_interval(text)?;
            [&micros.to_be_bytes()[..], &days.to_be_bytes(), &months.to_be_bytes()].concat()
        }
        _ => return None,
    })
}

fn whole<N: TryFrom<i64> + TryFrom<u64>>(scalar: &Scalar) -> Result<N, Unfit> {
    match scalar {
        Scalar::Int(number) => N::try_from(*number).map_err(|_| Unfit::Value),
        Scalar::Unsigned(number) => N::try_from(*number).map_err(|_| Unfit::Value),
        _ => Err(Unfit::Kind),
    }
}

/// Whole numbers only as far as doubles hold them.
fn double(scalar: &Scalar) -> Result<f64, Unfit> {
    match scalar {
        Scalar::Double(number) => Ok(*number),
        Scalar::Int(number) if number.unsigned_abs() <= 1 << 53 => Ok(*number as f64),
        Scalar::Int(_) => Err(Unfit::Value),
        _ => Err(Unfit::Kind),
    }
}

fn single(number: f64) -> Result<f32, Unfit> {
    let short = number as f32;
    if number.is_finite() && !short.is_finite() { Err(Unfit::Value) } else { Ok(short) }
}

fn decimal(scalar: &Scalar) -> Result<Vec<u8>, Unfit> {
    let text = match scalar {
        Scalar::Decimal(text) => text.clone(),
        Scalar::Int(number) => number.to_string(),
        Scalar::Unsigned(number) => number.to_string(),
        _ => return Err(Unfit::Kind),
    };
    numeric::write(&text).ok_or(Unfit::Value)
}

fn text(scalar: &Scalar) -> Result<Vec<u8>, Unfit> {
    let text = scalar.text().ok_or(Unfit::Kind)?;
    // PostgreSQL's texts end at a zero.
    if text.contains('\0') { Err(Unfit::Value) } else { Ok(text.as_bytes().to_vec()) }
}

fn document(scalar: &Scalar) -> Result<Vec<u8>, Unfit> {
    match scalar {
        Scalar::Json(_) | Scalar::Text(_) | Scalar::Other(_) => text(scalar),
        _ => Err(Unfit::Kind),
    }
}

fn uuid(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.trim_matches(['{', '}']).chars().filter(|letter| *letter != '-').collect();
    let fits = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| u128::from_str_radix(&digits, 16).ok()).flatten().map(|number| number.to_be_bytes().to_vec())
}

fn network(text: &str, is_network: bool) -> Option<Vec<u8>> {
    let (address, mask) = text.split_once('/').map_or((text, None), |(address, mask)| (address, Some(mask)));
    let address: IpAddr = address.parse().ok()?;
    let (family, bytes) = match address {
        IpAddr::V4(address) => (2, address.octets().to_vec()),
        IpAddr::V6(address) => (3, address.octets().to_vec()),
    };
    let whole = u8::try_from(bytes.len() * 8).ok()?;
    let mask = mask.map_or(Some(whole), |mask| mask.parse().ok().filter(|mask| *mask <= whole))?;
    let mut out = vec![family, mask, u8::from(is_network), u8::try_from(bytes.len()).ok()?];
    out.extend(bytes);
    Some(out)
}

fn hardware(text: &str, length: usize) -> Option<Vec<u8>> {
    let bytes: Option<Vec<u8>> =
        text.split([':', '-']).map(|part| u8::from_str_radix(part, 16).ok()).collect();
    bytes.filter(|bytes| bytes.len() == length)
}

fn bits(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().all(|byte| matches!(byte, b'0' | b'1')) {
        return None;
    }
    let mut out = i32::try_from(text.len()).ok()?.to_be_bytes().to_vec();
    for chunk in text.as_bytes().chunks(8) {
        let ones = chunk.iter().fold(0_u8, |sum, bit| sum << 1 | (bit - b'0'));
        out.push(ones << (8 - chunk.len()));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_that_no_items_fill_are_refused_however_large() {
        let element = <i32 as Type<Postgres>>::type_info();
        for dimensions in
            [vec![u32::MAX; 3], vec![u32::MAX; 1_000], vec![1 << 31, 1 << 31, 4], vec![2], vec![1; 7]]
        {
            let one = Array { element: String::new(), dimensions, items: vec![Scalar::Int(1)] };
            assert!(array(&element, &one).is_err(), "{:?}", one.dimensions.first());
        }
        let one = Array { element: String::new(), dimensions: vec![1, 1], items: vec![Scalar::Int(1)] };
        assert!(array(&element, &one).is_ok());
    }
}
