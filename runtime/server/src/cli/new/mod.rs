//! `caisson new`: a first service to start from.
//!
//! # Layout
//!
//! * [`python`]: a package with its tests. [`rust`]: a project of cargo, with a copy of the [`sdk`] that this program was built with.

mod python;
mod rust;
mod sdk;

use crate::exit::Exit;
use crate::output::Output;
use anyhow::Context as _;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Write a small service to start from
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  caisson new python hello --dir services
  caisson new rust order-sync")]
pub(crate) struct Args {
    /// Language of the service
    #[arg(value_enum)]
    language: Language,
    /// Name of the package, or of the project: lower case letters, digits and _ (Rust: or -)
    name: String,
    /// Folder to write it to; made if it is not there
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Language {
    /// A Python package with its tests
    Python,
    /// A project of cargo, for a component
    Rust,
}

/// Carries it out.
///
/// # Errors
///
/// A name that cannot be a module's or a project's, a file that exists, a folder that cannot be written to.
pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<Exit> {
    match args.language {
        Language::Python => python::run(args, output),
        Language::Rust => rust::run(args, output),
    }
}

fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)
            .with_context(|| format!("the folder {} cannot be made", dir.display()))?;
    }
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            anyhow::bail!("{} exists and is left as it is: choose another name or --dir", path.display())
        }
        Err(error) => return Err(error).with_context(|| format!("{} cannot be written", path.display())),
    };
    file.write_all(text.as_bytes()).with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn does_not_overwrite() {
        for (language, file) in [(Language::Python, "hello/api.py"), (Language::Rust, "hello/src/lib.rs")] {
            let folder = tempfile::tempdir().unwrap();
            let args = Args { language, name: "hello".to_owned(), dir: folder.path().join("a/b") };
            assert_eq!(run(&args, Output::new(true)).unwrap(), Exit::Ok);
            let path = folder.path().join("a/b").join(file);
            std::fs::write(&path, "mine").unwrap();
            let error = run(&args, Output::new(true)).unwrap_err().to_string();
            assert!(error.contains("exists and is left as it is"), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        }
    }
}
