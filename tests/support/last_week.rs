//! What people of the register asked for last week, in a journal of its own: the gate that starts on it owes its report.

use crate::support::School;
use schoolgate::app::delivery::due;
use schoolgate::config::Report;
use schoolgate::journal::{Door, Event, Intent, Journal, Settings};
use schoolgate::policy::{Act, Action, ProfileId, Step, Verdict};
use schoolgate::words::{
    Category, CategorySet, ClientAddr, Confidence, DeviceId, GroupId, Groups, Known, NetworkId, PersonId, Who,
};

/// From a Friday to the end of its week.
const TO_FRIDAY_MS: i64 = 60 * 60 * 60 * 1000;

/// In the last week whose report is due by now: early on a Monday that is not the week that has just ended. Seven times, a minute between: the person of this number in the register, at the device of the same, blocked by this category.
pub fn asked(school: &School, all: &[(u32, Category, &str)]) {
    searched(school, all, "");
}

/// The same by the proxy, of pages with these words searched for; sealed, if the school has keys.
pub fn searched(school: &School, all: &[(u32, Category, &str)], words: &str) {
    let zone = jiff::tz::TimeZone::get("Europe/London").expect("a zone");
    let as_shipped = Report { minute: 6 * 60, ..Report::default() };
    let (week, _) = due(&as_shipped, &zone, schoolgate::gate::Clock::System.unix_ms());
    let now = week.bounds(&zone).1 - TO_FRIDAY_MS;
    let settings = Settings::new(school.path("var/journal"), school.path("rings"), jiff::tz::TimeZone::UTC);
    let settings = settings.sealed_by(school.path("var"));
    let journal = Journal::start(settings.with_clock(std::sync::Arc::new(move || now))).expect("a journal");
    for (number, category, host) in all {
        let verdict = Verdict {
            act: Act::Block,
            action: Action::Block,
            step: Step::Category,
            labels: 2,
            category: Some(*category),
            kind: None,
            rule: None,
            pass: None,
            group: Some(GroupId(0)),
            cell: None,
            profile: ProfileId(0),
        };
        let who = Who {
            client: ClientAddr::new([127, 0, 0, 9].into()),
            network: NetworkId(0),
            device: Some(DeviceId(*number)),
            person: Some(PersonId(*number)),
            groups: Groups::one(GroupId(0)),
            known: Known::Address,
            sure: Confidence::High,
            since: None,
            mac: None,
        };
        for n in 0..7 {
            let event = Event {
                when_ms: now + n * 60_000,
                boot_ms: 1_000,
                host: (*host).into(),
                query_type: u16::from(words.is_empty()),
                path: if words.is_empty() { "".into() } else { format!("/find?q={words}").into() },
                search: words.into(),
                categories: CategorySet::of(&[*category]),
                intent: Intent::Navigation,
                ..Event::of(&verdict, if words.is_empty() { Door::Dns } else { Door::Proxy }, Some(who))
            };
            journal.note(&event);
        }
    }
    journal.stop();
}
