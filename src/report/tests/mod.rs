//! Scripted weeks, and what their reports must say and must never say.
//!
//! The texts are compared with `tests/golden/report/*.txt`. After a change that is meant, `SCHOOLGATE_BLESS=1 cargo test
//! report::` writes them anew; read the difference before it is committed.

mod editions;
mod followed;
mod pdf;
mod rolled;
pub(crate) mod script;
mod searches;
mod weeks;

use super::*;
use crate::journal::{ATTEMPT_MS, Event, Intent, Span};
use crate::policy::{Action, Step};
use crate::words::{Category, ClientAddr, Confidence, Day, Known, NetworkId, PersonId, PersonRole, Who};
use script::{MINUTE, Script, on, owner, printer, staff_room};
use std::path::PathBuf;
use weeks::{craze, half_term};

/// Writes reports to look at: `SCHOOLGATE_LOOK=DIR cargo test report::tests::look`.
#[test]
fn look() {
    let Some(dir) = std::env::var_os("SCHOOLGATE_LOOK").map(PathBuf::from) else { return };
    for (name, script) in [
        ("full", full()),
        ("quiet", quiet()),
        ("trap", trap()),
        ("worst", worst()),
        ("watching", watching()),
        ("hostile", hostile()),
    ] {
        std::fs::write(dir.join(format!("{name}.html")), html(&script.week())).expect("the folder can be written");
    }
}

/// Page one as full as it gets.
fn worst() -> Script {
    let mut script = Script::new(3);
    script.networks[1].state = NetworkState::Watching;
    for n in 0..7 {
        let nobody = Who {
            network: NetworkId(1),
            client: ClientAddr::new([10, 20, 30, 200 + n as u8].into()),
            ..on(None, None, Known::Network, Confidence::Group)
        };
        for day in 0..5 {
            script.would_block(script.at(day, 20, 10 + n), nobody, "forum.worry.example", Category::SELF_HARM);
            script.would_block(script.at(day, 20, 20 + n), nobody, "forum.other.example", Category::SELF_HARM);
        }
    }
    script
}

/// A week with something in every part.
fn full() -> Script {
    let mut script = trouble();
    let trolley = script.add_device("Trolley 7", None);
    let guess = on(None, Some(trolley), Known::Network, Confidence::Group);
    for minute in [2, 4, 9] {
        script.block(script.at(1, 10, 40 + minute), guess, "recruit.bad.example", Category::EXTREMISM);
    }
    for (day, minute) in [(0, 3), (0, 8), (1, 5), (2, 31), (2, 39), (4, 17)] {
        script.block(script.at(day, 12, minute), owner(PersonId(41)), "bets.example", Category::GAMBLING);
        script.meant(Intent::Navigation);
    }
    for (n, minute) in [(3, 2), (3, 5), (3, 9), (3, 22), (17, 3), (17, 8), (17, 11), (17, 29)] {
        script.block(script.at(3, 13, minute), owner(PersonId(n)), "vpn.example", Category::BYPASS);
        script.block(script.at(2, 13, minute), owner(PersonId(n)), "unblocker.example", Category::BYPASS);
    }
    for n in 1..50 {
        script.block(script.at(1, 8, n), owner(PersonId(n as u32)), "mask.icloud.com", Category::BYPASS);
        script.block(script.at(2, 9, n), owner(PersonId(n as u32)), "play.games.example", Category::GAMES);
    }
    script.would_block(
        script.at(5, 21, 0),
        Who { network: NetworkId(1), ..owner(PersonId(31)) },
        "guns.example",
        Category::WEAPONS,
    );
    script.networks[1].state = NetworkState::Watching;
    for minute in 0..7 {
        script.help(script.at(3, 13, minute));
    }
    script.event(script.at(2, 9, 0), Some(owner(PersonId(5))), "exams.example", Action::Block, Step::Own, &[Category::EDUCATION]);
    script.changes = vec![Change {
        when_ms: script.at(2, 9, 41),
        who: "n.baker (network manager)".into(),
        what: "allow revision.example for year-9 until 18 December".into(),
        why: "biology project, asked for by Ms Ortiz".into(),
        approved_by: Some("d.head".into()),
    }];
    script
}

/// Compares with the golden file of this name.
fn golden(name: &str, week: &Week) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/report").join(format!("{name}.txt"));
    let text = text(week);
    if std::env::var_os("SCHOOLGATE_BLESS").is_some() {
        std::fs::write(&path, &text).expect("the golden folder can be written");
    }
    let wide = text.lines().find(|line| line.chars().count() > 100);
    assert_eq!(wide, None, "a page of text has 100 columns");
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{} is not what the report says now:\n{text}", path.display());
}

