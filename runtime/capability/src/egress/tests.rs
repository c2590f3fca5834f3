//! Which addresses are reached, and which are not: cases.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Answers one list after the other, and the last one for good.
struct Lists(Vec<Vec<&'static str>>, AtomicUsize);

impl Resolve for Lists {
    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let at = self.1.fetch_add(1, Ordering::SeqCst).min(self.0.len() - 1);
        let found = self.0[at].iter().map(|text| text.parse().unwrap()).collect();
        Box::pin(async move { Ok(found) })
    }
}

fn answering(lists: Vec<Vec<&'static str>>) -> Arc<Lists> {
    Arc::new(Lists(lists, AtomicUsize::new(0)))
}

#[test]
fn addresses_are_judged_by_what_they_are_and_by_what_they_carry() {
    for (address, scope) in [
        ("93.184.216.34", Scope::Public),
        ("2606:2800:220:1::1", Scope::Public),
        ("127.0.0.1", Scope::Loopback),
        ("127.255.0.9", Scope::Loopback),
        ("::1", Scope::Loopback),
        ("::ffff:127.0.0.1", Scope::Loopback),
        ("::127.0.0.1", Scope::Loopback),
        ("::ffff:0:127.0.0.1", Scope::Loopback),
        ("64:ff9b::7f00:1", Scope::Loopback),
        ("2002:7f00:1::", Scope::Loopback),
        ("2606::5efe:7f00:1", Scope::Loopback),
        ("169.254.1.1", Scope::LinkLocal),
        ("fe80::1", Scope::LinkLocal),
        ("169.254.169.254", Scope::Metadata),
        ("::ffff:169.254.169.254", Scope::Metadata),
        ("64:ff9b::a9fe:a9fe", Scope::Metadata),
        ("2002:a9fe:a9fe::1", Scope::Metadata),
        ("fd00:ec2::254", Scope::Metadata),
        ("10.1.2.3", Scope::Private),
        ("172.31.255.255", Scope::Private),
        ("172.32.0.0", Scope::Public),
        ("192.168.0.1", Scope::Private),
        ("::ffff:10.0.0.1", Scope::Private),
        ("fd12::1", Scope::Private),
        ("fec0::1", Scope::Private),
        ("64:ff9b:1::a00:1", Scope::Private),
        ("100.64.0.1", Scope::Shared),
        ("100.128.0.1", Scope::Public),
        ("0.0.0.0", Scope::Special),
        ("0.1.2.3", Scope::Special),
        ("::", Scope::Special),
        ("255.255.255.255", Scope::Special),
        ("224.0.0.1", Scope::Special),
        ("ff02::1", Scope::Special),
        ("192.0.2.1", Scope::Special),
        ("198.51.100.1", Scope::Special),
        ("203.0.113.1", Scope::Special),
        ("198.19.0.1", Scope::Special),
        ("240.0.0.1", Scope::Special),
        ("2001:db8::1", Scope::Special),
        ("3fff:fff::1", Scope::Special),
        ("2001::1", Scope::Special),
        ("100::1", Scope::Special),
    ] {
        assert_eq!(Scope::of(address.parse().unwrap()), scope, "{address}");
    }
}

#[tokio::test]
async fn a_name_is_refused_if_one_of_its_addresses_is() {
    let egress = Egress::new(Vec::new()).resolver(answering(vec![vec!["93.184.216.34", "10.0.0.1"]]));
    assert!(matches!(
        egress.resolve("mixed.example", 80).await,
        Err(Blocked::Refused { scope: Scope::Private, .. })
    ));
}

#[tokio::test]
async fn a_name_that_is_rebound_is_judged_by_the_answer_that_is_used() {
    let egress = Egress::new(Vec::new()).resolver(answering(vec![vec!["93.184.216.34"], vec!["127.0.0.1"]]));
    let first = egress.resolve("rebound.example", 80).await.unwrap();
    assert_eq!(first, ["93.184.216.34:80".parse().unwrap()]);
    assert!(egress.resolve("rebound.example", 80).await.is_err());
}

#[tokio::test]
async fn networks_allow_what_they_hold_and_never_metadata_by_the_way() {
    for (networks, address, passes) in [
        (vec!["10.0.0.0/8"], "10.9.9.9", true),
        (vec!["10.0.0.0/8"], "::ffff:10.9.9.9", true),
        (vec!["10.0.0.0/8"], "192.168.0.1", false),
        (vec!["private"], "192.168.0.1", true),
        (vec!["private"], "fd12::1", true),
        (vec!["private"], "127.0.0.1", false),
        (vec!["loopback"], "::1", true),
        (vec!["link-local"], "169.254.1.1", true),
        (vec!["link-local"], "169.254.169.254", false),
        (vec!["private"], "fd00:ec2::254", false),
        (vec!["0.0.0.0/0"], "169.254.169.254", false),
        (vec!["169.254.169.254"], "169.254.169.254", true),
        (vec!["shared"], "100.64.0.1", true),
    ] {
        let parsed = networks.iter().map(|text| text.parse().unwrap()).collect();
        let egress = Egress::new(parsed).resolver(answering(vec![vec![address]]));
        assert_eq!(egress.resolve("a.example", 1).await.is_ok(), passes, "{networks:?} {address}");
    }
    assert!("privat".parse::<Network>().is_err());
}

#[tokio::test]
async fn what_the_operator_wrote_is_trusted_if_it_is_an_address_or_localhost() {
    for (own, host, address, passes) in [
        ("10.0.0.1", "10.0.0.1", "10.0.0.1", true),
        ("10.0.0.1", "10.0.0.2", "10.0.0.2", false),
        ("[::1]", "[::1]", "::1", true),
        ("localhost", "LOCALHOST.", "127.0.0.1", true),
        ("localhost", "localhost", "10.0.0.1", false),
        ("intern.example", "intern.example", "10.0.0.1", false),
        ("other.example", "localhost", "127.0.0.1", false),
    ] {
        let egress = Egress::new(Vec::new()).trusting(own, 1).resolver(answering(vec![vec![address]]));
        assert_eq!(egress.resolve(host, 1).await.is_ok(), passes, "{own} {host} {address}");
        assert!(egress.resolve(host, 2).await.is_err(), "another port: {host}");
    }
}

#[tokio::test]
async fn forms_that_different_readers_take_for_different_addresses_are_refused() {
    let egress = Egress::new(Vec::new()).resolver(answering(vec![vec!["93.184.216.34"]]));
    for host in [
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "0177.0.0.1",
        "127.0.0.1.1",
        "1.2.3.0x4",
        "",
        ".",
        "a b",
        "a@b",
        "a\\b",
        "a/b",
        "a\r\nb",
        "exämple.org",
        "１２７.0.0.1",
        "a.example:80",
        "[::1",
    ] {
        assert!(matches!(egress.resolve(host, 80).await, Err(Blocked::Malformed)), "{host}");
    }
    assert!(egress.resolve("a-b_c.example", 80).await.is_ok());
}

#[tokio::test]
async fn a_guest_reads_the_remedy_and_never_the_address() {
    let egress = Egress::new(Vec::new()).resolver(answering(vec![vec!["10.1.2.3"]]));
    let error = Error::from(egress.resolve("a.example", 80).await.unwrap_err());
    assert_eq!((error.kind, error.fault), (ErrorKind::AccessDenied, Fault::Host));
    assert!(error.message.contains("networks: [private]"), "{error}");
    assert!(!error.message.contains("10.1.2.3") && error.detail.unwrap().contains("10.1.2.3"));
}
