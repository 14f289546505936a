//! What the fuzz targets share. A target is a file of a few lines; what it does with the bytes stands here.
//!
//! A new parser of outside bytes gets a target: its file in `fuzz_targets/`, a `[[bin]]` in Cargo.toml.

use schoolgate::lists::phrases::Matcher;
use schoolgate::lists::{Format, Known, Origin, Reach, Source, Table, compile, find_lines};
use schoolgate::words::{Category, Host};
use std::sync::LazyLock;

/// Hosts that are asked for whatever a table holds.
const ASKED: [&str; 6] = ["a.example", "www.c.d.example", "x.y.z", "203.0.113.7", "2001:db8::1", "www.gov.uk"];

/// Compiles a list, and asks the table for what stands in it.
pub fn list(format: Format, bytes: &[u8]) {
    let known = Known::default();
    for origin in [Origin::Public, Origin::School] {
        let reader = &mut &bytes[..];
        let (name, category, reach) = ("a/list".to_owned(), Category::ADULT, Reach::Below);
        let mut sources = [Source { name, category, format, origin, reach, reader }];
        let made = compile(&mut sources, &known, &mut |_| ()).expect("memory can be read");
        let entries = made.lists[0].entries;
        let table = Table::open(Box::new(made.bytes)).expect("what is compiled opens");
        assert!(table.stats().names >= u64::from(entries > 0));
        for word in String::from_utf8_lossy(bytes).split(|c: char| c.is_whitespace() || "|^*$/:@".contains(c)).take(64) {
            if let Ok(host) = Host::parse(word) {
                let found = table.lookup(&host);
                for hit in found.matches() {
                    let list = table.list_of(hit.kind, Category::ADULT).expect("who says it");
                    assert_eq!(list.0, 0);
                }
                let _ = find_lines(&mut &bytes[..], format, &host);
            }
        }
    }
}

/// Opens bytes as a table and asks it, if it is one.
pub fn open(bytes: Vec<u8>) {
    let Ok(table) = Table::open(Box::new(bytes)) else { return };
    for name in ASKED {
        let host = Host::parse(name).expect("a host");
        for hit in table.lookup(&host).matches() {
            table.kind_sources(hit.kind).for_each(drop);
            for category in hit.categories.iter() {
                let _ = table.list_of(hit.kind, category).and_then(|list| table.list(list));
            }
        }
    }
    let _ = (table.verify(), table.stats(), table.kind_counts().count(), schoolgate::lists::overlap::Overlap::of(&table));
}

/// A good table of a few lists.
static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let names: String = (0..600).map(|i| format!("{}.name{}.example\n", i % 7, i * 37 % 600)).collect();
    let texts = [names.as_str(), "a.example\nb.example\nc.d.example\n203.0.113.7\n", "@@||c.d.example^\n||d.example^\n|a.example^\n"];
    let mut readers = texts.map(str::as_bytes);
    let formats = [Format::Domains, Format::Domains, Format::Adblock];
    let mut sources: Vec<Source> = readers
        .iter_mut()
        .zip(formats)
        .enumerate()
        .map(|(i, (reader, format))| Source {
            name: format!("list/{i}"),
            category: Category::FIXED[6 + i],
            format,
            origin: Origin::School,
            reach: Reach::Below,
            reader,
        })
        .collect();
    compile(&mut sources, &Known::default(), &mut |_| ()).expect("memory can be read").bytes
});

/// The good table with bytes changed: each three of the input say where (two) and to what. Its checksums are made right again, as a
/// forger would: magic, version and the header's length stay.
pub fn forged(changes: &[u8]) -> Vec<u8> {
    const AFTER_LENGTH: usize = 16;
    const CHECKED: usize = 1 << 16;
    let mut file = GOOD.clone();
    for change in changes.chunks_exact(3) {
        let at = AFTER_LENGTH + usize::from(u16::from_le_bytes([change[0], change[1]])) % (file.len() - AFTER_LENGTH);
        file[at] = change[2];
    }
    let length = u32::from_le_bytes(file[12..16].try_into().expect("four bytes")) as usize;
    let body = length.next_multiple_of(64);
    let sums: Vec<u8> = file[body..].chunks(CHECKED).flat_map(|chunk| crc32fast::hash(chunk).to_le_bytes()).collect();
    let header = length - 4;
    file[header - sums.len()..header].copy_from_slice(&sums);
    let sum = crc32fast::hash(&file[..header]).to_le_bytes();
    file[header..length].copy_from_slice(&sum);
    file
}

/// Looks through a text whole and in chunks of several sizes: the same hits.
pub fn in_chunks(matcher: &Matcher, text: &[u8]) {
    let told = |hits: &[schoolgate::lists::phrases::Hit<'_>]| hits.iter().map(|h| h.term.id.clone()).collect::<Vec<_>>();
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

/// Reads a main configuration file; a fault is drawn.
pub fn configuration(text: &str) {
    use schoolgate::config::{Around, Files, Text, read};
    use std::path::PathBuf;
    let named = |path: &str, text: &str| Text { path: PathBuf::from(path), text: text.to_owned() };
    let files = Files {
        main: named("schoolgate.toml", text),
        parts: Vec::new(),
        profiles: named("profiles.toml", include_str!("../config/profiles.toml")),
        categories: named("categories.toml", include_str!("../config/categories.toml")),
        term_dates: named("term-dates.toml", include_str!("../config/term-dates.toml")),
        entries: None,
        around: Around { host_name: "gate".into(), shipped: PathBuf::from("blocklists"), now_ms: Some(1_795_000_000_000) },
    };
    if let Err(faults) = read(&files) {
        let _ = faults.render(false);
    }
}
