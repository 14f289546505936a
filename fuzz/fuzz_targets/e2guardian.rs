//! An e2guardian phrase list, with a file that it may include.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate::lists::phrases::e2guardian::{Kind, read};
use schoolgate::lists::phrases::Matcher;
use std::io::{Cursor, Read};

fuzz_target!(|input: (u8, Vec<u8>, Vec<u8>)| {
    let (kind, list, included) = input;
    let kind = Kind::ALL[usize::from(kind) % Kind::ALL.len()];
    let mut open = |path: &str| -> std::io::Result<Box<dyn Read>> {
        Ok(Box::new(Cursor::new(if path == "list" { list.clone() } else { included.clone() })))
    };
    let read = read(kind, "list", &mut open).expect("memory can be read");
    if let Ok(matcher) = Matcher::with_rules(Vec::new(), read.rules) {
        let _ = matcher.score(&list);
    }
});
