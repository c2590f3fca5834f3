//! What a service declares, as types of XML.
//!
//! A schema is text of a guest: what cannot be said in XML, or is too much of it, is anything.

use caisson_soap::Value;
use caisson_soap::names::is_name;
use caisson_soap::wsdl::{Field, Kind};

/// Fields of a message, those within others included.
const MAX_FIELDS: usize = 2_000;

/// Objects within each other; a model that holds itself goes on for ever.
const MAX_DEPTH: usize = 8;

/// References in a row.
const MAX_HOPS: usize = 8;

/// The fields of a JSON Schema document, in its order. Nothing if its root is not an object with fields: then anything is allowed.
pub(super) fn fields(text: &str) -> Option<Vec<Field>> {
    let root: Value = serde_json::from_str(text).ok()?;
    Reader { root: &root, left: MAX_FIELDS }.object(&root, 0)
}

struct Reader<'s> {
    root: &'s Value,
    left: usize,
}

/// A schema that stands for itself, and whether null is allowed beside it.
struct Bare<'s> {
    schema: &'s Value,
    nullable: bool,
}

impl<'s> Reader<'s> {
    /// The fields of an object; nothing if it is not said which ones it has, or they are no names of XML.
    fn object(&mut self, schema: &'s Value, depth: usize) -> Option<Vec<Field>> {
        let Bare { schema, .. } = self.bare(schema)?;
        let Value::Object(properties) = schema.get("properties")? else { return None };
        if depth >= MAX_DEPTH || !properties.iter().all(|(name, _)| is_name(name)) {
            return None;
        }
        self.left = self.left.checked_sub(properties.len())?;
        let required: Vec<&str> = texts(schema.get("required")).collect();
        let mut fields = Vec::with_capacity(properties.len());
        for (name, property) in properties {
            let (kind, list, nullable) = self.field(property, depth);
            let optional = nullable || !required.contains(&name.as_str());
            fields.push(Field { name: name.clone(), optional, list, kind });
        }
        Some(fields)
    }

    /// What a field is, whether there may be any number of it, and whether it may be null.
    fn field(&mut self, schema: &'s Value, depth: usize) -> (Kind, bool, bool) {
        let Some(Bare { schema, nullable }) = self.bare(schema) else { return (Kind::Any, false, true) };
        if types(schema) != ["array"] {
            return (self.kind(schema, depth), false, nullable);
        }
        // A list within a list has no element that could be repeated.
        let item = schema.get("items").and_then(|item| self.bare(item)).map(|bare| bare.schema);
        let item = item.filter(|item| types(item) != ["array"]);
        let kind = item.map_or(Kind::Any, |item| self.kind(item, depth));
        (kind, true, nullable)
    }

    fn kind(&mut self, schema: &'s Value, depth: usize) -> Kind {
        let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
        let encoding = schema.get("contentEncoding").and_then(Value::as_str);
        match types(schema).as_slice() {
            ["object"] => self.object(schema, depth + 1).map_or(Kind::Any, Kind::Nested),
            ["integer"] => Kind::Int,
            ["boolean"] => Kind::Boolean,
            [] => Kind::Any,
            all if all.contains(&"object") || all.contains(&"array") => Kind::Any,
            _ if format == "decimal" => Kind::Decimal,
            ["number"] => Kind::Number,
            ["string"] => match format {
                "date" => Kind::Date,
                "date-time" => Kind::DateTime,
                "byte" => Kind::Base64,
                _ if encoding == Some("base64") => Kind::Base64,
                _ => Kind::String,
            },
            // Whatever it is, in XML it is its text.
            _ => Kind::String,
        }
    }

    /// Follows references and looks past `null` as one of two choices.
    fn bare(&self, mut schema: &'s Value) -> Option<Bare<'s>> {
        let mut nullable = types_with_null(schema).any(|one| one == "null");
        for _ in 0..MAX_HOPS {
            if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
                schema = self.referred(reference)?;
            } else if let Some(Value::List(choices)) = schema.get("anyOf").or_else(|| schema.get("oneOf")) {
                let is_null = |one: &&Value| types_with_null(one).eq(["null"]);
                nullable |= choices.iter().any(|one| is_null(&one));
                let mut others = choices.iter().filter(|one| !is_null(one));
                schema = others.next()?;
                if others.next().is_some() {
                    return None;
                }
            } else {
                nullable |= types_with_null(schema).any(|one| one == "null");
                return Some(Bare { schema, nullable });
            }
        }
        None
    }

