//! Locks and caches of services in Rust, alone and beside services in Python.

use crate::harness::{Answer, Server, Setup, eventually, http1_client, post, rust_guest};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Whom the example `rate` asks, and who looks at what it keeps.
const RATES: &str = "
from caisson import LockTimeout, Service

class Rates(Service):
    name = 'rates'
    def handle(self):
        currency = self.request.payload['currency']
        self.logger.info('asked for %s', currency)
        try:
            self.lock('rate.' + currency, block=0).acquire()
            self.logger.info('nobody holds the lock')
        except LockTimeout:
            self.sleep(0.2)
        self.response.payload = {'currency': currency, 'rate': 1.5}

class Look(Service):
    name = 'look'
    def handle(self):
        cache = self.cache.builtin['rates']
        cache.set('USD', {'currency': 'USD', 'rate': 2})
        self.response.payload = cache.get('EUR')

class Mixed(Service):
    name = 'mixed'
    def handle(self):
        cache = self.cache.builtin['kept']
        seen = [cache.get('text'), cache.get('json'), list(cache.get('bytes')), cache.get('odd')]
        cache.set('tuple', (1, {'a': (2,)}))
        cache.set('text', 'gr\\u00fc\\u00df')
        cache.set('bytes', b'\\xfe')
        self.response.payload = seen
";

async fn rate(server: &Server, currency: &str) -> Answer {
    server.post("rate", json!({"currency": currency}).to_string()).await
}

