//! Events of several rings, packed into some twenty octets each: what stands at the same place of each body is put together, since
//! it is mostly the same; a moment is how much later it is than the one before, a position how far from where its ring was to go on.
//! Of a ring's frames only the bodies are kept: whoever unpacks them makes their checksums again.
//!
//! ```text
//! how long the rest is once inflated, and it, deflated (RFC 1951):
//! events · rings · their ids · of all events: each octet of the fixed part · each of the first of the bodies · the rest of each body
//! ```

use super::super::record;
use super::super::ring::{self, RingId};
use super::records::MAX_RUN;
use std::io::{self, Read, Write};

/// An event on its way: where it was noted, and its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted<'a> {
    pub ring: RingId,
    pub position: u64,
    pub body: &'a [u8],
}

/// Which ring, how long the body is, how far the position is from the one expected.
const FIXED: usize = 1 + 2 + 8;
/// Octets of the bodies that are put together: all that is not text, of a person of whom device, address and MAC are known.
const COLUMNS: usize = 99;
const _: () = assert!(record::MAX_BODY <= u16::MAX as usize && ring::MAX_RINGS <= u8::MAX as usize);

impl Noted<'_> {
    /// What it takes before it is deflated, its ring's id included.
    fn size(&self) -> usize {
        FIXED + size_of::<RingId>() + self.body.len()
    }

    /// How many of these, from the first on, go into one record.
    pub fn fit(noted: &[Self]) -> usize {
        let mut size = 0;
        let fits = noted.iter().take_while(|noted| {
            size += noted.size();
            size <= MAX_RUN
        });
        fits.count()
    }
}

/// Where a ring is expected to go on, by its place among those of a record.
#[derive(Default)]
struct Along(Vec<(RingId, u64)>);

impl Along {
    /// How far this position is from the one expected.
    fn jump(&mut self, nth: usize, position: u64, body: usize) -> u64 {
        let (_, expected) = &mut self.0[nth];
        let jump = position.wrapping_sub(*expected);
        *expected = position.wrapping_add(ring::frame_size(body));
        jump
    }

    /// The position that is so far from the one expected.
    fn position(&mut self, nth: usize, jump: u64, body: usize) -> Option<(RingId, u64)> {
        let (ring, expected) = self.0.get_mut(nth)?;
        let position = expected.wrapping_add(jump);
        *expected = position.wrapping_add(ring::frame_size(body));
        Some((*ring, position))
    }
}

/// A moment as how much later it is than the last: since 1970, and how that goes with the time since the machine started.
#[derive(Default)]
struct Moments {
    when: u64,
    apart: u64,
}

impl Moments {
    fn step(&mut self, body: &mut [u8]) {
        let Some((when, boot)) = pair(body) else { return };
        let apart = when.wrapping_sub(boot);
        put(body, when.wrapping_sub(self.when), apart.wrapping_sub(self.apart));
        *self = Self { when, apart };
    }

    fn restore(&mut self, body: &mut [u8]) {
        let Some((later, other)) = pair(body) else { return };
        *self = Self { when: self.when.wrapping_add(later), apart: self.apart.wrapping_add(other) };
        put(body, self.when, self.when.wrapping_sub(self.apart));
    }
}

fn pair(body: &[u8]) -> Option<(u64, u64)> {
    let (when, boot) = body.get(record::MOMENT)?.split_first_chunk()?;
    Some((u64::from_le_bytes(*when), u64::from_le_bytes(*boot.first_chunk()?)))
}

fn put(body: &mut [u8], first: u64, second: u64) {
    let at = record::MOMENT.start;
    body[at..at + 8].copy_from_slice(&first.to_le_bytes());
    body[at + 8..at + 16].copy_from_slice(&second.to_le_bytes());
}

/// Packs as many as [`Noted::fit`] at most.
pub fn pack(noted: &[Noted]) -> io::Result<Vec<u8>> {
    let (mut along, mut moments) = (Along::default(), Moments::default());
    let mut fixed: Vec<[u8; FIXED]> = Vec::with_capacity(noted.len());
    let mut bodies: Vec<Vec<u8>> = Vec::with_capacity(noted.len());
    for one in noted {
        let nth = along.0.iter().position(|(ring, _)| *ring == one.ring).unwrap_or_else(|| {
            along.0.push((one.ring, 0));
            along.0.len() - 1
        });
        let jump = along.jump(nth, one.position, one.body.len()).to_le_bytes();
        let [low, high] = (one.body.len() as u16).to_le_bytes();
        let [a, b, c, d, e, f, g, h] = jump;
        fixed.push([nth as u8, low, high, a, b, c, d, e, f, g, h]);
        let mut body = one.body.to_vec();
        moments.step(&mut body);
        bodies.push(body);
    }
    let mut flat = Vec::with_capacity(noted.iter().map(Noted::size).sum());
    flat.extend((noted.len() as u32).to_le_bytes());
    flat.push(along.0.len() as u8);
    along.0.iter().for_each(|(ring, _)| flat.extend(ring.to_le_bytes()));
    (0..FIXED).for_each(|at| flat.extend(fixed.iter().map(|one| one[at])));
    (0..COLUMNS).for_each(|at| flat.extend(bodies.iter().filter_map(|body| body.get(at))));
    bodies.iter().for_each(|body| flat.extend(body.get(COLUMNS..).unwrap_or_default()));
    let mut out = (flat.len() as u32).to_le_bytes().to_vec();
    let mut encoder = flate2::write::DeflateEncoder::new(&mut out, flate2::Compression::default());
    encoder.write_all(&flat)?;
    encoder.finish()?;
    Ok(out)
}

