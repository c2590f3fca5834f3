//! Calls that nobody waits for, and several that one waits for together.

use crate::harness::{Answer, Command, Server, Setup, assert_problem, eventually, http1_client};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Calls of one service that are made at the same time.
const AT_ONCE: usize = 32;

/// Services that note what they are called with where it can be read again: in the log, under a name of its own.
const SERVICES: &str = r#"
import json, time
from caisson import Service

class Note(Service):
    name = 'note'
    def handle(self):
        self.logger.info('noted %s', json.dumps({
            'payload': self.request.payload, 'type': self.channel.type, 'cid': self.cid, 'in_reply_to': self.in_reply_to,
            'attempt': self.attempt, 'environ': self.environ}))
        self.response.payload = {'noted': self.request.payload}

class Slow(Service):
    name = 'slow'
    def handle(self):
        self.logger.info('began %s', self.request.payload)
        time.sleep(self.request.payload['secs'])
        self.logger.info('ended %s', self.request.payload)
        self.response.payload = self.request.payload['secs']

class Meets(Service):
    # Answers only if the other one runs at the same time.
    name = 'meets'
    def handle(self):
        self.cache.default.set(self.name, 1)
        while self.request.payload not in self.cache.default:
            self.sleep(0.01)
        self.response.payload = self.name

class MeetsToo(Meets):
    name = 'meets-too'

class Gate(Service):
    # Lets no `gated` pass as long as somebody waits for its answer.
    name = 'gate'
    def handle(self):
        with self.lock('gate', ttl=60, block=50):
            self.logger.info('shut')
            self.sleep(50)

class Gated(Service):
    name = 'gated'
    def handle(self):
        self.logger.info('waits: %s', self.request.payload)
        with self.lock('gate', block=50):
            self.response.payload = self.request.payload

class Failing(Service):
    name = 'failing'
    def handle(self):
        raise ValueError('only for the operator')

class Later(Service):
    name = 'later'
    def handle(self):
        p = self.request.payload
        cids = [self.invoke_async(p['to'], n, **p.get('how', {})) for n in p.get('payloads', [''])]
        self.response.payload = cids

class Fan(Service):
    name = 'fan'
    def handle(self):
        p = self.request.payload
        self.response.payload = self.patterns.fanout.invoke(p['targets'], 'note', p.get('on_target'))

class Together(Service):
    name = 'together'
    def handle(self):
        self.response.payload = self.invoke_all([(name, payload) for name, payload in self.request.payload])

class Options(Service):
    name = 'options'
    def handle(self):
        whole = self.invoke('note', {'n': 1}, as_response=True)
        missing = self.invoke('no-such', as_response=True)
        try:
            self.invoke('slow', {'secs': 30}, timeout=0.2)
        except TimeoutError as error:
            late = type(error).__name__
        try:
            self.invoke('no-such')
        except KeyError as error:
            unknown = [type(error).__name__, error.status]
        try:
            self.invoke_async('no-such')
        except KeyError as error:
            unknown_later = str(error)
        self.response.payload = {
            'whole': [whole.ok, whole.status_code, whole.headers['content-type'], whole.payload],
            'missing': [missing.ok, missing.status_code, str(missing.error)],
            'late': late, 'none': self.invoke('slow', {'secs': 30}, timeout=0.1, raise_timeout=False),
            'unknown': unknown, 'unknown_later': unknown_later,
            'bunch': self.invoke('note', n=5, as_bunch=True).noted.n,
            'impl': self.invoke_by_impl_name('services.Note', 1), 'other': self.invoke_by_impl_name('other.Elsewhere'),
            'by id': self.invoke_by_id('note', 2), 'instance': type(self.new_instance('note')).__name__,
            'instance cid': self.new_instance(Note).cid == self.cid}

class Retry(Service):
    name = 'retry'
    def handle(self):
        self.response.payload = self.patterns.invoke_retry.invoke_async(
            'failing', repeats=2, seconds=0, callback='note', context={'k': 1})

class Job(Service):
    name = 'job'
    def handle(self):
        self.response.payload = {'id': self.schedule.onetime('note', name='nightly', data={'n': 1}, **self.request.payload)}

class Jobs(Service):
    name = 'jobs'
    def handle(self):
        p = self.request.payload
        for number in range(p['count']):
            self.schedule.onetime('note', prefix=str(number), after_seconds=p['after_seconds'])

class Chain(Service):
    name = 'chain'
    def handle(self):
        self.environ.steps = self.environ.get('steps', 0) + 1
        if self.environ.steps < 4:
            self.invoke_async("chain")
        else:
            self.invoke_async('note', 'end')

