//! Names: kept where they fit, made to fit where they do not, and never two of a kind.

use std::collections::{HashMap, HashSet};

/// Longest name that definitions may have, less what is left for a number.
const MAX_NAME: usize = 110;

/// The names of one section.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: HashSet<String>,
    /// How many names were made of each: so that many alike are not tried from the start each time.
    made: HashMap<String, usize>,
}

impl Names {
    /// Takes a name as it is, if it fits and is free.
    pub(crate) fn keep(&mut self, name: &str) -> bool {
        fitting(name) == name && self.taken.insert(name.to_owned())
    }

    /// A free name that is like this one.
    pub(crate) fn make(&mut self, name: &str) -> String {
        let base = fitting(name);
        let count = self.made.entry(base.clone()).or_insert(1);
        let mut made = base.clone();
        while !self.taken.insert(made.clone()) {
            *count += 1;
            made = format!("{base}-{count}");
        }
        made
    }
}

/// A name with nothing in it but letters, digits, and `. _ -`.
pub(crate) fn fitting(name: &str) -> String {
    let mut fitting = String::new();
    for c in name.chars().take(MAX_NAME) {
        match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') => fitting.push(c),
            _ if fitting.is_empty() || fitting.ends_with('-') => {}
            _ => fitting.push('-'),
        }
    }
    // Only what was put there is taken away again.
    if !name.ends_with('-') {
        fitting.truncate(fitting.trim_end_matches('-').len());
    }
    if fitting.is_empty() { "unnamed".to_owned() } else { fitting }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_to_fit() {
        for (name, expected) in [
            ("crm.api_v1-x", "crm.api_v1-x"),
            ("/crm/api", "crm-api"),
            ("My CRM (new)", "My-CRM-new"),
            ("Zażółć", "Za"),
            ("///", "unnamed"),
            ("", "unnamed"),
            ("-a-", "-a-"),
        ] {
            assert_eq!(fitting(name), expected, "{name}");
        }
        assert!(fitting(&"x".repeat(500)).len() <= 120);
    }

    #[test]
    fn no_name_is_given_twice() {
        let mut names = Names::default();
        assert!(names.keep("a-b"));
        assert!(!names.keep("a-b") && !names.keep("a b"));
        assert_eq!(names.make("a b"), "a-b-2");
        assert_eq!(names.make("a/b"), "a-b-3");
        assert_eq!(names.make("c d"), "c-d");
    }
}
