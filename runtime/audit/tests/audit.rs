//! What is told is found again.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails, in its helpers too"
)]

use caisson_audit::{Audit, Filter};
use caisson_capability::Cid;
use caisson_capability::usage::{Refusal, UsageKey, Witness as _};
use std::path::Path;

fn refusal(service: &str, connection: &str, observed: bool) -> Refusal {
    Refusal {
        cid: Cid::from("c1"),
        key: UsageKey {
            service: service.into(),
            connection: connection.into(),
            capability: "sql",
            operation: "query",
        },
        principal: Some("ada".into()),
        detail: None,
        observed,
    }
}

async fn open(folder: &Path) -> Audit {
    Audit::open(&folder.join("audit.db")).await.expect("a folder of our own")
}

fn all() -> Filter {
    Filter { limit: 100, ..Filter::default() }
}

#[tokio::test]
async fn refusals_are_found_by_service_connection_and_kind_and_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let audit = open(folder.path()).await;
    audit.refused(&refusal("crm.get", "crm-db", false));
    audit.refused(&refusal("crm.get", "billing", true));
    audit.refused(&refusal("hr.get", "crm-db", false));
    audit.flush().await;
    drop(audit);

    let audit = open(folder.path()).await;
    let found = audit.query(&all()).await.expect("readable");
    let names: Vec<_> = found.iter().map(|one| (one.service.as_str(), one.connection.as_str())).collect();
    assert_eq!(names, [("hr.get", "crm-db"), ("crm.get", "billing"), ("crm.get", "crm-db")], "newest first");
    assert_eq!(found[0].principal.as_deref(), Some("ada"));
    for (filter, count) in [
        (Filter { service: Some("crm.get".to_owned()), ..all() }, 2),
        (Filter { connection: Some("crm-db".to_owned()), ..all() }, 2),
        (Filter { observed: Some(true), ..all() }, 1),
        (Filter { cid: Some("c2".to_owned()), ..all() }, 0),
        (Filter { service: Some("' OR 1 = 1 --".to_owned()), ..all() }, 0),
        (Filter { limit: 1, ..Filter::default() }, 1),
        (Filter { since: Some(jiff::Timestamp::MAX), ..all() }, 0),
    ] {
        assert_eq!(audit.query(&filter).await.expect("readable").len(), count, "{filter:?}");
    }
}

#[tokio::test]
async fn the_same_refusal_again_and_again_is_one_entry_with_a_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let audit = open(folder.path()).await;
    for _ in 0..1_000 {
        audit.refused(&refusal("crm.get", "crm-db", false));
    }
    let found = audit.query(&all()).await.expect("readable");
    assert_eq!(found.iter().map(|one| one.count).sum::<u64>(), 1_000);
    assert!(found.len() < 10, "{}", found.len());
}

#[tokio::test]
async fn a_file_of_something_else_is_refused_with_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("audit.db"), "no database".repeat(100)).expect("written");
    let error = Audit::open(&folder.path().join("audit.db")).await.expect_err("not ours").to_string();
    assert!(error.contains("audit.db"), "{error}");
}
