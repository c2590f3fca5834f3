//! Values as they are kept, which is how services in Python keep theirs: a byte that says of what kind the rest is. `s`: text;
//! `b`: bytes; `j`: JSON, in which what JSON does not have is an object of a tag and a form that it does: `{"$": "tuple", "v": [1]}`.

use crate::{Error, Json, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Tree};

/// The key of an object that stands for something else.
const TAG: &str = "$";

/// A value as it is kept in a cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(pub(super) Vec<u8>);

/// What can be kept in a cache: text, bytes, `Json<T>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a cache",
    note = "keep `Json<T>` with a `T` that implements `serde::Serialize`, text or bytes"
)]
pub trait IntoValue {
    /// Makes the value.
    ///
    /// # Errors
    ///
    /// `internal`: it cannot be written as JSON.
    fn into_value(self) -> Result<Value>;
}

/// What can be read from a cache: text, bytes, `Json<T>`.
#[diagnostic::on_unimplemented(
    message = "a value of a cache cannot be read as `{Self}`",
    note = "read `Json<T>` with a `T` that implements `serde::Deserialize`, `String` or `Vec<u8>`"
)]
pub trait FromValue: Sized {
    /// Reads the value.
    ///
    /// # Errors
    ///
    /// `internal`: it is of another kind.
    fn from_value(value: Value) -> Result<Self>;
}

impl Value {
    /// A text.
    ///
    /// # Errors
    ///
    /// `internal`: it is none.
    pub fn text(&self) -> Result<&str> {
        match self.0.split_first() {
            Some((b's', text)) => std::str::from_utf8(text).map_err(|error| unlike("text", error)),
            _ => Err(unlike("text", self.kind())),
        }
    }

    /// Bytes, or those of a text.
    ///
    /// # Errors
    ///
    /// `internal`: it is JSON.
    pub fn bytes(&self) -> Result<&[u8]> {
        match self.0.split_first() {
            Some((b'b' | b's', bytes)) => Ok(bytes),
            _ => Err(unlike("bytes", self.kind())),
        }
    }

    /// JSON; a text is JSON as well. What Python has and JSON has not is read as what is next to it: tuples and sets are lists; dates,
    /// times, decimals and UUIDs are texts, as are bytes (base64) and numbers that are none (`nan`); a timedelta is a list of days,
    /// seconds and microseconds; a dict whose keys are not all texts is a list of pairs. Whole numbers beyond 64 bits lose digits.
    ///
    /// # Errors
    ///
    /// `internal`: it is no JSON, or not of this form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let read = match self.0.split_first() {
            Some((b's', _)) => T::deserialize(Tree::from(self.text()?)),
            Some((b'j', json)) if has_tag(json) => {
                serde_json::from_slice(json).and_then(|tree| T::deserialize(untagged(tree)))
            }
            Some((b'j', json)) => serde_json::from_slice(json),
            _ => return Err(unlike("JSON", self.kind())),
        };
        read.map_err(|error| unlike("the JSON that is expected", error))
    }

    fn kind(&self) -> &'static str {
        match self.0.first() {
            Some(b's') => "it is text",
            Some(b'b') => "it is bytes",
            Some(b'j') => "it is JSON",
            _ => "it was written by a program that knows nothing of kinds",
        }
    }

    fn of_text(text: &str) -> Self {
        Self([b"s", text.as_bytes()].concat())
    }

    fn of_bytes(bytes: &[u8]) -> Self {
        Self([b"b", bytes].concat())
    }

    fn of_json(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        let mut json = b"j".to_vec();
        serde_json::to_writer(&mut json, value)?;
        if json.get(1) == Some(&b'"') {
            // Texts have a kind of their own, and whoever reads one as text expects it.
            let text: String = serde_json::from_slice(json.get(1..).unwrap_or_default())?;
            return Ok(Self::of_text(&text));
        }
        if has_tag(&json) {
            json.truncate(1);
            serde_json::to_writer(&mut json, &tagged(serde_json::to_value(value)?))?;
        }
        Ok(Self(json))
    }
}

fn unlike(wanted: &str, why: impl std::fmt::Display) -> Error {
    Error::internal(format!("a value in a cache is not {wanted}")).detail(why)
}

/// Whether there may be a tag: a text that is nothing else looks the same.
fn has_tag(json: &[u8]) -> bool {
    json.windows(3).any(|part| part == b"\"$\"")
}

/// Hides what looks like a tag and is none.
fn tagged(tree: Tree) -> Tree {
    match tree {
        Tree::Array(items) => items.into_iter().map(tagged).collect(),
        Tree::Object(map) if map.contains_key(TAG) => {
            let pair = |(key, value)| Tree::Array(vec![Tree::String(key), tagged(value)]);
            let pairs = map.into_iter().map(pair).collect();
            Tree::Object(Map::from_iter([(TAG.to_owned(), Tree::from("dict")), ("v".to_owned(), pairs)]))
        }
        Tree::Object(map) => map.into_iter().map(|(key, value)| (key, tagged(value))).collect(),
        other => other,
    }
}

/// Leaves out the tags.
fn untagged(tree: Tree) -> Tree {
    match tree {
        Tree::Array(items) => items.into_iter().map(untagged).collect(),
        Tree::Object(mut map) => match (map.remove(TAG), map.remove("v")) {
            (Some(kind), Some(Tree::Array(pairs))) if kind == "dict" => dict(pairs),
            (Some(_), inner) => inner.map_or(Tree::Null, untagged),
            (None, inner) => {
                map.extend(inner.map(|inner| ("v".to_owned(), inner)));
                map.into_iter().map(|(key, value)| (key, untagged(value))).collect()
            }
        },
        other => other,
    }
}

