//! What becomes of a call after an attempt: it is done, tried again, or kept as one that has failed.

use crate::report::{self, Told};
use crate::task::{Group, Millis, Task, kind};
use bytes::Bytes;
use caisson_capability::{Cid, Error, Fault};

/// Longest wait between attempts that the host fails at.
const LONGEST_WAIT: Millis = 5 * 60 * 1_000;

/// Attempts that the host may fail at, one after the other: about three days.
const MAX_WAITS: u32 = 900;

/// Bytes of all answers that a group tells of.
const GROUP_ANSWERS: usize = 6 << 20;

/// Bytes of each that are told of in any case.
const LEAST_ANSWER: usize = 4 << 10;

/// Longest reason that is kept.
const MAX_REASON: usize = 2_000;

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Answered {
        content_type: String,
        body: Bytes,
    },
    Failed(Error),
    /// Its time was over before it began.
    Expired,
    /// The server has ended again and again while it was being made.
    Lost,
}

/// What becomes of the call.
#[derive(Debug)]
pub(crate) enum Settled {
    /// It leaves; its callbacks come in, and its group, if any, has the outcome.
    Done { callbacks: Vec<Task>, item: Option<String> },
    /// It is made again.
    Again { due: Millis, repeats: u32, waits: u32, reason: String },
    /// It has failed and nobody was told: it stays.
    Dead { reason: String },
}

/// What becomes of a call after an attempt that ended at `now`.
pub(crate) fn settle(task: &Task, group: Option<&Group>, ended: &Ended, now: Millis) -> Settled {
    if let Ended::Failed(error) = ended
        && let Some(again) = again(task, error, now)
    {
        return again;
    }
    let reason = reason(task, ended);
    let told = match ended {
        Ended::Answered { content_type, body } => {
            Told { response: Some((content_type, body)), exception: None, at: now }
        }
        _ => Told { response: None, exception: Some(&reason), at: now },
    };
    if let Some(group) = group {
        return of_group(group, task, told);
    }
    match (&task.report, told.response) {
        // Who wants a report is told of failures too.
        (Some(report), _) if !task.callback.is_empty() => {
            let body = report::of_task(report, task, &told).into();
            Settled::Done { callbacks: callbacks(task, Some("application/json"), &body, now), item: None }
        }
        (_, Some((content_type, body))) => {
            let body = Bytes::copy_from_slice(body);
            let content_type = Some(content_type).filter(|text| !text.is_empty());
            Settled::Done { callbacks: callbacks(task, content_type, &body, now), item: None }
        }
        (_, None) if matches!(ended, Ended::Expired) => Settled::Done { callbacks: Vec::new(), item: None },
        (_, None) => Settled::Dead { reason },
    }
}

/// Another attempt, if there is to be one.
fn again(task: &Task, error: &Error, now: Millis) -> Option<Settled> {
    let reason = shortened(&error.message);
    if error.fault == Fault::Host && error.retryable {
        let waits = task.waits.saturating_add(1);
        let told = error.retry_after.map_or(0, |after| Millis::try_from(after.as_millis()).unwrap_or(0));
        let wait = 1_000_i64.saturating_mul(1 << task.waits.min(20)).max(told).min(LONGEST_WAIT);
        let again = Settled::Again { due: now.saturating_add(wait), repeats: task.repeats, waits, reason };
        return (waits < MAX_WAITS).then_some(again);
    }
    let repeats = task.repeats.checked_sub(1)?;
    Some(Settled::Again { due: now.saturating_add(task.interval), repeats, waits: 0, reason })
}

