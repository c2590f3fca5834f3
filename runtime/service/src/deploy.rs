//! Deploying: load, check, make durable, swap, in this order and one package never waiting for another.
//!
//! **The document is written before the table is swapped.** Whatever has answered a request under a version number is
//! therefore on disk under that number, and a crash in between can only lead to a version that nobody has seen yet.
//! Blobs are written while the engine loads, so that the wait for the disk costs little.

mod error;
mod reload;
mod report;
mod restore;
mod rollback;
mod state;
mod status;
mod turn;
mod uploads;

pub use error::DeployError;
pub use status::{Deployment, ErrorStatus, PackageStatus, ServiceStatus, State};

use crate::about::About;
use crate::digest::Digest;
use crate::loader::{Loader, Runnable};
use crate::registry::Registry;
use crate::source::PackageSource;
use crate::store::{self, Origin, Staged, Store, StoreError, Version};
use caisson_telemetry::{Level, LogHub, Metrics};
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;
use turn::Turn;

/// Deploys packages and remembers them. Cheap to clone.
#[derive(Clone)]
pub struct Deployer(Arc<Inner>);

struct Inner {
    loader: Arc<dyn Loader>,
    registry: Arc<Registry>,
    store: Arc<Store>,
    metrics: Arc<Metrics>,
    logs: Arc<LogHub>,
    state: Mutex<state::State>,
    /// One per package that is being changed: changes to a package come one after another, in the order of the calls.
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// Loading takes a whole core, so more at once would only make each of them slower.
    loading: Semaphore,
    /// Deployments whose callers may have gone away.
    tasks: TaskTracker,
    /// Goes up when service or package names become free.
    freed: watch::Sender<u64>,
    ready: AtomicBool,
}

impl fmt::Debug for Deployer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployer").field("registry", &self.0.registry).finish_non_exhaustive()
    }
}

/// One call of [`Deployer::deploy`].
struct Job {
    source: Arc<PackageSource>,
    digest: Digest,
    origin: Origin,
    by: String,
}

impl Deployer {
    /// Opens a data folder. Nothing runs until [`Deployer::restore`].
    ///
    /// # Errors
    ///
    /// The folder is in use by another server, cannot be written, or was written by a newer version. A document that
    /// cannot be read is no error: it is set aside and logged. Blocks while it reads.
    pub fn open(
        data: &Path,
        loader: Arc<dyn Loader>,
        metrics: Arc<Metrics>,
        logs: Arc<LogHub>,
    ) -> Result<Self, StoreError> {
        let (store, problems) = Store::open(data)?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let this = Self(Arc::new(Inner {
            loader,
            registry: Arc::new(Registry::new(Arc::clone(&metrics))),
            store,
            metrics,
            logs,
            state: Mutex::default(),
            turns: Mutex::default(),
            loading: Semaphore::new(cores),
            tasks: TaskTracker::new(),
            freed: watch::Sender::new(0),
            ready: AtomicBool::new(false),
        }));
        for problem in problems {
            this.log(Level::Error, problem);
        }
        Ok(this)
    }

