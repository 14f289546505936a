//! A stream that is read in large pieces, however little is asked for: rustls takes 4 KiB at a time, and a record of TLS has 16.

use bytes::{Buf, BytesMut};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// Four records of TLS at most (RFC 8446 §5.1).
const PIECE: usize = 64 * 1024;

/// `T`, of which as much is read at once as there is, up to [`PIECE`]. Where nothing comes, nothing is held for it.
pub struct Ahead<T> {
    inner: T,
    read: BytesMut,
}

impl<T> Ahead<T> {
    pub fn new(inner: T) -> Self {
        Self { inner, read: BytesMut::new() }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Ahead<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.read.is_empty() {
            if into.remaining() >= PIECE {
                return Pin::new(&mut this.inner).poll_read(cx, into);
            }
            this.read.reserve(PIECE);
            let polled = pin!(this.inner.read_buf(&mut this.read)).poll(cx);
            if polled.is_pending() {
                this.read = BytesMut::new();
            }
            ready!(polled)?;
        }
        let some = into.remaining().min(this.read.len());
        into.put_slice(&this.read[..some]);
        this.read.advance(some);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Ahead<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, parts)
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
    use std::task::Waker;
    use tokio::io::{AsyncWriteExt, duplex};

    #[tokio::test]
    async fn what_is_there_is_read_at_once_and_nothing_is_held_where_nothing_comes() {
        let (mut near, far) = duplex(4 * PIECE);
        let mut ahead = Ahead::new(far);
        let sent: Vec<u8> = (0..3 * PIECE).map(|i| (i % 251) as u8).collect();
        near.write_all(&sent).await.expect("room");
        let mut got = vec![0; 4096];
        ahead.read_exact(&mut got).await.expect("read");
        assert_eq!(ahead.read.len(), PIECE - got.len(), "the rest of a piece");
        let mut large = vec![0; sent.len() - got.len()];
        ahead.read_exact(&mut large).await.expect("read");
        assert!([got, large].concat() == sent);
        let mut byte = [0];
        let mut into = ReadBuf::new(&mut byte);
        assert!(Pin::new(&mut ahead).poll_read(&mut Context::from_waker(Waker::noop()), &mut into).is_pending());
        assert_eq!(ahead.read.capacity(), 0);
        near.write_all(b"x").await.expect("room");
        drop(near);
        let mut rest = Vec::new();
        ahead.read_to_end(&mut rest).await.expect("read");
        assert_eq!(rest, b"x");
    }
}
