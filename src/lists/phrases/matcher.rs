//! Terms and rules → one engine; a text in chunks → hits, and what they come to.
//!
//! The engine reads words with a space before, between and after them, so a pattern `␣kill␣myself␣` matches whole words
//! only: `Scunthorpe` and `therapist` say nothing. A phrase of a public list may leave a space out and then stands inside words.

use super::engine::{Carry, Engine, EngineFault};
use super::file::Term;
use super::rule::Rule;
use super::score::{Score, Seen};
use super::words::{Words, normal};
use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;

/// How many words away a companion (`with`, `without`) still counts: about a sentence and a half. A search fits whole.
pub const NEAR: u64 = 16;
/// Most words of a spelling: a scan remembers the places of so many.
pub(super) const MAX_WORDS: usize = 16;
/// Most terms of one matcher, companions not counted: ten times what the largest public lists hold.
const MAX_TERMS: usize = 65_536;
/// Most rules of one matcher: thirteen times what all of e2guardian's files hold together.
const MAX_RULES: usize = 262_144;
/// Most hits that [`Matcher::find`] gathers of one text: a person reads the first few.
pub const MAX_HITS: usize = 256;
/// So many bytes of words are looked through at a time. What is found in them is held until they are done with, so this is also
/// what bounds it.
const ROUND: usize = 4096;

/// Why terms cannot be made into a matcher.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    #[error("{0} terms are more than a matcher takes ({MAX_TERMS}): leave a file out")]
    Terms(usize),
    #[error("{0} rules are more than a matcher takes ({MAX_RULES}): leave a file out")]
    Rules(usize),
    #[error("'{0}' has no word, or more than {MAX_WORDS}: shorten it")]
    Words(String),
    #[error("the terms do not fit together: {0}")]
    Engine(#[from] EngineFault),
}

/// A term in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit<'m> {
    pub term: &'m Term,
    /// Where it stands, in bytes from the start of the text: from its first word to the end of its last.
    pub at: Range<u64>,
}

/// All terms and rules, compiled. It does not change; many scans share it.
#[derive(Debug)]
pub struct Matcher {
    engine: Engine,
    pub(super) patterns: Vec<Pattern>,
    pub(super) terms: Vec<Compiled>,
    pub(super) rules: Vec<Rule>,
}

/// What it means that a pattern was found.
#[derive(Debug, Default)]
pub(super) struct Pattern {
    /// It is a spelling of these terms.
    of: Vec<usize>,
    /// It is a companion of some term.
    companion: bool,
    /// How many words it has.
    words: usize,
    /// It is a part of these rules.
    pub part_of: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Compiled {
    pub term: Term,
    /// Of each group, one must be near.
    with: Vec<Vec<usize>>,
    /// None of these may be near.
    without: Vec<usize>,
}

impl Matcher {
    /// # Errors
    /// [`TooMuch`]: too many terms, or one without words or with too many.
    pub fn new(terms: Vec<Term>) -> Result<Self, TooMuch> {
        Self::with_rules(terms, Vec::new())
    }

    /// Terms, and the rules of public phrase lists.
    ///
    /// # Errors
    /// [`TooMuch`]: too many terms or rules, or a term without words or with too many.
    pub fn with_rules(terms: Vec<Term>, rules: Vec<Rule>) -> Result<Self, TooMuch> {
        if terms.len() > MAX_TERMS {
            return Err(TooMuch::Terms(terms.len()));
        }
        if rules.len() > MAX_RULES {
            return Err(TooMuch::Rules(rules.len()));
        }
        let mut patterns = Patterns::default();
        let mut compiled = Vec::with_capacity(terms.len());
        for (number, term) in terms.into_iter().enumerate() {
            for spelling in &term.spellings {
                let pattern = patterns.add(spelling)?;
                patterns.meant[pattern].of.push(number);
            }
            let with = term.with.iter().map(|group| patterns.companions(group)).collect::<Result<_, _>>()?;
            let without = patterns.companions(&term.without)?;
            compiled.push(Compiled { term, with, without });
        }
        for (number, rule) in rules.iter().enumerate() {
            for part in &rule.parts {
                let pattern = patterns.number(part.pattern().to_owned(), part.words());
                patterns.meant[pattern].part_of.push(number);
            }
        }
        Ok(Self { engine: Engine::build(&patterns.texts)?, patterns: patterns.meant, terms: compiled, rules })
    }

    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().map(|t| &t.term)
    }

