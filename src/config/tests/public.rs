//! The catalogue of public lists, and what is chosen of it.

use super::*;
use crate::words::{CategorySet, Role};

const CATALOGUE: &str = include_str!("../../../blocklists/sources.toml");

fn source(name: &str, category: &str, default: bool) -> String {
    format!(
        "[[source]]\nname = \"{name}\"\ncategory = \"{category}\"\nurl = \"https://lists.example/{name}\"\nlicence = \"MIT\"\n\
         home = \"https://lists.example/\"\nworth = \"a test\"\ndefault = {default}\n"
    )
}

fn with(sources: &str, main: &str) -> Files {
    Files { sources: text("blocklists/sources.toml", sources), ..files_with(format!("{main}{MAIN}")) }
}

fn chosen(sources: &str, main: &str) -> Vec<String> {
    understood(&with(sources, main)).lists.public.into_iter().map(|list| list.name).collect()
}

#[test]
fn every_category_that_is_blocked_has_a_list_that_is_fetched_or_the_catalogue_says_that_there_is_none() {
    let config = understood(&shipped());
    let listed: CategorySet = config.lists.public.iter().map(|list| list.category).collect();
    let profiles = config.policy.profiles.iter();
    let blocked = profiles.flat_map(|p| p.block.iter()).chain([Category::MALWARE, Category::PHISHING]);
    let line = CATALOGUE.lines().find(|line| line.contains("What public lists do not cover")).expect("the catalogue says so");
    let mut without = 0;
    for category in blocked.collect::<CategorySet>().iter() {
        let id = config.category_id(category);
        let said = line.split("**").nth(1).expect("in bold").split(", ").any(|word| word == id);
        assert_ne!(listed.contains(category), said, "{category}");
        without += usize::from(said);
    }
    assert!(without > 0 && without < 8, "{without}");
}

#[test]
fn the_catalogue_is_whole_and_its_default_comes_first() {
    let all = understood(&Files { main: text("config/schoolgate.toml", MAIN), ..shipped() }).lists.public;
    assert!(all.len() > 25, "{}", all.len());
    let flags: Vec<bool> =
        CATALOGUE.lines().filter_map(|line| line.strip_prefix("default = ")).map(|flag| flag == "true").collect();
    assert_eq!(flags.iter().take_while(|flag| **flag).count(), all.len());
    assert_eq!(flags.iter().filter(|flag| **flag).count(), all.len());
    for list in &all {
        assert!(!list.licence.is_empty() && !list.worth.is_empty() && list.entries.is_some(), "{}", list.name);
        assert!(matches!(list.category.role(), Role::Ordinary | Role::HarmfulCode), "{}", list.name);
        assert!(list.urls.iter().all(|url| url.scheme == crate::words::url::Scheme::Https), "{}", list.name);
    }
    assert!(CATALOGUE.contains("could not be fetched when this was written"));
}

#[test]
fn what_ships_is_fetched_each_night_and_what_is_not_written_never() {
    assert_eq!(understood(&shipped()).lists.update, Update::Daily(3 * 60 + 30));
    assert_eq!(understood(&files()).lists.update, Update::Never);
    assert_eq!(understood(&files_with(format!("[lists]\nupdate = \"never\"\n{MAIN}"))).lists.update, Update::Never);
}

#[test]
fn a_school_chooses_what_is_fetched() {
    let sources = [source("a/one", "games", true), source("a/two", "chat", true), source("b", "adult", false)].concat();
    let school = "[[list]]\nname = \"county\"\ncategory = \"games\"\nurl = \"https://county.example/l\"\n";
    for (written, expected) in [
        ("", vec!["a/one", "a/two"]),
        ("[lists]\nfetch = \"default\"\nwithout = \"a/one\"\n", vec!["a/two"]),
        ("[lists]\nfetch = [\"default\", \"b\"]\n", vec!["a/one", "a/two", "b"]),
        ("[lists]\nfetch = [\"b\"]\n", vec!["b"]),
        ("[lists]\nfetch = []\n", vec![]),
        (school, vec!["a/one", "a/two", "county"]),
    ] {
        assert_eq!(chosen(&sources, written), expected, "{written}");
    }
}

#[test]
fn the_hosts_addresses_are_asked_of_the_doors_upstreams_unless_others_are_written() {
    let asked =
        |main: &str| -> Vec<String> { understood(&with("", main)).lists.bootstrap.iter().map(ToString::to_string).collect() };
    assert_eq!(asked("[dns]\nupstreams = [\"192.0.2.1\"]\n"), ["192.0.2.1:53"]);
    assert_eq!(asked("[lists]\nbootstrap = [\"192.0.2.2\", \"192.0.2.3:5353\"]\n"), ["192.0.2.2:53", "192.0.2.3:5353"]);
    assert_eq!(asked("[lists]\nbootstrap = []\n"), Vec::<String>::new());
}

#[test]
fn no_public_list_and_none_of_the_school_s_may_open_or_be_of_the_locked_tier() {
    for category in ["platform", "help", "rshe", "education", "illegal-csam", "illegal-terrorism", "new"] {
        let faults = read(&with(&source("a/b", category, true), "")).expect_err(category);
        let places: Vec<_> = faults.iter().map(|(path, line, column, _)| (path.display().to_string(), line, column)).collect();
        assert_eq!(places, [("blocklists/sources.toml".to_owned(), 3, 12)], "{category}: {faults}");
        let school = format!("[[list]]\nname = \"county\"\ncategory = \"{category}\"\nurl = \"https://county.example/l\"\n");
        let faults = read(&with("", &school)).expect_err(category);
        let places: Vec<_> = faults.iter().map(|(path, line, column, _)| (path.display().to_string(), line, column)).collect();
        assert_eq!(places, [("config/schoolgate.toml".to_owned(), 3, 12)], "{category}: {faults}");
    }
}

#[test]
fn two_names_never_share_a_folder() {
    let faults =
        read(&with(&[source("a/b-c", "games", true), source("a-b/c", "games", true)].concat(), "")).expect_err("one folder");
    assert!(faults.to_string().contains("would be kept in one folder"), "{faults}");
    for name in ["..", "a/../b", "/etc", "a/b/c", "A", "schoolgate/x", ".a", "a b"] {
        assert!(read(&with(&source(name, "games", true), "")).is_err(), "{name}");
    }
}

#[test]
fn an_address_that_ships_is_told_from_one_that_the_school_wrote() {
    let own = "[[list]]\nname = \"county/chat\"\ncategory = \"chat\"\nurl = \"https://10.0.0.7/chat.txt\"\n";
    let lists = understood(&with(&source("keeper/games", "games", true), own)).lists.public;
    let shipped: Vec<_> = lists.iter().map(|list| (list.name.as_str(), list.shipped)).collect();
    assert_eq!(shipped, [("keeper/games", true), ("county/chat", false)]);
}
