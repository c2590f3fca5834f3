//! Definitions: applied live, compared, exported, taken back; what is refused changes nothing.

use crate::harness::{Command, HELLO, Server, Setup, assert_problem, call};
use http::Method;
use serde_json::{Value, json};

/// A file with one channel at this path.
fn channel(path: &str) -> String {
    format!(
        "version: 1\nchannels:\n  - name: hello\n    type: rest\n    path: {path}\n    service: hello.hello-world\n"
    )
}

/// Applies a file to a server, which must succeed.
async fn apply(server: &Server, text: &str) -> Value {
    let file = server.write("caisson.yaml", text);
    let ended = Command::to(server, ["apply", "-f", &file, "--yes", "--json"]).run().await;
    ended.good();
    ended.json()
}

async fn get(server: &Server, path: &str) -> crate::harness::Answer {
    server.path_with(Method::GET, path, &[]).await
}

#[tokio::test]
async fn an_applied_channel_answers_at_once_and_survives_kill_9() {
    let mut server = Setup::new().file("hello.py", HELLO).start().await;
    assert_problem(&get(&server, "/api/hello").await, 404, "");
    let applied = apply(&server, &channel("/api/hello")).await;
    assert_eq!((applied["revision"].as_u64(), applied["live"].as_bool()), (Some(1), Some(true)));
    assert_eq!(get(&server, "/api/hello").await.good(), "How goes it?");
    server.kill9().await;
    server.start_again().await;
    assert_eq!(get(&server, "/api/hello").await.good(), "How goes it?");
}

#[tokio::test]
async fn diff_shows_and_apply_twice_changes_nothing() {
    let server = Server::with("hello.py", HELLO).await;
    let file = server.write("caisson.yaml", channel("/a"));
    let shown = Command::to(&server, ["diff", "-f", &file]).run().await;
    assert!(shown.good().contains("channels/hello") || shown.good().contains("hello"), "{shown:?}");
    assert_problem(&get(&server, "/a").await, 404, "");
    apply(&server, &channel("/a")).await;
    let again = apply(&server, &channel("/a")).await;
    assert_eq!((again["revision"].as_u64(), again["unchanged"].as_bool()), (Some(1), Some(true)));
}

#[tokio::test]
async fn a_rollback_is_a_revision_of_its_own() {
    let server = Server::with("hello.py", HELLO).await;
    apply(&server, &channel("/one")).await;
    apply(&server, &channel("/two")).await;
    assert_problem(&get(&server, "/one").await, 404, "");
    let made = Command::to(&server, ["rollback", "1", "--json"]).run().await;
    made.good();
    assert_eq!(made.json()["revision"], 3);
    assert_eq!(get(&server, "/one").await.good(), "How goes it?");
    let history = Command::to(&server, ["history", "--json"]).run().await.json();
    let revisions: Vec<_> =
        history.as_array().unwrap().iter().map(|one| one["revision"].as_u64().unwrap()).collect();
    assert_eq!(revisions, [3, 2, 1]);
    assert_eq!(history[0]["author"], "dev");
    let gone = Command::to(&server, ["rollback", "99"]).run().await;
    assert_eq!(gone.code, 1, "{gone:?}");
    assert!(gone.stderr.contains("99"), "{gone:?}");
}

#[tokio::test]
async fn a_broken_file_is_refused_with_every_place_and_changes_nothing() {
    let server = Server::with("hello.py", HELLO).await;
    apply(&server, &channel("/a")).await;
    let broken = "version: 1\nchannels:\n  - name: x\n    type: rest\n    pth: /b\n    service: a.b\n    methods: [FETCH]\n";
    let file = server.write("caisson.yaml", broken);
    let refused = Command::to(&server, ["apply", "-f", &file, "--yes"]).run().await;
    assert_eq!(refused.code, 1, "{refused:?}");
    for says in ["caisson.yaml:5:", "`pth`", "`path`", "caisson.yaml:7:", "FETCH"] {
        assert!(refused.stderr.contains(says), "{says}: {refused:?}");
    }
    assert_eq!(get(&server, "/a").await.good(), "How goes it?");
    let history = Command::to(&server, ["history", "--json"]).run().await.json();
    assert_eq!(history.as_array().unwrap().len(), 1);
}

/// Sends definitions to the API as they are, past the checks of the command.
async fn submit(server: &Server, submission: &Value) -> crate::harness::Answer {
    let url = format!("http://{}/api/v1/definitions/apply", server.admin);
    let body = serde_json::json!({"submission": submission}).to_string();
    crate::harness::post(&server.http, &url, body).await.unwrap()
}

