//! The filter of the table in force held in memory, so that a name on no list never waits for the disk.
//!
//! Nothing lets go of it: when the table goes, its map goes, and the lock with it.

use crate::lists::Table;
use nix::errno::Errno;
use nix::sys::mman::mlock;
use std::ptr::NonNull;

/// Why the filter is not held in memory. What it means and what to do stands in the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{kib} KiB are not held in memory ({why}): a name that is on no list may have to wait for the disk. Allow it with \
     LimitMEMLOCK=256M in the unit, or `ulimit -l` before `schoolgate run`"
)]
pub struct NotHeld {
    kib: usize,
    why: Errno,
}

/// Holds a table's filter in memory, and brings it there first.
///
/// # Errors
/// [`NotHeld`]: the system does not allow it. The table answers all the same.
pub fn hold(table: &Table) -> Result<(), NotHeld> {
    let filter = table.filter();
    let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten().map_or(4096, |page| page as usize);
    // From the beginning of its first page; the kernel rounds the end up.
    let before = filter.as_ptr() as usize % page;
    let Some(first) = NonNull::new(filter.as_ptr().wrapping_sub(before).cast_mut()) else { return Ok(()) };
    let length = filter.len() + before;
    // SAFETY: these pages are mapped for as long as the table is; locking changes nothing that is in them.
    unsafe { mlock(first.cast(), length) }.map_err(|why| NotHeld { kib: length.div_ceil(1024), why })
}
