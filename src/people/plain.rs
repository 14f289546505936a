//! Text that a terminal may be shown.

use crate::words::escaped;
use std::borrow::Cow;

/// The first character that could make a line read as something it is not, or steer a terminal: a control character or a
/// bidirectional override. Spaces, quotes and backslashes belong in names and files.
pub(super) fn hostile(text: &str) -> Option<char> {
    text.chars().find(|&c| is_hostile(c))
}

/// `text` with every hostile character written as `\n` or `\u{1b}`.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if hostile(text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hostile(c) {
            out.push_str(&escaped(c.encode_utf8(&mut [0; 4])));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// How a character is called in a message: `U+001B`.
pub(super) fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

fn is_hostile(c: char) -> bool {
    !matches!(c, ' ' | '"' | '\'' | '\\') && matches!(escaped(c.encode_utf8(&mut [0; 4])), Cow::Owned(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_a_name_and_an_escape_becomes_text() {
        for (raw, shown) in [
            ("Zoë O'Brien \"Zed\"", "Zoë O'Brien \"Zed\""),
            ("a\nb", "a\\nb"),
            ("\x1b[31mred", "\\u{1b}[31mred"),
            ("\u{202e}evil", "\\u{202e}evil"),
        ] {
            assert_eq!(plain(raw), shown);
        }
    }
}
