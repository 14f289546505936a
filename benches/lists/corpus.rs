#![allow(dead_code, reason = "a rig that several benches share: none needs all of it")]
//! Where the names, pages and phrases are, however their folders are arranged.

use schoolgate::words::Category;
use std::collections::HashSet;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Made-up names if no corpus is given.
const MADE_UP: usize = 1_000_000;

/// A list of plain names.
#[derive(Debug, Clone)]
pub struct List {
    pub name: String,
    pub category: Category,
    pub file: PathBuf,
}

#[derive(Debug)]
pub struct Corpus {
    pub lists: Vec<List>,
    /// Names that few lists hold.
    pub popular: Option<PathBuf>,
    /// A folder of `*.html`.
    pub pages: Option<PathBuf>,
    /// e2guardian's folder of lists.
    pub phrases: Option<PathBuf>,
}

impl Corpus {
    /// Unpacks what is packed, finds what is there, and makes up what is missing to so many names.
    pub fn find(folder: Option<&Path>, names: Option<usize>, temporary: &Path) -> Self {
        let (mut files, mut names_of): (Vec<PathBuf>, Vec<PathBuf>) = (Vec::new(), Vec::new());
        if let Some(folder) = folder {
            // The configuration that will name the files stands in another folder.
            let folder = &std::path::absolute(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
            files = self::files(folder);
            names_of.extend(files.iter().filter(|file| is_names(file, folder)).cloned());
            let archives = files.clone();
            for into in archives.iter().filter_map(|archive| unpacked(archive, temporary)) {
                let found = self::files(&into);
                // What an archive is called says what is in it.
                names_of.extend(found.iter().filter(|file| is_names(file, into.parent().unwrap_or(&into))).cloned());
                files.extend(found);
            }
        }
        let mut lists: Vec<List> = Vec::new();
        for file in names_of {
            let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
            let stem: String = file.file_stem().unwrap_or_default().to_string_lossy().chars().map(plain).collect();
            // A corpus has categories of its own; which of ours stands for one is no matter here.
            let category = Category::fixed(&stem).unwrap_or(ORDINARY[lists.len() % ORDINARY.len()]);
            let size = |file: &Path| std::fs::metadata(file).map_or(0, |meta| meta.len());
            let same = lists.iter().filter(|list| list.file.file_name() == file.file_name());
            if same.clone().any(|list| size(&list.file) == size(&file)) {
                println!("{} is there twice, perhaps packed and unpacked: read once", file.display());
                continue;
            }
            let name = match same.count() {
                0 => format!("corpus/{stem}"),
                more => format!("corpus/{stem}-{more}"),
            };
            lists.push(List { name, category, file });
        }
        let (distinct, of_corpus) = (distinct(&lists), !lists.is_empty());
        println!("{distinct} distinct names in {} lists of the corpus", lists.len());
        let wanted = names.unwrap_or(if of_corpus { 0 } else { MADE_UP });
        if wanted > distinct {
            let file = temporary.join("made-up.txt");
            println!("making up {} names", wanted - distinct);
            make_up(&file, wanted - distinct, 7);
            lists.push(List { name: "made/up".into(), category: Category::ADULT, file });
        }
        let named = |name: &str| files.iter().find(|f| f.file_name().is_some_and(|n| n == name)).cloned();
        let page = files.iter().find(|f| f.extension().is_some_and(|e| e == "html"));
        Self {
            lists,
            popular: named("popular-half.txt"),
            pages: page.and_then(|page| page.parent()).map(Path::to_owned),
            phrases: named("weightedphraselist").and_then(|file| file.parent().map(Path::to_owned)),
        }
    }

    /// A list of so many names that are in none of the others.
    pub fn one_more(&self, temporary: &Path, names: usize) -> List {
        let file = temporary.join("one-more.txt");
        make_up(&file, names, 97);
        List { name: "made/one-more".into(), category: Category::GAMES, file }
    }
}

const ORDINARY: [Category; 8] = [
    Category::VIDEO,
    Category::MUSIC,
    Category::GAMES,
    Category::SHOPPING,
    Category::SOCIAL_NETWORKING,
    Category::CHAT,
    Category::FORUMS,
    Category::ADVERTS,
];

/// Unpacks an archive into a folder of its own; one that cannot be is passed over.
fn unpacked(archive: &Path, temporary: &Path) -> Option<PathBuf> {
    let stem = archive.file_name()?.to_str()?.strip_suffix(".tar.zst")?;
    let into = temporary.join("corpus").join(stem);
    println!("unpacking {}", archive.display());
    std::fs::create_dir_all(&into).expect("a folder");
    let status = Command::new("tar").arg("--zstd").arg("-xf").arg(archive).arg("-C").arg(&into).status();
    if !status.is_ok_and(|status| status.success()) {
        println!("{} cannot be unpacked (are tar and zstd there?): what came out of it is used", archive.display());
    }
    Some(into)
}

/// `*.txt` whose first lines are names, unless it is in a folder of harmless names, of pages or of lists in other formats.
/// What stands above `root` says nothing.
fn is_names(file: &Path, root: &Path) -> bool {
    let below = file.strip_prefix(root).unwrap_or(file);
    let parts: Vec<_> = below.iter().filter_map(|part| part.to_str()).collect();
    let within = |name: &str| parts.split_last().is_some_and(|(_, above)| above.iter().any(|part| part.starts_with(name)));
    if file.extension().is_none_or(|e| e != "txt") || within("benign") || within("html") || within("lists") {
        return false;
    }
    let Ok(opened) = std::fs::File::open(file) else { return false };
    let mut first = BufReader::new(opened).lines().map_while(Result::ok).take(20).peekable();
    first.peek().is_some()
        && first.all(|line| schoolgate::words::Host::parse(line.trim()).is_ok_and(|h| h.labels() > 1 || h.is_address()))
}

/// How many distinct names lists of plain names hold.
fn distinct(lists: &[List]) -> usize {
    // By hash: a count that may be one too small in many millions, in an eighth of the memory.
    let mut seen: HashSet<u64> = HashSet::new();
    for list in lists {
        let file = std::fs::File::open(&list.file).unwrap_or_else(|e| panic!("{}: {e}", list.file.display()));
        let names = BufReader::new(file).lines().map_while(Result::ok).filter(|line| !line.is_empty());
        seen.extend(names.map(|name| {
            use std::hash::{DefaultHasher, Hash, Hasher};
            let mut hasher = DefaultHasher::new();
            name.hash(&mut hasher);
            hasher.finish()
        }));
    }
    seen.len()
}

/// Distinct names as lists hold them: words and digits, a few endings, some with a host in front. The same in every run.
fn make_up(file: &Path, count: usize, seed: u64) {
    let endings = ["com", "net", "org", "ru", "co.uk", "xyz", "top", "info", "de", "club"];
    let words = ["free", "best", "casino", "video", "cam", "bet", "live", "shop", "hot", "play", "my", "x", "win", "web"];
    let mut random = Random(seed);
    let mut text = BufWriter::new(std::fs::File::create(file).expect("a file"));
    for number in 0..count {
        let (a, b) = (words[random.below(words.len())], words[random.below(words.len())]);
        let host = ["", "", "", "www.", "m.", "img."][random.below(6)];
        let ending = endings[random.below(endings.len())];
        // The number makes it distinct, scrambled so that neighbours here are not neighbours in the table: five characters, for as
        // long as names of real lists are (21 bytes, in the corpus of 4.09 million) these should be too.
        let scrambled = (number as u64).wrapping_mul(0x9e37_79b1) % 36u64.pow(5);
        let distinct: String = (0..5).map(|digit| char::from(DIGITS[(scrambled / 36u64.pow(digit) % 36) as usize])).collect();
        let list = char::from(DIGITS[(seed % 26) as usize + 10]);
        writeln!(text, "{host}{a}{b}{list}{distinct}.{ending}").expect("it can be written");
    }
    text.flush().expect("it can be written");
}

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Numbers without a pattern, the same in every run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(self.0 ^ (self.0 >> 33)) * end as u128) >> 64) as usize
    }
}

/// Every file below a folder, in order; links are not followed.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut entries: Vec<_> = entries.map(|e| e.expect("it can be read")).collect();
    entries.sort_by_key(std::fs::DirEntry::path);
    let mut files = Vec::new();
    for entry in entries {
        match entry.file_type().expect("it can be read") {
            kind if kind.is_dir() => files.extend(self::files(&entry.path())),
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}
