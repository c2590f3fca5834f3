//! Values of AMQP tables: from JSON of definitions, and as text for services.

use lapin::types::{AMQPValue, FieldTable, ShortString};
use serde_json::{Map, Value};

/// A name that AMQP can carry.
pub(crate) fn short(name: &str, what: &str) -> Result<ShortString, String> {
    ShortString::try_new(name).map_err(|_long| format!("{what} has {} bytes; AMQP allows 255", name.len()))
}

/// Arguments of a definition as a table.
pub(crate) fn table(arguments: &Map<String, Value>) -> Result<FieldTable, String> {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        table.insert(short(name, "the name of an argument")?, of_json(value)?);
    }
    Ok(table)
}

fn of_json(value: &Value) -> Result<AMQPValue, String> {
    Ok(match value {
        Value::Null => AMQPValue::Void,
        Value::Bool(is) => AMQPValue::Boolean(*is),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            // Brokers compare arguments by value, and expect the small type of small numbers nowhere.
            (Some(whole), _) => AMQPValue::LongLongInt(whole),
            (None, Some(real)) => AMQPValue::Double(real),
            (None, None) => return Err("a number is out of range".to_owned()),
        },
        Value::String(text) => AMQPValue::LongString(text.as_str().into()),
        Value::Array(all) => {
            AMQPValue::FieldArray(all.iter().map(of_json).collect::<Result<Vec<_>, _>>()?.into())
        }
        Value::Object(fields) => AMQPValue::FieldTable(table(fields)?),
    })
}

/// A value as text; what is no text is JSON.
pub(crate) fn text(value: &AMQPValue) -> String {
    match value {
        AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
        AMQPValue::ShortString(text) => text.as_str().to_owned(),
        other => to_json(other).to_string(),
    }
}

fn to_json(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::Boolean(is) => (*is).into(),
        AMQPValue::Float(real) => f64::from(*real).into(),
        AMQPValue::Double(real) => (*real).into(),
        AMQPValue::DecimalValue(decimal) => {
            (f64::from(decimal.value) / 10_f64.powi(i32::from(decimal.scale))).into()
        }
        AMQPValue::ShortString(text) => text.as_str().into(),
        AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into(),
        AMQPValue::FieldArray(all) => all.as_slice().iter().map(to_json).collect(),
        AMQPValue::FieldTable(fields) => {
            fields.inner().iter().map(|(name, value)| (name.as_str().to_owned(), to_json(value))).collect()
        }
        AMQPValue::ByteArray(bytes) => String::from_utf8_lossy(bytes.as_slice()).into(),
        AMQPValue::Void => Value::Null,
        AMQPValue::Timestamp(seconds) => (*seconds).into(),
        whole => integer(whole).into(),
    }
}

/// A whole number of any width.
pub(crate) fn integer(value: &AMQPValue) -> Option<i64> {
    Some(match value {
        AMQPValue::ShortShortInt(it) => (*it).into(),
        AMQPValue::ShortShortUInt(it) => (*it).into(),
        AMQPValue::ShortInt(it) => (*it).into(),
        AMQPValue::ShortUInt(it) => (*it).into(),
        AMQPValue::LongInt(it) => (*it).into(),
        AMQPValue::LongUInt(it) => (*it).into(),
        AMQPValue::LongLongInt(it) => *it,
        _ => return None,
    })
}
