//! The door with a real gate behind it: a configuration as written, compiled lists, a journal, a stub for an upstream.

mod http_client;
mod streams;
mod update;

use super::front::Front;
use super::*;
use crate::config::{self, Around, Files, Text};
use crate::gate::{Clock, Gate, Snapshot};
use crate::journal::read::{Filter, Week, weeks};
use crate::journal::{Event, Journal, Settings};
use crate::lists::{Canaries, Format, Known, ListText, Locked, Origin, Platforms, Reach, Table, compile_texts};
use crate::net::batch::BATCH;
use crate::net::drain::drain;
use crate::people::Register;
use crate::policy::{Action, Step};
use crate::resolve::Resolver;
use crate::resolve::shares::MAX_OPEN;
use crate::resolve::stub::{Stub, rows, with_code};
use crate::wire::message::tests::{ASKED, soa};
use crate::wire::question::tests::query;
use crate::wire::{Query, rr};
use crate::words::{Category, ClientAddr};
use hickory_proto::op::{Message as Parsed, ResponseCode};
use hickory_proto::rr::RData;
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use proptest::prelude::*;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;

const A: [u8; 4] = [192, 0, 2, 1];
/// A record for itself with HTTP/2 and HTTP/3, a hint to [`A`] and `ech`.
const ECH: &[u8] = b"\x00\x01\x00\x00\x01\x00\x06\x02h2\x02h3\x00\x04\x00\x04\xc0\x00\x02\x01\x00\x05\x00\x03key";
const SAFE: [u8; 4] = [192, 0, 2, 120];
const PUPIL: [u8; 4] = [127, 0, 0, 1];
const WATCHED: [u8; 4] = [127, 9, 0, 1];
const STRANGER: [u8; 4] = [192, 0, 2, 200];
const LOCAL: [u8; 4] = [10, 20, 0, 1];

const LISTS: &[(&str, &str)] = &[
    ("gambling", "bet.test\n"),
    ("malware", "phish.test\n"),
    ("help", "helpline.test\n"),
    ("illegal-csam", "illegal.test\n"),
    ("bypass", "mask.icloud.com\n"),
];

struct School {
    door: Arc<Door>,
    folder: tempfile::TempDir,
    stub: Stub,
}

fn text(path: &str, text: &str) -> Text {
    Text { path: path.into(), text: text.into() }
}

fn configured(dns: &str) -> config::Config {
    let school = if dns.contains("[school]") { "" } else { "[school]\nname = \"Test School\"\n" };
    let main = format!(
        "{school}[dns]\n{dns}\n[web]\nlisten = [\"10.20.0.1:80\", \"[2001:db8::1]:80\"]\n\
         [[network]]\nname = \"here\"\nranges = [\"127.0.0.0/16\", \"::1\"]\n\
         [[network]]\nname = \"watched\"\nranges = [\"127.9.0.0/16\"]\nmode = \"watch\"\n"
    );
    let files = Files {
        main: text("schoolgate.toml", &main),
        parts: Vec::new(),
        profiles: text("profiles.toml", include_str!("../../config/profiles.toml")),
        categories: text("categories.toml", include_str!("../../config/categories.toml")),
        term_dates: text("term-dates.toml", ""),
        sources: Text { path: "sources.toml".into(), text: String::new() },
        entries: None,
        around: Around { host_name: "gate".into(), shipped: "blocklists".into(), now_ms: None },
    };
    config::read(&files).unwrap_or_else(|faults| panic!("{faults}"))
}

fn compiled() -> Table {
    let texts = LISTS.iter().map(|(id, lines)| ListText {
        name: id,
        category: Category::fixed(id).expect("a category"),
        format: Format::Domains,
        origin: Origin::Shipped,
        reach: Reach::Below,
        text: lines.as_bytes(),
    });
    let texts: Vec<_> = texts.collect();
    let known = Known {
        platforms: Platforms::read(&mut &b""[..]).expect("no platforms"),
        canaries: Canaries::read(&mut &b""[..]).expect("no canaries"),
    };
    let bytes = compile_texts(&texts, &known).expect("a table").bytes;
    Table::open(Box::new(bytes)).expect("a table")
}

