//! Where connections may lead: the one policy for everything that goes out of a server, whatever its protocol.
//!
//! A name is resolved once, *every* address it resolves to is judged, and the caller connects to exactly these addresses: a name
//! that resolves to something else a moment later (DNS rebinding) gains nothing. What is not a public address is refused, unless
//! the operator wrote it into the connection itself, or lists its network.

use crate::{BoxFuture, Error, ErrorKind, Fault};
use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::sync::Arc;

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Anybody can reach it.
    Public,
    /// The machine itself.
    Loopback,
    /// The wire that the machine is on.
    LinkLocal,
    /// A cloud's service that hands out credentials of the machine.
    Metadata,
    /// An organisation's own networks: RFC 1918, and unique local addresses.
    Private,
    /// Carrier-grade NAT (100.64.0.0/10).
    Shared,
    /// Everything else that nobody on the internet answers: multicast, broadcast, unspecified, documentation, reserved.
    Special,
}

impl Scope {
    /// The scope of an address. Forms of IPv6 that carry an IPv4 address are judged by that one.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match plain(address) {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Metadata => "metadata",
            Self::Private => "private",
            Self::Shared => "shared",
            Self::Special => "special",
        }
    }
}

fn of_v4(address: Ipv4Addr) -> Scope {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        // Amazon, Google, Azure and others; tasks of ECS; pods of EKS; Alibaba; Oracle.
        _ if matches!(
            address.octets(),
            [169, 254, 169, 254] | [169, 254, 170, 2 | 23] | [100, 100, 100, 200] | [192, 0, 0, 192]
        ) =>
        {
            Scope::Metadata
        }
        (127, ..) => Scope::Loopback,
        (169, 254, _) => Scope::LinkLocal,
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => Scope::Private,
        (100, 64..=127, _) => Scope::Shared,
        // This network; protocol assignments; three for documentation; the old relay of 6to4; benchmarks; multicast and reserved.
        (0 | 224..=255, ..)
        | (192, 0, 0 | 2)
        | (198, 51, 100)
        | (203, 0, 113)
        | (192, 88, 99)
        | (198, 18..=19, _) => Scope::Special,
        _ => Scope::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> Scope {
    if address.is_loopback() {
        return Scope::Loopback;
    }
    match address.segments() {
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254 | 0x23] => Scope::Metadata,
        // `fec0::/10` is what unique local addresses took the place of; `64:ff9b:1::/48` is a translation of one's own.
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] | [0x64, 0xff9b, 1, ..] => Scope::Private,
        [0xfe80..=0xfebf, ..] => Scope::LinkLocal,
        // Teredo and protocol assignments; documentation, twice.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Scope::Special,
        [0x2000..=0x3fff, ..] => Scope::Public,
        _ => Scope::Special,
    }
}

/// The IPv4 address in an IPv6 address that carries one: mapped, compatible, translated (SIIT, NAT64), 6to4, ISATAP.
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => address,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..]
        | [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => v4(high, low),
        _ => address,
    }
}

/// Addresses that an operator allows: `10.0.0.0/8`, `192.168.1.7`, or the words `private`, `loopback`, `link-local`, `shared`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// All of a scope.
    Scope(Scope),
    /// A range.
    Range(IpNet),
}

impl Network {
    fn holds(&self, address: IpAddr) -> bool {
        match self {
            Self::Scope(scope) => Scope::of(address) == *scope,
            // Whoever allows a whole range did not think of the machine's credentials; only the very address says so.
            Self::Range(range) => {
                let exact = range.prefix_len() == range.max_prefix_len();
                range.contains(&address) && (exact || Scope::of(address) != Scope::Metadata)
            }
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let word = [Scope::Private, Scope::Loopback, Scope::LinkLocal, Scope::Shared];
        if let Some(scope) = word.into_iter().find(|scope| scope.as_str() == text) {
            return Ok(Self::Scope(scope));
        }
        let address = text.parse::<IpAddr>().map(IpNet::from).ok();
        address.or_else(|| text.parse().ok()).map(Self::Range).ok_or_else(|| {
            format!("`{text}` is no network: write 10.0.0.0/8, an address, or private, loopback, link-local, shared")
        })
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Network {
    fn schema_name() -> Cow<'static, str> {
        "Network".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(private|loopback|link-local|shared|[0-9a-fA-F:.]+(/[0-9]{1,3})?)$",
            "description": "A network, an address, or one of private, loopback, link-local, shared."
        })
    }
}

