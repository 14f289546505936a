//! A client's query, read in place: header, one question, EDNS.

use super::message::skip_name;
use super::{HEADER, UDP_SIZE, option, rr, u16_at, u32_at};
use crate::words::Name;

/// Most records after the question that are looked at. A query has an OPT, perhaps a TSIG or SIG(0).
const MAX_ADDITIONAL: u16 = 4;

/// Most EDNS options of one query. Clients send two or three (cookie, client subnet, padding).
const MAX_OPTIONS: usize = 16;

/// Smallest UDP answer anybody must be able to receive (RFC 1035 §4.2.1).
const UDP_FLOOR: u16 = 512;

/// A query for one name.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    pub id: u16,
    /// The client asks for recursion; copied into the answer.
    pub recursion: bool,
    /// The client wants to know whether the data were authenticated (RFC 6840 §5.7).
    pub authentic: bool,
    /// The client checks signatures itself (RFC 4035 §3.2.2).
    pub checking_disabled: bool,
    /// With the case the client wrote it in.
    pub name: Name,
    pub kind: u16,
    pub class: u16,
    pub edns: Option<Edns>,
}

/// A query where it stands in its message: for the door that reads one for every packet.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    pub id: u16,
    pub recursion: bool,
    pub authentic: bool,
    pub checking_disabled: bool,
    /// With the case the client wrote it in, root label included.
    pub name: &'a [u8],
    pub kind: u16,
    pub class: u16,
    pub edns: Option<Edns>,
}

/// What the OPT record of a query says (RFC 6891 §6.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edns {
    pub udp_size: u16,
    pub version: u8,
    pub dnssec_ok: bool,
    /// The client reads extended errors in JSON (draft-ietf-dnsop-structured-dns-error).
    pub structured_errors: bool,
    /// The client asks how long a connection may be idle (RFC 7828): heard on streams only.
    pub keepalive: bool,
    /// The client pads, so its answer is padded (RFC 7830 §4): heard on private streams only.
    pub padded: bool,
}

/// What a query came by, as far as it changes which options of EDNS are heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Neither keepalive (RFC 7828 §3.2.2) nor padding, which helps nobody where everyone can read.
    Datagram,
    Stream {
        /// Its length is all that others on the way see of it.
        private: bool,
    },
    /// One answer of HTTP, which has its own way to keep a connection.
    Https,
}

/// Why bytes are no query that can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadQuery {
    #[error("it is shorter than a header")]
    TooShort,
    #[error("it is an answer, not a query")]
    NotAQuery,
    #[error("its opcode {0} is not implemented")]
    Opcode(u8),
    #[error("it is malformed: {0}")]
    Malformed(&'static str),
}

impl Query {
    /// Reads a query that came as a datagram: see [`Query::read_by`].
    ///
    /// # Errors
    /// As [`Query::read_by`].
    pub fn read(bytes: &[u8]) -> Result<Self, BadQuery> {
        Self::read_by(Path::Datagram, bytes)
    }

    /// Reads a query: see [`Asking::read_by`].
    ///
    /// # Errors
    /// As [`Asking::read_by`].
    pub fn read_by(path: Path, bytes: &[u8]) -> Result<Self, BadQuery> {
        Asking::read_by(path, bytes).and_then(|asking| asking.query())
    }

    /// The same, without a name of its own.
    pub fn asking(&self) -> Asking<'_> {
        let Self { id, recursion, authentic, checking_disabled, kind, class, edns, .. } = *self;
        Asking { id, recursion, authentic, checking_disabled, name: self.name.wire(), kind, class, edns }
    }

    /// The opcode of dynamic updates (RFC 2136 §1.3).
    pub const UPDATE: u8 = 5;

    /// Reads which zone a dynamic update is of, as a query for its SOA (RFC 2136 §2.3). `None`: it is no update of one zone.
    pub fn read_update(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; HEADER] = bytes.first_chunk()?;
        if header[2] & 0xf8 != Self::UPDATE << 3 || header[4..6] != [0, 1] {
            return None;
        }
        let name = Name::from_wire(&bytes[HEADER..]).ok()?;
        let at = HEADER + name.wire().len();
        let zone = (u16_at(bytes, at)?, u16_at(bytes, at + 2)?);
        let id = u16::from_be_bytes([header[0], header[1]]);
        (zone == (rr::SOA, rr::CLASS_IN)).then(|| Self { id, ..Self::of(name, rr::SOA) })
    }

    /// The name, as it is on the wire, and the type of what may be a query, without reading the rest of it: to prepare for it.
    pub fn peek(bytes: &[u8]) -> Option<(&[u8], u16)> {
        let rest = bytes.get(HEADER..)?;
        let mut end = 0;
        loop {
            match usize::from(*rest.get(end)?) {
                0 => break,
                label @ 1..=63 => end += 1 + label,
                _ => return None,
            }
        }
        Some((&rest[..=end], u16_at(rest, end + 1)?))
    }

    /// A query of our own for this name: what the proxy asks when it wants addresses.
    pub fn of(name: Name, kind: u16) -> Self {
        let class = rr::CLASS_IN;
        Self { id: 0, recursion: true, authentic: false, checking_disabled: false, name, kind, class, edns: None }
    }

    pub fn dnssec_ok(&self) -> bool {
        self.edns.is_some_and(|e| e.dnssec_ok)
    }

    pub fn structured_errors(&self) -> bool {
        self.edns.is_some_and(|e| e.structured_errors)
    }

    /// Longest answer over UDP: what the client offers, within what fits any path.
    pub fn udp_limit(&self) -> usize {
        self.asking().udp_limit()
    }
}

