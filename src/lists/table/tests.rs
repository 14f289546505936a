use super::*;
use crate::lists::parse::Within;
use crate::lists::{Format, Known, ListText, Origin, Platforms, Reach, compile_texts};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};

fn host(text: &str) -> Host {
    Host::parse(text).expect("a host")
}

/// A table of these lists: category, whether host-only, names.
fn bytes_of(lists: &[(Category, Reach, &str)], platforms: &[&str]) -> Vec<u8> {
    let names: Vec<String> = (0..lists.len()).map(|i| format!("list{i}")).collect();
    fn text<'a>(((category, reach, text), name): (&'a (Category, Reach, &str), &'a String)) -> ListText<'a> {
        ListText {
            name,
            category: *category,
            format: Format::Domains,
            origin: Origin::School,
            reach: *reach,
            text: text.as_bytes(),
        }
    }
    let known = Known { platforms: platforms.iter().map(|p| host(p)).collect::<Platforms>(), ..Known::default() };
    compile_texts(&lists.iter().zip(&names).map(text).collect::<Vec<_>>(), &known).expect("memory can be read").bytes
}

fn table_of(lists: &[(Category, Reach, &str)], platforms: &[&str]) -> Table {
    Table::open(Box::new(bytes_of(lists, platforms))).expect("a table")
}

/// What was found, as text: labels and categories of each match.
fn said(table: &Table, name: &str) -> Vec<String> {
    table.lookup(&host(name)).matches().iter().map(|m| format!("{} {}", m.labels, m.categories)).collect()
}

#[test]
fn a_name_has_the_union_of_what_lists_say_of_it_and_of_its_parents() {
    let table = table_of(
        &[
            (Category::ADULT, Reach::Below, "bad.example\nx.shared.example\n"),
            (Category::MALWARE, Reach::Below, "evil.bad.example\nshared.example\n"),
            (Category::GAMBLING, Reach::Below, "bad.example\n203.0.113.7\n2001:db8::7\n"),
        ],
        &[],
    );
    for (name, expected) in [
        ("bad.example", vec!["2 adult gambling"]),
        ("www.bad.example", vec!["2 adult gambling"]),
        ("a.evil.bad.example", vec!["3 malware", "2 adult gambling"]),
        ("x.shared.example", vec!["3 adult", "2 malware"]),
        ("notbad.example", vec![]),
        ("example", vec![]),
        ("bad.example.com", vec![]),
        ("203.0.113.7", vec!["1 gambling"]),
        ("203.0.113.8", vec![]),
        ("113.7", vec![]),
        ("2001:db8::7", vec!["1 gambling"]),
    ] {
        assert_eq!(said(&table, name), expected, "{name}");
    }
    let all = table.lookup(&host("a.evil.bad.example")).categories();
    assert_eq!(all, CategorySet::of(&[Category::ADULT, Category::MALWARE, Category::GAMBLING]));
}

#[test]
fn a_platform_and_a_private_suffix_stand_for_themselves_and_www() {
    let table = table_of(&[(Category::ADULT, Reach::Below, "telegra.ph\ngithub.io\nbad.github.io\n")], &["telegra.ph"]);
    for (name, expected) in [
        ("telegra.ph", vec!["2 adult"]),
        ("www.telegra.ph", vec!["2 adult"]),
        ("api.telegra.ph", vec![]),
        ("www.api.telegra.ph", vec![]),
        ("github.io", vec!["2 adult"]),
        ("www.github.io", vec!["2 adult"]),
        ("good.github.io", vec![]),
        ("bad.github.io", vec!["3 adult"]),
        ("a.bad.github.io", vec!["3 adult"]),
    ] {
        assert_eq!(said(&table, name), expected, "{name}");
    }
}

