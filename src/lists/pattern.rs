//! Regular expressions of lists: looked at before they are taken, and matched.
//!
//! Comes in: an expression in the syntax of the crate `regex`, for hosts or for whole URLs. Goes out: whether a table may hold
//! it; and which of a table's are found in a text.
//! Always holds: the time a match takes grows with the text only (the crate never goes back), memory is bounded, and no
//! expression is taken that would match nearly everything. Small and capital letters are the same, as squidGuard has it; a text
//! is ASCII, so a letter is a byte.

use super::Reject;
use super::parse::Within;
use crate::words::Host;
use regex::bytes::{RegexBuilder, RegexSet, RegexSetBuilder};
use regex_automata::dfa::dense;
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;

/// Most patterns of one source: more are no list of patterns that anybody has read. UT1's `adult/expressions` is one line, Pi-hole
/// users' lists have some 30.
pub const MOST: usize = 500;
/// Most bytes of patterns of one source.
pub const MOST_TEXT: usize = 1 << 16;
/// Longest pattern: UT1's have up to about two thousand bytes.
pub(super) const LONGEST: usize = 8192;
/// Deepest nesting of brackets.
const MOST_NESTED: u32 = 32;
/// Memory of one compiled pattern. UT1's largest takes 60 kB; a thousand counted repetitions of a class want megabytes.
const SIZE: usize = 1 << 18;
/// Memory of the automaton of a pattern in which each byte is one step. A pattern that needs more (`.{180,225}q`) would have to be
/// matched state by state: 20 of them took 0.2 s of a name of 250 bytes, which anyone can ask for.
const STEPS: usize = 1 << 20;
/// Most patterns of one table, each counted once however many sources have it.
pub const MOST_IN_TABLE: usize = 2000;
/// Most bytes of patterns of one table.
pub const MOST_TEXT_IN_TABLE: usize = 1 << 18;
/// Memory of all patterns of a table as they are matched: two or three sets.
const MOST_MEMORY_IN_TABLE: usize = 32 << 20;
/// Memory of the cache of states of a set.
const CACHE: usize = 4 << 20;
/// Memory of one compiled set; what is more becomes two.
const SET_SIZE: usize = 16 << 20;

/// Names and pages of no special kind: what matches one of them would match most.
const ORDINARY: [&str; 14] = [
    "x7q.com/",
    "www.x7q.com/",
    "x7q.org/",
    "x7q.net/",
    "x7q.io/",
    "x7q.co.uk/",
    "x7q.sch.uk/",
    "x7q.gov.uk/",
    "www.bbc.co.uk/news",
    "en.wikipedia.org/wiki/Mathematics",
    "www.gov.uk/browse/education",
    "hill-school.sch.uk/",
    "cdn7.static.fastly.net/js/app.min.js?v=3",
    "xn--caf-dma.fr/%C3%A9",
];

/// Whether a table may hold this pattern.
///
/// # Errors
/// [`Reject::Regex`]: it is none, or too large; [`Reject::TooBroad`]; [`Reject::TooLong`].
pub fn check(within: Within, text: &str) -> Result<(), Reject> {
    if text.len() > LONGEST {
        return Err(Reject::TooLong);
    }
    let pattern = RegexBuilder::new(text)
        .unicode(false)
        .case_insensitive(true)
        .size_limit(SIZE)
        .dfa_size_limit(CACHE)
        .nest_limit(MOST_NESTED)
        .build();
    let pattern = pattern.map_err(|_| Reject::Regex)?;
    if !in_steps(text) {
        return Err(Reject::Regex);
    }
    let ordinary = |url: &&str| match within {
        Within::Url => pattern.is_match(url.as_bytes()),
        Within::Host => pattern.is_match(url.split('/').next().unwrap_or_default().as_bytes()),
    };
    if pattern.is_match(b"") || ORDINARY.iter().any(ordinary) { Err(Reject::TooBroad) } else { Ok(()) }
}

/// Whether a pattern can be matched with one step a byte.
fn in_steps(text: &str) -> bool {
    let config = dense::Config::new()
        .dfa_size_limit(Some(STEPS))
        .determinize_size_limit(Some(STEPS))
        .start_kind(regex_automata::dfa::StartKind::Unanchored)
        .unicode_word_boundary(true);
    let syntax = syntax::Config::new().unicode(false).utf8(false).case_insensitive(true).nest_limit(MOST_NESTED);
    dense::Builder::new().configure(config).syntax(syntax).build(text).is_ok()
}

