//! Users of the admin API: roles, tokens, and whose name a change carries.

use crate::harness::{Answer, Command, HELLO, Server, Setup, send};
use http::{Method, Request};
use http_body_util::Full;

fn bootstrap(server: &Server) -> String {
    std::fs::read_to_string(server.data().join("admin.token")).unwrap().trim().to_owned()
}

async fn create(server: &Server, name: &str, role: &str) -> String {
    let token = bootstrap(server);
    let made = Command::to(server, ["admin", "create", name, "--role", role]).env("CAISSON_TOKEN", &token);
    made.run().await.good().trim().to_owned()
}

async fn ask(server: &Server, token: &str, method: Method, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(format!("http://{}{path}", server.admin));
    let request = request.header("authorization", format!("Bearer {token}")).body(Full::default()).unwrap();
    send(&server.http, request).await.unwrap()
}

async fn started() -> Server {
    let mut setup = Setup::new().with_login().file("hello.py", HELLO);
    setup = setup.argument("--log").argument("debug");
    setup.start().await
}

#[tokio::test]
async fn each_role_may_do_what_it_is_for_and_nothing_above() {
    let server = started().await;
    let viewer = create(&server, "vic", "viewer").await;
    let deployer = create(&server, "dee", "deployer").await;
    let operator = create(&server, "olga", "operator").await;
    let steps: [(Method, &str, u16, u16, u16); 4] = [
        (Method::GET, "/api/v1/packages", 200, 200, 200),
        (Method::POST, "/api/v1/services/hello.hello-world/invoke", 403, 200, 200),
        (Method::POST, "/api/v1/revisions/99/rollback", 403, 403, 404),
        (Method::GET, "/api/v1/users", 403, 403, 403),
    ];
    for (method, path, as_viewer, as_deployer, as_operator) in steps {
        for (token, status) in [(&viewer, as_viewer), (&deployer, as_deployer), (&operator, as_operator)] {
            let answer = ask(&server, token, method.clone(), path).await;
            assert_eq!(answer.status.as_u16(), status, "{method} {path}: {}", answer.text());
        }
    }
    assert_eq!(ask(&server, "csn_wrong", Method::GET, "/api/v1/packages").await.status, 401);
}

#[tokio::test]
async fn a_service_is_told_which_user_calls_it() {
    let who = "from caisson import Service\nclass Who(Service):\n    def handle(self):\n        \
               self.response.payload = [self.principal, self.channel.security.type, self.channel.name]\n";
    let server = Setup::new().with_login().file("who.py", who).start().await;
    let deployer = create(&server, "dee", "deployer").await;
    for (token, name) in [(&deployer, "dee"), (&bootstrap(&server), "admin")] {
        let answer = ask(&server, token, Method::POST, "/api/v1/services/who.who/invoke").await;
        assert_eq!(answer.good(), format!(r#"["{name}", "admin", "admin"]"#));
    }
}

#[tokio::test]
async fn a_change_carries_the_name_of_its_author() {
    let server = started().await;
    let operator = create(&server, "olga", "operator").await;
    let text = "version: 1\nchannels:\n  - {name: a, type: rest, path: /a, service: hello.hello-world}\n";
    let file = server.write("caisson.yaml", text);
    let apply = Command::to(&server, ["apply", "-f", &file, "--yes"]).env("CAISSON_TOKEN", &operator);
    apply.run().await.good();
    let history =
        Command::to(&server, ["history", "--json"]).env("CAISSON_TOKEN", &operator).run().await.json();
    assert_eq!((history[0]["author"].as_str(), history[1]["author"].as_str()), (Some("olga"), Some("admin")));
    let seen = server.log() + &history.to_string();
    assert!(!seen.contains(&operator) && !seen.contains(&bootstrap(&server)), "a token is to be seen");
}

#[tokio::test]
async fn a_removed_users_token_ends() {
    let server = started().await;
    let token = create(&server, "vic", "viewer").await;
    assert_eq!(ask(&server, &token, Method::GET, "/api/v1/version").await.status, 200);
    let twice = Command::to(&server, ["admin", "create", "vic"]).env("CAISSON_TOKEN", &bootstrap(&server));
    let twice = twice.run().await;
    assert!(twice.code == 1 && twice.stderr.contains("vic"), "{twice:?}");
    let removed = Command::to(&server, ["admin", "rm", "vic"]).env("CAISSON_TOKEN", &bootstrap(&server));
    removed.run().await.good();
    assert_eq!(ask(&server, &token, Method::GET, "/api/v1/version").await.status, 401);
}
