//! Text from outside made safe to show; numbers and lists in words.

use std::fmt::Write;

/// Longest text from outside that a report shows, in characters: a host of 253 would break every table.
const MAX_SHOWN: usize = 80;

/// `text` as it may stand in a report: control characters and those that turn or hide text are written out, the rest stays
/// (a name keeps its spaces and apostrophes); clipped to 80 characters. HTML is escaped by the page, not here.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => whole(&text[..end]) + "…",
        None => whole(text),
    }
}

/// The same of any length: what somebody wrote is never cut short.
pub fn whole(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if hides(c) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// Control characters, and those that make a line read as something it is not (CVE-2021-42574).
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// `1,204`
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 host`, `2 hosts`
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// `once`, `twice`, `9 times`
pub fn times(n: u64) -> String {
    match n {
        1 => "once".into(),
        2 => "twice".into(),
        n => format!("{} times", number(n)),
    }
}

/// `a`, `a and b`, `a, b and c`
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

/// With a capital first letter.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// Lines of at most `width` characters, the first after `first`, the others after `rest`. A longer word has a line of its own.
pub fn wrapped(text: &str, width: usize, first: &str, rest: &str) -> String {
    let mut out = String::new();
    let mut line = first.to_owned();
    let mut bare = true;
    for word in text.split_whitespace() {
        if !bare && line.chars().count() + 1 + word.chars().count() > width {
            out.push_str(line.trim_end());
            out.push('\n');
            line = rest.to_owned();
            bare = true;
        }
        if !bare {
            line.push(' ');
        }
        line.push_str(word);
        bare = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_turn_or_hide_a_line_is_written_out() {
        for (raw, safe) in [
            ("Zoë O'Brien", "Zoë O'Brien"),
            ("a\nb\u{1b}[31m", "a\\nb\\u{1b}[31m"),
            ("\u{202e}evil", "\\u{202e}evil"),
            ("<script>", "<script>"),
        ] {
            assert_eq!(shown(raw), safe);
        }
        assert_eq!(shown(&"x".repeat(300)).chars().count(), 81);
    }

    #[test]
    fn numbers_and_lists_read_as_english() {
        assert_eq!([number(7), number(1204), number(1_234_567)], ["7", "1,204", "1,234,567"]);
        assert_eq!([times(1), times(2), times(3)], ["once", "twice", "3 times"]);
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
        assert_eq!(wrapped("one two three", 8, "- ", "  "), "- one\n  two\n  three\n");
    }
}
