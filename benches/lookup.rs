//! What a look-up costs, and what a name costs: `cargo bench --bench lookup`.
//!
//! `SCHOOLGATE_CORPUS=DIR` takes every `*.txt` of a folder as a list of plain names; without it a million names are made up.
//! `SCHOOLGATE_ASKED=FILE` takes the names to miss with (popular names, say) from a file; without it they are made up.
//! Asked names are walked through in an order of their own, so that neighbours in the table are not neighbours in time.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use schoolgate::lists::{Format, Known, ListText, Origin, Reach, Table, compile_texts};
use schoolgate::words::{Category, Host};
use std::hint::black_box;
use std::time::Instant;

/// Hosts asked in turn: more than any branch predictor keeps, few enough that they are not themselves what is waited for.
const ASKED: usize = 8192;

/// A corpus: for each list its name and its text.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let Some(folder) = std::env::var_os("SCHOOLGATE_CORPUS") else { return vec![("made-up".into(), made_up(1_000_000))] };
    let mut lists: Vec<_> = std::fs::read_dir(&folder)
        .expect("SCHOOLGATE_CORPUS is a folder")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .map(|path| (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), std::fs::read(&path).expect("a list")))
        .collect();
    lists.sort();
    lists
}

/// Names as lists hold them: a few endings, words and digits, some with a host in front.
fn made_up(count: u64) -> Vec<u8> {
    let endings = ["com", "net", "org", "ru", "co.uk", "xyz", "top", "info"];
    let words = ["free", "best", "casino", "video", "cam", "bet", "live", "shop", "hot", "play", "my", "x", "win", "club"];
    let mut random = Random(7);
    let mut text = Vec::new();
    for _ in 0..count {
        let (a, b, n) = (random.below(words.len()), random.below(words.len()), random.below(100_000));
        let host = ["", "", "", "www.", "m."][random.below(5)];
        text.extend(format!("{host}{}{}{n}.{}\n", words[a], words[b], endings[random.below(endings.len())]).bytes());
    }
    text
}

/// Numbers without a pattern, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(self.0 ^ (self.0 >> 33)) * end as u128) >> 64) as usize
    }
}

fn table(lists: &[(String, Vec<u8>)]) -> Table {
    let texts: Vec<ListText> = lists
        .iter()
        .enumerate()
        .map(|(i, (name, text))| ListText {
            name,
            // The corpus has categories of its own; which of ours stands for one is no matter here.
            category: Category::fixed(name).unwrap_or(Category::FIXED[6 + i % 30]),
            format: Format::Detect,
            origin: Origin::School,
            reach: Reach::Below,
            text,
        })
        .collect();
    let begun = Instant::now();
    let made = compile_texts(&texts, &Known::default()).expect("memory can be read");
    let compiled = begun.elapsed();
    let begun = Instant::now();
    let table = Table::open(Box::new(made.bytes)).expect("a table");
    let opened = begun.elapsed();
    let stats = table.stats();
    println!(
        "{} names, {} kinds: compiled in {compiled:.1?}, opened in {opened:.1?}; {:.2} bytes a name, {:.2} of them the filter",
        stats.names,
        stats.kinds,
        stats.bytes as f64 / stats.names as f64,
        stats.filter_bytes as f64 / stats.names as f64,
    );
    table
}

/// Listed names, in an order of their own.
fn listed(lists: &[(String, Vec<u8>)], table: &Table) -> Vec<Host> {
    let names: Vec<&str> = lists
        .iter()
        .flat_map(|(_, text)| std::str::from_utf8(text).unwrap_or_default().lines())
        .filter(|l| !l.is_empty())
        .collect();
    let mut random = Random(11);
    let hosts = std::iter::repeat_with(|| names[random.below(names.len())]).filter_map(|n| Host::parse(n).ok());
    hosts.filter(|h| !table.lookup(h).categories().is_empty()).take(ASKED).collect()
}

/// Names of three labels that no list holds.
fn unlisted(table: &Table) -> Vec<Host> {
    let mut random = Random(13);
    let asked =
        std::env::var_os("SCHOOLGATE_ASKED").map(|path| std::fs::read_to_string(path).expect("SCHOOLGATE_ASKED is a file"));
    let popular: Vec<&str> = asked.as_deref().map(|text| text.lines().collect()).unwrap_or_default();
    let name = || match popular.len() {
        0 => format!("www.school-lesson{}.org", random.below(1 << 30)),
        n => format!("www.{}", popular[random.below(n)]),
    };
    let hosts = std::iter::repeat_with(name).filter_map(|n| Host::parse(&n).ok());
    hosts.filter(|h| h.labels() == 3 && table.lookup(h).categories().is_empty()).take(ASKED).collect()
}

fn lookup(c: &mut Criterion) {
    let lists = corpus();
    let table = table(&lists);
    let mut group = c.benchmark_group("lookup");
    group.throughput(Throughput::Elements(1));
    for (name, hosts) in [("miss", unlisted(&table)), ("hit", listed(&lists, &table))] {
        let mut next = hosts.iter().cycle();
        group.bench_function(name, |b| b.iter(|| next.next().map(|host| black_box(table.lookup(black_box(host))))));
    }
    group.finish();
}

criterion_group!(benches, lookup);
criterion_main!(benches);
