//! The head of a CONNECT: what is taken has one reading, whoever reads it.

use bytes::Bytes;
use schoolgate::net::head::connect;

pub fn said(bytes: &[u8]) {
    let Some(request) = connect(&Bytes::copy_from_slice(bytes)) else { return };
    // Lines end in one way, none of them before the end is empty, and nothing follows it.
    let text = bytes.strip_suffix(b"\r\n\r\n").expect("a head that ends");
    let lines: Vec<&[u8]> = text.split(|octet| *octet == b'\n').collect();
    let (last, others) = lines.split_last().expect("a line");
    let others: Vec<&[u8]> = others.iter().map(|line| line.strip_suffix(b"\r").expect("a line's end")).collect();
    let mut lines = others.iter().copied().chain([*last]);
    let first = lines.next().expect("a request line");
    assert!(first.starts_with(b"CONNECT ") && first.ends_with(b" HTTP/1.1"), "{first:?}");
    let mut fields = 0;
    for line in lines {
        let colon = line.iter().position(|octet| *octet == b':').expect("a field");
        let (name, value) = (line[..colon].to_ascii_lowercase(), line[colon + 1..].trim_ascii());
        assert!(!name.is_empty() && !line.iter().any(|octet| matches!(octet, b'\r' | 0)), "{line:?}");
        assert!(name.iter().all(u8::is_ascii_graphic), "{line:?}");
        assert!(name != b"transfer-encoding", "no tunnel has a body");
        assert!(name != b"content-length" || value.iter().all(|digit| *digit == b'0'), "no tunnel has a body");
        fields += 1;
    }
    assert_eq!(request.headers().len(), fields);
}
