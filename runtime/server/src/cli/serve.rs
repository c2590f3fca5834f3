//! `caisson serve`: the server.

use crate::compose;
use crate::exit::Exit;
use crate::output::Output;
use crate::plan::{Plan, StateOptions, TlsOptions};
use anyhow::Context as _;
use caisson_channel::HttpOptions;
use caisson_service::ServicesFolder;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The folder with the compiled Python interpreter, beside the program.
const PYTHON: &str = "caisson-python";

/// Start a server
///
/// Everything is embedded: no database and no broker are needed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  caisson serve --dev --services ./services        develop: save a .py file and call it
  caisson serve --data /var/lib/caisson --listen 0.0.0.0:17010

SIGTERM or Ctrl-C finishes the requests in flight first; a second one stops at once.")]
pub(crate) struct Args {
    /// Folder for everything that survives a restart
    #[arg(long, value_name = "DIR", default_value = ".caisson")]
    data: PathBuf,
    /// Folder whose .py and .wasm files and packages are deployed as they are saved
    #[arg(long, value_name = "DIR")]
    services: Option<PathBuf>,
    /// Address where services answer
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:17010", value_parser = address)]
    listen: SocketAddr,
    /// Address of the admin API
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8183", value_parser = address)]
    admin_listen: SocketAddr,
    /// Development mode: every service answers at /services/<NAME>, the admin API needs no login
    #[arg(long)]
    dev: bool,
    /// What the server writes to its log, e.g. info, debug, or warn,caisson=debug
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log: String,
    /// Form of the log on standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// Threads that serve requests [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    /// Folder of .ini, .conf, .yaml, .yml and .toml files that every Python package is given; when they change, all load again
    /// [default: user-conf in the data folder]
    #[arg(long, value_name = "DIR")]
    user_conf: Option<PathBuf>,
    /// Locks and caches of one name are the same for all packages, as in Zato; otherwise each package has its own. The same on all
    /// servers of a cluster
    #[arg(long)]
    shared_names: bool,
    /// Folder of the compiled Python interpreter [default: caisson-python beside this program]
    #[arg(long, value_name = "DIR", env = "CAISSON_PYTHON", hide_env_values = true)]
    python: Option<PathBuf>,
    /// File of definitions that is applied at the start, as `caisson apply` does
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsFiles,
    #[command(flatten)]
    state: State,
    #[command(flatten)]
    limits: Limits,
}

/// Read again when they change: connections after that use the new ones.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS where services answer")]
struct TlsFiles {
    /// Certificate chain in PEM, this server's own first. With it the port speaks https and nothing else
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of that certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Authorities that vouch for clients, in PEM; `mtls` definitions need it
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,
}

impl TlsFiles {
    fn options(self) -> Option<TlsOptions> {
        let (cert, key) = self.tls_cert.zip(self.tls_key)?;
        Some(TlsOptions { cert, key, client_ca: self.tls_client_ca })
    }
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "State shared with other servers")]
struct State {
    /// Address of an etcd member; give it again for each. Without it the state is in the data folder
    #[arg(long, value_name = "URL")]
    etcd: Vec<String>,
    /// Where in etcd the cluster's state is
    #[arg(long, value_name = "PREFIX", default_value = "/caisson")]
    etcd_prefix: String,
    /// User of etcd; the password is in the variable CAISSON_ETCD_PASSWORD
    #[arg(long, value_name = "NAME")]
    etcd_user: Option<String>,
    /// Certificate of the authority that etcd's certificates are from
    #[arg(long, value_name = "FILE")]
    etcd_ca: Option<PathBuf>,
    /// This server's certificate for etcd
    #[arg(long, value_name = "FILE", requires = "etcd_key")]
    etcd_cert: Option<PathBuf>,
    /// The key of that certificate
    #[arg(long, value_name = "FILE", requires = "etcd_cert")]
    etcd_key: Option<PathBuf>,
    /// Name of this server in the cluster [default: host name and port]
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// Key that secrets are stored with; all servers of a cluster need the same [default: secret.key in the data folder]
    #[arg(long, value_name = "FILE")]
    secret_key: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits of the whole server")]
struct Limits {
    /// Messages inside services at a time; more wait. Bounds the memory that services take
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = at_least_one)]
    max_active: usize,
    /// Connections at a time on each port; more wait
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = at_least_one)]
    max_connections: usize,
    /// Largest body of a request
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 20)]
    max_body_bytes: u64,
    /// When a request is given up, waiting included
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    request_timeout_secs: u64,
    /// How long requests in flight may take to finish when the server stops
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=3_600))]
    drain_timeout_secs: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

