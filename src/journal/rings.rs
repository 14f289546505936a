//! The rings of one journal: one for each thread that notes something, made at its first note and used again after its end.

use super::ring::{MAX_RINGS, Producer, RING_BYTES, Ring, RingId};
use super::time::BootId;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

/// Rings of threads that have ended, kept for those that come.
const MAX_FREE: usize = 4;

/// The journal's rings, shared by its threads and its writer.
pub struct Rings {
    run: PathBuf,
    /// First part of the files' names: rings of other journals in the same folder are not ours.
    prefix: String,
    boot: BootId,
    capacity: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    live: Vec<Arc<Ring>>,
    free: Vec<Arc<Ring>>,
}

impl Rings {
    /// The rings of the journal at `dir`.
    pub fn new(run: &Path, dir: &Path, boot: BootId, capacity: Option<u64>) -> Self {
        let prefix = format!("{:016x}-", fnv(dir.as_os_str().as_encoded_bytes()));
        Self { run: run.to_owned(), prefix, boot, capacity: capacity.unwrap_or(RING_BYTES), state: Mutex::default() }
    }

    /// A panic elsewhere must not stop what others note.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Takes over the rings that a killed process left. They are drained like those of a thread that has ended.
    pub fn adopt(&self) -> io::Result<Vec<RingId>> {
        let mut adopted = Vec::new();
        for entry in std::fs::read_dir(&self.run)? {
            let path = entry?.path();
            let ours =
                path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(&self.prefix) && n.ends_with(".ring"));
            if !ours {
                continue;
            }
            match Ring::leftover(&path)? {
                Some(ring) => {
                    adopted.push(ring.id);
                    self.state().live.push(Arc::new(ring));
                }
                None => drop(std::fs::remove_file(&path)),
            }
        }
        Ok(adopted)
    }

    /// A ring for the calling thread.
    pub fn open(&self) -> io::Result<Producer> {
        let mut state = self.state();
        let ring = match state.free.pop() {
            Some(ring) => ring,
            None if state.live.len() >= MAX_RINGS => {
                return Err(io::Error::other(format!("{MAX_RINGS} threads have rings already")));
            }
            None => {
                // Random: std takes the keys of its hash maps from the system.
                let id = RandomState::new().build_hasher().finish();
                let path = self.run.join(format!("{}{id:016x}.ring", self.prefix));
                let ring = Arc::new(Ring::create(&path, id, self.boot, self.capacity)?);
                super::point::reach(super::point::Point::RingMade);
                ring
            }
        };
        let producer = Producer::of(ring.clone());
        state.live.push(ring);
        Ok(producer)
    }

    /// Those that may hold something.
    pub fn live(&self) -> Vec<Arc<Ring>> {
        self.state().live.clone()
    }

    /// Puts away a ring whose thread has ended and which is drained.
    pub fn retire(&self, ring: &Arc<Ring>) {
        let mut state = self.state();
        state.live.retain(|r| !Arc::ptr_eq(r, ring));
        if ring.leftover || state.free.len() >= MAX_FREE {
            let _ = std::fs::remove_file(&ring.path);
        } else {
            state.free.push(ring.clone());
        }
    }

    /// Deletes the files of the rings in which there is nothing left.
    pub fn delete_drained(&self) {
        let mut state = self.state();
        state.free.drain(..).for_each(|ring| drop(std::fs::remove_file(&ring.path)));
        state.live.iter().filter(|ring| ring.is_drained()).for_each(|ring| drop(std::fs::remove_file(&ring.path)));
    }
}

/// FNV-1a, 64 bits: the same in every version, as std's hashes are not.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
