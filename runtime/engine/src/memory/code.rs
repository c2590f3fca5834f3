//! Compiled components, mapped from files.

#![allow(unsafe_code, reason = "wasmtime trusts compiled code by contract; see the functions")]

use std::path::Path;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Maps a compiled component. Wasmtime checks that its version and settings are this engine's.
///
/// # Safety argument
///
/// Compiled code is trusted like the program itself. Callers give only files that this product wrote: beside its own
/// binary, or in its cache directory, which nobody else can write (checked when it is opened; the digests in an entry
/// tell damage, not origin). Files are replaced by renaming, never written in place, so a mapping keeps its bytes.
///
/// # Errors
///
/// The file cannot be read, or was made by another version or with other settings.
pub(crate) fn map_component(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: see above.
    unsafe { Component::deserialize_file(engine, path) }
}