/// Unpacks them, in their order. `None`: these are no such bytes, and some may have been handed over.
pub fn each(packed: &[u8], mut take: impl FnMut(Noted)) -> Option<()> {
    let (len, deflated) = packed.split_first_chunk()?;
    let len = u32::from_le_bytes(*len) as usize;
    // Ids and counts come to less than what each of them was taken for.
    if len > MAX_RUN + 5 {
        return None;
    }
    let mut flat = vec![0; len];
    flate2::read::DeflateDecoder::new(deflated).read_exact(&mut flat).ok()?;
    let (events, rest) = flat.split_first_chunk()?;
    let events = u32::from_le_bytes(*events) as usize;
    let (rings, rest) = rest.split_first()?;
    let (ids, rest) = rest.split_at_checked(usize::from(*rings) * size_of::<RingId>())?;
    let (fixed, mut rest) = rest.split_at_checked(events.checked_mul(FIXED)?)?;
    let fixed_of = |nth: usize| std::array::from_fn::<u8, FIXED, _>(|at| fixed[at * events + nth]);
    let lens: Vec<usize> = (0..events).map(|nth| usize::from(u16::from_le_bytes([fixed_of(nth)[1], fixed_of(nth)[2]]))).collect();
    if lens.iter().sum::<usize>() != rest.len() {
        return None;
    }
    let mut bodies: Vec<Vec<u8>> = lens.iter().map(|len| Vec::with_capacity(*len)).collect();
    for at in 0..COLUMNS {
        for (body, _) in bodies.iter_mut().zip(&lens).filter(|(_, len)| **len > at) {
            let (octet, after) = rest.split_first()?;
            body.push(*octet);
            rest = after;
        }
    }
    let ids = ids.as_chunks().0.iter().map(|id| (RingId::from_le_bytes(*id), 0));
    let (mut along, mut moments) = (Along(ids.collect()), Moments::default());
    for (nth, mut body) in bodies.into_iter().enumerate() {
        let (tail, after) = rest.split_at_checked(lens[nth] - body.len())?;
        body.extend_from_slice(tail);
        rest = after;
        moments.restore(&mut body);
        let [place, _, _, jump @ ..] = fixed_of(nth);
        let (ring, position) = along.position(place.into(), u64::from_le_bytes(jump), body.len())?;
        take(Noted { ring, position, body: &body });
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::any_event;
    use super::*;
    use proptest::prelude::*;

    fn unpacked(packed: &[u8]) -> Option<Vec<(RingId, u64, Vec<u8>)>> {
        let mut out = Vec::new();
        each(packed, |noted| out.push((noted.ring, noted.position, noted.body.to_vec())))?;
        Some(out)
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(
            events in proptest::collection::vec((any_event(), 0..3u64, any::<u64>()), 0..30),
            short in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let encoded = |(event, ring, position): &(_, u64, u64)| {
                let mut body = Vec::new();
                record::encode(event, &mut body);
                (*ring, *position, body)
            };
            let mut sent: Vec<_> = events.iter().map(encoded).collect();
            sent.push((7, 8, short));
            let noted: Vec<_> = sent.iter().map(|(ring, position, body)| Noted { ring: *ring, position: *position, body }).collect();
            prop_assert_eq!(unpacked(&pack(&noted).expect("packed")), Some(sent));
        }

        #[test]
        fn no_bytes_make_it_panic(
            flat in proptest::collection::vec(0..9u8, 0..400), from in 0..6usize, len in proptest::option::of(any::<u32>()),
        ) {
            let mut packed = len.unwrap_or(flat.len() as u32).to_le_bytes().to_vec();
            let mut encoder = flate2::write::DeflateEncoder::new(&mut packed, flate2::Compression::fast());
            encoder.write_all(&flat).expect("written");
            encoder.finish().expect("finished");
            let _ = (unpacked(&packed), unpacked(&flat[from.min(flat.len())..]));
        }
    }

    #[test]
    fn as_many_fit_as_go_into_one_record() {
        let body = vec![1; record::MAX_BODY];
        let noted = vec![Noted { ring: 1, position: 0, body: &body }; 200];
        let fit = Noted::fit(&noted);
        assert!((50..200).contains(&fit), "{fit}");
        assert_eq!(unpacked(&pack(&noted[..fit]).expect("packed")).expect("whole").len(), fit);
        assert_eq!(Noted::fit(&noted[..3]), 3);
    }
}
