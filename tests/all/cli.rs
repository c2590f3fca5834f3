//! The command line against a running server, and without one.

use crate::harness::{Command, HELLO, Server, Setup, assert_problem, guest};
use serde_json::json;

fn text(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_file_a_folder_and_a_component_are_deployed_and_invoked() {
    let server = Setup::new().start().await;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    };
    let file = write("hello.py", HELLO.as_bytes());
    let component = write("echo.wasm", &guest("echo"));
    write("crm/names.py", b"NAME = 'Ann'\n");
    write("crm/service.toml", b"[limits]\npayload_bytes = 20\n");
    write("crm/api.py", b"from caisson import Service\nfrom .names import NAME\nclass Get(Service):\n    def handle(self):\n        self.response.payload = {'name': NAME, 'got': self.request.payload}\n");

    let deployed = Command::to(&server, ["deploy", text(&file)]).run().await;
    assert!(deployed.good().contains("hello") && deployed.good().contains("version 1"), "{deployed:?}");
    assert!(deployed.good().contains(&server.url("hello.hello-world")), "{deployed:?}");
    let deployed = Command::to(&server, ["deploy", text(&component), "--json"]).run().await.json();
    assert_eq!(deployed, json!({"package": "echo", "version": 1, "services": ["echo"], "unchanged": false}));
    Command::to(&server, ["deploy", text(&folder.path().join("crm"))]).run().await.good();

    assert_eq!(Command::to(&server, ["invoke", "hello.hello-world"]).run().await.good(), "How goes it?");
    let answer = Command::to(&server, ["invoke", "crm.api.get", "--payload", r#"{"a": 1}"#, "--json"])
        .run()
        .await
        .json();
    assert_eq!(
        (&answer["status"], &answer["body"]),
        (&json!(200), &json!({"name": "Ann", "got": {"a": 1}})),
        "{answer}"
    );
    let echoed =
        Command::to(&server, ["invoke", "echo", "--payload", "plain", "--header", "content-type:text/plain"]);
    assert_eq!(echoed.run().await.good(), "plain");

    let again = Command::to(&server, ["deploy", text(&file), "--json"]).run().await.json();
    assert_eq!((&again["unchanged"], &again["version"]), (&json!(true), &json!(1)), "{again}");
    Command::to(&server, ["undeploy", "hello"]).run().await.good();
    assert_problem(&server.get("hello.hello-world").await, 404, "hello");
}

#[tokio::test]
async fn a_broken_package_is_shown_with_its_place_and_exit_code_1() {
    let server = Setup::new().start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.py");
    std::fs::write(&file, "import os\ndef f(:\n").unwrap();
    let ended = Command::to(&server, ["deploy", text(&file)]).run().await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("bad.py:2: SyntaxError"), "{ended:?}");
    let ended = Command::to(&server, ["deploy", text(&file), "--json"]).run().await;
    assert_eq!((ended.code, ended.json()["line"].as_u64()), (1, Some(2)), "{ended:?}");
    let ended = Command::to(&server, ["deploy", text(&folder.path().join("absent.py"))]).run().await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("absent.py"), "{ended:?}");
    let ended = Command::to(&server, ["invoke", "nobody"]).run().await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("no service named nobody"), "{ended:?}");
}

#[tokio::test]
async fn lists_are_for_people_and_for_scripts() {
    let server = Server::with("hello.py", HELLO).await;
    let listed = Command::to(&server, ["ls", "services"]).run().await;
    for part in ["hello.hello-world", "hello:3", "HelloWorld"] {
        assert!(listed.good().contains(part), "{part}: {listed:?}");
    }
    let services = Command::to(&server, ["ls", "services", "--json"]).run().await.json();
    assert_eq!(
        (&services[0]["name"], &services[0]["version"]),
        (&json!("hello.hello-world"), &json!(1)),
        "{services}"
    );
    let packages = Command::to(&server, ["ls", "packages", "--json"]).run().await.json();
    assert_eq!(packages[0]["state"], "running", "{packages}");
    let version = Command::to(&server, ["version", "--json"]).run().await.json();
    assert_eq!(
        (&version["server"]["dev"], &version["server"]["listen"]),
        (&json!(true), &json!(server.listen)),
        "{version}"
    );
    let history = Command::to(&server, ["history", "hello", "--json"]).run().await.json();
    assert_eq!(history[0]["version"], 1, "{history}");
}

