//! What a source's own exceptions (`@@`, passthru) and `$badfilter` take away from it, while its entries pass by in order.
//!
//! What `$badfilter` names goes first, then what exceptions name; only an important exception takes an important entry. Where a
//! wider entry still reaches an excepted name, the exception itself goes into the run, and so into the table; but an ordinary one
//! not against what is important, and a table cannot except the one and not the other.
//!
//! Whatever could reach a name is a beginning of its key and so passes before it: nothing but the exceptions is held.

use crate::lists::Reach;
use crate::lists::key::{Form, Key, whole};
use crate::lists::parse::Means;
use crate::lists::source::{Says, Stands};
use std::collections::{HashMap, HashSet};
use std::io;
use std::net::IpAddr;

/// Most exceptions of a source, with what is switched off. The longest public lists make some thousands.
pub(super) const MOST: usize = 50_000;
/// Most different names above them: real names have two or three labels.
const MOST_PARENTS: usize = 6 * MOST;

/// A rule as another rule names it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Exactly {
    pub key: Box<[u8]>,
    pub reach: Reach,
    pub important: bool,
}

/// What a source excepts and switches off, as it is read.
#[derive(Default)]
pub(super) struct Exceptions {
    /// With the line they stand on.
    exceptions: Vec<(u64, Exactly)>,
    off: Vec<Exactly>,
    off_exceptions: HashSet<Exactly>,
    parents: HashSet<Box<[u8]>>,
    /// Some entry that is a range of addresses is important.
    important_range: bool,
    too_many: bool,
}

impl Exceptions {
    /// An entry that comes: of ranges it must be known beforehand whether any is important.
    pub fn entry(&mut self, key: &[u8], important: bool) {
        self.important_range |= important && matches!(Form::of(key), Form::RangeV4(_) | Form::RangeV6(_));
    }

    pub fn except(&mut self, line: u64, rule: Exactly) {
        if !self.has_room() {
            return;
        }
        for parent in parents_of(&rule.key) {
            if self.parents.len() >= MOST_PARENTS {
                self.too_many = true;
                return;
            }
            if !self.parents.contains(parent) {
                self.parents.insert(parent.into());
            }
        }
        self.exceptions.push((line, rule));
    }

    /// A rule that is to be as if it were not there.
    pub fn switch_off(&mut self, means: Means, rule: Exactly) {
        if !self.has_room() {
            return;
        }
        match means {
            Means::Entry => self.off.push(rule),
            Means::Exception => drop(self.off_exceptions.insert(rule)),
        }
    }

    /// There are more than are held: the source is not to be used.
    pub fn too_many(&self) -> bool {
        self.too_many
    }

    fn has_room(&mut self) -> bool {
        self.too_many |= self.exceptions.len() + self.off.len() + self.off_exceptions.len() >= MOST;
        !self.too_many
    }

    /// Everything is read: the entries may pass.
    pub fn settle(mut self) -> Passing {
        self.exceptions.retain(|(_, rule)| !self.off_exceptions.contains(rule));
        let mut passing = Passing::default();
        self.off.into_iter().for_each(|rule| *passing.off.entry(rule.key).or_default() |= bit(rule.reach, rule.important));
        for (_, rule) in &self.exceptions {
            *passing.except.entry(rule.key.clone()).or_default() |= bit(rule.reach, rule.important);
        }
        passing.important_range = self.important_range;
        passing.excepts_ranges = self.exceptions.iter().any(|(_, rule)| rule.key.contains(&b'#'));
        passing.left = self.parents.into_iter().map(|parent| (parent, [0; 2])).collect();
        // The first is the last; of one name what reaches furthest comes first.
        self.exceptions
            .sort_by(|(a_line, a), (b_line, b)| b.key.cmp(&a.key).then(b.reach.cmp(&a.reach)).then(b_line.cmp(a_line)));
        passing.waiting = self.exceptions;
        passing
    }
}

/// Takes an exception that is to be kept.
pub(super) type Each<'e> = dyn FnMut(&[u8], Says) -> io::Result<()> + 'e;

/// Exceptions, while the entries pass by in order.
#[derive(Default)]
pub(super) struct Passing {
    off: HashMap<Box<[u8]>, u8>,
    except: HashMap<Box<[u8]>, u8>,
    /// Of each name that is or is above an excepted one: what the entries that are left say, ordinary ones and important ones.
    left: HashMap<Box<[u8]>, [u8; 2]>,
    /// Some exception is a range of addresses.
    excepts_ranges: bool,
    important_range: bool,
    waiting: Vec<(u64, Exactly)>,
    overruled: Vec<u64>,
}

