//! The log of services: what there is, and what comes next.

use crate::problem::ApiError;
use crate::request::Params;
use crate::router::Shared;
use crate::shapes::{LogEntry, Problem};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use caisson_telemetry::{Level, LogFilter, LogRecord};
use futures_util::{Stream, StreamExt as _, stream};
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;

/// Records that are given when nothing is said.
const DEFAULT_LIMIT: usize = 100;

/// What log records of this API are filed under.
const LOGGER: &str = "caisson.admin";

/// Which records are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Only those of this service.
    #[param(example = "hello.hello-world")]
    service: Option<String>,
    /// Only those with this correlation id, and those of calls in the background that it has set in motion.
    cid: Option<String>,
    /// Only those at least this serious: `trace`, `debug`, `info`, `warning`, `error` or `critical`.
    #[param(value_type = Option<String>, example = "warning")]
    level: Option<Level>,
    /// At most this many past ones; 100 when nothing is said.
    #[param(example = 100)]
    limit: Option<usize>,
    /// Go on with new ones as they come, until the client leaves.
    follow: Option<bool>,
}

/// Log records, oldest first, one JSON object a line.
#[utoipa::path(
    get,
    path = "/api/v1/logs",
    tag = "logs",
    security(("token" = [])),
    params(Wanted),
    responses(
        (
            status = 200,
            description = "One JSON object a line. A follower that is too slow gets a warning that says how many it lost",
            content_type = "application/x-ndjson",
            body = LogEntry,
            example = json!({
                "time": "2026-01-01T00:00:00.000000Z", "level": "info", "service": "hello.hello-world", "version": 1,
                "cid": "0h2k7m3p9q4r8s1t5v6w2x0y", "logger": "hello", "message": "Greeting Ada"
            })
        ),
        (status = 400, description = "A parameter makes no sense", body = Problem),
        (status = 401, description = "The token is missing or wrong", body = Problem)
    )
)]
pub(crate) async fn logs(
    State(shared): State<Shared>,
    Params(wanted): Params<Wanted>,
) -> Result<Response, ApiError> {
    let hub = &shared.admin.logs;
    let limit = wanted.limit.unwrap_or(DEFAULT_LIMIT);
    let filter = LogFilter { service: wanted.service, cid: wanted.cid, level: wanted.level };
    let body = if wanted.follow.unwrap_or(false) {
        let (past, live) = hub.follow(&filter, limit);
        let rest = live_lines(live, filter, shared.admin.closing.clone());
        Body::from_stream(past_lines(past).chain(rest).map(Ok::<_, Infallible>))
    } else {
        Body::from_stream(past_lines(hub.recent(&filter, limit)).map(Ok::<_, Infallible>))
    };
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

fn past_lines(records: Vec<Arc<LogRecord>>) -> impl Stream<Item = Bytes> {
    stream::iter(records).map(|record| line(&record))
}

/// Lines as they come, until the server stops or the log ends.
fn live_lines(
    live: Receiver<Arc<LogRecord>>,
    filter: LogFilter,
    closing: CancellationToken,
) -> impl Stream<Item = Bytes> {
    let lines = stream::unfold((live, filter), |(mut live, filter)| async move {
        let line = next_line(&mut live, &filter).await?;
        Some((line, (live, filter)))
    });
    lines.take_until(closing.cancelled_owned())
}

async fn next_line(live: &mut Receiver<Arc<LogRecord>>, filter: &LogFilter) -> Option<Bytes> {
    loop {
        match live.recv().await {
            Ok(record) if filter.accepts(&record) => return Some(line(&record)),
            Ok(_) => {}
            Err(RecvError::Lagged(lost)) => return Some(line(&gap(lost))),
            Err(RecvError::Closed) => return None,
        }
    }
}

fn gap(lost: u64) -> LogRecord {
    let mut record = LogRecord::new(
        Level::Warning,
        format!("{lost} records were lost here: they came faster than they were read"),
    );
    LOGGER.clone_into(&mut record.logger);
    record
}

fn line(record: &LogRecord) -> Bytes {
    // Texts and numbers can always be written as JSON.
    let mut bytes = serde_json::to_vec(record).unwrap_or_default();
    bytes.push(b'\n');
    bytes.into()
}
