//! Rows and values as serde reads them.

use super::{Array, Column, Scalar, Value};
use serde::de::value::{Error, MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// A row: a map from columns to values, a list of them, or its only value.
pub(super) struct ReadRow<'a> {
    pub(super) columns: &'a [Column],
    pub(super) values: &'a [Value],
}

impl<'a> ReadRow<'a> {
    fn only(self) -> Result<ReadValue<'a>, Error> {
        match self.values {
            [value] => Ok(ReadValue(value)),
            _ => Err(Error::custom(format_args!(
                "one column is read as a value; the row has {}",
                self.values.len()
            ))),
        }
    }
}

/// What is a single value for serde is read from the only column.
macro_rules! from_only {
    ($($method:ident)+) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
                self.only()?.$method(visitor)
            }
        )+
    };
}

impl<'de> Deserializer<'de> for ReadRow<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let names = self.columns.iter().map(|column| column.name.as_str());
        visitor.visit_map(MapDeserializer::new(names.zip(self.values.iter().map(ReadValue))))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(SeqDeserializer::new(self.values.iter().map(ReadValue)))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    from_only! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_option
    }

    forward_to_deserialize_any! { i128 u128 unit unit_struct map struct enum identifier ignored_any }
}

/// A value of a column.
#[derive(Clone, Copy)]
pub(super) struct ReadValue<'a>(pub(super) &'a Value);

impl<'de> IntoDeserializer<'de, Error> for ReadValue<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// What a scalar may read in a way of its own; an array is always a list.
macro_rules! by_case {
    ($($method:ident)+) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
                match self.0 {
                    Value::Scalar(scalar) => ReadScalar(scalar).$method(visitor),
                    Value::Array(array) => ReadArray::all(array).$method(visitor),
                }
            }
        )+
    };
}

impl<'de> Deserializer<'de> for ReadValue<'de> {
    type Error = Error;

    by_case! { deserialize_any deserialize_option deserialize_f32 deserialize_f64 deserialize_str deserialize_string }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Scalar(scalar) => ReadScalar(scalar).deserialize_enum(name, variants, visitor),
            Value::Array(_) => Err(Error::custom("the name of a case is expected, not an array")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

/// A value that is no array, of a column or within one.
#[derive(Clone, Copy)]
struct ReadScalar<'a>(&'a Scalar);

impl<'de> IntoDeserializer<'de, Error> for ReadScalar<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for ReadScalar<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Scalar::Null => visitor.visit_unit(),
            Scalar::Boolean(value) => visitor.visit_bool(*value),
            Scalar::Int(value) => visitor.visit_i64(*value),
            Scalar::Unsigned(value) => visitor.visit_u64(*value),
            Scalar::Double(value) => visitor.visit_f64(*value),
            Scalar::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            // A document is read as what it holds.
            Scalar::Json(text) => {
                serde_json::Deserializer::from_str(text).deserialize_any(visitor).map_err(Error::custom)
            }
            Scalar::Decimal(text)
            | Scalar::Text(text)
            | Scalar::Date(text)
            | Scalar::Time(text)
            | Scalar::Timestamp(text)
            | Scalar::TimestampTz(text)
            | Scalar::Interval(text)
            | Scalar::Uuid(text)
            | Scalar::Other(text) => visitor.visit_borrowed_str(text),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Scalar::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    /// Digits become a number where the service asks for one, knowing that it may lose some.
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Scalar::Decimal(text) => visitor.visit_f64(text.parse().map_err(Error::custom)?),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Scalar::Json(text) => visitor.visit_borrowed_str(text),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Scalar::Text(text) | Scalar::Other(text) => {
                StrDeserializer::new(text).deserialize_enum(name, variants, visitor)
            }
            _ => Err(Error::custom("the name of a case is expected, as text")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

/// An array, or one of its parts: a list for each dimension.
struct ReadArray<'a> {
    dimensions: &'a [u32],
    items: &'a [Scalar],
}

impl<'a> ReadArray<'a> {
    fn all(array: &'a Array) -> Self {
        Self { dimensions: &array.dimensions, items: &array.items }
    }
}

impl<'de> Deserializer<'de> for ReadArray<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.dimensions {
            [] | [_] => visitor.visit_seq(SeqDeserializer::new(self.items.iter().map(ReadScalar))),
            [_, inner @ ..] => {
                let each: usize = inner.iter().map(|length| *length as usize).product();
                let parts = self.items.chunks(each.max(1)).map(|items| Self { dimensions: inner, items });
                visitor.visit_seq(SeqDeserializer::new(parts))
            }
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }
}

impl<'de> IntoDeserializer<'de, Error> for ReadArray<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
