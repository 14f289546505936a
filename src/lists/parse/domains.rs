//! Plain names, one a line; `#`, `!` and `;` start a comment. UT1's `domains` files are this, bare addresses among them, and some
//! lists mix ranges of addresses in.

use super::{Rule, Said, addresses, text};

pub(super) fn line(line: &[u8], each: &mut dyn FnMut(Said)) {
    match text::without_comment(line, b"#!;") {
        Ok("") => {}
        Ok(word) => each(addresses::range(word).unwrap_or_else(|| text::entry(word).map(Rule::entry))),
        Err(why) => each(Err(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Reject, said};

    #[test]
    fn a_line_is_one_name() {
        for (line, expected) in [
            ("example.com", vec![Ok("example.com")]),
            ("  Example.com.  # why", vec![Ok("example.com")]),
            ("example.com ; why", vec![Ok("example.com")]),
            ("203.0.113.7", vec![Ok("203.0.113.7")]),
            ("203.0.113.7/24", vec![Ok("203.0.113.0/24")]),
            ("203.0.113.7/8", vec![Err(Reject::TooWide)]),
            ("example.com/24", vec![Err(Reject::Url)]),
            ("# example.com", vec![]),
            ("! Title: a list", vec![]),
            ("; example.com", vec![]),
            ("", vec![]),
            ("example.com example.org", vec![Err(Reject::NotAHost)]),
            ("0.0.0.0 example.com", vec![Err(Reject::NotAHost)]),
            ("*.example.com", vec![Err(Reject::Wildcard)]),
            ("||example.com^", vec![Err(Reject::OtherFormat)]),
            ("a\u{7}b.example", vec![Err(Reject::ControlBytes)]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|e| e.map(str::to_owned)).collect();
            assert_eq!(said(Format::Domains, line.as_bytes()), expected, "{line}");
        }
    }
}
