//! `caisson audit`: what was refused.

use super::context::Context;
use crate::client::segment;
use crate::exit::Exit;
use caisson_admin::shapes::Refusal;
use http::Method;

/// Show what services wanted and no grant allows, newest first
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only those of this service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Only those of this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Only those with this correlation id
    #[arg(long, value_name = "ID")]
    cid: Option<String>,
    /// Only those that were let through, as their connection only observes
    #[arg(long)]
    observed: bool,
    /// Not older than this, e.g. 2026-11-24T12:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// At most so many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

/// Carries it out.
///
/// # Errors
///
/// No server; a time that is none.
pub(crate) async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let refusals: Vec<Refusal> = context.client()?.json(Method::GET, &path(args)).await?;
    let output = context.output;
    if output.wants_json() {
        output.json(&refusals);
    } else if refusals.is_empty() {
        output.note("nothing was refused");
    } else {
        let rows: Vec<[String; 6]> = refusals.iter().map(row).collect();
        output.table(["AT", "SERVICE", "CONNECTION", "OPERATION", "WHAT", "TIMES"], &rows);
    }
    Ok(Exit::Ok)
}

fn path(args: &Args) -> String {
    let mut query = vec![format!("limit={}", args.limit)];
    let texts = [
        ("service", &args.service),
        ("connection", &args.connection),
        ("cid", &args.cid),
        ("since", &args.since),
    ];
    let given = texts.iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value)));
    query.extend(given.map(|(name, value)| format!("{name}={}", segment(value))));
    if args.observed {
        query.push("observed=true".to_owned());
    }
    format!("/api/v1/audit?{}", query.join("&"))
}

fn row(one: &Refusal) -> [String; 6] {
    let what = if one.observed { "let through" } else { "refused" };
    let what = match &one.detail {
        Some(detail) => format!("{what}: {detail}"),
        None => what.to_owned(),
    };
    [
        one.at.clone(),
        one.service.clone(),
        one.connection.clone(),
        one.operation.clone(),
        what,
        one.count.to_string(),
    ]
}
