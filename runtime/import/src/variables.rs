//! Variables of the environment: those that the source names, and those that stand for secrets which the source does not tell
//! or should not have told.

use crate::report::Variable;
use crate::text::{escaped, variable};
use caisson_definition::documents::invented;
use caisson_definition::yaml::At;
use std::collections::HashMap;

/// All variables that something refers to.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    all: Vec<Variable>,
    by_name: HashMap<String, usize>,
}

impl Variables {
    /// A text as definitions have it, where the source may name a variable.
    pub(crate) fn written(&mut self, text: &str, at: At) -> String {
        match variable(text) {
            Some(name) => self.named(name, at),
            None => escaped(text),
        }
    }

    /// A reference to a variable that the source names.
    pub(crate) fn named(&mut self, name: &str, at: At) -> String {
        if !self.by_name.contains_key(name) {
            self.add(name, at, "the source reads it from the environment too");
        }
        reference(name)
    }

    /// A reference to a variable that is not in the source, for a secret at `place` of the definitions.
    pub(crate) fn invented(&mut self, place: &str, at: At, reason: &str) -> String {
        let reference_of = invented(place);
        let base = reference_of.trim_start_matches("${env:").trim_end_matches('}');
        let mut name = base.to_owned();
        let mut number = 1;
        while self.by_name.contains_key(&name) {
            number += 1;
            name = format!("{base}_{number}");
        }
        self.add(&name, at, reason);
        reference(&name)
    }

    fn add(&mut self, name: &str, at: At, reason: &str) {
        self.by_name.insert(name.to_owned(), self.all.len());
        let (line, column) = (at.line, at.column);
        self.all.push(Variable { name: name.to_owned(), line, column, reason: reason.to_owned() });
    }

    /// Those that one of these texts refers to.
    pub(crate) fn used(self, is_used: impl Fn(&str) -> bool) -> Vec<Variable> {
        self.all.into_iter().filter(|one| is_used(&one.name)).collect()
    }
}

fn reference(name: &str) -> String {
    format!("${{env:{name}}}")
}

/// The variables that a text refers to, which has been written by [`Variables`].
pub(crate) fn referred(text: &str) -> impl Iterator<Item = &str> {
    let escapes = |before: &str| before.ends_with('$');
    text.match_indices("${env:").filter_map(move |(start, lead)| {
        let (before, from) = text.split_at_checked(start)?;
        let name = from.strip_prefix(lead)?.split_once('}')?.0;
        (!escapes(before)).then_some(name)
    })
}
