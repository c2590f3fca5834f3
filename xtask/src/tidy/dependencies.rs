//! Which crate may know which. The table below *is* the architecture; `ARCHITECTURE.md` explains it.

use super::Tree;
use serde_json::Value;

/// A crate of ours, and what it may depend on.
struct Rule {
    name: &'static str,
    /// Crates of ours.
    may: &'static [&'static str],
    /// Crates of others, and everything whose name goes on from there with `-`.
    never: &'static [&'static str],
    why: &'static str,
}

/// In a rule, any capability.
const CAPABILITY: &str = "capability";

/// Folder of the capabilities, and what in it is none: the list of them.
const CAPABILITIES: &str = "/runtime/capabilities/";
const LIST: &str = "all";

/// What holds for every capability.
const OF_CAPABILITIES: Rule = Rule {
    name: CAPABILITY,
    may: &["caisson-capability", "caisson-host"],
    never: &["axum"],
    why: "a capability knows the contract and its protocol; what it shares with others belongs to the contract",
};

/// Crates that only tests may know.
const FOR_TESTS: &[&str] = &["caisson-conformance"];

/// Every crate but the capabilities has an entry. `*` is any crate of ours.
const RULES: &[Rule] = &[
    Rule {
        name: "caisson",
        may: &["*"],
        never: &[],
        why: "the server puts everything together, and is the only one that does",
    },
    Rule {
        name: "caisson-admin",
        may: &[
            "caisson-audit",
            "caisson-background",
            "caisson-capability",
            "caisson-channel",
            "caisson-cluster",
            "caisson-control",
            "caisson-definition",
            "caisson-service",
            "caisson-telemetry",
        ],
        never: &["wasmtime"],
        why: "it answers by the error statuses of the channel and asks for services by name; how they run is not its concern",
    },
    Rule {
        name: "caisson-audit",
        may: &["caisson-capability"],
        never: &["wasmtime", "axum", "hyper"],
        why: "it keeps what it is told, and asks nobody",
    },
    Rule {
        name: "caisson-cache",
        may: &[],
        never: &["wasmtime", "axum", "hyper", "tokio"],
        why: "it keeps bytes under names, and never waits",
    },
    Rule {
        name: "caisson-background",
        may: &["caisson-capability", "caisson-telemetry"],
        never: &["wasmtime", "axum", "hyper"],
        why: "it makes calls through the invoker, like everything else that brings them; who answers is not its concern",
    },
    Rule {
        name: "caisson-capability",
        may: &[],
        never: &["wasmtime", "axum", "hyper", "http"],
        why: "the contract that all others meet at knows no engine, no protocol, no capability by name",
    },
    Rule {
        name: "caisson-capabilities",
        may: &["caisson-capability", "caisson-host", CAPABILITY],
        never: &["axum", "hyper"],
        why: "it is the list of capabilities, and does nothing itself",
    },
    Rule {
        name: "caisson-channel",
        may: &[
            "caisson-capability",
            "caisson-definition",
            "caisson-security",
            "caisson-soap",
            "caisson-telemetry",
        ],
        never: &["wasmtime"],
        why: "whatever comes in goes through the invoker; a channel that knows the engine would be a second door",
    },
    Rule {
        name: "caisson-cluster",
        may: &[],
        never: &["wasmtime", "axum", "hyper"],
        why: "it keeps documents, and what they mean is not its concern",
    },
    Rule {
        name: "caisson-conformance",
        may: &["caisson-capability", "caisson-definition"],
        never: &["wasmtime", "axum", "hyper"],
        why: "it is the same for all capabilities, so it can know none",
    },
    Rule {
        name: "caisson-control",
        may: &[
            "caisson-capability",
            "caisson-channel",
            "caisson-cluster",
            "caisson-definition",
            "caisson-security",
            "caisson-service",
        ],
        never: &["wasmtime", "axum", "hyper"],
        why: "it turns revisions into tables and deployments, and answers no requests",
    },
    Rule {
        name: "caisson-definition",
        may: &["caisson-capability"],
        never: &["wasmtime", "axum", "hyper", "tokio"],
        why: "what operators write means the same wherever it is read",
    },
    Rule {
        name: "caisson-engine",
        may: &["caisson-cache", "caisson-capability", "caisson-host", "caisson-telemetry"],
        never: &["axum", "hyper", "tower"],
        why: "the sandbox must not be able to name a socket",
    },
    Rule {
        name: "caisson-host",
        may: &["caisson-capability"],
        never: &["axum", "hyper", "tower"],
        why: "capabilities and the engine meet there, so it can know neither",
    },
    Rule {
        name: "caisson-import",
        may: &["caisson-capability", "caisson-definition"],
        never: &["wasmtime", "axum", "hyper", "http", "tokio"],
        why: "text in, text out: it writes what operators would have written",
    },
    Rule {
        name: "caisson-redis",
        may: &["caisson-capability", "caisson-host"],
        never: &["axum", "hyper"],
        why: "a capability knows its contract and its protocol; who runs it is not its concern",
    },
    Rule {
        name: "caisson-security",
        may: &["caisson-capability", "caisson-definition"],
        never: &["wasmtime", "axum"],
        why: "it says who calls; answering is the channel's part",
    },
    Rule {
        name: "caisson-service",
        may: &["caisson-capability", "caisson-engine", "caisson-telemetry"],
        never: &["wasmtime", "axum", "hyper"],
        why: "it turns packages into programs of the engine, without knowing what an engine is made of",
    },
    Rule {
        name: "caisson-soap",
        may: &[],
        never: &["wasmtime", "axum", "hyper", "tokio"],
        why: "bytes in, values out: channels and connections both use it",
    },
    Rule {
        name: "caisson-telemetry",
        may: &[],
        never: &["wasmtime", "axum", "hyper"],
        why: "everyone reports to it, so it can know nobody",
    },
    Rule { name: "caisson-tests", may: &["*"], never: &[], why: "tests look at everything" },
    Rule {
        name: "xtask",
        may: &[],
        never: &["wasmtime", "axum", "tokio"],
        why: "it has to be built in seconds",
    },
];

