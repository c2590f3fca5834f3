//! Components as code: taking the data out of them, compiling them in a child process, keeping the result on disk.
//!
//! * [`strip`]: a component without its active data segments, and the memory images that those segments make.
//! * [`inspect`]: whether a core module keeps state outside its memory.
//! * [`compile`]: the child process. [`cache`]: compiled components by digest.

pub(crate) mod cache;
pub(crate) mod compile;
pub(crate) mod inspect;
pub(crate) mod strip;

#[cfg(test)]
mod tests;
