//! Rows of an answer.

use super::read::{ReadRow, ReadValue};
use super::{Column, Value};
use crate::bindings::caisson::sql::client as wit;
use crate::{Error, Result};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// All rows of an answer, or a batch of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    columns: Arc<[Column]>,
    rows: Vec<Vec<Value>>,
}

impl Rows {
    /// Rows of these columns; for simulated hosts. The columns have no types.
    #[must_use]
    pub fn with_columns<const N: usize>(columns: [&str; N]) -> Self {
        let column = |name: &str| Column { name: name.to_owned(), type_name: String::new() };
        Self { columns: columns.map(column).into(), rows: Vec::new() }
    }

    /// Adds a row; for simulated hosts.
    #[must_use]
    pub fn row(mut self, row: impl super::IntoParams) -> Self {
        let row = match row.into_params().0 {
            wit::Params::None => Vec::new(),
            wit::Params::Positional(values) => values,
            wit::Params::Named(values) => values.into_iter().map(|(_, value)| value).collect(),
        };
        self.rows.push(row);
        self
    }

    pub(super) fn new(rows: wit::Rows) -> Self {
        Self::of(rows.columns.into(), rows.rows)
    }

    pub(super) fn of(columns: Arc<[Column]>, rows: Vec<Vec<Value>>) -> Self {
        Self { columns, rows }
    }

    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn into_wit(self) -> wit::Rows {
        wit::Rows { columns: self.columns.to_vec(), rows: self.rows }
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|values| Row { columns: &self.columns, values })
    }

    /// The first row, if there is any.
    #[must_use]
    pub fn first(&self) -> Option<Row<'_>> {
        self.iter().next()
    }

    /// Every row as a struct (a field for each column, by name), or as a tuple or a single value (by position).
    ///
    /// # Errors
    ///
    /// `internal`: a column is missing, or is not of the type that is asked for.
    pub fn read<T: DeserializeOwned>(&self) -> Result<Vec<T>> {
        self.iter().map(|row| row.read()).collect()
    }

    /// The first row, if there is any, as [`Rows::read`] makes it.
    ///
    /// # Errors
    ///
    /// As [`Rows::read`].
    pub fn read_first<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        self.first().map(|row| row.read()).transpose()
    }
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    columns: &'a [Column],
    values: &'a [Value],
}

impl<'a> Row<'a> {
    /// The value of a column, as the database gave it.
    #[must_use]
    pub fn value(&self, column: &str) -> Option<&'a Value> {
        let place = self.columns.iter().position(|one| one.name == column)?;
        self.values.get(place)
    }

    /// The value of a column.
    ///
    /// # Errors
    ///
    /// `internal`: there is no such column, or it is not of this type. Where it may be `NULL`, ask for an `Option`.
    pub fn get<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        let value = self
            .value(column)
            .ok_or_else(|| Error::internal(format!("the query answers no column `{column}`")))?;
        T::deserialize(ReadValue(value)).map_err(|error| {
            Error::internal(format!("the column `{column}` is not of the type that is asked for"))
                .detail(error)
        })
    }

    /// All of it, as [`Rows::read`] makes it.
    ///
    /// # Errors
    ///
    /// As [`Rows::read`].
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(ReadRow { columns: self.columns, values: self.values })
            .map_err(|error| Error::internal("a row is not of the form that is asked for").detail(error))
    }
}
