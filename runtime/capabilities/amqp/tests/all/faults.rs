//! Brokers that refuse, that are none, and that are away.

use super::broker::{PASSWORD, free_port, shared};
use super::{Room, for_broker, fresh, made, queue, soon, to};
use caisson_amqp::host;
use caisson_capability::{Error, ErrorKind, Policy};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

async fn ping(value: Value) -> Result<(), Error> {
    let connection = made(value).unwrap();
    let outcome = soon("an answer", connection.ping()).await;
    connection.close().await;
    outcome
}

fn shows_nothing(error: &Error) {
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("Geheim"), "{shown}");
    assert!(!error.message.contains("127.0.0.1") && !error.message.contains("localhost"), "{error}");
}

#[tokio::test]
async fn a_wrong_password_and_a_virtual_host_that_is_not_ours_are_told_apart() {
    let broker = shared().await;
    for (part, value, code) in [
        ("password", json!("Geheim-8"), "403"),
        ("username", json!("nobody"), "403"),
        ("url", json!(format!("{}/other", broker.url())), "530"),
    ] {
        let mut options = for_broker(broker, &json!({}));
        options[part] = value;
        let error = ping(options).await.unwrap_err();
        assert_eq!(
            (error.kind, error.code.as_deref(), error.retryable),
            (ErrorKind::AccessDenied, Some(code), false),
            "{error}"
        );
        shows_nothing(&error);
    }
    ping(for_broker(broker, &json!({}))).await.unwrap();
}

#[tokio::test]
async fn tls_needs_a_certificate_that_is_vouched_for_and_made_out_to_the_host() {
    let broker = shared().await;
    let at = |host: &str| format!("amqps://{host}:{}", broker.tls_port);
    let tls = |host: &str, tls: Value| json!({"url": at(host), "username": "app", "password": PASSWORD, "tls": tls});
    ping(tls("localhost", json!({"ca": broker.ca()}))).await.unwrap();
    for wrong in [tls("127.0.0.1", json!({"ca": broker.ca()})), tls("localhost", json!({}))] {
        let error = ping(wrong).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.message.contains("TLS"), "{error} {:?}", error.detail);
        shows_nothing(&error);
    }
    let error = ping(json!({"url": format!("amqp://127.0.0.1:{}", broker.tls_port)})).await.unwrap_err();
    shows_nothing(&error);
}

#[tokio::test]
async fn what_is_no_broker_is_an_error_and_not_a_wait() {
    for (answer, stays) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), true),
        (b"AMQP\x00\x01\x00\x00".as_slice(), false),
        (b"\xff".repeat(4096).leak(), true),
        (b"".as_slice(), false),
    ] {
        let listener = TcpListener::bind(("127.0.0.1", free_port())).await.unwrap();
        let address = listener.local_addr().unwrap();
        let other = tokio::spawn(async move {
            let mut kept = Vec::new();
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                socket.write_all(answer).await.unwrap();
                if stays {
                    kept.push(socket);
                }
            }
        });
        let policy = Policy { timeout_secs: 15.0, ..Policy::default() };
        let room = Room::with(json!({"url": format!("amqp://{address}")}), json!({}), policy);
        let error = room.publish(vec![to("q", "x")]).await.unwrap_err();
        assert!(
            matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Timeout),
            "{error} {:?}",
            error.detail
        );
        shows_nothing(&error);
        other.abort();
    }
}

#[tokio::test]
async fn a_silent_broker_is_left_at_the_deadline_and_its_socket_is_closed() {
    let listener = TcpListener::bind(("127.0.0.1", free_port())).await.unwrap();
    let address = listener.local_addr().unwrap();
    let policy = Policy { timeout_secs: 0.3, ..Policy::default() };
    let room =
        Room::with(json!({"url": format!("amqp://{address}"), "channels": {"max": 1}}), json!({}), policy);
    let second = host::publish(room.lease("shop.x"), vec![to("q", "x")]);
    let (first, second) = tokio::join!(room.publish(vec![to("q", "x")]), second);
    // The second one waited for the turn of the first.
    for error in [first.unwrap_err(), second.unwrap_err()] {
        assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    }
    let (mut socket, _) = soon("the connection", listener.accept()).await.unwrap();
    let mut seen = Vec::new();
    soon("the end of it", tokio::io::AsyncReadExt::read_to_end(&mut socket, &mut seen)).await.unwrap();
    assert!(seen.starts_with(b"AMQP"));
}

#[tokio::test]
async fn a_broker_that_is_away_is_told_and_so_is_one_that_does_not_exist() {
    for url in [format!("amqp://127.0.0.1:{}", free_port()), "amqp://no-such-host.invalid".to_owned()] {
        let error = ping(json!({"url": url})).await.unwrap_err();
        assert!(error.kind == ErrorKind::Unavailable && error.retryable, "{error}");
        shows_nothing(&error);
    }
}

#[tokio::test]
async fn an_operation_that_the_user_may_not_do_is_refused_without_the_users_name() {
    let (broker, name) = (shared().await, fresh("secret"));
    let user = fresh("limited");
    broker.control(&["add_user", &user, "Geheim-9"]).await;
    broker.control(&["set_permissions", &user, "^allowed", "^allowed", "^allowed"]).await;
    let mut options = for_broker(broker, &queue(&name));
    options["username"] = user.as_str().into();
    options["password"] = "Geheim-9".into();
    let error = Room::new(options).publish(vec![to(&name, "x")]).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::AccessDenied, Some("403")));
    assert!(!error.message.contains(&user), "{error}");
}
