//! Consuming.

use super::broker::{Broker, shared};
use super::publish::count;
use super::{Room, bare, for_broker, fresh, options, queue, soon, to};
use caisson_amqp::Amqp;
use caisson_amqp::host::{Header, Message, Properties};
use caisson_capability::{
    BoxFuture, Capability as _, ChannelInfo, Error, ErrorKind, Intake, Invocation, Invoker, Response,
    Settlement,
};
use lapin::options::{BasicGetOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What a service does with a message.
pub(crate) type Does = Box<dyn Fn(Invocation) -> BoxFuture<'static, Result<Response, Error>> + Send + Sync>;

/// A service that shows what it is given.
pub(crate) struct Service {
    seen: mpsc::Sender<Invocation>,
    does: Does,
}

impl Invoker for Service {
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Response, Error>> {
        // The test may have seen enough.
        drop(self.seen.try_send(invocation.clone()));
        (self.does)(invocation)
    }
}

/// A consumer at work.
pub(crate) struct Running {
    pub(crate) seen: mpsc::Receiver<Invocation>,
    pub(crate) stop: CancellationToken,
    pub(crate) run: JoinHandle<Result<(), Error>>,
    ready: Arc<Notify>,
    _service: Arc<Service>,
}

impl Running {
    pub(crate) async fn ready(&self) {
        soon("the subscription", self.ready.notified()).await;
    }

    pub(crate) async fn next(&mut self) -> Invocation {
        soon("a message", self.seen.recv()).await.unwrap()
    }

    pub(crate) async fn end(self) -> Result<(), Error> {
        self.stop.cancel();
        soon("the end", self.run).await.unwrap()
    }
}

pub(crate) fn consume(room: &Room, value: Value, does: Does) -> Running {
    let (tell, seen) = mpsc::channel(100_000);
    let service = Arc::new(Service { seen: tell, does });
    let invoker: Arc<dyn Invoker> = Arc::clone(&service) as Arc<dyn Invoker>;
    let intake = Intake {
        invoker: Arc::downgrade(&invoker),
        channel: ChannelInfo::plain("amqp"),
        service: "shop.take".into(),
        timeout: Duration::from_secs(60),
    };
    let mut consumer = Amqp.consumer(&room.connection(), &options(value), intake).unwrap();
    let (stop, ready) = (CancellationToken::new(), Arc::new(Notify::new()));
    let (until, tell) = (stop.clone(), Arc::clone(&ready));
    let run = tokio::spawn(async move { consumer.run(until, &move || tell.notify_one()).await });
    Running { seen, stop, run, ready, _service: service }
}

pub(crate) fn answers(
    answer: impl Fn(&Invocation) -> Result<Option<Settlement>, Error> + Send + Sync + 'static,
) -> Does {
    Box::new(move |invocation| {
        let answer = answer(&invocation);
        Box::pin(async move { answer.map(|settlement| Response { settlement, ..Response::default() }) })
    })
}

async fn started(more: &Value) -> (&'static Broker, String, Room) {
    let (broker, name) = (shared().await, fresh("in"));
    let mut declare = queue(&name);
    declare.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    (broker, name, Room::new(for_broker(broker, &declare)))
}

fn body(invocation: &Invocation) -> String {
    String::from_utf8(invocation.request.body.to_vec()).unwrap()
}

#[tokio::test]
async fn a_service_is_told_what_is_known_of_a_message() {
    let (_, name, room) = started(&json!({})).await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let cid = "0123456789abcdefghjkmnpq";
    let properties = Properties {
        content_type: Some("text/plain".into()),
        message_id: Some("m-1".into()),
        correlation_id: Some(cid.into()),
        reply_to: Some("answers".into()),
        priority: Some(1),
        headers: vec![("traceparent".into(), Header::Text(parent.into())), ("n".into(), Header::Int(5))],
        ..bare()
    };
    let strange = Properties {
        correlation_id: Some("no id of ours".into()),
        headers: vec![("traceparent".into(), Header::Text("x".into()))],
        ..bare()
    };
    let mut running = consume(&room, json!({"queue": name, "concurrency": 1}), answers(|_| Ok(None)));
    room.publish(vec![
        Message { properties, ..to(&name, "hello") },
        Message { properties: strange, ..to(&name, "") },
    ])
    .await
    .unwrap();
    let first = running.next().await;
    let message = first.request.message.as_ref().unwrap();
    assert_eq!((body(&first).as_str(), first.cid.as_str(), first.attempt), ("hello", cid, 1));
    assert_eq!(first.trace.traceparent.as_deref(), Some(parent));
    assert_eq!(first.request.content_type.as_deref(), Some("text/plain"));
    assert_eq!(
        (message.source.as_str(), message.id.as_deref(), message.key.as_deref()),
        (name.as_str(), Some("m-1"), Some(name.as_str()))
    );
    assert!(!message.redelivered && message.headers.contains(&("n".into(), "5".into())));
    for (name, value) in
        [("correlation-id", cid), ("reply-to", "answers"), ("priority", "1"), ("exchange", "")]
    {
        assert!(message.properties.contains(&(name.to_owned(), value.to_owned())), "{name}");
    }
    let second = running.next().await;
    assert_ne!(second.cid.as_str(), "no id of ours");
    assert_eq!(second.trace.traceparent, None);
    running.end().await.unwrap();
    assert_eq!(count(&name).await, 0);
}

#[tokio::test]
async fn a_message_that_fails_waits_on_the_broker_and_becomes_a_dead_letter_without_holding_the_others() {
    let (broker, name, room) = started(&json!({})).await;
    let dead = fresh("dead");
    room.change(for_broker(broker, &json!({"declare": {"queues": [{"name": name}, {"name": dead}]}})));
    let channel = json!({"queue": name, "prefetch": 1, "retry": {"delay_ms": 50, "max_deliveries": 3}, "dead_letter": {"routing_key": dead}});
    let mut running = consume(
        &room,
        channel,
        answers(|invocation| {
            if invocation.request.body == "poison" { Ok(Some(Settlement::Retry(None))) } else { Ok(None) }
        }),
    );
    let poison = Message {
        properties: Properties {
            user_id: Some("app".into()),
            expiration_ms: Some(600_000),
            message_id: Some("p".into()),
            ..bare()
        },
        ..to(&name, "poison")
    };
    room.publish(vec![poison, to(&name, "good"), to(&name, "good")]).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 5 {
        let next = running.next().await;
        assert_eq!(next.request.message.as_ref().unwrap().key.as_deref(), Some(name.as_str()));
        seen.push((body(&next), next.attempt));
    }
    let poisons: Vec<_> =
        seen.iter().filter(|(body, _)| body == "poison").map(|(_, attempt)| *attempt).collect();
    assert_eq!(poisons, [1, 2, 3]);
    running.end().await.unwrap();
    assert_eq!(count(&name).await, 0);
    let letter = broker
        .look()
        .await
        .basic_get(dead.as_str().into(), BasicGetOptions { no_ack: true })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (letter.data.as_slice(), letter.properties.message_id().as_ref().unwrap().as_str()),
        (b"poison".as_slice(), "p")
    );
    let headers = letter.properties.headers().as_ref().unwrap().inner();
    for (header, value) in
        [("x-caisson-reason", "max-deliveries"), ("x-caisson-queue", &name), ("x-caisson-routing-key", &name)]
    {
        assert_eq!(headers[header].as_long_string().unwrap().to_string(), value, "{header}");
    }
    assert_eq!(headers["x-caisson-attempt"].as_long_long_int(), Some(3));
}

