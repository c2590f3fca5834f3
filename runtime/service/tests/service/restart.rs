//! Everything dropped and opened again, with and without damage.

use crate::support::{Server, folder};
use caisson_service::deploy::State;
use caisson_telemetry::Level;
use std::fs;

#[tokio::test]
async fn versions_and_uploads_survive() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.upload("up.py", "service up.x\nanswer one").await.expect("deployed");
    server.upload("up.py", "service up.x\nanswer two").await.expect("deployed");
    for name in ["same", "changed", "gone"] {
        server.write(&format!("{name}.py"), &format!("service {name}.x\nanswer one"));
        server.answers(&format!("{name}.x"), "one v1").await;
    }
    let before = server.status("same");
    server.stop().await;
    fs::write(dir.path().join("services/changed.py"), "service changed.x\nanswer two").expect("write");
    fs::write(dir.path().join("services/new.py"), "service new.x\nanswer one").expect("write");
    fs::remove_file(dir.path().join("services/gone.py")).expect("remove");

    let server = Server::start(dir.path()).await;
    for (service, answer) in
        [("up.x", "two v2"), ("same.x", "one v1"), ("changed.x", "two v2"), ("new.x", "one v1")]
    {
        assert_eq!(server.answer(service).await.as_deref(), Some(answer), "as soon as it is ready");
    }
    assert!(server.status("gone").is_none());
    assert_eq!(server.status("same"), before, "not even the time of deployment has changed");
    assert_eq!(server.deployer.history("up").len(), 2);
    assert_eq!(server.upload("up.py", "service up.x\nanswer three").await, Ok(3));
    server.write("gone.py", "service gone.x\nanswer back");
    server.answers("gone.x", "back v2").await;
    server.stop().await;
}

#[tokio::test]
async fn a_file_broken_meanwhile_leaves_the_last_version_running() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("a.py", "service a.x\nanswer one");
    server.answers("a.x", "one v1").await;
    server.stop().await;
    fs::write(dir.path().join("services/a.py"), "error 2 SyntaxError: no").expect("write");
    let server = Server::start(dir.path()).await;
    assert_eq!(server.answer("a.x").await.as_deref(), Some("one v1"));
    assert_eq!(server.state("a"), Some(State::Both));
    assert!(server.error("a").contains("a.py:2"), "{}", server.error("a"));
    server.write("a.py", "service a.x\nanswer two");
    server.answers("a.x", "two v2").await;
    server.stop().await;
}

#[tokio::test]
async fn a_lost_blob_breaks_one_upload_and_nothing_else() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.upload("lost.py", "service lost.x").await.expect("deployed");
    server.upload("kept.py", "service kept.x\nanswer one").await.expect("deployed");
    server.stop().await;
    fs::write(dir.path().join("data/artifacts/.tmp-9-9"), "half a blob").expect("write");
    fs::write(dir.path().join("data/packages/.tmp-9-9"), "{").expect("write");
    let blob = blake3::hash(b"service lost.x").to_hex();
    fs::remove_file(dir.path().join("data/artifacts").join(blob.as_str())).expect("remove");

    let server = Server::start(dir.path()).await;
    assert_eq!(server.answer("kept.x").await.as_deref(), Some("one v1"));
    assert_eq!(server.state("lost"), Some(State::Broken));
    assert!(server.error("lost").contains("deploy the package again"), "{}", server.error("lost"));
    assert!(!dir.path().join("data/artifacts/.tmp-9-9").exists());
    assert_eq!(server.upload("lost.py", "service lost.x").await, Ok(1));
    server.stop().await;
}

#[tokio::test]
async fn a_corrupt_document_is_logged_and_the_rest_starts() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.upload("bad.py", "service bad.x").await.expect("deployed");
    server.upload("good.py", "service good.x\nanswer one").await.expect("deployed");
    server.stop().await;
    fs::write(dir.path().join("data/packages/bad.json"), "{\"format\":1,").expect("write");
    let server = Server::start(dir.path()).await;
    assert_eq!(server.answer("good.x").await.as_deref(), Some("one v1"));
    assert!(server.status("bad").is_none());
    let records = server.records(Level::Error);
    assert!(records.iter().any(|record| record.message.contains("bad.json.corrupt")), "{records:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_newcomer_does_not_take_a_name_from_what_ran_before() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("z.py", "service shop.order\nanswer z");
    server.answers("shop.order", "z v1").await;
    server.stop().await;
    fs::write(dir.path().join("services/a.py"), "service shop.order\nanswer a").expect("write");
    let server = Server::start(dir.path()).await;
    assert_eq!(server.answer("shop.order").await.as_deref(), Some("z v1"));
    assert_eq!(server.state("a"), Some(State::Broken));
    server.stop().await;
}

#[tokio::test]
async fn without_its_folder_nothing_from_it_runs_and_numbers_go_on() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("a.py", "service a.x\nanswer one");
    server.answers("a.x", "one v1").await;
    server.stop().await;
    let server = Server::open(dir.path());
    server.deployer.restore(None).await;
    assert!(server.deployer.ready());
    assert!(server.deployer.list().is_empty());
    drop(server);
    fs::write(dir.path().join("services/a.py"), "service a.x\nanswer two").expect("write");
    let server = Server::start(dir.path()).await;
    assert_eq!(server.answer("a.x").await.as_deref(), Some("two v2"));
    server.stop().await;
}
