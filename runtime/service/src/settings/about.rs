//! The part of a settings file in which a package says what it is and what it needs.

use super::SettingsError;
use super::reader::Reader;
use crate::about::Need;
use crate::source::Language;
use caisson_capability::Schemas;
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::DeValue;

/// Longest `version`.
const MAX_LABEL: usize = 64;
/// Longest name of a connection or an operation.
const MAX_WORD: usize = 200;
/// Longest `reason`.
const MAX_REASON: usize = 500;

const NEED: [&str; 3] = ["connection", "operations", "reason"];

impl Reader<'_> {
    pub(super) fn label(&self, value: &Spanned<DeValue<'_>>) -> Result<String, SettingsError> {
        let label = self.string("version", "text in quotes", value)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || ".+-".contains(c);
        if label.is_empty() || label.len() > MAX_LABEL || !label.chars().all(plain) {
            let message = format!(
                "version cannot be {}; write 1 to {MAX_LABEL} ASCII letters, digits, dots, + and -, for example \"1.4.0\"",
                shown(label)
            );
            return Err(self.error(value.span(), message));
        }
        Ok(label.to_owned())
    }

    pub(super) fn language(&self, value: &Spanned<DeValue<'_>>) -> Result<Language, SettingsError> {
        match self.string("language", "\"python\" or \"component\"", value)? {
            "python" => Ok(Language::Python),
            "component" => Ok(Language::Component),
            other => {
                let message =
                    format!("language cannot be {}; write \"python\" or \"component\"", shown(other));
                Err(self.error(value.span(), message))
            }
        }
    }

    pub(super) fn needs(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<Need>, SettingsError> {
        let tables = "tables: a line [[needs]] for each connection and its keys below it";
        let Some(items) = value.get_ref().as_array() else {
            return Err(self.wrong_type("needs", tables, value));
        };
        let mut needs: Vec<Need> = Vec::with_capacity(items.len());
        for item in items {
            if item.get_ref().as_table().is_none() {
                return Err(self.wrong_type("needs", tables, item));
            }
            let need = self.need(item)?;
            if needs.iter().any(|other| other.connection == need.connection) {
                let name = need.connection;
                let message = format!(
                    "connection {name} is needed twice; put all of its operations into one [[needs]]"
                );
                return Err(self.error(item.span(), message));
            }
            needs.push(need);
        }
        Ok(needs)
    }

    /// Texts of JSON: a schema in the notation of TOML would be read by nothing else.
    pub(super) fn schemas(&self, value: &Spanned<DeValue<'_>>) -> Result<Schemas, SettingsError> {
        let Some(table) = value.get_ref().as_table() else {
            let wanted = "a table: a line [schemas], and input = '''...''' and output = '''...''' below it";
            return Err(self.wrong_type("schemas", wanted, value));
        };
        let mut schemas = Schemas::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "input" => schemas.input = Some(self.schema("input", value)?),
                "output" => schemas.output = Some(self.schema("output", value)?),
                other => return Err(self.unknown(key.span(), other, &["input", "output"], " in [schemas]")),
            }
        }
        Ok(schemas)
    }

    fn schema(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<String, SettingsError> {
        let text = self.string(key, "a JSON Schema, as JSON in quotes", value)?;
        match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(error) => {
                let message = format!(
                    "{key} is no JSON Schema: {error}; write a JSON object, for example '{{\"type\": \"object\"}}'"
                );
                Err(self.error(value.span(), message))
            }
        }
    }

    fn need(&self, item: &Spanned<DeValue<'_>>) -> Result<Need, SettingsError> {
        let (mut connection, mut operations, mut reason) = (None, None, None);
        for (key, value) in item.get_ref().as_table().into_iter().flatten() {
            match key.get_ref().as_ref() {
                "connection" => connection = Some(self.word("connection", value)?),
                "operations" => operations = Some(self.operations(value)?),
                "reason" => reason = Some(self.reason(value)?),
                other => return Err(self.unknown(key.span(), other, &NEED, " in [[needs]]")),
            }
        }
        let missing = |what: &str| self.error(item.span(), format!("a [[needs]] without {what}"));
        Ok(Need {
            connection: connection
                .ok_or_else(|| missing("its connection; add a line connection = \"NAME\""))?,
            operations: operations.ok_or_else(|| {
                missing("its operations; add a line operations = [\"...\"], or [\"*\"] for all")
            })?,
            reason,
        })
    }

    fn operations(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, SettingsError> {
        let Some(items) = value.get_ref().as_array() else {
            return Err(self.wrong_type("operations", "a list: [\"query\"], or [\"*\"] for all", value));
        };
        if items.is_empty() {
            let message =
                "operations cannot be empty; write what is done with the connection, or [\"*\"] for all";
            return Err(self.error(value.span(), message.to_owned()));
        }
        items.iter().map(|item| self.word("an operation", item)).collect()
    }

    /// A name as definitions have them.
    fn word(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<String, SettingsError> {
        let text = self.string(key, "a name in quotes", value)?;
        let odd = |c: char| c.is_control() || c.is_whitespace();
        if text.is_empty() || text.len() > MAX_WORD || text.contains(odd) {
            let message = format!("{key} cannot be {}; write its name, without spaces", shown(text));
            return Err(self.error(value.span(), message));
        }
        Ok(text.to_owned())
    }

    fn reason(&self, value: &Spanned<DeValue<'_>>) -> Result<String, SettingsError> {
        let text = self.string("reason", "text in quotes", value)?;
        if text.len() > MAX_REASON || text.contains(char::is_control) {
            let message = format!("reason has to be one line of at most {MAX_REASON} bytes");
            return Err(self.error(value.span(), message));
        }
        Ok(text.to_owned())
    }
}

/// As much of a text as an error repeats.
fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(80).collect::<String>())
}
