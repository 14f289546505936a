//! The files a list is made of: in folders, and in archives read as a stream.

use libfuzzer_sys::arbitrary::{self, Unstructured};
use schoolgate::lists::archive::{Archive, FIRST_BYTES};
use schoolgate::lists::members::{Kind, Listing, Tree};
use schoolgate::lists::{Format, Members};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Cursor, Read, Write};

fn archive_of(bytes: &[u8]) -> io::Result<Archive<'static>> {
    let _ = Archive::is_one(&bytes[..bytes.len().min(FIRST_BYTES)]);
    let bytes = bytes.to_vec();
    Archive::open(Box::new(move || Ok(Box::new(Cursor::new(bytes.clone())))))
}

/// Any bytes as an archive, packed and not; what opens is listed and read.
pub fn archive(bytes: &[u8]) {
    for inside in [None, Some("a"), Some("adult"), Some("../a"), Some("data/a")] {
        let Ok(archive) = archive_of(bytes) else { break };
        read_all(archive, inside);
    }
    let _ = archive_of(&packed(bytes)).map(|archive| read_all(archive, None));
}

fn read_all(tree: impl Tree, inside: Option<&str>) {
    let Ok(mut listing) = Listing::new(tree, inside, Format::Detect) else { return };
    let _ = (listing.is_v2fly(), listing.left_out().map(|left| left.map(|(name, lines)| (name.len(), lines))));
    // As many as a list may have files.
    for _ in 0..1000 {
        match listing.next_member() {
            Ok(Some(member)) => drop(member.reader.take(1 << 20).read_to_end(&mut Vec::new())),
            Ok(None) | Err(_) => return,
        }
    }
    panic!("a list of a thousand files");
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

/// Names at the top, and one that is no name.
const NAMES: [&str; 8] = ["a", "b", "domains", "urls", "expressions", "usage", "very_restrictive_expression", "c"];

enum Node {
    File(Vec<u8>),
    Link(&'static str),
}

/// An archive made of records, right and wrong ones; where all are right, each name leads to what the last record of it says.
pub fn made(bytes: &[u8]) {
    let _ = made_of(&mut Unstructured::new(bytes));
}

fn made_of(from: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let (mut tar, mut expected, mut right) = (Vec::new(), BTreeMap::new(), true);
    for _ in 0..from.int_in_range(1..=12)? {
        let name = *from.choose(&NAMES)?;
        let length = from.int_in_range(0..=600)?;
        let content = from.bytes(usize::min(length, from.len()))?.to_vec();
        match from.int_in_range(0..=9u8)? {
            0..=4 => {
                let node = Node::File(content.clone());
                record(&mut tar, name.as_bytes(), b'0', content.len() as u64, b"", &content);
                expected.insert(name, node);
            }
            kind @ 5..=6 => {
                let to = *from.choose(&NAMES)?;
                record(&mut tar, name.as_bytes(), if kind == 5 { b'1' } else { b'2' }, 0, to.as_bytes(), b"");
                expected.insert(name, Node::Link(to));
            }
            7 => {
                let attributes = pax(&[("path", name.as_bytes()), ("mtime", b"1")]);
                record(&mut tar, b"PaxHeaders/x", b'x', attributes.len() as u64, b"", &attributes);
                record(&mut tar, b"another", b'0', content.len() as u64, b"", &content);
                expected.insert(name, Node::File(content));
            }
            8 => {
                record(&mut tar, b"././@LongLink", b'L', name.len() as u64 + 1, b"", format!("{name}\0").as_bytes());
                record(&mut tar, b"another", b'0', content.len() as u64, b"", &content);
                expected.insert(name, Node::File(content));
            }
            _ => {
                right = false;
                let (kind, size) = (from.arbitrary()?, from.int_in_range(0..=2000)?);
                let (path, to) = (content.get(..100).unwrap_or(&content), *from.choose(&["../a", "/a", "a/b", ".", ""])?);
                record(&mut tar, path, kind, size, to.as_bytes(), &content);
            }
        }
    }
    tar.resize(tar.len() + 1024, 0);
    if from.ratio(1, 8)? {
        right = false;
        tar.truncate(from.int_in_range(0..=tar.len())?);
    }
    let bytes = if from.arbitrary()? { packed(&tar) } else { tar };
    let opened = archive_of(&bytes);
    assert!(opened.is_ok() || !right, "{:?}", opened.err());
    let Ok(mut archive) = opened else { return Ok(()) };
    for name in NAMES.into_iter().filter(|_| right).chain(["b", "a"]) {
        let read = archive.read(name).and_then(|reader| {
            let mut text = Vec::new();
            reader.read_to_end(&mut text).map(|_| text)
        });
        if right {
            assert_eq!(read.ok().as_deref(), led_to(&expected, name), "{name}");
        }
    }
    for inside in [None, Some("a")] {
        archive_of(&bytes).map(|archive| read_all(archive, inside)).expect("it was opened before");
    }
    Ok(())
}

fn led_to<'a>(nodes: &'a BTreeMap<&str, Node>, name: &str) -> Option<&'a [u8]> {
    let mut name = name;
    // As many links as are followed.
    for _ in 0..=8 {
        match nodes.get(name)? {
            Node::File(content) => return Some(content),
            Node::Link(to) => name = to,
        }
    }
    None
}

