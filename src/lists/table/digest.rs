//! Checksums and content number of a table's body, worked out while it is written.

use super::hash;
use super::header::CHECKED;

/// Takes the body in pieces of any size.
pub(super) struct Digest {
    /// CRC-32 of each [`CHECKED`] bytes.
    sums: Vec<u32>,
    content: u64,
    /// What has come of the next [`CHECKED`] bytes.
    begun: Vec<u8>,
    length: u64,
}

impl Digest {
    pub fn new() -> Self {
        Self { sums: Vec::new(), content: hash::START, begun: Vec::with_capacity(CHECKED), length: 0 }
    }

    pub fn add(&mut self, mut bytes: &[u8]) {
        self.length += bytes.len() as u64;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHECKED - self.begun.len()));
            self.begun.extend_from_slice(now);
            bytes = later;
            if self.begun.len() == CHECKED {
                self.settle();
            }
        }
    }

    /// Bytes so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The checksums, and a number of the content.
    pub fn finish(mut self) -> (Vec<u32>, u64) {
        if !self.begun.is_empty() {
            self.settle();
        }
        (self.sums, self.content)
    }

    fn settle(&mut self) {
        self.sums.push(crc32fast::hash(&self.begun));
        self.content = hash::of_bytes(self.content, &self.begun);
        self.begun.clear();
    }
}
