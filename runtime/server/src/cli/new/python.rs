//! A first service in Python.

use super::{Args, write_new};
use crate::exit::{Exit, usage};
use crate::output::Output;
use serde_json::json;

/// Names that Python keeps for itself and that are likely to be tried.
const PYTHON_KEYWORDS: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
    "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not",
    "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Modules that a service of the same name would hide from itself.
const TAKEN_MODULES: &[&str] =
    &["caisson", "zato", "json", "logging", "datetime", "re", "os", "sys", "io", "typing"];

/// Carries it out.
///
/// # Errors
///
/// A name that cannot be a module's, a file that exists, a folder that cannot be written to.
pub(super) fn run(args: &Args, output: Output) -> anyhow::Result<Exit> {
    check_name(&args.name)?;
    let class = class_name(&args.name);
    let service = format!("{}.{}", args.name.replace('_', "-"), dashed(&args.name));
    let path = args.dir.join(format!("{}.py", args.name));
    write_new(&path, &python(&class, &service))?;
    if output.wants_json() {
        output.json(&json!({"path": path, "service": service}));
        return Ok(Exit::Ok);
    }
    let dir = args.dir.display();
    output.line(format!("Wrote {} with the service {}", path.display(), output.bold(&service)));
    output.line("");
    output.line("Next:");
    output.line(format!("  caisson serve --dev --services {dir}"));
    output.line(format!("  curl 'http://127.0.0.1:17010/services/{service}?name=Ada'"));
    output.line("");
    output.line("Edit the file while the server runs: the new version answers as soon as it is saved.");
    Ok(Exit::Ok)
}

fn check_name(name: &str) -> anyhow::Result<()> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest_is_good = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !starts_well || !rest_is_good || name.ends_with('_') {
        let better = suggestion(name);
        return Err(usage(format!(
            "{name:?} cannot be the name of a Python module: use lower case letters, digits and _, for example {better}"
        )));
    }
    if PYTHON_KEYWORDS.contains(&name) || TAKEN_MODULES.contains(&name) {
        return Err(usage(format!(
            "{name:?} is already a word of Python or one of its modules: choose another name, for example {name}_service"
        )));
    }
    Ok(())
}

/// What the user probably meant.
fn suggestion(name: &str) -> String {
    let file = name.strip_suffix(".py").unwrap_or(name);
    let kept = file.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    let text: String = kept.collect();
    let trimmed = text.trim_matches('_').trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    if trimmed.is_empty() { "orders".to_owned() } else { trimmed.to_owned() }
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split('_').filter(|word| !word.is_empty())
}

/// `crm_sync` becomes `CrmSync`.
fn class_name(name: &str) -> String {
    let capitalised = words(name).map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    });
    capitalised.collect()
}

/// The class name as it stands in a service name: a word that starts with a digit is no word of its own there.
fn dashed(name: &str) -> String {
    let mut text = String::new();
    for word in words(name) {
        if !text.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()) {
            text.push('-');
        }
        text.push_str(word);
    }
    text
}

fn python(class: &str, service: &str) -> String {
    format!(
        r#""""A service. Saved in the services folder of a running server, it answers at once as {service}."""

from caisson import Service


class {class}(Service):
    """Greets whoever is named in the message."""

    def handle(self):
        # The message: JSON body and query parameters alike. `input.get` gives None for what is not there.
        name = self.request.input.get('name') or 'world'

        # Seen by `caisson logs`, with the correlation id of this message.
        self.logger.info('Greeting %s', name)

        # The answer. A dict or a list becomes JSON, a text stays as it is.
        self.response.payload = {{'greeting': f'Hello, {{name}}'}}

        # More that a service can do:
        #   self.response.status_code = 202
        #   self.response.headers['X-Greeted'] = name
        #   answer = self.invoke('other.service', {{'name': name}})
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_classes_and_services() {
        assert_eq!((class_name("hello").as_str(), dashed("hello").as_str()), ("Hello", "hello"));
        assert_eq!((class_name("crm_sync").as_str(), dashed("crm_sync").as_str()), ("CrmSync", "crm-sync"));
        assert_eq!((class_name("sync_2").as_str(), dashed("sync_2").as_str()), ("Sync2", "sync2"));
    }

    #[test]
    fn a_bad_name_brings_a_good_one() {
        for (bad, good) in [
            ("My-Service", "my_service"),
            ("hello.py", "hello"),
            ("2fast", "fast"),
            ("../x", "x"),
            ("", "orders"),
        ] {
            let text = check_name(bad).unwrap_err().to_string();
            assert!(text.ends_with(&format!("for example {good}")), "{text}");
        }
        assert!(check_name("class").unwrap_err().to_string().contains("class_service"));
        assert!(check_name("hello_2").is_ok());
    }
}
