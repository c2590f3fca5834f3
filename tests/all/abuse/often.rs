//! Guessing, and asking too often.

use super::credentials::{basic, likeness, secret};
use super::{CHANNELS, KEY, PASSWORD, SECRET, server};
use crate::harness::{Answer, Command, Server, assert_problem};
use http::Method;

/// Failures of one user that lock.
const FAILURES: usize = 10;

fn seconds(answer: &Answer) -> u64 {
    answer.header("retry-after").parse().unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

/// Applies the channels with one more, so that every table of the server is a new one.
async fn apply_again(server: &Server, definitions: &str) {
    let token = std::fs::read_to_string(server.data().join("admin.token")).unwrap();
    let more = "  - {name: more, type: rest, path: /more, service: abused.show}\n";
    let file = server.write("caisson.yaml", format!("version: 1\n{definitions}{more}"));
    let apply = Command::to(server, ["apply", "-f", &file, "--yes"]).env("CAISSON_TOKEN", token.trim());
    apply.env("KEY", KEY).env("PASSWORD", PASSWORD).run().await.good();
}

#[tokio::test]
async fn guessing_locks_the_user_out_for_a_while_whatever_comes_then() {
    let server = server(CHANNELS).await;
    let (right, wrong) = (basic("bob", PASSWORD), basic("bob", "wrong"));
    assert_eq!(secret(&server, &[("authorization", &right)]).await.good(), SECRET);
    for _ in 0..FAILURES {
        assert_problem(&secret(&server, &[("authorization", &wrong)]).await, 401, "");
    }
    let locked = secret(&server, &[("authorization", &wrong)]).await;
    assert_problem(&locked, 429, "Too many failed attempts");
    assert!((1..=60).contains(&seconds(&locked)), "{locked:?}");
    let although_right = secret(&server, &[("authorization", &right)]).await;
    assert_eq!(likeness(&although_right), likeness(&locked), "a lock must not tell that the guess was right");
    apply_again(&server, CHANNELS).await;
    let later = secret(&server, &[("authorization", &right)]).await;
    assert_problem(&later, 429, "Too many failed attempts");
    // Others are not locked out along with bob, as long as it is not the sender that guesses everywhere.
    assert_eq!(secret(&server, &[("x-api-key", KEY)]).await.good(), SECRET);
}

#[tokio::test]
async fn guessing_keys_and_spraying_names_lock_the_sender_out() {
    let server = server(CHANNELS).await;
    for number in 0..FAILURES {
        let key = format!("guess-{number}");
        assert_problem(&secret(&server, &[("x-api-key", &key)]).await, 401, "");
    }
    assert_problem(&secret(&server, &[("x-api-key", KEY)]).await, 429, "Too many failed attempts");
    let right = basic("bob", PASSWORD);
    assert_eq!(secret(&server, &[("authorization", &right)]).await.good(), SECRET);
    for number in 0..90 {
        let guess = basic(&format!("user-{number}"), "wrong");
        assert_problem(&secret(&server, &[("authorization", &guess)]).await, 401, "");
    }
    let locked = secret(&server, &[("authorization", &right)]).await;
    assert_problem(&locked, 429, "Too many failed attempts");
    assert!((1..=60).contains(&seconds(&locked)), "{locked:?}");
    // Whoever needs no credentials has not tried any.
    assert_eq!(server.path_with(Method::GET, "/public/a", &[]).await.status, 200);
}

#[tokio::test]
async fn each_caller_has_a_rate_of_its_own_that_failures_and_applies_do_not_touch() {
    let limited = CHANNELS.replace(
        "security: [key, partner]",
        "security: [key, partner], rate_limit: {rate: 3/h, by: principal}",
    );
    let server = server(&limited).await;
    let bob = basic("bob", PASSWORD);
    let callers = [("x-api-key", KEY), ("authorization", bob.as_str())];
    for _ in 0..5 {
        let nobody = secret(&server, &[]).await;
        assert_problem(&nobody, 401, "");
    }
    for left in [2, 1, 0] {
        for caller in callers {
            let answer = secret(&server, &[caller]).await;
            assert_eq!(answer.good(), SECRET);
            let told = ["ratelimit-limit", "ratelimit-remaining"].map(|name| answer.header(name).to_owned());
            assert_eq!(told, ["3".to_owned(), left.to_string()], "{:?}", answer.headers);
            assert!((1..=3_600).contains(&answer.header("ratelimit-reset").parse::<u64>().unwrap()));
        }
    }
    apply_again(&server, &limited).await;
    for caller in callers {
        let refused = secret(&server, &[caller]).await;
        assert_problem(&refused, 429, "Too many requests");
        assert!((1..=1_200).contains(&seconds(&refused)), "{refused:?}");
        let told = ["ratelimit-limit", "ratelimit-remaining"].map(|name| refused.header(name).to_owned());
        assert_eq!(told, ["3", "0"], "{:?}", refused.headers);
        assert!(refused.header("ratelimit-reset").parse::<u64>().unwrap() > 2_400, "{:?}", refused.headers);
    }
    assert_problem(&secret(&server, &[]).await, 401, "");
}