    /// Of what is written: the languages that have terms, sorted.
    pub fn languages(&self) -> Vec<&str> {
        let mut languages: Vec<&str> = self.terms().map(|term| term.language.as_str()).collect();
        languages.sort_unstable();
        languages.dedup();
        languages
    }

    /// Bytes of memory of the engine.
    pub fn size(&self) -> usize {
        self.engine.bytes()
    }

    /// A new text.
    pub fn scan(&self) -> Scan<'_> {
        Scan { words: Words::default(), finder: Finder::new(self) }
    }

    /// The first [`MAX_HITS`] hits of a text that is there as a whole.
    pub fn find(&self, text: &[u8]) -> Vec<Hit<'_>> {
        let mut hits = Vec::new();
        let mut each = |hit| {
            if hits.len() < MAX_HITS {
                hits.push(hit);
            }
        };
        let mut scan = self.scan();
        scan.push(text, &mut each);
        scan.end(&mut each);
        hits
    }

    /// What a text that is there as a whole comes to.
    pub fn score(&self, text: &[u8]) -> Score<'_> {
        let mut scan = self.scan();
        scan.push(text, &mut |_| ());
        scan.end(&mut |_| ())
    }
}

/// The patterns while they are gathered: one for a phrase, however many terms and rules name it.
#[derive(Default)]
struct Patterns {
    numbers: HashMap<String, usize>,
    texts: Vec<String>,
    meant: Vec<Pattern>,
}

impl Patterns {
    fn add(&mut self, phrase: &str) -> Result<usize, TooMuch> {
        let words = normal(phrase);
        if words.is_empty() || words.len() > MAX_WORDS {
            return Err(TooMuch::Words(phrase.to_owned()));
        }
        Ok(self.number(format!(" {} ", words.join(" ")), words.len()))
    }

    fn number(&mut self, text: String, words: usize) -> usize {
        *self.numbers.entry(text).or_insert_with_key(|text| {
            self.texts.push(text.clone());
            self.meant.push(Pattern { words, ..Pattern::default() });
            self.meant.len() - 1
        })
    }

    fn companions(&mut self, phrases: &[String]) -> Result<Vec<usize>, TooMuch> {
        let mut numbers = Vec::with_capacity(phrases.len());
        for phrase in phrases {
            let number = self.add(phrase)?;
            self.meant[number].companion = true;
            numbers.push(number);
        }
        Ok(numbers)
    }
}

/// One text on its way through the matcher.
#[derive(Debug)]
pub struct Scan<'m> {
    words: Words,
    finder: Finder<'m>,
}

impl<'m> Scan<'m> {
    /// Reads on. A hit is told as soon as the words that could still change it have passed.
    pub fn push(&mut self, chunk: &[u8], each: &mut dyn FnMut(Hit<'m>)) {
        let finder = &mut self.finder;
        self.words.push(chunk, &mut |word, at| finder.word(word, at, each));
        finder.look(each);
    }

    /// How many places the scan remembers: what its bound is tested by.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.finder.began.len() + self.finder.heard.len() + self.finder.waiting.len() + self.finder.ends.len()
    }

    /// What the rules come to that were found so far; of the terms those that nothing can change any more.
    pub fn so_far(&self) -> Score<'m> {
        self.finder.seen.score(self.finder.matcher)
    }

    /// The text is over: tells what was still waited for, and what all of it comes to.
    pub fn end(mut self, each: &mut dyn FnMut(Hit<'m>)) -> Score<'m> {
        let finder = &mut self.finder;
        self.words.end(&mut |word, at| finder.word(word, at, each));
        finder.look(each);
        finder.settle(u64::MAX, each);
        self.finder.seen.score(self.finder.matcher)
    }
}

/// A spelling that was found; whether it is a hit depends on what is near.
#[derive(Debug)]
struct Waiting {
    term: usize,
    /// The number of its last word.
    word: u64,
    at: Range<u64>,
}

#[derive(Debug)]
struct Finder<'m> {
    matcher: &'m Matcher,
    carry: Carry,
    /// Words that were read and not looked through, a space after each.
    line: Vec<u8>,
    /// Of each of them: where it ends in `line`, space included, and its place in the text.
    ends: Vec<(usize, Range<u64>)>,
    /// What was found in `line`: where it ends, and which pattern. Empty between two rounds.
    found: Vec<(usize, usize)>,
    /// Words looked through so far.
    count: u64,
    /// Where the last [`MAX_WORDS`] words began.
    began: VecDeque<u64>,
    /// Companions of the last words: pattern, and the number of its last word.
    heard: VecDeque<(usize, u64)>,
    /// What ended in the last [`NEAR`] words.
    waiting: VecDeque<Waiting>,
    seen: Seen,
}

