use super::*;
use crate::lists::parse::lines::{Line, Lines};
use std::collections::BTreeMap;

/// A tree in memory.
struct Made {
    files: BTreeMap<String, String>,
    open: Cursor<Vec<u8>>,
}

fn tree(files: &[(&str, &str)]) -> Made {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    Made { files, open: Cursor::default() }
}

impl Tree for Made {
    fn kind(&mut self, path: &str) -> io::Result<Option<Kind>> {
        let below = format!("{path}/");
        Ok(if self.files.contains_key(path) {
            Some(Kind::File)
        } else {
            (path.is_empty() || self.files.keys().any(|p| p.starts_with(&below))).then_some(Kind::Folder)
        })
    }

    fn top(&mut self) -> io::Result<Vec<String>> {
        let mut names: Vec<String> = self.files.keys().filter_map(|p| p.split('/').next().map(str::to_owned)).collect();
        names.dedup();
        Ok(names)
    }

    fn read(&mut self, path: &str) -> io::Result<&mut dyn BufRead> {
        let text = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        self.open = Cursor::new(text.clone().into_bytes());
        Ok(&mut self.open)
    }
}

/// Each member: its name, its format, and its lines that say something, with their numbers.
fn members(tree: Made, inside: Option<&str>, format: Format) -> io::Result<Vec<(String, Format, Vec<String>)>> {
    let mut listing = Listing::new(tree, inside, format)?;
    let mut all = Vec::new();
    while let Some(member) = listing.next_member()? {
        let (name, format) = (member.name.clone(), member.format);
        let (mut lines, mut said) = (Lines::new(member.reader), Vec::new());
        while let Some((number, Line::Text(text))) = lines.next_line()? {
            if !text.is_empty() {
                said.push(format!("{number} {}", String::from_utf8_lossy(text)));
            }
        }
        all.push((name, format, said));
    }
    Ok(all)
}

fn names(members: &[(String, Format, Vec<String>)]) -> Vec<(&str, Format)> {
    members.iter().map(|(name, format, _)| (name.as_str(), *format)).collect()
}

#[test]
fn a_folder_of_squidguards_is_its_domains_urls_and_expressions_in_this_order() {
    let files = [
        ("adult/urls", "a.example/x\n"),
        ("adult/domains", "a.example\n"),
        ("adult/expressions", "x+\n"),
        ("adult/usage", "# what for\nblack\nwhite\n"),
        ("adult/very_restrictive_expression", "sex\n\n"),
        ("adult/README", "a text\n"),
        ("press/domains", "b.example\n"),
    ];
    let read = members(tree(&files), Some("adult"), Format::Detect).expect("a list");
    let whole = [("domains", Format::Domains), ("urls", Format::Urls), ("expressions", Format::Expressions)];
    assert_eq!(names(&read), whole);
    assert_eq!(read[0].2, ["1 a.example"]);
    let mut listing = Listing::new(tree(&files), Some("adult"), Format::Detect).expect("a list");
    assert_eq!(listing.left_out().expect("readable"), Some(("very_restrictive_expression", 2)));
    let press = members(tree(&files), Some("/press/"), Format::Hosts).expect("a list");
    assert_eq!(names(&press), [("domains", Format::Hosts)]);
}

#[test]
fn a_list_lies_at_the_top_or_in_the_only_folder_there() {
    let deep = [("blacklists/adult/domains", "a.example\n"), ("blacklists/press/domains", "b.example\n")];
    assert_eq!(names(&members(tree(&deep), Some("adult"), Format::Detect).expect("a list")), [("domains", Format::Domains)]);
    let only = [("adult/domains", "a.example\n"), ("adult/urls", "a.example/x\n")];
    assert_eq!(members(tree(&only), None, Format::Detect).expect("a list").len(), 2);
    let one = [("list.txt", "0.0.0.0 a.example\n")];
    assert_eq!(names(&members(tree(&one), None, Format::Detect).expect("a list")), [("", Format::Detect)]);
    for (files, inside, why) in [
        (&deep[..], Some("gambling"), "there is no `gambling` in it"),
        (&deep[..], Some("blacklists"), "`blacklists` holds no `domains`"),
        (&deep[..], None, "`blacklists` holds no `domains`"),
        (&[("a/x", ""), ("b/x", "")][..], None, "`` holds no `domains`"),
    ] {
        let fault = members(tree(files), inside, Format::Detect).expect_err("no list").to_string();
        assert!(fault.starts_with(why), "{fault}");
    }
}

#[test]
fn a_list_of_what_to_let_through_may_not_block() {
    for (usage, refused) in [
        ("white\n", true),
        ("# note\r\n White \r\n", true),
        ("black\nwhite\n", false),
        ("black\n", false),
        ("", false),
        ("whiteness", false),
    ] {
        let made = tree(&[("a/domains", "a.example\n"), ("a/usage", usage)]);
        let read = members(made, Some("a"), Format::Detect);
        assert_eq!(read.is_err_and(|e| e.to_string().contains("let through")), refused, "{usage}");
    }
}

