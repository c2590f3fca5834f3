//! Files named `.wasm` that are no services, and their compiled form on disk.

use super::{check_refused, watched};
use crate::harness::{HEALTHY, Server, Setup, guest};
use std::path::PathBuf;

/// A core module: `(module)`.
const CORE: &[u8] = b"\0asm\x01\0\0\0";
/// An empty component.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

#[tokio::test]
async fn what_is_no_service_is_refused_with_the_reason() {
    let (server, healthy) = watched().await;
    let echo = guest("echo");
    let mut damaged = echo.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    let cases: [(&str, Vec<u8>, &[&str]); 9] = [
        ("text", b"hello, I am a text".to_vec(), &[]),
        ("empty", Vec::new(), &[]),
        ("core", CORE.to_vec(), &["component"]),
        ("bare", EMPTY.to_vec(), &["handler"]),
        ("truncated", echo[..echo.len() / 2].to_vec(), &[]),
        ("damaged", damaged, &[]),
        ("foreign", guest("foreign"), &["made-up:sky/moon@1.2.3"]),
        ("nothing", guest("nothing"), &["caisson:service/handler"]),
        ("header", echo[..8].to_vec(), &["handler"]),
    ];
    let mut wrong = Vec::new();
    for (name, content, says) in cases {
        server.save(&format!("{name}.wasm"), content);
        let (status, mut found) = check_refused(&server, name, says).await;
        wrong.append(&mut found);
        println!("{name}: {}", status["error"]["message"]);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    healthy.assert_never_failed(50).await;
}

#[tokio::test]
async fn a_broken_component_does_not_take_the_running_one_down() {
    let setup = Setup::new().file("healthy.py", HEALTHY).file("echo.wasm", guest("echo"));
    let server = setup.start().await;
    server.save("echo.wasm", CORE);
    let status = server.refused("echo", "").await;
    assert_eq!(status["state"], "both", "{status}");
    assert_eq!(server.post("echo", "still").await.good(), "still");
    server.save("echo.wasm", guest("print"));
    server.version("echo", 2).await;
    assert_eq!(server.get("echo").await.good(), "printed");
}

/// The compiled components, as folders.
fn entries(server: &Server) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(server.data().join("compiled")).unwrap();
    let mut found: Vec<_> = folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

/// Damages what is kept of a compiled component, starts the server on it, and expects the component to work as before.
async fn assert_rebuilt(damage: impl Fn(&[PathBuf])) {
    let setup = Setup::new().file("echo.wasm", guest("echo")).file("counter.wasm", guest("counter"));
    let mut server = setup.start().await;
    let before = entries(&server);
    assert_eq!(before.len(), 2, "{before:?}");
    server.kill9().await;
    damage(&before);
    server.start_again().await;
    assert_eq!(server.post("echo", "works").await.good(), "works");
    assert_eq!(server.get("counter").await.good(), "1 1 1");
    assert_eq!(entries(&server), before);
}

fn each_file(entries: &[PathBuf], mut change: impl FnMut(&PathBuf, Vec<u8>) -> Vec<u8>) {
    for entry in entries {
        for file in std::fs::read_dir(entry).unwrap() {
            let path = file.unwrap().path();
            let content = change(&path, std::fs::read(&path).unwrap());
            std::fs::write(&path, content).unwrap();
        }
    }
}

#[tokio::test]
async fn flipped_bits_in_compiled_code_are_noticed() {
    assert_rebuilt(|entries| {
        each_file(entries, |_, mut bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0xff;
            bytes
        });
    })
    .await;
}

#[tokio::test]
async fn compiled_code_that_was_cut_off_is_noticed() {
    assert_rebuilt(|entries| each_file(entries, |_, bytes| bytes[..bytes.len() / 3].to_vec())).await;
    assert_rebuilt(|entries| each_file(entries, |_, _| Vec::new())).await;
}

#[tokio::test]
async fn compiled_code_of_another_component_is_noticed() {
    // All of it, with its own digests: only its name is wrong.
    assert_rebuilt(|entries| {
        let aside = entries[0].with_extension("aside");
        std::fs::rename(&entries[0], &aside).unwrap();
        std::fs::rename(&entries[1], &entries[0]).unwrap();
        std::fs::rename(&aside, &entries[1]).unwrap();
    })
    .await;
}

#[tokio::test]
async fn compiled_code_that_is_foreign_or_gone_is_made_anew() {
    assert_rebuilt(|entries| {
        each_file(entries, |path, bytes| {
            let program = std::fs::read("/proc/self/exe").unwrap();
            if path.extension().is_some_and(|ending| ending == "cwasm") { program } else { bytes }
        });
    })
    .await;
    assert_rebuilt(|entries| {
        each_file(entries, |path, bytes| {
            let text = String::from_utf8_lossy(&bytes);
            if path.ends_with("about.json") {
                text.replace("\"engine\":\"", "\"engine\":\"9").into()
            } else {
                bytes
            }
        });
    })
    .await;
    assert_rebuilt(|entries| entries.iter().for_each(|entry| std::fs::remove_dir_all(entry).unwrap())).await;
    assert_rebuilt(|entries| {
        for entry in entries {
            std::fs::remove_dir_all(entry).unwrap();
            std::fs::write(entry, "a file where a folder should be").unwrap();
        }
    })
    .await;
}
