//! Texts to be scored: real pages cut to size, prose with nine phrases a kilobyte, and one page with every phrase there is.

use std::path::Path;

/// Texts of each kind; a client asks for one after the other.
pub const OF_A_KIND: usize = 16;

/// Kinds, and the octets of each of their texts.
pub const KINDS: [(&str, usize); 4] = [("real10k", 10_000), ("real100k", 100_000), ("dense10k", 10_000), ("dense100k", 100_000)];

/// The page that everyone refuses who looks for all phrases.
pub const EVERYTHING: &str = "everything";

/// How it ends: no page of a server's own does.
pub const END_OF_EVERYTHING: &[u8] = b" . </body></html>";

/// The limit of everyone, which no text of a kind comes near: all phrases together weigh three times as much.
pub const LIMIT: u32 = 100_000;

/// Words that are in no phrase.
const WORDS: &[&str] =
    &["meadow", "lantern", "between", "quietly", "harbour", "thirteen", "cobbled", "umbrella", "walked", "evening"];

/// Writes them. Without a folder of pages, the real ones are made of words.
pub fn write(folder: &Path, pages: Option<&Path>, phrases: &[Vec<u8>]) {
    std::fs::create_dir_all(folder).expect("a folder");
    let put = |name: &str, text: &[u8]| std::fs::write(folder.join(name), text).expect("written");
    let mut real: Vec<Vec<u8>> = pages.into_iter().flat_map(html).collect();
    real.sort();
    if real.is_empty() {
        println!("no folder of pages: those to be scored are made of words");
        real = (0..OF_A_KIND).map(|n| prose(150_000, n, &[], 0)).collect();
    }
    for (kind, octets) in KINDS {
        let long: Vec<&Vec<u8>> = real.iter().filter(|page| page.len() >= octets).collect();
        for n in 0..OF_A_KIND {
            let text = match (kind.starts_with("real"), long.get(n % long.len().max(1))) {
                (true, Some(page)) => page[..octets].to_vec(),
                (true, None) => prose(octets, n, &[], 0),
                (false, _) => prose(octets, n, phrases, 9),
            };
            put(&format!("{kind}-{n}"), &text);
        }
    }
    let all = phrases.join(&b" . "[..]);
    put(EVERYTHING, &[b"<html><body>", &all[..], END_OF_EVERYTHING].concat());
}

/// Pages of a folder and those below it.
fn html(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries
        .flat_map(|path| match (path.is_dir(), path.extension().is_some_and(|end| end == "html")) {
            (true, _) => html(&path),
            (false, true) => std::fs::read(&path).into_iter().collect(),
            (false, false) => Vec::new(),
        })
        .collect()
}

/// So many octets of words, with so many of the phrases in each thousand.
fn prose(octets: usize, seed: usize, phrases: &[Vec<u8>], each: usize) -> Vec<u8> {
    let mut text = b"<html><body><p>".to_vec();
    let (mut at, mut put) = (seed * 7919, 0);
    while text.len() < octets {
        at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = at >> 33;
        if !phrases.is_empty() && put * 1000 < text.len() * each {
            text.extend_from_slice(&phrases[random % phrases.len()]);
            put += 1;
        } else {
            text.extend_from_slice(WORDS[random % WORDS.len()].as_bytes());
        }
        text.push(b' ');
    }
    text.truncate(octets);
    text
}