fn record(to: &mut Vec<u8>, path: &[u8], kind: u8, size: u64, link: &[u8], content: &[u8]) {
    let mut header = [0u8; 512];
    header[..path.len()].copy_from_slice(path);
    header[100..108].copy_from_slice(b"0000644\0");
    header[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    header[136..148].copy_from_slice(b"00000000000\0");
    header[156] = kind;
    header[157..157 + link.len()].copy_from_slice(link);
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|&c| u32::from(c)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    to.extend_from_slice(&header);
    to.extend_from_slice(content);
    to.resize(to.len().next_multiple_of(512), 0);
}

/// Records of pax: their length, which counts itself, a blank, key, `=`, value, line feed.
fn pax(attributes: &[(&str, &[u8])]) -> Vec<u8> {
    let mut all = Vec::new();
    for (key, value) in attributes {
        let rest = key.len() + value.len() + 3;
        let length = (rest + 1..).find(|n| n.to_string().len() + rest == *n).expect("a number that counts itself");
        all.extend_from_slice(format!("{length} {key}=").as_bytes());
        all.extend_from_slice(value);
        all.push(b'\n');
    }
    all
}

/// Files in memory, as a folder has them.
struct Folder {
    files: BTreeMap<String, Vec<u8>>,
    read: Cursor<Vec<u8>>,
}

impl Tree for Folder {
    fn kind(&mut self, path: &str) -> io::Result<Option<Kind>> {
        assert!(!path.split('/').any(|name| name == ".."), "a member leads out of its folder: {path}");
        let below = format!("{path}/");
        let folder = path.is_empty() || self.files.keys().any(|file| file.starts_with(&below));
        Ok(if self.files.contains_key(path) { Some(Kind::File) } else { folder.then_some(Kind::Folder) })
    }

    fn top(&mut self) -> io::Result<Vec<String>> {
        let mut top: Vec<String> = self.files.keys().filter_map(|file| file.split('/').next()).map(str::to_owned).collect();
        top.dedup();
        Ok(top)
    }

    fn read(&mut self, path: &str) -> io::Result<&mut dyn BufRead> {
        let text = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        self.read = Cursor::new(text.clone());
        Ok(&mut self.read)
    }
}

/// A folder: a file begins at a line `== NAME`.
pub fn members(text: &[u8]) {
    let (mut files, mut at) = (BTreeMap::<String, Vec<u8>>::new(), "a".to_owned());
    for line in text.split_inclusive(|&c| c == b'\n') {
        match line.strip_prefix(b"== ").and_then(|name| std::str::from_utf8(name).ok()) {
            Some(name) => at = name.trim().trim_matches('/').to_owned(),
            None => files.entry(at.clone()).or_default().extend_from_slice(line),
        }
    }
    for inside in [None, Some("a"), Some("adult/"), Some("data/a")] {
        read_all(Folder { files: files.clone(), read: Cursor::default() }, inside);
    }
}
