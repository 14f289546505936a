//! Everything that is kept about one person, for them or who may ask for them: subject access.
//!
//! What others are in it for stays out: who did something to them is told by office, not by name, and in texts that somebody wrote
//! (reasons, purposes, searches) every name and id of another person of the register is blotted out. What nobody can find by machine
//! (a nickname, a first name alone) stays: whoever hands it out reads it first.

use super::{exams, passes, requests};
use crate::casebook::{By, Casebook, CasebookFault, Concerns, Marks, incidents, may, watch};
use crate::config::Config;
use crate::gate::control::For;
use crate::gate::snapshot::local_time;
use crate::gate::staffroom::in_staffroom;
use crate::journal::export::Line;
use crate::ops::look_ups;
use crate::people::{Grouping, HistoryLine, Person, Record, Register, Store, StoreFault};
use aho_corasick::{AhoCorasick, MatchKind};
use serde::Serialize;

/// What stands for somebody else.
const SOMEBODY: &str = "(somebody else)";

/// What stands for whoever of the school did something.
const STAFF: &str = "(a member of staff)";

/// Shorter names are words of their own in too many texts; so are shorter ids without a digit.
const SHORTEST: usize = 3;

/// What is kept about one person, but for the events of the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct About {
    pub register: Record,
    pub has_password: bool,
    pub devices: Vec<Device>,
    /// What was done to their entry in the register.
    pub history: Vec<Deed>,
    /// Passes that are open to them, by name or by a group, or that they opened; exams that hold them.
    pub passes: Vec<Deed>,
    pub exams: Vec<Deed>,
    /// What they asked for on the pages, with their name.
    pub requests: Vec<Deed>,
    /// Who looked at them: those of whom that is kept.
    pub look_ups: Vec<Deed>,
    /// Incidents, what was said of matters, closer watching: only where the DSL or a deputy hands it out.
    pub safeguarding: Option<Vec<Deed>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Device {
    pub name: String,
    pub address: Option<String>,
    pub mac: Option<String>,
    pub network: Option<String>,
    pub in_use: bool,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deed {
    /// In the school's own time.
    pub when: String,
    pub what: String,
    pub by: &'static str,
}

/// Blots out the others.
pub struct Blotter {
    others: AhoCorasick,
}

impl Blotter {
    /// # Errors
    /// There are too many names for one search.
    pub fn of(register: &Register, person: &Person) -> Result<Self, String> {
        let others = register.persons().filter(|other| other.id != person.id);
        let texts = others.flat_map(|other| [other.key.clone(), other.name.clone()]);
        let theirs = [&person.key, &person.name];
        let tells =
            |text: &String| text.chars().count() >= SHORTEST || text.len() > 1 && text.bytes().any(|b| b.is_ascii_digit());
        let texts = texts.filter(|text| tells(text) && !theirs.iter().any(|own| own.eq_ignore_ascii_case(text)));
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest);
        Ok(Self { others: builder.build(texts).map_err(|fault| fault.to_string())? })
    }

    /// The text without the names and ids of others, each a word of its own.
    pub fn blot(&self, text: &str) -> String {
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let (mut out, mut done) = (String::with_capacity(text.len()), 0);
        for found in self.others.find_iter(text) {
            let (before, after) = (&text[..found.start()], &text[found.end()..]);
            if !is_word(before.chars().next_back()) && !is_word(after.chars().next()) {
                out.push_str(&text[done..found.start()]);
                out.push_str(SOMEBODY);
                done = found.end();
            }
        }
        out + &text[done..]
    }

    /// A line of the log without the others.
    #[must_use]
    pub fn line(&self, mut line: Line) -> Line {
        for text in [&mut line.rule, &mut line.path, &mut line.search, &mut line.device].into_iter().flatten() {
            *text = self.blot(text);
        }
        line
    }
}

