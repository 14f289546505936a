//! `[portal]`, and the `portal` of a [[network]]: how people sign in, for how long, and what they are told.

use super::fault::{Wrong, shown};
use super::file::Section;
use super::item::Item;
use super::values;
use crate::words::NetworkId;

/// How long somebody is signed in, as it ships: a school day.
const MINUTES: u32 = 8 * 60;

/// Longest notice: a page of a phone, twice.
const MAX_NOTICE: usize = 3_000;

/// Longest address of a page.
const MAX_LINK: usize = 300;

/// The version of the notice that ships.
const SHIPPED: &str = "1";

/// By what people may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Password,
    Voucher,
}

impl Way {
    pub const ALL: [(&'static str, Self); 2] = [("password", Self::Password), ("voucher", Self::Voucher)];

    pub fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, way)| *way == self).map_or("", |(word, _)| word)
    }
}

/// How people sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portal {
    /// The networks on which they do, and by what.
    pub networks: Vec<(NetworkId, Vec<Way>)>,
    /// How long somebody is signed in.
    pub lasts_ms: u64,
    pub notice: MonitoringNotice,
    /// Where the school is told of a worry: a page, `mailto:` or `tel:`.
    pub concern: Option<String>,
}

/// What people are told of what is seen of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitoringNotice {
    /// Written down with who has read it.
    pub version: String,
    /// The school's own words, and the same in Welsh; `None`: those that ship.
    pub words: Option<(String, Option<String>)>,
}

impl Portal {
    /// By what people sign in on a network. `None`: nobody does there.
    pub fn ways(&self, network: NetworkId) -> Option<&[Way]> {
        self.networks.iter().find(|(id, _)| *id == network).map(|(_, ways)| &ways[..])
    }
}

pub(super) fn read(root: &Section, networks: Vec<(NetworkId, Vec<Way>)>) -> Portal {
    let section = root.section("portal");
    let minutes = section.value("minutes", |item| item.number(5..=24 * 60)).map_or(MINUTES, |m| m.value);
    let concern = section.value("concern", link).map(|v| v.value);
    let notice = section.value("notice", |item| prose(item));
    let welsh = section.value("notice_welsh", |item| prose(item));
    let version = section.value("notice_version", values::name);
    if let (Some(notice), None) = (&notice, &version) {
        let title = "the school's own notice has no version, and nobody could say which one somebody has read";
        section.fault(Wrong::new(title, "add one, such as notice_version = \"2026-09\"").at(notice.place));
    }
    if let (None, Some(other)) = (&notice, welsh.as_ref().map(|w| w.place).or(version.as_ref().map(|v| v.place))) {
        let wrong = Wrong::new("this is of the school's own notice, and there is none", "add `notice = …`, or delete this");
        section.fault(wrong.at(other));
    }
    section.end();
    let words = notice.map(|notice| (notice.value, welsh.map(|w| w.value)));
    let version = version.map_or_else(|| SHIPPED.to_owned(), |v| v.value);
    Portal { networks, lasts_ms: u64::from(minutes) * 60_000, notice: MonitoringNotice { version, words }, concern }
}

/// One of the ways that `portal` of a network lists.
pub(super) fn way(item: &Item) -> Result<Way, Wrong> {
    item.word(&Way::ALL)
}

/// Text of a few lines.
fn prose(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?.trim();
    let fits = !text.is_empty() && text.chars().count() <= MAX_NOTICE && !text.chars().any(|c| c.is_control() && c != '\n');
    if fits {
        return Ok(text.to_owned());
    }
    let right = format!("a text of at most {MAX_NOTICE} characters");
    Err(Wrong::new(format!("`{}` is empty, too long, or holds control characters", item.key), right))
}

fn link(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?;
    let of_a_kind =
        ["https://", "http://", "mailto:", "tel:"].iter().any(|kind| text.len() > kind.len() && text.starts_with(kind));
    if of_a_kind && text.len() <= MAX_LINK && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    let right = "an address with its kind, such as \"https://school.example/worried\" or \"mailto:dsl@school.example\"";
    Err(Wrong::new(format!("{} leads nowhere", shown(text)), right))
}
