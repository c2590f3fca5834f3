//! What is sent: answers, faults and, for the client's side, requests.

use crate::envelope::Version;
use crate::fault::{Code, Fault};
use crate::message::{self, Value, from_value};
use crate::names;
use crate::xml::{self, Element, Limits, Node, Unwritable};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub bytes: Vec<u8>,
}

/// What a service has answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Body<'a> {
    /// A value; it becomes `<{operation}Response>`. A scalar is its text, a list is repeated `item`s, null is nothing.
    Value(&'a Value),
    /// XML that is put into the body as it is, or is the whole answer if it is an envelope of the right version.
    Xml(&'a str),
}

/// Why what a service has answered cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The value is no XML.
    #[error("the answer cannot be written as XML: {0}")]
    Value(#[from] message::Error),
    /// A name or a character is no XML.
    #[error("the answer cannot be written as XML: {0}")]
    Unwritable(#[from] Unwritable),
    /// The ready-made XML is none.
    #[error("the answer is not XML that can be sent: {0}")]
    Xml(#[from] xml::Error),
    /// The ready-made XML is an envelope of another version.
    #[error(
        "the answer is an Envelope that is not of SOAP {0}, in which the client has asked; answer in that, or without one"
    )]
    Version(Version),
}

/// The answer to `operation`.
///
/// # Errors
///
/// The value cannot be written, or the XML cannot be read.
pub fn respond(
    version: Version,
    operation: &str,
    namespace: Option<&str>,
    body: Body<'_>,
) -> Result<Answer, Error> {
    let text = match body {
        Body::Value(value) => {
            let response = wrapped(&format!("{operation}Response"), namespace, value)?;
            xml::write(&envelope(version, Vec::new(), response))?
        }
        Body::Xml(ready) => around(version, ready)?,
    };
    Ok(finished(version, 200, &text))
}

/// A request of `operation`, with header blocks such as [`wsse::header`](crate::wsse::header).
///
/// # Errors
///
/// The value or a header cannot be written.
pub fn request(
    version: Version,
    operation: &str,
    namespace: Option<&str>,
    value: &Value,
    headers: Vec<Element>,
) -> Result<Answer, Error> {
    let text = xml::write(&envelope(version, headers, wrapped(operation, namespace, value)?))?;
    Ok(finished(version, 200, &text))
}

fn wrapped(name: &str, namespace: Option<&str>, value: &Value) -> Result<Element, message::Error> {
    match value {
        Value::Null => from_value(name, namespace, &Value::Object(Vec::new())),
        Value::List(_) => {
            from_value(name, namespace, &Value::Object(vec![("item".to_owned(), value.clone())]))
        }
        other => from_value(name, namespace, other),
    }
}

fn envelope(version: Version, headers: Vec<Element>, content: Element) -> Element {
    let new = |name: &str| Element::new(name, Some(version.namespace()));
    let mut envelope = new("Envelope");
    if !headers.is_empty() {
        let mut header = new("Header");
        header.children = headers.into_iter().map(Node::Element).collect();
        envelope = envelope.with(header);
    }
    envelope.with(new("Body").with(content))
}

/// Put together as text and not from the tree, in which values such as `p:Item` would lose their prefixes.
fn around(version: Version, ready: &str) -> Result<String, Error> {
    let root = xml::parse(ready.as_bytes(), &Limits::default())?;
    let ready = ready.trim_start_matches('\u{FEFF}');
    let bare = match ready.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) {
        Some((_, rest)) => rest,
        None => ready,
    };
    if root.is("Envelope", version.namespace()) {
        return Ok(bare.trim().to_owned());
    }
    if root.is("Envelope", names::SOAP11) || root.is("Envelope", names::SOAP12) {
        return Err(Error::Version(version));
    }
    let namespace = version.namespace();
    let bare = bare.trim();
    Ok(format!("<soap:Envelope xmlns:soap=\"{namespace}\"><soap:Body>{bare}</soap:Body></soap:Envelope>"))
}

fn finished(version: Version, status: u16, text: &str) -> Answer {
    let bytes = format!("{DECLARATION}{text}").into_bytes();
    Answer { status, content_type: version.content_type(), bytes }
}

impl Fault {
    /// The answer that says this, in the version that it knows, or else in `otherwise`.
    #[must_use]
    pub fn respond(&self, otherwise: Version) -> Answer {
        let version = self.version.unwrap_or(otherwise);
        let text = self.write(version).unwrap_or_else(|_| {
            // The detail or the reason cannot be written; the code always can.
            let bare = Self::new(self.code, UNWRITABLE);
            bare.write(version).unwrap_or_default()
        });
        finished(version, self.status(version), &text)
    }

    fn write(&self, version: Version) -> Result<String, Unwritable> {
        let root = envelope(version, self.headers(version), self.to_element(version));
        let mut declared = vec![("soap", version.namespace())];
        let known = |namespace: &str| namespace == version.namespace();
        if self.code == Code::VersionMismatch && version == Version::V11 {
            declared.push(("soap12", names::SOAP12));
        } else if self.code == Code::VersionMismatch {
            declared.push(("soap11", names::SOAP11));
        }
        if let Some((namespace, _)) = self.subcode.as_ref().filter(|_| version == Version::V12) {
            declared.push(("sub", namespace));
        }
        let prefixes: Vec<String> = (0..self.not_understood.len()).map(|index| format!("h{index}")).collect();
        if version == Version::V12 {
            let blocks = self.not_understood.iter().zip(&prefixes);
            let bound =
                blocks.filter_map(|((namespace, _), prefix)| Some((prefix.as_str(), &**namespace.as_ref()?)));
            declared.extend(bound.filter(|(_, namespace)| !known(namespace)));
        }
        xml::write_with(&root, &declared)
    }

    /// Header blocks that explain the fault (SOAP 1.2 part 1, 5.4.7 and 5.4.8).
    fn headers(&self, version: Version) -> Vec<Element> {
        let new = |name: &str| Element::new(name, Some(names::SOAP12));
        let supported = |prefix: &str| {
            new("SupportedEnvelope").with_attribute("qname", None, format!("{prefix}:Envelope"))
        };
        match (self.code, version) {
            (Code::VersionMismatch, _) => {
                let prefix = |one: Version| match one {
                    one if one == version => "soap",
                    Version::V11 => "soap11",
                    Version::V12 => "soap12",
                };
                let all = [Version::V12, Version::V11].into_iter();
                let all = all.filter(|one| self.only.is_none_or(|only| only == *one)).map(prefix);
                vec![all.fold(new("Upgrade"), |upgrade, prefix| upgrade.with(supported(prefix)))]
            }
            (Code::MustUnderstand, Version::V12) => {
                let blocks = self.not_understood.iter().enumerate();
                let named = blocks.map(|(index, (namespace, name))| match namespace.as_deref() {
                    None => name.clone(),
                    Some(names::SOAP12) => format!("soap:{name}"),
                    Some(_) => format!("h{index}:{name}"),
                });
                named.map(|name| new("NotUnderstood").with_attribute("qname", None, name)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What is said when the reason itself has characters that XML does not have.
const UNWRITABLE: &str = "the reason has characters that XML does not have";
