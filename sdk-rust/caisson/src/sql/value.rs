//! Values, and how a statement is given them.

use crate::bindings::caisson::sql::client as wit;

/// A single value, without loss. Dates and times have the forms of ISO 8601, a decimal has all its digits.
pub use crate::bindings::caisson::sql::client::Scalar;

/// An array of any number of dimensions.
pub use crate::bindings::caisson::sql::client::Array;

/// A value of a column or of a parameter.
pub use crate::bindings::caisson::sql::client::Value;

/// Values for a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Params(pub(super) wit::Params);

#[cfg(not(target_family = "wasm"))]
impl Params {
    pub(crate) fn of_wit(params: wit::Params) -> Self {
        Self(params)
    }

    pub(crate) fn into_wit(self) -> wit::Params {
        self.0
    }
}

/// What a statement can be given: `()` for nothing, tuples and lists by position, [`named`] by name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the parameters of a statement",
    note = "give a tuple such as `(1, \"a\")`, with a comma even for one value: `(1,)`; a `Vec<sql::Value>`; `sql::named([..])`; or `()`"
)]
pub trait IntoParams {
    /// Makes them.
    fn into_params(self) -> Params;
}

impl IntoParams for Params {
    fn into_params(self) -> Params {
        self
    }
}

impl IntoParams for () {
    fn into_params(self) -> Params {
        Params(wit::Params::None)
    }
}

impl<T: Into<Value>> IntoParams for Vec<T> {
    fn into_params(self) -> Params {
        Params(wit::Params::Positional(self.into_iter().map(Into::into).collect()))
    }
}

impl<T: Into<Value>, const N: usize> IntoParams for [T; N] {
    fn into_params(self) -> Params {
        Params(wit::Params::Positional(self.into_iter().map(Into::into).collect()))
    }
}

macro_rules! tuples {
    ($($name:ident)+) => {
        impl<$($name: Into<Value>),+> IntoParams for ($($name,)+) {
            #[allow(non_snake_case, reason = "the names of the types serve the values too")]
            fn into_params(self) -> Params {
                let ($($name,)+) = self;
                Params(wit::Params::Positional(vec![$($name.into()),+]))
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);

/// Parameters by name. Values of several types are made alike by [`Value::from`].
///
/// ```
/// use caisson::sql::{Value, named};
/// let params = named([("id", Value::from(1)), ("name", "Ada".into())]);
/// ```
pub fn named<N: Into<String>, V: Into<Value>>(params: impl IntoIterator<Item = (N, V)>) -> Params {
    let params = params.into_iter().map(|(name, value)| (name.into(), value.into()));
    Params(wit::Params::Named(params.collect()))
}

macro_rules! scalars {
    ($($from:ty => $case:ident($value:ident) $made:expr;)+) => {
        $(
            impl From<$from> for Scalar {
                fn from($value: $from) -> Self {
                    Self::$case($made)
                }
            }

            impl From<$from> for Value {
                fn from(value: $from) -> Self {
                    Self::Scalar(value.into())
                }
            }
        )+
    };
}

scalars! {
    bool => Boolean(value) value;
    i8 => Int(value) value.into();
    i16 => Int(value) value.into();
    i32 => Int(value) value.into();
    i64 => Int(value) value;
    u8 => Int(value) value.into();
    u16 => Int(value) value.into();
    u32 => Int(value) value.into();
    u64 => Unsigned(value) value;
    f32 => Double(value) value.into();
    f64 => Double(value) value;
    &str => Text(value) value.to_owned();
    &String => Text(value) value.clone();
    String => Text(value) value;
    Vec<u8> => Bytes(value) value;
    &[u8] => Bytes(value) value.to_vec();
    serde_json::Value => Json(value) value.to_string();
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Self {
        Self::Scalar(scalar)
    }
}

impl<T: Into<Scalar>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        Self::Scalar(value.map_or(Scalar::Null, Into::into))
    }
}
