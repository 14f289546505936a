//! 'Stop and think first': a page that may be opened by whoever has read this.
//!
//! Nothing here lets anybody through: it only leads to the gate's own web door, where that is done. So no page elsewhere can do it
//! in a person's name.

use super::block::{is_for_staff, title};
use super::words::{self, Words};
use super::{Reader, Reference, sheet};
use crate::gate::{Judged, Visit};
use crate::words::Host;
use askama::Template;

/// The page for one visit that is warned.
#[derive(Debug, Template)]
#[template(path = "warn.html")]
pub struct WarnPage {
    school: String,
    whom_to_see: String,
    host: Host,
    reference: Reference,
    /// What it was taken for; staff only.
    category: Option<String>,
    reader: Reader,
    words: &'static Words,
}

impl WarnPage {
    /// The page for whoever this visit is from.
    pub fn of(visit: &Visit, judged: &Judged, host: &Host, reader: Reader) -> Self {
        let config = &visit.snapshot.config;
        let telling = judged.verdict.category.filter(|_| is_for_staff(&visit.who, config));
        Self {
            school: config.school.name.clone(),
            whom_to_see: words::whom_to_see(&config.school.whom_to_see, reader.language).to_owned(),
            host: *host,
            reference: Reference::of(visit.moment.unix_ms, visit.who.client),
            category: telling.map(|category| title(category, config)),
            words: reader.language.words(),
            reader,
        }
    }

    pub fn html(&self) -> String {
        // As for the block page: nothing here can fail, and an empty page still says no.
        self.render().unwrap_or_default()
    }

    fn words(&self) -> &'static Words {
        self.words
    }

    fn style(&self) -> &'static str {
        sheet::STYLE
    }
}
