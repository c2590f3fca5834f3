//! Services that reach for what is outside of the sandbox.

use crate::harness::{HEALTHY, Healthy, Server, Setup};
use serde_json::Value;

const REACH: &str = "\
import os, sys
from caisson import Service

def attempt(what):
    try:
        return 'DONE: ' + repr(what())[:200]
    except BaseException as error:
        return 'refused: ' + type(error).__name__

def read(path):
    with open(path) as f:
        return f.read()

def write(path):
    with open(path, 'w') as f:
        f.write('x')

def connect(port):
    import socket
    s = socket.socket()
    s.settimeout(2)
    s.connect(('127.0.0.1', port))

def listen():
    import socket
    s = socket.socket()
    s.bind(('127.0.0.1', 0))
    s.listen()

def fetch(port):
    import urllib.request
    return urllib.request.urlopen(f'http://127.0.0.1:{port}/healthz/live', timeout=2).read()

def subprocess_run():
    import subprocess
    return subprocess.run(['/bin/true'])

def native():
    import ctypes
    return ctypes.CDLL(None)

def look_up():
    import socket
    return socket.getaddrinfo('localhost', 80)

class Reach(Service):
    name = 'reach'
    def handle(self):
        port = int(self.request.http.GET['port'])
        target = self.request.http.GET['target']
        self.response.payload = {
            'read': attempt(lambda: read('/etc/passwd')),
            'read up': attempt(lambda: read('../../../../etc/passwd')),
            'read proc': attempt(lambda: read('/proc/self/environ')),
            'read by number': attempt(lambda: os.read(3, 100)),
            'list': attempt(lambda: os.listdir('/')),
            'list here': attempt(lambda: os.listdir('.')),
            'write': attempt(lambda: write(target)),
            'mkdir': attempt(lambda: os.mkdir(target)),
            'remove': attempt(lambda: os.remove('/etc/hostname')),
            'connect': attempt(lambda: connect(port)),
            'fetch': attempt(lambda: fetch(port)),
            'listen': attempt(listen),
            'look up': attempt(look_up),
            'fork': attempt(lambda: os.fork()),
            'system': attempt(lambda: os.system('true')),
            'popen': attempt(lambda: os.popen('true').read()),
            'exec': attempt(lambda: os.execv('/bin/true', ['true'])),
            'subprocess': attempt(subprocess_run),
            'native': attempt(native),
            'variables': dict(os.environ),
            'getenv': os.getenv('SECRET_OF_THE_HOST'),
            'arguments': [a for a in sys.argv if a],
        }
";

async fn reach() -> (Server, Value, tempfile::TempDir) {
    let server = Setup::new().file("reach.py", REACH).file("healthy.py", HEALTHY).start().await;
    let healthy = Healthy::watch(&server);
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("written").display().to_string();
    let port = server.admin.rsplit(':').next().unwrap();
    let answer = server.get(&format!("reach?port={port}&target={target}")).await;
    answer.good();
    healthy.assert_never_failed(2).await;
    let report = answer.json();
    (server, report, folder)
}

#[tokio::test]
async fn files_sockets_and_processes_are_out_of_reach() {
    let (_server, report, folder) = reach().await;
    let attempts: Vec<(&String, &str)> =
        report.as_object().unwrap().iter().filter_map(|(what, said)| Some((what, said.as_str()?))).collect();
    assert_eq!(attempts.len(), 19, "{report:#}");
    let done: Vec<_> = attempts.iter().filter(|(_, said)| !said.starts_with("refused: ")).collect();
    assert!(done.is_empty(), "{done:#?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something was written on the host");
}

#[tokio::test]
async fn nothing_of_the_hosts_environment_is_seen() {
    let (_server, report, _folder) = reach().await;
    assert_eq!(report["variables"], serde_json::json!({}), "{report:#}");
    assert_eq!(report["getenv"], Value::Null, "{report:#}");
    assert_eq!(report["arguments"], serde_json::json!([]), "{report:#}");
}

#[tokio::test]
async fn modules_cannot_reach_outside_while_they_load() {
    let server = Server::with("healthy.py", HEALTHY).await;
    let healthy = Healthy::watch(&server);
    let service = "\nfrom caisson import Service\nclass A(Service):\n    def handle(self):\n        self.response.payload = str(SEEN)\n";
    for (name, top) in [
        ("reads", "SEEN = open('/etc/passwd').read()"),
        ("connects", "import socket\nSEEN = socket.create_connection(('127.0.0.1', 1))"),
        ("starts", "import subprocess\nSEEN = subprocess.run(['true'])"),
        ("ends", "import os\nSEEN = os._exit(1)"),
        ("calls", "import _caisson\nSEEN = _caisson.invoke('healthy.ping', None, b'')\nassert SEEN[0]"),
    ] {
        server.save(&format!("{name}.py"), format!("{top}{service}"));
        server.refused(name, "").await;
    }
    healthy.assert_never_failed(5).await;
}

#[tokio::test]
async fn modules_that_do_not_end_while_they_load_are_stopped() {
    let server = Server::with("healthy.py", HEALTHY).await;
    let healthy = Healthy::watch(&server);
    // One limit for each, the others far away: on a busy machine a short one could come first.
    for (name, top, limit) in [
        ("spins", "while True: pass", "cpu_time_ms = 500"),
        ("grows", "x = []\nwhile True: x.append(bytes(1 << 20))", "memory_bytes = 134217728"),
        ("waits", "import time\nwhile True: time.sleep(0.1)", "wall_time_ms = 1000"),
    ] {
        server.save(&format!("{name}.toml"), format!("[limits]\n{limit}\n"));
        server.save(&format!("{name}.py"), top);
        server.refused(name, limit).await;
    }
    healthy.assert_never_failed(20).await;
}
