//! Names that are not asked of everyone's upstreams: forwarded zones, records of the school's own, reverse zones; and addresses
//! inside from outside.

use super::*;
use crate::config::{Data, Forward, Record};
use std::sync::Mutex;

/// Says one address for everything, and writes down what it was asked.
struct Named {
    stub: Stub,
    asked: Arc<Mutex<Vec<String>>>,
}

fn named(address: [u8; 4]) -> Named {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = asked.clone();
    let stub = Stub::start(move |query, _| {
        heard.lock().expect("a lock").push(query.name.to_string());
        Some(rows(query, &[(0, ASKED, rr::A, 300, &address), (0, ASKED, rr::SRV, 300, b"\0\0\0\x64\x01\x85\x03dc1\x00")]))
    });
    Named { stub, asked }
}

impl Named {
    fn upstream(&self) -> Written {
        self.stub.address.into()
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().expect("a lock"))
    }
}

fn resolver(plan: Plan) -> Resolver {
    Resolver::planned(plan, Arc::default())
}

fn record(name: &str, data: Data) -> Record {
    Record { name: host(name), data, ttl: 300 }
}

async fn parsed(resolver: &Resolver, name: &str, kind: u16) -> hickory_proto::op::Message {
    let query = asked(name, kind, false);
    let mut out = Vec::new();
    resolver.answer(&query).await.expect("an answer").write(&query, 1232, Instant::now(), u32::MAX, true, &mut out);
    hickory_proto::op::Message::from_vec(&out).expect("a message")
}

#[tokio::test]
async fn the_longest_zone_that_holds_a_name_says_whom_to_ask() {
    let (all, school, labs) = (named([192, 0, 2, 1]), named([192, 0, 2, 2]), named([192, 0, 2, 3]));
    let forward =
        |zones: &[&str], to: &Named| Forward { zones: zones.iter().map(|z| host(z)).collect(), upstreams: vec![to.upstream()] };
    let resolver = resolver(Plan {
        upstreams: vec![all.upstream()],
        forwards: vec![forward(&["school.example", "10.in-addr.arpa"], &school), forward(&["labs.school.example"], &labs)],
        ..Plan::default()
    });
    for (name, kind, who) in [
        ("www.example", rr::A, &all),
        ("notschool.example", rr::A, &all),
        ("school.example", rr::A, &school),
        ("WWW.School.Example", rr::A, &school),
        ("_ldap._tcp.dc._msdcs.school.example", rr::SRV, &school),
        ("school.example", rr::SOA, &school),
        ("7.0.20.10.in-addr.arpa", rr::PTR, &school),
        ("labs.school.example", rr::A, &labs),
        ("pc7.labs.school.example", rr::A, &labs),
    ] {
        resolver.answer(&asked(name, kind, false)).await.expect("an answer");
        for server in [&all, &school, &labs] {
            let asked = server.asked();
            assert_eq!(asked.is_empty(), !std::ptr::eq(server, who), "{name}: {asked:?}");
        }
    }
    let srv = parsed(&resolver, "_ldap._tcp.dc._msdcs.school.example", rr::SRV).await;
    assert_eq!(srv.answers[0].data.to_string(), "0 100 389 dc1.");
}

#[tokio::test]
async fn a_school_s_zone_whose_server_is_off_is_asked_of_nobody_else() {
    let (all, (_held, dead)) = (named([192, 0, 2, 1]), silent());
    let forwards = vec![Forward { zones: vec![host("school.example")], upstreams: vec![dead.into()] }];
    let resolver = resolver(Plan { upstreams: vec![all.upstream()], forwards, ..Plan::default() });
    assert_eq!(resolver.answer(&asked("a.school.example", rr::A, false)).await.err(), Some(ResolveFault::Unanswered));
    assert!(all.asked().is_empty());
}

#[tokio::test]
async fn reverse_zones_of_private_addresses_are_asked_of_nobody() {
    let all = named([192, 0, 2, 1]);
    let resolver = resolver(Plan { upstreams: vec![all.upstream()], ..Plan::default() });
    for (name, here) in [
        ("7.0.20.10.in-addr.arpa", true),
        ("1.1.16.172.IN-ADDR.arpa", true),
        ("1.1.31.172.in-addr.arpa", true),
        ("1.1.32.172.in-addr.arpa", false),
        ("1.1.168.192.in-addr.arpa", true),
        ("1.0.0.127.in-addr.arpa", true),
        ("1.1.254.169.in-addr.arpa", true),
        ("1.1.64.100.in-addr.arpa", true),
        ("8.8.8.8.in-addr.arpa", false),
        ("7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", true),
        ("0.e.f.ip6.arpa", false),
        ("110.in-addr.arpa", false),
    ] {
        assert_eq!(resolver.cached(&asked(name, rr::PTR, false)).is_some(), here, "{name}: without waiting");
        let said = parsed(&resolver, name, rr::PTR).await;
        assert_eq!(said.metadata.response_code == hickory_proto::op::ResponseCode::NXDomain, here, "{name}");
        assert_eq!(all.asked().is_empty(), here, "{name}");
    }
}

