//! What guests declare of their services: taken over as data, bounded, and never more than that.

use serde_json::{Map, Value};

/// Largest schema. A model of a hundred fields is around 10 KiB.
const MAX_BYTES: usize = 128 * 1024;

/// The text of a schema, if it is a JSON object within bounds. What is none is left out with a word in the log: a service runs
/// as well without its description.
pub(crate) fn checked(service: &str, side: &str, text: String) -> Option<String> {
    let why = if text.len() > MAX_BYTES {
        format!("it has {} bytes, and at most {MAX_BYTES} are taken", text.len())
    } else {
        // Nesting is bounded by the parser.
        match serde_json::from_str::<Map<String, Value>>(&text) {
            Ok(_) => return Some(text),
            Err(error) => format!("it is no JSON object: {error}"),
        }
    };
    tracing::warn!(service, side, "the schema that a service declares is left out: {why}");
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_objects_within_bounds_are_taken() {
        let taken = |text: String| checked("a.b", "input", text).is_some();
        assert!(taken(r#"{"type": "object"}"#.to_owned()));
        let deep = format!("{}1{}", "{\"not\":".repeat(500), "}".repeat(500));
        let large = format!("{{\"title\": \"{}\"}}", "a".repeat(MAX_BYTES));
        for wrong in ["", "[]", "true", "{", "{\"a\": NaN}", "{} {}", &deep, &large] {
            assert!(!taken(wrong.to_owned()), "{}", wrong.get(..20).unwrap_or(wrong));
        }
    }
}