/// Names that must not occur in the sources of a folder, where a dependency alone does not tell.
const NAMES: &[(&str, &[&str], &str)] = &[
    ("runtime/engine/src/", &["tokio::net", "std::net"], "the engine never names a socket"),
    ("runtime/channel/src/", &["wasmtime::", "caisson_engine"], "a channel never names the engine"),
    (
        "runtime/capability/src/",
        &["tokio::net", "std::net::Tcp", "std::net::Udp"],
        "the contract may hold an address, and opens no socket",
    ),
];

/// Checks what the manifests say.
pub(super) fn check(metadata: &Value) -> Vec<String> {
    let packages: Vec<_> = metadata["packages"].as_array().into_iter().flatten().collect();
    let ours: Vec<_> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let capabilities: Vec<_> = packages
        .iter()
        .filter(|package| is_capability(package))
        .filter_map(|package| package["name"].as_str())
        .collect();
    packages.iter().flat_map(|package| check_package(package, &ours, &capabilities)).collect()
}

fn is_capability(package: &Value) -> bool {
    let manifest = package["manifest_path"].as_str().unwrap_or_default().replace('\\', "/");
    let folder =
        manifest.split_once(CAPABILITIES).map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    folder.is_some_and(|folder| folder != LIST)
}

fn check_package(package: &Value, ours: &[&str], capabilities: &[&str]) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let own = RULES.iter().find(|rule| rule.name == name);
    let Some(rule) = own.or_else(|| is_capability(package).then_some(&OF_CAPABILITIES)) else {
        return vec![format!(
            "{name}: a crate without an entry in the table of xtask/src/tidy/dependencies.rs"
        )];
    };
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    // Tests may look further than what they test.
    let shipped = dependencies.filter(|dependency| dependency["kind"] != "dev");
    let refused = shipped
        .filter_map(|dependency| dependency["name"].as_str())
        .filter(|on| !rule.allows(on, ours, capabilities));
    refused.map(|on| format!("{name} must not depend on {on}: {}", rule.why)).collect()
}

impl Rule {
    fn allows(&self, on: &str, ours: &[&str], capabilities: &[&str]) -> bool {
        if ours.contains(&on) {
            let any = self.may.contains(&"*") && (!FOR_TESTS.contains(&on) || self.name == "caisson-tests");
            let listed = self.may.contains(&CAPABILITY) && capabilities.contains(&on);
            return any || listed || self.may.contains(&on);
        }
        !self
            .never
            .iter()
            .any(|never| on == *never || on.strip_prefix(never).is_some_and(|rest| rest.starts_with('-')))
    }
}

