//! What a TLS client says first, however it comes.

use schoolgate::wire::hello::{MOST_BYTES, Unread, read};
use schoolgate::words::Host;

/// The first two bytes say where it is cut, and how long its records are; the rest is the opening.
pub fn said(bytes: &[u8]) {
    let Some((&[cut, most], opening)) = bytes.split_first_chunk() else { return };
    let whole = read(opening);
    let part = read(&opening[..opening.len() * usize::from(cut) / 256]);
    assert!(part == Err(Unread::NeedMore) || part == whole, "{part:?} {whole:?}");
    let Ok(hello) = whole else { return };
    if let Some(sni) = &hello.sni {
        assert!(!sni.is_address() && Host::parse(sni.as_str()).as_ref() == Ok(sni), "{sni:?}");
    }
    // The same hello in other records: of what follows it, a record at most is taken for more of it.
    let Some(&[_, _, _, a, b]) = opening.first_chunk() else { return };
    let one = 5 + usize::from(u16::from_be_bytes([a, b]));
    let Some(message) = opening.get(5..one).filter(|_| read(&opening[..one]) == Ok(hello.clone())) else { return };
    let header = |part: &[u8]| [&[22, 3, 3], &(part.len() as u16).to_be_bytes()[..], part].concat();
    let again: Vec<u8> = message.chunks(usize::from(most) + 1).flat_map(header).collect();
    assert_eq!(read(&again), if again.len() > MOST_BYTES { Err(Unread::TooBig) } else { Ok(hello) });
}
