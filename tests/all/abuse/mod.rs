//! What attackers send to channels of operators, on a server with login.
//!
//! # Layout
//!
//! * [`smuggling`]: one request that is to be read as two; [`paths`]: detours around a guard; [`bodies`]: what is inside.
//! * [`credentials`], [`tokens`]: passwords, keys and signatures; [`often`]: lock-out and rate limits.

mod bodies;
mod credentials;
mod often;
mod paths;
mod smuggling;
mod tokens;

use crate::harness::{Command, Raw, Server, Setup, status_lines};

/// One service for everybody, which tells what it got, and one behind a guard.
const SERVICES: &str = "\
from caisson import Service

class Show(Service):
    def handle(self):
        http, raw = self.request.http, self.request.raw_request
        self.response.payload = {'method': http.method, 'principal': self.principal, 'bytes': len(raw)}

class Parsed(Service):
    def handle(self):
        self.response.payload = {'type': type(self.request.payload).__name__}

class Secret(Service):
    def handle(self):
        self.logger.info('the secret service was called')
        self.response.payload = 'what only partners may see'
";

/// What the service behind the guard answers.
const SECRET: &str = "what only partners may see";

/// The key of the definition `key`.
const KEY: &str = "the-key-of-the-partner-of-more-than-32-bytes";
/// The password of the user `bob` of the definition `partner`.
const PASSWORD: &str = "the-password-of-bob";

/// Channels that most tests need.
const CHANNELS: &str = "\
security:
  - {name: key, type: api-key, key: \"${env:KEY}\"}
  - {name: partner, type: basic-auth, username: bob, password: \"${env:PASSWORD}\", realm: Partners}
channels:
  - {name: public, type: rest, path: \"/public/{rest}\", service: abused.show}
  - {name: parsed, type: rest, path: /parsed, service: abused.parsed, data_format: json}
  - {name: raw, type: rest, path: /raw, service: abused.show, data_format: raw}
  - {name: hurried, type: rest, path: /hurried, service: abused.show, timeout_secs: 1}
  - {name: secret, type: rest, path: /secret, service: abused.secret, security: [key, partner]}
";

/// A server with these definitions.
async fn server(definitions: &str) -> Server {
    let server = Setup::new().with_login().file("abused.py", SERVICES).start().await;
    let token = std::fs::read_to_string(server.data().join("admin.token")).unwrap();
    let file = server.write("caisson.yaml", format!("version: 1\n{definitions}"));
    let apply = Command::to(&server, ["apply", "-f", &file, "--yes"]).env("CAISSON_TOKEN", token.trim());
    apply.env("KEY", KEY).env("PASSWORD", PASSWORD).run().await.good();
    server
}

/// Sends bytes on a connection of their own; the status of each answer until the server closes it, and all that it said.
async fn exchange(server: &Server, bytes: impl AsRef<[u8]>) -> (Vec<String>, String) {
    let mut connection = Raw::connect(&server.listen).await;
    connection.send(bytes).await;
    let said = connection.until_closed().await;
    (status_lines(&said), said)
}
