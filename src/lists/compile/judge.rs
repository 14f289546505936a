//! What a line says, and whether this source may say it.

use super::CompileFault;
use super::chunks::Chunks;
use super::exceptions::{Exactly, Exceptions};
use crate::lists::key::Key;
use crate::lists::known::{Known, reach_of};
use crate::lists::parse::{Means, Parser, Rule, Said, What, Within};
use crate::lists::run::Pattern;
use crate::lists::source::{Says, lets_through};
use crate::lists::{Format, Origin, Reach, Reject, Rejects, Source};
use crate::lists::{path, pattern};
use crate::words::{Category, Host};
use std::collections::BTreeSet;

/// What each line of one source is judged by, and where it goes.
pub(super) struct Judge<'a, 's> {
    pub parser: Parser,
    category: Category,
    pub origin: Origin,
    reach: Reach,
    known: &'a Known,
    pub chunks: Chunks<'s>,
    pub exceptions: Exceptions,
    pub patterns: BTreeSet<Pattern>,
    pattern_bytes: usize,
    /// Patterns said again.
    pub again: u64,
    pub rejects: Rejects,
    /// What could not be spilled: the rest of the source is not worth reading.
    pub fault: Option<CompileFault>,
}

/// An entry among its source's others: what it says, and whether it is important, as a number that sorts.
#[derive(Clone, Copy)]
pub(super) struct Mark(u8);

impl Mark {
    const IMPORTANT: u8 = 1 << 3;

    fn new(reach: Reach, important: bool) -> Self {
        Self(Says::entry(reach) as u8 | if important { Self::IMPORTANT } else { 0 })
    }

    pub fn of(mark: u8) -> (Reach, bool) {
        let says = Says::ALL[usize::from(mark & 7) % Says::ALL.len()];
        (says.reach().unwrap_or(Reach::Exact), mark & Self::IMPORTANT != 0)
    }
}

impl<'a, 's> Judge<'a, 's> {
    pub fn new(source: &Source<'_>, known: &'a Known, chunks: Chunks<'s>) -> Self {
        Self {
            parser: Parser::new(Format::Detect),
            category: source.category,
            origin: source.origin,
            reach: source.reach,
            known,
            chunks,
            exceptions: Exceptions::default(),
            patterns: BTreeSet::new(),
            pattern_bytes: 0,
            again: 0,
            rejects: Rejects::default(),
            fault: None,
        }
    }

    pub fn line(&mut self, number: u64, text: Option<&[u8]>) {
        let Some(text) = text else { return self.said(number, Err(Reject::TooLong)) };
        let mut parser = std::mem::replace(&mut self.parser, Parser::new(Format::Detect));
        parser.line(text, &mut |said| self.said(number, said));
        self.parser = parser;
    }

    fn said(&mut self, number: u64, said: Said) {
        if let Err(why) = said.and_then(|rule| self.take(number, rule)) {
            self.rejects.add(why, number);
        }
    }

    fn take(&mut self, number: u64, rule: Rule<'_>) -> Result<(), Reject> {
        if rule.means == Means::Entry && self.origin == Origin::Public && lets_through(self.category) {
            return Err(Reject::NotTrusted);
        }
        let (key, reach) = match rule.what {
            What::Pattern(within, text) => return self.take_pattern(&rule, within, text),
            What::Host(host) => (Key::of(&host), self.reach_of(&host, &rule)),
            What::Url(host, path) => {
                let key = Key::of_url(&host, path).ok_or(Reject::TooLong)?;
                (key, self.reach_of_page(&host, path, &rule))
            }
            What::Range(first, length) => (Key::of_range(first, length), Ok(rule.reach.unwrap_or(Reach::Below))),
        };
        let key = key.as_bytes();
        let exactly = |reach| Exactly { key: key.into(), reach, important: rule.important };
        match (rule.off, rule.means) {
            (false, Means::Entry) => {
                let mark = Mark::new(reach?, rule.important);
                self.exceptions.entry(key, rule.important);
                if let Err(fault) = self.chunks.add(key, mark.0) {
                    self.fault.get_or_insert(fault);
                }
            }
            (false, Means::Exception) => self.exceptions.except(number, exactly(reach?)),
            // Of a rule that would not be taken, there is nothing to take away.
            (true, means) => {
                if let Ok(reach) = reach {
                    self.exceptions.switch_off(means, exactly(reach));
                }
            }
        }
        Ok(())
    }

    fn reach_of(&self, host: &Host, rule: &Rule<'_>) -> Result<Reach, Reject> {
        let own = rule.reach.unwrap_or(self.reach);
        match rule.means {
            Means::Entry => reach_of(host, self.category, self.origin, own, self.known),
            Means::Exception => Ok(own),
        }
    }

    /// A page may lie on any host, a public suffix or a canary too: nothing but the page is closed. All pages of a host are
    /// another matter.
    fn reach_of_page(&self, host: &Host, path: &str, rule: &Rule<'_>) -> Result<Reach, Reject> {
        let all = path::normal(path) == "/" && rule.means == Means::Entry && self.origin == Origin::Public;
        if all && self.known.canaries.closed_by(host, Reach::Exact, self.category).is_some() {
            return Err(Reject::Canary);
        }
        Ok(rule.reach.unwrap_or(Reach::Below))
    }

    fn take_pattern(&mut self, rule: &Rule<'_>, within: Within, text: &str) -> Result<(), Reject> {
        // A parser has looked at it; whoever writes the next one may forget to.
        pattern::check(within, text)?;
        if self.origin == Origin::Public {
            let canaries = self.known.canaries.of(self.category).chain(self.known.platforms.iter());
            pattern::spares(within, text, canaries)?;
        }
        // Exceptions by pattern would have to be asked for every name.
        if rule.means == Means::Exception || rule.off {
            return Err(Reject::Regex);
        }
        if self.patterns.len() >= pattern::MOST || self.pattern_bytes + text.len() > pattern::MOST_TEXT {
            return Err(Reject::NoRoom);
        }
        if self.patterns.insert(Pattern { within, text: text.to_owned() }) {
            self.pattern_bytes += text.len();
        } else {
            self.again += 1;
        }
        Ok(())
    }
}
