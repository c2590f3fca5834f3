//! The XML declaration, `<?xml version="1.0" encoding="utf-8"?>`, as far as it can be read without knowing the encoding.

use super::scan::{Cursor, Scan, Stop};

/// Passes the declaration if there is one. One that is not well-formed is left to the standard library's parser.
pub fn pass(cursor: &mut Cursor<'_>) -> Scan<()> {
    if let Some(declaration) = find(&cursor.text[cursor.at..]) {
        parts(declaration).ok_or(Stop::Unsupported)?;
        cursor.at += declaration.len();
    }
    Ok(())
}

/// The encoding that a text declares in its first bytes, in lower case.
pub fn encoding(text: &[u8]) -> Option<String> {
    let start: String = text.iter().take(256).map(|byte| char::from(*byte)).collect();
    parts(find(&start)?)?
        .into_iter()
        .find(|(name, _)| *name == "encoding")
        .map(|(_, value)| value.to_ascii_lowercase())
}

fn find(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("<?xml")?;
    if !rest.starts_with([' ', '\t', '\r', '\n']) {
        return None;
    }
    rest.find("?>").map(|end| &text[..end + "<?xml?>".len()])
}

/// Names and values, which have to be the three known ones in their order.
fn parts(declaration: &str) -> Option<Vec<(&str, &str)>> {
    let space = [' ', '\t', '\r', '\n'];
    let mut rest = &declaration["<?xml".len()..declaration.len() - "?>".len()];
    let mut found = Vec::new();
    while !rest.trim_matches(space).is_empty() {
        let trimmed = rest.trim_start_matches(space);
        if trimmed.len() == rest.len() {
            return None;
        }
        let (name, after) = trimmed.split_once('=')?;
        let after = after.trim_start_matches(space);
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (value, after) = after[1..].split_once(quote)?;
        found.push((name.trim_end_matches(space), value));
        rest = after;
    }
    let mut left = ["version", "encoding", "standalone"].into_iter();
    let ordered = found.iter().all(|(name, _)| left.any(|known| known == *name));
    let valid = |(name, value): &(&str, &str)| match *name {
        "version" => *value == "1.0",
        "standalone" => matches!(*value, "yes" | "no"),
        _ => {
            value.starts_with(|first: char| first.is_ascii_alphabetic())
                && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        }
    };
    let has_version = found.first().is_some_and(|(name, _)| *name == "version");
    (has_version && ordered && found.iter().all(valid)).then_some(found)
}
