//! MariaDB, by the protocol of MySQL.

use crate::harness::{Service, and, count, eventually, execute, mariadb, one};
use caisson_capability::ErrorKind;
use caisson_sql::{Scalar, Statement, TransactionOptions, Value};
use serde_json::{Value as Json, json};
use sqlx::{Connection as _, MySqlConnection};

/// Beside the capability, which takes one statement at a time: a routine with a body looks like several to it.
async fn directly(options: &Json, sql: &'static str) {
    let mut connection = MySqlConnection::connect(options["url"].as_str().unwrap()).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn values_come_back_as_they_were_sent() {
    let access = Service::with(&mariadb().await).access(&["*"]);
    for (kind, value) in [
        ("tinyint", Scalar::Int(-128)),
        ("bigint", Scalar::Int(i64::MIN)),
        ("bigint unsigned", Scalar::Unsigned(u64::MAX)),
        ("tinyint(1) unsigned", Scalar::Unsigned(200)),
        ("double", Scalar::Double(0.1)),
        ("decimal(40,10)", Scalar::Decimal("123456789012345678901234567890.1234500000".to_owned())),
        ("varchar(100)", Scalar::Text("'; drop table t; -- \\".to_owned())),
        ("longtext collate utf8mb4_bin", Scalar::Text("ä\u{1F600}".to_owned())),
        ("varbinary(10)", Scalar::Bytes(vec![0, 255, 39])),
        ("date", Scalar::Date("2024-02-29".to_owned())),
        ("datetime(6)", Scalar::Timestamp("1999-12-31T23:59:59.999999".to_owned())),
        ("timestamp(6) null", Scalar::TimestampTz("2026-11-24T17:30:00+00:00".to_owned())),
        ("time(6)", Scalar::Time("17:30:00.123456".to_owned())),
        ("time", Scalar::Interval("PT-100H".to_owned())),
        ("year", Scalar::Int(2026)),
        ("bit(9)", Scalar::Unsigned(257)),
        ("enum('sad', 'glad')", Scalar::Text("glad".to_owned())),
        ("int", Scalar::Null),
    ] {
        execute(&access, &format!("create or replace table v (v {kind})")).await;
        access
            .execute(&Statement::new("insert into v values (:v)").with_name("v", value.clone()))
            .await
            .unwrap();
        assert_eq!(
            one(&access, Statement::new("select v from v")).await,
            Value::Scalar(value.clone()),
            "{kind}"
        );
        if value != Scalar::Null {
            let found =
                one(&access, Statement::new("select count(*) from v where v = ?").with([value])).await;
            assert_eq!(found, Value::Scalar(Scalar::Int(1)), "{kind}");
        }
    }
}

trait WithName {
    fn with_name(self, name: &str, value: Scalar) -> Self;
}

impl WithName for Statement {
    fn with_name(mut self, name: &str, value: Scalar) -> Self {
        self.params = caisson_sql::Params::Named(vec![(name.to_owned(), Value::Scalar(value))]);
        self
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_do_not_write_and_transactions_are_kept_or_not() {
    let options = mariadb().await;
    let service = Service::with(&options);
    let admin = service.access(&["*"]);
    execute(&admin, "create table t (i int primary key auto_increment, u int unique)").await;
    directly(
        &options,
        "create function f() returns int modifies sql data begin insert into t (u) values (7); return 1; end",
    )
    .await;
    let reader = service.access(&["query", "transaction"]);
    for sql in [
        "insert into t (u) values (1)",
        "select f()",
        "call p()",
        "select 1 /*!; insert into t (u) values (1) */",
        "set autocommit = 1",
    ] {
        assert!(reader.query(&Statement::new(sql)).await.is_err(), "{sql}");
        assert_eq!(count(&admin, "t").await, 0, "{sql}");
    }
    let made = admin.execute(&Statement::new("insert into t (u) values (1)")).await.unwrap();
    assert_eq!((made.affected, made.last_insert_id), (1, Some(1)));
    let error = admin.execute(&Statement::new("insert into t (u) values (1)")).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Conflict, Some("1062")));
    assert!(!error.message.contains("'1'"), "{error}");
    let transaction = admin.begin(TransactionOptions::default()).await.unwrap();
    transaction.execute(&Statement::new("insert into t (u) values (2)")).await.unwrap();
    drop(transaction);
    eventually("it is rolled back", async || (count(&admin, "t").await == 1).then_some(())).await;
    let transaction = admin.begin(TransactionOptions::default()).await.unwrap();
    transaction.execute(&Statement::new("insert into t (u) values (3)")).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(count(&admin, "t").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_statements_end_by_limit_or_when_nobody_waits() {
    let options = mariadb().await;
    let service = Service::with(&and(&options, &json!({"statement_timeout_secs": 0.05})));
    let slow = "select count(*) from seq_1_to_1000000 a, seq_1_to_1000000 b";
    let error = service.access(&["*"]).query(&Statement::new(slow)).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Timeout, Some("1969")));
    let service = Service::with(&options);
    let (access, watcher) = (service.access(&["*"]), service.access(&["query"]));
    let running = async |expected: i64| {
        let text = "select count(*) from information_schema.processlist where db = database() and info like '%seq_1_to_1000000 a%' \
                    and id <> connection_id()";
        (one(&watcher, Statement::new(text)).await == Value::Scalar(Scalar::Int(expected))).then_some(())
    };
    let task = tokio::spawn(async move { access.query(&Statement::new(slow)).await });
    eventually("it runs", async || running(1).await).await;
    task.abort();
    eventually("it is gone", async || running(0).await).await;
}
