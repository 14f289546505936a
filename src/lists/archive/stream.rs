//! The bytes of an archive, as records of tar.

use super::{DEEPEST_PATH, LONGEST_PATH, MOST_ENTRIES, MOST_OF_A_FILE, MOST_RATIO, MOST_UNPACKED, RATIO_FROM};
use flate2::bufread::MultiGzDecoder;
use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

/// Size of tar's blocks, headers and padded data alike.
const BLOCK: usize = 512;
/// Longest record of a long name or of pax attributes that is read.
const MOST_OF_A_NOTE: u64 = 16 << 10;

pub(super) fn invalid(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

/// What an entry is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    File,
    Folder,
    /// Where it says it leads, from its own folder.
    Symbolic(String),
    /// Where it says it leads, from the top.
    Hard(String),
    /// A device, a socket: nothing a list is made of.
    Other,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// From 0, in the order of the stream.
    pub(super) number: u32,
    /// Its names, from the top.
    pub(super) path: String,
    pub(super) what: What,
}

/// An archive being read.
pub(super) struct Stream {
    reader: Unpacked,
    next: u32,
    /// Bytes of the current file not yet read, and of the padding after it.
    left: u64,
    padding: u64,
    path: String,
}

/// Names that stand in records of their own before the header they are for.
#[derive(Default)]
struct Notes {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Stream {
    pub(super) fn new(bytes: Box<dyn Read>) -> io::Result<Self> {
        Ok(Self { reader: Unpacked::new(bytes)?, next: 0, left: 0, padding: 0, path: String::new() })
    }

    /// Whether the entry of this number is still to come.
    pub(super) fn is_before(&self, number: u32) -> bool {
        self.next <= number
    }

    /// Passes over what is left of the last entry and reads the next header; `None` at the archive's end.
    pub(super) fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        let mut notes = Notes::default();
        loop {
            self.pass_over()?;
            let Some(header) = self.header()? else { return Ok(None) };
            let kind = header.entry_type();
            let size =
                header.entry_size().map_err(|_| invalid(format!("the archive is damaged after `{}`: no size", self.path)))?;
            if size > MOST_UNPACKED {
                return Err(invalid(format!("the archive is damaged {}: no file is of such a size", self.place())));
            }
            if kind.is_gnu_longname() || kind.is_gnu_longlink() || kind.is_pax_local_extensions() {
                self.begin(size);
                let note = self.note(size)?;
                match kind {
                    _ if kind.is_gnu_longname() => notes.path = Some(until_nul(&note)),
                    _ if kind.is_gnu_longlink() => notes.link = Some(until_nul(&note)),
                    _ => notes.pax(&note)?,
                }
                continue;
            }
            if kind.is_pax_global_extensions() {
                // GitHub puts the commit's hash there.
                self.begin(size);
                continue;
            }
            let path = notes.path.take().unwrap_or_else(|| header.path_bytes().into_owned());
            let path = cleaned(&path)?;
            if kind.is_gnu_sparse() {
                return Err(invalid(format!("`{path}` in the archive is a sparse file, which is not read: pack it without")));
            }
            let link = notes.link.take().or_else(|| header.link_name_bytes().map(|l| l.into_owned())).unwrap_or_default();
            let what = match kind {
                _ if kind.is_symlink() => What::Symbolic(text(link)?),
                _ if kind.is_hard_link() => What::Hard(text(link)?),
                _ if kind.is_dir() => What::Folder,
                _ if kind.is_file() || kind.is_contiguous() => What::File,
                _ => What::Other,
            };
            // Links hold nothing, whatever their size says; so GNU tar reads them.
            let size =
                if matches!(what, What::Symbolic(_) | What::Hard(_) | What::Folder) { 0 } else { notes.size.unwrap_or(size) };
            if size > MOST_OF_A_FILE {
                return Err(invalid(format!("`{path}` in the archive is larger than {} MiB", MOST_OF_A_FILE >> 20)));
            }
            let number = self.next;
            if number >= MOST_ENTRIES {
                return Err(invalid(format!("the archive holds more than {MOST_ENTRIES} files")));
            }
            self.next += 1;
            self.begin(size);
            self.path.clone_from(&path);
            return Ok(Some(Entry { number, path, what }));
        }
    }

