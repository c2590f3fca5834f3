//! etcd that goes, comes back and forgets.

use super::server::Etcd;
use super::*;
use crate::EtcdOptions;

#[tokio::test]
async fn an_outage_is_told_and_heals_by_itself() {
    let mut etcd = Etcd::start().await;
    let (store, other) = (etcd.store().await, etcd.store().await);
    commit(&store, put("a", "1")).await;
    reached(&other, 1).await;
    etcd.stop();
    let error = store.commit(put("b", "1")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("etcdctl endpoint health"), "{error}");
    assert_eq!(store.snapshot().documents["a"], "1");
    until("both notice", || async { !store.health().connected && !other.health().connected }).await;
    assert!(store.health().last_error.is_some());
    etcd.resume().await;
    assert_eq!(commit(&store, put("c", "1")).await.revision, 2);
    assert_eq!(reached(&other, 2).await.documents["c"], "1");
    until("both are well", || async { store.health().connected && other.health().connected }).await;
}

#[tokio::test]
async fn a_node_that_was_away_for_500_revisions_and_a_compaction_is_back_at_once() {
    let etcd = Etcd::start().await;
    let store = etcd.store().await;
    commit(&store, put("a", "0")).await;
    let away = etcd.store().await;
    for number in 1..=500 {
        commit(&store, put("a", number.to_string())).await;
    }
    let mut client = etcd_client::Client::connect([etcd.url()], None).await.unwrap();
    let at = client.get("x", None).await.unwrap().header().unwrap().revision();
    client.compact(at, None).await.unwrap();
    assert_eq!(reached(&away, 501).await.documents["a"], "500");
    let fresh = etcd.store().await;
    assert_eq!(fresh.snapshot(), store.snapshot());
    assert_eq!(commit(&fresh, put("a", "x")).await.revision, 502);
    assert_eq!(reached(&away, 502).await.documents["a"], "x");
    assert_eq!(away.at(2).await.unwrap()["a"], "1");
}

#[tokio::test]
async fn a_server_starts_from_its_own_copy_while_etcd_is_away() {
    let mut etcd = Etcd::start().await;
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("state.cache");
    let options = EtcdOptions { cache: Some(cache.clone()), ..etcd.options() };
    let store = Store::etcd(options.clone()).await.unwrap();
    let made = commit(&store, put("a", "1")).await.revision;
    let cached = || async { cache::load(cache.clone()).await.is_some_and(|kept| kept.revision == made) };
    until("the copy is written", cached).await;
    drop(store);
    etcd.stop();
    let store = Store::etcd(options).await.unwrap();
    assert_eq!(store.snapshot().documents["a"], "1");
    assert!(store.health().from_cache && !store.health().connected);
    assert!(Store::etcd(etcd.options()).await.is_err(), "without a copy there is nothing to start from");
    etcd.resume().await;
    until("it is connected", || async { store.health().connected && !store.health().from_cache }).await;
    std::fs::write(&cache, "{}\n").unwrap();
    assert!(cache::load(cache).await.is_none());
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused() {
    let good = EtcdOptions { endpoints: vec!["http://127.0.0.1:1".to_owned()], ..EtcdOptions::default() };
    let cases = [
        EtcdOptions::default(),
        EtcdOptions { endpoints: vec!["etcd:2379".to_owned()], ..good.clone() },
        EtcdOptions { endpoints: vec!["http://root:s3cret@etcd".to_owned()], ..good.clone() },
        EtcdOptions { user: Some("root".to_owned()), ..good.clone() },
        EtcdOptions { password: Some("s3cret".into()), ..good.clone() },
        EtcdOptions { cert: Some("cert.pem".into()), ..good.clone() },
        EtcdOptions { ca: Some("ca.pem".into()), ..good.clone() },
        EtcdOptions { prefix: "/".to_owned(), ..good.clone() },
        EtcdOptions { endpoints: vec!["https://etcd".to_owned()], ca: Some("/missing.pem".into()), ..good },
    ];
    for options in cases {
        assert!(!format!("{options:?}").contains("Some(\"s3cret"));
        let error = Store::etcd(options).await.unwrap_err();
        assert!(error.kind == ErrorKind::Invalid && !error.message.contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_a_right_one_works() {
    let etcd = Etcd::start().await;
    let client = etcd_client::Client::connect([etcd.url()], None).await.unwrap();
    let mut auth = client.auth_client();
    auth.user_add("root", "right", None).await.unwrap();
    auth.role_add("root").await.unwrap();
    auth.user_grant_role("root", "root").await.unwrap();
    auth.auth_enable().await.unwrap();
    let with = |password: &str| EtcdOptions {
        user: Some("root".to_owned()),
        password: Some(password.into()),
        ..etcd.options()
    };
    let store = Store::etcd(with("right")).await.unwrap();
    assert_eq!(commit(&store, put("a", "1")).await.revision, 1);
    for options in [with("wr0ng"), etcd.options()] {
        let error = Store::etcd(options).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied, "{error}");
        assert!(!error.message.contains("wr0ng"));
    }
}

#[tokio::test]
async fn a_lock_of_a_server_that_has_died_is_free_after_its_time() {
    let etcd = Etcd::start().await;
    let other = etcd.store().await;
    let options = etcd.options();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let lock = runtime.block_on(async {
            let store = Store::etcd(options).await.unwrap();
            store.lock("a", Duration::from_secs(2), Duration::ZERO).await.unwrap().unwrap()
        });
        // Its tasks end here, before any of them can tell etcd.
        drop(runtime);
        drop(lock);
    });
    thread.join().unwrap();
    assert!(other.lock("a", Duration::from_secs(9), Duration::ZERO).await.unwrap().is_none());
    assert!(other.lock("a", Duration::from_secs(9), HANG).await.unwrap().is_some());
}
