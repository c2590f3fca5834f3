//! SOAP 1.1 and 1.2 as pure functions: bytes in, values out.
//!
//! # Layout
//!
//! * [`xml`]: a small tree of elements, read with limits and written with namespaces declared;
//! * [`envelope`]: a message becomes version, headers and operation, or a fault that says why not;
//! * [`message`]: elements become values that services know, and back;
//! * [`answer`] and [`fault`]: what is sent back, in both versions, with the HTTP status;
//! * [`wsse`]: WS-Security's UsernameToken and Timestamp, read and written;
//! * [`wsdl`]: a WSDL 1.1 document from a description of operations.
//!
//! **Architecture Invariants:** there is no socket, no clock and no task here: time is an argument. No document type is
//! ever read, so there are no entities to expand and nothing to fetch. Every depth and every count has a limit before
//! memory is taken for it. A password has no `Debug` and is in no error.

#![forbid(unsafe_code)]

pub mod answer;
pub mod envelope;
pub mod fault;
pub mod message;
pub mod names;
pub mod wsdl;
pub mod wsse;
pub mod xml;

pub use answer::{Answer, Body, respond};
pub use envelope::{Envelope, Version, soap_action};
pub use fault::{Code, Fault};
pub use message::{Value, from_value, to_value};
pub use xml::{Attribute, Element, Limits, Node};
