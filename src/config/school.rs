//! `[school]`: what it is called, when its day is, which suites it uses.

use super::Around;
use super::file::Section;
use super::item::List;
use super::values;
use jiff::tz::TimeZone;

/// The suites that `platforms` may name: each is a file `platform-NAME.txt` of the shipped lists.
pub const SUITES: &[&str] = &["microsoft365", "google-workspace"];

#[derive(Debug, Clone)]
pub struct School {
    /// On every block page and report. As shipped: 'Our school'.
    pub name: String,
    /// This box, in events and reports. The host name, if not written.
    pub gateway: String,
    /// IANA name of the zone; weeks, bells and the report go by it. As shipped: Europe/London.
    pub zone: TimeZone,
    /// Whom a blocked pupil should see. As shipped: 'your teacher'.
    pub whom_to_see: String,
    /// Suites whose mail, chat and drive count as platform: the files `platform-NAME.txt` of the shipped lists.
    pub platforms: Vec<String>,
}

pub(super) fn read(root: &Section, around: &Around) -> School {
    let section = root.section("school");
    let text = |key, otherwise: &str| section.value(key, values::name).map_or(otherwise.to_owned(), |v| v.value);
    let suites: Vec<_> = SUITES.iter().map(|s| (*s, *s)).collect();
    let platforms = List::values(section.list("platforms", |item| item.word(&suites)));
    let mut school = School {
        name: text("name", "Our school"),
        gateway: text("gateway", &around.host_name),
        zone: section.value("timezone", values::zone).map_or_else(london, |v| v.value),
        whom_to_see: text("whom_to_see", "your teacher"),
        platforms: platforms.into_iter().map(str::to_owned).collect(),
    };
    school.platforms.sort();
    school.platforms.dedup();
    section.end();
    school
}

fn london() -> TimeZone {
    jiff::tz::TimeZoneDatabase::bundled().get("Europe/London").unwrap_or(TimeZone::UTC)
}