impl Passing {
    /// Whether this entry is taken away. What is not is remembered, if an exception asks for it later.
    pub fn strikes(&mut self, key: &[u8], reach: Reach, important: bool) -> bool {
        if self.off.is_empty() && self.waiting.is_empty() && self.except.is_empty() {
            return false;
        }
        let switched_off = self.off.get(key).is_some_and(|off| off & bit(reach, important) != 0);
        if switched_off || self.excepts(key, reach, important) {
            return true;
        }
        if let Some(left) = self.left.get_mut(key) {
            left[usize::from(important)] |= 1 << reach as u8;
        }
        false
    }

    fn excepts(&self, key: &[u8], reach: Reach, important: bool) -> bool {
        let below = bit(Reach::Below, false);
        let bits_of = |parent: &[u8]| {
            let bits = self.except.get(parent).copied().unwrap_or_default();
            bits >> 3 | if important { 0 } else { bits & 7 }
        };
        let around = ranges_around(key).filter(|_| self.excepts_ranges);
        parents_of(key).any(|parent| {
            let bits = bits_of(parent);
            bits & below != 0 || (parent.len() == key.len() && bits & bit(reach, false) != 0)
        }) || around.into_iter().flatten().any(|range| bits_of(range.as_bytes()) & below != 0)
    }

    /// Hands over the exceptions to be kept that stand before `key`, or at it, in order; all that are left if there is none.
    pub fn due(&mut self, key: Option<(&[u8], At)>, each: &mut Each<'_>) -> io::Result<()> {
        let is_due = |rule: &Exactly| match key {
            None => true,
            Some((key, At::Before)) => *rule.key < *key,
            Some((key, At::Same)) => *rule.key <= *key,
        };
        while let Some((line, rule)) = self.waiting.pop_if(|(_, rule)| is_due(rule)) {
            // The ranges around an address may come behind it: whether one is left is not known, and an exception to none is none.
            let in_ranges = ranges_around(&rule.key).is_some();
            let reaches = |important| self.reaches(&rule.key, important) || (in_ranges && (!important || self.important_range));
            match [true, false].map(reaches) {
                [true, true] if !rule.important => self.overruled.push(line),
                [true, false] if !rule.important => {}
                [false, false] => {}
                _ => each(&rule.key, Says::exception(rule.reach))?,
            }
        }
        Ok(())
    }

    /// Whether an entry that was not taken away still reaches this name.
    fn reaches(&self, key: &[u8], important: bool) -> bool {
        parents_of(key).any(|parent| {
            let stands = stands(key, parent);
            let left = self.left.get(parent).map_or(0, |left| left[usize::from(important)]);
            [Reach::Below, Reach::HostOnly, Reach::Exact]
                .into_iter()
                .any(|reach| left & 1 << reach as u8 != 0 && Says::entry(reach).reaches(stands))
        })
    }

    /// The lines of exceptions that something important overrules.
    pub fn overruled(mut self) -> Vec<u64> {
        self.overruled.sort_unstable();
        self.overruled
    }
}

/// Which exceptions are due at a key.
#[derive(Clone, Copy)]
pub(super) enum At {
    Before,
    Same,
}

fn bit(reach: Reach, important: bool) -> u8 {
    1 << (reach as u8 + if important { 3 } else { 0 })
}

/// The key and everything above it: `com`, `com.example`, `com.example/a`, `com.example/a/b`. An address has nothing above it.
fn parents_of(key: &[u8]) -> impl Iterator<Item = &[u8]> {
    let host = host_of(key);
    let has_parents = str::from_utf8(host).map_or(true, |host| host.parse::<IpAddr>().is_err());
    let boundary = move |(at, c): (usize, &u8)| {
        let ends = if at < host.len() { *c == b'.' } else { *c == b'/' };
        (has_parents && ends).then_some(at)
    };
    key.iter().enumerate().filter_map(boundary).map(|at| &key[..at]).chain([key])
}

/// The ranges around an address or a range, if it is one of them.
fn ranges_around(key: &[u8]) -> Option<impl Iterator<Item = Key> + use<>> {
    let (host, length) = match key.iter().position(|&c| c == b'#') {
        Some(at) => (&key[..at], str::from_utf8(&key[at + 1..]).ok()?.parse().ok()?),
        None => (key, u8::MAX),
    };
    let address: IpAddr = str::from_utf8(host).ok()?.parse().ok()?;
    let widest = if address.is_ipv4() { 24 } else { 48 };
    Some((widest..length.min(whole(address))).map(move |length| Key::of_range(address, length)))
}

/// The key of the host of a page.
fn host_of(key: &[u8]) -> &[u8] {
    key.split(|&c| c == b'/').next().unwrap_or_default()
}

/// How a name, or the host of a page, stands to one above it.
fn stands(key: &[u8], parent: &[u8]) -> Stands {
    let host = host_of(key);
    if parent.len() <= host.len() {
        return Stands::of(host, parent);
    }
    if parent.len() == key.len() { Stands::Same } else { Stands::Below }
}
