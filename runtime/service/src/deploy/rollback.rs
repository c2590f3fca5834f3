//! Going back to a version that ran before.

use super::{DeployError, Deployer, blocking};
use crate::source::PackageSource;
use crate::store::{Origin, Version};
use std::sync::Arc;

impl Deployer {
    /// The package that is meant by its own name or by that of one of its services.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn package_of(&self, name: &str) -> Result<String, DeployError> {
        if self.origin(name).is_some() {
            return Ok(name.to_owned());
        }
        let deployed =
            self.registry().get(name).ok_or_else(|| DeployError::Neither { name: name.to_owned() })?;
        Ok(deployed.package.to_string())
    }

    /// Reads an earlier version of an upload back, with its number: the one asked for, or the newest before the one that runs
    /// that has other content. Nothing is deployed.
    ///
    /// # Errors
    ///
    /// There is no such package, or none of its versions is meant; it comes from the services folder; what is on disk is
    /// damaged.
    pub async fn earlier(&self, package: &str, to: Option<u32>) -> Result<(u32, PackageSource), DeployError> {
        match self.origin(package) {
            None => return Err(DeployError::Unknown { package: package.to_owned() }),
            Some(Origin::Folder { path }) => {
                return Err(DeployError::FolderHasNoWayBack { package: package.to_owned(), path });
            }
            Some(Origin::Upload) => {}
        }
        let version = meant(package, &self.history(package), self.version(package), to)?;
        let (store, package) = (Arc::clone(&self.0.store), package.to_owned());
        let source = blocking(move || store.read(&package, Some(version))).await?;
        Ok((version, source))
    }
}

fn meant(package: &str, kept: &[Version], running: Option<u32>, to: Option<u32>) -> Result<u32, DeployError> {
    if let Some(to) = to {
        let known = kept.iter().any(|version| version.version == to);
        let numbers: Vec<String> = kept.iter().map(|version| version.version.to_string()).collect();
        let not_kept =
            || DeployError::NotKept { package: package.to_owned(), version: to, kept: numbers.join(", ") };
        return known.then_some(to).ok_or_else(not_kept);
    }
    let current = kept.iter().find(|version| Some(version.version) == running);
    let before = kept.iter().rev().find(|version| {
        current.is_none_or(|current| version.version < current.version && version.digest != current.digest)
    });
    before
        .map(|version| version.version)
        .ok_or_else(|| DeployError::NoEarlier { package: package.to_owned() })
}