/// Whether a pattern leaves all of these hosts alone, and their front pages.
///
/// # Errors
/// [`Reject::Canary`]; [`Reject::Regex`]: it is none.
pub fn spares<'a>(within: Within, text: &str, hosts: impl Iterator<Item = &'a Host>) -> Result<(), Reject> {
    let pattern = RegexBuilder::new(text).unicode(false).case_insensitive(true).size_limit(SIZE).build();
    let pattern = pattern.map_err(|_| Reject::Regex)?;
    for host in hosts {
        let closed = match within {
            Within::Host => pattern.is_match(host.as_str().as_bytes()),
            Within::Url => pattern.is_match(format!("{host}/").as_bytes()),
        };
        if closed {
            return Err(Reject::Canary);
        }
    }
    Ok(())
}

/// What is left of a table for patterns: each look-up asks all of them, so there is a bound for all sources together.
pub(super) struct Room {
    patterns: usize,
    text: usize,
    memory: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { patterns: MOST_IN_TABLE, text: MOST_TEXT_IN_TABLE, memory: MOST_MEMORY_IN_TABLE }
    }
}

impl Room {
    /// Takes room for one more; `false`: there is none.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let left = (self.patterns.checked_sub(1), self.text.checked_sub(text.len()));
        let (Some(patterns), Some(bytes)) = left else { return false };
        let Some(memory) = self.memory.checked_sub(memory_of(text)) else { return false };
        *self = Self { patterns, text: bytes, memory };
        true
    }
}

/// Memory of one pattern in a set, in bytes; of what is none, more than there is.
fn memory_of(text: &str) -> usize {
    let syntax = syntax::Config::new().unicode(false).utf8(false).case_insensitive(true).nest_limit(MOST_NESTED);
    let nfa = thompson::Compiler::new().configure(thompson::Config::new().nfa_size_limit(Some(SIZE))).syntax(syntax).build(text);
    nfa.map_or(usize::MAX, |nfa| nfa.memory_usage())
}

/// All patterns of a table that look at the same: the number of each, and what they are matched by.
pub(super) struct Set {
    parts: Vec<(Vec<u16>, RegexSet)>,
}

impl Set {
    /// `None`: a pattern is none. What [`check`] lets through never is.
    pub(super) fn of(patterns: &[(u16, &str)]) -> Option<Self> {
        let mut parts = Vec::new();
        Self::add(patterns, &mut parts)?;
        Some(Self { parts })
    }

    fn add(patterns: &[(u16, &str)], parts: &mut Vec<(Vec<u16>, RegexSet)>) -> Option<()> {
        if patterns.is_empty() {
            return Some(());
        }
        let mut builder = RegexSetBuilder::new(patterns.iter().map(|(_, text)| text));
        builder.unicode(false).case_insensitive(true).size_limit(SET_SIZE).dfa_size_limit(CACHE);
        match builder.build() {
            Ok(set) => parts.push((patterns.iter().map(|(number, _)| *number).collect(), set)),
            Err(_) if patterns.len() > 1 => {
                let (a, b) = patterns.split_at(patterns.len() / 2);
                Self::add(a, parts)?;
                Self::add(b, parts)?;
            }
            Err(_) => return None,
        }
        Some(())
    }

