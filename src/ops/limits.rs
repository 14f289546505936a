//! As many open files as the system allows.

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
