//! Terms and phrase lists: looked for in a text whole and in chunks, and held to what a plain search finds.

use aho_corasick::AhoCorasick;
use schoolgate::lists::phrases::e2guardian::{self, Kind};
use schoolgate::lists::phrases::engine::{Carry, Engine};
use schoolgate::lists::phrases::{Hit, Matcher, file};
use std::io::{self, Cursor, Read};
use std::sync::LazyLock;

static SHIPPED: LazyLock<Matcher> = LazyLock::new(|| {
    let terms = file::read(include_str!("../../blocklists/phrases/en.toml")).expect("the terms that ship read");
    Matcher::new(terms).expect("they fit")
});

/// A text looked through for the terms that ship.
pub fn text(text: &[u8]) {
    in_chunks(&SHIPPED, text);
}

/// A file of terms, and itself looked through for them.
pub fn terms(text: &str) {
    if let Ok(terms) = file::read(text)
        && let Ok(matcher) = Matcher::new(terms)
    {
        in_chunks(&matcher, text.as_bytes());
    }
}

/// Looks through a text whole and in chunks of several sizes: the same hits.
fn in_chunks(matcher: &Matcher, text: &[u8]) {
    let told = |hits: &[Hit<'_>]| hits.iter().map(|h| h.term.id.clone()).collect::<Vec<_>>();
    let mut whole = told(&matcher.find(text));
    whole.sort();
    for size in [1, 7, 64] {
        let mut hits = Vec::new();
        let mut scan = matcher.scan();
        text.chunks(size).for_each(|chunk| scan.push(chunk, &mut |hit| hits.push(hit.term.id.clone())));
        scan.end(&mut |hit| hits.push(hit.term.id.clone()));
        hits.sort();
        assert_eq!(hits, whole, "in chunks of {size}");
    }
}

/// The engine: the first byte says how long chunks are, then come phrases, one a line, an empty line, and the text.
pub fn engine(input: &[u8]) {
    let Some((&size, rest)) = input.split_first() else { return };
    let end = rest.windows(2).position(|two| two == b"\n\n").unwrap_or(rest.len());
    let text = rest.get(end + 2..).unwrap_or_default();
    let phrases: Vec<&[u8]> = rest[..end].split(|&c| c == b'\n').collect();
    let Ok(engine) = Engine::build(&phrases) else { return };
    let (mut found, mut whole, mut carry) = (Vec::new(), Vec::new(), Carry::default());
    for chunk in text.chunks(usize::from(size).max(1)) {
        engine.feed(&mut carry, chunk, |phrase, end| found.push((phrase, end as usize)));
    }
    engine.find_overlapping(text, |phrase, end| whole.push((phrase, end)));
    let plain = AhoCorasick::new(&phrases).expect("few phrases");
    let mut expected: Vec<_> = plain.find_overlapping_iter(text).map(|hit| (hit.pattern().as_usize(), hit.end())).collect();
    [&mut found, &mut whole, &mut expected].into_iter().for_each(|hits| hits.sort_unstable());
    assert_eq!(found, expected, "in chunks of {size}");
    assert_eq!(whole, expected);
}

/// An e2guardian list: the first byte is its kind; behind a line `==` stands what any file that it includes holds.
pub fn of_e2guardian(input: &[u8]) {
    let Some((&kind, rest)) = input.split_first() else { return };
    let kind = Kind::ALL[usize::from(kind) % Kind::ALL.len()];
    let end = rest.windows(4).position(|four| four == b"\n==\n").unwrap_or(rest.len());
    let (list, included) = (&rest[..end], rest.get(end + 4..).unwrap_or_default());
    let mut open = |path: &str| -> io::Result<Box<dyn Read>> {
        assert!(!path.starts_with('/') && !path.split('/').any(|name| name == ".."), "a path that leads out: {path}");
        Ok(Box::new(Cursor::new(if path == "list" { list } else { included }.to_vec())))
    };
    let read = e2guardian::read(kind, "list", &mut open).expect("memory can be read");
    let Ok(matcher) = Matcher::with_rules(Vec::new(), read.rules) else { return };
    let whole = format!("{:?}", matcher.score(rest));
    let mut scan = matcher.scan();
    rest.chunks(3).for_each(|chunk| scan.push(chunk, &mut |_| ()));
    assert_eq!(format!("{:?}", scan.end(&mut |_| ())), whole, "in chunks of 3");
}