    fn referred(&self, reference: &str) -> Option<&'s Value> {
        if reference == "#" {
            return Some(self.root);
        }
        let (place, name) = reference.strip_prefix("#/")?.split_once('/')?;
        let name = percent_encoding::percent_decode_str(name).decode_utf8().ok()?;
        let name = name.replace("~1", "/").replace("~0", "~");
        matches!(place, "$defs" | "definitions").then(|| self.root.get(place)?.get(&name)).flatten()
    }
}

/// The types that a schema names, but null.
fn types(schema: &Value) -> Vec<&str> {
    types_with_null(schema).filter(|one| *one != "null").collect()
}

fn types_with_null(schema: &Value) -> impl Iterator<Item = &str> {
    let one = schema.get("type").and_then(Value::as_str);
    one.into_iter().chain(texts(schema.get("type")))
}

/// The texts of a list.
fn texts(list: Option<&Value>) -> impl Iterator<Item = &str> {
    let all = match list {
        Some(Value::List(all)) => all.as_slice(),
        _ => &[],
    };
    all.iter().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        fn one(field: &Field) -> String {
            let kind = match &field.kind {
                Kind::Nested(fields) => format!("({})", fields.iter().map(one).collect::<Vec<_>>().join(" ")),
                other => format!("{other:?}"),
            };
            let (list, optional) = (if field.list { "*" } else { "" }, if field.optional { "?" } else { "" });
            format!("{}:{kind}{list}{optional}", field.name)
        }
        fields(text).unwrap().iter().map(one).collect()
    }

    #[test]
    fn types_of_json_become_types_of_xml_in_the_order_of_the_schema() {
        let text = r##"{
            "type": "object",
            "properties": {
                "zip": {"type": "string"}, "id": {"type": "integer"}, "price": {"type": ["string", "number"], "format": "decimal"},
                "ratio": {"type": "number"}, "is_new": {"type": "boolean"}, "day": {"type": "string", "format": "date"},
                "at": {"type": ["string", "null"], "format": "date-time"}, "tags": {"type": "array", "items": {"type": "string"}},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}}, "first": {"anyOf": [{"$ref": "#/$defs/Line"}, {"type": "null"}]},
                "file": {"type": "string", "contentEncoding": "base64"}, "more": {"type": "object"}, "any": {},
                "rows": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}
            },
            "required": ["zip", "id", "price", "at", "lines", "file"],
            "$defs": {"Line": {"type": "object", "properties": {"sku": {"type": "string"}, "n": {"type": "integer"}}, "required": ["sku"]}}
        }"##;
        let line = "(sku:String n:Int?)";
        let expected = [
            "zip:String",
            "id:Int",
            "price:Decimal",
            "ratio:Number?",
            "is_new:Boolean?",
            "day:Date?",
            "at:DateTime?",
            "tags:String*?",
            &format!("lines:{line}*"),
            &format!("first:{line}?"),
            "file:Base64",
            "more:Any?",
            "any:Any?",
            "rows:Any*?",
        ];
        assert_eq!(told(text), expected);
    }

    #[test]
    fn a_model_within_itself_ends() {
        let text = r##"{"$ref": "#/$defs/N", "$defs": {"N": {"type": "object", "properties": {"next": {"$ref": "#/$defs/N"}, "n": {}}}}}"##;
        let told = told(text).concat();
        assert!(told.contains("next:Any?") && told.len() < 1_000, "{told}");
    }

    #[test]
    fn what_doubles_with_each_level_is_bounded() {
        let wide: Vec<String> = (0..50).map(|number| format!("\"f{number}\": {{\"$ref\": \"#\"}}")).collect();
        let text = format!("{{\"type\": \"object\", \"properties\": {{{}}}}}", wide.join(","));
        assert!(told(&text).concat().len() < 100_000);
    }

    #[test]
    fn what_is_no_object_or_no_xml_is_anything() {
        for text in [
            "{}",
            "[]",
            "{",
            r#"{"type": "array", "items": {"type": "string"}}"#,
            r#"{"type": "object"}"#,
            r#"{"properties": {"a b": {}}}"#,
            r##"{"$ref": "#/$defs/Gone"}"##,
            r##"{"$ref": "#"}"##,
            r#"{"$ref": "http://example.com/"}"#,
            r#"{"properties": 7}"#,
        ] {
            assert!(fields(text).is_none(), "{text}");
        }
    }
}
