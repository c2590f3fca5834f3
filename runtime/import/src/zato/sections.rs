//! The keys of enmasse files: what each holds, and why some have no place here.

use crate::item::{boolean, scalar};
use caisson_definition::yaml::Node;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    Security,
    Group,
    RestChannel,
    SoapChannel,
    RestConnection,
    SoapConnection,
    Sql,
    /// There is no place for it: why.
    Nothing(&'static str),
}

const NO_JOBS: &str =
    "this version has no scheduler: call the service from outside, e.g. by cron and `caisson invoke`";
const NO_TOPICS: &str = "this version has no topics";
const INCLUDE: &str =
    "files that are included are not read: import each by itself, and put the definitions together";
const UNKNOWN: &str = "this importer does not know it";

/// What the objects of a key are.
pub(super) fn of_key(key: &str) -> Option<What> {
    Some(match key {
        "security" | "def_sec" => What::Security,
        "groups" | "security_groups" => What::Group,
        "channel_rest" | "channel_plain_http" => What::RestChannel,
        "channel_soap" => What::SoapChannel,
        "outgoing_rest" | "outconn_rest" | "outconn_plain_http" => What::RestConnection,
        "outgoing_soap" | "outconn_soap" => What::SoapConnection,
        "sql" | "outconn_sql" | "outgoing_sql" => What::Sql,
        "scheduler" | "def_scheduler" => What::Nothing(NO_JOBS),
        "include" => What::Nothing(INCLUDE),
        _ => What::Nothing(without_place(key)?),
    })
}

/// What an object of 3.2's `http_soap` is.
pub(super) fn of_http_soap(node: &Node) -> Result<What, &'static str> {
    let says = |key| node.get(key).and_then(scalar).unwrap_or_default();
    match (says("connection").as_str(), says("transport").as_str()) {
        ("channel", "plain_http") => Ok(What::RestChannel),
        ("channel", "soap") => Ok(What::SoapChannel),
        ("outgoing", "plain_http") => Ok(What::RestConnection),
        ("outgoing", "soap") => Ok(What::SoapConnection),
        _ => {
            Err("`connection` and `transport` do not say what it is: channel or outgoing, plain_http or soap")
        }
    }
}

/// Whether an object is one of Zato's own, which every installation has.
pub(super) fn is_internal(node: &Node) -> bool {
    node.get("is_internal").and_then(boolean) == Some(true)
}

/// Why the objects of a key have no place.
fn without_place(key: &str) -> Option<&'static str> {
    let begins = |words: &[&str]| words.iter().any(|word| key.starts_with(word));
    if begins(&["pubsub"]) {
        return Some(NO_TOPICS);
    }
    if begins(&["rbac"]) {
        return Some("there are no roles: `security` and groups of channels say who may call");
    }
    if begins(&["quota_tier"]) {
        return Some("there are no tiers: write `rate_limit` into definitions and channels");
    }
    if begins(&["cache", "zato_cache"]) {
        return Some("this version has no caches");
    }
    if begins(&["audit", "alert", "notif", "mcp", "rule_engine", "openapi"]) {
        return Some("this version has nothing that corresponds to it");
    }
    if key.contains("amqp") {
        return Some(
            "this importer does not carry it over: write a connection of type amqp, and a channel of that type for what comes \
             in, by hand",
        );
    }
    if key.contains("redis") {
        return Some("this importer does not carry it over: write a connection of type redis by hand");
    }
    if begins(&["channel", "web_socket", "json_rpc", "gateway", "hl7"]) {
        return Some("this version has no channels of this kind");
    }
    let capabilities = [
        "out",
        "email",
        "ldap",
        "mongodb",
        "odata",
        "odoo",
        "sap",
        "sftp",
        "smb",
        "ftp",
        "elastic",
        "search",
        "kafka",
        "ibm_mq",
        "jms",
        "def_",
        "conn_",
        "confluence",
        "jira",
        "salesforce",
        "microsoft",
        "cloud",
        "slack",
        "discord",
        "sms",
        "im_",
        "llm",
        "grpc",
        "graphql",
        "vault",
        "zato_generic",
        "custom_",
        "query_cassandra",
        "aws",
        "on_prem",
    ];
    begins(&capabilities).then_some("this version has no connections of this kind")
}

/// Why the objects of a key are left out that nobody knows.
pub(super) fn unknown() -> &'static str {
    UNKNOWN
}
