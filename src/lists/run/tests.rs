use super::*;
use crate::lists::parse::Within;
use crate::lists::source::Says;
use crate::lists::{About, Format, Known, Origin, Provenance, Reach, Single, Source};
use crate::words::Category;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::io::Cursor;

fn source<T>(with: impl FnOnce(&Source<'_>) -> T) -> T {
    let mut text = b"".as_slice();
    with(&Source {
        name: "some/list".into(),
        category: Category::ADULT,
        origin: Origin::Public,
        reach: Reach::Below,
        about: About { dated_ms: Some(7), licence: Some("CC0".into()), home: None },
        members: &mut Single::new(Format::Domains, &mut text),
    })
}

fn recipe() -> Recipe {
    source(|source| Recipe::new(source, Known::default().checksum(), b"a file"))
}

fn written(entries: &BTreeSet<(String, Says)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut run = RunWriter::new(&mut bytes).expect("memory");
    entries.iter().for_each(|(key, says)| run.push(key.as_bytes(), *says).expect("memory"));
    let pattern = Pattern { within: Within::Url, text: "x+".into() };
    run.finish(&recipe(), &source(Provenance::of), vec![pattern]).expect("memory");
    bytes
}

/// Everything in a run, or why it is refused.
fn all(bytes: &[u8]) -> Result<Vec<(String, Says)>, RunFault> {
    let mut run = Run::open(Cursor::new(bytes))?;
    let mut entries = Vec::new();
    while run.advance()? {
        entries.push((String::from_utf8_lossy(run.key()).into_owned(), run.says()));
    }
    Ok(entries)
}

fn some() -> BTreeSet<(String, Says)> {
    ["com.example", "com.example.www", "com.example/a/b", "org.example", "203.0.113.0/24"]
        .into_iter()
        .flat_map(|key| [(key.to_owned(), Says::HostOnly), (key.to_owned(), Says::NotExact)])
        .collect()
}

#[test]
fn a_run_says_again_what_was_written_and_of_what_it_was_made() {
    let bytes = written(&some());
    assert_eq!(all(&bytes).expect("a run"), some().into_iter().collect::<Vec<_>>());
    let run = Run::open(Cursor::new(&bytes)).expect("a run");
    assert_eq!((run.recipe(), run.provenance()), (&recipe(), &source(Provenance::of)));
    assert_eq!((run.entries(), run.patterns().len(), run.patterns()[0].text.as_str()), (10, 1, "x+"));
}

#[test]
fn another_file_or_rule_or_canary_is_another_recipe() {
    let known = Known {
        platforms: ["a.example"].map(|n| crate::words::Host::parse(n).expect("a host")).into_iter().collect(),
        ..Known::default()
    };
    let others = source(|source| [Recipe::new(source, known.checksum(), b"a file"), Recipe::new(source, 0, b"another file")]);
    for other in others {
        assert!(other != recipe() && other.checksum() != recipe().checksum());
        assert!(other.is_of_the_same_list(&recipe()));
    }
}

#[test]
fn a_run_that_is_cut_or_flipped_anywhere_is_refused() {
    let good = written(&some());
    for length in 0..good.len() {
        assert!(all(&good[..length]).is_err(), "{length} bytes");
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        assert!(all(&bad).is_err(), "byte {at}");
    }
    assert!(all(&[good.as_slice(), b"\n"].concat()).is_err());
    assert!(matches!(all(b"<!DOCTYPE html>"), Err(RunFault::NotARun)));
}

#[test]
fn blocks_of_another_run_are_refused() {
    let many = |name: &str| (0..30_000).map(|n| (format!("com.{name}{n:05}"), Says::Below)).collect::<BTreeSet<_>>();
    let (mut one, other) = (written(&many("a")), written(&many("b")));
    let length = 8 + u32::from_le_bytes(one[8..12].try_into().expect("four bytes")) as usize;
    assert!(all(&one).is_ok() && one.len() > 2 * length, "more than one block");
    one[8..8 + length].copy_from_slice(&other[8..8 + length]);
    assert!(matches!(all(&one), Err(RunFault::Malformed(_))));
}

proptest! {
    #[test]
    fn any_sorted_entries_come_back(keys in proptest::collection::btree_set(("[a-c./]{1,9}", 0usize..6), 0..200)) {
        let entries: BTreeSet<(String, Says)> = keys.into_iter().map(|(key, says)| (key, Says::ALL[says])).collect();
        prop_assert_eq!(all(&written(&entries)).expect("a run"), entries.into_iter().collect::<Vec<_>>());
    }

    /// With all checksums right, as a forger would have them.
    #[test]
    fn no_bytes_make_a_reader_panic(block in proptest::collection::vec(any::<u8>(), 0..60), tail in proptest::collection::vec(any::<u8>(), 0..80)) {
        let good = written(&some());
        let _ = tail::Tail::read(&tail);
        let mut framed = (block.len() as u32).to_le_bytes().to_vec();
        framed.extend(crc32fast::hash(&block).to_le_bytes());
        framed.extend(&block);
        let mut decoder = entries::Decoder::default();
        let mut from = framed.as_slice();
        while decoder.advance(&mut from).unwrap_or(false) {}
        let mut bad = good.clone();
        let at = good.len() - FOOT - tail.len().min(good.len() - FOOT);
        bad[at..at + tail.len().min(good.len() - FOOT)].copy_from_slice(&tail[..tail.len().min(good.len() - FOOT)]);
        let _ = all(&bad);
    }
}
