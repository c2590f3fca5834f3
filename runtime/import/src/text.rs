//! Texts of the source: references to the environment, and what can be shown of them.

/// Longest text that a report shows.
const MAX_SHOWN: usize = 120;

/// What the source writes before the name of a variable.
const PREFIXES: [&str; 3] = ["Zato_Enmasse_Env.", "Zato_Enmasse_Env_", "ZatoEnmasseEnv."];

/// The variable of the environment that a whole text stands for.
pub(crate) fn variable(text: &str) -> Option<&str> {
    let text = text.trim();
    if let Some(name) = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        return Some(name).filter(|name| is_variable(name));
    }
    let name = text.strip_prefix('$')?;
    if let Some(name) = name.strip_prefix('{') {
        return name.strip_suffix('}').filter(|name| is_variable(name));
    }
    // Without braces it could be a password that begins so: only what is written as variables are by custom is taken for one.
    let custom = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    Some(name).filter(|name| is_variable(name) && name.chars().all(custom))
}

fn is_variable(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// A text so that nothing in it is taken for a reference.
pub(crate) fn escaped(text: &str) -> String {
    text.replace("${", "$${")
}

/// A text of the source as a report may show it: on one line, of a bounded length.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String =
        text.chars().take(MAX_SHOWN).map(|c| if is_invisible(c) { '?' } else { c }).collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Characters that end a line, move a cursor or turn the direction of writing.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_to_name_a_variable_are_known() {
        for (text, name) in [
            ("Zato_Enmasse_Env.CRM_Password", Some("CRM_Password")),
            ("ZatoEnmasseEnv.A", Some("A")),
            ("Zato_Enmasse_Env_A", Some("A")),
            ("${a_B1}", Some("a_B1")),
            ("$CRM_KEY", Some("CRM_KEY")),
            ("$ecret", None),
            ("Zato_Enmasse_Env.", None),
            ("Zato_Enmasse_Env.a b", None),
            ("${1A}", None),
            ("${A", None),
            ("a${B}", None),
            ("$", None),
            ("", None),
        ] {
            assert_eq!(variable(text), name, "{text}");
        }
    }

    #[test]
    fn what_is_shown_stays_on_its_line_and_short() {
        assert_eq!(shown("a\nb\u{1b}[31m"), "a?b?[31m");
        assert_eq!(shown(&"x".repeat(500)).len(), MAX_SHOWN + 3);
    }
}