impl<'m> Finder<'m> {
    fn new(matcher: &'m Matcher) -> Self {
        let mut carry = Carry::default();
        // The space before the first word: no pattern is a space, so nothing ends here.
        matcher.engine.feed(&mut carry, b" ", |_, _| ());
        Self {
            matcher,
            carry,
            line: Vec::new(),
            ends: Vec::new(),
            found: Vec::new(),
            count: 0,
            began: VecDeque::with_capacity(MAX_WORDS),
            heard: VecDeque::new(),
            waiting: VecDeque::new(),
            seen: Seen::new(matcher),
        }
    }

    fn word(&mut self, word: &[u8], at: Range<u64>, each: &mut dyn FnMut(Hit<'m>)) {
        self.line.extend_from_slice(word);
        self.line.push(b' ');
        self.ends.push((self.line.len(), at));
        if self.line.len() >= ROUND {
            self.look(each);
        }
    }

    /// Looks through the words that were read, and decides on each in its turn.
    fn look(&mut self, each: &mut dyn FnMut(Hit<'m>)) {
        let before = self.carry.read();
        let (matcher, found) = (self.matcher, &mut self.found);
        // A pattern that ends in this line does so less than a round after its start.
        matcher.engine.feed(&mut self.carry, &self.line, |pattern, end| found.push(((end - before) as usize, pattern)));
        // Of two that end at a place the longer one first.
        found.sort_unstable_by_key(|&(end, pattern)| (end, Reverse(matcher.patterns[pattern].words), pattern));
        let (mut found, ends) = (std::mem::take(&mut self.found), std::mem::take(&mut self.ends));
        let mut next = found.iter().peekable();
        for (end, at) in &ends {
            self.count += 1;
            if self.began.len() == MAX_WORDS {
                self.began.pop_front();
            }
            self.began.push_back(at.start);
            while let Some((_, pattern)) = next.next_if(|(place, _)| place <= end) {
                self.found(*pattern, at.end);
            }
            self.settle(self.count.saturating_sub(NEAR), each);
            while self.heard.front().is_some_and(|(_, word)| word + 2 * NEAR < self.count) {
                self.heard.pop_front();
            }
        }
        self.line.clear();
        found.clear();
        self.found = found;
        self.ends = ends;
        self.ends.clear();
    }

    fn found(&mut self, number: usize, end: u64) {
        let pattern = &self.matcher.patterns[number];
        self.seen.pattern(number, pattern);
        if pattern.companion {
            self.heard.push_back((number, self.count));
        }
        for &term in &pattern.of {
            // Of two spellings of a term that end here the longer one came first.
            if self.waiting.iter().rev().take_while(|w| w.word == self.count).any(|w| w.term == term) {
                continue;
            }
            let start = self.began.len().checked_sub(pattern.words).and_then(|first| self.began.get(first)).copied().unwrap_or(0);
            self.waiting.push_back(Waiting { term, word: self.count, at: start..end });
        }
    }

    /// Decides on what ended at word `until` or before.
    fn settle(&mut self, until: u64, each: &mut dyn FnMut(Hit<'m>)) {
        while let Some(waiting) = self.waiting.pop_front_if(|w| w.word <= until) {
            let compiled = &self.matcher.terms[waiting.term];
            let near = |pattern: &usize| self.heard.iter().any(|(p, word)| p == pattern && word.abs_diff(waiting.word) <= NEAR);
            if compiled.with.iter().all(|group| group.iter().any(near)) && !compiled.without.iter().any(near) {
                self.seen.term(waiting.term);
                each(Hit { term: &compiled.term, at: waiting.at });
            }
        }
    }
}
