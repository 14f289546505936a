//! A ring's file in memory, shared with whoever reads the file: the only unsafe code of this room.

use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::io;
use std::sync::atomic::AtomicU64;

/// A file mapped MAP_SHARED for reading and writing. What is stored here is in the page cache at once, and stays there when
/// the process is killed.
pub struct Memory {
    map: MmapRaw,
}

impl Memory {
    /// Maps the first `len` bytes of a file that has at least that many, and touches every page, so that no event waits for one.
    pub fn map(file: &File, len: usize) -> io::Result<Self> {
        if file.metadata()?.len() < len as u64 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file is shorter than its header says"));
        }
        Ok(Self { map: MmapOptions::new().len(len).populate().map_raw(file)? })
    }

    /// The counter at this offset, which is a multiple of 8 and within the memory.
    pub fn counter(&self, offset: usize) -> &AtomicU64 {
        assert!(offset.is_multiple_of(8) && offset.checked_add(8).is_some_and(|end| end <= self.map.len()));
        // SAFETY: eight aligned bytes within the mapping (asserted above; a mapping starts at a page), which lives as long as
        // `self`; every access to these offsets goes through this atomic.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().add(offset).cast()) }
    }

    /// Copies bytes into the memory.
    ///
    /// # Safety
    /// Nobody else reads or writes that part of the memory until they have been told to by a counter
    /// (stored with Release after this, loaded with Acquire before).
    pub unsafe fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset.checked_add(bytes.len()).is_some_and(|end| end <= self.map.len()));
        // SAFETY: within the mapping (asserted above); that nobody else is there is the caller's promise.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.map.as_mut_ptr().add(offset), bytes.len()) }
    }

    /// Copies bytes out of the memory, onto the end of `out`.
    ///
    /// # Safety
    /// Nobody writes that part of the memory meanwhile.
    pub unsafe fn read(&self, offset: usize, len: usize, out: &mut Vec<u8>) {
        assert!(offset.checked_add(len).is_some_and(|end| end <= self.map.len()));
        // SAFETY: within the mapping (asserted above), and initialised, as every byte of a file is; that nobody writes is the
        // caller's promise.
        out.extend_from_slice(unsafe { std::slice::from_raw_parts(self.map.as_ptr().add(offset), len) });
    }

    /// Bytes of the memory, where they are.
    ///
    /// # Safety
    /// Nobody writes that part of the memory as long as the slice lives.
    pub unsafe fn slice(&self, offset: usize, len: usize) -> &[u8] {
        assert!(offset.checked_add(len).is_some_and(|end| end <= self.map.len()));
        // SAFETY: within the mapping (asserted above), and initialised, as every byte of a file is; that nobody writes is the
        // caller's promise.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().add(offset), len) }
    }
}
