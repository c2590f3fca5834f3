//! Tries what the sandbox does not have, and answers what it got: files, environment, sockets, processes.

use guest::{Context, Error, Request, Response, answer};
use std::fmt::Debug;

guest::handler!(handle);

fn handle(_: Context, _: Request) -> Result<Response, Error> {
    let mut report = String::new();
    note(&mut report, "read a file", std::fs::read("/etc/passwd").map(|bytes| bytes.len()));
    note(&mut report, "write a file", std::fs::write("/tmp/written-by-a-guest", "x"));
    note(&mut report, "list a folder", std::fs::read_dir("/").map(Iterator::count));
    note(&mut report, "connect", std::net::TcpStream::connect("127.0.0.1:9").map(drop));
    note(&mut report, "listen", std::net::TcpListener::bind("127.0.0.1:0").map(drop));
    note(&mut report, "send", datagram());
    note(&mut report, "look up", wasip2_lookup());
    note(&mut report, "start a process", std::process::Command::new("/bin/true").status().map(drop));
    note(&mut report, "see the environment", some(std::env::vars().count()));
    note(&mut report, "see arguments", some(std::env::args().count()));
    answer(report)
}

fn note<T, E: Debug>(report: &mut String, what: &str, result: Result<T, E>) {
    let said = if result.is_ok() { "DONE" } else { "refused" };
    report.push_str(&format!("{what}: {said}\n"));
}

fn some(count: usize) -> Result<usize, ()> {
    if count > 0 { Ok(count) } else { Err(()) }
}

fn datagram() -> std::io::Result<usize> {
    std::net::UdpSocket::bind("127.0.0.1:0")?.send_to(b"x", "127.0.0.1:9")
}

fn wasip2_lookup() -> Result<(), String> {
    use wasip2::sockets::{instance_network::instance_network, ip_name_lookup::resolve_addresses};
    let stream = resolve_addresses(&instance_network(), "localhost").map_err(|code| format!("{code:?}"))?;
    stream.subscribe().block();
    match stream.resolve_next_address() {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err("no address".to_owned()),
        Err(code) => Err(format!("{code:?}")),
    }
}
