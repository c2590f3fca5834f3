//! Faults: why a message is not answered, in both versions.

use std::sync::Arc;

use crate::envelope::Version;
use crate::names;
use crate::xml::Element;

/// What clients read when the failure is ours.
pub const UNEXPLAINED: &str = "An error has occurred";

/// Whose fault it is. The names are those of SOAP 1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The message: `Client` in 1.1, `Sender` in 1.2.
    Client,
    /// The server: `Server` in 1.1, `Receiver` in 1.2.
    Server,
    /// The envelope is of another version.
    VersionMismatch,
    /// A header that must be understood is not.
    MustUnderstand,
    /// An encoding style that is not known. 1.1 does not have it and says `Client`.
    DataEncodingUnknown,
}

impl Code {
    /// Its name in a version.
    #[must_use]
    pub fn name(self, version: Version) -> &'static str {
        match (self, version) {
            (Self::Client | Self::DataEncodingUnknown, Version::V11) => "Client",
            (Self::Client, Version::V12) => "Sender",
            (Self::Server, Version::V11) => "Server",
            (Self::Server, Version::V12) => "Receiver",
            (Self::VersionMismatch, _) => "VersionMismatch",
            (Self::MustUnderstand, _) => "MustUnderstand",
            (Self::DataEncodingUnknown, Version::V12) => "DataEncodingUnknown",
        }
    }

    fn of_name(name: &str) -> Self {
        // SOAP 1.1 allows `Client.Authentication` and the like.
        match name.split('.').next().unwrap_or_default() {
            "Client" | "Sender" => Self::Client,
            "VersionMismatch" => Self::VersionMismatch,
            "MustUnderstand" => Self::MustUnderstand,
            "DataEncodingUnknown" => Self::DataEncodingUnknown,
            _ => Self::Server,
        }
    }
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Fault {
    /// Whose fault.
    pub code: Code,
    /// What exactly, as namespace and name. Only 1.2 has a place for it.
    pub subcode: Option<(Arc<str>, Arc<str>)>,
    /// What people read.
    pub reason: String,
    /// What programs read.
    pub detail: Option<Box<Element>>,
    /// Who found it, as a URI: `faultactor` in 1.1, `Role` in 1.2.
    pub actor: Option<String>,
    /// The header blocks that were not understood, as namespace and name.
    pub not_understood: Vec<(Option<Arc<str>>, String)>,
    /// The version to answer in, where it is known.
    pub version: Option<Version>,
    /// The one version that a `VersionMismatch` says is answered here; both, if none.
    pub only: Option<Version>,
}

impl Fault {
    /// A fault that has nothing but a code and a reason.
    pub fn new(code: Code, reason: impl Into<String>) -> Self {
        Self {
            code,
            subcode: None,
            reason: reason.into(),
            detail: None,
            actor: None,
            not_understood: Vec::new(),
            version: None,
            only: None,
        }
    }

    /// The client's: the reason is shown.
    pub fn client(reason: impl Into<String>) -> Self {
        Self::new(Code::Client, reason)
    }

    /// Ours: why it happened is for the log, not for the client.
    #[must_use]
    pub fn server() -> Self {
        Self::new(Code::Server, UNEXPLAINED)
    }

    /// This, to be answered in `version`.
    #[must_use]
    pub fn of(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    /// This, with a detail.
    #[must_use]
    pub fn with_detail(mut self, detail: Element) -> Self {
        self.detail = Some(Box::new(detail));
        self
    }

    /// The HTTP status: 500 in 1.1; in 1.2, 400 for the client's (SOAP 1.2 part 2, table 20).
    #[must_use]
    pub fn status(&self, version: Version) -> u16 {
        match (version, self.code) {
            (Version::V12, Code::Client) => 400,
            _ => 500,
        }
    }

    /// The element `Fault`. The prefix `soap`, and `sub` if there is a subcode, have to be declared.
    pub(crate) fn to_element(&self, version: Version) -> Element {
        match version {
            Version::V11 => self.to_11(),
            Version::V12 => self.to_12(),
        }
    }

    fn to_11(&self) -> Element {
        let code = format!("soap:{}", self.code.name(Version::V11));
        let mut fault = Element::new("Fault", Some(names::SOAP11))
            .with(Element::new("faultcode", None).with_text(code))
            .with(Element::new("faultstring", None).with_text(self.reason.as_str()));
        if let Some(actor) = &self.actor {
            fault = fault.with(Element::new("faultactor", None).with_text(actor.as_str()));
        }
        if let Some(detail) = &self.detail {
            fault = fault.with(Element::new("detail", None).with(Element::clone(detail)));
        }
        fault
    }

    fn to_12(&self) -> Element {
        let new = |name: &str| Element::new(name, Some(names::SOAP12));
        let code = format!("soap:{}", self.code.name(Version::V12));
        let mut code = new("Code").with(new("Value").with_text(code));
        if let Some((_, name)) = &self.subcode {
            code = code.with(new("Subcode").with(new("Value").with_text(format!("sub:{name}"))));
        }
        let text = new("Text").with_attribute("lang", Some(names::XML), "en").with_text(self.reason.as_str());
        let mut fault = new("Fault").with(code).with(new("Reason").with(text));
        if let Some(actor) = &self.actor {
            fault = fault.with(new("Role").with_text(actor.as_str()));
        }
        if let Some(detail) = &self.detail {
            fault = fault.with(new("Detail").with(Element::clone(detail)));
        }
        fault
    }

    /// Reads the element `Fault` of an answer. What is missing stays empty: a fault is reported, never refused.
    pub(crate) fn from_element(fault: &Element, version: Version) -> Self {
        // Some servers put the parts of 1.1 into a namespace; so names alone count.
        let part = |parent: &Element, name: &str| parent.elements().find(|one| one.name == name).cloned();
        let inner = |parent: Option<Element>, name: &str| parent.and_then(|one| part(&one, name));
        let text = |one: Option<Element>| one.map(|one| one.text().trim().to_owned());
        let (code, reason, actor, detail) = match version {
            Version::V11 => (
                text(part(fault, "faultcode")),
                text(part(fault, "faultstring")),
                text(part(fault, "faultactor")),
                part(fault, "detail"),
            ),
            Version::V12 => (
                text(inner(part(fault, "Code"), "Value")),
                text(inner(part(fault, "Reason"), "Text")),
                text(part(fault, "Role")),
                part(fault, "Detail"),
            ),
        };
        let code = code.unwrap_or_default();
        let code = Code::of_name(code.rsplit(':').next().unwrap_or_default());
        let mut read = Self::new(code, reason.unwrap_or_default()).of(version);
        read.actor = actor;
        read.detail = detail.and_then(|detail| detail.elements().next().cloned()).map(Box::new);
        read
    }
}
