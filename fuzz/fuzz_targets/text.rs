//! A text looked through for the terms that ship, whole and in chunks: the same hits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate::lists::phrases::{Matcher, file};
use std::sync::LazyLock;

static MATCHER: LazyLock<Matcher> = LazyLock::new(|| {
    let terms = file::read(include_str!("../../blocklists/phrases/en.toml")).expect("the terms that ship read");
    Matcher::new(terms).expect("they fit")
});

fuzz_target!(|bytes: &[u8]| schoolgate_fuzz::in_chunks(&MATCHER, bytes));
