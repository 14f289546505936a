//! Fetching, from servers that do what servers do.

use super::stub::{Authority, Origin, Reply, Signer, ok, status};
use super::*;
use crate::net::tls;
use crate::words::Host;
use std::io::Write;
use std::net::Ipv4Addr;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// `inside.example` is in the school, `far.example` nowhere; every other name is here.
struct Names;

impl Lookup for Names {
    fn addresses<'a>(&'a self, host: &'a Host) -> Looked<'a> {
        let address = match host.as_str() {
            "inside.example" => [10, 0, 0, 1].into(),
            "far.example" => [192, 0, 2, 1].into(),
            _ => HERE,
        };
        Box::pin(async move { Ok(vec![address]) })
    }
}

/// Patience for loopback on a busy machine; a server that stalls is given up on at once.
fn limits() -> Limits {
    Limits { idle: Duration::from_millis(1500), pause: Duration::from_millis(1), ..Limits::default() }
}

const WISH: Wish<'static> = Wish { known: None, signed: false, archive: false, outside: false, max_bytes: 100_000 };

fn fetched(authority: &Authority, url: &str, wish: &Wish) -> (Result<Fetched, FetchFault>, Vec<u8>) {
    let fetcher = Fetcher::new(Arc::new(Names), tls::client(Some(authority.pem.as_bytes())).expect("a CA"), limits());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut kept = Vec::new();
    let url = Url::parse(url).expect("a URL");
    let fetched = runtime.block_on(fetcher.fetch(&url, wish, &mut kept));
    (fetched, kept)
}

