//! SOAP channels: what a service sees, what a client gets, and what is refused how.

mod answers;
mod hostile;
mod requests;
mod security;
mod wsdl;

use crate::channels::routes;
use crate::harness::{Answer, Server};
use caisson_channel::Table;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) const V11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
pub(super) const V12: &str = "http://www.w3.org/2003/05/soap-envelope";
pub(super) const TEXT_XML: &str = "text/xml; charset=utf-8";
pub(super) const SOAP_XML: &str = "application/soap+xml; charset=utf-8";

/// A server with the channel `/soap`, with more options.
pub(super) async fn serving(security: Value, more: Value) -> Server {
    let mut channel = json!({"type": "soap", "name": "s", "path": "/soap", "service": "echo"});
    channel.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Server::serving(Arc::new(Table::new(routes(security, json!([channel]))))).await
}

/// An envelope.
pub(super) fn envelope(namespace: &str, header: &str, body: &str) -> String {
    let header = if header.is_empty() { String::new() } else { format!("<s:Header>{header}</s:Header>") };
    format!("<s:Envelope xmlns:s='{namespace}'>{header}<s:Body>{body}</s:Body></s:Envelope>")
}

/// A request to the channel.
pub(super) fn post(content_type: &str, more: &[&str], body: &str) -> String {
    let more: String = more.iter().map(|header| format!("{header}\r\n")).collect();
    format!(
        "POST /soap HTTP/1.1\r\nHost: h\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n{more}\r\n{body}",
        body.len()
    )
}

/// Asks in SOAP 1.1 for an operation.
pub(super) async fn ask(server: &Server, operation: &str) -> Answer {
    server.ask(&post(TEXT_XML, &[], &envelope(V11, "", operation))).await
}

impl Answer {
    /// Checks that it is a fault of a version: its status, its code, and what its reason says.
    #[track_caller]
    pub(crate) fn expect_fault(&self, version: &str, status: u16, code: &str, says: &str) -> &Self {
        self.expect(status);
        assert_eq!(self.header("content-type"), Some(if version == V11 { TEXT_XML } else { SOAP_XML }));
        assert!(self.body.contains(&format!("=\"{version}\"")), "{}", self.body);
        assert!(self.body.contains("<soap:Fault>"), "{}", self.body);
        assert!(self.body.contains(&format!(">soap:{code}<")), "{code}: {}", self.body);
        assert!(self.body.contains(says), "{says}: {}", self.body);
        assert!(self.header("x-caisson-cid").is_some());
        self
    }
}
