//! Promises of the table over whole lists: what a list names is found, and nothing else is. The lists are made up; with
//! `SCHOOLGATE_CORPUS=DIR` the lists of that folder are taken as well, which takes minutes.

#[path = "lists/made.rs"]
mod made;
#[path = "lists/naive.rs"]
mod naive;

use made::Random;
use naive::{List, Reference};
use schoolgate::lists::found::MAX_MATCHES;
use schoolgate::lists::{
    Broken, Canaries, Format, Known, ListId, ListText, Origin, Platforms, Provenance, Reach, Refusal, Table, compile_texts, guard,
};
use schoolgate::words::{Category, CategorySet, Host};
use std::collections::BTreeMap;

/// What is looked for of each list, and what is asked of all of them.
const OF_EACH: usize = 10_000;
const ASKED: usize = 500_000;

fn shipped(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("blocklists").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn platforms() -> Platforms {
    Platforms::read(&mut shipped("platforms.txt").as_slice()).expect("platforms.txt has no fault")
}

fn compiled<'a>(lists: &'a [List], origin: Origin, known: &Known) -> (Table, Vec<Provenance>) {
    let text = |list: &'a List| ListText {
        name: &list.name,
        category: list.category,
        format: list.format,
        origin,
        reach: Reach::Below,
        text: &list.text,
    };
    let texts: Vec<ListText> = lists.iter().map(text).collect();
    let made = compile_texts(&texts, known).expect("memory can be read");
    (Table::open(Box::new(made.bytes)).expect("what is compiled opens"), made.lists)
}

/// The school's own lists, so that no canary takes an entry out: how names are found is what is asked here.
fn table(lists: &[List]) -> Table {
    compiled(lists, Origin::School, &Known { platforms: platforms(), canaries: Canaries::default() }).0
}

fn lists() -> Vec<List> {
    made::corpus().map_or_else(|| made::lists(12_000), |folder| made::corpus_lists(&folder))
}

#[test]
fn ten_thousand_random_names_of_each_list_are_found_in_it() {
    let lists = lists();
    let (table, platforms) = (table(&lists), platforms());
    let reference = Reference::new(&lists, &platforms);
    let mut random = Random(17);
    for (number, list) in lists.iter().enumerate() {
        let entries = naive::read(list, &platforms).entries;
        let some: Vec<_> =
            if entries.len() <= OF_EACH { entries.iter().collect() } else { (0..OF_EACH).map(|_| random.of(&entries)).collect() };
        for entry in &some {
            let found = table.lookup(&entry.host);
            let labels = if entry.host.is_address() { 1 } else { entry.host.labels() };
            let own = found.matches().iter().find(|m| m.labels == labels);
            let saying = |list: usize| own.is_some_and(|m| table.kind_sources(m.kind).any(|s| usize::from(s.list.0) == list));
            assert_eq!(saying(number), !reference.excepts(number, &entry.host), "{} in {}", entry.host, list.name);
        }
        let total = table.list(ListId(number as u16)).map_or(0, |l| l.entries);
        assert!(some.is_empty() || total > 0, "{}", list.name);
        println!("{}: {} of {total} entries", list.name, some.len());
    }
}

/// Popular names if there is a corpus; else names that are listed, lie below or above what is listed, or are made up alike.
fn asked(reference: &Reference) -> Vec<String> {
    if let Some(file) = made::corpus_file("popular-half.txt") {
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        return text.lines().map(str::to_owned).collect();
    }
    let mut listed: Vec<&String> = reference.names().collect();
    listed.sort();
    let mut random = Random(19);
    let one = |random: &mut Random| match random.below(8) {
        0 => (*random.of(&listed)).clone(),
        1 => format!("www.{}", random.of(&listed)),
        2 => format!("x.{}", random.of(&listed)),
        3 => format!("not-{}", random.of(&listed)),
        4 => random.of(&listed).split_once('.').map_or_else(String::new, |(_, parent)| parent.to_owned()),
        5 => format!("www.a.{}", random.of(&listed)),
        _ => made::name(random),
    };
    (0..ASKED).map(|_| one(&mut random)).collect()
}