const V2FLY: [(&str, &str); 8] = [
    ("data/video", "# what\ninclude:films # why\ninclude:shop @ads\ninclude:other @-cn @!eu\nvideo.example @ads\n"),
    ("data/films", "full:films.example\ninclude:video\ninclude:shop @ads\nfilms.test\n"),
    ("data/shop", "shop.example\nads.shop.example @ads @cn\ninclude:more\n"),
    ("data/more", "more.example @ads\nmore.test\n"),
    ("data/other", "a.example @!eu\nb.example @!eu @cn\nc.example\ninclude:../secret\ninclude:none\nregexp:x+ @!eu\n"),
    ("data/gone", "include:gone\ninclude:/etc/passwd\ninclude:.hidden\ninclude:a\\b\ninclude:\na.example\n"),
    ("secret", "s.example\n"),
    ("data/.hidden", "h.example\n"),
];

#[test]
fn what_a_v2fly_list_includes_is_read_beside_it_and_filtered_on_the_way() {
    for format in [Format::V2fly, Format::Detect] {
        let read = members(tree(&V2FLY), Some("data/video"), format).expect("a list");
        let said: Vec<_> =
            read.iter().map(|(name, _, said)| (name.as_str(), said.iter().map(String::as_str).collect())).collect();
        let expected: [(&str, Vec<&str>); 5] = [
            ("", vec!["1 # what", "5 video.example @ads"]),
            ("films", vec!["1 full:films.example", "4 films.test"]),
            ("shop", vec!["2 ads.shop.example @ads @cn"]),
            // What cannot be followed stays for its parser to refuse.
            ("other", vec!["1 a.example @!eu", "4 include:../secret", "5 include:none", "6 regexp:x+ @!eu"]),
            ("more", vec!["1 more.example @ads"]),
        ];
        assert_eq!(said, expected);
        assert!(read.iter().all(|(_, format, _)| *format == Format::V2fly));
    }
    let read = members(tree(&V2FLY), Some("data/gone"), Format::V2fly).expect("a list");
    let left = ["2 include:/etc/passwd", "3 include:.hidden", "4 include:a\\b", "5 include:", "6 a.example"];
    assert_eq!((read.len(), read[0].2.as_slice()), (1, left.map(str::to_owned).as_slice()));
}

#[test]
fn includes_end_whatever_the_files_say() {
    let chain: Vec<(String, String)> =
        (0..20).map(|n| (format!("f{n}"), format!("include:f{}\nn{n}.example\n", n + 1))).collect();
    let files: Vec<_> = chain.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let read = members(tree(&files), Some("f0"), Format::V2fly).expect("a list");
    assert_eq!((read.len(), read[8].2[0].as_str()), (9, "1 include:f9"), "eight deep");

    let mut files: Vec<(String, String)> = (0..600).map(|n| (format!("f{n}"), format!("n{n}.example\n"))).collect();
    files.push(("all".to_owned(), (0..600).map(|n| format!("include:f{n}\n")).collect()));
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let read = members(tree(&files), Some("all"), Format::V2fly).expect("a list");
    assert_eq!((read.len(), read[0].2.len()), (500, 101), "five hundred files, and the rest is refused");

    // A circle with another filter at each turn.
    let text = (0..100).map(|n| format!("include:a @x{n}\na.example @x{n}\n")).collect::<String>();
    let read = members(tree(&[("a", &text)]), Some("a"), Format::V2fly).expect("a list");
    assert_eq!(read.len(), 1, "all of it is read already");
    let text = (0..100).map(|n| format!("include:b @x{n}\n")).collect::<String>();
    let read = members(tree(&[("a", &text), ("b", &text.replace("include:b", "include:a"))]), Some("a"), Format::V2fly);
    assert!(read.expect("a list").len() <= 500);
}

/// Each filter is another reading of the same file: 200 of 1 MiB were 200 MiB.
#[test]
fn a_file_that_is_included_over_and_over_is_read_so_far_and_no_further() {
    let large = "a.example @x1\n".repeat((1 << 20) / 14);
    let text = (0..200).map(|n| format!("include:large @x{n}\n")).collect::<String>();
    let fault = members(tree(&[("a", &text), ("large", &large)]), Some("a"), Format::V2fly).expect_err("too much");
    let told = "with `large` the list and what it includes come to more than 64 MiB: it includes files over and over";
    assert_eq!((fault.kind(), fault.to_string().as_str()), (io::ErrorKind::InvalidData, told));
}

#[test]
fn an_include_that_asks_for_a_heap_of_attributes_is_not_followed() {
    let asks = |n: usize| format!("include:b {}\n", (0..n).map(|n| format!("@x{n}")).collect::<Vec<_>>().join(" "));
    for (attributes, files) in [(16, 2), (17, 1)] {
        let read = members(tree(&[("a", &asks(attributes)), ("b", "b.example\n")]), Some("a"), Format::V2fly).expect("members");
        assert_eq!(read.len(), files, "{attributes}");
        assert_eq!(read[0].2.len(), 2 - files, "what is not followed is for the parser to refuse");
    }
}
