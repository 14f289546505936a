//! Which traces nobody meant. Nine in ten denials are widgets, adverts and apps: they are set aside, counted by reason, and
//! shown with samples, so that a wrong guess can be seen.
//!
//! What the browser said of a request is believed. What only DNS saw is guessed at by its company and its beat, and a guess
//! never sets aside a theme that is high: there it becomes a caution in the matter.

use super::themes::Tier;
use super::trace::Trace;
use crate::journal::Intent;
use crate::words::Category;
use crate::words::person::words;

words! {
    /// Why a trace was set aside.
    Reason {
        Advert "advert",
        Default "device-default",
        Part "part-of-a-page",
        Background "background",
        Company "in-company",
        Beat "clockwork",
        Autocomplete "autocomplete",
        Duplicate "duplicate",
    }
}

impl Reason {
    /// As people read it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Advert => "Adverts and trackers",
            Self::Default => "A device's own default, such as Private Relay or encrypted DNS",
            Self::Part => "Part of another page, as the browser said",
            Self::Background => "Sent by an app or the system, as the request said",
            Self::Company => "In the same moment as other names: a widget on a page",
            Self::Autocomplete => "Asked by a search box while somebody typed: never sent off",
            Self::Duplicate => "The same name again within ten seconds: IPv4 and IPv6, and a browser's own retries",
            Self::Beat => "Repeated like clockwork: an app or a page left open",
        }
    }
}

/// Four attempts in five in company: one that stands alone by chance does not make a widget a visit.
const COMPANY: (u32, u32) = (4, 5);
/// Six pauses of one length in a row do not happen to people.
const BEAT_LEAST: u32 = 6;
/// Seven pauses in ten as long as the one before: a timer that sleeps and starts again with its device.
const BEAT: (u32, u32) = (7, 10);

/// Why this trace is to be set aside; `None`: someone may have meant it.
pub fn set_aside(trace: &Trace) -> Option<Reason> {
    let tier = trace.theme.map(|t| t.tier);
    if tier == Some(Tier::Critical) {
        return None;
    }
    if trace.theme.is_some_and(|t| t.id == "bypass") && is_device_default(&trace.name) {
        return Some(Reason::Default);
    }
    if trace.intent.is_meant() {
        return None;
    }
    if trace.told == trace.attempts {
        return Some(match trace.intent {
            Intent::SubResource => Reason::Part,
            Intent::Autocomplete => Reason::Autocomplete,
            _ => Reason::Background,
        });
    }
    if tier == Some(Tier::High) { None } else { guess(trace) }
}

/// What the company and the beat of a trace say, whatever its theme.
pub fn guess(trace: &Trace) -> Option<Reason> {
    if trace.intent.is_meant() {
        None
    } else if trace.regular >= BEAT_LEAST && trace.regular * BEAT.1 >= trace.pauses * BEAT.0 {
        Some(Reason::Beat)
    } else if trace.companioned * COMPANY.1 >= trace.attempts * COMPANY.0 {
        Some(Reason::Company)
    } else {
        None
    }
}

/// Names that devices ask for by themselves: canaries, Private Relay, resolvers that systems and browsers have built in.
const DEVICE_DEFAULTS: &[&str] = &[
    "mask.icloud.com",
    "mask-h2.icloud.com",
    "mask-api.icloud.com",
    "mask-canary.icloud.com",
    "use-application-dns.net",
    "resolver.arpa",
    "dns.google",
    "one.one.one.one",
    "cloudflare-dns.com",
    "quad9.net",
    "nextdns.io",
    "opendns.com",
    "adguard-dns.com",
];

/// Whether a bypass name is one that devices ask for by themselves. A resolver with a name of its own is told by it: a
/// first label `doh` or `dns`, or one that ends in `-dns`.
pub fn is_device_default(name: &str) -> bool {
    let listed = |d: &str| name.strip_suffix(d).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let first = name.split('.').next().unwrap_or_default();
    DEVICE_DEFAULTS.iter().any(|d| listed(d)) || matches!(first, "doh" | "dns") || first.ends_with("-dns")
}

