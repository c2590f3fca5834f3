//! Python that means harm: each is stopped with an error that names what stopped it, the caller learns nothing of the
//! inside, and a healthy service beside it never fails.

mod deaths;
mod outside;
mod traces;
mod without_end;

use crate::harness::{HEALTHY, Healthy, Server, Setup, check_problem};

/// One service `NAME.do`: its settings, its body, the status it ends in, and what the error says.
struct Case {
    name: &'static str,
    limits: &'static str,
    body: &'static str,
    status: u16,
    says: &'static str,
}

impl Case {
    /// The package's name as it stands in names of services.
    fn service(&self) -> String {
        self.name.replace('_', "-")
    }
}

/// Modules that the bodies use, and a service beside the hostile one in the same package.
const HEAD: &str = "\
import json, os, re, sys, time
from caisson import Service

class Sibling(Service):
    def handle(self):
        self.response.payload = 'sibling'

class Do(Service):
    def handle(self):
";

fn module(body: &str) -> String {
    let lines: Vec<String> = body.lines().map(|line| format!("        {line}\n")).collect();
    format!("{HEAD}{}", lines.concat())
}

/// A server with these services.
async fn serve(cases: &[Case]) -> Server {
    let mut setup = Setup::new().file("healthy.py", HEALTHY);
    for case in cases {
        setup = setup.file(&format!("{}.py", case.name), module(case.body));
        setup = setup.file(&format!("{}.toml", case.name), format!("[limits]\n{}\n", case.limits));
    }
    setup.start().await
}

/// Calls each of them twice, then its sibling.
async fn check(cases: &[Case]) {
    let server = serve(cases).await;
    let healthy = Healthy::watch(&server);
    let mut wrong = Vec::new();
    for case in cases {
        for _ in 0..2 {
            let answer = server.get(&format!("{}.do", case.service())).await;
            let found = check_problem(&answer, case.status, case.says);
            wrong.extend(found.err().map(|reason| format!("{}: {reason}", case.name)));
        }
        assert_eq!(
            server.get(&format!("{}.sibling", case.service())).await.good(),
            "sibling",
            "{}",
            case.name
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    healthy.assert_never_failed(cases.len() as u64 * 5).await;
}
