//! What a request owes to its connection.

use caisson_security::ClientCertificate;
use std::net::IpAddr;
use std::sync::Arc;

/// What is known about a connection. Every request on it carries this among its extensions.
#[derive(Clone, Debug, Default)]
pub struct ConnectionFacts {
    /// The address of the other side.
    pub peer: Option<IpAddr>,
    /// The certificate that the other side showed and that was verified.
    pub certificate: Option<Arc<ClientCertificate>>,
}
