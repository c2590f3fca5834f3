//! Components that call the host in all the ways that it does not expect: whatever they do ends as an error of theirs, and leaves
//! nothing open behind the host.
//!
//! * [`fuzz`]: every function of every capability with arguments by chance.
//! * [`leaks`]: what is held until the request ends, given up in the middle, or used after its end.
//! * [`forged`]: a handle that nobody gave.
//! * [`upstream`]: the other side of `http`.

mod forged;
mod fuzz;
mod leaks;
mod upstream;

use crate::harness::{Behind, HEALTHY, Server, Setup, eventually, guest};
use serde_json::{Value, json};
use upstream::Upstream;

/// What no guest may read: where the other sides are, and what opens them.
const SECRETS: [&str; 3] = ["127.0.0.1", "s3cret-word", "k-hidden"];

/// Sessions with the database that all services share.
const SESSIONS: u32 = 4;

/// The other sides, and a server with one hostile component that may use them.
struct World {
    postgres: Behind,
    upstream: Upstream,
    server: Server,
}

impl World {
    /// Starts all of it. `limits` are those of the component; `more` are connections on top.
    async fn with(name: &str, limits: &str, more: Vec<Value>) -> Self {
        let postgres = Behind::postgres().await;
        postgres.psql("create table items (n numeric, t text)");
        let upstream = Upstream::start().await;
        let setup = Setup::new().file("healthy.py", HEALTHY).file(&format!("{name}.wasm"), guest(name));
        let server = setup.file(&format!("{name}.toml"), format!("[limits]\n{limits}\n")).start().await;
        let world = Self { postgres, upstream, server };
        let connections = [world.connections(), more].concat();
        let grants = grants(name, &connections);
        let definitions = json!({"connections": connections, "grants": grants});
        let answer = world.server.submit(&definitions, "test").await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        world
    }

    fn connections(&self) -> Vec<Value> {
        let sql = |name: &str, sessions: u32| {
            let url = format!("postgres://app:s3cret-word@127.0.0.1:{}/postgres", self.postgres.port);
            json!({"name": name, "type": "sql", "url": url, "timeout_secs": 2.0, "statement_timeout_secs": 0.5,
                "max_bytes": 1_000_000, "pool": {"max": sessions, "acquire_secs": 0.2}})
        };
        let http = |name: &str, url: &str| {
            json!({"name": name, "type": "http", "url": url, "timeout_secs": 2.0, "read_timeout_secs": 0.2,
                "answer_bytes": 2_000_000, "redirects": {"max": 3},
                "auth": {"type": "api-key", "header": "X-Key", "key": "k-hidden"}})
        };
        let upstream = format!("http://127.0.0.1:{}/base", self.upstream.port);
        vec![
            sql("db", SESSIONS),
            sql("read-db", 2),
            sql("closed-db", 1),
            json!({"name": "file", "type": "sql", "url": self.file(), "timeout_secs": 2.0, "statement_timeout_secs": 0.5,
                "max_bytes": 1_000_000, "pool": {"max": SESSIONS, "acquire_secs": 0.2},
                "init": ["create table if not exists items (n numeric, t text)"]}),
            http("api", &upstream),
            http("closed-api", &upstream),
            http("away", "http://127.0.0.1:9"),
            json!({"name": "any", "type": "http", "any_host": true, "hosts": ["api.example"], "timeout_secs": 1.0}),
        ]
    }

    /// The URL of a database in a file.
    fn file(&self) -> String {
        format!("sqlite://{}?mode=rwc", self.server.data().join("fuzz.sqlite").display())
    }

    /// Waits until nothing is open any more behind the host.
    async fn assert_nothing_is_left(&self) {
        let busy = "select count(*) from pg_stat_activity where backend_type = 'client backend' \
                    and pid <> pg_backend_pid() and state <> 'idle'";
        eventually("all transactions and statements have ended", async || {
            (self.postgres.psql(busy) == "0").then_some(())
        })
        .await;
        let locks = "select count(*) from pg_locks where locktype = 'advisory'";
        assert_eq!(self.postgres.psql(locks), "0", "what a session holds ends with it");
        eventually("the other side has no connection any more", async || {
            (self.upstream.open() == 0).then_some(())
        })
        .await;
        eventually("no request is being answered", async || {
            let metrics = self.server.admin_get("/metrics").await.text();
            metrics.lines().any(|line| line == "caisson_invocations_active 0").then_some(())
        })
        .await;
        assert!(!self.server.log().contains("panicked"), "a part of the host has panicked");
    }
}

/// A second service, of the same component as the first one.
const OTHER: &str = "other";

/// Everything that the guests expect to be granted: not what is `closed`, nor more than reading to `read-db`.
fn grants(service: &str, connections: &[Value]) -> Value {
    let names = connections.iter().filter_map(|one| Some((one["name"].as_str()?, one["type"].as_str()?)));
    let granted = names.filter(|(name, _)| !name.starts_with("closed"));
    let grants = granted.map(|(name, kind)| {
        let operations = match kind {
            _ if name == "read-db" => json!(["query"]),
            // What stops a Redis is for operators.
            "redis" => json!(["read", "write", "publish", "script"]),
            _ => json!(["*"]),
        };
        json!({"services": [service, OTHER], "connection": name, "operations": operations})
    });
    grants.collect()
}
