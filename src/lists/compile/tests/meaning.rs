//! What entries and exceptions of every format mean in the table.

use super::*;

/// Which of these hosts a list of `category` reaches.
fn reached<'a>(made: Compiled, hosts: &[&'a str]) -> Vec<&'a str> {
    let table = Table::open(Box::new(made.bytes)).expect("a table");
    let on = |name: &&&str| !table.lookup(&Host::parse(name).expect("a host")).categories().is_empty();
    hosts.iter().filter(on).copied().collect()
}

/// UT1's `hacking/domains` begins with a hundred addresses: told as a list of addresses, all its names were refused.
#[test]
fn a_list_that_begins_with_addresses_and_goes_on_with_names_is_one_of_names() {
    let mut text: String = (0..100).map(|n| format!("203.0.113.{n}\n")).collect();
    (0..150).for_each(|n| text.push_str(&format!("n{n}.example\n")));
    let made = one(Category::HACKING, Format::Detect, Origin::Public, text.as_bytes());
    assert_eq!((made.lists[0].format, made.lists[0].entries, made.lists[0].broken), (Format::Domains, 250, None));
}

#[test]
fn every_format_means_in_the_table_what_it_says() {
    let asked = ["a.example", "www.a.example", "x.a.example", "b.example", "x.b.example", "203.0.113.7", "203.0.113.8"];
    let all_of_a = ["a.example", "www.a.example", "x.a.example"];
    for (format, text, expected) in [
        (Format::Wildcard, "*.a.example\n", &all_of_a[..]),
        (Format::Adblock, "||a.example^\n", &all_of_a),
        (Format::Adblock, "|a.example^\n", &all_of_a[..1]),
        (Format::Rpz, "a.example CNAME .\n", &all_of_a[..1]),
        (Format::Rpz, "a.example CNAME .\n*.a.example CNAME .\n", &all_of_a),
        (Format::Rpz, "*.a.example CNAME .\na.example CNAME .\n", &all_of_a),
        (Format::V2fly, "full:a.example\n", &all_of_a[..1]),
        (Format::V2fly, "domain:a.example @ads\n", &all_of_a),
        (Format::Domains, "203.0.113.8\n", &["203.0.113.8"]),
        (Format::Domains, "203.0.113.7\n", &["203.0.113.7"]),
    ] {
        for as_written in [format, Format::Detect] {
            // Plain names with `full:` before them are told from their first lines as well as any.
            let made = one(Category::ADULT, as_written, Origin::Public, text.as_bytes());
            assert_eq!(made.lists[0].format, format, "{text}");
            assert_eq!(reached(made, &asked), expected, "{format}: {text}");
        }
    }
}

#[test]
fn an_exception_cancels_entries_of_its_own_list_for_that_name_and_below() {
    let asked = ["a.example", "x.a.example", "y.x.a.example", "a-b.example", "b.example"];
    let rest = "||b.example^\n||a-b.example^\n";
    for (rules, cancelled, left, expected) in [
        ("||a.example^\n@@||a.example^\n", 1, 0, &["a-b.example", "b.example"][..]),
        ("||y.x.a.example^\n||x.a.example^\n@@||a.example^\n", 2, 0, &["a-b.example", "b.example"]),
        ("|a.example^\n@@|a.example^\n", 1, 0, &["a-b.example", "b.example"]),
        // Important entries stay, and important exceptions cancel them.
        ("||a.example^$important\n@@||a.example^\n", 0, 0, &asked),
        ("||a.example^$important\n||a.example^\n@@||a.example^$important\n", 2, 0, &["a-b.example", "b.example"]),
        // What is switched off is as if it were not there, and only just that rule.
        ("||a.example^\n||a.example^$badfilter\n", 1, 0, &["a-b.example", "b.example"]),
        ("||a.example^\n||x.a.example^$badfilter\n", 0, 0, &asked),
        ("||a.example^\n@@||a.example^\n@@||a.example^$badfilter\n", 0, 0, &asked),
        // A wider entry stays for all but the exception.
        ("||a.example^\n@@||x.a.example^\n", 0, 0, &["a.example", "a-b.example", "b.example"]),
        ("||a.example^\n||y.x.a.example^\n@@|x.a.example^\n", 0, 0, &["a.example", "y.x.a.example", "a-b.example", "b.example"]),
        ("||a.example^\n@@|a.example^\n", 0, 0, &["x.a.example", "y.x.a.example", "a-b.example", "b.example"]),
        ("||a.example^$important\n@@||x.a.example^$important\n", 0, 0, &["a.example", "a-b.example", "b.example"]),
        ("||a.example^$important\n@@||x.a.example^\n", 0, 0, &asked),
        // Not against what is important; where both reach the name, the list's figures say so.
        ("||a.example^\n||a.example^$important\n@@||x.a.example^\n", 0, 1, &asked),
    ] {
        let text = format!("{rest}{rules}");
        let made = one(Category::ADULT, Format::Adblock, Origin::Public, text.as_bytes());
        let list = &made.lists[0];
        assert_eq!((list.cancelled, list.rejects.of(Reject::Exception), list.broken), (cancelled, left, None), "{rules}");
        assert_eq!(reached(made, &asked), expected, "{rules}");
    }
    let zone = b"*.b.example CNAME .\n*.a.example CNAME .\nx.a.example CNAME .\n*.a.example CNAME rpz-passthru.\n";
    assert_eq!(reached(one(Category::ADULT, Format::Rpz, Origin::Public, zone), &asked), ["b.example"]);
    let zone = b"*.a.example CNAME .\n*.b.example CNAME .\nx.a.example CNAME rpz-passthru.\n";
    let expected = ["a.example", "y.x.a.example", "b.example"];
    assert_eq!(reached(one(Category::ADULT, Format::Rpz, Origin::Public, zone), &asked), expected);
}