/// Adverts are never counted as blocks, whoever meant them.
pub fn is_advert(category: Option<Category>) -> bool {
    category == Some(Category::ADVERTS)
}

#[cfg(test)]
mod tests {
    use super::super::themes::theme;
    use super::super::trace::{Hit, Kind};
    use super::*;
    use crate::config::Scoring;

    fn trace(theme_id: &str, intent: Intent, at_s: impl IntoIterator<Item = i64>, company: u32) -> Trace {
        let mut trace = Trace::new("example.com".into(), Kind::School, theme(theme_id).map(|t| t.ranked(Scoring::shipped())));
        for (i, at) in at_s.into_iter().enumerate() {
            let at_ms = at * 1000;
            let hit =
                Hit { at_ms, seq: 1, severity: 0, count: 1, intent, lesson: true, device: None, network: 0, let_through: false };
            trace.hit(&hit, true);
            if (i as u32) < company {
                trace.in_company();
            }
        }
        trace
    }

    #[test]
    fn what_is_set_aside_and_why() {
        let human = [0, 40, 95, 400, 1300, 1320];
        let clock = (0..10).map(|i| i * 60);
        for (name, trace, reason) in [
            ("alone", trace("gambling", Intent::Unknown, human, 0), None),
            ("now and then in company", trace("gambling", Intent::Unknown, human, 2), None),
            ("always in company", trace("gambling", Intent::Unknown, human, 6), Some(Reason::Company)),
            ("nearly always", trace("gambling", Intent::Unknown, human, 5), Some(Reason::Company)),
            ("once, in company", trace("gambling", Intent::Unknown, [0], 1), Some(Reason::Company)),
            ("once, alone", trace("gambling", Intent::Unknown, [0], 0), None),
            ("every minute", trace("gambling", Intent::Unknown, clock.clone(), 0), Some(Reason::Beat)),
            ("typed", trace("gambling", Intent::Navigation, human, 6), None),
            ("an image", trace("gambling", Intent::SubResource, human, 0), Some(Reason::Part)),
            ("a search box", trace("gambling", Intent::Autocomplete, human, 0), Some(Reason::Autocomplete)),
            ("an app", trace("gambling", Intent::Background, human, 0), Some(Reason::Background)),
            ("high, in company", trace("self-harm", Intent::Unknown, human, 6), None),
            ("high, like clockwork", trace("self-harm", Intent::Unknown, clock, 0), None),
            ("high, an image", trace("self-harm", Intent::SubResource, [0], 0), Some(Reason::Part)),
            ("illegal, an image", trace("illegal", Intent::SubResource, [0], 0), None),
        ] {
            assert_eq!(set_aside(&trace), reason, "{name}");
        }
    }

    #[test]
    fn a_devices_default_is_no_misconduct() {
        for (name, default) in [
            ("mask.icloud.com", true),
            ("use-application-dns.net", true),
            ("mozilla.cloudflare-dns.com", true),
            ("dns.google", true),
            ("doh.example.net", true),
            ("family-dns.example.net", true),
            ("notquad9.net", false),
            ("vpn.example.com", false),
            ("croxyproxy.example", false),
        ] {
            assert_eq!(is_device_default(name), default, "{name}");
        }
    }

    #[test]
    fn questions_and_retries_within_seconds_are_one_attempt() {
        let trace = trace("gambling", Intent::Unknown, [0, 0, 0, 1, 6, 40, 41], 0);
        assert_eq!((trace.hits, trace.attempts, trace.runs.len()), (7, 2, 1));
    }

    #[test]
    fn half_an_hour_of_nothing_begins_another_run() {
        let trace = trace("gambling", Intent::Unknown, [0, 1800, 3601], 0);
        assert_eq!(trace.runs.iter().map(|r| r.attempts).collect::<Vec<_>>(), [2, 1]);
    }
}
