//! A small school for tests of the doors: a gate with real lists and a real journal, in a temporary folder.
//!
//! Loopback up to 127.127.255.255 is the school's, and judged as pupils; 127.9.0.0/16 is the staff's; what lies above is
//! nobody's. `adult.example` and everything below is listed as adult, `malware.example` as malware, `help.example` as help.

use super::{Clock, Gate, Snapshot};
use crate::config::{self, Around, Config, Files, Text};
use crate::journal::read::{Filter, Week, weeks};
use crate::journal::time::BUILT_MS;
use crate::journal::{Event, Journal, Settings};
use crate::lists::locked::{Sealed, Sealing, seal};
use crate::lists::{self, Format, Known, ListText, Locked, Origin, Reach, Table};
use crate::people::Register;
use crate::words::{Category, Day};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

const LISTS: &[(Category, &str)] =
    &[(Category::ADULT, "adult.example\n"), (Category::MALWARE, "malware.example\n"), (Category::HELP, "help.example\n")];

const CONFIG: &str = r#"
[school]
name = "Hill School"
gateway = "gate-1"
whom_to_see = "your form tutor"

[[network]]
name = "pupils"
ranges = ["127.0.0.0/9", "::1"]
profile = "secondary"

[[network]]
name = "staff"
ranges = ["127.9.0.0/16"]
unknown = "staff"
"#;

/// More for [`School::with`]: of what is listed as adult, pupils are warned and not kept from it, at any time.
pub(crate) const WARNED: &str = r#"
[[timetable]]
category = "adult"
action = "warn"
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "00:00"
until = "24:00"
"#;

/// Where pages lead to. Nothing listens there.
const WEB: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

pub(crate) struct School {
    pub gate: Arc<Gate>,
    folder: tempfile::TempDir,
}

impl School {
    /// `more` is TOML: tables such as `[proxy]`.
    pub fn with(more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = config(more);
        let journal =
            Journal::start(Settings::new(folder.path().join("journal"), folder.path().join("run"), config.school.zone.clone()))
                .expect("a journal");
        let table = table();
        let names = Snapshot::names(&config, &table, &Locked::default());
        let version = journal.version_of(&names).expect("a version");
        journal.name(version, &names).expect("names are stored");
        let snapshot = Snapshot::new(version, config, Arc::new(table), Arc::new(locked()), Arc::new(Register::empty()));
        let gate = Gate::new(snapshot, journal, Clock::System).first_at(BUILT_MS);
        Self { gate: Arc::new(gate.with_web(vec![WEB])), folder }
    }

    /// Everything written down so far, in its order.
    pub fn events(&self) -> Vec<Event<'static>> {
        self.gate.settle();
        let files = weeks(&self.folder.path().join("journal")).expect("week files");
        let weeks = files.iter().map(|file| Week::open(&file.path).expect("a week file"));
        weeks.flat_map(|week| week.events(&Filter::default()).map(|e| e.expect("an event").event).collect::<Vec<_>>()).collect()
    }
}

/// The configuration of this school, with more.
pub(crate) fn config(more: &str) -> Config {
    config_at(more, include_str!("../../config/term-dates.toml"))
}

/// The same with term dates of its own.
pub(crate) fn config_at(more: &str, term_dates: &str) -> Config {
    let text = |path: &str, text: &str| Text { path: path.into(), text: text.to_owned() };
    let files = Files {
        main: text("schoolgate.toml", &format!("{CONFIG}{more}")),
        parts: Vec::new(),
        profiles: text("profiles.toml", include_str!("../../config/profiles.toml")),
        categories: text("categories.toml", include_str!("../../config/categories.toml")),
        term_dates: text("term-dates.toml", term_dates),
        sources: Text { path: "sources.toml".into(), text: String::new() },
        entries: None,
        around: Around { host_name: "gate".into(), shipped: "blocklists".into(), now_ms: None },
    };
    config::read(&files).unwrap_or_else(|faults| panic!("{faults}"))
}

/// `locked.example` with everything below it, and one page.
fn locked() -> Locked {
    let sealing =
        Sealing { category: Category::ILLEGAL_CSAM, issuer: "A Licensed Party", date: Day(20_777), fresh_days: 7, salt: [7; 32] };
    let made = seal(b"locked.example\nshared.example/locked\n", &Known::default(), &sealing).expect("it can be sealed");
    Locked::new(vec![Sealed::read(made.bytes, None).expect("a sealed list")], vec![])
}

fn table() -> Table {
    let texts = LISTS.iter().map(|(category, text)| ListText {
        name: category.id().expect("a fixed one"),
        category: *category,
        format: Format::Domains,
        origin: Origin::Shipped,
        reach: Reach::Below,
        text: text.as_bytes(),
    });
    let texts: Vec<_> = texts.collect();
    let compiled = lists::compile_texts(&texts, &Known::default()).expect("lists");
    Table::open(Box::new(compiled.bytes)).expect("a table")
}
