//! One thing that happened at a door: what every line of the log, every export and the report are made of.

use crate::lists::ListId;
use crate::lists::phrases::Theme;
use crate::policy::{Action, CellId, ProfileId, Step, Verdict};
use crate::seal::Sealed;
use crate::words::person::words;
use crate::words::{Category, CategorySet, GroupId, Who};
use std::borrow::Cow;

words! {
    /// Which door it came to.
    Door {
        Dns "dns",
        Proxy "proxy",
        Transparent "transparent",
        Portal "portal",
        /// The gate asked itself.
        SelfTest "self-test",
    }
}

words! {
    /// How much a person meant it, as far as the request shows.
    Intent {
        Unknown "unknown",
        Background "background",
        SubResource "sub-resource",
        Link "link",
        Navigation "navigation",
        Search "search",
        /// What a search box asks while somebody types: nobody has sent it off.
        Autocomplete "autocomplete",
    }
}

impl Intent {
    /// Whether a person did it: followed, typed or sent off.
    pub fn is_meant(self) -> bool {
        matches!(self, Self::Link | Self::Navigation | Self::Search)
    }

    /// The more it was meant, the greater. Not the order of the numbers they are stored as.
    pub fn weight(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Background => 1,
            Self::Autocomplete => 2,
            Self::SubResource => 3,
            Self::Link => 4,
            Self::Navigation => 5,
            Self::Search => 6,
        }
    }
}

words! {
    /// Whether the gate saw what went through TLS; where it did not, why.
    Decrypted {
        /// There was nothing to look into, or nobody asked: DNS, plain HTTP, a blocked host.
        NotAsked "not-asked",
        Yes "yes",
        /// The school has no authority, or it cannot be used.
        NoAuthority "no-authority",
        /// Devices of this network do not have it.
        Network "network",
        /// It is of a category that is never looked into, or that the school leaves alone.
        Category "category",
        /// The school does not look into what this group does.
        Group "group",
        /// A bank, and what else is only between a person and their money.
        Banking "banking",
        Health "health",
        /// An app that takes the certificates of its maker only.
        Pinned "pinned",
        /// An exception of the school's own.
        Exception "exception",
    }
}

/// An event. Strings are borrowed while a door writes it and owned when it is read back.
///
/// Ids (groups, profile, list, rule, cell) are those of `policy_version`; [`super::Names`] of that version says what they were called.
/// A visit to help has no person, device, client or host; one to the locked tier no host and path: the gate takes them out
/// before an event is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// Milliseconds since 1970, UTC.
    pub when_ms: i64,
    /// Milliseconds since the machine started: dates an event that happened before the clock was set.
    pub boot_ms: u64,
    pub door: Door,
    /// `None` where nobody may be written down.
    pub who: Option<Who>,
    /// HTTP method; empty for DNS.
    pub method: Cow<'a, str>,
    /// The host, or the name asked for with `\DDD` escapes.
    pub host: Cow<'a, str>,
    /// 0 for DNS.
    pub port: u16,
    /// Path and query of the URL; empty where it was not seen.
    pub path: Cow<'a, str>,
    /// DNS type number; 0 for the others.
    pub query_type: u16,
    pub action: Action,
    pub step: Step,
    /// The category that decided.
    pub category: Option<Category>,
    /// Everything the lists say it is.
    pub categories: CategorySet,
    pub list: Option<ListId>,
    /// Labels of the deciding entry: its text is that many labels of the host, from the right.
    pub labels: u8,
    /// The school's own entry; at [`Step::Locked`] the number of the sealed list's.
    pub rule: Option<u32>,
    pub group: Option<GroupId>,
    pub cell: Option<CellId>,
    pub profile: ProfileId,
    pub pass: Option<u16>,
    pub intent: Intent,
    /// How many times, if one row stands for several.
    pub count: u32,
    /// Until when, if it stands for several that did not come at once.
    pub span: Option<Span>,
    /// HTTP status sent to the client, or the DNS response code.
    pub status: u16,
    pub bytes_up: u64,
    pub bytes_down: u64,
    pub duration_ms: u32,
    pub policy_version: u32,
    /// Path and search for the DSL alone ([`crate::seal`]); both are empty then.
    pub sealed: Option<Cow<'a, [u8]>>,
    /// What was searched for, as typed; empty where it is no search, or was not seen.
    pub search: Cow<'a, str>,
    /// What the words of the search are about, if they are of a theme; and how much they weigh in it, 1 to 100.
    pub theme: Option<(Theme, u8)>,
    pub decrypted: Decrypted,
}

