//! The lines of a list that an entry came from: for `explain` and `lists search`.
//!
//! - [`scan`]  the same by the entry's text, for lists whose lines stand for themselves: most of them, and fast

mod scan;

pub use scan::scan_lines;

use super::parse::detect;
use super::parse::lines::{self, Lines};
use super::parse::{Means, Parser, Rule, What, Within};
use super::path;
use super::{Format, Members, Origin};
use crate::words::Host;
use std::io::{self, BufRead};
use std::net::IpAddr;

/// Most lines named for one entry; more would be a list that says one thing over and over.
pub const MOST_LINES: usize = 16;

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The file it stands in, of a list that is several: `urls`. Empty for a list that is one file.
    pub member: String,
    /// From 1.
    pub number: u64,
    /// As it stands there; bytes that are no UTF-8 replaced. It came from outside: escape it before it is shown.
    pub text: String,
}

/// The first [`MOST_LINES`] lines of a list's members that say this entry: that very name, page, range or pattern, not one below or
/// above it; but an address is also said by its range.
///
/// # Errors
/// What the members' readers say.
pub fn find_in_members<'a>(members: &mut dyn Members, entry: impl Into<What<'a>>) -> io::Result<Vec<Line>> {
    let entry = entry.into();
    in_each(members, |reader, format| find_lines(reader, format, entry))
}

/// The lines that say an entry, by the text that [`super::Table::entry_text`] has for it: a name, `203.0.113.0/24`,
/// `example.com/path`, `/a pattern/`. `open` gives the list's members from the beginning; it is asked again where looking for the
/// text alone finds nothing.
///
/// # Errors
/// What `open` and the members' readers say.
pub fn find_entry(open: &mut dyn FnMut() -> io::Result<Box<dyn Members>>, entry: &str) -> io::Result<Vec<Line>> {
    if let Some(pattern) = entry.strip_prefix('/').and_then(|text| text.strip_suffix('/')) {
        let mut members = open()?;
        return in_each(&mut *members, |reader, format| match format {
            // No line of these is a pattern; they are the large ones.
            Format::Hosts | Format::Domains | Format::Wildcard | Format::Rpz | Format::Addresses | Format::Urls => Ok(Vec::new()),
            _ => find_lines(reader, format, What::Pattern(Within::Host, pattern)),
        });
    }
    let (what, text) = match entry.split_once('/') {
        None => match Host::parse(entry) {
            Ok(host) => (What::Host(host), host),
            Err(_) => return Ok(Vec::new()),
        },
        Some((host, rest)) => match (Host::parse(host), rest.parse()) {
            (Ok(host), Ok(length)) if host.is_address() => match host.address() {
                Some(first) => (What::Range(first, length), host),
                None => return Ok(Vec::new()),
            },
            (Ok(of), _) => (What::Url(of, &entry[host.len()..]), of),
            (Err(_), _) => return Ok(Vec::new()),
        },
    };
    // Most lists write an entry as it is called; where that finds nothing (a range of addresses, a zone), each line is read.
    let quick = in_each(&mut *open()?, |reader, format| scan_lines(reader, format, what, &text))?;
    if quick.is_empty() { find_in_members(&mut *open()?, what) } else { Ok(quick) }
}

fn in_each(
    members: &mut dyn Members,
    mut find: impl FnMut(&mut dyn BufRead, Format) -> io::Result<Vec<Line>>,
) -> io::Result<Vec<Line>> {
    let mut found = Vec::new();
    while found.len() < MOST_LINES {
        let Some(member) = members.next_member()? else { break };
        let lines = find(member.reader, member.format)?;
        found.extend(lines.into_iter().map(|line| Line { member: member.name.clone(), ..line }));
    }
    found.truncate(MOST_LINES);
    Ok(found)
}

