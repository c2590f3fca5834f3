//! The capability against servers that are good, bad and hostile, through all layers.

mod auth;
mod faults;
mod harness;
mod policy;
mod requests;
mod sample;
mod tls;
