//! What the deployer knows about packages: what runs, what is broken, and whose each service name is.
//!
//! Plain data behind one short lock; nothing here waits, loads or writes.

use super::status::{ErrorStatus, PackageStatus, ServiceStatus, State as PackageState};
use super::{DeployError, Deployment};
use crate::about::About;
use crate::digest::Digest;
use crate::loader::Runnable;
use crate::source::Language;
use crate::store::{Origin, Version};
use caisson_engine::ServiceInfo;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// The version of a package that answers.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) version: Version,
    pub(super) origin: Origin,
    pub(super) about: Arc<About>,
    pub(super) services: Vec<ServiceStatus>,
    pub(super) image_bytes: u64,
}

/// Content that was refused.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) error: DeployError,
    pub(super) origin: Origin,
    pub(super) language: Option<Language>,
    /// Nothing when it could not even be read.
    pub(super) digest: Option<Digest>,
    pub(super) since: String,
}

#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) running: Option<Running>,
    pub(super) broken: Option<Broken>,
    /// Its file has disappeared and it will be undeployed unless the file comes back: other packages may take over
    /// its services without a gap.
    pub(super) leaving: bool,
}

/// Everything that is deployed.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) packages: BTreeMap<String, Entry>,
    /// Service name to the package that has it, or is about to.
    claims: HashMap<String, String>,
}

/// Claims that were taken for a deployment that is not finished: what each name was before.
#[derive(Debug, Default)]
pub(super) struct Reserved(Vec<(String, Option<String>)>);

impl State {
    /// Whether another origin has this package name.
    pub(super) fn origin_conflict(&self, package: &str, origin: &Origin) -> Option<DeployError> {
        let entry = self.packages.get(package)?;
        let running = entry.running.as_ref().map(|running| &running.origin);
        let broken = entry.broken.as_ref().map(|broken| &broken.origin);
        let advice = match (origin, running.or(broken)?) {
            (Origin::Folder { .. }, Origin::Upload) if running.is_some() => {
                "undeploy that one first, or rename this"
            }
            (Origin::Upload, Origin::Folder { .. }) => {
                "change or remove it there, or upload under another name"
            }
            _ => return None,
        };
        Some(DeployError::PackageTaken {
            package: package.to_owned(),
            place: place_of(origin),
            owner_place: place_of(running.or(broken)?),
            advice,
        })
    }

    /// The answer when this very content runs already. Clears what was broken, since the content is good again.
    pub(super) fn unchanged(&mut self, package: &str, digest: Digest, origin: &Origin) -> Option<Deployment> {
        let claims = &self.claims;
        let entry = self.packages.get_mut(package)?;
        let running = entry.running.as_ref().filter(|running| running.version.digest == digest)?;
        // While it was leaving, another package may have taken its services.
        let whole = running
            .services
            .iter()
            .all(|service| claims.get(&service.name).is_some_and(|has| has == package));
        if !whole || running.origin != *origin {
            return None;
        }
        entry.broken = None;
        entry.leaving = false;
        Some(Deployment {
            package: package.to_owned(),
            version: running.version.version,
            unchanged: true,
            about: About::clone(&running.about),
            services: running.services.clone(),
        })
    }

    /// The answer when this very content was refused before and nothing can have changed since.
    pub(super) fn still_broken(&self, package: &str, digest: Digest) -> Option<DeployError> {
        let broken = self.packages.get(package)?.broken.as_ref()?;
        (broken.digest == Some(digest) && !broken.error.may_pass()).then(|| broken.error.clone())
    }

    /// Takes the service names for a package, all or none.
    pub(super) fn reserve(
        &mut self,
        package: &str,
        origin: &Origin,
        services: &[ServiceInfo],
    ) -> Result<Reserved, DeployError> {
        let mut seen: HashMap<&str, &ServiceInfo> = HashMap::new();
        for info in services {
            if let Some(other) = seen.insert(&info.name, info) {
                let at = |info: &ServiceInfo| format!("{}:{}", info.module, info.line);
                return Err(DeployError::ServiceTwice {
                    service: info.name.clone(),
                    first: at(other),
                    second: at(info),
                });
            }
            if let Some(owner) =
                self.claims.get(&info.name).filter(|owner| *owner != package && !self.leaves(owner))
            {
                return Err(DeployError::ServiceTaken {
                    service: info.name.clone(),
                    place: place_of(origin),
                    owner: owner.clone(),
                    owner_place: self.place(owner),
                });
            }
        }
        let take = |info: &ServiceInfo| {
            let before = self.claims.insert(info.name.clone(), package.to_owned());
            (info.name.clone(), before)
        };
        Ok(Reserved(services.iter().map(take).collect()))
    }

