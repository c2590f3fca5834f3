//! The composition root: what a server is made of, in the order in which it comes to life.
//!
//! Everything that can fail fails before the first port is opened.

use crate::announcement::Announcement;
use crate::door::Door;
use crate::exit::Exit;
use crate::locks::StoreLocks;
use crate::output::Output;
use crate::plan::Plan;
use crate::signals::Signals;
use crate::state;
use anyhow::Context as _;
use caisson_admin::{Admin, Login, Token, UsageCollector};
use caisson_capability::grant::Giver;
use caisson_capability::{Connections, Invoker};
use caisson_channel::{DrainReport, Listener, Routes, Table, Tls};
use caisson_control::packages::Following;
use caisson_control::{Control, Live, Packages, Serving};
use caisson_engine::{Diagnostics, Engine, EngineOptions};
use caisson_service::{Configured, Deployer, UserConf, Watch};
use caisson_telemetry::{LogHub, Metrics};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Runs a server until it is told to stop.
///
/// # Errors
///
/// Whatever keeps it from starting; the text says what to do.
pub(crate) async fn run(plan: Plan, output: Output) -> anyhow::Result<Exit> {
    let logs = Arc::new(LogHub::default());
    let signals = Signals::catch()?;
    let audit = state::audit(&plan).await?;
    let connections = Arc::new(Connections::new(audit.clone()));
    let uses = UsageCollector::new(Arc::clone(connections.usage()));
    let metrics = Arc::new(Metrics::with(vec![Box::new(uses)]));

    let engine = engine(&plan, &logs, &metrics, &connections)?;
    let user_conf = UserConf::open(&plan.user_conf())?;
    let loader = Arc::new(Configured::new(engine.clone(), user_conf.clone()));
    let deployer = Deployer::open(&plan.data, loader, Arc::clone(&metrics), Arc::clone(&logs))?;
    let door = open_door(&plan, &deployer, &engine, &connections, &logs);
    let queue = state::background(&plan, &metrics, &door).await?;
    engine.connect_background(state::weak(&queue));
    let (control, packages) = open_state(&plan, &deployer).await?;
    engine.lend(Arc::new(StoreLocks(control.store().clone())));
    let table = Arc::new(Table::new(Routes::none()).described_by(deployer.registry()));
    let serving = Serving {
        routes: Arc::clone(&table),
        connections: Arc::clone(&connections),
        services: deployer.registry(),
        invoker: Arc::downgrade(&door),
        dev: plan.dev,
    };
    let live = Live::start(&control, serving)?;
    let login = login(&plan)?;

    Announcement::clear(&plan.data)?;
    let listen = bind(&plan).await?;
    let admin_listen = Listener::bind(plan.admin_listen).await?;
    let (address, admin_address) = (listen.local_addr(), admin_listen.local_addr());
    let announcement = Announcement::write(&plan.data, address, admin_address)?;
    output.note(banner(&plan, address, admin_address));

    let (stop, stop_admin) = (CancellationToken::new(), CancellationToken::new());
    tokio::spawn(signals.forward(stop.clone(), output));
    let membership = control.store().join(state::member(&plan, address, admin_address));
    let channel = caisson_channel::router(Arc::clone(&door), table, &plan.http);
    let services = tokio::spawn(listen.serve(channel, plan.http.clone(), stop.clone()));
    let admin = caisson_admin::router(Admin {
        login,
        packages: packages.clone(),
        deployer: deployer.clone(),
        control,
        progress: live.progress(),
        inbound: live.inbound(),
        connections,
        audit,
        background: Arc::clone(&queue),
        invoker: door,
        http: plan.http.clone(),
        metrics,
        logs,
        listen: address,
        closing: stop.clone(),
    });
    let admin = tokio::spawn(admin_listen.serve(admin, plan.admin_http(), stop_admin.clone()));

    let (watch, following) = tokio::select! {
        alive = come_to_life(&plan, &deployer, &packages, &live, output) => alive?,
        () = stop.cancelled() => (None, None),
    };
    let conf = user_conf.follow(&deployer, plan.services.as_ref());
    // Not before: a call of a service that is about to come would have to wait for its turn again.
    queue.start(stop.clone());
    stop.cancelled().await;
    drop((following, conf));
    end(live, watch).await;
    report(services.await?, output);
    queue.stopped().await;
    // Last, so that health and metrics can be seen until everything is answered.
    stop_admin.cancel();
    report(admin.await?, output);
    drop((announcement, membership));
    output.note("stopped");
    Ok(Exit::Ok)
}

/// Nothing comes in any more: no message of a connection, no saved file.
async fn end(live: Live, watch: Option<Watch>) {
    live.stop().await;
    if let Some(watch) = watch {
        watch.stop().await;
    }
}

