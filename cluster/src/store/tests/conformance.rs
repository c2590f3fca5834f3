//! What every backend has to do alike.

use super::server::Etcd;
use super::*;
use std::collections::BTreeSet;

macro_rules! on_every_backend {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                let store = Store::embedded(&folder.path().join("state.db")).await.unwrap();
                super::$case(store.clone(), store).await;
            })*
            use super::*;
        }
        mod etcd {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let etcd = Etcd::start().await;
                let (one, other) = (etcd.store().await, etcd.store().await);
                super::$case(one, other).await;
            })*
            use super::*;
        }
    };
}

on_every_backend! {
    an_empty_store_is_at_revision_0,
    a_commit_is_the_next_revision_and_history_tells_of_it,
    a_change_that_changes_nothing_makes_no_revision,
    a_change_for_an_old_base_is_a_conflict,
    commits_at_once_are_all_kept_and_each_is_in_history_once,
    a_rollback_brings_documents_back_but_those_to_keep,
    ten_thousand_documents_are_one_commit,
    a_change_that_is_too_large_is_refused,
    a_blob_comes_back_whole,
    old_revisions_go_and_the_newest_stays_whole,
    members_come_and_go,
    one_leads_until_it_goes,
    a_lock_has_one_holder_at_a_time_and_the_next_gets_it_when_it_is_given_back,
    a_lock_that_is_not_given_back_ends_by_itself_and_its_holder_is_told,
    a_lock_that_nobody_waits_for_any_more_is_held_by_nobody,
}

async fn an_empty_store_is_at_revision_0(store: Store, _: Store) {
    assert_eq!(store.snapshot(), Snapshot::default());
    assert!(store.history(None, 10).await.unwrap().is_empty());
    assert!(store.at(0).await.unwrap().is_empty());
    assert_eq!(store.at(7).await.unwrap_err().kind, ErrorKind::NotFound);
    assert!(store.health().connected);
    assert_eq!(commit(&store, Change::default()).await.revision, 0);
}

async fn a_commit_is_the_next_revision_and_history_tells_of_it(store: Store, other: Store) {
    let first = commit(&store, put("a", "1")).await;
    assert_eq!((first.revision, first.added.as_slice()), (1, ["a".to_owned()].as_slice()));
    let second = Change { deletes: vec!["a".to_owned(), "never".to_owned()], base: Some(1), ..put("b", "2") };
    let second = commit(&store, second).await;
    assert_eq!((second.revision, second.added.len(), second.removed.len()), (2, 1, 1));
    let third = commit(&store, put("b", "3")).await;
    assert_eq!(third.changed, ["b"]);
    assert_eq!(store.history(None, 10).await.unwrap(), [third.clone(), second.clone(), first.clone()]);
    assert_eq!(store.history(Some(3), 1).await.unwrap(), [second]);
    assert_eq!(store.history(Some(2), 10).await.unwrap(), [first]);
    assert_eq!(store.at(1).await.unwrap()["a"], "1");
    assert_eq!(reached(&other, 3).await, store.snapshot());
}

async fn a_change_that_changes_nothing_makes_no_revision(store: Store, _: Store) {
    let made = commit(&store, put("a", "1")).await;
    assert_eq!(commit(&store, put("a", "1")).await, made);
    assert_eq!(commit(&store, Change { deletes: vec!["b".to_owned()], ..Change::default() }).await, made);
    assert_eq!(store.history(None, 10).await.unwrap().len(), 1);
}

async fn a_change_for_an_old_base_is_a_conflict(store: Store, other: Store) {
    commit(&store, put("a", "1")).await;
    let since = [commit(&other, put("a", "2")).await, commit(&store, put("b", "1")).await];
    let refused = store.commit(Change { base: Some(1), ..put("c", "1") }).await.unwrap().unwrap_err();
    assert_eq!((refused.current, refused.since.as_slice()), (3, since.as_slice()));
    assert!(store.commit(Change { base: Some(9), ..put("c", "1") }).await.unwrap().is_err());
    assert!(!store.snapshot().documents.contains_key("c"));
    assert!(store.rollback(1, Some(2), |_| false, "ann").await.unwrap().is_err());
}

