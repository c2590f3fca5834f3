//! A connection: a named, configured use of a capability.

use crate::{BoxFuture, Error};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// A connection as its capability made it: pools and credentials. Shared by all calls; connects when it is first used.
pub trait Connection: Any + Send + Sync + 'static {
    /// Whether the other side is there and lets us in.
    ///
    /// # Errors
    ///
    /// Why not, as an operator may read it.
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// Closes what is open. Called once, when the connection has been replaced or removed and no call uses it any more.
    fn close(&self) -> BoxFuture<'_, ()>;
}

impl dyn Connection {
    /// The capability's own type of it.
    #[must_use]
    pub fn downcast<C: Connection>(self: Arc<Self>) -> Option<Arc<C>> {
        let any: Arc<dyn Any + Send + Sync> = self;
        any.downcast().ok()
    }
}

/// What a capability is told beside the options.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The connection's name, for messages.
    pub name: Arc<str>,
    /// Default for whatever the capability has to limit in time; the layers limit each call by it as well.
    pub timeout: std::time::Duration,
}

/// The options of a connection or channel that are the capability's own. `Debug` shows none: any of them may hold a secret.
#[derive(Clone, Default, PartialEq)]
pub struct Options(Map<String, Value>);

impl Options {
    /// Takes options apart from nothing.
    #[must_use]
    pub fn new(options: Map<String, Value>) -> Self {
        Self(options)
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Reads them as the capability's own type.
    ///
    /// # Errors
    ///
    /// Which option is missing or of another form. The text shows no value: it may be a secret.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Vec<Problem>> {
        // The schema has been checked before: what is left are texts of special forms, whose errors may quote them.
        serde_json::from_value(Value::Object(self.0.clone())).map_err(|error| {
            let text = error.to_string();
            let shown = text.split(['"', '`']).next().unwrap_or_default().trim_end_matches([' ', ':']);
            vec![Problem::whole(format!("the options cannot be understood: {shown}"))]
        })
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Something that is wrong with options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The option: `pool/max`; empty for the whole.
    pub place: String,
    /// What is wrong and what to write instead. No secret is in it.
    pub message: String,
}

impl Problem {
    /// A problem with one option.
    pub fn at(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }

    /// A problem with all of it.
    pub fn whole(message: impl Into<String>) -> Self {
        Self::at("", message)
    }
}