    /// The numbers of the patterns that are found in a text. Takes memory only if there are any.
    pub(super) fn found<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = u16> + 'a {
        let parts = self.parts.iter().filter(move |(_, set)| set.is_match(text));
        parts.flat_map(move |(numbers, set)| {
            set.matches(text).into_iter().filter_map(|at| numbers.get(at).copied()).collect::<Vec<_>>()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_none_or_would_match_nearly_everything_is_not_taken() {
        for (within, text, expected) in [
            (Within::Host, "(^|[-.])(casino|poker)[0-9]*\\.", Ok(())),
            (Within::Url, "/(xxx|porn)[^/]*\\.jpg$", Ok(())),
            (Within::Host, "(", Err(Reject::Regex)),
            (Within::Host, "((a{1,1000}){1,1000}){1,1000}", Err(Reject::Regex)),
            (Within::Host, &"(".repeat(60), Err(Reject::Regex)),
            (Within::Host, &("(".repeat(60) + "a" + &")".repeat(60)), Err(Reject::Regex)),
            (Within::Host, "", Err(Reject::TooBroad)),
            (Within::Host, "x*", Err(Reject::TooBroad)),
            (Within::Url, ".", Err(Reject::TooBroad)),
            (Within::Host, "[.]CO[.]uk$", Err(Reject::TooBroad)),
            (Within::Url, "wiki", Err(Reject::TooBroad)),
            (Within::Host, "wiki/", Ok(())),
        ] {
            assert_eq!(check(within, text), expected, "{text}");
        }
        assert_eq!(check(Within::Url, &"a".repeat(LONGEST + 1)), Err(Reject::TooLong));
    }

    /// Twenty of these, seven kilobytes of a list, made each long name cost a fifth of a second.
    #[test]
    fn a_pattern_that_must_be_matched_state_by_state_is_not_taken() {
        let slow = (0..10).map(|n| format!("[a-r].{{180,225}}q{n}")).collect::<Vec<_>>().join("|");
        assert_eq!(check(Within::Host, &format!("({slow})zz")), Err(Reject::Regex));
        for fast in [r"^ad([sxv]?[0-9]*|system)[_.-]([^.[:space:]]+\.){1,}", r"^(.+\.)?porn[0-9]{1,3}\.[a-z]+$"] {
            assert_eq!(check(Within::Host, fast), Ok(()), "{fast}");
        }
        for broad in [r"\.com$", r"^[a-z0-9.-]+\.co\.uk$", "x7q"] {
            assert_eq!(check(Within::Host, broad), Err(Reject::TooBroad), "{broad}");
        }
    }

    #[test]
    fn a_pattern_that_fits_what_must_stay_open_is_told_so() {
        let canaries = ["www.google.com", "bbc.co.uk"].map(|name| Host::parse(name).expect("a host"));
        let spares = |within, text| spares(within, text, canaries.iter());
        assert_eq!(spares(Within::Host, r"^(www\.)?google\.[a-z.]+$"), Err(Reject::Canary));
        assert_eq!(spares(Within::Url, r"^bbc\.co\.uk/"), Err(Reject::Canary));
        assert_eq!(spares(Within::Host, r"^casino[0-9]+\."), Ok(()));
    }

    #[test]
    fn a_table_has_room_for_so_many_patterns_so_much_text_and_so_much_memory() {
        let taken = |pattern: &dyn Fn(usize) -> String| {
            let mut room = Room::default();
            (0..).take_while(|n| room.take(&pattern(*n))).count()
        };
        assert_eq!(taken(&|n| format!("casino{n}")), MOST_IN_TABLE);
        assert_eq!(taken(&|n| format!("{n:0>1024}")), MOST_TEXT_IN_TABLE / 1024);
        let large = |n: usize| format!("x{n}[0-9]{{1500}}y");
        assert_eq!(check(Within::Host, &large(0)), Ok(()));
        assert!((50..1000).contains(&taken(&large)), "{}", taken(&large));
    }

    #[test]
    fn each_pattern_found_is_told_and_a_set_too_large_becomes_two() {
        let set = Set::of(&[(3, "casino"), (5, "^bet"), (9, "o\\.example$")]).expect("patterns");
        assert_eq!(set.found(b"BET-Casino.example").collect::<Vec<_>>(), [3, 5, 9]);
        assert_eq!(set.found(b"lesson.example").count(), 0);
        let large: Vec<String> = (0..60).map(|n| format!("x{n}[a-z]{{1,60}}([a-z0-9]{{1,60}}[0-9]){{1,60}}y")).collect();
        let large: Vec<(u16, &str)> = large.iter().zip(0..).map(|(text, n)| (n, text.as_str())).collect();
        let set = Set::of(&large).expect("each fits alone");
        assert!(set.parts.len() > 1, "{}", set.parts.len());
        assert_eq!(set.found(b"x7ab1y").collect::<Vec<_>>(), [7]);
        assert!(Set::of(&[(0, "(")]).is_none());
    }
}
