//! Compiling a component that nobody vouches for: in a child process with limits of its own, because a hostile module
//! can make any compiler slow or hungry, and that must not be the server's problem.

use super::strip::{Pieces, strip};
use crate::config::code_settings;
use crate::package::LoadError;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use wasmtime::Engine;

/// Address space, in bytes, that the child may use. Cranelift needs about 30 times a component's size.
const CHILD_MEMORY_BYTES: u64 = 6 << 30;

/// Processor time, in seconds, that the child may use over all its threads.
const CHILD_CPU_SECS: u64 = 240;

/// Largest file that the child may write.
const CHILD_FILE_BYTES: u64 = 1 << 30;

/// Exit code of a child that failed for a reason that is not the component's.
pub const CHILD_HOST_FAULT: u8 = 70;

/// How long the server waits for it.
const CHILD_WALL: Duration = Duration::from_secs(300);

/// File names inside an artifact's folder.
pub(crate) const CODE: &str = "code.cwasm";
pub(crate) const DATA: &str = "data.bin";
pub(crate) const ABOUT: &str = "about.json";

/// What is known of an artifact besides its code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct About {
    /// The engine that it was compiled for: [`engine_key`].
    pub(crate) engine: String,
    /// BLAKE3 of the component that was compiled; filled in by the cache.
    #[serde(default)]
    pub(crate) source: String,
    /// Initial contents of its memories, in the order in which they are made.
    pub(crate) memories: Vec<AboutMemory>,
    /// BLAKE3 of the code and of the data; filled in by the cache.
    #[serde(default)]
    pub(crate) digests: Vec<String>,
}

/// One memory's pieces: where they go, and their lengths, in the order in which `data.bin` holds them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AboutMemory {
    pub(crate) pieces: Vec<(usize, usize)>,
}

/// Counts the forms that artifacts and the Python runtime have had on disk. Raise it with each change of either, so that
/// what older programs have made is not taken for one's own.
const FORMAT: u32 = 2;

/// What compiled code depends on besides its source: wasmtime's version, its settings and the processor.
///
/// # Errors
///
/// The settings do not fit this processor.
pub fn engine_key() -> wasmtime::Result<String> {
    use std::hash::{Hash, Hasher};
    let engine = Engine::new(&code_settings())?;
    // The standard hasher has fixed keys when made this way; the value is compared on one machine only.
    let mut hasher = std::hash::DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    Ok(format!("{FORMAT}-{:016x}", hasher.finish()))
}

/// Strips and compiles `wasm` into the folder `out`. This is what the child runs.
///
/// # Errors
///
/// The bytes are no valid component, or the folder cannot be written.
pub(crate) fn compile_into(wasm: &[u8], out: &Path) -> Result<(), CompileError> {
    let stripped = strip(wasm).map_err(|error| CompileError::Refused(error.to_string()))?;
    let refused = |error: wasmtime::Error| CompileError::Refused(format!("{error:#}"));
    let engine = Engine::new(&code_settings()).map_err(refused)?;
    let code = engine.precompile_component(&stripped.wasm).map_err(refused)?;
    let about = About {
        engine: engine_key().map_err(refused)?,
        memories: stripped.memories.iter().map(|pieces| AboutMemory { pieces: lengths(pieces) }).collect(),
        source: String::new(),
        digests: Vec::new(),
    };
    write_synced(&out.join(CODE), &code)?;
    write_synced(
        &out.join(DATA),
        &stripped.memories.iter().flatten().flat_map(|(_, bytes)| bytes.iter().copied()).collect::<Vec<u8>>(),
    )?;
    write_synced(&out.join(ABOUT), &serde_json::to_vec(&about).map_err(std::io::Error::from)?)?;
    Ok(())
}

fn lengths(pieces: &Pieces) -> Vec<(usize, usize)> {
    pieces.iter().map(|(at, bytes)| (*at, bytes.len())).collect()
}

pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Why a component was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The component is at fault.
    #[error("{0}")]
    Refused(String),
    /// The host is at fault.
    #[error("the compiled component could not be written: {0}")]
    Io(#[from] std::io::Error),
}

/// What the child process does: limits itself, reads the component from standard input, writes the artifact to `out`.
/// It runs in a process of its own (see `compile_apart`); in a server it would limit the server.
///
/// # Errors
///
/// As [`CompileError`]; the text goes to the parent through standard error.
pub fn compile_child(out: &Path) -> Result<(), CompileError> {
    use rlimit::{Resource, getrlimit, setrlimit};
    for (resource, value) in [
        (Resource::AS, CHILD_MEMORY_BYTES),
        (Resource::CPU, CHILD_CPU_SECS),
        (Resource::FSIZE, CHILD_FILE_BYTES),
        (Resource::CORE, 0),
    ] {
        // A stricter limit that holds already stays: only root may raise one.
        let (_soft, hard) = getrlimit(resource)?;
        setrlimit(resource, value.min(hard), value.min(hard))?;
    }
    let mut wasm = Vec::new();
    std::io::stdin().lock().read_to_end(&mut wasm)?;
    compile_into(&wasm, out)
}

/// Compiles in a child process. `program` is this program's own file; it is called with `internal compile OUT`.
///
/// # Errors
///
/// The component is refused, the child ran into a limit, or it could not be started.
///
/// # Cancel safety
///
/// Dropping the future ends the child.
pub(crate) async fn compile_apart(program: &Path, wasm: &[u8], out: &Path) -> Result<(), LoadError> {
    let failed = |error: std::io::Error| LoadError::host(format!("the compiler process failed: {error}"));
    let mut child = Command::new(program)
        .args([Path::new("internal"), Path::new("compile"), out])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let stdin = child.stdin.take();
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // A child that stops reading has something to say on standard error.
            drop(tokio::io::AsyncWriteExt::write_all(&mut stdin, wasm).await);
        }
    };
    let wait = async { tokio::join!(feed, child.wait_with_output()).1 };
    match tokio::time::timeout(CHILD_WALL, wait).await {
        Err(_) => Err(LoadError::new(format!("compiling takes longer than {} s", CHILD_WALL.as_secs()))),
        Ok(Err(error)) => Err(failed(error)),
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => Err(explain_child(&output)),
    }
}

fn explain_child(output: &std::process::Output) -> LoadError {
    use std::os::unix::process::ExitStatusExt;
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim();
    match output.status.signal() {
        Some(signal) => LoadError::new(format!(
            "compiling it was stopped by signal {signal}; the limits are {} MiB of memory and {CHILD_CPU_SECS} s of processor time. {said}",
            CHILD_MEMORY_BYTES >> 20
        )),
        None if output.status.code() == Some(i32::from(CHILD_HOST_FAULT)) => LoadError::host(said),
        None if said.is_empty() => {
            LoadError::host(format!("the compiler process ended with {}", output.status))
        }
        None => LoadError::new(said),
    }
}

/// The folder of an artifact that this call is making, removed when it is not kept.
#[derive(Debug)]
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // Gone already when it was kept.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
