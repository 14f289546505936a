//! What an entry of a list may do: each sentence of the design, kept by what compiles a list and by what is looked up in it.
//!
//! | the design says | shown by |
//! |---|---|
//! | `platform`, `help`, `rshe`, `education` come only from `blocklists/` and the school's files | [`platform_help_rshe_and_education_come_from_shipped_and_the_schools_files_alone`]; `check` refuses a fetched one: `src/config/tests` |
//! | an exception in a public list cancels entries of that same source only | [`an_exception_cancels_entries_of_that_same_source_only`] |
//! | RPZ local data and drop only in the school's files | [`rpz_drop_is_honoured_in_the_schools_files_only_and_local_data_in_none`] |
//! | a URL entry matches host and path, never the host | [`a_page_never_closes_its_host`]; at the doors: `list_kinds.rs`, `a_folder_of_names_pages_and_expressions…` |
//! | an address entry addresses, no wider than /24 or /48 | [`an_address_entry_is_no_wider_than_24_or_48`]; at the doors: `list_kinds.rs`, `every_other_format…` |
//! | an entry for a public suffix or a whole platform is that host and `www.` only | [`an_entry_for_a_whole_platform_is_for_that_host_and_www_alone`] |
//! | one name has the union of its categories | [`one_name_has_the_union_of_its_categories`] |

use schoolgate::lists::{Compiled, Format, Known, ListText, Origin, Platforms, Provenance, Reach, Reject, Table, compile_texts};
use schoolgate::words::{Category, CategorySet, Host};

const LETTING_THROUGH: [Category; 4] = [Category::PLATFORM, Category::HELP, Category::RSHE, Category::EDUCATION];

fn list<'a>(category: Category, format: Format, origin: Origin, text: &'a str) -> ListText<'a> {
    ListText { name: "a list", category, format, origin, reach: Reach::Below, text: text.as_bytes() }
}

fn compiled(lists: &[ListText]) -> Compiled {
    let platforms: Platforms = [host("telegra.ph")].into_iter().collect();
    compile_texts(lists, &Known { platforms, ..Known::default() }).expect("memory can be read")
}

fn host(text: &str) -> Host {
    Host::parse(text).expect("a host")
}

/// The categories of each host, in a table of these lists.
fn found(lists: &[ListText], hosts: &[&str]) -> Vec<CategorySet> {
    let table = Table::open(Box::new(compiled(lists).bytes)).expect("a table");
    hosts.iter().map(|name| table.lookup(&host(name)).categories()).collect()
}

/// Which of the hosts the list closes.
fn closed<'a>(list: ListText, hosts: &[&'a str]) -> Vec<&'a str> {
    let found = found(&[list], hosts);
    hosts.iter().zip(found).filter(|(_, on)| !on.is_empty()).map(|(name, _)| *name).collect()
}

/// What became of the list.
fn of(list: ListText) -> Provenance {
    compiled(&[list]).lists.remove(0)
}

#[test]
fn platform_help_rshe_and_education_come_from_shipped_and_the_schools_files_alone() {
    for category in LETTING_THROUGH {
        for (origin, taken) in [(Origin::Shipped, true), (Origin::School, true), (Origin::Public, false)] {
            let list = of(list(category, Format::Domains, origin, "a.example\nb.example\n"));
            assert_eq!((list.entries, list.rejects.of(Reject::NotTrusted)), if taken { (2, 0) } else { (0, 2) }, "{category}");
        }
    }
}

#[test]
fn an_exception_cancels_entries_of_that_same_source_only() {
    let blocks = list(Category::ADULT, Format::Domains, Origin::Public, "a.example\n");
    for (format, text) in [
        (Format::Adblock, "||a.example^\n||b.example^\n@@||a.example^\n"),
        (Format::Rpz, "*.a.example CNAME .\n*.b.example CNAME .\n*.a.example CNAME rpz-passthru.\n"),
    ] {
        let excepts = list(Category::GAMBLING, format, Origin::Public, text);
        assert_eq!(closed(excepts, &["a.example", "b.example"]), ["b.example"]);
        let (adult, gambling) = (CategorySet::of(&[Category::ADULT]), CategorySet::of(&[Category::GAMBLING]));
        assert_eq!(found(&[blocks, excepts], &["a.example", "b.example"]), [adult, gambling]);
        assert_eq!(found(&[excepts, blocks], &["a.example", "b.example"]), [adult, gambling]);
    }
}

