//! `caisson ls`: what is deployed, and what is defined.

use super::context::Context;
use crate::exit::Exit;
use crate::output::Output;
use caisson_admin::shapes::{Package, Service, Task, TaskState};
use http::Method;
use serde_json::Value;

/// Longest text that is shown in a column for free text.
const MAX_TEXT: usize = 72;

/// List services, packages, or definitions
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to list
    #[arg(value_enum)]
    kind: Kind,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    /// What can be called, and what cannot because its package is broken
    Services,
    /// What was deployed, with errors
    Packages,
    /// Ways in, in the order in which they are tried
    Channels,
    /// Ways out
    Connections,
    /// Which services may use which connections
    Grants,
    /// Who may call
    Security,
    /// What services may use of the machine
    Limits,
    /// Calls in the background: those that wait, are being made, or have failed
    Tasks,
}

/// Carries it out.
///
/// # Errors
///
/// No server.
pub(crate) async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let path = match args.kind {
        Kind::Services => "/api/v1/services",
        Kind::Packages => "/api/v1/packages",
        Kind::Channels => "/api/v1/definitions/sections/channels",
        Kind::Connections => "/api/v1/definitions/sections/connections",
        Kind::Grants => "/api/v1/definitions/sections/grants",
        Kind::Security => "/api/v1/definitions/sections/security",
        Kind::Limits => "/api/v1/definitions/sections/limits",
        Kind::Tasks => "/api/v1/tasks",
    };
    let answer: Value = context.client()?.json(Method::GET, path).await?;
    let output = context.output;
    if output.wants_json() {
        output.json(&answer);
        return Ok(Exit::Ok);
    }
    match args.kind {
        Kind::Services => {
            services(output, &serde_json::from_value::<Vec<Service>>(answer)?);
            // What was meant to be listed and is not: whoever looks for a service looks here first.
            let packages: Value = context.client()?.json(Method::GET, "/api/v1/packages").await?;
            errors(output, &serde_json::from_value::<Vec<Package>>(packages)?);
        }
        Kind::Packages => packages(output, &serde_json::from_value::<Vec<Package>>(answer)?),
        Kind::Tasks => tasks(output, &serde_json::from_value::<Vec<Task>>(answer)?),
        Kind::Channels | Kind::Connections | Kind::Grants | Kind::Security | Kind::Limits => {
            definitions(args.kind, output, answer.as_array().map(Vec::as_slice).unwrap_or_default());
        }
    }
    Ok(Exit::Ok)
}

fn definitions(kind: Kind, output: Output, all: &[Value]) {
    if all.is_empty() {
        output.note("none: write them into caisson.yaml and `caisson apply`");
        return;
    }
    let rows = |fields: [&str; 5]| -> Vec<[String; 5]> {
        all.iter().map(|one| fields.map(|field| cell(one.get(field)))).collect()
    };
    match kind {
        Kind::Channels => {
            let heading = ["CHANNEL", "TYPE", "PATH", "SERVICE", "SECURITY"];
            let mut rows = rows(["name", "type", "path", "service", "security"]);
            for ([_, kind, _, service, _], one) in rows.iter_mut().zip(all) {
                *service = answering(one);
                if one.get("enabled") == Some(&Value::Bool(false)) {
                    kind.push_str(" (off)");
                }
            }
            output.table(heading, &rows);
        }
        Kind::Grants => {
            let rows: Vec<[String; 3]> = rows(["services", "connection", "operations", "", ""])
                .into_iter()
                .map(|[services, connection, operations, ..]| [services, connection, operations])
                .collect();
            output.table(["SERVICES", "CONNECTION", "OPERATIONS"], &rows);
        }
        _ => {
            let rows: Vec<[String; 2]> =
                rows(["name", "type", "", "", ""]).into_iter().map(|[name, kind, ..]| [name, kind]).collect();
            output.table(["NAME", "TYPE"], &rows);
        }
    }
}

/// Which services answer a channel: of a SOAP channel, also those of its operations.
fn answering(channel: &Value) -> String {
    let operations = channel.get("operations").and_then(Value::as_object).into_iter().flatten();
    let operations = operations.map(|(name, service)| format!("{name}: {}", cell(Some(service))));
    let service = channel.get("service").map(|service| cell(Some(service)));
    let all: Vec<String> = operations.chain(service).collect();
    if all.is_empty() { cell(None) } else { all.join(", ") }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(", "),
        Some(other) => other.to_string(),
        None => "-".to_owned(),
    }
}

