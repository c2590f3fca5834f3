//! The contract that everything in the runtime meets at: one type for a message on its way to a service
//! ([`Invocation`]), one door through which every channel calls services ([`Invoker`]), one error ([`Error`]).
//!
//! # Layout
//!
//! * [`invocation`]: the message and its facts; [`cid`]: correlation ids; [`deadline`]: a point in time on both clocks.
//! * [`error`]: kind, fault, retryability. [`invoker`]: the door.
//! * [`shape`]: what services declare of their messages.
//! * [`secret`]: a value that must not be seen.
//! * [`spec`]: what a capability is; [`connection`]: a configured use of it; [`inbound`]: messages that come in by it.
//! * [`connections`]: the table of all connections, and [`layers`]: what lies around every call. [`grant`], [`policy`],
//!   [`rate`] and [`usage`] are what the layers go by and what they leave behind.
//! * [`egress`]: where connections may lead.
//! * [`catalog`]: all capabilities of a server, by name.
//!
//! **Architecture Invariant:** this crate knows no capability, no protocol and no WebAssembly engine by name.

#![forbid(unsafe_code)]

pub mod catalog;
pub mod cid;
pub mod connection;
pub mod connections;
pub mod deadline;
pub mod egress;
pub mod error;
pub mod grant;
pub mod inbound;
pub mod invocation;
pub mod invoker;
pub mod layers;
pub mod policy;
pub mod rate;
pub mod secret;
pub mod shape;
pub mod spec;
pub mod usage;

pub use catalog::Catalog;
pub use cid::Cid;
pub use connection::{Connection, Options, Problem, Setup};
pub use connections::{Connections, LiveConnection};
pub use deadline::Deadline;
pub use egress::{Egress, Network};
pub use error::{Error, ErrorKind, Fault};
pub use grant::{Grant, Granted};
pub use inbound::{Consumer, Delivery, Intake};
pub use invocation::{
    Body, BodyStream, ChannelInfo, Field, Http, Invocation, Message, Principal, Request, Response,
    Settlement, Soap, SoapHeader, Trace,
};
pub use invoker::{BoxFuture, Invoker};
pub use layers::{Allowed, Attempt, Call, Lease};
pub use policy::Policy;
pub use rate::Rate;
pub use secret::Secret;
pub use shape::{Shape, Shapes};
pub use spec::{Capability, Operation, Spec, schema_of};
pub use usage::Usage;
