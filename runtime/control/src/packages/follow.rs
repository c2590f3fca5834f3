//! Makes this server run what the store says.

use super::keep::sweep;
use super::{Document, Packages, documents, share};
use caisson_cluster::store::Snapshot;
use caisson_service::{Origin, PackageSource, Parcel};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::task::JoinHandle;

/// When something that could not be fetched is asked for again.
const RETRY: Duration = Duration::from_secs(5);

/// How often content that nobody names is looked for.
const SWEEP: Duration = Duration::from_secs(600);

/// The task that follows the store. Dropping it ends it.
#[derive(Debug)]
pub struct Following(JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Content that was refused here, by package: it is not tried again until it changes.
type Refused = HashMap<String, String>;

impl Packages {
    /// Brings this server to where the store is, as far as it gets, and follows from then on. To be called when what ran here
    /// before runs again.
    pub async fn follow(&self) -> Following {
        let mut updates = self.control.subscribe();
        let mut refused = Refused::new();
        let first = updates.borrow_and_update().clone();
        if first.revision == 0 {
            self.adopt().await;
        }
        let mut complete = self.catch_up(&first, &mut refused).await;
        let this = self.clone();
        Following(tokio::spawn(async move {
            let mut look = tokio::time::interval_at(tokio::time::Instant::now() + SWEEP, SWEEP);
            let mut unnamed = std::collections::BTreeSet::new();
            loop {
                tokio::select! {
                    changed = updates.changed() => if changed.is_err() { return },
                    () = tokio::time::sleep(RETRY), if !complete => {}
                    _ = look.tick() => {
                        unnamed = sweep(&this.control, unnamed).await;
                        continue;
                    }
                }
                let snapshot = updates.borrow_and_update().clone();
                complete = this.catch_up(&snapshot, &mut refused).await;
            }
        }))
    }

    /// A store in which there never was anything takes over what is uploaded here.
    async fn adopt(&self) {
        for package in self.deployer.uploads().into_keys() {
            let shared = match self.deployer.read_back(&package).await {
                Ok(source) => share(&self.control, &source, "start").await,
                Err(error) => Err(error.into()),
            };
            if let Err(error) = shared {
                tracing::error!(%error, "package {package} could not be put into the state store; deploy it again");
            }
        }
    }

    /// Deploys and undeploys what is different. False when something could not be fetched.
    async fn catch_up(&self, snapshot: &Snapshot, refused: &mut Refused) -> bool {
        let _turn = self.turn.lock().await;
        // What was deployed here while this waited is newer than the snapshot that woke it.
        let newest = self.control.snapshot();
        let wanted = documents(if newest.revision > snapshot.revision { &newest } else { snapshot });
        if newest.revision == 0 {
            return true;
        }
        let running = self.deployer.uploads();
        for package in running.keys().filter(|package| !wanted.contains_key(*package)) {
            if let Err(error) = self.deployer.undeploy(package).await {
                tracing::warn!(%error, "package {package} was undeployed on another server and not here");
            }
        }
        refused.retain(|package, _| wanted.contains_key(package));
        let mut complete = true;
        for (package, document) in &wanted {
            let here = running.get(package).is_some_and(|digest| digest.to_string() == document.digest);
            if !here && refused.get(package) != Some(&document.digest) {
                complete &= self.fetch(package, document, refused).await;
            }
        }
        complete
    }

    /// Deploys a package from the store. False when it is worth trying again.
    async fn fetch(&self, package: &str, document: &Document, refused: &mut Refused) -> bool {
        let source = match self.read(package, document).await {
            Ok(source) => source,
            Err(reason) => {
                tracing::warn!("package {package} cannot be fetched from the state store yet: {reason}");
                return false;
            }
        };
        if self.deployer.deploy(source, Origin::Upload, &document.by).await.is_err() {
            // The deployer has logged it, and shows it.
            refused.insert(package.to_owned(), document.digest.clone());
        }
        true
    }

    async fn read(&self, package: &str, document: &Document) -> Result<PackageSource, String> {
        let store = self.control.store();
        let manifest = store.get_blob(&document.digest).await.map_err(|error| error.to_string())?;
        let mut parts = BTreeMap::new();
        for digest in Parcel::needs(&manifest)? {
            let part = store.get_blob(&digest).await.map_err(|error| error.to_string())?;
            parts.insert(digest, part);
        }
        Parcel::unpack(package, &manifest, &parts)
    }
}
