//! Terms → one automaton; a text in chunks → hits.
//!
//! The automaton reads words with a space before, between and after them, so a pattern `␣kill␣myself␣` matches whole words
//! only: `Scunthorpe` and `therapist` say nothing.

use super::file::Term;
use super::words::{Words, normal};
use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};
use std::collections::{HashMap, VecDeque};
use std::ops::Range;

/// How many words away a companion (`with`, `without`) still counts: about a sentence and a half. A search fits whole.
pub const NEAR: u64 = 16;
/// Most words of a spelling: a scan remembers the places of so many.
const MAX_WORDS: usize = 16;
/// Most terms of one matcher, companions not counted: ten times what the largest public lists hold.
const MAX_TERMS: usize = 65_536;
/// Most hits that [`Matcher::find`] gathers of one text: a person reads the first few.
pub const MAX_HITS: usize = 256;

/// Why terms cannot be made into a matcher.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    #[error("{0} terms are more than a matcher takes ({MAX_TERMS}): leave a file out")]
    Terms(usize),
    #[error("'{0}' has no word, or more than {MAX_WORDS}: shorten it")]
    Words(String),
    #[error("the terms do not fit into one automaton: {0}")]
    Automaton(String),
}

/// A term in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit<'m> {
    pub term: &'m Term,
    /// Where it stands, in bytes from the start of the text: from its first word to the end of its last.
    pub at: Range<u64>,
}

/// All terms, compiled. It does not change; many scans share it.
#[derive(Debug)]
pub struct Matcher {
    automaton: NFA,
    /// The state after the space before the first word.
    start: StateID,
    patterns: Vec<Pattern>,
    terms: Vec<Compiled>,
}

/// What it means that a pattern was found.
#[derive(Debug, Default)]
struct Pattern {
    /// It is a spelling of these terms.
    of: Vec<usize>,
    /// It is a companion of some term.
    companion: bool,
    /// How many words it has.
    words: usize,
}

#[derive(Debug)]
struct Compiled {
    term: Term,
    /// Of each group, one must be near.
    with: Vec<Vec<usize>>,
    /// None of these may be near.
    without: Vec<usize>,
}

impl Matcher {
    /// # Errors
    /// [`TooMuch`]: too many terms, or one without words or with too many.
    pub fn new(terms: Vec<Term>) -> Result<Self, TooMuch> {
        if terms.len() > MAX_TERMS {
            return Err(TooMuch::Terms(terms.len()));
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
        let build = |e: &dyn std::fmt::Display| TooMuch::Automaton(e.to_string());
        // `Standard` reports every pattern that ends at a place, as hits may overlap.
        let automaton = NFA::builder().match_kind(MatchKind::Standard).build(&patterns.texts).map_err(|e| build(&e))?;
        let start = automaton.start_state(Anchored::No).map_err(|e| build(&e))?;
        let start = automaton.next_state(Anchored::No, start, b' ');
        Ok(Self { automaton, start, patterns: patterns.meant, terms: compiled })
    }

    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().map(|t| &t.term)
    }

    /// Bytes of memory of the automaton.
    pub fn size(&self) -> usize {
        self.automaton.memory_usage()
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
}

/// The patterns while they are gathered: one for a phrase, however many terms name it.
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
        let text = format!(" {} ", words.join(" "));
        Ok(*self.numbers.entry(text).or_insert_with_key(|text| {
            self.texts.push(text.clone());
            self.meant.push(Pattern { words: words.len(), ..Pattern::default() });
            self.meant.len() - 1
        }))
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
    }

    /// How many places the scan remembers: what its bound is tested by.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.finder.began.len() + self.finder.heard.len() + self.finder.waiting.len()
    }

    /// The text is over: tells what was still waited for.
    pub fn end(mut self, each: &mut dyn FnMut(Hit<'m>)) {
        let finder = &mut self.finder;
        self.words.end(&mut |word, at| finder.word(word, at, each));
        self.finder.settle(u64::MAX, each);
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
    state: StateID,
    /// Words read so far.
    count: u64,
    /// Where the last [`MAX_WORDS`] words began.
    began: VecDeque<u64>,
    /// Companions of the last words: pattern, and the number of its last word.
    heard: VecDeque<(usize, u64)>,
    /// What ended in the last [`NEAR`] words.
    waiting: VecDeque<Waiting>,
}

impl<'m> Finder<'m> {
    fn new(matcher: &'m Matcher) -> Self {
        Self {
            matcher,
            state: matcher.start,
            count: 0,
            began: VecDeque::with_capacity(MAX_WORDS),
            heard: VecDeque::new(),
            waiting: VecDeque::new(),
        }
    }

    fn word(&mut self, word: &str, at: Range<u64>, each: &mut dyn FnMut(Hit<'m>)) {
        let automaton = &self.matcher.automaton;
        for byte in word.bytes().chain([b' ']) {
            self.state = automaton.next_state(Anchored::No, self.state, byte);
        }
        self.count += 1;
        if self.began.len() == MAX_WORDS {
            self.began.pop_front();
        }
        self.began.push_back(at.start);
        // Every pattern ends with a space, so only here can one be over.
        if automaton.is_match(self.state) {
            for index in 0..automaton.match_len(self.state) {
                self.found(automaton.match_pattern(self.state, index).as_usize(), at.end);
            }
        }
        self.settle(self.count.saturating_sub(NEAR), each);
        while self.heard.front().is_some_and(|(_, word)| word + 2 * NEAR < self.count) {
            self.heard.pop_front();
        }
    }

    fn found(&mut self, number: usize, end: u64) {
        let pattern = &self.matcher.patterns[number];
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
                each(Hit { term: &compiled.term, at: waiting.at });
            }
        }
    }
}
