//! A loader that reads a language of its own, and a server made of the parts under test.
//!
//! One line of the language is one of: `service NAME`, `answer TEXT`, `wait` (invocations wait for the gate),
//! `slow` (loading waits for the gate), `error LINE MESSAGE`, `panic`.

use caisson_capability::{
    BoxFuture, ChannelInfo, Cid, Deadline, Error, Invocation, Invoker, Request, Response, Schemas, Trace,
};
use caisson_engine::{LoadError, Package, ServiceInfo, Settings};
use caisson_service::deploy::State;
use caisson_service::{
    Deployer, Loader, Origin, PackageSource, PackageStatus, Runnable, ServicesFolder, Watch,
};
use caisson_telemetry::{Level, LogFilter, LogHub, LogRecord, Metrics};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Guards against hanging; nothing depends on how long anything takes. Less than the time between two rescans, which
/// would otherwise hide that an event was lost.
const HANG: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Fake {
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) loads: AtomicUsize,
    loading: AtomicUsize,
    pub(crate) most_at_once: AtomicUsize,
}

impl Default for Fake {
    fn default() -> Self {
        let count = AtomicUsize::default;
        Self { gate: Arc::new(Semaphore::new(0)), loads: count(), loading: count(), most_at_once: count() }
    }
}

#[derive(Debug)]
struct Program {
    services: Vec<ServiceInfo>,
    answer: String,
    waits: bool,
    gate: Arc<Semaphore>,
}

impl Loader for Fake {
    fn load(
        &self,
        package: Package,
        _settings: Settings,
    ) -> BoxFuture<'_, Result<Arc<dyn Runnable>, LoadError>> {
        Box::pin(async move {
            self.loads.fetch_add(1, Ordering::SeqCst);
            let now = self.loading.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(now, Ordering::SeqCst);
            tokio::task::yield_now().await;
            let program = self.program(package).await;
            self.loading.fetch_sub(1, Ordering::SeqCst);
            Ok(Arc::new(program?) as Arc<dyn Runnable>)
        })
    }
}

impl Fake {
    async fn program(&self, package: Package) -> Result<Program, LoadError> {
        let mut program = Program {
            services: Vec::new(),
            answer: String::new(),
            waits: false,
            gate: Arc::clone(&self.gate),
        };
        let files = match package {
            Package::Python { files, .. } => files,
            Package::Component { name, .. } => {
                program.services.push(info(&name, "", 0));
                return Ok(program);
            }
        };
        for file in files {
            let text = String::from_utf8_lossy(&file.content).into_owned();
            for (number, line) in text.lines().enumerate() {
                let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
                match word {
                    "service" => program.services.push(info(rest, &file.path, number + 1)),
                    "answer" => rest.clone_into(&mut program.answer),
                    "wait" => program.waits = true,
                    "slow" => self.gate.acquire().await.expect("open").forget(),
                    "error" => return Err(load_error(&file.path, rest)),
                    "panic" => panic!("the loader was told to panic"),
                    _ => {}
                }
            }
        }
        Ok(program)
    }
}

fn info(name: &str, module: &str, line: usize) -> ServiceInfo {
    let line = u32::try_from(line).expect("short");
    ServiceInfo {
        name: name.into(),
        module: module.into(),
        class_name: "C".into(),
        line,
        doc: None,
        schemas: Schemas::default(),
    }
}

fn load_error(file: &str, rest: &str) -> LoadError {
    let (line, message) = rest.split_once(' ').expect("line and message");
    LoadError {
        message: message.to_owned(),
        file: Some(file.to_owned()),
        line: Some(line.parse().expect("a line")),
        traceback: Some(format!("Traceback of {file}")),
        host: false,
    }
}

impl Runnable for Program {
    fn services(&self) -> &[ServiceInfo] {
        &self.services
    }

    fn image_bytes(&self) -> u64 {
        4_096
    }

    fn invoke(
        self: Arc<Self>,
        _invocation: Invocation,
        version: u32,
    ) -> BoxFuture<'static, Result<Response, Error>> {
        Box::pin(async move {
            if self.waits {
                self.gate.acquire().await.expect("open").forget();
            }
            let body = format!("{} v{version}", self.answer).into();
            Ok(Response { status: 200, headers: Vec::new(), body, ..Response::default() })
        })
    }
}

