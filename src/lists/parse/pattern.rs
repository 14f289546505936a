//! Regular expressions: the lines of a regex list, and what any pattern must be to be taken.
//!
//! Pi-hole's `regex.list` has one a line, for names, written for TRE; v2fly's `regexp:` are Go's. Nearly all of both mean the
//! same in the crate `regex`, which matches in linear time: what needs look-around or a back reference cannot be had there and
//! is refused, and so are Pi-hole's options after `;` (`;querytype=`, `;invert`, `;reply=`): without them the rule says more.

use super::{Reject, Rule, Said, What, Within, text};
use crate::lists::pattern::check;

pub(super) fn line(line: &[u8], each: &mut dyn FnMut(Said)) {
    match text::without_comment(line, b"") {
        Ok("") => {}
        Ok(comment) if comment.starts_with('#') => {}
        Ok(text) => each(rule(text)),
        Err(why) => each(Err(why)),
    }
}

fn rule(text: &str) -> Said<'_> {
    if text.starts_with('<') {
        return Err(Reject::Html);
    }
    // In no name stands a `;`, and Pi-hole cuts there too.
    if text.contains(';') {
        return Err(Reject::RegexOption);
    }
    in_hosts(text)
}

/// A pattern for host names.
pub(super) fn in_hosts(text: &str) -> Said<'_> {
    check(Within::Host, text)?;
    Ok(Rule::of(What::Pattern(Within::Host, text)))
}

/// Whether a line is rather a pattern than anything else: it holds what stands in no name and no URL, and no blank, which no name
/// has.
pub(super) fn looks_like(text: &str) -> bool {
    !text.contains(char::is_whitespace)
        && text.contains(['\\', '[', '(', '|', '^', '{'])
        && !text.starts_with(['|', '<', '@', '!'])
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Reject, says};

    #[test]
    fn a_line_is_a_pattern_for_names() {
        says(
            Format::Regex,
            &[
                (r"(^|\.)example\.(com|net)$", &[Ok(r"host~(^|\.)example\.(com|net)$")]),
                (
                    r"  ^ad([sxv]?[0-9]*|system)[_.-]([^.[:space:]]+\.){1,}  ",
                    &[Ok(r"host~^ad([sxv]?[0-9]*|system)[_.-]([^.[:space:]]+\.){1,}")],
                ),
                (r"^(.+\.)?porn[0-9]{1,3}\.[a-z]+$", &[Ok(r"host~^(.+\.)?porn[0-9]{1,3}\.[a-z]+$")]),
                ("# a comment", &[]),
                ("", &[]),
                (r"^ads\.;querytype=A", &[Err(Reject::RegexOption)]),
                (r"^ads\.;invert", &[Err(Reject::RegexOption)]),
                (r"^(?!www\.)ads\.", &[Err(Reject::Regex)]),
                (r"(?<=x)ads", &[Err(Reject::Regex)]),
                (r"(ads)\1\.example", &[Err(Reject::Regex)]),
                (r"ads[", &[Err(Reject::Regex)]),
                (r"([a-z]{1,500}\.){1,500}", &[Err(Reject::Regex)]),
                (".*", &[Err(Reject::TooBroad)]),
                (r"\.", &[Err(Reject::TooBroad)]),
                ("^$|a?", &[Err(Reject::TooBroad)]),
                ("<html>", &[Err(Reject::Html)]),
            ],
        );
    }
}
