//! Promises of the lists that ship: what is in `blocklists/` is there, is well formed, and closes nothing it should not.

use schoolgate::lists::{Canaries, Compiled, Format, Known, ListText, Origin, Platforms, Reach, Table, compile_texts};
use schoolgate::words::{Category, CategorySet, Host, Role};
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("blocklists")
}

fn text_of(name: &str) -> String {
    let path = folder().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// As the gate knows it: what ships to let through is a canary too.
/// As a school that has chosen no suite has it: `mail.google.com` is webmail there.
fn known() -> Known {
    let mut canaries = Canaries::read(&mut text_of("canaries.txt").as_bytes()).expect("canaries.txt has no fault");
    for list in ["platform.txt", "help.txt", "education.txt"] {
        canaries.add_every(&mut text_of(list).as_bytes()).unwrap_or_else(|faults| panic!("{list}: {faults:?}"));
    }
    Known { platforms: Platforms::read(&mut text_of("platforms.txt").as_bytes()).expect("platforms.txt has no fault"), canaries }
}

/// Every list that ships, with its category, in order of names.
fn lists() -> Vec<(String, Category)> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .expect("blocklists/ is there")
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".txt") && !["canaries.txt", "never-inside.txt", "platforms.txt"].contains(&name.as_str()))
        .collect();
    names.sort();
    let category = |name: &str| {
        let stem = name.trim_end_matches(".txt");
        let id = if stem.starts_with("platform-") { "platform" } else { stem };
        Category::fixed(id).unwrap_or_else(|| panic!("blocklists/{name} is no category"))
    };
    names.into_iter().map(|name| (name.clone(), category(&name))).collect()
}

fn compiled() -> Compiled {
    let lists = lists();
    let read = |(name, _): &(String, _)| std::fs::read(folder().join(name)).expect("a list is read");
    let texts: Vec<Vec<u8>> = lists.iter().map(read).collect();
    let lists: Vec<ListText> = lists
        .iter()
        .zip(&texts)
        .map(|((name, category), text)| ListText {
            name,
            category: *category,
            format: Format::Detect,
            origin: Origin::Shipped,
            reach: Reach::Below,
            text,
        })
        .collect();
    compile_texts(&lists, &known()).expect("what ships compiles")
}

fn table() -> Table {
    Table::open(Box::new(compiled().bytes)).expect("what is compiled opens")
}

/// The categories that can close something.
fn blocking() -> CategorySet {
    let closes = |c: &&Category| matches!(c.role(), Role::Ordinary | Role::HarmfulCode | Role::Locked);
    Category::FIXED.iter().filter(closes).copied().collect()
}

#[test]
fn every_category_that_ships_has_enough_names() {
    let made = compiled();
    let entries = |category: &str| made.lists.iter().find(|l| l.name == format!("{category}.txt")).map_or(0, |l| l.entries);
    for (least, categories) in [
        (60, "platform education"),
        (40, "adult gambling drugs social-networking bypass games video chat ai-chat dating piracy"),
        (1, "violence weapons hate extremism self-harm crime help rshe malware phishing"),
    ] {
        for category in categories.split(' ') {
            assert!(entries(category) >= least, "{category}: {} entries, {least} wanted", entries(category));
        }
    }
}

#[test]
fn every_line_that_ships_is_taken_once() {
    for list in &compiled().lists {
        assert_eq!((list.rejects.total(), list.duplicates, list.broken), (0, 0, None), "{list}");
        assert_eq!(list.format, Format::Domains, "{}", list.name);
    }
}

#[test]
fn every_file_says_where_it_comes_from() {
    let others = ["canaries.txt", "never-inside.txt", "platforms.txt"].map(str::to_owned);
    for name in lists().into_iter().map(|(name, _)| name).chain(others) {
        let text = text_of(&name);
        let says = |what: &str| text.lines().any(|line| line.starts_with(what));
        assert!(says("# source: "), "blocklists/{name} has no line `# source: …`");
        assert!(says("# licence: "), "blocklists/{name} has no line `# licence: …`");
    }
}

#[test]
fn the_shipped_lists_hit_no_canary() {
    let (table, known) = (table(), known());
    let every = known.canaries.every().map(|canary| (canary, blocking()));
    let popular = known.canaries.popular().map(|canary| (canary, Canaries::HARM));
    let mut hits = Vec::new();
    for (canary, may_not_say) in every.chain(popular) {
        for hit in table.lookup(canary).matches() {
            let says = hit.categories.and(may_not_say);
            if !says.is_empty() {
                hits.push(format!("{} is {says}, and so is {canary}", canary.last_labels(hit.labels)));
            }
        }
    }
    assert!(hits.is_empty(), "{}", hits.join("\n"));
}

#[test]
fn a_whole_platform_is_never_closed_or_opened_with_what_is_below_it() {
    let table = table();
    for platform in text_of("platforms.txt").lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let below = Host::parse(&format!("somebody-unknown.{platform}")).expect("a host");
        for hit in table.lookup(&below).matches() {
            let entry = below.last_labels(hit.labels);
            assert_ne!(entry, platform, "{platform} reaches {below}");
        }
    }
}

/// Compiling is an argument about bytes: the same lists on another day are the same table.
#[test]
fn the_shipped_lists_make_the_same_table_every_time() {
    assert_eq!(compiled().bytes, compiled().bytes);
}
