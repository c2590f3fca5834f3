//! What services share beyond a request: locks among servers, caches of a server, the operator's configuration.

mod cache;
mod conf;
mod lock;
mod sleep;