    /// What can be called now.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.0.registry)
    }

    /// Deploys a package in the place of what it was before. Returns once the new version answers and would survive
    /// a power failure. Deployments of one package take effect in the order of the calls.
    ///
    /// # Errors
    ///
    /// See [`DeployError`]. What ran before still runs; the refusal is logged, counted and part of the status.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future while it waits for its turn gives up; afterwards the deployment is finished without it.
    pub async fn deploy(
        &self,
        source: PackageSource,
        origin: Origin,
        by: &str,
    ) -> Result<Deployment, DeployError> {
        let turn = self.turn(source.name()).await;
        self.deploy_in_turn(turn, source, origin, by).await
    }

    async fn deploy_in_turn(
        &self,
        turn: Turn,
        source: PackageSource,
        origin: Origin,
        by: &str,
    ) -> Result<Deployment, DeployError> {
        let (this, by) = (self.clone(), by.to_owned());
        let (package, language, from) = (source.name().to_owned(), source.language(), origin.clone());
        // A task of its own, so that a caller who goes away cannot leave a version that is stored and does not run.
        let running = self.0.tasks.spawn(async move {
            let digest = store::digest_of(&source);
            let job = Job { source: Arc::new(source), digest, origin, by };
            let result = this.run(&job).await;
            if let Err(error) = &result {
                this.refused(
                    job.source.name(),
                    &job.origin,
                    Some(job.source.language()),
                    Some(digest),
                    error,
                );
            }
            drop(turn);
            result
        });
        running.await.unwrap_or_else(|failure| {
            let error = DeployError::Host { message: failure.to_string() };
            self.refused(&package, &from, Some(language), None, &error);
            Err(error)
        })
    }

    async fn run(&self, job: &Job) -> Result<Deployment, DeployError> {
        let package = job.source.name();
        if let Some(error) = self.state().origin_conflict(package, &job.origin) {
            return Err(error);
        }
        if let Some(done) = self.state().unchanged(package, job.digest, &job.origin) {
            return Ok(done);
        }
        // An upload that is repeated is a wish to try again; a file that is looked at again is not.
        if job.origin != Origin::Upload
            && let Some(error) = self.state().still_broken(package, job.digest)
        {
            return Err(error);
        }
        let (program, staged) = tokio::join!(self.load(job), self.stage(job));
        let reserve = |program: Arc<dyn Runnable>| {
            let reserved = self.state().reserve(package, &job.origin, program.services())?;
            Ok((reserved, program))
        };
        let (reserved, program) = match program.and_then(reserve) {
            Ok(both) => both,
            Err(error) => {
                // Gives up what was written for nothing, which removes files.
                drop(tokio::task::spawn_blocking(move || drop(staged)).await);
                return Err(error);
            }
        };
        match self.commit(job, staged).await {
            Ok(version) => Ok(self.swap(job, version, &program)),
            Err(error) => {
                self.state().unreserve(reserved);
                self.free();
                Err(error)
            }
        }
    }

    async fn load(&self, job: &Job) -> Result<Arc<dyn Runnable>, DeployError> {
        let permit = self.0.loading.acquire().await;
        let loaded = self.0.loader.load(job.source.package(), job.source.settings()).await;
        drop(permit);
        let program = loaded?;
        if program.services().is_empty() {
            let place = match &job.origin {
                Origin::Folder { path } => path.clone(),
                Origin::Upload => job.source.name().to_owned(),
            };
            let empty = job.source.is_empty();
            return Err(if empty { DeployError::Empty { place } } else { DeployError::NoService { place } });
        }
        Ok(program)
    }

    async fn stage(&self, job: &Job) -> Result<Staged, DeployError> {
        let (store, source) = (Arc::clone(&self.0.store), Arc::clone(&job.source));
        blocking(move || store.stage(&source)).await
    }

    async fn commit(&self, job: &Job, staged: Result<Staged, DeployError>) -> Result<Version, DeployError> {
        let staged = staged?;
        let (store, package) = (Arc::clone(&self.0.store), job.source.name().to_owned());
        let (origin, by) = (job.origin.clone(), job.by.clone());
        blocking(move || store.commit(&package, &origin, staged, &by)).await
    }

    fn swap(&self, job: &Job, version: Version, program: &Arc<dyn Runnable>) -> Deployment {
        let package = job.source.name();
        let number = version.version;
        let about = Arc::new(job.source.about().clone());
        self.0.registry.put(package, number, &about, program);
        let freed = self.state().run(package, job.origin.clone(), version, Arc::clone(&about), &**program);
        self.0.metrics.deployed(true);
        let services: Vec<ServiceStatus> = program.services().iter().map(ServiceStatus::from).collect();
        let names: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
        self.log(Level::Info, format!("package {package}: version {number} answers ({})", names.join(", ")));
        if freed {
            self.free();
        }
        Deployment {
            package: package.to_owned(),
            version: number,
            unchanged: false,
            about: About::clone(&about),
            services,
        }
    }

    /// Takes an uploaded package out of service. Requests under way are finished. Its newest version is remembered,
    /// so that numbers go on counting when it comes back.
    ///
    /// # Errors
    ///
    /// There is no such package; it comes from the services folder; the disk refuses.
    ///
    /// # Cancel safety
    ///
    /// As [`Deployer::deploy`].
    pub async fn undeploy(&self, package: &str) -> Result<(), DeployError> {
        let turn = self.turn(package).await;
        let path = match self.origin(package) {
            None => return Err(DeployError::Unknown { package: package.to_owned() }),
            Some(Origin::Upload) => None,
            Some(Origin::Folder { path }) => Some(path),
        };
        match path.filter(|path| Path::new(path).exists()) {
            Some(path) => Err(DeployError::FromFolder { package: package.to_owned(), path }),
            None => self.retire(turn, package).await,
        }
    }

    async fn retire(&self, turn: Turn, package: &str) -> Result<(), DeployError> {
        let (this, package) = (self.clone(), package.to_owned());
        let retiring = self.0.tasks.spawn(async move {
            let (store, name) = (Arc::clone(&this.0.store), package.clone());
            blocking(move || store.retire(&name)).await?;
            this.0.registry.remove(&package);
            this.state().forget(&package);
            this.log(Level::Info, format!("package {package}: undeployed"));
            this.free();
            drop(turn);
            Ok(())
        });
        retiring.await.unwrap_or_else(|failure| Err(DeployError::Host { message: failure.to_string() }))
    }

    /// Waits until all deployments under way are finished, also those whose callers have gone away. Call it last,
    /// when nobody deploys any more.
    pub async fn finish(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// All packages, sorted by name.
    #[must_use]
    pub fn list(&self) -> Vec<PackageStatus> {
        self.state().list()
    }

    /// The versions of a package that are kept, oldest first.
    #[must_use]
    pub fn history(&self, package: &str) -> Vec<Version> {
        self.0.store.history(package)
    }

    /// True once everything that was found at start answers or has been reported as broken.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.0.ready.load(Ordering::Acquire)
    }

    fn state(&self) -> MutexGuard<'_, state::State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, DeployError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(DeployError::Store),
        Err(failure) => Err(DeployError::Host { message: failure.to_string() }),
    }
}
