//! `service.toml`: what is written about a package and how it runs, read strictly.

mod about;
mod reader;
mod stored;

pub(crate) use stored::StoredSettings;

use crate::about::About;
use crate::source::Language;
use caisson_engine::{Isolation, Limits, Settings};
use reader::Reader;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// How many requests an instance answers under `isolation = "reuse"` when nothing else is said.
const DEFAULT_MAX_REQUESTS: u32 = 1_000;

const KEYS: [&str; 8] =
    ["name", "version", "language", "isolation", "max_requests", "limits", "needs", "schemas"];

/// Not for a package to say.
const CHANNELS: &str = "channels cannot be defined by a package, since whoever operates the server decides what can be reached \
     from where; remove this, and write them under channels: in caisson.yaml for `caisson apply`";
const LIMITS: [&str; 7] =
    ["memory_bytes", "cpu_time_ms", "wall_time_ms", "concurrency", "queue", "payload_bytes", "answer_bytes"];

/// A settings file that cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct SettingsError {
    /// The file, as the operator knows it.
    pub file: String,
    /// Line, counted from 1.
    pub line: u32,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// All that a settings file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How the package runs.
    pub settings: Settings,
    /// What it says about itself.
    pub about: About,
    /// The name that it wants to have, whatever it lies in.
    pub name: Option<Claim<String>>,
    /// What it says to be written in.
    pub language: Option<Claim<Language>>,
    /// Where it says what its service takes and answers, if it does.
    pub schemas: Option<Claim<()>>,
}

/// Something that a settings file says and that may be contradicted by what lies beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<T> {
    /// What it says.
    pub value: T,
    /// The file, as the operator knows it.
    pub file: String,
    /// Line, counted from 1.
    pub line: u32,
}

impl<T> Claim<T> {
    /// It is not so.
    pub(crate) fn contradicted(&self, message: String) -> SettingsError {
        SettingsError { file: self.file.clone(), line: self.line, message }
    }
}

/// Reads the text of a `service.toml`. `file` is named in errors.
///
/// # Errors
///
/// Text that is not TOML, keys that do not exist (with the nearest one that does), values of a wrong type, zeros.
pub fn parse(file: &str, text: &str) -> Result<Written, SettingsError> {
    let reader = Reader { file, text };
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        reader.error(span, format!("not valid TOML: {}", error.message()))
    })?;
    reader.written(table.get_ref())
}

