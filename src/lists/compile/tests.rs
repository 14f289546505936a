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

/// Room for so many bytes and no more.
struct Disk {
    room: u64,
    file: Cursor<Vec<u8>>,
    most: u64,
}

impl Disk {
    fn new(room: u64) -> Self {
        Self { room, file: Cursor::new(Vec::new()), most: 0 }
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.file.position() + bytes.len() as u64 > self.room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = self.file.write(bytes);
        self.most = self.most.max(self.file.position());
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Disk {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.file.read(into)
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

fn names(count: u32) -> String {
    // In no order: each chunk spans all names.
    (0..count).map(|n| format!("n{}.example\n", n.wrapping_mul(2_654_435_761) % 1_000_003)).collect()
}

fn read_in(chunk: usize, text: &str, spill: &mut Disk, to: &mut Disk) -> Result<Provenance, CompileFault> {
    let mut text = text.as_bytes();
    let mut source = Source {
        name: "a list".into(),
        category: Category::ADULT,
        origin: Origin::School,
        reach: Reach::Below,
        about: About::default(),
        members: &mut Single::new(Format::Domains, &mut text),
    };
    let recipe = Recipe::new(&source, 0, b"");
    let how = Reading { index: 0, known: &Known::default(), recipe: &recipe, chunk };
    read(&mut source, how, spill, to, &mut |_| ())
}

#[test]
fn what_does_not_fit_in_a_chunk_is_spilled_and_the_run_is_the_same() {
    let text = names(40_000);
    let (mut whole, mut spill) = (Disk::new(u64::MAX), Disk::new(u64::MAX));
    let read = read_in(1 << 20, &text, &mut spill, &mut whole).expect("there is room");
    assert_eq!((spill.most, read.entries + read.duplicates), (0, 40_000));
    for chunk in [999, 10_000] {
        let (mut run, mut spill) = (Disk::new(u64::MAX), Disk::new(u64::MAX));
        assert_eq!(read_in(chunk, &text, &mut spill, &mut run).expect("there is room"), read);
        assert!(spill.most > 200_000, "{} bytes spilled", spill.most);
        assert!(run.file.get_ref() == whole.file.get_ref(), "chunks of {chunk}");
    }
}

#[test]
fn a_full_disk_is_said_wherever_it_is_met() {
    let text = names(5_000);
    let (mut run, mut spill) = (Disk::new(u64::MAX), Disk::new(u64::MAX));
    read_in(1_000, &text, &mut spill, &mut run).expect("there is room");
    for tenth in 0..10 {
        let full = Disk::new;
        let fault = read_in(1_000, &text, &mut full(spill.most * tenth / 10), &mut full(u64::MAX)).expect_err("no room to spill");
        assert!(fault.to_string().starts_with("what does not fit in memory cannot be written"), "{fault}");
        let fault = read_in(1_000, &text, &mut full(u64::MAX), &mut full(run.most * tenth / 10)).expect_err("no room");
        assert!(fault.to_string().starts_with("the run of a list cannot be written"), "{fault}");
        let runs = &mut [Run::open(Cursor::new(run.file.get_ref())).expect("a run")];
        let mut table = Disk::new(u64::MAX);
        merge(runs, &mut full(u64::MAX), &mut table, &mut |_| ()).expect("there is room");
        let runs = &mut [Run::open(Cursor::new(run.file.get_ref())).expect("a run")];
        merge(runs, &mut full(u64::MAX), &mut full(table.most * tenth / 10), &mut |_| ()).expect_err("no room for the table");
    }
}

#[test]
fn a_run_that_rots_while_it_is_merged_is_named() {
    let mut run = Disk::new(u64::MAX);
    read_in(1_000, &names(9_000), &mut Disk::new(u64::MAX), &mut run).expect("there is room");
    let good = run.file.into_inner();
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 1;
    let mut runs = [&good, &bad].map(|bytes| Run::open(Cursor::new(bytes)).expect("its tail is sound"));
    let fault = merge(&mut runs, &mut Disk::new(u64::MAX), &mut Disk::new(u64::MAX), &mut |_| ()).expect_err("rotten");
    assert!(matches!(fault, CompileFault::Run { number: 1, .. }), "{fault}");
}

#[test]
fn more_exceptions_than_are_held_refuse_the_source() {
    let text =
        |count: usize| "||a.example^\n".to_owned() + &(0..count).map(|n| format!("@@||n{n}.a.example^\n")).collect::<String>();
    for (count, expected) in [(exceptions::MOST, None), (exceptions::MOST + 1, Some(Broken::TooManyExceptions))] {
        let text = text(count);
        let list = ListText {
            name: "a list",
            category: Category::ADULT,
            format: Format::Adblock,
            origin: Origin::Public,
            reach: Reach::Below,
            text: text.as_bytes(),
        };
        let made = compile_texts(&[list], &Known::default()).expect("memory can be read");
        assert_eq!((made.lists[0].broken, made.lists[0].entries), (expected, u64::from(expected.is_none())));
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

/// Which of these hosts a list of `category` reaches.
fn reached<'a>(made: Compiled, hosts: &[&'a str]) -> Vec<&'a str> {
    let table = Table::open(Box::new(made.bytes)).expect("a table");
    let on = |name: &&&str| !table.lookup(&Host::parse(name).expect("a host")).categories().is_empty();
    hosts.iter().filter(on).copied().collect()
}

/// UT1's `hacking/domains` begins with a hundred addresses: told as a list of addresses, all its names were refused.
#[test]
fn a_list_that_begins_with_addresses_and_goes_on_with_names_is_one_of_names() {
    let mut text: String = (0..100).map(|n| format!("203.0.113.{n}\n")).collect();
    (0..150).for_each(|n| text.push_str(&format!("n{n}.example\n")));
    let made = one(Category::HACKING, Format::Detect, Origin::Public, text.as_bytes());
    assert_eq!((made.lists[0].format, made.lists[0].entries, made.lists[0].broken), (Format::Domains, 250, None));
}

#[test]
fn every_format_means_in_the_table_what_it_says() {
    let asked = ["a.example", "www.a.example", "x.a.example", "b.example", "x.b.example", "203.0.113.7", "203.0.113.8"];
    let all_of_a = ["a.example", "www.a.example", "x.a.example"];
    for (format, text, expected) in [
        (Format::Wildcard, "*.a.example\n", &all_of_a[..]),
        (Format::Adblock, "||a.example^\n", &all_of_a),
        (Format::Adblock, "|a.example^\n", &all_of_a[..1]),
        (Format::Rpz, "a.example CNAME .\n", &all_of_a[..1]),
        (Format::Rpz, "a.example CNAME .\n*.a.example CNAME .\n", &all_of_a),
        (Format::Rpz, "*.a.example CNAME .\na.example CNAME .\n", &all_of_a),
        (Format::V2fly, "full:a.example\n", &all_of_a[..1]),
        (Format::V2fly, "domain:a.example @ads\n", &all_of_a),
        (Format::Domains, "203.0.113.8\n", &["203.0.113.8"]),
        (Format::Domains, "203.0.113.7\n", &["203.0.113.7"]),
    ] {
        for as_written in [format, Format::Detect] {
            // Plain names with `full:` before them are told from their first lines as well as any.
            let made = one(Category::ADULT, as_written, Origin::Public, text.as_bytes());
            assert_eq!(made.lists[0].format, format, "{text}");
            assert_eq!(reached(made, &asked), expected, "{format}: {text}");
        }
    }
}

#[test]
fn an_exception_cancels_entries_of_its_own_list_for_that_name_and_below() {
    let asked = ["a.example", "x.a.example", "y.x.a.example", "a-b.example", "b.example"];
    let rest = "||b.example^\n||a-b.example^\n";
    for (rules, cancelled, left, expected) in [
        ("||a.example^\n@@||a.example^\n", 1, 0, &["a-b.example", "b.example"][..]),
        ("||y.x.a.example^\n||x.a.example^\n@@||a.example^\n", 2, 0, &["a-b.example", "b.example"]),
        ("|a.example^\n@@|a.example^\n", 1, 0, &["a-b.example", "b.example"]),
        // Important entries stay, and important exceptions cancel them.
        ("||a.example^$important\n@@||a.example^\n", 0, 0, &asked),
        ("||a.example^$important\n||a.example^\n@@||a.example^$important\n", 2, 0, &["a-b.example", "b.example"]),
        // What is switched off is as if it were not there, and only just that rule.
        ("||a.example^\n||a.example^$badfilter\n", 1, 0, &["a-b.example", "b.example"]),
        ("||a.example^\n||x.a.example^$badfilter\n", 0, 0, &asked),
        ("||a.example^\n@@||a.example^\n@@||a.example^$badfilter\n", 0, 0, &asked),
        // A wider entry stays for all but the exception.
        ("||a.example^\n@@||x.a.example^\n", 0, 0, &["a.example", "a-b.example", "b.example"]),
        ("||a.example^\n||y.x.a.example^\n@@|x.a.example^\n", 0, 0, &["a.example", "y.x.a.example", "a-b.example", "b.example"]),
        ("||a.example^\n@@|a.example^\n", 0, 0, &["x.a.example", "y.x.a.example", "a-b.example", "b.example"]),
        ("||a.example^$important\n@@||x.a.example^$important\n", 0, 0, &["a.example", "a-b.example", "b.example"]),
        ("||a.example^$important\n@@||x.a.example^\n", 0, 0, &asked),
        // Not against what is important; where both reach the name, the list's figures say so.
        ("||a.example^\n||a.example^$important\n@@||x.a.example^\n", 0, 1, &asked),
    ] {
        let text = format!("{rest}{rules}");
        let made = one(Category::ADULT, Format::Adblock, Origin::Public, text.as_bytes());
        let list = &made.lists[0];
        assert_eq!((list.cancelled, list.rejects.of(Reject::Exception), list.broken), (cancelled, left, None), "{rules}");
        assert_eq!(reached(made, &asked), expected, "{rules}");
    }
    let zone = b"*.b.example CNAME .\n*.a.example CNAME .\nx.a.example CNAME .\n*.a.example CNAME rpz-passthru.\n";
    assert_eq!(reached(one(Category::ADULT, Format::Rpz, Origin::Public, zone), &asked), ["b.example"]);
    let zone = b"*.a.example CNAME .\n*.b.example CNAME .\nx.a.example CNAME rpz-passthru.\n";
    let expected = ["a.example", "y.x.a.example", "b.example"];
    assert_eq!(reached(one(Category::ADULT, Format::Rpz, Origin::Public, zone), &asked), expected);
}

#[test]
fn an_exception_for_addresses_cancels_within_and_around_its_range() {
    let said = |rules: &str, asked: &str| {
        let made = compiled(&[(Category::ADULT, Format::Adblock, Origin::School, rules.as_bytes())], &Known::default());
        let overruled = made.lists[0].rejects.of(Reject::Exception);
        let table = Table::open(Box::new(made.bytes)).expect("a table");
        (!table.lookup(&Host::parse(asked).expect("a host")).categories().is_empty(), overruled)
    };
    for (rules, asked, expected) in [
        ("203.0.113.64/26\n@@||203.0.113.100^\n", "203.0.113.100", (false, 0)),
        ("203.0.113.64/26\n@@||203.0.113.100^\n", "203.0.113.101", (true, 0)),
        ("203.0.113.7\n@@203.0.113.0/24\n||198.51.100.7^\n", "203.0.113.7", (false, 0)),
        ("203.0.113.7\n@@203.0.113.0/24\n||198.51.100.7^\n", "198.51.100.7", (true, 0)),
        ("2001:db8:1::/64\n@@2001:db8:1::/48\n||198.51.100.7^\n", "2001:db8:1::9", (false, 0)),
        ("203.0.113.0/24\n@@203.0.113.0/25\n", "203.0.113.127", (false, 0)),
        ("203.0.113.0/24\n@@203.0.113.0/25\n", "203.0.113.128", (true, 0)),
        ("203.0.113.64/26$important\n@@||203.0.113.100^\n", "203.0.113.100", (true, 1)),
        ("203.0.113.64/26$important\n@@||203.0.113.100^$important\n", "203.0.113.100", (false, 0)),
    ] {
        assert_eq!(said(rules, asked), expected, "{asked} by {rules:?}");
    }
}

#[test]
fn an_exception_leaves_other_lists_alone() {
    let blocks: (_, _, _, &[u8]) = (Category::ADULT, Format::Adblock, Origin::Public, b"||a.example^\n");
    let excepts: (_, _, _, &[u8]) = (Category::ADULT, Format::Adblock, Origin::Public, b"||b.example^\n@@||a.example^\n");
    for lists in [[blocks, excepts], [excepts, blocks]] {
        let made = compiled(&lists, &Known::default());
        assert_eq!(reached(made, &["a.example", "b.example", "c.example"]), ["a.example", "b.example"]);
    }
    // The same name in the same table, of one category, then of two: what is excepted is that list's word alone.
    let excepts: (_, _, _, &[u8]) = (Category::VIDEO, Format::Adblock, Origin::Public, b"||a.example^\n@@||x.a.example^\n");
    for lists in [[blocks, excepts], [excepts, blocks]] {
        let made = compiled(&lists, &Known::default());
        let table = Table::open(Box::new(made.bytes)).expect("a table");
        let says = |name: &str| table.lookup(&Host::parse(name).expect("a host")).categories();
        assert_eq!(says("a.example"), CategorySet::of(&[Category::ADULT, Category::VIDEO]));
        assert_eq!(says("y.x.a.example"), CategorySet::of(&[Category::ADULT]));
    }
}

/// UT1's `urls` files name pages of hosts that everybody needs.
#[test]
fn the_address_of_a_page_never_closes_its_host() {
    let urls = "hospital.example/conditions/a/page.html\nwww.software.example/store?id=1\nhttp://b.example/x\n";
    for format in Format::ALL {
        for origin in [Origin::Public, Origin::School] {
            let made = one(Category::ADULT, *format, origin, urls.as_bytes());
            // What is told from its lines is a list of pages, and so it is taken.
            let of_pages = matches!(format, Format::Urls | Format::Expressions | Format::Regex | Format::Detect);
            assert!(of_pages || made.lists[0].broken.is_some(), "{format}");
            let hosts = ["hospital.example", "www.software.example", "software.example", "b.example"];
            assert_eq!(reached(made, &hosts), [""; 0], "{format}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// An entry counts for a host it reaches unless an exception of its list reaches that host too, and, if that is for one
    /// host only, stands on no shorter a name.
    #[test]
    fn exceptions_say_what_a_walk_over_all_rules_says(
        rules in proptest::collection::vec((any::<bool>(), any::<bool>(), "([ab]{1,2}\\.){0,3}c"), 0..24),
        asked in proptest::collection::vec("(www\\.)?([ab]{1,2}\\.){0,4}c", 0..24),
    ) {
        let line = |(except, below, name): &(bool, bool, String)| {
            format!("{}{}{name}.example^\n", if *except { "@@" } else { "" }, if *below { "||" } else { "|" })
        };
        let text: String = rules.iter().map(line).collect();
        let made = one(Category::ADULT, Format::Adblock, Origin::School, text.as_bytes());
        let table = Table::open(Box::new(made.bytes)).expect("a table");
        let reaches = |below: bool, name: &str, host: &str| {
            name == host || (below && host.ends_with(&format!(".{name}")))
        };
        for host in asked.iter().chain(rules.iter().map(|r| &r.2)) {
            let excepted = |entry: &str| rules.iter().any(|(except, below, name)| {
                *except && reaches(*below, name, host) && (*below || entry.split('.').count() <= name.split('.').count())
            });
            let blocked = rules.iter().any(|(except, below, name)| !except && reaches(*below, name, host) && !excepted(name));
            let found = table.lookup(&Host::parse(&format!("{host}.example")).expect("a host"));
            prop_assert_eq!(!found.categories().is_empty(), blocked, "{}: {}", host, text);
        }
    }
}

#[test]
fn the_patterns_of_all_lists_together_have_a_bound_and_the_list_that_goes_over_it_is_named() {
    let text = |list: usize| (0..400).map(|n| format!("^casino{list}x{n}[.]\n")).collect::<String>();
    let texts: Vec<String> = (0..6).map(text).collect();
    let names: Vec<String> = (0..6).map(|list| format!("list {list}")).collect();
    let lists: Vec<ListText> = names
        .iter()
        .zip(&texts)
        .map(|(name, text)| ListText {
            name,
            category: Category::GAMBLING,
            format: Format::Regex,
            origin: Origin::Public,
            reach: Reach::Below,
            text: text.as_bytes(),
        })
        .collect();
    let made = compile_texts(&lists, &Known::default()).expect("a table");
    let table = Table::open(Box::new(made.bytes)).expect("a table");
    assert_eq!(table.lists(), made.lists);
    let taken: Vec<_> = table.lists().iter().map(|list| (list.entries, list.rejects.of(Reject::NoRoom))).collect();
    assert_eq!(taken, [(400, 0), (400, 0), (400, 0), (400, 0), (400, 0), (0, 400)]);
    let told = table.lists()[5].to_string();
    assert!(told.starts_with("list 5 ") && told.ends_with("all lists together 2,000 in 256 KiB"), "{told}");
    let known = |host: &str| !table.lookup(&Host::parse(host).expect("a host")).categories().is_empty();
    assert!(known("casino4x399.example") && !known("casino5x0.example"));
}

/// Seventeen lists of which each takes a name or not make 131,071 kinds.
#[test]
fn lists_that_are_made_to_mix_are_refused_with_the_name_of_one() {
    let holds =
        |list: u32| (1..70_000_u32).filter(move |n| n >> list & 1 == 1).map(|n| format!("n{n}.example\n")).collect::<String>();
    let texts: Vec<String> = (0..17).map(holds).collect();
    let names: Vec<String> = (0..17).map(|list| format!("list {list}")).collect();
    let list = |(name, text)| ListText {
        name,
        category: Category::ADULT,
        format: Format::Domains,
        origin: Origin::School,
        reach: Reach::Below,
        text,
    };
    let lists: Vec<ListText> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_bytes)).map(list).collect();
    let told = compile_texts(&lists, &Known::default()).err().expect("too many kinds").to_string();
    assert!(told.contains("(65,536), and `list "), "{told}");
}