    /// Gives back what was reserved for a deployment that failed.
    pub(super) fn unreserve(&mut self, reserved: Reserved) {
        for (service, before) in reserved.0 {
            match before {
                Some(owner) => self.claims.insert(service, owner),
                None => self.claims.remove(&service),
            };
        }
    }

    /// Records a version that now answers. True when names became free.
    pub(super) fn run(
        &mut self,
        package: &str,
        origin: Origin,
        version: Version,
        about: Arc<About>,
        program: &dyn Runnable,
    ) -> bool {
        let services: Vec<ServiceStatus> = program.services().iter().map(ServiceStatus::from).collect();
        let kept: HashSet<&str> = services.iter().map(|service| service.name.as_str()).collect();
        let count = self.claims.len();
        self.claims.retain(|service, owner| owner != package || kept.contains(service.as_str()));
        let running = Running { version, origin, about, services, image_bytes: program.image_bytes() };
        let entry = self.packages.entry(package.to_owned()).or_default();
        *entry = Entry { running: Some(running), broken: None, leaving: false };
        self.claims.len() < count
    }

    /// Whether a package has exactly these services.
    pub(super) fn has_services(&self, package: &str, names: &[&str]) -> bool {
        let running = self.packages.get(package).and_then(|entry| entry.running.as_ref());
        running.is_some_and(|running| {
            running.services.len() == names.len()
                && running.services.iter().all(|service| names.contains(&service.name.as_str()))
        })
    }

    /// Records that what runs could be loaded again: an error of an earlier try is mended.
    pub(super) fn reloaded(&mut self, package: &str) {
        let Some(entry) = self.packages.get_mut(package) else { return };
        let digest = entry.running.as_ref().map(|running| running.version.digest);
        if entry.broken.as_ref().is_some_and(|broken| broken.digest.is_none() || broken.digest == digest) {
            entry.broken = None;
        }
    }

    /// Records a refusal. False when the same one is on record, so that it need not be reported again.
    pub(super) fn refuse(&mut self, package: &str, broken: Broken) -> bool {
        let entry = self.packages.entry(package.to_owned()).or_default();
        let known =
            entry.broken.as_ref().is_some_and(|old| old.error == broken.error && old.digest == broken.digest);
        if !known {
            entry.broken = Some(broken);
        }
        !known
    }

    /// Forgets what runs of a package, and what is broken unless that is a file which only waits for the name.
    pub(super) fn forget(&mut self, package: &str) {
        let entry = self.packages.remove(package).unwrap_or_default();
        self.claims.retain(|_, owner| owner != package);
        let uploaded = entry.running.is_some_and(|running| running.origin == Origin::Upload);
        if let Some(broken) = entry.broken.filter(|broken| uploaded && broken.origin != Origin::Upload) {
            self.packages.insert(package.to_owned(), Entry { broken: Some(broken), ..Entry::default() });
        }
    }

    fn leaves(&self, package: &str) -> bool {
        self.packages.get(package).is_some_and(|entry| entry.leaving)
    }

    fn place(&self, package: &str) -> String {
        let origin = self
            .packages
            .get(package)
            .and_then(|entry| entry.running.as_ref())
            .map(|running| &running.origin);
        origin.map_or_else(|| "being deployed".to_owned(), place_of)
    }

    pub(super) fn list(&self) -> Vec<PackageStatus> {
        self.packages.iter().filter_map(|(package, entry)| status(package, entry)).collect()
    }
}

fn status(package: &str, entry: &Entry) -> Option<PackageStatus> {
    let (running, broken) = (entry.running.as_ref(), entry.broken.as_ref());
    let (state, origin, language) = match (running, broken) {
        (Some(running), None) => (PackageState::Running, &running.origin, Some(running.version.language)),
        (Some(running), Some(_)) => (PackageState::Both, &running.origin, Some(running.version.language)),
        (None, Some(broken)) => (PackageState::Broken, &broken.origin, broken.language),
        (None, None) => return None,
    };
    Some(PackageStatus {
        package: package.to_owned(),
        origin: origin.clone(),
        language,
        version: running.map(|running| running.version.version),
        about: running.map(|running| About::clone(&running.about)).unwrap_or_default(),
        state,
        services: running.map(|running| running.services.clone()).unwrap_or_default(),
        image_bytes: running.map_or(0, |running| running.image_bytes),
        deployed_at: running.map(|running| running.version.deployed_at.clone()),
        deployed_by: running.map(|running| running.version.deployed_by.clone()),
        error: broken.map(|broken| ErrorStatus::new(&broken.error, &broken.since)),
    })
}

/// An origin in words.
pub(super) fn place_of(origin: &Origin) -> String {
    match origin {
        Origin::Folder { path } => path.clone(),
        Origin::Upload => "an upload".to_owned(),
    }
}