#[tokio::test]
async fn what_is_rejected_goes_where_the_queue_says_and_what_is_too_large_as_well() {
    let (broker, name, room) = started(&json!({})).await;
    let dead = fresh("dead");
    let declare = json!({"message_bytes": 10, "declare": {"queues": [{"name": dead}, {"name": fresh("dlx"), "dead_letter": {"routing_key": dead}}]}});
    let source = declare["declare"]["queues"][1]["name"].as_str().unwrap().to_owned();
    room.publish(vec![to(&name, "first")]).await.unwrap();
    let small = Room::new(for_broker(broker, &declare));
    small.publish(vec![to(&source, "no")]).await.unwrap();
    room.publish(vec![to(&source, "far too large a message")]).await.unwrap();
    // An error that will not pass is a rejection.
    let refused = |_: &Invocation| Err(Error::new(ErrorKind::InvalidInput, "no"));
    let mut running = consume(&small, json!({"queue": source, "concurrency": 1}), answers(refused));
    assert_eq!(body(&running.next().await), "no");
    soon("both", async { while count(&dead).await < 2 {} }).await;
    running.end().await.unwrap();
}

#[tokio::test]
async fn without_retry_options_a_message_goes_back_into_the_queue_and_is_marked() {
    let (_, name, room) = started(&json!({})).await;
    let mut running = consume(
        &room,
        json!({"queue": name}),
        answers(|invocation| {
            if invocation.attempt == 1 {
                Ok(Some(Settlement::Retry(Some(Duration::from_millis(5)))))
            } else {
                Ok(None)
            }
        }),
    );
    room.publish(vec![to(&name, "x")]).await.unwrap();
    assert_eq!(running.next().await.attempt, 1);
    let again = running.next().await;
    assert!(again.attempt == 2 && again.request.message.unwrap().redelivered);
    running.end().await.unwrap();
    assert_eq!(count(&name).await, 0);
}

