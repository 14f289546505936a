//! What a byte of text costs: `cargo bench --bench phrases -- [--pages DIR] [--phrases DIR]`.
//!
//! `--pages` (or `SCHOOLGATE_PAGES`) is a folder of `*.html`; `--phrases` (or `SCHOOLGATE_PHRASES`) e2guardian's folder of lists,
//! `/etc/e2guardian/lists` where it is installed. Without them the terms that ship are the phrases, and their examples the text.
//! Ours and aho-corasick's DFA take turns in one process: on a busy machine the ratio says more than the speed.

#[path = "support/pages.rs"]
mod pages;

use schoolgate::lists::phrases::{Matcher, Term, file};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// As much as a body comes in at a time.
const CHUNK: usize = 16 * 1024;

fn main() {
    let terms = terms();
    let examples: Vec<&str> = terms.iter().flat_map(|term| [term.positive.as_str(), term.negative.as_str()]).collect();
    let dense = examples.join(". ").repeat(16).into_bytes();
    let text = folder("--pages", "SCHOOLGATE_PAGES").map_or_else(|| dense.clone(), |folder| pages::pages(&folder));
    let spellings = || terms.iter().flat_map(|term| &term.spellings).map(|s| s.as_bytes().to_vec()).collect();
    let phrases: Vec<Vec<u8>> =
        folder("--phrases", "SCHOOLGATE_PHRASES").map_or_else(spellings, |folder| pages::e2guardian(&folder));

    let told = |what: &str, text: &[u8]| {
        let figures = pages::measure(&phrases, text);
        let pages::Figures { mb_s, dfa_mb_s, automaton_mb, dfa_mb, hits, .. } = figures;
        println!(
            "{what}: {} phrases, {} bytes, {hits} hits: {mb_s:.0} MB/s with {automaton_mb:.2} MB, DFA {dfa_mb_s:.0} MB/s with {dfa_mb:.1} MB",
            phrases.len(),
            text.len()
        );
        figures
    };
    let figures = told("text", &text);
    // The two ends: nothing but phrases, and nothing that could be one.
    told("nothing but phrases", &phrases.join(&b' ').repeat(8));
    told("nothing at all", &b"0123456789+/=".repeat(80_000));

    let matcher = Matcher::new(terms.clone()).expect("the terms that ship fit");
    let shipped = normalised(&matcher, &text);
    println!("terms that ship, from raw text to hits: {} terms, {shipped:.0} MB/s", terms.len());
    println!("figure phrase_mb_s {:.1} MB/s", figures.mb_s);
    println!("figure phrase_vs_dfa {:.2} times", figures.vs_dfa);
    println!("figure phrase_automaton_mb {:.2} MB", figures.automaton_mb);
    println!("figure phrase_normalised_mb_s {shipped:.1} MB/s");
}

/// The whole way: normalised, looked through, judged by what is near.
fn normalised(matcher: &Matcher, text: &[u8]) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let began = Instant::now();
        let mut hits = 0_u64;
        let mut scan = matcher.scan();
        text.chunks(CHUNK).for_each(|chunk| scan.push(chunk, &mut |_| hits += 1));
        scan.end(&mut |_| hits += 1);
        std::hint::black_box(hits);
        best = best.min(began.elapsed());
    }
    text.len() as f64 / 1e6 / best.as_secs_f64()
}

fn terms() -> Vec<Term> {
    let folder = std::fs::read_dir("blocklists/phrases").expect("the terms that ship");
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.expect("its entries").path()).collect();
    paths.sort();
    let read = |path: PathBuf| file::read(&std::fs::read_to_string(path).expect("a term file")).expect("it reads");
    paths.into_iter().flat_map(read).collect()
}

/// A folder by option or environment. What else cargo hands over (`--bench`) is not ours.
fn folder(option: &str, variable: &str) -> Option<PathBuf> {
    let mut arguments = std::env::args().skip_while(|argument| argument != option);
    arguments.nth(1).or_else(|| std::env::var(variable).ok()).map(PathBuf::from)
}
