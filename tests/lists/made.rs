//! Lists that are made up, one in each format; and those of a folder, if `SCHOOLGATE_CORPUS` names one.

use super::naive::List;
use schoolgate::lists::Format;
use schoolgate::words::Category;
use std::path::{Path, PathBuf};

/// Numbers without a pattern, the same in every run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(self.0 ^ (self.0 >> 33)) * end as u128) >> 64) as usize
    }

    pub fn of<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[self.below(some.len())]
    }
}

/// A name as lists hold them: some are whole platforms, some lie below one, some are other names' parents.
pub fn name(random: &mut Random) -> String {
    let endings = ["com", "net", "ru", "co.uk", "blogspot.com", "telegra.ph", "github.io", "com.br", "xyz"];
    let words = ["free", "best", "casino", "video", "cam", "bet", "live", "shop", "my", "x", "win", "club", "a-b", "_c"];
    let label = |random: &mut Random| format!("{}{}{}", random.of(&words), random.of(&words), random.below(500));
    let name = format!("{}.{}", label(random), random.of(&endings));
    match random.below(40) {
        0..10 => format!("{}.{name}", label(random)),
        10..15 => format!("www.{name}"),
        15..18 => format!("{}.{}.{name}", random.of(&words), random.of(&words)),
        18 => (*random.of(&["blogspot.com", "telegra.ph", "github.io", "web.app", "co.uk"])).to_owned(),
        _ => name,
    }
}

/// A list in each format that names hosts.
pub fn lists(names: usize) -> Vec<List> {
    let mut random = Random(5);
    let of = |(i, format): (usize, &Format)| {
        let mut text = opening(*format);
        for _ in 0..names {
            let name = match format {
                Format::Addresses => format!("{}.{}.{}.{}", 11 + random.below(80), random.below(256), random.below(256), i),
                _ => name(&mut random),
            };
            text.push_str(&line(*format, &name, &mut random));
        }
        List { name: format!("made/{format}"), category: Category::FIXED[6 + i % 6], format: *format, text: text.into_bytes() }
    };
    let of_names = |f: &&Format| !matches!(f, Format::Detect | Format::Urls | Format::Expressions | Format::Regex);
    Format::ALL.iter().filter(of_names).enumerate().map(of).collect()
}

fn opening(format: Format) -> String {
    match format {
        Format::Hosts => "# a list\n127.0.0.1 localhost\n::1 ip6-localhost\n\n",
        Format::Adblock => "[Adblock Plus]\n! Title: a list\n",
        Format::Rpz => "$TTL 300\n@ SOA localhost. root.localhost. 1 43200 3600 259200 300\n  NS  localhost.\n",
        _ => "# a list\n\n",
    }
    .to_owned()
}

fn line(format: Format, name: &str, random: &mut Random) -> String {
    match (format, random.below(20)) {
        (Format::Hosts, _) => format!("0.0.0.0 {name}\n"),
        (Format::Wildcard, _) => format!("*.{name}\n"),
        (Format::Adblock, 0) => format!("@@||{name}^\n"),
        (Format::Adblock, 1) => format!("|{name}^\n"),
        (Format::Adblock, _) => format!("||{name}^\n"),
        (Format::Rpz, 0) => format!("{name} CNAME .\n"),
        (Format::Rpz, _) => format!("{name} CNAME .\n*.{name} CNAME .\n"),
        (Format::V2fly, 0) => format!("full:{name} @ads\n"),
        (Format::V2fly, 1) => format!("domain:{name} # why\n"),
        (_, 2) => format!("{}\n", name.to_ascii_uppercase()),
        _ => format!("{name}\n"),
    }
}

/// The folder of real lists, if one is given.
pub fn corpus() -> Option<PathBuf> {
    std::env::var_os("SCHOOLGATE_CORPUS").map(PathBuf::from)
}

/// A file of the corpus by its name.
pub fn corpus_file(name: &str) -> Option<PathBuf> {
    files(&corpus()?).into_iter().find(|path| path.file_name().is_some_and(|n| n == name))
}

/// Every list of the corpus, however its folders are arranged: a file's format is what its folder is called, or what lists of that name are.
pub fn corpus_lists(folder: &Path) -> Vec<List> {
    let listed = |path: PathBuf| {
        let format = format_of(&path)?;
        let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
        let text = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Some(List { category: category_of(&name).unwrap_or(Category::SHOPPING), name, format, text })
    };
    files(folder).into_iter().filter_map(listed).collect()
}

fn format_of(path: &Path) -> Option<Format> {
    let file = path.file_name()?.to_str()?;
    let folders: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    let within = |name: &str| folders[..folders.len() - 1].contains(&name);
    if ["README", "README.md", "LICENSE", "usage", "urls", "expressions"].contains(&file) || within("benign") || within("html") {
        return None;
    }
    let named = [
        ("hosts", Format::Hosts),
        ("adblock", Format::Adblock),
        ("rpz", Format::Rpz),
        ("v2fly", Format::V2fly),
        ("ips", Format::Domains),
        ("domains", Format::Domains),
        ("names", Format::Domains),
    ];
    if within("wildcard") {
        return Some(if file.contains("onlydomains") { Format::Domains } else { Format::Wildcard });
    }
    let folder = named.iter().find(|(name, _)| within(name)).map(|(_, format)| *format);
    folder.or_else(|| (file == "domains").then_some(Format::Domains))
}

/// The category a list would be given, by words in its name. What has none of them is not for blocking: what one company owns, what
/// is good for children, what UT1 opens for an exam.
pub fn category_of(name: &str) -> Option<Category> {
    let words = [
        ("social", Category::SOCIAL_NETWORKING),
        ("violence", Category::VIOLENCE),
        ("agressif", Category::VIOLENCE),
        ("hate", Category::HATE),
        ("porn", Category::ADULT),
        ("nsfw", Category::ADULT),
        ("mixed_adult", Category::ADULT),
        ("adult", Category::ADULT),
        ("gambling", Category::GAMBLING),
        ("betting", Category::GAMBLING),
        ("drug", Category::DRUGS),
        ("drogue", Category::DRUGS),
        ("malware", Category::MALWARE),
        ("tif.", Category::MALWARE),
        ("cryptojacking", Category::MALWARE),
        ("phishing", Category::PHISHING),
        ("scam", Category::PHISHING),
        ("ddos", Category::CRIME),
        ("stalkerware", Category::CRIME),
        ("hacking", Category::HACKING),
        ("doh", Category::BYPASS),
        ("vpn", Category::BYPASS),
        ("proxy", Category::BYPASS),
        ("redirector", Category::BYPASS),
        ("piracy", Category::PIRACY),
        ("warez", Category::PIRACY),
        ("webmail", Category::WEBMAIL),
        ("chat", Category::CHAT),
        ("forums", Category::FORUMS),
        ("audio-video", Category::VIDEO),
        ("filehosting", Category::FILE_SHARING),
        ("remote-control", Category::REMOTE_ACCESS),
        ("dating", Category::DATING),
        ("games", Category::GAMES),
        ("shortener", Category::SHORTENER),
        ("publicite", Category::ADVERTS),
        ("category-ads", Category::ADVERTS),
    ];
    words.iter().find(|(word, _)| name.contains(word)).map(|(_, category)| *category)
}

/// Every file of a folder, in order; links are not followed, so that a list with two names is read once.
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
