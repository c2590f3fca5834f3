//! The sandbox without a server: a small service of ours is loaded beside the files of others, and asked.
//!
//! Whatever is asked runs as a service does: on a pristine instance, within limits, without a connection to anything.
//!
//! # Layout
//!
//! * [`sandbox`]: loading and asking. [`files`]: what is loaded.

mod files;
mod sandbox;

pub(super) use files::{Tree, read_sources};
pub(super) use sandbox::{Answer, Sandbox};
