//! Messages that come in.

use crate::harness::{HANG, Server, bytes, connection, eventually};
use caisson_capability::Options;
use caisson_capability::{
    BoxFuture, Capability as _, ChannelInfo, Consumer, Error, ErrorKind, Intake, Invocation, Invoker,
    Problem, Response, Settlement,
};
use caisson_redis::Redis;
use caisson_redis::client::wire::Part;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

type Answer = Box<dyn Fn(&Invocation) -> Result<Option<Settlement>, Error> + Send + Sync>;

/// A service of ours, which remembers what it was given.
pub(crate) struct Service {
    seen: Mutex<Vec<Invocation>>,
    running: Mutex<(usize, usize)>,
    answer: Answer,
}

impl Service {
    fn new(
        answer: impl Fn(&Invocation) -> Result<Option<Settlement>, Error> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { seen: Mutex::default(), running: Mutex::default(), answer: Box::new(answer) })
    }

    fn bodies(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|one| String::from_utf8_lossy(&one.request.body).into_owned()).collect()
    }

    fn attempts(&self) -> Vec<u32> {
        self.seen.lock().unwrap().iter().map(|one| one.attempt).collect()
    }
}

impl Invoker for Service {
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Response, Error>> {
        Box::pin(async move {
            {
                let mut running = self.running.lock().unwrap();
                running.0 += 1;
                running.1 = running.1.max(running.0);
            }
            tokio::task::yield_now().await;
            self.running.lock().unwrap().0 -= 1;
            let answer = (self.answer)(&invocation);
            self.seen.lock().unwrap().push(invocation);
            answer.map(|settlement| Response { status: 200, settlement, ..Response::default() })
        })
    }
}

fn made(url: &str, options: Value, service: &Arc<Service>) -> Result<Box<dyn Consumer>, Vec<Problem>> {
    let invoker: Arc<dyn Invoker> = Arc::<Service>::clone(service);
    let intake = Intake {
        invoker: Arc::downgrade(&invoker),
        channel: ChannelInfo::plain("redis"),
        service: "crm.hear".into(),
        timeout: Duration::from_secs(2),
    };
    let connection = connection(json!({"url": url}))?;
    Redis.consumer(&connection, &Options::new(options.as_object().unwrap().clone()), intake)
}

pub(crate) fn consumer(url: &str, options: Value) -> Result<Box<dyn Consumer>, Vec<Problem>> {
    made(url, options, &Service::new(|_| Ok(None)))
}

/// A consumer that runs, and is made again when it is lost, as the host does it.
struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

async fn run(url: &str, options: Value, service: &Arc<Service>) -> Running {
    let stop = CancellationToken::new();
    let (tell, mut told) = tokio::sync::mpsc::channel(1);
    let (url, service, stopped) = (url.to_owned(), Arc::clone(service), stop.clone());
    let task = tokio::spawn(async move {
        while !stopped.is_cancelled() {
            let mut consumer =
                made(&url, options.clone(), &service).unwrap_or_else(|problems| panic!("{problems:?}"));
            let ready = || {
                tell.try_send(()).ok();
            };
            if consumer.run(stopped.clone(), &ready).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
    tokio::time::timeout(HANG, told.recv()).await.unwrap().unwrap();
    Running { stop, task }
}

impl Running {
    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(HANG, self.task).await.expect("it does not stop").unwrap();
    }
}

fn passing() -> Error {
    Error::new(ErrorKind::Unavailable, "later").retry_after(Duration::from_millis(50))
}

#[tokio::test]
async fn what_is_published_comes_in_once_whatever_becomes_of_it() {
    let server = Server::start(&[]).await;
    for (options, pattern) in [
        (json!({"subscribe": ["news:1", "news:2"]}), None),
        (json!({"patterns": ["news:*"]}), Some("news:*")),
    ] {
        let service = Service::new(|_| Err(passing()));
        let running = run(&server.url(), options, &service).await;
        server.ask("PUBLISH news:1 a").await;
        server.ask("PUBLISH other x").await;
        server.ask("PUBLISH news:2 b").await;
        eventually("both came", async || (service.bodies().len() == 2).then_some(())).await;
        running.end().await;
        let seen = service.seen.lock().unwrap();
        let mut sources: Vec<String> =
            seen.iter().map(|one| one.request.message.as_ref().unwrap().source.clone()).collect();
        sources.sort();
        assert_eq!(sources, ["news:1", "news:2"]);
        let properties = &seen[0].request.message.as_ref().unwrap().properties;
        assert_eq!(properties.first().map(|(_, value)| value.as_str()), pattern);
    }
}

#[tokio::test]
async fn a_subscription_that_is_cut_off_says_so() {
    let mut server = Server::start(&[]).await;
    let mut consumer = consumer(&server.url(), json!({"subscribe": ["a"]})).unwrap();
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = Mutex::new(Some(tell));
    let ready = || {
        tell.lock().unwrap().take().map(|tell| tell.send(()));
    };
    let stop = CancellationToken::new();
    let (outcome, ()) = tokio::join!(consumer.run(stop, &ready), async {
        told.await.unwrap();
        server.kill().await;
    });
    assert_eq!(outcome.unwrap_err().kind, ErrorKind::Unavailable);
}

fn stream(more: Value) -> Value {
    let mut stream = json!({"key": "s", "group": "g", "consumer": "c", "claim_idle_secs": 3, "from": "all"});
    stream.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"stream": stream, "concurrency": 3})
}

