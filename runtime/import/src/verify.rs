//! The product is loaded and checked as `apply` does it. What is refused becomes a comment, with the checker's own words.

use crate::entry::{Entry, Section};
use crate::render::{Rendered, render};
use crate::variables::referred;
use caisson_capability::Catalog;
use caisson_definition::load::{Surroundings, load};
use caisson_definition::problem::Problem;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// What was found out by loading.
#[derive(Debug)]
pub(crate) struct Verified {
    /// The file.
    pub(crate) text: String,
    /// Index of an entry, and what is odd about it.
    pub(crate) warnings: Vec<(usize, String)>,
    /// Variables that the file refers to.
    pub(crate) variables: HashSet<String>,
}

/// Loads until nothing is refused any more.
///
/// # Errors
///
/// A refusal that belongs to no entry, which would be a fault of this crate.
pub(crate) fn settle(entries: &mut [Entry], head: &str, catalog: &Catalog) -> Result<Verified, Problem> {
    let stand_ins = stand_ins(entries);
    loop {
        let rendered = render(entries, head, &connections(entries));
        let memory = Memory { text: &rendered.text, variables: &stand_ins };
        match load(Path::new("definitions"), &memory, catalog) {
            Ok(loaded) => {
                let warnings = loaded.warnings.into_iter();
                let warnings = warnings.filter_map(|one| Some((owner(&rendered, one.line)?, one.message)));
                return Ok(Verified {
                    warnings: warnings.collect(),
                    variables: variables(entries),
                    text: rendered.text,
                });
            }
            Err(problems) => {
                // Each round takes at least one away, so there is an end.
                for problem in problems.0 {
                    let entry = owner(&rendered, problem.line).and_then(|index| entries.get_mut(index));
                    let Some(entry) = entry else { return Err(problem) };
                    entry.left_out.get_or_insert(problem.message);
                }
            }
        }
    }
}

/// The connections that can be used.
pub(crate) fn connections(entries: &[Entry]) -> Vec<String> {
    let live = entries.iter().filter(|one| one.section == Section::Connections && one.left_out.is_none());
    live.map(|one| one.name().to_owned()).collect()
}

fn owner(rendered: &Rendered, line: usize) -> Option<usize> {
    let place = rendered.lines.partition_point(|(lines, _)| *lines.end() < line);
    rendered.lines.get(place).filter(|(lines, _)| lines.contains(&line)).map(|(_, index)| *index)
}

fn variables(entries: &[Entry]) -> HashSet<String> {
    let mut used = HashSet::new();
    for (_, value) in entries.iter().filter(|one| one.left_out.is_none()).flat_map(|one| &one.fields) {
        value.each_text("", &mut |_, text| used.extend(referred(text).map(str::to_owned)));
    }
    used
}

/// A value for each variable that is right where it stands: what it will really be is checked when it is applied.
fn stand_ins(entries: &[Entry]) -> HashMap<String, String> {
    let mut chosen: HashMap<String, usize> = HashMap::new();
    for (key, value) in entries.iter().flat_map(|one| &one.fields) {
        value.each_text(key, &mut |key, text| {
            for name in referred(text) {
                let rank = rank(key, text, name);
                let known = chosen.entry(name.to_owned()).or_insert(rank);
                *known = rank.min(*known);
            }
        });
    }
    let value = |rank| STAND_INS.get(rank).copied().unwrap_or("x").to_owned();
    chosen.into_iter().map(|(name, rank)| (name, value(rank))).collect()
}

/// What stands for variables: a path, a URL, a port, any other text. A variable of several places is the first of these.
const STAND_INS: [&str; 4] = ["/x", "https://x", "1", "x"];

/// Which of [`STAND_INS`] is right for a variable in a text.
fn rank(key: &str, text: &str, name: &str) -> usize {
    let before = text.split(&format!("${{env:{name}}}")).next().unwrap_or_default();
    match (key, before) {
        ("path", _) => 0,
        ("url" | "token_url", "") => 1,
        ("url", before) if before.ends_with(':') => 2,
        _ => 3,
    }
}

/// One file, and the variables that it names.
struct Memory<'a> {
    text: &'a str,
    variables: &'a HashMap<String, String>,
}

impl Surroundings for Memory<'_> {
    fn env(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn read(&self, _: &Path, _: u64) -> Result<String, String> {
        Ok(self.text.to_owned())
    }
}
