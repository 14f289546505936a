//! What somebody asked for around a matter, from the log: half an hour before what it rests on, and half an hour after.

use crate::app::journal_dir;
use crate::app::weekly::audience;
use crate::casebook::{Concerns, MatterRef};
use crate::config::Config;
use crate::journal::Names;
use crate::journal::export::{Line, Resolve};
use crate::journal::read::{self, Filter, ReadFault, Stored, Week};
use crate::people::Register;
use crate::policy::Action;
use crate::report::Audience;
use crate::report::calendar::date_and_time;
use crate::report::subject::Subject;
use crate::report::week::Matter;
use crate::seal::Opener;
use crate::web::desk::{Around, AskedFor, Stretch};
use crate::words::{DeviceId, PersonId, Who};
use std::sync::Arc;

const HALF_AN_HOUR_MS: i64 = 30 * 60 * 1000;

/// Most rows of all stretches, and most stretches: what a person reads.
const MOST_ROWS: usize = 600;
const MOST_STRETCHES: usize = 12;

/// What is sealed of it is dots, but for who opens it: that is recorded by then.
///
/// # Errors
/// [`ReadFault`]. A week that is not there any more is none.
pub fn around(config: &Config, register: &Register, matter: &Matter, with: Option<Arc<Opener>>) -> Result<Around, ReadFault> {
    let files = read::weeks(&journal_dir(config))?;
    let Some(file) = files.into_iter().find(|file| file.week == matter.reference.id.week) else { return Ok(Around::default()) };
    let mut week = Week::open(&file.path)?;
    if let Some(opener) = with {
        week.open_with(opener);
    }
    let Some(whose) = whose(&matter.reference.id.subject) else { return Ok(Around::default()) };
    let mut times = Vec::new();
    for seq in &matter.rows {
        let next = Filter { after: Some(seq.saturating_sub(1)), ..Filter::default() };
        if let Some(stored) = week.events(&next).next().transpose()?.filter(|stored| stored.seq == *seq) {
            let last = stored.event.span.map_or(stored.event.when_ms, |span| span.last_ms);
            times.push((stored.event.when_ms, last));
        }
    }
    let stretches = stretches(times);
    let mut around = Around { more: stretches.len() > MOST_STRETCHES || matter.rows_left_out > 0, ..Around::default() };
    let mut left = MOST_ROWS;
    for (from_ms, until_ms) in stretches.into_iter().take(MOST_STRETCHES) {
        let filter = Filter { since_ms: Some(from_ms), until_ms: Some(until_ms), ..whose.clone() };
        let mut rows = Vec::new();
        for stored in week.events(&filter) {
            if rows.len() >= left {
                around.more = true;
                break;
            }
            let stored = stored?;
            let names = week.names_of(stored.event.policy_version)?;
            if stored.event.who.as_ref().is_none_or(|who| is_theirs(config, register, &names, who, &matter.reference)) {
                rows.push(stored);
            }
        }
        left -= rows.len();
        around.sealed += rows.iter().filter(|stored| stored.event.sealed.is_some()).count();
        // The journal's own order is that in which the doors' threads handed over.
        rows.sort_by_key(|stored| (stored.event.when_ms, stored.seq));
        let asked = rows.iter().map(|stored| row(config, register, &week, stored, matter)).collect::<Result<_, _>>()?;
        let zone = &config.school.zone;
        around.spans.push(Stretch { from: date_and_time(from_ms, zone), until: date_and_time(until_ms, zone), asked });
    }
    Ok(around)
}

/// The rows of whom a matter is about, by what it is called.
fn whose(subject: &str) -> Option<Filter> {
    let (kind, which) = subject.split_once('-')?;
    match kind {
        "person" => Some(Filter { person: Some(PersonId(which.parse().ok()?)), ..Filter::default() }),
        "device" => Some(Filter { device: Some(DeviceId(which.parse().ok()?)), ..Filter::default() }),
        "address" => Some(Filter { client: Some(which.parse().ok()?), ..Filter::default() }),
        _ => None,
    }
}

/// Whether a row is of whom a matter is about. At an address or a shared device somebody else may have been within the hour: who is
/// named, and has matters of their own, and those whom the matter is not for to see.
fn is_theirs(config: &Config, register: &Register, names: &Names, who: &Who, matter: &MatterRef) -> bool {
    let subject = &matter.id.subject;
    if subject.starts_with("person-") {
        return true;
    }
    let groups = who.groups.iter().filter_map(|g| names.groups.get(usize::from(g.0))).map(|g| audience(config, g));
    let owner = |device| register.device(device).and_then(|d| d.person);
    let of = Audience::of(who, owner, |person| register.person(person).map(|p| p.role), groups);
    Subject::of(who).word() == *subject && (of == Audience::Pupils) == (matter.concerns == Concerns::Pupil)
}

