//! Whether a source is to be used as it is now, or its last good version kept.
//!
//! Comes in: what became of a source when it was read ([`Provenance`]), and what it was when it was last good. Goes out: nothing, or
//! a [`Refusal`] in words. Always holds: what is junk is refused whoever accepts it; a change that somebody has looked at
//! and accepted is not.
//!
//! For fetched sources: what ships is held to more by tests, and a school may cut its own file to three lines.

use super::parse::detect::Undetected;
use super::{Broken, Format, Origin, Provenance, Reject};

/// A source of which less than one in so many entries is left has shrunk. Real lists lose a few in a hundred a day; half at once is a
/// download cut short or a maintainer's slip.
const SHRANK_TO_ONE_IN: u64 = 2;
/// … if it lost more than so many: small lists are kept by hand, and lists of what is new (a day's phishing) come and go.
const MAY_LOSE: u64 = 200;

/// A source of more than so many times its entries has grown. Junk comes in heaps: a malware list once went from some
/// thousands of names to 456,000 lines of `$0/`.
const GREW_TIMES: u64 = 3;
/// … if it gained more than so many: a small list may take in another small one.
const MAY_GAIN: u64 = 2000;

/// Canaries that a source may hit, each entry dropped and counted. More is not a slip: the list is not what it is
/// said to be, and what else it closes no canary tells.
///
/// Measured on real lists (UT1, hagezi, StevenBlack, blocklistproject, v2fly): those for blocking hit up to 5 (UT1's `games`, of
/// 33,740 entries, five that teach), 2.5 million adult names 7, and UT1's lists of what to open 4 to 24.
pub const MOST_CANARIES: u64 = 5;
/// … or one in so many entries, whichever is more.
pub const ONE_CANARY_IN: u64 = 10_000;

/// Why a source is not to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no list, or nothing is in it.
    #[error("{0}")]
    Broken(Broken),
    #[error("it shrank from {was} entries to {is}: if its keeper meant that, accept it once")]
    Shrank { was: u64, is: u64 },
    #[error("it grew from {was} entries to {is}: if its keeper meant that, accept it once")]
    Grew { was: u64, is: u64 },
    #[error(
        "{hits} of its {entries} entries would close what schools need (canaries.txt): is it of another category? \
         If not, accept it once, without them"
    )]
    Canaries { hits: u64, entries: u64 },
}

impl Refusal {
    /// One word, for `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Broken(broken) => broken.as_str(),
            Self::Shrank { .. } => "shrank",
            Self::Grew { .. } => "grew",
            Self::Canaries { .. } => "canaries",
        }
    }

    /// Whether somebody who has looked may say that it is as it should be.
    pub fn may_be_accepted(self) -> bool {
        !matches!(self, Self::Broken(_))
    }
}

/// Judges a source as it is `now` by what it was when it was last good; `None`: it is new. `accepted`: the network manager has
/// looked at it and takes it as it is.
///
/// # Errors
/// [`Refusal`]: the last good version is to be kept, or nothing if there is none.
pub fn judge(last: Option<&Provenance>, now: &Provenance, accepted: bool) -> Result<(), Refusal> {
    let changed = || last.and_then(|last| changed(last.entries, now.entries));
    match now.broken.map(Refusal::Broken).or_else(|| canaries(now)).or_else(changed) {
        Some(refusal) if !(accepted && refusal.may_be_accepted()) => Err(refusal),
        _ => Ok(()),
    }
}

/// Entries of a source that would have closed a canary. They are not in the table.
pub fn canary_hits(source: &Provenance) -> u64 {
    source.rejects.of(Reject::Canary)
}

fn canaries(now: &Provenance) -> Option<Refusal> {
    let hits = canary_hits(now);
    let entries = now.entries + hits;
    let many = hits > MOST_CANARIES.max(entries / ONE_CANARY_IN);
    many.then_some(Refusal::Canaries { hits, entries })
}

fn changed(was: u64, is: u64) -> Option<Refusal> {
    if was.saturating_sub(is) > MAY_LOSE && is < was / SHRANK_TO_ONE_IN {
        return Some(Refusal::Shrank { was, is });
    }
    (is.saturating_sub(was) > MAY_GAIN && is > was.saturating_mul(GREW_TIMES)).then_some(Refusal::Grew { was, is })
}

/// Whether what was read is a list at all. The school's own file is used as far as it can be, and may be empty.
pub(super) fn broken(read: &Provenance, undetected: Option<Undetected>, origin: Origin) -> Option<Broken> {
    match undetected {
        Some(Undetected::Html) => return Some(Broken::WebPage),
        Some(Undetected::OtherFormat) => return Some(Broken::OtherFormat),
        Some(Undetected::Unknown) => return Some(Broken::NoFormat),
        None => {}
    }
    let taken = read.entries + read.duplicates + read.cancelled;
    if taken == 0 && (origin == Origin::Public || read.rejects.total() > 0) {
        return Some(if read.rejects.of(Reject::Html) > 0 { Broken::WebPage } else { Broken::NoEntries });
    }
    let junk: u64 = read.rejects.iter().filter(|(why, ..)| is_junk(*why, read.format)).map(|(_, count, _)| count).sum();
    (origin == Origin::Public && junk > taken).then_some(Broken::MostlyRefused)
}

