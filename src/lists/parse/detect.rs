//! Which format a list is written in, told from its first lines.

use super::lines::{Line, Lines};
use super::{Format, Reject, line};
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
        let Line::Text(text) = text else {
            held.push((number, None));
            continue;
        };
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
    #[error("it holds rules of a list format that is not read (adblock, RPZ, URLs); give the list in hosts or domains format")]
    OtherFormat,
    #[error("no format of a list fits its first lines; write `format = \"hosts\"` or `\"domains\"` if it is one")]
    Unknown,
}

/// The format that takes most of these lines.
///
/// # Errors
/// [`Undetected`], if neither takes half of what the lines say. Lines that say nothing are [`Format::Domains`]: an empty list.
pub fn detect<'a>(lines: impl Iterator<Item = &'a [u8]> + Clone) -> Result<Format, Undetected> {
    let hosts = tally(Format::Hosts, lines.clone());
    let domains = tally(Format::Domains, lines);
    let (format, best) = if hosts.taken > domains.taken { (Format::Hosts, &hosts) } else { (Format::Domains, &domains) };
    if domains.html > 0 && best.taken == 0 {
        return Err(Undetected::Html);
    }
    if best.taken >= best.refused {
        return Ok(format);
    }
    Err(if domains.other > domains.taken { Undetected::OtherFormat } else { Undetected::Unknown })
}

#[derive(Default)]
struct Tally {
    taken: usize,
    refused: usize,
    html: usize,
    other: usize,
}

fn tally<'a>(format: Format, lines: impl Iterator<Item = &'a [u8]>) -> Tally {
    let mut tally = Tally::default();
    for text in lines {
        line(format, text, &mut |said| match said {
            Ok(_) => tally.taken += 1,
            Err(why) => {
                tally.refused += 1;
                tally.html += usize::from(why == Reject::Html);
                tally.other += usize::from(matches!(why, Reject::OtherFormat | Reject::Url | Reject::Wildcard));
            }
        });
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_told_from_its_lines() {
        for (text, expected) in [
            ("# hosts\n127.0.0.1 localhost\n0.0.0.0 a.example\n0.0.0.0 b.example", Ok(Format::Hosts)),
            ("! a list\na.example\nb.example\n192.0.2.77", Ok(Format::Domains)),
            ("# nothing yet\n", Ok(Format::Domains)),
            ("<!DOCTYPE html>\n<html>\n<body>404 not found</body>", Err(Undetected::Html)),
            ("[Adblock Plus]\n||a.example^\n||b.example^\n@@||c.example^", Err(Undetected::OtherFormat)),
            ("http://a.example/x\nhttp://b.example/y", Err(Undetected::OtherFormat)),
            ("one two three\nfour five six", Err(Undetected::Unknown)),
        ] {
            assert_eq!(detect(text.lines().map(str::as_bytes)), expected, "{text}");
        }
    }
}
