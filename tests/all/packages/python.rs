//! Python that cannot be loaded, and Python that looks as if it could not.

use super::{assert_refused, check_refused, watched};
use crate::harness::{HEALTHY, HELLO, Server, Setup};

/// Name of the package, its source, the line of the mistake when there is one to tell, and what the error says.
type Mistake = (&'static str, Vec<u8>, Option<u64>, &'static [&'static str]);

#[tokio::test]
async fn mistakes_are_reported_with_file_line_and_reason() {
    let (server, healthy) = watched().await;
    let hello = HELLO.as_bytes();
    let cases: [Mistake; 13] = [
        ("syntax", b"import os\n\ndef f(:\n".to_vec(), Some(3), &["syntax.py:3", "SyntaxError"]),
        ("indent", b"def f():\nreturn 1\n".to_vec(), Some(2), &["indent.py:2", "IndentationError"]),
        (
            "imports",
            b"import json\nimport no_such_module\n".to_vec(),
            Some(2),
            &["imports.py:2", "no_such_module"],
        ),
        ("raises", b"x = 1\ny = x / 0\n".to_vec(), Some(2), &["raises.py:2", "ZeroDivisionError"]),
        ("undecodable", [b"# caf\xe9\n".as_slice(), hello].concat(), None, &["undecodable.py"]),
        ("coding", [b"# coding: klingon\n".as_slice(), hello].concat(), None, &["coding.py", "klingon"]),
        ("nulls", [hello, b"\0\0"].concat(), None, &["nulls.py", "null"]),
        ("binary", (0..=255).collect(), None, &["binary.py"]),
        ("huge", [hello, vec![b'#'; 50 << 20].as_slice()].concat(), None, &["huge.py", "4194304"]),
        ("nothing", b"\n".to_vec(), None, &["nothing.py", "no service"]),
        ("plain", b"x = 1\n".to_vec(), None, &["plain.py", "Service"]),
        (
            "json",
            hello.to_vec(),
            Some(1),
            &["json.py:1", "`json` is the name of a module of the standard library"],
        ),
        (
            "twice",
            [hello, b"\nclass Other(Service):\n    name = 'twice.hello-world'\n    def handle(self): pass\n"]
                .concat(),
            None,
            &["twice.hello-world"],
        ),
    ];
    let mut wrong = Vec::new();
    for (name, content, line, says) in cases {
        server.save(&format!("{name}.py"), content);
        let (status, mut found) = check_refused(&server, name, says).await;
        wrong.append(&mut found);
        let place = (status["error"]["line"].as_u64(), &status["error"]["file"]);
        if line.is_some() && place != (line, &format!("{name}.py").into()) {
            wrong.push(format!("{name}: it is at {place:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    healthy.assert_never_failed(50).await;
}

#[tokio::test]
async fn code_that_would_crash_a_parser_is_refused() {
    let (server, healthy) = watched().await;
    for (name, content) in [
        ("brackets", format!("x = {}{}\n", "(".repeat(200_000), ")".repeat(200_000))),
        ("sums", format!("x = {}1\n", "-".repeat(500_000))),
        ("blocks", (0..5_000).map(|n| format!("{}if 1:\n", " ".repeat(n % 1_000))).collect()),
    ] {
        println!("{name}");
        server.save(&format!("{name}.py"), content);
        assert_refused(&server, name, &[]).await;
    }
    healthy.assert_never_failed(10).await;
}

#[tokio::test]
async fn sources_in_other_encodings_are_read() {
    let latin = b"# -*- coding: latin-1 -*-\nfrom caisson import Service\nclass A(Service):\n    def handle(self):\n        self.response.payload = 'caf\xe9'\n";
    let server = Setup::new()
        .file("latin.py", latin)
        .file("bom.py", [b"\xef\xbb\xbf".as_slice(), HELLO.as_bytes()].concat())
        .file("dos.py", HELLO.replace('\n', "\r\n"))
        .file("utf.py", HELLO.replace("How goes it?", "\u{17c}\u{f3}\u{142}w \u{1f980}"))
        .start()
        .await;
    assert_eq!(server.get("latin.a").await.good(), "caf\u{e9}");
    assert_eq!(server.get("bom.hello-world").await.good(), "How goes it?");
    assert_eq!(server.get("dos.hello-world").await.good(), "How goes it?");
    assert_eq!(server.get("utf.hello-world").await.good(), "\u{17c}\u{f3}\u{142}w \u{1f980}");
}

#[tokio::test]
async fn names_that_cannot_be_imported_are_refused() {
    let (server, healthy) = watched().await;
    for name in ["has-dash", "class", "1st", "zato", "caisson"] {
        server.save(&format!("{name}.py"), HELLO);
        assert_refused(&server, name, &[name]).await;
    }
    healthy.assert_never_failed(5).await;
}

#[tokio::test]
async fn a_folder_is_a_package_with_relative_imports() {
    let server = Setup::new()
        .file("crm/__init__.py", "")
        .file("crm/text.py", "def greet(name):\n    return f'Hello, {name}'\n")
        .file("crm/inner/deep.py", "from ..text import greet\nVALUE = greet('deep')\n")
        .file("crm/api.py", "from caisson import Service\nfrom .text import greet\nfrom .inner.deep import VALUE\nfrom crm import text\nclass Get(Service):\n    def handle(self):\n        self.response.payload = greet('Ann') + VALUE + text.greet('')\n")
        .file("crm/service.toml", "[limits]\npayload_bytes = 10\n")
        .start()
        .await;
    assert_eq!(server.get("crm.api.get").await.good(), "Hello, AnnHello, deepHello, ");
    assert_eq!(server.post("crm.api.get", "12345678901").await.status, 413);
    // A change deep inside is a new version of the whole.
    server.save("crm/text.py", "def greet(name):\n    return f'Bye, {name}'\n");
    server.version("crm", 2).await;
    assert_eq!(server.get("crm.api.get").await.good(), "Bye, AnnBye, deepBye, ");
}

#[tokio::test]
async fn a_mistake_deep_in_a_folder_is_found() {
    let (server, healthy) = watched().await;
    server.save("crm/inner/deep.py", "x = 1\ny = x.nothing\n");
    server.save("crm/api.py", "from .inner import deep\n");
    let status = server.refused("crm", "AttributeError").await;
    assert_eq!(
        (&status["error"]["file"], &status["error"]["line"]),
        (&"crm/inner/deep.py".into(), &2.into()),
        "{status}"
    );
    healthy.assert_never_failed(2).await;
}

#[tokio::test]
async fn a_circle_of_links_is_reported_and_not_followed() {
    let setup = Setup::new().file("healthy.py", HEALTHY).file("crm/api.py", HELLO);
    let server = setup.start().await;
    let link = |to: &str, from: &str| std::os::unix::fs::symlink(to, server.path(from)).unwrap();
    link("loop.py", "loop.py");
    link("../crm", "crm/again");
    link(".", "here");
    link("/etc/passwd", "outside.py");
    link("nowhere.py", "dangling.py");
    for name in ["loop", "outside", "dangling"] {
        let status = server.refused(name, &format!("{name}.py")).await;
        assert!(!status.to_string().contains("root:"), "{status}");
    }
    server.refused("crm", "crm/again").await;
    assert_eq!(server.get("crm.api.hello-world").await.good(), "How goes it?");
    assert_eq!(server.admin_get("/healthz/ready").await.status, 200);
    server.save("later.py", HELLO);
    server.version("later", 1).await;
}

#[tokio::test]
async fn what_cannot_be_loaded_at_start_does_not_keep_the_server_from_being_ready() {
    let server = Setup::new()
        .file("syntax.py", "def f(:\n")
        .file("broken.wasm", "no component")
        .file("hello.py", HELLO)
        .file("hello.toml", "no settings at all")
        .file("healthy.py", HEALTHY)
        .start()
        .await;
    server.refused("syntax", "SyntaxError").await;
    server.refused("broken", "").await;
    server.refused("hello", "hello.toml:1").await;
    server.get("healthy.ping?n=1").await.good();
}

#[tokio::test]
async fn other_files_in_the_folder_are_left_alone() {
    let server = Server::with("hello.py", HELLO).await;
    for name in [
        "README.md",
        "notes.txt",
        ".hidden.py",
        "hello.py~",
        "hello.py.bak",
        "#hello.py#",
        "__pycache__/hello.cpython-314.pyc",
        "docs/index.html",
    ] {
        server.save(name, "not python: (");
    }
    server.save("last.py", HELLO);
    server.version("last", 1).await;
    let packages = server.admin_get("/api/v1/packages").await.json();
    let names: Vec<_> = packages.as_array().unwrap().iter().map(|p| p["package"].as_str().unwrap()).collect();
    assert_eq!(names, ["hello", "last"]);
}
