//! How a body is packed, and in which characters it is written.
//!
//! Packed: `gzip`, which is all that we offer for pages that are scored. Characters: the byte order mark, else the charset of
//! Content-Type, else what a `<meta>` in the first [`PRESCAN`] bytes says (HTML Standard §13.2.3.2), else UTF-8 if the beginning is
//! that, else windows-1252.

use encoding_rs::{Decoder, Encoding, UTF_8, WINDOWS_1252};
use flate2::write::MultiGzDecoder;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use std::io::Write;

/// How far it is looked for what a page says of its own characters.
const PRESCAN: usize = 1024;

/// Bytes unpacked at a time, at most: so many are held beside the page.
const STEP: usize = 64 * 1024;

/// Why a body is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It is packed in a way that was not offered.
    Packed,
    /// It is not what it says it is.
    Broken,
}

/// The packing of one body.
pub enum Packing {
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

impl Packing {
    /// # Errors
    /// [`Unread::Packed`].
    pub fn of(head: &HeaderMap) -> Result<Self, Unread> {
        let mut said = head.get_all(CONTENT_ENCODING).iter();
        match (said.next().map(|v| v.as_bytes().trim_ascii().to_ascii_lowercase()), said.next()) {
            (None, _) => Ok(Self::Plain),
            (Some(one), None) if one == b"identity" || one.is_empty() => Ok(Self::Plain),
            (Some(one), None) if one == b"gzip" || one == b"x-gzip" => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))),
            _ => Err(Unread::Packed),
        }
    }

    /// Unpacks what has come and hands it on; `each` says whether it wants more.
    ///
    /// # Errors
    /// [`Unread::Broken`].
    pub fn unpack(&mut self, packed: &[u8], each: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Unread> {
        match self {
            Self::Plain => {
                each(packed);
            }
            Self::Gzip(decoder) => {
                // A byte unpacks to at most some 1,032: a step of the input is small, so that what comes of it is.
                for step in packed.chunks(STEP / 1024) {
                    decoder.write_all(step).map_err(|_| Unread::Broken)?;
                    let unpacked = decoder.get_mut();
                    let more = unpacked.is_empty() || each(unpacked);
                    unpacked.clear();
                    if !more {
                        return Ok(());
                    }
                }
                // It keeps some back until there is a bufferful.
                decoder.flush().map_err(|_| Unread::Broken)?;
                let unpacked = decoder.get_mut();
                each(unpacked);
                unpacked.clear();
            }
        }
        Ok(())
    }
}

/// The characters of one body, made UTF-8.
pub struct Characters {
    state: State,
}

enum State {
    /// Until it is known: what has come.
    Beginning {
        said: Option<&'static Encoding>,
        held: Vec<u8>,
    },
    Known(Decoder),
}

impl Characters {
    pub fn of(head: &HeaderMap) -> Self {
        let said = head.get(CONTENT_TYPE).and_then(|v| charset(v.as_bytes()));
        Self { state: State::Beginning { said, held: Vec::new() } }
    }

    /// Reads on; `out` gets UTF-8.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match &mut self.state {
            State::Known(decoder) => decode(decoder, bytes, false, out),
            State::Beginning { held, .. } => {
                held.extend_from_slice(bytes);
                if held.len() >= PRESCAN {
                    self.settle(out);
                }
            }
        }
    }

    /// The body is over.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        self.settle(out);
        if let State::Known(decoder) = &mut self.state {
            decode(decoder, &[], true, out);
        }
    }

    /// No more is waited for to tell which characters they are.
    pub fn settle(&mut self, out: &mut Vec<u8>) {
        let State::Beginning { said, held } = &mut self.state else { return };
        let held = std::mem::take(held);
        let beginning = &held[..held.len().min(PRESCAN)];
        let bom = Encoding::for_bom(&held).map(|(encoding, _)| encoding);
        let encoding = bom.or(*said).or_else(|| meta(beginning)).unwrap_or_else(|| sniffed(beginning));
        // The decoder itself takes a byte order mark away.
        let mut decoder = encoding.new_decoder();
        decode(&mut decoder, &held, false, out);
        self.state = State::Known(decoder);
    }
}

fn decode(decoder: &mut Decoder, mut bytes: &[u8], last: bool, out: &mut Vec<u8>) {
    loop {
        let start = out.len();
        let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len()).max(16);
        out.resize(start + room, 0);
        let (result, read, written, _) = decoder.decode_to_utf8(bytes, &mut out[start..], last);
        out.truncate(start + written);
        bytes = &bytes[read..];
        if result == encoding_rs::CoderResult::InputEmpty {
            return;
        }
    }
}

