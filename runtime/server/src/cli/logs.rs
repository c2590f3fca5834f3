//! `caisson logs`: what services wrote, and what comes next.

use super::context::Context;
use crate::client::{AdminClient, segment};
use crate::exit::Exit;
use crate::output::Output;
use anyhow::Context as _;
use caisson_telemetry::LogRecord;
use http_body_util::BodyExt as _;

/// A line longer than this is no log record; the server cuts messages at 16 KiB.
const MAX_LINE_BYTES: usize = 1 << 20;

/// Show what services wrote to the log
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this service
    #[arg(value_name = "SERVICE")]
    service: Option<String>,
    /// Go on and show new records as they come, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// Only records with this correlation id, and of calls in the background that it has set in motion
    #[arg(long, value_name = "CID")]
    cid: Option<String>,
    /// Only records at least this serious
    #[arg(long, value_enum)]
    level: Option<Level>,
    /// How many past records to show
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Level {
    /// Finest detail
    Trace,
    /// For developers
    Debug,
    /// Normal events
    Info,
    /// Something is odd
    Warning,
    /// Something failed
    Error,
    /// Somebody has to act now
    Critical,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// Carries it out.
///
/// # Errors
///
/// No server; a connection that breaks while following.
pub(crate) async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let client = context.client()?;
    let mut body = client.stream(&path(args)).await?;
    let mut lines = Lines::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ended(&client, &error))?;
        for line in lines.push(frame.data_ref().map_or(&[][..], AsRef::as_ref))? {
            show(context.output, &line)?;
        }
    }
    Ok(Exit::Ok)
}

fn ended(client: &AdminClient, error: &hyper::Error) -> crate::client::ClientError {
    client.lost(error)
}

fn path(args: &Args) -> String {
    let mut query = vec![format!("limit={}", args.limit)];
    let texts = [
        ("service", args.service.as_deref()),
        ("cid", args.cid.as_deref()),
        ("level", args.level.map(Level::as_str)),
    ];
    query.extend(
        texts.iter().filter_map(|(name, value)| value.map(|value| format!("{name}={}", segment(value)))),
    );
    if args.follow {
        query.push("follow=true".to_owned());
    }
    format!("/api/v1/logs?{}", query.join("&"))
}

fn show(output: Output, line: &str) -> anyhow::Result<()> {
    if output.wants_json() {
        output.line(line);
        return Ok(());
    }
    let record: LogRecord = serde_json::from_str(line)
        .with_context(|| format!("the server sent a line that is no log record: {line:?}"))?;
    output.line(text_of(output, &record));
    Ok(())
}

fn text_of(output: Output, record: &LogRecord) -> String {
    let mut parts = vec![output.dim(&record.time), output.level(record.level.as_str())];
    if let Some(service) = &record.service {
        parts.push(output.bold(service));
    }
    if let Some(cid) = &record.cid {
        parts.push(output.dim(cid));
    }
    parts.push(caisson_telemetry::printable(&record.message).into_owned());
    parts.join(" ")
}

/// Puts lines together from pieces that end anywhere.
#[derive(Debug, Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) -> anyhow::Result<Vec<String>> {
        self.rest.extend_from_slice(bytes);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            anyhow::ensure!(
                self.rest.len() <= MAX_LINE_BYTES,
                "the server sent a line of more than {MAX_LINE_BYTES} bytes"
            );
            return Ok(Vec::new());
        };
        let rest = self.rest.split_off(end + 1);
        let whole = std::mem::replace(&mut self.rest, rest);
        let text = String::from_utf8_lossy(&whole);
        Ok(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_were_cut() {
        let mut lines = Lines::default();
        assert!(lines.push(b"{\"a\":").unwrap().is_empty());
        assert_eq!(lines.push(b"1}\n{\"b\"").unwrap(), ["{\"a\":1}"]);
        assert_eq!(lines.push(b":2}\n\n{}\n").unwrap(), ["{\"b\":2}", "{}"]);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines::default();
        assert!(lines.push(&vec![b'x'; MAX_LINE_BYTES + 1]).is_err());
    }

    #[test]
    fn the_query_is_encoded() {
        let args = Args {
            service: Some("a&b".to_owned()),
            follow: true,
            cid: None,
            level: Some(Level::Error),
            limit: 5,
        };
        assert_eq!(path(&args), "/api/v1/logs?limit=5&service=a%26b&level=error&follow=true");
    }
}