/// Gathers it. Whoever calls this has recorded the look.
///
/// # Errors
/// Something that is kept cannot be read: what would be left out without a word is not handed out.
pub fn about(config: &Config, store: &Store, register: &Register, person: &Person) -> Result<About, String> {
    let blotter = Blotter::of(register, person)?;
    let grouping = Grouping::of_config(config);
    let mut record = Record::one(register, grouping, &config.people, person);
    record.granted_by = STAFF.to_owned();
    record.withdrawn_by = record.withdrawn_by.map(|_| STAFF.to_owned());
    let deed = |at_ms: i64, what: &str| Deed { when: local_time(config, at_ms), what: blotter.blot(what), by: STAFF };
    let own = |at_ms: i64, what: &str| Deed { by: "themselves", ..deed(at_ms, what) };
    let text = |fault: StoreFault| fault.to_string();
    let history = store.history(person.id).map_err(text)?;
    let concerns = |whom: &For| match whom {
        For::Group(group) => record.groups.contains(group),
        For::People(keys) => keys.contains(&person.key),
        For::Network(_) | For::Room(_) => false,
    };
    let for_them = |whom: &For| match whom {
        For::People(keys) if keys.len() > 1 => format!("them and {} others", keys.len() - 1),
        For::People(_) => "them".to_owned(),
        whom => whom.to_string(),
    };
    // Those that are over, too, as long as they are kept.
    let ever = i64::MIN;
    let passes = passes::list(config, ever)?.into_iter().filter_map(|pass| {
        let is_own = pass.by == person.key || pass.by == in_staffroom(person);
        let until = local_time(config, pass.until_ms);
        let whom = if is_own { pass.whom.to_string() } else { for_them(&pass.whom) };
        let what = format!("pass {}: {} for {whom} until {until}: {}", pass.id, pass.what, pass.reason);
        (is_own || concerns(&pass.whom)).then(|| if is_own { own(pass.from_ms, &what) } else { deed(pass.from_ms, &what) })
    });
    let exams = exams::list(config, ever)?.into_iter().filter(|exam| concerns(&exam.whom));
    let exams = exams.map(|exam| {
        let what = format!("{} until {}: {}", for_them(&exam.whom), local_time(config, exam.until_ms), exam.reason);
        deed(exam.from_ms, &what)
    });
    let asked = requests::read(&config.data)?.requests.into_iter().filter(|request| request.person == Some(person.id.0));
    let asked = asked.map(|request| {
        let answer = request.answer.map_or_else(String::new, |a| format!("; answer: {}, {}", a.decision, a.reason));
        own(request.made_ms, &format!("{} {}: {}{answer}", request.kind, request.host, request.why))
    });
    let looked = look_ups::between(&config.data, i64::MIN, i64::MAX).map_err(|fault| format!("the look-ups: {fault}"))?;
    let looked = looked.into_iter().filter(|look_up| look_up.whom.as_deref() == Some(&person.key));
    Ok(About {
        has_password: store.password(person.id).map_err(text)?.is_some(),
        devices: devices(register, person),
        history: history.iter().map(|HistoryLine { at_ms, what, .. }| deed(*at_ms, what)).collect(),
        passes: passes.collect(),
        exams: exams.collect(),
        requests: asked.collect(),
        look_ups: looked.map(|l| deed(l.when_ms, &format!("{}: {}", l.what, l.purpose))).collect(),
        safeguarding: None,
        register: record,
    })
}

/// What the DSL keeps about a person, as far as this one may see it.
///
/// # Errors
/// The casebook cannot be read.
pub fn safeguarding(config: &Config, by: By, person: &Person, blotter: &Blotter) -> Result<Vec<Deed>, String> {
    if !may(by, Concerns::Pupil, [person.key.as_str()]) {
        return Err("this is not yours to hand out".into());
    }
    let fault = |fault: CasebookFault| fault.to_string();
    let Some(casebook) = Casebook::peek(&config.data).map_err(fault)? else { return Ok(Vec::new()) };
    let reading = casebook.read();
    let deed = |at_ms: i64, what: String| (at_ms, Deed { when: local_time(config, at_ms), what: blotter.blot(&what), by: STAFF });
    let mut deeds = Vec::new();
    for incident in incidents::list(&reading, by).map_err(fault)? {
        if incident.fields.people.contains(&person.key) {
            for step in &incident.history {
                let said = step.fields.named().into_iter().filter_map(|(name, text)| Some(format!("{name}: {}", text?)));
                let said = said.collect::<Vec<_>>().join("; ");
                deeds.push(deed(step.when_ms, format!("incident {}, {}: {said}", incident.number, step.what)));
            }
        }
    }
    let subject = format!("person-{}", person.id.0);
    for mark in Marks::read(&reading).map_err(fault)?.all().iter().filter(|mark| mark.matter.subject == subject) {
        let because = if mark.because.is_empty() { String::new() } else { format!(": {}", mark.because) };
        deeds.push(deed(mark.when_ms, format!("matter of {}, {}: {}{because}", mark.matter.week, mark.matter.theme, mark.said)));
    }
    for watched in watch::at(&reading, i64::MIN, i64::MAX).map_err(fault)?.into_iter().filter(|w| w.person == person.key) {
        let until = local_time(config, watched.until_ms);
        deeds.push(deed(watched.from_ms, format!("watched more closely until {until}: {}", watched.reason)));
    }
    deeds.sort_by_key(|(at_ms, _)| *at_ms);
    Ok(deeds.into_iter().map(|(_, deed)| deed).collect())
}

fn devices(register: &Register, person: &Person) -> Vec<Device> {
    let theirs = register.devices().filter(|device| device.person == Some(person.id));
    let text = |value: Option<&dyn ToString>| value.map(ToString::to_string);
    let device = |d: &crate::people::Device| Device {
        name: d.name.clone(),
        address: text(d.address.as_ref().map(|a| a as &dyn ToString)),
        mac: text(d.mac.as_ref().map(|m| m as &dyn ToString)),
        network: text(d.network.as_ref().map(|n| n as &dyn ToString)),
        in_use: d.retired.is_none(),
    };
    theirs.map(device).collect()
}

#[cfg(test)]
mod tests;
