//! Going back to versions that ran before, and what packages say about themselves.

use crate::support::{Server, folder};
use caisson_capability::ErrorKind;
use caisson_service::{Need, Origin, PackageSource};

#[tokio::test]
async fn the_version_before_is_found_and_any_other_that_is_kept() {
    let dir = folder();
    let server = Server::open(dir.path());
    for text in ["one", "two", "three"] {
        server.upload("a.py", &format!("service a.x\nanswer {text}")).await.expect("deployed");
    }
    for (to, version, text) in [(None, 2, "two"), (Some(1), 1, "one"), (Some(3), 3, "three")] {
        let (found, source) = server.deployer.earlier("a", to).await.expect("kept");
        assert_eq!(found, version);
        let content = String::from_utf8_lossy(&source.files()[0].content).into_owned();
        assert_eq!(content, format!("service a.x\nanswer {text}"));
    }
    let (_, source) = server.deployer.earlier("a", Some(1)).await.expect("kept");
    let done = server.deployer.deploy(source, Origin::Upload, "t").await.expect("deployed");
    assert_eq!((done.version, done.unchanged), (4, false), "to go back is a deployment of its own");
    assert_eq!(server.answer("a.x").await.as_deref(), Some("one v4"));
    assert_eq!(server.deployer.earlier("a", None).await.expect("kept").0, 3);
}

#[tokio::test]
async fn a_broken_upload_does_not_count_as_a_version() {
    let dir = folder();
    let server = Server::open(dir.path());
    server.upload("a.py", "service a.x\nanswer one").await.expect("deployed");
    server.upload("a.py", "service a.x\nanswer two").await.expect("deployed");
    server.upload("a.py", "error 1 SyntaxError: no").await.expect_err("refused");
    assert_eq!(server.deployer.earlier("a", None).await.expect("kept").0, 1);
}

#[tokio::test]
async fn where_there_is_no_way_back_the_reason_is_told() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.upload("a.py", "service a.x").await.expect("deployed");
    server.write("b.py", "service b.x\nanswer one");
    server.answers("b.x", "one v1").await;
    for (package, to, kind, part) in [
        ("a", None, ErrorKind::Conflict, "no earlier version"),
        ("a", Some(7), ErrorKind::NotFound, "version 7 of package a is not kept; there are: 1"),
        ("b", None, ErrorKind::Conflict, "b.py, and what is there is what runs"),
        ("c", None, ErrorKind::NotFound, "no package named c"),
    ] {
        let error = server.deployer.earlier(package, to).await.expect_err(package);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_package_is_known_by_its_services() {
    let dir = folder();
    let server = Server::open(dir.path());
    server.upload("a.py", "service a.x\nservice other").await.expect("deployed");
    for name in ["a", "a.x", "other"] {
        assert_eq!(server.deployer.package_of(name).as_deref(), Ok("a"));
    }
    let error = server.deployer.package_of("a.y").expect_err("unknown").to_string();
    assert!(error.contains("neither a package nor a service is named a.y"), "{error}");
}

#[tokio::test]
async fn what_a_package_needs_is_known_wherever_it_is_deployed() {
    let dir = folder();
    let server = Server::open(dir.path());
    let text = "version = \"2.0\"\n[[needs]]\nconnection = \"crm-db\"\noperations = [\"query\"]\n";
    let source = PackageSource::from_file("a.py", "service a.x".into(), Some(text)).expect("valid");
    let done = server.deployer.deploy(source, Origin::Upload, "t").await.expect("deployed");
    let need = Need { connection: "crm-db".to_owned(), operations: vec!["query".to_owned()], reason: None };
    assert_eq!(done.about.needs, [need]);
    let deployed = server.deployer.registry().get("a.x").expect("runs");
    assert_eq!(*deployed.about, done.about);
    assert_eq!(server.status("a").expect("known").about, done.about);
    assert_eq!(server.deployer.history("a")[0].label.as_deref(), Some("2.0"));
    let json = serde_json::to_value(server.deployer.list()).expect("json");
    assert_eq!((&json[0]["label"], &json[0]["needs"][0]["connection"]), (&"2.0".into(), &"crm-db".into()));
    drop(server);
    let server = Server::start(dir.path()).await;
    assert_eq!(server.status("a").expect("restored").about, done.about);
    server.stop().await;
}
