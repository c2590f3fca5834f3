//! What a capability says: its spec, and what is wrong with options.

use crate::secrecy::Secret;
use crate::stage::Stage;
use crate::subject::Subject;
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use caisson_capability::connection::{Problem, Setup};
use caisson_capability::{Catalog, Policy};
use caisson_definition::yaml;
use serde_json::{Map, Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

/// An option that no capability has.
const UNKNOWN: &str = "option_that_does_not_exist";

pub(super) fn description<S: Subject>(subject: &S) -> Result<()> {
    let spec = subject.capability().spec();
    let name = spec.name;
    ensure!(
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()),
        "name `{name}`: lower case letters and digits only"
    );
    ensure!(ends_as_sentence(spec.summary), "summary `{}` is no sentence", spec.summary);
    let package = format!("caisson:{name}/");
    ensure!(
        spec.interface.starts_with(&package) && spec.interface.contains('@'),
        "interface `{}` is not `{package}...@version`",
        spec.interface
    );
    ensure!(!spec.operations.is_empty(), "a capability without operations cannot be granted");
    for operation in spec.operations {
        ensure!(ends_as_sentence(operation.summary), "operation `{}` has no sentence", operation.name);
    }
    ensure!(
        spec.operations.iter().any(|operation| operation.name == S::OPERATION),
        "`{}` is no operation of the spec",
        S::OPERATION
    );
    for schema in
        [Some(&spec.options), spec.inbound.as_ref(), spec.restrictions.as_ref()].into_iter().flatten()
    {
        described(schema, "")?;
        ensure!(
            !schema.to_string().contains("\"$ref\""),
            "a schema refers to another: make it by `schema_of`"
        );
    }
    for secret in spec.secrets {
        ensure!(declared(&spec.options, secret), "secret `{secret}` is no option");
    }
    let own = properties(&spec.options).into_iter().flatten();
    for option in own.map(|(name, _)| name.as_str()) {
        ensure!(
            !Policy::NAMES.contains(&option) && option != "name" && option != "type",
            "option `{option}` is one that every connection has"
        );
    }
    Ok(())
}

fn ends_as_sentence(text: &str) -> bool {
    text.len() > 10 && text.ends_with('.')
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

/// Every option has its help, and unknown ones are refused; also within options that are lists, or one of several.
fn described(schema: &Value, place: &str) -> Result<()> {
    if let Some(item) = schema.get("items") {
        described(item, place)?;
    }
    parts(schema).into_iter().try_for_each(|part| options_described(part, place))
}

fn options_described(schema: &Value, place: &str) -> Result<()> {
    let Some(options) = properties(schema) else { return Ok(()) };
    ensure!(schema.get("additionalProperties") == Some(&json!(false)), "`{place}` lets unknown options pass");
    for (name, option) in options {
        let place = format!("{place}/{name}");
        let help = option.get("description").and_then(Value::as_str);
        // The word that tells one of several from the others: the help is that of the one.
        let help = help.or_else(|| option.get("const").and(schema.get("description")?.as_str()));
        ensure!(help.is_some_and(|help| !help.is_empty()), "option `{place}` has no description");
        described(option, &place)?;
    }
    Ok(())
}

fn declared(schema: &Value, place: &str) -> bool {
    let mut found = vec![schema];
    for name in place.split('/') {
        let parts = found.into_iter().flat_map(parts);
        found = parts.filter_map(|part| properties(part)?.get(name)).collect();
    }
    !found.is_empty()
}

/// A schema with those that it is one of: an option that may be left out is the one or nothing.
fn parts(schema: &Value) -> Vec<&Value> {
    let among = |name: &str| schema.get(name).and_then(Value::as_array).into_iter().flatten();
    let inner = among("anyOf").chain(among("oneOf"));
    std::iter::once(schema).chain(inner.flat_map(parts)).collect()
}

pub(super) fn sample<S: Subject>(subject: &S) -> Result<()> {
    let root =
        yaml::parse(S::SAMPLE, 0, Path::new("sample.yaml")).map_err(|problem| anyhow!("{problem:?}"))?;
    let root = root.context("sample.yaml is empty")?.value();
    ensure!(root.get("version") == Some(&json!(1)), "sample.yaml does not begin with `version: 1`");
    let capability = subject.capability();
    let spec = capability.spec();
    let items = |name: &str| root.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut names = Vec::new();
    for connection in items("connections") {
        let mut options =
            connection.as_object().cloned().context("a connection of sample.yaml is no object")?;
        let name = options
            .remove("name")
            .and_then(|name| Some(name.as_str()?.to_owned()))
            .context("a connection without a name")?;
        if options.remove("type").as_ref() == Some(&json!(spec.name)) {
            let read = Catalog::split(options).and_then(|(policy, options)| {
                let setup = Setup { name: name.as_str().into(), timeout: policy.timeout() };
                capability.connection(&setup, &options)
            });
            read.map_err(|problems| anyhow!("connection `{name}` of sample.yaml: {problems:?}"))?;
            names.push(name);
        }
    }
    ensure!(!names.is_empty(), "sample.yaml has no connection of type {}", spec.name);
    for grant in items("grants") {
        let on = grant.get("connection").and_then(Value::as_str).unwrap_or_default();
        ensure!(
            names.iter().any(|name| name == on),
            "a grant of sample.yaml is for `{on}`, which is none of its connections"
        );
        for operation in grant.get("operations").and_then(Value::as_array).into_iter().flatten() {
            let is_known = spec.operations.iter().any(|known| operation == known.name);
            ensure!(is_known || operation == "*", "{operation} in a grant of sample.yaml is no operation");
        }
    }
    ensure!(!items("grants").is_empty(), "sample.yaml has no grant");
    Ok(())
}

/// The options have the secret, or the case of secrets would prove nothing.
pub(super) fn holds_secret<S: Subject>(subject: &S) -> Result<()> {
    let options = subject.options(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))).to_string();
    match subject.secret() {
        Some(secret) if secret.len() < 12 => {
            bail!("a secret of less than 12 characters is found by accident")
        }
        Some(secret) => {
            ensure!(Secret::new(secret).is_in(&options), "the options do not hold the secret");
            ensure!(!subject.capability().spec().secrets.is_empty(), "the spec names no option as secret");
        }
        None => ensure!(
            subject.capability().spec().secrets.is_empty(),
            "the spec names secrets, the subject has none"
        ),
    }
    Ok(())
}

