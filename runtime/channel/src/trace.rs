//! W3C Trace Context (<https://www.w3.org/TR/trace-context/>): what is valid is carried on, the rest is dropped.

use caisson_capability::Trace;
use http::HeaderMap;
use http::header::HeaderName;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Length of a `traceparent` of version 0: `00-<32>-<16>-<2>`.
const LENGTH: usize = 55;

/// The longest `tracestate` that is carried on; the specification asks for at least as much.
const MAX_STATE_BYTES: usize = 512;

/// Most members of a `tracestate`.
const MAX_STATE_MEMBERS: usize = 32;

/// The trace context of a request.
pub(crate) fn extract(headers: &HeaderMap) -> Trace {
    let mut parents = headers.get_all(TRACEPARENT).iter();
    let Some(parent) = parents.next().and_then(|value| value.to_str().ok()).map(str::trim) else {
        return Trace::default();
    };
    // Two parents are no parent; and a state without its parent means nothing.
    if parents.next().is_some() || !is_parent(parent) {
        return Trace::default();
    }
    Trace { traceparent: Some(parent.into()), tracestate: state(headers).map(Into::into) }
}

fn is_parent(text: &str) -> bool {
    let version_0 = text.len() == LENGTH;
    let later = text.len() > LENGTH && text.as_bytes().get(LENGTH) == Some(&b'-') && !text.starts_with("00");
    if !version_0 && !later {
        return false;
    }
    let mut parts = text.splitn(5, '-');
    let mut hex = |length: usize, zero_allowed: bool| {
        parts.next().is_some_and(|part| {
            part.len() == length
                && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
                && (zero_allowed || part.bytes().any(|byte| byte != b'0'))
        })
    };
    !text.starts_with("ff") && hex(2, true) && hex(32, false) && hex(16, false) && hex(2, true)
}

/// The state may come in several headers, which count as one list.
fn state(headers: &HeaderMap) -> Option<String> {
    let mut joined = String::new();
    for value in headers.get_all(TRACESTATE) {
        let value = value.to_str().ok()?.trim();
        if !joined.is_empty() && !value.is_empty() {
            joined.push(',');
        }
        joined.push_str(value);
    }
    let members = || joined.split(',').map(str::trim).filter(|member| !member.is_empty());
    let valid =
        joined.len() <= MAX_STATE_BYTES && members().count() <= MAX_STATE_MEMBERS && members().all(is_member);
    (valid && members().next().is_some()).then_some(joined)
}

fn is_member(member: &str) -> bool {
    member.split_once('=').is_some_and(|(key, value)| {
        let letter =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(&byte);
        !key.is_empty()
            && key.len() <= 256
            && key.bytes().all(letter)
            && !value.is_empty()
            && value.len() <= 256
            && value.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn traced(pairs: &[(&'static str, &str)]) -> (Option<String>, Option<String>) {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        let trace = extract(&headers);
        (trace.traceparent.map(|text| text.to_string()), trace.tracestate.map(|text| text.to_string()))
    }

    #[test]
    fn a_valid_context_is_carried_as_received() {
        let state = "congo=t61rcWkgMzE,rojo@x=00f067aa0ba902b7";
        let (parent, carried) = traced(&[("traceparent", PARENT), ("tracestate", state)]);
        assert_eq!((parent.as_deref(), carried.as_deref()), (Some(PARENT), Some(state)));
        let (_, joined) = traced(&[("traceparent", PARENT), ("tracestate", "a=1"), ("tracestate", "b=2")]);
        assert_eq!(joined.as_deref(), Some("a=1,b=2"));
    }

    #[test]
    fn a_later_version_may_be_longer() {
        let later = PARENT.replacen("00", "01", 1) + "-what-comes";
        assert_eq!(traced(&[("traceparent", &later)]).0, Some(later));
    }

    #[test]
    fn an_invalid_parent_is_dropped_with_its_state() {
        let wrong = [
            String::new(),
            PARENT.to_uppercase(),
            PARENT.replacen("00", "ff", 1),
            PARENT.replace("0af7651916cd43dd8448eb211c80319c", "00000000000000000000000000000000"),
            PARENT.replace("b7ad6b7169203331", "0000000000000000"),
            PARENT.replace('-', "_"),
            PARENT.replacen("-b7", "b-7", 1),
            format!("{PARENT}-more"),
            format!("01{}x", &PARENT[2..]),
            PARENT[..54].to_owned(),
        ];
        for parent in wrong {
            assert_eq!(traced(&[("traceparent", &parent), ("tracestate", "a=1")]), (None, None), "{parent}");
        }
        assert_eq!(traced(&[("traceparent", PARENT), ("traceparent", PARENT)]).0, None);
        assert_eq!(traced(&[("tracestate", "a=1")]), (None, None));
    }

    #[test]
    fn an_invalid_state_is_dropped_alone() {
        let many = (0..33).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        for state in ["", " , ", "novalue", "a=", "=b", "UPPER=1", "a=b=c", &"a=1".repeat(200), &many] {
            let (parent, carried) = traced(&[("traceparent", PARENT), ("tracestate", state)]);
            assert_eq!((parent.as_deref(), carried), (Some(PARENT), None), "{state}");
        }
    }
}
