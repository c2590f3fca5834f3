//! What becomes of a connection that has failed.

use super::*;
use crate::kv::Put;

#[tokio::test]
async fn a_file_that_had_no_room_takes_changes_again_when_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let kv = SqliteKv::open(&folder.path().join("state.db")).await.unwrap();
    // As a full disk: no page can be added. It holds for this connection only, so that the next one finds room.
    sqlx::query("PRAGMA max_page_count = 1").execute(&kv.pool).await.unwrap();
    let large = || Put::new("a", vec![b'x'; 1 << 20]);
    let txn = || Txn { puts: vec![large()], ..Default::default() };
    let error = kv.txn(txn()).await.unwrap_err();
    assert!(error.kind == ErrorKind::Disk && error.message.contains("make room"), "{error}");
    assert!(kv.get(vec!["a".to_owned()]).await.unwrap().is_empty(), "nothing of it is there");
    assert_eq!(kv.txn(txn()).await.unwrap(), Outcome::Done);
}
