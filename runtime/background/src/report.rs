//! What callbacks are told: JSON objects with the outcome of a call in them.
//!
//! What a service has answered, and the object that its caller wants added to, go in as they are: parsed and written again, a number
//! could become another.

use crate::task::{Group, Millis, Task, iso};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// How a call has ended for good.
#[derive(Clone, Debug)]
pub(crate) struct Told<'a> {
    /// What it answered; nothing when it has failed.
    pub(crate) response: Option<(&'a str, &'a [u8])>,
    /// Why it has failed.
    pub(crate) exception: Option<&'a str>,
    /// When it ended.
    pub(crate) at: Millis,
}

/// Whether a text is a JSON object.
pub(crate) fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// An answer as JSON: itself when it is JSON, else a text, in which bytes that are no UTF-8 are replaced.
fn embedded(content_type: &str, body: &[u8]) -> String {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = essence == "application/json" || essence.ends_with("+json");
    if is_json
        && let Ok(text) = std::str::from_utf8(body)
        && serde_json::from_str::<IgnoredAny>(text).is_ok()
    {
        return text.to_owned();
    }
    Value::from(String::from_utf8_lossy(body)).to_string()
}

/// What a callback with a report is given.
pub(crate) fn of_task(report: &str, task: &Task, told: &Told<'_>) -> String {
    let more = json!({
        "ok": told.exception.is_none(), "exception": told.exception,
        "req_ts_utc": iso(task.created), "resp_ts_utc": iso(told.at),
    });
    extended(report, &more, told)
}

/// An object with more in it, and at its end the answer as it is.
fn extended(object: &str, more: &Value, told: &Told<'_>) -> String {
    // Only its last brace is its end.
    let trimmed = object.trim();
    let inside = trimmed.strip_suffix('}').unwrap_or(trimmed);
    let comma = if inside.trim() == "{" { "" } else { "," };
    let more = more.to_string();
    let more = more.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default();
    let response = told.response.map_or_else(|| "null".to_owned(), |(kind, body)| embedded(kind, body));
    format!("{inside}{comma}{more},\"response\":{response}}}")
}

/// How one call of a group has ended.
pub(crate) fn item(group: &Group, task: &Task, told: &Told<'_>) -> String {
    let more = json!({
        "source": group.source, "target": task.service, "cid": group.cid,
        "req_ts_utc": iso(group.created), "resp_ts_utc": iso(told.at),
        "ok": told.exception.is_none(), "exception": told.exception,
    });
    extended("{}", &more, told)
}

/// What is told after one call of a group.
pub(crate) fn on_target(group: &Group, item: &str) -> String {
    let inside = item.strip_suffix('}').unwrap_or(item);
    let more =
        json!({"phase": "on-target", "on_target": group.on_target, "on_final": group.on_final}).to_string();
    format!("{inside},{}", more.strip_prefix('{').unwrap_or_default())
}

/// What is told after all calls of a group.
pub(crate) fn on_final(group: &Group, items: &[String]) -> String {
    let head = json!({
        "phase": "on-final", "source": group.source, "req_ts_utc": iso(group.created),
        "on_target": group.on_target, "on_final": group.on_final,
    })
    .to_string();
    let inside = head.strip_suffix('}').unwrap_or_default();
    format!("{inside},\"data\":[{}]}}", items.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::kind;

    fn group() -> Group {
        Group {
            id: 1,
            source: "a".to_owned(),
            is_fanout: true,
            cid: "c".to_owned(),
            environ: None,
            created: 0,
            size: 2,
            on_target: vec!["t".to_owned()],
            on_final: vec!["f".to_owned()],
        }
    }

    fn answered<'a>(kind: &'a str, body: &'a [u8]) -> Told<'a> {
        Told { response: Some((kind, body)), exception: None, at: 1_000 }
    }

    fn parsed(text: &str) -> Value {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    #[test]
    fn a_group_tells_what_services_of_zato_expect() {
        let task = Task { service: "b".to_owned(), kind: kind::FANOUT_CALL, ..Task::default() };
        let good = item(&group(), &task, &answered("application/json", br#"{"a": 1}"#));
        let failed = Told { response: None, exception: Some("no \"such\" thing"), at: 2_000 };
        let bad = item(&group(), &task, &failed);
        assert_eq!(
            parsed(&good),
            json!({"source": "a", "target": "b", "cid": "c", "req_ts_utc": "1970-01-01T00:00:00.000000",
                "resp_ts_utc": "1970-01-01T00:00:01.000000", "ok": true, "exception": null, "response": {"a": 1}})
        );
        assert_eq!(parsed(&bad)["exception"], "no \"such\" thing");
        assert_eq!(parsed(&bad)["response"], Value::Null);
        let told = parsed(&on_target(&group(), &good));
        assert_eq!(
            (&told["phase"], &told["on_target"], &told["response"]),
            (&json!("on-target"), &json!(["t"]), &json!({"a": 1}))
        );
        let told = parsed(&on_final(&group(), &[good, bad]));
        assert_eq!(
            (&told["phase"], &told["on_final"], &told["source"]),
            (&json!("on-final"), &json!(["f"]), &json!("a"))
        );
        assert_eq!(told["data"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn what_a_service_has_said_goes_in_as_it_is() {
        let number = "123456789012345678901234567890.10";
        let task = Task::default();
        let report = format!("{{\"context\": {{\"n\": {number}}}}}");
        for (report, body, has) in [
            (report.as_str(), "1", number),
            ("{}", number, number),
            ("{}", "{\"a\": NaN}", r#""{\"a\": NaN}""#),
            ("{ }", "", r#""response":"""#),
        ] {
            let told = of_task(report, &task, &answered("application/json; charset=utf-8", body.as_bytes()));
            assert!(told.contains(has), "{told}");
            assert!(parsed(&told).is_object(), "{told}");
        }
        let told = of_task("{}", &task, &answered("text/plain", b"a\xff{}"));
        assert_eq!(parsed(&told)["response"], "a\u{fffd}{}");
    }

    #[test]
    fn only_objects_are_added_to() {
        assert!(is_object("{}") && is_object(" {\"a\": [1]} "));
        for text in ["", "[]", "1", "{", "{}{}", "null", "{\"a\"}"] {
            assert!(!is_object(text), "{text}");
        }
    }
}
