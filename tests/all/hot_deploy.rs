//! Saving files while the server runs.

use crate::harness::{Command, HEALTHY, HELLO, Healthy, Server, Setup, assert_problem, call, eventually};
use http::Method;

/// A service `NAME.answer` that answers a text.
fn says(text: &str) -> String {
    format!(
        "from caisson import Service\n\nclass Answer(Service):\n    def handle(self):\n        self.response.payload = '{text}'\n"
    )
}

const BROKEN: &str =
    "from caisson import Service\n\nclass Answer(Service):\n    def handle(self)\n        pass\n";

#[tokio::test]
async fn files_appear_change_and_go() {
    let server = Setup::new().start().await;
    assert_problem(&server.get("a.answer").await, 404, "a.answer");
    server.save("a.py", says("one"));
    server.version("a", 1).await;
    assert_eq!(server.get("a.answer").await.good(), "one");
    server.save("a.py", says("two"));
    server.version("a", 2).await;
    assert_eq!(server.get("a.answer").await.good(), "two");
    server.remove("a.py");
    eventually("a is gone", async || (server.get("a.answer").await.status == 404).then_some(())).await;
}

#[tokio::test]
async fn a_renamed_file_is_a_renamed_service() {
    let server = Server::with("a.py", says("one")).await;
    std::fs::rename(server.path("a.py"), server.path("b.py")).unwrap();
    let answer = eventually("b answers", async || {
        let answer = server.get("b.answer").await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert_eq!(answer.text(), "one");
    eventually("a is gone", async || (server.get("a.answer").await.status == 404).then_some(())).await;
}

#[tokio::test]
async fn editors_that_save_by_renaming_are_understood() {
    let server = Server::with("a.py", says("0")).await;
    for version in 1..=5_u64 {
        // As vim does: a backup, a probe, the new file under the old name.
        std::fs::rename(server.path("a.py"), server.path("a.py~")).unwrap();
        server.save("4913", "");
        server.remove("4913");
        server.save(".a.py.swp", "x");
        server.save("a.py", says(&version.to_string()));
        server.remove("a.py~");
        server.version("a", version + 1).await;
        assert_eq!(server.get("a.answer").await.good(), version.to_string());
    }
}

#[tokio::test]
async fn a_broken_file_is_reported_and_what_ran_goes_on() {
    let server = Setup::new().file("a.py", says("good")).file("healthy.py", HEALTHY).start().await;
    let healthy = Healthy::watch(&server);
    server.save("a.py", BROKEN);
    let package = server.refused("a", "SyntaxError").await;
    assert_eq!((&package["state"], &package["version"]), (&"both".into(), &1.into()), "{package}");
    assert_eq!(
        (&package["error"]["file"], &package["error"]["line"]),
        (&"a.py".into(), &4.into()),
        "{package}"
    );
    assert_eq!(server.get("a.answer").await.good(), "good");
    server.log_says("a.py:4: SyntaxError").await;

    let text = Command::to(&server, ["ls", "packages"]).run().await;
    assert!(text.good().contains("a.py:4: SyntaxError"), "{text:?}");
    let json = Command::to(&server, ["ls", "packages", "--json"]).run().await.json();
    assert_eq!(json[0]["error"]["line"], 4, "{json}");

    server.save("a.py", says("mended"));
    server.version("a", 2).await;
    assert_eq!(server.get("a.answer").await.good(), "mended");
    healthy.assert_never_failed(20).await;
}

#[tokio::test]
async fn listing_services_shows_what_is_broken() {
    let server = Setup::new().file("a.py", says("good")).file("b.py", BROKEN).start().await;
    server.save("a.py", BROKEN);
    server.refused("a", "SyntaxError").await;
    let text = Command::to(&server, ["ls", "services"]).run().await;
    let shown = format!("{}{}", text.good(), text.stderr);
    for part in ["a.answer", "a.py:4: SyntaxError", "b.py:4: SyntaxError"] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
}

#[tokio::test]
async fn two_files_that_claim_one_name_are_both_named() {
    let named = "from caisson import Service\n\nclass A(Service):\n    name = 'taken'\n    def handle(self):\n        self.response.payload = 'first'\n";
    let server = Server::with("first.py", named).await;
    server.save("second.py", named.replace("'first'", "'second'"));
    let message = server.refused("second", "taken").await["error"]["message"].to_string();
    assert!(message.contains("first.py") && message.contains("second.py"), "{message}");
    assert_eq!(server.get("taken").await.good(), "first");
    // The name becomes free, and nobody has to touch the second file.
    server.remove("first.py");
    eventually("the second answers", async || (server.get("taken").await.text() == "second").then_some(()))
        .await;
}

#[tokio::test]
async fn a_file_and_a_folder_of_one_name_are_both_named() {
    let server = Server::with("a.py", says("file")).await;
    server.save("a/inner.py", says("folder"));
    let message = server.refused("a", "a.py").await["error"]["message"].to_string();
    assert!(message.contains("a/"), "{message}");
    assert_eq!(server.get("a.answer").await.good(), "file");
}

#[tokio::test]
async fn a_request_in_flight_finishes_on_its_version() {
    let slow = |text: &str| {
        format!(
            "import time\nfrom caisson import Service\n\nclass Answer(Service):\n    def handle(self):\n        self.logger.info('in {text}')\n        \
             time.sleep(float(self.request.http.GET.get('s', 0)))\n        self.response.payload = '{text}'\n"
        )
    };
    let server = Server::with("a.py", slow("one")).await;
    let (client, url) = (server.http.clone(), server.url("a.answer?s=2"));
    let task = tokio::spawn(async move { call(&client, Method::GET, &url).await.unwrap().good() });
    server.log_says("in one").await;
    server.save("a.py", slow("two"));
    server.version("a", 2).await;
    assert_eq!(server.get("a.answer").await.good(), "two");
    assert!(!task.is_finished(), "the slow request was to be in flight still");
    assert_eq!(task.await.unwrap(), "one");
}

#[tokio::test]
async fn no_request_fails_while_versions_change() {
    let server = Setup::new().file("a.py", says("0")).file("healthy.py", HEALTHY).start().await;
    let healthy = Healthy::watch(&server);
    let (client, url) = (server.http.clone(), server.url("a.answer"));
    let calls = tokio::spawn(async move {
        let mut seen = 0_u64;
        while seen < 20 {
            let number: u64 = call(&client, Method::GET, &url).await.unwrap().good().parse().unwrap();
            assert!(number >= seen, "version {seen} had answered before {number}");
            seen = number;
        }
    });
    for version in 1..=20_u64 {
        server.save("a.py", says(&version.to_string()));
        server.version("a", version + 1).await;
    }
    calls.await.unwrap();
    healthy.assert_never_failed(50).await;
}

#[tokio::test]
async fn a_burst_of_200_files_is_deployed() {
    let server = Server::with("healthy.py", HEALTHY).await;
    let healthy = Healthy::watch(&server);
    for number in 0..200 {
        server.save(&format!("burst_{number}.py"), says(&number.to_string()));
    }
    eventually("all 200 are there", async || {
        let services = server.admin_get("/api/v1/services").await.json();
        (services.as_array().unwrap().len() == 201).then_some(())
    })
    .await;
    for number in [0, 57, 123, 199] {
        assert_eq!(server.get(&format!("burst-{number}.answer")).await.good(), number.to_string());
    }
    healthy.assert_never_failed(50).await;
}

#[tokio::test]
async fn a_checkout_of_another_branch_switches_30_files() {
    let mut setup = Setup::new().file("healthy.py", HEALTHY);
    for number in 0..30 {
        setup = setup.file(&format!("f{number}.py"), says("main"));
    }
    let server = setup.start().await;
    let healthy = Healthy::watch(&server);
    for number in 0..30 {
        // As git does: the old file is removed, the new one written in its place; some files exist on one branch only.
        server.remove(&format!("f{number}.py"));
        if number % 3 != 0 {
            server.save(&format!("f{number}.py"), says("branch"));
        }
        server.save(&format!("new/m{number}.py"), says("branch"));
    }
    let expected = 1 + 20 + 30;
    eventually("the branch answers", async || {
        let services = server.admin_get("/api/v1/services").await.json();
        let names: Vec<String> =
            services.as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap().to_owned()).collect();
        let switched = server.get("f29.answer").await.text() == "branch"
            && server.get("f1.answer").await.text() == "branch";
        (names.len() == expected && switched).then_some(())
    })
    .await;
    assert_problem(&server.get("f0.answer").await, 404, "f0.answer");
    assert_eq!(server.get("new.m7.answer").await.good(), "branch");
    healthy.assert_never_failed(20).await;
}

#[tokio::test]
async fn saving_the_same_text_again_is_no_new_version() {
    let server = Setup::new().file("a.py", says("one")).start().await;
    server.save("a.py", says("one"));
    server.save("b.py", HELLO);
    server.version("b", 1).await;
    assert_eq!(server.package("a").await["version"], 1);
}
