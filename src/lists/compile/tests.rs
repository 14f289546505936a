mod bounds;
mod meaning;
mod spill;

use super::*;
use crate::lists::{Canaries, Format, Member, Members, Origin, Platforms, Reach, Reject, Table};
use crate::words::{Category, CategorySet, Host};
use proptest::prelude::*;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};

fn compiled<'a>(lists: &[(Category, Format, Origin, &'a [u8])], known: &Known) -> Compiled {
    let text = |l: &(Category, Format, Origin, &'a [u8])| ListText {
        name: "a list",
        category: l.0,
        format: l.1,
        origin: l.2,
        reach: Reach::Below,
        text: l.3,
    };
    let texts: Vec<ListText> = lists.iter().map(text).collect();
    let made = compile_texts(&texts, known).expect("memory can be read");
    // The same with hardly any memory.
    for chunk in [1, 3] {
        assert!(compile_texts_in(&texts, known, chunk).expect("memory can be read").bytes == made.bytes, "chunks of {chunk}");
    }
    made
}

fn one(category: Category, format: Format, origin: Origin, text: &[u8]) -> Compiled {
    compiled(&[(category, format, origin, text)], &Known::default())
}

#[test]
fn every_line_of_a_source_is_accounted_for() {
    let text = b"# a list\n\
        a.example\nA.example.\nb.example\n\n\
        co.uk\nlocalhost\nhttp://c.example/x\n*.d.example\n192.0.2.0/24\n198.51.100.7\ngithub.io\nx\x07.example\n";
    let made = one(Category::ADULT, Format::Domains, Origin::School, text);
    let list = &made.lists[0];
    assert_eq!((list.format, list.lines, list.bytes), (Format::Domains, 13, text.len() as u64));
    assert_eq!((list.entries, list.duplicates, list.host_only), (5, 1, 1));
    let rejects: Vec<_> = list.rejects.iter().map(|(why, count, first)| (why, count, first.to_vec())).collect();
    assert_eq!(
        rejects,
        [
            (Reject::PublicSuffix, 1, vec![6]),
            (Reject::Local, 1, vec![7]),
            (Reject::ControlBytes, 1, vec![13]),
            (Reject::Url, 1, vec![8]),
            (Reject::Wildcard, 1, vec![9]),
        ]
    );
    let table = Table::open(Box::new(made.bytes)).expect("a table");
    assert_eq!(table.lists(), made.lists, "the table keeps what became of its sources");
    assert_eq!(table.stats().names, 5);
}

#[test]
fn hosts_and_domains_make_the_same_table_content() {
    let hosts = one(Category::ADULT, Format::Detect, Origin::Public, b"127.0.0.1 localhost\n0.0.0.0 a.example b.example\n");
    let domains = one(Category::ADULT, Format::Detect, Origin::Public, b"a.example\nb.example\n");
    for made in [hosts, domains] {
        assert_eq!(made.lists[0].broken, None);
        let table = Table::open(Box::new(made.bytes)).expect("a table");
        assert!(!table.lookup(&Host::parse("x.b.example").expect("a host")).categories().is_empty());
    }
}

#[test]
fn what_is_no_list_is_said_to_be_broken_and_adds_nothing() {
    use Format::{Detect, Domains, Hosts};
    use Origin::{Public, School};
    let junk = "$0/\n".repeat(1000) + "a.example\n";
    for (text, format, origin, expected) in [
        ("<!DOCTYPE html>\n<html>\n<a>a.example</a>\n", Detect, Public, Some(Broken::WebPage)),
        ("<!DOCTYPE html>\n<html>\n", Hosts, Public, Some(Broken::WebPage)),
        ("||a.example^*/x.\n&ad_box=\n/banner/ads.\n", Detect, Public, Some(Broken::OtherFormat)),
        ("what is this\nand that\n", Detect, School, Some(Broken::NoFormat)),
        ("", Detect, Public, Some(Broken::NoEntries)),
        ("# nothing yet\n", Domains, School, None),
        ("no host\n", Domains, School, Some(Broken::NoEntries)),
        ("a.example\nx/y\nx/z\n", Domains, Public, Some(Broken::MostlyRefused)),
        ("a.example\nx/y\nx/z\n", Domains, School, None),
        (&junk, Domains, Public, Some(Broken::MostlyRefused)),
        ("a.example\n", Detect, Public, None),
    ] {
        let made = one(Category::ADULT, format, origin, text.as_bytes());
        assert_eq!(made.lists[0].broken, expected, "{text}");
        assert_eq!(made.broken().count(), usize::from(expected.is_some()));
        let names = Table::open(Box::new(made.bytes)).expect("a table").stats().names;
        assert_eq!(names == 0, expected.is_some() || !text.contains("a.example"), "{text}");
    }
}

