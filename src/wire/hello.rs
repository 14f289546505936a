//! What a TLS client says first: whom it wants, in clear.

use crate::words::Host;

/// Longest opening that is read, record headers counted. One with a post-quantum share has some 1,800 bytes; with a session
/// ticket of a large server twice that.
pub const MOST_BYTES: usize = 16 * 1024;

/// What a ClientHello tells (RFC 8446 §4.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Whom it wants (RFC 6066 §3); `None`: it does not say.
    pub sni: Option<Host>,
    /// Protocols it would speak, as it wrote them, the first it likes best (RFC 7301).
    pub alpn: Vec<Box<[u8]>>,
    /// It hides another hello within this one, or pretends to (RFC 9849).
    pub ech: bool,
    /// Versions it would speak, as it wrote them, those made up to keep servers honest (RFC 8701) left out.
    pub versions: Vec<u16>,
}

/// Why there is no [`Hello`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// What there is may be the beginning of one.
    NeedMore,
    /// It is another protocol.
    NotTls,
    /// It is longer than [`MOST_BYTES`].
    TooBig,
    /// It is TLS, and is not formed as a ClientHello is.
    Malformed,
}

/// Reads the first bytes of a connection. Pure: the same bytes, the same answer.
///
/// # Errors
/// [`Unread`] says why there is none, or that more is needed.
pub fn read(bytes: &[u8]) -> Result<Hello, Unread> {
    let _ = bytes;
    Err(Unread::NeedMore)
}
