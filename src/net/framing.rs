//! HTTP/1.1 requests framed as RFC 9112 says, or refused.
//!
//! The parser behind this (httparse) takes a bare LF for a line's end, and hyper quietly settles a message that has both
//! Content-Length and Transfer-Encoding. Two readers who settle such a message differently let one request hide in another
//! (request smuggling), so a message that can be read in two ways does not get as far as the parser: it is cut, and the
//! parser sees a byte that no request may hold, answers 400 and closes.
//!
//! A head is held back until it is whole; bodies pass as they come; what follows CONNECT passes untouched.

use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Largest request head: nginx and Apache take 8 to 32 KiB; cookies of big platforms come near 16.
pub const MAX_HEAD: usize = 64 * 1024;

/// Most header lines of a message: hyper's own default, and Apache's.
pub const MAX_HEADERS: usize = 100;

/// Longest trailer section.
const MAX_TRAILERS: usize = 8 * 1024;

/// How long, and how much, is read and thrown away after the last answer: a socket closed with bytes unread sends a reset,
/// which can overtake the answer and make it unseen (RFC 9112 §9.6).
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 1024 * 1024;

/// A byte no HTTP message begins with, and no chunk size holds.
const POISON: u8 = 0;

/// Where in the sequence of messages the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Head,
    Body(u64),
    ChunkSize,
    ChunkData(u64),
    /// The CRLF after a chunk's data.
    ChunkEnd,
    Trailers,
    /// After CONNECT: no HTTP any more.
    Tunnel,
    /// Refused: nothing more is read.
    Cut,
}

/// What the head in hand has said of its body.
#[derive(Debug, Default)]
struct Said {
    connect: bool,
    http_1_0: bool,
    length: Option<u64>,
    chunked: bool,
}

/// The message could be read in two ways.
#[derive(Debug, PartialEq, Eq)]
struct Ambiguous;

/// Reads bytes and tells where each message ends. No I/O.
#[derive(Debug)]
struct Framing {
    place: Place,
    /// The head so far, held back; or the line so far of a chunk size or trailer.
    held: Vec<u8>,
    /// Where in `held` the current line began.
    line: usize,
    said: Said,
}

impl Framing {
    fn new() -> Self {
        Self { place: Place::Head, held: Vec::new(), line: 0, said: Said::default() }
    }

    /// Takes bytes from the client, adds to `out` what the parser may see.
    fn feed(&mut self, mut input: &[u8], out: &mut Vec<u8>) {
        while !input.is_empty() {
            let taken = match self.place {
                Place::Tunnel => pass(input, out, input.len()),
                Place::Cut => return,
                Place::Body(left) => {
                    let n = pass(input, out, usize::try_from(left).unwrap_or(usize::MAX));
                    self.place = if left == n as u64 { Place::Head } else { Place::Body(left - n as u64) };
                    n
                }
                Place::ChunkData(left) => {
                    let n = pass(input, out, usize::try_from(left).unwrap_or(usize::MAX));
                    self.place = if left == n as u64 { Place::ChunkEnd } else { Place::ChunkData(left - n as u64) };
                    n
                }
                Place::Head | Place::ChunkSize | Place::ChunkEnd | Place::Trailers => self.take_line(input, out),
            };
            input = &input[taken..];
        }
    }

    /// Takes bytes up to the end of a line; returns how many.
    fn take_line(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        let (n, whole) = match input.iter().position(|&b| b == b'\n') {
            Some(end) => (end + 1, true),
            None => (input.len(), false),
        };
        self.held.extend_from_slice(&input[..n]);
        let limit = if self.place == Place::Head { MAX_HEAD } else { MAX_TRAILERS };
        let read = match whole {
            true => self.end_line(out),
            false => Ok(()),
        };
        if self.place == Place::Head && self.held.len() >= limit {
            // Too long is not ambiguous: the parser sees it whole, and says 431.
            out.append(&mut self.held);
            self.place = Place::Cut;
        } else if read.is_err() || self.held.len() >= limit {
            out.push(POISON);
            self.place = Place::Cut;
        }
        n
    }

    /// Reads the line that `held` ends with.
    fn end_line(&mut self, out: &mut Vec<u8>) -> Result<(), Ambiguous> {
        let line = self.held[self.line..].strip_suffix(b"\r\n").ok_or(Ambiguous)?;
        if line.iter().any(|b| matches!(b, b'\r' | 0)) {
            return Err(Ambiguous);
        }
        match self.place {
            Place::Head if line.is_empty() && self.line == 0 => {
                // RFC 9112 §2.2: an empty line before a request is ignored.
                self.held.clear();
                return Ok(());
            }
            Place::Head if line.is_empty() => self.place = self.said.take_body()?,
            Place::Head if self.line == 0 => {
                self.said = Said::of_request_line(line)?;
                self.line = self.held.len();
                return Ok(());
            }
            Place::Head => {
                self.said.hear(line)?;
                self.line = self.held.len();
                return Ok(());
            }
            Place::ChunkSize => {
                self.place = match chunk_size(line)? {
                    0 => Place::Trailers,
                    size => Place::ChunkData(size),
                }
            }
            Place::ChunkEnd if line.is_empty() => self.place = Place::ChunkSize,
            Place::Trailers if line.is_empty() && self.line == self.held.len() - 2 => self.place = Place::Head,
            Place::Trailers => {
                field(line)?;
                self.line = self.held.len();
                return Ok(());
            }
            _ => return Err(Ambiguous),
        }
        out.append(&mut self.held);
        self.line = 0;
        Ok(())
    }
}

