//! The parts about the filter itself: how the gate is, what was changed, what it cannot see, what is kept.

use super::calendar::{Calendar, date_and_time};
use super::plain::{count, number, shown};
use super::seen::{MAX_STRANGERS, quarters};
use super::tally::Counts;
use super::week::{ChangeLine, Coverage, Fact, ListLine, LookUpLine, NetworkLine, Open};
use super::world::{StillOpen, World};
use crate::gate::flood::MOST;
use crate::words::Category;

/// A list older than this needs someone: the public lists are renewed between daily and weekly.
const OLD_LIST_DAYS: u32 = 14;
/// A backup older than this needs someone: it is made nightly.
const OLD_BACKUP_DAYS: u32 = 2;
/// A self-test older than this needs someone: the rules ask for checks each year and after each change, a term is safer.
const OLD_SELF_TEST_DAYS: u32 = 90;

/// How the gate is, each fact with whether it needs someone.
pub fn facts(counts: &Counts, calendar: &mut Calendar, world: &World) -> Vec<Fact> {
    let health = &world.health;
    let fact = |what, good, is: String| Fact { what, is, good };
    let mut facts = vec![
        awake(counts, calendar, world),
        fact(
            "Illegal lists",
            health.locked_present && !health.locked_stale,
            match (health.locked_present, health.locked_stale) {
                (true, false) => "present",
                (true, true) => "stale: older than their issuer calls fresh",
                (false, _) => "NOT PRESENT: no licensed list is in place",
            }
            .into(),
        ),
        list_ages(world),
        fact("Events written down", true, number(counts.totals.events)),
        fact("Events lost", health.events_dropped == 0, number(health.events_dropped)),
        fact("Gaps in the journal's numbers", health.gaps == 0, number(health.gaps)),
        fact("Events brought back after a sudden stop", true, number(health.replayed)),
        fact("Events without a date", health.undated == 0, number(health.undated)),
        fact("Clock", health.clock_set, if health.clock_set { "set" } else { "NOT SET: times are wrong" }.into()),
        fact("Running since", true, health.started_ms.map_or_else(|| "not known".into(), |ms| date_and_time(ms, world.zone))),
        dated("Backup", health.backup_days, OLD_BACKUP_DAYS, "none is known"),
        dated("Self-test", health.self_test_days, OLD_SELF_TEST_DAYS, "none is recorded"),
    ];
    if health.summed > 0 {
        let events = count(health.summed, "allowed visit is", "allowed visits are");
        let is = format!("NEARLY FULL: {events} counted and not written down one by one; what was blocked is all there");
        facts.insert(4, fact("Disk", false, is));
    }
    if !counts.floods.is_empty() {
        let who = count(counts.floods.len() as u64, "device", "devices");
        let events = number(counts.floods.values().sum());
        let is =
            format!("{who} asked more than {MOST} questions a second: {events} of them are written down as sums without names");
        facts.insert(4, fact("Asked without end", false, is));
    }
    facts
}

fn dated(what: &'static str, days: Option<u32>, old: u32, none: &str) -> Fact {
    match days {
        Some(days) => Fact { what, is: format!("{} old", count(days.into(), "day", "days")), good: days <= old },
        None => Fact { what, is: none.into(), good: false },
    }
}

/// In how many quarters of an hour of lesson time, up to now, anything was written down.
fn awake(counts: &Counts, calendar: &mut Calendar, world: &World) -> Fact {
    let (mut lessons, mut heard) = (0u64, 0u64);
    for (quarter, since_ms) in quarters() {
        let at_ms = calendar.start_ms + since_ms;
        if at_ms >= calendar.end_ms.min(world.made_ms) {
            break;
        }
        let moment = calendar.moment(at_ms);
        if calendar.is_lesson(&moment) {
            lessons += 1;
            heard += u64::from(counts.seen.was_awake(quarter));
        }
    }
    let is = match lessons {
        0 => "no lessons this week".into(),
        _ => format!("{} of {} quarter hours of lesson time", number(heard), number(lessons)),
    };
    // A small school may be quiet for a quarter of an hour; a morning without a word is a fault.
    Fact { what: "Something was seen in", is, good: heard * 10 >= lessons * 9 }
}