#[tokio::test]
async fn entries_are_acknowledged_repeated_or_put_among_the_dead_letters() {
    let server = Server::start(&[]).await;
    server.ask("XADD s * data good").await;
    server.ask("XADD s * a 1 b 2").await;
    let service = Service::new(|invocation| match &invocation.request.body[..] {
        b"again" if invocation.attempt < 3 => Ok(Some(Settlement::Retry(Some(Duration::from_millis(20))))),
        b"never" => Err(passing()),
        b"bad" => Err(Error::new(ErrorKind::InvalidInput, "no")),
        _ => Ok(None),
    });
    let running =
        run(&server.url(), stream(json!({"dead_letter": "dead", "max_deliveries": 4})), &service).await;
    for body in ["again", "never", "bad"] {
        server.ask(&format!("XADD s * data {body}")).await;
    }
    eventually("all are settled", async || {
        let none = server.ask("XPENDING s g").await.get(1) == Some(&Part::Int(0));
        (none && service.bodies().len() == 10).then_some(())
    })
    .await;
    running.end().await;
    let mut count = HashMap::new();
    for (body, attempt) in service.bodies().into_iter().zip(service.attempts()) {
        count.entry(body).or_insert_with(Vec::new).push(attempt);
    }
    assert_eq!(count["again"], [1, 2, 3]);
    assert_eq!(count["never"], [1, 2, 3, 4]);
    assert_eq!(count["bad"], [1]);
    assert_eq!(count[r#"{"a":"1","b":"2"}"#], [1]);
    assert!(service.running.lock().unwrap().1 <= 3, "no more at once than `concurrency`");
    let dead = server.ask("XRANGE dead - +").await;
    assert_eq!(dead.iter().filter(|part| **part == bytes("caisson-id")).count(), 2);
    assert!(dead.contains(&bytes("never")) && dead.contains(&bytes("bad")));
}

#[tokio::test]
async fn what_a_server_that_is_gone_had_fetched_is_taken_over() {
    let server = Server::start(&[]).await;
    server.ask("XADD s * data x").await;
    server.ask("XGROUP CREATE s g 0").await;
    server.ask("XREADGROUP GROUP g gone STREAMS s >").await;
    let service = Service::new(|_| Ok(None));
    let running = run(&server.url(), stream(json!({})), &service).await;
    eventually("it was taken over", async || (service.attempts() == [2]).then_some(())).await;
    eventually("it is settled", async || {
        (server.ask("XPENDING s g").await.get(1) == Some(&Part::Int(0))).then_some(())
    })
    .await;
    running.end().await;
}

#[tokio::test]
async fn a_thousand_entries_are_all_handled_though_the_server_is_killed_in_between() {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]).await;
    let door = crate::harness::Door::of(json!({"url": server.url()}));
    let adds: Vec<String> = (0..1_000).map(|number| format!("XADD s * data {number}")).collect();
    let adds: Vec<&str> = adds.iter().map(String::as_str).collect();
    door.pipeline(&adds, false).await.unwrap();
    let service = Service::new(|_| Ok(None));
    let running = run(&server.url(), stream(json!({})), &service).await;
    eventually("half of them came", async || (service.bodies().len() >= 400).then_some(())).await;
    server.kill().await;
    server.start_again().await;
    eventually("all came and are settled", async || {
        let mut all = service.bodies();
        all.sort();
        all.dedup();
        (all.len() == 1_000 && server.ask("XPENDING s g").await.get(1) == Some(&Part::Int(0))).then_some(())
    })
    .await;
    running.end().await;
}
