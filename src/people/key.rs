//! An address as one number.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address as one number: IPv4 as it is mapped into IPv6 (RFC 4291, section 2.5.5.2), so that an address is the same in whichever
/// of both ways it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key(u128);

/// What comes before an IPv4 address.
const MAPPED: u128 = 0xffff << 32;

impl Key {
    #[inline]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self(MAPPED | u128::from(v4.to_bits())),
            IpAddr::V6(v6) => Self(v6.to_bits()),
        }
    }

    pub fn address(self) -> IpAddr {
        self.v4().map_or(IpAddr::V6(Ipv6Addr::from_bits(self.0)), IpAddr::V4)
    }

    #[inline]
    pub fn is_v6(self) -> bool {
        self.0 >> 32 != MAPPED >> 32
    }

    pub fn v4(self) -> Option<Ipv4Addr> {
        (!self.is_v6()).then(|| Ipv4Addr::from_bits(self.end()))
    }

    /// Its last 32 bits: of IPv4 all of it.
    #[inline]
    pub fn end(self) -> u32 {
        self.0 as u32
    }

    /// The first half of it, and the second one.
    #[inline]
    pub fn halves(self) -> (u64, u64) {
        ((self.0 >> 64) as u64, self.0 as u64)
    }

    #[inline]
    pub fn of_halves((first, second): (u64, u64)) -> Self {
        Self(u128::from(first) << 64 | u128::from(second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_address_is_the_same_in_both_ways_to_write_it(v4 in any::<Ipv4Addr>(), v6 in any::<Ipv6Addr>()) {
            for address in [v4.into(), v4.to_ipv6_mapped().into(), v6.into()] {
                let key = Key::of(address);
                prop_assert_eq!(key.address(), address.to_canonical());
                prop_assert_eq!(key.is_v6(), address.to_canonical().is_ipv6());
                prop_assert_eq!(Key::of_halves(key.halves()), key);
            }
            prop_assert_eq!(Key::of(v4.into()), Key::of(v4.to_ipv6_mapped().into()));
            prop_assert_eq!((Key::of(v4.into()).v4(), Key::of(v4.into()).end()), (Some(v4), v4.to_bits()));
        }
    }
}
