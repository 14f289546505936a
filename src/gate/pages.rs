//! Memory that is looked into in no order.

use std::mem::{MaybeUninit, size_of_val};

/// Asks the kernel to hold memory that nothing has been written to yet in pages of two megabytes: with small ones, what is looked up in
/// it at random costs the core a search for its page each time. From two megabytes on. A hint: without it all is as before.
pub fn on_large_pages<T>(memory: &[MaybeUninit<T>]) {
    const PAGE: usize = 4096;
    let (start, length) = (memory.as_ptr() as usize, size_of_val(memory));
    let from = start & !(PAGE - 1);
    // SAFETY: it changes how the kernel holds these pages, and nothing of what is in them, our own or our neighbours'.
    let refused = unsafe { nix::libc::madvise(from as *mut _, start + length - from, nix::libc::MADV_HUGEPAGE) };
    if refused != 0 {
        tracing::debug!("a worker's memory is held in small pages");
    }
}
