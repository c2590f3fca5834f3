//! The engine's front: what the rest of the runtime sees of it.

use crate::artifact::cache::{Artifact, Cache};
use crate::config::{TICK, runtime_settings};
use crate::host::{Host, Outside, link};
use crate::instance::Template;
use crate::memory::ResetMode;
use crate::package::{LoadError, Package, ServiceInfo};
use crate::program::{Program, Shared};
use crate::python;
use crate::settings::{Limits, Settings};
use caisson_capability::{Background, Connections, Invoker, Locks, Schemas};
use caisson_host::Link;
use caisson_telemetry::{LogHub, Metrics};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Semaphore;
use wasmtime::ProfilingStrategy;
use wasmtime::component::Linker;

/// How often idle instances are looked at.
const JANITOR: Duration = Duration::from_secs(3);

/// What an engine needs to know of its surroundings.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// The Python runtime: the folder that `build_python` wrote.
    pub python: PathBuf,
    /// Where compiled components are kept.
    pub cache: PathBuf,
    /// This program's own file; it compiles components when called with `internal compile`.
    pub program: PathBuf,
    /// Messages that may be inside guests at the same time, over all services. Bounds the server's memory.
    pub max_active: usize,
    /// What servers leave at its default.
    pub diagnostics: Diagnostics,
    /// Names of locks and caches are the same for all packages, instead of each having its own.
    pub shared_names: bool,
}

/// For tests and for who looks where time goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Diagnostics {
    /// Put memories back without the kernel's help in finding dirty pages, as on kernels before 6.7.
    pub plain_reset: bool,
    /// Name the functions of guests in the file where `perf report` looks for those of this process.
    pub perf_map: bool,
}

/// The engine could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Wasmtime refused its configuration.
    #[error("the WebAssembly engine could not be set up: {0}")]
    Wasmtime(#[from] wasmtime::Error),
    /// The operating system's.
    #[error("the engine could not be set up: {0}")]
    Io(#[from] std::io::Error),
}

/// Compiles, loads and runs packages. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    wasmtime: wasmtime::Engine,
    linker: Linker<Host>,
    outside: Arc<Outside>,
    cache: Cache,
    /// The reason, when there is no Python runtime: native services work without it.
    python: Result<Artifact, LoadError>,
    house: Arc<Semaphore>,
    shared: Arc<Shared>,
    programs: Mutex<Vec<Weak<Program>>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Sets up an engine and two threads: the clock of running guests, which ends when all programs are gone too, and
    /// the one that drops idle instances, which ends with the last clone of the engine. Guests reach `connections` through what
    /// `capabilities` link.
    ///
    /// # Errors
    ///
    /// The operating system's, or wasmtime does not run on this machine. A missing Python runtime is not an error
    /// here: Python packages are then refused with the reason.
    pub fn new(
        options: &EngineOptions,
        logs: Arc<LogHub>,
        metrics: Arc<Metrics>,
        connections: Arc<Connections>,
        capabilities: &[Link<Host>],
    ) -> Result<Self, EngineError> {
        let Diagnostics { plain_reset, perf_map } = options.diagnostics;
        let mode = if plain_reset { ResetMode::Discard } else { ResetMode::detect() };
        let mut settings = runtime_settings(mode)?;
        if perf_map {
            settings.profiler(ProfilingStrategy::PerfMap);
        }
        let wasmtime = wasmtime::Engine::new(&settings)?;
        let mut linker = Linker::new(&wasmtime);
        link(&mut linker, capabilities)?;
        let python = python::open(&wasmtime, &options.python);
        let inner = Arc::new(Inner {
            cache: Cache::open(&options.cache, &options.program)?,
            linker,
            outside: Arc::new(Outside::new(logs, connections, options.shared_names)),
            python,
            house: Arc::new(Semaphore::new(options.max_active)),
            shared: Arc::new(Shared::new(metrics)),
            programs: Mutex::default(),
            wasmtime,
        });
        tick(&inner.wasmtime)?;
        janitor(&inner)?;
        Ok(Self(inner))
    }

    /// Opens the door through which services call each other. Only the first call counts.
    pub fn connect(&self, invoker: Weak<dyn Invoker>) {
        self.0.outside.connect(invoker);
    }

    /// Says who keeps the locks that services take. Only the first call counts.
    pub fn lend(&self, locks: Arc<dyn Locks>) {
        self.0.outside.lend(locks);
    }

    /// Says who keeps calls that nobody waits for. Only the first call counts.
    pub fn connect_background(&self, background: Weak<dyn Background>) {
        self.0.outside.connect_background(background);
    }

    /// Why Python packages cannot be loaded, if they cannot.
    #[must_use]
    pub fn python_problem(&self) -> Option<&LoadError> {
        self.0.python.as_ref().err()
    }

    /// Loads a package: runs its top level in the sandbox once and takes an image.
    ///
    /// # Errors
    ///
    /// See [`LoadError`]. Nothing that ran before is touched.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops what loads.
    pub async fn load(&self, package: &Package, settings: Settings) -> Result<Arc<Program>, LoadError> {
        let (services, template, interfaces) = match package {
            Package::Python { name, files } => {
                let base = self.0.python.as_ref().map_err(LoadError::clone)?;
                let mut template = self.template(base, name, settings.limits)?;
                let loading = python::load(&template, name, files);
                let (services, images) = within(settings.limits.wall_time, loading).await?;
                template.images = images.into();
                (services, template, Vec::new())
            }
            Package::Component { name, wasm, schemas } => {
                let artifact = self.0.cache.get(&self.0.wasmtime, wasm).await?;
                let template = self.template(&artifact, name, settings.limits)?;
                // One instance for trial: what is missing or wrong shows now, not at the first request.
                let trial = async { template.instantiate().await.map_err(|error| template.refuse(&error)) };
                within(settings.limits.wall_time, trial).await?;
                (vec![native_service(name, schemas)], template, self.interfaces(&artifact))
            }
        };
        let (house, shared) = (Arc::clone(&self.0.house), Arc::clone(&self.0.shared));
        let program = Arc::new(Program::new(services, settings, template, interfaces, house, shared));
        self.0.programs.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&program));
        Ok(program)
    }

    /// What a component imports of capabilities: all of ours but what every service may do.
    fn interfaces(&self, artifact: &Artifact) -> Vec<String> {
        let component = artifact.component.component_type();
        let names = component.imports(&self.0.wasmtime).map(|(name, _)| name.to_owned());
        names.filter(|name| name.starts_with("caisson:") && name.contains("/client@")).collect()
    }

    fn template(&self, artifact: &Artifact, package: &str, limits: Limits) -> Result<Template, LoadError> {
        let pre = self.0.linker.instantiate_pre(&artifact.component);
        Ok(Template {
            engine: self.0.wasmtime.clone(),
            package: package.into(),
            pre: pre.map_err(|error| {
                LoadError::new(format!("it imports what this host does not offer: {error:#}"))
            })?,
            images: Arc::clone(&artifact.images),
            memory_is_all: artifact.memory_is_all,
            outside: Arc::clone(&self.0.outside),
            metrics: Arc::clone(&self.0.shared.metrics),
            limits,
        })
    }
}