/// Checks what the sources say.
pub(super) fn check_names(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (folder, names, why) in NAMES {
        for source in tree.0.iter().filter(|source| source.path.starts_with(folder)) {
            let code =
                source.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
            for (number, line) in code {
                for name in names.iter().filter(|name| line.contains(**name)) {
                    problems.push(format!("{}:{}: names {name}: {why}", source.path, number + 1));
                }
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check_one(name: &str, dependencies: Value) -> usize {
        check(&json!({"packages": [
            {"name": name, "dependencies": dependencies},
            {"name": "caisson-engine", "dependencies": []},
        ]}))
        .len()
    }

    #[test]
    fn refuses_an_edge_that_is_not_in_the_table() {
        assert_eq!(check_one("caisson-channel", json!([{"name": "caisson-engine", "kind": null}])), 1);
        assert_eq!(check_one("caisson-service", json!([{"name": "caisson-engine", "kind": null}])), 0);
    }

    #[test]
    fn refuses_crates_of_a_family_that_is_banned() {
        assert_eq!(check_one("caisson-channel", json!([{"name": "wasmtime-wasi", "kind": null}])), 1);
        assert_eq!(check_one("caisson-capability", json!([{"name": "httpdate", "kind": null}])), 0);
    }

    #[test]
    fn lets_tests_depend_on_anything() {
        assert_eq!(check_one("caisson-channel", json!([{"name": "wasmtime", "kind": "dev"}])), 0);
    }

    #[test]
    fn wants_an_entry_for_every_crate() {
        assert_eq!(check_one("caisson-new", json!([])), 1);
    }

    #[test]
    fn capabilities_know_the_contract_the_list_knows_them_and_only_tests_know_the_suite() {
        let package = |name: &str, folder: &str, on: &str, kind: Option<&str>| {
            let path = format!("/checkout/runtime/{folder}/Cargo.toml");
            json!({"name": name, "manifest_path": path, "dependencies": [{"name": on, "kind": kind}]})
        };
        for (name, folder, on, kind, refused) in [
            ("caisson-sql", "capabilities/sql", "caisson-host", None, false),
            ("caisson-sql", "capabilities/sql", "caisson-http", None, true),
            ("caisson-sql", "capabilities/sql", "caisson-engine", None, true),
            ("caisson-sql", "capabilities/sql", "caisson-conformance", None, true),
            ("caisson-sql", "capabilities/sql", "caisson-conformance", Some("dev"), false),
            ("caisson-sql", "capabilities/sql", "hyper", None, false),
            ("caisson-capabilities", "capabilities/all", "caisson-http", None, false),
            ("caisson-capabilities", "capabilities/all", "caisson-engine", None, true),
            ("caisson-host", "host", "caisson-capability", None, false),
            ("caisson-host", "host", "caisson-http", None, true),
            ("caisson-engine", "engine", "caisson-host", None, false),
            ("caisson-engine", "engine", "caisson-http", None, true),
            ("caisson", "server", "caisson-capabilities", None, false),
            ("caisson", "server", "caisson-conformance", None, true),
        ] {
            let mut packages = vec![package(name, folder, on, kind)];
            packages.extend([
                package("caisson-http", "capabilities/http", "caisson-host", None),
                package("caisson-conformance", "conformance", "caisson-capability", None),
            ]);
            for known in ["caisson-capability", "caisson-host", "caisson-engine", "caisson-capabilities"] {
                if known != name {
                    packages.push(package(known, "x", "serde", None));
                }
            }
            let problems = check(&json!({"packages": packages}));
            assert_eq!(problems.len(), usize::from(refused), "{name} on {on}: {problems:?}");
        }
    }

    #[test]
    fn finds_names_in_code_and_not_in_comments() {
        let tree = super::super::tree_of(
            "runtime/engine/src/a.rs",
            "// tokio::net is elsewhere\nuse tokio::net::TcpStream;\n",
        );
        assert_eq!(check_names(&tree).len(), 1);
    }
}
