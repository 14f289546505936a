use super::*;
use crate::journal::event::{Door, Event};
use crate::journal::names::Names;
use crate::journal::read::Stored;
use crate::journal::samples::{any_event, event};
use crate::journal::time::Dated;
use crate::lists::ListId;
use crate::policy::{Action, CellId, ProfileId, Step};
use crate::words::{Category, CategorySet, GroupId, PersonId};
use jiff::tz::TimeZone;
use proptest::prelude::*;

fn names() -> Names {
    let all = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    Names {
        school: "Hill School".into(),
        gateway: "gate".into(),
        profiles: all(&["primary", "secondary"]),
        groups: all(&["everyone", "year 9", "staff", "chess club"]),
        networks: all(&["classrooms"]),
        lists: all(&["adult.txt"]),
        locked: all(&["1 to 9: illegal-csam, A Licensed Party, 2026-11-20"]),
        cells: all(&["lunch"]),
        rules: vec![(4, "block example.com".into())],
        passes: vec![(7, "video for year 9".into())],
        categories: vec![(50, "chess".into())],
    }
}

fn line(event: Event<'static>) -> Line {
    line_of(event, "Jo O'Neill")
}

fn line_of(event: Event<'static>, person: &str) -> Line {
    let zone = TimeZone::get("Europe/London").expect("a zone");
    let person = |id: PersonId| (id.0 == 3).then(|| person.to_owned());
    let resolve = Resolve { names: &names(), zone: &zone, person: &person, device: &|id| Some(format!("Laptop {}", id.0)) };
    Line::of(&Stored { seq: 12, dated: Dated::Clock, event }, &resolve)
}

fn blocked() -> Event<'static> {
    Event {
        action: Action::Block,
        step: Step::Category,
        category: Some(Category::ADULT),
        categories: CategorySet::from_bits(1 << 6 | 1 << 50),
        host: "www.bad.example".into(),
        list: Some(ListId(0)),
        labels: 2,
        group: Some(GroupId(1)),
        cell: Some(CellId(0)),
        profile: ProfileId(1),
        ..event(3)
    }
}

fn proxied() -> Event<'static> {
    let (method, path) = ("GET".into(), "/a?b=1".into());
    Event { door: Door::Proxy, method, path, port: 80, query_type: 0, status: 200, bytes_up: 70, bytes_down: 900, ..event(3) }
}

fn csv(lines: &[Line]) -> String {
    let mut bytes = Vec::new();
    let mut csv = Csv::new(&mut bytes).expect("a heading");
    lines.iter().for_each(|line| csv.write(line).expect("written"));
    csv.finish().expect("flushed");
    String::from_utf8(bytes).expect("text")
}

#[test]
fn every_id_is_told_by_its_name() {
    let line = line(blocked());
    let text = |text: &str| Some(text.to_owned());
    assert_eq!((line.school.as_str(), line.gateway.as_str(), line.seq), ("Hill School", "gate", 12));
    assert_eq!((line.when.as_str(), line.when_local.as_str()), ("2026-11-18T10:00:00.003Z", "2026-11-18T10:00:00.003+00:00"));
    assert_eq!((line.person.clone(), line.device.clone()), (text("Jo O'Neill"), text("Laptop 1003")));
    assert_eq!((line.client.clone(), line.network.clone()), (text("10.20.0.3"), text("classrooms")));
    assert_eq!(line.groups, ["year 9", "chess club"]);
    assert_eq!((line.how_known, line.how_sure), (Some("address"), Some("high")));
    assert_eq!((line.mac.as_deref(), line.randomised), (Some("3c:22:fb:00:00:03"), Some(false)));
    assert_eq!(line.since.as_deref(), Some("2026-11-18T09:50:00.000Z"));
    assert_eq!((line.action, line.step, line.profile.as_deref()), ("block", "category", Some("secondary")));
    assert_eq!((line.group.clone(), line.cell.clone()), (text("year 9"), text("lunch")));
    assert_eq!((line.list.clone(), line.entry.clone()), (text("adult.txt"), text("bad.example")));
    assert_eq!((line.category.clone(), line.categories.clone()), (text("adult"), vec!["adult".into(), "chess".into()]));
    assert_eq!((line.query_type.clone(), line.port, line.path.clone()), (text("A"), None, None));
}

