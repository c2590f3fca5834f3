//! Links, pipes and sizes: nothing is followed out of the services folder, for ever, or without end.

use crate::support::{Server, folder};
use caisson_service::deploy::State;
use std::fs;
use std::os::unix::fs::symlink;

#[tokio::test]
async fn a_link_out_of_the_folder_is_reported_and_not_followed() {
    let dir = folder();
    fs::write(dir.path().join("secret.py"), "service secret.x").expect("write");
    fs::create_dir_all(dir.path().join("out/deep")).expect("folder");
    fs::write(dir.path().join("out/deep/x.py"), "service out.x").expect("write");
    let server = Server::start(dir.path()).await;
    symlink(dir.path().join("secret.py"), server.path("secret.py")).expect("link");
    symlink(dir.path().join("out"), server.path("out")).expect("link");
    server.write("crm/api.py", "service crm.x");
    symlink(dir.path().join("secret.py"), server.path("crm/more.py")).expect("link");
    for package in ["secret", "out", "crm"] {
        server.until("refused", |s| s.error(package).contains("outside of the services folder")).await;
    }
    assert!(server.error("crm").contains("crm/more.py"), "{}", server.error("crm"));
    assert_eq!((server.answer("secret.x").await, server.answer("out.x").await), (None, None));
    server.stop().await;
}

#[tokio::test]
async fn loops_are_reported() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("crm/api.py", "service crm.x");
    symlink("..", server.path("crm/up")).expect("link");
    server.write("shop/sub/api.py", "service shop.x");
    symlink(server.path("shop"), server.path("shop/sub/again")).expect("link");
    symlink("self.py", server.path("self.py")).expect("link");
    for package in ["crm", "shop", "self"] {
        server.until("refused", |s| s.error(package).contains("links back to itself")).await;
    }
    fs::remove_file(server.path("crm/up")).expect("remove");
    server.until("crm runs", |s| s.state("crm") == Some(State::Running)).await;
    server.stop().await;
}

#[tokio::test]
async fn a_link_that_leads_nowhere_is_reported() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    symlink("missing.py", server.path("a.py")).expect("link");
    server.until("refused", |s| s.error("a").contains("a.py")).await;
    server.stop().await;
}

/// How Kubernetes mounts a `ConfigMap`: files are links through a hidden link that is replaced at once.
#[tokio::test]
async fn links_inside_are_followed_also_when_what_they_lead_to_is_swapped() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("..1/a.py", "service a.x\nanswer one");
    server.write("..2/a.py", "service a.x\nanswer two");
    symlink("..1", server.path("..data")).expect("link");
    symlink("..data/a.py", server.path("a.py")).expect("link");
    server.answers("a.x", "one v1").await;
    symlink("..2", server.path("..new")).expect("link");
    fs::rename(server.path("..new"), server.path("..data")).expect("swap");
    server.answers("a.x", "two v2").await;
    assert_eq!(server.deployer.list().len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_socket_is_not_a_file() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    let socket = std::os::unix::net::UnixListener::bind(server.path("a.py")).expect("bind");
    server.until("refused", |s| s.error("a").contains("not a regular file")).await;
    drop(socket);
    server.stop().await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_without_touching_what_runs() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("a.py", "service a.x\nanswer one");
    server.answers("a.x", "one v1").await;
    server.write("a.py", &"#".repeat((4 << 20) + 1));
    server.until("refused", |s| s.state("a") == Some(State::Both)).await;
    let error = server.error("a");
    assert!(error.contains("a.py has 4194305 bytes") && error.contains("4194304"), "{error}");
    assert_eq!(server.answer("a.x").await.as_deref(), Some("one v1"));
    server.stop().await;
}

#[tokio::test]
async fn a_package_of_too_many_files_is_refused_and_a_folder_without_python_is_none() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    for number in 0..2_001 {
        server.write(&format!("data/{number}.csv"), "");
        server.write(&format!("many/m{number}.py"), "");
    }
    server.until("refused", |s| s.error("many").contains("more than 2000 files")).await;
    assert!(server.status("data").is_none());
    server.stop().await;
}