fn list_ages(world: &World) -> Fact {
    let lists = &world.health.lists;
    let entries: u64 = lists.iter().map(|l| l.entries).sum();
    let oldest = lists.iter().filter_map(|l| l.age_days).max();
    let unknown = lists.iter().filter(|l| l.age_days.is_none()).count() as u64;
    let age = match (oldest, unknown) {
        (None, _) => "age not known".into(),
        (Some(days), 0) => format!("the oldest {} old", count(days.into(), "day", "days")),
        (Some(days), n) => format!("the oldest {} old, the age of {} not known", count(days.into(), "day", "days"), number(n)),
    };
    let is = format!("{}, {}, {age}", count(lists.len() as u64, "list", "lists"), count(entries, "entry", "entries"));
    Fact { what: "Lists", is, good: !lists.is_empty() && oldest.is_none_or(|days| days <= OLD_LIST_DAYS) }
}

pub fn lists(title: &dyn Fn(Category) -> String, world: &World) -> Vec<ListLine> {
    let line = |l: &super::world::ListFact| ListLine {
        name: shown(&l.name),
        category: title(l.category),
        entries: l.entries,
        age_days: l.age_days,
    };
    world.health.lists.iter().map(line).collect()
}

pub fn changes(calendar: &mut Calendar, world: &World) -> Vec<ChangeLine> {
    let mut changes: Vec<_> = world.changes.iter().collect();
    changes.sort_by_key(|c| c.when_ms);
    let line = |c: &super::world::Change| ChangeLine {
        when: calendar.day_and_time(c.when_ms),
        who: shown(&c.who),
        what: shown(&c.what),
        unnamed: shown(&unnamed(&c.what, world.is_pupil)),
        why: shown(&c.why),
        approved_by: c.approved_by.as_deref().map(shown).unwrap_or_default(),
    };
    changes.into_iter().map(line).collect()
}

