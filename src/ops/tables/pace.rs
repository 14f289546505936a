//! A compile beside a running gate takes only what the doors leave.

use crate::lists::Progress;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

/// Progress that waits for whoever shows it; a full one makes the work wait.
const TOLD: usize = 64;

/// Whether a gate runs on this data: then it answers at its socket.
pub(super) fn a_gate_runs(data: &Path) -> bool {
    UnixStream::connect(data.join("control.sock")).is_ok()
}

/// Does the work on a thread of its own, at idle priority if `idle` is said, and tells its progress here.
pub(super) fn apart<T: Send>(
    idle: bool,
    progress: &mut dyn FnMut(Progress),
    work: impl FnOnce(&(dyn Fn(Progress) + Sync)) -> T + Send,
) -> T {
    let (tell, told) = mpsc::sync_channel(TOLD);
    thread::scope(|scope| {
        let worker = scope.spawn(move || {
            if idle {
                step_back();
            }
            // Nobody listens any more only when this function is left by a panic.
            work(&move |progress| {
                let _ = tell.send(progress);
            })
        });
        told.iter().for_each(progress);
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Puts this thread, and those it starts, behind everything else: SCHED_IDLE, or nice 19 where the system refuses that.
pub(super) fn step_back() {
    use nix::libc;
    let priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: 0 is the calling thread, and the parameter is a valid one that is only read.
    if unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const priority) } == 0 {
        return;
    }
    // SAFETY: on Linux 0 is the calling thread here too; nothing is read or written.
    if unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 19) } != 0 {
        tracing::debug!("work on the lists goes on at normal priority: {}", std::io::Error::last_os_error());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_apart_is_idle_if_asked_and_so_are_its_threads_and_the_caller_is_not() {
        // SAFETY: 0 is the calling thread; nothing is read or written.
        let policy = || unsafe { nix::libc::sched_getscheduler(0) };
        let before = policy();
        for (idle, expected) in [(true, nix::libc::SCHED_IDLE), (false, before)] {
            let mut told = Vec::new();
            let work = |tell: &(dyn Fn(Progress) + Sync)| {
                tell(Progress::Sorting { entries: 7 });
                (policy(), thread::scope(|scope| scope.spawn(policy).join().expect("it ends")))
            };
            assert_eq!(apart(idle, &mut |progress| told.push(progress), work), (expected, expected));
            assert_eq!((told, policy()), (vec![Progress::Sorting { entries: 7 }], before));
        }
    }
}
