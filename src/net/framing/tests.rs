use super::*;
use proptest::prelude::*;

/// What the parser gets to see of these bytes, fed in pieces of this size.
fn seen(input: &[u8], piece: usize) -> (Vec<u8>, Place) {
    let (mut framing, mut out) = (Framing::new(), Vec::new());
    input.chunks(piece).for_each(|bytes| framing.feed(bytes, &mut out));
    (out, framing.place)
}

#[test]
fn well_framed_requests_pass_unchanged() {
    for request in [
        "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\nGET http://a.example/2 HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "POST http://a.example/ HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET http://a.example/ HTTP/1.0\r\n\r\n",
        "POST http://a.example/ HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "POST http://a.example/ HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\nTrailer: x\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "POST http://a.example/ HTTP/1.1\r\nContent-Length: 3\r\n\r\n\r\n\n",
    ] {
        for piece in [1, 7, 4096] {
            assert_eq!(seen(request.as_bytes(), piece), (request.as_bytes().to_vec(), Place::Head), "{request:?} by {piece}");
        }
    }
}

#[test]
fn a_request_that_can_be_read_in_two_ways_is_cut() {
    for request in [
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n",
        "GET / HTTP/1.1\nHost: a.example\n\n",
        "GET / HTTP/1.1\r\nHost: a.example\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\0c\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /\r\n\r\n",
    ] {
        for piece in [1, 4096] {
            assert_eq!(seen(request.as_bytes(), piece), (vec![POISON], Place::Cut), "{request:?}");
        }
    }
}

#[test]
fn a_chunk_that_can_be_read_in_two_ways_is_cut() {
    let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (body, passed) in [
        ("5;a=b\r\nhello\r\n", ""),
        ("5\nhello\r\n", ""),
        ("\r\n", ""),
        ("0x5\r\n", ""),
        ("11111111111111111\r\n", ""),
        ("5\r\nhello5\r\n", "5\r\nhello"),
        ("0\r\nfolded: x\r\n more\r\n\r\n", "0\r\n"),
    ] {
        let expected = [head.as_bytes(), passed.as_bytes(), &[POISON]].concat();
        assert_eq!(seen(format!("{head}{body}").as_bytes(), 3), (expected, Place::Cut), "{body:?}");
    }
}

#[test]
fn what_follows_connect_is_not_read() {
    let bytes = b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n\x16\x03\x01\n\0\n";
    assert_eq!(seen(bytes, 5), (bytes.to_vec(), Place::Tunnel));
}

#[test]
fn an_oversized_head_reaches_the_parser_so_that_it_says_so() {
    let request = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(2 * MAX_HEAD));
    let (out, place) = seen(request.as_bytes(), 8192);
    assert_eq!(place, Place::Cut);
    assert!((MAX_HEAD..MAX_HEAD + 8192).contains(&out.len()), "{}", out.len());
    let lines = format!("GET / HTTP/1.1\r\n{}", "A: b\r\n".repeat(MAX_HEAD));
    assert_eq!(seen(lines.as_bytes(), 8192).1, Place::Cut);
}

proptest! {
    /// However the bytes are cut into pieces, the parser sees the same.
    #[test]
    fn pieces_do_not_matter(
        input in prop::collection::vec(prop::sample::select(&[
            "GET / HTTP/1.1\r\n", "CONNECT a:443 HTTP/1.1\r\n", "POST / HTTP/1.0\r\n", "Content-Length: 4\r\n", "A: b\r\n",
            "Transfer-Encoding: chunked\r\n", "\r\n", "4\r\n", "body", "0\r\n", "\n", "\0", " ", ":",
        ][..]), 0..24),
        piece in 1usize..40,
    ) {
        let input = input.concat().into_bytes();
        prop_assert_eq!(seen(&input, piece), seen(&input, usize::MAX));
    }

    #[test]
    fn no_bytes_make_it_panic(input in prop::collection::vec(any::<u8>(), 0..400), piece in 1usize..50) {
        seen(&input, piece);
    }
}
