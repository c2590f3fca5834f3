//! Three members of etcd, of which some die.

use super::load::{broken, node, numbered, serves};
use crate::harness::{Command, Etcd, Healthy, Server, assert_problem, eventually};

/// The member that leads, or one that does not.
async fn find(etcd: &[Etcd], leads: bool) -> usize {
    eventually("etcd has a leader", async || {
        let mut found = Vec::new();
        for (number, member) in etcd.iter().enumerate() {
            found.push((member.leads().await, number));
        }
        // Without a leader, nobody is known not to be the leader either.
        let has_leader = found.iter().any(|(is_leader, _)| *is_leader);
        found.into_iter().find(|(is_leader, _)| *is_leader == leads && has_leader).map(|(_, number)| number)
    })
    .await
}

/// Applies on each of the servers, and waits until both serve it.
async fn both_apply(servers: [&Server; 2], numbers: std::ops::Range<u64>) {
    for number in numbers {
        let here = servers[usize::from(number % 2 == 0)];
        let revision = here.acknowledged(&numbered(number), &number.to_string()).await;
        for server in servers {
            server.until_live(revision).await;
            serves(server, number).await;
        }
    }
}

#[tokio::test]
async fn one_member_of_three_may_die_whichever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("secret.key").display().to_string();
    let mut etcd = Etcd::members(3).await;
    let (one, two) = (node(&etcd, &key, "one").await, node(&etcd, &key, "two").await);
    both_apply([&one, &two], 1..3).await;
    let load = [&one, &two].map(|server| Healthy::on(server, "/steady"));
    for (leads, numbers) in [(false, 3..7), (true, 7..11)] {
        let dies = find(&etcd, leads).await;
        etcd[dies].kill9().await;
        both_apply([&one, &two], numbers).await;
        etcd[dies].start_again().await;
        etcd[dies].until_healthy().await;
    }
    both_apply([&one, &two], 11..13).await;
    assert_eq!(one.history().await.len(), 12);
    for healthy in load {
        healthy.assert_never_failed(50).await;
    }
}

/// A server without a majority of etcd, which has revision 2.
async fn says_so_and_refuses(server: &Server) {
    eventually("the outage is told", async || (server.cluster().await["connected"] == false).then_some(()))
        .await;
    let told = Command::to(server, ["cluster"]).run().await;
    assert!(told.stderr.contains("the state store is away since"), "{told:?}");
    assert!(told.stderr.contains("revision 2 goes on serving"), "{told:?}");
    let ready = server.admin_get("/healthz/ready").await;
    assert_eq!(ready.status, 200, "a server that serves takes traffic: {}", ready.text());
    assert_eq!(ready.json()["state"]["connected"], false, "{}", ready.text());
    let refused = server.submit(&numbered(3), "3").await.unwrap();
    assert_problem(&refused, 503, "etcd");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1, "{refused:?}");
    // What is wrong anyway is told at once: nobody has to wait for etcd to learn of it.
    assert_problem(&server.submit(&broken(), "broken").await.unwrap(), 422, "percent-encoding");
    serves(server, 2).await;
}

#[tokio::test]
async fn without_a_majority_all_go_on_serving_say_so_and_refuse_changes_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("secret.key").display().to_string();
    let mut etcd = Etcd::members(3).await;
    let (one, two) = (node(&etcd, &key, "one").await, node(&etcd, &key, "two").await);
    both_apply([&one, &two], 1..3).await;
    let load = [&one, &two].map(|server| Healthy::on(server, "/steady"));
    etcd[0].kill9().await;
    etcd[1].kill9().await;
    tokio::join!(says_so_and_refuses(&one), says_so_and_refuses(&two));
    etcd[0].start_again().await;
    etcd[1].start_again().await;
    for server in [&one, &two] {
        eventually("the state is back", async || (server.cluster().await["connected"] == true).then_some(()))
            .await;
        let ready = server.admin_get("/healthz/ready").await;
        assert_eq!(ready.json()["state"]["connected"], true, "{}", ready.text());
    }
    both_apply([&one, &two], 3..7).await;
    for healthy in load {
        healthy.assert_never_failed(50).await;
    }
}
