//! Pages and phrases of a bench, and our engine beside aho-corasick's DFA on them.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use schoolgate::lists::phrases::engine::Engine;
use std::collections::{BTreeSet, HashSet};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Passes of each, one of ours and one of theirs in turn; the best of each counts, as what else the machine does only slows.
const PASSES: usize = 25;

/// How our engine does beside the DFA, in this process.
pub struct Figures {
    pub mb_s: f64,
    /// Times as fast as the DFA.
    pub vs_dfa: f64,
    pub dfa_mb_s: f64,
    pub automaton_mb: f64,
    pub dfa_mb: f64,
    pub hits: usize,
}

/// Both over the same text, with the same hits or a panic.
pub fn measure(phrases: &[Vec<u8>], text: &[u8]) -> Figures {
    let ours = Engine::build(phrases).expect("the phrases fit");
    let dfa = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(phrases).expect("they fit a DFA too");
    let mut found = Vec::new();
    ours.find_overlapping(text, |phrase, end| found.push((end, phrase)));
    found.sort_unstable();
    let mut expected: Vec<_> = dfa.find_overlapping_iter(text).map(|m| (m.end(), m.pattern().as_usize())).collect();
    expected.sort_unstable();
    assert!(found == expected, "{} hits, not the {} of aho-corasick", found.len(), expected.len());
    let (mut best, mut best_dfa) = (Duration::MAX, Duration::MAX);
    for _ in 0..PASSES {
        let began = Instant::now();
        let mut hits = 0;
        ours.find_overlapping(black_box(text), |phrase, end| hits += black_box(phrase ^ end) & 1 | 1);
        black_box(hits);
        best = best.min(began.elapsed());
        let began = Instant::now();
        let mut hits = 0;
        dfa.find_overlapping_iter(black_box(text)).for_each(|m| hits += black_box(m.pattern().as_usize() ^ m.end()) & 1 | 1);
        black_box(hits);
        best_dfa = best_dfa.min(began.elapsed());
    }
    let mb_s = |time: Duration| text.len() as f64 / 1e6 / time.as_secs_f64();
    Figures {
        mb_s: mb_s(best),
        vs_dfa: best_dfa.as_secs_f64() / best.as_secs_f64(),
        dfa_mb_s: mb_s(best_dfa),
        automaton_mb: ours.bytes() as f64 / 1e6,
        dfa_mb: dfa.memory_usage() as f64 / 1e6,
        hits: found.len(),
    }
}

/// The text of all `*.html` of a folder, as e2guardian would look through it: lower case, one space for many.
pub fn pages(folder: &Path) -> Vec<u8> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).expect("the folder of pages").flatten().map(|e| e.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "html"));
    paths.sort();
    let mut text = Vec::new();
    for path in paths {
        text_of(&std::fs::read(&path).expect("a page"), &mut text);
        text.push(b' ');
    }
    text
}

/// Without tags, comments, scripts and styles.
fn text_of(html: &[u8], text: &mut Vec<u8>) {
    let begins = |rest: &[u8], with: &[u8]| rest.len() >= with.len() && rest[..with.len()].eq_ignore_ascii_case(with);
    let mut rest = html;
    while let [byte, after @ ..] = rest {
        if *byte != b'<' {
            match byte.is_ascii_whitespace() {
                true if text.last() == Some(&b' ') => {}
                true => text.push(b' '),
                false => text.push(byte.to_ascii_lowercase()),
            }
            rest = after;
            continue;
        }
        let ends: [(&[u8], &[u8]); 4] = [(b"<script", b"</script>"), (b"<style", b"</style>"), (b"<!--", b"-->"), (b"<", b">")];
        let end = ends.iter().find(|(begin, _)| begins(rest, begin)).map_or(&b">"[..], |(_, end)| end);
        let length = (0..rest.len()).find(|&at| begins(&rest[at..], end)).map_or(rest.len(), |at| at + end.len());
        rest = &rest[length..];
        if text.last() != Some(&b' ') {
            text.push(b' ');
        }
    }
}

/// The phrases of e2guardian's weighted list and all that it names, from its folder of lists (`/etc/e2guardian/lists`): their
/// bytes in lower case, without the weights. Not our reader's, which joins phrases that read alike and rejects some.
pub fn e2guardian(folder: &Path) -> Vec<Vec<u8>> {
    let mut phrases = BTreeSet::new();
    let mut files = vec![folder.join("weightedphraselist")];
    let mut read = HashSet::new();
    while let Some(path) = files.pop() {
        if !read.insert(path.clone()) {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for line in bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
            if let Some(named) = line.strip_prefix(b".Include<") {
                let named = String::from_utf8_lossy(named);
                if let Some((_, named)) = named.split('>').next().and_then(|path| path.split_once("/lists/")) {
                    files.push(folder.join(named));
                }
            } else if line.starts_with(b"<") {
                let rule = line.split(|&byte| byte == b'#').next().unwrap_or_default();
                let inner = rule.split(|&byte| byte == b'<').filter_map(|piece| piece.split(|&byte| byte == b'>').next());
                let number = |p: &[u8]| p.strip_prefix(b"-").unwrap_or(p).iter().all(u8::is_ascii_digit);
                phrases.extend(inner.filter(|p| !p.is_empty() && !number(p)).map(<[u8]>::to_ascii_lowercase));
            }
        }
    }
    phrases.into_iter().collect()
}
