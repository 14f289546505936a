//! What the kernel says of its neighbours, over netlink: rtnetlink(7), messages RTM_NEWNEIGH and RTM_DELNEIGH.

use crate::words::Mac;
use std::net::IpAddr;

/// The group of messages about neighbours: RTMGRP_NEIGH of linux/rtnetlink.h.
pub const GROUP: u32 = 1 << 2;

const DONE: u16 = 3;
const ERROR: u16 = 2;
const NEW: u16 = 28;
const GONE: u16 = 29;
const GET: u16 = 30;

/// Of linux/neighbour.h: states in which there is an answer that is, or was lately, right.
const ANSWERED: u16 = 0x02 | 0x04 | 0x08 | 0x10 | 0x80;
/// The entry says whom this machine answers for itself.
const PROXY: u8 = 0x08;

const HEADER: usize = 16;
const NDMSG: usize = 12;
const DESTINATION: u16 = 1;
const LINK_ADDRESS: u16 = 2;
const V4: u8 = 2;
const V6: u8 = 10;

/// One thing that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    At(IpAddr, Mac),
    /// Nobody answers there.
    Gone(IpAddr),
    /// A dump has ended.
    Done,
    /// A request was refused.
    Refused,
}

/// The request for all of them, both families.
pub fn request(seq: u32) -> [u8; HEADER + NDMSG] {
    const REQUEST_DUMP: u16 = 0x1 | 0x300;
    let mut request = [0; HEADER + NDMSG];
    request[..4].copy_from_slice(&((HEADER + NDMSG) as u32).to_ne_bytes());
    request[4..6].copy_from_slice(&GET.to_ne_bytes());
    request[6..8].copy_from_slice(&REQUEST_DUMP.to_ne_bytes());
    request[8..12].copy_from_slice(&seq.to_ne_bytes());
    request
}

/// The request for one of them, on this interface: answered with the neighbour, or refused.
pub fn ask(address: IpAddr, interface: u32) -> Vec<u8> {
    const REQUEST: u16 = 0x1;
    let (family, octets) = match address {
        IpAddr::V4(v4) => (V4, v4.octets().to_vec()),
        IpAddr::V6(v6) => (V6, v6.octets().to_vec()),
    };
    let attribute = 4 + octets.len();
    let mut request = Vec::with_capacity(HEADER + NDMSG + attribute);
    request.extend(((HEADER + NDMSG + attribute) as u32).to_ne_bytes());
    request.extend(GET.to_ne_bytes());
    request.extend(REQUEST.to_ne_bytes());
    request.resize(HEADER, 0);
    request.extend([family, 0, 0, 0]);
    request.extend(interface.to_ne_bytes());
    request.resize(HEADER + NDMSG, 0);
    request.extend((attribute as u16).to_ne_bytes());
    request.extend(DESTINATION.to_ne_bytes());
    request.extend(octets);
    request
}

/// The messages of one datagram. What cannot be understood is passed over.
pub fn read(mut bytes: &[u8]) -> Vec<Heard> {
    let mut heard = Vec::new();
    while let Some((len, kind)) = u32_at(bytes, 0).zip(u16_at(bytes, 4)) {
        let len = len as usize;
        let Some(body) = bytes.get(HEADER..len) else { break };
        match kind {
            DONE => heard.push(Heard::Done),
            ERROR => heard.push(Heard::Refused),
            NEW | GONE => heard.extend(neighbour(body, kind == NEW)),
            _ => {}
        }
        bytes = bytes.get(aligned(len)..).unwrap_or_default();
    }
    heard
}

