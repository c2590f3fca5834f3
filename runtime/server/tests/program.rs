//! The program as a whole: what it says, its exit codes, a server's life from start to stop.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Only so that a hanging test ends: nothing here is about time.
const PATIENCE: Duration = Duration::from_secs(60);

fn caisson(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caisson"));
    command
        .current_dir(folder)
        .env_remove("CAISSON_ADMIN")
        .env_remove("CAISSON_TOKEN")
        .env_remove("CAISSON_TOKEN_FILE");
    command
}

fn run(folder: &Path, line: &str) -> Output {
    caisson(folder).args(line.split_whitespace()).output().expect("the program starts")
}

#[track_caller]
fn fails(folder: &Path, line: &str, code: i32, part: &str) -> Output {
    let output = run(folder, line);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{line}: {text}");
    assert!(text.contains(part), "{line}: {text}");
    output
}

/// A running server, killed when a test fails.
struct Server {
    child: Child,
    admin: String,
}

impl Server {
    fn start(folder: &Path, options: &[&str]) -> Self {
        let mut command = caisson(folder);
        command.args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]).args(options);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let file = folder.join(".caisson/server.json");
        let started = Instant::now();
        let announced: Value = loop {
            if let Some(value) = std::fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok())
            {
                break value;
            }
            assert_eq!(child.try_wait().unwrap(), None, "the server ended at its start");
            assert!(started.elapsed() < PATIENCE, "no server.json");
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(announced["pid"], child.id());
        Self { child, admin: format!("http://{}", announced["admin_listen"].as_str().unwrap()) }
    }

    fn run(&self, folder: &Path, line: &str) -> Output {
        run(folder, &format!("--admin {} {line}", self.admin))
    }

    fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn without_a_server_it_says_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let hint =
        format!("no Caisson server at {url}: start one with `caisson serve --dev --services ./services`");
    for line in ["ls services", "ls packages", "history a", "undeploy a", "logs", "invoke a.b"] {
        let output = fails(folder.path(), &format!("--admin {url} {line}"), 3, &hint);
        assert!(output.stdout.is_empty());
        let output = run(folder.path(), &format!("--json --admin {url} {line}"));
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (value["result"].as_str(), value["details"].as_str()),
            (Some("Error"), Some(hint.as_str()))
        );
    }
    let output = run(folder.path(), &format!("--admin {url} version"));
    assert!(output.status.success());
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "x").unwrap();
    for (line, part) in [
        ("", "Usage"),
        ("depoly", "deploy"),
        ("serve --dev --listen 0.0.0.0:0", "--dev is for this machine only"),
        ("serve --dev --admin-listen 0.0.0.0:0", "--admin-listen 0.0.0.0:0"),
        ("serve --listen 127.0.0.1:9 --admin-listen 127.0.0.1:9", "a port each"),
        ("serve --listen 17010", "127.0.0.1:17010"),
        ("--admin 127.0.0.1:8183 ls services", "http://127.0.0.1:8183"),
        ("invoke a.b --payload {", "--header content-type:text/plain"),
        ("invoke a.b --header x", "NAME:VALUE"),
        ("deploy notes.txt", ".wasm"),
        ("new python My-Service", "my_service"),
    ] {
        fails(folder.path(), line, 2, part);
    }
    assert!(!folder.path().join(".caisson").exists(), "nothing was touched");
}

#[test]
fn an_enmasse_file_becomes_a_file_of_definitions_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let source = "security:\n  - {name: p, type: apikey}\nchannel_rest:\n  - {name: a, service: s, url_path: /a, security: p}\n  \
                  - {name: b, service: s, url_path: /b, security: q}\n";
    std::fs::write(folder.path().join("e.yaml"), source).unwrap();
    let line = "import zato-enmasse e.yaml";
    let output = run(folder.path(), line);
    let (text, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && text.contains("version: 1\n"), "{text}{told}");
    for part in ["e.yaml:5:5: channel_rest `b`: `q`", "CAISSON_P_KEY  (e.yaml:2:5: ", "1 in `channels`"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(run(folder.path(), &format!("{line} --output c.yaml")).status.success());
    assert_eq!(std::fs::read_to_string(folder.path().join("c.yaml")).unwrap(), text);
    fails(folder.path(), &format!("{line} --output c.yaml"), 2, "c.yaml exists already: name another file");
    let json: Value = serde_json::from_slice(&run(folder.path(), &format!("--json {line}")).stdout).unwrap();
    assert_eq!(
        (json["definitions"].as_str(), json["findings"][0]["line"].as_u64()),
        (Some(text.as_str()), Some(5))
    );
    fails(folder.path(), "import zato-enmasse none.yaml", 1, "none.yaml cannot be read");
    std::fs::write(folder.path().join("bad.yaml"), "a: 1\n").unwrap();
    fails(folder.path(), "import zato-enmasse bad.yaml", 1, "bad.yaml:1:1: none of the keys is known");
}

#[test]
fn a_server_lives_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let server = Server::start(path, &["--dev", "--services", "services"]);
    assert!(path.join("services").is_dir());
    fails(path, "serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0", 1, "is in use by another server");
    let output = server.run(path, "--json version");
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["server"]["dev"], true);
    let output = server.run(path, "--json ls packages");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "[]\n");
    let output = server.run(path, "invoke no.such");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let output = server.run(path, "undeploy nothing");
    assert!(String::from_utf8_lossy(&output.stderr).contains("no package named nothing"));
    assert_eq!(server.terminate(), Some(0));
    assert!(!path.join(".caisson/server.json").exists());
}

#[test]
fn the_token_is_found_where_the_server_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let server = Server::start(path, &[]);
    assert!(server.run(path, "ls services").status.success(), "the default file is used");
    let elsewhere = tempfile::tempdir().unwrap();
    let output = server.run(elsewhere.path(), "ls services");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(text.contains("admin.token") && text.contains("CAISSON_TOKEN"), "{text}");
    let token = std::fs::read_to_string(path.join(".caisson/admin.token")).unwrap();
    let mut command = caisson(elsewhere.path());
    let status =
        command.args(["--admin", &server.admin, "ls", "services"]).env("CAISSON_TOKEN", token).status();
    assert!(status.unwrap().success());
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn what_keeps_a_server_from_starting_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    fails(path, &format!("serve --listen {address} --admin-listen 127.0.0.1:0"), 1, "the port is in use");
    assert!(!path.join(".caisson/server.json").exists());
    std::fs::write(path.join("file"), "x").unwrap();
    fails(
        path,
        "serve --services file --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0",
        1,
        "the services folder file",
    );
    fails(
        path,
        "serve --data file --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0",
        1,
        "the data folder file",
    );
    fails(path, "serve --log a=b=c --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0", 1, "log filter");
    std::fs::write(path.join(".caisson/admin.token"), "short").unwrap();
    fails(
        path,
        "serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0",
        1,
        "remove the file to get a new one",
    );
}
