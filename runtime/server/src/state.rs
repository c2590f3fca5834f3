//! Where the state is: in the data folder, or in etcd together with other servers.

use crate::plan::{Plan, StateOptions};
use anyhow::Context as _;
use caisson_audit::Audit;
use caisson_background::{Queue, Settings};
use caisson_capability::{Background, Invoker};
use caisson_cluster::seal::Key;
use caisson_cluster::store::Member;
use caisson_cluster::{EtcdOptions, Store};
use caisson_control::Control;
use caisson_definition::load::{Process, load};
use caisson_telemetry::Metrics;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Weak};

/// Opens the state, with the key that its secrets are sealed with.
///
/// # Errors
///
/// A key that others can read or that cannot be read; a store that cannot be opened.
pub(crate) async fn open(plan: &Plan) -> anyhow::Result<Control> {
    let key = Arc::new(Key::load_or_create(&plan.secret_key())?);
    let store = match etcd(plan) {
        Some(options) => Store::etcd(options).await?,
        None => Store::embedded(&plan.data.join("state.db")).await?,
    };
    Ok(Control::new(store, key, caisson_capabilities::catalog()))
}

/// Opens the file of what was refused on this server.
///
/// # Errors
///
/// The data folder cannot be written to, or the file is none of ours.
pub(crate) async fn audit(plan: &Plan) -> anyhow::Result<Arc<Audit>> {
    std::fs::create_dir_all(&plan.data)
        .with_context(|| format!("the data folder {} cannot be made", plan.data.display()))?;
    let path = plan.data.join("audit.db");
    let audit = match Audit::open(&path).await {
        Ok(audit) => audit,
        Err(error) => {
            // A damaged file costs what is in it and no more: it is kept for whoever can read it.
            let aside = path.with_extension("db.damaged");
            tracing::error!(%error, "the audit file is put aside as {} and begun anew", aside.display());
            std::fs::rename(&path, &aside)?;
            Audit::open(&path).await?
        }
    };
    Ok(Arc::new(audit))
}

/// Opens the file of calls in the background, behind this door.
///
/// # Errors
///
/// The data folder cannot be written to, or the file is damaged: what was acknowledged must not be lost in silence.
pub(crate) async fn background(
    plan: &Plan,
    metrics: &Arc<Metrics>,
    door: &Arc<dyn Invoker>,
) -> anyhow::Result<Arc<Queue>> {
    let settings = Settings { drain: plan.http.drain_timeout, ..Settings::default() };
    let queue = Queue::open(&plan.data.join("background.db"), settings, Arc::clone(metrics)).await?;
    queue.connect(Arc::downgrade(door));
    Ok(Arc::new(queue))
}

/// The same, as the engine knows it.
pub(crate) fn weak(queue: &Arc<Queue>) -> Weak<dyn Background> {
    let background: Arc<dyn Background> = Arc::<Queue>::clone(queue);
    Arc::downgrade(&background)
}

fn etcd(plan: &Plan) -> Option<EtcdOptions> {
    let StateOptions { etcd, prefix, user, password, ca, cert, key, .. } = &plan.state;
    if etcd.is_empty() {
        return None;
    }
    Some(EtcdOptions {
        endpoints: etcd.clone(),
        prefix: prefix.clone(),
        user: user.clone(),
        password: password.clone(),
        ca: ca.clone(),
        cert: cert.clone(),
        key: key.clone(),
        cache: Some(plan.data.join("state.cache")),
    })
}

/// Applies the definitions that the server was started with.
///
/// # Errors
///
/// Everything that is wrong with the file.
pub(crate) async fn apply_config(control: &Control, path: &Path) -> anyhow::Result<()> {
    let loaded = load(path, &Process, control.catalog())?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let message = format!("start with {}", path.display());
    let applied = control
        .apply(loaded.submission(), None, "start", &message)
        .await
        .with_context(|| format!("{} cannot be applied", path.display()))?;
    tracing::info!(revision = applied.revision, "definitions of {} hold", path.display());
    Ok(())
}

/// What other servers see of this one.
pub(crate) fn member(plan: &Plan, listen: SocketAddr, admin: SocketAddr) -> Member {
    let host = || {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        format!("{}:{}", name.trim(), listen.port())
    };
    Member {
        node: plan.state.node.clone().unwrap_or_else(host),
        listen: listen.to_string(),
        admin: admin.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}
