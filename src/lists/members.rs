//! The files that one list is made of, in a folder or an archive.
//!
//! Comes in: a [`Tree`], the name of what is wanted in it, and the format if it is known. Goes out: [`Members`].
//!
//! What is wanted may be
//! - a file: the list. v2fly's is followed by the files that it includes, which lie beside it;
//! - a folder of UT1's or squidGuard's: its `domains`, `urls` and `expressions`, in this order, each in its own format. Other
//!   files there are not read (`very_restrictive_expression` closes more than its category, as its name says); a `usage` that
//!   says `white` and not `black` refuses the list: what it names is to be let through, and no public list may.

mod include;

use super::parse::detect;
use super::source::{Format, Member, Members};
use include::{Include, Wanted};
use std::collections::VecDeque;
use std::io::{self, BufRead, Cursor, Read};

/// Named files. Paths are names with `/` between them, from the tree's top; links are followed within the tree alone.
pub trait Tree {
    /// What the path leads to, if to anything.
    ///
    /// # Errors
    /// What the file system or the archive says; a link that leads out of the tree.
    fn kind(&mut self, path: &str) -> io::Result<Option<Kind>>;

    /// What a reader has to look through to come to the lists: the names at the top of an archive, nothing of a folder.
    ///
    /// # Errors
    /// As above.
    fn top(&mut self) -> io::Result<Vec<String>>;

    /// The bytes of a file, from its beginning.
    ///
    /// # Errors
    /// As above, and if it is no file.
    fn read(&mut self, path: &str) -> io::Result<&mut dyn BufRead>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
}

/// What squidGuard's folders hold, and how each is written.
const OF_SQUIDGUARD: [(&str, Format); 3] =
    [("domains", Format::Domains), ("urls", Format::Urls), ("expressions", Format::Expressions)];

/// UT1's name for expressions that catch far more than the category.
const LEFT_OUT: &str = "very_restrictive_expression";

/// How much of a file is looked at to tell v2fly's data from others, and of a `usage`.
const LOOK_AT: u64 = 64 << 10;

/// The members of one list.
pub struct Listing<T> {
    tree: T,
    wanted: VecDeque<Wanted>,
    include: Include,
    /// A member that is held, and not read from the tree.
    text: Cursor<Vec<u8>>,
    left_out: Option<String>,
}

impl<T: Tree> Listing<T> {
    /// `inside` is looked for at the tree's top, and below it where the top holds a single folder, as the archives of UT1
    /// (`blacklists/`) and GitHub do. Without it the list is the tree, or that folder.
    ///
    /// # Errors
    /// What the tree says; [`io::ErrorKind::NotFound`] if there is no such list; [`io::ErrorKind::InvalidData`] if it is one of
    /// what to let through.
    pub fn new(mut tree: T, inside: Option<&str>, format: Format) -> io::Result<Self> {
        let path = find(&mut tree, inside.unwrap_or_default())?;
        let mut listing =
            Self { tree, wanted: VecDeque::new(), include: Include::default(), text: Cursor::default(), left_out: None };
        match listing.tree.kind(&path)? {
            Some(Kind::File) => listing.want_file(path, format)?,
            _ => listing.want_folder(&path, format)?,
        }
        Ok(listing)
    }

    /// Whether the list is of v2fly's, and may be followed by what it includes.
    pub fn is_v2fly(&self) -> bool {
        self.wanted.iter().any(|wanted| wanted.format == Format::V2fly)
    }

    /// A file beside the members that is left out on purpose, and its lines.
    ///
    /// # Errors
    /// What the tree says.
    pub fn left_out(&mut self) -> io::Result<Option<(&str, u64)>> {
        let Some(path) = &self.left_out else { return Ok(None) };
        let mut lines = super::parse::lines::Lines::new(self.tree.read(path)?);
        while lines.next_line()?.is_some() {}
        Ok(Some((LEFT_OUT, lines.count())))
    }

    fn want_file(&mut self, path: String, format: Format) -> io::Result<()> {
        let format = match format {
            Format::Detect => {
                let first = first_of(&mut self.tree, &path)?;
                let told = detect::detect(first.split(|&c| c == b'\n'));
                if told == Ok(Format::V2fly) { Format::V2fly } else { Format::Detect }
            }
            format => format,
        };
        self.wanted.push_back(Wanted::whole(path, String::new(), format));
        Ok(())
    }

    fn want_folder(&mut self, path: &str, format: Format) -> io::Result<()> {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        let is_file = |tree: &mut T, name: &str| Ok::<_, io::Error>(tree.kind(&below(name))? == Some(Kind::File));
        for (name, own) in OF_SQUIDGUARD {
            if is_file(&mut self.tree, name)? {
                // What is written for the list is how its names are written.
                let format = if name == "domains" && format != Format::Detect { format } else { own };
                self.wanted.push_back(Wanted::whole(below(name), name.to_owned(), format));
            }
        }
        if self.wanted.is_empty() {
            let why =
                format!("`{path}` holds no `domains`, `urls` or `expressions`: name the file or the folder that is the list");
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
        if is_file(&mut self.tree, "usage")? && lets_through(&first_of(&mut self.tree, &below("usage"))?) {
            let why = "its `usage` says `white`: it is a list of what to let through, and may not block";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        self.left_out = is_file(&mut self.tree, LEFT_OUT)?.then(|| below(LEFT_OUT));
        Ok(())
    }
}

impl<T: Tree> Members for Listing<T> {
    fn next_member(&mut self) -> io::Result<Option<Member<'_>>> {
        let Some(wanted) = self.wanted.pop_front() else { return Ok(None) };
        let Wanted { path, name, format, .. } = &wanted;
        let (name, format) = (name.clone(), *format);
        if format != Format::V2fly {
            return Ok(Some(Member { name, format, reader: self.tree.read(path)? }));
        }
        let text = self.include.read(path, &mut self.tree)?;
        let text = self.include.follow(&wanted, &text, &mut self.tree, &mut self.wanted)?;
        self.text = Cursor::new(text);
        Ok(Some(Member { name, format, reader: &mut self.text }))
    }
}

fn find(tree: &mut impl Tree, inside: &str) -> io::Result<String> {
    let inside = inside.trim_matches('/');
    if !inside.is_empty() && tree.kind(inside)?.is_some() {
        return Ok(inside.to_owned());
    }
    let top = tree.top()?;
    if let [only] = top.as_slice() {
        let below = if inside.is_empty() { only.clone() } else { format!("{only}/{inside}") };
        if tree.kind(&below)?.is_some() {
            return Ok(below);
        }
    }
    if inside.is_empty() {
        return Ok(String::new());
    }
    Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no `{inside}` in it")))
}

fn first_of(tree: &mut impl Tree, path: &str) -> io::Result<Vec<u8>> {
    let mut first = Vec::new();
    tree.read(path)?.take(LOOK_AT).read_to_end(&mut first)?;
    // The last line may be half of one.
    if first.len() as u64 == LOOK_AT {
        first.truncate(first.iter().rposition(|&c| c == b'\n').unwrap_or(first.len()));
    }
    Ok(first)
}

/// Whether a `usage` says that its list is one of what to let through, and nothing else: a word a line, `#` comments.
fn lets_through(usage: &[u8]) -> bool {
    let says = |word: &[u8]| usage.split(|&c| c == b'\n').any(|line| line.trim_ascii().eq_ignore_ascii_case(word));
    says(b"white") && !says(b"black")
}

#[cfg(test)]
mod tests;