#[test]
fn a_match_names_every_list_and_below_a_host_only_those_that_reach_there() {
    let table = table_of(
        &[
            (Category::ADULT, Reach::HostOnly, "a.example"),
            (Category::ADULT, Reach::Below, "a.example"),
            (Category::VIDEO, Reach::HostOnly, "a.example"),
        ],
        &[],
    );
    let here = table.lookup(&host("a.example"));
    let kind = here.matches()[0].kind;
    assert_eq!(here.categories(), CategorySet::of(&[Category::ADULT, Category::VIDEO]));
    assert_eq!(table.lookup(&host("b.a.example")).categories(), CategorySet::of(&[Category::ADULT]));
    assert_eq!(table.list_of(kind, Category::ADULT), Some(ListId(1)));
    assert_eq!(table.list_of(kind, Category::VIDEO), Some(ListId(2)));
    assert_eq!(table.list_of(kind, Category::MUSIC), None);
    assert_eq!(table.list_of(KindId(99), Category::ADULT), None);
    let all: Vec<_> = table.kind_sources(kind).map(|s| (s.list.0, s.reach)).collect();
    assert_eq!(all, [(0, Reach::HostOnly), (1, Reach::Below), (2, Reach::HostOnly)]);
    assert_eq!(table.lists()[2].name, "list2");
}

#[test]
fn the_longest_host_there_is_can_be_looked_up() {
    let longest = "a.".repeat(126) + "a";
    let table = table_of(&[(Category::ADULT, Reach::Below, &format!("{longest}\na.a\n"))], &[]);
    let found = table.lookup(&host(&longest));
    assert_eq!(found.matches().iter().map(|m| m.labels).collect::<Vec<_>>(), [127, 2]);
}

#[test]
fn an_empty_table_finds_nothing() {
    let table = Table::empty();
    assert_eq!(table.lookup(&host("example.com")), Found::NOTHING);
    assert_eq!(table.lookup(&host("203.0.113.7")), Found::NOTHING);
    assert_eq!((table.lists().len(), table.stats().names), (0, 0));
}

#[test]
fn another_table_has_another_generation_and_the_same_lists_the_same_bytes() {
    let of = |text: &str| bytes_of(&[(Category::ADULT, Reach::Below, text)], &[]);
    assert_eq!(of("a.example\nb.example\n"), of("a.example\nb.example\n"));
    let generation = |text| Table::open(Box::new(of(text))).map(|t| t.generation());
    assert_ne!(generation("a.example\n"), generation("b.example\n"));
    assert_ne!(generation("a.example\n"), generation("a.example\n\n"), "the same names, another list");
    assert_eq!(generation("a.example\n"), generation("a.example\n"));
}

/// A table of keys as they are, each of one list: `203.0.113.0/24` a range, `example.com/path` a page, `~text` and `/text/`
/// patterns for hosts and for URLs, `=` in front of a name that is meant exactly, `@@` in front of an exception of the list.
fn table_of_keys(lists: &[(Category, &[&str])]) -> Table {
    let mut keys: BTreeMap<Vec<u8>, Vec<u16>> = BTreeMap::new();
    let mut patterns = Vec::new();
    let mut provenance = Vec::new();
    for ((category, entries), list) in lists.iter().zip(0..) {
        provenance.push(Provenance::unread("list", *category));
        for entry in *entries {
            let (plain, says) = match (entry.strip_prefix('='), entry.strip_prefix("@@")) {
                (Some(plain), _) => (plain, Says::Exact),
                (_, Some(plain)) => (plain, Says::NotBelow),
                _ => (*entry, Says::Below),
            };
            let said = header::saying(list, says);
            if let Some(text) = plain.strip_prefix('~') {
                patterns.push((Within::Host, text, said));
                continue;
            }
            let (of, path) = plain.split_once('/').unwrap_or((plain, ""));
            let key = match (of, plain.len() > of.len(), path.parse::<u8>()) {
                ("", ..) => {
                    patterns.push((Within::Url, path.trim_end_matches('/'), said));
                    continue;
                }
                (address, true, Ok(length)) if host(address).is_address() => {
                    Key::of_range(host(address).address().expect("an address"), length)
                }
                (of, true, _) => Key::of_url(&host(of), &format!("/{path}")).expect("short"),
                (of, false, _) => Key::of(&host(of)),
            };
            keys.entry(key.as_bytes().to_vec()).or_default().push(said);
        }
    }
    let mut spill = std::io::Cursor::new(Vec::new());
    let mut writer = write::Writer::new(&mut spill, Vec::new());
    keys.iter().for_each(|(key, said)| writer.push(key, said).expect("a key"));
    patterns.iter().for_each(|(within, text, said)| assert!(writer.pattern(*within, text, *said), "{text}"));
    let mut bytes = Vec::new();
    let written = writer.finish(&provenance, &mut bytes, &mut |_| ()).expect("memory can be written");
    assert_eq!((written.bytes, written.names), (bytes.len() as u64, keys.len() as u64));
    let table = Table::open(Box::new(bytes)).expect("a table");
    assert_eq!(table.generation(), written.generation);
    table
}

