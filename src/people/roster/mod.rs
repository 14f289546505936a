//! Who is at an address just now, from every source that says something, merged by trust and freshness.
//!
//! A source (one file each in `people/`) says two kinds of things into the [`Book`]: that an address is a device's
//! ([`Bound`]: address → MAC), and that a place is somebody's ([`Claim`]: address or MAC → person or device, how that is known,
//! since when, until when, how sure). What follows from all of them and the register for an address is worked out when something
//! changes, not when somebody asks: the doors read it without a lock.
//!
//! | what is said | what follows |
//! |---|---|
//! | somebody signed in at an address whose device is known | it is the device's: it goes along to its other addresses, of both families, and to the next one it gets |
//! | of two sign-ins that name the same person | the one that is trusted more ([`Known::trust`]) |
//! | the one that is trusted less is later, and names somebody else | the later one, and nobody is sure |
//! | one of the same trust is later | the later one; if the other was heard of since, nobody is sure |
//! | [`CROWD`] people are signed in at once | a machine of many (remote desktop): nobody is named |
//! | a MAC has more than [`MANY_V4`] IPv4 addresses | a router or a bridge: it is no device, and says nothing |
//!
//! Always holds: a claim ends, by its source, by its time or by silence; what has ended is gone for readers before [`Roster::sweep`]
//! returns. A claim that was made at an address goes when another device has the address. Nothing here grows without bound.
//!
//! - [`claim`]  what sources say
//! - [`book`]   all of it, and what follows
//! - [`merge`]  of several claims, the one that is believed
//! - [`here`]   what is known of an address
//! - [`line`]   how that lies in memory
//! - [`places`] what the doors read

mod book;
mod claim;
mod here;
pub(super) mod line;
mod merge;
mod places;

pub use book::Book;
pub use claim::{At, Bound, Claim, Now, Teller, Whose};
pub use here::{Crowd, Here, Sitting};
pub use merge::CROWD;

use super::key::Key;
use super::neighbours::ask::Ask;
use super::seats::Seats;
use crate::words::{DeviceId, PersonId};
use arc_swap::ArcSwap;
use line::Front;
use places::Places;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// More IPv4 addresses than one device has at once: while it changes networks it has two.
pub const MANY_V4: usize = 4;

/// How long a request waits for the book, so that the kernel is asked whose it is: as long as another one asks.
const WAITS: Duration = Duration::from_micros(200);

/// What is told of people and devices by name, and whom that means: the ids and tags of a register, in small letters.
#[derive(Debug, Default)]
struct Names {
    people: HashMap<Box<str>, PersonId>,
    devices: HashMap<Box<str>, DeviceId>,
}

/// The roster: one for as long as the gate runs, whatever configuration and register are in force.
#[derive(Debug, Default)]
pub struct Roster {
    book: Mutex<Book>,
    places: Places,
    /// Another number whenever anybody may be elsewhere.
    generation: AtomicU32,
    names: ArcSwap<Names>,
    /// Of the register that was told last. Whoever has another one works out for himself what follows.
    seats: ArcSwap<Seats>,
    ask: OnceLock<Ask>,
    /// What RADIUS has said.
    pub radius: super::radius::Tally,
    /// What other systems have said.
    pub session: super::session::Tally,
}

impl Roster {
    /// What is known of an address. Waits for nothing.
    pub fn look_up(&self, address: IpAddr) -> Option<Here> {
        self.places.look_up(Key::of(address)).map(|line| line.here())
    }

    /// What a door asks for of that, and what follows. Of an address on our own links that nobody has told of, the kernel is asked
    /// first whose it is, so that the request at hand is that device's. Waits for [`WAITS`] at most.
    #[inline]
    pub(super) fn find(&self, address: IpAddr) -> Option<Front> {
        let found = self.places.glance(Key::of(address));
        let known = || found.is_some_and(|front| front.mac().is_some());
        match self.ask.get().filter(|ask| !known() && ask.is_on_link(address)) {
            Some(ask) => self.ask(ask, address, Now::read()),
            None => found,
        }
    }

    /// Whom [`Roster::find`] asks from now on; the first who is given stays.
    pub(super) fn ask_by(&self, ask: Ask) {
        let _ = self.ask.set(ask);
    }

    pub(super) fn asker(&self) -> Option<&Ask> {
        self.ask.get()
    }

    /// The book is held while the kernel is asked: what it tells of a change after that is read after that.
    #[cold]
    fn ask(&self, ask: &Ask, address: IpAddr, now: Now) -> Option<Front> {
        if let Some(book) = ask.may(address, now.boot_ms).then(|| self.book_soon()).flatten() {
            self.write(book, now, |book| {
                // It is told, and yet no device's: a router's, and whoever asks anew hears the same.
                let told = book.is_told(address, Teller::Neighbour);
                match (!told).then(|| ask.mac(address, now.boot_ms)).flatten() {
                    Some(mac) => book.bind(address, Teller::Neighbour, Bound { mac, by: 0, until_ms: None }),
                    None => ask.nobody(address, now.boot_ms),
                }
            });
        }
        self.places.glance(Key::of(address))
    }