/// How the events that one row stands for lie in time. The first is at the row's own moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The last, in milliseconds since 1970.
    pub last_ms: i64,
    /// How many of them came after a pause of more than [`ATTEMPT_MS`], the first counted: what a person does again, where the
    /// others are a machine's own repeats.
    pub attempts: u32,
}

/// Questions closer than this are one attempt: A, AAAA and HTTPS questions and a browser's own retries come within seconds, a
/// person needs longer to read a block page and try again.
pub const ATTEMPT_MS: i64 = 10_000;

impl Event<'_> {
    /// Whether it is the sum of a client's questions of one second, of whom no names are kept: it asked without end.
    pub fn is_sum(&self) -> bool {
        self.door == Door::Dns && self.host.is_empty() && self.who.is_some() && self.step != Step::Locked
    }

    /// Whether a path was seen, sealed or not.
    pub fn has_path(&self) -> bool {
        !self.path.is_empty() || self.detail().is_some_and(|sealed| sealed.has_path)
    }

    /// Whether a search was seen, sealed or not.
    pub fn has_search(&self) -> bool {
        !self.search.is_empty() || self.detail().is_some_and(|sealed| sealed.has_search)
    }

    /// What can be seen of what is sealed.
    pub(super) fn detail(&self) -> Option<Sealed> {
        self.sealed.as_deref().and_then(Sealed::parse)
    }
}

impl<'a> Event<'a> {
    /// The same with texts of its own.
    pub fn into_owned(self) -> Event<'static> {
        let own = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        Event {
            method: own(self.method),
            host: own(self.host),
            path: own(self.path),
            search: own(self.search),
            sealed: self.sealed.map(|bytes| Cow::Owned(bytes.into_owned())),
            when_ms: self.when_ms,
            boot_ms: self.boot_ms,
            door: self.door,
            who: self.who,
            port: self.port,
            query_type: self.query_type,
            action: self.action,
            step: self.step,
            category: self.category,
            categories: self.categories,
            list: self.list,
            labels: self.labels,
            rule: self.rule,
            group: self.group,
            cell: self.cell,
            profile: self.profile,
            pass: self.pass,
            intent: self.intent,
            count: self.count,
            span: self.span,
            status: self.status,
            bytes_up: self.bytes_up,
            bytes_down: self.bytes_down,
            duration_ms: self.duration_ms,
            policy_version: self.policy_version,
            theme: self.theme,
            decrypted: self.decrypted,
        }
    }

    /// A row that stands for several, attempt by attempt: as many as there were, at even distances between the first and the last.
    pub fn attempts(&self) -> impl Iterator<Item = Self> + use<'a, '_> {
        let one = (self.when_ms, 1);
        let (last_ms, attempts) = self.span.map_or(one, |s| (s.last_ms, s.attempts.clamp(1, self.count.max(1))));
        let others = attempts - 1;
        (0..attempts).map(move |nth| Event {
            when_ms: self.when_ms + i64::from(nth) * (last_ms - self.when_ms) / i64::from(others.max(1)),
            count: if nth == 0 { self.count - others } else { 1 },
            span: None,
            ..self.clone()
        })
    }

    /// An event of this verdict with everything else empty.
    pub fn of(verdict: &Verdict, door: Door, who: Option<Who>) -> Self {
        Self {
            who,
            category: verdict.category,
            labels: verdict.labels,
            rule: verdict.rule,
            group: verdict.group,
            cell: verdict.cell,
            pass: verdict.pass,
            ..Self::empty(door, verdict.action, verdict.step, verdict.profile)
        }
    }

    /// An event that came to this, with everything else empty.
    pub(super) fn empty(door: Door, action: Action, step: Step, profile: ProfileId) -> Self {
        Self {
            when_ms: 0,
            boot_ms: 0,
            door,
            who: None,
            method: Cow::Borrowed(""),
            host: Cow::Borrowed(""),
            port: 0,
            path: Cow::Borrowed(""),
            query_type: 0,
            action,
            step,
            category: None,
            categories: CategorySet::EMPTY,
            list: None,
            labels: 0,
            rule: None,
            group: None,
            cell: None,
            profile,
            pass: None,
            intent: Intent::Unknown,
            count: 1,
            span: None,
            status: 0,
            bytes_up: 0,
            bytes_down: 0,
            duration_ms: 0,
            policy_version: 0,
            sealed: None,
            search: Cow::Borrowed(""),
            theme: None,
            decrypted: Decrypted::NotAsked,
        }
    }
}