#[tokio::test]
async fn logs_are_followed_until_the_server_ends() {
    let talking = "from caisson import Service\nclass Say(Service):\n    name = 'say'\n    def handle(self):\n        self.logger.warning('said %s', self.request.http.GET['what'])\nclass Other(Say):\n    name = 'other'\n";
    let mut server = Server::with("talking.py", talking).await;
    server.get("say?what=before").await;
    let mut all = Command::to(&server, ["logs", "-f"]).follow();
    all.line_with("said before").await;
    let mut one = Command::to(&server, ["logs", "-f", "say", "--json"]).follow();
    one.line_with("said before").await;
    server.get("other?what=other").await;
    server.get("say?what=after").await;
    all.line_with("said other").await;
    all.line_with("said after").await;
    let line = one.line_with("said").await;
    let record: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&record["service"], &record["message"], &record["level"]),
        (&json!("say"), &json!("said after"), &json!("warning")),
        "{record}"
    );
    assert!(all.runs() && one.runs());
    server.signal(rustix::process::Signal::TERM);
    assert!(server.ended().await.success());
    assert_eq!((all.ended().await, one.ended().await), (0, 0));
}

#[tokio::test]
async fn past_logs_are_filtered() {
    let talking = "from caisson import Service\nclass Say(Service):\n    name = 'say'\n    def handle(self):\n        self.logger.info('calm')\n        self.logger.error('loud')\n        print('printed')\n";
    let server = Server::with("talking.py", talking).await;
    let cid = server.get("say").await.cid().to_owned();
    server.get("say").await;
    let of_one = Command::to(&server, ["logs", "--cid", &cid]).run().await;
    assert_eq!(of_one.good().matches("calm").count(), 1, "{of_one:?}");
    assert!(of_one.good().contains("printed"), "{of_one:?}");
    let serious = Command::to(&server, ["logs", "say", "--level", "error"]).run().await;
    assert_eq!(
        (serious.good().matches("loud").count(), serious.good().matches("calm").count()),
        (2, 0),
        "{serious:?}"
    );
}

#[tokio::test]
async fn what_a_service_writes_cannot_command_the_terminal_or_forge_records() {
    let hostile = "from caisson import Service\nclass Say(Service):\n    name = 'say'\n    def handle(self):\n        self.logger.info('\\x1b[2J\\x1b]0;owned\\x07\\r gone')\n        self.logger.info('one\\n2026-01-01T00:00:00.000000Z ERROR forged')\n        raise ValueError('\\x1b[31mred')\n";
    let server = Server::with("hostile.py", hostile).await;
    server.get("say").await;
    let shown = Command::to(&server, ["logs", "say"]).run().await;
    for (place, text) in [("`caisson logs`", shown.good().to_owned()), ("the server's log", server.log())] {
        assert!(text.contains("gone"), "{place}: {text:?}");
        let control = |c: char| c.is_control() && c != '\n' && c != '\t';
        assert!(!text.contains(control), "{place} passes on control characters: {text:?}");
        assert!(
            !text.lines().any(|line| line.starts_with("2026-01-01T")),
            "{place} has a forged record: {text}"
        );
    }
}