/// Whether these octets are one head, whole, of a CONNECT that [`Framed`] would let through, with a tunnel after it.
pub fn opens_tunnel(head: &[u8]) -> bool {
    let mut framing = Framing { held: Vec::with_capacity(head.len()), ..Framing::new() };
    let mut out = Vec::new();
    framing.feed(head, &mut out);
    framing.place == Place::Tunnel && out == head
}

fn pass(input: &[u8], out: &mut Vec<u8>, most: usize) -> usize {
    let n = input.len().min(most);
    out.extend_from_slice(&input[..n]);
    n
}

impl Said {
    /// Of the request line only what frames the body; the rest is the parser's. What is not HTTP/1 is not read as if it were.
    fn of_request_line(line: &[u8]) -> Result<Self, Ambiguous> {
        let http_1_0 = line.ends_with(b" HTTP/1.0");
        if !http_1_0 && !line.ends_with(b" HTTP/1.1") {
            return Err(Ambiguous);
        }
        Ok(Self { connect: line.starts_with(b"CONNECT "), http_1_0, ..Self::default() })
    }

    fn hear(&mut self, line: &[u8]) -> Result<(), Ambiguous> {
        let (name, value) = field(line)?;
        if name.eq_ignore_ascii_case(b"content-length") {
            let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
            let length = std::str::from_utf8(value).ok().filter(|_| digits).and_then(|v| v.parse().ok()).ok_or(Ambiguous)?;
            // Twice the same is taken by some and refused by others.
            if self.length.replace(length).is_some() {
                return Err(Ambiguous);
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            // Any other coding would have to be undone here, and nobody sends one.
            if self.chunked || self.http_1_0 || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Ambiguous);
            }
            self.chunked = true;
        }
        Ok(())
    }

    /// What follows the head that ends here.
    fn take_body(&mut self) -> Result<Place, Ambiguous> {
        match std::mem::take(self) {
            Said { chunked: true, length: Some(_), .. } => Err(Ambiguous),
            Said { connect: true, chunked: false, length: None | Some(0), .. } => Ok(Place::Tunnel),
            Said { connect: true, .. } => Err(Ambiguous),
            Said { chunked: true, .. } => Ok(Place::ChunkSize),
            Said { length: None | Some(0), .. } => Ok(Place::Head),
            Said { length: Some(length), .. } => Ok(Place::Body(length)),
        }
    }
}

/// Name and value of a header line; a folded line, or a space before the colon, is read differently by different readers.
fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Ambiguous> {
    let colon = line.iter().position(|&b| b == b':').ok_or(Ambiguous)?;
    let name = &line[..colon];
    if name.is_empty() || name.iter().any(|b| b.is_ascii_whitespace()) {
        return Err(Ambiguous);
    }
    Ok((name, line[colon + 1..].trim_ascii()))
}

/// Extensions (`5;name=value`) are refused: nobody sends them but those who hope two readers disagree.
fn chunk_size(line: &[u8]) -> Result<u64, Ambiguous> {
    if line.is_empty() || line.len() > 16 || !line.iter().all(u8::is_ascii_hexdigit) {
        return Err(Ambiguous);
    }
    std::str::from_utf8(line).ok().and_then(|l| u64::from_str_radix(l, 16).ok()).ok_or(Ambiguous)
}

/// A client's stream whose requests are well framed, and which waits a moment before it is closed.
pub struct Framed<T> {
    inner: T,
    framing: Framing,
    out: Vec<u8>,
    read: usize,
    linger: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<T> Framed<T> {
    pub fn new(inner: T) -> Self {
        Self { inner, framing: Framing::new(), out: Vec::new(), read: 0, linger: None }
    }

    /// One of which these bytes were read already.
    pub fn begun(inner: T, already: &[u8]) -> Self {
        let mut framed = Self::new(inner);
        framed.framing.feed(already, &mut framed.out);
        framed
    }

    /// The stream itself, and what was read from it and nobody has taken.
    pub fn into_parts(mut self) -> (T, Vec<u8>) {
        let mut left = self.out.split_off(self.read);
        left.append(&mut self.framing.held);
        (self.inner, left)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Framed<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.read < this.out.len() {
                let n = buf.remaining().min(this.out.len() - this.read);
                buf.put_slice(&this.out[this.read..this.read + n]);
                this.read += n;
                return Poll::Ready(Ok(()));
            }
            this.out.clear();
            this.read = 0;
            match this.framing.place {
                Place::Tunnel => return Pin::new(&mut this.inner).poll_read(cx, buf),
                Place::Cut => return Poll::Ready(Ok(())),
                _ => {}
            }
            let mut bytes = [MaybeUninit::uninit(); 8192];
            let mut some = ReadBuf::uninit(&mut bytes);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut some))?;
            if some.filled().is_empty() {
                // The parser says itself what it thinks of half a head.
                this.framing.place = Place::Cut;
                this.out.append(&mut this.framing.held);
                continue;
            }
            this.framing.feed(some.filled(), &mut this.out);
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Framed<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    /// Says that nothing more comes; unless this is a tunnel, whose other half may still be in use, hears the client out.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.inner).poll_shutdown(cx))?;
            if this.framing.place == Place::Tunnel {
                return Poll::Ready(Ok(()));
            }
        }
        let (until, heard) = this.linger.get_or_insert_with(|| (Box::pin(sleep(LINGER)), 0));
        while *heard < LINGER_BYTES && until.as_mut().poll(cx).is_pending() {
            let mut bytes = [MaybeUninit::uninit(); 8192];
            let mut some = ReadBuf::uninit(&mut bytes);
            match ready!(Pin::new(&mut this.inner).poll_read(cx, &mut some)) {
                Ok(()) if !some.filled().is_empty() => *heard += some.filled().len(),
                _ => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