class Greedy(Service):
    name = 'greedy'
    def handle(self):
        said = []
        for call in (lambda: self.invoke_async('note', b'x' * 9_000_000), lambda: self.invoke_async('note', environ={'k': 'x' * 70_000}),
                     lambda: self.invoke_async('note', callback=['note'] * 33), lambda: self.invoke_all([('note', 1)] * 1_001),
                     lambda: self.patterns.fanout.invoke({f'n{i}': 1 for i in range(3)}, 'note'),
                     lambda: self.schedule.onetime('note', after_minutes=-1)):
            try:
                call()
                said.append('ok')
            except Exception as error:
                said.append(str(error))
        self.response.payload = said
"#;

const OTHER: &str = "from caisson import Service\nclass Elsewhere(Service):\n    name = 'far.away'\n    def handle(self):\n        self.response.payload = 'here'\n";

fn setup() -> Setup {
    Setup::new().file("services.py", SERVICES).file("other.py", OTHER)
}

async fn server() -> Server {
    setup().start().await
}

async fn post(server: &Server, service: &str, body: Value) -> Answer {
    server.post(service, body.to_string()).await
}

/// What the service `note` was called with, in order.
async fn noted(server: &Server) -> Vec<Value> {
    let records = server.records("service=note").await;
    let texts = records.iter().filter_map(|record| record["message"].as_str()?.strip_prefix("noted "));
    texts.map(|text| serde_json::from_str(text).unwrap()).collect()
}

/// Waits until it was called so often.
async fn noted_times(server: &Server, times: usize) -> Vec<Value> {
    eventually(&format!("`note` is called {times} times"), async || {
        let noted = noted(server).await;
        (noted.len() >= times).then_some(noted)
    })
    .await
}

async fn tasks(server: &Server, query: &str) -> Vec<Value> {
    server.admin_get(&format!("/api/v1/tasks?limit=10000&{query}")).await.json().as_array().unwrap().clone()
}

/// Shuts the gate that calls of `gated` wait before. It opens when what this gives is shut down.
async fn shut_gate(server: &Server) -> JoinSet<Result<Answer, String>> {
    let (url, mut gate) = (server.url("gate"), JoinSet::new());
    gate.spawn(async move { crate::harness::post(&http1_client(), &url, "").await });
    let is_shut = async || server.logged("service=gate").await.contains("shut").then_some(());
    eventually("the gate is shut", is_shut).await;
    gate
}

