//! The Python runtime: the interpreter's compiled code, and its memory after it has booted and imported what every
//! service shares. Made once at build time, beside the program; every Python service begins as a copy of it.

use crate::artifact::cache::images;
use crate::artifact::compile::{AboutMemory, write_synced};
use crate::artifact::strip::{Pieces, strip};
use crate::artifact::{cache::Artifact, inspect};
use crate::bindings::{LOADER, loader};
use crate::config::runtime_settings;
use crate::host::{Host, link};
use crate::instance::{Started, Template, explain, function};
use crate::memory::{Layer, MemoryImage, ResetMode, map_component};
use crate::package::{LoadError, ServiceInfo, SourceFile};
use crate::schema;
use crate::settings::Limits;
use caisson_capability::Schemas;
use caisson_host::Link;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker, TypedFunc};

/// File names inside the runtime's folder.
const ABOUT: &str = "manifest.json";

/// Names of the two large files. Each build has its own, so that the files of two builds are never taken for a pair.
fn names(build: &str) -> (String, String) {
    (format!("code-{build}.cwasm"), format!("memory-{build}.image"))
}

/// Bounds for booting the interpreter.
const BOOT: Limits = Limits {
    memory_bytes: 1 << 30,
    cpu_time: Duration::from_secs(120),
    wall_time: Duration::from_secs(120),
    concurrency: 1,
    queue: 1,
    payload_bytes: 0,
    answer_bytes: 0,
};

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    build: String,
    /// Lengths of the memories in the image file, in bytes.
    memories: Vec<usize>,
}

type Load = TypedFunc<(loader::Program,), (Result<Vec<loader::ServiceInfo>, loader::LoadError>,)>;
type Prepare = TypedFunc<(), (Result<(), loader::LoadError>,)>;

/// Opens the runtime in `folder`.
///
/// # Errors
///
/// It is missing, or was built for another engine; the text says what to do.
pub(crate) fn open(engine: &Engine, folder: &Path) -> Result<Artifact, LoadError> {
    let text = std::fs::read(folder.join(ABOUT)).map_err(|error| {
        LoadError::host(format!(
            "the Python runtime is not in {} ({error}): build it with `cargo xtask build`, or copy the folder along with the program",
            folder.display()
        ))
    })?;
    let broken = |reason: String| {
        LoadError::host(format!(
            "the Python runtime in {} cannot be used: {reason}. Build it again with `cargo xtask build`",
            folder.display()
        ))
    };
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| broken(error.to_string()))?;
    let (code, image) = names(&manifest.build);
    let component =
        map_component(engine, &folder.join(code)).map_err(|error| broken(format!("{error:#}")))?;
    let bytes = std::fs::read(folder.join(image)).map_err(|error| broken(error.to_string()))?;
    let mut images = Vec::new();
    let mut rest = bytes.as_slice();
    for len in &manifest.memories {
        let (memory, after) =
            rest.split_at_checked(*len).ok_or_else(|| broken("its image is too short".to_owned()))?;
        rest = after;
        let image =
            Layer::new(*len, nonzero_pages(memory)).and_then(|layer| MemoryImage::of_layer(Arc::new(layer)));
        images.push(Arc::new(image.map_err(|error| broken(error.to_string()))?));
    }
    Ok(Artifact { component, images: images.into(), memory_is_all: true })
}

/// The stretches of a memory that are worth writing: a page of zeros costs nothing when it is left out.
fn nonzero_pages(memory: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    const STRETCH: usize = 16 * crate::memory::PAGE;
    memory
        .chunks(STRETCH)
        .enumerate()
        .filter(|(_, bytes)| bytes.iter().any(|byte| *byte != 0))
        .map(|(number, bytes)| (number * STRETCH, bytes))
}

/// Compiles the interpreter, boots it and writes the runtime to `out`. Runs at build time. `capabilities` are linked since it imports
/// them; there is no connection that it could use.
///
/// # Errors
///
/// The component is not an interpreter, keeps state outside of its memory, fails to boot, or the folder cannot be
/// written.
pub async fn build(wasm: &[u8], out: &Path, capabilities: &[Link<Host>]) -> Result<(), LoadError> {
    let failed = |error: wasmtime::Error| LoadError::host(format!("{error:#}"));
    let stripped = strip(wasm).map_err(|error| LoadError::new(error.to_string()))?;
    let state = inspect::outside_state(&stripped.wasm).map_err(|error| LoadError::new(error.to_string()))?;
    if !state.memory_is_all() {
        return Err(LoadError::new(format!(
            "an interpreter must keep all its state in memory, this one has {state:?}"
        )));
    }
    let engine = Engine::new(&runtime_settings(ResetMode::detect()).map_err(|error| failed(error.into()))?)
        .map_err(failed)?;
    let component = Component::from_binary(&engine, &stripped.wasm).map_err(failed)?;
    let memories = boot(&engine, &component, &stripped.memories, capabilities).await?;
    let (code, image) = (component.serialize().map_err(failed)?, memories.concat());
    write(out, &code, &image, memories.iter().map(Vec::len).collect())
        .map_err(|error| LoadError::host(format!("{}: {error}", out.display())))
}