async fn commits_at_once_are_all_kept_and_each_is_in_history_once(one: Store, other: Store) {
    let mut tasks = tokio::task::JoinSet::new();
    for (number, store) in [&one, &other].repeat(10).into_iter().enumerate() {
        let store = store.clone();
        tasks.spawn(async move { commit(&store, put(&format!("{number}"), "x")).await });
    }
    let mut made: Vec<Revision> = tasks.join_all().await;
    made.sort_by_key(|revision| std::cmp::Reverse(revision.revision));
    assert_eq!(one.history(None, 100).await.unwrap(), made);
    assert_eq!(made.iter().map(|revision| revision.added[0].clone()).collect::<BTreeSet<_>>().len(), 20);
    assert_eq!(reached(&one, 20).await.documents.len(), 20);
    assert_eq!(reached(&other, 20).await.documents.len(), 20);
}

async fn a_rollback_brings_documents_back_but_those_to_keep(store: Store, _: Store) {
    commit(
        &store,
        Change { puts: [("a".into(), "1".into()), ("user/x".into(), "1".into())].into(), ..put("", "") },
    )
    .await;
    commit(&store, Change { deletes: vec!["a".into()], ..put("user/y", "1") }).await;
    let back = store.rollback(1, Some(2), |name| name.starts_with("user/"), "ann").await.unwrap().unwrap();
    assert_eq!(
        (back.revision, back.message.as_str(), back.added.as_slice()),
        (3, "rollback to 1", ["a".to_owned()].as_slice())
    );
    let names: Vec<String> = store.snapshot().documents.keys().cloned().collect();
    assert_eq!(names, ["a", "user/x", "user/y"]);
    assert_eq!(store.rollback(99, None, |_| false, "ann").await.unwrap_err().kind, ErrorKind::NotFound);
}

async fn ten_thousand_documents_are_one_commit(store: Store, other: Store) {
    let puts = (0..10_000)
        .map(|number| (format!("doc/{number}"), Bytes::from(format!("{{\"n\":{number}}}"))))
        .collect();
    let made = commit(&store, Change { puts, ..Change::default() }).await;
    assert_eq!((made.revision, made.added.len()), (1, 10_000));
    let before = store.shared.kv.list(object::PAGES.to_owned(), true).await.unwrap().len();
    commit(&store, put("doc/77", "new")).await;
    let after = store.shared.kv.list(object::PAGES.to_owned(), true).await.unwrap().len();
    assert_eq!(after - before, 2, "a page and a root");
    assert_eq!(reached(&other, 2).await.documents["doc/77"], "new");
    assert_eq!(other.history(None, 5).await.unwrap()[1], made);
}

async fn a_change_that_is_too_large_is_refused(store: Store, _: Store) {
    let cases = [
        put("big", vec![b'x'; 256 * 1024 + 1]),
        put(&"n".repeat(513), "1"),
        Change { message: "m".repeat(5000), ..put("a", "1") },
        Change {
            puts: (0..100_001).map(|number| (number.to_string(), Bytes::new())).collect(),
            ..Change::default()
        },
    ];
    for change in cases {
        assert_eq!(store.commit(change).await.unwrap_err().kind, ErrorKind::TooLarge);
    }
    assert_eq!(store.commit(put("", "1")).await.unwrap_err().kind, ErrorKind::Invalid);
    assert_eq!(store.snapshot().revision, 0);
    assert_eq!(commit(&store, put(&"n".repeat(512), vec![b'x'; 256 * 1024])).await.revision, 1);
}

