//! The same occurrences as aho-corasick's overlapping search, however a text is cut.

use super::{Carry, Engine, EngineFault, LONGEST};
use aho_corasick::AhoCorasick;
use proptest::prelude::*;

type Found = Vec<(usize, usize)>;

fn sorted(mut found: Found) -> Found {
    found.sort_unstable();
    found
}

fn reference(phrases: &[Vec<u8>], text: &[u8]) -> Found {
    let automaton = AhoCorasick::new(phrases).unwrap();
    sorted(automaton.find_overlapping_iter(text).map(|m| (m.pattern().as_usize(), m.end())).collect())
}

fn whole(engine: &Engine, text: &[u8]) -> Found {
    let mut found = Vec::new();
    engine.find_overlapping(text, |phrase, end| found.push((phrase, end)));
    sorted(found)
}

fn in_chunks(engine: &Engine, text: &[u8], sizes: &[usize]) -> Found {
    let mut found = Vec::new();
    let mut carry = Carry::default();
    let mut rest = text;
    for size in sizes.iter().cycle() {
        let (chunk, after) = rest.split_at((*size).min(rest.len()));
        engine.feed(&mut carry, chunk, |phrase, end| found.push((phrase, end as usize)));
        assert!(carry.bytes.len() <= engine.longest, "more is carried than a phrase can need");
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    sorted(found)
}

fn bytes(phrases: &[&str]) -> Vec<Vec<u8>> {
    phrases.iter().map(|p| p.as_bytes().to_vec()).collect()
}

#[test]
fn overlapping_nested_equal_and_short_phrases_are_all_found() {
    let long = "x".repeat(LONGEST);
    for (phrases, text) in [
        (vec!["he", "she", "his", "hers", "h", "s", "ushers"], "ushers his she"),
        (vec!["kill", "kill", "killing", "ill", "kil", "ki", "k", "ing"], "killing kill ki k"),
        (
            vec!["aaaa", "aaa", "aa", "a", "aaaaaaaa"],
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
        (vec!["abcd", "abcde", "abcdef", "abcdefg", "bcdefg"], "abcdefg abcdef abcde abcd abc"),
        (vec!["ab\0", "ab\0\0", "abc\0"], "xxab"),
        (vec![long.as_str(), "xxxxx"], long.as_str()),
        (vec!["абв", "бв", "в"], "абвгд абв"),
        (vec![], "nothing to look for"),
        (vec!["word"], ""),
    ] {
        let phrases = bytes(&phrases);
        let engine = Engine::build(&phrases).unwrap();
        let expected = reference(&phrases, text.as_bytes());
        assert_eq!(whole(&engine, text.as_bytes()), expected, "{text}");
        for size in [1, 2, 3, 7, 64] {
            assert_eq!(in_chunks(&engine, text.as_bytes(), &[size]), expected, "{text} in chunks of {size}");
        }
    }
}

#[test]
fn a_phrase_is_found_wherever_a_block_of_places_ends() {
    let phrases = bytes(&["gambling", "gamb", "ng", "ing"]);
    let engine = Engine::build(&phrases).unwrap();
    for before in 0..200 {
        for after in [0, 1, 5, 70] {
            let text = format!("{}gambling{}", ".".repeat(before), ".".repeat(after));
            assert_eq!(whole(&engine, text.as_bytes()), reference(&phrases, text.as_bytes()), "{before} before, {after} after");
        }
    }
}

#[test]
fn phrases_that_no_engine_can_hold_are_refused() {
    for (phrases, expected) in
        [(vec!["a".to_owned(), String::new()], EngineFault::Empty(1)), (vec!["a".repeat(LONGEST + 1)], EngineFault::TooLong(0))]
    {
        assert_eq!(Engine::build(&phrases).unwrap_err(), expected);
    }
    let many = vec!["a".repeat(LONGEST); super::MOST_BYTES / LONGEST + 1];
    assert_eq!(Engine::build(&many).unwrap_err(), EngineFault::TooMuch);
}

/// Words over few letters, so that they share beginnings, hold and follow each other.
fn word() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => proptest::collection::vec(prop::sample::select(b"ab ".to_vec()), 1..9),
        1 => proptest::collection::vec(prop::sample::select(b"abAB\x00\x20\xC3\xA9".to_vec()), 1..6),
        1 => proptest::collection::vec(any::<u8>(), 1..5),
    ]
}

proptest! {
    #[test]
    fn the_occurrences_are_those_of_aho_corasick(
        phrases in proptest::collection::vec(word(), 0..40),
        noise in proptest::collection::vec(word(), 0..60),
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
        sizes in proptest::collection::vec(1usize..90, 1..6),
    ) {
        // Noise, with whole phrases between.
        let mut text = noise.concat();
        if !phrases.is_empty() {
            picks.iter().for_each(|pick| text.extend_from_slice(pick.get(phrases.as_slice()).as_slice()));
            text.extend(noise.concat());
        }
        let engine = Engine::build(&phrases).unwrap();
        let expected = reference(&phrases, &text);
        prop_assert_eq!(whole(&engine, &text), expected.clone());
        prop_assert_eq!(in_chunks(&engine, &text, &sizes), expected);
    }
}
