//! Random numbers, identifiers and time come from the host anew in every instance, although all begin as one image.

use crate::harness::{Server, call};
use http::Method;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

const CALLS: usize = 1_000;
const AT_A_TIME: usize = 8;

const FRESH: &str = r#"
import os, random, secrets, tempfile, time, uuid
from random import random as bound_random, getrandbits, choice, shuffle
from uuid import uuid4 as bound_uuid4
from secrets import token_hex as bound_token
from caisson import Service

MADE_AT_MODULE_LEVEL = random.Random()
SYSTEM = random.SystemRandom()

class Fresh(Service):
    name = 'fresh'
    def handle(self):
        deck = list(range(60))
        shuffle(deck)
        self.response.payload = {
            'uuid4': str(uuid.uuid4()),
            'uuid1': str(uuid.uuid1()),
            'bound uuid4': str(bound_uuid4()),
            'random': random.random(),
            'bound random': bound_random(),
            'getrandbits': getrandbits(64),
            'gauss': random.gauss(0, 1),
            'sample': str(random.sample(range(10**6), 6)),
            'shuffle': str(deck),
            'module level': MADE_AT_MODULE_LEVEL.random(),
            'new': random.Random().random(),
            'system': SYSTEM.random(),
            'secrets': secrets.token_hex(16),
            'bound secrets': bound_token(16),
            'urandom': os.urandom(16).hex(),
            'cid': self.cid,
        }
"#;

async fn answers(server: &Server, service: &str) -> Vec<Value> {
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..AT_A_TIME {
        let (client, url) = (server.http.clone(), server.url(service));
        callers.spawn(async move {
            let mut answers = Vec::new();
            for _ in 0..CALLS / AT_A_TIME {
                answers.push(call(&client, Method::GET, &url).await.unwrap().json());
            }
            answers
        });
    }
    callers.join_all().await.concat()
}

#[tokio::test]
async fn a_thousand_isolated_calls_draw_no_value_twice() {
    let server = Server::with("fresh.py", FRESH).await;
    let mut drawn: BTreeMap<String, HashSet<String>> = BTreeMap::new();
    for answer in answers(&server, "fresh").await {
        for (source, value) in answer.as_object().unwrap() {
            drawn.entry(source.clone()).or_default().insert(value.to_string());
        }
    }
    assert_eq!(drawn.len(), 16, "{:?}", drawn.keys());
    let repeated: Vec<_> =
        drawn.iter().filter(|(_, values)| values.len() != CALLS).map(|(source, _)| source).collect();
    assert!(repeated.is_empty(), "drawn twice from: {repeated:?}");
}

const CLOCKS: &str = r#"
import datetime, time
from time import time_ns as bound_time_ns
from caisson import Service

class Clocks(Service):
    name = 'clocks'
    def handle(self):
        self.response.payload = {
            'time_ns': time.time_ns(), 'bound': bound_time_ns(), 'monotonic': time.monotonic_ns(),
            'now': datetime.datetime.now(datetime.timezone.utc).timestamp(), 'hash': hash('a text')}
"#;

#[tokio::test]
async fn clocks_show_the_time_of_the_request() {
    let server = Server::with("clocks.py", CLOCKS).await;
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    for _ in 0..20 {
        let before = now();
        let answer = server.get("clocks").await.json();
        let after = now();
        for clock in ["time_ns", "bound"] {
            let shown = u128::from(answer[clock].as_u64().unwrap());
            assert!((before..=after).contains(&shown), "{clock}: {before} {shown} {after}");
        }
        let shown = answer["now"].as_f64().unwrap();
        assert!(shown >= before as f64 / 1e9 - 0.001 && shown <= after as f64 / 1e9 + 0.001, "{answer}");
    }
}

const SEEDED: &str = r#"
import random
from caisson import Service

CHOSEN = random.Random(42)

class Seeded(Service):
    name = 'seeded'
    def handle(self):
        self.response.payload = [CHOSEN.random(), random.Random(7).random()]
"#;

#[tokio::test]
async fn a_seed_that_a_service_chose_is_kept() {
    let server = Server::with("seeded.py", SEEDED).await;
    let answers = [server.get("seeded").await.json(), server.get("seeded").await.json()];
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0][1], 0.323_832_764_833_162_37, "as CPython draws it");
}
