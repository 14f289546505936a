//! `[alerts]`: who is told before the weekly report, when, and by which way.

use super::fault::Wrong;
use super::file::Section;
use super::item::{Item, List};
use super::{mail, values};
use crate::words::Url;
use crate::words::url::Scheme;
use std::path::{Path, PathBuf};

/// What cannot wait. Critical matters are told at once, high ones with the next digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alerts {
    /// Local minutes of the digests, in order. As shipped: 12:00 and 15:00.
    pub digests: Vec<u16>,
    /// Local minutes, from and until; it may go over midnight. As shipped: there are no quiet hours.
    pub quiet: Option<(u16, u16)>,
    /// Who has critical matters in quiet hours; nobody: those who have them at other times.
    pub out_of_hours: Vec<String>,
    /// Who has a critical one that nobody acknowledged; nobody: those who had it, again.
    pub deputy: Vec<String>,
    /// After so many minutes. As shipped: 15.
    pub deputy_after: u32,
    /// Who is told what is wrong with the gate. As shipped: nobody.
    pub it: Vec<String>,
    pub webhook: Option<Webhook>,
}

/// Another system that is told by HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub url: Url,
    /// Its first line is what messages are signed with.
    pub secret_file: PathBuf,
    /// Certificates (PEM) trusted beside those of the box.
    pub trust: Option<PathBuf>,
}

/// `folder` is where paths begin.
pub(super) fn read(root: &Section, folder: &Path) -> Alerts {
    let section = root.section("alerts");
    let mut digests = List::values(section.list("digests", values::minute));
    if !section.has("digests") {
        digests = vec![12 * 60, 15 * 60];
    }
    digests.sort_unstable();
    let quiet = if section.has("quiet_from") || section.has("quiet_until") {
        let from = section.need("quiet_from", values::minute);
        let until = section.need("quiet_until", values::minute);
        from.zip(until).map(|(from, until)| (from.value, until.value))
    } else {
        section.value("quiet_from", values::minute);
        section.value("quiet_until", values::minute);
        None
    };
    let alerts = Alerts {
        digests,
        quiet,
        out_of_hours: List::values(section.list("out_of_hours", mail::address)),
        deputy: List::values(section.list("deputy", mail::address)),
        deputy_after: section.value("deputy_after", |item| item.number(1..=1440)).map_or(15, |minutes| minutes.value),
        it: List::values(section.list("it", mail::address)),
        webhook: webhook(&section, folder),
    };
    section.end();
    alerts
}

fn webhook(section: &Section, folder: &Path) -> Option<Webhook> {
    let path = |item: &Item| super::lists::path(item.text()?).map(|path| folder.join(path));
    let trust = section.value("webhook_trust", path).map(|trust| trust.value);
    if !section.has("webhook") {
        section.value("webhook", url);
        section.value("webhook_secret_file", path);
        return None;
    }
    let url = section.need("webhook", url);
    let secret = section.need("webhook_secret_file", path);
    Some(Webhook { url: url?.value, secret_file: secret?.value, trust })
}

fn url(item: &Item) -> Result<Url, Wrong> {
    let text = item.text()?;
    let right = "such as https://hooks.school.example/schoolgate";
    match Url::parse(text) {
        Ok(url) if url.scheme == Scheme::Https && text.contains("://") => Ok(url),
        Ok(_) => Err(Wrong::new("messages go over HTTPS or not at all", right)),
        Err(why) => Err(Wrong::new(format!("this is not a URL: {why}"), right)),
    }
}