async fn no_tasks(server: &Server) {
    eventually("all calls are done", async || tasks(server, "").await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn a_call_in_the_background_is_made_and_its_callback_knows_what_it_replies_to() {
    let server = server().await;
    let how = json!({"to": "slow", "payloads": [{"secs": 0.01}], "how": {"callback": "note", "environ": {"k": "v"}}});
    let cids = post(&server, "later", how).await.json();
    let noted = noted_times(&server, 1).await;
    let call = &noted[0];
    assert_eq!(call["payload"], 0.01, "the answer of the one that was called: {call}");
    assert_eq!((&call["type"], &call["attempt"]), (&json!("invoke-async-callback"), &json!(1)));
    assert_eq!((&call["in_reply_to"], &call["environ"]), (&cids[0], &json!({"k": "v"})));
    // One message, one beginning of all ids.
    let (own, of_call) = (call["cid"].as_str().unwrap(), cids[0].as_str().unwrap());
    assert!(own != of_call && own.split('~').next() == of_call.split('~').next(), "{own} {of_call}");
    no_tasks(&server).await;
}

#[tokio::test]
async fn what_was_acknowledged_is_not_lost_when_the_server_is_killed() {
    let mut server = server().await;
    let payloads: Vec<_> = (0..200).collect();
    post(&server, "later", json!({"to": "slow", "payloads": [{"secs": 600, "n": "under way"}]})).await;
    eventually("it is under way", async || {
        server.logged("service=slow").await.contains("began").then_some(())
    })
    .await;
    let how = json!({"to": "note", "payloads": payloads, "how": {"callback": "note"}});
    let cids = post(&server, "later", how).await.json();
    assert_eq!(cids.as_array().unwrap().len(), 200);
    server.kill9().await;
    // What cannot be made again in time for the test, it can be seen to be made again.
    server.start_again().await;
    eventually("what was under way is made again", async || {
        server.logged("service=slow").await.contains("under way").then_some(())
    })
    .await;
    let running = tasks(&server, "service=slow").await;
    assert_eq!((running.len(), &running[0]["attempts"]), (1, &json!(2)), "{running:?}");
    eventually("all others are done", async || (tasks(&server, "").await.len() == 1).then_some(())).await;
}

#[tokio::test]
async fn calls_that_wait_survive_a_kill_and_none_is_missing() {
    let mut server = setup().start().await;
    // All of them before any is due, however slow the disk is.
    post(&server, "jobs", json!({"count": 50, "after_seconds": 12})).await.good();
    server.kill9().await;
    server.start_again().await;
    let noted = noted_times(&server, 50).await;
    assert_eq!(noted.len(), 50);
    assert!(noted.iter().all(|call| call["type"] == "scheduler" && call["attempt"] == 1), "{noted:?}");
    no_tasks(&server).await;
}

#[tokio::test]
async fn a_callback_that_no_longer_exists_is_kept_as_failed_and_can_be_retried() {
    let server = server().await;
    server.save("gone.py", OTHER.replace("far.away", "gone"));
    server.version("gone", 1).await;
    let mut gate = shut_gate(&server).await;
    let how = json!({"to": "gated", "payloads": [1], "how": {"callback": "gone"}});
    post(&server, "later", how).await.good();
    server.remove("gone.py");
    let is_gone = async || (server.get("gone").await.status == 404).then_some(());
    eventually("the service is gone", is_gone).await;
    gate.shutdown().await;
    let failed = eventually("the callback has failed", async || {
        Some(tasks(&server, "state=failed").await).filter(|failed| !failed.is_empty())
    })
    .await;
    assert_eq!(
        (&failed[0]["service"], &failed[0]["type"]),
        (&json!("gone"), &json!("invoke-async-callback"))
    );
    assert!(failed[0]["reason"].as_str().unwrap().contains("no service named gone"), "{failed:?}");
    server.log_says("a call in the background has failed for good").await;
    let listed = Command::to(&server, ["ls", "tasks"]).run().await;
    assert!(listed.good().contains("no service named gone"), "{listed:?}");
    let metrics = server.admin_get("/metrics").await.good();
    assert!(metrics.contains("caisson_background_failed 1"), "{metrics}");
    server.save("gone.py", OTHER.replace("far.away", "gone"));
    server.version("gone", 1).await;
    let retry = format!("http://{}/api/v1/tasks/{}/retry", server.admin, failed[0]["id"]);
    assert_eq!(crate::harness::post(&server.http, &retry, "").await.unwrap().status, 204);
    no_tasks(&server).await;
    assert_problem(&crate::harness::post(&server.http, &retry, "").await.unwrap(), 404, "has failed");
}

#[tokio::test]
async fn a_call_that_could_not_begin_in_time_is_not_made_and_leaves() {
    let server = server().await;
    let mut gate = shut_gate(&server).await;
    let gated = async |payloads: Value, how: Value| {
        post(&server, "later", json!({"to": "gated", "payloads": payloads, "how": how})).await.good()
    };
    gated(json!(vec![0; AT_ONCE]), json!({})).await;
    eventually("all places are taken", async || {
        (server.logged("service=gated").await.matches("waits: ").count() == AT_ONCE).then_some(())
    })
    .await;
    gated(json!(["late"]), json!({"expiration": 0.001, "callback": "note"})).await;
    gated(json!(["in time"]), json!({"expiration": 600, "callback": "note"})).await;
    let waiting = tasks(&server, "service=gated&state=waiting").await;
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    let over = Instant::now() + Duration::from_millis(20);
    eventually("the time of the one is over", async || (Instant::now() > over).then_some(())).await;
    gate.shutdown().await;

    let told = noted_times(&server, 1).await;
    no_tasks(&server).await;
    assert_eq!((noted(&server).await.len(), &told[0]["payload"]), (1, &json!("in time")), "{told:?}");
    assert!(!server.logged("service=gated").await.contains("late"), "it was made");
    // It is no failure that somebody could retry, but the operator is told.
    server.log_says("a call in the background expired before it could begin").await;
    let metrics = server.admin_get("/metrics").await.good();
    assert!(metrics.contains("caisson_background_expired_total 1"), "{metrics}");
    let listed = Command::to(&server, ["ls", "tasks"]).run().await;
    assert!(!listed.good().contains("gated"), "{listed:?}");
}

#[tokio::test]
async fn two_services_that_wait_are_waited_for_at_the_same_time() {
    let server = server().await;
    let calls = json!([["meets", "meets-too"], ["meets-too", "meets"], ["far.away", ""]]);
    assert_eq!(post(&server, "together", calls).await.json(), json!(["meets", "meets-too", "here"]));
}

#[tokio::test]
async fn a_fanout_runs_at_the_same_time_and_tells_of_all_once() {
    let server = server().await;
    let targets = json!({"meets": "meets-too", "meets-too": "meets", "failing": 1});
    let answer = post(&server, "fan", json!({"targets": targets, "on_target": ["note"]})).await;
    let cid = answer.text();
    no_tasks(&server).await;
    assert!(cid.starts_with(&format!("{}~", answer.cid())), "{cid}");
    let whole = server.records(&format!("cid={}", answer.cid())).await;
    let within = server.records(&format!("cid={cid}")).await;
    assert!(!within.is_empty() && within.iter().all(|record| whole.contains(record)), "{whole:?}");
    let noted = noted(&server).await;
    assert_eq!(noted.len(), 4, "{noted:?}");
    assert!(noted.iter().all(|call| call["cid"] == cid.as_str()), "{noted:?}");
    let finals: Vec<_> = noted.iter().filter(|call| call["type"] == "fanout-on-final").collect();
    let [told] = &finals[..] else { panic!("{finals:?}") };
    let told = &told["payload"];
    assert_eq!(
        (&told["phase"], &told["source"], &told["on_final"]),
        (&json!("on-final"), &json!("fan"), &json!(["note"]))
    );
    let ok: Vec<_> =
        told["data"].as_array().unwrap().iter().map(|item| (&item["target"], &item["ok"])).collect();
    assert_eq!(
        ok,
        [
            (&json!("failing"), &json!(false)),
            (&json!("meets"), &json!(true)),
            (&json!("meets-too"), &json!(true))
        ]
    );
    assert!(!told.to_string().contains("only for the operator"), "{told}");
}

#[tokio::test]
async fn all_ways_of_calling_do_what_they_say() {
    let server = server().await;
    let said = post(&server, "options", json!({})).await.json();
    assert_eq!(said["whole"], json!([true, 200, "application/json", {"noted": {"n": 1}}]), "{said}");
    assert_eq!(said["missing"], json!([false, 404, "no service named no-such"]));
    assert_eq!((&said["late"], &said["none"]), (&json!("InvokeTimeout"), &Value::Null));
    assert_eq!(said["unknown"], json!(["UnknownService", 404]));
    assert_eq!(said["unknown_later"], "no service named no-such");
    assert_eq!(
        (&said["bunch"], &said["impl"], &said["other"]),
        (&json!(5), &json!({"noted": 1}), &json!("here"))
    );
    assert_eq!(
        (&said["by id"], &said["instance"], &said["instance cid"]),
        (&json!({"noted": 2}), &json!("Note"), &json!(true))
    );
}

#[tokio::test]
async fn a_retry_in_the_background_tells_what_it_came_to() {
    let server = server().await;
    let cid = post(&server, "retry", json!({})).await.text();
    let told = &noted_times(&server, 1).await[0]["payload"];
    assert_eq!(
        (&told["ok"], &told["call_cid"], &told["context"]),
        (&json!(false), &json!(cid), &json!({"k": 1}))
    );
    assert_eq!(
        (&told["source"], &told["target"], &told["retry_repeats"]),
        (&json!("retry"), &json!("failing"), &json!(2))
    );
    assert_eq!(told["exception"], "An error has occurred");
    no_tasks(&server).await;
}

#[tokio::test]
async fn a_chain_shares_what_its_services_put_into_it() {
    let server = server().await;
    post(&server, "chain", json!({})).await;
    let noted = noted_times(&server, 1).await;
    assert_eq!(noted[0]["environ"], json!({"steps": 4}));
}

#[tokio::test]
async fn times_that_make_no_sense_are_refused_and_the_past_means_at_once() {
    let server = server().await;
    for bad in [json!({"after_seconds": -1}), json!({"start_date": "soon"}), json!({"after_minutes": 1e12})] {
        assert_eq!(post(&server, "job", bad).await.status, 500);
    }
    assert!(tasks(&server, "").await.is_empty());
    let id = post(&server, "job", json!({"start_date": "2001-01-01T00:00:00"})).await.json();
    assert!(id["id"].as_u64().unwrap() > 0, "{id}");
    noted_times(&server, 1).await;
}

#[tokio::test]
async fn what_is_too_much_is_refused_with_its_limit() {
    let server = server().await;
    let said = post(&server, "greedy", json!({"stop": true})).await.json();
    let says = [
        "may have 8388608 at most",
        "environ of a call in the background",
        "33 callbacks are more than 32",
        "limit together",
        "no service named n0",
        "within ten years",
    ];
    for (said, says) in said.as_array().unwrap().iter().zip(says) {
        assert!(said.as_str().unwrap().contains(says), "{says:?} is not in {said}");
    }
    assert_eq!(server.admin_get("/healthz/ready").await.status, 200);
}
