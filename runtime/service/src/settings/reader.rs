//! Values of a settings file, each with the place for an error.

use super::SettingsError;
use crate::name::nearest;
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;
use toml::de::DeValue;

/// A text and what it is called.
pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Reader<'_> {
    pub(super) fn string<'v>(
        &self,
        key: &str,
        wanted: &str,
        value: &'v Spanned<DeValue<'_>>,
    ) -> Result<&'v str, SettingsError> {
        value.get_ref().as_str().ok_or_else(|| self.wrong_type(key, wanted, value))
    }

    pub(super) fn number(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<u64, SettingsError> {
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

    pub(super) fn small(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<u32, SettingsError> {
        let number = self.number(key, value)?;
        u32::try_from(number).map_err(|_error| {
            self.error(value.span(), format!("{key} is too large: {number}; at most {}", u32::MAX))
        })
    }

    pub(super) fn millis(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<Duration, SettingsError> {
        self.number(key, value).map(Duration::from_millis)
    }

    pub(super) fn unknown(
        &self,
        span: Range<usize>,
        key: &str,
        known: &[&str],
        place: &str,
    ) -> SettingsError {
        let hint = match nearest(key, known.iter().copied()) {
            Some(name) => format!("did you mean {name}?"),
            None => format!("known are {}", known.join(", ")),
        };
        self.error(span, format!("unknown key {key}{place}; {hint}"))
    }

    pub(super) fn wrong_type(&self, key: &str, wanted: &str, value: &Spanned<DeValue<'_>>) -> SettingsError {
        self.error(value.span(), format!("{key} must be {wanted}, not {}", value.get_ref().type_str()))
    }

    pub(super) fn error(&self, span: Range<usize>, message: String) -> SettingsError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line =
            u32::try_from(before.matches('\n').count()).map_or(u32::MAX, |count| count.saturating_add(1));
        SettingsError { file: self.file.to_owned(), line, message }
    }
}
