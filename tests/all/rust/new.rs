//! From `caisson new rust` to an answer, by the commands that it tells.

use crate::harness::{Command, Setup, rust_guests};
use std::path::Path;
use std::time::Duration;

/// The first time, everything that a project needs is compiled.
const CARGO: Duration = Duration::from_secs(900);

/// Runs cargo in a project; its dependencies are compiled once for all runs.
async fn cargo(project: &Path, arguments: &[&str]) {
    let mut command = tokio::process::Command::new("cargo");
    command.current_dir(project).args(arguments).kill_on_drop(true);
    command.env("CARGO_TARGET_DIR", rust_guests().with_file_name("build").join("new"));
    let output = tokio::time::timeout(CARGO, command.output()).await.expect("cargo does not end").unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_new_project_is_tested_built_deployed_and_answers() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let told = Command::new(["new", "rust", "first_steps", "--dir", dir]).run().await;
    let project = folder.path().join("first_steps");
    let component = "target/wasm32-wasip2/release/first_steps.wasm";
    for line in
        ["cargo test", "cargo build --release --target wasm32-wasip2", &format!("caisson deploy {component}")]
    {
        assert!(told.good().contains(line), "{told:?}");
    }

    cargo(&project, &["test"]).await;
    cargo(&project, &["build", "--release", "--target", "wasm32-wasip2"]).await;
    let built =
        rust_guests().with_file_name("build").join("new").join("wasm32-wasip2/release/first_steps.wasm");
    std::fs::create_dir_all(project.join(component).parent().unwrap()).unwrap();
    std::fs::copy(built, project.join(component)).unwrap();

    let server = Setup::new().start().await;
    Command::to(&server, ["deploy", component]).folder(&project).run().await.good();
    let answer = Command::to(&server, ["invoke", "first-steps"]).run().await;
    assert_eq!(answer.json()["greeting"], "Hello, world");
    let answer =
        Command::to(&server, ["invoke", "first-steps", "--payload", r#"{"name": "Ada"}"#]).run().await;
    assert_eq!(answer.json()["greeting"], "Hello, Ada");
    assert!(server.logged("service=first-steps").await.contains("greeting Ada"));
}

#[tokio::test]
async fn a_name_that_no_project_can_have_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    for bad in ["My Project", "2fast", "../x", "test", "async"] {
        assert_eq!(Command::new(["new", "rust", bad, "--dir", dir]).run().await.code, 2, "{bad}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
