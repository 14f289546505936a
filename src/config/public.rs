//! A public list that `lists update` fetches: `[[source]]` of the catalogue, or `[[list]]` of the school's with a `url`.

use super::categories::Categories;
use super::fault::{Place, Placed, Wrong, shown};
use super::file::Section;
use super::item::{Item, List};
use super::values;
use crate::lists::Format;
use crate::words::url::Scheme;
use crate::words::{Category, Url};
use minisign_verify::PublicKey;

/// Longest name of such a list: it is a folder's name as well.
const MAX_NAME: usize = 64;

/// More mirrors than any list has; each is tried for minutes.
const MAX_MIRRORS: usize = 8;

/// Largest body unless the list says otherwise: three times the largest list of names in the catalogue (hagezi/tif, 20 MB in
/// 2025), so that a list may grow and a server may not fill the disk.
const MAX_MB: u32 = 64;

/// Largest `max_mb`: ten million names are 200 MB as text.
const MOST_MB: u32 = 1024;

/// Most entries anyone may claim: room to be wrong in.
const MOST_ENTRIES: u32 = 1_000_000_000;

/// A public list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicList {
    /// `hagezi/nsfw`: letters of a file's name, one `/` in between.
    pub name: String,
    pub category: Category,
    pub format: Format,
    /// Where it is, in the order to try them: `url`, then `mirrors`.
    pub urls: Vec<Url>,
    pub signature: Option<Signature>,
    /// The file meant, if the list comes as an archive (tar.gz): `gambling/domains`.
    pub inside: Option<String>,
    /// A larger body is refused, unpacked or not.
    pub max_bytes: u64,
    /// As its keeper names it; empty: not said.
    pub licence: String,
    /// Where its keeper tells of it.
    pub home: String,
    /// About how many entries it had when that was written.
    pub entries: Option<u32>,
    /// What it is good and bad for, in a sentence.
    pub worth: String,
    /// It is of the catalogue that ships, and not an address that the school wrote: it lies on the internet, or it is not fetched.
    pub shipped: bool,
}

/// How a list is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The minisign public key, in base64: it has been read once.
    pub key: String,
    /// Where the signature is; not written: beside the body, with `.minisig` at the end.
    pub url: Option<Url>,
}

impl PublicList {
    /// The name of its folder or file: `hagezi-nsfw`.
    pub fn file_name(&self) -> String {
        self.name.replace('/', "-")
    }
}

/// What `source` of the catalogue says, and whether it is fetched unless somebody says otherwise.
pub(super) fn of_catalogue(section: &Section, categories: &Categories) -> Option<(Placed<String>, PublicList, bool)> {
    let default = section.need("default", Item::flag);
    for (key, why) in
        [("licence", "what a school may do with it"), ("home", "where its keeper tells of it"), ("worth", "what for")]
    {
        if !section.has(key) {
            let wrong = Wrong::new(format!("this source has no `{key}`"), format!("add `{key} = \"…\"`: {why}"));
            section.fault(wrong.at(section.place()));
        }
    }
    let (name, list) = read(section, categories, "no public list may be of category")?;
    Some((name, PublicList { shipped: true, ..list }, default?.value))
}

