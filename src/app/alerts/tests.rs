use super::*;
use crate::app::mail::letter::Letter;
use crate::gate::alerts::{Acknowledged, How, New, Whose};
use crate::gate::school::config;

const MAIL: &str = "[mail]\nserver = \"localhost\"\nfrom = \"gate@school.example\"\nto = [\"dsl@school.example\"]\nlink = \
                    \"https://desk.school.example/\"\n";

fn ms(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().expect("a time").as_millisecond()
}

fn new(person: u32, theme: &'static str, critical: bool, at: &str, due: &str) -> New {
    New { whose: Whose::Person(person), theme, critical, when_ms: ms(at), due_ms: ms(due), count: 1 }
}

/// What a school of these tables is told of these at this time.
fn told(more: &str, state: &mut State, now: &str) -> Vec<Letter> {
    tell::due(state, &config(&format!("{MAIL}{more}")), ms(now))
}

fn subjects(letters: &[Letter]) -> Vec<&str> {
    letters.iter().map(|letter| letter.subject.as_str()).collect()
}

#[test]
fn a_critical_one_is_told_at_once_and_to_the_deputy_when_nobody_has_seen_it_and_once_each() {
    let deputy = "[alerts]\ndeputy = [\"deputy@school.example\"]\n";
    let mut state = State::default();
    state.raise(&new(23, "suicide", true, "2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z"));
    state.raise(&new(24, "suicide", true, "2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z"));
    let first = told(deputy, &mut state, "2026-11-23T09:00:01Z");
    assert_eq!(subjects(&first), ["Alert 1: one matter needs you now", "Alert 2: one matter needs you now"]);
    assert!(first[0].to.is_empty() && told(deputy, &mut state, "2026-11-23T09:14:00Z").is_empty());
    state.alerts[0].acknowledged = Some(Acknowledged { by: "dsl".into(), when_ms: ms("2026-11-23T09:10:00Z") });
    let again = told(deputy, &mut state, "2026-11-23T09:15:01Z");
    assert_eq!(subjects(&again), ["Alert 2: nobody has acknowledged it"]);
    assert_eq!(again[0].to, ["deputy@school.example"]);
    assert!(told(deputy, &mut state, "2026-11-23T10:00:00Z").is_empty());
    assert_eq!(state.alerts[1].told.iter().map(|t| t.how).collect::<Vec<_>>(), [How::AtOnce, How::Deputy]);
}

#[test]
fn high_ones_are_gathered_in_one_mail_at_noon() {
    let mut state = State::default();
    for person in 1..=3 {
        state.raise(&new(person, "eating-disorder", false, "2026-11-23T09:00:00Z", "2026-11-23T12:00:00Z"));
    }
    assert!(told("", &mut state, "2026-11-23T11:59:59Z").is_empty());
    let letters = told("", &mut state, "2026-11-23T12:00:03Z");
    assert_eq!(subjects(&letters), ["Alerts 1, 2, 3: 3 matters need you today"]);
    assert!(letters[0].body.contains("https://desk.school.example/"));
    // One that speaks of itself does not wait.
    state.raise(&new(4, "abuse", false, "2026-11-23T13:00:00Z", "2026-11-23T13:00:00Z"));
    assert_eq!(subjects(&told("", &mut state, "2026-11-23T13:00:01Z")), ["Alert 4: one matter needs you"]);
    assert!(told("", &mut state, "2026-11-23T15:00:00Z").is_empty());
}

#[test]
fn in_quiet_hours_whoever_is_on_duty_is_told() {
    let night = "[alerts]\nquiet_from = \"18:00\"\nquiet_until = \"07:00\"\nout_of_hours = [\"duty@school.example\"]\n";
    let mut state = State::default();
    state.raise(&new(1, "suicide", true, "2026-11-23T23:00:00Z", "2026-11-23T23:00:00Z"));
    let letters = told(night, &mut state, "2026-11-23T23:00:01Z");
    assert_eq!((letters.len(), &letters[0].to), (1, &vec!["duty@school.example".to_owned()]));
    assert_eq!(state.alerts[0].told[0].how, How::OutOfHours);
}

#[test]
fn no_letter_and_no_notice_holds_a_theme_or_whose_it_is() {
    let all = "[alerts]\nwebhook = \"https://hook.example/x\"\nwebhook_secret_file = \"secret\"\n";
    let mut state = State::default();
    let mut letters = Vec::new();
    for (number, theme) in crate::report::themes::THEMES.iter().enumerate() {
        let critical = number % 2 == 0;
        state.raise(&new(4711, theme.id, critical, "2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z"));
    }
    for now in ["2026-11-23T09:00:01Z", "2026-11-23T09:20:00Z"] {
        letters.extend(told(all, &mut state, now));
    }
    assert!(letters.len() > 20 && state.notices.len() >= letters.len());
    let said: String = letters.iter().map(|l| format!("{}\n{}\n{}\n", l.id, l.subject, l.body)).collect();
    let said = said + &state.notices.iter().map(|n| format!("{}\n{}\n", n.id, n.body)).collect::<String>();
    for theme in crate::report::themes::THEMES {
        for never in [theme.id, theme.title, theme.about] {
            assert!(!said.to_lowercase().contains(&never.to_lowercase()), "{never}");
        }
    }
    assert!(!said.contains("4711"), "{said}");
}

#[test]
fn what_is_kept_outlives_a_restart_and_numbers_go_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let raise = |alerts: &Alerts, person| {
        let at = "2026-11-23T09:00:00Z";
        let (number, kept) = alerts.change(|state| state.raise(&new(person, "suicide", true, at, at)));
        kept.expect("kept");
        number
    };
    assert_eq!(raise(&open(dir.path()).expect("none yet"), 1), Some(1));
    let again = open(dir.path()).expect("read");
    assert_eq!((raise(&again, 1), raise(&again, 2)), (None, Some(2)));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(file(dir.path())).expect("there").permissions());
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(file(dir.path()), "{").expect("written");
    assert!(open(dir.path()).map(drop).expect_err("broken").contains("move it away"));
}
