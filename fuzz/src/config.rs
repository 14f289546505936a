//! The configuration's files, what the commands write, and the exceptions of another filter.

use schoolgate::config::{Around, EntryFile, Files, Text, read, read_exceptions};
use schoolgate::words::Host;
use std::path::PathBuf;

const SHIPPED: [(&str, &str); 7] = [
    ("schoolgate.toml", ""),
    ("sources.toml", include_str!("../../blocklists/sources.toml")),
    ("entries.toml", ""),
    ("profiles.toml", include_str!("../../config/profiles.toml")),
    ("categories.toml", include_str!("../../config/categories.toml")),
    ("term-dates.toml", include_str!("../../config/term-dates.toml")),
    ("matters.toml", include_str!("../../config/matters.toml")),
];

/// One file, the rest as they ship; its number stands before it. A fault is drawn.
pub fn file(text: &str) {
    let which = text.bytes().next().map_or(0, |c| usize::from(c.wrapping_sub(b'0')) % SHIPPED.len());
    let text = text.get(1..).unwrap_or(text);
    let [main, sources, entries, profiles, categories, term_dates, matters] = std::array::from_fn(|at| {
        let (path, shipped) = SHIPPED[at];
        Text { path: PathBuf::from(path), text: if at == which { text } else { shipped }.to_owned() }
    });
    let around = Around { host_name: "gate".into(), shipped: PathBuf::from("blocklists"), now_ms: Some(1_795_000_000_000) };
    let entries = Some(entries).filter(|_| which == 2);
    if let Some(entries) = &entries {
        round(entries);
    }
    let parts = Vec::new();
    match read(&Files { main, parts, profiles, categories, term_dates, matters, sources, entries, around }) {
        Ok(config) => drop(format!("{config:?}")),
        Err(faults) => drop((faults.render(false), faults.render(true))),
    }
}

/// The file of the school's own entries, written back, is read as the same.
fn round(text: &Text) {
    let zone = jiff::tz::TimeZone::get("Europe/London").expect("a zone that is built in");
    let Ok(file) = EntryFile::read(text, &zone) else { return };
    let Ok(written) = file.write() else { return };
    let again = EntryFile::read(&Text { path: text.path.clone(), text: written.clone() }, &zone);
    assert_eq!(again.as_ref().ok(), Some(&file), "{written}");
}

/// The exceptions of another filter: each row that is taken is of a host, and no line is told twice.
pub fn exceptions(bytes: &[u8]) {
    let Ok(read) = read_exceptions(bytes) else { return };
    let rows = read.rows.iter().map(|row| row.line);
    for row in &read.rows {
        assert!(Host::parse(&row.host).is_ok(), "{}", row.host);
    }
    assert!(rows.is_sorted() && read.refused.is_sorted_by_key(|(line, _)| *line));
}
