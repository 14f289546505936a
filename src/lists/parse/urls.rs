//! Pages, one a line: `host/path`, or a whole URL. UT1's and squidGuard's `urls` files are this, and URLhaus's and OpenPhish's
//! plain texts; `#` at a line's start or after a blank starts a comment, and so does `;`.
//!
//! An entry is the host and the path as written, never the host. squidGuard takes `www.` off what it is asked, and its lists
//! hold hosts without it: such a line is for the host and `www.` in front of it. A whole URL is for the host it names.
//! Refused: a line that names no page (it would close its host), a user name, another port than the scheme's own (those pages
//! come by another door), another scheme.

use super::{Reject, Rule, Said, What, text};
use crate::lists::{Reach, path};

pub(super) fn line(line: &[u8], each: &mut dyn FnMut(Said)) {
    match text::without_comment(line, b"#;") {
        Ok("") => {}
        Ok(word) => each(rule(word)),
        Err(why) => each(Err(why)),
    }
}

fn rule(word: &str) -> Said<'_> {
    if word.starts_with('<') {
        return Err(Reject::Html);
    }
    // No blank stands in a URL; a path written in Unicode is the path.
    if word.contains(|c: char| c.is_whitespace()) {
        return Err(Reject::BadUrl);
    }
    let (rest, port, reach) = match word.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (rest, "80", Reach::Exact),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (rest, "443", Reach::Exact),
        // `host/page?to=http://elsewhere` has no scheme.
        Some((before, _)) if !before.contains(['/', '?']) => return Err(Reject::BadUrl),
        _ => (word, "", Reach::HostOnly),
    };
    page(rest, port).map(|what| Rule { reach: Some(reach), ..Rule::of(what) })
}

/// `host/path`, in any format that has it.
///
/// # Errors
/// [`Reject::WholeHost`] without a path; [`Reject::BadUrl`] for what cannot be matched exactly; else what is wrong with the host.
pub(super) fn page<'a>(text: &'a str, own_port: &str) -> Result<What<'a>, Reject> {
    // What is after `#` stays in the browser.
    let text = text.split('#').next().unwrap_or_default();
    let at = text.find(['/', '?']).unwrap_or(text.len());
    let (authority, path) = text.split_at(at);
    if authority.contains('@') || path.starts_with('?') {
        return Err(Reject::BadUrl);
    }
    // A colon within `[…]` is an IPv6 address's.
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (authority, own_port),
    };
    if port != own_port && !(own_port.is_empty() && matches!(port, "80" | "443")) {
        return Err(Reject::BadUrl);
    }
    if name.contains('*') || path.contains('*') {
        return Err(Reject::Wildcard);
    }
    let host = text::entry(name)?;
    if path.is_empty() || path::normal(path) == "/" {
        return Err(Reject::WholeHost);
    }
    Ok(What::Url(host, path))
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Reject, says};

    #[test]
    fn a_line_is_a_page_and_never_its_host() {
        says(
            Format::Urls,
            &[
                ("Example.com/a/B?c=D", &[Ok("+example.com/a/B?c=D")]),
                ("http://example.com/x.exe", &[Ok("=example.com/x.exe")]),
                ("HTTPS://example.com:443/x/", &[Ok("=example.com/x/")]),
                ("http://203.0.113.7:80/i", &[Ok("=203.0.113.7/i")]),
                ("example.com:80/x", &[Ok("+example.com/x")]),
                ("[2001:470::7]/x", &[Ok("+2001:470::7/x")]),
                ("example.com/page?to=http://other.example/", &[Ok("+example.com/page?to=http://other.example/")]),
                ("example.com/page#part", &[Ok("+example.com/page")]),
                ("example.com/~someone # why", &[Ok("+example.com/~someone")]),
                ("# a comment", &[]),
                ("", &[]),
                ("example.com", &[Err(Reject::WholeHost)]),
                ("example.com/", &[Err(Reject::WholeHost)]),
                ("http://example.com//", &[Err(Reject::WholeHost)]),
                ("https://example.com/#!/page", &[Err(Reject::WholeHost)]),
                (r"example.com/a/..%2F\", &[Err(Reject::WholeHost)]),
                ("example.com/?&", &[Err(Reject::WholeHost)]),
                ("example.com/;x", &[Ok("+example.com/;x")]),
                ("http://example.com:8080/x", &[Err(Reject::BadUrl)]),
                ("https://example.com:80/x", &[Err(Reject::BadUrl)]),
                ("http://someone@example.com/x", &[Err(Reject::BadUrl)]),
                ("ftp://example.com/x", &[Err(Reject::BadUrl)]),
                ("example.com?x=1", &[Err(Reject::BadUrl)]),
                ("example.com/a page", &[Err(Reject::BadUrl)]),
                ("example.com/a/*", &[Err(Reject::Wildcard)]),
                ("printer.local/x", &[Err(Reject::Local)]),
                ("/only/a/path", &[Err(Reject::NotAHost)]),
                ("<html>", &[Err(Reject::Html)]),
            ],
        );
    }
}
