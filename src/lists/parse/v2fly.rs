//! The data of v2fly's domain-list-community, as its README has it; `#` starts a comment anywhere.
//!
//! `domain:name`, or the name alone, is the name and everything below it; `full:name` that host; `regexp:` a pattern of Go's for
//! names. An attribute (`@ads`) is a label by which others pick rules; an affiliation (`&list`) puts the rule into another list
//! as well: in this one it stays, and the other does not get it, for all files would have to be read to know. `include:` is
//! followed by [`crate::lists::members`]; one that is not comes here and is refused. `keyword:` is refused: it means any name
//! that holds the word, and no list says what else does (`sex` is in `essex`); the data holds none, and its README advises
//! against them.

use super::{Reject, Rule, Said, pattern, text};
use crate::lists::Reach;

pub(super) fn line(line: &[u8], each: &mut dyn FnMut(Said)) {
    let end = line.iter().position(|&c| c == b'#').unwrap_or(line.len());
    match text::without_comment(&line[..end], b"") {
        Ok("") => {}
        Ok(text) => each(rule(text)),
        Err(why) => each(Err(why)),
    }
}

fn rule(text: &str) -> Said<'_> {
    let mut words = text.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    match first.split_once(':') {
        Some(("include", _)) => return Err(Reject::Include),
        Some(("keyword", _)) => return Err(Reject::Keyword),
        _ => {}
    }
    if !words.all(|word| word.len() > 1 && word.starts_with(['@', '&'])) {
        return Err(Reject::NotAHost);
    }
    match first.split_once(':') {
        Some(("full", name)) => Ok(Rule::reaching(text::entry(name)?, Reach::Exact)),
        Some(("regexp", expression)) => pattern::in_hosts(expression),
        Some(("domain", name)) => Ok(Rule::reaching(text::entry(name)?, Reach::Below)),
        _ => text::entry(first).map(Rule::entry),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Reject, says};

    #[test]
    fn a_line_is_a_rule_with_attributes() {
        says(
            Format::V2fly,
            &[
                ("example.com", &[Ok("example.com")]),
                ("domain:example.com @ads @!cn", &[Ok("example.com")]),
                ("full:www.example.com@", &[Err(Reject::NotAHost)]),
                ("full:www.example.com &other @ads # why", &[Ok("=www.example.com")]),
                ("example.com#why", &[Ok("example.com")]),
                ("# include:other", &[]),
                ("", &[]),
                ("include:other @ads", &[Err(Reject::Include)]),
                ("keyword:google", &[Err(Reject::Keyword)]),
                (r"regexp:^odd[1-7]\.example\.org(\.[a-z]{2})?$", &[Ok(r"host~^odd[1-7]\.example\.org(\.[a-z]{2})?$")]),
                (r"regexp:(^|\.)ads[0-9]\.example$ @ads", &[Ok(r"host~(^|\.)ads[0-9]\.example$")]),
                (r"regexp:(?!a)b", &[Err(Reject::Regex)]),
                (r"regexp:.+", &[Err(Reject::TooBroad)]),
                ("example.com example.org", &[Err(Reject::NotAHost)]),
                ("example.com @", &[Err(Reject::NotAHost)]),
                ("other:example.com", &[Err(Reject::NotAHost)]),
                ("full:com", &[Err(Reject::Local)]),
            ],
        );
    }
}
