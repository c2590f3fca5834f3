//! SQLite.

use crate::harness::{HANG, Service, and, count, execute, one, sqlite};
use caisson_capability::ErrorKind;
use caisson_sql::{Params, Scalar, Statement, TransactionOptions, Value};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn values_come_back_as_they_were_sent_and_are_no_code() {
    let (_folder, options) = sqlite();
    let access = Service::with(&options).access(&["*"]);
    execute(&access, "create table t (v)").await;
    for value in [
        Scalar::Int(i64::MIN),
        Scalar::Double(0.1),
        Scalar::Text("'); drop table t; --".to_owned()),
        Scalar::Bytes(vec![0, 255]),
        Scalar::Null,
    ] {
        assert_eq!(
            one(&access, Statement::new("select $1").with([value.clone()])).await,
            Value::Scalar(value)
        );
    }
    let sets: Vec<Params> = ["a", "'); drop table t; --"]
        .map(|text| Params::Named(vec![("v".to_owned(), Value::Scalar(Scalar::Text(text.to_owned())))]))
        .into();
    assert_eq!(access.batch("insert into t values (:v)", &sets).await.unwrap().affected, 2);
    assert_eq!(count(&access, "t").await, 2);
    let error =
        access.query(&Statement::new("select ?").with([Scalar::Unsigned(u64::MAX)])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidInput);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_do_not_write_and_nobody_leaves_the_file() {
    let (folder, options) = sqlite();
    let service = Service::with(&and(&options, &json!({"pool": {"max": 1}})));
    let admin = service.access(&["*"]);
    execute(&admin, "create table t (i integer primary key)").await;
    let other = folder.path().join("other.db");
    for sql in [
        format!("attach '{}' as other", other.display()),
        format!("vacuum into '{}'", other.display()),
        "pragma writable_schema = 1".to_owned(),
        "select load_extension('x')".to_owned(),
        format!("select '\\'; attach '{}' as other; --'", other.display()),
        format!("select 1; attach '{}' as other", other.display()),
    ] {
        assert!(admin.execute(&Statement::new(sql.clone())).await.is_err(), "{sql}");
        assert!(!other.exists(), "{sql}");
    }
    let reader = service.access(&["query", "transaction"]);
    for sql in [
        "insert into t values (1)",
        "with a as (select 1) insert into t select * from a",
        "pragma query_only = 0",
    ] {
        assert!(reader.query(&Statement::new(sql)).await.is_err(), "{sql}");
    }
    assert_eq!(count(&reader, "t").await, 0);
    // The one session of the pool writes again for who may.
    execute(&admin, "insert into t values (1)").await;
    let error = admin.execute(&Statement::new("insert into t values (1)")).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Conflict, Some("1555")));
    let transaction = admin.begin(TransactionOptions::default()).await.unwrap();
    transaction.execute(&Statement::new("insert into t values (2)")).await.unwrap();
    drop(transaction);
    assert_eq!(count(&admin, "t").await, 1);
    let transaction = admin.begin(TransactionOptions::default()).await.unwrap();
    transaction.execute(&Statement::new("insert into t values (2)")).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(count(&admin, "t").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_without_end_is_interrupted() {
    let (_folder, options) = sqlite();
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    let service = Service::with(&and(&options, &json!({"statement_timeout_secs": 0.05, "pool": {"max": 1}})));
    let access = service.access(&["*"]);
    let error =
        tokio::time::timeout(HANG, access.query(&Statement::new(endless))).await.unwrap().unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Timeout, Some("9")));
    let service = Service::with(&and(&options, &json!({"pool": {"max": 1}})));
    let access = service.access(&["*"]);
    // Given up from outside, while it runs: its place in the pool is free when it has ended.
    let given_up = Statement { timeout_ms: None, ..Statement::new(endless) };
    assert!(
        tokio::time::timeout(std::time::Duration::from_millis(50), access.query(&given_up)).await.is_err()
    );
    assert_eq!(
        tokio::time::timeout(HANG, one(&access, Statement::new("select 1"))).await.unwrap(),
        Value::Scalar(Scalar::Int(1))
    );
}
