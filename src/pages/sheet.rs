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
        "default-src 'none'; style-src 'sha256-0'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
];
