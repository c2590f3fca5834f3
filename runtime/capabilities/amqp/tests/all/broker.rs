//! A real RabbitMQ on ports and in a folder of its own.

use super::{HANG, soon};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// The password of the user `app`.
pub(crate) const PASSWORD: &str = "Geheim-7-und-mehr";

const PROGRAMS: &str = "/usr/lib/rabbitmq/bin";

/// A running broker.
#[derive(Debug)]
pub(crate) struct Broker {
    folder: PathBuf,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
    ports: [u16; 2],
    node: Mutex<Option<Child>>,
    _epmd: Child,
    /// Ends what is left when this process has ended, however it did.
    _watch: Child,
}

/// The one that tests share: each has queues of its own.
pub(crate) async fn shared() -> &'static Broker {
    static SHARED: OnceCell<Broker> = OnceCell::const_new();
    SHARED.get_or_init(Broker::start).await
}

impl Broker {
    /// Starts one and waits until it answers.
    pub(crate) async fn start() -> Self {
        install();
        let folder = TempDir::new().unwrap().keep();
        let broker = tokio::task::spawn_blocking(move || Self::begin(folder)).await.unwrap();
        broker.until_it_answers().await;
        broker
    }

    fn begin(folder: PathBuf) -> Self {
        let [port, tls_port, dist, epmd] = std::array::from_fn(|_| free_port());
        certificates(&folder);
        let shown = folder.display();
        std::fs::write(folder.join("enabled_plugins"), "[].").unwrap();
        std::fs::write(
            folder.join("rabbitmq.conf"),
            format!(
                "listeners.tcp.1 = 127.0.0.1:{port}\nlisteners.ssl.1 = 127.0.0.1:{tls_port}\n\
                 ssl_options.cacertfile = {shown}/ca.pem\nssl_options.certfile = {shown}/server.pem\n\
                 ssl_options.keyfile = {shown}/server.key\nssl_options.verify = verify_none\n\
                 default_user = app\ndefault_pass = {PASSWORD}\nlog.console = true\nlog.file = false\nlog.console.level = warning\n\
                 disk_free_limit.absolute = 1MB\n"
            ),
        )
        .unwrap();
        let mut epmd_child = Command::new("epmd");
        epmd_child.args(["-address", "127.0.0.1", "-port", &epmd.to_string()]);
        let epmd_child = apart(&mut epmd_child);
        // The `kill` of some shells takes no `--`.
        let watch = Command::new("sh")
            .arg("-c")
            .arg(format!(
                "cat >/dev/null; kill -9 {} 2>/dev/null; kill -9 -$(cat {shown}/group) 2>/dev/null; rm -rf {shown}",
                epmd_child.id()
            ))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let broker = Self {
            folder,
            port,
            tls_port,
            ports: [dist, epmd],
            node: Mutex::new(None),
            _epmd: epmd_child,
            _watch: watch,
        };
        broker.spawn();
        broker
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(format!("{PROGRAMS}/{program}"));
        let folder = &self.folder;
        command
            // What it leaves when it crashes goes where it is.
            .current_dir(folder)
            .env("HOME", folder)
            .env("LANG", "C.UTF-8")
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_EPMD_PORT", self.ports[1].to_string())
            .env("RABBITMQ_NODENAME", "test@localhost")
            .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("enabled_plugins"))
            .env("RABBITMQ_MNESIA_BASE", folder.join("mnesia"))
            .env("RABBITMQ_LOG_BASE", folder.join("log"))
            .env("RABBITMQ_DIST_PORT", self.ports[0].to_string())
            .env("RABBITMQ_CONF_ENV_FILE", folder.join("none"));
        command
    }

    fn spawn(&self) {
        let mut command = self.command("rabbitmq-server");
        command.env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}");
        let child = apart(&mut command);
        std::fs::write(self.folder.join("group"), child.id().to_string()).unwrap();
        *self.node.lock().unwrap() = Some(child);
    }

    /// Ends it as a power failure would.
    pub(crate) fn kill9(&self) {
        let mut node = self.node.lock().unwrap().take().unwrap();
        let group = format!("-{}", node.id());
        assert!(Command::new("kill").args(["-9", "--", &group]).status().unwrap().success());
        node.wait().unwrap();
    }

    /// Starts it again on what it had.
    pub(crate) async fn start_again(&self) {
        self.spawn();
        self.until_it_answers().await;
    }

    /// Runs `rabbitmqctl`.
    pub(crate) async fn control(&self, arguments: &[&str]) -> String {
        let mut command = self.command("rabbitmqctl");
        command.args(["-q", "-n", "test@localhost"]).args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{shown}{}", String::from_utf8_lossy(&output.stderr));
        shown
    }

    /// The address of its plain port.
    pub(crate) fn url(&self) -> String {
        format!("amqp://127.0.0.1:{}", self.port)
    }

    /// The certificate that vouches for it.
    pub(crate) fn ca(&self) -> String {
        self.folder.join("ca.pem").display().to_string()
    }

    /// A connection of the library, to look from outside.
    pub(crate) async fn look(&self) -> lapin::Channel {
        let url = format!("amqp://app:{PASSWORD}@127.0.0.1:{}", self.port);
        let looking = async {
            let connection = lapin::Connection::connect(&url, lapin::ConnectionProperties::default()).await;
            // Its channel keeps it open.
            connection.unwrap().create_channel().await.unwrap()
        };
        soon("a look from outside", looking).await
    }

    async fn until_it_answers(&self) {
        let (url, begun) = (format!("amqp://app:{PASSWORD}@127.0.0.1:{}", self.port), Instant::now());
        let once = || {
            let connecting = lapin::Connection::connect(&url, lapin::ConnectionProperties::default());
            // One that comes while the broker still starts may be left without an answer.
            tokio::time::timeout(Duration::from_secs(5), connecting)
        };
        while !matches!(once().await, Ok(Ok(_))) {
            assert!(begun.elapsed() < HANG, "RabbitMQ does not answer");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Starts a program with a process group of its own.
fn apart(command: &mut Command) -> Child {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.process_group(0).spawn().unwrap()
}

fn install() {
    if std::path::Path::new(PROGRAMS).exists() {
        return;
    }
    let mut apt = Command::new("apt-get");
    apt.args(["install", "-y", "--no-install-recommends", "rabbitmq-server"]);
    let done = apt.env("DEBIAN_FRONTEND", "noninteractive").output().unwrap();
    assert!(done.status.success(), "rabbitmq-server cannot be installed: {done:?}");
}

fn certificates(folder: &std::path::Path) {
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().unwrap();
    let shown = ca.self_signed(&ca_key).unwrap();
    let ca = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    std::fs::write(folder.join("ca.pem"), shown.pem()).unwrap();
    std::fs::write(folder.join("server.pem"), server.pem()).unwrap();
    std::fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
}

/// A port below those that outgoing connections get.
pub(crate) fn free_port() -> u16 {
    loop {
        let mut bytes = [0; 2];
        getrandom::fill(&mut bytes).unwrap();
        let port = 10_000 + u16::from_le_bytes(bytes) % 20_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