/// The same of one file. One kept in [`Format::Detect`] is asked in the format its first lines have.
///
/// # Errors
/// What the reader says.
pub fn find_lines<'a>(reader: &mut dyn BufRead, format: Format, entry: impl Into<What<'a>>) -> io::Result<Vec<Line>> {
    let entry = entry.into();
    let mut lines = Lines::new(reader);
    let mut found = Vec::new();
    let mut parser = Parser::of(format, Origin::School);
    if format == Format::Detect {
        let opening = detect::opening(&mut lines)?;
        parser = Parser::of(opening.format.unwrap_or(Format::Domains), Origin::School);
        for (number, text) in &opening.lines {
            say(&mut parser, *number, text.as_deref().unwrap_or_default(), entry, &mut found);
        }
    }
    while found.len() < MOST_LINES {
        match lines.next_line()? {
            Some((number, lines::Line::Text(text))) => say(&mut parser, number, text, entry, &mut found),
            Some((_, lines::Line::TooLong)) => {}
            None => break,
        }
    }
    found.truncate(MOST_LINES);
    Ok(found)
}

fn say<'a>(parser: &mut Parser, number: u64, text: &[u8], entry: impl Into<What<'a>>, found: &mut Vec<Line>) {
    let (entry, mut says) = (entry.into(), false);
    parser.line(text, &mut |said| says |= said.is_ok_and(|rule| is_said(entry, &rule)));
    if says {
        found.push(Line { member: String::new(), number, text: String::from_utf8_lossy(text).into_owned() });
    }
}

fn is_said(entry: What<'_>, rule: &Rule<'_>) -> bool {
    let covers = match (entry, rule.what) {
        (What::Host(host), What::Range(first, length)) => host.address().is_some_and(|address| is_in(address, first, length)),
        // A page has one spelling in the table, and many in lists.
        (What::Url(host, path), What::Url(of, as_written)) => host == of && path::normal(path) == path::normal(as_written),
        // The table does not tell what a pattern is looked for in: its text is enough to find its line.
        (What::Pattern(_, text), What::Pattern(_, as_written)) => text == as_written,
        _ => entry == rule.what,
    };
    covers && rule.means == Means::Entry && !rule.off
}

