//! Sentinels, which know where the master is.

use crate::client::bytes_of;
use crate::client::socket::{Login, Socket};
use crate::client::wire::Part;
use crate::config::Sentinel;
use crate::error::Trouble;
use crate::url::Address;
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;

/// How long one sentinel may take: the others are asked after it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who to ask.
#[derive(Debug)]
pub(crate) struct Sentinels {
    nodes: Vec<Address>,
    master: String,
    login: Login,
}

impl Sentinels {
    pub(crate) fn new(nodes: Vec<Address>, sentinel: Sentinel, tls: Option<Arc<ClientConfig>>) -> Self {
        let login = Login {
            username: sentinel.username,
            password: sentinel.password,
            database: 0,
            tls,
            master: false,
        };
        Self { nodes, master: sentinel.master.unwrap_or_default(), login }
    }

    /// Asks one after the other where the master is.
    pub(crate) async fn master(&self) -> Result<Address, Trouble> {
        let mut last = Trouble::NoMaster(
            "no sentinel can be reached; see that they run and that the connection's nodes are right",
        );
        for node in &self.nodes {
            match tokio::time::timeout(PATIENCE, self.ask(node)).await {
                Ok(Ok(Some(address))) => return Ok(address),
                Ok(Ok(None)) => {
                    last = Trouble::NoMaster(
                        "the sentinels do not know this master; see the option sentinel/master",
                    );
                }
                // What is refused says more than what is not there.
                Ok(Err(trouble @ (Trouble::Failure(_) | Trouble::Tls(_) | Trouble::Protocol(_)))) => {
                    last = trouble;
                }
                Ok(Err(_)) | Err(_) => {}
            }
        }
        Err(last)
    }

    async fn ask(&self, node: &Address) -> Result<Option<Address>, Trouble> {
        let mut socket = Socket::open(node, &self.login).await?;
        let words: [&[u8]; 3] = [b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", self.master.as_bytes()];
        let reply = socket.one(words.iter().map(|word| word.to_vec()).collect(), 64 * 1024).await?;
        match reply.as_slice() {
            [Part::Failure(text), ..] => Err(Trouble::Failure(text.clone())),
            [Part::List(2), host, port] => {
                let text = |part| bytes_of(part).and_then(|bytes| std::str::from_utf8(bytes).ok());
                let address = text(host).zip(text(port).and_then(|port| port.parse().ok()));
                let wrong = Trouble::Protocol("a sentinel names no address");
                address.map(|(host, port)| Some(Address { host: host.to_owned(), port })).ok_or(wrong)
            }
            _ => Ok(None),
        }
    }
}