/// Opens the door to services, for calls from outside and for those of services.
fn open_door(
    plan: &Plan,
    deployer: &Deployer,
    engine: &Engine,
    connections: &Connections,
    logs: &Arc<LogHub>,
) -> Arc<dyn Invoker> {
    let door: Arc<dyn Invoker> = Arc::new(Door::new(deployer, Arc::clone(logs)));
    engine.connect(Arc::downgrade(&door));
    if plan.dev {
        let registry: Arc<dyn Giver> = deployer.registry();
        connections.give_by(Arc::downgrade(&registry));
    }
    door
}

/// Opens the state. Uploads of this server go into a new one before anything else does.
async fn open_state(plan: &Plan, deployer: &Deployer) -> anyhow::Result<(Control, Packages)> {
    make_services_folder(plan)?;
    let control = state::open(plan).await?;
    let packages = Packages::new(control.clone(), deployer.clone());
    packages.adopt().await?;
    if let Some(file) = &plan.config {
        state::apply_config(&control, file).await?;
    }
    Ok((control, packages))
}

/// Opens the services' port.
async fn bind(plan: &Plan) -> anyhow::Result<Listener> {
    let tls = plan.tls.as_ref().map(|files| Tls::load(&files.cert, &files.key, files.client_ca.as_deref()));
    let tls = tls.transpose()?;
    let listener = Listener::bind(plan.listen).await?;
    Ok(match tls {
        Some(tls) => listener.with_tls(tls),
        None => listener,
    })
}

fn engine(
    plan: &Plan,
    logs: &Arc<LogHub>,
    metrics: &Arc<Metrics>,
    connections: &Arc<Connections>,
) -> anyhow::Result<Engine> {
    let options = EngineOptions {
        python: plan.python.clone(),
        cache: plan.cache(),
        program: plan.program.clone(),
        max_active: plan.max_active,
        diagnostics: Diagnostics::default(),
        shared_names: plan.shared_names,
    };
    let (logs, metrics, connections) = (Arc::clone(logs), Arc::clone(metrics), Arc::clone(connections));
    let engine = Engine::new(&options, logs, metrics, connections, &caisson_capabilities::links())
        .with_context(|| format!("the data folder {} or the engine cannot be used", plan.data.display()))?;
    if let Some(problem) = engine.python_problem() {
        tracing::warn!("services in Python cannot run, components can: {problem}");
    }
    Ok(engine)
}

fn make_services_folder(plan: &Plan) -> anyhow::Result<()> {
    let Some(folder) = &plan.services else { return Ok(()) };
    let made = folder.create().with_context(|| {
        format!("the services folder {} cannot be used; give --services a folder", folder.path().display())
    })?;
    if made {
        tracing::info!("made the services folder {}", folder.path().display());
    }
    Ok(())
}

fn login(plan: &Plan) -> anyhow::Result<Login> {
    if plan.dev {
        return Ok(Login::Open);
    }
    let path = plan.token_file();
    let token = Token::load_or_create(&path)?;
    Ok(Login::Token { token, kept_in: std::path::absolute(path)? })
}

/// Brings back what ran before, deploys what is in the services folder and in the state store, and follows both from then on.
async fn come_to_life(
    plan: &Plan,
    deployer: &Deployer,
    packages: &Packages,
    live: &Live,
    output: Output,
) -> anyhow::Result<(Option<Watch>, Option<Following>)> {
    deployer.restore(plan.services.as_ref()).await;
    let following = packages.follow().await;
    let watch = match &plan.services {
        Some(folder) => {
            Some(Watch::start(deployer, folder).context("the services folder cannot be followed")?)
        }
        None => None,
    };
    live.take_in().await;
    output.note(ready(deployer));
    Ok((watch, Some(following)))
}

fn banner(plan: &Plan, listen: SocketAddr, admin_listen: SocketAddr) -> String {
    let scheme = if plan.tls.is_some() { "https" } else { "http" };
    let mode = if plan.dev { "  (development mode: no login)" } else { "" };
    let path = if plan.dev { "/services/<name>" } else { "" };
    let folder = match &plan.services {
        Some(folder) => format!("{}  (saved files are deployed at once)", folder.path().display()),
        None => "none  (deploy with `caisson deploy`, or start with --services DIR)".to_owned(),
    };
    let token =
        if plan.dev { String::new() } else { format!("\n  token     {}", plan.token_file().display()) };
    format!(
        "Caisson {}\n  services  {scheme}://{listen}{path}\n  admin     http://{admin_listen}{mode}\n  folder    {folder}{token}",
        env!("CARGO_PKG_VERSION")
    )
}

fn ready(deployer: &Deployer) -> String {
    let packages = deployer.list();
    let services: usize = packages.iter().map(|package| package.services.len()).sum();
    let broken = packages.iter().filter(|package| package.error.is_some()).count();
    let trouble = match broken {
        0 => String::new(),
        _ => format!("; {} with errors: `caisson ls packages`", counted(broken, "package")),
    };
    format!("ready     {} in {}{trouble}", counted(services, "service"), counted(packages.len(), "package"))
}

fn counted(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

fn report(drained: DrainReport, output: Output) {
    if !drained.is_clean() {
        output.note(format!("{} connections were cut: they had not finished in time", drained.cut));
    }
}
