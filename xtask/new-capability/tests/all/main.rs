//! The capability against a server: what is the same for all capabilities is in `conformance`, what is its own is here.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod conformance;

use caisson___name__::{Client, __Name__, ask};
use caisson_capability::connection::{Options, Setup};
use caisson_capability::connections::Table;
use caisson_capability::{
    Capability, ChannelInfo, Cid, Connections, Deadline, ErrorKind, Grant, Invocation, Lease,
    LiveConnection, Policy, Request, Trace,
};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

const TOKEN: &str = "a-token-that-nobody-sees";

/// A server of the protocol that echoes. One of the real ones takes its place as soon as the protocol is a real one.
#[derive(Debug)]
struct Server {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, serving: tokio::spawn(serve(listener)) }
    }
}

/// Options that lead to a server.
fn options(address: SocketAddr) -> Value {
    json!({"address": address.to_string(), "token": TOKEN})
}

async fn serve(listener: TcpListener) {
    let mut callers = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        callers.spawn(answer(stream));
    }
}

async fn answer(stream: TcpStream) {
    let mut line = BufReader::new(stream);
    let mut question = String::new();
    while line.read_line(&mut question).await.is_ok_and(|length| length > 0) {
        let answer = match question.trim_end() {
            "never mind" => String::new(),
            "cut" => return,
            text => match text.strip_prefix("auth ") {
                Some(TOKEN) => "ok\n".to_owned(),
                Some(_) => "who?\n".to_owned(),
                None => question.clone(),
            },
        };
        question.clear();
        if line.get_mut().write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A service's hold on a connection of these options.
fn lease(options: &Value) -> Lease<Client> {
    let options = Options::new(options.as_object().unwrap().clone());
    let setup = Setup { name: "here".into(), timeout: Duration::from_secs(20) };
    let connection = __Name__.connection(&setup, &options).unwrap();
    let live = LiveConnection::new("here".into(), "__name__", [0; 32], connection, Policy::default());
    let grant = Grant {
        services: vec!["*".to_owned()],
        operations: vec!["*".to_owned()],
        restrictions: Options::default(),
    };
    let mut table = Table::new();
    table.insert(Arc::new(live), vec![Arc::new(grant)]);
    let connections = Arc::new(Connections::default());
    connections.swap(table);
    let invocation = Invocation {
        cid: Cid::new(),
        service: "crm.sync".into(),
        channel: ChannelInfo::plain("dev"),
        principal: None,
        peer: None,
        deadline: Deadline::after(Duration::from_secs(60)),
        attempt: 1,
        trace: Trace::default(),
        depth: 0,
        chain: caisson_capability::Chain::default(),
        request: Request::default(),
    };
    connections.lease(&Arc::new(invocation), "__name__", "here").unwrap()
}

#[tokio::test]
async fn what_goes_wrong_is_told_by_its_kind() {
    let server = Server::start().await;
    let good = options(server.address);
    let with = |name: &str, value: Value| {
        let mut options = good.clone();
        options[name] = value;
        options
    };
    for (options, question, kind) in [
        (good.clone(), "two\nlines", ErrorKind::InvalidInput),
        (good.clone(), "cut", ErrorKind::Unavailable),
        (with("answer_bytes", json!(4)), "five!", ErrorKind::QuotaExceeded),
        (with("token", json!("another")), "hello", ErrorKind::Unauthenticated),
    ] {
        let error = ask(&lease(&options), question).await.unwrap_err();
        assert_eq!(error.kind, kind, "{question}: {error}");
    }
    assert_eq!(ask(&lease(&with("answer_bytes", json!(4))), "four").await.unwrap(), "four");
}
