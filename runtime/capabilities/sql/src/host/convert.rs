//! The contract's types as ours, and back.

use super::client as wit;
use crate::value::{
    Array, Column, Isolation, Outcome, Params, Row, Rows, Scalar, Statement, TransactionOptions, Value,
};

pub(super) fn statement(given: wit::Statement) -> Statement {
    Statement { text: given.text, params: params(given.params), timeout_ms: given.timeout_ms }
}

pub(super) fn params(given: wit::Params) -> Params {
    match given {
        wit::Params::None => Params::None,
        wit::Params::Positional(values) => Params::Positional(values.into_iter().map(value).collect()),
        wit::Params::Named(values) => {
            Params::Named(values.into_iter().map(|(name, one)| (name, value(one))).collect())
        }
    }
}

fn value(given: wit::Value) -> Value {
    match given {
        wit::Value::Scalar(it) => Value::Scalar(scalar(it)),
        wit::Value::Array(it) => Value::Array(Array {
            element: it.element,
            dimensions: it.dimensions,
            items: it.items.into_iter().map(scalar).collect(),
        }),
    }
}

fn scalar(given: wit::Scalar) -> Scalar {
    match given {
        wit::Scalar::Null => Scalar::Null,
        wit::Scalar::Boolean(it) => Scalar::Boolean(it),
        wit::Scalar::Int(it) => Scalar::Int(it),
        wit::Scalar::Unsigned(it) => Scalar::Unsigned(it),
        wit::Scalar::Double(it) => Scalar::Double(it),
        wit::Scalar::Decimal(it) => Scalar::Decimal(it),
        wit::Scalar::Text(it) => Scalar::Text(it),
        wit::Scalar::Bytes(it) => Scalar::Bytes(it),
        wit::Scalar::Date(it) => Scalar::Date(it),
        wit::Scalar::Time(it) => Scalar::Time(it),
        wit::Scalar::Timestamp(it) => Scalar::Timestamp(it),
        wit::Scalar::TimestampTz(it) => Scalar::TimestampTz(it),
        wit::Scalar::Interval(it) => Scalar::Interval(it),
        wit::Scalar::Uuid(it) => Scalar::Uuid(it),
        wit::Scalar::Json(it) => Scalar::Json(it),
        wit::Scalar::Other(it) => Scalar::Other(it),
    }
}

pub(super) fn options(given: wit::TransactionOptions) -> TransactionOptions {
    let isolation = given.isolation.map(|isolation| match isolation {
        wit::Isolation::ReadUncommitted => Isolation::ReadUncommitted,
        wit::Isolation::ReadCommitted => Isolation::ReadCommitted,
        wit::Isolation::RepeatableRead => Isolation::RepeatableRead,
        wit::Isolation::Serializable => Isolation::Serializable,
    });
    TransactionOptions { isolation, read_only: given.read_only }
}

pub(super) fn rows(ours: Rows) -> wit::Rows {
    wit::Rows { columns: columns(ours.columns), rows: all(ours.rows) }
}

pub(super) fn all(ours: Vec<Row>) -> Vec<wit::Row> {
    ours.into_iter().map(|row| row.into_iter().map(told).collect()).collect()
}

pub(super) fn columns(ours: Vec<Column>) -> Vec<wit::Column> {
    ours.into_iter().map(|Column { name, type_name }| wit::Column { name, type_name }).collect()
}

pub(super) fn outcome(ours: Outcome) -> wit::Outcome {
    wit::Outcome { affected: ours.affected, last_insert_id: ours.last_insert_id }
}

fn told(ours: Value) -> wit::Value {
    match ours {
        Value::Scalar(it) => wit::Value::Scalar(told_scalar(it)),
        Value::Array(Array { element, dimensions, items }) => wit::Value::Array(wit::Array {
            element,
            dimensions,
            items: items.into_iter().map(told_scalar).collect(),
        }),
    }
}

fn told_scalar(ours: Scalar) -> wit::Scalar {
    match ours {
        Scalar::Null => wit::Scalar::Null,
        Scalar::Boolean(it) => wit::Scalar::Boolean(it),
        Scalar::Int(it) => wit::Scalar::Int(it),
        Scalar::Unsigned(it) => wit::Scalar::Unsigned(it),
        Scalar::Double(it) => wit::Scalar::Double(it),
        Scalar::Decimal(it) => wit::Scalar::Decimal(it),
        Scalar::Text(it) => wit::Scalar::Text(it),
        Scalar::Bytes(it) => wit::Scalar::Bytes(it),
        Scalar::Date(it) => wit::Scalar::Date(it),
        Scalar::Time(it) => wit::Scalar::Time(it),
        Scalar::Timestamp(it) => wit::Scalar::Timestamp(it),
        Scalar::TimestampTz(it) => wit::Scalar::TimestampTz(it),
        Scalar::Interval(it) => wit::Scalar::Interval(it),
        Scalar::Uuid(it) => wit::Scalar::Uuid(it),
        Scalar::Json(it) => wit::Scalar::Json(it),
        Scalar::Other(it) => wit::Scalar::Other(it),
    }
}
