//! What was found on a page, each thing once, and what it comes to.

use super::file::Term;
use super::matcher::{Matcher, Pattern};
use super::rule::{Effect, Rule};
use super::theme::Theme;
use std::collections::BTreeMap;

/// What a page comes to.
///
/// Honoured of e2guardian's rules: a phrase counts once, however often it stands there (its `weightedphrasemode 2`, the shipped
/// one); a combination counts when all its parts stand somewhere on the page; weights add up, those below zero too; an exception
/// cancels everything, a ban included. Not honoured: the limit of a group, above which a page is refused; that is for who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score<'m> {
    /// Terms that were hit, in the order of their files.
    pub terms: Vec<&'m Term>,
    /// Rules all of whose parts were there, in the order of their files.
    pub rules: Vec<&'m Rule>,
}

impl<'m> Score<'m> {
    /// Of each theme that was hit the sum of its terms' severity, each term once.
    pub fn themes(&self) -> BTreeMap<&'static str, u32> {
        let mut sums = BTreeMap::new();
        for term in &self.terms {
            *sums.entry(term.theme.word()).or_insert(0) += u32::from(term.severity);
        }
        sums
    }

    /// The sum of one theme.
    pub fn theme(&self, theme: Theme) -> u32 {
        self.terms.iter().filter(|term| term.theme == theme).map(|term| u32::from(term.severity)).sum()
    }

    /// Of each category of the public lists the sum of its weights.
    pub fn categories(&self) -> BTreeMap<&'m str, i64> {
        let mut sums = BTreeMap::new();
        for rule in &self.rules {
            if let Effect::Weigh(weight) = rule.effect {
                *sums.entry(&*rule.category).or_insert(0) += i64::from(weight);
            }
        }
        sums
    }

    /// The sum of all weights; 0 or less speaks for the page. An exception makes it 0.
    pub fn weight(&self) -> i64 {
        if self.excepted().is_some() { 0 } else { self.categories().values().sum() }
    }

    /// The first rule that lets the page through.
    pub fn excepted(&self) -> Option<&'m Rule> {
        self.rules.iter().find(|rule| rule.effect == Effect::Except).copied()
    }

    /// The first rule that refuses the page, if none lets it through.
    pub fn banned(&self) -> Option<&'m Rule> {
        let ban = self.rules.iter().find(|rule| rule.effect == Effect::Ban).copied();
        ban.filter(|_| self.excepted().is_none())
    }
}

/// What was seen of a text so far: a bit a term, a bit a pattern. A page that is nothing but hits makes it no larger.
#[derive(Debug)]
pub(super) struct Seen {
    terms: Bits,
    /// Parts of rules. Empty, if there are no rules.
    parts: Bits,
}

impl Seen {
    pub fn new(matcher: &Matcher) -> Self {
        let parts = if matcher.rules.is_empty() { 0 } else { matcher.patterns.len() };
        Self { terms: Bits::new(matcher.terms.len()), parts: Bits::new(parts) }
    }

    pub fn term(&mut self, number: usize) {
        self.terms.set(number);
    }

    pub fn pattern(&mut self, number: usize, pattern: &Pattern) {
        if !pattern.part_of.is_empty() {
            self.parts.set(number);
        }
    }

    pub fn score<'m>(&self, matcher: &'m Matcher) -> Score<'m> {
        let mut there: BTreeMap<usize, usize> = BTreeMap::new();
        for part in self.parts.all() {
            matcher.patterns[part].part_of.iter().for_each(|rule| *there.entry(*rule).or_default() += 1);
        }
        let whole = |(rule, parts): (usize, usize)| Some(&matcher.rules[rule]).filter(|rule| rule.parts.len() == parts);
        Score {
            terms: self.terms.all().map(|term| &matcher.terms[term].term).collect(),
            rules: there.into_iter().filter_map(whole).collect(),
        }
    }
}

#[derive(Debug)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn set(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    fn all(&self) -> impl Iterator<Item = usize> + '_ {
        let bits = |(index, bits): (usize, &u64)| {
            let bits = *bits;
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| index * 64 + bit)
        };
        self.0.iter().enumerate().flat_map(bits)
    }
}