#[test]
fn one_broken_source_leaves_the_others_as_they_are() {
    let known = Known::default();
    let good: (_, _, _, &[u8]) = (Category::ADULT, Format::Detect, Origin::Public, b"a.example\nb.example\n");
    let bad: (_, _, _, &[u8]) = (Category::GAMBLING, Format::Detect, Origin::Public, b"<html>\n<p>\n");
    let made = compiled(&[good, bad, good], &known);
    assert_eq!(made.lists.iter().map(|l| l.entries).collect::<Vec<_>>(), [2, 0, 2]);
    assert_eq!(made.broken().map(|(_, why)| why).collect::<Vec<_>>(), [Broken::WebPage]);
}

#[test]
fn a_public_list_may_neither_close_a_canary_nor_open_anything() {
    let known = Known {
        canaries: Canaries::read(&mut "[every]\nlessons.example\n[popular]\nvideos.example\n".as_bytes()).expect("canaries"),
        platforms: Platforms::default(),
    };
    let text = b"lessons.example\nvideos.example\nother.example\n".as_slice();
    for (category, origin, entries, why) in [
        (Category::ADULT, Origin::Public, 1, Some((Reject::Canary, 2))),
        (Category::VIDEO, Origin::Public, 2, Some((Reject::Canary, 1))),
        (Category::ADULT, Origin::School, 3, None),
        (Category::PLATFORM, Origin::School, 3, None),
        (Category::PLATFORM, Origin::Public, 0, Some((Reject::NotTrusted, 3))),
    ] {
        let list = &compiled(&[(category, Format::Domains, origin, text)], &known).lists[0];
        let refused = list.rejects.iter().map(|(why, count, _)| (why, count)).next();
        // A list that is refused for the most part is broken and adds nothing at all.
        let entries = if list.broken.is_some() { 0 } else { entries };
        assert_eq!((list.entries, refused), (entries, why), "{category} {origin:?}");
    }
}

#[test]
fn a_reader_that_fails_is_named_with_its_line() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the card is gone"))
        }
    }
    for format in [Format::Detect, Format::Hosts] {
        let mut reader = BufReader::new(b"0.0.0.0 a.example\n0.0.0.0 b.example\n".chain(Failing));
        let source = Source {
            name: "ut1/adult".into(),
            category: Category::ADULT,
            origin: Origin::Public,
            reach: Reach::Below,
            about: About::default(),
            members: &mut Single::new(format, &mut reader),
        };
        let fault = compile(&mut [source], &Known::default(), &mut |_| ()).err().map(|f| f.to_string());
        assert_eq!(fault.as_deref(), Some("list `ut1/adult`: reading stopped after line 2: the card is gone"));
    }
}

/// A list of two files, the second of which breaks off or not.
struct Two<'a>(Vec<(&'static str, BufReader<Box<dyn Read + 'a>>)>, usize);

impl Members for Two<'_> {
    fn next_member(&mut self) -> io::Result<Option<Member<'_>>> {
        self.1 += 1;
        let next = self.0.get_mut(self.1 - 1);
        Ok(next.map(|(name, reader)| Member { name: (*name).into(), format: Format::Domains, reader }))
    }
}

#[test]
fn a_list_of_several_files_is_one_list_and_its_lines_are_told_by_file() {
    let mut members = Two(
        vec![
            ("domains", BufReader::new(Box::new(b"a.example\nb.example\n".as_slice()))),
            ("more", BufReader::new(Box::new(b"c.example\nno host\n".as_slice()))),
        ],
        0,
    );
    let source = Source {
        name: "a list".into(),
        category: Category::ADULT,
        origin: Origin::Public,
        reach: Reach::Below,
        about: About { dated_ms: Some(1), licence: Some("CC0-1.0".into()), home: Some("https://lists.example/".into()) },
        members: &mut members,
    };
    let about = source.about.clone();
    let made = compile(&mut [source], &Known::default(), &mut |_| ()).expect("memory can be read");
    let list = &made.lists[0];
    assert_eq!((list.entries, list.lines, &list.about), (3, 4, &about));
    assert_eq!(list.members.iter().map(|m| (m.name.as_str(), m.lines)).collect::<Vec<_>>(), [("domains", 2), ("more", 2)]);
    assert_eq!(list.checksum, crc32fast::hash(b"a.example\nb.example\nc.example\nno host\n"));
    assert!(list.to_string().ends_with("1 not a host name (line more:2)"), "{list}");
    assert_eq!(Table::open(Box::new(made.bytes)).expect("a table").lists(), made.lists);
}

#[test]
fn progress_is_told_from_the_first_byte_to_the_last() {
    let text = "a.example\n".repeat(10_000);
    let mut bytes = text.as_bytes();
    let mut told = Vec::new();
    let source = Source {
        name: "a list".into(),
        category: Category::ADULT,
        origin: Origin::School,
        reach: Reach::Below,
        about: About::default(),
        members: &mut Single::new(Format::Domains, &mut bytes),
    };
    compile(&mut [source], &Known::default(), &mut |p| told.push(p)).expect("memory can be read");
    let read: Vec<u64> =
        told.iter().filter_map(|p| if let Progress::Reading { bytes, .. } = p { Some(*bytes) } else { None }).collect();
    assert!(read.len() >= 3 && read.is_sorted() && read.last() == Some(&100_000), "{read:?}");
    assert_eq!(told.last(), Some(&Progress::Filtering { names: 1 }));
}
