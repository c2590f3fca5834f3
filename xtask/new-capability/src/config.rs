//! What operators write. The comments are the help of the admin form.

use caisson_capability::Problem;
pub use caisson_capability::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

/// A connection's options.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the server listens: host and port.
    pub address: String,
    /// What the server asks for before anything else.
    pub token: Secret,
    /// Network connections at the same time; more calls wait for one.
    #[serde(default = "max_connections")]
    #[schemars(range(min = 1, max = 10_000))]
    pub max_connections: u16,
    /// The longest answer, in bytes.
    #[serde(default = "answer_bytes")]
    #[schemars(range(min = 1))]
    pub answer_bytes: u32,
}

fn max_connections() -> u16 {
    8
}

fn answer_bytes() -> u32 {
    65_536
}

impl Config {
    /// Checks what a schema cannot say.
    ///
    /// # Errors
    ///
    /// All that is wrong.
    pub fn check(&self) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        let port = self.address.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
        if port.and_then(|port| port.parse::<u16>().ok()).is_none() {
            problems.push(Problem::at("address", "is not a host and a port: write `example.com:7000`"));
        }
        if self.token.expose().contains(char::is_control) {
            problems.push(Problem::at("token", "has characters that end a line: write a token of one line"));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}