#[tokio::test]
async fn records_of_the_school_s_own_are_answered_here() {
    let all = named([192, 0, 2, 9]);
    let srv = Data::Srv { priority: 0, weight: 100, port: 389, target: host("dc1.school.example") };
    let records = vec![
        record("printer.school.example", Data::A([10, 20, 0, 7].into())),
        record("printer.school.example", Data::A([10, 20, 0, 8].into())),
        record("printer.school.example", Data::Txt("second floor".into())),
        record("7.0.20.10.in-addr.arpa", Data::Ptr(host("printer.school.example"))),
        record("_ldap._tcp.school.example", srv),
        record("print.school.example", Data::Cname(host("printer.school.example"))),
        record("site.school.example", Data::Cname(host("host.example"))),
        record("loop.school.example", Data::Cname(host("loop.school.example"))),
    ];
    let resolver = resolver(Plan { upstreams: vec![all.upstream()], records, ..Plan::default() });
    let none: [&str; 0] = [];
    for (name, kind, said, asked) in [
        ("Printer.school.example", rr::A, vec!["10.20.0.7", "10.20.0.8"], &none[..]),
        ("printer.school.example", rr::TXT, vec!["second floor"], &none),
        ("printer.school.example", rr::AAAA, vec![], &none),
        ("7.0.20.10.in-addr.arpa", rr::PTR, vec!["printer.school.example."], &none),
        ("_ldap._tcp.school.example", rr::SRV, vec!["0 100 389 dc1.school.example."], &none),
        ("print.school.example", rr::A, vec!["printer.school.example.", "10.20.0.7", "10.20.0.8"], &none),
        ("print.school.example", rr::CNAME, vec!["printer.school.example."], &none),
        ("site.school.example", rr::A, vec!["host.example.", "192.0.2.9"], &["host.example"]),
        ("other.school.example", rr::A, vec!["192.0.2.9"], &["other.school.example"]),
    ] {
        let answer = parsed(&resolver, name, kind).await;
        let data: Vec<_> = answer.answers.iter().map(|r| r.data.to_string().replace('"', "")).collect();
        assert_eq!(
            (data, all.asked()),
            (said.iter().map(ToString::to_string).collect(), asked.iter().map(ToString::to_string).collect()),
            "{name} {kind}"
        );
        assert_eq!(answer.metadata.response_code, hickory_proto::op::ResponseCode::NoError, "{name}");
        assert_eq!(answer.authorities.len(), usize::from(said.is_empty()), "{name}: nothing of a type has an SOA");
    }
    // What stands behind is judged by the door.
    let query = asked("site.school.example", rr::A, false);
    assert_eq!(resolver.answer(&query).await.expect("an answer").names(), [host("host.example")]);
    assert!(resolver.answer(&asked("loop.school.example", rr::A, false)).await.is_ok(), "it ends");
}

/// Asks a resolver that counts as outside: here is where it is found, not who it is.
fn outside(named: &Named) -> Written {
    let bootstrap = Stub::with_address([127, 0, 0, 1], 300);
    let upstream = Written { protocol: crate::config::Protocol::Tcp, host: host("dns.test"), ..named.upstream() };
    let upstream = Written { bootstrap: Arc::from([bootstrap.address]), ..upstream };
    std::mem::forget(bootstrap);
    upstream
}

#[tokio::test]
async fn an_address_inside_from_a_resolver_outside_is_refused() {
    for (address, refused) in [
        ([10, 0, 0, 1], true),
        ([192, 168, 1, 1], true),
        ([127, 0, 0, 1], true),
        ([169, 254, 169, 254], true),
        ([0, 0, 0, 0], true),
        ([192, 0, 2, 1], false),
        ([8, 8, 8, 8], false),
    ] {
        let public = named(address);
        let plan = Plan {
            upstreams: vec![outside(&public)],
            private_allowed: vec![host("plex.direct")],
            forwards: vec![Forward { zones: vec![host("school.example")], upstreams: vec![outside(&public)] }],
            ..Plan::default()
        };
        let resolver = resolver(plan);
        for (name, may) in [("a.test", false), ("a.plex.direct", true), ("plex.direct", true), ("www.school.example", true)] {
            let said = parsed(&resolver, name, rr::A).await;
            assert_eq!(said.answers.is_empty(), refused && !may, "{name} {address:?}");
            assert_eq!(said.metadata.response_code, hickory_proto::op::ResponseCode::NoError, "the name exists");
            let told = said.edns.as_ref().is_some_and(|e| e.options().as_ref().iter().any(|(code, _)| u16::from(*code) == 15));
            assert_eq!(told, refused && !may, "{name}: an extended error");
        }
        // A resolver of the school's own may say what it likes.
        let own = Resolver::new(&[public.stub.address]);
        assert_eq!(own.addresses(&host("a.test")).await, Ok(vec![address.into()]));
    }
}
