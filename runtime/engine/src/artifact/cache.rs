//! Compiled components on disk, found by the digest of their source and the engine they were compiled for. An entry
//! that is damaged, or was made by another engine, is made anew.

use super::compile::{
    ABOUT, About, AboutMemory, CODE, DATA, Scratch, compile_apart, engine_key, write_synced,
};
use crate::memory::{Layer, MemoryImage, map_component, precompiled_is_ours};
use crate::package::LoadError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
        let key = engine_key().map_err(io::Error::other)?;
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
        let entry = self.folder.join(format!("{}-{}", blake3::hash(wasm).to_hex(), self.key));
        let _turn = self.turn.acquire().await.map_err(|_| LoadError::host("the engine is stopping"))?;
        if entry.exists() {
            match open(engine, &entry, &self.key) {
                Ok(artifact) => return Ok(artifact),
                Err(reason) => {
                    tracing::warn!(entry = %entry.display(), %reason, "a compiled component cannot be used and is made anew");
                }
            }
        }
        self.make(wasm, &entry).await?;
        open(engine, &entry, &self.key)
            .map_err(|reason| LoadError::host(format!("the compiled component cannot be used: {reason}")))
    }

    async fn make(&self, wasm: &[u8], entry: &Path) -> Result<(), LoadError> {
        let failed = |error: io::Error| {
            LoadError::host(format!("the cache folder {}: {error}", self.folder.display()))
        };
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let scratch = Scratch(self.folder.join(format!(".making-{}-{number}", std::process::id())));
        drop(std::fs::remove_dir_all(&scratch.0));
        std::fs::create_dir(&scratch.0).map_err(failed)?;
        compile_apart(&self.program, wasm, &scratch.0).await?;
        sign(&scratch.0).map_err(failed)?;
        // A rename cannot replace a folder that has something in it.
        drop(std::fs::remove_dir_all(entry));
        std::fs::rename(&scratch.0, entry).map_err(failed)
    }
}

/// Writes the digests of what the child made into its description.
fn sign(folder: &Path) -> io::Result<()> {
    let mut about: About = serde_json::from_slice(&std::fs::read(folder.join(ABOUT))?)?;
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
fn open(engine: &Engine, entry: &Path, key: &str) -> Result<Artifact, String> {
    let text = |error: io::Error| error.to_string();
    let about: About = serde_json::from_slice(&std::fs::read(entry.join(ABOUT)).map_err(text)?)
        .map_err(|error| error.to_string())?;
    if about.engine != key {
        return Err(format!("it was made by engine {}", about.engine));
    }
    if about.digests != digests(entry).map_err(text)? {
        return Err("its content has changed since it was made".to_owned());
    }
    if !precompiled_is_ours(&entry.join(CODE)) {
        return Err("it holds no compiled component".to_owned());
    }
    let component = map_component(engine, &entry.join(CODE)).map_err(|error| format!("{error:#}"))?;
    let data = std::fs::read(entry.join(DATA)).map_err(text)?;
    let images = images(&about.memories, &data).map_err(text)?;
    Ok(Artifact { component, images: images.into(), memory_is_all: about.memory_is_all })
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
