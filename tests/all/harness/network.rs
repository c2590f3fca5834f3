//! A network that can be cut: a namespace with links to this machine, each of which is a way of its own.

use std::process::{Command, Output};

/// A network namespace. It goes with the test, and its links with it.
#[derive(Debug)]
pub(crate) struct Network {
    /// Its name.
    pub(crate) name: String,
    links: u8,
}

/// A link into the namespace.
#[derive(Debug)]
pub(crate) struct Link {
    namespace: String,
    inside: String,
    outside: String,
    /// The address at the other end.
    pub(crate) address: String,
}

impl Network {
    /// Makes one. Only root may.
    pub(crate) fn new() -> Self {
        let name = format!("caisson-{}", std::process::id());
        ip(&["netns", "add", &name]);
        ip(&["-n", &name, "link", "set", "lo", "up"]);
        Self { name, links: 0 }
    }

    /// One more way in, with a network of its own.
    pub(crate) fn link(&mut self) -> Link {
        self.links += 1;
        let [high, low] = u16::try_from(std::process::id() % 0x4000).unwrap().to_be_bytes();
        // 198.18.0.0/15 is for tests (RFC 2544), four addresses for each process and link.
        let host = |last: u8| format!("198.{}.{}.{}", 18 + self.links % 2, low, high * 4 + last);
        let (outside, inside) = (host(1), host(2));
        let [near, far] = ["n", "f"].map(|end| format!("cs{}{end}{}", self.links, std::process::id()));
        ip(&["link", "add", &near, "type", "veth", "peer", "name", &far, "netns", &self.name]);
        ip(&["addr", "add", &format!("{outside}/30"), "dev", &near]);
        ip(&["link", "set", &near, "up"]);
        ip(&["-n", &self.name, "addr", "add", &format!("{inside}/30"), "dev", &far]);
        ip(&["-n", &self.name, "link", "set", &far, "up"]);
        Link { namespace: self.name.clone(), inside: far, outside: near, address: inside }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // A test that has failed already must not be ended by this.
        drop(Command::new("ip").args(["netns", "del", &self.name]).output());
    }
}

impl Link {
    /// Cuts it without a word: what is sent is lost, and nobody is told.
    pub(crate) fn cut(&self) {
        let found = ip(&["-n", &self.namespace, "-o", "link", "show", &self.inside]);
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        let hardware = text.split_whitespace().skip_while(|word| *word != "link/ether").nth(1).unwrap();
        // Kept as a neighbour for good: that its address cannot be found out any more would be a word.
        ip(&[
            "neigh",
            "replace",
            &self.address,
            "lladdr",
            hardware,
            "dev",
            &self.outside,
            "nud",
            "permanent",
        ]);
        ip(&["-n", &self.namespace, "addr", "del", &format!("{}/30", self.address), "dev", &self.inside]);
    }

    /// Mends it.
    pub(crate) fn mend(&self) {
        ip(&["-n", &self.namespace, "addr", "add", &format!("{}/30", self.address), "dev", &self.inside]);
    }
}

/// Calls `ip`, which must succeed.
fn ip(arguments: &[&str]) -> Output {
    let why = "this test cuts a network, for which it needs root and the program `ip` (package iproute2); \
               `cargo xtask test` as root has both";
    let output = Command::new("ip").args(arguments).output().unwrap_or_else(|error| panic!("{why}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{why}: ip {}: {said}", arguments.join(" "));
    output
}