/// What came of each step of the guest `keeper`.
async fn keep(server: &Server, steps: Value) -> Value {
    let answer = server.post("keeper", steps.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn hold(lock: &str, ttl_millis: u64, wait_millis: u64) -> Value {
    json!({"do": "hold", "lock": lock, "ttl_millis": ttl_millis, "wait_millis": wait_millis})
}

async fn is_free(server: &Server, lock: &str) -> bool {
    keep(server, json!([{"do": "try", "lock": lock}])).await == json!([true])
}

#[tokio::test]
async fn who_knows_is_asked_once_however_many_want_to_know() {
    let setup = Setup::new().file("rates.py", RATES).file("rate.wasm", rust_guest("rate"));
    let server = setup.argument("--shared-names").start().await;
    let mut calls = JoinSet::new();
    for _ in 0..12 {
        let (url, body) = (server.url("rate"), json!({"currency": "EUR"}).to_string());
        calls.spawn(async move { post(&http1_client(), &url, body).await.unwrap() });
    }
    for answer in calls.join_all().await {
        assert_eq!(answer.json(), json!({"currency": "EUR", "rate": 1.5}), "{}", answer.status);
    }
    // The lock of the one who asked was held meanwhile, for Python too.
    assert_eq!(server.logged("service=rates").await, "asked for EUR");

    // What Rust has kept, Python reads, and the other way round.
    assert_eq!(server.get("look").await.json(), json!({"currency": "EUR", "rate": 1.5}));
    assert_eq!(rate(&server, "USD").await.json(), json!({"currency": "USD", "rate": 2.0}));
    assert_eq!(server.logged("service=rates").await, "asked for EUR");
}

#[tokio::test]
async fn values_of_every_kind_are_exchanged_with_python() {
    let setup = Setup::new().file("rates.py", RATES).file("keeper.wasm", rust_guest("keeper"));
    let server = setup.argument("--shared-names").start().await;
    let odd = json!({"$": "tuple", "v": [1]});
    let steps = json!([
        {"do": "set", "key": "text", "value": "a \"text\""},
        {"do": "set", "key": "json", "value": {"a": [1, 2.5, null]}},
        {"do": "set-bytes", "key": "bytes", "value": [0, 255]},
        {"do": "set", "key": "odd", "value": odd},
    ]);
    keep(&server, steps).await;
    let seen = server.get("mixed").await.json();
    assert_eq!(seen, json!(["a \"text\"", {"a": [1, 2.5, null]}, [0, 255], odd]));
    let steps = json!([
        {"do": "get", "key": "tuple"},
        {"do": "get", "key": "text"},
        {"do": "get-bytes", "key": "bytes"},
        {"do": "get", "key": "bytes"},
    ]);
    let said = keep(&server, steps).await;
    assert_eq!(said, json!([[1, {"a": [2]}], "grüß", [254], "a value in a cache is not JSON"]));
}

#[tokio::test]
async fn a_cache_does_in_rust_what_it_does_in_python() {
    let setup = Setup::new().file("keeper.wasm", rust_guest("keeper"));
    let server = setup.file("other.wasm", rust_guest("keeper")).start().await;
    let get = |key: &str| json!({"do": "get", "key": key});
    let keys = |by: &str, text: &str| json!({"do": "keys", "by": by, "text": text});
    for number in 1..=3 {
        keep(&server, json!([{"do": "set", "key": format!("x.{number}"), "value": number}])).await;
    }
    for (step, said) in [
        (json!({"do": "add", "key": "x.1", "value": 9}), json!(false)),
        (json!({"do": "add", "key": "y.1", "value": 4}), json!(true)),
        (json!({"do": "replace", "key": "y.2", "value": 9}), json!(false)),
        (keys("all", ""), json!(["y.1", "x.3", "x.2", "x.1"])),
        (keys("keys", "x.1,none,y.1"), json!(["x.1", "y.1"])),
        (keys("prefix", "x."), json!(["x.3", "x.2", "x.1"])),
        (keys("suffix", ".1"), json!(["y.1", "x.1"])),
        (keys("contains", "y"), json!(["y.1"])),
        (keys("not-contains", "x"), json!(["y.1"])),
        (keys("contains-all", "x,2"), json!(["x.2"])),
        (keys("contains-any", "y,2"), json!(["y.1", "x.2"])),
        (keys("regex", "^x\\.[23]$"), json!(["x.3", "x.2"])),
        (json!({"do": "read", "by": "regex", "text": ".*1$"}), json!([["y.1", 4], ["x.1", 1]])),
        (json!({"do": "expire", "key": "none", "millis": 1}), json!(false)),
        (json!({"do": "expire", "key": "x.3", "millis": 600_000}), json!(true)),
        (json!({"do": "persist", "key": "x.3"}), json!(true)),
        (json!({"do": "take", "key": "x.3"}), json!(3)),
        (get("x.3"), Value::Null),
        (json!({"do": "delete", "by": "prefix", "text": "x."}), json!(2)),
        (json!({"do": "count"}), json!(1)),
        (json!({"do": "set-for", "key": "short", "value": 1, "millis": 1}), Value::Null),
    ] {
        assert_eq!(keep(&server, json!([step])).await, json!([said]), "{step}");
    }
    eventually("the short one has ended", async || {
        (keep(&server, json!([{"do": "count"}])).await == json!([1])).then_some(())
    })
    .await;
    for (step, says) in [
        (json!({"do": "set", "key": "", "value": 1}), "1 to 1024 bytes"),
        (json!({"do": "set", "key": "k", "value": "v".repeat(1 << 20)}), "at most 1048576 bytes"),
        (keys("regex", "(?<=a)b"), "linear time"),
    ] {
        let said = keep(&server, json!([step])).await;
        assert!(said[0].as_str().unwrap().contains(says), "{says:?}: {said}");
    }
    // Nobody shares names here.
    assert_eq!(server.post("other", json!([get("y.1")]).to_string()).await.json(), json!([null]));
}

#[tokio::test]
async fn a_guard_that_is_dropped_gives_its_lock_back_before_anything_else_goes_on() {
    let server = Server::with("keeper.wasm", rust_guest("keeper")).await;
    // Many times: whoever is too early is so now and then only.
    for _ in 0..50 {
        let steps = json!([
            hold("a", 600_000, 0), hold("a", 600_000, 0), {"do": "drop", "lock": "a"},
            {"do": "try", "lock": "a"}, hold("a", 600_000, 0), {"do": "release", "lock": "a"},
            {"do": "try", "lock": "a"}, hold("a", 600_000, 0),
        ]);
        let said = keep(&server, steps).await;
        assert!(said[1].as_str().unwrap().contains("it would wait for itself"), "{said}");
        let rest: Vec<_> = [0_usize, 2, 3, 4, 5, 6, 7].map(|step| said[step].clone()).into();
        // The last one is given back as the message is answered.
        assert_eq!(
            rest,
            [json!(true), Value::Null, json!(true), json!(true), json!(true), json!(true), json!(true)]
        );
    }
}

#[tokio::test]
async fn a_lock_in_rust_ends_with_its_time_or_with_its_request() {
    let server = Server::with("keeper.wasm", rust_guest("keeper")).await;
    let steps =
        json!([hold("late", 50, 0), {"do": "sleep", "millis": 300}, {"do": "release", "lock": "late"}]);
    assert_eq!(keep(&server, steps).await, json!([true, null, false]));
    assert!(server.logged("service=keeper").await.contains("was held for longer than its ttl of 50ms"));

    let (url, steps) =
        (server.url("keeper"), json!([hold("kept", 600_000, 5_000), {"do": "sleep", "millis": 50_000}]));
    let mut held = JoinSet::new();
    held.spawn(async move { post(&http1_client(), &url, steps.to_string()).await });
    eventually("the lock is taken", async || (!is_free(&server, "kept").await).then_some(())).await;
    let said = keep(&server, json!([hold("kept", 600_000, 50)])).await;
    assert_eq!(said, json!(["A lock could not be had in time"]));
    // A caller that goes away takes its request along.
    held.shutdown().await;
    eventually("the lock is free", async || is_free(&server, "kept").await.then_some(())).await;
}