#[test]
fn ids_that_nobody_named_are_told_as_numbers() {
    let unknown = Event { step: Step::Default, profile: ProfileId(9), group: Some(GroupId(77)), rule: Some(5), ..event(4) };
    let line = line(unknown);
    assert_eq!(
        (line.profile.as_deref(), line.group.as_deref(), line.rule.as_deref()),
        (Some("profile 9"), Some("group 77"), Some("entry 5"))
    );
    assert_eq!(line.person.as_deref(), Some("person 4"));
}

#[test]
fn a_profile_is_named_only_where_it_spoke() {
    for (step, profile) in
        [(Step::Category, Some("secondary")), (Step::Default, Some("secondary")), (Step::Education, None), (Step::Own, None)]
    {
        assert_eq!(line(Event { step, profile: ProfileId(1), ..event(5) }).profile.as_deref(), profile, "{step}");
    }
}

#[test]
fn query_types_are_told_as_people_know_them() {
    for (number, text) in [(1, Some("A")), (28, Some("AAAA")), (65, Some("HTTPS")), (123, Some("TYPE123")), (0, None)] {
        assert_eq!(line::query_type(number).as_deref(), text);
    }
}

#[test]
fn the_entry_is_as_many_labels_of_the_host_as_matched() {
    for (host, labels, entry) in [
        ("www.bad.example", 2, Some("bad.example")),
        ("www.bad.example", 3, Some("www.bad.example")),
        ("www.bad.example", 100, Some("www.bad.example")),
        // A page of the host: its path is in the log's own field.
        ("www.bad.example", 0x80 | 2, Some("bad.example/…")),
        ("a\\046b.example", 1, Some("example")),
        ("192.0.2.7", 1, Some("192.0.2.7")),
        ("www.bad.example", 0, None),
        ("", 2, None),
    ] {
        let line = line(Event { host: host.into(), labels, ..event(1) });
        assert_eq!(line.entry.as_deref(), entry, "{host} {labels}");
    }
}

