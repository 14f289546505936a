//! The path of a page in its one spelling.

use schoolgate::lists::locked::entry::canonical_path;
use schoolgate::lists::{Format, Known, ListText, Origin, Reach, Table, compile_texts};
use schoolgate::words::{Category, Host};
use std::sync::LazyLock;

/// A table that finds every page, and so tells how it reads a path.
static EVERY_PAGE: LazyLock<Table> = LazyLock::new(|| {
    let text = b"^a\\.example/.\n";
    let origin = Origin::School;
    let (category, format, reach) = (Category::ADULT, Format::Expressions, Reach::Below);
    let made = compile_texts(&[ListText { name: "a/list", category, format, origin, reach, text }], &Known::default());
    Table::open(Box::new(made.expect("memory can be read").bytes)).expect("what is compiled opens")
});

/// The one spelling of a path, written down once more and more plainly.
pub fn normal(path: &str) -> String {
    let path = path.split('#').next().unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let decoded: String = pieces(path)
        .map(|(byte, _)| match byte {
            b'/' | b'\\' => "/".to_owned(),
            byte => in_path(byte),
        })
        .collect();
    let mut segments = Vec::new();
    let mut ends_in_slash = true;
    for segment in decoded.split('/') {
        ends_in_slash = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let mut normal: String = segments.iter().flat_map(|segment| ["/", segment]).collect();
    if ends_in_slash || normal.is_empty() {
        normal.push('/');
    }
    let spelt = |parameter: &str| -> String {
        pieces(parameter)
            .map(|(byte, escaped)| match (byte, escaped) {
                (b'&' | b'+', true) => format!("%{byte:02X}"),
                (b'+', false) => "%20".to_owned(),
                (b'/' | b'?', _) => char::from(byte).to_string(),
                _ => in_path(byte),
            })
            .collect()
    };
    let parameters: Vec<String> = query.split('&').filter(|parameter| !parameter.is_empty()).map(spelt).collect();
    if parameters.is_empty() { normal } else { format!("{normal}?{}", parameters.join("&")) }
}

/// As itself if it may stand in a segment, brackets among them; else escaped.
fn in_path(byte: u8) -> String {
    let stands = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@[]".contains(&byte);
    if stands { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

/// The bytes that a text means, and whether each was written as `%XX`.
fn pieces(text: &str) -> impl Iterator<Item = (u8, bool)> {
    let hex = |c: u8| char::from(c).to_digit(16);
    let mut rest = text.as_bytes();
    std::iter::from_fn(move || {
        let (&c, after) = rest.split_first()?;
        let pair = after.first_chunk::<2>().and_then(|[a, b]| Some((hex(*a)? * 16 + hex(*b)?) as u8));
        let escaped = pair.filter(|_| c == b'%');
        rest = if escaped.is_some() { &after[2..] } else { after };
        Some((escaped.unwrap_or(c), escaped.is_some()))
    })
}

/// A page that is on a list is found however it is written, and a path has one spelling.
pub fn one_spelling(path: &str) {
    let once = normal(path);
    assert_eq!(normal(&once), once, "the one spelling is its own");
    let canonical = canonical_path(path);
    assert_eq!(canonical_path(&canonical), canonical, "the one spelling is its own");

    let host = Host::parse("a.example").expect("a host");
    let short = once.len() < 200 && once != "/" && !once.contains('*');
    let line = format!("http://a.example{once}\n");
    let made = compile_texts(
        &[ListText {
            name: "a/list",
            category: Category::ADULT,
            format: Format::Urls,
            origin: Origin::School,
            reach: Reach::Below,
            text: line.as_bytes(),
        }],
        &Known::default(),
    )
    .expect("memory can be read");
    let taken = made.lists[0].entries == 1;
    assert!(taken || !short, "{line} {:?}", made.lists[0].rejects);
    let table = Table::open(Box::new(made.bytes)).expect("what is compiled opens");
    let with_slash = if path.starts_with(['/', '?']) { path.to_owned() } else { format!("/{path}") };
    for spelling in [once.as_str(), with_slash.as_str()] {
        let found = table.lookup_url(&host, spelling);
        let wanted = taken && (spelling == once || normal(spelling) == once);
        // What is asked of a table is bounded: an entry that ends at a later boundary than that is not found below, but whole.
        assert!(found.categories().contains(Category::ADULT) || !wanted, "{spelling} of {line}");
        if let Some(hit) = found.matches().first() {
            let entry = table.entry_text(&host, spelling, hit);
            let page = entry.strip_prefix("a.example").expect("a page of the host");
            assert!(once.starts_with(page), "{entry} of {line}");
        }
    }
    assert!(table.lookup(&host).categories().is_empty(), "a page never closes its host");
    let _ = EVERY_PAGE.lookup_url(&host, path);
}
