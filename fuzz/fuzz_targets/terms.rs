//! A file of terms to search for, and a text looked through for them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate::lists::phrases::{Matcher, file};

fuzz_target!(|text: &str| {
    if let Ok(terms) = file::read(text)
        && let Ok(matcher) = Matcher::new(terms)
    {
        schoolgate_fuzz::in_chunks(&matcher, text.as_bytes());
    }
});
