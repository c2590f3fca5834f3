//! Options that nothing here corresponds to, and why; and those that say nothing about what an object does.

use crate::item::boolean;
use caisson_definition::yaml::{Content, Node};
use serde_json::Value;

/// What exports write for themselves: numbers of rows, names that stand elsewhere too.
const BOOKKEEPING: [&str; 20] = [
    "id",
    "cluster",
    "cluster_id",
    "cluster_name",
    "connection",
    "transport",
    "is_internal",
    "service_id",
    "service_name",
    "security_id",
    "sec_type",
    "sec_tls_ca_cert_id",
    "cache_id",
    "engine_display_name",
    "type_",
    "is_channel",
    "is_outconn",
    "is_active",
    "is_zato",
    "vault_conn_default_auth_method",
];

/// Options that say no more than what happens here anyway, with these values.
const DEFAULTS: [(&str, &[&str]); 13] = [
    ("method", &["get"]),
    ("data_format", &["json"]),
    ("data_encoding", &["utf-8", "utf8"]),
    ("merge_url_params_req", &["true"]),
    ("params_pri", &["channel-params-over-msg"]),
    ("serialization_type", &["string", "suds"]),
    ("hl7_version", &["hl7-v2"]),
    ("ping_method", &["head", "get"]),
    ("pool_size", &["20"]),
    ("timeout", &["10"]),
    ("opaque1", &["{}"]),
    ("tls_verify", &["true"]),
    ("is_audit_log_active", &["true"]),
];

/// The beginnings of options, and why nothing corresponds to them.
const REASONS: [(&str, &str); 39] = [
    ("method", "services say the method of each request"),
    ("data_format", "services say what they send, and read what comes back"),
    ("response_cache", "answers are not cached by this version"),
    ("cache_", "answers are not cached by this version"),
    ("is_audit_log", "messages are not kept by this version"),
    ("max_len_messages", "messages are not kept by this version"),
    ("max_bytes_per_message", "messages are not kept by this version"),
    ("should_parse_on_input", "HL7 is not read by this version: the service gets the bytes"),
    ("should_validate", "HL7 is not read by this version: the service gets the bytes"),
    ("should_return_errors", "HL7 is not read by this version: the service gets the bytes"),
    ("hl7_", "HL7 is not read by this version: the service gets the bytes"),
    ("json_path", "the service picks what it needs out of the body"),
    ("data_encoding", "text is read and written as UTF-8: the service can decode another encoding itself"),
    ("content_type", "the service names the type of its content: `response.content_type` there"),
    ("content_encoding", "only `gzip` on channels has a counterpart (`compress`)"),
    ("merge_url_params_req", "parameters of the URL are always among the service's input"),
    ("params_pri", "no version of Zato acts upon it; `body_priority` says what counts here"),
    ("rate_limit", "this limit has no counterpart: write `rate_limit` by hand"),
    ("quota_tier", "there are no tiers: write `rate_limit` into the definition itself"),
    ("has_rbac", "there are no roles: `security` and groups say who may call"),
    ("sec_use_rbac", "there are no roles: `security` and groups say who may call"),
    ("service_whitelist", "a channel calls the one service that it names"),
    ("ping_method", "a ping is a `HEAD` request here: `ping_path` says of what"),
    ("health_check", "nothing checks connections but calls"),
    ("pool_size", "`pool: {max_idle}` says how many idle connections are kept"),
    ("serialization_type", "there is one SOAP client"),
    ("soap_action", "a message's operation is told by its body"),
    ("use_mtom", "MTOM is not written by this version"),
    (
        "tls_verify",
        "a check that was switched off is not carried over: decide about it when the connection is set up",
    ),
    ("sec_tls", "certificates are not carried over: write `tls` by hand"),
    ("ca_cert", "certificates are not carried over: write `tls` by hand"),
    ("retry", "calls are not repeated unless `retry` says so: write it by hand"),
    ("max_retries", "calls are not repeated unless `retry` says so: write it by hand"),
    ("extra_fields", "fields beyond those of RFC 6749 are not sent with a request for a token"),
    ("extra", "options of the driver may differ: look at each"),
    ("opaque1", "it repeats what other keys say: look whether it says something that none does"),
    ("destinations", "a service sends copies itself"),
    ("deprecat", "the service sets such headers itself"),
    ("sunset", "the service sets such headers itself"),
];

/// Why an option was not carried over; nothing if there was nothing to carry over.
pub(super) fn reason(key: &str, node: &Node) -> Option<&'static str> {
    if BOOKKEEPING.contains(&key) || is_default(key, node) {
        return None;
    }
    let known = REASONS.iter().find(|(begin, _)| key.starts_with(begin)).map(|(_, reason)| *reason);
    // Exports write all switches that are off and all limits that are zero.
    if known.is_some() && is_off(node) && key != "tls_verify" && key != "merge_url_params_req" {
        return None;
    }
    Some(known.unwrap_or("nothing here corresponds to it, or this importer does not know it"))
}

fn is_default(key: &str, node: &Node) -> bool {
    let text = match &node.content {
        Content::Scalar(Value::String(text)) => text.trim().to_ascii_lowercase(),
        Content::Scalar(other) => other.to_string(),
        Content::List(_) | Content::Map(_) => return false,
    };
    DEFAULTS.iter().any(|(known, values)| *known == key && values.contains(&text.as_str()))
}

fn is_off(node: &Node) -> bool {
    boolean(node) == Some(false)
}
