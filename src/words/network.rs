//! An address range in CIDR form.

use std::fmt;
use std::net::IpAddr;

/// A range of addresses: `10.20.0.0/16`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

/// Why a text is not a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadNetwork {
    #[error("it is not an address or a range such as 10.20.0.0/16")]
    Address,
    #[error("the prefix length is too long for the address")]
    Prefix,
    #[error("bits are set after the prefix; did you mean {0}?")]
    HostBits(Network),
}

impl Network {
    /// One address as a range of its own.
    pub fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { base: address, prefix: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// The range of this length that an address lies in. `None`: the prefix is too long for it.
    pub fn around(address: IpAddr, prefix: u8) -> Option<Self> {
        let address = address.to_canonical();
        let whole = if address.is_ipv4() { 32 } else { 128 };
        (prefix <= whole).then(|| Self { base: masked(address, prefix), prefix })
    }

    /// # Errors
    /// [`BadNetwork`]: no address, a prefix that is too long, bits after the prefix.
    pub fn parse(text: &str) -> Result<Self, BadNetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((a, p)) => (a, Some(p.parse::<u8>().map_err(|_| BadNetwork::Prefix)?)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| BadNetwork::Address)?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(whole);
        if prefix > whole {
            return Err(BadNetwork::Prefix);
        }
        let network = Self { base: masked(address, prefix), prefix };
        if network.base == address { Ok(network) } else { Err(BadNetwork::HostBits(network)) }
    }

    /// Whether the address lies in the range; an IPv4-mapped IPv6 address counts as its IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.base.is_ipv4() && masked(address, self.prefix) == self.base
    }

    /// The first address of the range.
    pub fn base(&self) -> IpAddr {
        self.base
    }

    pub fn prefix(&self) -> u8 {
        self.prefix
    }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(a) => IpAddr::V4((a.to_bits() & u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)).into()),
        IpAddr::V6(a) => IpAddr::V6((a.to_bits() & u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)).into()),
    }
}

impl std::str::FromStr for Network {
    type Err = BadNetwork;
    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        Self::parse(text)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_they_say() {
        let holds = |n: &str, a: &str| Network::parse(n).map(|n| n.contains(a.parse().expect("an address")));
        assert_eq!(holds("10.20.0.0/16", "10.20.255.1"), Ok(true));
        assert_eq!(holds("10.20.0.0/16", "::ffff:10.20.1.1"), Ok(true));
        assert_eq!(holds("10.20.0.0/16", "10.21.0.1"), Ok(false));
        assert_eq!(holds("0.0.0.0/0", "1.2.3.4"), Ok(true));
        assert_eq!(holds("::/0", "1.2.3.4"), Ok(false));
        assert_eq!(holds("2001:db8::/32", "2001:db8:ffff::1"), Ok(true));
        assert!(matches!(Network::parse("10.20.1.0/16"), Err(BadNetwork::HostBits(_))));
        assert_eq!(Network::parse("10.20.0.0/33"), Err(BadNetwork::Prefix));
        assert_eq!(Network::parse("ten"), Err(BadNetwork::Address));
        let around = |a: &str, prefix| Network::around(a.parse().expect("an address"), prefix);
        assert_eq!(around("10.20.1.10", 16), Network::parse("10.20.0.0/16").ok());
        assert_eq!(around("2001:db8::7", 64), Network::parse("2001:db8::/64").ok());
        assert_eq!(around("10.20.1.10", 64), None);
    }
}
