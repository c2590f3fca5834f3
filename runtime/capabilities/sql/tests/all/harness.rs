//! Databases of this run's own, and a service that uses them.

use caisson_capability::connections::Table;
use caisson_capability::{
    Capability as _, ChannelInfo, Cid, Connections, Deadline, Error, Grant, Invocation, LiveConnection,
    Options, Policy, Request, Setup, Trace,
};
use caisson_sql::{Access, Client, Row, Scalar, Sql, Statement, Value};
use serde_json::{Map, Value as Json, json};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// The password of the user `app`.
pub(crate) const PASSWORD: &str = "s3cret-word-of-app";

/// Only a hang takes so long.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// A server that ends with this process: what it runs under waits for the end of its input.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) folder: PathBuf,
    child: Child,
    begin: fn(&Path, u16) -> Command,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

impl Server {
    fn start(folder: PathBuf, begin: fn(&Path, u16) -> Command) -> Self {
        let port = free_port();
        Self { port, child: supervised(&begin(&folder, port), &folder), folder, begin }
    }

    pub(crate) fn stop(&mut self) {
        let mut input = self.child.stdin.take().unwrap();
        input.write_all(b"keep\n").unwrap();
        drop(input);
        self.child.wait().unwrap();
    }

    pub(crate) fn start_again(&mut self) {
        self.child = supervised(&(self.begin)(&self.folder, self.port), &self.folder);
    }
}

