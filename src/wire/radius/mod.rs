//! RADIUS accounting (RFC 2866): who was let into the network, as an access point, switch or controller says.
//!
//! Comes in: the bytes of a datagram, and the secret that its sender shares with us. Goes out: a [`Request`] that is signed as
//! it must be, and the bytes of its answer.
//! Always holds: no bytes make it panic; what is not signed with the secret is no [`Request`].
//!
//! - [`md5`]  what it is signed with

pub mod md5;

use crate::words::Mac;
use md5::{hmac_md5, md5};
use std::net::{IpAddr, Ipv6Addr};
use subtle::ConstantTimeEq;

/// Longest packet (RFC 2866 §3).
pub const MAX_PACKET: usize = 4096;

const REQUEST: u8 = 4;
const RESPONSE: u8 = 5;
const HEADER: usize = 20;

/// Attributes that something is done with (IANA RADIUS Attribute Types).
mod attribute {
    pub const USER_NAME: u8 = 1;
    pub const FRAMED_IP_ADDRESS: u8 = 8;
    pub const CALLING_STATION_ID: u8 = 31;
    pub const PROXY_STATE: u8 = 33;
    pub const ACCT_STATUS_TYPE: u8 = 40;
    pub const ACCT_DELAY_TIME: u8 = 41;
    pub const ACCT_SESSION_ID: u8 = 44;
    pub const EVENT_TIMESTAMP: u8 = 55;
    pub const MESSAGE_AUTHENTICATOR: u8 = 80;
    pub const FRAMED_IPV6_PREFIX: u8 = 97;
    pub const FRAMED_IPV6_ADDRESS: u8 = 168;
}

/// Most addresses of one session that are kept.
const MOST_ADDRESSES: usize = 8;

/// What a request tells (RFC 2866 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Start,
    Stop,
    Interim,
    /// The sender has begun anew, or is about to end: none of its sessions are any more.
    On,
    Off,
    /// What is done with nothing here.
    Other(u32),
}

/// A request whose signature is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    id: u8,
    authenticator: [u8; 16],
    pub status: Status,
    pub user: Option<&'a str>,
    pub session: &'a [u8],
    pub mac: Option<Mac>,
    pub addresses: Vec<IpAddr>,
    /// For how many seconds the sender has tried to tell it.
    pub delay_s: u32,
    /// When it happened by the sender's clock, in seconds since 1970.
    pub event_s: Option<u32>,
    /// Those of proxies in between, which want them back (RFC 2865 §5.33).
    proxy_states: Vec<&'a [u8]>,
}

/// Why a datagram is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Bad {
    #[error("it is no accounting request")]
    Malformed,
    #[error("it is not signed with the secret of this address")]
    Forged,
}

/// Reads a datagram from a sender with this secret.
///
/// # Errors
/// [`Bad`]: it is to be dropped without an answer (RFC 2866 §3).
pub fn read<'a>(datagram: &'a [u8], secret: &[u8]) -> Result<Request<'a>, Bad> {
    let (header, _) = datagram.split_first_chunk::<HEADER>().ok_or(Bad::Malformed)?;
    let [code, id, high, low, authenticator @ ..] = *header;
    let len = usize::from(u16::from_be_bytes([high, low]));
    // What is behind the length is padding (RFC 2865 §3).
    let packet = datagram.get(..len).filter(|packet| (HEADER..=MAX_PACKET).contains(&packet.len())).ok_or(Bad::Malformed)?;
    if code != REQUEST {
        return Err(Bad::Malformed);
    }
    let attributes = &packet[HEADER..];
    if !bool::from(md5(&[&packet[..4], &[0; 16], attributes, secret]).ct_eq(&authenticator)) {
        return Err(Bad::Forged);
    }
    let mut request = Request {
        id,
        authenticator,
        status: Status::Other(0),
        user: None,
        session: &[],
        mac: None,
        addresses: Vec::new(),
        delay_s: 0,
        event_s: None,
        proxy_states: Vec::new(),
    };
    let mut rest = attributes;
    while !rest.is_empty() {
        let (&[kind, len], _) = rest.split_first_chunk().ok_or(Bad::Malformed)?;
        let value = rest.get(2..usize::from(len)).ok_or(Bad::Malformed)?;
        if kind == attribute::MESSAGE_AUTHENTICATOR {
            let at = attributes.len() - rest.len() + 2;
            let (before, after) = (&attributes[..at], attributes.get(at + value.len()..).unwrap_or_default());
            // Both signatures with zeros in their own places (RFC 3579 §3.2; of accounting, as FreeRADIUS has it).
            let signed = hmac_md5(secret, &[&packet[..4], &[0; 16], before, &[0; 16], after]);
            if !bool::from(signed.ct_eq(value)) {
                return Err(Bad::Forged);
            }
        }
        request.take(kind, value);
        rest = rest.get(usize::from(len)..).unwrap_or_default();
    }
    Ok(request)
}