#[test]
fn an_exact_entry_reaches_its_host_and_not_www() {
    let table = table_of_keys(&[(Category::ADULT, &["=d.example"])]);
    for (name, expected) in [("d.example", vec!["2 adult"]), ("www.d.example", vec![]), ("a.d.example", vec![])] {
        assert_eq!(said(&table, name), expected, "{name}");
    }
}

#[test]
fn an_address_is_found_in_every_range_it_lies_in_but_for_what_the_list_excepts() {
    let table = table_of_keys(&[
        (Category::ADULT, &["203.0.113.0/24", "2001:db8:1::/48", "@@203.0.113.9"]),
        (Category::MALWARE, &["203.0.113.7", "203.0.113.4/30", "203.0.113.9", "2001:db8:1:2::/64"]),
    ]);
    for (address, expected) in [
        ("203.0.113.7", vec!["1 malware", "30 malware", "24 adult"]),
        ("203.0.113.8", vec!["24 adult"]),
        ("203.0.113.9", vec!["1 malware"]),
        ("203.0.112.7", vec![]),
        ("2001:db8:1:2::7", vec!["64 malware", "48 adult"]),
        ("2001:db8:2::7", vec![]),
        ("::ffff:203.0.113.8", vec!["24 adult"]),
        ("7.113.0.203.example", vec![]),
    ] {
        assert_eq!(said(&table, address), expected, "{address}");
    }
    let asked = host("203.0.113.6");
    let found = table.lookup(&asked);
    let texts: Vec<_> = found.matches().iter().map(|m| table.entry_text(&asked, "", m)).collect();
    assert_eq!(texts, ["203.0.113.4/30", "203.0.113.0/24"]);
}

/// What is said of a page: the text of each entry that matched.
fn said_of_page(table: &Table, of: &str, path: &str) -> Vec<String> {
    let of = host(of);
    let found = table.lookup_url(&of, path);
    found.matches().iter().map(|m| format!("{} {}", table.entry_text(&of, path, m), m.categories)).collect()
}

#[test]
fn an_entry_that_is_a_page_closes_it_and_what_is_below_and_never_its_host() {
    let table = table_of_keys(&[
        (
            Category::ADULT,
            &["nhs.uk/bad", "www.shared.example/~user/", "whole.example", "front.example/", "whole.example/x?id=7"],
        ),
        (Category::GAMES, &["shared.example/~user/play.html"]),
    ]);
    for (of, path, expected) in [
        ("nhs.uk", "/", vec![]),
        ("nhs.uk", "/badminton", vec![]),
        ("nhs.uk", "/Bad", vec![]),
        ("nhs.uk", "/bad", vec!["nhs.uk/bad adult"]),
        ("www.nhs.uk", "/bad/x?y", vec!["nhs.uk/bad adult"]),
        ("a.nhs.uk", "/bad", vec![]),
        ("nhs.uk", "//x/../%62ad?q#f", vec!["nhs.uk/bad adult"]),
        ("shared.example", "/~other/", vec![]),
        ("shared.example", "/%7Euser/play.html?x=1", vec!["shared.example/~user/play.html games", "shared.example/~user adult"]),
        ("whole.example", "/y", vec!["whole.example adult"]),
        ("whole.example", "/x?id=7&a=b", vec!["whole.example/x?id=7 adult", "whole.example adult"]),
        ("whole.example", "/x?id=77", vec!["whole.example adult"]),
        ("front.example", "", vec!["front.example/ adult"]),
        ("front.example", "/?q=1", vec!["front.example/ adult"]),
        ("front.example", "/more", vec![]),
    ] {
        assert_eq!(said_of_page(&table, of, path), expected, "{of}{path}");
    }
    for name in ["nhs.uk", "www.nhs.uk", "shared.example", "front.example"] {
        assert_eq!(table.lookup(&host(name)), Found::NOTHING, "{name}");
    }
    let page = table.lookup_url(&host("www.shared.example"), "/~user/");
    assert_eq!(host("www.shared.example").entry(page.matches()[0].labels), "shared.example/…");
    let long = format!("/{}", "a/".repeat(5000));
    assert_eq!(table.lookup_url(&host("nhs.uk"), &long), Found::NOTHING);
}

