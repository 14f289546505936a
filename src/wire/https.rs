//! A query as it stands in a request of DNS over HTTPS (RFC 8484 §4.1).

use data_encoding::BASE64URL_NOPAD;

/// The type of a query, and of an answer.
pub const MEDIA_TYPE: &str = "application/dns-message";

/// Longest query that is taken: room for padding (RFC 8467: to 128 octets), nothing else is long.
pub const MAX_QUERY: usize = 4_096;

/// Longest query part of a URL: a query in base64url, and the name of its field.
pub const MAX_URL_QUERY: usize = 4 + MAX_QUERY.div_ceil(3) * 4;

/// Why a request holds no query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    #[error("the query is longer than {MAX_QUERY} octets")]
    TooLong,
    #[error("`dns=` is missing: a query in base64url (RFC 8484)")]
    Missing,
    #[error("what stands after `dns=` is no base64url (RFC 4648 §5, without `=`)")]
    NotBase64,
}

/// The query of a GET: that in the field `dns` of the URL's query part.
///
/// # Errors
/// [`BadRequest`]: there is none, or it is none.
pub fn get(url_query: &str) -> Result<Vec<u8>, BadRequest> {
    if url_query.len() > MAX_URL_QUERY {
        return Err(BadRequest::TooLong);
    }
    let text = url_query.split('&').find_map(|field| field.strip_prefix("dns=")).ok_or(BadRequest::Missing)?;
    // Nothing else is taken: two texts for one query would be two entries in a cache.
    let query = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| BadRequest::NotBase64)?;
    if query.is_empty() { Err(BadRequest::NotBase64) } else { Ok(query) }
}

/// Whether a body of this `Content-Type` is a query. The type has no parameters (RFC 8484 §6); what stands behind `;` is let pass.
pub fn is_query(content_type: &[u8]) -> bool {
    let end = content_type.iter().position(|&b| b == b';').unwrap_or(content_type.len());
    content_type[..end].trim_ascii().eq_ignore_ascii_case(MEDIA_TYPE.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_query_is_read_from_the_url() {
        // The example of RFC 8484 §4.1.1: www.example.com.
        let query = get("dns=AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB").expect("a query");
        assert_eq!(&query[12..29], b"\x03www\x07example\x03com\x00");
        assert_eq!((query.len(), &query[..4]), (33, &[0, 0, 1, 0][..]));
        assert_eq!(get("ct&dns=_-8").as_deref(), Ok(&[0xff, 0xef][..]));
        let long = format!("dns={}", "A".repeat(MAX_URL_QUERY));
        for (text, why) in [
            ("", BadRequest::Missing),
            ("name=www.example.com", BadRequest::Missing),
            ("dns=", BadRequest::NotBase64),
            ("dns=A", BadRequest::NotBase64),
            ("dns=AB", BadRequest::NotBase64),
            ("dns=AA==", BadRequest::NotBase64),
            ("dns=A+/A", BadRequest::NotBase64),
            (&long, BadRequest::TooLong),
        ] {
            assert_eq!(get(text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_body_is_a_query_by_its_type() {
        for (written, is) in [
            ("application/dns-message", true),
            ("Application/DNS-Message; charset=x", true),
            ("application/dns-json", false),
            ("", false),
        ] {
            assert_eq!(is_query(written.as_bytes()), is, "{written}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_is_as_long_as_its_text(text in "[A-Za-z0-9_=&-]{0,60}") {
            if let Ok(query) = get(&format!("dns={text}")) {
                let written = text.split('&').next().expect("a first part");
                prop_assert_eq!(query.len(), written.len() * 6 / 8);
            }
            let _ = get(&text);
        }
    }
}
