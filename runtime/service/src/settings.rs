//! `service.toml`: what an operator writes about how a package runs, read strictly.

use crate::name::nearest;
use caisson_engine::{Isolation, Limits, Settings};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// How many requests an instance answers under `isolation = "reuse"` when nothing else is said.
const DEFAULT_MAX_REQUESTS: u32 = 1_000;

const KEYS: [&str; 3] = ["isolation", "max_requests", "limits"];
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

/// Reads the text of a `service.toml`. `file` is named in errors.
///
/// # Errors
///
/// Text that is not TOML, keys that do not exist (with the nearest one that does), values of a wrong type, zeros.
pub fn parse(file: &str, text: &str) -> Result<Settings, SettingsError> {
    let reader = Reader { file, text };
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        reader.error(span, format!("not valid TOML: {}", error.message()))
    })?;
    reader.settings(table.get_ref())
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

impl Reader<'_> {
    fn settings(&self, table: &DeTable<'_>) -> Result<Settings, SettingsError> {
        let mut settings = Settings::default();
        let mut reuse = None;
        let mut max_requests = None;
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "isolation" => reuse = Some(self.isolation(value)?),
                "max_requests" => max_requests = Some((key.span(), self.small("max_requests", value)?)),
                "limits" => settings.limits = self.limits(value)?,
                other => return Err(self.unknown(key.span(), other, &KEYS, "")),
            }
        }
        match (reuse.unwrap_or(false), max_requests) {
            (true, max) => {
                let max_requests = max.map_or(DEFAULT_MAX_REQUESTS, |(_, number)| number);
                settings.isolation = Isolation::Reuse { max_requests };
            }
            (false, None) => {}
            (false, Some((span, _))) => {
                let message = "max_requests has a meaning only with isolation = \"reuse\"; add that line or remove this";
                return Err(self.error(span, message.to_owned()));
            }
        }
        Ok(settings)
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

    fn number(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<u64, SettingsError> {
        let Some(integer) = value.get_ref().as_integer() else {
            return Err(self.wrong_type(key, "a whole number, without quotes", value));
        };
        match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(0) => {
                Err(self
                    .error(value.span(), format!("{key} cannot be 0; write at least 1, or remove the line")))
            }
            Ok(number) => u64::try_from(number)
                .map_err(|_error| self.error(value.span(), format!("{key} cannot be negative: {number}"))),
            Err(_error) => Err(self.error(value.span(), format!("{key} is too large: {integer}"))),
        }
    }

    fn small(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<u32, SettingsError> {
        let number = self.number(key, value)?;
        u32::try_from(number).map_err(|_error| {
            self.error(value.span(), format!("{key} is too large: {number}; at most {}", u32::MAX))
        })
    }

    fn millis(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<Duration, SettingsError> {
        self.number(key, value).map(Duration::from_millis)
    }

    fn unknown(&self, span: Range<usize>, key: &str, known: &[&str], place: &str) -> SettingsError {
        let hint = match nearest(key, known.iter().copied()) {
            Some(name) => format!("did you mean {name}?"),
            None => format!("known are {}", known.join(", ")),
        };
        self.error(span, format!("unknown key {key}{place}; {hint}"))
    }

    fn wrong_type(&self, key: &str, wanted: &str, value: &Spanned<DeValue<'_>>) -> SettingsError {
        self.error(value.span(), format!("{key} must be {wanted}, not {}", value.get_ref().type_str()))
    }

    fn error(&self, span: Range<usize>, message: String) -> SettingsError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line =
            u32::try_from(before.matches('\n').count()).map_or(u32::MAX, |count| count.saturating_add(1));
        SettingsError { file: self.file.to_owned(), line, message }
    }
}

/// Settings as they are written into a manifest: every value spelled out, so that a version says what it ran with.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredSettings {
    /// Absent for one instance per request.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    max_requests: Option<u32>,
    memory_bytes: u64,
    cpu_time_ms: u64,
    wall_time_ms: u64,
    concurrency: u32,
    queue: u32,
    payload_bytes: u64,
    answer_bytes: u64,
}

impl From<Settings> for StoredSettings {
    fn from(settings: Settings) -> Self {
        let limits = settings.limits;
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            max_requests: match settings.isolation {
                Isolation::Request => None,
                Isolation::Reuse { max_requests } => Some(max_requests),
            },
            memory_bytes: limits.memory_bytes,
            cpu_time_ms: millis(limits.cpu_time),
            wall_time_ms: millis(limits.wall_time),
            concurrency: limits.concurrency,
            queue: limits.queue,
            payload_bytes: limits.payload_bytes,
            answer_bytes: limits.answer_bytes,
        }
    }
}

impl From<StoredSettings> for Settings {
    fn from(stored: StoredSettings) -> Self {
        Self {
            isolation: stored
                .max_requests
                .map_or(Isolation::Request, |max_requests| Isolation::Reuse { max_requests }),
            limits: Limits {
                memory_bytes: stored.memory_bytes,
                cpu_time: Duration::from_millis(stored.cpu_time_ms),
                wall_time: Duration::from_millis(stored.wall_time_ms),
                concurrency: stored.concurrency,
                queue: stored.queue,
                payload_bytes: stored.payload_bytes,
                answer_bytes: stored.answer_bytes,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse("service.toml", text).expect_err(text).to_string()
    }

    #[test]
    fn every_key_is_read() {
        let text = "isolation = \"reuse\"\nmax_requests = 7\n[limits]\nmemory_bytes = 0x100_0000\ncpu_time_ms = 2\n\
                    wall_time_ms = 3\nconcurrency = 4\nqueue = 5\npayload_bytes = 6\nanswer_bytes = 7\n";
        let settings = parse("service.toml", text).expect("valid");
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
    fn nothing_said_means_defaults() {
        assert_eq!(parse("f", "").expect("empty is valid"), Settings::default());
        let reuse = parse("f", "isolation = \"reuse\"").expect("valid");
        assert_eq!(reuse.isolation, Isolation::Reuse { max_requests: 1_000 });
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_nearest_name() {
        let error = refused("# comment\n\nisolaton = \"reuse\"\n");
        assert_eq!(error, "service.toml:3: unknown key isolaton; did you mean isolation?");
        let error = refused("[limits]\nmemory_byte = 1\n");
        assert_eq!(error, "service.toml:2: unknown key memory_byte in [limits]; did you mean memory_bytes?");
        assert!(refused("colour = 1").contains("known are isolation, max_requests, limits"));
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
            ("[limits]\nqueue = 1\nqueue = 2", ":3: not valid TOML"),
        ] {
            let error = refused(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
