//! Which addresses a door may dial for a client.
//!
//! A proxy that dials whatever a name resolves to is a way into the school's own machines, and into this one (server-side
//! request forgery, DNS rebinding). So every address is judged after resolution, just before it is dialled, and only public
//! unicast addresses are dialled unless the configuration names them.
//!
//! What cannot be seen from here: the public address of a router that translates for this box. A school whose router
//! answers its own management page there from inside should turn that off on the router.

use super::own::OwnAddresses;
use crate::config::Config;
use crate::words::Host;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Why an address is not dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    #[error("it is the address of a machine for itself")]
    Loopback,
    #[error("it is inside the school")]
    Private,
    #[error("it is only on this cable")]
    LinkLocal,
    #[error("it is many machines at once")]
    Multicast,
    #[error("it is every machine on a network")]
    Broadcast,
    #[error("it is nobody's address")]
    Unspecified,
    #[error("it is inside the internet provider's network")]
    Shared,
    #[error("it is not an address of the public internet")]
    Reserved,
    #[error("it hides another address behind a tunnel or a translator")]
    Hidden,
    #[error("it is an address of this gateway")]
    Own,
    #[error("this port is not carried; `ports` under [proxy] says which are")]
    Port,
}

/// What the configuration opens, and what this machine is.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    pub config: &'a Config,
    pub own: &'a OwnAddresses,
}

/// Whether a port may be dialled at all, before the address is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// Any public address.
    Open,
    /// Only addresses that `destinations` lists with this port.
    Listed,
    Shut,
}

impl Rules<'_> {
    /// Whether this port may be dialled: the door's own `usual` ports, those of `[proxy] ports`, those of `destinations`.
    pub fn port(&self, port: u16, usual: &[u16]) -> Port {
        let proxy = &self.config.proxy;
        if usual.contains(&port) || proxy.ports.contains(&port) {
            Port::Open
        } else if proxy.destinations.iter().any(|listed| listed.port() == port) {
            Port::Listed
        } else {
            Port::Shut
        }
    }

    /// Whether `destinations` names this address and port.
    pub fn lists(&self, addr: SocketAddr) -> bool {
        let canonical = |a: SocketAddr| (a.ip().to_canonical(), a.port());
        self.config.proxy.destinations.iter().any(|listed| canonical(*listed) == canonical(addr))
    }

    /// Whether it is an address of this gateway.
    pub fn is_own(&self, ip: IpAddr) -> bool {
        self.own.contains(ip) || self.config.own_addresses().any(|own| own.to_canonical() == ip)
    }

    /// The school's own networks and zones open private addresses, never loopback and the like.
    fn is_internal(&self, ip: IpAddr, host: &Host) -> bool {
        let proxy = &self.config.proxy;
        proxy.internal_networks.iter().any(|n| n.contains(ip)) || proxy.internal_zones.iter().any(|zone| host.is_within(zone))
    }
}

/// Why this address is not dialled for `host`; `None`: it may be.
///
/// In this order: an exact address and port of `destinations` is always dialled; the gateway's own addresses never; then
/// what kind of address it is, where `internal_networks` and `internal_zones` open private ones.
pub fn refused(addr: SocketAddr, host: &Host, port: Port, rules: &Rules) -> Option<Why> {
    if rules.lists(addr) {
        return None;
    }
    if port != Port::Open {
        return Some(Why::Port);
    }
    let ip = addr.ip().to_canonical();
    if rules.is_own(ip) {
        return Some(Why::Own);
    }
    match kind(ip)? {
        Why::Private | Why::Shared if rules.is_internal(ip, host) => None,
        // A translator of the school's own is opened by naming its prefix; what it leads to is judged all the same.
        Why::Hidden if local_nat64(ip).is_some() && rules.config.proxy.internal_networks.iter().any(|n| n.contains(ip)) => {
            let behind = SocketAddr::new(local_nat64(ip)?.into(), addr.port());
            refused(behind, host, port, rules)
        }
        why => Some(why),
    }
}

/// Whether it is a public unicast address.
pub fn is_public(ip: IpAddr) -> bool {
    kind(ip.to_canonical()).is_none()
}

/// Whether it is an address that leads into the school, or into the machine that dials it, and that nobody outside may give for
/// a name of theirs. Translated and mapped addresses count as what they stand for.
pub fn is_inside(ip: IpAddr) -> bool {
    matches!(kind(ip.to_canonical()), Some(Why::Loopback | Why::Private | Why::LinkLocal | Why::Unspecified))
}

/// What kind of address it is, if not a public unicast one.
fn kind(ip: IpAddr) -> Option<Why> {
    match ip {
        IpAddr::V4(v4) => kind_of_v4(v4),
        IpAddr::V6(v6) => kind_of_v6(v6),
    }
}

/// The IANA IPv4 Special-Purpose Address Registry (RFC 6890 and its updates), narrowest meaning first.
fn kind_of_v4(ip: Ipv4Addr) -> Option<Why> {
    let why = match ip.octets() {
        [255, 255, 255, 255] => Why::Broadcast,
        [0, ..] => Why::Unspecified,
        [127, ..] => Why::Loopback,
        [10, ..] | [192, 168, ..] => Why::Private,
        [172, b, ..] if b & 0xf0 == 16 => Why::Private,
        [169, 254, ..] => Why::LinkLocal,
        [100, b, ..] if b & 0xc0 == 64 => Why::Shared,
        [192, 0, 0, _] => Why::Reserved, // IETF protocol assignments
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Why::Reserved, // documentation
        [198, 18 | 19, ..] => Why::Reserved, // benchmarks
        [192, 88, 99, _] => Why::Hidden, // 6to4 relays
        [224..=239, ..] => Why::Multicast,
        [240..=255, ..] => Why::Reserved,
        _ => return None,
    };
    Some(why)
}

/// The IANA IPv6 Special-Purpose Address Registry; what is outside 2000::/3 is not global unicast (RFC 4291 §2.4).
fn kind_of_v6(ip: Ipv6Addr) -> Option<Why> {
    if let Some(v4) = embedded(ip) {
        return kind_of_v4(v4);
    }
    let why = match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Why::Loopback,
        [0xff00..=0xffff, ..] => Why::Multicast,
        [0xfe80..=0xfebf, ..] => Why::LinkLocal,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Why::Private, // unique local; the old site-local range
        // Teredo, 6to4, local NAT64: which IPv4 address they lead to is another machine's business (RFC 7526, RFC 8215).
        [0x2001, 0, ..] | [0x2002, ..] | [0x64, 0xff9b, 1, ..] => Why::Hidden,
        [0x2001, 0x0001..=0x01ff, ..] => Why::Reserved, // IETF protocol assignments
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Why::Reserved, // documentation
        [0x2000..=0x3fff, ..] => return None,
        _ => Why::Reserved,
    };
    Some(why)
}

/// The IPv4 address that an IPv6 address stands for: compatible (RFC 4291 §2.5.5.1), mapped, translated (RFC 2765 §2.1),
/// well-known NAT64 (RFC 6052 §2.1).
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let low = Ipv4Addr::from_bits(ip.to_bits() as u32);
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(low),
        _ => None,
    }
}

/// The IPv4 address in the last 32 bits of 64:ff9b:1::/48, as translators with a /96 of it lay it out.
fn local_nat64(ip: IpAddr) -> Option<Ipv4Addr> {
    match ip {
        IpAddr::V6(v6) if v6.segments()[..3] == [0x64, 0xff9b, 1] => Some(Ipv4Addr::from_bits(v6.to_bits() as u32)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