/// The three formats of a week.
fn formats(week: &Week) -> [(&'static str, String); 3] {
    [("text", text(week)), ("html", html(week)), ("json", json(week))]
}

/// Every format of a week, as it is.
fn formats_of(week: &Week) -> [(&'static str, String); 4] {
    [("text", text(week)), ("html", html(week)), ("json", json(week)), ("csv", csv(week))]
}

fn never_says(week: &Week, words: &[&str]) {
    for (format, written) in formats(week) {
        for word in words {
            assert!(!written.contains(word), "the {format} says {word:?}");
        }
    }
}

fn quiet() -> Script {
    let mut script = Script::new(60);
    script.add_device("Laptop 61", None);
    script.lessons();
    script.page_with_widgets(script.at(1, 11, 0), owner(PersonId(4)));
    script.page_with_widgets(script.at(3, 14, 10), owner(PersonId(9)));
    script
}

#[test]
fn a_quiet_week_is_found_nothing_in_what_could_be_seen() {
    let week = quiet().week();
    assert_eq!(week.matters, []);
    assert!(week.verdict.starts_with("Nothing found in what we could see"));
    golden("quiet", &week);
}

/// One pupil, three evenings and a lesson, among 400 denials of adverts and widgets.
pub(crate) fn trouble() -> Script {
    let mut script = quiet();
    for i in 0..100 {
        let who = owner(PersonId(1 + (i * 7) % 60));
        script.page_with_widgets(script.at(i64::from(i % 5), 9 + i64::from(i % 6), i64::from(i * 13 % 60)), who);
    }
    let who = owner(PersonId(23));
    for (day, hour, minute) in [(0, 20, 14), (0, 20, 19), (0, 20, 41), (2, 11, 3), (2, 11, 4), (3, 21, 50), (3, 22, 2)] {
        let at = script.at(day, hour, minute);
        // A and AAAA, and the browser once more.
        for pause in [0, 20, 1_900] {
            script.block(at + pause, who, "forum.worry.example", Category::SELF_HARM);
        }
        script.allow(at + 4 * MINUTE, who, "en.wikipedia.org", &[]);
    }
    script.block(script.at(3, 22, 6), who, "thin.worry2.example", Category::SELF_HARM);
    script
}

#[test]
fn one_child_in_trouble_stands_first_among_four_hundred_widgets() {
    let week = trouble().week();
    assert_eq!(week.totals.adverts, 204);
    assert_eq!(week.totals.set_aside, 408 + 14, "every widget is set aside, and what came again within seconds");
    let [matter] = week.matters.as_slice() else { panic!("one matter: {:?}", week.matters) };
    assert_eq!((matter.account.as_deref(), matter.theme, matter.repeats), (Some("p0023"), "self-harm", 7));
    assert_eq!(matter.episodes.len(), 3);
    assert!(!matter.line.contains("Pupil Number23"), "page one names the account, never the child");
    golden("trouble", &week);
}

#[test]
fn episodes_are_counted_not_hits() {
    let week = trouble().week();
    let line = week.theme("self-harm").expect("the theme was seen");
    assert_eq!((line.episodes, line.events, line.people, line.by_day), (3, 22, 1, [1, 0, 1, 1, 0, 0, 0]));
}

/// A trolley laptop: the register gives it to nobody, someone guessed a name; and an address nobody knows.
fn trap() -> Script {
    let mut script = quiet();
    let innocent = script.add_person("j.smith", "Jamie Smith", PersonRole::Pupil);
    let trolley = script.add_device("Trolley 7", None);
    let guess = on(Some(innocent), Some(trolley), Known::Network, Confidence::Group);
    for minute in [2, 4, 9] {
        script.block(script.at(1, 10, 40 + minute), guess, "recruit.bad.example", Category::EXTREMISM);
    }
    let low = Who { network: NetworkId(1), ..on(Some(innocent), None, Known::Network, Confidence::Low) };
    for minute in [0, 1, 2, 5, 8, 13] {
        script.block(script.at(4, 19, minute), low, "bets.example", Category::GAMBLING);
    }
    script
}

#[test]
fn without_confidence_no_child_is_named() {
    let week = trap().week();
    assert_eq!(week.matters.len(), 2);
    assert!(week.matters.iter().all(|m| !m.named && m.account.is_none() && m.name.is_none() && m.year.is_none()));
    never_says(&week, &["j.smith", "Jamie", "Smith"]);
    let [device, address] = week.matters.as_slice() else { panic!("two matters") };
    assert!(device.line.starts_with("Someone on Trolley 7 (network classrooms) asked for"), "{}", device.line);
    assert!(device.next.contains(": ask the teacher of that lesson who had Trolley 7 on Tuesday 10:42."), "{}", device.next);
    assert!(
        address.next.contains(": ask the network manager which device had 10.20.0.61, and whoever hands it out who held it."),
        "{}",
        address.next
    );
    golden("trap", &week);
}

#[test]
fn what_an_address_was_first_never_hides_what_it_was_later() {
    let adults = staff_room([10, 20, 0, 61]);
    let pupils = Who { groups: owner(PersonId(1)).groups, ..adults };
    for (first, then) in [(adults, pupils), (pupils, adults)] {
        let mut script = quiet();
        script.allow(script.at(0, 9, 0), first, "www.bbc.co.uk", &[]);
        script.allow(script.at(1, 9, 0), then, "www.bbc.co.uk", &[]);
        for minute in [2, 4, 9] {
            script.block(script.at(2, 10, minute), pupils, "recruit.bad.example", Category::EXTREMISM);
            script.block(script.at(2, 11, minute), adults, "bets.example", Category::GAMBLING);
        }
        let week = script.week();
        assert_eq!(week.matters.iter().map(|m| m.theme).collect::<Vec<_>>(), ["radicalisation"]);
        assert!(week.theme("gambling").is_none_or(|theme| theme.events == 0), "what is an adult's is the head's");
    }
}

/// Someone who looked for help, and for what public lists file under adult.
fn help_seeker() -> Script {
    let mut script = quiet();
    let seeker = script.add_person("a.khan", "Amira Khan", PersonRole::Pupil);
    let device = script.add_device("Tablet 3", Some(seeker));
    let who = on(Some(seeker), Some(device), Known::Mac, Confidence::High);
    for (day, minute) in [(0, 5), (0, 25), (1, 12), (2, 50), (4, 1)] {
        let at = script.at(day, 13, minute);
        script.allow(at, who, "en.wikipedia.org", &[]);
        script.help(at + 9_000);
        script.allow(at + 2 * MINUTE, who, "support.proud.example", &[Category::RSHE, Category::ADULT]);
        // A primary profile without rshe blocks it as what the public list says.
        script.event(
            at + 3 * MINUTE,
            Some(who),
            "clinic.example",
            Action::Block,
            Step::Category,
            &[Category::ADULT, Category::RSHE],
        );
    }
    // A fault elsewhere that links a visit to help with somebody must not come through here either.
    let at = script.at(4, 13, 9);
    script.event(at, Some(who), "www.childline.org.uk", Action::Allow, Step::Help, &[Category::HELP]);
    script
}

#[test]
fn whoever_looked_for_help_is_named_nowhere() {
    let week = help_seeker().week();
    assert_eq!((week.matters.as_slice(), week.help), (&[][..], 6));
    never_says(&week, &["a.khan", "Amira", "Khan", "Tablet 3", "childline", "proud.example"]);
    golden("help", &week);
}

#[test]
fn what_else_somebody_asked_for_never_guesses_at_faith_or_sexuality() {
    let mut script = trouble();
    let at = script.at(0, 20, 20);
    script.allow(at, owner(PersonId(23)), "support.proud.example", &[Category::RSHE]);
    script.allow(at, owner(PersonId(23)), "shop.example", &[Category::SHOPPING]);
    let around = &script.week().matters[0].around;
    assert_eq!(around, &["Shopping"]);
}

/// A teacher, a governor's own laptop and the staff room's unknown telephone: all with worse weeks than any pupil.
fn staff() -> Script {
    let mut script = quiet();
    let teacher = script.add_person("t.jones", "Terry Jones", PersonRole::Staff);
    let laptop = script.add_device("Staff laptop 2", Some(teacher));
    let known = on(Some(teacher), Some(laptop), Known::Mac, Confidence::High);
    // The laptop alone: nobody is signed in, but the register says whose it is.
    let device = on(None, Some(laptop), Known::Address, Confidence::Group);
    for minute in 0..12 {
        let at = script.at(2, 17, minute * minute);
        script.block(at, known, "roulette.example", Category::GAMBLING);
        script.block(at + MINUTE, device, "roulette.example", Category::GAMBLING);
        script.block(at + 2 * MINUTE, staff_room([10, 30, 0, 9]), "grim.example", Category::EXTREMISM);
        script.block(at, printer(), "grim.example", Category::EXTREMISM);
    }
    script
}

#[test]
fn staff_are_a_number_for_the_head_and_nothing_else() {
    let week = staff().week();
    assert_eq!((week.matters.as_slice(), week.for_head, week.themes.as_slice()), (&[][..], 3, &[][..]));
    never_says(&week, &["t.jones", "Terry", "Jones", "Staff laptop", "10.30.0.9", "roulette.example", "grim.example"]);
    golden("staff", &week);
}

/// A network that only watches: what it names as blocked was open.
fn watching() -> Script {
    let mut script = quiet();
    script.networks[1].state = NetworkState::Watching;
    let who = Who { network: NetworkId(1), ..owner(PersonId(31)) };
    for minute in [0, 7, 19] {
        script.would_block(script.at(5, 21, minute), who, "guns.example", Category::WEAPONS);
        // The page was open: it asks for what it is made of.
        script.allow(script.at(5, 21, minute) + 300, who, "fonts.example.net", &[]);
    }
    script
}

#[test]
fn a_watching_network_is_said_to_watch_and_its_matters_not_to_be_blocked() {
    let week = watching().week();
    let [matter] = week.matters.as_slice() else { panic!("one matter: {:?}", week.matters) };
    assert!(matter.line.ends_with("It was NOT blocked: boarding only watches."), "{}", matter.line);
    assert!(text(&week).contains("WATCHING"));
    golden("watching", &week);
}

#[test]
fn a_week_in_which_nothing_was_seen_is_never_none() {
    let mut script = Script::new(60);
    let week = script.week();
    assert_eq!(week.verdict, "Nothing was seen this week: no device asked this gateway for anything.");
    assert_eq!(week.coverage.nothing, 60);
    golden("nothing-seen", &week);
    // Half-term: no lessons to have been seen in.
    // A term of this school year that is over.
    script.school_days.terms = vec![(Day(20_700), Day(20_701))];
    let awake = script.week().health.into_iter().find(|f| f.what == "Something was seen in");
    assert_eq!(awake.map(|f| (f.is, f.good)), Some(("no lessons this week".to_owned(), true)));
}

#[test]
fn an_illegal_hit_is_critical_and_its_address_is_nowhere() {
    let mut script = quiet();
    script.locked(script.at(3, 10, 31), owner(PersonId(12)));
    let week = script.week();
    let [matter] = week.matters.as_slice() else { panic!("one matter") };
    assert_eq!((matter.tier, matter.theme), ("critical", "illegal"));
    assert_eq!(matter.names[0].text, "address hidden");
    assert_eq!((week.illegal.hits, week.illegal.times.as_slice()), (1, &["Thursday 10:31".to_owned()][..]));
    assert!(!week.illegal.present);
}

#[test]
fn two_illegal_addresses_in_one_moment_are_two_and_nobody_unknown_is_called_a_pupil() {
    let mut script = quiet();
    let who = owner(PersonId(12));
    script.locked_entry(script.at(3, 10, 31), 7, who);
    script.locked_entry(script.at(3, 10, 31), 9, who);
    let week = script.week();
    let [matter] = week.matters.as_slice() else { panic!("one matter") };
    assert_eq!(matter.names.iter().map(|n| n.count).collect::<Vec<_>>(), [1, 1]);
    assert!(matter.line.contains("2 addresses on the illegal lists (hidden)"), "{}", matter.line);
    assert!(!matter.line.contains("once"), "{}", matter.line);
    let line = week.illegal.line();
    assert!(line.contains("2 requests of pupils or unknown devices met them"), "{line}");
}

/// Names as hostile as a client or a CSV can make them.
fn hostile() -> Script {
    let mut script = Script::new(3);
    script.school = "St <b>Bad</b> & \"Sons\"".into();
    let person = script.add_person("x<script>alert(1)</script>", "Eve\n\u{1b}[31m\u{202e}<img src=x>", PersonRole::Pupil);
    let device = script.add_device("Tag\r\n</td><script>", Some(person));
    let who = on(Some(person), Some(device), Known::Mac, Confidence::High);
    for minute in 0..5 {
        script.block(script.at(1, 10, minute * 3), who, "<script>alert\u{1b}\n(2)</script>", Category::DRUGS);
        script.meant(Intent::Navigation);
    }
    script.changes = vec![Change {
        when_ms: script.at(2, 9, 0),
        who: "<i>it</i>".into(),
        what: "allow \u{7}x".into(),
        why: "\nnone".into(),
        approved_by: None,
    }];
    script
}

#[test]
fn nothing_from_outside_is_ever_markup_or_control() {
    let week = hostile().week();
    assert_eq!(week.matters.len(), 1);
    for (format, written) in formats(&week) {
        let control = written.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(control, None, "{format}");
    }
    let page = html(&week);
    for markup in ["<script", "<img", "<b>Bad", "<i>it", "alert(1)</script>"] {
        assert!(!page.contains(markup), "the page holds {markup}");
    }
    assert!(page.contains("&#60;script&#62;"), "it is there as text");
    let lines = text(&week);
    assert!(lines.lines().all(|l| !l.starts_with("none") && !l.starts_with("[31m")), "a name makes no line of its own");
}

#[test]
fn the_page_is_one_file_without_script_or_link() {
    let page = html(&full().week());
    assert!(page.contains("default-src 'none'"));
    for never in ["<a ", "href", "http:", "https:", "src=", "url(", "@import", "<script", "javascript"] {
        assert!(!page.contains(never), "the page holds {never}");
    }
    // Every chart has its table.
    assert_eq!(page.matches("<svg").count(), 3);
    for table in ["the chart as a table", "the bar of page one as a table", "By reason"] {
        assert!(page.contains(table), "{table}");
    }
}

#[test]
fn an_event_of_another_week_is_counted_as_a_stray_and_left_out() {
    let mut script = quiet();
    let events = script.week().totals.events;
    script.block(script.at(7, 0, 0), owner(PersonId(1)), "worry.example", Category::SELF_HARM);
    script.block(script.at(0, 0, 0) - 1, owner(PersonId(1)), "worry.example", Category::SELF_HARM);
    let week = script.week();
    assert_eq!((week.totals.events, week.totals.strays, week.matters.len()), (events, 2, 0));
}

#[test]
fn a_week_in_which_the_clocks_go_back_has_all_its_days() {
    let mut script = Script::new(10);
    script.week = IsoWeek::parse("2026-W43").expect("a week");
    script.lessons();
    // Sunday 01:30, twice.
    let first = script.at(6, 1, 30);
    for at in [first, first + 60 * MINUTE] {
        script.block(at, owner(PersonId(2)), "forum.worry.example", Category::SELF_HARM);
    }
    let week = script.week();
    assert_eq!(week.theme("self-harm").map(|t| t.by_day), Some([0, 0, 0, 0, 0, 0, 2]));
    assert_eq!(week.totals.strays, 0);
}

#[test]
fn more_than_five_matters_are_behind_page_one() {
    let mut script = quiet();
    for n in 1..=9 {
        script.block(script.at(1, 10, i64::from(n)), owner(PersonId(n)), "forum.worry.example", Category::SELF_HARM);
    }
    let week = script.week();
    assert_eq!((week.page_one().len(), week.behind(), week.matters.len()), (5, 4, 9));
    assert!(text(&week).contains("4 more matters are in the pages behind: Self-harm, suicide, eating disorder (4)."));
}

#[test]
fn alerts_are_counted_on_page_one_and_told_behind_it() {
    let mut week = trouble().week();
    let alert = |number| week::AlertLine {
        number,
        tier: "high",
        title: "Self-harm".into(),
        whose: "p0023".into(),
        first: "Monday 20:14".into(),
        times: 2,
        told: None,
        acknowledged: None,
    };
    week.alerts = Some((1..=30).map(alert).collect());
    for (written, behind) in [(html(&week), "id=\"part1\""), (text(&week), "1  Matters in full")] {
        let (one, behind) = written.split_once(behind).expect("page one, and what is behind it");
        assert!(one.contains("30 alerts, 30 NOT ACKNOWLEDGED") && !one.contains("nobody was told yet"), "{one}");
        assert_eq!(behind.matches("nobody was told yet").count(), 30);
    }
    assert!(pdf(&week).is_ok());
}

#[test]
fn a_craze_of_a_whole_year_pushes_no_other_child_off_page_one() {
    let mut script = quiet();
    for n in 1..=20 {
        for (day, minute) in [(0, 1), (1, 7), (2, 19), (3, 3), (4, 41)] {
            script.block(script.at(day, 13, minute), owner(PersonId(n)), "vpn.example", Category::BYPASS);
            script.meant(Intent::Navigation);
        }
    }
    for minute in [0, 3, 10, 29, 34] {
        script.block(script.at(1, 20, minute), owner(PersonId(44)), "guns.example", Category::WEAPONS);
    }
    let week = script.week();
    assert_eq!(week.matters.len(), 21);
    let page_one: Vec<_> = week.page_one().iter().map(|m| m.theme).collect();
    assert_eq!((page_one, week.behind()), (vec!["bypass", "weapons"], 19));
    let line = &week.page_one()[0].line;
    assert!(line.contains("19 others did the like (Year 7, Year 8, Year 9, Year 10 and Year 11)"), "{line}");
    assert!(text(&week).contains("19 more matters are in the pages behind: Ways round the filter (19)."));
}

#[test]
fn a_guess_at_a_teacher_does_not_hide_what_a_pupil_did() {
    let mut script = quiet();
    let teacher = script.add_person("t.jones", "Terry Jones", PersonRole::Staff);
    let trolley = script.add_device("Trolley 7", None);
    script.block(
        script.at(1, 10, 0),
        on(Some(teacher), Some(trolley), Known::Network, Confidence::Low),
        "worry.example",
        Category::SELF_HARM,
    );
    let week = script.week();
    assert_eq!((week.matters.len(), week.for_head), (1, 0));
    never_says(&week, &["t.jones", "Terry"]);
}

#[test]
fn what_the_school_opened_and_what_of_education_was_blocked_is_in_the_report() {
    let mut script = quiet();
    let who = owner(PersonId(5));
    let at = script.at(1, 9, 30);
    script.event(at, Some(who), "revision.example", Action::Allow, Step::Own, &[]);
    if let Some(event) = script.events.last_mut() {
        event.rule = Some(7);
    }
    script.event(at, Some(who), "exams.example", Action::Block, Step::Own, &[Category::EDUCATION]);
    let teaching = script.week().teaching;
    assert_eq!(teaching.own_allowed[0].text, "allow revision.example");
    assert_eq!((teaching.blocks, teaching.hosts[0].text.as_str()), (1, "exams.example"));
}

#[test]
fn the_same_events_give_the_same_report() {
    assert_eq!(json(&trouble().week()), json(&trouble().week()));
}

/// As the journal's writer does it: what is alike within a minute is one row.
fn merged(mut events: Vec<Event<'static>>) -> Vec<Event<'static>> {
    events.sort_by_key(|e| e.when_ms);
    let mut rows: Vec<Event<'static>> = Vec::new();
    for event in events {
        let alike = |r: &&mut Event<'static>| {
            (&r.host, r.who, r.action, r.step) == (&event.host, event.who, event.action, event.step)
                && event.when_ms - r.when_ms < MINUTE
        };
        match rows.iter_mut().rev().find(alike) {
            Some(row) => {
                let span = row.span.unwrap_or(Span { last_ms: row.when_ms, attempts: 1 });
                let again = u32::from(event.when_ms - span.last_ms > ATTEMPT_MS);
                row.span = Some(Span { last_ms: event.when_ms, attempts: span.attempts + again });
                row.count += event.count;
            }
            None => rows.push(event),
        }
    }
    rows
}

#[test]
fn rows_that_count_tell_the_same_week_as_one_row_an_event() {
    let mut script = trouble();
    let pupil = owner(PersonId(41));
    let begin = script.at(2, 11, 0);
    for n in 0..90 {
        // A timer, every twenty seconds; and somebody who tries, with a browser's own retries.
        script.block(begin + n * 20_000, pupil, "beacon.bets.example", Category::GAMBLING);
        if n % 9 < 2 {
            script.block(begin + n * 20_000 + 3_000, pupil, "tried.bets.example", Category::GAMBLING);
            script.block(begin + n * 20_000 + 4_000, pupil, "tried.bets.example", Category::GAMBLING);
        }
    }
    let rows = merged(script.events.clone());
    assert!(rows.len() + 60 < script.events.len());
    // Its rows have other numbers.
    let told = |mut week: Week| {
        week.matters.iter_mut().for_each(|m| (m.rows, m.rows_left_out) = (Vec::new(), 0));
        serde_json::to_value(week).expect("JSON")
    };
    assert_eq!(told(script.week_of((1..).zip(rows))), told(script.week()));
}