/// What the internet says.
fn internet(query: &Query, tcp: bool) -> Option<Vec<u8>> {
    let cname = |target: &[u8]| rows(query, &[(0, ASKED, rr::CNAME, 300, target), (0, target, rr::A, 300, &A)]);
    Some(match &query.name.to_string()[..] {
        "shop.test" => cname(b"\x03www\x03bet\x04test\x00"),
        "www.helpline.test" => cname(b"\x05phish\x04test\x00"),
        "forcesafesearch.google.com" | "restrict.youtube.com" | "strict.bing.com" => match query.kind {
            rr::AAAA => rows(query, &[(1, ASKED, rr::SOA, 60, &soa(60))]),
            _ => rows(query, &[(0, ASKED, rr::A, 300, &SAFE)]),
        },
        "safe.duckduckgo.com" => cname(b"\x03www\x03bet\x04test\x00"),
        "safesearch.pixabay.com" => return None,
        "ech.test" => rows(query, &[(0, ASKED, rr::HTTPS, 300, ECH)]),
        "missing.test" => with_code(query, 3, &[(1, ASKED, rr::SOA, 60, &soa(60))]),
        name if name.starts_with("silent") => return None,
        "big.test" if !tcp => {
            with_code(query, 0, &[]).into_iter().enumerate().map(|(i, o)| if i == 2 { o | 2 } else { o }).collect()
        }
        "big.test" => rows(query, &[(0, ASKED, rr::A, 300, &A[..]); 100]),
        _ => rows(query, &[(0, ASKED, rr::A, 300, &A)]),
    })
}

fn school(dns: &str) -> School {
    let stub = Stub::start(internet);
    let folder = tempfile::tempdir().expect("a folder");
    let config = configured(dns);
    let settings = Settings::new(folder.path().join("journal"), folder.path().join("run"), config.school.zone.clone());
    let journal = Journal::start(settings).expect("a journal");
    let table = Arc::new(compiled());
    let names = Snapshot::names(&config, &table, &Locked::default());
    let version = journal.version_of(&names).expect("a version");
    journal.name(version, &names).expect("names");
    let gate =
        Gate::new(Snapshot::new(version, config, table, Arc::default(), Arc::new(Register::empty())), journal, Clock::System);
    let door = Arc::new(Door::new(Arc::new(gate), Arc::new(Resolver::new(&[stub.address]))));
    School { door, folder, stub }
}

impl School {
    /// The answer to these bytes over UDP. `None`: silence.
    async fn say(&self, client: impl Into<IpAddr>, bytes: &[u8]) -> Option<Vec<u8>> {
        let asker = Asker { client: ClientAddr::new(client.into()), local: LOCAL.into(), transport: Transport::Udp };
        let mut out = Vec::new();
        self.door.answer(bytes, asker, &mut out).await.then_some(out)
    }

    async fn ask(&self, client: impl Into<IpAddr>, name: &str, kind: u16) -> Parsed {
        let said = self.say(client, &query(name, kind, 1232, false)).await.expect("an answer");
        Parsed::from_vec(&said).expect("an answer that others can read")
    }

    /// Everything in the log so far, row by row.
    fn rows(&self) -> Vec<Event<'static>> {
        self.door.gate.settle();
        let files = weeks(&self.folder.path().join("journal")).expect("the weeks");
        let opened = files.iter().map(|file| Week::open(&file.path).expect("a week"));
        opened.flat_map(|week| week.events(&Filter::default()).map(|e| e.expect("an event").event).collect::<Vec<_>>()).collect()
    }

    /// The same, each as often as it was.
    fn events(&self) -> Vec<Event<'static>> {
        self.rows().into_iter().flat_map(|e| std::iter::repeat_n(e.clone(), e.count as usize)).collect()
    }
}

fn extended_error(message: &Parsed) -> Option<(u16, String)> {
    match message.edns.as_ref()?.options().get(EdnsCode::from(15u16))? {
        EdnsOption::Unknown(_, data) => {
            Some((u16::from_be_bytes([data[0], data[1]]), String::from_utf8_lossy(&data[2..]).into()))
        }
        other => panic!("{other:?}"),
    }
}

fn addresses(message: &Parsed) -> Vec<IpAddr> {
    message.answers.iter().filter_map(|r| r.data.ip_addr()).collect()
}

