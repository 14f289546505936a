//! The one style sheet, the hash by which browsers let it in, and the headers every page has.

use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// What stands between `<style>` and `</style>`, to the byte: its hash is in [`HEADERS`].
pub const STYLE: &str = include_str!("templates/page.css");

/// What browsers may do with a page: use [`STYLE`], whose hash this is (a test says the right one when the sheet has changed), and
/// send its forms here, if it has any.
macro_rules! policy {
    ($forms:literal) => {
        concat!(
            "default-src 'none'; style-src 'sha256-0JDbsy1I24I+nYEjLdly2j9MdamhJ4E+dt9DHss2dF8='; base-uri 'none'; form-action ",
            $forms,
            "; frame-ancestors 'none'"
        )
    };
}

/// The headers of every page but for its language. Nothing is loaded from anywhere, nothing runs, nothing is kept, nothing is told
/// onwards; and no other page can put this one into a frame, as if it had said it.
pub const HEADERS: &[(HeaderName, &str)] = &[
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, policy!("'none'")),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
];

/// Those of a page of the gate's own with forms. Its own pages are told where they were sent from: under `no-referrer` a browser
/// sends `Origin: null` with every form (Fetch §3.2), and nobody could tell ours from another's.
pub const FORM_HEADERS: &[(HeaderName, &str)] = &[
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, policy!("'self'")),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "same-origin"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;
    use ring::digest::{SHA256, digest};

    #[test]
    fn browsers_let_in_this_style_sheet_and_nothing_else() {
        let hash = format!("style-src 'sha256-{}'", BASE64.encode(digest(&SHA256, STYLE.as_bytes()).as_ref()));
        for headers in [HEADERS, FORM_HEADERS] {
            let policy = headers.iter().find(|(name, _)| *name == CONTENT_SECURITY_POLICY).map_or("", |(_, value)| value);
            assert!(policy.contains(&hash), "page.css has changed: write {hash} into `policy`");
            assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe") && !policy.contains("script"));
        }
        // What would end the style element, or fetch something from elsewhere.
        assert!(!STYLE.contains('<') && !STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
