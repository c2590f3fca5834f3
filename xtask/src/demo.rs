//! The task `demo`: the shortest way from a clone to a service that answers.

use crate::{
    binary,
    context::Context,
    samples,
    server::{Server, Start},
    shell, tools,
};
use anyhow::{Context as _, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

const ADMIN_ADDRESS: &str = "127.0.0.1:8183";
const FREE_PORT: &str = "127.0.0.1:0";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Make all calls that the samples' README shows, compare the answers, then stop
    #[arg(long)]
    check: bool,
    /// Folder of services to run instead of a copy of the samples
    #[arg(long, value_name = "FOLDER", conflicts_with = "check")]
    services: Option<PathBuf>,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<()> {
    tools::install(&[tools::CURL])?;
    let binary = binary::release(context)?;
    let folder = context.target.join("demo-services");
    let services = match &options.services {
        Some(services) => services,
        None => {
            samples::copy_to(context, &folder)?;
            &folder
        }
    };
    // Registered before the start, so that no Ctrl-C can leave a server behind.
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted)).context("cannot handle signals")?;
    }
    let data = context.target.join("demo-data");
    let listen = if options.check { FREE_PORT } else { free_or(samples::DOCUMENTED_ADDRESS) };
    let admin_listen = if options.check { FREE_PORT } else { free_or(ADMIN_ADDRESS) };
    let start = Start {
        binary: &binary,
        services,
        data: &data,
        listen,
        admin_listen,
        arguments: &[],
        in_foreground: true,
    };
    shell::say("starting the server");
    let server = start.run()?;
    shell::say(&format!("ready in {:.0} ms", server.time_to_ready.as_secs_f64() * 1000.0));
    if options.check {
        return check(context, server);
    }
    if options.services.is_none() {
        call_hello(context, &server)?;
    }
    explain(context, &server, services, options.services.is_none())?;
    wait(server, &interrupted)
}

/// The address if nobody listens there, else one with a free port.
fn free_or(address: &'static str) -> &'static str {
    if TcpListener::bind(address).is_ok() { address } else { FREE_PORT }
}

/// Makes every documented call.
fn check(context: &Context, server: Server) -> Result<()> {
    let examples = samples::examples(context, &server.listen)?;
    for example in &examples {
        example.check()?;
    }
    shell::say(&format!("all {} calls of samples/README.md answered as documented", examples.len()));
    server.stop()
}

/// The first documented call, to be sure before we say that it works.
fn call_hello(context: &Context, server: &Server) -> Result<()> {
    let examples = samples::examples(context, &server.listen)?;
    let hello = examples.first().context("samples/README.md shows no call")?;
    hello.check()?;
    shell::say(&format!("called hello: {}", hello.answer));
    Ok(())
}

fn explain(context: &Context, server: &Server, services: &Path, are_samples: bool) -> Result<()> {
    let folder = services.display();
    println!("\nCaisson is running. Admin API: http://{}\n", server.admin);
    if are_samples {
        println!("Call the sample services:\n");
        for example in samples::examples(context, &server.listen)? {
            println!("{}\n", example.command);
        }
        println!("Change one of them, and the next call has the new version:\n");
        println!("sed -i 's/How goes it?/It went live./' {folder}/hello.py");
        println!("curl http://{}/services/hello.hello-world\n", server.listen);
    }
    println!("Files saved in this folder become services: {folder}");
    println!("Ctrl-C stops the server.\n");
    Ok(())
}

/// Stays until somebody presses Ctrl-C.
fn wait(mut server: Server, interrupted: &AtomicBool) -> Result<()> {
    while !interrupted.load(Ordering::Relaxed) {
        if let Some(status) = server.ended()? {
            bail!("the server ended with {status}");
        }
        thread::sleep(Duration::from_millis(100));
    }
    shell::say("stopping the server");
    server.stop()
}
