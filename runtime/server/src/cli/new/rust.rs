//! A first service in Rust: a project that builds with what this program brings along and crates.io.

use super::{Args, sdk, write_new};
use crate::exit::{Exit, usage};
use crate::output::Output;
use serde_json::json;
use std::path::Path;

/// Names that cargo or the compiler refuse, or that the service itself uses.
const TAKEN: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "caisson",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "serde",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// What the service is compiled for.
const TARGET: &str = "wasm32-wasip2";

/// Carries it out.
///
/// # Errors
///
/// A name that no project can have, a folder that exists or cannot be written to.
pub(super) fn run(args: &Args, output: Output) -> anyhow::Result<Exit> {
    check_name(&args.name)?;
    let folder = args.dir.join(&args.name);
    if folder.exists() {
        anyhow::bail!("{} exists and is left as it is: choose another name or --dir", folder.display());
    }
    write_project(&folder, &args.name)?;
    let service = args.name.replace('_', "-");
    let component = format!("target/{TARGET}/release/{}.wasm", args.name.replace('-', "_"));
    if output.wants_json() {
        output.json(&json!({"path": folder, "service": service, "component": component}));
        return Ok(Exit::Ok);
    }
    output.line(format!("Wrote {} with the service {}", folder.display(), output.bold(&service)));
    output.line("");
    output.line("Next, with Rust from https://rustup.rs:");
    output.line(format!("  cd {}", folder.display()));
    output.line("  cargo test");
    output.line(format!("  rustup target add {TARGET}"));
    output.line(format!("  cargo build --release --target {TARGET}"));
    output.line(format!("  caisson deploy {component}"));
    output.line(format!("  caisson invoke {service} --payload '{{\"name\": \"Ada\"}}'"));
    Ok(Exit::Ok)
}

fn check_name(name: &str) -> anyhow::Result<()> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest_is_good =
        name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'));
    if !starts_well || !rest_is_good || name.ends_with(['_', '-']) {
        let better = suggestion(name);
        return Err(usage(format!(
            "{name:?} cannot be the name of a Rust project: use lower case letters, digits, - and _, for example {better}"
        )));
    }
    if TAKEN.contains(&name.replace('_', "-").as_str()) {
        return Err(usage(format!(
            "{name:?} means something to Rust or to cargo: choose another name, for example {name}-service"
        )));
    }
    Ok(())
}

/// What the user probably meant.
fn suggestion(name: &str) -> String {
    let kept = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let text: String = kept.collect();
    let trimmed = text.trim_matches('-').trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
    if trimmed.is_empty() { "orders".to_owned() } else { trimmed.to_owned() }
}

fn write_project(folder: &Path, name: &str) -> anyhow::Result<()> {
    write_new(&folder.join("Cargo.toml"), &manifest(name))?;
    write_new(&folder.join(".gitignore"), "/target\n")?;
    write_new(&folder.join("src/lib.rs"), SERVICE)?;
    for (path, text) in sdk::files() {
        write_new(&folder.join("sdk").join(path), text)?;
    }
    Ok(())
}

fn manifest(name: &str) -> String {
    format!(
        r#"[package]
name = "{name}"
version = "0.1.0"
edition = "2024"

# A component for Caisson, built by: cargo build --release --target {TARGET}
[lib]
crate-type = ["cdylib"]

[dependencies]
# A copy that `caisson new` has put there, of the version of that program.
caisson-sdk = {{ path = "sdk/rust/caisson" }}
serde = {{ version = "1", features = ["derive"] }}

# Alone, wherever this folder is.
[workspace]

# Small and quick: every request may get an instance of its own.
[profile.release]
lto = true
codegen-units = 1
panic = "abort"
strip = true
"#
    )
}

/// What it begins with.
const SERVICE: &str = include_str!("template/lib.rs");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_name_brings_a_good_one() {
        for (bad, good) in
            [("My Service", "my-service"), ("2fast", "fast"), ("../x", "x"), ("", "orders"), ("a-", "a")]
        {
            let text = check_name(bad).unwrap_err().to_string();
            assert!(text.ends_with(&format!("for example {good}")), "{text}");
        }
        for taken in ["test", "caisson", "proc_macro", "async"] {
            assert!(check_name(taken).unwrap_err().to_string().contains(&format!("{taken}-service")));
        }
        assert!(check_name("order-sync_2").is_ok());
    }
}