#[test]
fn help_and_the_locked_tier_are_told_without_what_must_not_be_known() {
    let help = Event { who: None, step: Step::Help, host: "".into(), categories: CategorySet::of(&[Category::HELP]), ..event(3) };
    let told = line(help);
    assert_eq!((&told.client, &told.person, &told.device, &told.network, &told.host), (&None, &None, &None, &None, &None));
    assert!(told.groups.is_empty() && told.how_known.is_none());
    let locked = Event {
        step: Step::Locked,
        action: Action::Block,
        host: "".into(),
        category: Some(Category::ILLEGAL_CSAM),
        rule: Some(4),
        ..event(3)
    };
    let told_locked = line(locked);
    assert_eq!((&told_locked.host, &told_locked.path, told_locked.entry.as_deref()), (&None, &None, Some("locked/4")));
    // The school's own entry of that number has nothing to do with it.
    assert_eq!(told_locked.rule, None);
    assert_eq!(squid(&told), "1794996000.003      3 - UDP_MISS/000 0 DNS - - HIER_NONE/- -");
    assert_eq!(squid(&told_locked), "1794996000.003      3 10.20.0.3 UDP_DENIED/000 0 DNS - Jo\\x20O\\'Neill HIER_NONE/- -");
    assert!(json(&told).contains(r#""person":null"#));
    assert_eq!(csv(&[told, told_locked]).lines().count(), 3);
}

#[test]
fn json_has_the_keys_of_the_contract() {
    let told: serde_json::Value = serde_json::from_str(&json(&line(proxied()))).expect("JSON");
    for key in
        "when seq school gateway door client mac randomised device person groups how_known how_sure since method host port path query_type action \
                step rule profile list entry categories theme severity intent search decrypted count sum last bytes duration pass policy_version"
            .split_whitespace()
    {
        assert!(told.get(key).is_some(), "{key}");
    }
    assert_eq!(told["bytes"]["down"], 900);
    assert_eq!(told["path"], "/a?b=1");
}

#[test]
fn squid_lines_have_ten_fields() {
    let connect = Event { method: "CONNECT".into(), port: 443, path: "".into(), ..proxied() };
    for (event, expected) in [
        (
            proxied(),
            "1794996000.003      3 10.20.0.3 TCP_MISS/200 900 GET http://host-3.example/a?b=1 Jo\\x20O\\'Neill HIER_DIRECT/host-3.example -",
        ),
        (
            connect.clone(),
            "1794996000.003      3 10.20.0.3 TCP_TUNNEL/200 900 CONNECT host-3.example:443 Jo\\x20O\\'Neill HIER_DIRECT/host-3.example -",
        ),
        (
            Event { action: Action::Block, status: 403, host: "2001:db8::1".into(), ..connect },
            "1794996000.003      3 10.20.0.3 TCP_DENIED/403 900 CONNECT [2001:db8::1]:443 Jo\\x20O\\'Neill HIER_NONE/- -",
        ),
        (event(3), "1794996000.003      3 10.20.0.3 UDP_MISS/000 0 DNS host-3.example Jo\\x20O\\'Neill HIER_NONE/- -"),
    ] {
        let written = squid(&line(event));
        assert_eq!(written, expected);
        assert_eq!(written.split_whitespace().count(), 10);
    }
}

/// What a client may put into a name, a path, a method, and an import into a user name.
const NASTY: &str = "x\n1794996000.000 0 10.0.0.1 TCP_MISS/200\r\n\x1b[2J\x07 \"'\\\u{7f}\u{9b}\u{202e}\u{2028},;";

fn nasty() -> Line {
    let event = Event {
        method: "G\nE\x1bT \"".into(),
        host: NASTY.into(),
        path: format!("/{NASTY}").into(),
        search: NASTY.into(),
        ..proxied()
    };
    line_of(event, NASTY)
}

/// Whether a terminal or a line reader would obey any of it.
fn obeyed(text: &str) -> bool {
    text.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}'))
}

#[test]
fn newline_and_escape_in_any_field_stay_in_their_field() {
    let line = nasty();
    let json = json(&line);
    assert!(!obeyed(&json), "{json}");
    let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((read["host"].as_str(), read["person"].as_str()), (Some(NASTY), Some(NASTY)));

    let squid = squid(&line);
    assert!(!obeyed(&squid), "{squid}");
    assert_eq!(squid.split_whitespace().count(), 10);
    assert!(!squid.contains('"') || squid.contains("\\\""), "{squid}");

    let table = csv(std::slice::from_ref(&line));
    assert!(table.lines().all(|l| !obeyed(l)));
    let mut reader = ::csv::Reader::from_reader(table.as_bytes());
    let rows: Vec<_> = reader.records().map(|r| r.expect("a row")).collect();
    assert_eq!((rows.len(), rows[0].len()), (1, csv::COLUMNS.len()));
}

#[test]
fn a_spreadsheet_runs_nothing_that_a_client_sent() {
    for start in ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)"] {
        let event = Event {
            host: start.into(),
            path: start.into(),
            search: start.into(),
            method: start.chars().take(16).collect::<String>().into(),
            ..proxied()
        };
        let table = csv(&[line_of(event, start)]);
        let mut reader = ::csv::Reader::from_reader(table.as_bytes());
        let row = reader.records().next().expect("one").expect("a row");
        let cell = |name| row.get(csv::COLUMNS.iter().position(|c| *c == name).expect("a column")).expect("a cell");
        for name in ["host", "path", "method", "person", "search"] {
            assert!(cell(name).starts_with('\''), "{name}: {}", cell(name));
        }
    }
}

proptest! {
    #[test]
    fn any_event_is_one_line_in_every_format(event in any_event(), name in ".*") {
        let line = line_of(event, &name);
        for text in [json(&line), squid(&line)] {
            prop_assert!(!obeyed(&text), "{}", text);
        }
        prop_assert_eq!(squid(&line).split(' ').filter(|f| !f.is_empty()).count(), 10);
        let table = csv(&[line]);
        prop_assert_eq!(table.lines().count(), 2);
        prop_assert!(table.lines().all(|l| !obeyed(l)));
    }
}
