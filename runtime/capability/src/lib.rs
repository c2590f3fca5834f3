//! The contract that everything in the runtime meets at: one type for a message on its way to a service
//! ([`Invocation`]), one door through which every channel calls services ([`Invoker`]), one error ([`Error`]).
//!
//! # Layout
//!
//! * [`invocation`]: the message and its facts; [`cid`]: correlation ids; [`deadline`]: a point in time on both clocks.
//! * [`error`]: kind, fault, retryability.
//! * [`invoker`]: the door.
//!
//! **Architecture Invariant:** this crate knows no capability, no protocol and no WebAssembly engine by name.

#![forbid(unsafe_code)]

pub mod cid;
pub mod deadline;
pub mod error;
pub mod invocation;
pub mod invoker;

pub use cid::Cid;
pub use deadline::Deadline;
pub use error::{Error, ErrorKind, Fault};
pub use invocation::{
    Body, BodyStream, ChannelInfo, Field, Http, Invocation, Principal, Request, Response, Soap, SoapHeader,
    Trace,
};
pub use invoker::{BoxFuture, Invoker};
