//! Reads a message: which version it is of, its headers and its operation.

use std::fmt;

use crate::fault::{Code, Fault};
use crate::names;
use crate::xml::{self, Element, Limits, Node};

const NEXT_11: &str = "http://schemas.xmlsoap.org/soap/actor/next";
const NEXT_12: &str = "http://www.w3.org/2003/05/soap-envelope/role/next";
const LAST_12: &str = "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver";

/// Header blocks that a fault names. A message may have very many, of namespaces with long names.
const MAX_NAMED: usize = 10;

/// A version of SOAP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// SOAP 1.1, `text/xml`.
    #[default]
    V11,
    /// SOAP 1.2, `application/soap+xml`.
    V12,
}

impl Version {
    /// The namespace of its envelope.
    #[must_use]
    pub fn namespace(self) -> &'static str {
        match self {
            Self::V11 => names::SOAP11,
            Self::V12 => names::SOAP12,
        }
    }

    /// What its messages are sent as.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::V11 => "text/xml; charset=utf-8",
            Self::V12 => "application/soap+xml; charset=utf-8",
        }
    }

    /// Which version a `Content-Type` is of, if of any.
    #[must_use]
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        match media_type(content_type).as_str() {
            "text/xml" => Some(Self::V11),
            "application/soap+xml" => Some(Self::V12),
            _ => None,
        }
    }

    fn of_namespace(namespace: Option<&str>) -> Option<Self> {
        match namespace {
            Some(names::SOAP11) => Some(Self::V11),
            Some(names::SOAP12) => Some(Self::V12),
            _ => None,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V11 => "1.1",
            Self::V12 => "1.2",
        })
    }
}

/// A message that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What it is of, and what the answer has to be of.
    pub version: Version,
    /// The header blocks.
    pub headers: Vec<Element>,
    /// The first element of the body: what is asked for, or in an answer the answer.
    pub operation: Element,
    /// Further elements of the body, which document/literal services do not have.
    pub others: Vec<Element>,
}

impl Envelope {
    /// Reads a message. Whether its headers are understood is a question of its own:
    /// [`Envelope::require_understood`].
    ///
    /// # Errors
    ///
    /// A fault with the version to answer in: `VersionMismatch`, or `Client` with what is wrong.
    pub fn parse(bytes: &[u8], content_type: Option<&str>, limits: &Limits) -> Result<Self, Fault> {
        let said = content_type.map(said_version).transpose()?;
        let fallback = said.unwrap_or_default();
        let root =
            xml::parse(bytes, limits).map_err(|error| Fault::client(error.to_string()).of(fallback))?;
        let version = version_of(&root, fallback)?;
        match said {
            Some(said) if said != version => Err(mismatch(format!(
                "the envelope is of SOAP {version} and the Content-Type of SOAP {said}; SOAP 1.1 is sent as text/xml, \
                 SOAP 1.2 as application/soap+xml"
            ))
            .of(version)),
            _ => Self::split(root, version).map_err(|reason| Fault::client(reason).of(version)),
        }
    }

    fn split(root: Element, version: Version) -> Result<Self, String> {
        let mut headers = None;
        let mut body: Option<Vec<Element>> = None;
        for part in elements(root)? {
            let ours = part.namespace.as_deref() == Some(version.namespace());
            match part.name.as_str() {
                "Header" if ours && body.is_some() => {
                    return Err("the Header comes after the Body; put it before".to_owned());
                }
                "Header" if ours && headers.is_some() => {
                    return Err("there is more than one Header; send one".to_owned());
                }
                "Header" if ours => headers = Some(elements(part)?),
                "Body" if ours && body.is_some() => {
                    return Err("there is more than one Body; send one".to_owned());
                }
                "Body" if ours => body = Some(elements(part)?),
                _ => {
                    let name = part.full_name();
                    return Err(format!("the Envelope has `{name}`; only a Header and a Body belong there"));
                }
            }
        }
        let mut body = body.ok_or("the Envelope has no Body; add one with the operation in it")?.into_iter();
        let operation = body.next().ok_or("the Body is empty; put the operation in it")?;
        Ok(Self { version, headers: headers.unwrap_or_default(), operation, others: body.collect() })
    }

    /// Checks that every header block that must be understood, and is addressed to us, is one of `understands`, each
    /// as `{namespace}name`.
    ///
    /// # Errors
    ///
    /// A `MustUnderstand` fault that names those that are not, up to ten.
    pub fn require_understood(&self, understands: &[impl AsRef<str>]) -> Result<(), Fault> {
        let unknown: Vec<&Element> = self
            .headers
            .iter()
            .filter(|block| self.must_understand(block) && self.is_for_us(block))
            .filter(|block| {
                let name = block.full_name();
                understands.iter().all(|known| known.as_ref() != name)
            })
            .take(MAX_NAMED)
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = unknown.iter().map(|block| block.full_name()).collect();
        let reason = format!(
            "{} must be understood and is not; leave it out, or add it to `understands` of the channel",
            names.join(", ")
        );
        let mut fault = Fault::new(Code::MustUnderstand, reason).of(self.version);
        fault.not_understood = unknown.iter().map(|one| (one.namespace.clone(), one.name.clone())).collect();
        Err(fault)
    }

