//! The ways in which editors and tools replace a file: each ends with the new version, and none with a pause.

use crate::support::{Server, folder};
use caisson_telemetry::Level;
use std::fs;
use std::io::Write;

const OLD: &str = "service a.x\nanswer old";
const NEW: &str = "service a.x\nanswer new";

/// A server on which `a.py` answers.
async fn with_old(dir: &tempfile::TempDir) -> Server {
    let server = Server::start(dir.path()).await;
    server.write("a.py", OLD);
    server.answers("a.x", "old v1").await;
    server
}

/// The new version answers, the old one was never gone, nothing was refused.
async fn replaced(server: Server) {
    server.answers("a.x", "new v2").await;
    assert_eq!(server.undeployed(), 0);
    assert_eq!(server.records(Level::Error).len(), 0, "{:?}", server.records(Level::Error));
    server.stop().await;
}

#[tokio::test]
async fn written_in_place() {
    let dir = folder();
    let server = with_old(&dir).await;
    server.write("a.py", NEW);
    replaced(server).await;
}

#[tokio::test]
async fn vim_backup_and_new_file() {
    let dir = folder();
    let server = with_old(&dir).await;
    server.write("4913", "");
    fs::remove_file(server.path("4913")).expect("remove");
    server.write(".a.py.swp", "swap");
    fs::rename(server.path("a.py"), server.path("a.py~")).expect("rename");
    server.write("a.py", NEW);
    fs::remove_file(server.path("a.py~")).expect("remove");
    replaced(server).await;
}

#[tokio::test]
async fn vs_code_truncates_and_writes() {
    let dir = folder();
    let server = with_old(&dir).await;
    let mut file = fs::File::create(server.path("a.py")).expect("truncate");
    // Long enough to be seen empty, short enough to be waited for.
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    file.write_all(NEW.as_bytes()).expect("write");
    drop(file);
    server.answers("a.x", "new v2").await;
    assert_eq!(server.undeployed(), 0);
    server.stop().await;
}

#[tokio::test]
async fn renamed_over() {
    let dir = folder();
    let server = with_old(&dir).await;
    server.write(".a.py.tmp", NEW);
    fs::rename(server.path(".a.py.tmp"), server.path("a.py")).expect("rename");
    replaced(server).await;
}

#[tokio::test]
async fn deleted_and_written_again() {
    let dir = folder();
    let server = with_old(&dir).await;
    fs::remove_file(server.path("a.py")).expect("remove");
    server.write("a.py", NEW);
    replaced(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn git_replaces_fifty_files() {
    let dir = folder();
    let server = Server::start(dir.path()).await;
    for number in 0..50 {
        server.write(&format!("p{number}.py"), &format!("service p{number}.x\nanswer old"));
    }
    for number in 0..50 {
        server.answers(&format!("p{number}.x"), "old v1").await;
    }
    for number in 0..50 {
        let name = format!("p{number}.py");
        fs::remove_file(server.path(&name)).expect("remove");
        server.write(&name, &format!("service p{number}.x\nanswer new"));
    }
    for number in 0..50 {
        server.answers(&format!("p{number}.x"), "new v2").await;
    }
    assert_eq!(server.undeployed(), 0);
    assert_eq!(server.records(Level::Error).len(), 0);
    server.stop().await;
}
