use super::*;
use crate::lists::members::Listing;
use crate::lists::{Format, Members};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::{Cursor, Write};
use tar::{Builder, EntryType, Header};

/// An archive of files, and of links where the text begins so.
fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(0);
        if let Some(to) = text.strip_prefix("symlink ") {
            header.set_entry_type(EntryType::Symlink);
            builder.append_link(&mut header, path, to).expect("packed");
        } else if let Some(to) = text.strip_prefix("link ") {
            header.set_entry_type(EntryType::Link);
            builder.append_link(&mut header, path, to).expect("packed");
        } else {
            header.set_size(text.len() as u64);
            builder.append_data(&mut header, path, text.as_bytes()).expect("packed");
        }
    }
    builder.into_inner().expect("packed")
}

/// One record as it is, whatever it says.
fn record(path: &[u8], kind: EntryType, size: u64, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path);
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn ended(mut records: Vec<u8>) -> Vec<u8> {
    records.extend_from_slice(&[0; 1024]);
    records
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

fn opened(bytes: &[u8]) -> io::Result<Archive<'static>> {
    let bytes = bytes.to_vec();
    Archive::open(Box::new(move || Ok(Box::new(Cursor::new(bytes.clone())))))
}

fn text_of(archive: &mut Archive<'_>, path: &str) -> io::Result<String> {
    let mut text = String::new();
    archive.read(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// What keeps these bytes from being read to the end.
fn fault(bytes: &[u8]) -> String {
    opened(bytes).err().map(|e| e.to_string()).unwrap_or_default()
}

#[test]
fn files_are_read_in_any_order_packed_or_not() {
    let long = format!("adult/{}/domains", "x".repeat(150));
    let tar = packed(&[
        ("./adult/domains", "a.example\n"),
        ("adult/urls", "a.example/x\n"),
        ("adult/empty", ""),
        (&long, "long.example\n"),
    ]);
    for bytes in [tar.clone(), gzipped(&tar), [gzipped(&tar[..700]), gzipped(&tar[700..])].concat()] {
        assert!(Archive::is_one(&bytes[..FIRST_BYTES.min(bytes.len())]));
        let mut archive = opened(&bytes).expect("an archive");
        assert_eq!(archive.top().expect("names"), ["adult"]);
        for (path, text) in [
            ("adult/urls", "a.example/x\n"),
            (&long, "long.example\n"),
            ("adult/domains", "a.example\n"),
            ("adult/domains", "a.example\n"),
            ("adult/empty", ""),
        ] {
            assert_eq!(text_of(&mut archive, path).expect(path), text);
        }
        assert_eq!(archive.kind("adult").expect("names"), Some(Kind::Folder));
        assert_eq!(archive.kind("adult/urls").expect("names"), Some(Kind::File));
        assert_eq!(archive.kind("adult/urls/x").expect("names"), None);
        assert_eq!(archive.kind("none").expect("names"), None);
        assert_eq!(archive.read("adult").err().map(|e| e.kind()), Some(io::ErrorKind::NotFound));
    }
    assert!(!Archive::is_one(b"a.example\n"));
}

#[test]
fn a_file_that_is_left_half_way_does_not_disturb_the_next() {
    let (a, b) = ("a.example\n".repeat(20_000), "b.example\n".repeat(20_000));
    let mut archive = opened(&packed(&[("a", &a), ("b", &b), ("c", "c.example\n")])).expect("an archive");
    let mut some = [0; 7];
    archive.read("a").expect("a file").read_exact(&mut some).expect("bytes");
    assert_eq!(text_of(&mut archive, "b").expect("a file"), b);
    assert_eq!(text_of(&mut archive, "c").expect("a file"), "c.example\n");
    assert_eq!(text_of(&mut archive, "a").expect("a file"), a);
}

#[test]
fn a_link_leads_to_a_name_within_the_archive_before_or_after_it() {
    let tar = packed(&[
        ("ut1/porn", "symlink adult"),
        ("ut1/adult/domains", "a.example\n"),
        ("ut1/proxy/domains", "link ut1/adult/domains"),
        ("ut1/proxy/urls", "symlink ../adult/./domains"),
        ("ut1/twice", "symlink porn"),
        ("ut1/gone", "symlink nowhere"),
        ("out", "symlink ../../etc/passwd"),
        ("ut1/out", "symlink ../../x"),
        ("absolute", "symlink /etc/passwd"),
        ("round", "symlink round"),
        ("a", "symlink b"),
        ("b", "symlink a"),
    ]);
    let mut archive = opened(&tar).expect("an archive");
    for path in ["ut1/porn/domains", "ut1/proxy/domains", "ut1/proxy/urls", "ut1/twice/domains"] {
        assert_eq!(text_of(&mut archive, path).expect(path), "a.example\n");
    }
    assert_eq!(archive.kind("ut1/porn").expect("a link"), Some(Kind::Folder));
    assert_eq!(archive.kind("ut1/gone").expect("a link"), None);
    for path in ["out", "ut1/out", "absolute", "../x", "round", "a"] {
        assert_eq!(archive.kind(path).err().map(|e| e.kind()), Some(io::ErrorKind::InvalidData), "{path}");
    }
    // A list through a link.
    let mut list = Listing::new(archive, Some("ut1/porn"), Format::Detect).expect("a list");
    assert_eq!(list.next_member().expect("readable").expect("a member").name, "domains");
}

#[test]
fn names_that_lead_out_or_go_too_far_refuse_the_archive() {
    let deep = "a/".repeat(DEEPEST_PATH) + "b";
    let long = "a".repeat(LONGEST_PATH + 1);
    let one = |path: &str| ended(record(path.as_bytes(), EntryType::Regular, 0, b""));
    let noted = |path: &str| {
        let mut all = record(b"././@LongLink", EntryType::GNULongName, path.len() as u64, path.as_bytes());
        all.extend(record(b"x", EntryType::Regular, 0, b""));
        ended(all)
    };
    let pax = |text: &str| {
        let mut all = record(b"x", EntryType::XHeader, text.len() as u64, text.as_bytes());
        all.extend(record(b"x", EntryType::Regular, 0, b""));
        ended(all)
    };
    for (bytes, why) in [
        (one("../x"), "leads out"),
        (one("a/../../x"), "leads out"),
        (one("/etc/passwd"), "leads out"),
        (one("a\nb"), "control bytes"),
        (one(&deep), "deeper than 16"),
        (noted(&long), "too long"),
        (noted("../x"), "leads out"),
        (noted(&"a".repeat(20_000)), "too long"),
        (pax("13 path=../x\n"), "leads out"),
        (pax("12 path=a\0b\n"), "control bytes"),
        (pax("9 size=x\n"), "no size"),
        (pax("99 path=x\n"), "damaged"),
        (pax("22 GNU.sparse.major=1\n"), "sparse"),
        (ended(record(b"x", EntryType::GNUSparse, 0, b"")), "sparse"),
        (ended(record(&[b'a', 0xff], EntryType::Regular, 0, b"")), "not UTF-8"),
        (ended(record(b"x", EntryType::Regular, MOST_OF_A_FILE + 1, b"")), "larger than 512 MiB"),
        (ended(record(b"x", EntryType::Char, u64::MAX >> 1, b"")), "no file is of such a size"),
    ] {
        assert!(fault(&bytes).contains(why), "{why}: {}", fault(&bytes));
    }
    let mut many = Vec::new();
    let header = record(b"x", EntryType::Regular, 0, b"");
    (0..=MOST_ENTRIES).for_each(|_| many.extend_from_slice(&header));
    assert!(fault(&ended(many)).contains("more than 100000 files"));
    // Few files, and each in fifteen folders of its own.
    let deep = |n: u32| record(format!("{n}{}", "/a".repeat(15)).as_bytes(), EntryType::Regular, 0, b"");
    let many: Vec<u8> = (0..MOST_ENTRIES / 15).flat_map(deep).collect();
    assert!(fault(&ended(many)).contains("more than 100000 files and folders"));
}

#[test]
fn pax_names_are_read_and_what_holds_no_text_is_passed_over() {
    let mut all = record(b"pax_global_header", EntryType::XGlobalHeader, 20, b"20 comment=012345678");
    all.extend(record(b"x", EntryType::XHeader, 21, b"21 path=adult/\xd0\xb4/abc\n"));
    all.extend(record(b"short", EntryType::Regular, 3, b"one"));
    all.extend(record(b"dev", EntryType::Char, 0, b""));
    all.extend(record(b"x", EntryType::Regular, 3, b"old"));
    all.extend(record(b"x", EntryType::Regular, 3, b"new"));
    let mut archive = opened(&ended(all)).expect("an archive");
    assert_eq!(archive.kind("dev").expect("names"), None);
    assert_eq!(text_of(&mut archive, "x").expect("a file"), "new", "of two the later counts");
    let path = archive.top().expect("names");
    assert_eq!(path, ["adult", "x"]);
}

#[test]
fn an_archive_that_ends_early_is_a_fault_that_names_the_file() {
    let tar = packed(&[("adult/domains", &"a.example\n".repeat(200)), ("adult/urls", &"a.example/x\n".repeat(200))]);
    for (end, why) in [
        (100, "cut short at its beginning"),
        (1000, "cut short within `adult/domains`"),
        (2560, "cut short after `adult/domains`"),
        (4000, "cut short within `adult/urls`"),
        (tar.len() - 1024, "cut short after `adult/urls`"),
    ] {
        assert!(fault(&tar[..end]).contains(why), "{end}: {}", fault(&tar[..end]));
    }
    let gzip = gzipped(&tar);
    assert!(fault(&gzip[..gzip.len() / 2]).contains("cut short"), "{}", fault(&gzip[..gzip.len() / 2]));
    assert!(fault(b"").contains("cut short at its beginning"));
    assert!(fault(&[b'x'; 2000]).contains("no tar archive"));
    // Gzip's own checksum of what was read.
    let mut torn = gzip.clone();
    let middle = torn.len() / 2;
    torn[middle] ^= 0x10;
    assert_ne!(fault(&torn), "");
    // It was whole when its names were read.
    let (whole, mut asked) = (tar.clone(), 0);
    let opener = move || {
        asked += 1;
        let bytes = if asked == 1 { whole.clone() } else { whole[..1000].to_vec() };
        Ok(Box::new(Cursor::new(bytes)) as Box<dyn Read>)
    };
    let mut archive = Archive::open(Box::new(opener)).expect("an archive");
    let fault = text_of(&mut archive, "adult/domains").expect_err("cut short");
    assert_eq!(fault.kind(), io::ErrorKind::UnexpectedEof);
    assert!(fault.to_string().contains("within `adult/domains`"));
}

#[test]
fn a_bomb_of_gzip_is_refused_before_it_is_unpacked() {
    let size = RATIO_FROM * 2;
    let bomb = gzipped(&ended(record(b"x", EntryType::Regular, size, &vec![0; size as usize])));
    assert!(bomb.len() < 100_000);
    assert!(fault(&bomb).contains("200 times"), "{}", fault(&bomb));
    // A list of numbered names is packed far, and read.
    let names: String = (0..500_000).map(|n| format!("name-{n}.example.com\n")).collect();
    let list = gzipped(&packed(&[("x", &names)]));
    assert_eq!(text_of(&mut opened(&list).expect("an archive"), "x").expect("a file").len(), names.len());
    // An archive in an archive is bytes.
    assert!(opened(&gzipped(&list)).is_err_and(|e| e.to_string().contains("no tar archive")), "one layer of gzip");
}

/// Reads everything there is; the bytes may be anything.
fn walk(bytes: &[u8]) {
    let Ok(mut archive) = opened(bytes) else { return };
    let top = archive.top().expect("names are known");
    for path in top.iter().flat_map(|name| [name.clone(), format!("{name}/domains"), format!("{name}/../{name}")]) {
        if matches!(archive.kind(&path), Ok(Some(Kind::File))) {
            let _ = archive.read(&path).map(|reader| io::copy(reader, &mut io::sink()));
        }
    }
    if let Ok(mut list) = Listing::new(archive, None, Format::Detect) {
        while let Ok(Some(member)) = list.next_member() {
            let _ = io::copy(member.reader, &mut io::sink());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        walk(&bytes);
        walk(&gzipped(&bytes));
        walk(&[&[0x1f, 0x8b, 8, 0], bytes.as_slice()].concat());
    }

    #[test]
    fn no_damage_makes_it_panic(flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), mend in any::<bool>()) {
        let tar = packed(&[("a/domains", "a.example\n"), ("b", "symlink a"), ("a/urls", "link a/domains"), (&"n".repeat(200), "x\n")]);
        for bytes in [tar.clone(), gzipped(&tar)] {
            let mut bytes = bytes;
            for (at, by) in &flips {
                let at = at.index(bytes.len());
                bytes[at] ^= by;
            }
            if mend {
                // What the checksum would have caught: the fields behind it.
                for block in bytes.chunks_exact_mut(512) {
                    let mut header = Header::new_old();
                    header.as_mut_bytes().copy_from_slice(block);
                    header.set_cksum();
                    block.copy_from_slice(header.as_bytes());
                }
            }
            walk(&bytes);
        }
    }
}
