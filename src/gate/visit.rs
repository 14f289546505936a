//! One request: who it is from, what the lists say, the verdict, and the line in the journal.

use super::continued::Whose;
use super::{Gate, Snapshot, inside};
use crate::journal::{Decrypted, Door, Event, Intent};
use crate::lists::Found;
use crate::lists::phrases::Theme;
use crate::people::Signed;
use crate::people::roster::Now;
use crate::policy::{
    Action, Ask, Lock, Mode, Opened, Rewrite, Safe, Step, Surface, Verdict, What, Youtube, decide, decide_answer, rewrite,
    strictest,
};
use crate::words::{Category, CategorySet, Download, Host, Moment, Who};
use std::borrow::Cow;
use std::sync::Arc;

/// One request, held to one snapshot and one moment.
#[derive(Clone)]
pub struct Visit {
    pub snapshot: Arc<Snapshot>,
    pub who: Who,
    /// Who showed by the request itself that it is theirs: `who` is by that, and not by the address.
    pub signed: Option<Signed>,
    pub moment: Moment,
    /// Milliseconds since the machine started: dates it if nobody has set the time.
    pub boot_ms: u64,
    pub noted: Noted,
}

/// How a visit is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    Row,
    /// It is one of many that this client sends without end: counted in a sum.
    Sum,
    /// The gate asks itself: it is nobody's visit.
    SelfTest,
}

/// A verdict with what was found.
#[derive(Debug, Clone, Copy)]
pub struct Judged {
    pub verdict: Verdict,
    pub found: Found,
}

/// What a door heard, for the journal. Borrowed: it is written before the answer leaves.
#[derive(Debug, Clone)]
pub struct Heard<'a> {
    pub door: Door,
    /// HTTP method; empty for DNS.
    pub method: &'a str,
    /// The host, or the DNS name as printed.
    pub host: Cow<'a, str>,
    pub port: u16,
    /// Path and query, where seen.
    pub path: &'a str,
    /// DNS type number.
    pub query_type: u16,
    pub intent: Intent,
    /// HTTP status sent to the client, or the DNS response code.
    pub status: u16,
    pub bytes_up: u64,
    pub bytes_down: u64,
    pub duration_ms: u32,
    pub within: Within<'a>,
}

/// What a door saw within TLS, or of a search in plain HTTP. The default is a door that had nothing to look into.
#[derive(Debug, Clone, Copy, Default)]
pub struct Within<'a> {
    /// `None`: nobody asked for it to be decrypted.
    pub decrypted: Option<Decrypted>,
    /// As typed; empty: no search.
    pub search: &'a str,
    pub theme: Option<(Theme, u8)>,
}

impl Judged {
    /// Whether nobody may learn from the journal what was wanted, or who wanted it.
    pub fn is_bare(&self) -> bool {
        let help = self.verdict.step == Step::Help || self.found.categories().contains(Category::HELP);
        help || self.verdict.step == Step::Locked
    }

    /// What was found, with the verdict of a host that is answered as another.
    #[must_use]
    pub fn rewritten(&self) -> Self {
        Self { verdict: self.verdict.rewritten(), found: self.found }
    }
}

impl Visit {
    /// The same visit, now that it is known whose it is.
    #[must_use]
    pub fn of(mut self, signed: Signed) -> Self {
        if let Some(who) = self.snapshot.who_signed(self.who.client, Some(signed)) {
            (self.who, self.signed) = (who, Some(signed));
        }
        self
    }

    /// Judges a host for whoever this visit is from.
    pub fn judge(&self, host: &Host, surface: Surface) -> Judged {
        self.judge_page(host, "", surface)
    }

    /// Judges a host and the path on it that a door sees; `""` where it sees none.
    pub fn judge_page(&self, host: &Host, path: &str, surface: Surface) -> Judged {
        let found = self.snapshot.find(host, path);
        Judged { verdict: self.judge_path(host, path, &found, surface), found }
    }

    /// Judges a host of which is known already what the lists say.
    pub fn judge_found(&self, host: &Host, found: &Found, surface: Surface) -> Verdict {
        self.judge_path(host, "", found, surface)
    }

    fn judge_path(&self, host: &Host, path: &str, found: &Found, surface: Surface) -> Verdict {
        let verdict = decide(&self.ask(host, path, found, surface), &self.snapshot.config.policy);
        if verdict.is_warning() && self.went_on(host) { verdict.gone_on() } else { verdict }
    }

