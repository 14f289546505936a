//! Numbers, and bytes behind their length, as TLS writes them (RFC 8446 §3).

/// What is left to read. `None` of a reading: there is not as much.
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn octet(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub fn number(&mut self) -> Option<u16> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*first))
    }

    pub fn with_length_8(&mut self) -> Option<Fields<'a>> {
        let length = self.octet()?;
        self.take(length.into()).map(Fields)
    }

    pub fn with_length_16(&mut self) -> Option<Fields<'a>> {
        let length = self.number()?;
        self.take(length.into()).map(Fields)
    }
}
