//! Put into the kernel, and taken back unless somebody says that it is good: a rule that locks out the one who made it must not
//! stay.

use super::FirewallFault;
use super::nft;
use super::rules::TABLE;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// What has become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Yes,
    /// It is as it was before.
    TakenBack,
}

/// Loads the rules; keeps them if `yes` is typed within that time. A terminal that has gone, an end of the input and a word to stop
/// are no yes. `None`: they are kept without asking.
///
/// # Errors
/// `nft` refused. Nothing is changed then.
pub fn apply(rules: &str, within: Option<Duration>) -> Result<Kept, FirewallFault> {
    nft::check(rules)?;
    let Some(within) = within else { return nft::load(rules).map(|()| Kept::Yes) };
    let before = nft::listed()?;
    // From here on a lost connection must not end us before the rules are back.
    let mut signals = SigSet::empty();
    [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM].into_iter().for_each(|signal| signals.add(signal));
    signals.thread_block().map_err(std::io::Error::from)?;
    let signals = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC).map_err(std::io::Error::from)?;
    nft::load(rules)?;
    let asked = write!(
        std::io::stderr(),
        "The rules are in force. Look whether machines still get out, then type `yes` within {} s; else they are taken back: ",
        within.as_secs()
    );
    if asked.is_ok() && confirmed(&signals, Instant::now() + within) {
        return Ok(Kept::Yes);
    }
    nft::load(&format!("table {TABLE} {{}}\ndelete table {TABLE}\n{}", before.unwrap_or_default()))?;
    Ok(Kept::TakenBack)
}

fn confirmed(signals: &SignalFd, until: Instant) -> bool {
    // Without a buffer: what is read ahead into one would not wake the next poll.
    let Ok(stdin) = std::io::stdin().as_fd().try_clone_to_owned() else { return false };
    let mut stdin = File::from(stdin);
    let mut typed = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut ready = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN), PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        match poll(&mut ready, timeout) {
            Ok(1..) => {}
            Err(nix::errno::Errno::EINTR) => continue,
            _ => return false,
        }
        if ready[1].any() == Some(true) {
            return false;
        }
        let mut byte = [0];
        match stdin.read(&mut byte) {
            Ok(1) if byte[0] == b'\n' => return typed.trim_ascii() == b"yes",
            Ok(1) if typed.len() < 64 => typed.push(byte[0]),
            _ => return false,
        }
    }
}
