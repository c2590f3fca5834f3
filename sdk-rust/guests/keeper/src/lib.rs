//! Does with locks and caches what its message says, step by step, for tests. Answers a list of what came of each: an error as its text.

use caisson::cache::{Cache, Selection};
use caisson::lock::{Guard, Lock};
use caisson::{Error, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
enum Step {
    Set {
        key: String,
        value: Value,
    },
    SetFor {
        key: String,
        value: Value,
        millis: u64,
    },
    SetBytes {
        key: String,
        value: Vec<u8>,
    },
    Add {
        key: String,
        value: Value,
    },
    Replace {
        key: String,
        value: Value,
    },
    Get {
        key: String,
    },
    GetBytes {
        key: String,
    },
    Take {
        key: String,
    },
    Expire {
        key: String,
        millis: u64,
    },
    Persist {
        key: String,
    },
    Count,
    Keys {
        by: String,
        text: String,
    },
    Read {
        by: String,
        text: String,
    },
    Delete {
        by: String,
        text: String,
    },
    /// Takes a lock and keeps it.
    Hold {
        lock: String,
        ttl_millis: u64,
        wait_millis: u64,
    },
    Try {
        lock: String,
    },
    Drop {
        lock: String,
    },
    Release {
        lock: String,
    },
    Sleep {
        millis: u64,
    },
}

/// Takes the steps one after the other.
#[caisson::service]
async fn keep(steps: Json<Vec<Step>>) -> Json<Vec<Value>> {
    let (mut held, mut said) = (BTreeMap::new(), Vec::new());
    for step in steps.0 {
        let done = take(step, &mut held).await;
        said.push(done.unwrap_or_else(|error| json!(error.message())));
    }
    Json(said)
}

async fn take(step: Step, held: &mut BTreeMap<String, Guard>) -> Result<Value, Error> {
    let cache = Cache::named("kept");
    Ok(match step {
        Step::Set { key, value } => json!(cache.set(key, Json(value))?),
        Step::SetFor { key, value, millis } => {
            json!(cache.set_for(key, Json(value), Duration::from_millis(millis))?)
        }
        Step::SetBytes { key, value } => json!(cache.set(key, value)?),
        Step::Add { key, value } => json!(cache.add(key, Json(value))?),
        Step::Replace { key, value } => json!(cache.replace(key, Json(value))?),
        Step::Get { key } => cache.get(key)?.map_or(Value::Null, |Json(value)| value),
        Step::GetBytes { key } => json!(cache.get::<Vec<u8>>(key)?),
        Step::Take { key } => cache.take(key)?.map_or(Value::Null, |Json(value)| value),
        Step::Expire { key, millis } => json!(cache.expire(key, Duration::from_millis(millis))?),
        Step::Persist { key } => json!(cache.persist(key)?),
        Step::Count => json!(cache.count()?),
        Step::Keys { by, text } => json!(select(&cache, &by, text)?.keys()?),
        Step::Read { by, text } => {
            let found = select(&cache, &by, text)?.get::<Json<Value>>()?;
            found.into_iter().map(|(key, Json(value))| json!([key, value])).collect()
        }
        Step::Delete { by, text } => json!(select(&cache, &by, text)?.delete()?),
        Step::Hold { lock, ttl_millis, wait_millis } => {
            let wanted = Lock::named(lock.clone()).ttl(Duration::from_millis(ttl_millis));
            let guard = wanted.wait(Duration::from_millis(wait_millis)).acquire().await?;
            json!(held.insert(lock, guard).is_none())
        }
        // Given back at once.
        Step::Try { lock } => json!(Lock::named(lock).try_acquire().await?.is_some()),
        Step::Drop { lock } => json!(held.remove(&lock).map(drop)),
        Step::Release { lock } => json!(held.remove(&lock).map(Guard::release).transpose()?),
        Step::Sleep { millis } => json!(std::thread::sleep(Duration::from_millis(millis))),
    })
}

/// Texts are separated by commas where there may be several.
fn select(cache: &Cache, by: &str, text: String) -> Result<Selection, Error> {
    let texts = || text.split(',').map(str::to_owned).collect::<Vec<_>>();
    Ok(match by {
        "all" => cache.all(),
        "keys" => cache.keys(texts()),
        "prefix" => cache.prefix(text),
        "suffix" => cache.suffix(text),
        "contains" => cache.contains(text),
        "not-contains" => cache.not_contains(text),
        "contains-all" => cache.contains_all(texts()),
        "contains-any" => cache.contains_any(texts()),
        "regex" => cache.regex(text),
        other => return Err(Error::invalid(format!("entries cannot be chosen by {other}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use caisson::testing::Host;

    #[test]
    fn takes_the_steps_and_tells_what_came_of_each() {
        let steps = json!([
            {"do": "set", "key": "a.1", "value": {"n": 1}},
            {"do": "add", "key": "a.1", "value": 2},
            {"do": "read", "by": "prefix", "text": "a."},
            {"do": "keys", "by": "contains-all", "text": "a,1"},
            {"do": "hold", "lock": "l", "ttl_millis": 60_000, "wait_millis": 0},
            {"do": "hold", "lock": "l", "ttl_millis": 60_000, "wait_millis": 0},
            {"do": "drop", "lock": "l"},
            {"do": "try", "lock": "l"},
            {"do": "release", "lock": "l"},
            {"do": "try", "lock": "busy"},
        ]);
        let host = Host::new().busy("busy");
        let said: Vec<Value> = host.call(keep, Json(steps)).unwrap().read_json().unwrap();
        assert!(said[5].as_str().unwrap().contains("it would wait for itself"), "{said:?}");
        let rest = [&said[..5], &said[6..]].concat();
        let expected = json!([null, false, [["a.1", {"n": 1}]], ["a.1"], true, null, true, null, false]);
        assert_eq!(Value::from(rest), expected);
    }
}
