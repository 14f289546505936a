use super::*;
use proptest::prelude::*;

fn local(text: &str) -> When {
    When::Local(text.parse().expect("a time"))
}

#[test]
fn a_line_of_squid_and_of_each_of_e2guardian_s_formats_is_read() {
    for (line, when, client, user, url) in [
        (
            "1763284500.123    145 10.0.0.7 TCP_MISS/200 512 GET http://a.example/x j.smith HIER_DIRECT/192.0.2.1 text/html",
            When::Unix(1_763_284_500_123),
            "10.0.0.7",
            Some("j.smith"),
            "http://a.example/x",
        ),
        (
            "1763284500.5 9 fd00::7 TCP_TUNNEL/200 39 CONNECT a.example:443 - HIER_DIRECT/192.0.2.1 -\n",
            When::Unix(1_763_284_500_500),
            "fd00::7",
            None,
            "a.example:443",
        ),
        (
            "2026.11.16 9:05:00 j.smith 10.0.0.7 http://a.example/x *DENIED* Banned site: a.example GET 0 0 Games 1 403 - - pupils -",
            local("2026-11-16T09:05:00"),
            "10.0.0.7",
            Some("j.smith"),
            "http://a.example/x",
        ),
        (
            "2026.11.16 14:05:59\t-\t10.0.0.7\thttps://a.example\t\tCONNECT\t0\t0",
            local("2026-11-16T14:05:59"),
            "10.0.0.7",
            None,
            "https://a.example",
        ),
        (
            "\"2026.11.16 9:05:00\",\"j.smith\",\"10.0.0.7\",\"http://a.example/x\",\"\",\"GET\",\"512\"",
            local("2026-11-16T09:05:00"),
            "10.0.0.7",
            Some("j.smith"),
            "http://a.example/x",
        ),
        (
            "1763284500.123\tgate\t10.0.0.7\t10.0.0.7\tpc7\thttp://a.example/x\tGET\t200\t512\ttext/html\t-\t-\t3",
            When::Unix(1_763_284_500_123),
            "10.0.0.7",
            None,
            "http://a.example/x",
        ),
    ] {
        let read = Visited::read(line.as_bytes());
        assert_eq!(read, Some(Visited { when, client: client.parse().expect("an address"), user, url }), "{line}");
    }
}

#[test]
fn what_is_no_line_of_either_is_none() {
    for line in [
        "",
        "# a comment",
        "10.0.0.7 - - [16/Nov/2026:09:05:00 +0000] \"GET http://a.example/ HTTP/1.1\" 200 512",
        "1763284500.123 145 10.0.0.7 NONE/400 0 GET error:invalid-request - HIER_NONE/- -",
        "2026.13.16 9:05:00 - 10.0.0.7 http://a.example/",
        "1763284500.123 145 a-host TCP_MISS/200 512 GET http://a.example/x - HIER_DIRECT/192.0.2.1 -",
    ] {
        assert_eq!(Visited::read(line.as_bytes()), None, "{line}");
    }
    let long = format!("1763284500.1 1 10.0.0.7 TCP_MISS/200 1 GET http://a.example/{} - -/- -", "x".repeat(MAX_LINE));
    assert_eq!(Visited::read(long.as_bytes()), None);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[0-9.:\\t \"/a-z,é-]{0,120}") {
        let _ = Visited::read(&bytes);
        let _ = Visited::read(text.as_bytes());
    }
}
