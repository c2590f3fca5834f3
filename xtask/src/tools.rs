//! Programs that tasks need and that may have to be installed first.

use crate::{context::Context, shell};
use anyhow::{Context as _, Result, bail};
use std::{path::Path, process::Command};

/// What guests are compiled for.
pub(crate) const GUEST_TARGET: &str = "wasm32-wasip2";

/// A program and the Debian package that has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    pub(crate) package: &'static str,
    /// A command that succeeds once the package is installed.
    pub(crate) probe: &'static [&'static str],
}

pub(crate) const CURL: Tool = Tool { package: "curl", probe: &["curl", "--version"] };
pub(crate) const GIT: Tool = Tool { package: "git", probe: &["git", "--version"] };
/// Hot deployment has to understand how editors save: a new file under another name, a rename, a swap file.
pub(crate) const VIM: Tool = Tool { package: "vim", probe: &["vim", "--version"] };
pub(crate) const WRK: Tool = Tool { package: "wrk", probe: &["sh", "-c", "command -v wrk"] };
pub(crate) const PYTHON: Tool = Tool { package: "python3", probe: &["python3", "--version"] };
pub(crate) const PYTHON_VENV: Tool =
    Tool { package: "python3-venv", probe: &["python3", "-c", "import ensurepip, venv"] };

/// Pyright, which checks the types of the Python SDK, runs on it.
pub(crate) const NODE: Tool = Tool { package: "nodejs", probe: &["node", "--version"] };

/// The client of etcd is generated from protocol definitions when it is built.
pub(crate) const PROTOC: Tool = Tool { package: "protobuf-compiler", probe: &["protoc", "--version"] };
pub(crate) const PROTO_FILES: Tool =
    Tool { package: "libprotobuf-dev", probe: &["test", "-e", "/usr/include/google/protobuf/empty.proto"] };
/// Tests of clusters run on a real one.
pub(crate) const ETCD: Tool = Tool { package: "etcd-server", probe: &["etcd", "--version"] };

/// Tests cut networks in two.
pub(crate) const IP: Tool = Tool { package: "iproute2", probe: &["ip", "-V"] };

/// Tests of capabilities run on real ones.
pub(crate) const REDIS: Tool = Tool { package: "redis-server", probe: &["redis-server", "--version"] };
pub(crate) const RABBITMQ: Tool =
    Tool { package: "rabbitmq-server", probe: &["test", "-x", "/usr/lib/rabbitmq/bin/rabbitmq-server"] };
pub(crate) const POSTGRES: Tool =
    Tool { package: "postgresql", probe: &["sh", "-c", "ls /usr/lib/postgresql/*/bin/initdb"] };
pub(crate) const MARIADB: Tool =
    Tool { package: "mariadb-server", probe: &["sh", "-c", "command -v mariadbd"] };

/// Installs the tools that are missing when we are root, else says how to.
pub(crate) fn install(tools: &[Tool]) -> Result<()> {
    let missing: Vec<_> = tools.iter().filter(|tool| !is_installed(tool)).map(|tool| tool.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    let command = format!("apt-get install -y --no-install-recommends {packages}");
    if !shell::succeeds("sh", &["-c", "command -v apt-get"]) {
        bail!("these programs are missing, please install them: {packages}");
    }
    if !rustix::process::geteuid().is_root() {
        bail!("these packages are missing, please install them:\n    sudo {command}");
    }
    shell::step(&format!("installing {packages}"), || {
        let script = format!("apt-get update -qq && {command}");
        shell::run(Command::new("sh").args(["-c", &script]).env("DEBIAN_FRONTEND", "noninteractive"))
    })
}

fn is_installed(tool: &Tool) -> bool {
    tool.probe.split_first().is_some_and(|(program, arguments)| shell::succeeds(program, arguments))
}

/// Makes sure that the compiler can build guests.
pub(crate) fn install_guest_target(context: &Context) -> Result<()> {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(&context.root).args(["--print", "target-libdir", "--target", GUEST_TARGET]);
    let folder = shell::output(&mut rustc)?;
    if Path::new(folder.trim()).exists() {
        return Ok(());
    }
    if !shell::succeeds("rustup", &["--version"]) {
        bail!(
            "the Rust compiler has no standard library for {GUEST_TARGET} (it would be in {}).\nInstall the one of your \
             Rust distribution, or install Rust by https://rustup.rs",
            folder.trim()
        );
    }
    shell::step(&format!("adding the target {GUEST_TARGET}"), || {
        shell::run(Command::new("rustup").current_dir(&context.root).args(["target", "add", GUEST_TARGET]))
    })
}

/// Version of the compiler, on one line.
pub(crate) fn compiler_version(context: &Context) -> Result<String> {
    let text = shell::output(Command::new("rustc").current_dir(&context.root).arg("--version"))?;
    Ok(text.lines().next().context("rustc printed no version")?.to_owned())
}