/// Runs a server until our end of its input is closed; then removes its folder, unless it was told to keep it.
fn supervised(command: &Command, folder: &Path) -> Child {
    let script = "folder=$1; shift; \"$@\" </dev/null >/dev/null 2>&1 & server=$!; keep=; read keep; kill -QUIT $server; \
                  sleep 0.2; kill -KILL $server 2>/dev/null; wait $server 2>/dev/null; [ -n \"$keep\" ] || rm -rf \"$folder\"; mkdir -p \"$folder\"";
    Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(folder)
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn as_user(user: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args([&format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups", "--"])
        .arg(program.as_ref());
    command
}

fn done(command: &mut Command) {
    let output = command
        .current_dir("/")
        .output()
        .expect("a program of the database is missing: `cargo xtask test` installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn postgres_programs() -> PathBuf {
    let mut all: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .unwrap()
        .map(|one| one.unwrap().path().join("bin"))
        .collect();
    all.sort();
    all.pop().unwrap()
}

/// A new PostgreSQL, with a certificate that `ca.pem` in its folder vouches for, for `localhost` only.
pub(crate) async fn new_postgres() -> Server {
    let folder = folder();
    let (ca, cert, key) = certificates();
    for (name, text) in
        [("ca.pem", ca), ("server.pem", cert), ("server.key", key), ("pw", PASSWORD.to_owned())]
    {
        std::fs::write(folder.join(name), text).unwrap();
    }
    owned_by("postgres", &folder);
    done(Command::new("chmod").arg("600").arg(folder.join("server.key")));
    let programs = postgres_programs();
    done(
        as_user("postgres", programs.join("initdb"))
            .arg("-D")
            .arg(folder.join("data"))
            .arg(format!("--pwfile={}", folder.join("pw").display()))
            .args(["-U", "app", "--auth=scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]),
    );
    let server = Server::start(folder, |folder, port| {
        let mut command = as_user("postgres", postgres_programs().join("postgres"));
        command.arg("-D").arg(folder.join("data")).arg("-p").arg(port.to_string());
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "ssl=on",
            "fsync=off",
            "max_connections=60",
        ] {
            command.args(["-c", setting]);
        }
        command.args(["-c", &format!("ssl_cert_file={}", folder.join("server.pem").display())]);
        command.args(["-c", &format!("ssl_key_file={}", folder.join("server.key").display())]);
        command
    });
    until_answers(&postgres_options(&server, "postgres")).await;
    server
}

pub(crate) fn postgres_options(server: &Server, database: &str) -> Json {
    json!({"url": format!("postgres://127.0.0.1:{}/{database}", server.port), "username": "app", "password": PASSWORD})
}

fn mysql_options(server: &Server, database: &str) -> Json {
    json!({"url": format!("mysql://root@127.0.0.1:{}/{database}", server.port)})
}

/// Its temporary tables too: two servers that start at once in one folder remove each other's.
fn mysql_folders(folder: &Path) -> [String; 2] {
    [format!("--datadir={}", folder.join("data").display()), format!("--tmpdir={}", folder.display())]
}

async fn new_mariadb() -> Server {
    let folder = folder();
    owned_by("mysql", &folder);
    let user = if rustix::process::geteuid().is_root() { "--user=mysql" } else { "--skip-name-resolve" };
    done(
        Command::new("mariadb-install-db")
            .args(["--no-defaults", user, "--auth-root-authentication-method=normal", "--skip-test-db"])
            .args(mysql_folders(&folder)),
    );
    let server = Server::start(folder, |folder, port| {
        let mut command = as_user("mysql", "mariadbd");
        command.args([
            "--no-defaults",
            "--bind-address=127.0.0.1",
            "--innodb-buffer-pool-size=32M",
            "--innodb-flush-log-at-trx-commit=0",
        ]);
        command.args(mysql_folders(folder));
        command.arg(format!("--socket={}", folder.join("s.sock").display())).arg(format!("--port={port}"));
        command
    });
    let root = mysql_options(&server, "mysql");
    until_answers(&root).await;
    let admin = Service::with(&root).access(&["*"]);
    execute(&admin, &format!("create user app@'127.0.0.1' identified by '{PASSWORD}'")).await;
    server
}

async fn until_answers(options: &Json) {
    let admin = Service::with(options);
    eventually("the database answers", async || {
        admin.try_access(&["*"]).query(&Statement::new("select 1")).await.ok()
    })
    .await;
}

/// Tries until there is something.
pub(crate) async fn eventually<T>(what: &str, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let tries = async {
        loop {
            if let Some(found) = attempt().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(HANG, tries).await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// The databases that all tests share. The last process that knows them is this one: they end with it.
static POSTGRES: OnceCell<Server> = OnceCell::const_new();
static MARIADB: OnceCell<Server> = OnceCell::const_new();

pub(crate) async fn shared_postgres() -> &'static Server {
    POSTGRES.get_or_init(new_postgres).await
}

/// A database of a test's own, with the options that lead to it.
pub(crate) async fn postgres() -> Json {
    let server = shared_postgres().await;
    let name = fresh_name();
    let admin = Service::with(&postgres_options(server, "postgres"));
    admin
        .access(&["*"])
        .execute(&Statement::new(format!("create database {name} template template0")))
        .await
        .unwrap();
    postgres_options(server, &name)
}

pub(crate) async fn shared_mariadb() -> &'static Server {
    MARIADB.get_or_init(new_mariadb).await
}

pub(crate) async fn mariadb() -> Json {
    let server = shared_mariadb().await;
    let name = fresh_name();
    let admin = Service::with(&mysql_options(server, "mysql"));
    admin
        .access(&["*"])
        .execute(&Statement::new(format!("create database {name} character set utf8mb4")))
        .await
        .unwrap();
    mysql_options(server, &name)
}

fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Not a [`TempDir`]: what is in a static is never dropped. The server's keeper removes it.
fn folder() -> PathBuf {
    let folder = tempfile::Builder::new().prefix("caisson-sql-").tempdir().unwrap().keep();
    done(Command::new("chmod").arg("755").arg(&folder));
    folder
}

fn owned_by(user: &str, folder: &Path) {
    if rustix::process::geteuid().is_root() {
        done(Command::new("chown").arg("-R").arg(user).arg(folder));
    }
}

fn certificates() -> (String, String, String) {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let cert = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    (ca.pem(), cert.pem(), key.serialize_pem())
}

/// A port that nobody uses, below those that outgoing connections get.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id().wrapping_mul(23));
        let port = u16::try_from(20_000 + step % 12_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A connection under all layers.
pub(crate) struct Service {
    live: Arc<LiveConnection>,
}

impl Service {
    pub(crate) fn with(options: &Json) -> Self {
        Self::under(options, Policy::default())
    }

    pub(crate) fn under(options: &Json, policy: Policy) -> Self {
        let setup = Setup { name: "db".into(), timeout: policy.timeout() };
        let connection = Sql.connection(&setup, &Options::new(fields(options))).unwrap();
        Self { live: Arc::new(LiveConnection::new("db".into(), "sql", [0; 32], connection, policy)) }
    }

    pub(crate) fn live(&self) -> &Arc<LiveConnection> {
        &self.live
    }

    /// What a service with these grants has.
    pub(crate) fn access(&self, operations: &[&str]) -> Access {
        self.try_access(operations)
    }

    fn try_access(&self, operations: &[&str]) -> Access {
        let grant = Grant {
            services: vec!["test".to_owned()],
            operations: operations.iter().map(|one| (*one).to_owned()).collect(),
            restrictions: Options::default(),
        };
        let connections = Arc::new(Connections::new(Arc::new(())));
        let mut table = Table::new();
        table.insert(Arc::clone(&self.live), vec![Arc::new(grant)]);
        connections.swap(table);
        Access::new(connections.lease::<Client>(&invocation(), "sql", "db").unwrap())
    }
}

fn fields(options: &Json) -> Map<String, Json> {
    options.as_object().unwrap().clone()
}

/// Options with others on top.
pub(crate) fn and(options: &Json, more: &Json) -> Json {
    let mut all = fields(options);
    all.extend(fields(more));
    Json::Object(all)
}

fn invocation() -> Arc<Invocation> {
    Arc::new(Invocation {
        cid: Cid::new(),
        service: "test".into(),
        channel: ChannelInfo::plain("invoke"),
        principal: None,
        peer: None,
        deadline: Deadline::after(Duration::from_secs(120)),
        attempt: 1,
        trace: Trace::default(),
        depth: 0,
        chain: caisson_capability::Chain::default(),
        request: Request::default(),
    })
}

/// The only value of an answer.
pub(crate) async fn one(access: &Access, statement: Statement) -> Value {
    let rows = access.query(&statement).await.unwrap_or_else(|error| panic!("{}: {error:?}", statement.text));
    let [row] = <[Row; 1]>::try_from(rows.rows).unwrap();
    row.into_iter().next().unwrap()
}

pub(crate) async fn count(access: &Access, table: &str) -> i64 {
    match one(access, Statement::new(format!("select count(*) from {table}"))).await {
        Value::Scalar(Scalar::Int(number)) => number,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn execute(access: &Access, text: &str) {
    access.execute(&Statement::new(text)).await.unwrap_or_else(|error| panic!("{text}: {error:?}"));
}

/// Nothing of an error shows where the database is or how we get in.
pub(crate) fn hides_secrets(error: &Error) {
    for shown in [error.message.clone(), error.to_string()] {
        for secret in [PASSWORD, "127.0.0.1", "postgres://", "mysql://"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

/// A folder for a file of SQLite, with the options that lead to it.
pub(crate) fn sqlite() -> (TempDir, Json) {
    let folder = tempfile::tempdir().unwrap();
    let options = json!({"url": format!("sqlite://{}?mode=rwc", folder.path().join("a.db").display())});
    (folder, options)
}