/// A change without the accounts of pupils that it is for.
fn unnamed(what: &str, is_pupil: &dyn Fn(&str) -> bool) -> String {
    let word = |word: &str| match word.trim_matches([',', '(', ')', ':']) {
        key if is_pupil(key) => word.replace(key, "somebody"),
        _ => word.to_owned(),
    };
    what.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

pub fn still_open(open: &[StillOpen]) -> Vec<Open> {
    let line = |o: &StillOpen| Open {
        matter: shown(&o.matter),
        owner: shown(&o.owner),
        last_action: shown(&o.last_action),
        days: o.days,
    };
    open.iter().map(line).collect()
}

pub fn look_ups(calendar: &mut Calendar, world: &World) -> Option<Vec<LookUpLine>> {
    let line = |l: &super::world::LookUp| LookUpLine {
        when: calendar.day_and_time(l.when_ms),
        who: shown(&l.who),
        whom: shown(&l.whom),
        purpose: shown(&l.purpose),
    };
    world.look_ups.as_ref().map(|look_ups| look_ups.iter().map(line).collect())
}

pub fn retention(calendar: &mut Calendar, world: &World) -> String {
    let Some(kept) = &world.retention else {
        return "Nothing is deleted by itself yet: a week is kept until someone deletes its file.".into();
    };
    let days = |days: u32| count(days.into(), "day", "days");
    let mut said = format!(
        "Single visits are deleted {} after the end of their week, sums and this report {} after. Who looked at whom, and what was \
         changed, is not.",
        days(kept.detail_days),
        days(kept.rollup_days)
    );
    if kept.holds > 0 {
        said += &format!(" Held from deletion: {}.", count(kept.holds, "week or person", "weeks or people"));
    }
    for deleted in kept.deleted.iter().take(MAX_DELETED) {
        let events = deleted.events.map_or_else(String::new, |n| format!(" with {}", count(n, "event", "events")));
        let when = calendar.day_and_time(deleted.when_ms);
        said += &format!(" Deleted {when}: {}{events} ({}).", shown(&deleted.file), deleted.rule);
    }
    if let Some(more @ 1..) = kept.deleted.len().checked_sub(MAX_DELETED) {
        said += &format!(" {more} more files were deleted.");
    }
    said
}

/// Most deleted files that are named: a gate that was off for a year deletes many at once.
const MAX_DELETED: usize = 20;

/// How a number of things is said, of one and of many.
type Say = fn(u64, &str, &str) -> String;

/// What this report cannot know, of this configuration and this week.
pub fn limits(coverage: &Coverage, networks: &[NetworkLine], world: &World, count: Say) -> Vec<String> {
    let mut limits =
        vec![
        "School devices away from school are not filtered by this box, nor are telephones on mobile data.".to_owned(),
        match networks.iter().map(|n| n.decrypted).sum::<u64>() {
            0 => "HTTPS is judged by the name of the host. Pages, messages and pictures inside it are not seen, and this gateway \
                  decrypted nothing."
                .into(),
            n => format!(
                "HTTPS is judged by the name of the host but where it was looked into: {}. Banking, health and what the school \
                 leaves alone never is.",
                count(n, "request", "requests")
            ),
        },
        match coverage.searches {
            0 => "No search was seen: no matter here rests on what anybody typed.".into(),
            n => format!(
                "Search words were seen on {} only, and told by a list of terms. What was typed is in no report: it is in the \
                 log, which opens with a purpose.",
                count(n, "pupil device", "pupil devices")
            ),
        },
    ];
    if world.retention.as_ref().is_some_and(|kept| !kept.sealed) {
        limits.push(
            "What pupils type is not sealed: whoever may read this gateway's disk or a backup of it can read it. `schoolgate seal \
             init` makes the keys."
                .into(),
        );
    }
    if coverage.nothing > 0 {
        let devices = count(coverage.nothing, "pupil device", "pupil devices");
        limits.push(format!("{devices} asked for nothing here this week: not in use, away from school, or on another way out."));
    }
    if coverage.strangers > 0 {
        let least = if coverage.strangers >= MAX_STRANGERS as u64 { "At least " } else { "" };
        let addresses = count(coverage.strangers, "address is", "addresses are");
        limits.push(format!("{least}{addresses} in no register: what was asked there can be given to nobody."));
    }
    for network in networks.iter().filter(|n| n.state != "on" || n.watched > 0) {
        limits.push(match network.state {
            "off" => format!("On {} nothing was judged: the filter is off there.", network.name),
            "watching" => format!("On {} the filter only watches: what it names as blocked was open.", network.name),
            _ => {
                let (one, many) = ("request that should have been blocked was", "requests that should have been blocked were");
                format!(
                    "On {} the filter only watched for a part of the week: {} open.",
                    network.name,
                    count(network.watched, one, many)
                )
            }
        });
    }
    if !world.health.locked_present {
        limits.push("The lists of illegal addresses are not present, so nothing here says that nobody asked for one.".into());
    }
    limits.extend([
        "A name in a question shows that a device asked, not that a person meant it. Noise is told by company and beat: the \
         samples show whether that went well."
            .into(),
        "Attempts within ten seconds count as one; a browser may ask again by itself after longer.".into(),
        "Who it was is known by the device. Whoever holds it is taken for its owner.".into(),
        "Visits to help services are counted and belong to nobody: whether somebody in this report sought help is not known."
            .into(),
        match &world.alerts {
            None => "No alert is sent between reports: a matter waits for this page.".into(),
            Some(_) => {
                "Alerts between reports are for critical and high themes alone; every other matter waits for this page.".into()
            }
        },
    ]);
    limits
}