/// A server of `lists.example` for one answer.
fn origin(authority: &Authority, answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> (Origin, String) {
    let origin = Origin::start(Some((authority, &["lists.example"])), HERE, answer);
    let url = format!("https://lists.example:{}/list.txt", origin.address.port());
    (origin, url)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

#[test]
fn a_list_is_fetched_and_not_again_while_it_is_what_it_was() {
    let authority = Authority::new();
    let (origin, url) = origin(&authority, |head| match head.contains("if-none-match: \"v1\"") {
        true => status("304 Not Modified", ""),
        false => ok("a.example\n", "ETag: \"v1\"\r\nLast-Modified: Mon, 16 Jun 2025 23:58:00 GMT\r\n"),
    });
    let (first, kept) = fetched(&authority, &url, &WISH);
    let Ok(Fetched::New(version)) = first else { panic!("{first:?}") };
    assert_eq!((kept.as_slice(), version.etag.as_deref()), (b"a.example\n".as_slice(), Some("\"v1\"")));
    let (again, _) = fetched(&authority, &url, &Wish { known: Some(&version), ..WISH });
    assert!(matches!(again, Ok(Fetched::Unchanged)), "{again:?}");
    let asked = origin.asked();
    assert!(asked[1].contains("if-modified-since: Mon, 16 Jun 2025 23:58:00 GMT"), "{}", asked[1]);
    assert!(asked[0].starts_with("GET /list.txt HTTP/1.1\r\nhost: lists.example:"), "{}", asked[0]);
}

#[test]
fn what_comes_packed_is_unpacked_and_an_archive_is_not() {
    let authority = Authority::new();
    let (_origin, url) = origin(&authority, |_| ok(gzip(b"a.example\n"), "Content-Encoding: gzip\r\n"));
    let (plain, kept) = fetched(&authority, &url, &WISH);
    assert!(plain.is_ok() && kept == b"a.example\n", "{plain:?}");
    let (archive, kept) = fetched(&authority, &url, &Wish { archive: true, ..WISH });
    assert!(archive.is_ok() && kept == gzip(b"a.example\n"), "{archive:?}");
}

#[test]
fn what_is_not_whole_safe_or_small_enough_is_refused_with_the_reason() {
    let authority = Authority::new();
    let said = |text: &str| Reply::Say(text.as_bytes().to_vec());
    type Case = (&'static str, Box<dyn Fn(&str) -> Reply + Send + Sync>, &'static str);
    let cases: Vec<Case> = vec![
        ("gone", Box::new(|_| status("404 Not Found", "")), "status 404"),
        ("too long by its own word", Box::new(|_| ok(vec![b'a'; 100_001], "")), "larger than"),
        (
            "too long without a word",
            Box::new(|_| Reply::Say([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &vec![b'a'; 200_000]].concat())),
            "larger than",
        ),
        ("a bomb", Box::new(|_| ok(gzip(&vec![b'a'; 4 << 20]), "Content-Encoding: gzip\r\n")), "larger than"),
        ("no gzip", Box::new(|_| ok("a.example", "Content-Encoding: gzip\r\n")), "cannot be unpacked"),
        ("another packing", Box::new(|_| ok("a.example", "Content-Encoding: br\r\n")), "not asked for (br)"),
        ("cut short", Box::new(move |_| said("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\na.example\n")), "broke off"),
        ("no HTTP", Box::new(move |_| said("SSH-2.0-OpenSSH\r\n\r\n")), "broke off"),
        (
            "a server that stalls",
            Box::new(|_| Reply::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\na".to_vec())),
            "nothing more came",
        ),
        ("a loop", Box::new(|_| status("302 Found", "Location: /list.txt\r\n")), "redirected more than 5 times"),
        ("to plain HTTP", Box::new(|_| status("301 Moved", "Location: http://lists.example/\r\n")), "redirected to plain HTTP"),
        (
            "into the school",
            Box::new(|_| status("302 Found", "Location: https://inside.example/\r\n")),
            "inside.example, which is 10.0.0.1",
        ),
        ("to nowhere", Box::new(|_| status("302 Found", "")), "redirected to nowhere"),
        ("unasked 304", Box::new(|_| status("304 Not Modified", "")), "status 304"),
    ];
    for (case, answer, why) in cases {
        let (_origin, url) = origin(&authority, answer);
        let (fetched, _) = fetched(&authority, &url, &WISH);
        let told = fetched.expect_err(case).to_string();
        assert!(told.contains(why), "{case}: {told}");
    }
}

#[test]
fn a_server_must_show_who_it_is() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (origin, url) = origin(&authority, |_| ok("a.example\n", ""));
    let told = |authority: &Authority, url: &str| fetched(authority, url, &WISH).0.expect_err("refused").to_string();
    assert!(told(&other, &url).contains("cannot show that it is lists.example"));
    let other_name = format!("https://other.example:{}/list.txt", origin.address.port());
    assert!(told(&authority, &other_name).contains("cannot show that it is other.example"));
    assert!(told(&authority, "http://far.example/list.txt").contains("plain HTTP"));
}

#[test]
fn plain_http_carries_only_what_is_signed_or_never_leaves_the_machine() {
    let authority = Authority::new();
    let origin = Origin::start(None, HERE, |_| ok("a.example\n", ""));
    let url = format!("http://127.0.0.1:{}/list.txt", origin.address.port());
    assert!(fetched(&authority, &url, &WISH).0.is_ok());
}

#[test]
fn a_server_in_trouble_is_asked_three_times_and_one_that_says_no_once() {
    let authority = Authority::new();
    let count = std::sync::atomic::AtomicUsize::new(0);
    let (busy, url) = origin(&authority, move |_| match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 => status("503 Busy", ""),
        1 => Reply::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf".to_vec()),
        _ => ok("a.example\n", ""),
    });
    let (third, kept) = fetched(&authority, &url, &WISH);
    assert!(third.is_ok() && kept == b"a.example\n", "{third:?}");
    assert_eq!(busy.asked().len(), 3);
    let (no, url) = origin(&authority, |_| status("404 Not Found", ""));
    assert!(fetched(&authority, &url, &WISH).0.is_err());
    assert_eq!(no.asked().len(), 1);
}

#[test]
fn a_signature_holds_for_every_byte_or_not_at_all() {
    // From minisign's own documentation: the key, and what it signed of the body `test`, hashed first.
    let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    let hashed = "untrusted comment: signature from minisign secret key\n\
        RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
        trusted comment: timestamp:1633700835\tfile:test\tprehashed\n\
        wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==\n";
    let signer = Signer::new();
    let plain = signer.sign(b"test");
    for (key, signature) in [(key, hashed), (signer.key.as_str(), plain.as_str())] {
        let when = if signature == hashed { 1_633_700_835 } else { 1_790_000_000 };
        assert_eq!(verify(key, signature, &mut b"test".as_slice()).expect("it holds"), Some(when));
        for body in ["", "tes", "test\n", "Test"] {
            assert!(matches!(verify(key, signature, &mut body.as_bytes()), Err(SignatureFault::Wrong(_))), "{body}");
        }
    }
    assert!(verify(key, &plain, &mut b"test".as_slice()).is_err(), "another's key");
    assert!(matches!(verify(key, "<html>", &mut b"test".as_slice()), Err(SignatureFault::Unreadable(_))));
}

/// The DNS may be made to say anything, and what answers inside may be a device that obeys a GET.
#[test]
fn what_ships_with_an_address_of_the_internet_is_not_fetched_from_inside() {
    let authority = Authority::new();
    let (origin, url) = origin(&authority, |_| ok("a.example\n", ""));
    assert!(fetched(&authority, &url, &WISH).0.is_ok(), "what the school wrote may be a mirror of its own");
    for (url, address) in [(url.as_str(), "127.0.0.1"), ("https://inside.example/list.txt", "10.0.0.1")] {
        let told = fetched(&authority, url, &Wish { outside: true, ..WISH }).0.expect_err("refused").to_string();
        assert!(told.contains(address) && told.contains("not an address of the internet"), "{told}");
    }
    assert_eq!(origin.asked().len(), 1);
}