fn is_in(address: IpAddr, first: IpAddr, length: u8) -> bool {
    match (address, first) {
        (IpAddr::V4(address), IpAddr::V4(first)) => (address.to_bits() ^ first.to_bits()).leading_zeros() >= length.into(),
        (IpAddr::V6(address), IpAddr::V6(first)) => (address.to_bits() ^ first.to_bits()).leading_zeros() >= length.into(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Member, Single};
    use super::*;
    use crate::words::Host;

    fn found(text: &str, format: Format, entry: What<'_>) -> Vec<(u64, String)> {
        let mut reader = text.as_bytes();
        let lines = find_in_members(&mut Single::new(format, &mut reader), entry).expect("readable");
        lines.into_iter().map(|l| (l.number, l.text)).collect()
    }

    #[test]
    fn an_entry_is_found_with_its_line_in_any_format() {
        let host = Host::parse("b.example").expect("a host");
        let hosts = "# list\n0.0.0.0 a.example B.example # both\n\n0.0.0.0 x.b.example\n";
        let domains = "a.example\nx.b.example\nb.example.\n";
        for (text, format, expected) in [
            (hosts, Format::Hosts, vec![(2, "0.0.0.0 a.example B.example # both")]),
            (hosts, Format::Detect, vec![(2, "0.0.0.0 a.example B.example # both")]),
            (domains, Format::Domains, vec![(3, "b.example.")]),
            (domains, Format::Detect, vec![(3, "b.example.")]),
            (domains, Format::Hosts, vec![]),
            ("*.a.example\n*.b.example\n", Format::Detect, vec![(2, "*.b.example")]),
            ("||a.example^\n@@||b.example^\n||b.example^\n", Format::Detect, vec![(3, "||b.example^")]),
            ("$ORIGIN rpz.\na.example CNAME .\nb.example CNAME .\n", Format::Detect, vec![(3, "b.example CNAME .")]),
            ("full:b.example @ads\nkeyword:b\n", Format::V2fly, vec![(1, "full:b.example @ads")]),
            ("b.example/x\n", Format::Urls, vec![]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(n, text): (u64, &str)| (n, text.to_owned())).collect();
            assert_eq!(found(text, format, What::Host(host)), expected, "{format} {text}");
        }
        let many = "b.example\n".repeat(100);
        assert_eq!(found(&many, Format::Detect, What::from(&host)).len(), MOST_LINES);
    }

    #[test]
    fn so_is_a_range_a_page_and_a_pattern() {
        let host = |text: &str| Host::parse(text).expect("a host");
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        for (text, format, entry, numbers) in [
            ("203.0.113.0/28\n203.0.113.9\n", Format::Addresses, What::Host(host("203.0.113.9")), &[1, 2][..]),
            ("203.0.113.0/28\n", Format::Addresses, What::Host(host("203.0.113.16")), &[]),
            ("2001:470::/64\n", Format::Domains, What::Host(host("2001:470::7")), &[1]),
            ("203.0.113.0/28\n203.0.113.0/29\n", Format::Addresses, What::Range(address("203.0.113.0"), 29), &[2]),
            ("b.example\nb.example/x\nb.example/x/y\n", Format::Urls, What::Url(host("b.example"), "/x"), &[2]),
            ("^ads\n[\\x]a-b\n", Format::Expressions, What::Pattern(Within::Url, r"[\\x]a\-b"), &[2]),
            ("regexp:^ads\n", Format::V2fly, What::Pattern(Within::Host, "^ads"), &[1]),
        ] {
            let found: Vec<_> = found(text, format, entry).into_iter().map(|(number, _)| number).collect();
            assert_eq!(found, numbers, "{text}");
        }
    }

    #[test]
    fn an_entry_is_found_by_the_text_the_table_has_for_it() {
        struct One(&'static [u8], Format, bool);
        impl Members for One {
            fn next_member(&mut self) -> io::Result<Option<Member<'_>>> {
                let again = std::mem::replace(&mut self.2, true);
                Ok((!again).then(|| Member { name: "urls".into(), format: self.1, reader: &mut self.0 }))
            }
        }
        let cases: [(&'static str, Format, &str, &[u64]); 9] = [
            ("a.example\nb.example\n", Format::Domains, "b.example", &[2]),
            ("b.example/x\nhttp://www.b.example/%7Ex//y/../z\n", Format::Urls, "www.b.example/~x/z", &[2]),
            ("b.example/x\nb.example/x/y\n", Format::Detect, "b.example/x", &[1]),
            ("203.0.113.0/24\n", Format::Addresses, "203.0.113.0/24", &[1]),
            ("a.example\n2001:db8:1::/48\n", Format::Domains, "2001:db8:1::/48", &[2]),
            ("^ads\n(sex|porn)\n", Format::Expressions, "/(sex|porn)/", &[2]),
            ("regexp:^ads\\.\n", Format::V2fly, "/^ads\\./", &[1]),
            ("a.example\n", Format::Domains, "/a.example/", &[]),
            ("a.example\n", Format::Domains, "what is this", &[]),
        ];
        for (text, format, entry, numbers) in cases {
            let mut open = || Ok(Box::new(One(text.as_bytes(), format, false)) as Box<dyn Members>);
            let found = find_entry(&mut open, entry).expect("readable");
            assert!(found.iter().all(|line| line.member == "urls"));
            assert_eq!(found.iter().map(|line| line.number).collect::<Vec<_>>(), numbers, "{entry} in {text}");
        }
    }

    #[test]
    fn a_line_of_a_list_of_several_files_is_named_with_its_file() {
        struct Two(Vec<(&'static str, Format, &'static [u8])>, &'static [u8]);
        impl Members for Two {
            fn next_member(&mut self) -> io::Result<Option<Member<'_>>> {
                let Some((name, format, text)) = self.0.pop() else { return Ok(None) };
                self.1 = text;
                Ok(Some(Member { name: name.to_owned(), format, reader: &mut self.1 }))
            }
        }
        let mut two =
            Two(vec![("urls", Format::Urls, b"a.example/x\nb.example/y\n"), ("domains", Format::Detect, b"b.example\n")], b"");
        let page = What::Url(Host::parse("b.example").expect("a host"), "/y");
        let found = find_in_members(&mut two, page).expect("readable");
        assert_eq!(found, [Line { member: "urls".into(), number: 2, text: "b.example/y".into() }]);
    }
}