/// Whether a list in this format that holds much of this is not the list it should be. A rule that we do not honour (an include, a
/// keyword, a modifier) is a rule, and what is kept from closing too much is an entry.
fn is_junk(why: Reject, format: Format) -> bool {
    match why {
        Reject::NotAHost | Reject::Local | Reject::TooLong | Reject::ControlBytes | Reject::NotUtf8 | Reject::Html => true,
        Reject::NoAddress | Reject::NoName | Reject::NotAnAddress | Reject::OutOfZone => true,
        // Adblock lists are written for browsers too: most of their lines may speak of pages and of what is on them.
        Reject::Url | Reject::OtherFormat => format != Format::Adblock,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::Rejects;
    use crate::words::Category;

    fn source(entries: u64, rejects: &[(Reject, u64)]) -> Provenance {
        let mut counted = Rejects::default();
        rejects.iter().for_each(|(why, count)| (1..=*count).for_each(|line| counted.add(*why, line)));
        let unread = Provenance::unread("some/list", Category::ADULT);
        Provenance { entries, rejects: counted, format: Format::Domains, ..unread }
    }

    fn word(last: Option<&Provenance>, now: &Provenance) -> &'static str {
        judge(last, now, false).map_or_else(Refusal::as_str, |()| "used")
    }

    #[test]
    fn a_source_that_shrank_or_grew_beyond_reason_is_refused() {
        for (was, is, expected) in [
            (100_000, 100_000, "used"),
            (100_000, 50_000, "used"),
            (100_000, 49_999, "shrank"),
            (100_000, 1, "shrank"),
            (250, 60, "used"),
            (250, 49, "shrank"),
            (100_000, 300_000, "used"),
            (100_000, 300_001, "grew"),
            (10, 2010, "used"),
            (10, 2011, "grew"),
            (5000, 456_000, "grew"),
            (u64::MAX, 1, "shrank"),
            (1, u64::MAX, "grew"),
        ] {
            assert_eq!(word(Some(&source(was, &[])), &source(is, &[])), expected, "{was} {is}");
        }
        assert_eq!(word(None, &source(1, &[])), "used", "a new source has no size to keep");
    }

    #[test]
    fn a_single_canary_drops_an_entry_and_many_refuse_the_source() {
        for (entries, hits, expected) in [
            (10, 1, "used"),
            (10, 5, "used"),
            (10, 6, "canaries"),
            (50_000, 6, "canaries"),
            (1_000_000, 100, "used"),
            (1_000_000, 101, "canaries"),
        ] {
            assert_eq!(word(None, &source(entries, &[(Reject::Canary, hits)])), expected, "{hits} of {entries}");
        }
    }

    #[test]
    fn a_change_may_be_accepted_and_junk_may_not() {
        let before = source(100_000, &[]);
        for now in [source(10, &[]), source(900_000, &[]), source(100_000, &[(Reject::Canary, 40)])] {
            let refusal = judge(Some(&before), &now, false).expect_err("a refusal");
            assert!(refusal.may_be_accepted() && refusal.to_string().contains("accept it once"), "{refusal}");
            assert_eq!(judge(Some(&before), &now, true), Ok(()), "{refusal}");
        }
        let page = Provenance { broken: Some(Broken::WebPage), ..source(100_000, &[]) };
        for accepted in [false, true] {
            assert_eq!(judge(Some(&before), &page, accepted), Err(Refusal::Broken(Broken::WebPage)));
        }
    }

    #[test]
    fn junk_refuses_a_list_and_rules_that_are_not_honoured_do_not() {
        for (format, why, expected) in [
            (Format::Domains, Reject::NotAHost, Some(Broken::MostlyRefused)),
            (Format::Domains, Reject::Url, Some(Broken::MostlyRefused)),
            (Format::Hosts, Reject::NoAddress, Some(Broken::MostlyRefused)),
            (Format::Adblock, Reject::OtherFormat, None),
            (Format::Adblock, Reject::DnsRewrite, None),
            (Format::V2fly, Reject::Include, None),
            (Format::V2fly, Reject::Keyword, None),
            (Format::Rpz, Reject::LocalData, None),
            (Format::Hosts, Reject::RealAddress, None),
            (Format::Domains, Reject::Canary, None),
        ] {
            let list = Provenance { format, ..source(10, &[(why, 11)]) };
            assert_eq!(broken(&list, None, Origin::Public), expected, "{format} {why:?}");
            assert_eq!(broken(&list, None, Origin::School), None, "the school's own file is used as far as it can be");
        }
        let nothing = Provenance { entries: 0, ..source(0, &[(Reject::Include, 3)]) };
        assert_eq!(broken(&nothing, None, Origin::Public), Some(Broken::NoEntries));
    }
}
