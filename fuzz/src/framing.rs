//! Requests of HTTP/1.1 as the parser gets to see them: heads, lengths, chunks.

use schoolgate::net::framing::{Framed, MAX_HEAD};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, ReadBuf};

/// Octets in pieces as long as the first ones say.
struct Pieces<'b> {
    lengths: std::iter::Cycle<std::slice::Iter<'b, u8>>,
    rest: &'b [u8],
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let length = self.lengths.next().map_or(usize::MAX, |length| usize::from(*length).max(1));
        let (now, later) = self.rest.split_at(length.min(into.remaining()).min(self.rest.len()));
        self.rest = later;
        into.put_slice(now);
        Poll::Ready(Ok(()))
    }
}

/// What the parser gets to see.
fn seen(lengths: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut framed = Framed::new(Pieces { lengths: lengths.iter().cycle(), rest });
    let (mut cx, mut out) = (Context::from_waker(Waker::noop()), Vec::new());
    loop {
        let mut some = [0; 4096];
        let mut some = ReadBuf::new(&mut some);
        match Pin::new(&mut framed).poll_read(&mut cx, &mut some) {
            Poll::Ready(Ok(())) if some.filled().is_empty() => return out,
            Poll::Ready(Ok(())) => out.extend_from_slice(some.filled()),
            other => panic!("memory can be read: {other:?}"),
        }
    }
}

/// A client's octets; the first four are lengths. However they are cut, the parser sees the same, and of that readers who settle
/// in different ways what can be read in two ways say that the same requests begin at the same places.
pub fn framed(bytes: &[u8]) {
    let Some((lengths, rest)) = bytes.split_at_checked(4) else { return };
    let out = seen(&[], rest);
    assert_eq!(seen(lengths, rest), out, "in pieces of {lengths:?}");
    assert!(out.len() <= rest.len() + 1);
    if out.len() >= MAX_HEAD {
        return;
    }
    let told: Vec<_> = (0..32).map(|n| Reader { takes: n }.requests(&out)).collect();
    for (n, other) in told.iter().enumerate() {
        assert_eq!(*other, told[0], "reader {n:#b} of {:?}", String::from_utf8_lossy(&out));
    }
}

/// A reader as there are some. What it takes otherwise than RFC 9112 says is a bit.
struct Reader {
    takes: u32,
}

impl Reader {
    /// A bare LF ends a line.
    fn bare_lf(&self) -> bool {
        self.takes & 1 != 0
    }

    /// Of two lengths the last counts, not the first.
    fn last_length(&self) -> bool {
        self.takes & 2 != 0
    }

    /// A length counts for more than a coding.
    fn length_first(&self) -> bool {
        self.takes & 4 != 0
    }

    /// A line that begins with a space goes on with the one before, and names may have spaces around them.
    fn folds(&self) -> bool {
        self.takes & 8 != 0
    }

    /// What follows the size of a chunk is ignored, and any coding is taken for chunks.
    fn loose_chunks(&self) -> bool {
        self.takes & 16 != 0
    }

    /// A line without its end, and where the next begins.
    fn line<'b>(&self, bytes: &'b [u8], at: usize) -> Option<(&'b [u8], usize)> {
        let rest = bytes.get(at..)?;
        if self.bare_lf() {
            let end = rest.iter().position(|b| *b == b'\n')?;
            Some((rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]), at + end + 1))
        } else {
            let end = rest.windows(2).position(|two| two == b"\r\n")?;
            Some((&rest[..end], at + end + 2))
        }
    }

    /// Where each request begins whose head is whole.
    fn requests(&self, bytes: &[u8]) -> Vec<usize> {
        let (mut begun, mut at) = (Vec::new(), 0);
        while let Some(next) = self.request(bytes, at, &mut begun) {
            at = next;
        }
        begun
    }

    /// Reads a request to the end of its body. `None`: there is no whole one, or none can follow.
    fn request(&self, bytes: &[u8], start: usize, begun: &mut Vec<usize>) -> Option<usize> {
        let (request, mut at) = self.line(bytes, start)?;
        if request.is_empty() {
            return Some(at);
        }
        let (mut lengths, mut codings) = (Vec::new(), Vec::new());
        let mut last: Option<&mut Vec<Vec<u8>>> = None;
        loop {
            let (line, next) = self.line(bytes, at)?;
            at = next;
            if line.is_empty() {
                break;
            }
            if self.folds() && matches!(line[0], b' ' | b'\t') {
                if let Some(value) = last.as_mut().and_then(|values| values.last_mut()) {
                    value.extend_from_slice(line.trim_ascii());
                }
                continue;
            }
            let colon = line.iter().position(|b| *b == b':').unwrap_or(line.len());
            let name = if self.folds() { line[..colon].trim_ascii() } else { &line[..colon] };
            let values = match name.to_ascii_lowercase().as_slice() {
                b"content-length" => &mut lengths,
                b"transfer-encoding" => &mut codings,
                _ => {
                    last = None;
                    continue;
                }
            };
            values.push(line.get(colon + 1..).unwrap_or_default().trim_ascii().to_vec());
            last = Some(values);
        }
        begun.push(start);
        let length = if self.last_length() { lengths.last() } else { lengths.first() };
        let length = length.map(|value| {
            let digits = value.strip_prefix(b"+").unwrap_or(value).iter().take_while(|b| b.is_ascii_digit());
            digits.fold(0_usize, |sum, b| sum.saturating_mul(10).saturating_add(usize::from(b - b'0')))
        });
        let chunked = codings.iter().any(|coding| self.loose_chunks() || coding.eq_ignore_ascii_case(b"chunked"));
        if request.starts_with(b"CONNECT ") {
            return None;
        }
        match length {
            Some(length) if !chunked || self.length_first() => Some(at.saturating_add(length)),
            _ if chunked => self.chunks(bytes, at),
            _ => Some(at),
        }
    }

    /// Where a body of chunks ends.
    fn chunks(&self, bytes: &[u8], mut at: usize) -> Option<usize> {
        loop {
            let (line, next) = self.line(bytes, at)?;
            let end = line.iter().position(|b| !b.is_ascii_hexdigit()).unwrap_or(line.len());
            if end == 0 || end < line.len() && !self.loose_chunks() {
                return None;
            }
            let digits = std::str::from_utf8(&line[..end]).expect("digits");
            let size = usize::from_str_radix(digits, 16).unwrap_or(usize::MAX);
            at = next;
            if size == 0 {
                break;
            }
            at = at.saturating_add(size);
            let (empty, next) = self.line(bytes, at)?;
            if !empty.is_empty() {
                return None;
            }
            at = next;
        }
        loop {
            let (line, next) = self.line(bytes, at)?;
            at = next;
            if line.is_empty() {
                return Some(at);
            }
        }
    }
}
