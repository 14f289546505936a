//! What a file is, by its name and its bytes.

use schoolgate::wire::file::{Comes, Found, Look, Name};
use schoolgate::words::Download;

/// The first octets say how it comes, in what pieces, and how long its name is; then the name, then its bytes. However they come,
/// they say the same.
pub fn look(bytes: &[u8]) {
    let Some((&[how, one, two, length], rest)) = bytes.split_first_chunk() else { return };
    let (name, body) = rest.split_at(rest.len().min(usize::from(length)));
    let comes = if how & 1 == 0 { Comes::Saved } else { Comes::Shown };
    let path = String::from_utf8_lossy(name);
    let name = || if how & 2 == 0 { Name::of(None, &path) } else { Name::of(Some(name), "/") };
    let whole = found(Look::new(name(), comes), &[body]);
    let (one, two) = (usize::from(one).max(1), usize::from(two).max(1) * 16);
    let (mut pieces, mut rest) = (Vec::new(), body);
    for most in [one, two].into_iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(rest.len().min(most));
        pieces.push(piece);
        rest = after;
    }
    assert_eq!(found(Look::new(name(), comes), &pieces), whole, "in pieces of {one} and {two}");
}

fn found(mut look: Look, pieces: &[&[u8]]) -> Option<Download> {
    for piece in pieces {
        if let Found::Is(kind) = look.push(piece) {
            return Some(kind);
        }
    }
    look.end()
}