#[tokio::test]
async fn a_blocked_name_is_answered_with_ede_17_and_written_down() {
    let school = school("");
    let said = school.ask(PUPIL, "www.Bet.test", rr::A).await;
    assert_eq!(said.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(extended_error(&said), Some((17, "Gambling".to_owned())));
    let [event] = &school.events()[..] else { panic!("one event") };
    assert_eq!((&*event.host, event.action, event.step, event.status), ("www.bet.test", Action::Block, Step::Category, 3));
    assert_eq!((event.category, event.labels, event.query_type), (Some(Category::GAMBLING), 2, rr::A));
    assert_eq!(event.who.map(|w| w.client), Some(ClientAddr::new(PUPIL.into())));
    assert_eq!(school.stub.asked(), 0, "nobody outside hears of it");
}

#[tokio::test]
async fn an_allowed_name_is_resolved_and_every_answer_is_one_event() {
    let school = school("");
    for (name, code) in [("open.test", 0), ("open.test", 0), ("missing.test", 3), ("missing.test", 3)] {
        let said = school.ask(PUPIL, name, rr::A).await;
        assert_eq!(u16::from(said.metadata.response_code), code, "{name}");
    }
    let events: Vec<_> = school.events().iter().map(|e| (e.host.to_string(), e.action, e.status)).collect();
    let event = |host: &str, status| (host.to_owned(), Action::Allow, status);
    assert_eq!(events, [event("open.test", 0), event("open.test", 0), event("missing.test", 3), event("missing.test", 3)]);
    assert_eq!(school.stub.asked(), 2, "the second time they are remembered");
}

#[tokio::test]
async fn block_answers_are_what_the_configuration_says() {
    let (v4, v6): (IpAddr, IpAddr) = ([0; 4].into(), [0; 16].into());
    for (answer, kind, code, address) in [
        ("nxdomain", rr::A, 3, None),
        ("nodata", rr::A, 0, None),
        ("zero", rr::A, 0, Some(v4)),
        ("zero", rr::AAAA, 0, Some(v6)),
        ("zero", rr::HTTPS, 0, None),
        ("page", rr::A, 0, Some(LOCAL.into())),
        ("page", rr::AAAA, 0, None),
    ] {
        let school = school(&format!("listen = [\"10.20.0.1:53\"]\nblock_answer = \"{answer}\""));
        for (name, ttl) in [("bet.test", 15), ("phish.test", 60)] {
            let said = school.ask(PUPIL, name, kind).await;
            assert_eq!(u16::from(said.metadata.response_code), code, "{answer} {kind}");
            assert_eq!(addresses(&said).first().copied(), address, "{answer} {kind}");
            let record = said.answers.first().or(said.authorities.first()).expect("an address, or an SOA");
            assert_eq!(record.ttl, ttl, "{answer} {kind}: {name}");
        }
    }
}

#[tokio::test]
async fn strangers_are_refused_and_never_written_down() {
    let school = school("");
    let said = school.ask(STRANGER, "open.test", rr::A).await;
    assert_eq!(said.metadata.response_code, ResponseCode::Refused);
    assert_eq!(extended_error(&said).map(|(code, _)| code), Some(18));
    assert!(school.say(STRANGER, b"rubbish of more than a header").await.is_none());
    assert!(school.events().is_empty());
    assert_eq!((school.door.gate.counters.strangers.get(), school.stub.asked()), (1, 0));
}

#[tokio::test]
async fn what_cannot_be_judged_is_refused_by_its_code_or_not_answered() {
    let school = school("");
    let good = query("open.test", rr::A, 1232, false);
    let with = |changes: &[(usize, u8)]| {
        let mut bytes = good.clone();
        for (at, octet) in changes {
            bytes[*at] = *octet;
        }
        bytes
    };
    let opt = good.len() - 11;
    for (bytes, code, events) in [
        (with(&[(2, 0x81)]), None, 0),
        (good[..11].to_vec(), None, 0),
        (good[..20].to_vec(), Some(1), 0),
        (with(&[(5, 2)]), Some(1), 0),
        (with(&[(2, 0x21)]), Some(4), 0),
        (with(&[(opt + 6, 1)]), Some(16), 0),
        // It can be judged, but not answered: a name with a class or type that nobody may ask for.
        (with(&[(opt - 1, 3)]), Some(5), 1),
        (with(&[(opt - 3, 252)]), Some(5), 1),
    ] {
        let before = school.events().len();
        let said = school.say(PUPIL, &bytes).await.map(|out| Parsed::from_vec(&out).expect("an answer"));
        assert_eq!(said.map(|m| u16::from(m.metadata.response_code)), code, "{bytes:02x?}");
        assert_eq!(school.events().len() - before, events, "{bytes:02x?}");
    }
    assert_eq!(school.door.gate.counters.malformed.get(), 6);
}

#[tokio::test]
async fn what_stands_behind_an_answer_is_judged_too() {
    let school = school("");
    let said = school.ask(PUPIL, "shop.test", rr::A).await;
    assert_eq!((said.metadata.response_code, addresses(&said).len()), (ResponseCode::NXDomain, 0));
    assert_eq!(extended_error(&said), Some((17, "Gambling".to_owned())));
    // The event is of the question, without a length that would be another name's.
    let [event] = &school.events()[..] else { panic!("one event") };
    assert_eq!((&*event.host, event.action, event.labels), ("shop.test", Action::Block, 0));
}

#[tokio::test]
async fn a_visit_to_help_stays_nobodys_whatever_stands_behind_it() {
    let school = school("");
    assert_eq!(school.ask(PUPIL, "www.helpline.test", rr::A).await.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(school.ask(PUPIL, "helpline.test", rr::A).await.metadata.response_code, ResponseCode::NoError);
    for event in school.events() {
        assert_eq!((&*event.host, event.who), ("", None), "{event:?}");
    }
}

#[tokio::test]
async fn the_ledger_knows_which_name_a_client_was_given_an_address_for_but_not_help() {
    let school = school("");
    let (pupil, other) = (ClientAddr::new(PUPIL.into()), ClientAddr::new([127, 0, 0, 2].into()));
    // Of this stub every name has the same address.
    let seeks = ClientAddr::new([127, 0, 0, 3].into());
    assert!(!addresses(&school.ask([127, 0, 0, 3], "helpline.test", rr::A).await).is_empty());
    let given = addresses(&school.ask(PUPIL, "open.test", rr::A).await)[0];
    let ledger = &school.door.gate.ledger;
    while ledger.name_of(pupil, given).is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(ledger.name_of(pupil, given).map(|h| h.to_string()).as_deref(), Some("open.test"));
    assert_eq!(ledger.name_of(other, given), None, "it was told nothing");
    assert_eq!(ledger.name_of(seeks, given), None, "who seeks help is in no ledger");
}

#[tokio::test]
async fn a_network_that_watches_lets_through_and_writes_down_but_not_what_harms() {
    let school = school("");
    for (name, answered, action) in [
        ("bet.test", true, Action::WouldBlock),
        ("shop.test", true, Action::WouldBlock),
        ("phish.test", false, Action::Block),
        ("open.test", true, Action::Allow),
    ] {
        let said = school.ask(WATCHED, name, rr::A).await;
        assert_eq!(!addresses(&said).is_empty(), answered, "{name}");
        assert_eq!(school.events().last().map(|e| e.action), Some(action), "{name}");
    }
}

#[tokio::test]
async fn special_names_are_answered_here_whatever_lists_say() {
    let school = school("block_answer = \"zero\"");
    for (name, code) in [("mask.icloud.com", 3), ("use-application-dns.net", 3), ("localhost", 0)] {
        let said = school.ask(PUPIL, name, rr::A).await;
        assert_eq!(u16::from(said.metadata.response_code), code, "{name}");
    }
    assert_eq!((school.stub.asked(), school.events().len()), (0, 3));
}

#[tokio::test]
async fn a_name_of_any_octets_is_resolved_and_escaped_in_the_log() {
    let school = school("");
    let said = school.say(PUPIL, &query("a\nb \x1b[31m.test", rr::A, 1232, false)).await.expect("an answer");
    assert_eq!(said[3] & 0x0f, 0);
    assert_eq!(school.events()[0].host, "a\\010b\\032\\027[31m.test");
}

#[tokio::test]
async fn a_label_no_host_has_is_no_way_past_a_list_and_no_way_into_the_log() {
    let school = school("");
    for (name, code, host) in [
        ("a!b.bet.test", 3, "a!b.bet.test"),
        ("a b.phish.test", 3, "a\\032b.phish.test"),
        ("a!b.illegal.test", 3, ""),
        ("a!b.helpline.test", 0, ""),
    ] {
        let said = school.say(PUPIL, &query(name, rr::A, 1232, false)).await.expect("an answer");
        let events = school.events();
        let event = events.last().expect("an event");
        assert_eq!((said[3] & 0x0f == 3, &*event.host), (code == 3, host), "{name}");
        assert_eq!(event.who.is_none(), name.contains("helpline"), "{name}");
    }
}

#[tokio::test]
async fn a_silent_upstream_is_servfail_with_ede_22() {
    let school = school("");
    let said = school.ask(PUPIL, "silent.test", rr::A).await;
    assert_eq!(said.metadata.response_code, ResponseCode::ServFail);
    assert_eq!(extended_error(&said).map(|(code, _)| code), Some(22));
    let [event] = &school.events()[..] else { panic!("one event") };
    assert_eq!((event.action, event.status), (Action::Allow, 2));
    assert_eq!(school.door.gate.counters.upstream_failures.get(), 1);
}

#[tokio::test]
async fn one_client_cannot_have_all_the_room() {
    let school = school("");
    let asker =
        |client: [u8; 4]| Asker { client: ClientAddr::new(client.into()), local: LOCAL.into(), transport: Transport::Udp };
    let mut out = Vec::new();
    let held: Vec<_> = (0..MAX_OPEN)
        .map(|i| school.door.first(&query(&format!("n{i}.test"), rr::A, 1232, false), asker(PUPIL), &mut out))
        .collect();
    assert!(held.iter().all(|first| matches!(first, First::Open(_))));
    let said = school.ask(PUPIL, "more.test", rr::A).await;
    assert_eq!((said.metadata.response_code, extended_error(&said).map(|(c, _)| c)), (ResponseCode::ServFail, Some(0)));
    assert_eq!(school.door.gate.counters.overloads.get(), 1);
    assert_eq!(school.ask([127, 0, 0, 2], "more.test", rr::A).await.metadata.response_code, ResponseCode::NoError);
}

/// The door on real sockets, with clients that know nothing of it.
#[test]
fn udp_and_tcp_answer_the_same_and_everything_answered_is_in_the_log_when_the_door_has_closed() {
    let school = school("");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let bound = bind(&["127.0.0.1:0".parse().expect("v4"), "[::1]:0".parse().expect("v6")], 2).expect("sockets");
    let (at, (stopper, drain)) = (bound.local_addrs(), drain());
    let running = bound.serve(school.door.gate.clone(), school.door.resolver.clone(), drain, runtime.handle().clone());

    let code = |message: &[u8]| message[3] & 0x0f;
    for at in &at {
        for (name, expected) in [("bet.test", 3), ("open.test", 0), ("missing.test", 3)] {
            assert_eq!((name, code(&over_udp(*at, &query(name, rr::A, 1232, false)))), (name, expected));
        }
        // Too large for UDP: cut, with TC, and whole over TCP.
        let cut = over_udp(*at, &query("big.test", rr::A, 1232, false));
        assert_eq!((cut[2] & 2, cut[7]), (2, 0));
        let queries = ["big.test", "bet.test", "open.test"].map(|name| query(name, rr::A, 1232, false));
        let mut said = over_tcp(*at, &queries);
        said.sort_by_key(|m| (code(m), m.len()));
        assert_eq!(said.iter().map(|m| (code(m), m[7])).collect::<Vec<_>>(), [(0, 1), (0, 100), (3, 0)]);
    }
    // More at once than are begun at once; none is lost because the client has said everything.
    let many: Vec<_> = (0..100).map(|i| query(&format!("n{i}.test"), rr::A, 1232, false)).collect();
    assert_eq!(over_tcp(at[0], &many).len(), 100);
    stopper.stop();
    running.join();
    assert!(TcpStream::connect(at[0]).is_err(), "the door is closed");
    assert_eq!(school.events().len(), 2 * (3 + 1 + 3) + 100);
}

fn over_udp(at: SocketAddr, query: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind(if at.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" }).expect("a socket");
    socket.connect(at).expect("a peer");
    socket.send(query).expect("sent");
    let mut buffer = vec![0; 4096];
    let len = socket.recv(&mut buffer).expect("an answer");
    buffer.truncate(len);
    buffer
}

/// All queries in one write, and the client's side closed after them.
fn over_tcp(at: SocketAddr, queries: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut stream = TcpStream::connect(at).expect("a connection");
    let framed: Vec<u8> = queries.iter().flat_map(|q| [&(q.len() as u16).to_be_bytes()[..], q].concat()).collect();
    stream.write_all(&framed).expect("sent");
    stream.shutdown(std::net::Shutdown::Write).expect("closed");
    let mut all = Vec::new();
    stream.read_to_end(&mut all).expect("answers");
    let mut said = Vec::new();
    while let Some(length) = all.first_chunk::<2>().map(|l| usize::from(u16::from_be_bytes(*l))) {
        said.push(all[2..2 + length].to_vec());
        all.drain(..2 + length);
    }
    said
}

#[tokio::test]
async fn https_answers_are_without_ech_and_http_3_where_names_are_looked_at_and_whole_elsewhere() {
    let school = school("[[network]]\nname = \"lab\"\nranges = [\"127.8.0.0/16\"]\nkeep_ech = true");
    let left = b"\x00\x01\x00\x00\x01\x00\x03\x02h2\x00\x04\x00\x04\xc0\x00\x02\x01";
    // Twice each: fetched, and remembered.
    for (client, data) in [(PUPIL, &left[..]), (WATCHED, ECH), ([127, 8, 0, 1], ECH), (PUPIL, left)] {
        for _ in 0..2 {
            let said = school.say(client, &query("ech.test", rr::HTTPS, 1232, false)).await.expect("an answer");
            assert!(said.windows(data.len()).any(|w| w == data), "{client:?}: {said:02x?}");
            assert_eq!(said.len(), query("ech.test", rr::HTTPS, 1232, false).len() + 12 + data.len(), "{client:?}");
        }
    }
    assert_eq!(school.stub.asked(), 1, "one answer is kept, unfiltered");
}

/// A query with these EDNS options.
fn query_with(name: &str, options: &[u8], udp_size: u16) -> Vec<u8> {
    let mut bytes = query(name, rr::A, udp_size, false);
    let end = bytes.len();
    bytes[end - 1] = options.len() as u8;
    bytes.extend_from_slice(options);
    bytes
}

#[tokio::test]
async fn who_blocks_is_in_the_code_and_who_asks_for_structured_text_gets_it() {
    let school = school(
        "[school]\nname = \"Hill \\\"Road\\\" School\"\ncontact = [\"mailto:whoever-mends-the-filter-in-our-school-or-her-deputy@school.test\"]",
    );
    let json = |category: &str, more: &str| {
        format!(
            r#"{{"c":["mailto:whoever-mends-the-filter-in-our-school-or-her-deputy@school.test"],"j":"{category}. Ask your teacher.",{more}"o":"Hill \"Road\" School","l":"en"}}"#
        )
    };
    for (name, options, said) in [
        ("bet.test", &[][..], (17, "Gambling".to_owned())),
        ("phish.test", &[], (15, "Malware".to_owned())),
        ("bet.test", &[0, 26, 0, 0], (17, json("Gambling", ""))),
        ("bet.test", &[0, 15, 0, 2, 0, 0], (17, json("Gambling", ""))),
        ("phish.test", &[0, 26, 0, 0], (15, json("Malware", r#""s":1,"#))),
        ("shop.test", &[0, 15, 0, 0], (17, json("Gambling", ""))),
    ] {
        let out = school.say(PUPIL, &query_with(name, options, 1232)).await.expect("an answer");
        assert_eq!(extended_error(&Parsed::from_vec(&out).expect("an answer")), Some(said), "{name} {options:02x?}");
    }
    // Without room for it the text is plain, and the answer whole.
    let long = ["a".repeat(60), "b".repeat(60), "c".repeat(60), "bet.test".into()].join(".");
    let out = school.say(PUPIL, &query_with(&long, &[0, 26, 0, 0], 512)).await.expect("an answer");
    let parsed = Parsed::from_vec(&out).expect("an answer");
    assert_eq!((extended_error(&parsed), parsed.metadata.truncation), (Some((17, "Gambling".to_owned())), false));
    assert!(out.len() <= 512);
}

#[tokio::test]
async fn an_answer_does_not_tell_a_name_of_the_locked_tier_from_one_of_the_schools_own() {
    for answer in ["nxdomain", "nodata", "zero"] {
        let own = "[[entry]]\nhost = \"ownlist.test\"\naction = \"block\"\nreason = \"a test\"";
        let school = school(&format!("block_answer = \"{answer}\"\n{own}"));
        for options in [&[][..], &[0, 26, 0, 0]] {
            let mut said = Vec::new();
            for name in ["illegal.test", "ownlist.test"] {
                let out = school.say(PUPIL, &query_with(name, options, 1232)).await.expect("an answer");
                let asked = query(name, rr::A, 0, false)[12..].to_vec();
                assert_eq!(&out[12..12 + asked.len()], asked, "the question");
                said.push([&out[..12], &out[12 + asked.len()..]].concat());
            }
            assert_eq!(said[0], said[1], "{answer} {options:02x?}");
        }
    }
}

/// The alias, the addresses and the longest TTL of an answer.
fn alias(message: &Parsed) -> (Option<String>, Vec<IpAddr>, u32) {
    let name = message.answers.iter().find_map(|r| match &r.data {
        RData::CNAME(name) => Some(name.to_string()),
        _ => None,
    });
    let ttl = message.answers.iter().chain(&message.authorities).map(|r| r.ttl).max();
    (name, addresses(message), ttl.unwrap_or(0))
}

#[tokio::test]
async fn a_search_engine_is_answered_as_its_safe_host_with_the_addresses_of_that() {
    let school = school("");
    for (name, kind, target, address) in [
        ("www.google.com", rr::A, Some("forcesafesearch.google.com."), Some(SAFE)),
        ("WWW.Google.CO.UK", rr::A, Some("forcesafesearch.google.com."), Some(SAFE)),
        ("google.de", rr::AAAA, Some("forcesafesearch.google.com."), None),
        ("www.youtube.com", rr::A, Some("restrict.youtube.com."), Some(SAFE)),
        ("www.bing.com", rr::CNAME, Some("strict.bing.com."), None),
        ("www.bing.com", rr::ANY, Some("strict.bing.com."), None),
        ("www.google.com", rr::HTTPS, None, None),
        ("www.google.com", rr::SVCB, None, None),
        ("mail.google.com", rr::A, None, Some(A)),
        ("a.www.google.com", rr::A, None, Some(A)),
    ] {
        let said = school.ask(PUPIL, name, kind).await;
        assert_eq!(said.metadata.response_code, ResponseCode::NoError, "{name} {kind}");
        let (alias, addresses, ttl) = alias(&said);
        assert_eq!(alias.as_deref(), target, "{name} {kind}");
        assert_eq!(addresses, address.map(IpAddr::from).into_iter().collect::<Vec<_>>(), "{name} {kind}");
        assert_eq!(said.queries[0].name().to_string(), format!("{name}."), "in the client's case");
        let rewritten = target.is_some() || kind != rr::A;
        assert_eq!(ttl <= 15, rewritten, "{name} {kind}: {ttl}");
        let events = school.events();
        let event = events.last().expect("an event");
        assert_eq!(event.action, if rewritten { Action::Rewrite } else { Action::Allow }, "{name} {kind}");
        assert_eq!(event.host, name.to_lowercase());
    }
    // What no safe mode is about is asked as it is.
    assert_eq!(school.ask(PUPIL, "google.com", rr::MX).await.metadata.response_code, ResponseCode::NoError);
    assert_eq!(school.events().last().map(|e| e.action), Some(Action::Allow));
    assert_eq!(school.stub.asked(), 6, "A of two safe hosts, AAAA of one, and what was asked as it is");
}

#[tokio::test]
async fn what_is_blocked_stays_so_and_the_safe_host_is_judged_like_any_name_behind() {
    let school = school("");
    let said = school.ask(PUPIL, "duckduckgo.com", rr::A).await;
    assert_eq!(extended_error(&said), Some((17, "Gambling".to_owned())), "the safe host leads to a blocked one");
    let silent = school.ask(PUPIL, "pixabay.com", rr::A).await;
    assert_eq!(silent.metadata.response_code, ResponseCode::ServFail, "never the usual host in its place");
    let block = "[[entry]]\nhost = \"bing.com\"\naction = \"block\"\nreason = \"a test\"\n\
                 [[entry]]\nhost = \"www.google.com\"\naction = \"allow\"\nreason = \"a test\"";
    let own = self::school(block);
    assert_eq!(own.ask(PUPIL, "www.bing.com", rr::A).await.metadata.response_code, ResponseCode::NXDomain);
    let allowed = own.ask(PUPIL, "www.google.com", rr::A).await;
    assert_eq!(alias(&allowed).0.as_deref(), Some("forcesafesearch.google.com."), "an entry does not switch safe search off");
    let steps: Vec<_> = own.events().iter().map(|e| (e.action, e.step)).collect();
    assert_eq!(steps, [(Action::Block, Step::Own), (Action::Rewrite, Step::Own)]);
}

#[tokio::test]
async fn a_profile_and_a_network_that_watches_leave_search_alone() {
    let school = school("");
    let watched = school.ask(WATCHED, "www.google.com", rr::A).await;
    assert_eq!((alias(&watched).0, addresses(&watched)), (None, vec![IpAddr::from(A)]));
    assert_eq!(school.events().last().map(|e| e.action), Some(Action::Allow));
    let school = self::school(
        "[profile.free]\npupils = true\nsafe_search = false\nyoutube = \"moderate\"\n\
                               [[network]]\nname = \"free\"\nranges = [\"127.7.0.0/16\"]\nprofile = \"free\"",
    );
    assert_eq!(alias(&school.ask([127, 7, 0, 1], "www.google.com", rr::A).await).0, None);
    let said = school.ask([127, 7, 0, 1], "m.youtube.com", rr::A).await;
    assert_eq!(alias(&said).0.as_deref(), Some("restrictmoderate.youtube.com."));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_bytes_make_the_door_panic(
        packets in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..80), 0usize..48, any::<u8>()), 20)
    ) {
        let school = school("");
        let asker = Asker { client: ClientAddr::new(PUPIL.into()), local: LOCAL.into(), transport: Transport::Udp };
        let mut out = Vec::new();
        for (bytes, at, octet) in packets {
            school.door.first(&bytes, asker, &mut out);
            let mut near = query("www.bet.test", rr::A, 1232, false);
            if let Some(place) = near.get_mut(at) { *place = octet; }
            school.door.first(&near, asker, &mut out);
        }
    }
}

/// Every kind of question that the tests' lists and upstream know, with every kind of who.
fn any_query() -> impl Strategy<Value = (IpAddr, Vec<u8>)> {
    let names = [
        "open.test",
        "OPEN.test",
        "other.test",
        "bet.test",
        "www.Bet.test",
        "phish.test",
        "illegal.test",
        "helpline.test",
        "www.helpline.test",
        "shop.test",
        "missing.test",
        "big.test",
        "localhost",
        "mask.icloud.com",
        "www.google.com",
        "www.youtube.com",
        "duckduckgo.com",
        "ech.test",
        "a!b.bet.test",
        "_dns.resolver.arpa",
        "use-application-dns.net",
    ];
    let clients: [IpAddr; 4] = [PUPIL.into(), [127, 0, 0, 2].into(), WATCHED.into(), STRANGER.into()];
    let kinds = [rr::A, rr::A, rr::A, rr::AAAA, rr::HTTPS, rr::AXFR, rr::ANY];
    let select = proptest::sample::select::<IpAddr>;
    (select(clients.to_vec()), proptest::sample::select(names.to_vec()), proptest::sample::select(kinds.to_vec()), 0..8usize)
        .prop_map(|(client, name, kind, how)| {
            let mut bytes = query(name, kind, [0, 512, 1232, 4096][how % 4], how >= 4);
            match how {
                1 => bytes[2] &= !1,                                     // recursion is not desired
                2 => bytes[3] |= 0x10,                                   // checking disabled
                5 => bytes.truncate(bytes.len() - 1),                    // malformed
                6 => *bytes.iter_mut().nth_back(7).expect("an OPT") = 1, // some version or flag of EDNS
                _ => {}
            }
            (client, bytes)
        })
}

/// An answer with its TTLs in steps of a minute: between two that are asked for one after the other a second may begin.
fn of_one_second(bytes: &[u8]) -> (Vec<u8>, Option<Parsed>) {
    let Ok(mut message) = Parsed::from_vec(bytes) else { return (bytes.to_vec(), None) };
    let records = message.answers.iter_mut().chain(&mut message.authorities).chain(&mut message.additionals);
    records.for_each(|record| record.ttl = (record.ttl + 32) / 64);
    (bytes[..12].to_vec(), Some(message))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    /// The front is a short cut, never another answer: what the door says, and the same line in the log.
    #[test]
    fn what_the_front_says_is_what_the_door_says(queries in proptest::collection::vec(any_query(), 800..1_000)) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let school = school("");
        let mut front = Front::new(&school.door);
        let mut from_front = 0;
        for (i, (client, bytes)) in queries.iter().enumerate() {
            let asker = Asker { client: ClientAddr::new(*client), local: LOCAL.into(), transport: Transport::Udp };
            let (mut out, mut plain) = (Vec::new(), Vec::new());
            if i % BATCH == 0 {
                front.begin(&school.door);
                front.look_ahead(queries[i..].iter().take(BATCH).map(|(client, bytes)| Some((&bytes[..], *client))));
            }
            let kept = front.holds(bytes);
            match front.answer(&school.door, i % BATCH, bytes, asker, &mut out) {
                First::Open(open) => runtime.block_on(school.door.finish(*open, &mut out)),
                First::Silence => out.clear(),
                First::Answered => from_front += usize::from(kept),
            }
            runtime.block_on(school.door.answer(bytes, asker, &mut plain));
            prop_assert_eq!(of_one_second(&out), of_one_second(&plain), "{:02x?}", bytes);
        }
        prop_assert!(from_front > 20, "{from_front} of {} from the front", queries.len());
        // The same line from both is one row that counts them both.
        for row in school.rows().into_iter().filter(|row| row.step != Step::Locked) {
            prop_assert_eq!(row.count % 2, 0, "{:?}", row);
        }
    }
}

#[test]
fn the_front_forgets_with_the_lists_and_with_the_upstreams() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let school = school("");
    let mut front = Front::new(&school.door);
    let asker = Asker { client: ClientAddr::new(PUPIL.into()), local: LOCAL.into(), transport: Transport::Udp };
    let bytes = query("open.test", rr::A, 1232, false);
    let ask = |front: &mut Front| {
        let mut out = Vec::new();
        front.begin(&school.door);
        if let First::Open(open) = front.answer(&school.door, 0, &bytes, asker, &mut out) {
            runtime.block_on(school.door.finish(*open, &mut out));
        }
        Parsed::from_vec(&out).expect("an answer")
    };
    let open = |said: &Parsed| said.metadata.response_code == ResponseCode::NoError;
    (0..4).for_each(|_| assert!(open(&ask(&mut front))));
    assert!(front.holds(&bytes));
    assert_eq!(school.stub.asked(), 1);
    let texts = [ListText {
        name: "gambling",
        category: Category::GAMBLING,
        format: Format::Domains,
        origin: Origin::Shipped,
        reach: Reach::Below,
        text: b"open.test\n",
    }];
    let bytes_of = compile_texts(&texts, &Known::default()).expect("a table").bytes;
    let now = school.door.gate.snapshot();
    let mut next = Snapshot::clone(&now);
    next.table = Arc::new(Table::open(Box::new(bytes_of)).expect("a table"));
    school.door.gate.swap(next);
    assert!(!open(&ask(&mut front)), "the next batch goes by the new lists");
    school.door.gate.swap(Snapshot::clone(&now));
    assert!(open(&ask(&mut front)));
    assert_eq!(school.stub.asked(), 1);
    let other = Stub::start(internet);
    school.door.resolver.follow(crate::resolve::Plan { upstreams: vec![other.address.into()], ..Default::default() });
    assert!(open(&ask(&mut front)));
    assert_eq!(other.asked(), 1, "what the old upstream said is forgotten");
}
