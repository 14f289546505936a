//! 'This page is not available in school'.

use super::words::{self, Said, Words};
use super::{Language, Reader, Reference, sheet};
use crate::config::Config;
use crate::gate::{Judged, Visit};
use crate::policy::{Lock, Step};
use crate::words::{Category, Who};
use askama::Template;

/// The page for one blocked visit.
#[derive(Debug, Template)]
#[template(path = "block.html")]
pub struct BlockPage {
    school: String,
    whom_to_see: String,
    reference: Reference,
    /// What it was taken for; staff only.
    category: Option<String>,
    /// Where the school is told of a worry.
    concern: Option<String>,
    reader: Reader,
    words: &'static Words,
    /// Why nearly nothing opens for them.
    held: Option<fn(&Words) -> Said>,
}

impl BlockPage {
    /// The page for whoever this visit is from, in English, and with nowhere to ask.
    pub fn of(visit: &Visit, judged: &Judged) -> Self {
        let config = &visit.snapshot.config;
        // Of the locked tier nobody learns what is on it, by asking name after name.
        let telling = judged.verdict.category.filter(|_| judged.verdict.step != Step::Locked && is_for_staff(&visit.who, config));
        let lock = visit.lock().filter(|_| judged.verdict.step == Step::Session);
        let held: Option<fn(&Words) -> Said> = lock.map(|lock| match lock {
            Lock::Withdrawn => (|words: &Words| words.withdrawn) as fn(&Words) -> Said,
            Lock::Exam(_) => |words: &Words| words.exam,
            Lock::SignIn(_) => |words: &Words| words.sign_in,
        });
        Self {
            held,
            school: config.school.name.clone(),
            whom_to_see: config.school.whom_to_see.clone(),
            reference: Reference::of(visit.moment.unix_ms, visit.who.client),
            category: telling.map(|category| title(category, config)),
            concern: config.portal.concern.clone(),
            reader: Reader::default(),
            words: Language::English.words(),
        }
    }

    /// For this reader.
    #[must_use]
    pub fn read_by(mut self, reader: Reader) -> Self {
        self.whom_to_see = words::whom_to_see(&self.whom_to_see, reader.language).to_owned();
        self.words = reader.language.words();
        self.reader = reader;
        self
    }

    pub fn html(&self) -> String {
        // A template without loops over outside data or filters of ours cannot fail; an empty page still blocks.
        self.render().unwrap_or_default()
    }

    fn held(&self) -> Option<Said> {
        self.held.map(|said| said(self.words))
    }

    fn words(&self) -> &'static Words {
        self.words
    }

    fn style(&self) -> &'static str {
        sheet::STYLE
    }
}

/// Whether every group they are judged by has a profile that is not for pupils. The verdict's own profile is not asked:
/// an entry of the school decides without one.
pub(crate) fn is_for_staff(who: &Who, config: &Config) -> bool {
    let policy = &config.policy;
    let profile = |group| policy.group(group).and_then(|g| policy.profile(g.profile));
    !who.groups.is_empty() && who.groups.iter().all(|group| profile(group).is_some_and(|p| !p.pupils))
}

pub(crate) fn title(category: Category, config: &Config) -> String {
    config.title_of(category).map_or_else(|| config.category_id(category), |t| t.title.clone())
}

#[cfg(test)]
mod tests;
