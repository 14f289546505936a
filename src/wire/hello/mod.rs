//! What a TLS client says first: whom it wants, in clear.
//!
//! It comes in one or more records (RFC 8446 §5.1), and those in any number of segments. What is said of a prefix is said of
//! everything that begins with it, unless it is [`Unread::NeedMore`]: how the bytes were cut decides nothing.

mod fields;

use crate::words::Host;
use fields::Fields;
use std::borrow::Cow;

/// Longest opening that is read, record headers counted. One with a post-quantum share has some 2,000 bytes; with a large
/// session ticket twice that.
pub const MOST_BYTES: usize = 16 * 1024;

/// Most protocols of a client. Browsers say two or three.
const MOST_PROTOCOLS: usize = 32;

/// Type, version, length.
const RECORD_HEADER: usize = 5;
/// Most bytes in a record (RFC 8446 §5.1).
const MOST_IN_RECORD: usize = 1 << 14;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;

/// Extensions (IANA TLS ExtensionType Values).
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;
const ECH: u16 = 0xfe0d;

/// What a ClientHello tells (RFC 8446 §4.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Whom it wants (RFC 6066 §3); never an address. `None`: it does not say.
    pub sni: Option<Host>,
    /// Protocols it would speak, as it wrote them, the first it likes best (RFC 7301).
    pub alpn: Vec<Box<[u8]>>,
    /// It hides another hello within this one, or pretends to (RFC 9849).
    pub ech: bool,
    /// Versions it would speak, as it wrote them, those made up to keep servers honest (RFC 8701) left out.
    pub versions: Vec<u16>,
}

/// Why there is no [`Hello`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// What there is may be the beginning of one.
    NeedMore,
    /// It is another protocol.
    NotTls,
    /// It is longer than [`MOST_BYTES`].
    TooBig,
    /// It is TLS, and is not formed as a ClientHello is.
    Malformed,
}

/// Reads the first bytes of a connection. Pure: the same bytes, the same answer. What follows the hello is not looked at.
///
/// # Errors
/// [`Unread`] says why there is none, or that more is needed.
pub fn read(bytes: &[u8]) -> Result<Hello, Unread> {
    let within = &bytes[..bytes.len().min(MOST_BYTES)];
    match message(within) {
        Err(Unread::NeedMore) if within.len() == MOST_BYTES => Err(Unread::TooBig),
        message => Hello::of(&message?).ok_or(Unread::Malformed),
    }
}

