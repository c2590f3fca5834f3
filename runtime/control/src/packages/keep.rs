//! Takes content out of the store that no package needs any more.

use super::{Packages, documents};
use caisson_cluster::Error;
use caisson_service::Parcel;
use std::collections::BTreeSet;

impl Packages {
    /// Takes away what nobody names now and nobody named at the last look: what is being deployed is put into the store before
    /// it is named. Answers what nobody names now.
    pub(super) async fn sweep(&self, unnamed: BTreeSet<String>) -> BTreeSet<String> {
        match self.try_sweep(&unnamed).await {
            Ok(now) => now,
            Err(error) => {
                tracing::debug!(%error, "content of packages that is not needed any more could not be looked for");
                unnamed
            }
        }
    }

    async fn try_sweep(&self, unnamed: &BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
        let store = self.control.store();
        // Listed first: what is named later than this was not there, or is named below.
        let all = store.blobs().await?;
        let mut named = BTreeSet::new();
        for document in documents(&self.control.snapshot()).into_values() {
            let manifest = store.get_blob(&document.digest).await?;
            named.extend(Parcel::needs(&manifest).unwrap_or_default());
            named.insert(document.digest);
        }
        let now: BTreeSet<String> = all.difference(&named).cloned().collect();
        let dead: BTreeSet<String> = now.intersection(unnamed).cloned().collect();
        if !dead.is_empty() {
            let live = all.difference(&dead).cloned().chain(named).collect();
            let gone = store.sweep_blobs(&live).await?;
            tracing::info!(
                gone,
                "content of packages that is not needed any more was taken out of the state store"
            );
        }
        Ok(now.difference(&dead).cloned().collect())
    }
}
