//! The door with a real gate behind it: a configuration as written, compiled lists, a journal, a stub for an upstream.

mod answers;
mod front;
mod http_client;
mod judging;
mod personal;
mod safe;
mod streams;
mod update;
mod waiting;

use super::front::Front;
use super::*;
use crate::config::{self, Around, Files, Text};
use crate::gate::{Clock, Gate, Snapshot};
use crate::journal::read::{Filter, Week, weeks};
use crate::journal::{Event, Journal, Settings};
use crate::lists::{Canaries, Format, Known, ListText, Locked, Origin, Platforms, Reach, Table, compile_texts};
use crate::net::batch::BATCH;
use crate::net::drain::drain;
use crate::people::{Device, Person, Register, Stamp};
use crate::policy::{Action, Step};
use crate::resolve::Resolver;
use crate::resolve::shares::MAX_OPEN;
use crate::resolve::stub::{Stub, rows, with_code};
use crate::wire::message::tests::{ASKED, soa};
use crate::wire::question::tests::query;
use crate::wire::{Query, rr};
use crate::words::{Category, ClientAddr, DeviceId, PersonId, PersonRole};
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
const TEACHER: [u8; 4] = [127, 0, 0, 50];
const STAFF_ROOM: &str = "[[group]]\nname = \"teachers\"\nprofile = \"staff\"\nroles = [\"staff\"]\n";
const WATCHED: [u8; 4] = [127, 9, 0, 1];
const STRANGER: [u8; 4] = [192, 0, 2, 200];
const LOCAL: [u8; 4] = [10, 20, 0, 1];

const LISTS: &[(&str, &str)] = &[
    ("gambling", "bet.test\n"),
    ("malware", "phish.test\n"),
    ("help", "helpline.test\n"),
    ("illegal-csam", "illegal.test\n"),
    ("bypass", "mask.icloud.com\n"),
    ("hacking", "crack.test\n"),
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
        matters: text("matters.toml", ""),
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
        "tools.test" => cname(b"\x03www\x05crack\x04test\x00"),
        "none.crack.test" => with_code(query, 3, &[(1, ASKED, rr::SOA, 60, &soa(60))]),
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
    school_of(dns, Register::empty())
}

/// A teacher's laptop, [`TEACHER`], on the pupils' network. The configuration is to have the group: [`STAFF_ROOM`].
fn staff_room() -> Register {
    let stamp = || Stamp { at_ms: 0, by: "it".into() };
    let teacher = Person {
        id: PersonId(1),
        key: "t1".into(),
        name: "A Teacher".into(),
        role: PersonRole::Staff,
        year: None,
        groups: vec![],
        granted: stamp(),
        details: Default::default(),
        source: Default::default(),
        held: false,
        withdrawn: None,
    };
    let (name, address, person) = ("laptop".into(), Some(TEACHER.into()), Some(PersonId(1)));
    let laptop = Device { id: DeviceId(1), name, person, address, mac: None, network: None, retired: None };
    Register::new(vec![teacher], vec![laptop], 1).expect("no clash")
}

fn school_of(dns: &str, register: Register) -> School {
    let stub = Stub::start(internet);
    let folder = tempfile::tempdir().expect("a folder");
    let config = configured(dns);
    let settings = Settings::new(folder.path().join("journal"), folder.path().join("run"), config.school.zone.clone());
    let journal = Journal::start(settings).expect("a journal");
    let table = Arc::new(compiled());
    let names = Snapshot::names(&config, &table, &Locked::default());
    let version = journal.version_of(&names).expect("a version");
    journal.name(version, &names).expect("names");
    let gate = Gate::new(Snapshot::new(version, config, table, Arc::default(), Arc::new(register)), journal, Clock::System);
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
