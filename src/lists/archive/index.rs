//! The names of an archive, and where links lead.

use super::MOST_ENTRIES;
use super::stream::{Entry, What, invalid};
use crate::lists::members::Kind;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;

/// Most links that one name may lead through. UT1's lead through one.
const MOST_HOPS: u32 = 8;

#[derive(Default)]
pub(super) struct Index {
    nodes: BTreeMap<String, Node>,
}

enum Node {
    Folder,
    /// Its number in the stream.
    File(u32),
    Symbolic(String),
    Hard(String),
}

impl Index {
    /// Of two entries of one name the later counts, as unpacking would leave it.
    pub(super) fn add(&mut self, entry: Entry) -> io::Result<()> {
        if entry.path.is_empty() {
            return Ok(());
        }
        for (end, _) in entry.path.match_indices('/') {
            self.nodes.entry(entry.path[..end].to_owned()).or_insert(Node::Folder);
        }
        let node = match entry.what {
            What::File => Node::File(entry.number),
            What::Folder => Node::Folder,
            What::Symbolic(to) => Node::Symbolic(to),
            What::Hard(to) => Node::Hard(to),
            What::Other => return Ok(()),
        };
        self.nodes.insert(entry.path, node);
        // A path names its folders too: a hundred thousand deep ones are more than a hundred thousand names.
        if self.nodes.len() > MOST_ENTRIES as usize {
            return Err(invalid(format!("the archive holds more than {MOST_ENTRIES} files and folders")));
        }
        Ok(())
    }

    pub(super) fn top(&self) -> Vec<String> {
        let names: BTreeSet<&str> = self.nodes.keys().filter_map(|path| path.split('/').next()).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    pub(super) fn kind(&self, path: &str) -> io::Result<Option<Kind>> {
        Ok(match self.led_to(path)? {
            Some(Node::File(_)) => Some(Kind::File),
            Some(_) => Some(Kind::Folder),
            None => None,
        })
    }

    pub(super) fn file(&self, path: &str) -> io::Result<u32> {
        match self.led_to(path)? {
            Some(Node::File(number)) => Ok(*number),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, format!("the archive holds no file `{path}`"))),
        }
    }

    /// What a path is once its links are followed.
    fn led_to(&self, path: &str) -> io::Result<Option<&Node>> {
        let outside = || invalid(format!("`{path}` is a link that leads out of the archive"));
        let mut rest: VecDeque<&str> = path.split('/').collect();
        let mut at = Vec::new();
        let (mut hops, mut node) = (0, &Node::Folder);
        while let Some(name) = rest.pop_front() {
            match name {
                "" | "." => continue,
                ".." => {
                    at.pop().ok_or_else(outside)?;
                    node = &Node::Folder;
                    continue;
                }
                name => at.push(name),
            }
            let Some(found) = self.nodes.get(&at.join("/")) else { return Ok(None) };
            let to = match found {
                Node::Symbolic(to) if to.starts_with('/') => return Err(outside()),
                Node::Symbolic(to) => {
                    at.pop();
                    to
                }
                Node::Hard(to) => {
                    at.clear();
                    to
                }
                Node::File(_) if !rest.is_empty() => return Ok(None),
                Node::File(_) | Node::Folder => {
                    node = found;
                    continue;
                }
            };
            hops += 1;
            if hops > MOST_HOPS {
                return Err(invalid(format!("`{path}` is a link to a link to a link: {MOST_HOPS} are followed")));
            }
            to.split('/').rev().for_each(|name| rest.push_front(name));
            node = &Node::Folder;
        }
        Ok(Some(node))
    }
}
