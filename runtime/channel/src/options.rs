//! The limits of an HTTP port.

use std::time::Duration;

/// The limits of an HTTP port. The defaults suit a server on the open internet behind nothing.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Most bytes of a request's head. At least 8 KiB, whatever is set.
    pub max_header_bytes: usize,
    /// Most headers of a request.
    pub max_headers: usize,
    /// Most bytes of a request's body.
    pub max_body_bytes: u64,
    /// How long a head may take, counted from its first byte, or on a new connection from the connection.
    pub header_timeout: Duration,
    /// How long a whole body may take, counted from when it is first asked for.
    pub body_timeout: Duration,
    /// How long a connection may stay open without a request, or without taking any of the answer.
    pub idle_timeout: Duration,
    /// When an invocation is stopped, counted from the head of its request.
    pub request_timeout: Duration,
    /// Most connections at a time. Those above it wait in the kernel's queue.
    pub max_connections: usize,
    /// How long requests in flight may take to finish when the server stops.
    pub drain_timeout: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            max_header_bytes: 64 * 1024,
            max_headers: 100,
            max_body_bytes: 8 * 1024 * 1024,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            request_timeout: Duration::from_secs(60),
            max_connections: 10_000,
            drain_timeout: Duration::from_secs(30),
        }
    }
}