#[test]
fn rpz_drop_is_honoured_in_the_schools_files_only_and_local_data_in_none() {
    let zone = "a.example CNAME rpz-drop.\nb.example CNAME .\nc.example A 192.0.2.1\nd.example CNAME other.example.\ne.example CNAME .\nf.example CNAME .\n";
    let hosts = ["a.example", "b.example", "c.example", "d.example"];
    for (origin, on, refused) in [(Origin::Public, &hosts[1..2], 1), (Origin::School, &hosts[..2], 0)] {
        let list = list(Category::ADULT, Format::Rpz, origin, zone);
        assert_eq!(closed(list, &hosts), on, "{origin:?}");
        let rejects = of(list).rejects;
        assert_eq!((rejects.of(Reject::RpzAction), rejects.of(Reject::LocalData)), (refused, 2), "{origin:?}");
    }
}

#[test]
fn a_page_never_closes_its_host() {
    let urls = "a.example/x\nhttp://b.example/y\nc.example\nhttps://d.example/\n";
    let adblock = "||a.example/x^\n||b.example/y/\n||c.example/\n||e.example^\n||d.example/^\n";
    let hosts = ["a.example", "www.a.example", "b.example", "c.example", "d.example"];
    for origin in [Origin::Public, Origin::School] {
        for (format, text) in [(Format::Urls, urls), (Format::Adblock, adblock)] {
            let list = list(Category::ADULT, format, origin, text);
            assert_eq!(closed(list, &hosts), [""; 0], "{format} {origin:?}");
            assert_eq!(of(list).rejects.of(Reject::WholeHost), 2, "{format}: what names no page is refused");
        }
    }
}

#[test]
fn an_address_entry_is_no_wider_than_24_or_48() {
    for (line, refused) in [
        ("203.0.113.0/23", true),
        ("203.0.113.0/24", false),
        ("2001:470::/47", true),
        ("2001:470::/48", false),
        ("0.0.0.0/0", true),
    ] {
        for (format, text) in [
            (Format::Addresses, format!("{line}\n198.51.100.7\n")),
            (Format::Domains, format!("{line}\n198.51.100.7\n")),
            (Format::Adblock, format!("||{line}^\n||198.51.100.7^\n")),
        ] {
            let list = list(Category::ADULT, format, Origin::School, &text);
            assert_eq!(of(list).rejects.of(Reject::TooWide), u64::from(refused), "{format} {line}");
            assert_eq!(closed(list, &["198.51.100.7", "1.2.3.4"]), ["198.51.100.7"]);
        }
    }
}

#[test]
fn an_entry_for_a_whole_platform_is_for_that_host_and_www_alone() {
    for platform in ["github.io", "telegra.ph"] {
        let hosts =
            [platform.to_owned(), format!("www.{platform}"), format!("someone.{platform}"), format!("www.someone.{platform}")];
        let hosts = hosts.each_ref().map(String::as_str);
        for origin in [Origin::Public, Origin::School, Origin::Shipped] {
            let plain = format!("{platform}\n");
            assert_eq!(closed(list(Category::ADULT, Format::Domains, origin, &plain), &hosts), hosts[..2], "{origin:?}");
            let below = format!("||{platform}^\n");
            assert_eq!(closed(list(Category::ADULT, Format::Adblock, origin, &below), &hosts), hosts[..2], "{origin:?}");
        }
        let below = format!("someone.{platform}\n");
        assert_eq!(closed(list(Category::ADULT, Format::Domains, Origin::Public, &below), &hosts), hosts[2..]);
    }
}

#[test]
fn a_name_that_a_format_means_exactly_is_meant_exactly() {
    for (format, text) in [
        (Format::Adblock, "|a.example^\n"),
        (Format::Adblock, "a.example\n"),
        (Format::Rpz, "a.example CNAME .\n"),
        (Format::V2fly, "full:a.example\n"),
    ] {
        let hosts = ["a.example", "www.a.example", "x.a.example"];
        assert_eq!(closed(list(Category::ADULT, format, Origin::Public, text), &hosts), ["a.example"], "{format}");
    }
}

#[test]
fn one_name_has_the_union_of_its_categories() {
    let adult = list(Category::ADULT, Format::Domains, Origin::Public, "a.example\nx.b.example\n");
    let video = list(Category::VIDEO, Format::Wildcard, Origin::Public, "*.a.example\n*.b.example\n");
    let both = CategorySet::of(&[Category::ADULT, Category::VIDEO]);
    let video_only = CategorySet::of(&[Category::VIDEO]);
    assert_eq!(found(&[adult, video], &["a.example", "y.a.example", "x.b.example", "b.example"]), [both, both, both, video_only]);
}
