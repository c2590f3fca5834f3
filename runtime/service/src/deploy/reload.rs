//! Loading packages again that have not changed themselves, since what is given to them has.

use super::{DeployError, Deployer, blocking};
use crate::source::{Language, ServicesFolder};
use crate::store::Origin;
use caisson_telemetry::Level;
use futures_util::StreamExt;
use futures_util::stream;
use std::sync::Arc;

/// Packages that are read at the same time. The bound on loading is apart from it.
const AT_ONCE: usize = 8;

impl Deployer {
    /// Loads all Python packages again, each under the version that it has. Requests under way are finished by what ran before, and
    /// so are all others of a package that cannot be loaded now, which is refused as if it had been deployed. What was refused
    /// before and lies in the services folder is tried again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves some packages as they were.
    pub async fn reload(&self, folder: Option<&ServicesFolder>) {
        let (running, refused) = self.python_packages();
        let running = running.into_iter().map(|package| async move { self.reload_one(&package).await });
        stream::iter(running).buffer_unordered(AT_ONCE).collect::<()>().await;
        let Some(folder) = folder else { return };
        for package in refused {
            self.try_again(folder, &package).await;
        }
    }

    /// Those that run, and those whose newest content was refused.
    fn python_packages(&self) -> (Vec<String>, Vec<String>) {
        let state = self.state();
        let (mut runs, mut refused) = (Vec::new(), Vec::new());
        for (package, entry) in &state.packages {
            if entry.running.as_ref().is_some_and(|running| running.version.language == Language::Python) {
                runs.push(package.clone());
            }
            if entry.broken.as_ref().is_some_and(|broken| broken.origin != Origin::Upload) {
                refused.push(package.clone());
            }
        }
        (runs, refused)
    }

    async fn reload_one(&self, package: &str) {
        let turn = self.turn(package).await;
        let running = {
            let state = self.state();
            let running = state.packages.get(package).and_then(|entry| entry.running.as_ref());
            running
                .map(|running| (running.version.version, running.origin.clone(), Arc::clone(&running.about)))
        };
        // It may have gone while its turn was waited for.
        let Some((version, origin, about)) = running else { return };
        match self.load_again(package, version).await {
            Ok(program) => {
                self.0.registry.put(package, version, &about, &program);
                self.state().reloaded(package);
                self.0.metrics.deployed(true);
                self.log(Level::Info, format!("package {package}: version {version} was loaded again"));
            }
            Err(error) => self.refused(package, &origin, Some(Language::Python), None, &error),
        }
        drop(turn);
    }

    async fn load_again(
        &self,
        package: &str,
        version: u32,
    ) -> Result<Arc<dyn crate::loader::Runnable>, DeployError> {
        let (store, name) = (Arc::clone(&self.0.store), package.to_owned());
        let source = blocking(move || store.read(&name, Some(version))).await?;
        let permit = self.0.loading.acquire().await;
        let program = self.0.loader.load(source.package(), source.settings()).await?;
        drop(permit);
        let names: Vec<&str> = program.services().iter().map(|service| service.name.as_str()).collect();
        if !self.state().has_services(package, &names) {
            let message = format!(
                "loaded again, it has other services than before ({}): deploy it again if that is meant",
                names.join(", ")
            );
            return Err(DeployError::Load(caisson_engine::LoadError::new(message)));
        }
        Ok(program)
    }

    /// Deploys content that was refused, if it lies in the folder.
    async fn try_again(&self, folder: &ServicesFolder, package: &str) {
        if let Some(broken) = self.state().packages.get_mut(package).and_then(|entry| entry.broken.as_mut()) {
            // What was wrong with it may be right now.
            broken.digest = None;
        }
        let (looker, name) = (folder.clone(), package.to_owned());
        let found = tokio::task::spawn_blocking(move || looker.look(&name)).await;
        if let Ok(Some(found)) = found {
            // Kept in the status and logged.
            drop(self.deploy_found(folder, package, &found).await);
        }
    }
}
