//! Servers behind connections: a Redis, a RabbitMQ, a PostgreSQL for one test, on ports and in folders of their own.

use super::{HANG, free_port};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A server that ends with the test.
#[derive(Debug)]
pub(crate) struct Behind {
    pub(crate) port: u16,
    children: Vec<Child>,
    _folder: TempDir,
}

impl Behind {
    /// An empty Redis.
    pub(crate) async fn redis() -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let mut command = Command::new("redis-server");
        command.args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        let children = vec![apart(command.arg("--dir").arg(folder.path()))];
        Self { port, children, _folder: folder }.ready().await
    }

    /// An empty RabbitMQ, whose user `guest` has the password `guest`.
    pub(crate) async fn rabbitmq() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [port, distribution, epmd] = [free_port(), free_port(), free_port()];
        let path = folder.path();
        std::fs::write(path.join("enabled_plugins"), "[].").unwrap();
        let settings = format!(
            "listeners.tcp.1 = 127.0.0.1:{port}\nlog.console = true\nlog.file = false\ndisk_free_limit.absolute = 1MB\n"
        );
        std::fs::write(path.join("rabbitmq.conf"), settings).unwrap();
        let mut daemon = Command::new("epmd");
        let daemon = apart(daemon.args(["-address", "127.0.0.1", "-port", &epmd.to_string()]));
        let mut command = Command::new("/usr/lib/rabbitmq/bin/rabbitmq-server");
        let children = vec![apart(environment(&mut command, path, distribution, epmd)), daemon];
        Self { port, children, _folder: folder }.ready().await
    }

    /// An empty PostgreSQL, whose user `app` owns all; its password is not asked for.
    pub(crate) async fn postgres() -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let data = folder.path().join("data");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::create_dir(&data).unwrap();
        if rustix::process::geteuid().is_root() {
            let owned = Command::new("chown").arg("postgres:postgres").arg(&data).status().unwrap();
            assert!(owned.success());
        }
        let options = ["-U", "app", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"];
        let made = as_postgres("initdb").args(options).arg("-D").arg(&data).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut command = as_postgres("postgres");
        command.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "fsync=off"]);
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        let children = vec![apart(&mut command)];
        Self { port, children, _folder: folder }.ready().await
    }

    /// What a PostgreSQL answers to a statement: a line for each row.
    pub(crate) fn psql(&self, statement: &str) -> String {
        let mut command = Command::new("psql");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "app", "-d", "postgres"]);
        let output = command.args(["-X", "-A", "-t", "-q", "-c", statement]).output().unwrap();
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    async fn ready(self) -> Self {
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            assert!(begun.elapsed() < HANG * 2, "a server behind a connection does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        for child in &mut self.children {
            // A broker is a tree of processes, which has a group of its own.
            let group = format!("-{}", child.id());
            drop(Command::new("kill").args(["-9", "--", &group]).stderr(Stdio::null()).status());
            drop(child.wait());
        }
    }
}

fn environment<'a>(command: &'a mut Command, folder: &Path, distribution: u16, epmd: u16) -> &'a mut Command {
    command
        // A node that is ended in the middle leaves what it had where it runs.
        .current_dir(folder)
        .env("HOME", folder)
        .env("LANG", "C.UTF-8")
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_EPMD_PORT", epmd.to_string())
        .env("RABBITMQ_NODENAME", "test@localhost")
        .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("enabled_plugins"))
        .env("RABBITMQ_MNESIA_BASE", folder.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", folder.join("log"))
        .env("RABBITMQ_DIST_PORT", distribution.to_string())
        .env("RABBITMQ_CONF_ENV_FILE", folder.join("none"))
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}")
}

/// A program of PostgreSQL, which does not run as root.
fn as_postgres(program: &str) -> Command {
    let versions = std::fs::read_dir("/usr/lib/postgresql").unwrap();
    let newest = versions.map(|one| one.unwrap().path()).max().unwrap();
    let program = newest.join("bin").join(program);
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/");
    command
}

/// Starts a program with a process group of its own.
fn apart(command: &mut Command) -> Child {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.process_group(0).spawn().unwrap()
}
