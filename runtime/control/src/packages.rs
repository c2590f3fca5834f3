//! Uploaded packages: kept in the state store, so that what is deployed on one server runs on all.
//!
//! A document names the content of each package by its digest; the content itself is in blobs. Every server follows the
//! documents and fetches what it lacks. What comes from a services folder is a server's own matter and never in the store.

mod follow;
mod keep;

pub use follow::Following;

use crate::control::Control;
use crate::error::ControlError;
use caisson_cluster::Change;
use caisson_cluster::store::Snapshot;
use caisson_service::{DeployError, Deployer, Deployment, Origin, PackageSource, Parcel};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Documents of packages begin with this.
pub(crate) const SECTION: &str = "package/";

/// Why a package was not deployed or undeployed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// The package itself, or this server.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// The state store.
    #[error(transparent)]
    Control(#[from] ControlError),
}

impl From<caisson_cluster::Error> for PackageError {
    fn from(error: caisson_cluster::Error) -> Self {
        Self::Control(error.into())
    }
}

/// What the store says about a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Document {
    /// Of the manifest; names the content.
    digest: String,
    /// Who deployed it.
    by: String,
}

/// What going back led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollback {
    /// The version whose content runs again.
    pub to: u32,
    /// As for any deployment.
    pub deployment: Deployment,
}

/// Deploys and undeploys for all servers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Packages {
    control: Control,
    deployer: Deployer,
    /// Held by whoever makes this server follow the store: a deployment that was asked for here, or the task that follows.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Packages {
    /// Packages of a server.
    #[must_use]
    pub fn new(control: Control, deployer: Deployer) -> Self {
        Self { control, deployer, turn: Arc::default() }
    }

    /// Deploys a package on this server, and lets the others know of it. It answers here when this returns.
    ///
    /// # Errors
    ///
    /// The package is broken, or a name in it is taken here; the state store is away: then what ran before still runs, everywhere.
    /// When only this server's disk fails, the others run the new version, and this one goes on trying.
    ///
    /// # Cancel safety
    ///
    /// Dropped halfway the package is deployed everywhere or nowhere.
    pub async fn deploy(&self, source: PackageSource, by: &str) -> Result<Deployment, PackageError> {
        let message = format!("deploy {}", source.name());
        self.deploy_as(source, by, message).await
    }

    /// Makes an uploaded package what it was at an earlier version, as a new version, on all servers: the version given, or the
    /// one before the one that runs. `name` is that of the package or of one of its services.
    ///
    /// Servers count versions each for themselves; the numbers are those of this server.
    ///
    /// # Errors
    ///
    /// There is no such package or version; it comes from the services folder; and as [`deploy`](Self::deploy).
    ///
    /// # Cancel safety
    ///
    /// As [`deploy`](Self::deploy).
    pub async fn rollback(&self, name: &str, to: Option<u32>, by: &str) -> Result<Rollback, PackageError> {
        let package = self.deployer.package_of(name)?;
        let (to, source) = self.deployer.earlier(&package, to).await?;
        let message = format!("roll back {package} to version {to}");
        Ok(Rollback { to, deployment: self.deploy_as(source, by, message).await? })
    }

    async fn deploy_as(
        &self,
        source: PackageSource,
        by: &str,
        message: String,
    ) -> Result<Deployment, PackageError> {
        self.deployer.rehearse(&source, by).await?;
        let _turn = self.turn.lock().await;
        share(&self.control, std::slice::from_ref(&source), by, message).await?;
        Ok(self.deployer.deploy(source, Origin::Upload, by).await?)
    }

    /// Takes an uploaded package out of service, on all servers.
    ///
    /// # Errors
    ///
    /// There is no such package; it comes from the services folder; the state store is away.
    ///
    /// # Cancel safety
    ///
    /// As [`deploy`](Self::deploy).
    pub async fn undeploy(&self, package: &str, by: &str) -> Result<(), PackageError> {
        let _turn = self.turn.lock().await;
        let shared = documents(&self.control.snapshot()).contains_key(package);
        if shared {
            let deletes = vec![format!("{SECTION}{package}")];
            let message = format!("undeploy {package}");
            let change = Change { author: by.to_owned(), message, deletes, ..Change::default() };
            self.control.commit(change).await?;
        }
        match self.deployer.undeploy(package).await {
            // It was refused here, or had not come here yet.
            Err(DeployError::Unknown { .. }) if shared => Ok(()),
            result => Ok(result?),
        }
    }
}

/// Puts packages into the store, all in one revision, but for those that are there as they are.
async fn share(
    control: &Control,
    sources: &[PackageSource],
    by: &str,
    message: String,
) -> Result<(), PackageError> {
    let stored = documents(&control.snapshot());
    let (mut puts, mut parts) = (BTreeMap::new(), BTreeMap::new());
    for source in sources {
        let parcel = Parcel::of(source);
        let document = Document { digest: parcel.digest.to_string(), by: by.to_owned() };
        let known = stored.get(source.name()).and_then(Option::as_ref);
        if known.is_some_and(|known| known.digest == document.digest) {
            continue;
        }
        let text = serde_json::to_vec(&document).map_err(|error| ControlError::invalid(error.to_string()))?;
        puts.insert(format!("{SECTION}{}", source.name()), text.into());
        parts.extend(parcel.parts);
    }
    if puts.is_empty() {
        return Ok(());
    }
    let store = control.store();
    for part in parts.values() {
        store.put_blob(part).await?;
    }
    control.commit(Change { author: by.to_owned(), message, puts, ..Change::default() }).await?;
    // Until the commit these were garbage to anyone who looked; from now on they are not.
    for (digest, part) in &parts {
        if !store.has_blob(digest).await? {
            store.put_blob(part).await?;
        }
    }
    Ok(())
}

/// The packages that a snapshot has. Nothing stands for a document that a newer server has written and this one cannot read: what
/// it names must neither be deployed nor taken away.
fn documents(snapshot: &Snapshot) -> BTreeMap<String, Option<Document>> {
    let stored = snapshot.documents.iter();
    let stored = stored.filter_map(|(name, bytes)| Some((name.strip_prefix(SECTION)?, bytes)));
    let read = |(package, bytes): (&str, &bytes::Bytes)| {
        let document = serde_json::from_slice(bytes).map_err(|error| {
            tracing::warn!(%error, "the document of package {package} cannot be read; is this server too old?");
        });
        (package.to_owned(), document.ok())
    };
    stored.map(read).collect()
}