#[test]
fn half_a_million_names_are_blocked_exactly_where_a_set_and_a_walk_say() {
    let lists = lists();
    let table = table(&lists);
    let reference = Reference::new(&lists, &platforms());
    let (mut asked_for, mut blocked) = (0u32, 0u32);
    for host in asked(&reference).iter().filter_map(|name| Host::parse(name).ok()) {
        let found = table.lookup(&host);
        let expected = reference.look_up(&host);
        let union: CategorySet = expected.values().flat_map(|categories| categories.iter()).collect();
        assert_eq!(found.categories(), union, "{host}");
        let mut by_labels: BTreeMap<u8, CategorySet> = BTreeMap::new();
        for matched in found.matches() {
            // Several patterns may fit one host.
            let said = by_labels.entry(matched.labels).or_insert(CategorySet::EMPTY);
            matched.categories.iter().for_each(|category| said.insert(category));
        }
        let longest: BTreeMap<_, _> = expected.into_iter().rev().take(MAX_MATCHES).collect();
        assert_eq!(by_labels, longest, "{host}");
        asked_for += 1;
        blocked += u32::from(!found.categories().is_empty());
    }
    println!("{blocked} of {asked_for} are on a list");
    assert!(asked_for > ASKED as u32 * 9 / 10 && blocked > 0, "{blocked} of {asked_for}");
}

fn known() -> Known {
    let mut canaries = Canaries::read(&mut shipped("canaries.txt").as_slice()).expect("canaries.txt has no fault");
    for list in ["platform.txt", "platform-google-workspace.txt", "platform-microsoft365.txt", "help.txt", "education.txt"] {
        canaries.add_every(&mut shipped(list).as_slice()).unwrap_or_else(|faults| panic!("{list}: {faults:?}"));
    }
    Known { platforms: platforms(), canaries }
}

/// With a corpus: every list of it that is for blocking is used. A list of nothing but rules that are not honoured is empty, and
/// said to be.
#[test]
fn no_real_list_is_refused_wrongly() {
    let lists = made::corpus().map_or_else(|| made::lists(2000), |folder| made::corpus_lists(&folder));
    assert!(lists.iter().any(|list| list.name.starts_with("made") || made::category_of(&list.name).is_some()));
    let (_, read) = compiled(&lists, Origin::Public, &known());
    let mut refused = Vec::new();
    for (list, now) in lists.iter().zip(&read) {
        let hits = guard::canary_hits(now);
        let outcome = guard::judge(None, now, false);
        if hits > 0 {
            let words = outcome.map_or_else(|refusal| refusal.as_str(), |()| "used");
            let category = made::category_of(&list.name).map_or("not for blocking".into(), |c| c.to_string());
            println!("{} ({category}): {} entries, {hits} canary hits: {words}", list.name, now.entries);
        }
        match outcome {
            Err(Refusal::Broken(Broken::NoEntries)) if naive::read(list, &known().platforms).entries.is_empty() => {}
            Err(_) if made::category_of(&list.name).is_none() => {}
            Err(refusal) => refused.push(format!("{}: {refusal}\n{now}", list.name)),
            Ok(()) => {}
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// A list of another kind that came under a gambling list's address.
#[test]
fn a_list_that_closes_what_a_school_needs_is_refused() {
    let mut text = String::from_utf8_lossy(&shipped("education.txt")).into_owned();
    text.push_str(&"some-casino.example\n".repeat(10));
    let list =
        List { name: "some/gambling".into(), category: Category::GAMBLING, format: Format::Domains, text: text.into_bytes() };
    let (table, read) = compiled(&[list], Origin::Public, &known());
    let refusal = guard::judge(None, &read[0], false).expect_err("it is refused");
    assert!(matches!(refusal, Refusal::Canaries { hits, .. } if hits > 100), "{refusal}");
    let found = table.lookup(&Host::parse("www.bbc.co.uk").expect("a host"));
    assert!(found.categories().is_empty(), "what was dropped is not in the table either way");
}
