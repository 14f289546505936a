//! Which format a list is written in, told from its first lines.

use super::lines::{Line, Lines};
use super::{Format, Parser, Reject, pattern};
use std::io;

/// How many lines that say something are looked at. Headers of real lists are comments; the twentieth entry is like the first.
pub const LOOK_AT: usize = 64;

/// Most bytes that are held while looking: a list whose header is longer is told from what there is of it.
const MOST_HELD: usize = 1 << 20;

/// The first lines of a list, held until its format is told, and the format. A line that was too long is `None`.
pub struct Opening {
    pub lines: Vec<(u64, Option<Vec<u8>>)>,
    pub format: Result<Format, Undetected>,
}

/// Reads as many lines as it takes to tell the format; the caller reads them again from the [`Opening`].
///
/// # Errors
/// What the reader says.
pub fn opening(lines: &mut Lines<'_>) -> io::Result<Opening> {
    let (mut held, mut bytes, mut speaking) = (Vec::new(), 0, 0);
    while speaking < LOOK_AT && bytes < MOST_HELD {
        let Some((number, text)) = lines.next_line()? else { break };
        // Each line takes memory of its own, however short it is.
        bytes += size_of::<(u64, Option<Vec<u8>>)>();
        let Line::Text(text) = text else {
            held.push((number, None));
            continue;
        };
        if text.trim_ascii().is_empty() {
            continue;
        }
        bytes += text.len();
        speaking += usize::from(!matches!(text.trim_ascii_start().first(), None | Some(b'#' | b'!' | b';')));
        held.push((number, Some(text.to_vec())));
    }
    let format = detect(held.iter().filter_map(|(_, text)| text.as_deref()));
    Ok(Opening { lines: held, format })
}

/// Why no format fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undetected {
    #[error("it is a web page, not a list")]
    Html,
    #[error("it holds rules of a kind that is not read (patterns of URLs); give the list in a format that names hosts or pages")]
    OtherFormat,
    #[error("no format of a list fits its first lines; write `format = \"hosts\"` or another if it is one")]
    Unknown,
}

/// The formats that are told apart by what they take and [`Format::Domains`] does not; of two that take as much, the first.
/// Addresses and ranges tell nothing: they are domains' entries too, and UT1's lists begin with them and go on with names. Only
/// `first-last` does.
/// Expressions are told by their file's name alone, for any text is one; so is it a regular expression, and a list is one of them
/// only if nothing else fits.
const MARKED: [Format; 7] =
    [Format::Hosts, Format::Wildcard, Format::Adblock, Format::Rpz, Format::V2fly, Format::Addresses, Format::Urls];

/// The format that takes most of these lines.
///
/// # Errors
/// [`Undetected`], if none takes half of what the lines say. Lines that say nothing are [`Format::Domains`]: an empty list.
pub fn detect<'a>(lines: impl Iterator<Item = &'a [u8]> + Clone) -> Result<Format, Undetected> {
    // Adblock Plus, AdGuard and uBlock Origin begin their lists so, and such a list may hold nothing but exceptions.
    if lines.clone().find(|l| !l.trim_ascii().is_empty()).is_some_and(|l| l.starts_with(b"[Adblock") || l.starts_with(b"[uBlock"))
    {
        return Ok(Format::Adblock);
    }
    let domains = tally(Format::Domains, lines.clone());
    let (mut format, mut best) = (Format::Domains, domains);
    for marked in MARKED {
        let tally = tally(marked, lines.clone());
        // A few plain names among marked rules stay what they are; a few marked rules among names do not change all names, unless
        // a plain name is the same in both: one `full:` or one star among a thousand names is enough.
        let same = matches!(marked, Format::Wildcard | Format::V2fly);
        let more = tally.taken > best.taken && (same || (tally.taken - domains.taken.min(tally.taken)) * 2 > domains.taken);
        if more {
            (format, best) = (marked, tally);
        }
    }
    if domains.html > 0 && best.taken == 0 {
        return Err(Undetected::Html);
    }
    // The script of a web page is full of what looks like patterns.
    if domains.html == 0 {
        let like = lines.clone().filter(|l| std::str::from_utf8(l).is_ok_and(|l| pattern::looks_like(l.trim())));
        let patterns = tally(Format::Regex, like.take(LOOK_AT));
        if patterns.taken > best.taken && patterns.taken > domains.refused.min(LOOK_AT) / 2 {
            return Ok(Format::Regex);
        }
    }
    if best.taken >= best.refused {
        return Ok(format);
    }
    Err(if domains.other > domains.taken { Undetected::OtherFormat } else { Undetected::Unknown })
}

