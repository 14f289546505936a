//! The first head on a connection, read to its end before anything of HTTP is set up: nearly every connection to a proxy is one
//! CONNECT, and that needs nothing of what a server of HTTP keeps.
//!
//! A CONNECT is read here as hyper reads it (the same parser, behind the same [`framing`]), or it is not read here: whatever else it
//! may be goes to hyper as it came, and is refused or answered there. So there is no message that this reader takes and hyper
//! does not.

use super::framing::{self, MAX_HEAD, MAX_HEADERS};
use bytes::{Buf, Bytes, BytesMut};
use httparse::{ParserConfig, Status};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use std::mem::MaybeUninit;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

/// Read at once: a browser's CONNECT is some 300 octets long, and the hello that comes after it into the same buffer 2,000. A read
/// that does not fill it has taken all there was, and none is made to see that.
const READ: usize = 2048;

/// What a client said first.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one at a time, where it is read: a box for each would cost more than the room")]
pub enum First {
    Connect {
        request: Request<()>,
        /// The head, and what came after it.
        head: Bytes,
        after: BytesMut,
    },
    /// A whole head, or what will never be one, and what came after it.
    Other(BytesMut),
}

/// Reads until a head is whole or will never be one; at most [`MAX_HEAD`] octets, and one read more. `None`: the client said nothing,
/// or took longer than `limit`.
pub async fn first(stream: &mut (impl AsyncRead + Unpin), limit: Duration) -> Option<First> {
    let mut said = Said::default();
    let end = timeout(limit, async {
        loop {
            match said.end() {
                End::NotYet => {}
                end => return Some(end),
            }
            said.octets.reserve(READ);
            match stream.read_buf(&mut said.octets).await {
                Ok(1..) => {}
                // hyper says what it thinks of half a head.
                Ok(0) if !said.octets.is_empty() => return Some(End::Never),
                _ => return None,
            }
        }
    });
    let end = end.await.ok()??;
    let mut after = said.octets;
    let End::At(end) = end else { return Some(First::Other(after)) };
    if !after.starts_with(b"CONNECT ") {
        return Some(First::Other(after));
    }
    let head = after.split_to(end).freeze();
    Some(match connect(&head) {
        Some(request) => First::Connect { request, head, after },
        None => First::Other(joined(&head, &after)),
    })
}

/// What was read in two pieces.
pub fn joined(first: &[u8], then: &[u8]) -> BytesMut {
    let mut both = BytesMut::with_capacity(first.len() + then.len());
    both.extend_from_slice(first);
    both.extend_from_slice(then);
    both
}

/// Reads a whole head of a CONNECT of HTTP/1.1, as hyper does. `None`: it is something else, or hyper would refuse it.
pub fn connect(head: &Bytes) -> Option<Request<()>> {
    if !framing::opens_tunnel(head) {
        return None;
    }
    let mut fields = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut read = httparse::Request::new(&mut []);
    let parsed = ParserConfig::default().parse_request_with_uninit_headers(&mut read, head, &mut fields);
    if parsed != Ok(Status::Complete(head.len())) || read.method != Some("CONNECT") || read.version != Some(1) {
        return None;
    }
    let mut request = Request::new(());
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = Uri::from_maybe_shared(head.slice_ref(read.path?.as_bytes())).ok()?;
    let headers = request.headers_mut();
    headers.reserve(read.headers.len());
    for field in &*read.headers {
        let value = HeaderValue::from_maybe_shared(head.slice_ref(field.value)).ok()?;
        headers.append(HeaderName::from_bytes(field.name.as_bytes()).ok()?, value);
    }
    Some(request)
}

/// What has come, and how far it was looked through.
#[derive(Default)]
struct Said {
    octets: BytesMut,
    /// Where the line begins that has not ended yet, and how much of it holds no end.
    line: usize,
    looked: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    NotYet,
    At(usize),
    /// It is too long, or has a line that ends as none may.
    Never,
}

impl Said {
    fn end(&mut self) -> End {
        while let Some(found) = memchr::memchr(b'\n', &self.octets[self.looked..]) {
            let feed = self.looked + found;
            match feed.checked_sub(1).filter(|before| self.octets[*before] == b'\r') {
                None => return End::Never,
                // RFC 9112 §2.2: an empty line before a request is ignored.
                Some(0) => {
                    self.octets.advance(2);
                    self.looked = 0;
                }
                Some(before) if before == self.line => return End::At(feed + 1),
                Some(_) => (self.line, self.looked) = (feed + 1, feed + 1),
            }
        }
        self.looked = self.octets.len();
        if self.looked >= MAX_HEAD { End::Never } else { End::NotYet }
    }
}

#[cfg(test)]
mod tests;
