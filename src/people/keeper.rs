//! The thread that watches sources: the kernel's neighbours, lease files, RADIUS. It also ends what has had its time.
//!
//! One thread for all: each has little to say, and waits most of the time. It ends when its [`Keeper`] is dropped.

use super::leases::Leases;
use super::neighbours::Neighbours;
use super::neighbours::ask::Ask;
use super::radius::Accounting;
use super::roster::{Now, Roster};
use crate::config::Sources;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longest pause: what has its time ends within it.
const TICK: Duration = Duration::from_millis(500);

/// The thread, and what it is told.
#[derive(Debug)]
pub struct Keeper {
    told: Arc<Told>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Told {
    /// What is to be watched from now on, if that has changed; `None` within: nothing more, it is to end.
    next: Mutex<Option<Option<Ready>>>,
    bell: EventFd,
}

/// Sources that can be watched: secrets read, sockets bound.
#[derive(Debug)]
pub struct Ready {
    leases: Leases,
    accounting: Option<Accounting>,
}

impl Keeper {
    /// Opens what a configuration names. What `before` has bound already is taken over.
    ///
    /// # Errors
    /// The text says which key it is about.
    fn ready(sources: &Sources) -> Result<Ready, String> {
        Ok(Ready { leases: Leases::new(sources.leases.clone()), accounting: Accounting::open(&sources.radius)? })
    }

    /// Begins to watch.
    ///
    /// # Errors
    /// The system has no thread left; or what a source needs cannot be had.
    pub fn start(roster: Arc<Roster>, sources: &Sources) -> Result<Self, String> {
        let ready = Self::ready(sources)?;
        let of_system = |fault: std::io::Error| format!("sources cannot be watched: {fault}");
        let bell = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK).map_err(|e| of_system(e.into()))?;
        let told = Arc::new(Told { next: Mutex::default(), bell });
        let neighbours = Ask::open().and_then(|ask| {
            roster.ask_by(ask);
            Neighbours::open()
        });
        if let Err(fault) = &neighbours {
            tracing::warn!(%fault, "the kernel's neighbours cannot be read: nobody is known by a MAC but by leases and RADIUS");
        }
        let (theirs, neighbours) = (told.clone(), neighbours.ok());
        let watched = Watched { roster, neighbours, ready };
        let thread = std::thread::Builder::new().name("people".into()).spawn(move || watch(watched, &theirs));
        Ok(Self { told, thread: Some(thread.map_err(of_system)?) })
    }

    /// Watches what another configuration names. What the old sources have said ends in its own time.
    ///
    /// # Errors
    /// What a source needs cannot be had; what was watched goes on.
    pub fn follow(&self, now: &Sources, next: &Sources) -> Result<(), String> {
        if (&now.leases, &now.radius) == (&next.leases, &next.radius) {
            return Ok(());
        }
        let ready = Self::ready(next)?;
        self.tell(Some(ready));
        Ok(())
    }

    fn tell(&self, next: Option<Ready>) {
        *self.told.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
        let _ = self.told.bell.write(1);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.tell(None);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Watched {
    roster: Arc<Roster>,
    neighbours: Option<Neighbours>,
    ready: Ready,
}

fn watch(mut watched: Watched, told: &Told) {
    loop {
        let now = Now::read();
        match told.next.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(None) => return,
            Some(Some(mut ready)) => {
                if let (Some(next), Some(before)) = (&mut ready.accounting, watched.ready.accounting.take()) {
                    next.take_over(before);
                }
                watched.ready = ready;
            }
            None => {}
        }
        let Watched { roster, neighbours, ready } = &mut watched;
        neighbours.iter_mut().for_each(|n| n.turn(roster, now));
        ready.leases.turn(roster, now);
        ready.accounting.iter_mut().for_each(|a| a.turn(roster, now));
        let next_end = roster.sweep(Now::read());
        let soon = [next_end, ready.leases.due_ms()].into_iter().flatten().min();
        let wait = soon.map_or(TICK, |at| Duration::from_millis(at.saturating_sub(now.boot_ms)).min(TICK));
        let mut fds = vec![PollFd::new(told.bell.as_fd(), PollFlags::POLLIN)];
        fds.extend(neighbours.iter().map(|n| PollFd::new(n.fd(), PollFlags::POLLIN)));
        fds.extend(ready.leases.fd().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        fds.extend(ready.accounting.iter().flat_map(Accounting::fds).map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        // A signal only ends the wait.
        let _ = poll(&mut fds, PollTimeout::try_from(wait.as_millis() as i32).unwrap_or(PollTimeout::ZERO));
        let _ = told.bell.read();
    }
}