#[tokio::test]
async fn what_cannot_be_served_never_becomes_a_revision() {
    let mut server = Setup::new().file("hello.py", HELLO).start().await;
    apply(&server, &channel("/a")).await;
    let jwt = |fields: Value| {
        let mut one = serde_json::json!({"type": "jwt", "name": "j", "algorithms": ["RS256"]});
        one.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::json!({"definitions": {"security": [one]}})
    };
    let rest = |fields: Value| {
        let mut one = serde_json::json!({"type": "rest", "name": "c", "path": "/c", "service": "s"});
        one.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::json!({"definitions": {"channels": [one]}})
    };
    for (submission, says) in [
        (jwt(serde_json::json!({"public_key": "no key"})), "public_key"),
        (jwt(serde_json::json!({"jwks_url": "ftp://keys.example/set"})), "https"),
        (jwt(serde_json::json!({"algorithms": [], "public_key": "x"})), "algorithms"),
        (rest(serde_json::json!({"path": "/a/../b"})), "`..`"),
        (rest(serde_json::json!({"path": "/%zz"})), "percent-encoding"),
        (rest(serde_json::json!({"methods": ["FETCH"]})), "FETCH"),
        (rest(serde_json::json!({"service": ""})), "service"),
    ] {
        let refused = submit(&server, &submission).await;
        assert_eq!(refused.status, 422, "{submission}: {}", refused.text());
        assert!(refused.text().contains(says), "{submission}: {}", refused.text());
    }
    let history = Command::to(&server, ["history", "--json"]).run().await.json();
    assert_eq!(history.as_array().unwrap().len(), 1);
    server.restart().await;
    assert_eq!(get(&server, "/a").await.good(), "How goes it?");
}

#[tokio::test]
async fn no_answer_quotes_what_a_reference_stands_for() {
    let server = Server::with("hello.py", HELLO).await;
    let refused = submit(
        &server,
        &serde_json::json!({
            "definitions": {
                "security": [{"type": "api-key", "name": "k", "header": "TOP SECRET", "key": "x"}],
                "channels": [{"type": "rest", "name": "c", "path": "/c", "service": "s", "security": ["T0PSECRET"]}],
            },
            "references": {"security/k/header": "${env:HEADER}", "channels/c/security/0": "${env:WHO}"},
        }),
    )
    .await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    for says in ["${env:HEADER}", "${env:WHO}"] {
        assert!(refused.text().contains(says), "{}", refused.text());
    }
    for secret in ["TOP SECRET", "T0PSECRET"] {
        assert!(!refused.text().contains(secret) && !server.log().contains(secret), "{}", refused.text());
    }
}

#[tokio::test]
async fn whoever_applies_to_an_old_revision_is_told_what_changed() {
    let server = Server::with("hello.py", HELLO).await;
    apply(&server, &channel("/a")).await;
    let body = r#"{"base": 0, "submission": {"definitions": {}, "references": {}}}"#;
    let url = format!("http://{}/api/v1/definitions/apply", server.admin);
    let answer = crate::harness::post(&server.http, &url, body).await.unwrap();
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert!(answer.text().contains("revision 1 by dev"), "{}", answer.text());
    assert_eq!(get(&server, "/a").await.good(), "How goes it?");
}

#[tokio::test]
async fn what_is_exported_is_what_was_applied_and_holds_no_secret() {
    let server = Server::with("hello.py", HELLO).await;
    let text = "version: 1\nsecurity:\n  - {name: key, type: api-key, key: \"${env:PARTNER_KEY}\"}\n  \
                - {name: partner, type: basic-auth, username: partner, password: \"${env:PARTNER_PASSWORD}\"}\n\
                channels:\n  - {name: hello, type: rest, path: /a, service: hello.hello-world, security: [key, partner]}\n";
    let file = server.write("caisson.yaml", text);
    let with_secrets = |arguments: [&str; 5]| {
        let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
        let command = Command::to(&server, arguments.iter().map(String::as_str));
        command.env("PARTNER_KEY", "k3y-of-the-partner").env("PARTNER_PASSWORD", "pa55-of-the-partner")
    };
    with_secrets(["apply", "-f", &file, "--yes", "--json"]).run().await.good();
    let exported = Command::to(&server, ["export"]).run().await;
    assert!(exported.good().contains("${env:PARTNER_KEY}"), "{exported:?}");
    let again = server.write("exported.yaml", exported.good());
    let applied = with_secrets(["apply", "-f", &again, "--yes", "--json"]).run().await;
    assert_eq!(applied.json()["unchanged"], true, "{applied:?}");
    let mut seen = exported.stdout + &server.log();
    for path in ["sections/security", "sections/channels"] {
        seen += &server.admin_get(&format!("/api/v1/definitions/{path}")).await.good();
    }
    seen += &String::from_utf8_lossy(&std::fs::read(server.data().join("state.db")).unwrap());
    seen += &String::from_utf8_lossy(&std::fs::read(server.data().join("state.db-wal")).unwrap_or_default());
    for secret in ["k3y-of-the-partner", "pa55-of-the-partner", "$argon2id$"] {
        assert!(!seen.contains(secret), "{secret} is to be seen");
    }
}