/// Gives up on loading after the wall clock limit of the package.
async fn within<T>(
    limit: Duration,
    loading: impl Future<Output = Result<T, LoadError>>,
) -> Result<T, LoadError> {
    tokio::time::timeout(limit, loading).await.unwrap_or_else(|_| {
        Err(LoadError::new(format!(
            "while it loaded, it reached its limit wall_time_ms = {}",
            limit.as_millis()
        )))
    })
}

/// A component's one service is named as its package, with dashes as in all service names.
fn native_service(package: &str, schemas: &Schemas) -> ServiceInfo {
    ServiceInfo {
        name: package.replace('_', "-"),
        module: String::new(),
        class_name: String::new(),
        line: 0,
        doc: None,
        schemas: schemas.clone(),
    }
}

/// The clock of running guests. A thread, since a guest that never waits would starve a timer of the runtime that runs it.
fn tick(engine: &wasmtime::Engine) -> std::io::Result<()> {
    let weak = engine.weak();
    std::thread::Builder::new().name("caisson-epoch".to_owned()).spawn(move || {
        loop {
            std::thread::sleep(TICK);
            match weak.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    })?;
    Ok(())
}

fn janitor(inner: &Arc<Inner>) -> std::io::Result<()> {
    let weak = Arc::downgrade(inner);
    std::thread::Builder::new().name("caisson-janitor".to_owned()).spawn(move || {
        loop {
            std::thread::sleep(JANITOR);
            let Some(inner) = weak.upgrade() else { return };
            let programs: Vec<_> = {
                let mut known = inner.programs.lock().unwrap_or_else(PoisonError::into_inner);
                known.retain(|program| program.strong_count() > 0);
                known.iter().filter_map(Weak::upgrade).collect()
            };
            programs.iter().for_each(|program| program.trim());
        }
    })?;
    Ok(())
}
