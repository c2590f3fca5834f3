//! What an operator set for a SOAP channel.

use super::sender::SECURITY;
use crate::headers;
use crate::respond::Form;
use crate::routes::Target;
use bytes::Bytes;
use caisson_definition::SoapChannel;
use caisson_definition::model::SoapVersions;
use caisson_soap::{Code, Envelope, Fault, Version};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Operations that an error names.
const MAX_NAMED: usize = 10;

/// What an operator set for a SOAP channel.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(super) name: String,
    pub(super) service: Option<Arc<str>>,
    pub(super) operations: BTreeMap<String, Arc<str>>,
    versions: SoapVersions,
    pub(super) namespace: Option<String>,
    understands: Vec<String>,
    /// Those, and the blocks of WS-Security, which a channel with definitions for them reads.
    understands_security: Vec<String>,
    pub(super) wsdl: Option<Bytes>,
}

impl Endpoint {
    pub(crate) fn new(channel: &SoapChannel) -> Self {
        let operations = channel.operations.iter();
        let security = SECURITY.map(|namespace| format!("{{{namespace}}}Security"));
        Self {
            name: channel.name.clone(),
            service: channel.service.as_deref().map(Arc::from),
            operations: operations.map(|(name, service)| (name.clone(), service.as_str().into())).collect(),
            versions: channel.versions,
            namespace: channel.namespace.clone(),
            understands: channel.understands.clone(),
            understands_security: channel.understands.iter().cloned().chain(security).collect(),
            wsdl: channel.wsdl.clone().map(Bytes::from),
        }
    }

    /// How errors are said to a client whose message has not been read: in the version that its content type is of.
    pub(crate) fn form(&self, headers: &HeaderMap) -> Form {
        let said = headers.get(CONTENT_TYPE).map(headers::text);
        let version = said.and_then(|text| Version::of_content_type(&text));
        Form::Soap(version.unwrap_or_else(|| self.versions().first().copied().unwrap_or_default()))
    }

    /// The versions that are answered.
    pub(super) fn versions(&self) -> &'static [Version] {
        match self.versions {
            SoapVersions::Any => &[Version::V11, Version::V12],
            SoapVersions::V11 => &[Version::V11],
            SoapVersions::V12 => &[Version::V12],
        }
    }

    pub(super) fn check_version(&self, version: Version) -> Result<(), Fault> {
        match self.versions() {
            [only] if *only != version => {
                let text = format!("this is SOAP {version}, and SOAP {only} is answered here; send that");
                let mut fault = Fault::new(Code::VersionMismatch, text).of(*only);
                fault.only = Some(*only);
                Err(fault)
            }
            _ => Ok(()),
        }
    }

    /// Names of the header blocks that are understood.
    pub(super) fn understood(&self, target: &Target) -> &[String] {
        let reads = target.rules.as_ref().is_some_and(|rules| !rules.guard.wss().is_empty());
        if reads { &self.understands_security } else { &self.understands }
    }

    /// The service that answers a message.
    pub(super) fn service_for(&self, envelope: &Envelope) -> Result<Arc<str>, Fault> {
        let operation = &envelope.operation;
        let refused = |text: String| Fault::client(text).of(envelope.version);
        if let Some(namespace) = &self.namespace
            && operation.namespace.as_deref() != Some(namespace)
        {
            let name = operation.full_name();
            return Err(refused(format!(
                "the operation is `{name}`; operations of this channel are in {namespace}"
            )));
        }
        let service = self.operations.get(&operation.name).or(self.service.as_ref());
        service.map(Arc::clone).ok_or_else(|| {
            let known: Vec<&str> = self.operations.keys().take(MAX_NAMED).map(String::as_str).collect();
            let more = if self.operations.len() > MAX_NAMED { ", ..." } else { "" };
            let (name, known) = (&operation.name, known.join(", "));
            refused(format!("there is no operation `{name}`; there is: {known}{more} (see `?wsdl`)"))
        })
    }
}
