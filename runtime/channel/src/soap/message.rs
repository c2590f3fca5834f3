//! What a service gets of a message.

use super::{refused, sender};
use crate::headers;
use crate::layers::Failure;
use bytes::Bytes;
use caisson_capability::{Error, ErrorKind, Http, Request, Soap, SoapHeader};
use caisson_soap::message::{to_object, to_value};
use caisson_soap::{Element, Envelope, Limits, Value, Version, soap_action};
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// A longer message is read on a thread where that keeps nobody waiting.
const SHORT: usize = 64 * 1024;

/// Reads a message.
pub(super) async fn parse(
    body: Bytes,
    content_type: Option<String>,
    max_bytes: u64,
) -> Result<Envelope, Failure> {
    let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    let is_short = body.len() <= SHORT;
    let read = move || {
        let limits = Limits { max_bytes, ..Limits::default() };
        Envelope::parse(&body, content_type.as_deref(), &limits)
    };
    let read = if is_short { read() } else { tokio::task::spawn_blocking(read).await.map_err(internal)? };
    read.map_err(refused)
}

/// The request for the service.
pub(super) fn request(envelope: Envelope, http: Http, headers: &HeaderMap) -> Result<Request, Error> {
    let Envelope { version, headers: blocks, operation, .. } = envelope;
    let text = |name: &str| headers.get(name).map(headers::text);
    let blocks = blocks.into_iter().filter(|block| !sender::is_security(block));
    let soap = Soap {
        version: version.to_string(),
        action: soap_action(text("soapaction").as_deref(), text(CONTENT_TYPE.as_str()).as_deref()),
        operation: operation.name.clone(),
        namespace: operation.namespace.as_deref().map(str::to_owned),
        headers: blocks.map(|block| header(block, version)).collect::<Result<_, _>>()?,
    };
    let body = json(&to_object(&bare(operation, version)))?;
    Ok(Request {
        http: Some(http),
        soap: Some(Box::new(soap)),
        message: None,
        content_type: Some("application/json".to_owned()),
        body: body.into(),
    })
}

fn header(block: Element, version: Version) -> Result<SoapHeader, Error> {
    let block = bare(block, version);
    let content = json(&to_value(&block))?;
    Ok(SoapHeader { name: block.name, namespace: block.namespace.as_deref().map(str::to_owned), content })
}

/// Without the attributes that are about the message and not of it: `mustUnderstand`, `role`, `encodingStyle`.
fn bare(mut element: Element, version: Version) -> Element {
    element.attributes.retain(|one| one.namespace.as_deref() != Some(version.namespace()));
    element
}

fn json(value: &Value) -> Result<String, Error> {
    serde_json::to_string(value).map_err(internal)
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Internal, "internal error").source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soap_of(text: &str, headers: &[(&'static str, &str)]) -> (Soap, serde_json::Value) {
        let envelope = Envelope::parse(text.as_bytes(), None, &Limits::default()).unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let request = request(envelope, Http::default(), &map).unwrap();
        (*request.soap.unwrap(), serde_json::from_slice(&request.body).unwrap())
    }

    #[test]
    fn a_service_gets_header_blocks_but_none_with_credentials() {
        let text = format!(
            "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:w='{}'><s:Header>\
             <w:Security s:mustUnderstand='1'><w:UsernameToken><w:Password>secret</w:Password></w:UsernameToken></w:Security>\
             <t:Trace xmlns:t='urn:t' s:mustUnderstand='0' level='2'>7</t:Trace></s:Header>\
             <s:Body><Get s:encodingStyle='none'><id>1</id></Get></s:Body></s:Envelope>",
            caisson_soap::names::WSSE
        );
        let (soap, body) = soap_of(&text, &[("soapaction", "\"urn:get\"")]);
        assert_eq!(body, serde_json::json!({"id": "1"}));
        assert_eq!(
            (&*soap.version, soap.action.as_deref(), &*soap.operation),
            ("1.1", Some("urn:get"), "Get")
        );
        let [trace] = soap.headers.as_slice() else { panic!("{soap:?}") };
        assert_eq!((&*trace.name, trace.namespace.as_deref()), ("Trace", Some("urn:t")));
        assert_eq!(trace.content, r##"{"@level":"2","#text":"7"}"##);
    }
}
