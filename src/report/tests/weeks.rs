//! Weeks of another kind: no school, clocks that go back, a craze; and the weeks before.

use super::script::{MINUTE, Script, owner};
use super::{golden, quiet, trouble};
use crate::journal::Intent;
use crate::report::{IsoWeek, Sums, html, text};
use crate::words::{Category, Day, PersonId};

/// 26 to 30 October 2026: half-term. What is switched on in school still asks.
pub fn half_term() -> Script {
    let mut script = Script::new(40);
    script.week = IsoWeek::parse("2026-W44").expect("a week");
    let day = |text: &str| {
        let date: jiff::civil::Date = text.parse().expect("a date");
        Day((date - jiff::civil::date(1970, 1, 1)).get_days())
    };
    script.school_days.terms = vec![
        (day("2026-09-02"), day("2026-10-23")),
        (day("2026-11-02"), day("2026-12-18")),
        (day("2027-01-05"), day("2027-02-12")),
    ];
    script
}

#[test]
fn half_term_is_one_line_and_still_numbered() {
    let mut script = half_term();
    for hour in 0..24 {
        script.allow(script.at(2, hour, 0), owner(PersonId(3)), "en.wikipedia.org", &[]);
    }
    let week = script.week();
    let line = week.in_one_line().expect("one line");
    assert!(line.starts_with("No school this week: 24 requests of machines in school seen"), "{line}");
    assert!(html(&week).contains(&line.replace('\'', "&#39;")) && !html(&week).contains("part1"));
    assert!(text(&week).contains("delivery 12"));
    golden("half-term", &week);
    // It is signed and proved as any other, where the edition is.
    script.casebook = Some(format!("118:{}", "9f".repeat(32)).parse().expect("an end"));
    let week = script.week();
    for (format, page) in [("text", text(&week)), ("html", html(&week)), ("pdf", super::pdf::words_of(&week))] {
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        for said in ["Reviewed by the Designated Safeguarding Lead", "Reviewed by the ICT coordinator", "Signed", "118:9f9f"] {
            let said = if format == "text" { said.replace("by the ", "by ") } else { said.to_owned() };
            assert!(page.contains(&said), "{format}: {said}: {page}");
        }
    }
    // A child who is in school all the same, and in trouble, is no less a matter.
    script.block(script.at(2, 21, 0), owner(PersonId(3)), "forum.worry.example", Category::SELF_HARM);
    let week = script.week();
    assert_eq!((week.in_one_line(), week.matters.len()), (None, 1));
}

#[test]
fn clocks_that_go_back_make_an_hour_twice_and_no_event_is_lost() {
    let mut script = Script::new(10);
    script.week = IsoWeek::parse("2026-W43").expect("a week");
    script.lessons();
    let first = script.at(6, 1, 30);
    for at in [first, first + 60 * MINUTE] {
        script.block(at, owner(PersonId(2)), "forum.worry.example", Category::SELF_HARM);
    }
    let week = script.week();
    let when: Vec<_> = week.matters[0].episodes.iter().map(|e| e.when.as_str()).collect();
    assert_eq!(when, ["Sunday 01:30 before the clocks went back", "Sunday 01:30 after the clocks went back"]);
    golden("clocks-back", &week);
}

/// Twenty of all years after the same unblocker, and one child after something else.
pub fn craze() -> Script {
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
    script
}

#[test]
fn a_craze_across_a_year_group_leaves_room_for_one_child() {
    golden("craze", &craze().week());
}

fn past(week: &str, school: bool, episodes: u64) -> Sums {
    let themes = [("self-harm".to_owned(), episodes)].into_iter().collect();
    Sums { week: week.into(), school, events: 1000, themes, pupil_devices: 60, names: 55, matters: 1, ..Sums::default() }
}

#[test]
fn a_week_is_held_against_the_four_school_weeks_before_it_and_its_term() {
    let mut script = trouble();
    script.school_days = half_term().school_days;
    // Half-term and what nobody saw make no mean; the term before this one is no part of its trend.
    script.past = vec![
        past("2026-W46", true, 2),
        past("2026-W45", true, 1),
        past("2026-W44", false, 40),
        past("2026-W43", true, 0),
        Sums { events: 0, ..past("2026-W42", true, 50) },
        past("2026-W41", true, 2),
        past("2026-W40", true, 90),
        past("2026-W29", true, 7),
        past("2026-W48", true, 7),
    ];
    let week = script.week();
    let line = week.theme("self-harm").expect("the theme");
    assert_eq!(line.mean.map(|m| (m.in_words(), m.weeks)), Some(("1.3".into(), 4)));
    let trend: Vec<_> = week.trend.iter().map(|t| t.week.as_str()).collect();
    assert_eq!(trend, ["2026-W40", "2026-W41", "2026-W42", "2026-W43", "2026-W44", "2026-W45", "2026-W46", "2026-W47"]);
    assert_eq!(week.trend.last().map(|t| (t.matters, t.episodes)), Some((1, 3)));
    // What is kept of this one is what it said.
    let sums = Sums::of(&week);
    assert_eq!((sums.themes["self-harm"], sums.matters, sums.school), (3, 1, true));
    let kept = serde_json::to_string(&sums).expect("JSON");
    assert!(!kept.contains("p0023") && !kept.contains("worry") && !kept.contains("Laptop"), "{kept}");
    golden("trend", &week);
}
