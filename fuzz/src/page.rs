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
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let (mut segments, path) = (Vec::new(), encoded(path));
    let mut ends_in_slash = true;
    for segment in path.split('/') {
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
    query.map_or(normal.clone(), |query| format!("{normal}?{}", encoded(query)))
}

fn encoded(text: &str) -> String {
    let hex = |c: u8| char::from(c).to_digit(16);
    let (mut out, mut rest) = (String::new(), text.as_bytes());
    while let Some((&c, after)) = rest.split_first() {
        let pair = after.first_chunk::<2>().and_then(|[a, b]| Some((hex(*a)? * 16 + hex(*b)?) as u8));
        let (byte, written) = match (c, pair) {
            (b'%', Some(byte)) => {
                rest = &after[2..];
                (byte, false)
            }
            _ => {
                rest = after;
                (c, true)
            }
        };
        let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let reserved = b"!$&'()*+,;=:@/?[]".contains(&byte);
        if unreserved || (reserved && written) { out.push(char::from(byte)) } else { out.push_str(&format!("%{byte:02X}")) }
    }
    out
}

/// A page that is on a list is found however it is written, and a path has one spelling.
pub fn one_spelling(path: &str) {
    let once = normal(path);
    assert_eq!(normal(&once), once, "the one spelling is its own");
    let canonical = canonical_path(path);
    assert_eq!(canonical_path(&canonical), canonical, "the one spelling is its own");
    assert_eq!(canonical_path(&once), canonical, "two rooms' spellings are of the same pages");

    let host = Host::parse("a.example").expect("a host");
    let short = once.len() < 200 && once.trim_matches('/') != "" && !once.contains('*') && !once.starts_with("/?");
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
