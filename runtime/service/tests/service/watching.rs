//! The services folder as it changes: new, broken, moved, removed, many at once.

use crate::support::{Server, folder};
use caisson_service::deploy::State;
use caisson_telemetry::Level;
use std::fs;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn a_folder_is_one_package_and_its_settings_count() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("crm/api.py", "service crm.api.x\nanswer one");
    server.write("crm/deep/er/db.py", "service crm.db.x");
    server.answers("crm.api.x", "one v1").await;
    server.until("both modules", |s| s.status("crm").is_some_and(|s| s.services.len() == 2)).await;
    let version = server.status("crm").and_then(|status| status.version).expect("runs");
    server.write("crm/deep/er/db.py", "service crm.db.x\nservice crm.db.y");
    server.answers("crm.db.y", &format!("one v{}", version + 1)).await;
    server.write("crm/service.toml", "isolation = \"reuse\"");
    server.answers("crm.api.x", &format!("one v{}", version + 2)).await;
    server.write("crm/service.toml", "\nisolaton = \"reuse\"");
    server.until("refused", |s| s.state("crm") == Some(State::Both)).await;
    let error = server.status("crm").and_then(|status| status.error).expect("an error");
    assert!(error.message.contains("did you mean isolation"), "{}", error.message);
    assert_eq!(error.line, Some(2));
    server.stop().await;
}

#[tokio::test]
async fn settings_beside_a_file_count_and_beside_a_folder_are_refused() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("a.py", "service a.x\nanswer one");
    server.answers("a.x", "one v1").await;
    server.write("a.toml", "[limits]\nconcurrency = 3");
    server.answers("a.x", "one v2").await;
    fs::remove_file(server.path("a.toml")).expect("remove");
    server.answers("a.x", "one v3").await;
    server.write("crm/api.py", "service crm.x");
    server.until("runs", |s| s.state("crm") == Some(State::Running)).await;
    server.write("crm.toml", "[limits]\nconcurrency = 3");
    server.until("refused", |s| s.error("crm").contains("crm/service.toml")).await;
    server.stop().await;
}

#[tokio::test]
async fn a_broken_file_keeps_its_version_until_it_is_mended() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("a.py", "service a.x\nanswer one");
    server.answers("a.x", "one v1").await;
    server.write("a.py", "error 3 SyntaxError: invalid syntax");
    server.until("refused", |s| s.state("a") == Some(State::Both)).await;
    assert!(server.error("a").contains("a.py:3: SyntaxError"), "{}", server.error("a"));
    assert_eq!(server.answer("a.x").await.as_deref(), Some("one v1"));
    let loads = server.loader.loads.load(Ordering::SeqCst);
    server.write("b.py", "service b.x");
    server.until("b runs", |s| s.state("b") == Some(State::Running)).await;
    // Touching it is no reason to try the same content again.
    server.write("a.py", "error 3 SyntaxError: invalid syntax");
    server.write("c.py", "service c.x");
    server.until("c runs", |s| s.state("c") == Some(State::Running)).await;
    assert_eq!(server.loader.loads.load(Ordering::SeqCst), loads + 2);
    assert_eq!(server.records(Level::Error).len(), 1, "one record for one mistake");
    server.write("a.py", "service a.x\nanswer two");
    server.answers("a.x", "two v2").await;
    assert_eq!(server.state("a"), Some(State::Running));
    server.stop().await;
}

#[tokio::test]
async fn a_file_saved_while_its_last_content_loads_is_deployed_next() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("a.py", "slow\nservice a.x\nanswer one");
    server.until("it loads", |s| s.loader.loads.load(Ordering::SeqCst) == 1).await;
    server.write("a.py", "service a.x\nanswer two");
    // Another package that was saved later answers, so the events of the first have arrived by now.
    server.write("b.py", "service b.x\nanswer b");
    server.answers("b.x", "b v1").await;
    server.loader.gate.add_permits(1);
    server.answers("a.x", "two v2").await;
    server.stop().await;
}

#[tokio::test]
async fn what_changed_between_restore_and_watch_is_not_overlooked() {
    let dir = folder();
    let server = Server::open(dir.path());
    server.write("a.py", "service a.x\nanswer one");
    server.write("gone.py", "service gone.x");
    server.deployer.restore(Some(&server.folder())).await;
    server.write("a.py", "service a.x\nanswer two");
    server.write("b.py", "service b.x\nanswer b");
    fs::remove_file(server.path("gone.py")).expect("remove");
    let watch = caisson_service::Watch::start(&server.deployer, &server.folder()).expect("watch");
    server.answers("a.x", "two v2").await;
    server.answers("b.x", "b v1").await;
    server.until("gone", |s| s.status("gone").is_none()).await;
    watch.stop().await;
}

#[tokio::test]
async fn a_file_that_stays_empty_becomes_broken_and_its_version_goes_on() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("a.py", "service a.x\nanswer one");
    server.answers("a.x", "one v1").await;
    server.write("a.py", "");
    server.until("refused", |s| s.error("a").contains("is empty")).await;
    assert_eq!(server.state("a"), Some(State::Both));
    assert_eq!(server.answer("a.x").await.as_deref(), Some("one v1"));
    server.stop().await;
}