/// The half hours around these times; those that touch are one.
fn stretches(mut times: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    times.sort_unstable();
    let mut stretches: Vec<(i64, i64)> = Vec::new();
    for (first_ms, last_ms) in times {
        let (from_ms, until_ms) = (first_ms - HALF_AN_HOUR_MS, last_ms + HALF_AN_HOUR_MS);
        match stretches.last_mut() {
            Some((_, until)) if *until >= from_ms => *until = until_ms.max(*until),
            _ => stretches.push((from_ms, until_ms)),
        }
    }
    stretches
}

fn row(config: &Config, register: &Register, week: &Week, stored: &Stored, matter: &Matter) -> Result<AskedFor, ReadFault> {
    let names = week.names_of(stored.event.policy_version)?;
    let person = |id| register.person(id).map(|p| p.key.clone());
    let device = |id| register.device(id).map(|d| d.name.clone());
    let line = Line::of(stored, &Resolve { names: &names, zone: &config.school.zone, person: &person, device: &device });
    let at = jiff::Timestamp::from_millisecond(stored.event.when_ms).unwrap_or_default().to_zoned(config.school.zone.clone());
    let title = stored.event.category.and_then(|category| config.title_of(category)).map(|title| title.title.clone());
    Ok(AskedFor {
        when: at.strftime("%H:%M:%S").to_string(),
        at: line.device.or(line.client).unwrap_or_default(),
        host: line.host.unwrap_or_default(),
        became: became(stored.event.action),
        category: title.unwrap_or_default(),
        count: stored.event.count,
        typed: line.search.or(line.path).unwrap_or_default(),
        of_matter: matter.rows.contains(&stored.seq),
    })
}

/// In words.
fn became(action: Action) -> &'static str {
    match action {
        Action::Allow => "opened",
        Action::Block => "blocked",
        Action::Warn => "warned of",
        Action::Rewrite => "opened, in its safe form",
        Action::WouldBlock => "let through: only watching",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_hours_that_touch_are_one_stretch() {
        let minute = 60_000;
        assert_eq!(stretches(vec![]), []);
        let times = vec![(200 * minute, 200 * minute), (100 * minute, 105 * minute), (160 * minute, 160 * minute)];
        assert_eq!(stretches(times), [(70 * minute, 230 * minute)]);
        assert_eq!(stretches(vec![(0, 0), (61 * minute, 61 * minute)]).len(), 2);
    }

    #[test]
    fn of_an_address_nobody_is_shown_who_is_named_there_or_whom_the_matter_is_not_for() {
        use crate::casebook::Gravity;
        use crate::lists::phrases::Tier;
        use crate::words::{ClientAddr, Confidence, GroupId, Groups, Known, NetworkId};
        let config = crate::gate::Snapshot::clone(&crate::gate::school::School::with("").gate.snapshot()).config;
        let register = Register::empty();
        let groups = config.policy.groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>();
        let place = |of| groups.iter().position(|g| audience(&config, g) == of).expect("a group of theirs") as u16;
        let (pupils, staff) = (place(Audience::Pupils), place(Audience::Adults));
        let names = Names { groups, ..Names::default() };
        let who = |person, sure, group| {
            let client = ClientAddr::new([10, 20, 0, 9].into());
            let (groups, network) = (Groups::one(GroupId(group)), NetworkId(0));
            Who { client, mac: None, network, device: None, person, groups, known: Known::Session, sure, since: None }
        };
        let (nobody, somebody) = (who(None, Confidence::Group, pupils), who(Some(PersonId(7)), Confidence::Medium, pupils));
        let (perhaps, adult) = (who(Some(PersonId(7)), Confidence::Low, pupils), who(None, Confidence::Group, staff));
        let matter = |subject: String, concerns| {
            let id = format!("2026-W47.{subject}.gambling").parse().expect("an id");
            MatterRef { id, concerns, person: None, gravity: Gravity { tier: Tier::High, searched: false }, title: String::new() }
        };
        let shown = |matter: &MatterRef| {
            [&nobody, &somebody, &perhaps, &adult].map(|who| is_theirs(&config, &register, &names, who, matter))
        };
        let address = Subject::of(&nobody).word();
        assert_eq!(shown(&matter(address.clone(), Concerns::Pupil)), [true, false, true, false]);
        assert_eq!(shown(&matter(address, Concerns::Adult)), [false, false, false, true]);
        assert_eq!(shown(&matter("address-10.99.99.99".into(), Concerns::Pupil)), [false; 4]);
        assert_eq!(shown(&matter("person-7".into(), Concerns::Pupil)), [true; 4], "by whom the rows were asked for");
    }

    #[test]
    fn whom_a_matter_is_about_is_read_from_what_it_is_called() {
        assert_eq!(whose("person-12").and_then(|f| f.person), Some(PersonId(12)));
        assert_eq!(whose("device-7").and_then(|f| f.device), Some(DeviceId(7)));
        assert_eq!(whose("address-10.20.0.9").and_then(|f| f.client), Some([10, 20, 0, 9].into()));
        assert_eq!(whose("address-2001:db8::9").and_then(|f| f.client), "2001:db8::9".parse().ok());
        // Nothing would be everybody's rows.
        for none in ["", "person", "person-", "person-x", "address-x", "school-1"] {
            assert_eq!(whose(none), None, "{none}");
        }
    }
}
