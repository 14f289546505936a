//! A list in one format: parsed, compiled, looked up, and held to what its rules say one by one.

use crate::naive::{Naive, Thing, pattern};
use libfuzzer_sys::arbitrary::{self, Unstructured};
use schoolgate::lists::parse::{Parser, What, Within};
use schoolgate::lists::{Format, Known, ListText, Origin, Reach, Reject, Table, compile_texts, find_lines, scan_lines};
use schoolgate::words::{Category, Host};

/// Most hosts that are asked for of one input.
const MOST_ASKED: usize = 64;

/// Compiles a list, and asks the table for what stands in it and for its neighbours.
pub fn list(format: Format, text: &[u8]) {
    for origin in [Origin::Public, Origin::School] {
        let one = ListText { name: "a/list", category: Category::ADULT, format, origin, reach: Reach::Below, text };
        check(&[one], &words_of(text));
    }
    for line in text.split(|&c| c == b'\n') {
        patterns_are_sound(format, line);
    }
}

/// Compiles several lists, made from the bytes out of few words, so that their rules meet.
pub fn lists(bytes: &[u8]) {
    let mut from = Unstructured::new(bytes);
    let _ = made(&mut from);
}

fn made(from: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    const CATEGORIES: [Category; 3] = [Category::ADULT, Category::GAMBLING, Category::VIOLENCE];
    let mut texts = Vec::new();
    for _ in 0..from.int_in_range(1..=4)? {
        let format = *from.choose(&[Format::Domains, Format::Adblock, Format::Adblock, Format::Rpz, Format::Addresses])?;
        let mut text = String::new();
        for _ in 0..from.int_in_range(0..=40)? {
            line(from, format, &mut text)?;
        }
        let origin = *from.choose(&[Origin::Public, Origin::School])?;
        let reach = *from.choose(&[Reach::Below, Reach::HostOnly, Reach::Exact])?;
        texts.push((*from.choose(&CATEGORIES)?, format, origin, reach, text));
    }
    let mut asked = Vec::new();
    for _ in 0..16 {
        let (mut name, deep) = (String::new(), from.int_in_range(1..=4)?);
        host(from, deep, &mut name)?;
        asked.extend(Host::parse(&name));
    }
    let lists: Vec<ListText<'_>> = texts
        .iter()
        .map(|(category, format, origin, reach, text)| ListText {
            name: "a/list",
            category: *category,
            format: *format,
            origin: *origin,
            reach: *reach,
            text: text.as_bytes(),
        })
        .collect();
    check(&lists, &asked);
    Ok(())
}

fn line(from: &mut Unstructured<'_>, format: Format, to: &mut String) -> arbitrary::Result<()> {
    let mut name = String::new();
    let deep = from.int_in_range(0..=3)?;
    host(from, deep, &mut name)?;
    let said = match format {
        Format::Adblock => {
            let before = *from.choose(&["||", "|", "@@||", "@@|", "||www."])?;
            let after = *from.choose(&["^", "^", "^$important", "^$badfilter", "^$important,badfilter", "/a^"])?;
            format!("{before}{name}{after}")
        }
        Format::Rpz => {
            let (before, action) = (*from.choose(&["", "*."])?, *from.choose(&[".", "rpz-passthru.", "*."])?);
            format!("{before}{name} CNAME {action}")
        }
        Format::Addresses => format!("203.0.113.{}/{}", from.int_in_range(0..=255u8)?, from.int_in_range(24..=32u8)?),
        _ => name,
    };
    to.push_str(&said);
    to.push('\n');
    Ok(())
}

/// A host of few labels, below a few suffixes; sometimes an address.
fn host(from: &mut Unstructured<'_>, deep: usize, to: &mut String) -> arbitrary::Result<()> {
    if from.ratio(1, 12)? {
        to.push_str(&format!("203.0.113.{}", from.int_in_range(0..=15u8)?));
        return Ok(());
    }
    for _ in 0..deep {
        to.push_str(from.choose(&["a.", "b.", "www.", "aa.", "a-b."])?);
    }
    to.push_str(from.choose(&["a.example", "b.example", "ab.example", "example.co.uk", "github.io"])?);
    Ok(())
}

