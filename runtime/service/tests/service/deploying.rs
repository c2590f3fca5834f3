//! Deployments by call: versions, order, refusals, requests under way.

use crate::support::{Server, folder, invocation, source};
use caisson_capability::{ErrorKind, Invoker};
use caisson_engine::SourceFile;
use caisson_service::deploy::State;
use caisson_service::{DeployError, Origin, PackageSource};
use caisson_telemetry::Level;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[tokio::test]
async fn versions_count_from_one_and_the_same_content_is_no_new_one() {
    let dir = folder();
    let server = Server::open(dir.path());
    assert_eq!(server.upload("a.py", "service a.x\nanswer one").await, Ok(1));
    assert_eq!(server.upload("a.py", "service a.x\nanswer two").await, Ok(2));
    let again = source("a.py", "service a.x\nanswer two");
    let done = server.deployer.deploy(again, Origin::Upload, "t").await.expect("deployed");
    assert!(done.unchanged);
    assert_eq!((done.version, done.services[0].name.as_str()), (2, "a.x"));
    assert_eq!(server.loader.loads.load(Ordering::SeqCst), 2, "what runs already is not loaded again");
    let reuse =
        PackageSource::from_file("a.py", "service a.x\nanswer two".into(), Some("isolation = \"reuse\""));
    let done = server.deployer.deploy(reuse.expect("valid"), Origin::Upload, "t").await.expect("deployed");
    assert_eq!((done.version, done.unchanged), (3, false), "other settings are another version");
    let numbers: Vec<u32> = server.deployer.history("a").iter().map(|version| version.version).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[tokio::test]
async fn a_status_has_stable_field_names() {
    let dir = folder();
    let server = Server::open(dir.path());
    server.upload("a.py", "service a.x").await.expect("deployed");
    server.upload("a.py", "error 3 SyntaxError: no").await.expect_err("refused");
    let json = serde_json::to_value(server.deployer.list()).expect("json");
    let one = &json[0];
    assert_eq!((&one["package"], &one["state"]), (&"a".into(), &"both".into()));
    assert_eq!((&one["language"], &one["version"]), (&"python".into(), &1.into()));
    assert_eq!((&one["origin"]["kind"], &one["deployed_by"]), (&"upload".into(), &"tester".into()));
    assert_eq!(one["image_bytes"], 4_096);
    let service = &one["services"][0];
    assert_eq!(
        (&service["name"], &service["class"], &service["line"]),
        (&"a.x".into(), &"C".into(), &1.into())
    );
    let error = &one["error"];
    assert_eq!((&error["file"], &error["line"]), (&"a.py".into(), &3.into()));
    assert_eq!(error["message"], "a.py:3: SyntaxError: no");
    assert_eq!(error["traceback"], "Traceback of a.py");
    assert!(error["since"].as_str().is_some_and(|since| since.ends_with('Z')));
}

#[tokio::test]
async fn a_refusal_keeps_what_runs_and_is_logged_and_counted_once() {
    let dir = folder();
    let server = Server::open(dir.path());
    server.upload("a.py", "service a.x\nanswer one").await.expect("deployed");
    let error = server.upload("a.py", "error 7 NameError: nope").await.expect_err("refused");
    assert_eq!((error.file(), error.line()), (Some("a.py"), Some(7)));
    assert_eq!(server.answer("a.x").await.as_deref(), Some("one v1"));
    assert_eq!(server.state("a"), Some(State::Both));
    let records = server.records(Level::Error);
    assert_eq!(records.len(), 1);
    let message = &records[0].message;
    assert!(
        message.contains("a.py:7: NameError: nope") && message.contains("version 1 goes on"),
        "{message}"
    );
    assert!(message.contains("Traceback of a.py"), "{message}");
    assert!(server.metrics.encode().contains("caisson_deploys_total{result=\"refused\"} 1"));
    server.upload("a.py", "service a.x\nanswer one").await.expect("good again");
    assert_eq!(server.state("a"), Some(State::Running));
}

#[tokio::test]
async fn a_package_without_a_service_says_so_and_an_empty_one_says_that() {
    let dir = folder();
    let server = Server::open(dir.path());
    let error = server.upload("a.py", "x = 1").await.expect_err("no service").to_string();
    assert!(error.contains("no class that subclasses Service found"), "{error}");
    let error = server.upload("b.py", " \n").await.expect_err("empty").to_string();
    assert!(error.contains("b is empty"), "{error}");
    assert_eq!((server.state("a"), server.state("b")), (Some(State::Broken), Some(State::Broken)));
}

#[tokio::test]
async fn a_service_name_belongs_to_one_package() {
    let dir = folder();
    let server = Server::open(dir.path());
    server.upload("a.py", "service shop.order").await.expect("deployed");
    let error = server.upload("b.py", "service b.other\nservice shop.order").await.expect_err("taken");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let text = error.to_string();
    assert!(text.contains("shop.order") && text.contains("package a"), "{text}");
    assert_eq!(server.answer("b.other").await, None, "all services of a package or none");
    let error = server.upload("c.py", "service c.x\n\nservice c.x").await.expect_err("twice").to_string();
    assert!(error.contains("c.py:1") && error.contains("c.py:3"), "{error}");
    server.deployer.undeploy("a").await.expect("undeployed");
    server.upload("b.py", "service b.other\nservice shop.order").await.expect("free now");
    assert_eq!(server.answer("shop.order").await.as_deref(), Some(" v1"));
}

#[tokio::test]
async fn a_name_that_a_new_version_no_longer_has_is_free() {
    let dir = folder();
    let server = Server::open(dir.path());
    server.upload("a.py", "service a.x\nservice a.y").await.expect("deployed");
    server.upload("a.py", "service a.x").await.expect("deployed");
    assert_eq!(server.answer("a.y").await, None);
    assert!(!server.metrics.encode().contains("a.y"), "its series are gone");
    server.upload("b.py", "service a.y").await.expect("free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_deployments_at_once_the_last_wins_and_versions_are_consecutive() {
    let dir = folder();
    let server = Server::open(dir.path());
    let deployments = (1..=20).map(|number| {
        let source = source("a.py", &format!("service a.x\nanswer {number}"));
        server.deployer.deploy(source, Origin::Upload, "t")
    });
    let versions: Vec<u32> = futures_util::future::join_all(deployments)
        .await
        .into_iter()
        .map(|done| done.expect("deployed").version)
        .collect();
    assert_eq!(versions, (1..=20).collect::<Vec<_>>(), "in the order of the calls");
    assert_eq!(server.answer("a.x").await.as_deref(), Some("20 v20"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_packages_load_at_once_than_there_are_cores() {
    let dir = folder();
    let server = Server::open(dir.path());
    let deployments = (0..40).map(|number| {
        let source = source(&format!("p{number}.py"), &format!("slow\nservice p{number}.x"));
        server.deployer.deploy(source, Origin::Upload, "t")
    });
    let all = futures_util::future::join_all(deployments);
    let open = async {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        server.until("all cores load", |s| s.loader.most_at_once.load(Ordering::SeqCst) == cores).await;
        server.loader.gate.add_permits(40);
        cores
    };
    let (done, cores) = tokio::join!(all, open);
    assert!(done.iter().all(Result::is_ok));
    assert_eq!(server.loader.most_at_once.load(Ordering::SeqCst), cores);
}

#[tokio::test]
async fn a_request_under_way_finishes_on_its_version() {
    let dir = folder();
    let server = Server::open(dir.path());
    server.upload("a.py", "service a.x\nanswer old\nwait").await.expect("deployed");
    let registry = server.deployer.registry();
    let under_way = tokio::spawn(async move { registry.invoke(invocation("a.x")).await });
    tokio::task::yield_now().await;
    server.upload("a.py", "service a.x\nanswer new").await.expect("deployed");
    assert_eq!(server.answer("a.x").await.as_deref(), Some("new v2"));
    server.deployer.undeploy("a").await.expect("undeployed");
    assert!(!under_way.is_finished());
    server.loader.gate.add_permits(1);
    let response = under_way.await.expect("no panic").expect("answered");
    assert_eq!(&response.body.whole().unwrap()[..], b"old v1");
}

#[tokio::test]
async fn a_dropped_request_counts_as_cancelled() {
    let dir = folder();
    let server = Server::open(dir.path());
    server.upload("a.py", "service a.x\nwait").await.expect("deployed");
    let registry = server.deployer.registry();
    drop(registry.invoke(invocation("a.x")));
    let cut = tokio::time::timeout(Duration::from_millis(1), registry.invoke(invocation("a.x"))).await;
    assert!(cut.is_err());
    let text = server.metrics.encode();
    assert!(text.contains("caisson_invocations_total{service=\"a.x\",outcome=\"cancelled\"} 2"), "{text}");
}

#[tokio::test]
async fn an_unknown_service_is_not_found_and_names_nothing_to_the_caller() {
    let dir = folder();
    let server = Server::open(dir.path());
    server.upload("a.py", "service hello.hello-world").await.expect("deployed");
    let error = server.deployer.registry().invoke(invocation("hello.hello-word")).await.expect_err("unknown");
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(error.message, "no service named hello.hello-word");
    assert!(error.detail.is_some_and(|detail| detail.contains("hello.hello-world")));
    let long = "x".repeat(10_000);
    let error = server.deployer.registry().invoke(invocation(&long)).await.expect_err("unknown");
    assert!(error.message.len() < 200);
}

#[tokio::test]
async fn a_panic_in_the_loader_is_a_refusal() {
    let dir = folder();
    let server = Server::open(dir.path());
    server.upload("a.py", "service a.x\nanswer one").await.expect("deployed");
    let error = server.upload("a.py", "panic").await.expect_err("panicked");
    assert!(matches!(error, DeployError::Host { .. }), "{error}");
    assert_eq!(server.state("a"), Some(State::Both));
    assert_eq!(server.upload("a.py", "service a.x\nanswer two").await, Ok(2), "its turn was given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_goes_away_does_not_stop_a_deployment() {
    let dir = folder();
    let server = Server::open(dir.path());
    let deploying = server.upload("a.py", "slow\nservice a.x\nanswer one");
    let gone = tokio::time::timeout(Duration::from_millis(50), deploying).await;
    assert!(gone.is_err(), "it waits for the gate");
    server.loader.gate.add_permits(1);
    server.answers("a.x", "one v1").await;
}

#[tokio::test]
async fn a_full_disk_refuses_and_gives_the_names_back() {
    let dir = folder();
    let server = Server::open(dir.path());
    server.upload("a.py", "service a.x\nanswer one").await.expect("deployed");
    let packages = dir.path().join("data/packages");
    std::fs::rename(&packages, dir.path().join("away")).expect("rename");
    let error = server.upload("b.py", "service b.x").await.expect_err("no disk");
    assert!(matches!(error, DeployError::Store(_)) && error.to_string().contains("b.json"), "{error}");
    assert_eq!(server.answer("b.x").await, None, "what is not durable does not answer");
    std::fs::rename(dir.path().join("away"), &packages).expect("rename");
    server.upload("c.py", "service b.x").await.expect("the name is free");
    assert_eq!(server.answer("a.x").await.as_deref(), Some("one v1"));
}

#[tokio::test]
async fn undeploying_what_is_not_there_or_lives_in_the_folder_is_refused() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    let error = server.deployer.undeploy("nothing").await.expect_err("unknown");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    server.write("a.py", "service a.x\nanswer one");
    server.answers("a.x", "one v1").await;
    let error = server.deployer.undeploy("a").await.expect_err("from the folder").to_string();
    assert!(error.contains("a.py") && error.contains("remove"), "{error}");
    let error = server.upload("a.py", "service a.x\nanswer two").await.expect_err("taken").to_string();
    assert!(error.contains("a.py"), "{error}");
    assert_eq!(server.state("a"), Some(State::Running), "somebody else's upload does not make it broken");
    server.stop().await;
}

#[test]
fn a_package_is_read_from_any_path() {
    let dir = folder();
    std::fs::create_dir(dir.path().join("crm")).expect("folder");
    std::fs::write(dir.path().join("crm/api.py"), "service crm.x").expect("write");
    std::fs::write(dir.path().join("crm/service.toml"), "isolation = \"reuse\"").expect("write");
    std::fs::write(dir.path().join("notes.txt"), "").expect("write");
    let source = PackageSource::from_path(&dir.path().join("crm")).expect("a package");
    assert_eq!((source.name(), source.files()[0].path.as_str()), ("crm", "crm/api.py"));
    assert_ne!(source.settings(), caisson_engine::Settings::default());
    for (path, part) in [("notes.txt", "no package"), ("missing.py", "cannot read")] {
        let error = PackageSource::from_path(&dir.path().join(path)).expect_err("none").to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn components_and_folders_can_be_uploaded() {
    let dir = folder();
    let server = Server::open(dir.path());
    server.upload("my_part.wasm", "\0asm").await.expect("deployed");
    assert!(server.answer("my-part").await.is_some(), "service names have dashes");
    let file = |path: &str, text: &str| SourceFile { path: path.into(), content: text.to_owned().into() };
    let source =
        PackageSource::from_files("crm", vec![file("api.py", "service crm.api.x"), file("db/sql.py", "")]);
    let done = server.deployer.deploy(source.expect("valid"), Origin::Upload, "t").await.expect("deployed");
    assert_eq!(done.services[0].module, "crm/api.py");
}
