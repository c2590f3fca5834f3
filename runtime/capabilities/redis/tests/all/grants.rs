//! What services may not do.

use crate::harness::{Door, Server, bytes, grant};
use caisson_capability::policy::Enforcement;
use caisson_capability::{ErrorKind, Policy};
use caisson_redis::calls;
use serde_json::json;

#[tokio::test]
async fn what_is_not_granted_is_refused_with_the_grant_to_add() {
    let server = Server::start(&[]).await;
    let grants = vec![grant(&["read"], json!({})), grant(&["write", "script"], json!({"keys": ["crm:*"]}))];
    let door = Door::with(json!({"url": server.url()}), Policy::default(), grants);
    assert!(door.run("SET crm:a 1").await.is_ok());
    assert_eq!(door.run("GET crm:a").await.unwrap(), vec![bytes("1")]);
    for (text, add) in [
        ("SET other 1", "operations: [write], keys: [\"other\"]}"),
        ("PUBLISH crm:a x", "operations: [publish]}"),
        ("FLUSHDB", "operations: [admin]}"),
        ("EVAL return(1) 0", "operations: [script], scripts: true}"),
    ] {
        let error = door.run(text).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::AccessDenied, "{text}");
        assert!(error.message.contains(add), "{text}: {}", error.message);
    }
    let error =
        calls::script(&door.lease(), "return 1", vec![b"crm:a".to_vec()], Vec::new()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AccessDenied);
    // One command that is refused, and nothing of a pipeline is run.
    let error = door.pipeline(&["SET crm:b 1", "SET other 1"], false).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AccessDenied);
    assert_eq!(server.ask("DBSIZE").await, vec![caisson_redis::client::wire::Part::Int(1)]);
}

#[tokio::test]
async fn a_connection_that_only_observes_lets_it_through() {
    let server = Server::start(&[]).await;
    let policy = Policy { enforcement: Enforcement::Observe, ..Policy::default() };
    let grants = vec![grant(&["write"], json!({"keys": ["crm:*"]}))];
    let door = Door::with(json!({"url": server.url()}), policy, grants);
    assert!(door.run("SET other 1").await.is_ok());
    assert!(door.run("GET other").await.is_ok());
    let error = door.run("BLPOP other 0").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidInput, "what cannot be run cannot be run");
}
