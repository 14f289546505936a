//! Adblock rules that speak of names, as AdGuard's "DNS filtering rules syntax" has them.
//!
//! `||name^` is the name and everything below it, `|name^` that host, and so is a bare `name` (AdGuard reads it as a line of a
//! hosts file); `@@` in front makes an exception to the entries of the same list. `||name/path^` is the pages below that path,
//! `/regex/` a pattern for names. `$important` and `$badfilter` are honoured.
//!
//! A rule with any other modifier is refused and counted by its modifier: without it, it would say something else. That holds
//! for `$denyallow` too: its names are out of that rule alone, and an exception in the table is one to all rules of the list; and
//! for `$dnstype`: the table says what a name is, not which record of it. Any other pattern is refused: `||name/path` without its
//! `^` is also `name/path-and-more`.

use super::{Means, Reject, Rule, Said, What, addresses, pattern, text, urls};
use crate::lists::Reach;

pub(super) fn line(line: &[u8], each: &mut dyn FnMut(Said)) {
    let line = line.trim_ascii();
    match line {
        [] | [b'!' | b'[', ..] | [b'#'] => return,
        // `##`, `#@#`, `#?#`, `#$#` and `#%#` begin what hides parts of a page; another `#` begins a comment.
        [b'#', after, ..] if !b"#@?$%".contains(after) => return,
        _ => {}
    }
    each(text::without_comment(line, b"").and_then(rule));
}

fn rule(line: &str) -> Said<'_> {
    let (exception, rest) = line.strip_prefix("@@").map_or((false, line), |rest| (true, rest));
    if !rest.starts_with('/') && (rest.contains("##") || rest.contains("#@#") || rest.contains("#?#") || rest.contains("#$#")) {
        return Err(Reject::OtherFormat);
    }
    let (pattern, modifiers) = cut(rest);
    let (mut important, mut off) = (false, false);
    for modifier in modifiers.into_iter().flat_map(|m| m.split(',')) {
        match modifier.trim() {
            "important" => important = true,
            "badfilter" => off = true,
            other => return Err(refused(other)),
        }
    }
    let (what, reach) = meant(pattern)?;
    let means = if exception { Means::Exception } else { Means::Entry };
    Ok(Rule { what, reach, means, important, off })
}

/// The pattern and its modifiers. In a regular expression, and in a path, a `$` may be its own.
fn cut(rule: &str) -> (&str, Option<&str>) {
    if rule.starts_with('/') {
        if let Some((regex, modifiers)) = rule.rsplit_once("/$").filter(|(regex, _)| !regex.is_empty()) {
            return (&rule[..=regex.len()], Some(modifiers));
        }
        if rule.ends_with('/') {
            return (rule, None);
        }
    }
    rule.rsplit_once('$').map_or((rule, None), |(pattern, modifiers)| (pattern, Some(modifiers)))
}

fn meant(pattern: &str) -> Result<(What<'_>, Option<Reach>), Reject> {
    if let Some(regex) = pattern.strip_prefix('/') {
        return match regex.strip_suffix('/') {
            // A name holds no `/`: such an expression is for URLs, with their schemes.
            Some(regex) if !regex.is_empty() && !regex.contains('/') => Ok((pattern::in_hosts(regex)?.what, None)),
            _ => Err(Reject::Pattern),
        };
    }
    if pattern.contains('/') {
        return match addresses::range(pattern.trim_start_matches('|').trim_end_matches('^')) {
            Some(range) => Ok((range?.what, None)),
            None => page(pattern).map(|what| (what, Some(Reach::Below))),
        };
    }
    let (name, reach) = named(pattern)?;
    let host = text::entry(name)?;
    // Nothing is below an address: `|name^` of it and `||name^` are the same.
    let reach = if host.is_address() { Reach::Below } else { reach };
    Ok((What::Host(host), Some(reach)))
}

/// `||name/path^`, or `||name/path/`: the pages of the name, and of what is below it, whose path begins so up to a boundary.
fn page(pattern: &str) -> Result<What<'_>, Reject> {
    let text = pattern.strip_prefix("||").ok_or(Reject::Pattern)?;
    let ended = text.strip_suffix('^').or_else(|| text.ends_with('/').then_some(text)).ok_or(Reject::Pattern)?;
    if ended.contains(['*', '^', '|', '#', ' ', '\t', ':']) {
        return Err(Reject::Pattern);
    }
    urls::page(ended, "")
}

/// The name in a pattern that is nothing but a name between its marks.
fn named(pattern: &str) -> Result<(&str, Reach), Reject> {
    let (name, reach, marked) = if let Some(name) = pattern.strip_prefix("||") {
        (name, Reach::Below, true)
    } else if let Some(name) = pattern.strip_prefix('|') {
        (name, Reach::Exact, true)
    } else {
        (pattern, Reach::Exact, false)
    };
    let (name, ended) = match name.strip_suffix("^|").or_else(|| name.strip_suffix('^')).or_else(|| name.strip_suffix('|')) {
        Some(name) => (name, true),
        None => (name, false),
    };
    // Without an end, `||name` is also `name.somewhere.else`; without a beginning, `name^` is the end of any name.
    if name.contains(['*', '^', '|']) || marked != ended {
        return Err(Reject::Pattern);
    }
    if name.contains(|c: char| c.is_ascii_whitespace()) {
        return Err(Reject::OtherFormat);
    }
    Ok((name, reach))
}

