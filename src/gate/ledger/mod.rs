//! The ledger of what each client was told: which name an address was given out for, to whom.
//!
//! A connection that comes without a name (a bare address, a TLS handshake that hides it) is named by what we said to the same
//! client in the last [`KEPT`]. A worker that answers only hands over what it has not handed over lately; the ledger's own thread
//! does the rest, and writes it to a file now and then, so that a restart forgets nothing of use. Help is in it for nobody: no file
//! ties a person to help.

mod book;
mod file;

use super::Clock;
use crate::words::{ClientAddr, Host};
use book::Book;
use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long an address keeps the name it was given out for: a day, as long as clients keep connections and answers of their own.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How often it is written to its file.
const WRITTEN_EVERY: Duration = Duration::from_secs(5 * 60);

/// Hand-overs that may wait for the ledger's thread. What finds no room is handed over when it is asked for again.
const WAITING: usize = 512;

/// Most of one hand-over: each wakes the ledger's thread.
const AT_ONCE: usize = 16;

/// What one thread hands over in a second. More comes only from a flood, and a flood must not take the ledger's thread a core.
const A_SECOND: u32 = 2_000;

/// What a thread remembers to have handed over, a power of two, and for how many seconds it does not do it again.
const LATELY: usize = 1 << 14;
const LATELY_SECONDS: u32 = 60 * 60;

/// Most addresses of one answer.
const MOST_ADDRESSES: usize = 16;

/// See the file's head.
pub struct Ledger {
    book: Arc<RwLock<Book>>,
    clock: Clock,
    told: Mutex<Option<JoinHandle<()>>>,
    say: SyncSender<Word>,
    /// Nobody outside can know which answers share a place.
    seed: u64,
}

/// What the ledger's thread is told.
enum Word {
    Told(Vec<Told>),
    /// The end: what is known is written to the file.
    End,
}

/// An answer that a client has had.
struct Told {
    client: ClientAddr,
    /// Where [`Lately`] has it.
    place: usize,
    host: Box<str>,
    addresses: Vec<IpAddr>,
    /// Seconds since 1970.
    at: u32,
}

thread_local! {
    static LATELY_TOLD: RefCell<Lately> = const { RefCell::new(Lately { places: Vec::new(), second: u32::MAX, left: 0, held: Vec::new() }) };
}

/// What a thread has handed over lately.
struct Lately {
    /// A key, and the second in which it was handed over.
    places: Vec<(u64, u32)>,
    second: u32,
    /// What may still be handed over in it.
    left: u32,
    /// What waits to be handed over with the rest of its batch.
    held: Vec<Told>,
}

impl Ledger {
    /// Opens the ledger kept in `file`, and begins to keep it; without a file it lasts as long as the process. A file that cannot be
    /// read is begun anew: nothing rests on it but the names of bare addresses.
    pub fn open(file: Option<PathBuf>, clock: Clock) -> Self {
        let now = seconds(clock.unix_ms());
        let mut known = Book::default();
        if let Some(path) = &file {
            match file::read(path, now) {
                Ok(book) => known = book,
                Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => {}
                Err(fault) => {
                    tracing::warn!(file = %path.display(), %fault, "what clients were told before cannot be read, and is begun anew")
                }
            }
        }
        let book = Arc::new(RwLock::new(known));
        let (say, heard) = sync_channel(WAITING);
        let keeper = Keeper { book: book.clone(), heard, file, clock: clock.clone() };
        let thread = std::thread::Builder::new().name("ledger".into()).spawn(move || keeper.run());
        let told = thread.inspect_err(|fault| tracing::error!(%fault, "nothing is kept of what clients are told")).ok();
        Self { book, clock, told: Mutex::new(told), say, seed: RandomState::new().hash_one(0) }
    }

    /// What an answer of a name with these addresses is known by; 0: there is nothing to tell.
    pub fn mark(&self, host: &str, addresses: &[IpAddr]) -> u64 {
        if addresses.is_empty() { 0 } else { mark(self.seed, host, addresses) | 1 }
    }