    fn book_soon(&self) -> Option<MutexGuard<'_, Book>> {
        let until = Instant::now() + WAITS;
        loop {
            match self.book.try_lock() {
                Ok(book) => return Some(book),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::yield_now(),
                Err(TryLockError::WouldBlock) => return None,
            }
        }
    }

    /// Another number than before whenever anybody may be elsewhere: whoever keeps what he looked up asks again then.
    pub fn generation(&self) -> u32 {
        self.generation.load(Ordering::Acquire)
    }

    /// Something came from an address. Waits for nothing: while sources speak, it is not marked, and the next time it is.
    pub fn heard(&self, address: IpAddr, now_ms: u64) {
        if let Ok(mut book) = self.book.try_lock() {
            book.heard(address, now_ms);
        }
    }

    /// Takes what a source says. When it returns, every reader sees what follows from it.
    pub fn change<T>(&self, now: Now, change: impl FnOnce(&mut Book) -> T) -> T {
        self.write(self.book.lock().unwrap_or_else(PoisonError::into_inner), now, change)
    }

    fn write<T>(&self, mut book: MutexGuard<'_, Book>, now: Now, change: impl FnOnce(&mut Book) -> T) -> T {
        book.turn(now);
        let said = change(&mut book);
        let touched = book.touched();
        let seats = self.seats.load();
        let known = |key| book.here(key).map(|here| (here, seats.seen(key, &here)));
        if self.places.put(touched, known) {
            self.generation.fetch_add(1, Ordering::Release);
        }
        said
    }

    /// Ends what has had its time. When the next is due, in milliseconds since the machine started.
    pub fn sweep(&self, now: Now) -> Option<u64> {
        self.change(now, Book::sweep)
    }

    /// How many addresses anything is known of.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Addresses that many are behind, by what was seen: not by the configuration.
    pub fn crowded(&self) -> Vec<(IpAddr, Crowd)> {
        let mut crowded = Vec::new();
        self.places.each(|key, here| crowded.extend(here.crowd.map(|crowd| (key.address(), crowd))));
        crowded.sort_unstable();
        crowded
    }

    /// How many are signed in, by how that is known; for `status`.
    pub fn sittings(&self) -> Vec<(crate::words::Known, usize)> {
        let mut counts: HashMap<_, usize> = HashMap::new();
        self.places.each(|_, here| {
            if let Some(sitting) = here.sitting {
                *counts.entry(sitting.known).or_default() += 1;
            }
        });
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable_by_key(|(known, _)| *known);
        counts
    }

    /// Whom the names of sources mean from now on: the school's ids of people, those withdrawn among them, and tags of devices
    /// in use.
    pub fn know<'a>(
        &self,
        people: impl Iterator<Item = (&'a str, PersonId)>,
        devices: impl Iterator<Item = (&'a str, DeviceId)>,
    ) {
        let people = people.map(|(key, person)| (key.to_lowercase().into(), person)).collect();
        let devices = devices.map(|(tag, device)| (tag.to_lowercase().into(), device)).collect();
        self.names.store(Arc::new(Names { people, devices }));
    }

    /// What the register says of every address from now on.
    pub(super) fn seat(&self, seats: Arc<Seats>) {
        let _one = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        seats.take_stamp();
        self.places.see(|key, here| seats.seen(key, here));
        self.seats.store(seats);
    }

    /// The device that calls itself so: by its name, or the first label of it.
    pub fn device_called(&self, name: &str) -> Option<DeviceId> {
        let name = name.to_lowercase();
        let (names, first) = (self.names.load(), name.split('.').next().unwrap_or_default());
        names.devices.get(name.as_str()).or_else(|| names.devices.get(first)).copied()
    }

    /// Whom a user name means: `j.smith`, `SCHOOL\j.smith`, `j.smith@school.example`. `None`: nobody.
    pub fn account(&self, user: &str) -> Option<PersonId> {
        const LONGEST: usize = 256;
        let user = Some(user.trim()).filter(|user| user.len() <= LONGEST)?.to_lowercase();
        let names = self.names.load();
        let of = |name: &str| names.people.get(name).copied();
        let bare = || user.rsplit('\\').next().filter(|bare| bare.len() < user.len()).and_then(of);
        let local = || user.split_once('@').and_then(|(local, _)| of(local));
        of(&user).or_else(bare).or_else(local)
    }
}

#[cfg(test)]
mod tests;