#[tokio::test]
async fn the_count_of_a_quorum_queue_is_taken_over() {
    let broker = shared().await;
    let name = fresh("quorum");
    let declare = json!({"declare": {"queues": [{"name": name, "arguments": {"x-queue-type": "quorum"}}]}});
    let room = Room::new(for_broker(broker, &declare));
    let mut running = consume(
        &room,
        json!({"queue": name}),
        answers(
            |invocation| {
                if invocation.attempt < 4 { Ok(Some(Settlement::Retry(None))) } else { Ok(None) }
            },
        ),
    );
    room.publish(vec![to(&name, "x")]).await.unwrap();
    for attempt in 1..=4 {
        assert_eq!(running.next().await.attempt, attempt);
    }
    running.end().await.unwrap();
}

#[tokio::test]
async fn on_receipt_a_message_is_gone_before_the_service_is_called() {
    let (_, name, room) = started(&json!({})).await;
    let mut running = consume(
        &room,
        json!({"queue": name, "ack": "on-receipt"}),
        answers(|_| Ok(Some(Settlement::Retry(None)))),
    );
    room.publish(vec![to(&name, "once"), to(&name, "last")]).await.unwrap();
    let mut seen = [body(&running.next().await), body(&running.next().await)];
    seen.sort();
    assert_eq!(seen, ["last", "once"]);
    running.end().await.unwrap();
    assert_eq!(count(&name).await, 0);
}

#[tokio::test]
async fn a_missing_queue_and_another_declaration_are_told() {
    let (broker, name, room) = started(&json!({})).await;
    room.publish(vec![to(&name, "it is there now")]).await.unwrap();
    let missing = fresh("missing");
    let running = consume(&room, json!({"queue": missing}), answers(|_| Ok(None)));
    let error = soon("the error", running.run).await.unwrap().unwrap_err();
    assert!(error.kind == ErrorKind::NotFound && error.message.contains(&missing), "{error}");
    let other =
        Room::new(for_broker(broker, &json!({"declare": {"queues": [{"name": name, "durable": false}]}})));
    let error = other.publish(vec![to(&name, "x")]).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Conflict, Some("406")));
    assert!(error.message.contains("durable") && error.message.contains(&name), "{error}");
}

#[tokio::test]
async fn a_deleted_queue_ends_the_consumer_with_an_error() {
    let (broker, name, room) = started(&json!({})).await;
    let running = consume(&room, json!({"queue": name}), answers(|_| Ok(None)));
    running.ready().await;
    broker.look().await.queue_delete(name.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    let error = soon("the error", running.run).await.unwrap().unwrap_err();
    assert!(error.retryable && error.message.contains("cancelled"), "{error}");
}

/// A service that answers when it is let to.
fn waits(gate: &Arc<Notify>) -> Does {
    let gate = Arc::clone(gate);
    Box::new(move |_| {
        let gate = Arc::clone(&gate);
        Box::pin(async move {
            gate.notified().await;
            Ok(Response::default())
        })
    })
}

#[tokio::test]
async fn stopping_waits_for_what_is_under_way_and_gives_the_rest_back() {
    let (_, name, room) = started(&json!({})).await;
    let gate = Arc::new(Notify::new());
    let mut running = consume(&room, json!({"queue": name, "concurrency": 1}), waits(&gate));
    room.publish(vec![to(&name, "1"), to(&name, "2"), to(&name, "3")]).await.unwrap();
    running.next().await;
    running.stop.cancel();
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let look = shared().await.look().await;
    soon("the end of the subscription", async {
        let seen = || look.queue_declare(name.as_str().into(), passive, FieldTable::default());
        while seen().await.unwrap().consumer_count() > 0 {}
    })
    .await;
    // Only now, when nothing new comes in, does the service answer.
    gate.notify_one();
    running.end().await.unwrap();
    assert_eq!(count(&name).await, 2);
}

#[tokio::test]
async fn dropping_a_consumer_gives_its_messages_back() {
    let (_, name, room) = started(&json!({})).await;
    let mut running = consume(&room, json!({"queue": name}), waits(&Arc::default()));
    room.publish(vec![to(&name, "x")]).await.unwrap();
    running.next().await;
    running.run.abort();
    let mut next = consume(&room, json!({"queue": name}), answers(|_| Ok(None)));
    let again = next.next().await;
    assert!(again.request.message.unwrap().redelivered);
    next.end().await.unwrap();
    assert_eq!(count(&name).await, 0);
}

#[tokio::test]
async fn a_service_that_is_slower_than_the_heartbeat_loses_nothing() {
    let (broker, name, _) = started(&json!({})).await;
    let mut options = for_broker(broker, &queue(&name));
    options["heartbeat_secs"] = 1.into();
    let room = Room::new(options);
    let slow: Does = Box::new(|_| {
        Box::pin(async {
            // Three heartbeats: this is what is tested, not a wait for something.
            tokio::time::sleep(Duration::from_secs(3)).await;
            Ok(Response::default())
        })
    });
    let mut running = consume(&room, json!({"queue": name}), slow);
    room.publish(vec![to(&name, "x")]).await.unwrap();
    running.next().await;
    running.end().await.unwrap();
    assert_eq!(count(&name).await, 0);
}