/// A server on two folders: `services` and `data`.
pub(crate) struct Server {
    pub(crate) deployer: Deployer,
    pub(crate) loader: Arc<Fake>,
    pub(crate) logs: Arc<LogHub>,
    pub(crate) metrics: Arc<Metrics>,
    root: PathBuf,
    watch: Option<Watch>,
}

impl Server {
    /// Opens, restores and watches.
    pub(crate) async fn start(root: &Path) -> Self {
        let mut this = Self::open(root);
        let folder = this.folder();
        let created = folder.create().expect("create");
        this.deployer.restore(Some(&folder)).await;
        this.watch = Some(Watch::start(&this.deployer, &folder).expect("watch"));
        assert!(this.deployer.ready(), "ready after restore; folder made: {created}");
        this
    }

    /// Opens only.
    pub(crate) fn open(root: &Path) -> Self {
        let (loader, logs, metrics) =
            (Arc::new(Fake::default()), Arc::<LogHub>::default(), Arc::<Metrics>::default());
        let start = Instant::now();
        // The lock of a server that has just been dropped goes with the last of its tasks.
        let deployer = loop {
            let door = Arc::clone(&loader) as Arc<dyn Loader>;
            match Deployer::open(&root.join("data"), door, Arc::clone(&metrics), Arc::clone(&logs)) {
                Ok(deployer) => break deployer,
                Err(error) => assert!(start.elapsed() < HANG, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        Self { deployer, loader, logs, metrics, root: root.to_owned(), watch: None }
    }

    pub(crate) async fn stop(mut self) {
        if let Some(watch) = self.watch.take() {
            watch.stop().await;
        }
        self.deployer.finish().await;
    }

    pub(crate) fn folder(&self) -> ServicesFolder {
        ServicesFolder::new(self.root.join("services"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join("services").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::write(path, text).expect("write");
    }

    pub(crate) async fn upload(&self, name: &str, text: &str) -> Result<u32, caisson_service::DeployError> {
        let source = source(name, text);
        self.deployer.deploy(source, Origin::Upload, "tester").await.map(|done| done.version)
    }

    pub(crate) async fn answer(&self, service: &str) -> Option<String> {
        let response = self.deployer.registry().invoke(invocation(service)).await.ok()?;
        Some(String::from_utf8_lossy(response.body.whole().unwrap()).into_owned())
    }

    pub(crate) fn status(&self, package: &str) -> Option<PackageStatus> {
        self.deployer.list().into_iter().find(|status| status.package == package)
    }

    pub(crate) fn state(&self, package: &str) -> Option<State> {
        self.status(package).map(|status| status.state)
    }

    pub(crate) fn error(&self, package: &str) -> String {
        self.status(package).and_then(|status| status.error).map(|error| error.message).unwrap_or_default()
    }

    /// Waits until a service answers with this text, version included.
    pub(crate) async fn answers(&self, service: &str, text: &str) {
        let start = Instant::now();
        loop {
            let answer = self.answer(service).await;
            if answer.as_deref() == Some(text) {
                return;
            }
            assert!(
                start.elapsed() < HANG,
                "{service}: {answer:?}, wanted {text}; {:#?}",
                self.deployer.list()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, mut so: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        while !so(self) {
            assert!(start.elapsed() < HANG, "never: {what}; {:#?}", self.deployer.list());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub(crate) fn records(&self, level: Level) -> Vec<Arc<LogRecord>> {
        let mut records = self.logs.recent(&LogFilter::default(), usize::MAX);
        records.retain(|record| record.level == level);
        records
    }

    /// How many records say that a package was undeployed.
    pub(crate) fn undeployed(&self) -> usize {
        self.records(Level::Info).iter().filter(|record| record.message.contains("undeployed")).count()
    }
}

pub(crate) fn source(name: &str, text: &str) -> PackageSource {
    PackageSource::from_file(name, text.to_owned().into(), None).expect("valid")
}

pub(crate) fn invocation(service: &str) -> Invocation {
    Invocation {
        cid: Cid::new(),
        service: service.into(),
        channel: ChannelInfo::plain("test"),
        principal: None,
        peer: None,
        deadline: Deadline::after(HANG),
        attempt: 1,
        trace: Trace::default(),
        depth: 0,
        chain: caisson_capability::Chain::default(),
        request: Request::default(),
    }
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("temporary folder")
}
