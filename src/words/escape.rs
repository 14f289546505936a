//! Text that came from outside, made safe for one line of a log.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with control characters, spaces, quotes and backslashes written as `\u{..}` or `\x`, so that a record stays one
/// line and one field whatever a client put into a name, a path, a User-Agent or a user name.
///
/// Bidirectional overrides are escaped too: they make a log line read as something it is not (CVE-2021-42574).
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' ' => out.push_str("\\x20"),
            '"' => out.push_str("\\\""),
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            c if needs_escape(c) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(c, ' ' | '"' | '\'' | '\\')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_record_stays_one_line_and_one_field() {
        for (raw, safe) in [
            ("plain.example", "plain.example"),
            ("a\nb", "a\\nb"),
            ("\x1b[31mred", "\\u{1b}[31mred"),
            ("two words", "two\\x20words"),
            ("say \"hi\"", "say\\x20\\\"hi\\\""),
            ("back\\slash", "back\\\\slash"),
            ("\u{202e}evil", "\\u{202e}evil"),
        ] {
            assert_eq!(escaped(raw), safe);
        }
    }
}