    /// Whether they were warned of this host and said to go on.
    fn went_on(&self, host: &Host) -> bool {
        self.snapshot.continued.until(Whose::of(&self.who), host, self.boot_ms).is_some()
    }

    /// What a name that is no host is judged as: a single label that no list and no school entry can name.
    pub fn nobody() -> Host {
        Host::from(std::net::IpAddr::from([0, 0, 0, 0]))
    }

    /// Judges a name that no list can hold, because it is no host: by the default of the profile.
    pub fn judge_unlisted(&self, surface: Surface) -> Judged {
        let nobody = &Self::nobody();
        Judged {
            verdict: decide(&self.ask(nobody, "", &Found::NOTHING, surface), &self.snapshot.config.policy),
            found: Found::NOTHING,
        }
    }

    /// Judges what is hidden from a door that must see it, such as a name that is not the one asked for.
    pub fn judge_hidden(&self, host: &Host) -> Judged {
        let judged = self.judge(host, Surface::NoPage);
        // What is blocked for what it is stays so, the sealed lists first.
        if judged.verdict.blocks() {
            return judged;
        }
        let of_profile = self.judge_unlisted(Surface::NoPage).verdict;
        Judged { verdict: of_profile.as_bypass(self.mode() != Mode::Enforce), found: judged.found }
    }

    /// Judges a name or address behind an answer to an allowed question. `None`: it adds nothing. Who was warned of the question
    /// itself and went on is not warned of what it is made of.
    pub fn judge_behind(&self, question: &Judged, behind: &Host, surface: Surface) -> Option<Judged> {
        self.judge_behind_found(question, behind, self.snapshot.find(behind, ""), surface)
    }

    /// [`Visit::judge_behind`] of which is known already what the lists say.
    pub fn judge_behind_found(&self, question: &Judged, behind: &Host, found: Found, surface: Surface) -> Option<Judged> {
        if found.categories().is_empty() {
            return None;
        }
        let verdict = decide_answer(&question.verdict, &self.ask(behind, "", &found, surface), &self.snapshot.config.policy)?;
        let warned = question.verdict.action == Action::Warn && verdict.is_warning();
        (!warned).then_some(Judged { verdict, found })
    }

    /// Judges a page by what its words speak of. `None`: that adds nothing.
    /// Its line has the `weight` of the words, which no list names.
    pub fn judge_words(&self, question: &Judged, host: &Host, categories: CategorySet, weight: u32) -> Option<Judged> {
        let found = Found::of(categories);
        let verdict =
            decide_answer(&question.verdict, &self.ask(host, "", &found, Surface::NoPage), &self.snapshot.config.policy)?;
        let rule = if verdict.step == Step::Category { Some(weight) } else { verdict.rule };
        Some(Judged { verdict: Verdict { rule, ..verdict }, found })
    }

    /// Judges a file that is downloaded from a host, by what it is. `None`: that adds nothing. What was let through before the
    /// profile spoke (platforms, education, the school's own entries, a pass) stays so.
    pub fn judge_download(&self, question: &Judged, kind: Download) -> Option<Judged> {
        let policy = &self.snapshot.config.policy;
        let open = matches!(question.verdict.step, Step::Category | Step::Default) && !question.verdict.blocks();
        let whose = policy.refuses_download(&self.who.groups, kind).filter(|_| open)?;
        Some(Judged { verdict: Verdict::of_download(kind, whose, self.mode() != Mode::Enforce), found: question.found })
    }

    /// Whether somebody else at this network, or the same person at another time, may be told otherwise of a host.
    pub fn is_personal(&self, host: &Host, found: &Found) -> bool {
        self.snapshot.is_personal(self.who.network, host, found)
    }

    /// What a host is answered as, by safe search. `None`: as itself; so is what is blocked, and what a network only watches, or lets be.
    pub fn rewrite(&self, host: &Host, judged: &Judged) -> Option<Rewrite> {
        let rewrite = rewrite(host, &self.who.groups, &self.snapshot.config.policy)?;
        // Where nobody looks into it, the name is all of the service: the other videos keep their restricted mode.
        if self.is_of_video(&judged.verdict) && inside::chosen(self, judged, host) == Decrypted::Yes {
            return None;
        }
        (!judged.verdict.blocks() && self.mode() == Mode::Enforce).then_some(rewrite)
    }

