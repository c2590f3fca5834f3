//! The store, on every backend.

mod conformance;
mod etcd;
mod model;
mod server;
mod sqlite;

use super::*;
use std::time::Duration;

/// Only a hang reaches it.
const HANG: Duration = Duration::from_secs(60);

pub(super) fn put(name: &str, text: impl Into<Bytes>) -> Change {
    Change {
        author: "ann".to_owned(),
        message: format!("put {name}"),
        puts: [(name.to_owned(), text.into())].into(),
        ..Change::default()
    }
}

pub(super) async fn commit(store: &Store, change: Change) -> Revision {
    store.commit(change).await.unwrap().unwrap()
}

/// Waits until the store knows a revision.
pub(super) async fn reached(store: &Store, revision: u64) -> Snapshot {
    let mut snapshots = store.subscribe();
    let wait = snapshots.wait_for(|snapshot| snapshot.revision >= revision);
    tokio::time::timeout(HANG, wait).await.expect("a revision never comes").unwrap().clone()
}

/// Waits, by asking again and again, until something is so.
pub(super) async fn until<F: Future<Output = bool>>(what: &str, mut is: impl FnMut() -> F) {
    let ask = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(HANG, ask).await.unwrap_or_else(|_| panic!("it never comes: {what}"));
}
