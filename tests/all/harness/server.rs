//! A server of its own for each test: a process, a folder of services, a data folder, free ports.

use super::calls::{Answer, Http, call, http1_client, post};
use super::{HANG, eventually};
use bytes::Bytes;
use http::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use tempfile::TempDir;
use tokio::process::Child;

/// Lines of the server's log that are shown when a test has failed.
const SHOWN_LINES: usize = 60;

/// The program under test.
pub(crate) fn binary() -> PathBuf {
    from_environment("CAISSON_BIN")
}

/// The component of one of the crates in `tests/guests/behaviours`.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let path = from_environment("CAISSON_GUESTS").join(format!("guest-{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The component of one of the crates in `sdk-rust`.
pub(crate) fn rust_guest(name: &str) -> Vec<u8> {
    let path = rust_guests().join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The folder that they are in.
pub(crate) fn rust_guests() -> PathBuf {
    from_environment("CAISSON_RUST_GUESTS")
}

/// The file of the component that is made of `tests/cpython`.
pub(crate) fn cpython() -> PathBuf {
    from_environment("CAISSON_CPYTHON")
}

/// A path that `xtask` tells.
pub(crate) fn from_environment(name: &str) -> PathBuf {
    std::env::var_os(name)
        .unwrap_or_else(|| panic!("{name} is not set: run the tests with `cargo xtask test`"))
        .into()
}

/// What a server is to be started with.
#[derive(Debug)]
pub(crate) struct Setup {
    root: TempDir,
    dev: bool,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Setup {
    /// A development server with nothing deployed.
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("services")).unwrap();
        Self { root, dev: true, arguments: Vec::new(), variables: Vec::new() }
    }

    /// One more environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Without `--dev`.
    pub(crate) fn with_login(self) -> Self {
        Self { dev: false, ..self }
    }

    /// One more argument.
    pub(crate) fn argument(mut self, text: impl Into<String>) -> Self {
        self.arguments.push(text.into());
        self
    }

    /// A file that is there before the server is.
    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        write(&self.root.path().join("services").join(path), content.as_ref());
        self
    }

    /// The data folder that the server will have.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// Starts it and waits until it is ready.
    pub(crate) async fn start(self) -> Server {
        let child = self.spawn();
        let mut server =
            Server { setup: self, child, listen: String::new(), admin: String::new(), http: http1_client() };
        server.wait_until_ready().await;
        server
    }

    fn spawn(&self) -> Child {
        let log = File::options().create(true).append(true).open(self.log_file()).unwrap();
        let mut command = tokio::process::Command::new(binary());
        command.arg("serve").args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
        command.arg("--services").arg(self.root.path().join("services"));
        command.arg("--data").arg(self.data());
        command.args(self.dev.then_some("--dev")).args(&self.arguments);
        command.env_clear().env("SECRET_OF_THE_HOST", "do-not-tell");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        command.spawn().unwrap_or_else(|error| panic!("{}: {error}", binary().display()))
    }

    fn log_file(&self) -> PathBuf {
        self.root.path().join("server.log")
    }
}

/// A running server. It ends with the test.
#[derive(Debug)]
pub(crate) struct Server {
    setup: Setup,
    child: Child,
    /// Where services answer: `127.0.0.1:PORT`.
    pub(crate) listen: String,
    /// Where the admin API answers.
    pub(crate) admin: String,
    /// A client that keeps its connections to this server.
    pub(crate) http: Http,
}

impl Server {
    /// A development server with one file deployed.
    pub(crate) async fn with(file: &str, content: impl AsRef<[u8]>) -> Self {
        Setup::new().file(file, content).start().await
    }

