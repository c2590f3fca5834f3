//! Which keys are found, and what grants allow of them: cases.

use super::*;
use crate::commands::{idempotent, refused};
use caisson_capability::Options;
use serde_json::{Value, json};
use std::sync::Arc;

fn command(text: &str) -> Command {
    text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

fn granted(grants: &[(&str, Value)]) -> Granted {
    let grants: Vec<Arc<Grant>> = grants
        .iter()
        .map(|(operation, restrictions)| {
            let restrictions = Options::new(restrictions.as_object().unwrap().clone());
            Arc::new(Grant {
                services: vec!["*".into()],
                operations: vec![(*operation).into()],
                restrictions,
            })
        })
        .collect();
    Granted::of(&grants, "crm.sync")
}

/// Commands, and whether a grant for `crm:*` and `one` allows them.
const COMMANDS: &[(&str, bool)] = &[
    ("GET crm:1", true),
    ("get crm:1", true),
    ("GET one", true),
    ("GET one:2", false),
    ("GET CRM:1", false),
    ("GET", true),
    ("PING", true),
    ("MGET crm:1 crm:2", true),
    ("MGET crm:1 other", false),
    ("MSET crm:1 other crm:2 x", true),
    ("MSET crm:1 x other x", false),
    ("DEL crm:1 crm:2 x", false),
    ("RENAME crm:1 x", false),
    ("COPY crm:1 crm:2", true),
    ("COPY crm:1 crm:2 DB 3", false),
    ("COPY crm:1 crm:2 REPLACE db 3", false),
    ("MOVE crm:1 3", false),
    ("BITOP AND crm:1 crm:2", true),
    ("BITOP AND x crm:2", false),
    ("BITOP crm:x x crm:2", false),
    ("ZUNIONSTORE crm:t 2 crm:a crm:b WEIGHTS 1 2", true),
    ("ZUNIONSTORE crm:t 2 crm:a x", false),
    ("ZUNIONSTORE x 1 crm:a", false),
    ("ZUNIONSTORE crm:t 02 crm:a x", false),
    ("ZUNIONSTORE crm:t -1 crm:a x", false),
    ("ZUNIONSTORE crm:t 9 crm:a", false),
    ("ZUNIONSTORE crm:t 99999999999999999999 crm:a", false),
    ("ZUNION 1 crm:a WITHSCORES", true),
    ("LMPOP 2 crm:a x LEFT", false),
    ("SORT crm:a", true),
    ("SORT crm:a BY nosort", true),
    ("SORT crm:a BY w_*", false),
    ("SORT crm:a GET # DESC", true),
    ("SORT crm:a GET x_*", false),
    ("SORT crm:a GET # GET secret_*", false),
    ("SORT crm:a LIMIT 0 5 ALPHA STORE crm:t", true),
    ("SORT crm:a STORE x", false),
    ("SORT crm:a STORE crm:t STORE x", false),
    ("SORT crm:a LIMIT STORE x STORE x", false),
    ("GEORADIUS crm:a 1 1 5 km STORE x", false),
    ("GEORADIUS crm:a 1 1 5 km STOREDIST crm:x", true),
    ("XREAD COUNT 1 STREAMS crm:a crm:b 0 0", true),
    ("XREAD STREAMS crm:a x 0 0", false),
    ("XREAD STREAMS crm:a crm:b 0", false),
    ("XREADGROUP GROUP STREAMS BLOCK STREAMS crm:a >", true),
    ("XREADGROUP GROUP STREAMS BLOCK STREAMS x >", false),
    ("XGROUP CREATE crm:a g $", true),
    ("XGROUP CREATE x crm:a $", false),
    ("OBJECT ENCODING crm:a", true),
    ("OBJECT ENCODING x", false),
    ("OBJECT HELP", false),
    ("MEMORY USAGE x", false),
    ("MEMORY STATS", false),
    ("DEBUG OBJECT crm:a", false),
    ("PUBLISH crm:news x", true),
    ("PUBLISH news x", false),
    ("SPUBLISH news x", false),
    ("PUBSUB CHANNELS", false),
    ("KEYS crm:*", true),
    ("KEYS crm:[ab]*", true),
    ("KEYS *", false),
    ("KEYS cr*", false),
    ("KEYS [c]rm:*", false),
    ("KEYS crm?1", false),
    ("KEYS one", true),
    ("KEYS on*", false),
    ("SCAN 0", false),
    ("SCAN 0 MATCH crm:* COUNT 10", true),
    ("SCAN 0 MATCH crm:* MATCH *", false),
    ("SCAN 0 COUNT MATCH crm:*", false),
    ("SCAN 0 TYPE string", false),
    ("RANDOMKEY", false),
    ("FLUSHDB", false),
    ("CONFIG GET *", false),
    ("FT.SEARCH crm:a *", false),
    ("MIGRATE h 1 crm:a 0 5", false),
    ("EVAL return 0", false),
    ("FCALL f 1 crm:a", false),
    ("SCRIPT LOAD x", true),
    ("SCRIPT FLUSH", false),
    ("GET\n crm:1", false),
];

#[test]
fn every_key_of_a_command_must_fit_a_pattern_of_the_grant() {
    let granted = granted(&[("*", json!({"keys": ["crm:*", "one"]}))]);
    for &(text, allowed) in COMMANDS {
        assert_eq!(beyond(&command(text), &granted).is_none(), allowed, "{text}");
    }
    let star = self::granted(&[("*", json!({"keys": ["a*b"]}))]);
    assert!(beyond(&command("KEYS a*b"), &star).is_some(), "only prefixes are certain");
}

#[test]
fn scripts_under_a_restriction_need_a_grant_that_says_so() {
    let with = granted(&[("*", json!({"keys": ["crm:*"], "scripts": true}))]);
    assert_eq!(beyond(&command("EVAL x 1 crm:1 other"), &with), None);
    assert!(beyond(&command("EVAL x 1 other crm:1"), &with).is_some());
    let elsewhere =
        granted(&[("read", json!({"keys": ["*"], "scripts": true})), ("script", json!({"keys": ["*"]}))]);
    assert_eq!(beyond(&command("EVAL x 0"), &elsewhere).unwrap().add, "scripts: true");
}

#[test]
fn patterns_count_only_for_the_operations_of_their_grant() {
    let granted = granted(&[("read", json!({"keys": ["*"]})), ("write", json!({"keys": ["crm:*"]}))]);
    assert_eq!(beyond(&command("GET x"), &granted), None);
    assert_eq!(beyond(&command("SET crm:x 1"), &granted), None);
    let beyond = beyond(&command("SET x 1"), &granted).unwrap();
    assert_eq!((beyond.detail.as_str(), beyond.add.as_str()), ("key `x`", "keys: [\"x\"]"));
    let malformed = self::granted(&[("*", json!({"keys": "crm:*"}))]);
    assert!(super::beyond(&command("GET crm:1"), &malformed).is_some(), "what is no list allows nothing");
    let free = self::granted(&[("*", json!({"keys": []})), ("*", json!({}))]);
    assert_eq!(super::beyond(&command("FLUSHDB"), &free), None);
}

#[test]
fn commands_are_classified_and_what_is_unknown_is_admin() {
    for (text, operation, twice) in [
        ("get a", "read", true),
        ("SET a b", "write", true),
        ("SET a NX EX 5", "write", true),
        ("SET a b NX", "write", false),
        ("SET a b EX 5 GET", "write", false),
        ("SET a b IFEQ c", "write", false),
        ("EXPIRE a 5", "write", true),
        ("EXPIRE a 5 NX", "write", false),
        ("INCR a", "write", false),
        ("SADD a b", "write", false),
        ("PUBLISH a b", "publish", false),
        ("EVALSHA x 0", "script", false),
        ("FLUSHALL", "admin", false),
        ("SOMETHING.NEW a", "admin", false),
        ("OBJECT", "admin", false),
        ("object encoding a", "read", true),
        ("XREADGROUP GROUP g c STREAMS s >", "write", false),
    ] {
        let command = command(text);
        assert_eq!((known(&command).op.name(), idempotent(&command)), (operation, twice), "{text}");
    }
}

#[test]
fn what_blocks_subscribes_or_changes_the_connection_is_refused_with_a_hint() {
    for (text, never) in [
        ("select 1", true),
        ("AUTH x", true),
        ("HELLO 2", true),
        ("CLIENT REPLY OFF", true),
        ("client kill", true),
        ("MULTI", true),
        ("exec", true),
        ("WATCH a", true),
        ("MONITOR", true),
        ("QUIT", true),
        ("RESET", true),
        ("SUBSCRIBE a", true),
        ("psubscribe a", true),
        ("SSUBSCRIBE a", true),
        ("BLPOP a 0", true),
        ("BZMPOP 0 1 a MIN", true),
        ("WAIT 1 0", true),
        ("SCRIPT DEBUG YES", true),
        ("SCRIPT LOAD x", false),
        ("XREAD BLOCK 0 STREAMS a 0", true),
        ("xread count 1 block 0 streams a 0", true),
        ("XREADGROUP GROUP BLOCK c STREAMS a >", false),
        ("XREADGROUP GROUP g c BLOCK 5 STREAMS a >", true),
        ("XREAD STREAMS block 0", false),
        ("XREAD NEW BLOCK 0 STREAMS a 0", true),
        ("", true),
        ("GET a", false),
        ("LPOP a", false),
    ] {
        assert_eq!(refused(&command(text)).is_some(), never, "{text}");
    }
    assert!(refused(&Vec::new()).is_some());
    assert!(refused(&command("BLPOP a 0")).unwrap().contains("channel on a stream"));
}