/// `charset=` in a media type or a `<meta>`.
fn charset(text: &[u8]) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    let at = memchr::memmem::find(&lower, b"charset")?;
    let rest = lower[at + b"charset".len()..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").or(rest.strip_prefix(b"'")).unwrap_or(rest);
    let end =
        rest.iter().position(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b';' | b'>' | b'/')).unwrap_or(rest.len());
    Encoding::for_label(&rest[..end])
}

/// What a page says of itself: of UTF-16, it would not have been read so far.
fn meta(beginning: &[u8]) -> Option<&'static Encoding> {
    let lower = beginning.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&lower[from..], b"<meta") {
        let start = from + at;
        let end = memchr::memchr(b'>', &lower[start..]).map_or(lower.len(), |n| start + n);
        if let Some(encoding) = charset(&lower[start..end]) {
            return Some(if encoding.is_ascii_compatible() { encoding } else { UTF_8 });
        }
        from = end.max(start + 1);
    }
    None
}

fn sniffed(beginning: &[u8]) -> &'static Encoding {
    match std::str::from_utf8(beginning) {
        Ok(_) => UTF_8,
        // Cut inside a character.
        Err(fault) if fault.error_len().is_none() => UTF_8,
        Err(_) => WINDOWS_1252,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: Option<&str>, body: &[u8]) -> String {
        let mut head = HeaderMap::new();
        if let Some(value) = content_type {
            head.insert(CONTENT_TYPE, value.parse().expect("a value"));
        }
        let pieces = |step: usize| {
            let (mut characters, mut out) = (Characters::of(&head), Vec::new());
            body.chunks(step).for_each(|piece| characters.push(piece, &mut out));
            characters.end(&mut out);
            String::from_utf8(out).expect("UTF-8")
        };
        let whole = pieces(1 << 20);
        assert_eq!(whole, pieces(1), "however it is cut");
        whole
    }

    #[test]
    fn the_characters_are_what_the_head_says_then_the_page_then_what_they_look_like() {
        let long = "é".repeat(2000);
        for (content_type, body, expected) in [
            (Some("text/html; charset=ISO-8859-1"), &b"caf\xe9"[..], "café"),
            (Some("text/html; charset=\"utf-8\""), b"caf\xc3\xa9", "café"),
            (Some("text/html;charset=windows-1251"), b"\xf4\xf3", "фу"),
            (Some("text/html; charset=utf-16le"), b"a\0b\0", "ab"),
            (Some("text/html; charset=nothing"), b"caf\xc3\xa9", "café"),
            (Some("text/html; charset=iso-8859-1"), b"\xef\xbb\xbfcaf\xc3\xa9", "café"),
            (Some("text/html"), b"<meta charset=koi8-r>\xc6", "<meta charset=koi8-r>ф"),
            (
                None,
                b"<META http-equiv=x content='text/html; charset=shift_jis'>\x83\x65",
                "<META http-equiv=x content='text/html; charset=shift_jis'>テ",
            ),
            (None, b"<meta charset=utf-16>caf\xc3\xa9", "<meta charset=utf-16>café"),
            (None, b"caf\xe9 \x80", "café €"),
            (None, b"caf\xc3\xa9", "café"),
            (None, long.as_bytes(), &long),
            (None, b"", ""),
        ] {
            assert_eq!(read(content_type, body), expected, "{content_type:?} {body:?}");
        }
    }

    #[test]
    fn what_is_packed_is_unpacked_in_small_steps_and_no_further_than_is_wanted() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![b'a'; 50 << 20]).expect("packed");
        let bomb = packer.finish().expect("packed");
        let mut head = HeaderMap::new();
        head.insert(CONTENT_ENCODING, "GZip".parse().expect("a value"));
        let mut packing = Packing::of(&head).expect("known");
        let (mut seen, mut largest) = (0, 0);
        packing
            .unpack(&bomb, &mut |bytes| {
                seen += bytes.len();
                largest = largest.max(bytes.len());
                seen < 1 << 20
            })
            .expect("it is gzip");
        assert!((1 << 20..2 << 20).contains(&seen) && largest <= 128 << 10, "{seen} {largest}");
        assert_eq!(Packing::of(&head).expect("known").unpack(b"no gzip at all", &mut |_| true), Err(Unread::Broken));
        for other in ["br", "gzip, br", "deflate"] {
            head.insert(CONTENT_ENCODING, other.parse().expect("a value"));
            assert!(Packing::of(&head).is_err_and(|why| why == Unread::Packed), "{other}");
        }
    }
}
