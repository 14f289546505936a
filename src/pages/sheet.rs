//! The one style sheet, the hash by which browsers let it in, and the headers every page has.

use hyper::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};

/// What stands between `<style>` and `</style>`, to the byte: its hash is in [`HEADERS`].
pub const STYLE: &str = include_str!("templates/page.css");

/// The headers of every page. Nothing is loaded from anywhere, nothing runs, nothing is kept, nothing is told onwards;
/// and no other page can put this one into a frame, as if it had said it.
///
/// The hash is that of [`STYLE`]; a test says the right one when the sheet has changed.
pub const HEADERS: &[(HeaderName, &str)] = &[
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CONTENT_LANGUAGE, "en-GB"),
    (CACHE_CONTROL, "no-store"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'sha256-74Tm2JjVIBunZ0SHCb7i5NN3RJq5ZJwlRF+rl+rt6K8='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
];

#[cfg(test)]
mod sha256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_let_in_this_style_sheet_and_nothing_else() {
        let hash = format!("style-src 'sha256-{}'", sha256::base64(&sha256::sha256(STYLE.as_bytes())));
        let policy = HEADERS.iter().find(|(name, _)| *name == CONTENT_SECURITY_POLICY).map_or("", |(_, value)| value);
        assert!(policy.contains(&hash), "page.css has changed: write {hash} into HEADERS");
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe") && !policy.contains("script"));
        // What would end the style element, or fetch something from elsewhere.
        assert!(!STYLE.contains('<') && !STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
