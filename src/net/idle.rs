//! A stream that ends when nothing has moved, either way, for too long.
//!
//! One timer for reading and writing together: a download is not idle because the client says nothing, and a client that
//! takes nothing of what it asked for is.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// `T`, with an error of kind `TimedOut` once it was idle for `limit`.
pub struct Idle<T> {
    inner: T,
    limit: Duration,
    moved: Instant,
    timer: Pin<Box<Sleep>>,
}

impl<T> Idle<T> {
    pub fn new(inner: T, limit: Duration) -> Self {
        let moved = Instant::now();
        Self { inner, limit, moved, timer: Box::pin(sleep_until(moved + limit)) }
    }

    pub fn into_inner(self) -> T {
        self.inner
    }

    /// What `polled` says; if it is not ready, whether the time is up.
    ///
    /// The timer is not moved with every byte: when it rings, it is set again for what is left.
    fn watch<R>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if polled.is_ready() {
            self.moved = Instant::now();
            return polled;
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let until = self.moved + self.limit;
            if until <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.timer.as_mut().reset(until);
        }
        Poll::Pending
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Idle<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.watch(cx, polled)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Idle<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.watch(cx, polled)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(cx, parts);
        self.watch(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    fn paused() -> tokio::runtime::Runtime {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().build().expect("a runtime")
    }

    #[test]
    fn a_stream_ends_only_when_nothing_moves_in_either_direction() {
        paused().block_on(async {
            let (near, mut far) = duplex(64);
            let mut near = Idle::new(near, Duration::from_millis(0));
            let mut byte = [0];
            let silent = near.read(&mut byte).await.expect_err("nothing came");
            assert_eq!(silent.kind(), io::ErrorKind::TimedOut);

            let mut near = Idle::new(near.into_inner(), Duration::from_secs(3600));
            far.write_all(b"x").await.expect("room for one byte");
            assert_eq!(near.read(&mut byte).await.expect("a byte"), 1);
        });
    }
}