pub(super) fn wrong_options<S: Subject>(stage: &Stage<S>) -> Result<()> {
    let address = stage.cut.address();
    let wrong = stage.subject.wrong(address);
    ensure!(!wrong.is_empty(), "no wrong options to try");
    let mut unknown = stage.subject.options(address);
    if let Some(options) = unknown.as_object_mut() {
        options.insert(UNKNOWN.to_owned(), json!(1));
    }
    // Its place may be the whole: the schema has refused it before.
    refused(stage, &unknown)?;
    for (options, place) in &wrong {
        let problems = refused(stage, options)?;
        ensure!(
            problems.iter().any(|problem| problem.place == *place),
            "a problem at `{place}` was expected, and not {problems:?}"
        );
    }
    Ok(())
}

fn refused<S: Subject>(stage: &Stage<S>, options: &Value) -> Result<Vec<Problem>> {
    let setup = Setup { name: "wrong".into(), timeout: Duration::from_secs(1) };
    let made = stage.subject.capability().connection(&setup, &stage.read(options)?);
    let problems = made.err().with_context(|| format!("wrong options are taken for good: {options}"))?;
    for problem in &problems {
        stage.texts.saw("a problem of options", &format!("{problem:?}"));
        ensure!(problem.message.len() > 10, "`{}` is told to be wrong, but not how", problem.place);
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_an_option_wherever_it_lies() {
        let kind = |name: &str| json!({"properties": {"type": {"const": name}, name: {"type": "string"}}});
        let auth = json!({"anyOf": [{"oneOf": [kind("token"), kind("password")]}, {"type": "null"}]});
        let schema = json!({"properties": {"url": {"type": "string"}, "auth": auth}});
        for (place, is) in [
            ("url", true),
            ("auth/token", true),
            ("auth/password", true),
            ("auth/key", false),
            ("token", false),
        ] {
            assert_eq!(declared(&schema, place), is, "{place}");
        }
    }

    #[test]
    fn options_need_help_and_closed_doors_wherever_they_lie() {
        let object = |inner: &Value| json!({"additionalProperties": false, "properties": {"a": inner}});
        let bare = object(&json!({"type": "string"}));
        let helped = object(&json!({"description": "What it is for.", "type": "string"}));
        let open = json!({"properties": helped["properties"]});
        let kind = |help: Value| json!({"description": help, "additionalProperties": false, "properties": {"type": {"const": "basic"}}});
        for (schema, fits) in [
            (helped.clone(), true),
            (bare.clone(), false),
            (open, false),
            (json!({"anyOf": [helped, {"type": "null"}]}), true),
            (json!({"anyOf": [bare, {"type": "null"}]}), false),
            (json!({"items": helped}), true),
            (json!({"items": bare}), false),
            (json!({"oneOf": [kind("A name and a word.".into())]}), true),
            (json!({"oneOf": [kind(Value::Null)]}), false),
        ] {
            assert_eq!(described(&schema, "").is_ok(), fits, "{schema}");
        }
    }
}
