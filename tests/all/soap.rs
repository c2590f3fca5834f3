//! SOAP channels as clients meet them: zeep by the WSDL that is served, and requests as other clients write them.

use crate::harness::{Answer, Command, HANG, Raw, Server, send};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::io::AsyncWriteExt as _;

const ORDERS: &str = "\
from zato.server.service import Service
from zato.common import SOAPMessage
from zato.common.exception import BadRequest, NotFound

class PlaceOrder(Service):
    def handle(self):
        order, soap = self.request.payload, self.request.soap
        if order.customer == 'nobody':
            raise BadRequest(self.cid, 'There is no customer `nobody`', needs_msg=True)
        if order.customer == 'hidden':
            raise BadRequest(self.cid, 'secret')
        if order.customer == 'gone':
            raise NotFound(self.cid, 'The customer is gone')
        if order.customer == 'bug':
            secret = 1 / 0
        if order.customer == 'xml':
            self.response.payload = '<ready><made/></ready>'
            return
        lines = order.lines.line if 'lines' in order else []
        answer = SOAPMessage()
        answer.customer = order['customer']
        answer.version = soap.soap_version
        answer.action = soap.soap_action
        answer.operation = f'{{{soap.namespace}}}{soap.operation}'
        answer.tenant = soap.headers.RequestHeader.Tenant if soap.headers else None
        answer.skus = ';'.join(f\"{line['@qty']} {line.sku}\" for line in lines)
        answer.who = self.principal
        answer.channel = self.channel.name
        self.response.payload = answer

class Other(Service):
    def handle_POST(self):
        self.response.payload = {'operation': self.request.soap.operation, 'fields': sorted(self.request.payload)}
";

const CHANNELS: &str = "\
security:
  - {name: partner, type: wss, username: ann, password: \"${env:PASSWORD}\"}
  - {name: plain, type: wss, username: bob, password: \"${env:PASSWORD}\", allow_text: true}
channels:
  - name: orders
    type: soap
    path: /soap/orders
    namespace: urn:orders
    service: orders.other
    operations: {PlaceOrder: orders.place-order}
  - {name: any, type: soap, path: /soap/any, service: orders.other}
  - name: partners
    type: soap
    path: /soap/partners
    namespace: urn:orders
    operations: {PlaceOrder: orders.place-order}
    security: [partner, plain]
";

/// A server with these channels.
async fn serving() -> Server {
    let server = Server::with("orders.py", ORDERS).await;
    let file = server.write("caisson.yaml", format!("version: 1\n{CHANNELS}"));
    Command::to(&server, ["apply", "-f", &file, "--yes"]).env("PASSWORD", "the-password").run().await.good();
    server
}

/// Posts a message of SOAP 1.1.
async fn post(server: &Server, path: &str, body: &str) -> Answer {
    let text = format!(
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>{body}</s:Body></s:Envelope>"
    );
    let request = http::Request::post(format!("http://{}{path}", server.listen));
    let request = request.header("content-type", "text/xml").body(Full::new(Bytes::from(text)));
    send(&server.http, request.unwrap()).await.unwrap()
}

fn order(customer: &str) -> String {
    format!("<PlaceOrder xmlns='urn:orders'><customer>{customer}</customer></PlaceOrder>")
}

/// What zeep gets, asked as `tests/data/soap/client.py` wants it.
async fn zeep(server: &Server, path: &str, more: Value) -> Value {
    let python = std::env::var_os("CAISSON_CLIENTS")
        .expect("CAISSON_CLIENTS is not set: run the tests with `cargo xtask test`");
    let mut asked = json!({
        "wsdl": format!("http://{}{path}?wsdl", server.listen), "version": "1.1", "operation": "PlaceOrder", "fields": {"customer": "Grace"},
    });
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut command = tokio::process::Command::new(python);
    command.args(["-I", concat!(env!("CARGO_MANIFEST_DIR"), "/data/soap/client.py")]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(asked.to_string().as_bytes()).await.unwrap();
    drop(input);
    let output =
        tokio::time::timeout(HANG, child.wait_with_output()).await.expect("zeep does not end").unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

#[tokio::test]
async fn zeep_calls_what_the_wsdl_describes_in_both_versions() {
    let server = serving().await;
    for version in ["1.1", "1.2"] {
        let said = zeep(&server, "/soap/orders", json!({"version": version})).await;
        let answer = &said["answer"];
        assert_eq!(answer["customer"], "Grace", "{said}");
        assert_eq!(answer["version"], version);
        assert_eq!(answer["action"], "urn:orders#PlaceOrder");
        assert_eq!(answer["operation"], "{urn:orders}PlaceOrder");
        assert_eq!((&answer["channel"], &answer["who"]), (&json!("orders"), &Value::Null));
        let said = zeep(&server, "/soap/any", json!({"version": version, "operation": "Invoke"})).await;
        assert_eq!(
            (&said["answer"]["operation"], &said["answer"]["fields"]),
            (&json!("Invoke"), &json!("customer"))
        );
        let said =
            zeep(&server, "/soap/orders", json!({"version": version, "fields": {"customer": "nobody"}}))
                .await;
        assert_eq!(said["fault"], "There is no customer `nobody`", "{said}");
    }
}

const TYPED: &str = "\
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zato.common.typing_ import list_, optional
from zato.server.service import Model, Service

@dataclass(init=False)
class Line(Model):
    sku: str
    quantity: int

@dataclass(init=False)
class Invoice(Model):
    number: int
    due: date
    lines: list_[Line]
    note: optional[str] = None

@dataclass(init=False)
class Booked(Model):
    number: int
    pieces: int
    paid: bool
    total: Decimal
    skus: list_[str]

class Book(Service):
    input = Invoice
    output = Booked
    def handle(self):
        invoice, booked = self.request.input, self.response.payload
        if invoice.due != date(2026, 12, 24) or invoice.number == 13:
            raise ValueError(repr(invoice.due))
        booked.number = invoice.number
        booked.pieces = sum(line.quantity for line in invoice.lines)
        booked.paid = invoice.note == 'paid'
        booked.total = Decimal('10.50') * booked.pieces
        booked.skus = [line.sku for line in invoice.lines]
";

#[tokio::test]
async fn zeep_calls_operations_with_the_types_that_their_services_declare() {
    let server = Server::with("invoices.py", TYPED).await;
    let channels = "version: 1\nchannels:\n  - {name: invoices, type: soap, path: /soap/invoices, namespace: 'urn:invoices', \
                    operations: {Book: invoices.book}}\n";
    let file = server.write("caisson.yaml", channels);
    Command::to(&server, ["apply", "-f", &file, "--yes"]).run().await.good();
    let line = |sku: &str, quantity: i64| json!({"sku": sku, "quantity": quantity});
    for version in ["1.1", "1.2"] {
        let book = async |arguments: Value| {
            let asked = json!({"version": version, "operation": "Book", "arguments": arguments});
            zeep(&server, "/soap/invoices", asked).await
        };
        // A list of one looks in XML like no list; the declaration says that it is one.
        let cases = [(vec![line("A", 2)], 2, "21.00"), (vec![line("A", 2), line("B & C", 3)], 5, "52.50")];
        for (lines, pieces, total) in cases {
            let said = book(json!({"number": 7, "due": "2026-12-24", "lines": lines, "note": "paid"})).await;
            let answer = &said["answer"];
            assert_eq!(
                (&answer["number"], &answer["pieces"], &answer["paid"]),
                (&json!(7), &json!(pieces), &json!(true)),
                "{said}"
            );
            let skus: Vec<_> = lines.iter().map(|line| &line["sku"]).collect();
            assert_eq!(answer["skus"], json!(skus), "{said}");
            assert_eq!(answer["total"], total, "{said}");
        }
        let said = book(json!({"due": "2026-12-24", "lines": [line("A", 1)]})).await;
        assert!(said["refused"].as_str().unwrap_or_default().contains("number"), "{said}");
        let said = book(json!({"number": 7, "due": "soon", "lines": [line("A", 1)]})).await;
        assert!(said["fault"].as_str().unwrap_or_default().contains("due"), "{said}");
        let said = book(json!({"number": 13, "due": "2026-12-24", "lines": [line("A", 1)]})).await;
        assert!(said["fault"].as_str().unwrap_or_default().contains("An error has occurred"), "{said}");
    }
}

#[tokio::test]
async fn zeep_says_who_calls_with_a_username_token() {
    let server = serving().await;
    let cases = [
        ("ann", "the-password", true, true),
        ("bob", "the-password", true, true),
        ("bob", "the-password", false, true),
        ("ann", "the-password", false, false),
        ("ann", "wrong", true, false),
        ("eve", "the-password", true, false),
    ];
    for version in ["1.1", "1.2"] {
        for (user, password, digest, right) in cases {
            let who = json!({"version": version, "user": user, "password": password, "digest": digest});
            let said = zeep(&server, "/soap/partners", who).await;
            if right {
                assert_eq!(said["answer"]["who"], user, "{said}");
            } else {
                assert_eq!(said["fault"], "Unauthorized", "{said}");
            }
        }
        let said = zeep(&server, "/soap/partners", json!({"version": version})).await;
        assert_eq!(said["fault"], "Unauthorized", "{said}");
    }
}

#[tokio::test]
async fn requests_of_other_clients_are_understood() {
    let server = serving().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/soap");
    for (name, version, action) in [
        ("soapui-11", "1.1", true),
        ("soapui-12", "1.2", true),
        ("dotnet-11", "1.1", true),
        ("php-bom-11", "1.1", false),
    ] {
        let answer = recorded(&server, &format!("{folder}/{name}.http")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{name}: {answer}");
        for part in [
            ">Grace<",
            ">2 A;1 B &amp; C<",
            ">north<",
            &format!(">{version}<"),
            ">{urn:orders}PlaceOrder<",
            "PlaceOrderResponse",
        ] {
            assert!(answer.contains(part), "{name}: {part}: {answer}");
        }
        assert_eq!(answer.contains(">urn:orders#PlaceOrder<"), action, "{name}: {answer}");
    }
    // WS-Addressing must be understood there, and nothing here says that it is.
    let answer = recorded(&server, &format!("{folder}/dotnet-12.http")).await;
    assert!(
        answer.contains("MustUnderstand") && answer.contains("{http://www.w3.org/2005/08/addressing}To"),
        "{answer}"
    );
}

/// Sends a recorded request; the answer as it came.
async fn recorded(server: &Server, file: &str) -> String {
    let text = std::fs::read(file).unwrap();
    let end = text.windows(2).position(|window| window == b"\n\n").unwrap();
    let head = String::from_utf8(text[..end].to_vec()).unwrap();
    let body = &text[end + 2..];
    // Its own `Connection` and `Expect` are about a connection that is not this one.
    let lines = head.lines().filter(|line| !line.starts_with("Connection:") && !line.starts_with("Expect:"));
    let head = lines.collect::<Vec<_>>().join("\r\n");
    let head = format!(
        "{head}\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        server.listen,
        body.len()
    );
    let mut raw = Raw::connect(&server.listen).await;
    raw.send([head.as_bytes(), body].concat()).await;
    raw.until_closed().await
}

#[tokio::test]
async fn what_a_service_raises_is_a_fault_and_never_a_traceback() {
    let server = serving().await;
    for (customer, status, code, says) in [
        ("nobody", 500, "soap:Client", "There is no customer `nobody`"),
        ("hidden", 500, "soap:Client", "Bad request"),
        ("gone", 404, "soap:Client", "The customer is gone"),
        ("bug", 500, "soap:Server", "An error has occurred (correlation id "),
    ] {
        let answer = post(&server, "/soap/orders", &order(customer)).await;
        let text = answer.text();
        assert_eq!(answer.status.as_u16(), status, "{text}");
        assert!(text.contains(code) && text.contains(says), "{text}");
        for secret in ["Traceback", "ZeroDivisionError", ".py", "secret"] {
            assert!(!text.contains(secret), "{text}");
        }
        if customer == "bug" {
            assert!(text.contains(answer.cid()), "{text}");
            assert!(server.logged(&format!("cid={}", answer.cid())).await.contains("ZeroDivisionError"));
        }
    }
}

#[tokio::test]
async fn a_service_may_write_its_xml_itself() {
    let server = serving().await;
    let answer = post(&server, "/soap/orders", &order("xml")).await;
    assert!(answer.good().contains("Body><ready><made/></ready></"), "{}", answer.text());
}

#[tokio::test]
async fn operations_without_a_service_of_their_own_go_to_the_common_one() {
    let server = serving().await;
    let answer = post(&server, "/soap/orders", "<List xmlns='urn:orders'><b/><a/></List>").await;
    assert!(answer.good().contains(">List<") && answer.text().contains("ListResponse"), "{}", answer.text());
}