#[tokio::test]
async fn names_that_cannot_be_imported_are_reported() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("my-service.py", "service x.y");
    server.write("class.py", "service x.z");
    server.until("refused", |s| s.error("my-service").contains("my_service")).await;
    server.until("refused", |s| s.error("class").contains("keyword")).await;
    fs::rename(server.path("my-service.py"), server.path("my_service.py")).expect("rename");
    server.answers("x.y", " v1").await;
    server.until("forgotten", |s| s.status("my-service").is_none()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_deleted_file_is_undeployed() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("a.py", "service a.x\nanswer one");
    server.write("crm/api.py", "service crm.x");
    server.answers("a.x", "one v1").await;
    server.until("crm runs", |s| s.state("crm") == Some(State::Running)).await;
    fs::remove_file(server.path("a.py")).expect("remove");
    fs::remove_dir_all(server.path("crm")).expect("remove");
    server.until("both gone", |s| s.deployer.list().is_empty()).await;
    assert_eq!(server.answer("a.x").await, None);
    server.write("a.py", "service a.x\nanswer two");
    server.answers("a.x", "two v2").await;
    server.stop().await;
}

#[tokio::test]
async fn a_renamed_file_takes_its_services_along_without_a_pause() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("old.py", "service shop.order\nanswer one");
    server.answers("shop.order", "one v1").await;
    fs::rename(server.path("old.py"), server.path("new.py")).expect("rename");
    loop {
        assert_eq!(server.answer("shop.order").await.as_deref(), Some("one v1"), "never away");
        if server.status("old").is_none() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    assert_eq!(server.state("new"), Some(State::Running));
    assert_eq!(server.records(Level::Error).len(), 0, "{:?}", server.records(Level::Error));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_two_hundred_files() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    for number in 0..200 {
        server.write(&format!("p{number}.py"), &format!("service p{number}.x\nanswer {number}"));
    }
    for number in 0..200 {
        server.answers(&format!("p{number}.x"), &format!("{number} v1")).await;
    }
    assert_eq!(server.deployer.registry().names().len(), 200);
    assert!(server.metrics.encode().contains("caisson_services 200"));
    for number in 0..200 {
        fs::remove_file(server.path(&format!("p{number}.py"))).expect("remove");
    }
    server.until("all gone", |s| s.deployer.list().is_empty()).await;
    server.stop().await;
}

#[tokio::test]
async fn two_claims_on_a_package_name_are_both_named_and_resolve() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("hello.py", "service hello.x\nanswer file");
    server.answers("hello.x", "file v1").await;
    server.write("hello/api.py", "service hello.x\nanswer folder");
    server.until("refused", |s| s.state("hello") == Some(State::Both)).await;
    let error = server.error("hello");
    assert!(error.contains("hello.py") && error.contains("hello/ both claim"), "{error}");
    assert_eq!(server.answer("hello.x").await.as_deref(), Some("file v1"));
    fs::remove_file(server.path("hello.py")).expect("remove");
    server.answers("hello.x", "folder v2").await;
    server.write("hello.wasm", "\0asm");
    server.until("refused", |s| s.error("hello").contains("hello.wasm")).await;
    server.stop().await;
}

#[tokio::test]
async fn two_claims_on_a_service_name_resolve_when_one_goes() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("a.py", "service shop.order\nanswer a");
    server.answers("shop.order", "a v1").await;
    server.write("b.py", "service shop.order\nanswer b");
    server.until("refused", |s| s.state("b") == Some(State::Broken)).await;
    let error = server.error("b");
    assert!(error.contains("shop.order") && error.contains("a.py") && error.contains("b.py"), "{error}");
    fs::remove_file(server.path("a.py")).expect("remove");
    server.answers("shop.order", "b v1").await;
    assert_eq!(server.state("b"), Some(State::Running));
    server.stop().await;
}

#[tokio::test]
async fn a_file_waits_for_an_upload_of_its_name() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.upload("a.py", "service a.x\nanswer upload").await.expect("deployed");
    server.write("a.py", "service a.x\nanswer file");
    server.until("refused", |s| s.error("a").contains("an upload")).await;
    fs::remove_file(server.path("a.py")).expect("remove");
    server.until("the upload alone", |s| s.state("a") == Some(State::Running)).await;
    assert_eq!(server.answer("a.x").await.as_deref(), Some("upload v1"));
    server.write("a.py", "service a.x\nanswer file");
    server.until("refused", |s| s.error("a").contains("an upload")).await;
    server.deployer.undeploy("a").await.expect("undeployed");
    server.answers("a.x", "file v2").await;
    server.stop().await;
}

#[tokio::test]
async fn the_folder_itself_may_be_missing_removed_and_made_again() {
    let dir = folder();
    let server = Server::open(dir.path());
    let folder = server.folder();
    server.deployer.restore(Some(&folder)).await;
    let watch = caisson_service::Watch::start(&server.deployer, &folder).expect("watch");
    assert!(folder.path().is_dir());
    assert!(server.records(Level::Info).iter().any(|record| record.message.contains("services made")));
    server.write("a.py", "service a.x\nanswer one");
    server.answers("a.x", "one v1").await;
    fs::remove_dir_all(folder.path()).expect("remove");
    server.until("undeployed", |s| s.deployer.list().is_empty()).await;
    server.write("a.py", "service a.x\nanswer two");
    server.answers("a.x", "two v2").await;
    // Replaced at once, as a release that is moved into place.
    fs::create_dir(dir.path().join("next")).expect("folder");
    fs::write(dir.path().join("next/a.py"), "service a.x\nanswer three").expect("write");
    fs::rename(folder.path(), dir.path().join("before")).expect("rename");
    fs::rename(dir.path().join("next"), folder.path()).expect("rename");
    server.answers("a.x", "three v3").await;
    server.write("a.py", "service a.x\nanswer four");
    server.answers("a.x", "four v4").await;
    watch.stop().await;
}