/// The body of the handshake message, taken out of its records.
fn message(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Unread> {
    let mut whole = Cow::Borrowed(&[][..]);
    let mut at = 0;
    loop {
        let record = &bytes[at..];
        let first = whole.is_empty();
        let said = length(record, first)?;
        let part = &record[RECORD_HEADER..record.len().min(RECORD_HEADER + said)];
        match &mut whole {
            Cow::Borrowed([]) => whole = Cow::Borrowed(part),
            several => several.to_mut().extend_from_slice(part),
        }
        if whole.first().is_some_and(|kind| *kind != CLIENT_HELLO) {
            return Err(Unread::Malformed);
        }
        // How many bytes all records together must have when this one is whole.
        let before = whole.len() - part.len() + said;
        if let [_, a, b, c, ..] = *whole {
            let needed = 4 + u32::from_be_bytes([0, a, b, c]) as usize;
            if needed > MOST_BYTES - RECORD_HEADER {
                return Err(Unread::TooBig);
            }
            // Keys may change after a hello, so nothing else begins in its last record.
            if before > needed {
                return Err(Unread::Malformed);
            }
            if whole.len() == needed {
                return Ok(match whole {
                    Cow::Borrowed(one) => Cow::Borrowed(&one[4..]),
                    Cow::Owned(mut several) => Cow::Owned(several.split_off(4)),
                });
            }
        }
        if part.len() < said {
            return Err(Unread::NeedMore);
        }
        at += RECORD_HEADER + said;
    }
}

/// How many bytes a record says that it holds. Only the first can be that of another protocol.
fn length(record: &[u8], first: bool) -> Result<usize, Unread> {
    let wrong = Err(if first { Unread::NotTls } else { Unread::Malformed });
    match *record {
        [kind, ..] if kind != HANDSHAKE => wrong,
        [_, major, ..] if major != 3 => wrong,
        [_, _, minor, ..] if minor > 4 => wrong,
        [_, _, _, a, b, ..] => match usize::from(u16::from_be_bytes([a, b])) {
            0 => Err(Unread::Malformed),
            length if length > MOST_IN_RECORD => Err(Unread::Malformed),
            length => Ok(length),
        },
        _ => Err(Unread::NeedMore),
    }
}

impl Hello {
    /// Reads the body of the message.
    fn of(body: &[u8]) -> Option<Self> {
        let mut body = Fields(body);
        let version = body.number()?;
        if version >> 8 != 3 {
            return None;
        }
        body.take(32)?; // random
        let session = body.with_length_8()?;
        let suites = body.with_length_16()?;
        let compressions = body.with_length_8()?;
        if session.0.len() > 32 || suites.0.is_empty() || !suites.0.len().is_multiple_of(2) || compressions.0.is_empty() {
            return None;
        }
        let (mut sni, mut alpn, mut versions, mut ech) = (None, None, None, None);
        // A client of TLS 1.2 may have none, and then not even their length.
        let mut extensions = if body.is_empty() { Fields(&[]) } else { body.with_length_16()? };
        while !extensions.is_empty() {
            let kind = extensions.number()?;
            let data = extensions.with_length_16()?;
            // Of two, one reader would believe the first and another the second.
            let twice = match kind {
                SERVER_NAME => sni.replace(server_name(data)?).is_some(),
                ALPN => alpn.replace(protocols(data)?).is_some(),
                SUPPORTED_VERSIONS => versions.replace(supported(data)?).is_some(),
                ECH => ech.replace(()).is_some(),
                _ => false,
            };
            if twice {
                return None;
            }
        }
        if !body.is_empty() {
            return None;
        }
        let (alpn, versions) = (alpn.unwrap_or_default(), versions.unwrap_or_else(|| vec![version]));
        Some(Self { sni, alpn, ech: ech.is_some(), versions })
    }
}

/// The one name of the list: a second would have to be of another kind, and there is none (RFC 6066 §3).
fn server_name(mut data: Fields) -> Option<Host> {
    const HOST_NAME: u8 = 0;
    let mut list = data.with_length_16()?;
    let kind = list.octet()?;
    let name = list.with_length_16()?;
    if kind != HOST_NAME || !list.is_empty() || !data.is_empty() {
        return None;
    }
    // Letters that are not ASCII come as A-labels; a literal address is no name.
    let name = std::str::from_utf8(name.0).ok().filter(|name| name.is_ascii())?;
    Host::parse(name).ok().filter(|host| !host.is_address())
}

fn protocols(mut data: Fields) -> Option<Vec<Box<[u8]>>> {
    let mut list = data.with_length_16()?;
    let mut protocols = Vec::new();
    while !list.is_empty() {
        let protocol = list.with_length_8()?;
        if protocol.is_empty() || protocols.len() == MOST_PROTOCOLS {
            return None;
        }
        protocols.push(protocol.0.into());
    }
    (!protocols.is_empty() && data.is_empty()).then_some(protocols)
}

fn supported(mut data: Fields) -> Option<Vec<u16>> {
    let list = data.with_length_8()?;
    let (pairs, []) = list.0.as_chunks::<2>() else { return None };
    let made_up = |[a, b]: &[u8; 2]| a == b && a & 0x0f == 0x0a;
    let versions = pairs.iter().filter(|pair| !made_up(pair)).map(|pair| u16::from_be_bytes(*pair)).collect();
    (!pairs.is_empty() && data.is_empty()).then_some(versions)
}

#[cfg(test)]
pub(crate) mod tests;
