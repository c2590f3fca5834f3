//! A running `caisson serve --dev`, stopped when it is dropped.

use crate::{http, shell};
use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::{self, File},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

const START_TIMEOUT: Duration = Duration::from_secs(120);
/// Longer than a server waits for requests in flight.
const STOP_TIMEOUT: Duration = Duration::from_secs(45);
const POLL: Duration = Duration::from_millis(1);

/// How to start a server.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) services: &'a Path,
    pub(crate) data: &'a Path,
    pub(crate) listen: &'a str,
    pub(crate) admin_listen: &'a str,
    /// More for the command line.
    pub(crate) arguments: &'a [String],
    /// Lets the server write to our terminal; otherwise its log goes to `server.log` in the data folder.
    pub(crate) in_foreground: bool,
}

impl<'a> Start<'a> {
    /// A server on free ports, with its log in a file.
    pub(crate) fn quiet(binary: &'a Path, services: &'a Path, data: &'a Path) -> Self {
        let free = "127.0.0.1:0";
        Self {
            binary,
            services,
            data,
            listen: free,
            admin_listen: free,
            arguments: &[],
            in_foreground: false,
        }
    }

    /// Starts the server and waits until it is ready.
    pub(crate) fn run(&self) -> Result<Server> {
        fs::create_dir_all(self.data).with_context(|| format!("cannot create {}", self.data.display()))?;
        let announcement = self.data.join("server.json");
        let started = Instant::now();
        let child =
            self.command()?.spawn().with_context(|| format!("cannot start {}", self.binary.display()))?;
        let log = (!self.in_foreground).then(|| self.log());
        let mut server =
            Server { child, log, listen: String::new(), admin: String::new(), time_to_ready: Duration::ZERO };
        server.wait_until_bound(&announcement, started)?;
        server.wait_until_ready(started)?;
        server.time_to_ready = started.elapsed();
        Ok(server)
    }

    fn log(&self) -> PathBuf {
        self.data.join("server.log")
    }

    fn command(&self) -> Result<Command> {
        let mut command = Command::new(self.binary);
        command.args(["serve", "--dev", "--services"]).arg(self.services).arg("--data").arg(self.data);
        command.args(["--listen", self.listen, "--admin-listen", self.admin_listen]);
        command.args(self.arguments);
        // The interpreter beside the binary is the one that was built with it.
        command.env_remove("CAISSON_PYTHON");
        if self.in_foreground {
            // Ctrl-C at the terminal then reaches only us, and we stop the server once and wait for it.
            command.process_group(0).stdin(std::process::Stdio::null());
        } else {
            let log = File::create(self.log())?;
            command.stdout(log.try_clone()?).stderr(log);
        }
        Ok(command)
    }
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    log: Option<PathBuf>,
    /// Address where services answer.
    pub(crate) listen: String,
    /// Address of the admin API.
    pub(crate) admin: String,
    /// From the start of the process to the first 200 of `/healthz/ready`.
    pub(crate) time_to_ready: Duration,
}

impl Server {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Stops the server; fails when it does not end by itself, or not well.
    pub(crate) fn stop(mut self) -> Result<()> {
        let status = self.terminate()?;
        if !status.success() {
            bail!("the server ended with {status}{}", self.last_words());
        }
        Ok(())
    }

    /// How the server ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    fn wait_until_bound(&mut self, announcement: &Path, started: Instant) -> Result<()> {
        loop {
            // Another one's file is what an earlier server left, or a server that runs on the same folder.
            let announced = read_announcement(announcement).filter(|found| found["pid"] == self.id());
            if let Some(announced) = announced {
                let field = |name: &str| announced.get(name)?.as_str().map(str::to_owned);
                self.listen = field("listen").context("server.json has no `listen`")?;
                self.admin = field("admin_listen").context("server.json has no `admin_listen`")?;
                return Ok(());
            }
            self.wait_a_little(started)?;
        }
    }

    fn wait_until_ready(&mut self, started: Instant) -> Result<()> {
        while !http::get(&self.admin, "/healthz/ready").is_ok_and(|answer| answer.status == 200) {
            self.wait_a_little(started)?;
        }
        Ok(())
    }

    fn wait_a_little(&mut self, started: Instant) -> Result<()> {
        if let Some(status) = self.ended()? {
            bail!("the server ended at its start with {status}{}", self.last_words());
        }
        if started.elapsed() > START_TIMEOUT {
            bail!("the server is not ready after {}{}", shell::seconds(started.elapsed()), self.last_words());
        }
        thread::sleep(POLL);
        Ok(())
    }

    /// Asks the server to stop, and makes it when it takes too long.
    fn terminate(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.ended()? {
            return Ok(status);
        }
        signal(self.child.id())?;
        let asked = Instant::now();
        while asked.elapsed() < STOP_TIMEOUT {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.child.kill()?;
        Ok(self.child.wait()?)
    }

    /// The end of the log, when it is not on the terminal already.
    fn last_words(&self) -> String {
        let Some(log) = self.log.as_ref().and_then(|path| fs::read_to_string(path).ok()) else {
            return String::new();
        };
        let mut lines: Vec<_> = log.lines().rev().take(20).collect();
        lines.reverse();
        format!("; its log ends with:\n{}", lines.join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.terminate() {
            shell::say(&format!("cannot stop the server: {error:#}"));
        }
    }
}

fn read_announcement(path: &Path) -> Option<serde_json::Value> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Asks a process to end.
pub(crate) fn signal(process: u32) -> Result<()> {
    let id = i32::try_from(process).ok().and_then(Pid::from_raw).context("not the id of a process")?;
    kill_process(id, Signal::TERM).context("cannot signal the process")
}
