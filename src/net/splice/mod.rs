//! Bytes carried between two connections until both have ended.
//!
//! A connection on which nothing moves holds no buffer: small amounts go through one buffer of the thread, and what fills
//! it goes through a pipe of the kernel (splice(2)), borrowed for as long as bytes are in flight. Where there is no pipe to
//! be had, or a side is not a plain socket, what the other side does not take at once waits in a buffer of its own.
//!
//! Each side's end is passed on alone. There is no timer here: [`Moved`] says what has moved, and whoever looks at it now
//! and then knows what is idle.

mod pipe;

use hyper::body::Bytes;
use pipe::{IN_FLIGHT, Pipe};
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// A TLS record is at most 16 KiB (RFC 8446 §5.1): one read takes a whole one.
pub const BUFFER: usize = 16 * 1024;

/// Rounds of one direction before others get their turn: at most 1 MiB.
const ROUNDS: usize = 16;

thread_local! {
    /// What a read goes to before it is known whether the other side takes it.
    static SCRATCH: RefCell<Box<[u8; BUFFER]>> = RefCell::new(Box::new([0; BUFFER]));
}

/// One end of what is carried.
pub trait Side: AsyncRead + AsyncWrite + Unpin {
    /// The socket, if its bytes are those that are carried.
    fn socket(&self) -> Option<&TcpStream> {
        None
    }
}

impl Side for TcpStream {
    fn socket(&self) -> Option<&TcpStream> {
        Some(self)
    }
}

/// Octets that have been taken from each side.
#[derive(Debug, Default)]
pub struct Moved {
    up: AtomicU64,
    down: AtomicU64,
}

impl Moved {
    /// From the client.
    pub fn up(&self) -> u64 {
        self.up.load(Relaxed)
    }

    /// From the origin.
    pub fn down(&self) -> u64 {
        self.down.load(Relaxed)
    }
}

/// Carries until both sides have ended; both are to be dropped then. `already` has been read from the client and goes first.
///
/// # Errors
/// A side broke off. What was in flight is lost then, as it is when the wire breaks.
pub async fn carry(client: &mut impl Side, origin: &mut impl Side, already: Bytes, moved: &Moved) -> io::Result<()> {
    let mut up = Half { rest: already, ..Half::default() };
    moved.up.fetch_add(up.rest.len() as u64, Relaxed);
    let mut down = Half::default();
    poll_fn(|cx| {
        let ups = up.poll(cx, client, origin, &moved.up, down.ended)?;
        let downs = down.poll(cx, origin, client, &moved.down, up.ended)?;
        if ups.is_ready() && downs.is_ready() { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await
}

/// One direction.
#[derive(Default)]
struct Half {
    /// Read, and not taken by the other side yet.
    rest: Bytes,
    /// The same, in the kernel.
    pipe: Option<Pipe>,
    /// The last read filled all there was to read into: the next goes through a pipe.
    bulk: bool,
    /// Something was written that the other side may still hold (TLS).
    unflushed: bool,
    ended: bool,
}

impl Half {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut impl Side,
        to: &mut impl Side,
        moved: &AtomicU64,
        other_ended: bool,
    ) -> Poll<io::Result<()>> {
        if self.ended {
            return Poll::Ready(Ok(()));
        }
        for _ in 0..ROUNDS {
            ready!(self.pass_on(cx, to))?;
            let taken = match self.take(cx, from, to) {
                Poll::Ready(taken) => taken?,
                Poll::Pending => {
                    // Nothing is in flight: another connection may have it.
                    self.pipe = None;
                    return self.flush(cx, to);
                }
            };
            if taken == 0 {
                self.pipe = None;
                // When nothing is left to be read from it either, the close that comes next says it.
                if !other_ended || to.socket().is_none() {
                    ready!(Pin::new(to).poll_shutdown(cx))?;
                }
                self.ended = true;
                return Poll::Ready(Ok(()));
            }
            moved.fetch_add(taken as u64, Relaxed);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads some; what the other side takes at once is gone already.
    fn take(&mut self, cx: &mut Context<'_>, from: &mut impl Side, to: &mut impl Side) -> Poll<io::Result<usize>> {
        if self.bulk
            && let (Some(source), Some(_)) = (from.socket(), to.socket())
        {
            if self.pipe.is_none() {
                self.pipe = Pipe::borrow();
            }
            if let Some(pipe) = &mut self.pipe {
                let taken = ready!(take_into(cx, source, pipe))?;
                self.bulk = taken >= BUFFER;
                return Poll::Ready(Ok(taken));
            }
        }
        SCRATCH.with_borrow_mut(|scratch| {
            let mut into = ReadBuf::new(&mut scratch[..]);
            ready!(Pin::new(from).poll_read(cx, &mut into))?;
            let taken = into.filled();
            self.bulk = taken.len() == BUFFER;
            let mut left = taken;
            while !left.is_empty() {
                match Pin::new(&mut *to).poll_write(cx, left)? {
                    Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    Poll::Ready(written) => {
                        left = &left[written..];
                        self.unflushed = true;
                    }
                    Poll::Pending => {
                        self.rest = Bytes::copy_from_slice(left);
                        break;
                    }
                }
            }
            Poll::Ready(Ok(taken.len()))
        })
    }

    /// Writes what is in flight.
    fn pass_on(&mut self, cx: &mut Context<'_>, to: &mut impl Side) -> Poll<io::Result<()>> {
        while !self.rest.is_empty() {
            match ready!(Pin::new(&mut *to).poll_write(cx, &self.rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => {
                    let _ = self.rest.split_to(written);
                    self.unflushed = true;
                }
            }
        }
        self.rest = Bytes::new();
        if let (Some(pipe), Some(target)) = (&mut self.pipe, to.socket()) {
            while pipe.held() > 0 {
                ready!(target.poll_write_ready(cx))?;
                match target.try_io(Interest::WRITABLE, || pipe.give(target)) {
                    Err(fault) if fault.kind() != io::ErrorKind::WouldBlock => return Poll::Ready(Err(fault)),
                    _ => {}
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Nothing comes for now; what was written must not wait for more.
    fn flush(&mut self, cx: &mut Context<'_>, to: &mut impl Side) -> Poll<io::Result<()>> {
        if self.unflushed {
            ready!(Pin::new(to).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Pending
    }
}

/// From a socket into an empty pipe. 0: the socket has ended.
fn take_into(cx: &mut Context<'_>, source: &TcpStream, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
    loop {
        ready!(source.poll_read_ready(cx))?;
        match source.try_io(Interest::READABLE, || pipe.take(source, IN_FLIGHT)) {
            Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => {}
            taken => return Poll::Ready(taken),
        }
    }
}

#[cfg(test)]
mod tests;
