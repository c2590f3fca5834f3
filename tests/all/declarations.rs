//! Declared inputs and outputs of Python services, inside the sandbox.

use crate::harness::{Answer, Server, Setup};
use serde_json::{Value, json};

/// The SDK's own tests of declarations, as a package that runs them. In the sandbox they compare the native reader with the one in
/// Python at every case.
const TESTS: [(&str, &str); 4] = [
    ("_declared", include_str!("../../sdk-python/tests/_declared.py")),
    ("test_declared_names", include_str!("../../sdk-python/tests/test_declared_names.py")),
    ("test_declared_models", include_str!("../../sdk-python/tests/test_declared_models.py")),
    ("test_declared_outputs", include_str!("../../sdk-python/tests/test_declared_outputs.py")),
];

const RUN: &str = r"
import importlib, io, unittest
from caisson import Service
from tests import _declared

class Run(Service):
    def handle(self):
        module = importlib.import_module('tests.' + self.request.http.GET['module'])
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
        wrong = [f'{test}: {text}' for test, text in result.failures + result.errors]
        self.response.payload = {'run': result.testsRun, 'wrong': wrong, 'compared': _declared.COMPARED}
";

const SHOP: &str = r"
from caisson import Int, Model, Service
from zato.common.typing_ import list_, optional

class Item(Model):
    sku: str
    qty: int = 1

class Order(Model):
    order_id: int
    items: list_[Item]
    note: optional[str] = None

class Take(Service):
    input = Order
    output = Order

    def handle(self):
        self.response.payload = self.request.input

class Names(Service):
    input = 'a', Int('-limit', default=10), '-password'
    output = 'a', '-limit'

    def handle(self):
        self.response.payload.a = self.request.input.a
        self.response.payload.limit = self.request.input.limit

class Old(Service):
    class SimpleIO:
        input_required = 'id',
        output_required = 'id',
        output_repeated = True

    def handle(self):
        self.response.payload.append({'id': self.request.input.id, 'more': 1})
";

#[tokio::test]
async fn the_native_reader_and_the_one_in_python_agree() {
    let mut setup = Setup::new().file("tests/__init__.py", "").file("tests/run.py", RUN);
    setup = setup.file("tests/_stub.py", "def install():\n    pass\n");
    for (name, content) in TESTS {
        setup = setup.file(&format!("tests/{name}.py"), content);
    }
    let server = setup.start().await;
    for (name, _) in TESTS.iter().skip(1) {
        let said = server.get(&format!("tests.run.run?module={name}")).await.json();
        assert_eq!(said["wrong"], json!([]), "{name}: {said}");
        assert!(said["run"].as_u64() > Some(10), "{name}: {said}");
    }
    let said = server.get("tests.run.run?module=test_declared_names").await.json();
    assert!(said["compared"].as_u64() > Some(50), "the native reader has read next to nothing: {said}");
}

fn refused(answer: &Answer) -> String {
    assert_eq!(answer.status, 400, "{}", answer.text());
    answer.json()["details"].as_str().unwrap().to_owned()
}

async fn posted(server: &Server, service: &str, body: &Value) -> Answer {
    server.post(service, body.to_string()).await
}

#[tokio::test]
async fn what_fits_is_converted_and_what_does_not_is_refused_with_every_path() {
    let server = Server::with("shop.py", SHOP).await;
    let order = json!({"order_id": "7", "items": [{"sku": "a", "more": 1}, {"sku": "b", "qty": "2"}]});
    let expected =
        json!({"order_id": 7, "items": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 2}], "note": null});
    assert_eq!(posted(&server, "shop.take", &order).await.json(), expected);
    let wrong = json!({"items": [{"qty": "x"}, 3]});
    let details = refused(&posted(&server, "shop.take", &wrong).await);
    for part in [
        "Element missing: /order_id",
        "Element missing: /items[0]/sku",
        "/items[0]/qty: an integer",
        "/items[1]: an object",
    ] {
        assert!(details.contains(part), "{details}");
    }
    for body in
        ["{", "\u{1}", "[]", "5", "{\"order_id\": 1, \"order_id\": 2, \"items\": []}", &"[".repeat(100_000)]
    {
        refused(&server.post("shop.take", body.to_owned()).await);
    }

    assert_eq!(
        posted(&server, "shop.names", &json!({"a": [1], "b": 2})).await.json(),
        json!({"a": [1], "limit": 10})
    );
    assert_eq!(
        posted(&server, "shop.names?limit=5&a=x", &json!({"a": 1})).await.json(),
        json!({"a": "x", "limit": 5})
    );
    let details =
        refused(&posted(&server, "shop.names", &json!({"limit": "many", "password": "hunter2"})).await);
    assert_eq!(details, "Element missing: a; limit: an integer is wanted, not the text 'many'");

    assert_eq!(
        posted(&server, "shop.old", &json!({"id": "3"})).await.json(),
        json!({"response": [{"id": 3}]})
    );
    assert_eq!(
        refused(&posted(&server, "shop.old", &json!({"id": null})).await),
        "Element missing: id (null)"
    );
}
