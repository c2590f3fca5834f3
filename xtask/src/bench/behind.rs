//! Real servers behind connections: a PostgreSQL, a Redis and a RabbitMQ for one measurement, on ports and in folders of their own.

use super::{Bench, contenders::free_address};
use crate::{shell, tools};
use anyhow::{Context as _, Result, ensure};
use std::{
    fs,
    net::TcpStream,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A server, killed when it is dropped with all that it has started.
#[derive(Debug)]
pub(super) struct Behind {
    /// How it is reached, with the name and the password in it.
    pub(super) url: String,
    children: Vec<Child>,
    /// Nobody else's: removed with it.
    folder: PathBuf,
}

impl Drop for Behind {
    fn drop(&mut self) {
        for child in &mut self.children {
            let group = format!("-{}", child.id());
            // Whatever of it has ended already is what was wanted.
            drop(Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status());
            drop(child.wait());
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// A PostgreSQL whose database `postgres` has a thousand customers.
pub(super) fn postgres() -> Result<Behind> {
    tools::install(&[tools::POSTGRES])?;
    let programs = newest(Path::new("/usr/lib/postgresql"))?.join("bin");
    let folder = folder()?;
    shell::run(Command::new("chown").arg("postgres").arg(&folder))?;
    let data = folder.join("data");
    let mut create = as_postgres(&programs.join("initdb"));
    create.arg("-D").arg(&data).args([
        "-U",
        "app",
        "--auth=trust",
        "--no-sync",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
    ]);
    shell::output(&mut create)?;
    let address = free_address()?;
    let port = address.rsplit(':').next().unwrap_or_default().to_owned();
    let mut serve = as_postgres(&programs.join("postgres"));
    serve.arg("-D").arg(&data).args(["-p", &port, "-c", "listen_addresses=127.0.0.1"]);
    serve.args(["-c", "unix_socket_directories=", "-c", "max_connections=60"]);
    let url = format!("postgres://app@{address}/postgres");
    let server = Behind { url, children: vec![apart(&mut serve)?], folder };
    let fill = "create table customers (id int primary key, name text not null, email text not null);\
        insert into customers select n, 'Customer ' || n, 'customer' || n || '@example.com' from generate_series(1, 1000) n;\
        analyze customers";
    let mut psql = Command::new("psql");
    psql.args([server.url.as_str(), "-qc", fill]).stderr(Stdio::null());
    until("PostgreSQL", || Ok(psql.status()?.success()))?;
    Ok(server)
}

/// A Redis, empty, that writes its log to a folder beside what is compared and syncs it like this: `always`, `everysec`.
pub(super) fn redis(bench: &Bench<'_>, appendfsync: &str) -> Result<Behind> {
    tools::install(&[tools::REDIS])?;
    let folder = bench.empty_folder("redis")?;
    let address = free_address()?;
    let port = address.rsplit(':').next().unwrap_or_default();
    let mut serve = Command::new("redis-server");
    serve.args(["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
    serve.args(["--appendfsync", appendfsync, "--dir"]).arg(&folder);
    let children = vec![apart(&mut serve)?];
    let server = Behind { url: port.to_owned(), children, folder };
    until("Redis", || Ok(TcpStream::connect(&address).is_ok()))?;
    Ok(server)
}

/// A RabbitMQ, empty.
pub(super) fn rabbitmq(bench: &Bench<'_>) -> Result<Behind> {
    tools::install(&[tools::RABBITMQ])?;
    let folder = bench.empty_folder("rabbitmq")?;
    let (address, distribution, epmd) = (free_address()?, free_address()?, free_address()?);
    let port = |address: &str| address.rsplit(':').next().unwrap_or_default().to_owned();
    fs::write(folder.join("enabled_plugins"), "[].")?;
    let settings = format!(
        "listeners.tcp.1 = {address}\nlog.console = true\nlog.file = false\ndisk_free_limit.absolute = 1MB\n"
    );
    fs::write(folder.join("rabbitmq.conf"), settings)?;
    let mut daemon = Command::new("epmd");
    let daemon = apart(daemon.args(["-address", "127.0.0.1", "-port", &port(&epmd)]))?;
    let mut serve = Command::new("/usr/lib/rabbitmq/bin/rabbitmq-server");
    for (variable, file) in [
        ("HOME", ""),
        ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
        ("RABBITMQ_MNESIA_BASE", "data"),
        ("RABBITMQ_LOG_BASE", "log"),
        ("RABBITMQ_CONF_ENV_FILE", "none"),
    ] {
        serve.env(variable, folder.join(file));
    }
    serve.env("ERL_EPMD_ADDRESS", "127.0.0.1").env("ERL_EPMD_PORT", port(&epmd));
    serve.env("RABBITMQ_NODENAME", "bench@localhost").env("RABBITMQ_DIST_PORT", port(&distribution));
    serve.env("LANG", "C.UTF-8").current_dir(&folder);
    let children = vec![apart(&mut serve)?, daemon];
    let server = Behind { url: format!("amqp://guest:guest@{address}"), children, folder };
    until("RabbitMQ", || Ok(TcpStream::connect(&address).is_ok()))?;
    Ok(server)
}

/// A folder that other users may enter, as the database does not run as root.
fn folder() -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("caisson-bench-{}", std::process::id()));
    fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

fn newest(folder: &Path) -> Result<PathBuf> {
    let mut versions: Vec<_> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    versions.sort();
    versions.pop().with_context(|| format!("nothing is in {}", folder.display()))
}

fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"])
        .arg(program)
        .current_dir("/");
    command
}

/// Starts a program quietly, with a process group of its own.
fn apart(command: &mut Command) -> Result<Child> {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    quiet.spawn().with_context(|| format!("cannot start {}", shell::name(command)))
}

fn until(name: &str, mut answers: impl FnMut() -> Result<bool>) -> Result<()> {
    let started = Instant::now();
    while !answers()? {
        ensure!(started.elapsed() < START_TIMEOUT, "{name} does not answer");
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
