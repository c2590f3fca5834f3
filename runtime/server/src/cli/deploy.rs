//! `caisson deploy`: a package from disk to a running server.

use super::context::Context;
use super::grants;
use super::package_source::{self, Source};
use crate::client::{AdminClient, ClientError, segment};
use crate::exit::Exit;
use crate::output::Output;
use caisson_admin::shapes::{Deployed, MissingGrant, Problem, Version};
use http::{Method, StatusCode};
use std::path::PathBuf;

/// Send a package to the server and put it in service
///
/// Requests in flight finish on the version that they started on. When the package is broken, the version that answered
/// before goes on.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  caisson deploy hello.py
  caisson deploy ./crm              a folder, with service.toml for its settings
  caisson deploy crm.zip            the same, packed
  caisson deploy orders.wasm --name orders")]
pub(crate) struct Args {
    /// A .py file, a .wasm component, a folder, or a .zip of one
    path: PathBuf,
    /// Name of the package, when it should not be the one in service.toml, or else that of the file or folder
    #[arg(long)]
    name: Option<String>,
}

/// Carries it out.
///
/// # Errors
///
/// What cannot be read; a package that the server refuses for another reason than its code. A package whose code is
/// broken is shown here and is [`Exit::Failed`].
pub(crate) async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let Source { name, outgoing } = package_source::read(&args.path)?;
    let name = args.name.as_ref().unwrap_or(&name);
    if let Some(settings) = package_source::settings_left_behind(&args.path) {
        context.output.note(format!(
            "note: {} is not sent: put it as service.toml into a folder together with the code, and deploy the folder",
            settings.display()
        ));
    }
    let client = context.client()?;
    let path = format!("/api/v1/packages/{}", segment(name));
    let deployed: Deployed = match client.send_for_json(Method::PUT, &path, outgoing).await {
        Ok(deployed) => deployed,
        Err(ClientError::Answer { status: StatusCode::UNPROCESSABLE_ENTITY, body })
            if !context.output.wants_json() =>
        {
            let problem: Problem = serde_json::from_value(body)?;
            show_problem(context.output, name, &problem);
            return Ok(Exit::Failed);
        }
        Err(error) => return Err(error.into()),
    };
    if context.output.wants_json() {
        context.output.json(&deployed);
    } else {
        show(context.output, &client, &deployed).await;
    }
    Ok(Exit::Ok)
}

async fn show(output: Output, client: &AdminClient, deployed: &Deployed) {
    let package = output.bold(&deployed.package);
    let version = labelled(deployed);
    if deployed.unchanged {
        output.line(format!("{package} is already deployed with exactly this code: version {version} stays"));
    } else {
        output.line(format!("{} {package} version {version}", output.good("Deployed")));
    }
    show_services(output, client, deployed).await;
}

/// The version's number, with its developers' name for it.
pub(super) fn labelled(deployed: &Deployed) -> String {
    match &deployed.label {
        Some(label) => format!("{} ({label})", deployed.version),
        None => deployed.version.to_string(),
    }
}

/// What can be called now, and what the package needs for it.
pub(super) async fn show_services(output: Output, client: &AdminClient, deployed: &Deployed) {
    // Only decides how the services are shown; the deployment itself is done.
    let server = client.json::<Version>(Method::GET, "/api/v1/version").await.ok();
    for service in &deployed.services {
        output.line(format!("  {}", how_to_call(service, server.as_ref())));
    }
    for need in &deployed.needs {
        let reason = need.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        output.line(format!("  needs {} of {}{reason}", need.operations.join(", "), need.connection));
    }
    // As above: the deployment is done, whether this can be told or not.
    let missing = client.json::<Vec<MissingGrant>>(Method::GET, "/api/v1/grants/missing").await;
    let missing = missing.unwrap_or_default().into_iter().filter(|one| one.package == deployed.package);
    let missing: Vec<MissingGrant> = missing.collect();
    if !missing.is_empty() {
        output.line("");
        grants::show(output, &missing);
    }
}

/// The URL of a service in development mode; without it, the command that calls it.
fn how_to_call(service: &str, server: Option<&Version>) -> String {
    match server {
        Some(server) if server.dev => format!("http://{}/services/{}", server.listen, segment(service)),
        Some(_) | None => format!("{service}   (caisson invoke {service})"),
    }
}

fn show_problem(output: Output, name: &str, problem: &Problem) {
    output.error(headline(name, problem));
    if let Some(traceback) = &problem.traceback {
        output.note("");
        output.note(traceback.trim_end());
    }
}

fn headline(name: &str, problem: &Problem) -> String {
    let message = problem.message.as_ref().unwrap_or(&problem.details);
    match (&problem.file, problem.line) {
        (Some(file), Some(line)) => format!("{name} is not deployed: {file}:{line}: {message}"),
        (Some(file), None) => format!("{name} is not deployed: {file}: {message}"),
        (None, _) => format!("{name} is not deployed: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_mistake_comes_first() {
        let mut problem = Problem::new("c", "long text");
        assert_eq!(headline("hello", &problem), "hello is not deployed: long text");
        problem.message = Some("SyntaxError: invalid syntax".to_owned());
        problem.file = Some("hello.py".to_owned());
        problem.line = Some(3);
        assert_eq!(
            headline("hello", &problem),
            "hello is not deployed: hello.py:3: SyntaxError: invalid syntax"
        );
    }

    #[test]
    fn a_url_is_only_shown_where_it_answers() {
        let mut server = Version { version: "1".to_owned(), listen: "127.0.0.1:17010".to_owned(), dev: true };
        assert_eq!(how_to_call("a.b", Some(&server)), "http://127.0.0.1:17010/services/a.b");
        server.dev = false;
        assert_eq!(how_to_call("a.b", Some(&server)), "a.b   (caisson invoke a.b)");
    }
}