/// An entry, a visit, and whether the entry closes it. A spelling must not get past an entry, and an entry must not grow.
#[test]
fn a_page_is_closed_however_it_is_written_and_no_other_page_with_it() {
    for (entry, path, closed) in [
        // RFC 3986 §6.2.2, and beyond it as servers have it.
        ("/blocked/page", "/%62locked/%70age", true),
        ("/blocked/page", "/blocked%2Fpage", true),
        ("/blocked/page", "/blocked%5cpage", true),
        ("/blocked/page", "/blocked\\page", true),
        ("/blocked/page", "//blocked///page//", true),
        ("/blocked?page//", "/blocked?page//", true),
        ("/blocked?page//", "/blocked?pages", false),
        ("/blocked/page?//", "/blocked/page", true),
        ("/blocked/page/?/", "/blocked/page/?/", true),
        ("/blocked?page?", "/blocked?page?", true),
        // More boundaries than are asked for: the whole is found all the same.
        ("/blocked??????????????????????????????E/", "/blocked??????????????????????????????E/", true),
        ("/blocked?page?", "/blocked?pages", false),
        ("/blocked/page", "/./x/%2e%2E/blocked/page", true),
        ("/blocked/page", "/x%2f..%5Cblocked/page", true),
        ("/blocked/page", "/blocked/page;jsessionid=1", true),
        ("/blocked/page", "/blocked;v=2/page;v?x", true),
        ("/blocked/page", "/x/..;y/blocked/page", true),
        ("/blocked/page", "/blocked/page?", true),
        ("/blocked/page", "/blocked/page/..%2Fother", true),
        ("/blocked/page", "/blocked/page/..\\other", true),
        ("/blocked%2Fpage", "/blocked/page", true),
        ("/a(1)", "/a%281%29", true),
        ("/a%281%29", "/a(1)", true),
        ("/a;v=1", "/a%3Bv=1", true),
        ("/a[1]", "/a%5B1%5D", true),
        ("/watch?v=1", "/watch?&v=1", true),
        ("/watch?v=1", "/watch?&&v=1&", true),
        ("/watch?&v=1", "/watch?v=1&&t=2", true),
        ("/watch?v=1", "/watch?%76=%31", true),
        ("/watch?v=a==", "/watch?v=a%3D%3D", true),
        ("/go?to=http://b.example/", "/go?to=http%3A%2F%2Fb.example%2F", true),
        ("/search?q=a+b", "/search?q=a%20b", true),
        // Other pages.
        ("/blocked/page", "/", false),
        ("/blocked/page", "/blocked", false),
        ("/blocked/page", "/blocked/pages", false),
        ("/blocked/page", "/blocked/page.html", false),
        ("/blocked/page", "/blocked/page/../other", false),
        ("/blocked/page", "/blocked/page%3Fx", false),
        ("/blocked/page", "/blocked/page%3Bx", false),
        ("/blocked/page", "/blocked/page&more", false),
        ("/blocked/page", "/blocked/page%26more", false),
        ("/blocked/page", "/blocked%252Fpage", false),
        ("/blocked/page", "/Blocked/page", false),
        ("/blocked/page", "/?to=/blocked/page", false),
        ("/blocked/page", "/other?;/blocked/page", false),
        ("/a;v=1", "/a", false),
        ("/a;v=1", "/a;v=2", false),
        ("/;v=1", "/", false),
        ("/;v=1", "/other", false),
        ("/watch?v=1", "/watch", false),
        ("/watch?v=1", "/watch?v=2", false),
        ("/watch?v=1", "/watch?v=1%26t", false),
        ("/watch?v=1", "/watch?u&v=1", false),
        ("/search?q=a+b", "/search?q=a%2Bb", false),
    ] {
        let entry = format!("page.example{entry}");
        let table = table_of_keys(&[(Category::ADULT, &[&entry])]);
        let said = said_of_page(&table, "page.example", path);
        assert_eq!(said.len(), usize::from(closed), "{entry} and {path}: {said:?}");
        assert!(said.iter().all(|said| said.len() > "page.example/ adult".len()), "{entry} and {path}: {said:?}");
        assert_eq!(table.lookup(&host("page.example")), Found::NOTHING, "{entry}");
    }
}