async fn a_blob_comes_back_whole(store: Store, other: Store) {
    for size in [0, 1, object::CHUNK - 1, object::CHUNK, object::CHUNK + 1, 3_000_000] {
        let bytes: Vec<u8> = (0..size).map(|place| (place % 251) as u8).collect();
        let digest = store.put_blob(&bytes).await.unwrap();
        assert!(other.has_blob(&digest).await.unwrap());
        assert!(other.get_blob(&digest).await.unwrap() == bytes, "{size}");
    }
    let missing = object::digest(b"missing");
    assert_eq!(store.get_blob(&missing).await.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(store.get_blob("../head").await.unwrap_err().kind, ErrorKind::Invalid);
    let kept = object::digest(&[]);
    assert_eq!(store.sweep_blobs(&[kept.clone()].into()).await.unwrap(), 5);
    assert!(store.has_blob(&kept).await.unwrap());
    write_raw(&store, &format!("{}{kept}", object::BLOBS), b"\0tampered").await;
    assert_eq!(store.get_blob(&kept).await.unwrap_err().kind, ErrorKind::Damaged);
}

async fn write_raw(store: &Store, key: &str, bytes: &'static [u8]) {
    let puts = vec![crate::kv::Put::new(key, bytes)];
    store.shared.kv.txn(crate::kv::Txn { puts, ..Default::default() }).await.unwrap();
}

async fn old_revisions_go_and_the_newest_stays_whole(store: Store, _: Store) {
    for number in 0..12 {
        commit(&store, put("a", number.to_string())).await;
    }
    assert!(store.sweep(3).await.unwrap() > 0);
    let kept: Vec<u64> = store.history(None, 100).await.unwrap().iter().map(|one| one.revision).collect();
    assert_eq!(kept, [12, 11, 10]);
    assert_eq!(store.at(10).await.unwrap()["a"], "9");
    assert_eq!(store.at(9).await.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(store.sweep(3).await.unwrap(), 0);
    // A page that was swept is written again where it is needed again.
    assert_eq!(commit(&store, put("a", "0")).await.revision, 13);
    assert_eq!(store.at(13).await.unwrap()["a"], "0");
}

async fn members_come_and_go(store: Store, other: Store) {
    let member = |node: &str| Member {
        node: node.to_owned(),
        listen: "127.0.0.1:1".to_owned(),
        admin: "127.0.0.1:2".to_owned(),
        version: "1".to_owned(),
    };
    let (one, two) = (store.join(member("one")), other.join(member("two")));
    commit(&store, put("a", "1")).await;
    let (store, asked) = (&store, &other);
    until("two members at revision 1", || async move {
        let members = asked.members().await.unwrap();
        members.len() == 2 && members.iter().all(|member| member.revision == 1)
    })
    .await;
    one.leave().await;
    assert_eq!(store.members().await.unwrap()[0].node, "two");
    drop(two);
    until("no members", || async move { store.members().await.unwrap().is_empty() }).await;
}

async fn one_leads_until_it_goes(store: Store, other: Store) {
    let mut one = store.elect("sweep", "one");
    assert!(one.changed().await && one.is_leader());
    let mut two = other.elect("sweep", "two");
    assert!(!two.is_leader());
    drop(one);
    assert!(tokio::time::timeout(HANG, two.changed()).await.unwrap() && two.is_leader());
}

const LONG: Duration = Duration::from_secs(60);
const NOW: Duration = Duration::ZERO;

async fn a_lock_has_one_holder_at_a_time_and_the_next_gets_it_when_it_is_given_back(
    store: Store,
    other: Store,
) {
    let held = store.lock("a", LONG, NOW).await.unwrap().unwrap();
    assert!(other.lock("a", LONG, NOW).await.unwrap().is_none());
    assert!(store.lock("a", LONG, Duration::from_millis(50)).await.unwrap().is_none());
    let another = other.lock("ab", LONG, NOW).await.unwrap().unwrap();
    let busy = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let mut waiting = JoinSet::new();
    for store in [store, other].into_iter().cycle().take(20) {
        let busy = Arc::clone(&busy);
        waiting.spawn(async move {
            let lock = store.lock("a", LONG, LONG).await.unwrap().unwrap();
            assert_eq!(busy.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0, "two hold it");
            tokio::task::yield_now().await;
            busy.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            assert!(lock.release().await);
        });
    }
    assert!(held.release().await && another.release().await);
    tokio::time::timeout(HANG, waiting.join_all()).await.expect("somebody never gets it");
}

async fn a_lock_that_is_not_given_back_ends_by_itself_and_its_holder_is_told(store: Store, other: Store) {
    let held = store.lock("a", Duration::from_millis(200), NOW).await.unwrap().unwrap();
    let next = other.lock("a", LONG, HANG).await.unwrap().unwrap();
    assert!(!held.is_held() && !held.release().await);
    assert!(store.lock("a", LONG, NOW).await.unwrap().is_none(), "giving it back late takes it from nobody");
    // Dropped, it is given back as well.
    drop(next);
    store.lock("a", LONG, HANG).await.unwrap().unwrap();
}

async fn a_lock_that_nobody_waits_for_any_more_is_held_by_nobody(store: Store, other: Store) {
    let held = store.lock("a", LONG, NOW).await.unwrap().unwrap();
    for millis in 0..20 {
        // Given up at many places between asking and having.
        let asked = other.lock("a", LONG, LONG);
        tokio::time::timeout(Duration::from_millis(millis), asked).await.unwrap_err();
    }
    held.release().await;
    for millis in 0..20 {
        let asked = other.lock("a", LONG, LONG);
        drop(tokio::time::timeout(Duration::from_millis(millis), asked).await);
    }
    assert!(tokio::time::timeout(HANG, store.lock("a", LONG, HANG)).await.unwrap().unwrap().is_some());
}
