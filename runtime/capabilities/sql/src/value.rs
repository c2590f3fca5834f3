//! Values, statements and rows, as guests know them, whatever the database.

/// A value that is no array. Its cases are those of `scalar` in `wit/deps/sql`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "they are documented in wit/deps/sql")]
pub enum Scalar {
    Null,
    Boolean(bool),
    Int(i64),
    Unsigned(u64),
    Double(f64),
    Decimal(String),
    Text(String),
    Bytes(Vec<u8>),
    Date(String),
    Time(String),
    Timestamp(String),
    TimestampTz(String),
    Interval(String),
    Uuid(String),
    Json(String),
    Other(String),
}

impl Scalar {
    /// What it is, in the words of the contract.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Int(_) => "an int",
            Self::Unsigned(_) => "an unsigned int",
            Self::Double(_) => "a double",
            Self::Decimal(_) => "a decimal",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
            Self::Date(_) => "a date",
            Self::Time(_) => "a time",
            Self::Timestamp(_) => "a timestamp",
            Self::TimestampTz(_) => "a timestamp-tz",
            Self::Interval(_) => "an interval",
            Self::Uuid(_) => "a uuid",
            Self::Json(_) => "a json document",
            Self::Other(_) => "a value of another type",
        }
    }

    /// The text of those that are one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text)
            | Self::Decimal(text)
            | Self::Date(text)
            | Self::Time(text)
            | Self::Timestamp(text)
            | Self::TimestampTz(text)
            | Self::Interval(text)
            | Self::Uuid(text)
            | Self::Json(text)
            | Self::Other(text) => Some(text),
            Self::Null
            | Self::Boolean(_)
            | Self::Int(_)
            | Self::Unsigned(_)
            | Self::Double(_)
            | Self::Bytes(_) => None,
        }
    }

    /// About how much memory it takes.
    pub(crate) fn size(&self) -> usize {
        let own = match self {
            Self::Bytes(bytes) => bytes.len(),
            other => other.text().map_or(0, str::len),
        };
        own + 16
    }
}

/// An array of any number of dimensions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Array {
    /// The database's name of the elements' type.
    pub element: String,
    /// Length of each dimension, outermost first.
    pub dimensions: Vec<u32>,
    /// All elements, the last dimension fastest.
    pub items: Vec<Scalar>,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// One that is no array.
    Scalar(Scalar),
    /// An array.
    Array(Array),
}

impl Value {
    /// NULL.
    pub const NULL: Self = Self::Scalar(Scalar::Null);

    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Scalar(scalar) => scalar.size(),
            Self::Array(array) => {
                32 + array.dimensions.len() * 4 + array.items.iter().map(Scalar::size).sum::<usize>()
            }
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(scalar) => scalar.kind(),
            Self::Array(_) => "an array",
        }
    }
}

/// Values for a statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Params {
    /// None.
    #[default]
    None,
    /// By position.
    Positional(Vec<Value>),
    /// By name.
    Named(Vec<(String, Value)>),
}

impl Params {
    /// About how much memory they take.
    pub(crate) fn size(&self) -> usize {
        let values = match self {
            Self::None => 0,
            Self::Positional(values) => values.iter().map(Value::size).sum(),
            Self::Named(values) => values.iter().map(|(name, value)| name.len() + value.size()).sum(),
        };
        values + 32
    }
}

/// A statement with its values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    /// The text.
    pub text: String,
    /// The values.
    pub params: Params,
    /// A shorter limit than the connection's own, in milliseconds.
    pub timeout_ms: Option<u32>,
}

impl Statement {
    /// A statement without values.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// About how much memory it takes.
    pub(crate) fn size(&self) -> usize {
        self.text.len() + self.params.size()
    }

    /// With values by position.
    #[must_use]
    pub fn with(mut self, values: impl IntoIterator<Item = Scalar>) -> Self {
        self.params = Params::Positional(values.into_iter().map(Value::Scalar).collect());
        self
    }
}

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The database's name of its type.
    pub type_name: String,
}

/// A row.
pub type Row = Vec<Value>;

/// All rows of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// What a statement changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows.
    pub affected: u64,
    /// The key that the database made.
    pub last_insert_id: Option<i64>,
}

/// How far transactions are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the SQL standard")]
pub enum Isolation {
    ReadUncommitted,
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

impl Isolation {
    pub(crate) fn as_sql(self) -> &'static str {
        match self {
            Self::ReadUncommitted => "READ UNCOMMITTED",
            Self::ReadCommitted => "READ COMMITTED",
            Self::RepeatableRead => "REPEATABLE READ",
            Self::Serializable => "SERIALIZABLE",
        }
    }
}

/// How a transaction begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransactionOptions {
    /// The database's default when absent.
    pub isolation: Option<Isolation>,
    /// Nothing is written in it.
    pub read_only: bool,
}
