//! Names: which files count, what a package may be called, and what somebody probably meant.

use crate::source::Language;

/// Folder entries that editors, interpreters and version control leave lying around.
pub(crate) fn ignored(entry: &str) -> bool {
    let hashed = entry.len() > 1 && entry.starts_with('#') && entry.ends_with('#');
    let ending = [".swp", ".swo", ".swx", ".pyc", ".pyo"].iter().any(|ending| entry.ends_with(ending));
    // 4913 and its successors are the files by which vim finds out whether it may write to a folder; 4913 is the one
    // that is seen in practice.
    let named = matches!(entry, "__pycache__" | "4913" | "lost+found");
    entry.starts_with('.') || entry.ends_with('~') || hashed || ending || named
}

/// Longest package name. A package's document and image are named after it, and file systems end at 255 bytes.
const MAX_NAME: usize = 100;

/// Names under which the interpreter finds its own SDK; a package of that name would hide it.
const SDK: [&str; 2] = ["caisson", "zato"];

/// Whether the interpreter finds its own SDK under this name.
pub(crate) fn is_sdk(name: &str) -> bool {
    SDK.contains(&name)
}

/// Python's hard keywords: `import class` is a syntax error.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Why a package cannot have this name, and what to do.
pub(crate) fn objection(name: &str, language: Language) -> Option<String> {
    if name.len() > MAX_NAME {
        return Some(format!("it has {} characters; use at most {MAX_NAME}", name.len()));
    }
    let plain = |extra: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c));
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    match language {
        Language::Component if starts && plain("_-") => None,
        Language::Component => {
            Some("use ASCII letters, digits, _ and -, and start with a letter or _".to_owned())
        }
        Language::Python if !(starts && plain("_")) => Some(format!(
            "Python could not import it; use ASCII letters, digits and _, and start with a letter or _, for example {}",
            importable(name)
        )),
        Language::Python if KEYWORDS.contains(&name) => {
            Some(format!("it is a Python keyword and could not be imported; name it for example {name}_"))
        }
        Language::Python if is_sdk(name) => Some(format!(
            "services import {name} from the SDK, and this package would hide it; choose another name"
        )),
        Language::Python => None,
    }
}

fn importable(name: &str) -> String {
    let mut text: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        text.insert(0, '_');
    }
    text
}

/// The known name that is closest to the wanted one, when it is close enough to be a slip of the finger.
pub(crate) fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let longest = wanted.chars().count();
    let allowed = (longest / 3).clamp(1, 3);
    known
        .into_iter()
        .filter(|name| name.len().abs_diff(wanted.len()) <= allowed)
        .map(|name| (strsim::levenshtein(wanted, name), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_editors_leave_behind_is_ignored() {
        for entry in
            [".hello.py.swp", "hello.py~", "4913", "#hello.py#", ".#hello.py", "__pycache__", ".git", "a.pyc"]
        {
            assert!(ignored(entry), "{entry}");
        }
        for entry in ["hello.py", "crm", "hello.wasm", "#", "a#.py", "hello.toml", "_private.py"] {
            assert!(!ignored(entry), "{entry}");
        }
    }

    #[test]
    fn names_that_python_can_import_are_accepted_and_others_say_why() {
        for name in ["hello", "_a", "Crm2", "x"] {
            assert_eq!(objection(name, Language::Python), None, "{name}");
        }
        for (name, part) in [
            ("my-service", "my_service"),
            ("2fast", "_2fast"),
            ("my service", "could not import"),
            ("class", "keyword"),
            ("zato", "SDK"),
            ("\u{17c}aba", "ASCII"),
            ("", "start with"),
        ] {
            let objection = objection(name, Language::Python).unwrap_or_default();
            assert!(objection.contains(part), "{name}: {objection}");
        }
        assert!(objection(&"x".repeat(101), Language::Python).is_some());
    }

    #[test]
    fn components_may_have_dashes() {
        assert_eq!(objection("my-service_2", Language::Component), None);
        assert!(objection("-x", Language::Component).is_some());
        assert!(objection("../x", Language::Component).is_some());
    }

    #[test]
    fn the_nearest_name_is_suggested_only_when_it_is_near() {
        let known = ["isolation", "limits", "max_requests"];
        assert_eq!(nearest("isolaton", known), Some("isolation"));
        assert_eq!(nearest("limit", known), Some("limits"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("kitten", ["sitting"]), None, "three steps, and a third of six letters is two");
    }
}
