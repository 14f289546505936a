//! What the system gives us: open files, and who goes first on a core.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// More than any school's box needs, and few enough that what the kernel keeps for them stays small.
const MOST_FILES: u64 = 65_536;

/// Raises the soft limit on open files to the hard one: 1,024 is what a shell gives, and the doors share it out.
pub fn raise_open_files() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        let wanted = hard.min(MOST_FILES);
        if wanted > soft { setrlimit(Resource::RLIMIT_NOFILE, wanted, hard) } else { Ok(()) }
    });
    if let Err(fault) = raised {
        tracing::warn!(%fault, "the limit on open files stays as it is");
    }
}

/// Bytes from which on a buffer has a map of its own, which goes back to the system when it is freed. Left to itself, glibc raises this
/// to the largest buffer that was ever freed, and of those that come then a heap keeps the holes.
const OWN_MAP: nix::libc::c_int = 256 << 10;

/// Two heaps for all threads, where glibc would give each its own: of what one thread gives back, another's heap has nothing; and
/// large buffers in none, such as those of the journal's transactions. The doors' hot paths use none. Measured with four million names
/// and 300,000 questions a second: 5 MB less by the first.
pub fn few_heaps() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it sets a number of the allocator, before there are threads that use it.
    unsafe {
        nix::libc::mallopt(nix::libc::M_ARENA_MAX, 2);
        nix::libc::mallopt(nix::libc::M_MMAP_THRESHOLD, OWN_MAP);
    }
}

/// How much less than the doors a thread gets that works beside them: a fifth of a core that both want.
const NICE: i32 = 7;

/// Makes the calling thread give way to those that answer. It stays so: call it on a thread made for the work.
pub fn give_way() {
    // SAFETY: it reads nothing of ours; process 0 is the calling thread, for on Linux each thread has a niceness of its own.
    let set = unsafe { nix::libc::setpriority(nix::libc::PRIO_PROCESS, 0, NICE) };
    if set != 0 {
        tracing::debug!("a thread works at the priority of the doors");
    }
}