proptest! {
    /// However a path ends, and however many places it has at which an entry may end.
    #[test]
    fn a_page_that_is_listed_is_found_as_it_is_listed(path in "/([a-c/?&;.=]|%2[56Ff]){0,60}") {
        let table = table_of_keys(&[(Category::ADULT, &[&format!("page.example{path}")])]);
        let only_the_front_page = path.trim_matches(['/', '?', '&', '.']).is_empty();
        let said = said_of_page(&table, "page.example", &path);
        prop_assert!(only_the_front_page || said.len() == 1, "{}: {:?}", path, said);
        prop_assert_eq!(table.lookup(&host("page.example")), Found::NOTHING);
    }
}

#[test]
fn patterns_for_hosts_are_asked_everywhere_and_those_for_urls_of_pages_only() {
    let table = table_of_keys(&[
        (Category::GAMBLING, &["~(^|\\.)casino[0-9]+\\.", "/[./-]porn[0-9]*/"]),
        (Category::ADULT, &["/[./-]porn[0-9]*/"]),
    ]);
    for (of, path, expected) in [
        ("casino77.example", "/", vec!["/(^|\\.)casino[0-9]+\\./ gambling"]),
        ("www.CASINO77.example", "/a", vec!["/(^|\\.)casino[0-9]+\\./ gambling"]),
        ("casino.example", "/", vec![]),
        ("a.example", "/x/PORN7.jpg", vec!["/[./-]porn[0-9]*/ adult gambling"]),
    ] {
        assert_eq!(said_of_page(&table, of, path), expected, "{of}{path}");
    }
    assert_eq!(said(&table, "casino77.example"), ["128 gambling"]);
    assert_eq!(said(&table, "a.porn.example"), Vec::<String>::new());
    let found = table.lookup(&host("casino77.example"));
    assert_eq!(table.list_of(found.matches()[0].kind, Category::GAMBLING), Some(ListId(0)));
}

#[test]
fn a_table_tells_how_many_names_lists_have_in_common_and_which_suffix_list_it_knows() {
    let table = table_of_keys(&[(Category::ADULT, &["a.example", "b.example"]), (Category::GAMES, &["b.example", "c.example"])]);
    let mut counts: Vec<_> = table.counts().map(|(n, lists)| (lists.map(|l| l.0).collect::<Vec<_>>(), n)).collect();
    counts.sort();
    assert_eq!(counts, [(vec![0], 1), (vec![0, 1], 1), (vec![1], 1)]);
    assert_eq!(table.psl(), crate::lists::suffixes::version());
}

/// Puts right what a forger would: the header's checksum.
fn resealed(mut file: Vec<u8>) -> Vec<u8> {
    let length = u32::from_le_bytes(file[12..16].try_into().expect("four bytes")) as usize;
    let sum = crc32fast::hash(&file[..length - 4]);
    file[length - 4..length].copy_from_slice(&sum.to_le_bytes());
    file
}

#[test]
fn what_is_not_a_whole_table_of_this_kind_is_refused_with_what_to_do() {
    let good = bytes_of(&[(Category::ADULT, Reach::Below, "a.example")], &[]);
    let with = |at: usize, byte: u8| {
        let mut file = good.clone();
        file[at] = byte;
        file
    };
    let adult = good.windows(5).position(|w| w == b"adult").expect("the id of bit 6");
    let mut longer = good.clone();
    longer.push(0);
    for (file, says) in [
        (Vec::new(), "not a Schoolgate table"),
        (b"<!DOCTYPE html><html></html>".to_vec(), "not a Schoolgate table"),
        (with(8, 77), "format 77, and this version reads format 8"),
        (good[..good.len() - 1].to_vec(), "cut short"),
        (longer, "cut short or has something behind it"),
        (good[..40].to_vec(), "cut short"),
        (with(50, 255), "header is damaged"),
        (with(good.len() - 1, 255), "body is damaged near byte"),
        (resealed(with(adult, b'o')), "made for other categories (bit 6 is `odult` in it)"),
        (resealed(with(adult - 3, 7)), "made for other categories (bit 7 is `adult` in it)"),
    ] {
        let fault = Table::open(Box::new(file)).expect_err(says).to_string();
        assert!(fault.contains(says), "{fault}");
        assert!(fault.contains("schoolgate lists compile"), "{fault}");
    }
}