/// A dict that could not be an object: with keys that are no texts, or with one that looks like a tag.
fn dict(pairs: Vec<Tree>) -> Tree {
    let pairs: Vec<Tree> = pairs.into_iter().map(untagged).collect();
    let entry = |pair: &Tree| Some((pair.get(0)?.as_str()?.to_owned(), pair.get(1)?.clone()));
    let object: Option<Map<String, Tree>> = pairs.iter().map(entry).collect();
    object.map_or(Tree::Array(pairs), Tree::Object)
}

impl IntoValue for Value {
    fn into_value(self) -> Result<Value> {
        Ok(self)
    }
}

impl<T: Serialize> IntoValue for Json<T> {
    fn into_value(self) -> Result<Value> {
        Value::of_json(&self.0)
    }
}

impl IntoValue for &str {
    fn into_value(self) -> Result<Value> {
        Ok(Value::of_text(self))
    }
}

impl IntoValue for String {
    fn into_value(self) -> Result<Value> {
        Ok(Value::of_text(&self))
    }
}

impl IntoValue for &[u8] {
    fn into_value(self) -> Result<Value> {
        Ok(Value::of_bytes(self))
    }
}

impl IntoValue for Vec<u8> {
    fn into_value(self) -> Result<Value> {
        Ok(Value::of_bytes(&self))
    }
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self> {
        Ok(value)
    }
}

impl<T: DeserializeOwned> FromValue for Json<T> {
    fn from_value(value: Value) -> Result<Self> {
        value.json().map(Json)
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self> {
        value.text().map(str::to_owned)
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Result<Self> {
        value.bytes().map(<[u8]>::to_vec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kept(value: impl IntoValue) -> Vec<u8> {
        value.into_value().unwrap().0
    }

    fn read<T: DeserializeOwned>(kept: &str) -> T {
        Value(kept.as_bytes().to_vec()).json().unwrap()
    }

    #[test]
    fn values_are_kept_as_python_keeps_them() {
        for (value, expected) in [
            (kept("grüß"), "sgrüß".as_bytes()),
            (kept(String::new()), b"s"),
            (kept(&b"\xff"[..]), b"b\xff"),
            (kept(vec![0_u8]), b"b\0"),
            (kept(Json("a \"text\"\n")), b"sa \"text\"\n"),
            (kept(Json(json!({"a": [1, 2.5, null]}))), br#"j{"a":[1,2.5,null]}"#),
            (kept(Json(7)), b"j7"),
            (kept(Json(["$"])), br#"j["$"]"#),
            (kept(Json(json!([{"$": 1, "v": {}}]))), br#"j[{"$":"dict","v":[["$",1],["v",{}]]}]"#),
        ] {
            assert_eq!(String::from_utf8_lossy(&value), String::from_utf8_lossy(expected));
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let tree = json!({"$": {"$": ["$", {"v": 1}]}, "v": null, "plain": {"v": 2}});
        assert_eq!(Value::of_json(&tree).unwrap().json::<Tree>().unwrap(), tree);
        assert_eq!(String::from_value(Value::of_text("a")).unwrap(), "a");
        assert_eq!(Vec::<u8>::from_value(Value::of_bytes(b"\xff")).unwrap(), b"\xff");
        assert_eq!(Value::of_text("a").json::<String>().unwrap(), "a");
        assert_eq!(Value::of_text("a").bytes().unwrap(), b"a");
    }

    #[test]
    fn what_only_python_has_is_read_as_what_is_next_to_it() {
        let all = r#"j{"tuple": {"$": "tuple", "v": [1, {"$": "set", "v": [2]}]}, "day": {"$": "date", "v": "2026-01-02"},
            "price": {"$": "decimal", "v": "1.10"}, "none": {"$": "float", "v": "nan"}, "raw": {"$": "bytes", "v": "/w=="},
            "days": {"$": "timedelta", "v": [1, 2, 3]}}"#;
        let expected = json!({"tuple": [1, [2]], "day": "2026-01-02", "price": "1.10", "none": "nan", "raw": "/w==", "days": [1, 2, 3]});
        assert_eq!(read::<Tree>(all), expected);
        assert_eq!(read::<(u8, String)>(r#"j{"$": "tuple", "v": [1, "a"]}"#), (1, "a".to_owned()));
        assert_eq!(
            read::<Tree>(r#"j{"$": "dict", "v": [["$", 1], ["a", {"$": "tuple", "v": []}]]}"#),
            json!({"$": 1, "a": []})
        );
        assert_eq!(read::<Vec<(u8, String)>>(r#"j{"$": "dict", "v": [[1, "a"]]}"#), [(1, "a".to_owned())]);
    }

    #[test]
    fn what_is_of_another_kind_is_an_error_that_says_so() {
        for (error, says) in [
            (Value::of_bytes(b"a").text().unwrap_err(), "it is bytes"),
            (Value(b"s\xed\xa0\x80".to_vec()).text().unwrap_err(), "invalid utf-8"),
            (Value(b"j1".to_vec()).bytes().unwrap_err(), "it is JSON"),
            (Value::of_bytes(b"1").json::<u8>().unwrap_err(), "it is bytes"),
            (Value(b"j".to_vec()).json::<u8>().unwrap_err(), "EOF"),
            (Value(b"j300".to_vec()).json::<u8>().unwrap_err(), "300"),
            (Value(Vec::new()).json::<u8>().unwrap_err(), "knows nothing of kinds"),
        ] {
            assert_eq!(error.kind(), crate::ErrorKind::Internal);
            assert!(error.log_detail().unwrap().contains(says), "{error:?}");
        }
    }
}
