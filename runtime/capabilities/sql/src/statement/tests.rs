//! Tests of what becomes of a statement's text.

use super::*;
use crate::value::Scalar;
use caisson_capability::ErrorKind;

fn named(names: &[&str]) -> Params {
    Params::Named(names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), int(at))).collect())
}

fn positional(count: usize) -> Params {
    Params::Positional((0..count).map(int).collect())
}

fn int(at: usize) -> Value {
    Value::Scalar(Scalar::Int(i64::try_from(at).unwrap()))
}

fn order(ready: &Ready) -> Vec<i64> {
    let number = |value: &Value| match value {
        Value::Scalar(Scalar::Int(number)) => *number,
        other => panic!("{other:?}"),
    };
    ready.values.iter().map(number).collect()
}

#[test]
fn placeholders_become_those_of_the_database() {
    use Kind::{MySql, Postgres, Sqlite};
    for (kind, text, params, expected, values) in [
        (Postgres, "select ?, ?", positional(2), "select $1, $2", vec![0, 1]),
        (Postgres, "select $2, $1, $2", positional(2), "select $1, $2, $1", vec![1, 0]),
        (Postgres, "select $1 where j ? 'a'", positional(1), "select $1 where j ? 'a'", vec![0]),
        (Postgres, "select j ?| array['a'], ?", positional(1), "select j ?| array['a'], $1", vec![0]),
        (Postgres, "select :b, :a, :b", named(&["a", "b"]), "select $1, $2, $1", vec![1, 0]),
        (Postgres, "select :a::text, x[1:2]", named(&["a"]), "select $1::text, x[1:2]", vec![0]),
        (
            Postgres,
            "select ':a', \":a\", $$:a$$, $x$ :a $y$ $x$, :a",
            named(&["a"]),
            "select ':a', \":a\", $$:a$$, $x$ :a $y$ $x$, $1",
            vec![0],
        ),
        (
            Postgres,
            "select /* :a /* :a */ :a */ :a -- :a",
            named(&["a"]),
            "select /* :a /* :a */ :a */ $1 -- :a",
            vec![0],
        ),
        (Postgres, "select E'\\':a', '\\', :a", named(&["a"]), "select E'\\':a', '\\', $1", vec![0]),
        (Postgres, "select 'it''s :a', :a", named(&["a"]), "select 'it''s :a', $1", vec![0]),
        (MySql, "select :a, :b, :a", named(&["a", "b"]), "select ?, ?, ?", vec![0, 1, 0]),
        (MySql, "select $2, $1", positional(2), "select ?, ?", vec![1, 0]),
        (
            MySql,
            "select '\\':a', `:a`, \":a\", :a # :a",
            named(&["a"]),
            "select '\\':a', `:a`, \":a\", ? # :a",
            vec![0],
        ),
        (MySql, "select 1--1, ?", positional(1), "select 1--1, ?", vec![0]),
        (Sqlite, "select :a, [:a], '\\', :a", named(&["a"]), "select ?1, [:a], '\\', ?1", vec![0]),
        (Sqlite, "select ?2, ?1", positional(2), "select ?1, ?2", vec![1, 0]),
        (Sqlite, "select ?, ?;  -- done", positional(2), "select ?1, ?2;  -- done", vec![0, 1]),
    ] {
        let ready = ready(kind, Scope::Write, text, &params).unwrap();
        assert_eq!((&*ready.text, order(&ready)), (expected, values), "{text}");
    }
}

#[test]
fn what_is_more_than_one_statement_or_none_is_refused() {
    for (kind, text) in [
        (Kind::Postgres, "select 1; drop table t"),
        (Kind::Postgres, "select $$a$$; drop table t"),
        (Kind::Postgres, "select '\\'; drop table t; --'"),
        (Kind::Postgres, "; drop table t"),
        (Kind::Postgres, "select E'\\'' ; select 'x'"),
        (Kind::Postgres, ""),
        (Kind::Postgres, " ; -- nothing"),
        (Kind::Postgres, "select 'no end"),
        (Kind::Postgres, "select /* /* */ 1"),
        (Kind::Sqlite, "select '\\'; attach 'x' as y; --'"),
        (Kind::Sqlite, "select [a'] ; attach 'x' as y -- '"),
        (Kind::Sqlite, "select /* /* */ 1; drop table t"),
        (Kind::Sqlite, "select 1\0; drop table t"),
        (Kind::MySql, "select '\\''; drop table t"),
        (Kind::MySql, "select 1 # '\n; drop table t"),
        (Kind::MySql, "select 1 /*!; drop table t */"),
        (Kind::MySql, "select 1 /*M! ; drop table t */"),
    ] {
        assert!(ready(kind, Scope::Write, text, &Params::None).is_err(), "{text}");
    }
}

