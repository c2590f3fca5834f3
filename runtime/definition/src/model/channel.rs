//! Ways in: channels.

use super::{RateLimit, is_default};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A channel: how messages reach a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Channel {
    /// A path that calls a service.
    Rest(RestChannel),
    /// A SOAP endpoint.
    Soap(SoapChannel),
    /// Messages that a connection brings in: from a queue, a topic, a stream.
    #[serde(untagged)]
    Inbound(InboundChannel),
}

impl Channel {
    /// The channel's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Rest(one) => &one.name,
            Self::Soap(one) => &one.name,
            Self::Inbound(one) => &one.name,
        }
    }
}

/// Messages that a connection brings in. `Debug` shows none of the capability's options.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InboundChannel {
    /// The channel's name.
    pub name: String,
    /// The capability that its connection is of, e.g. `amqp`.
    #[serde(rename = "type")]
    pub capability: String,
    /// The connection.
    pub connection: String,
    /// The service that answers.
    pub service: String,
    /// How long the service may take for one message.
    #[serde(default = "sixty", skip_serializing_if = "is_sixty")]
    #[schemars(range(min = 1, max = 86_400))]
    pub timeout_secs: u32,
    /// Switched off, it takes nothing in.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
    /// The capability's own options.
    #[serde(flatten)]
    pub options: BTreeMap<String, serde_json::Value>,
}

impl fmt::Debug for InboundChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("InboundChannel");
        shown.field("name", &self.name).field("capability", &self.capability).finish_non_exhaustive()
    }
}

fn sixty() -> u32 {
    60
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_sixty(secs: &u32) -> bool {
    *secs == 60
}

/// A path that calls a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RestChannel {
    /// The channel's name.
    pub name: String,
    /// The path, with parameters in braces: `/api/hello/{who}`.
    #[schemars(regex(pattern = r"^/"))]
    pub path: String,
    /// The service that answers.
    pub service: String,
    /// Methods that are answered; empty for all of GET, POST, PUT, PATCH, DELETE. HEAD comes with GET.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(regex(pattern = "^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$")))]
    pub methods: Vec<String>,
    /// Only requests that accept this media type; by default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
    /// A parameter also takes slashes: `/a/{b}` answers `/a/x/y`, as Zato does.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub match_slash: bool,
    /// What bodies are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_format: Option<DataFormat>,
    /// Which of two parameters of one name counts: that of the query or that of the path.
    #[serde(default, skip_serializing_if = "is_default")]
    pub url_priority: UrlPriority,
    /// Which of two fields of one name counts: that of the URL or that of the body.
    #[serde(default, skip_serializing_if = "is_default")]
    pub body_priority: BodyPriority,
    /// Who may call: any of these definitions or groups. Empty: everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security: Vec<String>,
    /// Networks that callers may come from; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub allow_from: Vec<IpNet>,
    /// How often the channel may be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// Which web pages of other origins may call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors: Option<Cors>,
    /// Compress answers when the client can read them so.
    #[serde(default, skip_serializing_if = "is_default")]
    pub compress: bool,
    /// Give answers to GET an `ETag` and answer 304 when the client has that already.
    #[serde(default, skip_serializing_if = "is_default")]
    pub etag: bool,
    /// Describe the channel at `/openapi.json`, where everybody who reaches the port can read it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub openapi: bool,
    /// Largest body of a request; by default what the server allows, which is also the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_body_bytes: Option<u64>,
    /// Largest body of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_response_bytes: Option<u64>,
    /// When a request is given up; by default what the server says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub timeout_secs: Option<u32>,
    /// Switched off, it answers 404.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
}

/// A SOAP endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SoapChannel {
    /// The channel's name.
    pub name: String,
    /// The path.
    #[schemars(regex(pattern = r"^/"))]
    pub path: String,
    /// The service that answers all operations that `operations` does not name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Services by operation: the local name of the first element of the body.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub operations: BTreeMap<String, String>,
    /// Versions of SOAP that are answered.
    #[serde(default, skip_serializing_if = "is_default")]
    pub versions: SoapVersions,
    /// Namespace of the operations. Answers are in it, and when it is given, requests must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Headers that the services understand, as `{namespace}name`; others with `mustUnderstand` are refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub understands: Vec<String>,
    /// The WSDL that is served at `?wsdl`, usually `${file:PATH}`; without it one is generated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wsdl: Option<String>,
    /// Who may call: any of these definitions or groups. Empty: everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security: Vec<String>,
    /// Networks that callers may come from; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub allow_from: Vec<IpNet>,
    /// How often the channel may be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// Largest body of a request; by default what the server allows, which is also the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_body_bytes: Option<u64>,
    /// When a request is given up; by default what the server says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub timeout_secs: Option<u32>,
    /// Switched off, it answers 404.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
}

/// What bodies are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DataFormat {
    /// JSON, whatever the content type says.
    Json,
    /// A form: URL-encoded or multipart.
    Form,
    /// Bytes that the service reads itself.
    Raw,
}

/// Which of two URL parameters of one name counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UrlPriority {
    /// That of the query, as Zato does.
    #[default]
    QueryOverPath,
    /// That of the path.
    PathOverQuery,
}

/// Which of two fields of one name counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BodyPriority {
    /// As Zato: that of the URL when the service declares its input, that of the body otherwise.
    #[default]
    Auto,
    /// That of the URL.
    UrlOverBody,
    /// That of the body.
    BodyOverUrl,
}

/// Versions of SOAP that are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SoapVersions {
    /// Both.
    #[default]
    #[serde(rename = "any")]
    Any,
    /// 1.1 only.
    #[serde(rename = "1.1")]
    V11,
    /// 1.2 only.
    #[serde(rename = "1.2")]
    V12,
}

/// Which web pages of other origins may call (the Fetch standard's CORS protocol).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cors {
    /// Origins, e.g. `https://app.example.com`; `*` for all.
    #[schemars(length(min = 1))]
    pub origins: Vec<String>,
    /// Request headers that pages may set; `*` for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// Answer headers that pages may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose: Vec<String>,
    /// Pages may send cookies and credentials. Not together with origin `*`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub credentials: bool,
    /// How long a browser may remember the answer to a preflight.
    #[serde(default = "Cors::default_max_age")]
    #[schemars(range(max = 86_400))]
    pub max_age_secs: u32,
}

impl Cors {
    fn default_max_age() -> u32 {
        600
    }
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_yes(value: &bool) -> bool {
    *value
}
