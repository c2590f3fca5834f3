//! PostgreSQL.

use crate::harness::{HANG, Service, and, count, eventually, execute, one, postgres};
use caisson_capability::ErrorKind;
use caisson_sql::{Access, Array, Isolation, Params, Scalar, Statement, TransactionOptions, Value};
use serde_json::json;

fn text(text: &str) -> Scalar {
    Scalar::Text(text.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_every_type_come_back_as_they_were_sent() {
    let access = Service::with(&postgres().await).access(&["*"]);
    execute(&access, "create type mood as enum ('sad', 'glad')").await;
    for (kind, value) in [
        ("bool", Scalar::Boolean(true)),
        ("int2", Scalar::Int(-32_768)),
        ("int4", Scalar::Int(i64::from(i32::MAX))),
        ("int8", Scalar::Int(i64::MIN)),
        ("float8", Scalar::Double(0.1)),
        ("numeric", Scalar::Decimal("123456789012345678901234567890.12340".to_owned())),
        ("numeric", Scalar::Decimal("NaN".to_owned())),
        ("numeric(12,4)", Scalar::Decimal("-0.0001".to_owned())),
        ("text", text("'; drop table t; -- \u{1F600}")),
        ("varchar", text("")),
        ("bytea", Scalar::Bytes(vec![0, 255, 39])),
        ("date", Scalar::Date("0001-01-01".to_owned())),
        ("date", Scalar::Date("infinity".to_owned())),
        ("time", Scalar::Time("17:30:00.123456".to_owned())),
        ("timetz", Scalar::Time("17:30:00-05:30".to_owned())),
        ("timestamp", Scalar::Timestamp("1999-12-31T23:59:59.999999".to_owned())),
        ("timestamptz", Scalar::TimestampTz("2026-11-24T17:30:00+00:00".to_owned())),
        ("interval", Scalar::Interval("P1Y2M-3DT4H5M6.789S".to_owned())),
        ("uuid", Scalar::Uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11".to_owned())),
        ("json", Scalar::Json("{\"b\":1,  \"a\":[1.50]}".to_owned())),
        ("jsonb", Scalar::Json("{\"a\": [1.50]}".to_owned())),
        ("inet", Scalar::Other("10.0.0.1/8".to_owned())),
        ("cidr", Scalar::Other("2001:db8::/32".to_owned())),
        ("macaddr", Scalar::Other("08:00:2b:01:02:03".to_owned())),
        ("bit varying", Scalar::Other("1011000001".to_owned())),
        ("mood", text("glad")),
        ("int4", Scalar::Null),
    ] {
        let statement = Statement::new(format!("select $1::{kind}")).with([value.clone()]);
        assert_eq!(one(&access, statement).await, Value::Scalar(value), "{kind}");
    }
    // An offset is told in UTC, and nothing of the moment is lost.
    let statement = Statement::new("select $1::timestamptz")
        .with([Scalar::TimestampTz("2026-11-24T18:30:00.5+01:00".to_owned())]);
    assert_eq!(
        one(&access, statement).await,
        Value::Scalar(Scalar::TimestampTz("2026-11-24T17:30:00.500000+00:00".to_owned()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn arrays_keep_their_dimensions_and_nulls() {
    let access = Service::with(&postgres().await).access(&["query"]);
    for (kind, dimensions, items) in [
        ("int4", vec![2, 2], vec![Scalar::Int(1), Scalar::Null, Scalar::Int(3), Scalar::Int(4)]),
        ("text", vec![2], vec![text("a,{}\""), text("")]),
        ("numeric", vec![1], vec![Scalar::Decimal("1.50".to_owned())]),
        ("text", vec![], vec![]),
    ] {
        let array = Value::Array(Array { element: kind.to_owned(), dimensions, items });
        let statement = Statement {
            text: format!("select :a::{kind}[]"),
            params: Params::Named(vec![("a".to_owned(), array.clone())]),
            timeout_ms: None,
        };
        assert_eq!(one(&access, statement).await, array);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_another_type_or_shape_is_refused_with_what_to_do() {
    let access = Service::with(&postgres().await).access(&["*"]);
    for (sql, value, hint) in [
        ("select $1::int4", text("1; drop table t"), "cast it"),
        ("select $1::int2", Scalar::Int(40_000), "no value of type"),
        ("select $1::date", Scalar::Date("2026-02-30' or true".to_owned()), "no value of type"),
        ("select $1::uuid", text("nonsense"), "no value of type"),
        ("select $1::numeric", Scalar::Decimal("1e5; --".to_owned()), "no value of type"),
        ("select $1::interval", Scalar::Interval("1 day".to_owned()), "no value of type"),
        ("select $1::inet", Scalar::Other("x".to_owned()), "no value of type"),
        ("select ($1::point)::text", text("(1,2)"), "::text::"),
        ("select $1::text", Scalar::Int(1), "cast it"),
        ("select $1::text", text("a\0b"), "no value of type"),
    ] {
        let error = access.query(&Statement::new(sql).with([value])).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput, "{sql}: {error:?}");
        assert!(error.message.contains(hint), "{sql}: {error:?}");
    }
    let error = access.query(&Statement::new("select point(1, 2) as p")).await.unwrap_err();
    assert!(error.message.contains("p::text"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_may_only_query_cannot_write_whatever_it_says() {
    let service = Service::with(&postgres().await);
    let admin = service.access(&["*"]);
    execute(&admin, "create table t (i int)").await;
    execute(&admin, "create function f() returns int language sql as 'insert into t values (1) returning i'")
        .await;
    let reader = service.access(&["query", "transaction"]);
    for sql in [
        "insert into t values (1)",
        "select f()",
        "with x as (insert into t values (1) returning i) select * from x",
        "select set_config('transaction_read_only', 'off', false)",
        "select set_config('default_transaction_read_only', 'off', false)",
        "explain analyze insert into t values (1)",
        "select 1; insert into t values (1)",
        "select nextval('x')",
        "select 1 into u",
    ] {
        drop(reader.query(&Statement::new(sql)).await);
        assert_eq!(count(&admin, "t").await, 0, "{sql}");
    }
    let denied = reader.query(&Statement::new("select f()")).await.unwrap_err();
    assert_eq!((denied.kind, denied.code.as_deref()), (ErrorKind::AccessDenied, Some("25006")));
    // In a transaction of several statements, none makes it one that writes.
    let transaction = reader.begin(TransactionOptions::default()).await.unwrap();
    assert!(
        transaction
            .query(&Statement::new("select set_config('transaction_read_only', 'off', true)"))
            .await
            .is_err()
    );
    let error = transaction.execute(&Statement::new("insert into t values (1)")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AccessDenied);
    assert!(error.message.contains("operations: [execute]"), "{error}");
    drop(transaction.query(&Statement::new("select f()")).await);
    drop(transaction.commit().await);
    assert_eq!(count(&admin, "t").await, 0);
    for error in [
        reader.execute(&Statement::new("select 1")).await.map(drop).unwrap_err(),
        service.access(&["execute"]).query(&Statement::new("select 1")).await.map(drop).unwrap_err(),
        service.access(&["query"]).begin(TransactionOptions::default()).await.map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::AccessDenied);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_kept_rolled_back_or_forgotten() {
    let service = Service::with(&and(&postgres().await, &json!({"pool": {"max": 2, "acquire_secs": 30}})));
    let access = service.access(&["*"]);
    execute(&access, "create table t (i int primary key)").await;
    let insert = |number| Statement::new("insert into t values (?)").with([Scalar::Int(number)]);
    let how = TransactionOptions { isolation: Some(Isolation::Serializable), read_only: false };
    let kept = access.begin(how).await.unwrap();
    kept.execute(&insert(1)).await.unwrap();
    assert_eq!(count(&access, "t").await, 0);
    kept.commit().await.unwrap();
    assert_eq!(count(&access, "t").await, 1);
    assert_eq!(kept.execute(&insert(2)).await.unwrap_err().kind, ErrorKind::InvalidInput);
    let undone = access.begin(how).await.unwrap();
    undone.execute(&insert(2)).await.unwrap();
    undone.rollback().await.unwrap();
    // More of them than there are sessions: each dropped one frees its own.
    for number in 10..20 {
        let forgotten = access.begin(how).await.unwrap();
        forgotten.execute(&insert(number)).await.unwrap();
    }
    assert_eq!(count(&access, "t").await, 1);
    // What an error ended cannot be committed.
    let failed = access.begin(TransactionOptions::default()).await.unwrap();
    failed.execute(&insert(3)).await.unwrap();
    let error = failed.execute(&insert(1)).await.unwrap_err();
    assert_eq!(
        (error.kind, error.code.as_deref(), error.retryable),
        (ErrorKind::Conflict, Some("23505"), false)
    );
    assert_eq!(failed.commit().await.unwrap_err().kind, ErrorKind::Conflict);
    assert_eq!(count(&access, "t").await, 1);
    let sets: Vec<Params> =
        [5, 6, 5].map(|number| Params::Positional(vec![Value::Scalar(Scalar::Int(number))])).into();
    assert!(access.batch("insert into t values (?)", &sets).await.is_err());
    assert_eq!(count(&access, "t").await, 1);
    assert_eq!(access.batch("insert into t values (?)", &sets[..2]).await.unwrap().affected, 2);
    let reading = access.begin(TransactionOptions { isolation: None, read_only: true }).await.unwrap();
    assert_eq!(reading.execute(&insert(9)).await.unwrap_err().kind, ErrorKind::AccessDenied);
}

async fn sleepers(access: &Access) -> i64 {
    let text = "select count(*) from pg_stat_activity where datname = current_database() and query like 'select pg_sleep%'";
    match one(access, Statement::new(text)).await {
        Value::Scalar(Scalar::Int(number)) => number,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_nobody_waits_for_is_gone_from_the_server() {
    let service = Service::with(&postgres().await);
    let watcher = service.access(&["query"]);
    for operations in [&["query"][..], &["*"][..]] {
        let access = service.access(operations);
        let slow = tokio::spawn(async move { access.query(&Statement::new("select pg_sleep(600)")).await });
        eventually("it runs", async || (sleepers(&watcher).await == 1).then_some(())).await;
        slow.abort();
        eventually("it is gone", async || (sleepers(&watcher).await == 0).then_some(())).await;
    }
    // A transaction in the middle of a statement, and a cursor, as well.
    let access = service.access(&["*"]);
    let transaction = access.begin(TransactionOptions::default()).await.unwrap();
    let own = transaction.clone();
    let slow = tokio::spawn(async move { own.query(&Statement::new("select pg_sleep(600)")).await });
    eventually("it runs", async || (sleepers(&watcher).await == 1).then_some(())).await;
    slow.abort();
    eventually("it is gone", async || (sleepers(&watcher).await == 0).then_some(())).await;
    let error = transaction.query(&Statement::new("select 1")).await.unwrap_err();
    assert!(error.message.contains("given up"), "{error}");
    let cursor =
        access.open(&Statement::new("select pg_sleep(600) from generate_series(1, 10)")).await.unwrap();
    eventually("it runs", async || (sleepers(&watcher).await == 1).then_some(())).await;
    drop(cursor);
    eventually("it is gone", async || (sleepers(&watcher).await == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_ended_by_the_server_and_the_session_lives() {
    let access =
        Service::with(&and(&postgres().await, &json!({"statement_timeout_secs": 0.05}))).access(&["*"]);
    let error = access.query(&Statement::new("select pg_sleep(600)")).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Timeout, Some("57014")));
    let own = Statement { timeout_ms: Some(1), ..Statement::new("select pg_sleep(600)") };
    assert_eq!(access.query(&own).await.unwrap_err().kind, ErrorKind::Timeout);
    one(&access, Statement::new("select 1")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_have_limits_and_cursors_do_not_need_them() {
    let service = Service::with(&and(&postgres().await, &json!({"max_rows": 100, "max_bytes": 200_000})));
    let access = service.access(&["query"]);
    for (sql, option) in [
        ("select generate_series(1, 101)", "max_rows"),
        ("select repeat('x', 150000) from generate_series(1, 2)", "max_bytes"),
        ("select repeat('x', 300000)", "max_bytes"),
    ] {
        let error = access.query(&Statement::new(sql)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::QuotaExceeded, "{sql}");
        assert!(error.message.contains(option), "{error}");
    }
    assert_eq!(
        access.query(&Statement::new("select generate_series(1, 100)")).await.unwrap().rows.len(),
        100
    );
    let cursor = access
        .open(&Statement::new("select generate_series(1, 10000) as n, repeat('x', 100)"))
        .await
        .unwrap();
    assert_eq!(cursor.columns()[0].name, "n");
    let mut seen = 0;
    loop {
        let rows = cursor.fetch(1_000).await.unwrap();
        if rows.is_empty() {
            break;
        }
        assert!(rows.len() <= 100);
        seen += rows.len();
    }
    assert_eq!(seen, 10_000);
    let cursor = access.open(&Statement::new("select repeat('x', 300000)")).await.unwrap();
    assert_eq!(cursor.fetch(1).await.unwrap_err().kind, ErrorKind::QuotaExceeded);
    let cursor =
        access.open(&Statement::new("select 1 / (3 - n) from generate_series(1, 9) n")).await.unwrap();
    assert_eq!(cursor.fetch(100).await.unwrap_err().code.as_deref(), Some("22012"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_exhausted_says_so_and_ten_thousand_transactions_are_no_more_than_it() {
    let options = and(&postgres().await, &json!({"pool": {"max": 3, "acquire_secs": 2.0}}));
    let service = Service::with(&options);
    let access = service.access(&["*"]);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(access.begin(TransactionOptions::default()).await.unwrap());
    }
    let error = access.begin(TransactionOptions::default()).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Unavailable, true));
    assert!(error.message.contains("pool/max"), "{error}");
    let many: Vec<_> = (0..10_000).map(|_| access.begin(TransactionOptions::default())).collect();
    let outcomes = tokio::time::timeout(HANG, futures_util::future::join_all(many)).await.unwrap();
    assert!(outcomes.iter().all(Result::is_err));
    drop(held);
    eventually("a session is free", async || access.begin(TransactionOptions::default()).await.ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_sets_in_its_session_is_not_what_the_next_one_finds() {
    let service = Service::with(&and(
        &postgres().await,
        &json!({"pool": {"max": 1}, "init": ["set application_name = 'ours'"]}),
    ));
    let access = service.access(&["*"]);
    for sql in ["set application_name = 'theirs'", "select set_config('application_name', 'theirs', false)"] {
        execute(&access, sql).await;
        assert_eq!(
            one(&access, Statement::new("show application_name")).await,
            Value::Scalar(text("ours")),
            "{sql}"
        );
    }
    execute(&access, "create temp table leak (i int)").await;
    let error = access.query(&Statement::new("select * from leak")).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("42P01"));
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlocks_and_serialization_failures_may_be_tried_again() {
    let access = Service::with(&postgres().await).access(&["*"]);
    execute(&access, "create table t (i int primary key, n int)").await;
    execute(&access, "insert into t values (1, 0), (2, 0)").await;
    let how = TransactionOptions { isolation: Some(Isolation::RepeatableRead), read_only: false };
    let (first, second) = (access.begin(how).await.unwrap(), access.begin(how).await.unwrap());
    let update = |number| Statement::new("update t set n = n + 1 where i = $1").with([Scalar::Int(number)]);
    for transaction in [&first, &second] {
        transaction.query(&Statement::new("select * from t")).await.unwrap();
    }
    first.execute(&update(1)).await.unwrap();
    first.commit().await.unwrap();
    let error = second.execute(&update(1)).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retryable, error.code.as_deref()),
        (ErrorKind::Conflict, true, Some("40001"))
    );
    let (first, second) = (
        access.begin(TransactionOptions::default()).await.unwrap(),
        access.begin(TransactionOptions::default()).await.unwrap(),
    );
    first.execute(&update(1)).await.unwrap();
    second.execute(&update(2)).await.unwrap();
    let (two, one) = (update(2), update(1));
    let (left, right) =
        tokio::time::timeout(HANG, futures_util::future::join(first.execute(&two), second.execute(&one)))
            .await
            .unwrap();
    let error = left.err().or(right.err()).unwrap();
    assert_eq!(
        (error.kind, error.retryable, error.code.as_deref()),
        (ErrorKind::Conflict, true, Some("40P01"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_say_what_the_database_said_without_values() {
    let access = Service::with(&postgres().await).access(&["*"]);
    execute(&access, "create table t (i int primary key)").await;
    for (sql, kind, code) in [
        ("selec 1", ErrorKind::InvalidInput, "42601"),
        ("select * from nothing", ErrorKind::InvalidInput, "42P01"),
        ("select 'hunter2'::text::int", ErrorKind::InvalidInput, "22P02"),
    ] {
        let error = access.query(&Statement::new(sql)).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_deref(), error.retryable), (kind, Some(code), false), "{sql}");
        assert!(!error.message.contains("hunter2"), "{error}");
    }
}
