//! The report from the sums that the journal keeps is the report from its rows.

use super::script::{Script, on, owner};
use crate::journal::read::Filter;
use crate::journal::tail::held;
use crate::journal::{Decrypted, Door, Event, Intent, Journal, Settings};
use crate::lists::phrases::Theme as Words;
use crate::policy::{Action, Step};
use crate::report::week::Week as Told;
use crate::words::{Category, CategorySet, Confidence, DeviceId, GroupId, Groups, Known, PersonId, PersonRole, Who};
use proptest::prelude::*;
use std::sync::Arc;

/// A school with everybody in it: pupils, one of the staff, a printer, a device without an owner.
fn school() -> Script {
    let mut script = Script::new(4);
    script.add_person("t.jones", "T Jones", PersonRole::Staff);
    script.add_device("Library 1", None);
    script
}

fn who(n: u8) -> Option<Who> {
    let group = |who: Who, group| Who { groups: Groups::one(GroupId(group)), ..who };
    Some(match n {
        0..=3 => owner(PersonId(u32::from(n) + 1)),
        // The same pupil, elsewhere and otherwise known.
        4 => Who {
            client: owner(PersonId(9)).client,
            ..on(Some(PersonId(1)), Some(DeviceId(5)), Known::Portal, Confidence::Medium)
        },
        5 => on(Some(PersonId(2)), Some(DeviceId(2)), Known::HostName, Confidence::Low),
        6 => on(Some(PersonId(5)), None, Known::Kerberos, Confidence::High),
        7 => group(on(None, None, Known::Network, Confidence::Group), 2),
        8 => on(None, Some(DeviceId(6)), Known::Mac, Confidence::Low),
        9 => Who { network: crate::words::NetworkId(1), ..on(None, None, Known::Network, Confidence::Group) },
        _ => return None,
    })
}

fn any_event() -> impl Strategy<Value = Event<'static>> {
    let script = school();
    let start = script.at(2, 10, 0);
    let what = (0..14u8, 0..12u8, 0..10u8, 0..6u8);
    // Some days, of each some seconds within an hour: many are near each other.
    let when = (0..3i64, 0..4i64, 0..9_000i64);
    (when, 0..12u8, what, any::<bool>(), 1..4u32).prop_map(
        move |((day, quarter, ms), n, (kind, host, category, intent), odd, count)| {
            let at = start + day * 86_400_000 + quarter * 900_000 - 4_000 + ms;
            let host = ["www.bbc.co.uk", "bet.example", "cdn.bet.example", "ads.example", "mask.icloud.com", "www.google.com"]
                [host as usize % 6];
            let categories = [
                Category::GAMBLING,
                Category::ADVERTS,
                Category::SOCIAL_NETWORKING,
                Category::SELF_HARM,
                Category::BYPASS,
                Category::EDUCATION,
                Category::RSHE,
                Category::GAMES,
            ];
            let category = categories[category as usize % 8];
            let mut script = school();
            let (action, step) = match kind {
                0..=3 => (Action::Allow, Step::Default),
                4..=6 => (Action::Block, Step::Category),
                7 => (Action::WouldBlock, Step::Category),
                8 => (Action::Warn, Step::Category),
                9 => (Action::Allow, Step::Platform),
                10 => (Action::Allow, Step::Own),
                11 => (Action::Allow, Step::Pass),
                12 => (Action::Block, Step::Locked),
                _ => (Action::Allow, Step::Help),
            };
            let given: &[Category] = if step == Step::Help { &[Category::HELP] } else { std::slice::from_ref(&category) };
            script.event(at, who(n), if step == Step::Locked { "" } else { host }, action, step, given);
            let mut event = script.events.pop().expect("one");
            event.policy_version = if odd { 3 } else { 4 };
            match (kind, odd) {
                (0, _) => event.category = None,
                (1, true) => (event.door, event.intent) = (Door::Proxy, Intent::Search),
                (2, true) => (event.door, event.method, event.decrypted) = (Door::Proxy, "CONNECT".into(), Decrypted::Yes),
                (3, true) => event.door = Door::SelfTest,
                (10, true) => event.rule = Some(7),
                (11, true) => event.pass = Some(4),
                (12, _) => event.rule = Some(count),
                (5, true) => (event.host, event.count) = ("".into(), 200),
                _ => {}
            }
            if event.intent == Intent::Search {
                event.search = "how to".into();
                event.theme = (count > 1).then_some((Words::SelfHarm, 60));
            } else if event.door == Door::Dns && kind < 8 {
                event.intent = Intent::from_u8(intent).expect("below 6");
            }
            if event.door == Door::Proxy && event.method.is_empty() {
                event.path = "/search?q=how+to".into();
            }
            if category == Category::GAMES && odd {
                event.categories = CategorySet::of(&[Category::GAMES, Category::EDUCATION]);
            }
            event
        },
    )
}

/// The week from the sums, and from the rows, of the same journal; the last of it waits in segments.
fn both(script: &Script, events: &[Event<'static>], at_once: usize) -> (Told, Told) {
    let folder = tempfile::tempdir().expect("a folder");
    let now = script.at(6, 12, 0);
    let settings = Settings::new(folder.path().join("journal"), folder.path().join("run"), script.zone.clone());
    let settings = settings.with_clock(Arc::new(move || now));
    let mut journal = Journal::start(settings.clone()).expect("started");
    let pieces = events.chunks(at_once.max(1)).count();
    for (nth, some) in events.chunks(at_once.max(1)).enumerate() {
        some.iter().for_each(|event| journal.note(event));
        if nth + 1 == pieces && at_once % 2 == 1 {
            assert!(journal.flush());
            continue;
        }
        assert!(journal.settle());
        // What company a row has is known over a restart too.
        if nth % 3 == 2 {
            drop(journal);
            journal = Journal::start(settings.clone()).expect("started");
        }
    }
    let parts = held(&settings.dir, &script.zone, now, Some(script.week)).expect("read");
    let all = Filter::default();
    let rows = parts.iter().flat_map(|part| part.events(&all)).map(|row| row.expect("a row")).map(|s| (s.seq, s.event));
    (script.week_of_parts(&parts), script.week_of(rows))
}

#[test]
fn the_report_from_the_sums_is_the_report_from_the_rows() {
    use proptest::test_runner::{Config, TestRunner};
    let mut runner = TestRunner::new(Config::with_cases(40));
    let ran = runner.run(&(proptest::collection::vec(any_event(), 1..120), 1..40usize), |(mut events, at_once)| {
        // As doors hand over: nearly in order.
        events.sort_by_key(|e| e.when_ms.div_euclid(700));
        let (sums, rows) = both(&school(), &events, at_once);
        prop_assert_eq!(sums, rows);
        Ok(())
    });
    ran.expect("every week");
}

#[test]
fn a_widget_is_a_widget_when_its_page_went_to_the_file_before_it() {
    let mut script = school();
    let at = script.at(2, 10, 0);
    for nth in 0..20 {
        script.page_with_widgets(at + nth * 60_000 + nth * 7_919 % 31 * 1_000, owner(PersonId(1)));
    }
    let events = script.events.clone();
    for at_once in [1, 2, 3, 5, 100] {
        let (sums, rows) = both(&script, &events, at_once);
        assert_eq!(sums, rows, "{at_once}");
        assert!(sums.set_aside.iter().any(|line| line.reason == "in-company"), "{:?}", sums.set_aside);
    }
}
