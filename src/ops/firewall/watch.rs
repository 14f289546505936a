//! Whether the doors answer, said to the kernel with a time that runs out by itself: a gate that was killed, that hangs, or whose
//! watch was killed with it, is down within seconds.

use super::FirewallFault;
use super::nft;
use super::rules::TABLE;
use crate::config::Config;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

/// How often the doors are tried.
const EVERY: Duration = Duration::from_secs(1);

/// How long they may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the kernel believes that they answer, in seconds: longer than two tries that just do not fail.
const BELIEVED: u32 = 5;

/// Tries the doors and tells the kernel, until the word to stop. The rules themselves are loaded first.
///
/// When it is stopped by somebody, the kernel is told that the doors answer, for good: then a gate that is down is closed to every
/// network, as without a watch.
///
/// SIGHUP puts the rules of the configuration in force that `read` gives then; if it cannot be read, those before stay.
///
/// # Errors
/// The rules cannot be loaded, at the start.
pub fn watch(config: &Config, read: impl Fn() -> Option<Config>) -> Result<(), FirewallFault> {
    let mut signals = SigSet::empty();
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().for_each(|signal| signals.add(signal));
    signals.thread_block().map_err(std::io::Error::from)?;
    let signals = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC).map_err(std::io::Error::from)?;
    let mut door = door_of(config)?;
    nft::load(&super::rules(config)?)?;
    let mut answered = true;
    loop {
        let answers = answers(door);
        if answers != answered {
            answered = answers;
            match answers {
                true => tracing::info!(%door, "the doors answer again"),
                false => {
                    tracing::error!(%door, "the doors do not answer: networks that are open while the gate is down go straight on")
                }
            }
        }
        if let Err(fault) = nft::load(&said(answers)) {
            tracing::error!(%fault, "the kernel could not be told whether the doors answer");
        }
        let mut ready = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        let every = PollTimeout::try_from(EVERY).unwrap_or(PollTimeout::MAX);
        if !matches!(poll(&mut ready, every), Ok(1..)) {
            continue;
        }
        let reloads = signals.read_signal().ok().flatten().is_some_and(|said| said.ssi_signo == Signal::SIGHUP as u32);
        if reloads {
            match read().ok_or(None).and_then(|config| again(&config).map_err(Some)) {
                Ok(at) => {
                    door = at;
                    tracing::info!(%door, "the rules are those of the configuration as it is now");
                }
                Err(Some(fault)) => tracing::error!(%fault, "the rules stay as they are"),
                Err(None) => tracing::error!("the rules stay as they are: the configuration cannot be read"),
            }
        } else {
            return nft::load(&format!("flush set {TABLE} up\nadd element {TABLE} up {{ ipv4, ipv6 }}\n"));
        }
    }
}

/// Puts the rules of a configuration in force; the door to watch is what they lead to.
fn again(config: &Config) -> Result<SocketAddr, FirewallFault> {
    let door = door_of(config)?;
    nft::load(&super::rules(config)?)?;
    Ok(door)
}

fn said(answers: bool) -> String {
    let renewed = format!("add element {TABLE} up {{ ipv4 timeout {BELIEVED}s, ipv6 timeout {BELIEVED}s }}\n");
    format!("flush set {TABLE} up\n{}", if answers { &renewed } else { "" })
}

/// The door that is tried: the one that connections are redirected to.
fn door_of(config: &Config) -> Result<SocketAddr, FirewallFault> {
    let missing = || FirewallFault::Config("[proxy] transparent_listen is empty: there is no door to watch".into());
    let at = config.proxy.transparent_listen.first().ok_or_else(missing)?;
    let ip = match at.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Ok(SocketAddr::new(ip, at.port()))
}

/// Whether something is said there, not only a connection taken: the kernel takes those for a process that hangs, too.
fn answers(door: SocketAddr) -> bool {
    let heard = || -> std::io::Result<usize> {
        let mut stream = TcpStream::connect_timeout(&door, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"\r\n")?;
        stream.read(&mut [0])
    };
    matches!(heard(), Ok(1..))
}