fn neighbour(body: &[u8], there: bool) -> Option<Heard> {
    let (family, state, flags) = (*body.first()?, u16_at(body, 8)?, *body.get(10)?);
    let (mut address, mut mac) = (None, None);
    let mut attributes = body.get(NDMSG..)?;
    while let Some((len, kind)) = u16_at(attributes, 0).zip(u16_at(attributes, 2)) {
        let Some(value) = attributes.get(4..usize::from(len)) else { break };
        match (kind, family) {
            (DESTINATION, V4) => address = <[u8; 4]>::try_from(value).ok().map(IpAddr::from),
            (DESTINATION, V6) => address = <[u8; 16]>::try_from(value).ok().map(IpAddr::from),
            (LINK_ADDRESS, _) => mac = <[u8; 6]>::try_from(value).ok().and_then(|mac| Mac::of(mac).ok()),
            _ => {}
        }
        attributes = attributes.get(aligned(usize::from(len))..).unwrap_or_default();
    }
    let address = address.filter(|a| !a.is_multicast() && !a.is_unspecified())?;
    match mac.filter(|_| there && state & ANSWERED != 0 && flags & PROXY == 0) {
        Some(mac) => Some(Heard::At(address, mac)),
        None => Some(Heard::Gone(address)),
    }
}

/// Messages and attributes begin at multiples of four.
fn aligned(len: usize) -> usize {
    len.max(4).next_multiple_of(4)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A message as the kernel writes it.
    fn message(kind: u16, address: &[u8], mac: &[u8], state: u16, flags: u8) -> Vec<u8> {
        let mut body = vec![if address.len() == 4 { V4 } else { V6 }, 0, 0, 0, 2, 0, 0, 0];
        body.extend(state.to_ne_bytes());
        body.extend([flags, 1]);
        for (kind, value) in [(DESTINATION, address), (LINK_ADDRESS, mac), (3, &[0; 16])] {
            body.extend((4 + value.len() as u16).to_ne_bytes());
            body.extend(kind.to_ne_bytes());
            body.extend(value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let mut message = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
        message.extend(kind.to_ne_bytes());
        message.resize(HEADER, 0);
        message.extend(body);
        message
    }

    #[test]
    fn who_answers_is_heard_in_both_families_and_who_does_not_is_gone() {
        let mac = [0x3c, 0x22, 0xfb, 0, 0, 5];
        let v6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
        let said = [
            message(NEW, &[10, 20, 1, 5], &mac, 0x02, 0),
            message(NEW, &v6, &mac, 0x04, 0),
            message(NEW, &[10, 20, 1, 6], &mac, 0x20, 0),
            message(NEW, &[10, 20, 1, 7], &[], 0x01, 0),
            message(GONE, &[10, 20, 1, 8], &mac, 0x02, 0),
            message(NEW, &[10, 20, 1, 9], &mac, 0x80, PROXY),
            message(NEW, &[224, 0, 0, 1], &mac, 0x40, 0),
            message(NEW, &[10, 20, 1, 10], &[1, 0, 0x5e, 0, 0, 1], 0x02, 0),
            message(DONE, &[0; 4], &[], 0, 0),
        ];
        let (mac, gone) = (Mac::of(mac).expect("a MAC"), |last| Heard::Gone([10, 20, 1, last].into()));
        let expected = [
            Heard::At([10, 20, 1, 5].into(), mac),
            Heard::At(v6.into(), mac),
            gone(6),
            gone(7),
            gone(8),
            gone(9),
            gone(10),
            Heard::Done,
        ];
        assert_eq!(read(&said.concat()), expected);
    }

    #[test]
    fn one_is_asked_for_as_the_kernel_reads_it() {
        let asked = ask([10, 20, 1, 5].into(), 3);
        let words = |at: usize| u32_at(&asked, at);
        assert_eq!((asked.len(), words(0), u16_at(&asked, 4), u16_at(&asked, 6)), (36, Some(36), Some(GET), Some(1)));
        assert_eq!((asked[HEADER], words(HEADER + 4), words(HEADER + 8)), (V4, Some(3), Some(0)));
        assert_eq!((u16_at(&asked, 28), u16_at(&asked, 30), &asked[32..]), (Some(8), Some(DESTINATION), &[10, 20, 1, 5][..]));
        assert_eq!(ask(std::net::Ipv6Addr::LOCALHOST.into(), 3).len(), 48);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0..60usize, to in any::<u8>()) {
            let _ = read(&bytes);
            let mut message = message(NEW, &[10, 20, 1, 5], &[0x3c, 0x22, 0xfb, 0, 0, 5], 2, 0);
            if let Some(byte) = message.get_mut(at) {
                *byte = to;
            }
            let _ = read(&message);
        }
    }
}
