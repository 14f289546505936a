//! Regular expressions: the lines of a regex list, and what any pattern must be to be taken.
//!
//! Pi-hole's `regex.list` has one a line, for names, written for TRE; v2fly's `regexp:` are Go's. Nearly all of both mean the
//! same in the crate `regex`, which matches in linear time: what needs look-around or a back reference cannot be had there and
//! is refused, and so are Pi-hole's options after `;` (`;querytype=`, `;invert`, `;reply=`): without them the rule says more.

use super::{Reject, Rule, Said, What, Within, text};

/// Longest pattern that is taken, in bytes. UT1's longest has 930.
pub(super) const MOST_BYTES: usize = 2048;

/// Largest program of one pattern. UT1's largest takes 60 kB; a thousand counted repetitions of a class want megabytes.
const MOST_PROGRAM: usize = 1 << 18;

/// Deepest nesting of brackets.
const MOST_NESTED: u32 = 32;

/// What a pattern that means something does not match all of: hosts, and URLs, that have nothing in common.
const UNLIKE: [[&str; 3]; 2] =
    [["q-7.xn--p1ai", "zzkw.io", "203.0.113.94"], ["q-7.xn--p1ai/", "zzkw.io/hhj?u=1", "203.0.113.94/~bb/9.PNG"]];

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
    checked(Within::Host, text)?;
    Ok(Rule::of(What::Pattern(Within::Host, text)))
}

/// Whether a pattern is one, of bounded size, and does not match whatever is asked.
///
/// # Errors
/// [`Reject::Regex`], [`Reject::MatchesAll`].
pub(super) fn checked(within: Within, text: &str) -> Result<(), Reject> {
    if text.len() > MOST_BYTES {
        return Err(Reject::Regex);
    }
    let built = regex::RegexBuilder::new(text).case_insensitive(true).size_limit(MOST_PROGRAM).nest_limit(MOST_NESTED).build();
    let pattern = built.map_err(|_| Reject::Regex)?;
    let unlike = &UNLIKE[usize::from(within == Within::Url)];
    if unlike.iter().all(|text| pattern.is_match(text)) { Err(Reject::MatchesAll) } else { Ok(()) }
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
    use super::*;

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
                (".*", &[Err(Reject::MatchesAll)]),
                (r"\.", &[Err(Reject::MatchesAll)]),
                ("^$|a?", &[Err(Reject::MatchesAll)]),
                ("<html>", &[Err(Reject::Html)]),
            ],
        );
        let (deep, long) = ("(".repeat(60) + "a" + &")".repeat(60), "a".repeat(MOST_BYTES + 1));
        assert_eq!((checked(Within::Host, &deep), checked(Within::Url, &long)), (Err(Reject::Regex), Err(Reject::Regex)));
    }
}
