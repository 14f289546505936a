//! The files of DHCP servers.

use schoolgate::wire::leases::{Format, MOST, read};

/// The first byte says whose it is. What a file says, it says again when it is written twice: of an address the last counts.
pub fn file(bytes: &[u8]) {
    let Some((which, file)) = bytes.split_first() else { return };
    let (_, format) = Format::ALL[usize::from(*which) % Format::ALL.len()];
    let leases = read(format, file);
    assert!(leases.len() <= MOST);
    for lease in leases.values() {
        assert!(lease.name.as_ref().is_none_or(|name| !name.is_empty() && name.is_ascii()), "{lease:?}");
    }
    // A file that is cut where a line ends says nothing that the whole one does not say of some time.
    let end = file.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    if format == Format::Dnsmasq {
        let twice = read(format, &[&file[..end], &file[..end]].concat());
        assert_eq!(twice, read(format, &file[..end]));
    }
}
