//! Publishing.

use super::broker::shared;
use super::{Room, bare, for_broker, fresh, queue, soon, to};
use caisson_amqp::host::{Header, Message, Properties};
use caisson_capability::{ErrorKind, Fault, Policy};
use lapin::options::{BasicGetOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use serde_json::json;

#[tokio::test]
async fn what_is_published_arrives_with_all_that_was_said_of_it() {
    let (broker, name) = (shared().await, fresh("all"));
    let room = Room::new(for_broker(broker, &queue(&name)));
    let text = |text: &str| Some(text.to_owned());
    let properties = Properties {
        content_type: text("application/json"),
        content_encoding: text("identity"),
        headers: vec![
            ("a".into(), Header::Text("é".into())),
            ("b".into(), Header::Int(-7)),
            ("c".into(), Header::Bytes(vec![0, 255])),
            ("d".into(), Header::Null),
            ("e".into(), Header::Boolean(true)),
            ("f".into(), Header::Double(0.5)),
            ("g".into(), Header::Timestamp(9)),
        ],
        persistent: None,
        priority: Some(3),
        correlation_id: text("c-1"),
        reply_to: text("answers"),
        expiration_ms: Some(600_000),
        message_id: text("m-1"),
        timestamp: Some(1_700_000_000),
        message_type: text("order"),
        user_id: text("app"),
        app_id: text("shop"),
    };
    room.publish(vec![Message { properties, ..to(&name, "{}") }]).await.unwrap();
    let got = broker
        .look()
        .await
        .basic_get(name.as_str().into(), BasicGetOptions::default())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(got.data, b"{}");
    let it = &got.properties;
    let texts = [
        it.content_type(),
        it.content_encoding(),
        it.correlation_id(),
        it.reply_to(),
        it.expiration(),
        it.message_id(),
        it.kind(),
        it.user_id(),
        it.app_id(),
    ];
    let texts: Vec<_> = texts.into_iter().map(|text| text.as_ref().unwrap().to_string()).collect();
    assert_eq!(
        texts,
        ["application/json", "identity", "c-1", "answers", "600000", "m-1", "order", "app", "shop"]
    );
    assert_eq!(
        (*it.priority(), *it.timestamp(), *it.delivery_mode()),
        (Some(3), Some(1_700_000_000), Some(2))
    );
    let headers = it.headers().as_ref().unwrap().inner();
    let expected = [
        ("a", AMQPValue::LongString("é".into())),
        ("b", AMQPValue::LongLongInt(-7)),
        ("c", AMQPValue::ByteArray(vec![0, 255].into())),
        ("d", AMQPValue::Void),
        ("e", AMQPValue::Boolean(true)),
        ("f", AMQPValue::Double(0.5)),
        ("g", AMQPValue::Timestamp(9)),
    ];
    for (name, value) in expected {
        assert_eq!(headers[name], value, "{name}");
    }
}

#[tokio::test]
async fn what_the_broker_refuses_is_an_error_of_its_kind_and_the_connection_goes_on() {
    let (broker, name) = (shared().await, fresh("refused"));
    let full = fresh("full");
    let declare = json!({"declare": {"queues": [
        {"name": name},
        {"name": full, "arguments": {"x-max-length": 1, "x-overflow": "reject-publish"}},
    ]}});
    let room = Room::new(for_broker(broker, &declare));
    room.publish(vec![to(&full, "first")]).await.unwrap();
    let nowhere = Message { exchange: "no such exchange".into(), ..to(&name, "x") };
    let unread =
        Message { properties: Properties { user_id: Some("somebody".into()), ..bare() }, ..to(&name, "x") };
    for (message, kind, code) in [
        (to("no such queue", "x"), ErrorKind::NotFound, "312"),
        (nowhere, ErrorKind::NotFound, "404"),
        (to(&full, "second"), ErrorKind::Unavailable, "nack"),
        (unread, ErrorKind::Conflict, "406"),
    ] {
        let error = room.publish(vec![message]).await.unwrap_err();
        assert_eq!(
            (error.kind, error.code.as_deref(), error.fault),
            (kind, Some(code), Fault::Remote),
            "{error}"
        );
        assert_eq!(error.retryable, code == "nack");
        room.publish(vec![to(&name, "after it")]).await.unwrap();
    }
    // A message that is not mandatory and that nobody takes is no error.
    room.publish(vec![Message { mandatory: false, ..to("no such queue", "x") }]).await.unwrap();
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_goes_out() {
    let (broker, name) = (shared().await, fresh("limits"));
    let mut options = for_broker(broker, &queue(&name));
    options["message_bytes"] = 10.into();
    let room = Room::new(options);
    let long = "x".repeat(256);
    let header = |name: &str, value: Header| Properties { headers: vec![(name.to_owned(), value)], ..bare() };
    let key = Message { routing_key: long.clone(), ..to(&name, "") };
    let id = Message { properties: Properties { message_id: Some(long.clone()), ..bare() }, ..to(&name, "") };
    let named = Message { properties: header(&long, Header::Null), ..to(&name, "") };
    let heavy = Message { properties: header("x", Header::Bytes(vec![0; 200_000])), ..to(&name, "") };
    for (message, kind, part) in [
        (to(&name, "12345678901"), ErrorKind::QuotaExceeded, "message_bytes"),
        (key, ErrorKind::InvalidInput, "routing-key"),
        (id, ErrorKind::InvalidInput, "message-id"),
        (named, ErrorKind::InvalidInput, "name of a header"),
        (heavy, ErrorKind::InvalidInput, "headers"),
    ] {
        let error = room.publish(vec![to(&name, "fine"), message]).await.unwrap_err();
        assert_eq!((error.kind, error.fault), (kind, Fault::Service), "{error}");
        assert!(error.message.contains(part), "{error}");
    }
    room.publish(vec![to(&name, "1234567890")]).await.unwrap();
    assert_eq!(count(&name).await, 1);
}

#[tokio::test]
async fn grants_say_which_exchanges_and_routing_keys() {
    let (broker, eu, us) = (shared().await, fresh("eu.x"), fresh("us.x"));
    let declare = json!({"declare": {"queues": [{"name": eu}, {"name": us}]}});
    let only = json!({"exchanges": ["", "orders*"], "routing_keys": ["eu.*"]});
    let room = Room::with(for_broker(broker, &declare), only, Policy::default());
    room.publish(vec![to(&eu, "x")]).await.unwrap();
    let other = Message { exchange: "billing".into(), ..to(&eu, "x") };
    for (message, part) in [(to(&us, "x"), us.as_str()), (other, "exchanges: [\"billing\"]")] {
        let error = room.publish(vec![to(&eu, "not sent either"), message]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::AccessDenied);
        assert!(error.message.contains(part), "{error}");
    }
    let error = caisson_amqp::host::publish(room.lease("billing.x"), vec![to(&eu, "x")]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AccessDenied);
    assert_eq!(count(&eu).await, 1);
}

#[tokio::test]
async fn many_messages_go_out_in_their_order_and_an_error_counts_the_confirmed() {
    let (broker, name) = (shared().await, fresh("many"));
    let room = Room::new(for_broker(broker, &queue(&name)));
    room.publish((0..500).map(|number| to(&name, &number.to_string())).collect()).await.unwrap();
    let look = broker.look().await;
    for number in 0..500 {
        let got =
            look.basic_get(name.as_str().into(), BasicGetOptions { no_ack: true }).await.unwrap().unwrap();
        assert_eq!(got.delivery.data, number.to_string().as_bytes());
    }
    let error =
        room.publish(vec![to(&name, "1"), to("no such queue", "2"), to(&name, "3")]).await.unwrap_err();
    assert!(error.message.contains("of 3 messages"), "{error}");
    assert!(!error.retryable);
}

#[tokio::test]
async fn calls_beyond_the_channels_wait_their_turn_and_all_are_done() {
    let (broker, name) = (shared().await, fresh("turns"));
    let mut options = for_broker(broker, &queue(&name));
    options["channels"] = json!({"max": 2});
    let room = std::sync::Arc::new(Room::new(options));
    let calls = (0..50).map(|number| {
        let (room, message) = (std::sync::Arc::clone(&room), to(&name, &number.to_string()));
        tokio::spawn(async move { room.publish(vec![message]).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(count(&name).await, 50);
}

#[tokio::test]
async fn a_connection_that_is_replaced_under_load_loses_no_call() {
    let (broker, name) = (shared().await, fresh("replaced"));
    let options = for_broker(broker, &queue(&name));
    let room = std::sync::Arc::new(Room::new(options.clone()));
    let sending = (0..4).map(|_| {
        let (room, name) = (std::sync::Arc::clone(&room), name.clone());
        tokio::spawn(async move {
            for number in 0..50 {
                room.publish(vec![to(&name, &number.to_string())]).await.unwrap();
            }
        })
    });
    let sending: Vec<_> = sending.collect();
    let old = room.connection();
    for _ in 0..3 {
        room.publish(vec![to(&name, "between")]).await.unwrap();
        room.change(options.clone());
    }
    for call in sending {
        soon("its end", call).await.unwrap();
    }
    assert_eq!(count(&name).await, 203);
    // The last lease of the first one has gone: it was closed then, and takes no call any more.
    soon("the close", async {
        while old.ping().await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// How many messages are in a queue.
pub(crate) async fn count(name: &str) -> u32 {
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let look = shared().await.look().await;
    look.queue_declare(name.into(), passive, FieldTable::default()).await.unwrap().message_count()
}