fn reason(task: &Task, ended: &Ended) -> String {
    match ended {
        Ended::Answered { .. } => String::new(),
        Ended::Failed(error) => shortened(&error.message),
        Ended::Expired => "it expired before it could begin".to_owned(),
        Ended::Lost => {
            format!("the server ended while it was being made, {} times: it is not tried again", task.attempt)
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_REASON).collect()
}

fn of_group(group: &Group, task: &Task, told: Told<'_>) -> Settled {
    let size = usize::try_from(group.size).unwrap_or(1).max(1);
    let most = (GROUP_ANSWERS / size).max(LEAST_ANSWER);
    let bytes = told.response.map_or(0, |(_, body)| body.len());
    let too_large =
        format!("the answer has {bytes} bytes, and {most} can be told of in a group of {size} calls");
    let told = if bytes > most { Told { response: None, exception: Some(&too_large), ..told } } else { told };
    let item = report::item(group, task, &told);
    let body = report::on_target(group, &item).into();
    let kind = if group.is_fanout { kind::FANOUT_ON_TARGET } else { kind::PARALLEL_ON_TARGET };
    let callbacks = told_of_group(group, &group.on_target, kind, &body, told.at);
    Settled::Done { callbacks, item: Some(item) }
}

/// The calls that tell of the end of a group.
pub(crate) fn finals(group: &Group, items: &[String], now: Millis) -> Vec<Task> {
    let body = report::on_final(group, items).into();
    told_of_group(group, &group.on_final, kind::FANOUT_ON_FINAL, &body, now)
}

fn told_of_group(
    group: &Group,
    services: &[String],
    kind: &'static str,
    body: &Bytes,
    now: Millis,
) -> Vec<Task> {
    let one = |service: &String| Task {
        source: group.source.clone(),
        service: service.clone(),
        kind,
        cid: group.cid.clone(),
        in_reply_to: Some(group.cid.clone()),
        environ: group.environ.clone(),
        content_type: Some("application/json".to_owned()),
        body: body.clone(),
        created: now,
        due: now,
        ..Task::default()
    };
    services.iter().map(one).collect()
}

fn callbacks(task: &Task, content_type: Option<&str>, body: &Bytes, now: Millis) -> Vec<Task> {
    let one = |service: &String| Task {
        source: task.source.clone(),
        service: service.clone(),
        kind: kind::CALLBACK,
        cid: Cid::from(task.cid.as_str()).branch().as_str().to_owned(),
        in_reply_to: Some(task.cid.clone()),
        environ: task.environ.clone(),
        traceparent: task.traceparent.clone(),
        tracestate: task.tracestate.clone(),
        content_type: content_type.map(str::to_owned),
        body: body.clone(),
        created: now,
        due: now,
        ..Task::default()
    };
    task.callback.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use caisson_capability::ErrorKind;
    use std::time::Duration;

    fn answered(body: &'static str) -> Ended {
        Ended::Answered { content_type: "text/plain".to_owned(), body: body.into() }
    }

    fn due(settled: Settled) -> (Millis, u32, u32) {
        match settled {
            Settled::Again { due, repeats, waits, .. } => (due, repeats, waits),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_host_fails_at_is_tried_again_after_growing_waits() {
        let failed = Ended::Failed(Error::new(ErrorKind::Unavailable, "busy"));
        let mut task = Task::default();
        let mut waits = Vec::new();
        for _ in 0..12 {
            let (due, _, number) = due(settle(&task, None, &failed, 0));
            waits.push(due / 1_000);
            task.waits = number;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        let patient = Error::new(ErrorKind::Unavailable, "busy").retry_after(Duration::from_secs(9));
        assert_eq!(due(settle(&Task::default(), None, &Ended::Failed(patient), 0)).0, 9_000);
        task.waits = MAX_WAITS;
        assert!(matches!(settle(&task, None, &failed, 0), Settled::Dead { .. }));
    }

    #[test]
    fn what_the_service_fails_at_is_tried_again_only_as_often_as_was_asked() {
        for error in [
            Error::new(ErrorKind::Unavailable, "x").fault(Fault::Service),
            Error::new(ErrorKind::Timeout, "x"),
            Error::new(ErrorKind::NotFound, "x"),
            Error::new(ErrorKind::Internal, "x"),
        ] {
            let ended = Ended::Failed(error);
            assert!(matches!(settle(&Task::default(), None, &ended, 0), Settled::Dead { .. }));
            let task = Task { repeats: 2, interval: 70, waits: 3, ..Task::default() };
            assert_eq!(due(settle(&task, None, &ended, 5)), (75, 1, 0));
        }
    }

    #[test]
    fn callbacks_get_the_answer_and_the_id_of_the_call() {
        let task = Task {
            cid: "c1".to_owned(),
            environ: Some("{}".to_owned()),
            callback: vec!["a".to_owned(), "b".to_owned()],
            ..Task::default()
        };
        let Settled::Done { callbacks, item: None } = settle(&task, None, &answered("yes"), 7) else {
            panic!()
        };
        assert_eq!(callbacks.iter().map(|one| one.service.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        for one in &callbacks {
            assert_eq!(
                (one.in_reply_to.as_deref(), one.kind, &one.body[..]),
                (Some("c1"), kind::CALLBACK, &b"yes"[..])
            );
            assert_eq!(
                (one.environ.as_deref(), one.content_type.as_deref()),
                (Some("{}"), Some("text/plain"))
            );
            assert!(one.cid.starts_with("c1~"), "{}", one.cid);
        }
        let failed = Ended::Failed(Error::new(ErrorKind::Internal, "no"));
        assert!(matches!(settle(&task, None, &failed, 7), Settled::Dead { .. }), "nobody was told");
        let task = Task { report: Some("{\"context\": 1}".to_owned()), ..task };
        let Settled::Done { callbacks, .. } = settle(&task, None, &failed, 7) else { panic!() };
        let body = String::from_utf8_lossy(&callbacks[0].body).into_owned();
        assert!(body.contains("\"context\": 1") && body.contains("\"ok\":false"), "{body}");
    }

    #[test]
    fn what_expired_leaves_and_what_was_lost_stays() {
        assert!(matches!(settle(&Task::default(), None, &Ended::Expired, 0), Settled::Done { .. }));
        assert!(matches!(settle(&Task::default(), None, &Ended::Lost, 0), Settled::Dead { .. }));
    }
}
