//! The SDK for Rust as it was when this program was built. It comes with the program, so that a project needs nothing but
//! crates.io besides, and fits the server that it is written for.

macro_rules! embedded {
    ($($path:literal,)+) => {
        [$(($path, include_str!(concat!("../../../../../", $path)))),+]
    };
}

/// Paths in the repository and what is there.
const FILES: &[(&str, &str)] = &embedded![
    "sdk-rust/caisson/Cargo.toml",
    "sdk-rust/caisson/src/amqp.rs",
    "sdk-rust/caisson/src/answer.rs",
    "sdk-rust/caisson/src/bindings.rs",
    "sdk-rust/caisson/src/cache/mod.rs",
    "sdk-rust/caisson/src/cache/selection.rs",
    "sdk-rust/caisson/src/cache/tests.rs",
    "sdk-rust/caisson/src/cache/value.rs",
    "sdk-rust/caisson/src/call.rs",
    "sdk-rust/caisson/src/context.rs",
    "sdk-rust/caisson/src/error.rs",
    "sdk-rust/caisson/src/host/component.rs",
    "sdk-rust/caisson/src/host/mod.rs",
    "sdk-rust/caisson/src/host/simulated.rs",
    "sdk-rust/caisson/src/host/simulated/cache.rs",
    "sdk-rust/caisson/src/host/simulated/lock.rs",
    "sdk-rust/caisson/src/http.rs",
    "sdk-rust/caisson/src/invoke.rs",
    "sdk-rust/caisson/src/json.rs",
    "sdk-rust/caisson/src/later.rs",
    "sdk-rust/caisson/src/lib.rs",
    "sdk-rust/caisson/src/lock.rs",
    "sdk-rust/caisson/src/log.rs",
    "sdk-rust/caisson/src/query.rs",
    "sdk-rust/caisson/src/redis.rs",
    "sdk-rust/caisson/src/request.rs",
    "sdk-rust/caisson/src/response.rs",
    "sdk-rust/caisson/src/sql/mod.rs",
    "sdk-rust/caisson/src/sql/read.rs",
    "sdk-rust/caisson/src/sql/row.rs",
    "sdk-rust/caisson/src/sql/value.rs",
    "sdk-rust/caisson/src/testing/mod.rs",
    "sdk-rust/caisson/src/testing/sent.rs",
    "sdk-rust/caisson/src/time.rs",
    "sdk-rust/macros/Cargo.toml",
    "sdk-rust/macros/src/lib.rs",
    "wit/deps/amqp/amqp.wit",
    "wit/deps/capability/capability.wit",
    "wit/deps/http/http.wit",
    "wit/deps/redis/redis.wit",
    "wit/deps/sql/sql.wit",
    "wit/interpreter.wit",
    "wit/service.wit",
];

/// Every file: its path within the copy, and its text.
///
/// The copy has the contract where the crate looks for it: two folders above its own.
pub(super) fn files() -> impl Iterator<Item = (String, &'static str)> {
    FILES.iter().map(|(path, text)| {
        let within = path.strip_prefix("sdk-rust/").map(|rest| format!("rust/{rest}"));
        (within.unwrap_or_else(|| (*path).to_owned()), *text)
    })
}

#[cfg(test)]
mod tests {
    use super::FILES;
    use std::path::{Path, PathBuf};

    fn under(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { under(&path, found) } else { found.push(path) }
        }
    }

    #[test]
    fn every_file_of_the_sdk_is_brought_along() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut found = Vec::new();
        for part in ["sdk-rust/caisson", "sdk-rust/macros", "wit"] {
            under(&root.join(part), &mut found);
        }
        let wanted = |path: &PathBuf| path.extension().is_some_and(|ending| ending != "md");
        let mut found: Vec<_> = found.into_iter().filter(wanted).collect();
        found.sort();
        let mut embedded: Vec<_> = FILES.iter().map(|(path, _)| root.join(path)).collect();
        embedded.sort();
        assert_eq!(embedded, found, "the list in cli/new/sdk.rs has to name every file");
    }
}
