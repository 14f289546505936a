//! What is a hit and what is not, and that cutting a text changes nothing.

use super::file::{self, Term};
use super::matcher::{MAX_HITS, Matcher, NEAR};
use proptest::prelude::*;
use std::ops::Range;

/// A file with these terms, each given by its own keys.
fn file_of(terms: &[&str]) -> String {
    let ends = "\nseverity = 50\npositive = \"x\"\nnegative = \"y\"\n";
    let terms: String = terms.iter().map(|keys| format!("[[theme.term]]\n{keys}{ends}")).collect();
    format!("language = \"en\"\n[[theme]]\nid = \"bypass\"\n{terms}")
}

fn terms(keys: &[&str]) -> Vec<Term> {
    file::read(&file_of(keys)).unwrap()
}

fn matcher(keys: &[&str]) -> Matcher {
    Matcher::new(terms(keys)).unwrap()
}

/// The hits of a text handed over in chunks of this size.
fn hits(matcher: &Matcher, text: &[u8], size: usize) -> Vec<(String, Range<u64>)> {
    let mut found = Vec::new();
    let mut scan = matcher.scan();
    text.chunks(size).for_each(|chunk| scan.push(chunk, &mut |hit| found.push((hit.term.id.clone(), hit.at))));
    scan.end(&mut |hit| found.push((hit.term.id.clone(), hit.at)));
    found
}

/// What the hits of a text stand on.
fn said<'t>(matcher: &Matcher, text: &'t str) -> Vec<&'t str> {
    matcher.find(text.as_bytes()).iter().map(|hit| &text[hit.at.start as usize..hit.at.end as usize]).collect()
}

#[test]
fn a_term_matches_whole_words_and_tells_where() {
    let matcher = matcher(&["term = \"red fox\"\nalso = [\"fox\"]"]);
    for (text, expected) in [
        ("A Red, Fox!", vec!["Red, Fox"]),
        ("fox", vec!["fox"]),
        ("foxes firefox foxtrot", vec![]),
        ("r-e-d f.o.x", vec![]),
        ("f.o.x", vec!["f.o.x"]),
        ("fox fox red fox", vec!["fox", "fox", "red fox"]),
    ] {
        assert_eq!(said(&matcher, text), expected, "{text}");
    }
}

#[test]
fn what_must_be_near_is_near_on_either_side_and_what_must_not_is_not() {
    let matcher = matcher(&["term = \"fox\"\nwith = [\"red | brown\", \"den\"]\nwithout = [\"news\"]"]);
    let far = "word ".repeat(NEAR as usize);
    for (text, expected) in [
        ("fox".to_owned(), 0),
        ("red fox".to_owned(), 0),
        ("red fox den".to_owned(), 1),
        ("the den of a brown fox".to_owned(), 1),
        ("fox: red den".to_owned(), 1),
        ("news: red fox den".to_owned(), 0),
        ("red fox den in the news".to_owned(), 0),
        ("redden fox".to_owned(), 0),
        (format!("red fox {far} den"), 0),
        (format!("den {far} red fox"), 0),
        (format!("red fox den {far} news"), 1),
        (format!("news {far} red den fox"), 1),
    ] {
        assert_eq!(matcher.find(text.as_bytes()).len(), expected, "{text}");
    }
}

#[test]
fn a_term_that_two_chunks_share_is_found_once() {
    let matcher = matcher(&["term = \"red fox\""]);
    let text = "a rèd  ｆox.";
    for cut in 0..=text.len() {
        let (before, after) = text.as_bytes().split_at(cut);
        let mut found = Vec::new();
        let mut scan = matcher.scan();
        scan.push(before, &mut |hit| found.push(hit.at));
        scan.push(after, &mut |hit| found.push(hit.at));
        scan.end(&mut |hit| found.push(hit.at));
        assert_eq!((found.len(), found.first()), (1, Some(&(2..text.len() as u64 - 1))), "cut at {cut}");
    }
}

#[test]
fn a_hit_comes_when_what_may_change_it_has_passed_and_memory_stays_small() {
    let matcher = matcher(&["term = \"fox\"\nwithout = [\"news\"]"]);
    let mut scan = matcher.scan();
    let mut count = 0;
    for _ in 0..10_000 {
        scan.push(b"fox fox fox fox ", &mut |_| count += 1);
        assert!(scan.held() <= 3 * NEAR as usize + 64);
    }
    assert!(count > 39_000, "{count}");
    assert_eq!(matcher.find("fox ".repeat(10_000).as_bytes()).len(), MAX_HITS);
}