    /// What safe modes are asked for of what was judged so; none where the network only watches.
    pub fn safe(&self, verdict: &Verdict) -> Safe {
        if self.mode() != Mode::Enforce {
            return Safe { search: false, youtube: Youtube::Off };
        }
        let safe = strictest(&self.who.groups, &self.snapshot.config.policy);
        if self.is_of_video(verdict) { Safe { youtube: Youtube::Off, ..safe } } else { safe }
    }

    /// Whether a pass for a video decided: a service's restricted mode would hide what a teacher has chosen.
    fn is_of_video(&self, verdict: &Verdict) -> bool {
        let Some(id) = verdict.pass else { return false };
        let mut passes = self.snapshot.config.policy.passes.iter();
        passes.any(|opened| opened.pass.id == id && matches!(opened.pass.what, What::Video(_)))
    }

    /// What they are held to, if that is less than their profile.
    pub fn lock(&self) -> Option<Lock<'_>> {
        self.snapshot.lock(&self.who, &self.moment)
    }

    /// What the network does with its verdicts.
    pub fn mode(&self) -> Mode {
        self.snapshot.config.policy.network(self.who.network).map_or(Mode::Enforce, |n| n.mode)
    }

    /// Whether answers to this client keep what hides the names it goes to.
    pub fn keeps_ech(&self) -> bool {
        self.snapshot.config.policy.network(self.who.network).is_some_and(|n| n.keep_ech)
    }

    fn ask<'a>(&'a self, host: &'a Host, path: &str, found: &'a Found, surface: Surface) -> Ask<'a> {
        let mode = self.mode();
        let pass = self.pass(host, path, found.categories()).map(|opened| &opened.pass);
        let lock = self.snapshot.lock(&self.who, &self.moment);
        Ask { host, found, groups: self.who.groups, moment: self.moment, surface, mode, lock, pass }
    }

    /// The pass that opens this page, or a host. What only a path tells from the rest of its host is open where a path is seen, now
    /// or later.
    fn pass(&self, host: &Host, path: &str, categories: CategorySet) -> Option<&Opened> {
        let passes = &self.snapshot.config.policy.passes;
        let later = || inside::chosen_for(self, categories, Step::Pass, host) == Decrypted::Yes;
        let mut speaking = passes.speaking((host, path), categories, &self.who, self.moment.unix_ms);
        speaking.find(|opened| !opened.pass.what.is_part() || !path.is_empty() || later())
    }

    /// A pass that would open this page if anybody saw which it is; and why nobody does.
    pub fn unseen_pass(&self, host: &Host, page: &str, categories: CategorySet) -> Option<(&Opened, Decrypted)> {
        let passes = &self.snapshot.config.policy.passes;
        let mut speaking = passes.speaking((host, page), categories, &self.who, self.moment.unix_ms);
        let of_part = speaking.find(|opened| opened.pass.what.is_part())?;
        let why = inside::chosen_for(self, categories, Step::Pass, host);
        (why != Decrypted::Yes).then_some((of_part, why))
    }

    /// The event of a verdict, with nobody in it who must not be.
    ///
    /// A visit to help is counted, never stored with person, device, address or host. The locked tier keeps the person, and of
    /// the address nothing: not what else it is, nor its length.
    pub fn event<'a>(&self, verdict: &Verdict, found: CategorySet, heard: Heard<'a>) -> Event<'a> {
        let help = verdict.step == Step::Help || found.contains(Category::HELP);
        let locked = verdict.step == Step::Locked;
        let bare = help || locked;
        Event {
            when_ms: self.moment.unix_ms,
            boot_ms: self.boot_ms,
            method: if bare { "" } else { heard.method }.into(),
            host: if bare { "".into() } else { heard.host },
            port: if bare { 0 } else { heard.port },
            path: if bare { "" } else { heard.path }.into(),
            query_type: if locked { 0 } else { heard.query_type },
            categories: if locked { found.and(CategorySet::LOCKED) } else { found },
            list: verdict.kind.zip(verdict.category).and_then(|(kind, category)| self.snapshot.table.list_of(kind, category)),
            labels: if bare { 0 } else { verdict.labels },
            group: if help { None } else { verdict.group },
            intent: heard.intent,
            search: if bare { "" } else { heard.within.search }.into(),
            theme: heard.within.theme.filter(|_| !bare),
            decrypted: heard.within.decrypted.unwrap_or(Decrypted::NotAsked),
            status: heard.status,
            bytes_up: if bare { 0 } else { heard.bytes_up },
            bytes_down: if bare { 0 } else { heard.bytes_down },
            duration_ms: if bare { 0 } else { heard.duration_ms },
            policy_version: self.snapshot.version,
            ..Event::of(verdict, heard.door, (!help).then_some(self.who))
        }
    }
}