#[test]
fn transactions_and_what_reaches_beyond_the_connection_are_not_statements() {
    for (kind, text) in [
        (Kind::Postgres, "BEGIN"),
        (Kind::Postgres, "/* x */ commit"),
        (Kind::Postgres, "rollback to a"),
        (Kind::Postgres, "set transaction read write"),
        (Kind::Postgres, "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE"),
        (Kind::Postgres, "prepare transaction 'x'"),
        (Kind::Postgres, "copy t from stdin"),
        (Kind::MySql, "set autocommit = 1"),
        (Kind::MySql, "lock tables t write"),
        (Kind::MySql, "xa begin 'x'"),
        (Kind::MySql, "load data local infile 'x' into table t"),
        (Kind::Sqlite, "attach 'x' as y"),
        (Kind::Sqlite, "PRAGMA query_only = 0"),
        (Kind::Sqlite, "vacuum into 'x'"),
    ] {
        assert!(ready(kind, Scope::Write, text, &Params::None).is_err(), "{text}");
    }
}

#[test]
fn who_may_only_read_says_only_what_reads() {
    for text in [
        "insert into t values (1)",
        "call p()",
        "do $$ begin end $$",
        "set role x",
        "reset all",
        "create table t (i int)",
    ] {
        assert!(ready(Kind::Postgres, Scope::Read, text, &Params::None).is_err(), "{text}");
    }
    for text in
        ["select 1", "(select 1)", "with a as (select 1) select * from a", "values (1)", "EXPLAIN select 1"]
    {
        assert!(ready(Kind::Postgres, Scope::Read, text, &Params::None).is_ok(), "{text}");
    }
}

#[test]
fn a_statement_that_may_change_the_session_marks_it() {
    for (text, marks) in [
        ("select 1", false),
        ("insert into t values (1)", false),
        ("select set_config('a', 'b', false)", true),
        ("select pg_advisory_lock(1)", true),
        ("select 1 into temp t", true),
        ("set search_path to x", true),
        ("create temp table t (i int)", true),
        ("listen x", true),
        ("select 'set_config'", false),
    ] {
        assert_eq!(ready(Kind::Postgres, Scope::Write, text, &Params::None).unwrap().marks, marks, "{text}");
    }
    assert!(ready(Kind::MySql, Scope::Write, "select @a := 1", &Params::None).unwrap().marks);
}

#[test]
fn values_and_places_have_to_fit() {
    for (kind, text, params) in [
        (Kind::Postgres, "select :a", named(&["b"])),
        (Kind::Postgres, "select :a", named(&["a", "b"])),
        (Kind::Postgres, "select $2", positional(1)),
        (Kind::Postgres, "select $1", Params::None),
        (Kind::Postgres, "select $99999999999999999999999", positional(1)),
        (Kind::Postgres, "select $0", positional(1)),
        (Kind::MySql, "select ?", positional(2)),
        (Kind::MySql, "select ?, ?", positional(1)),
        (Kind::MySql, "select ?", Params::None),
        (Kind::Sqlite, "select ?", Params::None),
        (Kind::Sqlite, "select :a", Params::None),
        (Kind::Sqlite, "select $a", Params::None),
        (Kind::Sqlite, "select @a", named(&["a"])),
    ] {
        assert!(ready(kind, Scope::Write, text, &params).is_err(), "{text}");
    }
}

#[test]
fn a_value_is_not_sent_more_often_than_a_database_takes() {
    let large = Params::Named(vec![("a".to_owned(), Value::Scalar(Scalar::Text("x".repeat(1 << 20))))]);
    let text = |times: usize| format!("select {}", vec![":a"; times].join(", "));
    assert_eq!(ready(Kind::MySql, Scope::Read, &text(60), &large).unwrap().values.len(), 60);
    // Each of a few bytes of text would be a megabyte of memory.
    let error = ready(Kind::MySql, Scope::Read, &text(70), &large).unwrap_err();
    assert_eq!(error.kind, ErrorKind::QuotaExceeded, "{error:?}");
    assert_eq!(ready(Kind::Postgres, Scope::Read, &text(70), &large).unwrap().values.len(), 1, "sent once");
    let many = ready(Kind::Postgres, Scope::Read, "select 1", &positional(MOST_VALUES + 1));
    assert_eq!(many.unwrap_err().kind, ErrorKind::QuotaExceeded);
    let often = vec!["?"; MOST_VALUES].join(", ");
    assert!(ready(Kind::MySql, Scope::Read, &format!("select {often}"), &positional(MOST_VALUES)).is_ok());
}

#[test]
fn a_batch_has_its_text_once_and_is_bounded_by_it() {
    let sets = vec![positional(2); 1_000];
    let text = "insert into t (a, b) values (?, ?)";
    let all = all_ready(Kind::Postgres, Scope::Write, text, &sets).unwrap();
    assert_eq!(all.len(), 1_000);
    assert!(all.iter().all(|one| Arc::ptr_eq(&one.text, &all[0].text)));
    let long = format!("delete from t -- {}", "x".repeat(1 << 20));
    assert!(all_ready(Kind::Postgres, Scope::Write, &long, &vec![Params::None; 200]).is_ok());
    let error = all_ready(Kind::Postgres, Scope::Write, &long, &vec![Params::None; 300]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::QuotaExceeded, "{error:?}");
}
