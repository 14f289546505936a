//! HTTPS and SVCB records: the target, and the addresses they hint at (RFC 9460 §2.2, §7.3).

use super::u16_at;
use crate::words::Name;
use std::net::IpAddr;

const IPV4_HINT: u16 = 4;
const IPV6_HINT: u16 = 6;

/// One record's data.
pub struct Service<'a> {
    /// The root (`.`) means the owner itself.
    pub target: Name,
    hints4: &'a [u8],
    hints6: &'a [u8],
}

/// Reads the data of a record; `None` if they are malformed. The target is never compressed (RFC 9460 §2.2).
pub fn read(data: &[u8]) -> Option<Service<'_>> {
    let target = Name::from_wire(data.get(2..)?).ok()?;
    let mut rest = data.get(2 + target.wire().len()..)?;
    let (mut hints4, mut hints6): (&[u8], &[u8]) = (&[], &[]);
    while !rest.is_empty() {
        let key = u16_at(rest, 0)?;
        let end = 4 + usize::from(u16_at(rest, 2)?);
        let value = rest.get(4..end)?;
        match key {
            IPV4_HINT => hints4 = value,
            IPV6_HINT => hints6 = value,
            _ => {}
        }
        rest = &rest[end..];
    }
    (hints4.len().is_multiple_of(4) && hints6.len().is_multiple_of(16)).then_some(Service { target, hints4, hints6 })
}

impl Service<'_> {
    pub fn hints(&self) -> impl Iterator<Item = IpAddr> {
        let v4 = self.hints4.as_chunks::<4>().0.iter().map(|&a| IpAddr::from(a));
        v4.chain(self.hints6.as_chunks::<16>().0.iter().map(|&a| IpAddr::from(a)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn target_and_hints_are_read_and_other_keys_stepped_over() {
        let data = b"\x00\x01\x02up\x04test\x00\x00\x01\x00\x03\x02h2\x00\x04\x00\x08\xc0\x00\x02\x01\xc0\x00\x02\x02";
        let service = read(data).expect("a record");
        assert_eq!(service.target.to_string(), "up.test");
        assert_eq!(service.hints().map(|a| a.to_string()).collect::<Vec<_>>(), ["192.0.2.1", "192.0.2.2"]);
        assert!(read(&data[..data.len() - 1]).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(data in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Some(service) = read(&data) {
                let _ = service.hints().count();
            }
        }
    }
}
