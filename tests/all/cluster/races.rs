//! Who was first, who was away, who was killed: what was acknowledged is never lost.

use super::load::{node, numbered, serves};
use crate::harness::{Etcd, HELLO, Server, Setup, rest};
use rustix::process::Signal;
use serde_json::json;

/// Every one of these revisions is in the history, under its message.
async fn assert_kept(server: &Server, acknowledged: &[(u64, String)]) {
    let history = server.history().await;
    for one in acknowledged {
        assert!(history.contains(one), "{one:?} was acknowledged and is lost: {history:?}");
    }
}

#[tokio::test]
async fn of_two_who_apply_at_once_the_loser_is_told_what_the_other_did() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("secret.key").display().to_string();
    let etcd = [Etcd::start().await];
    let (one, two) = (node(&etcd, &key, "one").await, node(&etcd, &key, "two").await);
    let (mut acknowledged, mut losers) = (Vec::<(u64, String)>::new(), 0);
    for round in 0..40 {
        // Who has not heard of the last round yet loses against that one.
        if let Some(newest) = acknowledged.iter().map(|(revision, _)| *revision).max() {
            tokio::join!(one.until_live(newest), two.until_live(newest));
        }
        let names = [format!("one-{round}"), format!("two-{round}")];
        let definitions = [&names[0], &names[1]]
            .map(|name| json!({"channels": [rest(name, &format!("/{name}"), "hello.hello-world")]}));
        let (first, second) =
            tokio::join!(one.submit(&definitions[0], &names[0]), two.submit(&definitions[1], &names[1]));
        for (answer, name, other) in [(first, &names[0], &names[1]), (second, &names[1], &names[0])] {
            let answer = answer.unwrap();
            if answer.status == 200 {
                acknowledged.push((answer.json()["revision"].as_u64().unwrap(), name.clone()));
            } else {
                losers += 1;
                let text = answer.text();
                assert_eq!(answer.status, 409, "{text}");
                assert!(text.contains("by dev at ") && text.contains(other.as_str()), "{text}");
            }
        }
    }
    acknowledged.sort();
    assert_eq!(one.history().await, acknowledged, "what was refused has left nothing");
    assert_eq!(acknowledged.len() + losers, 80);
    assert!(losers > 0, "nobody has lost a race: nothing was tested");
}

#[tokio::test]
async fn servers_that_were_away_for_five_hundred_revisions_catch_up_though_etcd_was_compacted() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("secret.key").display().to_string();
    let etcd = [Etcd::start().await];
    let one = node(&etcd, &key, "one").await;
    let (mut killed, stopped) = (node(&etcd, &key, "killed").await, node(&etcd, &key, "stopped").await);
    one.acknowledged(&numbered(0), "0").await;
    killed.until_live(1).await;
    stopped.until_live(1).await;
    killed.kill9().await;
    stopped.signal(Signal::STOP);
    for number in 1..=500 {
        one.acknowledged(&numbered(number), &number.to_string()).await;
    }
    etcd[0].compact().await;
    stopped.signal(Signal::CONT);
    killed.start_again().await;
    for server in [&stopped, &killed, &one] {
        server.until_live(501).await;
        serves(server, 500).await;
        assert_eq!(server.history().await.len(), 501);
    }
}

/// Applies one after the other and kills the server in the middle of one, three times. What has an answer is there
/// afterwards; what has none is there as a whole or not at all.
async fn kills_lose_nothing(mut server: Server) {
    let (mut acknowledged, mut number) = (Vec::new(), 0);
    for (kill, rounds) in [3_u64, 5, 8].into_iter().enumerate() {
        for _ in 0..rounds {
            number += 1;
            let revision = server.acknowledged(&numbered(number), &number.to_string()).await;
            acknowledged.push((revision, number.to_string()));
        }
        number += 1;
        let (definitions, message) = (numbered(number), number.to_string());
        let dying = async {
            // Some way into the request; how far does not matter, and is another each time.
            for _ in 0..kill * 40 {
                tokio::task::yield_now().await;
            }
            server.signal(Signal::KILL);
        };
        let (last, ()) = tokio::join!(server.submit(&definitions, &message), dying);
        if let Ok(answer) = last {
            acknowledged.push((answer.json()["revision"].as_u64().unwrap(), message.clone()));
        }
        server.ended().await;
        server.start_again().await;
        assert_kept(&server, &acknowledged).await;
        let (newest, message) = server.history().await.pop().unwrap();
        server.until_live(newest).await;
        serves(&server, message.parse().unwrap()).await;
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_a_server_of_a_cluster_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("secret.key").display().to_string();
    let etcd = [Etcd::start().await];
    let other = node(&etcd, &key, "other").await;
    kills_lose_nothing(node(&etcd, &key, "one").await).await;
    let (newest, message) = other.history().await.pop().unwrap();
    other.until_live(newest).await;
    serves(&other, message.parse().unwrap()).await;
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_a_server_of_its_own_is_killed() {
    kills_lose_nothing(Setup::new().file("hello.py", HELLO).start().await).await;
}