impl<'a> Asking<'a> {
    /// Reads a query. No heap, no more than [`MAX_ADDITIONAL`] records and [`MAX_OPTIONS`] options looked at.
    ///
    /// # Errors
    /// [`BadQuery`]: what is too short for a header or is no query is not to be answered (two servers would answer each
    /// other for ever); the rest can be answered by its header: see [`super::answer::header_only`].
    pub fn read_by(path: Path, bytes: &'a [u8]) -> Result<Self, BadQuery> {
        let header: &[u8; HEADER] = bytes.first_chunk().ok_or(BadQuery::TooShort)?;
        if header[2] & 0x80 != 0 {
            return Err(BadQuery::NotAQuery);
        }
        let opcode = (header[2] >> 3) & 0x0f;
        if opcode != 0 {
            return Err(BadQuery::Opcode(opcode));
        }
        let count = |i: usize| u16::from_be_bytes([header[4 + 2 * i], header[5 + 2 * i]]);
        if count(0) != 1 {
            return Err(BadQuery::Malformed("not exactly one question"));
        }
        if count(1) != 0 || count(2) != 0 {
            return Err(BadQuery::Malformed("a query with answers in it"));
        }
        let name = Name::on_wire(&bytes[HEADER..]).map_err(|_| BadQuery::Malformed("the name"))?;
        let at = HEADER + name.len();
        let (Some(kind), Some(class)) = (u16_at(bytes, at), u16_at(bytes, at + 2)) else {
            return Err(BadQuery::Malformed("the question ends early"));
        };
        Ok(Self {
            id: u16::from_be_bytes([header[0], header[1]]),
            recursion: header[2] & 0x01 != 0,
            authentic: header[3] & 0x20 != 0,
            checking_disabled: header[3] & 0x10 != 0,
            name,
            kind,
            class,
            edns: additional(bytes, at + 4, count(3))?.map(|edns| edns.heard_by(path)),
        })
    }

    /// With a name of its own.
    ///
    /// # Errors
    /// [`BadQuery`]: the name is none. One that was read is.
    pub fn query(&self) -> Result<Query, BadQuery> {
        let Self { id, recursion, authentic, checking_disabled, kind, class, edns, .. } = *self;
        let name = Name::from_wire(self.name).map_err(|_| BadQuery::Malformed("the name"))?;
        Ok(Query { id, recursion, authentic, checking_disabled, name, kind, class, edns })
    }

    pub fn dnssec_ok(&self) -> bool {
        self.edns.is_some_and(|e| e.dnssec_ok)
    }

    /// See [`Query::udp_limit`].
    pub fn udp_limit(&self) -> usize {
        self.edns.map_or(UDP_FLOOR, |e| e.udp_size.clamp(UDP_FLOOR, UDP_SIZE)).into()
    }
}

