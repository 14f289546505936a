//! A matter in words that accuse nobody: an account, a device, an address; never 'Jamie did'.

use super::calendar::Calendar;
use super::matters::Case;
use super::noise;
use super::plain::{capital, count, list, times};
use super::subject::Subject;
use super::week::{EpisodeLine, Matter};
use crate::casebook::{Concerns, Gravity, MatterId, MatterRef};
use crate::journal::{Intent, IsoWeek};
use crate::words::{Category, CategorySet, Confidence, DeviceId, Known};

/// Most episodes one matter lists.
const MAX_EPISODES: usize = 12;
/// Most names one matter lists.
const MAX_NAMES: usize = 12;

/// What to do next about an adult, whatever the theme.
const ABOUT_ADULT: &str = "It may be for a lesson or for safeguarding: ask before you judge. Where a child may be at risk, call \
                           the local authority's designated officer (LADO) first; else the code of conduct applies.";

/// What a matter calls things by, looked up by whoever closes the week.
pub struct Called {
    pub week: IsoWeek,
    /// Whom it concerns: what concerns adults is for the head, what concerns the head for the chair.
    pub concerns: Concerns,
    /// The person, or whose the device is, by their id in the register.
    pub owner: Option<String>,
    /// Only if the subject is a person we are sure enough of.
    pub person: Option<Account>,
    pub devices: Vec<String>,
    pub networks: Vec<String>,
    /// The address, where no device is known either.
    pub address: Option<String>,
}

/// What ids are called.
pub struct Titles<'a> {
    pub category: &'a dyn Fn(Category) -> String,
    pub device: &'a dyn Fn(DeviceId) -> String,
}

pub struct Account {
    pub key: String,
    pub name: String,
    pub year: Option<String>,
}

