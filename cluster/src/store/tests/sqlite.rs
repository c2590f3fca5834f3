//! The file: what it survives, and what it refuses.

use super::*;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

const CHILD: &str = "CAISSON_CLUSTER_TEST_CHILD";

#[tokio::test]
async fn a_file_that_is_opened_again_has_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    for number in 1..=8 {
        let store = Store::embedded(&path).await.unwrap();
        assert_eq!(store.snapshot().documents.len() as u64, number - 1);
        assert_eq!(commit(&store, put(&number.to_string(), "x")).await.revision, number);
    }
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn what_is_no_database_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    std::fs::write(&path, vec![b'x'; 8192]).unwrap();
    let error = Store::embedded(&path).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Damaged, "{error}");
    assert!(error.message.contains("backup"), "{error}");
    let error = Store::embedded(&folder.path().join("missing/state.db")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Disk, "{error}");
}

#[tokio::test]
async fn a_state_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = Store::embedded(&path).await.unwrap();
    let head = crate::kv::Put::new(document::HEAD, r#"{"format":9,"revision":1,"root":""}"#);
    store.shared.kv.txn(crate::kv::Txn { puts: vec![head], ..Default::default() }).await.unwrap();
    let error = Store::embedded(&path).await.unwrap_err();
    assert!(error.kind == ErrorKind::Damaged && error.message.contains("newer version"), "{error}");
}

/// Not a test of its own: what the next one kills.
#[tokio::test]
async fn a_child_commits_for_as_long_as_it_lives() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let store = Store::embedded(Path::new(&path)).await.unwrap();
    loop {
        let made = commit(&store, put(&format!("{}", store.snapshot().revision), vec![b'x'; 20_000])).await;
        eprintln!("committed {}", made.revision);
    }
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_it_was_told_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let mut last = 0;
    for commits in [3, 7, 12] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "store::tests::sqlite::a_child_commits_for_as_long_as_it_lives"])
            .env(CHILD, &path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let told = lines.filter_map(|line| {
            line.unwrap().strip_prefix("committed ").map(|text| text.parse::<u64>().unwrap())
        });
        last = told.take(commits).last().unwrap_or(last);
        child.kill().unwrap();
        child.wait().unwrap();
        let store = Store::embedded(&path).await.unwrap();
        let snapshot = store.snapshot();
        assert!(snapshot.revision >= last && last > 0);
        assert_eq!(snapshot.documents.len() as u64, snapshot.revision);
        assert_eq!(store.history(None, 1000).await.unwrap().len() as u64, snapshot.revision);
    }
}
