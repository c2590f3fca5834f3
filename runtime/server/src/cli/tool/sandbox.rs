//! Loading a program and asking it.

use crate::exit::usage;
use anyhow::Context as _;
use caisson_capability::{ChannelInfo, Cid, Deadline, Error, Invocation, Request, Trace};
use caisson_engine::{Diagnostics, Engine, EngineOptions, Limits, Package, Program, Settings, SourceFile};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Name of the package, of its module and of its service. Nothing that a user writes has it.
const PACKAGE: &str = "caisson_tool";
const SERVICE: &str = "caisson-tool";

/// The folder of the compiled interpreter, beside the program.
const PYTHON: &str = "caisson-python";

/// What one question may take. Far above what a test needs, so that only one that hangs reaches it.
const LIMITS: Limits = Limits {
    memory_bytes: 512 << 20,
    cpu_time: Duration::from_secs(60),
    wall_time: Duration::from_secs(60),
    concurrency: 16,
    queue: 1_024,
    payload_bytes: 64 << 20,
    answer_bytes: 64 << 20,
};

/// A loaded program.
#[derive(Debug)]
pub(crate) struct Sandbox {
    program: Arc<Program>,
    // The linker's functions, the clock and the log live as long as this.
    _engine: Engine,
    _scratch: Scratch,
}

/// A folder that an engine wants to have and that stays empty: only components are compiled, and there are none.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // An empty folder that stays behind is no reason to fail.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// What came of a question.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The function's answer.
    Told(Value),
    /// It was stopped, or it failed: what a person is to read.
    Stopped(String),
}

impl Sandbox {
    /// Loads `source`, a module that defines `ask(question)`, and `files`, which it can import. `python` is the folder of the
    /// interpreter, if it is not beside the program.
    ///
    /// # Errors
    ///
    /// No interpreter, or the module fails while it loads.
    pub(crate) async fn load(
        source: &str,
        mut files: Vec<SourceFile>,
        python: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("this program's own file is not known")?;
        let scratch = Scratch(std::env::temp_dir().join(format!("caisson-tool-{}", std::process::id())));
        let options = EngineOptions {
            python: python.unwrap_or_else(|| program.with_file_name(PYTHON)),
            cache: scratch.0.clone(),
            program,
            max_active: 16,
            diagnostics: Diagnostics::default(),
            shared_names: false,
        };
        let links = caisson_capabilities::links();
        let engine = Engine::new(&options, Arc::default(), Arc::default(), Arc::default(), &links)?;
        let module = format!("{source}\n\n{}", include_str!("service.py"));
        files.push(SourceFile { path: format!("{PACKAGE}.py"), content: module.into() });
        let package = Package::Python { name: PACKAGE.to_owned(), files };
        let settings = Settings { limits: LIMITS, ..Settings::default() };
        let program = engine.load(&package, settings).await.map_err(|error| {
            let traceback = error.traceback.as_deref().unwrap_or_default().trim_end();
            let report = if traceback.is_empty() { error.to_string() } else { traceback.to_owned() };
            if error.host { anyhow::Error::msg(report) } else { usage(report) }
        })?;
        Ok(Self { program, _engine: engine, _scratch: scratch })
    }

    /// Asks. Each question is answered by a pristine instance.
    pub(crate) async fn ask(&self, question: &Value) -> Answer {
        let request = Request {
            content_type: Some("application/json".to_owned()),
            body: question.to_string().into(),
            ..Request::default()
        };
        let invocation = Invocation {
            cid: Cid::from("caisson-tool"),
            service: SERVICE.into(),
            channel: ChannelInfo::plain("invoke"),
            principal: None,
            peer: None,
            deadline: Deadline::after(LIMITS.wall_time),
            attempt: 1,
            trace: Trace::default(),
            depth: 0,
            chain: caisson_capability::Chain::default(),
            request,
        };
        match Arc::clone(&self.program).invoke(invocation, 1).await {
            Ok(response) => {
                let body = response.body.whole().cloned().unwrap_or_default();
                serde_json::from_slice(&body).map_or_else(
                    |error| Answer::Stopped(format!("what the sandbox answered is no JSON ({error})")),
                    Answer::Told,
                )
            }
            Err(error) => Answer::Stopped(told(&error)),
        }
    }
}

fn told(error: &Error) -> String {
    match error.detail.as_deref() {
        Some(detail) if !detail.trim().is_empty() => detail.trim_end().to_owned(),
        _ => error.message.clone(),
    }
}
