//! What was lost, written down as such: how much, and between when and when.

use super::record::{BadRecord, Fields};

/// Events that found no room, or could not be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gap {
    /// How many.
    pub lost: u64,
    /// The first, in milliseconds since 1970.
    pub from_ms: i64,
    /// The last.
    pub until_ms: i64,
    /// The first and the last in milliseconds since the machine started: dates a gap before the clock was set.
    pub from_boot: u64,
    pub until_boot: u64,
    /// How many its ring had lost when this was written: the number that tells one gap of a ring from the next.
    pub total: u64,
}

impl Gap {
    pub fn encode(&self, out: &mut Vec<u8>) {
        for number in [self.lost, self.from_ms as u64, self.until_ms as u64, self.from_boot, self.until_boot, self.total] {
            out.extend(number.to_le_bytes());
        }
    }

    pub fn decode(body: &[u8]) -> Result<Self, BadRecord> {
        let mut from = Fields(body);
        let gap = Self {
            lost: from.u64()?,
            from_ms: from.u64()? as i64,
            until_ms: from.u64()? as i64,
            from_boot: from.u64()?,
            until_boot: from.u64()?,
            total: from.u64()?,
        };
        if from.0.is_empty() { Ok(gap) } else { Err(BadRecord::Long) }
    }
}