impl<'a> Request<'a> {
    fn take(&mut self, kind: u8, value: &'a [u8]) {
        let number = || <[u8; 4]>::try_from(value).ok().map(u32::from_be_bytes);
        let text = || std::str::from_utf8(value).ok().filter(|text| !text.is_empty() && !text.contains(char::is_control));
        match kind {
            attribute::USER_NAME => self.user = text(),
            attribute::CALLING_STATION_ID => self.mac = text().and_then(|text| Mac::parse(text).ok()),
            attribute::ACCT_SESSION_ID => self.session = value,
            attribute::ACCT_DELAY_TIME => self.delay_s = number().unwrap_or(0),
            attribute::EVENT_TIMESTAMP => self.event_s = number(),
            attribute::PROXY_STATE => self.proxy_states.push(value),
            attribute::ACCT_STATUS_TYPE => {
                self.status = match number() {
                    Some(1) => Status::Start,
                    Some(2) => Status::Stop,
                    Some(3) => Status::Interim,
                    Some(7) => Status::On,
                    Some(8) => Status::Off,
                    other => Status::Other(other.unwrap_or(0)),
                };
            }
            attribute::FRAMED_IP_ADDRESS => {
                // 255.255.255.255 and 255.255.255.254 say that the address is chosen elsewhere (RFC 2865 §5.8).
                let address = number().filter(|n| *n != 0 && *n < 0xffff_fffe).map(|n| IpAddr::from(n.to_be_bytes()));
                self.address(address);
            }
            attribute::FRAMED_IPV6_ADDRESS => self.address(<[u8; 16]>::try_from(value).ok().map(IpAddr::from)),
            attribute::FRAMED_IPV6_PREFIX => self.address(whole_prefix(value)),
            _ => {}
        }
    }

    fn address(&mut self, address: Option<IpAddr>) {
        let usable = address.filter(|a| !a.is_unspecified() && !a.is_multicast());
        if let Some(address) = usable.filter(|a| self.addresses.len() < MOST_ADDRESSES && !self.addresses.contains(a)) {
            self.addresses.push(address);
        }
    }

    /// What tells this request from another of the same sender: a sender that hears no answer sends it again as it was.
    pub fn fingerprint(&self) -> (u8, [u8; 16]) {
        (self.id, self.authenticator)
    }

    /// The answer: that it was heard.
    pub fn answer(&self, secret: &[u8]) -> Vec<u8> {
        let mut attributes = Vec::new();
        for state in &self.proxy_states {
            attributes.extend([attribute::PROXY_STATE, state.len() as u8 + 2]);
            attributes.extend_from_slice(state);
        }
        let len = ((HEADER + attributes.len()) as u16).to_be_bytes();
        let head = [RESPONSE, self.id, len[0], len[1]];
        let authenticator = md5(&[&head, &self.authenticator, &attributes, secret]);
        [&head[..], &authenticator, &attributes].concat()
    }
}

/// A prefix that is a single address (RFC 3162 §2.3): more is not one device's alone.
fn whole_prefix(value: &[u8]) -> Option<IpAddr> {
    let [0, 128, address @ ..] = value else { return None };
    <[u8; 16]>::try_from(address).ok().map(|octets| Ipv6Addr::from(octets).into())
}

#[cfg(test)]
pub mod tests;
