//! A WSDL 1.1 document from a description of a service: document/literal wrapped, which is what tools read best.

use crate::envelope::Version;
use crate::names::XSD;
use crate::xml::{self, Element, Unwritable};

const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
const WSDL_SOAP11: &str = "http://schemas.xmlsoap.org/wsdl/soap/";
const WSDL_SOAP12: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
const HTTP: &str = "http://schemas.xmlsoap.org/soap/http";

/// A service, as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name; also that of the port type and of the bindings.
    pub name: String,
    /// The namespace of its operations.
    pub namespace: String,
    /// Where it is.
    pub endpoint: String,
    /// The versions that it answers; one binding each.
    pub versions: Vec<Version>,
    /// What it does.
    pub operations: Vec<Operation>,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name, which is also that of the element in the body.
    pub name: String,
    /// The header `SOAPAction`; empty for none.
    pub soap_action: String,
    /// What it takes; `None` when that is not declared, and then anything is allowed.
    pub input: Option<Vec<Field>>,
    /// What it answers, likewise.
    pub output: Option<Vec<Field>>,
}

/// A field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether there may be any number of it.
    pub list: bool,
    /// What it is.
    pub kind: Kind,
}

/// What a field is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    String,
    /// A whole number of any size.
    Int,
    /// A decimal number.
    Decimal,
    /// A number as JSON writes them, `1e-7` too.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A day.
    Date,
    /// A time.
    DateTime,
    /// Bytes.
    Base64,
    /// Fields of its own.
    Nested(Vec<Field>),
    /// Anything.
    Any,
}

impl Kind {
    fn schema_type(&self) -> Option<&'static str> {
        match self {
            Self::String => Some("xsd:string"),
            Self::Int => Some("xsd:integer"),
            Self::Decimal => Some("xsd:decimal"),
            Self::Number => Some("xsd:double"),
            Self::Boolean => Some("xsd:boolean"),
            Self::Date => Some("xsd:date"),
            Self::DateTime => Some("xsd:dateTime"),
            Self::Base64 => Some("xsd:base64Binary"),
            Self::Any => Some("xsd:anyType"),
            Self::Nested(_) => None,
        }
    }
}

/// The document.
///
/// # Errors
///
/// A name or a character that XML does not have.
pub fn write(service: &Service) -> Result<String, Unwritable> {
    let mut root = new("definitions")
        .with_attribute("name", None, name(&service.name)?)
        .with_attribute("targetNamespace", None, service.namespace.as_str())
        .with(types(service)?);
    for operation in &service.operations {
        root = root.with(message(&operation.name)).with(message(&format!("{}Response", operation.name)));
    }
    root = root.with(port_type(service));
    for version in &service.versions {
        root = root.with(binding(service, *version));
    }
    let declared = [
        ("wsdl", WSDL),
        ("xsd", XSD),
        ("soap", WSDL_SOAP11),
        ("soap12", WSDL_SOAP12),
        ("tns", service.namespace.as_str()),
    ];
    let text = xml::write_with(&root.with(ports(service)), &declared)?;
    Ok(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}"))
}

fn new(name: &str) -> Element {
    Element::new(name, Some(WSDL))
}

fn schema(name: &str) -> Element {
    Element::new(name, Some(XSD))
}

/// Names that are values of attributes are not seen by the writer.
fn name(name: &str) -> Result<&str, Unwritable> {
    if crate::names::is_name(name) { Ok(name) } else { Err(Unwritable::Name(name.to_owned())) }
}

fn types(service: &Service) -> Result<Element, Unwritable> {
    let mut all = schema("schema")
        .with_attribute("targetNamespace", None, service.namespace.as_str())
        .with_attribute("elementFormDefault", None, "qualified");
    for operation in &service.operations {
        let response = format!("{}Response", operation.name);
        for (element, fields) in [(&operation.name, &operation.input), (&response, &operation.output)] {
            let content = match fields {
                Some(fields) => complex(fields)?,
                None => anything(),
            };
            all = all.with(schema("element").with_attribute("name", None, name(element)?).with(content));
        }
    }
    Ok(new("types").with(all))
}

fn anything() -> Element {
    let any = schema("any")
        .with_attribute("minOccurs", None, "0")
        .with_attribute("maxOccurs", None, "unbounded")
        .with_attribute("processContents", None, "lax");
    schema("complexType").with(schema("sequence").with(any))
}

fn complex(fields: &[Field]) -> Result<Element, Unwritable> {
    let mut sequence = schema("sequence");
    for field in fields {
        let mut element = schema("element").with_attribute("name", None, name(&field.name)?);
        if field.optional || field.list {
            element = element.with_attribute("minOccurs", None, "0");
        }
        if field.list {
            element = element.with_attribute("maxOccurs", None, "unbounded");
        }
        if field.optional {
            // As null is written.
            element = element.with_attribute("nillable", None, "true");
        }
        element = match (field.kind.schema_type(), &field.kind) {
            (None, Kind::Nested(fields)) => element.with(complex(fields)?),
            (known, _) => element.with_attribute("type", None, known.unwrap_or("xsd:anyType")),
        };
        sequence = sequence.with(element);
    }
    Ok(schema("complexType").with(sequence))
}

fn message(name: &str) -> Element {
    let part = new("part").with_attribute("name", None, "parameters").with_attribute(
        "element",
        None,
        format!("tns:{name}"),
    );
    new("message").with_attribute("name", None, name).with(part)
}

fn port_type(service: &Service) -> Element {
    let mut all = new("portType").with_attribute("name", None, service.name.as_str());
    for Operation { name, .. } in &service.operations {
        let input = new("input").with_attribute("message", None, format!("tns:{name}"));
        let output = new("output").with_attribute("message", None, format!("tns:{name}Response"));
        all = all.with(new("operation").with_attribute("name", None, name.as_str()).with(input).with(output));
    }
    all
}

/// The namespace of a binding's elements and what its name ends in.
fn flavour(version: Version) -> (&'static str, &'static str) {
    match version {
        Version::V11 => (WSDL_SOAP11, "Soap11"),
        Version::V12 => (WSDL_SOAP12, "Soap12"),
    }
}

fn binding(service: &Service, version: Version) -> Element {
    let (namespace, suffix) = flavour(version);
    let soap = |name: &str| Element::new(name, Some(namespace));
    let style =
        soap("binding").with_attribute("style", None, "document").with_attribute("transport", None, HTTP);
    let mut all = new("binding")
        .with_attribute("name", None, format!("{}{suffix}", service.name))
        .with_attribute("type", None, format!("tns:{}", service.name))
        .with(style);
    let body = || soap("body").with_attribute("use", None, "literal");
    for operation in &service.operations {
        let action = soap("operation").with_attribute("soapAction", None, operation.soap_action.as_str());
        let one = new("operation")
            .with_attribute("name", None, operation.name.as_str())
            .with(action)
            .with(new("input").with(body()))
            .with(new("output").with(body()));
        all = all.with(one);
    }
    all
}

fn ports(service: &Service) -> Element {
    let mut all = new("service").with_attribute("name", None, service.name.as_str());
    for version in &service.versions {
        let (namespace, suffix) = flavour(*version);
        let address = Element::new("address", Some(namespace)).with_attribute(
            "location",
            None,
            service.endpoint.as_str(),
        );
        let name = format!("{}{suffix}", service.name);
        let port = new("port")
            .with_attribute("name", None, name.as_str())
            .with_attribute("binding", None, format!("tns:{name}"))
            .with(address);
        all = all.with(port);
    }
    all
}