/// The manifest comes last, by renaming: until then the old runtime is whole, and from then on the new one is.
fn write(out: &Path, code: &[u8], image: &[u8], memories: Vec<usize>) -> std::io::Result<()> {
    let mut digest = blake3::Hasher::new();
    digest.update(code).update(image);
    let build: String = digest.finalize().to_hex().chars().take(16).collect();
    let (code_name, image_name) = names(&build);
    std::fs::create_dir_all(out)?;
    write_synced(&out.join(&code_name), code)?;
    write_synced(&out.join(&image_name), image)?;
    let manifest = out.join(format!("{ABOUT}.new"));
    write_synced(&manifest, &serde_json::to_vec_pretty(&Manifest { build, memories })?)?;
    std::fs::rename(manifest, out.join(ABOUT))?;
    for entry in std::fs::read_dir(out)?.flatten() {
        let name = entry.file_name();
        if name != ABOUT && name != *code_name && name != *image_name {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

async fn boot(
    engine: &Engine,
    component: &Component,
    memories: &[Pieces],
    capabilities: &[Link<Host>],
) -> Result<Vec<Vec<u8>>, LoadError> {
    let failed = |error: wasmtime::Error| LoadError::host(format!("{error:#}"));
    let mut data = Vec::new();
    let mut about = Vec::new();
    for pieces in memories {
        about.push(AboutMemory { pieces: pieces.iter().map(|(at, bytes)| (*at, bytes.len())).collect() });
        pieces.iter().for_each(|(_, bytes)| data.extend_from_slice(bytes));
    }
    let images = images(&about, &data).map_err(|error| failed(error.into()))?;
    let mut linker = Linker::<Host>::new(engine);
    link(&mut linker, capabilities).map_err(failed)?;
    let template = Template {
        engine: engine.clone(),
        package: Arc::default(),
        pre: linker.instantiate_pre(component).map_err(failed)?,
        images: images.into(),
        memory_is_all: true,
        outside: Arc::default(),
        metrics: Arc::default(),
        limits: BOOT,
    };
    let Started { mut store, guest, memories } = template.start("").await.map_err(failed)?;
    let prepare: Prepare = function(&mut store, &guest, LOADER, "prepare").map_err(failed)?;
    prepare.call_async(&mut store, ()).await.map_err(failed)?.0.map_err(convert)?;
    store.data_mut().end();
    if !store.data().holds_nothing() {
        return Err(LoadError::new("the interpreter holds host resources after it has booted"));
    }
    Ok(memories.copy(&mut store))
}

/// Loads a package into a fresh instance of the runtime. Returns its services and the images that it leaves behind.
///
/// # Errors
///
/// The package's own mistake, with file and line, or a limit.
pub(crate) async fn load(
    template: &Template,
    name: &str,
    files: &[SourceFile],
) -> Result<(Vec<ServiceInfo>, Vec<Arc<MemoryImage>>), LoadError> {
    let failed = |error: wasmtime::Error| LoadError::host(format!("{error:#}"));
    let started = template.start(name).await;
    let Started { mut store, guest, memories } = started.map_err(|error| template.refuse(&error))?;
    let load: Load = function(&mut store, &guest, LOADER, "load").map_err(failed)?;
    let program = loader::Program {
        name: name.to_owned(),
        files: files
            .iter()
            .map(|file| loader::SourceFile { path: file.path.clone(), content: file.content.to_vec() })
            .collect(),
    };
    let meter = store.data().meter.clone();
    meter.restart(template.limits.cpu_time);
    store.set_epoch_deadline(1);
    let outcome = meter.measure(load.call_async(&mut store, (program,))).await;
    let outcome = outcome.map_err(|trap| {
        let refused = store.data().limiter.refused();
        let stderr = store.data_mut().take_stderr();
        let error = explain(&trap, refused, &stderr, &template.limits);
        LoadError {
            traceback: error.detail,
            ..LoadError::new(format!("while its modules loaded, {}", error.message))
        }
    })?;
    store.data_mut().end();
    let services = outcome.0.map_err(convert)?.into_iter().map(service).collect();
    if !store.data().holds_nothing() {
        return Err(LoadError::new("its modules opened something that does not end when loading ends"));
    }
    let images = memories.capture(&mut store).map_err(|error| failed(error.into()))?;
    Ok((services, images))
}

fn convert(error: loader::LoadError) -> LoadError {
    LoadError {
        message: error.message,
        file: error.file,
        line: error.line,
        traceback: Some(error.traceback),
        host: false,
    }
}

fn service(info: loader::ServiceInfo) -> ServiceInfo {
    let checked = |side: &str, text: Option<String>| schema::checked(&info.name, side, text?);
    let schemas =
        Schemas { input: checked("input", info.input_schema), output: checked("output", info.output_schema) };
    ServiceInfo {
        schemas,
        name: info.name,
        module: info.module,
        class_name: info.class_name,
        line: info.line,
        doc: info.doc,
    }
}
