//! Address → MAC, and what devices call themselves, from the files of DHCP servers, read anew when they change.
//!
//! What is watched is the folder: a server writes another file and renames it, and may do so before the first is there. A lease
//! says whom an address was given to; who uses it, the kernel's neighbours and RADIUS know better.

use super::roster::{At, Bound, Claim, Now, Roster, Teller, Whose};
use crate::config::LeaseFile;
use crate::wire::leases::{Format, Lease, MAX_BYTES, read};
use crate::words::Known;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::collections::HashMap;
use std::io::Read;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// A server writes a file in several steps: it is read when it has been let be for so long.
const QUIET_MS: u64 = 50;

/// A server that writes without end is read all the same.
const AT_LATEST_MS: u64 = 1_000;

/// Whatever the kernel tells, each file is looked at so often: of a folder that is not there yet, or is on a network, it tells
/// nothing.
const EVERY_MS: u64 = 60_000;

/// Longest a lease is believed without being read again. What is given for ever may be taken out of the file at any time.
const LONGEST_S: i64 = 7 * 24 * 60 * 60;

/// Files of before a clean-up, which Kea makes and reads before the one it writes (its ARM, 'Lease File Cleanup').
const BEFORE_CLEAN_UP: [&str; 2] = [".2", ".1"];

#[derive(Debug)]
pub(super) struct Leases {
    files: Vec<Watched>,
    inotify: Option<Inotify>,
}

#[derive(Debug)]
struct Watched {
    file: LeaseFile,
    /// When it is to be read: first and latest, in milliseconds since the machine started.
    due: Option<(u64, u64)>,
    /// When it is read although nothing was told of it.
    again_ms: u64,
    /// Told once, not every minute.
    failed: bool,
}

impl Leases {
    pub fn new(files: Vec<LeaseFile>) -> Self {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).ok().filter(|_| !files.is_empty());
        for folder in files.iter().filter_map(|file| folder_of(&file.path)) {
            let flags = AddWatchFlags::IN_CLOSE_WRITE
                | AddWatchFlags::IN_MODIFY
                | AddWatchFlags::IN_MOVED_TO
                | AddWatchFlags::IN_CREATE
                | AddWatchFlags::IN_DELETE;
            let added = inotify.as_ref().map(|inotify| inotify.add_watch(&folder, flags));
            if let Some(Err(fault)) = added {
                tracing::warn!(folder = %folder.display(), %fault, "this folder of leases is not watched, but read every minute");
            }
        }
        let watched = |file| Watched { file, due: Some((0, 0)), again_ms: 0, failed: false };
        Self { files: files.into_iter().map(watched).collect(), inotify }
    }

    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.inotify.as_ref().map(|inotify| inotify.as_fd())
    }

    /// When something is to be read next.
    pub fn due_ms(&self) -> Option<u64> {
        self.files.iter().map(|watched| watched.due.map_or(watched.again_ms, |(first, _)| first)).min()
    }

    pub fn turn(&mut self, roster: &Roster, now: Now) {
        while let Some(events) = self.inotify.as_ref().and_then(|inotify| inotify.read_events().ok()) {
            for event in events {
                // Without a name it is about the folder, or some were lost: all are read.
                let about = |watched: &&mut Watched| event.name.as_ref().is_none_or(|name| watched.is_of(Path::new(name)));
                for watched in self.files.iter_mut().filter(about) {
                    let latest = watched.due.map_or(now.boot_ms + AT_LATEST_MS, |(_, latest)| latest);
                    watched.due = Some(((now.boot_ms + QUIET_MS).min(latest), latest));
                }
            }
        }
        for (by, watched) in self.files.iter_mut().enumerate() {
            let due = watched.due.is_some_and(|(first, _)| first <= now.boot_ms) || watched.again_ms <= now.boot_ms;
            if due {
                watched.due = None;
                watched.again_ms = now.boot_ms + EVERY_MS;
                watched.take(by as u16, roster, now);
            }
        }
    }
}

impl Watched {
    /// Whether a file of this name is it, or one that is read with it.
    fn is_of(&self, name: &Path) -> bool {
        let its = self.file.path.file_name().unwrap_or_default().as_encoded_bytes();
        name.as_os_str().as_encoded_bytes().strip_prefix(its).is_some_and(|rest| rest.is_empty() || rest[0] == b'.')
    }

    fn take(&mut self, by: u16, roster: &Roster, now: Now) {
        match self.bytes() {
            Ok(bytes) => {
                self.failed = false;
                tell(roster, by, read(self.file.format, &bytes), now);
            }
            // What was read last is believed for as long as the leases last: a server that starts anew has given nobody's away.
            Err(fault) => {
                if !std::mem::replace(&mut self.failed, true) {
                    tracing::warn!(file = %self.file.path.display(), %fault, "these leases cannot be read; those read last count");
                }
            }
        }
    }

    fn bytes(&self) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if self.file.format == Format::Kea {
            for suffix in BEFORE_CLEAN_UP {
                let mut path = self.file.path.clone().into_os_string();
                path.push(suffix);
                if read_into(Path::new(&path), &mut bytes).is_ok() {
                    bytes.push(b'\n');
                }
            }
        }
        read_into(&self.file.path, &mut bytes)?;
        Ok(bytes)
    }
}

fn read_into(path: &Path, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    let left = MAX_BYTES.saturating_sub(bytes.len()) as u64;
    std::fs::File::open(path)?.take(left).read_to_end(bytes).map(drop)
}

fn folder_of(path: &Path) -> Option<PathBuf> {
    let folder = path.parent()?;
    Some(if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() })
}

/// Tells all that a file says.
pub(super) fn tell(roster: &Roster, by: u16, leases: HashMap<IpAddr, Lease>, now: Now) {
    let now_s = now.unix_ms.div_euclid(1000);
    let until_ms = |lease: &Lease| {
        let left = lease.until.map_or(LONGEST_S, |until| until.saturating_sub(now_s)).min(LONGEST_S);
        (left > 0).then(|| now.boot_ms.saturating_add(left.unsigned_abs() * 1000))
    };
    let labels: Vec<_> = leases
        .values()
        .filter_map(|lease| {
            let (name, until_ms) = (lease.name.as_deref()?, until_ms(lease)?);
            let device = roster.device_called(name)?;
            let (known, since) = (Known::HostName, now.since());
            let session = u64::from(by);
            Some((
                lease.mac,
                Claim { whose: Whose::Device(device), known, sure: known.at_best(), since, until_ms, silent_ms: None, session },
            ))
        })
        .collect();
    let bound = leases.into_iter().filter_map(|(address, lease)| {
        let until_ms = until_ms(&lease)?;
        Some((address, Bound { mac: lease.mac, by, until_ms: Some(until_ms) }))
    });
    roster.change(now, |book| {
        book.tell(Teller::Lease, by, bound);
        for (mac, claim) in labels {
            book.claim(At::Mac(mac), claim);
        }
    });
}

#[cfg(test)]
mod tests;