impl Case<'_> {
    /// The matter in words.
    pub fn matter(&self, called: Called, calendar: &mut Calendar, titles: &Titles) -> Matter {
        let reference = self.reference(&called);
        let rows = self.rows();
        let chosen: Vec<String> = rows.iter().filter_map(|row| row.words(self.theme)).collect();
        let (lines, around) = self.episode_lines(titles, calendar);
        let mut names = self.names.clone();
        names.truncate(MAX_NAMES);
        let first = calendar.day_and_time(self.first_ms());
        let last = calendar.day_and_time(self.episodes.iter().map(|e| e.last_ms).max().unwrap_or_default());
        Matter {
            id: reference.id.to_string(),
            reference,
            mark: None,
            settled: false,
            named: called.person.is_some(),
            line: self.line(&called, calendar),
            // The theme and the two rows that say most: they come in this order.
            why: format!("{}.", capital(&chosen.get(..3).unwrap_or(&chosen).join("; "))),
            next: self.next(&called, calendar),
            how_sure: self.how_sure().into(),
            tier: self.theme.tier.word(),
            theme: self.theme.id,
            title: self.theme.title,
            first,
            last,
            in_lesson: self.lesson,
            outside: self.attempts - self.lesson.min(self.attempts),
            repeats: self.attempts.saturating_sub(1),
            let_through: self.let_through,
            names,
            episodes: lines,
            episodes_left_out: self.episodes.len().saturating_sub(MAX_EPISODES) as u64,
            around: around.without(self.theme.categories).iter().map(titles.category).collect(),
            chosen,
            rows: self.rows_of_log.clone(),
            rows_left_out: self.rows_left_out,
            searches: self.searches,
            under_pass: self.under_pass,
            cautions: self.cautions(),
            gathered: false,
            account: called.person.as_ref().map(|p| p.key.clone()),
            name: called.person.as_ref().map(|p| p.name.clone()),
            year: called.person.and_then(|p| p.year),
            devices: called.devices,
            networks: called.networks,
        }
    }

    /// What it is called from one report to the next, and how grave it is.
    pub fn id(&self, week: IsoWeek) -> MatterId {
        MatterId { week, subject: self.subject.word(), theme: self.theme.id.to_owned() }
    }

    pub fn gravity(&self) -> Gravity {
        Gravity { tier: self.theme.tier, searched: self.searches > 0 }
    }

    fn reference(&self, called: &Called) -> MatterRef {
        let of = match (&called.person, &called.address) {
            (Some(person), _) => person.key.clone(),
            (None, Some(address)) => address.clone(),
            (None, None) if called.devices.is_empty() => list(&called.networks),
            (None, None) => short(&called.devices),
        };
        let (concerns, person) = (called.concerns, called.owner.clone());
        MatterRef {
            id: self.id(called.week),
            concerns,
            person,
            gravity: self.gravity(),
            title: format!("{}, {of}", self.theme.title),
        }
    }

    fn line(&self, called: &Called, calendar: &mut Calendar) -> String {
        format!("{} {} {} {}. {}", self.who(called), self.did(), self.what(), self.when(calendar), self.outcome(called))
    }

    /// An account, a device, an address: never 'Jamie did'.
    fn who(&self, called: &Called) -> String {
        let network = list(&called.networks);
        match (&called.person, &called.address) {
            (Some(person), _) => {
                let year = person.year.as_ref().map(|y| format!(" ({y})")).unwrap_or_default();
                let on = if called.devices.is_empty() { String::new() } else { format!(", on {},", short(&called.devices)) };
                format!("The account {}{year}{on}", person.key)
            }
            (None, Some(address)) => {
                format!("Someone at the address {address} (network {network}), which the register does not know,")
            }
            (None, None) if called.devices.is_empty() => format!("Someone on the network {network}"),
            (None, None) => format!("Someone on {} (network {network})", short(&called.devices)),
        }
    }

    fn is_illegal(&self) -> bool {
        self.theme.id == "illegal"
    }

    fn did(&self) -> &'static str {
        match self.intent {
            _ if self.is_illegal() => "asked for",
            Intent::Search => "searched for",
            Intent::Navigation => "tried to open",
            Intent::Link => "followed a link to",
            Intent::Unknown => "asked for",
            Intent::SubResource | Intent::Background | Intent::Autocomplete => "loaded parts of",
        }
    }

    fn what(&self) -> String {
        let names = self.names.len() as u64;
        if self.is_illegal() {
            let what = if names == 1 { "an address".into() } else { count(names, "address", "addresses") };
            return format!("{what} on the illegal lists (hidden)");
        }
        let hosts = if self.pages == 1 { "a host".into() } else { count(self.pages, "host", "hosts") };
        match self.searches {
            0 => format!("{hosts} listed under {}", self.theme.about),
            n if n == self.attempts => format!("words about {}", self.theme.about),
            _ => format!("words about {} and asked for {hosts} listed under it,", self.theme.about),
        }
    }

    fn when(&self, calendar: &mut Calendar) -> String {
        let lesson = match self.lesson {
            0 => "outside lessons",
            n if n == self.attempts => "in lesson time",
            n if n * 2 >= self.attempts => "mostly in lesson time",
            _ => "mostly outside lessons",
        };
        let first = calendar.day_and_time(self.first_ms());
        match (self.attempts, self.days.len()) {
            (1, _) => format!("once, on {first}, {lesson}"),
            (n, 1) => {
                let last = calendar.time(self.episodes.last().map_or(0, |e| e.last_ms));
                let to = if first.ends_with(&last) { String::new() } else { format!(" to {last}") };
                format!("{}, on {first}{to}, {lesson}", times(n))
            }
            (n, days) => format!("{} on {days} days (first {first}), {lesson}", times(n)),
        }
    }

    fn outcome(&self, called: &Called) -> String {
        if self.searches == self.attempts {
            return "A search is looked at, not blocked for its words.".into();
        }
        match self.let_through {
            0 if self.searches > 0 => {
                "What was asked for by name was blocked; a search is looked at, not blocked for its words.".into()
            }
            0 if self.attempts == 1 => "It was blocked.".into(),
            0 => "All of it was blocked.".into(),
            n if n >= self.hits => format!("It was NOT blocked: {} only watches.", list(&called.networks)),
            _ => "A part of it was NOT blocked: one of the networks only watches.".into(),
        }
    }

    fn next(&self, called: &Called, calendar: &mut Calendar) -> String {
        if called.concerns != Concerns::Pupil {
            return ABOUT_ADULT.into();
        }
        if called.person.is_some() {
            return self.theme.next.into();
        }
        let when = calendar.day_and_time(self.first_ms());
        let lesson = self.episodes.first().is_some_and(|e| e.lesson > 0);
        let whom = if lesson { "the teacher of that lesson" } else { "whoever hands it out" };
        let ask = match &called.address {
            Some(address) => format!("ask the network manager which device had {address}, and {whom} who held it."),
            None if called.devices.is_empty() => {
                format!("ask the network manager which devices were on {} on {when}.", list(&called.networks))
            }
            None => format!("ask {whom} who had {} on {when}.", called.devices.first().cloned().unwrap_or_default()),
        };
        format!("Nobody is known, so nobody is named: {ask} Then {}", lower(self.theme.next))
    }

    fn how_sure(&self) -> &'static str {
        match (self.subject, self.ledger.sure, self.ledger.known) {
            (Subject::Person(_), Confidence::High, Known::Radius | Known::Kerberos) => {
                "Sure: this account had signed in, on this device."
            }
            (Subject::Person(_), _, known) if known.is_sign_in() => {
                "Fairly sure: this account was signed in on this device. Someone else may have used it."
            }
            (Subject::Person(_), Confidence::High, _) => "Sure: the register binds this device to this account.",
            (Subject::Person(_), _, Known::Mac) => {
                "Fairly sure: the register gives this device, by its MAC, to the account. Someone else may have held it."
            }
            (Subject::Person(_), ..) => {
                "Fairly sure: the register gives this device, by its address, to the account. Someone else may have held it."
            }
            (Subject::Device(_), ..) => "Only the device is known, not who held it.",
            (Subject::Address(_), ..) => "Only the address and its network are known.",
            (Subject::Crowd(_), ..) => "Only the network is known.",
        }
    }

    fn cautions(&self) -> Vec<String> {
        let mut cautions = Vec::new();
        match self.guessed {
            Some(noise::Reason::Beat) => {
                cautions.push("It was repeated at even intervals: it may be an app, or a page left open.".to_owned());
            }
            Some(_) => {
                cautions.push("It came in the same moment as other names: it may be a part of another page.".to_owned());
            }
            None if self.searches > 0 => cautions.push(
                "Words are told by a list of terms: only whoever reads the search in the log knows what was meant.".to_owned(),
            ),
            None if self.intent == Intent::Unknown => cautions.push(
                "Only the name was seen, not the page, and not what was typed. A browser may ask again by itself.".to_owned(),
            ),
            None => {}
        }
        if self.under_pass {
            cautions.push("A pass for this was in use at the time: ask the teacher who opened it first.".to_owned());
        }
        if !matches!(self.subject, Subject::Person(_)) {
            cautions.push("It may have been more than one person.".to_owned());
        }
        cautions
    }

    fn episode_lines(&self, titles: &Titles, calendar: &mut Calendar) -> (Vec<EpisodeLine>, CategorySet) {
        let mut around = CategorySet::EMPTY;
        let mut lines = Vec::new();
        for (i, episode) in self.episodes.iter().enumerate() {
            let (before, after, categories) = episode.around(&self.ledger.slots, &self.others, calendar.start_ms);
            around = around.or(categories);
            if i >= MAX_EPISODES {
                continue;
            }
            let (first, last) = (calendar.day_and_time(episode.first_ms), calendar.time(episode.last_ms));
            let lesson = match episode.lesson {
                _ if episode.is_under_pass(&self.ledger.slots, self.theme.categories, calendar.start_ms) => "lesson with a pass",
                0 => "outside",
                n if n == episode.attempts => "in lesson",
                _ => "partly",
            };
            lines.push(EpisodeLine {
                when: if first.ends_with(&last) { first } else { format!("{first} to {last}") },
                lesson: lesson.into(),
                device: short(&episode.devices.iter().map(|d| (titles.device)(*d)).collect::<Vec<_>>()),
                attempts: episode.attempts,
                searches: episode.searches,
                names: episode.names.iter().take(MAX_NAMES).map(|(name, _)| (*name).to_owned()).collect(),
                before,
                after,
            });
        }
        (lines, around)
    }
}

/// At most three, for a sentence.
fn short(items: &[String]) -> String {
    match items {
        [a, b, c, rest @ ..] if !rest.is_empty() => format!("{a}, {b}, {c} and {} more", rest.len()),
        items => list(items),
    }
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}