    fn begin(&mut self, size: u64) {
        self.left = size;
        self.padding = size.next_multiple_of(BLOCK as u64) - size;
    }

    /// The next header; `None` at the two blocks of zeros that end an archive, of which one is enough.
    fn header(&mut self) -> io::Result<Option<tar::Header>> {
        let mut header = tar::Header::new_old();
        self.exactly(header.as_mut_bytes())?;
        if header.as_bytes().iter().all(|&c| c == 0) {
            return Ok(None);
        }
        let fits = header.cksum().is_ok_and(|sum| sum == checksum(header.as_bytes()));
        if fits { Ok(Some(header)) } else { Err(invalid(format!("no tar archive, or damaged {}", self.place()))) }
    }

    fn place(&self) -> String {
        if self.next == 0 { "at its beginning".into() } else { format!("after `{}`", self.path) }
    }

    fn exactly(&mut self, mut to: &mut [u8]) -> io::Result<()> {
        while !to.is_empty() {
            match self.reader.read(to) {
                Ok(0) => return Err(self.cut_short()),
                Ok(n) => to = &mut to[n..],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.named(e)),
            }
        }
        Ok(())
    }

    fn cut_short(&self) -> io::Error {
        let place = if self.left > 0 { format!("within `{}`", self.path) } else { self.place() };
        io::Error::new(io::ErrorKind::UnexpectedEof, format!("the archive is cut short {place}: fetch it again"))
    }

    fn named(&self, error: io::Error) -> io::Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.cut_short(),
            kind => io::Error::new(kind, format!("{error} (in the archive, {})", self.place())),
        }
    }

    fn note(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > MOST_OF_A_NOTE {
            return Err(invalid(format!("a name in the archive is too long, {}", self.place())));
        }
        let mut note = vec![0; size as usize];
        self.exactly(&mut note)?;
        self.left = 0;
        Ok(note)
    }

    fn pass_over(&mut self) -> io::Result<()> {
        let mut away = [0; 4096];
        while self.left > 0 {
            let n = self.left.min(away.len() as u64) as usize;
            self.exactly(&mut away[..n])?;
            self.left -= n as u64;
        }
        let n = std::mem::take(&mut self.padding) as usize;
        self.exactly(&mut away[..n])
    }

    /// Reads of the current file.
    fn read_file(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let n = self.left.min(to.len() as u64) as usize;
        if n == 0 {
            return Ok(0);
        }
        match self.reader.read(&mut to[..n]) {
            Ok(0) => Err(self.cut_short()),
            Ok(n) => {
                self.left -= n as u64;
                Ok(n)
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Err(e),
            Err(e) => Err(self.named(e)),
        }
    }
}

