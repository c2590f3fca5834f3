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

/// Every crate has an entry. `*` is any crate of ours.
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
        name: "caisson-capability",
        may: &[],
        never: &["wasmtime", "axum", "hyper", "http"],
        why: "the contract that all others meet at knows no engine, no protocol, no capability by name",
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
        name: "caisson-control",
        may: &[
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
        may: &[],
        never: &["wasmtime", "axum", "hyper", "tokio"],
        why: "what operators write means the same wherever it is read",
    },
    Rule {
        name: "caisson-engine",
        may: &["caisson-capability", "caisson-telemetry"],
        never: &["axum", "hyper", "tower"],
        why: "the sandbox must not be able to name a socket",
    },
    Rule {
        name: "caisson-import",
        may: &["caisson-definition"],
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
    packages.iter().flat_map(|package| check_package(package, &ours)).collect()
}

fn check_package(package: &Value, ours: &[&str]) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let Some(rule) = RULES.iter().find(|rule| rule.name == name) else {
        return vec![format!(
            "{name}: a crate without an entry in the table of xtask/src/tidy/dependencies.rs"
        )];
    };
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    // Tests may look further than what they test.
    let shipped = dependencies.filter(|dependency| dependency["kind"] != "dev");
    let refused =
        shipped.filter_map(|dependency| dependency["name"].as_str()).filter(|on| !rule.allows(on, ours));
    refused.map(|on| format!("{name} must not depend on {on}: {}", rule.why)).collect()
}

impl Rule {
    fn allows(&self, on: &str, ours: &[&str]) -> bool {
        if ours.contains(&on) {
            return self.may.contains(&"*") || self.may.contains(&on);
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
    fn finds_names_in_code_and_not_in_comments() {
        let tree = super::super::tree_of(
            "runtime/engine/src/a.rs",
            "// tokio::net is elsewhere\nuse tokio::net::TcpStream;\n",
        );
        assert_eq!(check_names(&tree).len(), 1);
    }
}
