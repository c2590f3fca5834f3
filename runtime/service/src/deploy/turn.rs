//! Changes to one package come one after another, in the order of the calls.

use super::Deployer;
use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The right to change one package.
pub(super) struct Turn {
    deployer: Deployer,
    package: String,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = self.deployer.turns();
        self.guard = None;
        // Nobody else waits for it: names of packages that come and go must not pile up.
        if turns.get(&self.package).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            turns.remove(&self.package);
        }
    }
}

impl Deployer {
    /// Waits until nobody else changes the package.
    pub(super) async fn turn(&self, package: &str) -> Turn {
        let lock = Arc::clone(self.turns().entry(package.to_owned()).or_default());
        let guard = lock.lock_owned().await;
        Turn { deployer: self.clone(), package: package.to_owned(), guard: Some(guard) }
    }

    fn turns(&self) -> MutexGuard<'_, HashMap<String, Arc<Mutex<()>>>> {
        self.0.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
