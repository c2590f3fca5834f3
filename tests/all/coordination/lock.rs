//! At most one holder, and never one that is gone.

use crate::harness::{
    Answer, Etcd, HEALTHY, HELLO, Healthy, Server, Setup, assert_problem, eventually, http1_client, post,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Services that take a lock in all ways.
const LOCKS: &str = "
import time
import _caisson_lock
from caisson import LockTimeout, Service

class Enter(Service):
    # Holds the lock for a moment; when that was, by the clock of the machine.
    def handle(self):
        with self.lock('orders', ttl=30, block=50):
            begin = time.time_ns()
            self.sleep(0.02)
            end = time.time_ns()
        self.response.payload = [begin, end]

class Hold(Service):
    # Takes the lock, and does not give it back. It waits: those who ask whether it is taken have it for a moment.
    def handle(self):
        options = self.request.payload
        self.lock(options.get('name', 'orders'), ttl=options.get('ttl', 600), block=50).acquire()
        self.logger.info('holds it')
        exec(options['then'])

class Try(Service):
    def handle(self):
        options = self.request.payload
        with self.lock(options.get('name', 'orders'), block=options['block']):
            self.response.payload = 'had it'

class Late(Service):
    def handle(self):
        lock = self.lock('late', ttl=0.05).acquire()
        self.sleep(0.2)
        self.response.payload = [lock.release(), lock.release()]

class Many(Service):
    def handle(self):
        taken, said = 0, ''
        try:
            for number in range(1000):
                self.lock(f'many-{number}', block=0).acquire()
                taken += 1
        except Exception as error:
            said = str(error)
        self.response.payload = [taken, said]

class Wrong(Service):
    def handle(self):
        said = []
        for name, ttl in (('', 1000), ('n' * 257, 1000), ('a', 0)):
            said.append(_caisson_lock.acquire(name, ttl, 0)[1:3])
        _, token = _caisson_lock.acquire('a', 1000, 0)
        said.append(_caisson_lock.acquire('a', 1000, 5000)[1:3])
        for forged in (0, token + 1, 2 ** 64 - 1):
            said.append(_caisson_lock.release(forged)[1:3])
        said.append(_caisson_lock.release(token))
        said.append(_caisson_lock.release(token)[1:3])
        self.response.payload = said

class Both(Service):
    # Calls a service that wants the same lock.
    def handle(self):
        with self.lock('orders'):
            try:
                self.response.payload = self.invoke('locks.try', {'block': 0.1})
            except Exception as error:
                self.response.payload = type(error).__name__
";

async fn tries(server: &Server, block: f64) -> Answer {
    server.post("locks.try", json!({"block": block}).to_string()).await
}

/// Begins to hold the lock in the background.
fn hold(server: &Server, options: &Value) -> JoinSet<Result<Answer, String>> {
    let (url, body) = (server.url("locks.hold"), options.to_string());
    let mut calls = JoinSet::new();
    calls.spawn(async move { post(&http1_client(), &url, body).await });
    calls
}

async fn is_taken(server: &Server) {
    eventually("the lock is taken", async || (tries(server, 0.0).await.status == 503).then_some(())).await;
}

/// Enters many times at once, here and there. Nobody is inside while somebody else is.
async fn one_after_the_other(servers: &[&Server]) {
    let mut calls = JoinSet::new();
    for number in 0..12 {
        let url = servers[number % servers.len()].url("locks.enter");
        calls.spawn(async move { post(&http1_client(), &url, "").await.unwrap().json() });
    }
    let mut times: Vec<(i64, i64)> = Vec::new();
    for answer in calls.join_all().await {
        times.push((answer[0].as_i64().unwrap(), answer[1].as_i64().unwrap()));
    }
    times.sort_unstable();
    for pair in times.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "two were inside: {times:?}");
    }
}