/// What a table of these lists says of each host must be what their rules say, category by category.
fn check(texts: &[ListText<'_>], asked: &[Host]) {
    let made = compile_texts(texts, &Known::default()).expect("memory can be read");
    let again = compile_texts(texts, &Known::default()).expect("memory can be read");
    assert!(made.bytes == again.bytes, "the same sources give the same bytes");
    let table = Table::open(Box::new(made.bytes)).expect("what is compiled opens");
    let read: Vec<(Naive, &ListText<'_>)> = texts
        .iter()
        .zip(&made.lists)
        .filter(|(_, list)| list.broken.is_none())
        .map(|(text, list)| (Naive::read(text.text, list.format, text.origin, text.reach), text))
        .collect();
    let named = read.iter().flat_map(|(naive, _)| naive.hosts()).take(MOST_ASKED);
    for host in named.flat_map(neighbours).chain(asked.iter().copied()) {
        let found = table.lookup(&host);
        for category in texts.iter().map(|text| text.category) {
            let expected = read.iter().any(|(naive, text)| text.category == category && naive.says(&host));
            // An exception that something important overrules is counted; the entry stands, so more may be found.
            let overruled = made.lists.iter().any(|list| list.rejects.of(Reject::Exception) > 0);
            let says = found.categories().contains(category);
            assert!(says == expected || (says && overruled), "{host} is {category}: {says}, by its rules {expected}");
        }
        told(&table, &host, texts);
    }
}

/// Who says it, in words: for `explain`.
fn told(table: &Table, host: &Host, texts: &[ListText<'_>]) {
    for hit in table.lookup(host).matches() {
        for category in hit.categories.iter() {
            let list = table.list_of(hit.kind, category).expect("who says it");
            assert_eq!(table.list(list).expect("a list").category, category);
            let entry = table.entry_text(host, "/", hit);
            assert!(!entry.is_empty());
            let text = texts[usize::from(list.0)];
            let _ = find_lines(&mut &text.text[..], text.format, host).expect("memory can be read");
            let _ = scan_lines(&mut &text.text[..], text.format, host, host).expect("memory can be read");
        }
    }
}

/// The host, what is above it, and what is just beside it and below it.
fn neighbours(host: Host) -> Vec<Host> {
    let name = host.as_str();
    let near = [format!("www.{name}"), format!("a.www.{name}"), format!("x{name}"), format!("{name}x"), format!("x.{name}")];
    let above = host.suffixes().map(str::to_owned).collect::<Vec<_>>();
    near.into_iter().chain(above).filter_map(|name| Host::parse(&name).ok()).collect()
}

fn words_of(text: &[u8]) -> Vec<Host> {
    let text = String::from_utf8_lossy(text);
    let words = text.split(|c: char| c.is_whitespace() || "|^*$/:@".contains(c));
    words.filter_map(|word| Host::parse(word).ok()).take(MOST_ASKED).collect()
}

/// A pattern that is taken is one, within its bounds, and matches nothing ordinary; a page is never its host.
fn patterns_are_sound(format: Format, line: &[u8]) {
    Parser::new(format).line(line, &mut |said| {
        let Ok(rule) = said else { return };
        match rule.what {
            What::Pattern(within, text) => {
                let pattern =
                    regex::bytes::RegexBuilder::new(text).unicode(false).case_insensitive(true).size_limit(1 << 20).build();
                let pattern = pattern.unwrap_or_else(|why| panic!("{text} was taken, and is no pattern: {why}"));
                assert!(!pattern.is_match(b""), "{text} matches everything");
                let ordinary: &[u8] = if within == Within::Url { b"www.bbc.co.uk/news" } else { b"www.bbc.co.uk" };
                assert!(!pattern.is_match(ordinary), "{text} matches nearly everything");
            }
            What::Url(_, path) => assert!(path.starts_with('/'), "{path}"),
            What::Host(_) | What::Range(..) => {}
        }
    });
}

/// Octets and lines of patterns that are built together.
const MOST_OF_PATTERNS: usize = 512;
const MOST_PATTERNS: usize = 6;

/// Patterns in hosts and URLs: what a table finds is what each pattern finds by itself. A few, for building one takes a millisecond,
/// and what is built is what is looked at here, not how many there may be.
pub fn patterns(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |&c| c == 0);
    let (text, urls) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if text.len() > MOST_OF_PATTERNS || text.iter().filter(|&&c| c == b'\n').count() > MOST_PATTERNS {
        return;
    }
    let urls: Vec<(Host, String)> = String::from_utf8_lossy(urls)
        .lines()
        .take(16)
        .filter_map(|url| schoolgate::words::Url::parse(url).ok())
        .map(|url| (url.host, url.path))
        .collect();
    for format in [Format::Regex, Format::Expressions] {
        let list =
            ListText { name: "a/list", category: Category::ADULT, format, origin: Origin::School, reach: Reach::Below, text };
        let made = compile_texts(&[list], &Known::default()).expect("memory can be read");
        let broken = made.lists[0].broken.is_some();
        let table = Table::open(Box::new(made.bytes)).expect("what is compiled opens");
        let naive = Naive::read(text, format, Origin::School, Reach::Below);
        let each: Vec<_> = naive
            .rules()
            .iter()
            .filter(|_| !broken)
            .filter_map(|rule| match &rule.what {
                Thing::Pattern(within, text) => Some((*within, pattern(text))),
                _ => None,
            })
            .collect();
        for (host, path) in &urls {
            let url = format!("{host}{}", crate::page::normal(path));
            let expected = each.iter().any(|(within, pattern)| {
                let looked_at = if *within == Within::Url { url.as_bytes() } else { host.as_str().as_bytes() };
                pattern.is_match(&looked_at[..looked_at.len().min(4096)])
            });
            let found = table.lookup_url(host, path);
            assert_eq!(found.categories().contains(Category::ADULT), expected, "{url}");
            found.matches().iter().for_each(|hit| assert!(table.entry_text(host, path, hit).len() > 1));
        }
    }
}