impl Notes {
    fn pax(&mut self, note: &[u8]) -> io::Result<()> {
        for record in tar::PaxExtensions::new(note) {
            let record = record.map_err(|_| invalid("a pax record in the archive is damaged"))?;
            match record.key_bytes() {
                b"path" => self.path = Some(record.value_bytes().to_vec()),
                b"linkpath" => self.link = Some(record.value_bytes().to_vec()),
                b"size" => {
                    let size = record.value().ok().and_then(|v| v.parse().ok());
                    self.size = Some(size.ok_or_else(|| invalid("a pax record in the archive gives no size"))?);
                }
                key if key.starts_with(b"GNU.sparse.") => {
                    return Err(invalid("the archive holds a sparse file, which is not read: pack it without"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The sum of a header's bytes, its own field as blanks (POSIX 1003.1, pax, "ustar Interchange Format").
fn checksum(header: &[u8; BLOCK]) -> u32 {
    header.iter().enumerate().map(|(at, &c)| if (148..156).contains(&at) { 32 } else { u32::from(c) }).sum()
}

fn until_nul(bytes: &[u8]) -> Vec<u8> {
    bytes.split(|&c| c == 0).next().unwrap_or_default().to_vec()
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    if bytes.len() > LONGEST_PATH {
        return Err(invalid("a path in the archive is too long"));
    }
    String::from_utf8(bytes).map_err(|_| invalid("a path in the archive is not UTF-8"))
}

/// A path as names from the top, without `.`.
fn cleaned(path: &[u8]) -> io::Result<String> {
    let path = text(path.to_vec())?;
    if path.chars().any(char::is_control) {
        return Err(invalid("a path in the archive holds control bytes"));
    }
    let outside = || invalid(format!("a path in the archive leads out of it: `{path}`"));
    if path.starts_with('/') {
        return Err(outside());
    }
    let mut names = Vec::new();
    for name in path.split('/').filter(|name| !matches!(*name, "" | ".")) {
        if name == ".." {
            return Err(outside());
        }
        names.push(name);
    }
    if names.len() > DEEPEST_PATH {
        return Err(invalid(format!("a path in the archive is deeper than {DEEPEST_PATH} folders: `{path}`")));
    }
    Ok(names.join("/"))
}

/// The bytes with gzip taken off, counted on both sides.
struct Unpacked {
    reader: Box<dyn Read>,
    /// Bytes of gzip so far; nothing of a plain tar.
    packed: Option<Rc<Cell<u64>>>,
    unpacked: u64,
}

impl Unpacked {
    fn new(bytes: Box<dyn Read>) -> io::Result<Self> {
        let packed = Rc::new(Cell::new(0));
        let mut reader = BufReader::with_capacity(1 << 16, Counted { bytes, count: packed.clone() });
        let gzip = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        Ok(if gzip {
            Self { reader: Box::new(MultiGzDecoder::new(reader)), packed: Some(packed), unpacked: 0 }
        } else {
            Self { reader: Box::new(reader), packed: None, unpacked: 0 }
        })
    }
}

impl Read for Unpacked {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(to)?;
        self.unpacked += n as u64;
        if self.unpacked > MOST_UNPACKED {
            return Err(invalid(format!("the archive holds more than {} MiB", MOST_UNPACKED >> 20)));
        }
        let packed = self.packed.as_ref().map_or(self.unpacked, |packed| packed.get());
        if self.unpacked > RATIO_FROM && self.unpacked / MOST_RATIO > packed {
            return Err(invalid(format!("the archive unpacks to more than {MOST_RATIO} times its size: no list does")));
        }
        Ok(n)
    }
}

struct Counted {
    bytes: Box<dyn Read>,
    count: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let n = self.bytes.read(to)?;
        self.count.set(self.count.get() + n as u64);
        Ok(n)
    }
}

/// A stream that stands in a file: its bytes from there to the file's end.
#[derive(Default)]
pub(super) struct Taken {
    stream: Option<Stream>,
    buffer: Vec<u8>,
    from: usize,
}

impl Taken {
    const BUFFER: usize = 1 << 16;

    pub(super) fn of(stream: Stream) -> Self {
        Self { stream: Some(stream), buffer: Vec::new(), from: 0 }
    }

    /// The stream, which goes on after what was read of the file.
    pub(super) fn give_back(&mut self) -> Option<Stream> {
        self.stream.take()
    }
}

impl Read for Taken {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(to)?;
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Taken {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.from == self.buffer.len() {
            self.from = 0;
            self.buffer.resize(Self::BUFFER, 0);
            let read = self.stream.as_mut().map_or(Ok(0), |stream| stream.read_file(&mut self.buffer));
            self.buffer.truncate(*read.as_ref().unwrap_or(&0));
            read?;
        }
        Ok(&self.buffer[self.from..])
    }

    fn consume(&mut self, n: usize) {
        self.from += n.min(self.buffer.len() - self.from);
    }
}