/// Reads the records after the question; the message ends with the last of them.
fn additional(bytes: &[u8], mut at: usize, records: u16) -> Result<Option<Edns>, BadQuery> {
    if records > MAX_ADDITIONAL {
        return Err(BadQuery::Malformed("too many records after the question"));
    }
    let mut edns = None;
    for _ in 0..records {
        // A key's record has the name of the question, and may point to it.
        let root = bytes.get(at) == Some(&0);
        at = skip_name(bytes, at).map_err(|_| BadQuery::Malformed("a record's name"))?;
        let fields = (u16_at(bytes, at), u16_at(bytes, at + 2), u32_at(bytes, at + 4), u16_at(bytes, at + 8));
        let (Some(kind), Some(class), Some(ttl), Some(length)) = fields else {
            return Err(BadQuery::Malformed("a record ends early"));
        };
        let data = bytes.get(at + 10..at + 10 + usize::from(length)).ok_or(BadQuery::Malformed("a record's data end early"))?;
        at += 10 + data.len();
        if kind != rr::OPT {
            continue;
        }
        if edns.is_some() || !root {
            return Err(BadQuery::Malformed("more than one OPT, or one with a name")); // RFC 6891 §6.1.1
        }
        let Options { structured_errors, keepalive, padded } = options(data)?;
        let (version, dnssec_ok) = ((ttl >> 16) as u8, ttl & 0x8000 != 0);
        edns = Some(Edns { udp_size: class, version, dnssec_ok, structured_errors, keepalive, padded });
    }
    if at != bytes.len() {
        return Err(BadQuery::Malformed("octets after the last record"));
    }
    Ok(edns)
}

impl Edns {
    /// Without the options that are not heard on this path.
    fn heard_by(self, path: Path) -> Self {
        let Self { keepalive, padded, .. } = self;
        let (stream, private) = match path {
            Path::Datagram => (false, false),
            Path::Stream { private } => (true, private),
            Path::Https => (false, true),
        };
        Self { keepalive: keepalive && stream, padded: padded && private, ..self }
    }
}

/// Which options a query has of those that are heard.
#[derive(Default)]
struct Options {
    structured_errors: bool,
    keepalive: bool,
    padded: bool,
}

