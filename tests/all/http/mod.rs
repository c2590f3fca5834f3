//! Services over HTTP: what is answered to good requests, and what becomes of bad ones.

mod abuse;
mod answers;
mod bodies;
mod drain;
