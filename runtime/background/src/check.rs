//! What is taken in: everything that a service may have got wrong, or tries on purpose, ends here.

use crate::report;
use crate::task::{self, Group, Millis, Task, kind_of_origin, kind_of_pattern};
use caisson_capability::background::{self, Retry};
use caisson_capability::{Error, ErrorKind, Invocation, Invoker};
use std::time::Duration;

/// Largest message of a call.
const MAX_BODY: usize = 8 << 20;
/// Largest text that goes with it.
const MAX_TEXT: usize = 64 << 10;
/// Longest name.
const MAX_NAME: usize = 200;
/// Services that are told of one call.
const MAX_CALLBACKS: usize = 32;
/// Calls of one group.
const MAX_GROUP: usize = 1_000;
/// Attempts after the first one.
const MAX_REPEATS: u32 = 10_000;
const MAX_INTERVAL: Duration = Duration::from_secs(30 * 24 * 3_600);
const MAX_DELAY: Duration = Duration::from_secs(10 * 366 * 24 * 3_600);

fn unfit(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidInput, text)
}

fn at_most(what: &str, has: usize, most: usize) -> Result<(), Error> {
    if has <= most {
        return Ok(());
    }
    Err(unfit(format!("{what} of a call in the background has {has} bytes, and may have {most} at most")))
}

/// Looks at a call, and makes of it what is kept.
pub(crate) fn task(asked: background::Task, by: &Invocation, invoker: &dyn Invoker) -> Result<Task, Error> {
    let service = known(&asked.service, invoker)?;
    let callback = all_known(&asked.callback, invoker)?;
    at_most("the message", asked.body.len(), MAX_BODY)?;
    let cid = asked.cid.unwrap_or_else(|| by.cid.branch());
    let texts = [
        ("the name", asked.name.as_deref(), MAX_NAME),
        ("the correlation id", Some(cid.as_str()), MAX_NAME),
        ("in_reply_to", asked.in_reply_to.as_deref(), MAX_NAME),
        ("the media type", asked.content_type.as_deref(), MAX_NAME),
        ("environ", asked.environ.as_deref(), MAX_TEXT),
        ("the report", asked.report.as_deref(), MAX_TEXT),
    ];
    for (what, text, most) in texts {
        at_most(what, text.map_or(0, str::len), most)?;
    }
    for (what, text) in [("environ", &asked.environ), ("the report", &asked.report)] {
        if text.as_deref().is_some_and(|text| !report::is_object(text)) {
            return Err(unfit(format!("{what} of a call in the background has to be a JSON object")));
        }
    }
    let now = task::now();
    let due = now.saturating_add(millis("the delay", asked.delay, MAX_DELAY)?);
    let expires =
        asked.expires.map(|after| millis("the time until it expires", after, MAX_DELAY)).transpose()?;
    let retry = asked.retry.unwrap_or(Retry { repeats: 0, interval: Duration::ZERO });
    if retry.repeats > MAX_REPEATS {
        return Err(unfit(format!("{} repeats are more than {MAX_REPEATS}", retry.repeats)));
    }
    Ok(Task {
        source: by.service.as_ref().to_owned(),
        service,
        kind: kind_of_origin(asked.origin),
        name: asked.name.filter(|name| !name.is_empty()),
        cid: cid.as_str().to_owned(),
        in_reply_to: asked.in_reply_to,
        environ: asked.environ,
        traceparent: by.trace.traceparent.as_deref().map(str::to_owned),
        tracestate: by.trace.tracestate.as_deref().map(str::to_owned),
        content_type: asked.content_type,
        body: asked.body,
        callback,
        report: asked.report,
        created: now,
        due,
        expires: expires.map(|after| due.saturating_add(after)),
        repeats: retry.repeats,
        interval: millis("the interval", retry.interval, MAX_INTERVAL)?,
        ..Task::default()
    })
}

/// Looks at a group. Its calls have their places in it, and no numbers yet.
pub(crate) fn group(
    asked: background::Group,
    by: &Invocation,
    invoker: &dyn Invoker,
) -> Result<(Group, Vec<Task>), Error> {
    if asked.tasks.is_empty() {
        return Err(unfit("a group of calls in the background needs at least one call"));
    }
    if asked.tasks.len() > MAX_GROUP {
        let text = format!(
            "{} calls are more than a group may have (limit group = {MAX_GROUP}): make several groups",
            asked.tasks.len()
        );
        return Err(Error::new(ErrorKind::QuotaExceeded, text));
    }
    let cid = asked.cid.unwrap_or_else(|| by.cid.branch());
    let mut group = Group {
        id: 0,
        source: by.service.as_ref().to_owned(),
        is_fanout: asked.pattern == background::Pattern::Fanout,
        cid: cid.as_str().to_owned(),
        environ: None,
        created: task::now(),
        size: i64::try_from(asked.tasks.len()).unwrap_or(i64::MAX),
        on_target: all_known(&asked.on_target, invoker)?,
        on_final: all_known(&asked.on_final, invoker)?,
    };
    let kind = kind_of_pattern(asked.pattern);
    let make = |one: background::Task| {
        let one = background::Task { cid: Some(cid.clone()), callback: Vec::new(), report: None, ..one };
        Ok(Task { kind, ..task(one, by, invoker)? })
    };
    let tasks = asked.tasks.into_iter().map(make).collect::<Result<Vec<_>, Error>>()?;
    group.environ = tasks.first().and_then(|first| first.environ.clone());
    Ok((group, tasks))
}

fn millis(what: &str, duration: Duration, most: Duration) -> Result<Millis, Error> {
    if duration > most {
        return Err(unfit(format!(
            "{what} of a call in the background is {} seconds, and may be {} at most",
            duration.as_secs(),
            most.as_secs()
        )));
    }
    Ok(Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX))
}

fn all_known(services: &[String], invoker: &dyn Invoker) -> Result<Vec<String>, Error> {
    if services.len() > MAX_CALLBACKS {
        let text = format!("{} callbacks are more than {MAX_CALLBACKS}", services.len());
        return Err(unfit(text));
    }
    services.iter().map(|service| known(service, invoker)).collect()
}

/// The name of a service that is there now. It may be gone when it is called; then the call is kept with that as its reason.
fn known(service: &str, invoker: &dyn Invoker) -> Result<String, Error> {
    let shown: String = service.chars().take(MAX_NAME).collect();
    match invoker.find(service) {
        Some(name) => Ok(name.as_ref().to_owned()),
        None => Err(Error::new(ErrorKind::NotFound, format!("no service named {shown}"))),
    }
}
