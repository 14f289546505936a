//! Pipes that bytes go through without being copied, lent for as long as they hold some.

use nix::fcntl::{SpliceFFlags, splice};
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Most pipes of this process, each with two descriptors: as many connections as have bytes in flight at one moment. The rest
/// copy.
pub const MOST: usize = 256;

/// Most octets taken at once: what a pipe of the kernel's usual size holds.
pub const IN_FLIGHT: usize = 64 * 1024;

/// Made and not lent at present.
static FREE: Mutex<Vec<Ends>> = Mutex::new(Vec::new());

/// Made and not closed.
static MADE: AtomicUsize = AtomicUsize::new(0);

struct Ends {
    reader: PipeReader,
    writer: PipeWriter,
}

/// A pipe on loan. Dropped empty, it is given back; with bytes in it, it is closed.
pub struct Pipe {
    ends: Option<Ends>,
    held: usize,
}

impl Pipe {
    /// `None`: all are lent, or the process has no descriptors left.
    pub fn borrow() -> Option<Self> {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let ends = free.or_else(Ends::make)?;
        Some(Self { ends: Some(ends), held: 0 })
    }

    /// Octets in it.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Takes at most `most` octets from a socket that does not block. 0: it has ended.
    ///
    /// # Errors
    /// `WouldBlock`: there is nothing; or what the socket says.
    pub fn take(&mut self, from: impl AsFd, most: usize) -> io::Result<usize> {
        let Some(ends) = &self.ends else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let taken = splice(from, None, &ends.writer, None, most, flags())?;
        self.held += taken;
        Ok(taken)
    }

    /// Gives what it holds, or some of it, to a socket that does not block.
    ///
    /// # Errors
    /// `WouldBlock`: the socket takes nothing; or what it says.
    pub fn give(&mut self, to: impl AsFd) -> io::Result<usize> {
        let Some(ends) = &self.ends else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let given = splice(&ends.reader, None, to, None, self.held, flags())?;
        if given == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.held -= given;
        Ok(given)
    }
}

fn flags() -> SpliceFFlags {
    SpliceFFlags::SPLICE_F_MOVE | SpliceFFlags::SPLICE_F_NONBLOCK
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let Some(ends) = self.ends.take() else { return };
        if self.held == 0 {
            FREE.lock().unwrap_or_else(PoisonError::into_inner).push(ends);
        }
    }
}

impl Ends {
    fn make() -> Option<Self> {
        // Counted before it is made, so that two threads never make one too many; it is taken back by its drop.
        if MADE.fetch_add(1, Relaxed) >= MOST {
            MADE.fetch_sub(1, Relaxed);
            return None;
        }
        match io::pipe() {
            Ok((reader, writer)) => Some(Self { reader, writer }),
            Err(_) => {
                MADE.fetch_sub(1, Relaxed);
                None
            }
        }
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        MADE.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_pipe_is_lent_again_only_if_it_is_empty() {
        let (mut near, far) = UnixStream::pair().expect("a pair");
        far.set_nonblocking(true).expect("set");
        let mut pipe = Pipe::borrow().expect("a pipe");
        assert_eq!(pipe.take(&far, IN_FLIGHT).map_err(|fault| fault.kind()), Err(io::ErrorKind::WouldBlock));
        near.write_all(b"some").expect("sent");
        assert_eq!((pipe.take(&far, IN_FLIGHT).expect("taken"), pipe.held()), (4, 4));
        drop(pipe);
        // Whichever is lent now, nothing of another connection's is in it.
        let mut all: Vec<Pipe> = std::iter::from_fn(Pipe::borrow).collect();
        assert!(all.len() <= MOST && !all.is_empty());
        assert!(Pipe::borrow().is_none());
        for pipe in &mut all {
            near.write_all(b"x").expect("sent");
            assert_eq!(pipe.take(&far, 1).expect("taken"), 1);
            let (mut out, into) = UnixStream::pair().expect("a pair");
            assert_eq!((pipe.give(&into).expect("given"), pipe.held()), (1, 0));
            let mut byte = [0];
            out.read_exact(&mut byte).expect("read");
            assert_eq!(&byte, b"x");
        }
    }
}