#[tokio::test]
async fn one_holds_a_lock_at_a_time_and_who_cannot_have_it_in_time_is_told() {
    let server = Server::with("locks.py", LOCKS).await;
    one_after_the_other(&[&server]).await;
    let _held = hold(&server, &json!({"then": "self.sleep(50)"}));
    is_taken(&server).await;
    for block in [0.0, 0.05] {
        assert_problem(&tries(&server, block).await, 503, "A lock could not be had in time");
    }
    server.log_says("the lock 'orders' could not be had within 0.05 s").await;
    assert_eq!(server.post("locks.try", r#"{"block": 0, "name": "other"}"#).await.good(), "had it");
}

#[tokio::test]
async fn a_lock_ends_with_its_request_however_that_ends() {
    let limits = "[limits]\nwall_time_ms = 4000\ncpu_time_ms = 500\n";
    let setup = Setup::new().file("locks.py", LOCKS).file("locks.toml", limits).file("healthy.py", HEALTHY);
    let server = setup.start().await;
    let healthy = Healthy::watch(&server);
    for (how, status) in [
        ("self.response.payload = 1", 200),
        ("raise KeyError", 500),
        ("raise SystemExit", 500),
        ("self.sleep(100)", 504),
        ("while True: pass", 500),
        ("x = 'x' * (1 << 29) * 3", 500),
        ("f = lambda: f()\nglobals()['f'] = f\nf()", 500),
    ] {
        let ended = server.post("locks.hold", json!({"then": how}).to_string()).await;
        assert_eq!(ended.status.as_u16(), status, "{how}: {}", ended.text());
        // Far less than the lock's own time.
        assert_eq!(tries(&server, 3.0).await.good(), "had it", "{how}");
    }
    // A caller that goes away takes its request along.
    let mut held = hold(&server, &json!({"then": "self.sleep(100)"}));
    is_taken(&server).await;
    held.shutdown().await;
    assert_eq!(tries(&server, 3.0).await.good(), "had it");
    healthy.assert_never_failed(20).await;
}

#[tokio::test]
async fn whose_time_was_over_is_told_and_others_may_have_it() {
    let server = Server::with("locks.py", LOCKS).await;
    assert_eq!(server.post("locks.late", "").await.json(), json!([false, false]));
    assert!(server.logged("").await.contains("the lock 'late' was held for longer than its ttl of 0.05 s"));
    let mut held = hold(&server, &json!({"ttl": 0.3, "then": "self.sleep(50)"}));
    // By its log: the lock itself may be free again before anybody has asked.
    let holds = async || server.logged("service=locks.hold").await.contains("holds it").then_some(());
    eventually("the lock is taken", holds).await;
    assert_eq!(tries(&server, 40.0).await.good(), "had it");
    assert!(held.try_join_next().is_none(), "its holder goes on");
    assert_eq!(server.get("locks.both").await.good(), "ServiceUnavailable");
}

#[tokio::test]
async fn locks_are_bounded_and_what_makes_no_sense_is_an_error() {
    let server = Setup::new().file("locks.py", LOCKS).file("healthy.py", HEALTHY).start().await;
    let many = server.get("locks.many").await.json();
    assert_eq!(many[0], 32, "{many}");
    assert!(many[1].as_str().unwrap().contains("more than 32 locks in one invocation"), "{many}");
    assert_eq!(server.get("locks.many").await.json()[0], 32, "they ended with the request");
    let said = server.get("locks.wrong").await.json();
    for (number, says) in [
        (0, "1 to 256 bytes, this one has 0"),
        (1, "1 to 256 bytes, this one has 257"),
        (2, "at least 1 ms"),
        (3, "it would wait for itself"),
        (4, "holds no such lock"),
        (5, "holds no such lock"),
        (6, "holds no such lock"),
        (8, "holds no such lock"),
    ] {
        assert!(said[number][1].as_str().unwrap().contains(says), "{number}: {said}");
    }
    assert_eq!(said[3][0], "conflict");
    assert_eq!(said[7], json!([true, true]));
}

#[tokio::test]
async fn names_belong_to_the_package_unless_the_operator_shares_them() {
    for (shared, status) in [(false, 200), (true, 503)] {
        let setup = Setup::new().file("locks.py", LOCKS).file("more.py", LOCKS);
        let setup = if shared { setup.argument("--shared-names") } else { setup };
        let server = setup.start().await;
        let _held = hold(&server, &json!({"then": "self.sleep(50)"}));
        is_taken(&server).await;
        let other = server.post("more.try", r#"{"block": 0}"#).await;
        assert_eq!(other.status.as_u16(), status, "{}", other.text());
    }
}

async fn node(etcd: &Etcd, key: &str, name: &str) -> Server {
    let setup = Setup::new().file("locks.py", LOCKS).file("hello.py", HELLO);
    let arguments = ["--etcd", &etcd.url(), "--secret-key", key, "--node", name];
    arguments.iter().fold(setup, |setup, text| setup.argument(*text)).start().await
}

#[tokio::test]
async fn servers_of_a_cluster_share_locks_and_one_that_dies_keeps_none() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("secret.key").display().to_string();
    let mut etcd = Etcd::start().await;
    let (mut one, two) = (node(&etcd, &key, "one").await, node(&etcd, &key, "two").await);
    one_after_the_other(&[&one, &two]).await;

    let mut held = hold(&one, &json!({"then": "self.sleep(50)"}));
    is_taken(&two).await;
    // A request that ends gives the lock to the other server.
    held.shutdown().await;
    assert_eq!(tries(&two, 40.0).await.good(), "had it");

    // Long enough for all that comes before the lock is to be free.
    let held = hold(&one, &json!({"ttl": 15, "then": "self.sleep(50)"}));
    is_taken(&two).await;
    one.kill9().await;
    drop(held);
    assert_problem(&tries(&two, 0.0).await, 503, "");
    assert_eq!(tries(&two, 40.0).await.good(), "had it");

    etcd.kill9().await;
    let away = tries(&two, 1.0).await;
    assert_problem(&away, 503, "");
    assert_eq!(two.get("hello.hello-world").await.status, 200);
    etcd.start_again().await;
    eventually("locks are back", async || (tries(&two, 1.0).await.status == 200).then_some(())).await;
}