/// Turns names into addresses.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of a name.
    ///
    /// # Errors
    ///
    /// The name has none, or nobody knew.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let host = host.to_owned();
        Box::pin(async move {
            // It blocks, and has limits of its own; whoever waits for it has a shorter one.
            let found = tokio::task::spawn_blocking(move || (host.as_str(), 0).to_socket_addrs());
            Ok(found.await.map_err(io::Error::other)??.map(|address| address.ip()).collect())
        })
    }
}

/// Why a host is not connected to. No text holds the address: guests may read it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Blocked {
    /// Not a name of a host, or an address in a form that means different things to different readers.
    #[error("this is no host: write a name, or an address in its usual form")]
    Malformed,
    /// No address is known.
    #[error(
        "the name of the other side cannot be resolved; check the host in the connection's options, and DNS"
    )]
    Unresolved(#[source] io::Error),
    /// It leads where connections must not go.
    #[error(
        "the host leads to an address that is not public ({}); to allow it, add to the connection's options: \
         networks: [{}]", scope.as_str(), remedy(*scope)
    )]
    Refused {
        /// What it is.
        scope: Scope,
        /// For the operator's log.
        address: IpAddr,
    },
}

fn remedy(scope: Scope) -> &'static str {
    match scope {
        Scope::Private => "private",
        Scope::Loopback => "loopback",
        Scope::LinkLocal => "link-local",
        Scope::Shared => "shared",
        Scope::Metadata | Scope::Special | Scope::Public => "<the address>",
    }
}

impl From<Blocked> for Error {
    fn from(blocked: Blocked) -> Self {
        let text = blocked.to_string();
        match blocked {
            Blocked::Malformed => Self::new(ErrorKind::InvalidInput, text).fault(Fault::Service),
            Blocked::Unresolved(source) => {
                Self::new(ErrorKind::Unavailable, text).fault(Fault::Remote).code("dns").source(source)
            }
            Blocked::Refused { address, .. } => Self::new(ErrorKind::AccessDenied, text)
                .fault(Fault::Host)
                .detail(format!("address {address}")),
        }
    }
}

/// Where one connection may lead.
#[derive(Clone)]
pub struct Egress {
    networks: Vec<Network>,
    own: Vec<(String, u16)>,
    resolver: Arc<dyn Resolve>,
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("networks", &self.networks).finish_non_exhaustive()
    }
}

impl Egress {
    /// Public addresses, and those of the networks.
    #[must_use]
    pub fn new(networks: Vec<Network>) -> Self {
        Self { networks, own: Vec::new(), resolver: Arc::new(SystemResolver) }
    }

    /// Asks another resolver.
    #[must_use]
    pub fn resolver(self, resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, ..self }
    }

    /// Trusts a host and port that the operator wrote into the connection: an address, or `localhost`. A name gains nothing by it:
    /// where it leads is up to whoever answers for it.
    #[must_use]
    pub fn trusting(mut self, host: &str, port: u16) -> Self {
        self.own.push((canonical(host), port));
        self
    }

    /// The addresses of a host, all of them allowed. Connect to these, and never resolve again.
    ///
    /// # Errors
    ///
    /// [`Blocked`]: one of the addresses is not allowed (which refuses them all: a name with both kinds is an attack), or there is none.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Blocked> {
        let host = canonical(host);
        let addresses = match literal(&host)? {
            Some(address) => vec![address],
            None => self.resolver.resolve(&host).await.map_err(Blocked::Unresolved)?,
        };
        if addresses.is_empty() {
            return Err(Blocked::Unresolved(io::Error::from(io::ErrorKind::NotFound)));
        }
        for address in &addresses {
            self.judge(&host, port, *address)?;
        }
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    fn judge(&self, host: &str, port: u16, address: IpAddr) -> Result<(), Blocked> {
        let scope = Scope::of(address);
        let written = self.own.iter().any(|own| own.0 == host && own.1 == port)
            && match literal(host) {
                Ok(Some(own)) => own == address,
                Ok(None) => host == "localhost" && scope == Scope::Loopback,
                Err(_) => false,
            };
        let allowed = |network: &Network| network.holds(plain(address));
        if scope == Scope::Public || written || self.networks.iter().any(allowed) {
            Ok(())
        } else {
            Err(Blocked::Refused { scope, address })
        }
    }
}

fn canonical(host: &str) -> String {
    let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// The address that a host is, if it is one. `2130706433`, `0177.0.0.1`, `0x7f.1` and `127.1` are refused: the system's resolver
/// and a proxy's may read them as addresses.
fn literal(host: &str) -> Result<Option<IpAddr>, Blocked> {
    if let Ok(address) = host.parse() {
        return Ok(Some(address));
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if host.is_empty() || host.len() > 253 || numeric || !host.bytes().all(known) {
        return Err(Blocked::Malformed);
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
