//! JSON lines: one event a line.

use super::Line;
use std::fmt::Write;

/// The event as one line of JSON, without its end.
///
/// Values are as they were sent: JSON escapes them, and whoever reads the JSON gets them back. What JSON leaves as it is and a
/// terminal obeys (DEL, C1 controls, reversals of direction) is written `\uXXXX` too.
pub fn json(line: &Line) -> String {
    let text = serde_json::to_string(line).unwrap_or_else(|_| unreachable!("strings, numbers and lists of them are JSON"));
    if text.is_ascii() && !text.contains('\x7f') {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            // All of them in the basic plane, and all within strings: JSON's own characters are others.
            '\x7f'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}
