//! What can go wrong on the way to a database: absence, restarts, certificates, credentials, and servers that lie.

use crate::harness::{
    HANG, Service, and, count, eventually, execute, free_port, hides_secrets, new_postgres, one,
    postgres_options, shared_postgres,
};
use caisson_capability::ErrorKind;
use caisson_conformance::Cut;
use caisson_sql::{Params, Scalar, Statement, TransactionOptions};
use serde_json::json;
use std::net::Ipv4Addr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_restarts_loses_transactions_and_is_found_again() {
    let mut server = new_postgres().await;
    let service = Service::with(&postgres_options(&server, "postgres"));
    let access = service.access(&["*"]);
    execute(&access, "create table t (i int)").await;
    let transaction = access.begin(TransactionOptions::default()).await.unwrap();
    transaction.execute(&Statement::new("insert into t values (1)")).await.unwrap();
    server.stop();
    let error = transaction.execute(&Statement::new("insert into t values (2)")).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Unavailable, true), "{error:?}");
    assert!(transaction.commit().await.is_err());
    let error = access.query(&Statement::new("select 1")).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Unavailable, true), "{error:?}");
    hides_secrets(&error);
    assert!(service.live().connection().ping().await.is_err());
    server.start_again();
    eventually("it is there again", async || service.live().connection().ping().await.ok()).await;
    assert_eq!(count(&access, "t").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_is_lost_may_have_been_made_and_is_not_called_retryable() {
    let server = shared_postgres().await;
    let cut = Cut::before((Ipv4Addr::LOCALHOST, server.port).into()).await.unwrap();
    let way = json!({"url": format!("postgres://{}/postgres", cut.address())});
    let service = Service::with(&and(&postgres_options(server, "postgres"), &way));
    let access = service.access(&["*"]);
    let change = Statement::new("update pg_class set relname = relname where false");
    for ends in ["execute", "commit", "batch", "query"] {
        let transaction = access.begin(TransactionOptions::default()).await.unwrap();
        access.execute(&change).await.unwrap();
        cut.hold();
        let before = cut.passed().held_bytes;
        let work = async {
            match ends {
                "execute" => access.execute(&change).await.map(drop),
                "commit" => transaction.commit().await,
                "batch" => access.batch(&change.text, &[Params::default()]).await.map(drop),
                _ => access.query(&Statement::new("select 1")).await.map(drop),
            }
        };
        let lost = async {
            cut.until(|passed| passed.held_bytes > before).await;
            cut.cut();
        };
        let (ended, ()) = tokio::time::timeout(HANG, async { tokio::join!(work, lost) }).await.unwrap();
        let error = ended.unwrap_err();
        // Of a batch, what is held back here is its beginning.
        let expected = matches!(ends, "batch" | "query");
        assert_eq!((error.kind, error.retryable), (ErrorKind::Unavailable, expected), "{ends}: {error:?}");
        cut.pass();
        drop(transaction);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_and_passwords_have_to_be_right() {
    let server = new_postgres().await;
    let plain = postgres_options(&server, "postgres");
    let ca = server.folder.join("ca.pem");
    let local = json!({"url": format!("postgres://localhost:{}/postgres", server.port)});
    let verified = json!({"tls": {"ca": ca}});
    // The certificate is for `localhost`, and not for the address.
    for (options, works) in [
        (and(&and(&plain, &local), &verified), true),
        (and(&plain, &verified), false),
        (and(&plain, &json!({"tls": {"ca": ca, "mode": "verify-ca"}})), true),
        (and(&and(&plain, &local), &json!({"tls": {"mode": "verify-full"}})), false),
        (and(&plain, &json!({"tls": {"mode": "require"}})), true),
    ] {
        let outcome = Service::with(&options).access(&["query"]).query(&Statement::new("select 1")).await;
        assert_eq!(outcome.is_ok(), works, "{outcome:?}");
        if let Err(error) = outcome {
            assert_eq!((error.kind, error.retryable), (ErrorKind::Unavailable, false), "{error:?}");
            hides_secrets(&error);
        }
    }
    let encrypted = Statement::new("select ssl from pg_stat_ssl where pid = pg_backend_pid()");
    let access = Service::with(&and(&and(&plain, &local), &verified)).access(&["*"]);
    assert_eq!(one(&access, encrypted).await, caisson_sql::Value::Scalar(Scalar::Boolean(true)));
    // Sessions live on when the password changes; new ones are refused until the definition says the new one.
    let old = Service::with(&and(&plain, &json!({"pool": {"max": 2}})));
    let held = old.access(&["*"]);
    let transaction = held.begin(TransactionOptions::default()).await.unwrap();
    execute(&held, "alter role app password 'rotated'").await;
    transaction.query(&Statement::new("select 1")).await.unwrap();
    let error = held.query(&Statement::new("select 1")).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Unauthenticated, false), "{error:?}");
    hides_secrets(&error);
    let new = Service::with(&and(&plain, &json!({"password": "rotated"})));
    one(&new.access(&["query"]), Statement::new("select 1")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lies_or_says_nothing_is_an_error_and_no_hang() {
    for bytes in [
        &b""[..],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"R\xff\xff\xff\xff\0\0\0\0",
        b"R\0\0\0\x08\0\0\0\x00Z\0\0\0\x04",
        &[0; 64],
        &[255; 64],
    ] {
        for scheme in ["postgres", "mysql"] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let liar = tokio::spawn(async move {
                loop {
                    let (mut socket, _) = listener.accept().await.unwrap();
                    socket.write_all(bytes).await.unwrap();
                    let mut rest = [0; 1_024];
                    while socket.read(&mut rest).await.is_ok_and(|count| count > 0) {
                        drop(socket.write_all(bytes).await);
                    }
                }
            });
            let options = json!({"url": format!("{scheme}://app:s3cret-word-of-app@127.0.0.1:{port}/x"), "tls": {"mode": "disable"}, "pool": {"acquire_secs": 0.5}});
            let access = Service::with(&options).access(&["*"]);
            let outcome =
                tokio::time::timeout(HANG, access.query(&Statement::new("select 1"))).await.unwrap();
            let error = outcome.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unavailable, "{scheme} {bytes:?}: {error:?}");
            hides_secrets(&error);
            liar.abort();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_shows_a_secret_and_wrong_options_are_told() {
    use caisson_capability::{Capability as _, Options, Setup};
    let port = free_port();
    let options = json!({"url": format!("postgres://app:s3cret-word-of-app@127.0.0.1:{port}/x")});
    let config: caisson_sql::Config = serde_json::from_value(options.clone()).unwrap();
    assert!(!format!("{config:?}").contains("s3cret-word-of-app"));
    let service = Service::with(&options);
    let access = service.access(&["*"]);
    assert!(!format!("{access:?} {:?}", service.live()).contains("s3cret-word-of-app"));
    hides_secrets(&access.query(&Statement::new("select 1")).await.unwrap_err());
    let setup = Setup { name: "db".into(), timeout: HANG };
    for (options, place) in [
        (json!({"url": "oracle://s3cret-word-of-app@x/y"}), "url"),
        (json!({"url": "postgres://s3cret-word-of-app:x/y:z@/"}), "url"),
        (json!({"url": "postgres://host/db"}), "username"),
        (json!({"url": "postgres://a:s3cret-word-of-app@host/db?sslmode=disable"}), "url"),
        (
            json!({"url": "postgres://a:s3cret-word-of-app@host/db", "password": "s3cret-word-of-app"}),
            "password",
        ),
        (json!({"url": "sqlite::memory:"}), "url"),
        (json!({"url": "sqlite://x?mode=s3cret-word-of-app"}), "url"),
        (json!({"url": "sqlite://x", "pool": {"min": 20}}), "pool/min"),
    ] {
        let problems = caisson_sql::Sql
            .connection(&setup, &Options::new(options.as_object().unwrap().clone()))
            .err()
            .unwrap();
        assert_eq!(problems[0].place, place, "{problems:?}");
        assert!(!format!("{problems:?}").contains("s3cret-word-of-app"), "{problems:?}");
    }
}