/// What a format makes of lines.
#[derive(Clone, Copy, Default)]
struct Tally {
    taken: usize,
    refused: usize,
    html: usize,
    other: usize,
}

fn tally<'a>(format: Format, lines: impl Iterator<Item = &'a [u8]>) -> Tally {
    let mut tally = Tally::default();
    let mut parser = Parser::new(format);
    for text in lines {
        // A line counts once: a range is one line, however many addresses it is.
        let (mut taken, mut refused) = (false, None);
        parser.line(text, &mut |said| match said {
            Ok(_) => taken = true,
            // Of a list that does little else but include others.
            Err(Reject::Include) => taken = true,
            Err(why) => refused = Some(why),
        });
        tally.taken += usize::from(taken);
        if let (false, Some(why)) = (taken, refused) {
            tally.refused += 1;
            tally.html += usize::from(why == Reject::Html);
            tally.other += usize::from(matches!(why, Reject::OtherFormat | Reject::Url | Reject::Wildcard | Reject::Pattern));
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_say_nothing_are_not_held_without_end() {
        let blank = "\n".repeat(200_000);
        let opened = opening(&mut Lines::new(&mut blank.as_bytes())).expect("memory can be read");
        assert!(opened.lines.is_empty());
        let long = "# x\n".repeat(200_000);
        let opened = opening(&mut Lines::new(&mut long.as_bytes())).expect("memory can be read");
        assert!(opened.lines.len() < 40_000, "{}", opened.lines.len());
    }

    #[test]
    fn a_list_is_told_from_its_lines() {
        for (text, expected) in [
            ("# hosts\n127.0.0.1 localhost\n0.0.0.0 a.example\n0.0.0.0 b.example", Ok(Format::Hosts)),
            ("! a list\na.example\nb.example\n192.0.2.77", Ok(Format::Domains)),
            ("# nothing yet\n", Ok(Format::Domains)),
            ("<!DOCTYPE html>\n<html>\n<body>404 not found</body>", Err(Undetected::Html)),
            ("[Adblock Plus]\n||a.example^\n||b.example^\n@@||c.example^", Ok(Format::Adblock)),
            ("! Title: a list\n||a.example^\n||b.example^$important\n@@||c.example^\nd.example", Ok(Format::Adblock)),
            ("a.example\nb.example\nc.example\n||d.example^", Ok(Format::Domains)),
            ("# a list\n*.a.example\n*.b.example\nc.example", Ok(Format::Wildcard)),
            ("$TTL 300\n@ SOA a. b. 1 2 3 4 5\n NS a.\na.example CNAME .\n*.a.example CNAME .", Ok(Format::Rpz)),
            ("203.0.113.7\n198.51.100.7", Ok(Format::Domains)),
            ("203.0.113.0/24 ; SBL1\n192.0.2.0/25 ; SBL2\n10.0.0.0/8", Ok(Format::Domains)),
            ("203.0.113.0-203.0.113.255\n192.0.2.7", Ok(Format::Addresses)),
            ("include:other\na.example\nfull:b.example @ads\ndomain:c.example\n", Ok(Format::V2fly)),
            ("a.example\nb.example\nc.example\nd.example @ads\n", Ok(Format::V2fly)),
            ("a.example\nb.example\nc.example\n.d.example\n", Ok(Format::Wildcard)),
            ("include:a\ninclude:b @ads\n", Ok(Format::V2fly)),
            ("regexp:^a[0-9]\\.example$\nregexp:b\n", Ok(Format::V2fly)),
            ("/ads[0-9]+/\n/x\\.y/", Ok(Format::Adblock)),
            ("# URLs\nhttp://a.example/x\nhttps://b.example:8080/y\nhttp://203.0.113.7/i", Ok(Format::Urls)),
            ("a.example/x\nb.example/y/z?q\nc.example\n", Ok(Format::Urls)),
            ("# Pi-hole\n(^|\\.)a[0-9]+\\.example$\n^ad([sxv]?[0-9]*|system)[_.-]\nb.example\n^x;querytype=A", Ok(Format::Regex)),
            ("a.example\n<script>\n(function(a){a[0]|b})\nx(a[1])\ny(a[2])\nz(b[3])\n", Err(Undetected::Unknown)),
            ("var a = f(1)\nb (c[2]) | d\n", Err(Undetected::Unknown)),
            ("||a.example^*/x.\n&ad_box=\n/banner/ads.\n-ads/x.", Err(Undetected::OtherFormat)),
            ("one two three\nfour five six", Err(Undetected::Unknown)),
        ] {
            assert_eq!(detect(text.lines().map(str::as_bytes)), expected, "{text}");
        }
    }
}