fn refused(modifier: &str) -> Reject {
    let name = modifier.split('=').next().unwrap_or_default().trim_start_matches('~');
    match name {
        "denyallow" => Reject::DenyAllow,
        "dnstype" => Reject::DnsType,
        "dnsrewrite" => Reject::DnsRewrite,
        "client" => Reject::Client,
        "ctag" => Reject::Ctag,
        "third-party" | "3p" | "first-party" | "1p" | "strict-third-party" | "strict-first-party" => Reject::ThirdParty,
        "domain" | "from" | "to" => Reject::OnDomain,
        "all" | "document" | "doc" | "popup" | "popunder" | "script" | "image" | "stylesheet" | "css" | "font" | "media"
        | "object" | "subdocument" | "frame" | "xmlhttprequest" | "xhr" | "websocket" | "ping" | "other" | "inline-script"
        | "elemhide" | "ehide" | "generichide" | "ghide" | "genericblock" | "urlblock" | "content" => Reject::ContentType,
        _ => Reject::OtherModifier,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Reject, says};

    #[test]
    fn a_rule_that_names_a_host_is_an_entry_or_an_exception() {
        says(
            Format::Adblock,
            &[
                ("||example.com^", &[Ok("example.com")]),
                ("  ||Example.com^|  ", &[Ok("example.com")]),
                ("|example.com^", &[Ok("=example.com")]),
                ("example.com", &[Ok("=example.com")]),
                ("||203.0.113.7^", &[Ok("203.0.113.7")]),
                ("@@||example.com^", &[Ok("@@example.com")]),
                ("@@|example.com^|", &[Ok("@@=example.com")]),
                ("||example.com^$important", &[Ok("!example.com")]),
                ("@@||example.com^$important", &[Ok("@@!example.com")]),
                ("||example.com^$badfilter", &[Ok("-example.com")]),
                ("@@|example.com^$badfilter,important", &[Ok("-@@=!example.com")]),
                ("||example.com/ads^", &[Ok("example.com/ads")]),
                ("@@||Example.com/Ads/$important", &[Ok("@@!example.com/Ads/")]),
                ("||203.0.113.0/24^", &[Ok("203.0.113.0/24")]),
                ("203.0.113.7/28", &[Ok("203.0.113.0/28")]),
                ("/ads[0-9]+/", &[Ok("host~ads[0-9]+")]),
                ("@@/^ads[0-9]$/$important", &[Ok("@@!host~^ads[0-9]$")]),
                ("/ads#@#x/", &[Ok("host~ads#@#x")]),
                ("[Adblock Plus]", &[]),
                ("! ||example.com^", &[]),
                ("# a comment", &[]),
                ("#", &[]),
                ("", &[]),
            ],
        );
    }

    #[test]
    fn a_modifier_that_is_not_honoured_refuses_the_whole_rule_by_its_name() {
        says(
            Format::Adblock,
            &[
                ("||example.com^$denyallow=good.example.com", &[Err(Reject::DenyAllow)]),
                ("||example.com^$important,dnstype=~A", &[Err(Reject::DnsType)]),
                ("||example.com^$dnsrewrite=NOERROR;A;192.0.2.1", &[Err(Reject::DnsRewrite)]),
                ("||example.com^$client='a.b'", &[Err(Reject::Client)]),
                ("||example.com^$ctag=device_phone", &[Err(Reject::Ctag)]),
                ("||example.com^$third-party", &[Err(Reject::ThirdParty)]),
                ("||example.com^$domain=a.example|b.example", &[Err(Reject::OnDomain)]),
                ("||example.com^$~script", &[Err(Reject::ContentType)]),
                ("||example.com^$app=x", &[Err(Reject::OtherModifier)]),
                ("||example.com^$", &[Err(Reject::OtherModifier)]),
                ("/ads[0-9]/$script", &[Err(Reject::ContentType)]),
                ("||example.com/ads^$third-party", &[Err(Reject::ThirdParty)]),
                ("@@||example.com^$client=x", &[Err(Reject::Client)]),
            ],
        );
    }

    #[test]
    fn what_is_no_plain_name_is_refused() {
        says(
            Format::Adblock,
            &[
                ("/ads(?!x)/", &[Err(Reject::Regex)]),
                ("/./", &[Err(Reject::TooBroad)]),
                ("/^https:\\/\\/ads/", &[Err(Reject::Pattern)]),
                ("/banner/ads.", &[Err(Reject::Pattern)]),
                ("/", &[Err(Reject::Pattern)]),
                ("//", &[Err(Reject::Pattern)]),
                ("||example.com/ads", &[Err(Reject::Pattern)]),
                ("||example.com/*/ads^", &[Err(Reject::Pattern)]),
                ("||example.com/ads^*.gif", &[Err(Reject::Pattern)]),
                ("|example.com/ads^", &[Err(Reject::Pattern)]),
                ("||example.com/^", &[Err(Reject::WholeHost)]),
                ("||example.com/", &[Err(Reject::WholeHost)]),
                ("|https://example.com^", &[Err(Reject::Pattern)]),
                ("||203.0.113.0/16^", &[Err(Reject::TooWide)]),
                ("||example.com", &[Err(Reject::Pattern)]),
                ("example.com^", &[Err(Reject::Pattern)]),
                ("||*.example.com^", &[Err(Reject::Pattern)]),
                ("||ads.*^", &[Err(Reject::Pattern)]),
                ("example.com##.ad", &[Err(Reject::OtherFormat)]),
                ("##.ad", &[Err(Reject::OtherFormat)]),
                ("0.0.0.0 example.com", &[Err(Reject::OtherFormat)]),
                ("||com^", &[Err(Reject::Local)]),
                ("||localhost^", &[Err(Reject::Local)]),
                ("||^", &[Err(Reject::NotAHost)]),
                ("||exa\u{7}mple.com^", &[Err(Reject::ControlBytes)]),
            ],
        );
    }
}