fn services(output: Output, services: &[Service]) {
    if services.is_empty() {
        output
            .note("no services: `caisson new python hello` writes one, `caisson deploy hello.py` deploys it");
        return;
    }
    let rows: Vec<[String; 4]> = services.iter().map(service_row).collect();
    output.table(["SERVICE", "VERSION", "DEFINED IN", "ABOUT"], &rows);
}

fn service_row(service: &Service) -> [String; 4] {
    let place = match service.line {
        0 => format!("{} (component)", service.package),
        line => format!("{}:{line} {}", service.module, service.class),
    };
    [
        service.name.clone(),
        number(service.version),
        place,
        first_line(service.doc.as_deref().unwrap_or_default()),
    ]
}

fn packages(output: Output, packages: &[Package]) {
    if packages.is_empty() {
        output.note("no packages: `caisson deploy hello.py` deploys one");
        return;
    }
    let rows: Vec<[String; 6]> = packages.iter().map(package_row).collect();
    output.table(["PACKAGE", "VERSION", "LABEL", "STATE", "SERVICES", "FROM"], &rows);
    errors(output, packages);
}

fn errors(output: Output, packages: &[Package]) {
    for package in packages {
        if let Some(error) = &package.error {
            output.line("");
            output.line(format!("{}: {}", output.bold(&package.package), error.message));
        }
    }
}

fn package_row(package: &Package) -> [String; 6] {
    let state = match package.state.as_str() {
        "both" => "running, newer one broken",
        other => other,
    };
    [
        package.package.clone(),
        number(package.version),
        package.label.clone().unwrap_or_else(|| "-".to_owned()),
        state.to_owned(),
        package.services.len().to_string(),
        package.origin.path.clone().unwrap_or_else(|| package.origin.kind.clone()),
    ]
}

fn tasks(output: Output, tasks: &[Task]) {
    if tasks.is_empty() {
        output.note("no calls in the background: nothing waits, and nothing has failed");
        return;
    }
    let rows: Vec<[String; 7]> = tasks.iter().map(task_row).collect();
    output.table(["TASK", "STATE", "SERVICE", "FROM", "DUE", "ATTEMPTS", "REASON"], &rows);
    if tasks.iter().any(|task| task.state == TaskState::Failed) {
        output.note("once more: POST /api/v1/tasks/<TASK>/retry; away with it: DELETE /api/v1/tasks/<TASK>");
    }
}

fn task_row(task: &Task) -> [String; 7] {
    let state = match task.state {
        TaskState::Waiting => "waiting",
        TaskState::Running => "running",
        TaskState::Failed => "failed",
    };
    [
        task.id.to_string(),
        state.to_owned(),
        task.service.clone(),
        task.source.clone(),
        task.due.clone(),
        task.attempts.to_string(),
        task.reason.as_deref().map_or_else(|| "-".to_owned(), first_line),
    ]
}

fn number(version: Option<u32>) -> String {
    version.map_or_else(|| "-".to_owned(), |version| version.to_string())
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}...", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_documentation_is_cut_at_a_character() {
        assert_eq!(first_line("One.\nTwo."), "One.");
        assert_eq!(first_line(&"\u{17c}".repeat(MAX_TEXT)), "\u{17c}".repeat(MAX_TEXT));
        assert_eq!(first_line(&"\u{17c}".repeat(MAX_TEXT + 1)), "\u{17c}".repeat(MAX_TEXT) + "...");
    }

    #[test]
    fn a_component_has_no_line() {
        let mut service: Service = serde_json::from_value(serde_json::json!({
            "name": "orders", "package": "orders", "language": "component", "version": 2, "state": "running",
            "module": "", "class": "", "line": 0, "doc": null
        }))
        .unwrap();
        assert_eq!(service_row(&service), ["orders", "2", "orders (component)", ""]);
        service.line = 3;
        service.module = "hello".to_owned();
        service.class = "HelloWorld".to_owned();
        assert_eq!(service_row(&service)[2], "hello:3 HelloWorld");
    }
}
