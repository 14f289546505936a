//! The file under a table, read again: a card may go bad under a running gate.
//!
//! Read, not looked at through the map: what cannot be read is then an error that somebody can act on, and not a signal that
//! ends the process. What is read comes by the same page cache as the map, so what is right here is right there.

use super::header::CHECKED;
use super::{Table, TableFault};
use std::io;

/// A table's file, to be read at a place.
pub trait ReadAt: Send + Sync {
    /// Fills `into` from this offset on.
    ///
    /// # Errors
    /// As the file system says; the file ends before.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;
}

impl Table {
    /// The table, with the file that its bytes are a map of.
    #[must_use]
    pub fn kept_in(self, file: Box<dyn ReadAt>) -> Self {
        Self { file: Some(file), ..self }
    }

    /// How many pieces there are to [`Table::check_piece`]: the header, then each part of the body that has a checksum.
    pub fn pieces(&self) -> usize {
        1 + self.sums.len()
    }

    /// Reads a piece of the file again and compares it with its checksum as it was when the table was opened. A table in no file
    /// compares its bytes. `buffer` may hold anything; it is kept by the caller so that a walk takes memory once.
    ///
    /// # Errors
    /// [`TableFault::Unreadable`], [`TableFault::Damaged`], with the place.
    pub fn check_piece(&self, piece: usize, buffer: &mut Vec<u8>) -> Result<(), TableFault> {
        let (part, range, sum) = match piece.checked_sub(1) {
            None => ("header", 0..self.body.start, self.header_sum),
            Some(chunk) => {
                let Some(sum) = self.sums.get(chunk) else { return Ok(()) };
                let from = self.body.start + chunk * CHECKED;
                ("body", from..self.body.end.min(from + CHECKED), *sum)
            }
        };
        let offset = range.start as u64;
        let is = match &self.file {
            None => crc32fast::hash(self.slice(&range)),
            Some(file) => {
                buffer.resize(range.len(), 0);
                let read = file.read_at(offset, buffer);
                read.map_err(|fault| TableFault::Unreadable { part, offset, why: fault.to_string() })?;
                crc32fast::hash(buffer)
            }
        };
        if is == sum { Ok(()) } else { Err(TableFault::Damaged { part, offset }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// A file that a test damages.
    struct Card(Arc<Mutex<Vec<u8>>>);

    impl ReadAt for Card {
        fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
            let bytes = self.0.lock().expect("not poisoned");
            let from = bytes.get(offset as usize..offset as usize + into.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
            into.copy_from_slice(from);
            Ok(())
        }
    }

    #[test]
    fn every_byte_that_rots_in_the_file_is_seen_and_a_cut_is_an_error() {
        let bytes = Table::empty().bytes;
        let whole = (*bytes).as_ref().to_vec();
        let card = Arc::new(Mutex::new(whole.clone()));
        let table = Table::open(Box::new(whole.clone())).expect("a table").kept_in(Box::new(Card(card.clone())));
        let mut buffer = Vec::new();
        let mut faults =
            || (0..table.pieces()).filter_map(|piece| table.check_piece(piece, &mut buffer).err()).collect::<Vec<_>>();
        assert_eq!(faults(), []);
        for at in 0..whole.len() {
            card.lock().expect("not poisoned")[at] ^= 0x10;
            assert!(matches!(faults()[..], [TableFault::Damaged { .. }]), "byte {at}");
            card.lock().expect("not poisoned")[at] ^= 0x10;
        }
        card.lock().expect("not poisoned").truncate(whole.len() - 1);
        assert!(matches!(faults()[..], [TableFault::Unreadable { part: "body", .. }]));
    }
}
