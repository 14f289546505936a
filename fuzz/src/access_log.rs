//! Lines of other filters' access logs.

use schoolgate::wire::access_log::Visited;

/// What is read stands in the line, and is read from it without its end, too.
pub fn line(bytes: &[u8]) {
    let Some(read) = Visited::read(bytes) else { return };
    let text = std::str::from_utf8(bytes).expect("only text is read");
    assert!(text.contains(read.url) && read.user.is_none_or(|user| text.contains(user) && !user.is_empty()));
    let end = bytes.iter().rposition(|b| !matches!(b, b'\n' | b'\r')).map_or(0, |at| at + 1);
    assert_eq!(Visited::read(&bytes[..end]), Some(read));
}
