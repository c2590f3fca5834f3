//! Every function of every capability, with arguments by chance.
//!
//! `CAISSON_FUZZ_RUNS` says how many requests are made; `CAISSON_FUZZ_SEED` repeats one of them.

use super::{SECRETS, World};
use crate::harness::{Answer, Behind, Healthy, post};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::task::JoinSet;

/// Requests, unless more are wanted: the first ones are always the same, some come by chance.
const RUNS: usize = 180;

/// One of so many seeds is new each time.
const NEW: usize = 12;

/// Requests at the same time.
const TOGETHER: usize = 3;

/// Bytes that decide what one request does.
const INPUT: usize = 1_200;

#[tokio::test]
async fn no_call_of_a_component_harms_the_host_whatever_its_arguments() {
    let (redis, broker) = (Behind::redis().await, Behind::rabbitmq().await);
    let world = start(&redis, &broker).await;
    let healthy = Healthy::watch(&world.server);
    let seen = run(&world, seeds()).await;
    seen.assert_complete();
    world.assert_nothing_is_left().await;
    healthy.assert_never_failed(100).await;
}

async fn start(redis: &Behind, broker: &Behind) -> World {
    let cache = format!("redis://127.0.0.1:{}", redis.port);
    let rabbit = format!("amqp://guest:guest@127.0.0.1:{}", broker.port);
    let more = vec![
        json!({"name": "cache", "type": "redis", "url": cache, "timeout_secs": 2.0}),
        json!({"name": "closed-cache", "type": "redis", "url": cache}),
        json!({"name": "broker", "type": "amqp", "url": rabbit, "timeout_secs": 2.0,
            "declare": {"queues": [{"name": "orders"}]}}),
        json!({"name": "closed-broker", "type": "amqp", "url": rabbit}),
    ];
    World::with("fuzz", "wall_time_ms = 30000", more).await
}

/// Which requests are made.
fn seeds() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("CAISSON_FUZZ_SEED") {
        return vec![seed];
    }
    let runs = number("CAISSON_FUZZ_RUNS").map_or(RUNS, |runs| usize::try_from(runs).unwrap());
    let chance = RandomState::new();
    (0..runs).map(|at| if at % NEW == NEW - 1 { chance.hash_one(at) } else { at as u64 }).collect()
}

async fn run(world: &World, seeds: Vec<u64>) -> Seen {
    let (seeds, next) = (Arc::new(seeds), Arc::new(AtomicUsize::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..TOGETHER {
        let (seeds, next) = (Arc::clone(&seeds), Arc::clone(&next));
        let (client, url) = (world.server.http.clone(), world.server.url("fuzz"));
        callers.spawn(async move {
            let mut seen = Seen::default();
            while let Some(&seed) = seeds.get(next.fetch_add(1, Relaxed)) {
                match post(&client, &url, input(seed)).await {
                    Ok(answer) => seen.note(seed, &answer),
                    Err(error) => seen.wrong.push(format!("seed {seed}: no answer: {error}")),
                }
            }
            seen
        });
    }
    callers.join_all().await.into_iter().fold(Seen::default(), Seen::and)
}

/// Bytes by chance, the same for the same seed (SplitMix64).
fn input(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x2545_f491_4f6c_dd1d);
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    (0..INPUT / 8).flat_map(|_| next().to_le_bytes()).collect()
}

/// What the requests did, and what was wrong.
#[derive(Default)]
struct Seen {
    /// How each function answered.
    answers: BTreeMap<String, BTreeSet<String>>,
    wrong: Vec<String>,
}

impl Seen {
    fn note(&mut self, seed: u64, answer: &Answer) {
        let text = answer.text();
        if let Some(secret) = SECRETS.iter().find(|secret| text.contains(**secret)) {
            self.wrong.push(format!("seed {seed}: it says {secret}: {text}"));
        }
        if answer.status != 200 {
            // A service that reaches a limit is stopped, and told which.
            if !text.contains("reached its limit") {
                self.wrong.push(format!("seed {seed}: {} {text}", answer.status));
            }
            return;
        }
        for line in text.lines() {
            let mut parts = line.split('\t').map(str::to_owned);
            let (Some(function), Some(said)) = (parts.next(), parts.next()) else {
                self.wrong.push(format!("seed {seed}: {line}"));
                continue;
            };
            if said.contains("Internal") {
                self.wrong.push(format!("seed {seed}: {line}"));
            }
            self.answers.entry(function).or_default().insert(said);
        }
    }

    fn and(mut self, other: Self) -> Self {
        for (function, said) in other.answers {
            self.answers.entry(function).or_default().extend(said);
        }
        self.wrong.extend(other.wrong);
        self
    }

    /// Nothing was wrong, and each function of the contract did its work and refused to.
    fn assert_complete(&self) {
        assert!(self.wrong.is_empty(), "repeat one with CAISSON_FUZZ_SEED: {:#?}", self.wrong);
        if std::env::var_os("CAISSON_FUZZ_SEED").is_some() {
            println!("{:#?}", self.answers);
            return;
        }
        let mut lacking = Vec::new();
        for function in functions() {
            let said = self.answers.get(&function).cloned().unwrap_or_default();
            // A function that has no errors is not given up either.
            let refused =
                said.iter().any(|said| said != "ok" && said != "dropped") || function == "sql cursor.columns";
            if !said.contains("ok") || !refused {
                lacking.push(format!("{function}: {said:?}"));
            }
        }
        assert!(lacking.is_empty(), "these were not called in all ways: {lacking:#?}");
    }
}

/// The functions of all capabilities as the contract has them: `sql transaction.commit`.
fn functions() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/deps");
    let mut found = Vec::new();
    for package in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = package.file_name().into_string().unwrap();
        let text = std::fs::read_to_string(package.path().join(format!("{name}.wit"))).unwrap();
        let mut resource = String::new();
        for line in text.lines() {
            let word = line.trim();
            if let Some(opened) = word.strip_prefix("resource ") {
                resource = format!("{}.", opened.trim_end_matches(" {"));
            } else if line == "  }" {
                resource.clear();
            }
            let function = word
                .split_once(": ")
                .filter(|(_, kind)| kind.starts_with("func(") || kind.starts_with("async func("));
            found.extend(function.map(|(function, _)| format!("{name} {resource}{function}")));
        }
    }
    assert!(found.len() > 20, "{found:?}");
    found
}