/// Carries it out.
///
/// # Errors
///
/// Whatever keeps the server from starting.
pub(crate) fn run(args: Args, output: Output) -> anyhow::Result<Exit> {
    let workers = args.workers;
    let (log, json) = (args.log.clone(), args.log_format == LogFormat::Json);
    let plan = plan(args)?;
    plan.check()?;
    caisson_telemetry::console::init(&log, json)?;
    raise_open_files();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(workers) = workers {
        builder.worker_threads(usize::from(workers));
    }
    let runtime = builder
        .enable_all()
        .thread_name("caisson-worker")
        .build()
        .context("the event loop cannot be started")?;
    let exit = runtime.block_on(compose::run(plan, output));
    // What still runs has been told to stop and was given its time.
    runtime.shutdown_timeout(Duration::from_secs(1));
    exit
}

fn plan(args: Args) -> anyhow::Result<Plan> {
    let program = std::env::current_exe().context("the path of this program cannot be found out")?;
    let limits = args.limits;
    Ok(Plan {
        data: args.data,
        services: args.services.map(ServicesFolder::new),
        listen: args.listen,
        admin_listen: args.admin_listen,
        dev: args.dev,
        python: args.python.unwrap_or_else(|| program.with_file_name(PYTHON)),
        // The file that runs, whatever is installed over it meanwhile.
        program: PathBuf::from("/proc/self/exe"),
        max_active: limits.max_active,
        user_conf: args.user_conf,
        shared_names: args.shared_names,
        config: args.config,
        tls: args.tls.options(),
        state: state(args.state),
        http: HttpOptions {
            max_body_bytes: limits.max_body_bytes,
            max_connections: limits.max_connections,
            request_timeout: Duration::from_secs(limits.request_timeout_secs),
            drain_timeout: Duration::from_secs(limits.drain_timeout_secs),
            ..HttpOptions::default()
        },
    })
}

fn state(state: State) -> StateOptions {
    StateOptions {
        etcd: state.etcd,
        prefix: state.etcd_prefix,
        user: state.etcd_user,
        password: std::env::var("CAISSON_ETCD_PASSWORD").ok().map(Into::into),
        ca: state.etcd_ca,
        cert: state.etcd_cert,
        key: state.etcd_key,
        node: state.node,
        secret_key: state.secret_key,
    }
}

/// Each connection is an open file, and the usual soft limit of 1,024 is meant for programs that use `select`.
fn raise_open_files() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files cannot be raised: fewer connections than allowed may fit");
    }
}

/// An address with a port; `localhost` stands for 127.0.0.1.
fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numeric.as_deref().unwrap_or(text).parse().map_err(|_error| {
        "write an IP address and a port, for example 127.0.0.1:17010, or 0.0.0.0:17010 for all interfaces"
            .to_owned()
    })
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it has to be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("it has to be a whole number".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_numeric_or_localhost() {
        assert_eq!(address("localhost:80").unwrap().to_string(), "127.0.0.1:80");
        assert_eq!(address("[::1]:0").unwrap().to_string(), "[::1]:0");
        for bad in ["17010", ":17010", "127.0.0.1", "example.com:80", "127.0.0.1:99999", ""] {
            assert!(address(bad).unwrap_err().contains("127.0.0.1:17010"), "{bad}");
        }
    }

    #[test]
    fn numbers_are_at_least_one() {
        assert_eq!(at_least_one("3"), Ok(3));
        assert!(at_least_one("0").is_err() && at_least_one("-1").is_err() && at_least_one("x").is_err());
    }
}
