//! Handles that nobody gave: numbers that a component makes up, or takes from another kind of thing.

use super::{OTHER, World};
use crate::harness::{Healthy, assert_problem, eventually, guest, post};

#[tokio::test]
async fn a_handle_that_was_not_given_ends_the_request_and_touches_nobody_elses() {
    let world = World::with("leaks", "", Vec::new()).await;
    world.server.save(&format!("{OTHER}.wasm"), guest("leaks"));
    world.server.version(OTHER, 1).await;
    let healthy = Healthy::watch(&world.server);
    // In the middle of its transaction while the forger tries.
    let (client, url) = (world.server.http.clone(), world.server.url(OTHER));
    let holder = tokio::spawn(async move { post(&client, &url, "holds 40").await.unwrap().good() });
    let open =
        "select count(*) from pg_stat_activity where xact_start is not null and pid <> pg_backend_pid()";
    eventually("the transaction is open", async || (world.postgres.psql(open) != "0").then_some(())).await;
    for number in [0, 1, 2, 3, 4, 100, 1 << 20, u32::MAX] {
        for what in ["transaction", "cursor", "body", "upload", "mistaken"] {
            let answer = world.server.post("leaks", format!("{what} {number}")).await;
            assert_problem(&answer, 500, "");
            assert!(!answer.text().contains("transaction"), "{what} {number}: {}", answer.text());
        }
    }
    let said = holder.await.unwrap();
    assert!(said.contains("1 commit: ok"), "{said}");
    assert_eq!(world.postgres.psql("select n, t from items"), "5|held");
    world.assert_nothing_is_left().await;
    healthy.assert_never_failed(20).await;
}