    /// Says that a client has had the answer of this mark. `boot_ms` is the time since the machine started. Never waits. The calling
    /// thread owes a [`Ledger::hand_over`] soon.
    pub fn tell<'a>(&self, client: ClientAddr, mark: u64, boot_ms: u64, told: impl FnOnce() -> (&'a str, &'a [IpAddr])) {
        let second = (boot_ms / 1000) as u32;
        let _ = LATELY_TOLD.try_with(|lately| {
            let mut lately = lately.borrow_mut();
            if lately.second != second {
                (lately.second, lately.left) = (second, A_SECOND);
            }
            if lately.left == 0 {
                return;
            }
            if lately.places.is_empty() {
                lately.places = vec![(0, 0); LATELY];
            }
            let key = with(mark, client.ip());
            let place = key as usize & (LATELY - 1);
            let (there, since) = lately.places[place];
            if there == key && second.wrapping_sub(since) < LATELY_SECONDS {
                return;
            }
            let (host, addresses) = told();
            let addresses = addresses[..addresses.len().min(MOST_ADDRESSES)].to_vec();
            let at = seconds(self.clock.unix_ms());
            lately.left -= 1;
            lately.places[place] = (key, second);
            lately.held.push(Told { client, place, host: host.into(), addresses, at });
            if lately.held.len() >= AT_ONCE {
                self.hand_over_of(&mut lately);
            }
        });
    }

    /// Hands over what the calling thread has told since it last did. Never waits.
    #[inline]
    pub fn hand_over(&self) {
        let _ = LATELY_TOLD.try_with(|lately| {
            let mut lately = lately.borrow_mut();
            if !lately.held.is_empty() {
                self.hand_over_of(&mut lately);
            }
        });
    }

    #[cold]
    fn hand_over_of(&self, lately: &mut Lately) {
        let full = match self.say.try_send(Word::Told(std::mem::take(&mut lately.held))) {
            Err(TrySendError::Full(Word::Told(told)) | TrySendError::Disconnected(Word::Told(told))) => told,
            _ => return,
        };
        // As if it had not been told.
        full.iter().for_each(|told| lately.places[told.place] = (0, 0));
    }

    /// The name for which a client was given this address last. `None`: it was not, within [`KEPT`]; or that is nobody's business.
    pub fn name_of(&self, client: ClientAddr, address: IpAddr) -> Option<Host> {
        let book = self.book.read().unwrap_or_else(PoisonError::into_inner);
        let name = book.name_of(client, address, seconds(self.clock.unix_ms()))?;
        Host::parse(name).ok()
    }

    /// Writes what is known to the file. What is told afterwards is not kept.
    pub fn stop(&self) {
        let thread = self.told.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = self.say.send(Word::End);
            let _ = thread.join();
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.stop();
    }
}

fn seconds(unix_ms: i64) -> u32 {
    u32::try_from(unix_ms.max(0) / 1000).unwrap_or(u32::MAX)
}

/// An answer, in 64 bits: with others it may share them, and then waits for its turn.
fn mark(seed: u64, host: &str, addresses: &[IpAddr]) -> u64 {
    let (words, rest) = host.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let hash = words.iter().chain([&last]).fold(seed, |hash, word| mixed(hash, u64::from_le_bytes(*word)));
    addresses.iter().fold(hash, |hash, address| with(hash, *address))
}

fn with(hash: u64, address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(v4) => mixed(hash, v4.to_bits().into()),
        IpAddr::V6(v6) => mixed(mixed(hash, v6.to_bits() as u64), (v6.to_bits() >> 64) as u64),
    }
}

/// An odd constant without structure, the digits of π; both halves of the product hang on every bit below.
fn mixed(hash: u64, word: u64) -> u64 {
    let product = u128::from(hash ^ word) * 0x243f_6a88_85a3_08d3;
    product as u64 ^ (product >> 64) as u64
}

/// The ledger's thread.
struct Keeper {
    book: Arc<RwLock<Book>>,
    heard: Receiver<Word>,
    file: Option<PathBuf>,
    clock: Clock,
}

impl Keeper {
    fn run(self) {
        let (mut written, mut changed) = (Instant::now(), false);
        loop {
            match self.heard.recv_timeout(WRITTEN_EVERY.saturating_sub(written.elapsed())) {
                Ok(Word::Told(all)) => {
                    let mut book = self.book.write().unwrap_or_else(PoisonError::into_inner);
                    all.iter().for_each(|told| book.tell(told.client, &told.host, &told.addresses, told.at));
                    changed = true;
                }
                Err(RecvTimeoutError::Timeout) => {
                    if changed {
                        self.write();
                    }
                    (written, changed) = (Instant::now(), false);
                }
                Ok(Word::End) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.write();
    }

    fn write(&self) {
        let now = seconds(self.clock.unix_ms());
        self.book.write().unwrap_or_else(PoisonError::into_inner).forget(now);
        let Some(path) = &self.file else { return };
        let bytes = file::bytes(&self.book.read().unwrap_or_else(PoisonError::into_inner));
        if let Err(fault) = file::write(path, &bytes) {
            tracing::warn!(file = %path.display(), %fault, "what clients were told cannot be kept over a restart");
        }
    }
}

#[cfg(test)]
mod tests;
