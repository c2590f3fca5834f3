//! The host's log. Each record gets the correlation id, the service and its version from the host.
//!
//! ```
//! # fn handle(id: u32) {
//! caisson::info!("order {id} came in");
//! caisson::warning!("order {id} has no lines");
//! # }
//! ```

use crate::host;
use std::fmt;

pub use crate::{critical, debug, error, info, trace, warning};

/// How much a record matters.
pub use crate::bindings::caisson::service::log::Level;

/// Writes one record; `logger` names the source within the service and may be empty. The macros do it with the name of their module.
pub fn write(level: Level, logger: &str, message: fmt::Arguments<'_>) {
    match message.as_str() {
        Some(text) => host::log(level, logger, text),
        None => host::log(level, logger, &message.to_string()),
    }
}

/// Writes a record of the level `trace`, in the form of `format!`.
#[macro_export]
macro_rules! trace {
    ($($message:tt)+) => {
        $crate::log::write($crate::log::Level::Trace, ::core::module_path!(), ::core::format_args!($($message)+))
    };
}

/// Writes a record of the level `debug`, in the form of `format!`.
#[macro_export]
macro_rules! debug {
    ($($message:tt)+) => {
        $crate::log::write($crate::log::Level::Debug, ::core::module_path!(), ::core::format_args!($($message)+))
    };
}

/// Writes a record of the level `info`, in the form of `format!`.
#[macro_export]
macro_rules! info {
    ($($message:tt)+) => {
        $crate::log::write($crate::log::Level::Info, ::core::module_path!(), ::core::format_args!($($message)+))
    };
}

/// Writes a record of the level `warning`, in the form of `format!`.
#[macro_export]
macro_rules! warning {
    ($($message:tt)+) => {
        $crate::log::write($crate::log::Level::Warning, ::core::module_path!(), ::core::format_args!($($message)+))
    };
}

/// Writes a record of the level `error`, in the form of `format!`.
#[macro_export]
macro_rules! error {
    ($($message:tt)+) => {
        $crate::log::write($crate::log::Level::Error, ::core::module_path!(), ::core::format_args!($($message)+))
    };
}

/// Writes a record of the level `critical`, in the form of `format!`.
#[macro_export]
macro_rules! critical {
    ($($message:tt)+) => {
        $crate::log::write($crate::log::Level::Critical, ::core::module_path!(), ::core::format_args!($($message)+))
    };
}