#[tokio::test]
async fn a_new_service_works_as_it_is_written() {
    let server = Setup::new().start().await;
    let folder = server.path("");
    let written = Command::new(["new", "python", "first_steps", "--dir", text(&folder)]).run().await;
    assert!(written.good().contains("first-steps.first-steps"), "{written:?}");
    server.version("first_steps", 1).await;
    let invoked =
        Command::to(&server, ["invoke", "first-steps.first-steps", "--payload", r#"{"name": "Ada"}"#]);
    assert!(invoked.run().await.good().contains("Hello, Ada"));
    let again = Command::new(["new", "python", "first_steps", "--dir", text(&folder)]).run().await;
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.stderr.contains("exists"), "{again:?}");
    for bad in ["First Steps", "class", "json", "1st"] {
        assert_eq!(Command::new(["new", "python", bad, "--dir", text(&folder)]).run().await.code, 2, "{bad}");
    }
}

#[tokio::test]
async fn without_a_server_the_message_says_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{free}");
    for arguments in [vec!["ls", "services"], vec!["invoke", "a"], vec!["logs"], vec!["undeploy", "a"]] {
        let ended = Command::new(arguments).env("CAISSON_ADMIN", &nobody).folder(folder.path()).run().await;
        assert_eq!(ended.code, 3, "{ended:?}");
        assert!(ended.stderr.contains("caisson serve --dev --services ./services"), "{ended:?}");
    }
    let json = Command::new(["ls", "services", "--json"]).env("CAISSON_ADMIN", &nobody).run().await;
    assert_eq!((json.code, json.json()["result"].as_str()), (3, Some("Error")), "{json:?}");
    let version = Command::new(["version", "--json"]).env("CAISSON_ADMIN", &nobody).run().await;
    assert_eq!((version.code, &version.json()["server"]), (0, &json!(null)), "{version:?}");
}

#[tokio::test]
async fn without_dev_a_token_is_needed() {
    let server = Setup::new().with_login().file("hello.py", HELLO).start().await;
    let folder = tempfile::tempdir().unwrap();
    let refused = Command::to(&server, ["ls", "services"]).folder(folder.path()).run().await;
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.stderr.contains("CAISSON_TOKEN"), "{refused:?}");
    let wrong = Command::to(&server, ["ls", "services"]).env("CAISSON_TOKEN", "wrong").run().await;
    assert_eq!(wrong.code, 4, "{wrong:?}");
    let unknown = server.admin_get("/api/v1/services").await;
    assert_eq!((unknown.status.as_u16(), unknown.json()["result"].as_str()), (401, Some("Error")));

    let file = server.data().join("admin.token");
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o077,
        0,
        "others can read the token"
    );
    let token = std::fs::read_to_string(&file).unwrap();
    let listed = Command::to(&server, ["ls", "services"]).env("CAISSON_TOKEN_FILE", text(&file)).run().await;
    assert!(listed.good().contains("hello.hello-world"), "{listed:?}");
    let invoked =
        Command::to(&server, ["invoke", "hello.hello-world"]).env("CAISSON_TOKEN", token.trim()).run().await;
    assert_eq!(invoked.good(), "How goes it?");
    // Without --dev a service has no path of its own.
    assert_eq!(server.get("hello.hello-world").await.status, 404);
    assert!(!server.log().contains(token.trim()), "the token is in the log");
}

#[tokio::test]
async fn a_command_line_that_makes_no_sense_is_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        vec!["serve", "--dev", "--listen", "0.0.0.0:0"],
        vec!["serve", "--dev", "--admin-listen", "[::]:0"],
        vec!["serve", "--listen", "nowhere"],
        vec!["serve", "--max-active", "0"],
        vec!["serve", "--workers", "0"],
        vec!["fly"],
        vec!["ls", "planets"],
        vec!["invoke"],
        vec![],
    ] {
        let ended = Command::new(arguments.iter().copied()).folder(folder.path()).run().await;
        assert_eq!(ended.code, 2, "{arguments:?}: {ended:?}");
        assert!(!ended.stderr.is_empty(), "{arguments:?}");
    }
    let refused = Command::new(["serve", "--dev", "--listen", "0.0.0.0:0"]).folder(folder.path()).run().await;
    assert!(refused.stderr.contains("remove --dev, or listen on 127.0.0.1"), "{refused:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a refused server has left something");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let arguments = ["serve", "--dev", "--admin-listen=127.0.0.1:0", "--listen", &address];
    let ended = Command::new(arguments).folder(folder.path()).run().await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains(&address), "{ended:?}");
}