impl Gate {
    /// Writes down what happened. Returns once the event would survive the end of this process.
    pub fn note(&self, visit: &Visit, judged: &Judged, heard: Heard) {
        self.note_of(visit, &judged.verdict, judged.found.categories(), heard);
    }

    /// [`Gate::note`] of a verdict and of what its host is.
    #[inline]
    pub fn note_of(&self, visit: &Visit, verdict: &Verdict, found: CategorySet, heard: Heard) {
        let door = if visit.noted == Noted::SelfTest { Door::SelfTest } else { heard.door };
        self.counters.decisions.add(door, verdict.action, 1);
        if door == Door::Dns {
            let now = Now { unix_ms: visit.moment.unix_ms, boot_ms: visit.boot_ms };
            self.crowds.see(visit.who.client, &heard.host, visit.snapshot.register.roster(), now);
        }
        let event = visit.event(verdict, found, heard);
        match visit.noted {
            Noted::Row => {
                self.journal.note(&event);
                self.alerts.see(&event);
            }
            Noted::Sum => self.floods.add(&event, &self.journal),
            Noted::SelfTest => self.journal.note(&Event { door: Door::SelfTest, who: None, group: None, ..event }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::school::School;
    use crate::words::ClientAddr;

    fn heard(host: &str) -> Heard<'_> {
        Heard {
            door: Door::Proxy,
            method: "GET",
            host: host.into(),
            port: 8080,
            path: "/locked/page",
            query_type: 28,
            intent: Intent::Navigation,
            status: 403,
            bytes_up: 71,
            bytes_down: 99,
            duration_ms: 3,
            within: Within { decrypted: Some(Decrypted::Yes), search: "a secret", theme: Some((Theme::Adult, 50)) },
        }
    }

    #[test]
    fn of_the_locked_tier_only_tier_number_and_person_are_written_down() {
        let school = School::with("");
        let visit = school.gate.visit(ClientAddr::new([127, 0, 0, 1].into())).expect("ours");
        let host = |name: &str| Host::parse(name).expect("a host");
        let question = visit.judge(&host("allowed.example"), Surface::NoPage);
        for (judged, what) in [
            (Some(visit.judge(&host("www.locked.example"), Surface::NoPage)), "a name"),
            (Some(visit.judge_page(&host("shared.example"), "/locked/page?x", Surface::NoPage)), "a page"),
            (visit.judge_behind(&question, &host("a.locked.example"), Surface::NoPage), "a name behind an answer"),
        ] {
            let judged = judged.expect(what);
            assert!(judged.verdict.blocks() && judged.verdict.step == Step::Locked, "{what}");
            let event = visit.event(&judged.verdict, judged.found.categories(), heard("www.locked.example"));
            assert_eq!((event.host.as_ref(), event.path.as_ref(), event.method.as_ref()), ("", "", ""), "{what}");
            assert_eq!((event.port, event.query_type, event.labels, event.list), (0, 0, 0, None), "{what}");
            assert_eq!((event.search.as_ref(), event.theme), ("", None), "{what}");
            assert_eq!((event.bytes_up, event.bytes_down), (0, 0), "{what}: a length says which name it may be");
            assert!(matches!(event.rule, Some(1..=2)) && event.who.is_some(), "{what}");
            assert_eq!(event.categories, CategorySet::of(&[Category::ILLEGAL_CSAM]), "{what}");
        }
        // A page is not its host: the host is open, and its other pages.
        for judged in [
            visit.judge(&host("shared.example"), Surface::NoPage),
            visit.judge_page(&host("shared.example"), "/other", Surface::NoPage),
        ] {
            assert!(!judged.verdict.blocks());
        }
    }
}
