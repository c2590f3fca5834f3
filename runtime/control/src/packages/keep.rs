//! Takes content out of the store that no package needs any more.

use super::documents;
use crate::control::Control;
use caisson_cluster::Error;
use caisson_service::Parcel;
use std::collections::BTreeSet;

/// Takes away what nobody names now and nobody named at the last look: what is being deployed is put into the store before it is
/// named. Answers what nobody names now.
pub(super) async fn sweep(control: &Control, unnamed: BTreeSet<String>) -> BTreeSet<String> {
    match try_sweep(control, &unnamed).await {
        Ok(now) => now,
        Err(error) => {
            tracing::debug!(error, "content of packages that is not needed any more could not be looked for");
            unnamed
        }
    }
}

async fn try_sweep(control: &Control, unnamed: &BTreeSet<String>) -> Result<BTreeSet<String>, String> {
    let told = |error: Error| error.to_string();
    let store = control.store();
    // Listed first: what is named later than this was not there, or is named below.
    let all = store.blobs().await.map_err(told)?;
    let mut named = BTreeSet::new();
    for document in documents(&control.snapshot()).into_values() {
        let document =
            document.ok_or("a newer server has deployed packages; this one cannot tell what they need")?;
        let manifest = store.get_blob(&document.digest).await.map_err(told)?;
        named.extend(Parcel::needs(&manifest)?);
        named.insert(document.digest);
    }
    let now: BTreeSet<String> = all.difference(&named).cloned().collect();
    let dead: BTreeSet<String> = now.intersection(unnamed).cloned().collect();
    if !dead.is_empty() {
        let live = all.difference(&dead).cloned().chain(named).collect();
        let gone = store.sweep_blobs(&live).await.map_err(told)?;
        tracing::info!(
            gone,
            "content of packages that is not needed any more was taken out of the state store"
        );
    }
    Ok(now.difference(&dead).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::super::{SECTION, share};
    use super::*;
    use caisson_capability::Catalog;
    use caisson_cluster::seal::Key;
    use caisson_cluster::{Change, Store};
    use caisson_service::PackageSource;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use tempfile::TempDir;

    async fn control() -> (Control, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::load_or_create(&folder.path().join("secret.key")).unwrap();
        let store = Store::embedded(&folder.path().join("state.db")).await.unwrap();
        (Control::new(store, Arc::new(key), Catalog::default()), folder)
    }

    async fn put(control: &Control, source: &PackageSource) {
        share(control, std::slice::from_ref(source), "test", "deploy".to_owned()).await.unwrap();
    }

    fn package(text: &'static str) -> PackageSource {
        PackageSource::from_file("hello.py", text.into(), None).unwrap()
    }

    fn content(source: &PackageSource) -> BTreeSet<String> {
        Parcel::of(source).parts.into_keys().collect()
    }

    #[tokio::test]
    async fn what_has_no_name_at_two_looks_goes_and_nothing_else() {
        let (control, _folder) = control().await;
        let (first, second) = (package("first"), package("second"));
        put(&control, &first).await;
        let stray = control.store().put_blob(b"stray").await.unwrap();
        let unnamed = sweep(&control, BTreeSet::new()).await;
        assert_eq!(unnamed, BTreeSet::from([stray.clone()]));
        assert!(control.store().has_blob(&stray).await.unwrap(), "it may be about to get a name");
        assert_eq!(sweep(&control, unnamed).await, BTreeSet::new());
        assert_eq!(control.store().blobs().await.unwrap(), content(&first));

        put(&control, &second).await;
        let unnamed = sweep(&control, BTreeSet::new()).await;
        assert_eq!(unnamed, content(&first));
        sweep(&control, unnamed).await;
        assert_eq!(control.store().blobs().await.unwrap(), content(&second));
    }

    #[tokio::test]
    async fn what_a_newer_server_has_deployed_is_left_alone() {
        let (control, _folder) = control().await;
        let stray = control.store().put_blob(b"perhaps of that package").await.unwrap();
        let puts = BTreeMap::from([(format!("{SECTION}new"), "{\"other\": 1}".into())]);
        control.commit(Change { puts, ..Change::default() }).await.unwrap();
        for _ in 0..2 {
            sweep(&control, BTreeSet::from([stray.clone()])).await;
        }
        assert!(control.store().has_blob(&stray).await.unwrap());
    }

    #[tokio::test]
    async fn what_gets_a_name_between_two_looks_stays() {
        let (control, _folder) = control().await;
        let source = package("on its way");
        for part in Parcel::of(&source).parts.values() {
            control.store().put_blob(part).await.unwrap();
        }
        let unnamed = sweep(&control, BTreeSet::new()).await;
        assert_eq!(unnamed, content(&source));
        put(&control, &source).await;
        sweep(&control, unnamed).await;
        assert_eq!(control.store().blobs().await.unwrap(), content(&source));
    }
}