/// Walks the options; lengths that lie are a malformed message. Structured errors have an option of their own in the draft, and had
/// an extended error that says nothing in its earlier versions.
fn options(mut data: &[u8]) -> Result<Options, BadQuery> {
    let mut heard = Options::default();
    for _ in 0..MAX_OPTIONS {
        if data.is_empty() {
            return Ok(heard);
        }
        let early = BadQuery::Malformed("an EDNS option ends early");
        let (code, length) = u16_at(data, 0).zip(u16_at(data, 2)).ok_or(early)?;
        let value = data.get(4..4 + usize::from(length)).ok_or(early)?;
        heard.structured_errors |=
            matches!((code, value), (option::STRUCTURED_ERRORS | option::EXTENDED_ERROR, []) | (option::EXTENDED_ERROR, [0, 0]));
        heard.keepalive |= code == option::KEEPALIVE;
        heard.padded |= code == option::PADDING;
        data = &data[4 + value.len()..];
    }
    if data.is_empty() { Ok(heard) } else { Err(BadQuery::Malformed("too many EDNS options")) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The bytes of a query: `name` in dotted form, recursion desired, an OPT of this size if not 0.
    pub(crate) fn query(name: &str, kind: u16, udp_size: u16, dnssec_ok: bool) -> Vec<u8> {
        let mut bytes = vec![0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, u8::from(udp_size != 0)];
        for label in name.split('.').filter(|l| !l.is_empty()) {
            bytes.push(label.len() as u8);
            bytes.extend_from_slice(label.as_bytes());
        }
        bytes.push(0);
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&[0, 1]);
        if udp_size != 0 {
            bytes.extend_from_slice(&[0, 0, 41]);
            bytes.extend_from_slice(&udp_size.to_be_bytes());
            bytes.extend_from_slice(&[0, 0, if dnssec_ok { 0x80 } else { 0 }, 0, 0, 0]);
        }
        bytes
    }

    #[test]
    fn a_query_says_what_it_asks_in_its_own_case() {
        let read = Query::read(&query("WwW.Example.com", rr::AAAA, 1400, true)).expect("a query");
        assert_eq!((read.id, read.kind, read.class, read.recursion), (0x1234, rr::AAAA, 1, true));
        assert_eq!(read.name.wire(), b"\x03WwW\x07Example\x03com\x00");
        let edns =
            Edns { udp_size: 1400, version: 0, dnssec_ok: true, structured_errors: false, keepalive: false, padded: false };
        assert_eq!(read.edns, Some(edns));
        assert_eq!(read.udp_limit(), 1232);
    }

    #[test]
    fn an_answer_over_udp_fits_what_the_client_can_take() {
        for (offered, limit) in [(0, 512), (1, 512), (600, 600), (4096, 1232)] {
            let read = Query::read(&query("a.example", rr::A, offered, false)).expect("a query");
            assert_eq!(read.udp_limit(), limit, "{offered}");
        }
    }

    #[test]
    fn an_empty_option_asks_for_structured_errors() {
        for (options, asked) in [
            (&[0, 26, 0, 0][..], true),
            (&[0, 15, 0, 0], true),
            (&[0, 15, 0, 2, 0, 0], true),
            (&[0, 10, 0, 2, 1, 2, 0, 26, 0, 0], true),
            (&[], false),
            (&[0, 26, 0, 1, 0], false),
            (&[0, 15, 0, 2, 0, 17], false),
            (&[0, 15, 0, 3, 0, 0, b'x'], false),
            (&[0, 10, 0, 0], false),
        ] {
            let mut bytes = query("a.test", rr::A, 1232, false);
            let end = bytes.len();
            bytes[end - 1] = options.len() as u8;
            bytes.extend_from_slice(options);
            let read = Query::read(&bytes).expect("a query");
            assert_eq!(read.structured_errors(), asked, "{options:02x?}");
        }
    }

    #[test]
    fn options_are_heard_where_they_mean_something() {
        let mut bytes = query("a.example", rr::A, 1232, false);
        let end = bytes.len();
        bytes[end - 1] = 8;
        bytes.extend_from_slice(&[0, 11, 0, 0, 0, 12, 0, 0]);
        let streams = [false, true].map(|private| Path::Stream { private });
        for (path, keepalive, padded) in
            [(Path::Datagram, false, false), (streams[0], true, false), (streams[1], true, true), (Path::Https, false, true)]
        {
            let edns = Query::read_by(path, &bytes).expect("a query").edns.expect("an OPT");
            assert_eq!((edns.keepalive, edns.padded), (keepalive, padded), "{path:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_reason() {
        let good = query("a.example", rr::A, 1232, false);
        let with = |at: usize, octet: u8| {
            let mut bytes = good.clone();
            bytes[at] = octet;
            bytes
        };
        let opt = good.len() - 11;
        let with_options = |options: &[u8]| {
            let mut bytes = good.clone();
            let end = bytes.len();
            bytes[end - 2..].copy_from_slice(&(options.len() as u16).to_be_bytes());
            bytes.extend_from_slice(options);
            bytes
        };
        let twice = {
            let mut bytes = with(11, 2);
            bytes.extend_from_slice(&good[opt..]);
            bytes
        };
        for (bytes, why) in [
            (good[..11].to_vec(), BadQuery::TooShort),
            (with(2, 0x81), BadQuery::NotAQuery),
            (with(2, 0x29), BadQuery::Opcode(5)),
            (with(5, 0), BadQuery::Malformed("not exactly one question")),
            (with(5, 2), BadQuery::Malformed("not exactly one question")),
            (with(7, 1), BadQuery::Malformed("a query with answers in it")),
            (with(11, 5), BadQuery::Malformed("too many records after the question")),
            (with(12, 0xc0), BadQuery::Malformed("the name")),
            (with(opt, 1), BadQuery::Malformed("a record's name")),
            (good[..good.len() - 12].to_vec(), BadQuery::Malformed("the question ends early")),
            (good[..good.len() - 3].to_vec(), BadQuery::Malformed("a record ends early")),
            (with(good.len() - 1, 9), BadQuery::Malformed("a record's data end early")),
            (with(11, 0), BadQuery::Malformed("octets after the last record")),
            (twice, BadQuery::Malformed("more than one OPT, or one with a name")),
            (with_options(&[0, 10, 0, 9, 1]), BadQuery::Malformed("an EDNS option ends early")),
            (with_options(&[0]), BadQuery::Malformed("an EDNS option ends early")),
            (with_options(&[0, 10, 0, 0].repeat(17)), BadQuery::Malformed("too many EDNS options")),
        ] {
            assert_eq!(Query::read(&bytes).map(|_| ()), Err(why), "{bytes:02x?}");
        }
        assert!(Query::read(&with_options(&[0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8])).is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Query::read(&bytes);
            let _ = Query::read_update(&bytes);
        }

        #[test]
        fn no_change_to_a_good_query_makes_it_panic(
            at in 0usize..48, octet in any::<u8>(), cut in 0usize..48, at_too in 0usize..48, octet_too in any::<u8>()
        ) {
            let mut bytes = query("www.example.com", rr::A, 1232, true);
            for (at, octet) in [(at, octet), (at_too, octet_too)] {
                if let Some(place) = bytes.get_mut(at) {
                    *place = octet;
                }
            }
            let _ = Query::read(&bytes);
            let _ = Query::read(&bytes[..cut.min(bytes.len())]);
        }
    }
}
