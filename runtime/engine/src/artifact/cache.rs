//! Compiled components on disk, found by the digest of their source and the engine they were compiled for. An entry
//! that is damaged, or was made by another engine, is made anew.

use super::compile::{
    ABOUT, About, AboutMemory, CODE, DATA, Scratch, compile_apart, engine_key, write_synced,
};
use crate::memory::{Layer, MemoryImage, map_component};
use crate::package::LoadError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::Component;

/// A component ready to be instantiated.
pub(crate) struct Artifact {
    pub(crate) component: Component,
    pub(crate) images: Arc<[Arc<MemoryImage>]>,
    pub(crate) memory_is_all: bool,
}

/// The cache folder and the compiler behind it.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    program: PathBuf,
    key: String,
    /// One compilation at a time: each uses all processors.
    turn: Semaphore,
    count: AtomicU64,
}

impl Cache {
    /// Opens the cache, making the folder with access for this user only.
    ///
    /// # Errors
    ///
    /// The folder cannot be made.
    pub(crate) fn open(folder: &Path, program: &Path) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        refuse_shared(folder)?;
        let key = engine_key().map_err(io::Error::other)?;
        sweep(folder, &key);
        Ok(Self {
            folder: folder.to_owned(),
            program: program.to_owned(),
            key,
            turn: Semaphore::new(1),
            count: AtomicU64::new(0),
        })
    }

    /// The artifact of a component, compiled if need be.
    ///
    /// # Errors
    ///
    /// The component is refused, or the host failed.
    pub(crate) async fn get(&self, engine: &Engine, wasm: &[u8]) -> Result<Artifact, LoadError> {
        let source = blake3::hash(wasm).to_hex().to_string();
        let entry = self.folder.join(format!("{source}-{}", self.key));
        // Without a turn first: what has been compiled must not wait for what is being compiled.
        if let Some(artifact) = self.look_up(engine, &entry, &source).await? {
            return Ok(artifact);
        }
        let _turn = self.turn.acquire().await.map_err(|_| LoadError::host("the engine is stopping"))?;
        if let Some(artifact) = self.look_up(engine, &entry, &source).await? {
            return Ok(artifact);
        }
        self.make(wasm, &entry, &source).await?;
        self.look_up(engine, &entry, &source)
            .await?
            .ok_or_else(|| LoadError::host("the component was compiled, and the result cannot be used"))
    }

    /// What the cache holds, if it is sound. Reading and hashing it is left to a thread that may block.
    async fn look_up(
        &self,
        engine: &Engine,
        entry: &Path,
        source: &str,
    ) -> Result<Option<Artifact>, LoadError> {
        if !entry.exists() {
            return Ok(None);
        }
        let (engine, path) = (engine.clone(), entry.to_owned());
        let (source, key) = (source.to_owned(), self.key.clone());
        let opened = tokio::task::spawn_blocking(move || open(&engine, &path, &source, &key)).await;
        match opened.map_err(|error| LoadError::host(error.to_string()))? {
            Ok(artifact) => Ok(Some(artifact)),
            Err(reason) => {
                tracing::warn!(entry = %entry.display(), %reason, "a compiled component cannot be used and is made anew");
                Ok(None)
            }
        }
    }

    async fn make(&self, wasm: &[u8], entry: &Path, source: &str) -> Result<(), LoadError> {
        let failed = |error: io::Error| {
            LoadError::host(format!("the cache folder {}: {error}", self.folder.display()))
        };
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let scratch = Scratch(self.folder.join(format!(".making-{}-{number}", std::process::id())));
        drop(std::fs::remove_dir_all(&scratch.0));
        std::fs::create_dir(&scratch.0).map_err(failed)?;
        compile_apart(&self.program, wasm, &scratch.0).await?;
        sign(&scratch.0, source).map_err(failed)?;
        // A rename cannot replace a folder that has something in it, nor a file.
        drop(std::fs::remove_dir_all(entry).or_else(|_| std::fs::remove_file(entry)));
        std::fs::rename(&scratch.0, entry).map_err(failed)
    }
}

/// Compiled code is trusted, so nobody else may be able to write it.
fn refuse_shared(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let about = std::fs::symlink_metadata(folder)?;
    let own = about.uid() == rustix::process::geteuid().as_raw();
    if about.is_dir() && own && about.mode() & 0o022 == 0 {
        return Ok(());
    }
    let text = format!(
        "{} must be a folder that belongs to the user who runs the server and that no one else can write",
        folder.display()
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}

/// Younger than this, an entry may be under way in another process.
const UNFINISHED_FOR: Duration = Duration::from_secs(600);

/// Removes what a server that was killed left unfinished, and what other engines compiled.
fn sweep(folder: &Path, key: &str) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let fresh = entry
            .metadata()
            .and_then(|about| about.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age < UNFINISHED_FOR));
        if !fresh && !name.to_string_lossy().ends_with(key) {
            // What cannot be removed now is no harm, only space.
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}

/// Writes the digests of what the child made into its description.
fn sign(folder: &Path, source: &str) -> io::Result<()> {
    let mut about: About = serde_json::from_slice(&std::fs::read(folder.join(ABOUT))?)?;
    source.clone_into(&mut about.source);
    about.digests = digests(folder)?;
    write_synced(&folder.join(ABOUT), &serde_json::to_vec(&about)?)
}

fn digests(folder: &Path) -> io::Result<Vec<String>> {
    [CODE, DATA]
        .iter()
        .map(|name| Ok(blake3::hash(&std::fs::read(folder.join(name))?).to_hex().to_string()))
        .collect()
}

/// Opens an entry after checking it.
fn open(engine: &Engine, entry: &Path, source: &str, key: &str) -> Result<Artifact, String> {
    let text = |error: io::Error| error.to_string();
    let about: About = serde_json::from_slice(&std::fs::read(entry.join(ABOUT)).map_err(text)?)
        .map_err(|error| error.to_string())?;
    if about.engine != key {
        return Err(format!("it was made by engine {}", about.engine));
    }
    if about.source != source {
        return Err("it was made of another component".to_owned());
    }
    if about.digests != digests(entry).map_err(text)? {
        return Err("its content has changed since it was made".to_owned());
    }
    let component = map_component(engine, &entry.join(CODE)).map_err(|error| format!("{error:#}"))?;
    let data = std::fs::read(entry.join(DATA)).map_err(text)?;
    let images = images(&about.memories, &data).map_err(text)?;
    // Whatever its modules look like: a foreign component may keep a bit where only it would look for one.
    Ok(Artifact { component, images: images.into(), memory_is_all: false })
}

/// Lays out memories from their pieces.
pub(crate) fn images(memories: &[AboutMemory], data: &[u8]) -> io::Result<Vec<Arc<MemoryImage>>> {
    let mut at = 0;
    let mut images = Vec::with_capacity(memories.len());
    for memory in memories {
        let mut pieces = Vec::with_capacity(memory.pieces.len());
        for (start, len) in &memory.pieces {
            let bytes = data.get(at..at + len).ok_or(io::ErrorKind::UnexpectedEof)?;
            pieces.push((*start, bytes));
            at += len;
        }
        let end = memory.pieces.iter().map(|(start, len)| start + len).max().unwrap_or(0);
        images.push(Arc::new(MemoryImage::of_layer(Arc::new(Layer::new(end, pieces)?))?));
    }
    Ok(images)
}
