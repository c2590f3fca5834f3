//! Archives and folders of components in the services folder.

use crate::support::{Server, folder};
use caisson_service::deploy::State;
use std::fs;
use std::io::Write;

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = rawzip::ZipArchiveWriter::new(Vec::new());
    for (name, text) in files {
        let (mut entry, config) = archive.new_file(*name).start().unwrap();
        let mut writer = config.wrap(&mut entry);
        writer.write_all(text.as_bytes()).unwrap();
        let (_, descriptor) = writer.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap()
}

#[tokio::test]
async fn an_archive_is_a_package_and_is_followed_as_it_changes() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    let toml = "name = \"crm\"\nversion = \"1.0\"\nlanguage = \"python\"\n";
    let good = zip(&[("crm/api.py", "service crm.x\nanswer one"), ("crm/service.toml", toml)]);
    fs::write(server.path("crm.zip"), &good).unwrap();
    server.answers("crm.x", "one v1").await;
    assert_eq!(server.status("crm").unwrap().about.label.as_deref(), Some("1.0"));
    fs::write(server.path("crm.zip"), &good[..good.len() - 5]).unwrap();
    server.until("refused", |s| s.state("crm") == Some(State::Both)).await;
    assert!(
        server.error("crm").contains("crm.zip cannot be used: it is no zip file"),
        "{}",
        server.error("crm")
    );
    fs::write(server.path("crm.zip"), zip(&[("api.py", "service crm.x\nanswer two")])).unwrap();
    server.answers("crm.x", "two v2").await;
    fs::remove_file(server.path("crm.zip")).unwrap();
    server.until("gone", |s| s.status("crm").is_none()).await;
    server.stop().await;
}

#[tokio::test]
async fn what_contradicts_an_archive_is_refused() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    let named = zip(&[("api.py", "service a.x"), ("service.toml", "\nname = \"crm\"")]);
    fs::write(server.path("crm-1.zip"), named).unwrap();
    server.until("refused", |s| s.error("crm-1").contains("crm-1/service.toml:2: name is \"crm\"")).await;
    assert!(server.error("crm-1").contains("rename"), "{}", server.error("crm-1"));
    server.write("a/api.py", "service a.x");
    server.answers("a.x", " v1").await;
    fs::write(server.path("a.zip"), zip(&[("api.py", "service a.y")])).unwrap();
    server.until("both", |s| s.error("a").contains("both claim the package name a")).await;
    fs::write(server.path("b.zip"), zip(&[("api.py", "service b.x")])).unwrap();
    server.answers("b.x", " v1").await;
    server.write("b.toml", "isolation = \"reuse\"");
    server
        .until("settings", |s| s.error("b").contains("b.toml:1: the settings of this package are read from"))
        .await;
    fs::write(server.path("c.zip"), zip(&[("README.md", "nothing")])).unwrap();
    server.until("no code", |s| s.error("c").contains("c is not a package")).await;
    server.stop().await;
}

#[tokio::test]
async fn a_folder_with_a_component_and_settings_is_a_package() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    server.write("my-orders/x.wasm", "\0asm");
    server.write("last.py", "service last.x");
    server.answers("last.x", " v1").await;
    assert_eq!(server.status("my-orders"), None, "components lie in all kinds of folders");
    server.write("my-orders/service.toml", "language = \"component\"\nversion = \"3\"");
    server.answers("my-orders", " v1").await;
    server.write("my-orders/service.toml", "language = \"python\"");
    server.until("refused", |s| s.error("my-orders").contains("service.toml:1: language is")).await;
    server.stop().await;
}