#[tokio::test]
async fn the_schema_and_the_sections_are_there() {
    let server = Server::with("hello.py", HELLO).await;
    let more =
        "  - {name: b, type: soap, path: /b, service: x.y, operations: {Get: x.get}, enabled: false}\n";
    apply(&server, &(channel("/a") + more)).await;
    let schema = Command::new(["schema"]).run().await;
    let schema: Value = serde_json::from_str(schema.good()).unwrap();
    assert!(schema["properties"]["channels"].is_object(), "{schema}");
    let listed = Command::to(&server, ["ls", "channels"]).run().await;
    for part in ["/a", "hello.hello-world", "soap (off)", "Get: x.get, x.y"] {
        assert!(listed.good().contains(part), "{part}: {listed:?}");
    }
    let shown = Command::to(&server, ["export"]).run().await;
    assert!(shown.good().contains("enabled: false") && !shown.stdout.contains("enabled: true"), "{shown:?}");
    assert!(!shown.stdout.contains("match_slash"), "what nobody wrote is not shown: {shown:?}");
    let url = format!("http://{}/api/v1/definitions/sections/cats", server.admin);
    assert_problem(&call(&server.http, Method::GET, &url).await.unwrap(), 404, "cats");
}

#[tokio::test]
async fn no_request_fails_while_definitions_change() {
    let server = Server::with("hello.py", HELLO).await;
    apply(&server, &channel("/a")).await;
    let url = format!("http://{}/a", server.listen);
    let applying = async {
        for number in 0..40 {
            let text = format!("{}    timeout_secs: {}\n", channel("/a"), 10 + number);
            apply(&server, &text).await;
        }
    };
    let mut applying = std::pin::pin!(applying);
    let mut answered = 0_u32;
    loop {
        tokio::select! {
            () = &mut applying => break,
            answer = call(&server.http, Method::GET, &url) => {
                assert_eq!(answer.unwrap().good(), "How goes it?");
                answered += 1;
            }
        }
    }
    assert!(answered > 40, "{answered} requests only");
    assert_eq!(Command::to(&server, ["cluster", "--json"]).run().await.json()["live"], 41);
}

#[tokio::test]
async fn what_could_not_be_read_again_after_an_export_is_refused() {
    let server = Server::with("hello.py", HELLO).await;
    for name in ["<<", "$secret"] {
        let connection = json!({"name": "c", "type": "x", "deep": [{name: 1}]});
        let answer = submit(&server, &json!({"definitions": {"connections": [connection]}})).await;
        assert_problem(&answer, 422, &format!("connections/c/deep/0/{name}: `{name}` cannot be the name"));
    }
}

#[tokio::test]
async fn thousands_of_channels_fit_into_one_file_and_what_is_too_large_is_refused() {
    let server = Server::with("hello.py", HELLO).await;
    let mut text = "version: 1\nchannels:\n".to_owned();
    for number in 0..3_000 {
        text += &format!(
            "  - {{name: c{number}, type: rest, path: /many/{number}, service: hello.hello-world}}\n"
        );
    }
    let file = server.write("many.yaml", &text);
    Command::to(&server, ["apply", "-f", &file, "--yes"]).run().await.good();
    assert_eq!(server.path_with(Method::GET, "/many/2999", &[]).await.status, 200);
    server.write("large.txt", "x".repeat((1 << 20) + 1));
    let key = "version: 1\nsecurity:\n  - {name: k, type: api-key, key: \"${file:large.txt}\"}\n";
    let comment = "#".repeat((8 << 20) + 1);
    for (text, says) in [(key, "at most 1048576"), (comment.as_str(), "at most 8388608")] {
        let file = server.write("refused.yaml", text);
        let refused = Command::to(&server, ["apply", "-f", &file, "--yes"]).run().await;
        assert!(refused.code != 0 && refused.stderr.contains(says), "{refused:?}");
    }
}
