//! Packages of several modules with what they bring along: archives, data files, wheels; good ones and hostile ones.

use super::{assert_refused, check_refused, watched};
use crate::harness::{Command, HELLO, Server, Setup, guest, zip, zip_with_modes};
use serde_json::json;

const SETTINGS: &str = "name = 'crm'\nversion = '1.4.0'\nlanguage = 'python'\n[[needs]]\nconnection = 'crm-db'\n\
                        operations = ['query']\nreason = 'reads customers'\n";

/// Answers what its package finds of itself, partly when it is loaded and partly when it is called.
const API: &str = "
import importlib.resources
import pkgutil
from importlib.resources import files
from caisson import Service
from . import text
from .inner.deep import VALUE
from .inner import deep as again
import crm.text
from crm.inner.deeper.most import TOP

HELLO = (files('crm') / 'templates' / 'hello.txt').read_text()

class Get(Service):
    def handle(self):
        with importlib.resources.open_binary('crm.templates', 'raw.bin') as stream:
            raw = list(stream.read())
        try:
            (files(__package__) / '..' / 'secret').read_text()
            outside = 'found'
        except FileNotFoundError:
            outside = 'nothing'
        self.response.payload = {
            'hello': HELLO, 'raw': raw, 'data': list(pkgutil.get_data('crm', 'templates/raw.bin')),
            'file': __file__, 'value': VALUE, 'again': again.VALUE, 'text': crm.text is text, 'top': TOP,
            'listed': sorted(one.name for one in files('crm.templates').iterdir()), 'outside': outside,
        }
";

fn crm() -> Vec<(&'static str, &'static [u8])> {
    vec![
        ("crm/service.toml", SETTINGS.as_bytes()),
        ("crm/api.py", API.as_bytes()),
        ("crm/text.py", b"NAME = 'text'\n"),
        ("crm/inner/__init__.py", b""),
        ("crm/inner/deep.py", b"from ..text import NAME\nVALUE = NAME + '!'\n"),
        (
            "crm/inner/deeper/most.py",
            b"from ...inner import deep\nfrom ..deep import VALUE\nTOP = deep.VALUE + VALUE\n",
        ),
        ("crm/templates/hello.txt", "cze\u{15b}\u{107}".as_bytes()),
        ("crm/templates/raw.bin", b"\x00\xff"),
    ]
}

fn answer() -> serde_json::Value {
    json!({
        "hello": "cze\u{15b}\u{107}", "raw": [0, 255], "data": [0, 255], "file": "crm/api.py", "value": "text!",
        "again": "text!", "text": true, "top": "text!text!", "listed": ["hello.txt", "raw.bin"], "outside": "nothing",
    })
}

#[tokio::test]
async fn an_archive_is_deployed_under_the_name_in_its_settings() {
    let server = Server::with("hello.py", HELLO).await;
    let file = server.write("crm-1.4.0.zip", zip(crm()));
    let deployed = Command::to(&server, ["deploy", &file]).run().await;
    for part in ["crm version 1 (1.4.0)", "crm.api.get", "needs query of crm-db: reads customers"] {
        assert!(deployed.good().contains(part), "{part}: {deployed:?}");
    }
    let got = server.get("crm.api.get").await;
    got.good();
    assert_eq!(got.json(), answer());
    let packages = Command::to(&server, ["ls", "packages"]).run().await;
    assert!(packages.good().contains("1.4.0"), "{packages:?}");
    let status = server.package("crm").await;
    assert_eq!(status["needs"][0]["connection"], "crm-db", "{status}");
    let other = Command::to(&server, ["deploy", &file, "--name", "other"]).run().await;
    assert_eq!(other.code, 1, "modules of the package import it by its name: {other:?}");
    assert!(other.stderr.contains("No module named 'crm'"), "{other:?}");
}

#[tokio::test]
async fn archives_in_the_services_folder_are_followed() {
    let server = Setup::new().file("crm.zip", zip(crm())).file("hello.py", HELLO).start().await;
    assert_eq!(server.get("crm.api.get").await.json(), answer());
    let mut changed = crm();
    changed[6].1 = b"changed";
    server.save("crm.zip", zip(changed));
    server.version("crm", 2).await;
    assert_eq!(server.get("crm.api.get").await.json()["hello"], "changed");
    let settings = b"language = 'component'\nversion = '7'\n";
    let echo = guest("echo");
    server.save("native.zip", zip([("native/service.toml", &settings[..]), ("native/echo.wasm", &echo)]));
    server.version("native", 1).await;
    assert_eq!(server.post("native", "hi").await.good(), "hi");
    assert_eq!(server.package("native").await["label"], "7");
}