impl Reader<'_> {
    fn written(&self, table: &DeTable<'_>) -> Result<Written, SettingsError> {
        let mut written = Written::default();
        let mut reuse = None;
        let mut max_requests = None;
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "name" => {
                    let name = self.string("name", "text in quotes", value)?;
                    written.name = Some(self.claim(value.span(), name.to_owned()));
                }
                "version" => written.about.label = Some(self.label(value)?),
                "language" => written.language = Some(self.claim(value.span(), self.language(value)?)),
                "needs" => written.about.needs = self.needs(value)?,
                "schemas" => {
                    written.about.schemas = self.schemas(value)?;
                    written.schemas = Some(self.claim(key.span(), ()));
                }
                "channels" => return Err(self.error(key.span(), CHANNELS.to_owned())),
                "isolation" => reuse = Some(self.isolation(value)?),
                "max_requests" => max_requests = Some((key.span(), self.small("max_requests", value)?)),
                "limits" => written.settings.limits = self.limits(value)?,
                other => return Err(self.unknown(key.span(), other, &KEYS, "")),
            }
        }
        match (reuse.unwrap_or(false), max_requests) {
            (true, max) => {
                let max_requests = max.map_or(DEFAULT_MAX_REQUESTS, |(_, number)| number);
                written.settings.isolation = Isolation::Reuse { max_requests };
            }
            (false, None) => {}
            (false, Some((span, _))) => {
                let message = "max_requests has a meaning only with isolation = \"reuse\"; add that line or remove this";
                return Err(self.error(span, message.to_owned()));
            }
        }
        Ok(written)
    }

    fn claim<T>(&self, place: Range<usize>, value: T) -> Claim<T> {
        let SettingsError { file, line, .. } = self.error(place, String::new());
        Claim { value, file, line }
    }

    /// True for `reuse`.
    fn isolation(&self, value: &Spanned<DeValue<'_>>) -> Result<bool, SettingsError> {
        match value.get_ref().as_str() {
            Some("request") => Ok(false),
            Some("reuse") => Ok(true),
            Some(other) => Err(self.error(
                value.span(),
                format!("isolation cannot be {other:?}; write \"request\" (a fresh instance each time) or \"reuse\""),
            )),
            None => Err(self.wrong_type("isolation", "\"request\" or \"reuse\"", value)),
        }
    }

    fn limits(&self, value: &Spanned<DeValue<'_>>) -> Result<Limits, SettingsError> {
        let Some(table) = value.get_ref().as_table() else {
            return Err(self.wrong_type("limits", "a table: a line [limits] and the limits below it", value));
        };
        let mut limits = Limits::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "memory_bytes" => limits.memory_bytes = self.number("memory_bytes", value)?,
                "cpu_time_ms" => limits.cpu_time = self.millis("cpu_time_ms", value)?,
                "wall_time_ms" => limits.wall_time = self.millis("wall_time_ms", value)?,
                "concurrency" => limits.concurrency = self.small("concurrency", value)?,
                "queue" => limits.queue = self.small("queue", value)?,
                "payload_bytes" => limits.payload_bytes = self.number("payload_bytes", value)?,
                "answer_bytes" => limits.answer_bytes = self.number("answer_bytes", value)?,
                other => return Err(self.unknown(key.span(), other, &LIMITS, " in [limits]")),
            }
        }
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::about::Need;
    use std::time::Duration;

    fn refused(text: &str) -> String {
        parse("service.toml", text).expect_err(text).to_string()
    }

    #[test]
    fn every_key_is_read() {
        let text = "isolation = \"reuse\"\nmax_requests = 7\n[limits]\nmemory_bytes = 0x100_0000\ncpu_time_ms = 2\n\
                    wall_time_ms = 3\nconcurrency = 4\nqueue = 5\npayload_bytes = 6\nanswer_bytes = 7\n";
        let settings = parse("service.toml", text).expect("valid").settings;
        assert_eq!(settings.isolation, Isolation::Reuse { max_requests: 7 });
        let limits = Limits {
            memory_bytes: 16 << 20,
            cpu_time: Duration::from_millis(2),
            wall_time: Duration::from_millis(3),
            concurrency: 4,
            queue: 5,
            payload_bytes: 6,
            answer_bytes: 7,
        };
        assert_eq!(settings.limits, limits);
        assert_eq!(Settings::from(StoredSettings::from(settings)), settings);
    }

    #[test]
    fn what_a_components_service_takes_is_read_and_must_be_a_schema() {
        let written = parse("service.toml", "[schemas]\ninput = '{\"type\": \"object\"}'\n").expect("valid");
        assert_eq!(written.about.schemas.input.as_deref(), Some("{\"type\": \"object\"}"));
        assert_eq!((written.about.schemas.output, written.schemas.map(|claim| claim.line)), (None, Some(1)));
        for (text, says) in [
            ("schemas = 1\n", "service.toml:1: schemas must be a table"),
            ("[schemas]\ninput = {}\n", "service.toml:2: input must be"),
            ("[schemas]\ninput = '[]'\n", "service.toml:2: input is no JSON Schema"),
            ("[schemas]\noutptu = '{}'\n", "did you mean output?"),
        ] {
            assert!(refused(text).contains(says), "{text}: {}", refused(text));
        }
    }

    #[test]
    fn what_a_package_says_about_itself_is_read() {
        let text = "name = \"crm\"\nversion = \"1.4.0-rc1+7\"\nlanguage = \"python\"\n[[needs]]\nconnection = \"crm-db\"\n\
                    operations = [\"query\", \"execute\"]\nreason = \"customers\"\n[[needs]]\nconnection = \"mail\"\noperations = [\"*\"]\n";
        let written = parse("service.toml", text).expect("valid");
        let claim = |line| (line, "service.toml".to_owned());
        assert_eq!(
            written.name.map(|name| (name.value, (name.line, name.file))),
            Some(("crm".to_owned(), claim(1)))
        );
        assert_eq!(written.language.map(|one| (one.value, one.line)), Some((Language::Python, 3)));
        let need = |connection: &str, operations: &[&str], reason: Option<&str>| Need {
            connection: connection.to_owned(),
            operations: operations.iter().map(|&one| one.to_owned()).collect(),
            reason: reason.map(str::to_owned),
        };
        let needs =
            vec![need("crm-db", &["query", "execute"], Some("customers")), need("mail", &["*"], None)];
        assert_eq!(written.about, About { label: Some("1.4.0-rc1+7".to_owned()), needs, ..About::default() });
    }

    #[test]
    fn nothing_said_means_defaults() {
        assert_eq!(parse("f", "").expect("empty is valid"), Written::default());
        let reuse = parse("f", "isolation = \"reuse\"").expect("valid");
        assert_eq!(reuse.settings.isolation, Isolation::Reuse { max_requests: 1_000 });
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_nearest_name() {
        let error = refused("# comment\n\nisolaton = \"reuse\"\n");
        assert_eq!(error, "service.toml:3: unknown key isolaton; did you mean isolation?");
        let error = refused("[limits]\nmemory_byte = 1\n");
        assert_eq!(error, "service.toml:2: unknown key memory_byte in [limits]; did you mean memory_bytes?");
        assert!(refused("colour = 1").contains("known are name, version, language, isolation"));
    }

    #[test]
    fn wrong_types_and_values_are_refused() {
        for (text, part) in [
            ("isolation = 5", ":1: isolation must be \"request\" or \"reuse\", not integer"),
            ("isolation = \"shared\"", "isolation cannot be \"shared\""),
            ("[limits]\nqueue = \"many\"", ":2: queue must be a whole number, without quotes, not string"),
            ("[limits]\n\ncpu_time_ms = 0", ":3: cpu_time_ms cannot be 0"),
            ("[limits]\nconcurrency = -1", "cannot be negative"),
            ("[limits]\nconcurrency = 5000000000", "too large"),
            ("[limits]\nmemory_bytes = 99999999999999999999", "too large"),
            ("[limits]\nmemory_bytes = 1.5", "not float"),
            ("limits = 3", "limits must be a table"),
            ("max_requests = 3", "only with isolation"),
            ("isolation = \"request\"\nmax_requests = 3", ":2: max_requests"),
            ("isolation = ", ":1: not valid TOML"),
            ("name = 3", "name must be text in quotes, not integer"),
            ("version = 1.4", ":1: version must be text in quotes, not float"),
            ("version = \"\"", "version cannot be \"\""),
            ("version = \"1.4 beta\"", "version cannot be \"1.4 beta\""),
            ("version = \"12345678901234567890123456789012345678901234567890123456789012345\"", "1 to 64"),
            ("language = \"java\"", "language cannot be \"java\"; write \"python\" or \"component\""),
            ("channels = []", ":1: channels cannot be defined by a package"),
            ("\n[[channels]]\nname = \"a\"", "caisson apply"),
            ("needs = 1", "needs must be tables"),
            ("needs = [\"crm-db\"]", "needs must be tables"),
            ("[[needs]]\nconnection = \"a\"", ":1: a [[needs]] without its operations"),
            ("[[needs]]\noperations = [\"a\"]", ":1: a [[needs]] without its connection"),
            ("[[needs]]\nconnection = \"a\"\noperations = []", ":3: operations cannot be empty"),
            ("[[needs]]\nconnection = \"a\"\noperations = \"a\"", ":3: operations must be a list"),
            ("[[needs]]\nconnection = \"a\"\noperations = [1]", ":3: an operation must be a name"),
            ("[[needs]]\nconnection = \"a b\"\noperations = [\"a\"]", ":2: connection cannot be \"a b\""),
            (
                "[[needs]]\nconection = \"a\"",
                ":2: unknown key conection in [[needs]]; did you mean connection?",
            ),
            ("[[needs]]\nreason = \"a\\nb\"", ":2: reason has to be one line"),
            (
                "[[needs]]\nconnection = \"a\"\noperations = [\"x\"]\n[[needs]]\nconnection = \"a\"\noperations = [\"y\"]",
                ":4: connection a is needed twice",
            ),
            ("[limits]\nqueue = 1\nqueue = 2", ":3: not valid TOML"),
        ] {
            let error = refused(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