/// A list that says where it is fetched. `never` begins the fault of a category that no such list may have.
pub(super) fn read(section: &Section, categories: &Categories, never: &str) -> Option<(Placed<String>, PublicList)> {
    let list_name = section.need("name", name);
    let category = section.need("category", |item| categories.category(item, "this list is of a category that does not exist"));
    let formats: Vec<_> = Format::ALL.iter().map(|f| (f.word(), *f)).collect();
    let format = section.value("format", |item| item.word(&formats)).map_or(Format::Detect, |f| f.value);
    let first = section.need("url", url);
    let mirrors = section.list("mirrors", url);
    let key = section.value("minisign", minisign);
    let signature = section.value("signature", url);
    let inside = section.value("path", inside).map(|p| p.value);
    let max_mb = section.value("max_mb", |item| item.number(1..=MOST_MB)).map_or(MAX_MB, |v| v.value);
    let said = |key| section.value(key, sentence).map_or(String::new(), |v| v.value);
    let (licence, home, worth) = (said("licence"), said("home"), said("worth"));
    let entries = section.value("entries", |item| item.number(0..=MOST_ENTRIES)).map(|v| v.value);
    section.end();

    if let Some(extra) = mirrors.as_ref().and_then(|m| m.items.get(MAX_MIRRORS)) {
        section.fault(Wrong::new("a list has too many mirrors", format!("at most {MAX_MIRRORS}")).at(extra.place));
    }
    if let (Some(signature), None) = (&signature, &key) {
        let wrong = Wrong::new("a signature says nothing without the key it was made with", "add `minisign = \"RW…\"`");
        section.fault(wrong.at(signature.place));
    }
    let all = |first: &Placed<Url>| {
        let mirrors = List::values(mirrors.as_ref().map(|m| List { items: m.items.clone(), ..*m }));
        [first.value.clone()].into_iter().chain(mirrors.into_iter().take(MAX_MIRRORS)).collect::<Vec<Url>>()
    };
    for plain in first.iter().chain(mirrors.iter().flat_map(|m| &m.items)).filter(|u| !is_safe(&u.value, key.is_some())) {
        section.fault(unsafe_at(plain.place));
    }
    let category = category?;
    if let Some(wrong) = category.value.and_then(|c| super::lists::not_from_outside(c, never)) {
        section.fault(wrong.at(category.place));
    }
    let list = PublicList {
        name: list_name.as_ref()?.value.clone(),
        category: category.value?,
        format,
        urls: all(first.as_ref()?),
        signature: key.map(|key| Signature { key: key.value, url: signature.map(|s| s.value) }),
        inside,
        max_bytes: u64::from(max_mb) << 20,
        licence,
        home,
        entries,
        worth,
        shipped: false,
    };
    Some((list_name?, list))
}

/// Whether what comes from there is what its keeper sent: by TLS, by a signature, or because it never left this machine.
fn is_safe(url: &Url, signed: bool) -> bool {
    let here = url.host.address().is_some_and(|ip| ip.is_loopback()) || url.host.as_str() == "localhost";
    url.scheme == Scheme::Https || signed || here
}

fn unsafe_at(place: Place) -> super::Fault {
    let wrong =
        Wrong::new("this list would come over plain HTTP, and anyone on the way could change it", "an address with https://");
    wrong.help("plain HTTP is taken for a list that its keeper signs: `minisign = \"RW…\"`").at(place)
}

/// The name of a list that becomes a folder: nothing in it may lead elsewhere.
fn name(item: &Item) -> Result<String, Wrong> {
    let text = values::name(item)?;
    let plain = |part: &str| {
        let letters = part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'));
        letters && part.starts_with(|c: char| c.is_ascii_alphanumeric())
    };
    if text.len() > MAX_NAME || text.split('/').count() > 2 || !text.split('/').all(plain) {
        let label = "lower-case letters, digits, `-`, `_` and `.`, with one `/` at most, such as \"hagezi/nsfw\"";
        return Err(Wrong::new(format!("{} is no name of a list that is fetched", shown(&text)), label));
    }
    if text.starts_with("schoolgate/") {
        return Err(Wrong::new("names with `schoolgate/` are those of the lists that ship", "another name"));
    }
    Ok(text)
}

fn url(item: &Item) -> Result<Url, Wrong> {
    let text = item.text()?;
    let right = "an address such as \"https://lists.example/games.txt\"";
    let wrong = |why: &str| Wrong::new(format!("{} is not an address to fetch from{why}", shown(text)), right);
    if !text.bytes().all(|b| b.is_ascii_graphic()) || !text.contains("://") {
        return Err(wrong(""));
    }
    Url::parse(text).map_err(|bad| wrong(&format!(": {bad}")))
}

fn minisign(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?.trim();
    match PublicKey::from_base64(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(Wrong::new("this is not a minisign public key", "its one line of base64, which begins with `RW`")),
    }
}

/// A path in a folder or an archive: plain parts, going down.
pub(super) fn inside(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?;
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.chars().any(char::is_control);
    if text.split('/').all(plain) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(format!("{} is not a path in a folder or an archive", shown(text)), "such as \"gambling/domains\""))
}

fn sentence(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(Wrong::new(format!("`{}` says nothing", item.key), "a line of text"));
    }
    Ok(text.to_owned())
}