/// Lists of random names over few letters, so that parents, children and neighbours meet.
fn random_lists() -> impl Strategy<Value = Vec<(Category, Reach, String)>> {
    let names = proptest::collection::vec("[ab]{1,2}(\\.[ab]{1,3}){1,3}", 0..60).prop_map(|n| n.join("\n"));
    let list = (0u8..3, any::<bool>(), names);
    let list = list.prop_map(|(bit, only, names)| {
        (Category::FIXED[usize::from(6 + bit)], if only { Reach::HostOnly } else { Reach::Below }, names)
    });
    proptest::collection::vec(list, 0..4)
}

/// What a table must say, worked out from a map and a walk up the labels.
fn naive(lists: &[(Category, Reach, String)], name: &str) -> Vec<(u8, CategorySet)> {
    let mut map: HashMap<&str, Vec<(Category, Reach)>> = HashMap::new();
    for (category, reach, names) in lists {
        names.lines().for_each(|n| map.entry(n).or_default().push((*category, *reach)));
    }
    let mut walk: BTreeMap<u8, CategorySet> = BTreeMap::new();
    for suffix in host(name).suffixes() {
        let says = |reach: Reach| reach == Reach::Below || suffix == name || name.strip_prefix("www.") == Some(suffix);
        let categories: CategorySet = map.get(suffix).into_iter().flatten().filter(|s| says(s.1)).map(|s| s.0).collect();
        if !categories.is_empty() {
            walk.insert(suffix.split('.').count() as u8, categories);
        }
    }
    walk.into_iter().rev().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn it_says_what_a_map_and_a_walk_say(
        lists in random_lists(),
        asked in proptest::collection::vec("(www\\.)?[ab]{1,3}(\\.[ab]{1,3}){0,4}", 0..60),
    ) {
        let borrowed: Vec<_> = lists.iter().map(|(c, r, names)| (*c, *r, names.as_str())).collect();
        let table = table_of(&borrowed, &[]);
        for name in asked.iter().map(String::as_str).chain(lists.iter().flat_map(|l| l.2.lines())) {
            let found = table.lookup(&host(name));
            let found: Vec<_> = found.matches().iter().map(|m| (m.labels, m.categories)).collect();
            prop_assert_eq!(found, naive(&lists, name), "{}", name);
        }
    }

    #[test]
    fn a_damaged_table_is_refused(at in any::<prop::sample::Index>(), bit in 0u8..8, cut in any::<bool>()) {
        let good = bytes_of(&[(Category::ADULT, Reach::Below, "a.example\nb.example\nc.d.example")], &[]);
        let mut file = good.clone();
        if cut { file.truncate(at.index(good.len())) } else { file[at.index(good.len())] ^= 1 << bit }
        // The few bytes between header and body mean nothing; everything else is under a checksum.
        if let Ok(table) = Table::open(Box::new(file)) {
            prop_assert_eq!(said(&table, "x.a.example"), ["2 adult"]);
            prop_assert_eq!(said(&table, "e.example"), Vec::<String>::new());
        }
    }

    #[test]
    fn a_forged_table_never_makes_it_panic(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut file = bytes_of(&[(Category::ADULT, Reach::Below, "a.example\nb.example\nc.d.example")], &[]);
        let start = 16;
        for (at, byte) in flips {
            let at = start + at.index(file.len() - start);
            file[at] = byte;
        }
        // As a forger would: all checksums made right again.
        let length = u32::from_le_bytes(file[12..16].try_into().expect("four bytes")) as usize;
        let body = length.next_multiple_of(header::ALIGNED);
        let sum = crc32fast::hash(&file[body..]);
        file[length - 8..length - 4].copy_from_slice(&sum.to_le_bytes());
        if let Ok(table) = Table::open(Box::new(resealed(file))) {
            for name in ["a.example", "www.c.d.example", "x.y.z", "203.0.113.7"] {
                let found = table.lookup(&host(name));
                found.matches().iter().for_each(|m| { let _ = table.list_of(m.kind, Category::ADULT); });
            }
            let _ = (table.verify(), table.stats());
        }
    }
}
