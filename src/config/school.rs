//! `[school]`: what it is called, when its day is, which suites it uses.

use super::Around;
use super::fault::Wrong;
use super::file::Section;
use super::item::List;
use super::values;
use jiff::tz::TimeZone;

/// The suites that `platforms` may name: each is a file `platform-NAME.txt` of the shipped lists.
pub const SUITES: &[&str] = &["microsoft365", "google-workspace"];

/// Most contacts, and the length of each: all of them fit into an answer over UDP.
const MAX_CONTACTS: usize = 3;
const MAX_CONTACT: usize = 100;

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
    /// URIs of whoever mends a wrong block (`mailto:`, `tel:`, `sips:`), for programs that can show them. As shipped: none.
    pub contact: Vec<String>,
    /// Who agrees to passes that only the safeguarding lead or a senior leader opens, by their account's name. As shipped: nobody.
    pub leads: Vec<String>,
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
        contact: contact(&section),
        leads: List::values(section.list("leads", values::name)),
        platforms: platforms.into_iter().map(str::to_owned).collect(),
    };
    school.platforms.sort();
    school.platforms.dedup();
    section.end();
    school
}

/// Addresses that an extended DNS error may hold: it has room for few.
fn contact(section: &Section) -> Vec<String> {
    let written = section.list("contact", |item| {
        let text = item.text()?;
        let right = "an address with its kind, such as \"mailto:filter@school.example\" or \"tel:+441632960123\"";
        let of_a_kind = ["mailto:", "tel:", "sips:"].iter().any(|kind| text.len() > kind.len() && text.starts_with(kind));
        let is_plain = text.bytes().all(|b| b.is_ascii_graphic()) && text.len() <= MAX_CONTACT;
        if of_a_kind && is_plain { Ok(text.to_owned()) } else { Err(Wrong::new("this is not an address of a contact", right)) }
    });
    if let Some(first) = written.as_ref().and_then(|w| w.items.get(MAX_CONTACTS)) {
        section.fault(Wrong::new("there are too many contacts", format!("at most {MAX_CONTACTS}")).at(first.place));
    }
    List::values(written)
}

fn london() -> TimeZone {
    jiff::tz::TimeZoneDatabase::bundled().get("Europe/London").unwrap_or(TimeZone::UTC)
}
