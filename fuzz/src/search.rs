//! The words of a search, in the URL of a search engine.

use schoolgate::lists::phrases::searched::{Service, search_on, service};

/// A host and a path with a query, on a line each. What is found is held to a plain reading of the query.
pub fn read(text: &str) {
    let (host, path) = text.split_once('\n').unwrap_or(("www.google.com", text));
    let Some(found) = search_on(host, path) else { return };
    assert_eq!(service(host), Some(found.service), "{host}");
    assert!(found.words.iter().any(|byte| !byte.is_ascii_whitespace()), "a search has words");
    assert!(found.words.len() <= path.len(), "decoding makes nothing longer");
    let keys: &[&str] = match found.service {
        Service::Google => &["q", "as_q"],
        Service::YouTube => &["search_query", "q"],
        Service::Yahoo => &["p"],
        Service::Wikipedia => &["search"],
        _ => &["q"],
    };
    let (_, query) = path.split_once('?').expect("words stand in a query");
    let plain = |value: &str| {
        let (mut out, bytes, mut at) = (Vec::new(), value.as_bytes(), 0);
        while at < bytes.len() {
            let code = bytes.get(at + 1..at + 3).and_then(|two| std::str::from_utf8(two).ok());
            let code = code.filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
            match (bytes[at], code.and_then(|two| u8::from_str_radix(two, 16).ok())) {
                (b'%', Some(byte)) => {
                    out.push(byte);
                    at += 3;
                }
                (b'+', _) => {
                    out.push(b' ');
                    at += 1;
                }
                (byte, _) => {
                    out.push(byte);
                    at += 1;
                }
            }
        }
        out
    };
    let values = query.split('&').filter_map(|pair| pair.split_once('=')).filter(|(key, _)| keys.contains(key));
    // Of a query that is longer than is read, the last value may be cut.
    assert!(query.len() > 8000 || values.map(|(_, value)| plain(value)).any(|words| words == found.words), "{path}");
}