#[test]
fn terms_that_no_matcher_can_hold_are_refused() {
    let long = format!("term = \"{}\"", "word ".repeat(17));
    let fault = Matcher::new(terms(&[&long])).unwrap_err().to_string();
    assert!(fault.contains("shorten it"), "{fault}");
    assert_eq!(Matcher::new(Vec::new()).unwrap().find(b"anything"), []);
}

#[test]
fn a_fault_of_a_file_comes_with_its_line_and_column() {
    let top = "language = \"en\"\n[[theme]]\nid = \"bypass\"\n";
    let term = "[[theme.term]]\nterm = \"a b\"\nseverity = 1\npositive = \"x\"\nnegative = \"y\"\n";
    for (text, expected) in [
        ("language = ".to_owned(), "1:12: this is not TOML"),
        (String::new(), "1:1: `language` is missing"),
        ("language = \"en\"".to_owned(), "1:1: there is no `[[theme]]`"),
        ("language = \"en\"\ntheme = 3".to_owned(), "2:9: `theme` is written as `[[theme]]`"),
        ("language = \"en\"\n[[theme]]\nid = \"bypas\"".to_owned(), "3:6: `id` is one of suicide, "),
        (format!("{top}tier = \"urgent\"\n{term}"), "4:8: `tier` is one of low, medium, high, critical"),
        (top.to_owned(), "2:1: there is no `[[term]]`"),
        (format!("{top}{}", term.replace("severity = 1", "severity = 101")), "6:12: `severity` is a number from 1 to 100"),
        (format!("{top}{}", term.replace("severity = 1\n", "")), "4:1: `severity` is missing"),
        (format!("{top}{}", term.replace("\"a b\"", "\"!!\"")), "5:8: `term` has no word in it"),
        (format!("{top}{}", term.replace("\"x\"", "7")), "7:12: `positive` is a text in quotes"),
        (format!("{top}{}", term.replace("negative = \"y\"\n", "")), "4:1: `negative` is missing"),
        (format!("{top}{term}also = \"c\""), "9:8: `also` is a list"),
        (format!("{top}{term}with = [\"a | | b\"]"), "9:9: `with` has no word in it"),
        (format!("{top}{term}wihtout = [\"c\"]"), "9:1: this key is not known here"),
        (format!("{top}{term}{term}"), "9:1: 'en/bypass/a b' is written twice"),
    ] {
        let faults = file::read(&text).unwrap_err();
        assert!(faults[0].to_string().starts_with(expected), "{text}\n{}, not {expected}", faults[0]);
    }
}

#[test]
fn a_theme_may_have_another_tier_than_its_own() {
    use super::Tier;
    assert!(terms(&["term = \"fox\""]).iter().all(|t| t.tier == Tier::Low));
    let text = file_of(&["term = \"fox\""]).replace("id = \"bypass\"", "id = \"bypass\"\ntier = \"high\"");
    assert!(file::read(&text).unwrap().iter().all(|t| t.tier == Tier::High));
}

/// Texts that nearly hold terms, with noise between.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("red ".as_bytes().to_vec()),
        Just("fox".as_bytes().to_vec()),
        Just("f-o-x ".as_bytes().to_vec()),
        Just("f0x $".as_bytes().to_vec()),
        Just(" den ".as_bytes().to_vec()),
        Just(" nèws\u{301}".as_bytes().to_vec()),
        Just("ｒｅｄ\u{ad}".as_bytes().to_vec()),
        Just(" a b c d e f g h i".as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn the_hits_are_the_same_however_the_text_is_cut(text in nearly(), size in 1usize..12) {
        let matcher = matcher(&[
            "term = \"red fox\"\nalso = [\"fox red\"]",
            "term = \"fox\"\nwith = [\"den | red\"]\nwithout = [\"news\"]",
            "term = \"fox den\"\nwithout = [\"red\"]",
        ]);
        let whole = hits(&matcher, &text, text.len().max(1));
        for (_, at) in &whole {
            prop_assert!(at.start < at.end && at.end <= text.len() as u64);
        }
        prop_assert_eq!(whole, hits(&matcher, &text, size));
    }

    #[test]
    fn no_text_panics_the_reader_of_a_file(text in "\\PC{0,200}") {
        let _ = file::read(&text);
        let _ = file::read(&format!("language = \"en\"\n[[theme]]\n{text}"));
        let _ = file::read(&file_of(&[&text]));
    }
}
