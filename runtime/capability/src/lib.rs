//! The contract that everything in the runtime meets at: one type for a message on its way to a service
//! ([`Invocation`]), one door through which every channel calls services ([`Invoker`]), one error ([`Error`]).
//!
//! # Layout
//!
//! * [`invocation`]: the message and its facts, [`chain`]: what it has from those that it follows; [`cid`]: correlation ids;
//!   [`deadline`]: a point in time on both clocks.
//! * [`error`]: kind, fault, retryability. [`invoker`]: the door; [`background`]: calls that nobody waits for.
//! * [`describe`]: what services say about themselves.
//! * [`secret`]: a value that must not be seen.
//! * [`spec`]: what a capability is; [`connection`]: a configured use of it; [`inbound`]: messages that come in by it.
//! * [`connections`]: the table of all connections, and [`layers`]: what lies around every call. [`grant`], [`policy`],
//!   [`rate`] and [`usage`] are what the layers go by and what they leave behind.
//! * [`egress`]: where connections may lead.
//! * [`locks`]: locks among all servers.
//! * [`catalog`]: all capabilities of a server, by name.
//!
//! **Architecture Invariant:** this crate knows no capability, no protocol and no WebAssembly engine by name.

#![forbid(unsafe_code)]

pub mod background;
pub mod catalog;
pub mod chain;
pub mod cid;
pub mod connection;
pub mod connections;
pub mod deadline;
pub mod describe;
pub mod egress;
pub mod error;
pub mod grant;
pub mod inbound;
pub mod invocation;
pub mod invoker;
pub mod layers;
pub mod locks;
pub mod policy;
pub mod rate;
pub mod secret;
pub mod spec;
pub mod usage;

pub use background::Background;
pub use catalog::Catalog;
pub use chain::Chain;
pub use cid::Cid;
pub use connection::{Connection, Options, Problem, Setup};
pub use connections::{Connections, LiveConnection};
pub use deadline::Deadline;
pub use describe::{Describe, Description, Schemas};
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
pub use locks::{HeldLock, Locks};
pub use policy::Policy;
pub use rate::Rate;
pub use secret::Secret;
pub use spec::{Capability, Operation, Spec, schema_of};
pub use usage::Usage;
