//! `*.name` or `.name`, one a line; `#`, `!` and `;` start a comment.
//!
//! Public lists mean the name itself too: HaGeZi's wildcard lists ("Domains Wildcard (without subdomains)") hold the very names
//! of the same lists without stars, and squid's `dstdomain` says so of `.name`. A plain line means the same.

use super::{Reject, Rule, Said, text};
use crate::lists::Reach;

pub(super) fn line(line: &[u8], each: &mut dyn FnMut(Said)) {
    match text::without_comment(line, b"#!;") {
        Ok("") => {}
        Ok(word) => each(rule(word)),
        Err(why) => each(Err(why)),
    }
}

fn rule(word: &str) -> Said<'_> {
    let Some(name) = word.strip_prefix("*.").or_else(|| word.strip_prefix('.')) else {
        return text::entry(word).map(Rule::entry);
    };
    let host = text::entry(name)?;
    // Nothing is below an address.
    if host.is_address() { Err(Reject::Wildcard) } else { Ok(Rule::reaching(host, Reach::Below)) }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Reject, says};

    #[test]
    fn a_star_means_the_name_and_everything_below_it() {
        says(
            Format::Wildcard,
            &[
                ("*.example.com", &[Ok("example.com")]),
                (".Example.com # squid", &[Ok("example.com")]),
                ("example.com", &[Ok("example.com")]),
                ("203.0.113.7", &[Ok("203.0.113.7")]),
                ("# *.example.com", &[]),
                ("! title", &[]),
                ("", &[]),
                ("*", &[Err(Reject::Wildcard)]),
                ("*.", &[Err(Reject::NotAHost)]),
                ("*.com", &[Err(Reject::Local)]),
                ("*.*.example.com", &[Err(Reject::Wildcard)]),
                ("ads*.example.com", &[Err(Reject::Wildcard)]),
                ("*.203.0.113.7", &[Err(Reject::Wildcard)]),
                ("*.example.com/page", &[Err(Reject::Url)]),
                ("||example.com^", &[Err(Reject::OtherFormat)]),
            ],
        );
    }
}
