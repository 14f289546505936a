//! Adblock rules that speak of names, as AdGuard's "DNS filtering rules syntax" has them.
//!
//! `||name^` is the name and everything below it, `|name^` and a bare `name` that host, `@@` in front an exception to the entries
//! of the same list. `$important` and `$badfilter` are honoured. A rule with any other modifier is refused and counted by its
//! modifier: without it, it would say something else. So are patterns, paths and regular expressions.

use super::{Means, Reject, Rule, Said, What, text};
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
    if rest.starts_with('/') {
        return Err(if rest.len() > 1 && (rest.ends_with('/') || rest.contains("/$")) { Reject::Regex } else { Reject::Url });
    }
    if rest.contains("##") || rest.contains("#@#") || rest.contains("#?#") || rest.contains("#$#") {
        return Err(Reject::OtherFormat);
    }
    let (pattern, modifiers) = rest.rsplit_once('$').map_or((rest, None), |(pattern, modifiers)| (pattern, Some(modifiers)));
    let (mut important, mut off) = (false, false);
    for modifier in modifiers.into_iter().flat_map(|m| m.split(',')) {
        match modifier.trim() {
            "important" => important = true,
            "badfilter" => off = true,
            other => return Err(refused(other)),
        }
    }
    let (name, reach) = named(pattern)?;
    let host = text::entry(name)?;
    // Nothing is below an address: `|name^` of it and `||name^` are the same.
    let reach = if host.is_address() { Reach::Below } else { reach };
    let means = if exception { Means::Exception } else { Means::Entry };
    Ok(Rule { what: What::Host(host), reach: Some(reach), means, important, off })
}

/// The name in a pattern that is nothing but a name between its marks.
fn named(pattern: &str) -> Result<(&str, Reach), Reject> {
    let (name, reach, marked) = if let Some(name) = pattern.strip_prefix("||") {
        (name, Reach::Below, true)
    } else if let Some(name) = pattern.strip_prefix('|') {
        (name, Reach::HostOnly, true)
    } else {
        (pattern, Reach::HostOnly, false)
    };
    let (name, ended) = match name.strip_suffix("^|").or_else(|| name.strip_suffix('^')).or_else(|| name.strip_suffix('|')) {
        Some(name) => (name, true),
        None => (name, false),
    };
    if name.contains("://") || name.contains('/') {
        return Err(Reject::Url);
    }
    // Without an end, `||name` is also `name.somewhere.else`; without a beginning, `name^` is the end of any name.
    if name.contains(['*', '^', '|']) || marked != ended {
        return Err(Reject::Wildcard);
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
                ("@@||example.com^$client=x", &[Err(Reject::Client)]),
            ],
        );
    }

    #[test]
    fn what_is_no_plain_name_is_refused() {
        says(
            Format::Adblock,
            &[
                ("/ads[0-9]+/", &[Err(Reject::Regex)]),
                ("@@/ads[0-9]+/$important", &[Err(Reject::Regex)]),
                ("/banner/ads.", &[Err(Reject::Url)]),
                ("||example.com/ads^", &[Err(Reject::Url)]),
                ("|https://example.com^", &[Err(Reject::Url)]),
                ("||example.com", &[Err(Reject::Wildcard)]),
                ("example.com^", &[Err(Reject::Wildcard)]),
                ("||*.example.com^", &[Err(Reject::Wildcard)]),
                ("||ads.*^", &[Err(Reject::Wildcard)]),
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
