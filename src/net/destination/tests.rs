use super::*;
use crate::config::{self, Around, Config, Files, Proxy, Text};
use proptest::prelude::*;

/// A gate that listens on 10.0.0.2, whose machine also has 203.0.112.9.
fn config(proxy: Proxy) -> Config {
    let text = |text: &str| Text { path: "schoolgate.toml".into(), text: text.into() };
    let files = Files {
        main: text(
            "[dns]\nlisten = [\"10.0.0.2:53\"]\n[web]\nlisten = []\n[[network]]\nname = \"all\"\nranges = [\"10.0.0.0/8\"]\n",
        ),
        parts: Vec::new(),
        profiles: text(include_str!("../../../config/profiles.toml")),
        categories: text(""),
        term_dates: text(""),
        matters: text(""),
        sources: Text { path: "sources.toml".into(), text: String::new() },
        entries: None,
        around: Around { host_name: "gate".into(), shipped: "blocklists".into(), now_ms: None },
    };
    Config { proxy, ..config::read(&files).unwrap_or_else(|faults| panic!("{faults}")) }
}

fn shut() -> Proxy {
    Proxy {
        transparent_listen: vec![],
        listen: vec!["10.0.0.2:3128".parse().expect("an address")],
        tls_listen: Vec::new(),
        parent: None,
        ports: Vec::new(),
        destinations: Vec::new(),
        internal_networks: Vec::new(),
        internal_zones: Vec::new(),
        direct: Vec::new(),
        kerberos: None,
    }
}

fn judged(ip: &str, host: &str, proxy: Proxy) -> Option<Why> {
    let own = OwnAddresses::fixed(["203.0.112.9".parse().expect("an address")]);
    let addr = SocketAddr::new(ip.parse().expect("an address"), 443);
    refused(addr, &Host::parse(host).expect("a host"), Port::Open, &Rules { config: &config(proxy), own: &own })
}

#[test]
fn only_public_unicast_addresses_are_dialled() {
    use Why::*;
    for (ip, expected) in [
        ("93.184.216.34", None),
        ("1.1.1.1", None),
        ("100.63.255.255", None),
        ("100.128.0.1", None),
        ("172.15.0.1", None),
        ("172.32.0.1", None),
        ("2606:4700:4700::1111", None),
        ("2a00:1450:4009::200e", None),
        ("127.0.0.1", Some(Loopback)),
        ("127.255.0.9", Some(Loopback)),
        ("::1", Some(Loopback)),
        ("10.1.2.3", Some(Private)),
        ("172.16.0.1", Some(Private)),
        ("172.31.255.255", Some(Private)),
        ("192.168.1.1", Some(Private)),
        ("fd00::1", Some(Private)),
        ("fc00::1", Some(Private)),
        ("fec0::1", Some(Private)),
        ("169.254.169.254", Some(LinkLocal)),
        ("fe80::1", Some(LinkLocal)),
        ("224.0.0.251", Some(Multicast)),
        ("ff02::fb", Some(Multicast)),
        ("255.255.255.255", Some(Broadcast)),
        ("0.0.0.0", Some(Unspecified)),
        ("0.1.2.3", Some(Unspecified)),
        ("::", Some(Unspecified)),
        ("100.64.0.1", Some(Shared)),
        ("100.127.255.255", Some(Shared)),
        ("192.0.0.8", Some(Reserved)),
        ("192.0.2.1", Some(Reserved)),
        ("198.51.100.1", Some(Reserved)),
        ("203.0.113.1", Some(Reserved)),
        ("198.19.0.1", Some(Reserved)),
        ("240.0.0.1", Some(Reserved)),
        ("2001:db8::1", Some(Reserved)),
        ("3fff::1", Some(Reserved)),
        ("2001:10::1", Some(Reserved)),
        ("100::1", Some(Reserved)),
        ("5f00::1", Some(Reserved)),
        ("4000::1", Some(Reserved)),
        ("192.88.99.1", Some(Hidden)),
        ("2002:7f00:1::", Some(Hidden)),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Some(Hidden)),
        ("64:ff9b:1::7f00:1", Some(Hidden)),
        ("64:ff9b:1:7f00:0:100::", Some(Hidden)),
    ] {
        assert_eq!(judged(ip, "www.example.com", shut()), expected, "{ip}");
    }
}