#[tokio::test]
async fn hostile_archives_are_refused_and_harm_nobody() {
    let (server, healthy) = watched().await;
    let api = ("bad/api.py", 0o644, HELLO.as_bytes());
    let zeros = vec![0_u8; 63 << 20];
    let names: Vec<String> = (0..2_100).map(|number| format!("bad/m{number}.py")).collect();
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("bomb", zip_with_modes([api, ("bad/zeros.whl", 0o644, &zeros)]), "100 times"),
        ("climbs", zip_with_modes([api, ("bad/../../../x.py", 0o644, b"")]), "leaves the package"),
        ("absolute", zip_with_modes([api, ("/etc/x.py", 0o644, b"")]), "root of a file system"),
        ("windows", zip_with_modes([api, ("bad\\x.py", 0o644, b"")]), "backslash"),
        ("link", zip_with_modes([api, ("bad/x.py", 0o120_777, b"/etc/passwd")]), "symbolic link"),
        ("twice", zip_with_modes([api, api]), "it is there twice"),
        ("many", zip(names.iter().map(|name| (name.as_str(), &b""[..]))), "2000 files"),
        ("cut", zip(crm())[..300].to_vec(), "no zip file"),
        ("empty", Vec::new(), "no zip file"),
    ];
    let mut wrong = Vec::new();
    for (name, content, says) in cases {
        server.save(&format!("{name}.zip"), content);
        wrong.append(&mut check_refused(&server, name, &[&format!("{name}.zip"), says]).await.1);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    healthy.assert_never_failed(20).await;
    let file = server.write("bad.zip", zip_with_modes([api, ("bad/../../x.py", 0o644, b"")]));
    let ended = Command::to(&server, ["deploy", &file]).run().await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("leaves the package"), "{ended:?}");
}

/// A wheel of a library with a module, data, and metadata.
fn wheel() -> Vec<u8> {
    let init = b"from importlib.resources import files\nfrom ._words import WORD\n\ndef greet():\n    return WORD + (files(__name__) / 'data.txt').read_text()\n";
    let metadata = b"Metadata-Version: 2.1\nName: pure-hello\nVersion: 1.2.3\n";
    zip([
        ("pure_hello/__init__.py", &init[..]),
        ("pure_hello/_words.py", b"WORD = 'hello '\n"),
        ("pure_hello/data.txt", b"from a wheel"),
        ("pure_hello/broken.py", b"raise RuntimeError('nobody imports this')\n"),
        ("pure_hello-1.2.3.dist-info/METADATA", metadata),
        ("pure_hello-1.2.3.dist-info/RECORD", b""),
    ])
}

#[tokio::test]
async fn a_wheel_in_a_package_can_be_imported_by_that_package_alone() {
    let api = "import pure_hello\nfrom importlib.metadata import version\nfrom caisson import Service\nVERSION = version('pure-hello')\nclass Get(Service):\n    def handle(self):\n        self.response.payload = pure_hello.greet() + ' ' + VERSION\n";
    let server = Setup::new()
        .file("shop/api.py", api)
        .file("shop/vendor/pure_hello-1.2.3-py3-none-any.whl", wheel())
        .start()
        .await;
    assert_eq!(server.get("shop.api.get").await.good(), "hello from a wheel 1.2.3");
    let services = server.package("shop").await["services"].as_array().unwrap().len();
    assert_eq!(services, 1);
    server.save("other.py", format!("import pure_hello\n{HELLO}"));
    assert_refused(&server, "other", &["other.py:1", "pure_hello"]).await;
    server.save("shop/vendor/fast-1.0-cp314-cp314-manylinux_2_17_x86_64.whl", wheel());
    let status = server.refused("shop", "only wheels of pure Python").await;
    assert_eq!(status["state"], "both", "{status}");
    assert_eq!(server.get("shop.api.get").await.good(), "hello from a wheel 1.2.3");
}

#[tokio::test]
async fn a_package_goes_back_to_an_earlier_version() {
    let server = Server::with("hello.py", HELLO).await;
    for text in ["one", "two", "three"] {
        let code = format!(
            "from caisson import Service\nclass Say(Service):\n    def handle(self):\n        self.response.payload = '{text}'\n"
        );
        let file = server.write("talk.py", code);
        Command::to(&server, ["deploy", &file]).run().await.good();
    }
    let ended = Command::to(&server, ["rollback", "service", "talk.say"]).run().await;
    assert!(ended.good().contains("Version 4 of talk is as version 2 was"), "{ended:?}");
    assert_eq!(server.get("talk.say").await.good(), "two");
    let ended = Command::to(&server, ["rollback", "service", "talk", "--to", "1", "--json"]).run().await;
    assert_eq!((&ended.json()["to"], &ended.json()["version"]), (&json!(1), &json!(5)));
    assert_eq!(server.get("talk.say").await.good(), "one");
    let history = Command::to(&server, ["history", "talk"]).run().await;
    assert!(history.good().contains("5 (current, as version 1)"), "{history:?}");
    let revisions = Command::to(&server, ["history"]).run().await;
    assert!(revisions.good().contains("roll back talk to version 1"), "{revisions:?}");
    for (arguments, part) in [
        (&["talk", "--to", "17"][..], "version 17 of package talk is not kept; there are: 1, 2, 3, 4, 5"),
        (&["hello"], "put the earlier file back there"),
        (&["nobody"], "neither a package nor a service is named nobody"),
    ] {
        let line = ["rollback", "service"].into_iter().chain(arguments.iter().copied());
        let ended = Command::to(&server, line).run().await;
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.stderr.contains(part), "{ended:?}");
    }
}
