//! Components, hostile ones and plain ones.

use crate::harness::{HEALTHY, HELLO, Healthy, Server, Setup, assert_problem, guest};

/// A server with these components; each file is named as its guest.
async fn serve(guests: &[&str]) -> Server {
    let mut setup = Setup::new().file("healthy.py", HEALTHY);
    for name in guests {
        setup = setup.file(&format!("{name}.wasm"), guest(name));
    }
    setup.start().await
}

#[tokio::test]
async fn a_component_answers_what_it_was_sent() {
    let server = serve(&["echo"]).await;
    for size in [0, 1, 70_000, 5_000_000] {
        let body = vec![b'e'; size];
        let answer = server.post("echo", body.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.body, body);
    }
}

#[tokio::test]
async fn a_component_that_harms_is_stopped_and_the_others_go_on() {
    let mut setup = Setup::new().file("healthy.py", HEALTHY).file("echo.wasm", guest("echo"));
    let limits = "[limits]\ncpu_time_ms = 300\nmemory_bytes = 33554432\nanswer_bytes = 1000000\n";
    let cases = [
        ("loop", "", "limit cpu_time_ms = 300"),
        ("memory", "", "limit memory_bytes = 33554432"),
        ("stack", "", "limit stack_bytes"),
        ("trap", "", ""),
        ("answer", "1000001", "limit answer_bytes = 1000000"),
        ("answer", "20000000", "limit answer_bytes = 1000000"),
        ("answer", "100000000", "limit memory_bytes = 33554432"),
        ("handles", "5000", ""),
    ];
    for (name, _, _) in cases {
        setup = setup.file(&format!("{name}.wasm"), guest(name)).file(&format!("{name}.toml"), limits);
    }
    let server = setup.start().await;
    let healthy = Healthy::watch(&server);
    for (name, body, says) in cases {
        println!("{name} {body}");
        for _ in 0..3 {
            assert_problem(&server.post(name, body).await, 500, says);
        }
        assert_eq!(server.post("echo", "echo").await.good(), "echo");
    }
    assert_eq!(server.post("answer", "1000000").await.body.len(), 1_000_000);
    healthy.assert_never_failed(50).await;
}

#[tokio::test]
async fn where_a_component_died_is_in_the_log() {
    let server = serve(&["trap"]).await;
    let answer = server.get("trap").await;
    let record = server.log_record(answer.cid()).await;
    assert!(record.contains("unreachable") && record.contains("handle"), "{record}");
}

#[tokio::test]
async fn every_request_finds_a_pristine_component() {
    let server = serve(&["counter"]).await;
    let healthy = Healthy::watch(&server);
    for _ in 0..200 {
        assert_eq!(server.get("counter").await.good(), "1 1 1");
    }
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (client, url) = (server.http.clone(), server.url("counter"));
        calls.spawn(async move { crate::harness::post(&client, &url, "").await.unwrap().good() });
    }
    assert!(calls.join_all().await.iter().all(|answer| answer == "1 1 1"));
    healthy.assert_never_failed(20).await;
}

#[tokio::test]
async fn a_reused_component_keeps_its_state() {
    let server = Setup::new()
        .file("counter.wasm", guest("counter"))
        .file("counter.toml", "isolation = \"reuse\"\nmax_requests = 3\n")
        .start()
        .await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(server.get("counter").await.good());
    }
    assert_eq!(seen, ["1 1 1", "2 2 2", "3 3 3", "1 1 1"]);
}

#[tokio::test]
async fn what_a_component_prints_is_in_the_log() {
    let server = serve(&["print"]).await;
    let cid = server.get("print").await.cid().to_owned();
    let records = server.records(&format!("cid={cid}")).await;
    let mut said: Vec<_> = records
        .iter()
        .map(|r| {
            [&r["service"], &r["level"], &r["logger"], &r["message"]]
                .map(|v| v.as_str().unwrap_or("").to_owned())
        })
        .collect();
    said.sort();
    let expected = [
        ["print", "error", "a.logger", "to the log"],
        ["print", "info", "stdout", "to standard output"],
        ["print", "warning", "stderr", "to standard error"],
    ];
    assert_eq!(said, expected);
}

#[tokio::test]
async fn components_and_python_call_each_other() {
    let python = "from caisson import Service\nclass Up(Service):\n    name = 'up'\n    def handle(self):\n        self.response.payload = self.request.raw_request.decode().upper()\nclass Down(Service):\n    name = 'down'\n    def handle(self):\n        self.response.payload = self.invoke('echo', 'quiet')\n";
    let setup = Setup::new().file("python.py", python);
    let server = setup.file("calls.wasm", guest("calls")).file("echo.wasm", guest("echo")).start().await;
    assert_eq!(server.post("calls", "up").await.good(), "FROM A COMPONENT");
    assert_eq!(server.post("calls", "echo").await.good(), "from a component");
    assert_eq!(server.get("down").await.good(), "quiet");
    assert_eq!(server.post("calls", "nobody").await.good(), "ErrorKind::NotFound: no service named nobody");
    assert!(server.post("calls", "calls").await.good().contains("a service cannot invoke itself"));
}

#[tokio::test]
async fn handles_left_open_do_not_pile_up() {
    let server = serve(&["handles"]).await;
    for _ in 0..300 {
        assert_eq!(server.post("handles", "100").await.good(), "100 left open");
    }
}

#[tokio::test]
async fn a_component_reaches_nothing_outside() {
    let server = serve(&["outside"]).await;
    let report = server.get("outside").await.good();
    assert_eq!(report.lines().count(), 10, "{report}");
    assert!(!report.contains("DONE"), "{report}");
    assert!(!std::path::Path::new("/tmp/written-by-a-guest").exists());
}

#[tokio::test]
async fn names_with_underscores_are_services_with_dashes() {
    let setup = Setup::new().file("my_echo.wasm", guest("echo")).file("hello.py", HELLO);
    let server = setup.start().await;
    assert_eq!(server.post("my-echo", "x").await.good(), "x");
}
