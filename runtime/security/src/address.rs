//! Network addresses: which ones may come in, and which ones count as one.

use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv6Addr};

/// The address as it is meant: an IPv4 address that came through an IPv6 socket is an IPv4 address.
pub(crate) fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// What counts as one sender. Whoever has one IPv6 address has the whole /64, and would be a new sender each time.
pub(crate) fn block(address: IpAddr) -> IpAddr {
    match canonical(address) {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = u128::from(address) & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

/// The block as bytes, to be hashed: 16 of them, or 4.
pub(crate) fn with_block_bytes<T>(address: Option<IpAddr>, use_bytes: impl FnOnce(&[u8]) -> T) -> T {
    match address.map(block) {
        Some(IpAddr::V4(address)) => use_bytes(&address.octets()),
        Some(IpAddr::V6(address)) => use_bytes(&address.octets()),
        None => use_bytes(&[]),
    }
}

/// Networks that callers may come from.
#[derive(Clone, Debug)]
pub(crate) struct Allowed(Vec<IpNet>);

impl Allowed {
    pub(crate) fn new(networks: &[IpNet]) -> Self {
        Self(networks.iter().copied().map(canonical_network).collect())
    }

    /// True if the address is in one of the networks, or if there are none. An unknown address is in no network.
    pub(crate) fn allows(&self, address: Option<IpAddr>) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let Some(address) = address.map(canonical) else { return false };
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// `::ffff:10.0.0.0/104` means `10.0.0.0/8`, and would never match a canonical address otherwise.
fn canonical_network(network: IpNet) -> IpNet {
    let IpNet::V6(six) = network else { return network };
    let mapped = six.addr().to_ipv4_mapped().zip(six.prefix_len().checked_sub(96));
    let four = mapped.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
    four.map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn allows_only_addresses_of_the_listed_networks() {
        let cases = [
            (vec![], Some("1.2.3.4"), true),
            (vec![], None, true),
            (vec!["10.0.0.0/8"], Some("10.9.8.7"), true),
            (vec!["10.0.0.0/8"], Some("::ffff:10.9.8.7"), true),
            (vec!["10.0.0.0/8"], Some("11.0.0.1"), false),
            (vec!["10.0.0.0/8"], Some("::ffff:11.0.0.1"), false),
            (vec!["10.0.0.0/8"], None, false),
            (vec!["::ffff:10.0.0.0/104"], Some("10.9.8.7"), true),
            (vec!["::ffff:10.0.0.0/104"], Some("11.9.8.7"), false),
            (vec!["::/0"], Some("10.9.8.7"), false),
            (vec!["10.0.0.0/8", "2001:db8::/32"], Some("2001:db8:1::1"), true),
            (vec!["10.0.0.0/8", "2001:db8::/32"], Some("2001:db9::1"), false),
        ];
        for (networks, address, expected) in cases {
            let parsed: Vec<IpNet> = networks.iter().map(|one| one.parse().unwrap()).collect();
            let got = Allowed::new(&parsed).allows(address.map(ip));
            assert_eq!(got, expected, "{networks:?} {address:?}");
        }
    }

    #[test]
    fn one_ipv6_network_of_64_bits_is_one_sender() {
        assert_eq!(block(ip("2001:db8:1:2:3:4:5:6")), block(ip("2001:db8:1:2::9")));
        assert_ne!(block(ip("2001:db8:1:2::1")), block(ip("2001:db8:1:3::1")));
        assert_eq!(block(ip("::ffff:1.2.3.4")), ip("1.2.3.4"));
        assert_ne!(block(ip("1.2.3.4")), block(ip("1.2.3.5")));
    }
}
