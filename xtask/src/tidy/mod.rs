//! The task `tidy`, which is also a test: rules that neither the compiler nor clippy knows.
//!
//! Each rule is a function from the source tree to the problems that it found. What a rule lets pass is data with a reason,
//! at the top of the rule's file; a new exception is an entry there, for a reviewer to see.
//!
//! # Layout
//!
//! * [`capabilities`]: each is in all the places where it has to be.
//! * [`dependencies`]: which crate may know which.
//! * [`manifests`]: lints and descriptions of crates.
//! * [`rust`]: documentation of modules, sizes, `unsafe`; [`functions`]: where functions begin and end.
//! * [`words`]: unfinished work, paths of somebody's machine.
//! * [`documents`]: what has to be written, and links in it.

mod capabilities;
mod dependencies;
mod documents;
mod functions;
mod manifests;
mod rust;
mod words;

use crate::{context::Context, hash, shell};
use anyhow::{Context as _, Result, bail};
use std::{fs, path::Path};

/// The first line of a crate whose README is its documentation.
const README_AS_DOCUMENTATION: &str = "#![doc = include_str!(\"../README.md\")]";

/// One text file of the checkout.
#[derive(Debug)]
struct Source {
    /// Path inside the checkout, with `/`.
    path: String,
    text: String,
}

/// All text files of the checkout.
#[derive(Debug)]
struct Tree(Vec<Source>);

impl Tree {
    fn read(root: &Path) -> Result<Self> {
        let mut sources = Vec::new();
        for file in hash::files_under(root)? {
            let path = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            // What is not text has nothing to be tidied.
            if let Ok(text) =
                String::from_utf8(fs::read(&file).with_context(|| format!("cannot read {path}"))?)
            {
                sources.push(Source { path, text });
            }
        }
        Ok(Self(sources))
    }

    /// Files whose names end in `extension`.
    fn with_extension(&self, extension: &str) -> impl Iterator<Item = &Source> {
        self.0.iter().filter(move |source| source.path.ends_with(extension))
    }

    fn find(&self, path: &str) -> Option<&Source> {
        self.0.iter().find(|source| source.path == path)
    }
}

/// The task: prints all problems, fails if there are any.
pub(crate) fn run(context: &Context) -> Result<()> {
    let problems = problems(context)?;
    for problem in &problems {
        eprintln!("{problem}");
    }
    if !problems.is_empty() {
        bail!("{} problems", problems.len());
    }
    shell::say("tidy: no problems");
    Ok(())
}

fn problems(context: &Context) -> Result<Vec<String>> {
    let tree = Tree::read(&context.root)?;
    let mut problems = dependencies::check(&context.metadata(&context.root)?);
    problems.extend(dependencies::check_names(&tree));
    for rule in [capabilities::check, manifests::check, rust::check, words::check, documents::check] {
        problems.extend(rule(&tree));
    }
    problems.sort();
    Ok(problems)
}

/// A tree of one file, for the tests of rules.
#[cfg(test)]
fn tree_of(path: &str, text: &str) -> Tree {
    Tree(vec![Source { path: path.to_owned(), text: text.to_owned() }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_is_tidy() {
        let context = Context::new().unwrap();
        let problems = problems(&context).unwrap();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
