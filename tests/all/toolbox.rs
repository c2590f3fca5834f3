//! `caisson test` and `caisson check`: the sandbox without a server.

use crate::harness::Command;
use serde_json::json;
use std::path::Path;

fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

const API: &str = "\
import time
from caisson import Service, http

class Get(Service):
    def handle(self):
        self.logger.info('asked')
        answer = http.connect('crm').get('/c/{id}', id=self.request.input['id'])
        self.response.headers['X-At'] = str(int(time.time()))
        self.response.payload = {'name': answer.json()['name'], 'user': self.channel.security.username}
        self.response.status_code = 201
";

const TESTS: &str = "\
import sys
import pytest
from caisson.testing import App, ServiceTestCase
from crm.api import Get

SEEN = []

def test_a_real_message(app):
    app.freeze('2030-01-31T12:00:00')
    app.http['crm'].answers('GET', '/c/7', json={'name': 'Ann'})
    response = app.run(Get, method='GET', query='id=7', principal='ada')
    assert response.status_code == 201
    assert response.json() == {'name': 'Ann', 'user': 'ada'}
    assert response.headers['x-at'] == str(int(app.clock.now.timestamp()))
    app.logs.assert_logged('asked')

@pytest.mark.parametrize('number', [1, 2])
def test_each_has_an_instance_of_its_own(number):
    SEEN.append(number)
    assert SEEN == [number]

def test_this_is_the_sandbox():
    import socket
    assert sys.implementation.name == 'rustpython'
    with pytest.raises(OSError):
        open('/etc/passwd')

class Case(ServiceTestCase):
    def test_case(self):
        self.app.http['crm'].fails('GET', '/c/7', kind='timeout')
        self.assertEqual(self.run_service(Get, {'id': 7}).status_code, 504)
";

const WRONG: &str = "\
from caisson.testing import App
from crm.api import Get

def test_differs(app):
    print('printed')
    app.http['crm'].answers('GET', '/c/7', json={'name': 'Ann'})
    assert app.run(Get, {'id': 7}).json() == {'name': 'Anna', 'user': None}

def test_raises():
    {}['x']

def test_never_ends():
    text = 'a' * 100_000_000
    while True:
        text += text
";

#[tokio::test]
async fn tests_run_in_the_sandbox_each_on_its_own() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("crm/api.py", API), ("crm/service.toml", ""), ("crm/tests/test_api.py", TESTS)]);
    let ended = Command::new(["test", "crm"]).folder(root.path()).run().await;
    let told = ended.good();
    for line in [
        "passed   crm/tests/test_api.py::test_a_real_message",
        "passed   crm/tests/test_api.py::test_each_has_an_instance_of_its_own[2]",
        "passed   crm/tests/test_api.py::test_this_is_the_sandbox",
        "passed   crm/tests/test_api.py::Case::test_case",
        "5 passed in ",
    ] {
        assert!(told.contains(line), "{line}: {ended:?}");
    }
    assert!(!told.contains('\u{1b}'), "colours are for terminals: {ended:?}");
    let one = Command::new(["test", "crm", "-k", "Case"]).folder(root.path()).run().await;
    assert!(one.good().contains("1 passed in"), "{one:?}");
    let all = Command::new(["test", "--json"]).folder(root.path()).run().await.json();
    assert_eq!((&all["passed"], &all["failed"]), (&json!(5), &json!(0)), "{all}");
    assert_eq!(all["tests"][0]["test"], "crm/tests/test_api.py::test_a_real_message", "{all}");
}

#[tokio::test]
async fn what_fails_is_told_with_its_place_and_exit_code_1() {
    let root = tempfile::tempdir().unwrap();
    write(
        root.path(),
        &[
            ("crm/api.py", API),
            ("crm/tests/test_wrong.py", WRONG),
            ("crm/tests/test_broken.py", "import nothing\n"),
        ],
    );
    let ended = Command::new(["test", "."]).folder(root.path()).run().await;
    assert_eq!(ended.code, 1, "{ended:?}");
    for part in [
        "ERROR    crm/tests/test_broken.py  (",
        "crm/tests/test_broken.py:1: ModuleNotFoundError: No module named 'nothing'",
        "FAILED   crm/tests/test_wrong.py::test_differs",
        "crm/tests/test_wrong.py:7: assert app.run(Get, {'id': 7}).json() == {'name': 'Anna', 'user': None}\n    - {'name': 'Ann', 'user': None}\n    + {'name': 'Anna', 'user': None}\n",
        "what it printed and logged:\n      printed\n      INFO crm.api.get: asked\n",
        "crm/tests/test_wrong.py:10: KeyError: 'x'",
        "File \"crm/tests/test_wrong.py\", line 10, in test_raises",
        "ERROR    crm/tests/test_wrong.py::test_never_ends",
        "1 failed, 3 with errors in ",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended:?}");
    }
    let json = Command::new(["test", "-k", "differs", "--json"]).folder(root.path()).run().await;
    let outcome = &json.json()["tests"][1];
    assert_eq!(
        (json.code, &outcome["outcome"], &outcome["line"]),
        (1, &json!("failed"), &json!(7)),
        "{json:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_tested_is_named() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("crm/api.py", API), ("text/notes.txt", "x")]);
    for (arguments, part) in [
        (vec!["test", "none"], "none is no folder"),
        (vec!["test", "text"], "there is no Python in text"),
        (vec!["test", "crm"], "there are no tests in crm"),
        (vec!["check", "none.py"], "none.py cannot be read"),
        (vec!["check", "text/notes.txt"], "text/notes.txt is no Python file"),
    ] {
        let ended = Command::new(arguments).folder(root.path()).run().await;
        assert!(matches!(ended.code, 1 | 2) && ended.stderr.contains(part), "{part}: {ended:?}");
    }
    let ended = Command::new(["test", "crm", "--python", "/none"]).folder(root.path()).run().await;
    assert_ne!(ended.code, 0, "{ended:?}");
}

#[tokio::test]
async fn a_new_package_passes_its_tests() {
    let root = tempfile::tempdir().unwrap();
    Command::new(["new", "python", "first_steps"]).folder(root.path()).run().await.good();
    let ended = Command::new(["test", "first_steps"]).folder(root.path()).run().await;
    assert!(ended.good().contains("2 passed in"), "{ended:?}");
    let checked = Command::new(["check", "first_steps", "--json"]).folder(root.path()).run().await;
    assert_eq!(checked.json(), json!([]), "{checked:?}");
}

#[tokio::test]
async fn what_will_not_work_is_listed_before_it_is_deployed() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("good.py", API), ("crm/bad.py", "from caisson import Service\ndef f(:\n")]);
    let ended = Command::new(["check", "good.py"]).folder(root.path()).run().await;
    assert_eq!(ended.good(), "", "{ended:?}");
    assert!(ended.stderr.contains("1 file checked"), "{ended:?}");
    let ended = Command::new(["check", ".", "--json"]).folder(root.path()).run().await;
    let findings = ended.json();
    assert_eq!(
        (ended.code, &findings[0]["file"], &findings[0]["line"]),
        (1, &json!("crm/bad.py"), &json!(2)),
        "{ended:?}"
    );
    let ended = Command::new(["check", "crm"]).folder(root.path()).run().await;
    assert!(ended.code == 1 && ended.stdout.starts_with("crm/bad.py:2:"), "{ended:?}");
}
