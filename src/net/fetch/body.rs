//! The answer's bytes, unpacked under a cap.

use super::Sink;
use flate2::write::MultiGzDecoder;
use std::io::{self, Write};

/// Why a body cannot be taken.
#[derive(Debug)]
pub(super) enum BodyFault {
    TooLarge,
    Unpacked(io::Error),
    Stored(io::Error),
}

/// Takes a body as it comes and puts it into a sink.
pub(super) enum Taker<'a> {
    Plain(Capped<'a>),
    Gzip(Box<MultiGzDecoder<Capped<'a>>>),
}

/// A sink that takes so many bytes and no more: a kilobyte of gzip may hold a megabyte.
pub(super) struct Capped<'a> {
    sink: &'a mut dyn Sink,
    left: u64,
}

/// Marks what [`Capped`] refused, through a decoder that knows only [`io::Error`].
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("too large")]
    TooLarge,
    #[error("{0}")]
    Stored(io::Error),
}

impl<'a> Taker<'a> {
    pub fn new(sink: &'a mut dyn Sink, gzip: bool, max_bytes: u64) -> Self {
        let capped = Capped { sink, left: max_bytes };
        if gzip { Self::Gzip(Box::new(MultiGzDecoder::new(capped))) } else { Self::Plain(capped) }
    }

    pub fn take(&mut self, bytes: &[u8]) -> Result<(), BodyFault> {
        let taken = match self {
            Self::Plain(capped) => capped.write_all(bytes),
            Self::Gzip(decoder) => decoder.write_all(bytes),
        };
        self.moved(bytes.len() as u64);
        taken.map_err(fault)
    }

    /// The last byte has come: whether what was packed is whole, with the checksum at its end.
    pub fn end(self) -> Result<(), BodyFault> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Gzip(decoder) => decoder.finish().map(drop).map_err(fault),
        }
    }

    fn moved(&mut self, bytes: u64) {
        match self {
            Self::Plain(capped) => capped.sink.moved(bytes),
            Self::Gzip(decoder) => decoder.get_mut().sink.moved(bytes),
        }
    }
}

impl Write for Capped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else { return Err(io::Error::other(Refused::TooLarge)) };
        self.left = left;
        self.sink.take(bytes).map_err(|fault| io::Error::other(Refused::Stored(fault)))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn fault(fault: io::Error) -> BodyFault {
    match fault.downcast::<Refused>() {
        Ok(Refused::TooLarge) => BodyFault::TooLarge,
        Ok(Refused::Stored(fault)) => BodyFault::Stored(fault),
        Err(fault) => BodyFault::Unpacked(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).expect("in memory");
        encoder.finish().expect("in memory")
    }

    fn taken(bytes: &[u8], piece: usize, max: u64) -> Result<Vec<u8>, BodyFault> {
        let mut kept = Vec::new();
        let mut taker = Taker::new(&mut kept, true, max);
        for piece in bytes.chunks(piece.max(1)) {
            taker.take(piece)?;
        }
        taker.end()?;
        Ok(kept)
    }

    #[test]
    fn a_bomb_is_refused_at_the_cap_and_a_torn_body_at_its_end() {
        let bomb = packed(&vec![b'a'; 4 << 20]);
        assert!(bomb.len() < 8192);
        assert!(matches!(taken(&bomb, 512, 1 << 20), Err(BodyFault::TooLarge)));
        let list = packed(b"one.example\ntwo.example\n");
        assert_eq!(taken(&list, 7, 1 << 20).expect("whole"), b"one.example\ntwo.example\n");
        for end in 1..list.len() {
            assert!(matches!(taken(&list[..end], 7, 1 << 20), Err(BodyFault::Unpacked(_))), "{end} of {} bytes", list.len());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_go_over_the_cap(bytes in proptest::collection::vec(any::<u8>(), 0..400), piece in 1..50usize) {
            let head = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], bytes.as_slice()].concat();
            for body in [bytes.as_slice(), &head] {
                if let Ok(kept) = taken(body, piece, 1000) {
                    prop_assert!(kept.len() <= 1000);
                }
            }
        }
    }
}
