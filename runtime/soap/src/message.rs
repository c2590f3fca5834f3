//! Elements become values that services know, and back.
//!
//! * An element with nothing but text is a string; an empty one is the empty string.
//! * An element with elements is an object; those of one name are a list, at the place of the first.
//! * Attributes are `@name`; text beside attributes or elements is `#text`, if it is more than white space.
//! * `xsi:nil="true"` is null. Other attributes of that namespace (`xsi:type`) are left out.
//! * Namespaces are left out; that of the operation is in [`Envelope::operation`](crate::Envelope::operation).
//!
//! XML has no types, so numbers and booleans arrive as strings. Keys keep their order, which `serde_json::Map` would not;
//! hence a type of our own, which serde reads and writes like any JSON.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Number;

use crate::names;
use crate::xml::{Element, Node};

/// Objects within each other that are written; as many as are read.
const MAX_DEPTH: usize = 64;

/// A value like JSON's, in which objects keep the order of their keys.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(String),
    /// Values.
    List(Vec<Self>),
    /// Values with names.
    Object(Vec<(String, Self)>),
}

/// Why a value cannot be written as XML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A key that is no name.
    #[error(
        "the key `{0}` cannot be the name of an XML element or attribute; a name is letters, digits, `_`, `-` and \
             `.`, and begins with a letter or `_`"
    )]
    Name(String),
    /// A list that has no element to be repeated.
    #[error(
        "`{0}` is a list directly within a list or at the top; put it into an object, as {{\"item\": [...]}}"
    )]
    List(String),
    /// An attribute or a text that is not a scalar.
    #[error(
        "`{0}` is an attribute or a text and its value is a list or an object; take a string, number or boolean"
    )]
    Scalar(String),
    /// Objects within each other without an end in sight.
    #[error("more than {MAX_DEPTH} objects are within each other at `{0}`; send a flatter value")]
    Deep(String),
}

impl Value {
    /// The value of a key, if it is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(pairs) => pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    fn scalar(&self) -> Option<String> {
        match self {
            Self::Null => Some(String::new()),
            Self::Bool(one) => Some(one.to_string()),
            Self::Number(one) => Some(one.to_string()),
            Self::String(one) => Some(one.clone()),
            Self::List(_) | Self::Object(_) => None,
        }
    }
}

/// What an element says, by the rules of this module.
#[must_use]
pub fn to_value(element: &Element) -> Value {
    let nil = element.attribute("nil", Some(names::XSI));
    if nil.is_some_and(|nil| matches!(nil.trim(), "true" | "1")) {
        return Value::Null;
    }
    let pairs = pairs(element);
    let text = element.text();
    let has_elements = element.elements().next().is_some();
    if pairs.is_empty() && !has_elements {
        return Value::String(text);
    }
    with_text(pairs, text)
}

/// Like [`to_value`], but always an object: for an operation, whose fields a service asks for even if there are none.
#[must_use]
pub fn to_object(element: &Element) -> Value {
    with_text(pairs(element), element.text())
}

fn with_text(mut pairs: Vec<(String, Value)>, text: String) -> Value {
    if !text.trim().is_empty() {
        pairs.push(("#text".to_owned(), Value::String(text)));
    }
    Value::Object(pairs)
}

fn pairs(element: &Element) -> Vec<(String, Value)> {
    let mut pairs: Vec<(String, Value)> = Vec::new();
    // Found by name, as looking through all of them for each would be quadratic.
    let mut places: HashMap<&str, usize> = HashMap::new();
    for one in &element.attributes {
        let key = format!("@{}", one.name);
        // Two attributes may differ in nothing but the namespace, which is left out here: the first counts.
        if one.namespace.as_deref() != Some(names::XSI) && pairs.iter().all(|(before, _)| *before != key) {
            pairs.push((key, Value::String(one.value.clone())));
        }
    }
    for child in element.elements() {
        let value = to_value(child);
        let Some((_, before)) = places.get(child.name.as_str()).and_then(|place| pairs.get_mut(*place))
        else {
            places.insert(&child.name, pairs.len());
            pairs.push((child.name.clone(), value));
            continue;
        };
        // A child's value is never a list itself, so a list is what was made here.
        match before {
            Value::List(all) => all.push(value),
            single => *single = Value::List(vec![std::mem::replace(single, Value::Null), value]),
        }
    }
    pairs
}

/// An element that says `value`: null is `xsi:nil`, lists are repeated elements, `@name` are attributes.
///
/// # Errors
///
/// A key that cannot be a name, a list that has nothing to be repeated, an attribute with more than a scalar.
pub fn from_value(name: &str, namespace: Option<&str>, value: &Value) -> Result<Element, Error> {
    build(name, &Element::new(name, namespace), value, 0)
}

/// `like` gives the namespace, which is shared.
fn build(name: &str, like: &Element, value: &Value, depth: usize) -> Result<Element, Error> {
    if !names::is_name(name) {
        return Err(Error::Name(name.to_owned()));
    }
    if depth >= MAX_DEPTH {
        return Err(Error::Deep(name.to_owned()));
    }
    let mut element = Element {
        name: name.to_owned(),
        namespace: like.namespace.clone(),
        attributes: Vec::new(),
        children: Vec::new(),
    };
    match value {
        Value::Null => return Ok(element.with_attribute("nil", Some(names::XSI), "true")),
        Value::List(_) => return Err(Error::List(name.to_owned())),
        Value::Object(pairs) => {
            for (key, value) in pairs {
                element = add(element, key, value, depth)?;
            }
        }
        scalar => element = element.with_text(scalar.scalar().unwrap_or_default()),
    }
    Ok(element)
}

fn add(mut element: Element, key: &str, value: &Value, depth: usize) -> Result<Element, Error> {
    let scalar = || value.scalar().ok_or_else(|| Error::Scalar(key.to_owned()));
    if key == "#text" {
        return Ok(element.with_text(scalar()?));
    }
    if let Some(attribute) = key.strip_prefix('@') {
        if !names::is_name(attribute) || attribute == "xmlns" {
            return Err(Error::Name(key.to_owned()));
        }
        return Ok(match value {
            Value::Null => element,
            _ => element.with_attribute(attribute, None, scalar()?),
        });
    }
    let single = std::slice::from_ref(value);
    let all = match value {
        Value::List(all) => all.as_slice(),
        _ => single,
    };
    for one in all {
        let child = build(key, &element, one, depth + 1)?;
        element.children.push(Node::Element(child));
    }
    Ok(element)
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(one) => serializer.serialize_bool(*one),
            Self::Number(one) => one.serialize(serializer),
            Self::String(one) => serializer.serialize_str(one),
            Self::List(all) => all.serialize(serializer),
            Self::Object(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Read)
    }
}

struct Read;

impl<'de> Visitor<'de> for Read {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, one: bool) -> Result<Value, E> {
        Ok(Value::Bool(one))
    }

    fn visit_i64<E>(self, one: i64) -> Result<Value, E> {
        Ok(Value::Number(one.into()))
    }

    fn visit_u64<E>(self, one: u64) -> Result<Value, E> {
        Ok(Value::Number(one.into()))
    }

    fn visit_f64<E>(self, one: f64) -> Result<Value, E> {
        Ok(Number::from_f64(one).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, one: &str) -> Result<Value, E> {
        Ok(Value::String(one.to_owned()))
    }

    fn visit_string<E>(self, one: String) -> Result<Value, E> {
        Ok(Value::String(one))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = list.next_element()? {
            all.push(one);
        }
        Ok(Value::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Value::Object(pairs))
    }
}
