//! Makes this server run what the store says.

use super::keep::sweep;
use super::{Document, PackageError, Packages, documents, share};
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
    /// Puts what is uploaded here into a store in which there never was anything. To be called before anything else is put there:
    /// whatever the store does not have then is undeployed by [`follow`](Self::follow).
    ///
    /// # Errors
    ///
    /// The state store is away. Content that is damaged is no error: it cannot run anyway.
    pub async fn adopt(&self) -> Result<(), PackageError> {
        if self.control.snapshot().revision > 0 {
            return Ok(());
        }
        let mut sources = Vec::new();
        for package in self.deployer.kept_uploads() {
            match self.deployer.read_back(&package).await {
                Ok(source) => sources.push(source),
                Err(error) => {
                    tracing::error!(%error, "package {package} cannot be taken over; deploy it again");
                }
            }
        }
        // All at once: a server that ends in the middle would find a store that is not new, and take the others away.
        share(&self.control, &sources, "start", "take over uploads".to_owned()).await
    }

    /// Brings this server to where the store is, as far as it gets, and follows from then on. To be called when what ran here
    /// before runs again.
    pub async fn follow(&self) -> Following {
        let mut updates = self.control.subscribe();
        let mut refused = Refused::new();
        updates.mark_unchanged();
        let mut complete = self.catch_up(&mut refused).await;
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
                complete = this.catch_up(&mut refused).await;
            }
        }))
    }

    /// Deploys and undeploys what is different from the newest revision that is known here. False when something is worth trying
    /// again.
    async fn catch_up(&self, refused: &mut Refused) -> bool {
        let _turn = self.turn.lock().await;
        let snapshot = self.control.snapshot();
        if snapshot.revision == 0 {
            return true;
        }
        let (wanted, running) = (documents(&snapshot), self.deployer.uploads());
        for package in running.keys().filter(|package| !wanted.contains_key(*package)) {
            tracing::info!(
                "package {package} is not among those that the servers share, and is undeployed here"
            );
            if let Err(error) = self.deployer.undeploy(package).await {
                tracing::warn!(%error, "package {package} was undeployed on another server and not here");
            }
        }
        refused.retain(|package, _| wanted.contains_key(package));
        let mut complete = true;
        for (package, document) in &wanted {
            let Some(document) = document else { continue };
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
        // The deployer logs what it refuses, and shows it.
        match self.deployer.deploy(source, Origin::Upload, &document.by).await {
            Ok(_deployment) => true,
            Err(error) if error.may_pass() => false,
            Err(_for_good) => {
                refused.insert(package.to_owned(), document.digest.clone());
                true
            }
        }
    }

    async fn read(&self, package: &str, document: &Document) -> Result<PackageSource, String> {
        let store = self.control.store();
        let manifest = store.get_blob(&document.digest).await.map_err(|error| error.to_string())?;
        let mut parts = BTreeMap::new();
        for digest in Parcel::needs(&manifest)? {
            let part = store.get_blob(&digest).await.map_err(|error| error.to_string())?;
            parts.insert(digest, part);
        }
        let package = package.to_owned();
        // What the package brings along is unpacked to be checked, which takes a while.
        let unpacking = tokio::task::spawn_blocking(move || Parcel::unpack(&package, &manifest, &parts));
        unpacking.await.map_err(|failure| failure.to_string())?
    }
}
