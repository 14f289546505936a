//! What the lists cost: `cargo bench --bench lists -- --corpus DIR [--names 10000000] [--phrases DIR]`.
//!
//! Compiled and opened as the gate does it, with a configuration in a temporary folder that names one `[[list]]` a file of the
//! corpus. What a process needs (memory, locked memory, the peak of a compile) is measured in a child that does nothing
//! else. The last lines are the figures, `figure NAME VALUE UNIT`; where an input is not there, a line above says what stood in for
//! it.

#[path = "lists/ask.rs"]
mod ask;
#[path = "lists/child.rs"]
mod child;
#[path = "lists/corpus.rs"]
mod corpus;
#[path = "support/pages.rs"]
mod pages;
#[path = "lists/school.rs"]
mod school;

use clap::Parser;
use corpus::Corpus;
use school::School;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Where e2guardian's package puts its lists.
const E2GUARDIAN: &str = "/etc/e2guardian/lists";

/// Lines of the source that is added to what is compiled.
const ADDED: usize = 10_000;

/// Times the table is opened.
const OPENED: usize = 101;

#[derive(Debug, Parser)]
#[command(about = "What the lists cost: size, memory, look-ups, compiling, phrases")]
struct Args {
    /// A folder with lists of names, pages and phrases, or with archives of them (*.tar.zst); without it, names are made up
    #[arg(long, value_name = "DIR", env = "SCHOOLGATE_CORPUS")]
    corpus: Option<PathBuf>,
    /// Distinct names in all: what the corpus has, and made-up ones for the rest
    #[arg(long, value_name = "N")]
    names: Option<usize>,
    /// e2guardian's folder of lists [default: phraselists of the corpus, else /etc/e2guardian/lists]
    #[arg(long, value_name = "DIR")]
    phrases: Option<PathBuf>,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
    /// In a child: what to do, and with which configuration
    #[arg(long, hide = true, value_name = "TASK")]
    child: Option<child::Task>,
    #[arg(long, hide = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The figures, in the order they are told.
const FIGURES: [(&str, &str); 12] = [
    ("table_bytes_per_name", "B"),
    ("locked_bytes_per_name", "B"),
    ("private_bytes_per_name", "B"),
    ("open_ms", "ms"),
    ("miss_ns", "ns"),
    ("hit_ns", "ns"),
    ("compile_s", "s"),
    ("compile_peak_mb", "MB"),
    ("add_source_s", "s"),
    ("phrase_mb_s", "MB/s"),
    ("phrase_vs_dfa", "times"),
    ("phrase_automaton_mb", "MB"),
];

fn main() {
    let args = Args::parse_from(known(std::env::args_os()));
    if let (Some(task), Some(config)) = (args.child, &args.config) {
        return child::run(task, config);
    }
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let corpus = Corpus::find(args.corpus.as_deref(), args.names, temporary.path());
    let of_names = names(&corpus, temporary.path());
    let of_phrases = phrases(&args, &corpus);

    println!();
    for ((name, unit), value) in FIGURES.into_iter().zip(of_names.into_iter().chain(of_phrases)) {
        println!("figure {name} {value:.3} {unit}");
    }
}

/// What this bench understands: cargo gives every bench the arguments that are meant for one.
fn known(mut given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = given.next().into_iter().collect();
    while let Some(arg) = given.next() {
        let name = arg.to_string_lossy().split('=').next().unwrap_or_default().to_owned();
        match name.as_str() {
            "--corpus" | "--names" | "--phrases" | "--child" | "--config" => {
                let value = if *arg == *name { given.next() } else { None };
                args.extend([Some(arg), value].into_iter().flatten());
            }
            "--bench" | "--help" | "-h" => args.push(arg),
            _ => println!("passed over: {name}"),
        }
    }
    args
}

/// The first nine figures.
fn names(corpus: &Corpus, temporary: &Path) -> [f64; 9] {
    let school = School::new(&temporary.join("school"), &corpus.lists);
    println!("compiling {} lists", corpus.lists.len());
    let compiled: child::Compiled = child::start(child::Task::Compile, &school.config);
    let size = std::fs::metadata(school.table()).expect("the table is there").len() as f64;
    let memory: child::Opened = child::start(child::Task::Open, &school.config);
    let (table, open_ms) = school.open(OPENED);
    let names = table.stats().names as f64;
    println!("{} distinct names, {} kinds, {:.1} MB", table.stats().names, table.stats().kinds, size / 1e6);
    if !memory.locked {
        println!("the system does not allow the filter to be locked (ulimit -l): its size stands for what would be");
    }
    println!("compiled in {:.1} s, with {:.1} s of processors", compiled.seconds, compiled.cpu_seconds);
    let locked_bytes = if memory.locked { memory.locked_bytes } else { table.stats().filter_bytes };

    println!("looking up");
    let listed = ask::listed(&corpus.lists, &table);
    let unlisted = ask::unlisted(corpus.popular.as_deref(), &table);
    let (miss, hit) = (ask::nanoseconds(&table, &unlisted, false), ask::nanoseconds(&table, &listed, true));
    drop(table);

    println!("adding a list of {ADDED} lines");
    let added = corpus.one_more(temporary, ADDED);
    school.add(&added);
    let (begun, cpu) = (Instant::now(), child::cpu_seconds());
    school.compile();
    let add_source = begun.elapsed().as_secs_f64();
    println!("added in {add_source:.1} s, with {:.1} s of processors", child::cpu_seconds() - cpu);
    let grown = std::fs::read(school.table()).expect("the table is there");
    let all: Vec<_> = corpus.lists.iter().cloned().chain([added]).collect();
    let scratch = School::new(&temporary.join("scratch"), &all);
    scratch.compile();
    assert!(std::fs::read(scratch.table()).expect("the table is there") == grown, "a list added gives another table");

    [
        size / names,
        locked_bytes as f64 / names,
        memory.private_bytes as f64 / names,
        open_ms,
        miss,
        hit,
        compiled.seconds,
        compiled.peak_bytes as f64 / 1e6,
        add_source,
    ]
}

/// The last three figures.
fn phrases(args: &Args, corpus: &Corpus) -> [f64; 3] {
    let installed = PathBuf::from(E2GUARDIAN);
    let folder = args.phrases.clone().or_else(|| corpus.phrases.clone()).or_else(|| installed.is_dir().then_some(installed));
    let (phrases, from) = match folder {
        Some(folder) => (pages::e2guardian(&folder), folder.display().to_string()),
        None => (own_phrases(), "the terms that ship (no e2guardian: apt-get install e2guardian, or --phrases)".into()),
    };
    let (text, of) = match &corpus.pages {
        Some(folder) => (pages::pages(folder), folder.display().to_string()),
        None => (own_text(), "the project's own texts, again and again (no folder of *.html in the corpus)".into()),
    };
    println!("{} phrases from {from}; {} bytes of text from {of}", phrases.len(), text.len());
    let measured = pages::measure(&phrases, &text);
    let pages::Figures { dfa_mb_s, dfa_mb, hits, .. } = measured;
    println!("{hits} hits, the same as aho-corasick's DFA finds at {dfa_mb_s:.0} MB/s with {dfa_mb:.1} MB");
    [measured.mb_s, measured.vs_dfa, measured.automaton_mb]
}

/// Some text to look through where there are no pages: what the project's decisions say, to eight million bytes.
fn own_text() -> Vec<u8> {
    let folder = std::fs::read_dir(school::project().join("docs/decisions")).expect("the decisions");
    let mut files: Vec<PathBuf> = folder.map(|e| e.expect("it can be read").path()).filter(|p| p.is_file()).collect();
    files.sort();
    let text: Vec<u8> = files.iter().flat_map(|file| std::fs::read(file).expect("a decision")).collect();
    let text = text.to_ascii_lowercase();
    text.iter().copied().cycle().take(if text.is_empty() { 0 } else { 8_000_000 }).collect()
}

/// The spellings of the terms that ship.
fn own_phrases() -> Vec<Vec<u8>> {
    let folder = std::fs::read_dir(school::project().join("blocklists/phrases")).expect("the terms that ship");
    let mut files: Vec<PathBuf> = folder.map(|e| e.expect("it can be read").path()).filter(|p| p.is_file()).collect();
    files.sort();
    let mut phrases = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a term file");
        let terms = schoolgate::lists::phrases::file::read(&text).expect("it reads");
        phrases.extend(terms.into_iter().flat_map(|term| term.spellings).map(String::into_bytes));
    }
    phrases
}
