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
/// binary, or in its cache directory (mode 0700) after the digest in the entry's name has been checked against the
/// content. Files are replaced by renaming, never written in place, so a mapping keeps its bytes.
///
/// # Errors
///
/// The file cannot be read, or was made by another version or with other settings.
pub(crate) fn map_component(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: see above.
    unsafe { Component::deserialize_file(engine, path) }
}

/// Whether a file looks like a compiled component at all.
pub(crate) fn precompiled_is_ours(path: &Path) -> bool {
    matches!(Engine::detect_precompiled_file(path), Ok(Some(wasmtime::Precompiled::Component)))
}