#[test]
fn an_ipv4_address_in_ipv6_clothes_is_judged_as_itself() {
    use Why::*;
    for (ip, expected) in [
        ("::ffff:127.0.0.1", Some(Loopback)),
        ("::ffff:10.0.0.9", Some(Private)),
        ("::ffff:93.184.216.34", None),
        ("::127.0.0.1", Some(Loopback)),
        ("::ffff:0:169.254.169.254", Some(LinkLocal)),
        ("64:ff9b::127.0.0.1", Some(Loopback)),
        ("64:ff9b::10.0.0.9", Some(Private)),
        ("64:ff9b::93.184.216.34", None),
    ] {
        assert_eq!(judged(ip, "www.example.com", shut()), expected, "{ip}");
    }
}

#[test]
fn the_gateway_is_never_reached_through_itself() {
    let open = || Proxy { internal_networks: vec!["10.0.0.0/8".parse().expect("a network")], ..shut() };
    for ip in ["10.0.0.2", "::ffff:10.0.0.2", "203.0.112.9"] {
        assert_eq!(judged(ip, "www.example.com", open()), Some(Why::Own), "{ip}");
    }
}

#[test]
fn the_schools_own_networks_and_zones_open_private_addresses_only() {
    let open = || Proxy {
        internal_networks: vec!["10.20.0.0/16".parse().expect("a network"), "127.0.0.0/8".parse().expect("a network")],
        internal_zones: vec![Host::parse("hill.internal").expect("a host")],
        ..shut()
    };
    for (ip, host, expected) in [
        ("10.20.0.5", "www.example.com", None),
        ("10.21.0.5", "www.example.com", Some(Why::Private)),
        ("10.21.0.5", "library.hill.internal", None),
        ("100.64.0.1", "hill.internal", None),
        ("10.21.0.5", "nothill.internal", Some(Why::Private)),
        ("127.0.0.1", "library.hill.internal", Some(Why::Loopback)),
        ("127.0.0.1", "www.example.com", Some(Why::Loopback)),
        ("169.254.169.254", "library.hill.internal", Some(Why::LinkLocal)),
    ] {
        assert_eq!(judged(ip, host, open()), expected, "{host} at {ip}");
    }
}

#[test]
fn a_named_translator_is_dialled_for_what_it_leads_to() {
    let open = || Proxy { internal_networks: vec!["64:ff9b:1::/96".parse().expect("a network")], ..shut() };
    for (ip, expected) in [
        ("64:ff9b:1::93.184.216.34", None),
        ("64:ff9b:1::127.0.0.1", Some(Why::Loopback)),
        ("64:ff9b:1::10.0.0.2", Some(Why::Own)),
        ("64:ff9b:1:1::93.184.216.34", Some(Why::Hidden)),
    ] {
        assert_eq!(judged(ip, "www.example.com", open()), expected, "{ip}");
    }
}

#[test]
fn an_exact_destination_is_dialled_and_its_neighbours_are_not() {
    let proxy = Proxy { destinations: vec!["127.0.0.1:8443".parse().expect("an address")], ..shut() };
    let (config, own) = (config(proxy), OwnAddresses::fixed(["127.0.0.1".parse().expect("an address")]));
    let rules = Rules { config: &config, own: &own };
    let host = Host::parse("origin.example").expect("a host");
    for (addr, port, expected) in [
        ("127.0.0.1:8443", Port::Listed, None),
        ("[::ffff:127.0.0.1]:8443", Port::Listed, None),
        ("127.0.0.1:8444", Port::Open, Some(Why::Own)),
        ("127.0.0.2:8443", Port::Open, Some(Why::Loopback)),
        // The port of a destination is open for that destination alone.
        ("93.184.216.34:8443", Port::Listed, Some(Why::Port)),
    ] {
        assert_eq!(refused(addr.parse().expect("an address"), &host, port, &rules), expected, "{addr}");
    }
    assert_eq!(rules.port(443, &[443]), Port::Open);
    assert_eq!(rules.port(8443, &[443]), Port::Listed);
    assert_eq!(rules.port(25, &[443]), Port::Shut);
}

proptest! {
    /// Whatever is dialled over IPv6 is global unicast, or stands for an IPv4 address that is dialled itself.
    #[test]
    fn nothing_outside_global_unicast_is_dialled(bits: u128) {
        let ip = Ipv6Addr::from_bits(bits);
        if kind(ip.into()).is_none() {
            prop_assert!(bits >> 125 == 1 || embedded(ip).is_some_and(|v4| kind_of_v4(v4).is_none()));
        }
    }
}