    fn must_understand(&self, block: &Element) -> bool {
        let value = block.attribute("mustUnderstand", Some(self.version.namespace()));
        value.is_some_and(|value| matches!(value.trim(), "1" | "true"))
    }

    fn is_for_us(&self, block: &Element) -> bool {
        let attribute = match self.version {
            Version::V11 => "actor",
            Version::V12 => "role",
        };
        match block.attribute(attribute, Some(self.version.namespace())).map(str::trim) {
            None | Some("") => true,
            Some(NEXT_11) => self.version == Version::V11,
            Some(NEXT_12 | LAST_12) => self.version == Version::V12,
            Some(_) => false,
        }
    }

    /// The fault in it, if it is an answer that has one.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        let is = self.operation.is("Fault", self.version.namespace());
        is.then(|| Fault::from_element(&self.operation, self.version))
    }
}

fn version_of(root: &Element, fallback: Version) -> Result<Version, Fault> {
    if root.name != "Envelope" {
        let reason =
            format!("the outermost element is `{}`; a SOAP message is an Envelope", root.full_name());
        return Err(Fault::client(reason).of(fallback));
    }
    Version::of_namespace(root.namespace.as_deref()).ok_or_else(|| {
        let namespace = root.namespace.as_deref().unwrap_or("none");
        // The 1.1 form is what a client of an unknown version is most likely to read (SOAP 1.2, appendix A).
        mismatch(format!(
            "the namespace of the Envelope is {namespace}; it has to be {} or {}",
            names::SOAP11,
            names::SOAP12
        ))
        .of(Version::V11)
    })
}

fn mismatch(reason: String) -> Fault {
    Fault::new(Code::VersionMismatch, reason)
}

fn elements(parent: Element) -> Result<Vec<Element>, String> {
    let mut all = Vec::new();
    for node in parent.children {
        match node {
            Node::Element(one) => all.push(one),
            Node::Text(text) if text.trim().is_empty() => {}
            Node::Text(_) => {
                return Err(format!("there is text within {}; put it into an element", parent.name));
            }
        }
    }
    Ok(all)
}

fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn said_version(content_type: &str) -> Result<Version, Fault> {
    let shown: String = content_type.chars().take(100).collect();
    let Some(version) = Version::of_content_type(content_type) else {
        let attachments = media_type(content_type).starts_with("multipart/");
        let hint = if attachments { "; messages with attachments are not read" } else { "" };
        return Err(Fault::client(format!(
            "the Content-Type is `{shown}`{hint}; send text/xml for SOAP 1.1 or application/soap+xml for SOAP 1.2"
        )));
    };
    match parameter(content_type, "charset") {
        Some(charset) if !["utf-8", "utf8", "us-ascii"].contains(&charset.to_ascii_lowercase().as_str()) => {
            Err(Fault::client(format!("the Content-Type is `{shown}`; send UTF-8")).of(version))
        }
        _ => Ok(version),
    }
}

/// What the client says that it wants: the header `SOAPAction` (1.1), or the parameter `action` of the content type
/// (1.2). Without quotes; `None` when there is none or it is empty.
#[must_use]
pub fn soap_action(header: Option<&str>, content_type: Option<&str>) -> Option<String> {
    let plain = |value: &str| {
        let value = value.trim();
        let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value).trim();
        (!inner.is_empty()).then(|| inner.to_owned())
    };
    header.and_then(plain).or_else(|| {
        let content_type = content_type?;
        parameter(content_type, "action").and_then(|value| plain(&value))
    })
}

/// A parameter of a media type; quoted values may have semicolons and escapes.
fn parameter(content_type: &str, wanted: &str) -> Option<String> {
    let (_, mut rest) = content_type.split_once(';')?;
    loop {
        let (name, after) = rest.split_once('=')?;
        // A parameter without a value: what follows the semicolon is the name.
        let name = name.rsplit(';').next().unwrap_or(name).trim();
        let (value, after) = value(after.trim_start());
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, after) = text.split_once(';').unwrap_or((text, ""));
        return (value.trim().to_owned(), after);
    };
    let mut out = String::new();
    let mut chars = quoted.chars();
    while let Some(one) = chars.next() {
        match one {
            '"' => break,
            '\\' => out.extend(chars.next()),
            other => out.push(other),
        }
    }
    (out, chars.as_str())
}
