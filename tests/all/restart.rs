//! What survives the end of the server.

use crate::harness::{Command, HELLO, Server, Setup, assert_problem, guest, post};

fn says(text: &str) -> String {
    format!(
        "from caisson import Service\n\nclass Answer(Service):\n    def handle(self):\n        self.response.payload = '{text}'\n"
    )
}

async fn upload(server: &Server, name: &str, media_type: &str, body: Vec<u8>) {
    let request = http::Request::put(format!("http://{}/api/v1/packages/{name}", server.admin))
        .header("content-type", media_type)
        .body(http_body_util::Full::new(body.into()))
        .unwrap();
    let answer = crate::harness::send(&server.http, request).await.unwrap();
    assert!(answer.status.is_success(), "{}", answer.text());
}

#[tokio::test]
async fn what_is_deployed_survives_kill_9() {
    let mut server = Setup::new().file("a.py", says("1")).file("echo.wasm", guest("echo")).start().await;
    for version in 2..=4_u64 {
        server.save("a.py", says(&version.to_string()));
        server.version("a", version).await;
    }
    upload(&server, "up", "text/x-python", HELLO.into()).await;
    upload(&server, "print", "application/wasm", guest("print")).await;
    for _ in 0..2 {
        server.kill9().await;
        server.start_again().await;
        assert_eq!(server.package("a").await["version"], 4);
        assert_eq!(server.get("a.answer").await.good(), "4");
        assert_eq!(server.get("up.hello-world").await.good(), "How goes it?");
        assert_eq!(server.post("echo", "x").await.good(), "x");
        assert_eq!(server.get("print").await.good(), "printed");
    }
    let history = server.admin_get("/api/v1/packages/a/history").await.json();
    let versions: Vec<_> =
        history.as_array().unwrap().iter().map(|v| v["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, [1, 2, 3, 4]);
    server.save("a.py", says("5"));
    server.version("a", 5).await;
}

#[tokio::test]
async fn changes_made_while_the_server_was_down_are_found() {
    let mut server = Setup::new().file("a.py", says("1")).file("gone.py", says("x")).start().await;
    server.kill9().await;
    server.save("a.py", says("2"));
    server.save("new.py", says("new"));
    server.remove("gone.py");
    server.start_again().await;
    server.version("a", 2).await;
    assert_eq!(server.get("a.answer").await.good(), "2");
    assert_eq!(server.get("new.answer").await.good(), "new");
    assert_problem(&server.get("gone.answer").await, 404, "gone.answer");
}

#[tokio::test]
async fn a_file_that_broke_while_the_server_was_down_leaves_the_last_good_version() {
    let mut server = Server::with("a.py", says("good")).await;
    server.restart().await;
    server.kill9().await;
    server.save("a.py", "def f(:\n");
    server.start_again().await;
    let package = server.refused("a", "a.py:1: SyntaxError").await;
    assert_eq!((&package["state"], &package["version"]), (&"both".into(), &1.into()), "{package}");
    assert_eq!(server.get("a.answer").await.good(), "good");
}

#[tokio::test]
async fn an_ordinary_restart_changes_no_version() {
    let mut server = Server::with("a.py", says("1")).await;
    for _ in 0..3 {
        server.restart().await;
        assert_eq!(server.package("a").await["version"], 1);
    }
}

#[tokio::test]
async fn kill_9_in_the_middle_of_deployments_leaves_a_whole_version() {
    let mut server = Server::with("a.py", says("0")).await;
    for round in 1..=5_u64 {
        for number in 0..10 {
            server.save("a.py", says(&format!("{round}-{number}")));
            server.save(&format!("b{number}.py"), says(&format!("{round}-{number}")));
            tokio::time::sleep(std::time::Duration::from_millis(round * 3)).await;
        }
        server.kill9().await;
        server.start_again().await;
        assert_eq!(server.get("a.answer").await.good(), format!("{round}-9"));
        assert_eq!(server.get("b9.answer").await.good(), format!("{round}-9"));
    }
}

#[tokio::test]
async fn damaged_files_in_the_data_folder_cost_no_more_than_themselves() {
    let mut server = Setup::new().file("a.py", says("1")).file("b.py", says("1")).start().await;
    server.kill9().await;
    let mut damaged = 0;
    let mut folders = vec![server.data()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains("/a") {
                std::fs::write(&path, b"\xff\xfe damaged").unwrap();
                damaged += 1;
            }
        }
    }
    println!("{damaged} files damaged");
    server.start_again().await;
    assert_eq!(server.get("a.answer").await.good(), "1");
    assert_eq!(server.get("b.answer").await.good(), "1");
}

#[tokio::test]
async fn a_package_that_was_taken_away_stays_away() {
    let mut server = Setup::new().start().await;
    upload(&server, "up", "text/x-python", HELLO.into()).await;
    server.get("up.hello-world").await.good();
    let request = http::Request::delete(format!("http://{}/api/v1/packages/up", server.admin));
    let request = request.body(http_body_util::Full::default()).unwrap();
    crate::harness::send(&server.http, request).await.unwrap().good();
    server.restart().await;
    assert_problem(&server.get("up.hello-world").await, 404, "up.hello-world");
    let url = format!("http://{}/api/v1/services/up.hello-world/invoke", server.admin);
    assert_problem(&post(&server.http, &url, "{}").await.unwrap(), 404, "up.hello-world");
}

#[tokio::test]
async fn uploads_are_taken_over_by_a_state_that_is_new_also_when_definitions_come_with_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("caisson.yaml");
    std::fs::write(&config, "version: 1\n").unwrap();
    let setup = Setup::new().argument("--config").argument(config.display().to_string());
    let mut server = setup.start().await;
    upload(&server, "up", "text/x-python", HELLO.into()).await;
    server.signal(rustix::process::Signal::TERM);
    assert!(server.ended().await.success());
    for file in std::fs::read_dir(server.data()).unwrap() {
        let file = file.unwrap();
        if file.file_name().to_string_lossy().starts_with("state.db") {
            std::fs::remove_file(file.path()).unwrap();
        }
    }
    let channel = "channels: [{name: c, type: rest, path: /c, service: up.hello-world}]\n";
    std::fs::write(&config, format!("version: 1\n{channel}")).unwrap();
    server.start_again().await;
    let history = Command::to(&server, ["history", "--json"]).run().await.json();
    assert_eq!(history.as_array().unwrap().last().unwrap()["message"], "take over uploads");
    // What follows the state has had its turn once it has deployed this.
    upload(&server, "later", "text/x-python", HELLO.into()).await;
    assert_eq!(server.get("up.hello-world").await.good(), "How goes it?");
    assert_eq!(server.path_with(http::Method::GET, "/c", &[]).await.good(), "How goes it?");
}
