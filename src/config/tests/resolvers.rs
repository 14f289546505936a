//! Whom the resolver asks, as written.

use super::*;
use crate::words::Name;

fn dns(written: &str) -> Dns {
    understood(&files_with(format!("[dns]\n{written}\n{MAIN}"))).dns
}

#[test]
fn a_resolver_is_written_by_protocol_address_and_name() {
    for (written, protocol, shown, certificate) in [
        ("9.9.9.9", Protocol::Udp, "9.9.9.9:53", "9.9.9.9"),
        ("udp://[2620:fe::fe]:5353", Protocol::Udp, "[2620:fe::fe]:5353", "2620:fe::fe"),
        ("tcp://9.9.9.9", Protocol::Tcp, "tcp://9.9.9.9:53", "9.9.9.9"),
        ("tls://9.9.9.9", Protocol::Tls, "tls://9.9.9.9:853", "9.9.9.9"),
        ("tls://9.9.9.9:8853#dns.quad9.net", Protocol::Tls, "tls://9.9.9.9:8853#dns.quad9.net", "dns.quad9.net"),
        ("tls://[2620:fe::fe]", Protocol::Tls, "tls://[2620:fe::fe]:853", "2620:fe::fe"),
        ("tls://dns.quad9.net", Protocol::Tls, "tls://dns.quad9.net:853", "dns.quad9.net"),
        ("https://dns.quad9.net/dns-query", Protocol::Https, "https://dns.quad9.net:443/dns-query", "dns.quad9.net"),
        ("https://9.9.9.9", Protocol::Https, "https://9.9.9.9:443/dns-query", "9.9.9.9"),
        ("https://9.9.9.9/a/b#dns.quad9.net", Protocol::Https, "https://9.9.9.9:443/a/b#dns.quad9.net", "dns.quad9.net"),
    ] {
        let dns = dns(&format!("bootstrap = \"192.0.2.1\"\nupstreams = \"{written}\""));
        let upstream = &dns.upstreams[0];
        assert_eq!((upstream.protocol, upstream.to_string().as_str()), (protocol, shown), "{written}");
        assert_eq!(upstream.certificate.as_str(), certificate, "{written}");
        assert_eq!(upstream.bootstrap.is_empty(), upstream.address().is_some(), "{written}");
        // What is shown can be written again.
        let again = self::dns(&format!("bootstrap = \"192.0.2.1\"\nupstreams = \"{upstream}\""));
        assert_eq!(again.upstreams[0], *upstream, "{written}");
    }
}

#[test]
fn what_more_there_is_to_say_of_a_resolver_stands_in_braces() {
    let dns =
        dns("upstreams = [\"9.9.9.9\", { at = \"tcp://192.0.2.1\", dnssec = true }, { at = \"192.0.2.2\", trusted_ad = true }]");
    let said: Vec<_> = dns.upstreams.iter().map(|u| (u.to_string(), u.dnssec, u.trusted_ad)).collect();
    assert_eq!(
        said,
        [("9.9.9.9:53".into(), false, false), ("tcp://192.0.2.1:53".into(), true, false), ("192.0.2.2:53".into(), false, true)]
    );
}

#[test]
fn what_the_proxy_may_reach_inside_may_have_an_address_there() {
    let written = "private_allowed = \"plex.direct\"\n[proxy]\ninternal = [\"school.example\", \"10.0.0.0/8\"]";
    let zones: Vec<_> = dns(written).private_allowed.iter().map(ToString::to_string).collect();
    assert_eq!(zones, ["plex.direct", "school.example"]);
}

#[test]
fn forwarded_zones_and_records_are_as_written() {
    let dns = dns(
        "[[dns.forward]]\nzones = [\"School.Example\", \"10.in-addr.arpa\"]\nupstreams = [\"10.0.0.1\", \"10.0.0.2\"]\n\
                   [[dns.record]]\nname = \"10.20.0.7\"\ntype = \"PTR\"\nvalue = \"printer.school.example\"\n\
                   [[dns.record]]\nname = \"fd00::7\"\ntype = \"PTR\"\nvalue = \"printer.school.example\"\n\
                   [[dns.record]]\nname = \"_ldap._tcp.school.example\"\ntype = \"SRV\"\nvalue = \"0 100 389 dc1.school.example\"\nttl = 60\n",
    );
    assert_eq!(dns.forwards[0].zones.iter().map(Host::as_str).collect::<Vec<_>>(), ["school.example", "10.in-addr.arpa"]);
    assert_eq!(dns.forwards[0].upstreams.len(), 2);
    assert_eq!(dns.records[0].name.as_str(), "7.0.20.10.in-addr.arpa");
    assert_eq!(dns.records[0].ttl, 300);
    let v6 = "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa";
    assert_eq!(dns.records[1].name.as_str(), v6);
    let Data::Srv { priority, weight, port, target } = &dns.records[2].data else { panic!("an SRV record") };
    assert_eq!((*priority, *weight, *port, target.as_str(), dns.records[2].ttl), (0, 100, 389, "dc1.school.example", 60));
    assert_eq!(dns.records[2].owner(), Name::from(&Host::parse("_ldap._tcp.school.example").expect("a host")));
}
