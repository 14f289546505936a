//! The table file: any bytes, and a good one with bytes changed and its checksums made right again, as a forger would.

use schoolgate::lists::overlap::Overlap;
use schoolgate::lists::{Format, Known, ListText, Origin, Reach, Table, compile_texts};
use schoolgate::words::{Category, Host};
use std::sync::LazyLock;

/// Hosts that are asked for whatever a table holds.
const ASKED: [&str; 7] = ["a.example", "www.c.d.example", "x.y.z", "203.0.113.7", "203.0.113.70", "2001:db8::1", "www.gov.uk"];

/// Opens bytes as a table and asks it, if it is one.
pub fn open(bytes: Vec<u8>) {
    let Ok(table) = Table::open(Box::new(bytes)) else { return };
    ask(&table);
}

fn ask(table: &Table) {
    for (name, path) in ASKED.iter().flat_map(|name| ["/", "/a/b?c=d", "/%41/../x"].map(|path| (name, path))) {
        let host = Host::parse(name).expect("a host");
        for hit in table.lookup_url(&host, path).matches() {
            table.kind_sources(hit.kind).for_each(drop);
            let _ = table.entry_text(&host, path, hit);
            for category in hit.categories.iter() {
                let _ = table.list_of(hit.kind, category).and_then(|list| table.list(list));
            }
        }
    }
    table.counts().for_each(|(_, sources)| sources.for_each(drop));
    let _ = (table.verify(), table.stats(), table.psl(), table.generation(), table.filter().len(), Overlap::of(table));
}

/// A good table of a few lists: names, exceptions, pages, ranges, patterns.
static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let names: String = (0..600).map(|i| format!("{}.name{}.example\n", i % 7, i * 37 % 600)).collect();
    let texts = [
        (Format::Domains, names.as_str()),
        (Format::Domains, "a.example\nb.example\nc.d.example\n203.0.113.7\n"),
        (Format::Adblock, "@@||c.d.example^\n||d.example^\n|a.example^\n||a.example/a^\n/^x[0-9]+\\./\n"),
        (Format::Addresses, "203.0.113.64/26\n2001:db8::/48\n"),
        (Format::Urls, "a.example/a/b\na.example/x?c=d\n"),
    ];
    let lists: Vec<ListText<'_>> = texts
        .iter()
        .zip(&Category::FIXED[6..])
        .map(|((format, text), category)| ListText {
            name: "a/list",
            category: *category,
            format: *format,
            origin: Origin::School,
            reach: Reach::Below,
            text: text.as_bytes(),
        })
        .collect();
    compile_texts(&lists, &Known::default()).expect("memory can be read").bytes
});

/// The good table with bytes changed: each three of the input say where (two) and to what. Whatever was changed after the length
/// of the header, the checksums are right.
pub fn forged(changes: &[u8]) -> Vec<u8> {
    const AFTER_LENGTH: usize = 16;
    const CHECKED: usize = 1 << 16;
    let mut file = changed(&GOOD, AFTER_LENGTH, changes);
    let length = u32::from_le_bytes(file[12..16].try_into().expect("four bytes")) as usize;
    let body = length.next_multiple_of(64);
    let sums: Vec<u8> = file[body..].chunks(CHECKED).flat_map(|chunk| crc32fast::hash(chunk).to_le_bytes()).collect();
    let header = length - 4;
    file[header - sums.len()..header].copy_from_slice(&sums);
    let sum = crc32fast::hash(&file[..header]).to_le_bytes();
    file[header..length].copy_from_slice(&sum);
    file
}

/// A table that was only cut or changed, its checksums left: it is refused, or it is the good one.
pub fn damaged(changes: &[u8]) {
    let (cut, changes) = changes.split_at(changes.len().min(2));
    let cut = cut.iter().fold(0usize, |cut, byte| cut << 8 | usize::from(*byte));
    let mut file = changed(&GOOD, 0, changes);
    file.truncate(file.len().saturating_sub(cut / 2));
    let header = u32::from_le_bytes(GOOD[12..16].try_into().expect("four bytes")) as usize;
    // Between the header and the body is padding that nothing reads.
    let body = header.next_multiple_of(64);
    let same = file.len() == GOOD.len() && file[..header] == GOOD[..header] && file[body..] == GOOD[body..];
    assert_eq!(Table::open(Box::new(file)).is_ok(), same, "a table that is cut or flipped is refused");
}

/// A file with bytes changed from `from` on: each three of `changes` say where (two) and to what.
pub fn changed(good: &[u8], from: usize, changes: &[u8]) -> Vec<u8> {
    let mut file = good.to_vec();
    for change in changes.chunks_exact(3) {
        let at = from + usize::from(u16::from_le_bytes([change[0], change[1]])) % (file.len() - from);
        file[at] = change[2];
    }
    file
}