    async fn wait_until_ready(&mut self) {
        let announcement = self.data().join("server.json");
        let text = eventually("server.json appears", async || {
            assert!(self.child.try_wait().unwrap().is_none(), "the server has ended");
            std::fs::read(&announcement).ok()
        })
        .await;
        let value: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value["pid"].as_u64(), self.child.id().map(u64::from), "somebody else's server.json");
        value["listen"].as_str().unwrap().clone_into(&mut self.listen);
        value["admin_listen"].as_str().unwrap().clone_into(&mut self.admin);
        eventually("the server is ready", async || {
            let answer = self.admin_get("/healthz/ready").await;
            (answer.status == 200).then_some(())
        })
        .await;
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.setup.data()
    }

    /// Writes a file beside the services folder; its path.
    pub(crate) fn write(&self, file: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.setup.root.path().join(file);
        write(&path, content.as_ref());
        path.display().to_string()
    }

    /// Calls a path of the services' port, with headers.
    pub(crate) async fn path_with(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request =
            http::Request::builder().method(method).uri(format!("http://{}{path}", self.listen));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        super::send(&self.http, request.body(http_body_util::Full::default()).unwrap()).await.unwrap()
    }

    /// A path in the services folder.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.setup.root.path().join("services").join(file)
    }

    /// Writes a file into the services folder.
    pub(crate) fn save(&self, file: &str, content: impl AsRef<[u8]>) {
        write(&self.path(file), content.as_ref());
    }

    /// Removes a file from the services folder.
    pub(crate) fn remove(&self, file: &str) {
        std::fs::remove_file(self.path(file)).unwrap();
    }

    /// The URL of a service.
    pub(crate) fn url(&self, service: &str) -> String {
        format!("http://{}/services/{service}", self.listen)
    }

    /// Calls a service without a body.
    pub(crate) async fn get(&self, service: &str) -> Answer {
        call(&self.http, Method::GET, &self.url(service)).await.unwrap()
    }

    /// Calls a service with a body.
    pub(crate) async fn post(&self, service: &str, body: impl Into<Bytes>) -> Answer {
        post(&self.http, &self.url(service), body).await.unwrap()
    }

    /// Asks the admin API.
    pub(crate) async fn admin_get(&self, path: &str) -> Answer {
        call(&self.http, Method::GET, &format!("http://{}{path}", self.admin)).await.unwrap()
    }

    /// What the API says about a package; null when there is none.
    pub(crate) async fn package(&self, name: &str) -> Value {
        let answer = self.admin_get(&format!("/api/v1/packages/{name}")).await;
        if answer.status == 404 { Value::Null } else { answer.json() }
    }

    /// Waits until this version of a package answers.
    pub(crate) async fn version(&self, package: &str, version: u64) -> Value {
        eventually(&format!("version {version} of {package}"), async || {
            let status = self.package(package).await;
            (status["version"] == version && status["error"].is_null()).then_some(status)
        })
        .await
    }

    /// Waits until the newest content of a package is refused with a text like this.
    pub(crate) async fn refused(&self, package: &str, says: &str) -> Value {
        eventually(&format!("{package} is refused with {says:?}"), async || {
            let status = self.package(package).await;
            status["error"]["message"].as_str().is_some_and(|text| text.contains(says)).then_some(status)
        })
        .await
    }

    /// What services wrote under a correlation id, as `caisson logs` would show it.
    pub(crate) async fn records(&self, query: &str) -> Vec<Value> {
        let answer = self.admin_get(&format!("/api/v1/logs?limit=5000&{query}")).await;
        answer.good().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The messages of the records, one after the other.
    pub(crate) async fn logged(&self, query: &str) -> String {
        let records = self.records(query).await;
        records.iter().filter_map(|record| record["message"].as_str()).collect::<Vec<_>>().join("\n")
    }

    /// The server's own log so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.setup.log_file()).unwrap_or_default()).into_owned()
    }

    /// Waits until the server's own log has this text.
    pub(crate) async fn log_says(&self, text: &str) {
        eventually(&format!("the log says {text:?}"), async || self.log().contains(text).then_some(())).await;
    }

    /// The first record of the server's own log with this text, all its lines.
    pub(crate) async fn log_record(&self, text: &str) -> String {
        self.log_says(text).await;
        // A record begins with its time, and the lines of a traceback do not.
        let log = self.log();
        let begins = |line: &str| {
            line.as_bytes().get(..5).is_some_and(|year| year.starts_with(b"20") && year.ends_with(b"-"))
        };
        let mut records: Vec<String> = Vec::new();
        for line in log.lines() {
            match records.last_mut() {
                Some(record) if !begins(line) => record.extend(["\n", line]),
                Some(_) | None => records.push(line.to_owned()),
            }
        }
        records.into_iter().find(|record| record.contains(text)).unwrap()
    }

    /// The server's process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the process to end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(HANG, self.child.wait()).await.expect("the server does not end").unwrap()
    }

    /// Ends it as a power failure would.
    pub(crate) async fn kill9(&mut self) {
        self.signal(Signal::KILL);
        self.ended().await;
    }

    /// Starts a new process on the same folders, once the old one has ended.
    pub(crate) async fn start_again(&mut self) {
        // What a killed server leaves behind is of no use to find the new one.
        drop(std::fs::remove_file(self.data().join("server.json")));
        self.child = self.setup.spawn();
        self.wait_until_ready().await;
    }

    /// Stops it in good order and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.signal(Signal::TERM);
        assert!(self.ended().await.success());
        self.start_again().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.start_kill());
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            println!("--- the server's log, last {SHOWN_LINES} of {} lines", lines.len());
            for line in lines.iter().skip(lines.len().saturating_sub(SHOWN_LINES)) {
                println!("{}", line.chars().take(1_000).collect::<String>());
            }
        }
    }
}

fn write(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}