#[test]
fn an_exception_for_addresses_cancels_within_and_around_its_range() {
    let said = |rules: &str, asked: &str| {
        let made = compiled(&[(Category::ADULT, Format::Adblock, Origin::School, rules.as_bytes())], &Known::default());
        let overruled = made.lists[0].rejects.of(Reject::Exception);
        let table = Table::open(Box::new(made.bytes)).expect("a table");
        (!table.lookup(&Host::parse(asked).expect("a host")).categories().is_empty(), overruled)
    };
    for (rules, asked, expected) in [
        ("203.0.113.64/26\n@@||203.0.113.100^\n", "203.0.113.100", (false, 0)),
        ("203.0.113.64/26\n@@||203.0.113.100^\n", "203.0.113.101", (true, 0)),
        ("203.0.113.7\n@@203.0.113.0/24\n||198.51.100.7^\n", "203.0.113.7", (false, 0)),
        ("203.0.113.7\n@@203.0.113.0/24\n||198.51.100.7^\n", "198.51.100.7", (true, 0)),
        ("2001:db8:1::/64\n@@2001:db8:1::/48\n||198.51.100.7^\n", "2001:db8:1::9", (false, 0)),
        ("203.0.113.0/24\n@@203.0.113.0/25\n", "203.0.113.127", (false, 0)),
        ("203.0.113.0/24\n@@203.0.113.0/25\n", "203.0.113.128", (true, 0)),
        ("203.0.113.64/26$important\n@@||203.0.113.100^\n", "203.0.113.100", (true, 1)),
        ("203.0.113.64/26$important\n@@||203.0.113.100^$important\n", "203.0.113.100", (false, 0)),
    ] {
        assert_eq!(said(rules, asked), expected, "{asked} by {rules:?}");
    }
}

#[test]
fn an_exception_leaves_other_lists_alone() {
    let blocks: (_, _, _, &[u8]) = (Category::ADULT, Format::Adblock, Origin::Public, b"||a.example^\n");
    let excepts: (_, _, _, &[u8]) = (Category::ADULT, Format::Adblock, Origin::Public, b"||b.example^\n@@||a.example^\n");
    for lists in [[blocks, excepts], [excepts, blocks]] {
        let made = compiled(&lists, &Known::default());
        assert_eq!(reached(made, &["a.example", "b.example", "c.example"]), ["a.example", "b.example"]);
    }
    // The same name in the same table, of one category, then of two: what is excepted is that list's word alone.
    let excepts: (_, _, _, &[u8]) = (Category::VIDEO, Format::Adblock, Origin::Public, b"||a.example^\n@@||x.a.example^\n");
    for lists in [[blocks, excepts], [excepts, blocks]] {
        let made = compiled(&lists, &Known::default());
        let table = Table::open(Box::new(made.bytes)).expect("a table");
        let says = |name: &str| table.lookup(&Host::parse(name).expect("a host")).categories();
        assert_eq!(says("a.example"), CategorySet::of(&[Category::ADULT, Category::VIDEO]));
        assert_eq!(says("y.x.a.example"), CategorySet::of(&[Category::ADULT]));
    }
}

/// UT1's `urls` files name pages of hosts that everybody needs.
#[test]
fn the_address_of_a_page_never_closes_its_host() {
    let urls = "hospital.example/conditions/a/page.html\nwww.software.example/store?id=1\nhttp://b.example/x\n";
    for format in Format::ALL {
        for origin in [Origin::Public, Origin::School] {
            let made = one(Category::ADULT, *format, origin, urls.as_bytes());
            // What is told from its lines is a list of pages, and so it is taken.
            let of_pages = matches!(format, Format::Urls | Format::Expressions | Format::Regex | Format::Detect);
            assert!(of_pages || made.lists[0].broken.is_some(), "{format}");
            let hosts = ["hospital.example", "www.software.example", "software.example", "b.example"];
            assert_eq!(reached(made, &hosts), [""; 0], "{format}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// An entry counts for a host it reaches unless an exception of its list reaches that host too, and, if that is for one
    /// host only, stands on no shorter a name.
    #[test]
    fn exceptions_say_what_a_walk_over_all_rules_says(
        rules in proptest::collection::vec((any::<bool>(), any::<bool>(), "([ab]{1,2}\\.){0,3}c"), 0..24),
        asked in proptest::collection::vec("(www\\.)?([ab]{1,2}\\.){0,4}c", 0..24),
    ) {
        let line = |(except, below, name): &(bool, bool, String)| {
            format!("{}{}{name}.example^\n", if *except { "@@" } else { "" }, if *below { "||" } else { "|" })
        };
        let text: String = rules.iter().map(line).collect();
        let made = one(Category::ADULT, Format::Adblock, Origin::School, text.as_bytes());
        let table = Table::open(Box::new(made.bytes)).expect("a table");
        let reaches = |below: bool, name: &str, host: &str| {
            name == host || (below && host.ends_with(&format!(".{name}")))
        };
        for host in asked.iter().chain(rules.iter().map(|r| &r.2)) {
            let excepted = |entry: &str| rules.iter().any(|(except, below, name)| {
                *except && reaches(*below, name, host) && (*below || entry.split('.').count() <= name.split('.').count())
            });
            let blocked = rules.iter().any(|(except, below, name)| !except && reaches(*below, name, host) && !excepted(name));
            let found = table.lookup(&Host::parse(&format!("{host}.example")).expect("a host"));
            prop_assert_eq!(!found.categories().is_empty(), blocked, "{}: {}", host, text);
        }
    }
}
