//! Requests from pages: kept in `DATA/requests.json`, and answered with an entry of the school's own or with a reason why not.

use super::entries::{self, Hand, Kept as Entries, changed, not_empty};
use super::recorded::recorded;
use crate::config::Config;
use crate::gate::Snapshot;
use crate::gate::control::{NewAnswer, NewEntry};
use crate::gate::requests::{Answer, Decision, Kept, Kind, PageRequest, Requests};
use crate::ops::{files, look_ups};
use crate::policy::OwnEntries;
use std::path::{Path, PathBuf};

fn file(data: &Path) -> PathBuf {
    data.join("requests.json")
}

/// The requests of earlier, and those to come kept beside them.
///
/// # Errors
/// The file cannot be read or understood.
pub fn open(data: &Path) -> Result<Requests, String> {
    let path = file(data);
    let kept = read(data)?;
    let keep = move |kept: &Kept| {
        let written =
            serde_json::to_vec(kept).map_err(std::io::Error::from).and_then(|text| files::replace_private(&path, &text));
        written.map_err(|fault| format!("{}: {fault}", path.display()))
    };
    Ok(Requests::open(kept, Box::new(keep)))
}

/// None, and none to come, where those of earlier cannot be read: a new file would be written over them.
pub fn closed(fault: String) -> Requests {
    Requests::open(Kept::default(), Box::new(move |_| Err(fault.clone())))
}

/// All of them as they are on the disk.
///
/// # Errors
/// As [`open`].
pub fn read(data: &Path) -> Result<Kept, String> {
    let path = file(data);
    let text = files::read_or_empty(&path).map_err(|fault| format!("{}: {fault}", path.display()))?;
    if text.is_empty() {
        return Ok(Kept::default());
    }
    serde_json::from_str(&text).map_err(|fault| format!("{}: {fault}; move it away to begin anew", path.display()))
}

/// Answers one request. What is allowed or blocked is made an entry of the school's own, in force with `enforce` as
/// [`entries::add`] has it.
///
/// # Errors
/// What is wrong with the answer and what would be right; nothing is changed then.
pub fn answer<T>(
    (requests, snapshot, kept): (&Requests, &Snapshot, &mut Entries),
    new: &NewAnswer,
    hand: Hand,
    enforce: impl FnOnce(OwnEntries) -> Result<T, String>,
    undo: impl FnOnce(T),
) -> Result<PageRequest, String> {
    let reason = not_empty(&new.reason)?.to_owned();
    let request = requests.waiting(new.id)?;
    let decision = decision(&new.decision)?;
    suits(&request, decision)?;
    let answered = |entry| {
        let answer = Answer { when_ms: hand.now_ms, by: hand.by.to_owned(), decision, reason: reason.clone(), entry };
        requests.answer(new.id, answer)
    };
    if decision == Decision::Refused {
        let what = format!("refuse request {}: {} {}", request.id, request.kind, request.host);
        let made = changed(hand, what, &reason).about(&request.host);
        return recorded(&snapshot.config, hand.now_ms, vec![made], || answered(None));
    }
    let wanted = NewEntry {
        host: request.host.clone(),
        allow: decision == Decision::Allowed,
        group: new.group.clone(),
        until: new.until.clone(),
        reason: format!("{reason} (request {})", request.id),
        firm: false,
        despite: None,
    };
    let id = entries::add(snapshot, kept, &wanted, hand, enforce, undo)?;
    answered(Some(id)).map_err(|fault| format!("entry {id} is made and in force, but the request still waits: {fault}"))
}

fn decision(word: &str) -> Result<Decision, String> {
    Decision::from_word(word).ok_or_else(|| format!("'{}' is no answer: allowed, blocked or refused", word.escape_debug()))
}

/// Whether an answer is one to what was asked.
fn suits(request: &PageRequest, decision: Decision) -> Result<(), String> {
    let PageRequest { id, host, kind, .. } = request;
    match (kind, decision) {
        (Kind::Block, Decision::Allowed) => {
            Err(format!("request {id} asks that {host} be blocked: `schoolgate requests block {id}`, or `requests refuse {id}`"))
        }
        (Kind::Open, Decision::Blocked) => {
            Err(format!("request {id} asks that {host} be open: `schoolgate requests allow {id}`, or `requests refuse {id}`"))
        }
        _ => Ok(()),
    }
}

/// The requests as somebody may see them: without who asked, unless they say what for; that is recorded first.
///
/// # Errors
/// The purpose is empty, or it cannot be recorded.
pub fn shown(
    mut all: Vec<PageRequest>,
    config: &Config,
    (by, purpose): (&str, Option<&str>),
) -> Result<Vec<PageRequest>, String> {
    match purpose {
        Some(purpose) => {
            let now_ms = crate::gate::Clock::System.unix_ms();
            look_ups::record_of(&config.data, by, "requests list", purpose, now_ms).map_err(|fault| fault.to_string())?;
        }
        None => all.iter_mut().for_each(|r| (r.person, r.device, r.client) = (None, None, None)),
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::overlay;
    use crate::casebook::{self, Casebook};
    use crate::gate::requests::NewRequest;
    use crate::gate::school::School;
    use crate::policy::{Act, Surface};
    use crate::words::{ClientAddr, Host};

    #[test]
    fn an_answer_makes_an_entry_is_written_down_and_is_there_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let school = School::with(&format!("[data]\ndir = {:?}", folder.path()));
        let gate = &school.gate;
        let requests = open(folder.path()).expect("none yet");
        let visit = gate.visit(ClientAddr::new([127, 0, 0, 1].into())).expect("one of the school's");
        let ask = |kind, host: &str| {
            let (who, network, groups) = (visit.who, "pupils".to_owned(), Vec::new());
            let (now_ms, today) = (visit.moment.unix_ms, visit.moment.day);
            let why = "history".to_owned();
            requests.make(NewRequest { kind, host: host.into(), why, who, network, groups, nameless: false, now_ms, today })
        };
        let opened = ask(Kind::Open, "adult.example").expect("taken");
        let closed = ask(Kind::Block, "bad.example").expect("taken");
        let other = ask(Kind::Open, "other.example").expect("taken");

        let mut kept = Entries::default();
        let mut answer = |id, decision: &str, reason: &str, group: Option<&str>| {
            let (decision, reason, group) = (decision.to_owned(), reason.to_owned(), group.map(str::to_owned));
            let new = NewAnswer { id, decision, group, until: Some("2099-01-01".into()), reason };
            let hand = Hand { by: "it", now_ms: visit.moment.unix_ms };
            let snapshot = gate.snapshot();
            let enforce = |own| overlay::entries(gate, own);
            super::answer((&requests, &snapshot, &mut kept), &new, hand, enforce, |b| overlay::put_back(gate, b))
        };
        assert!(answer(opened, "blocked", "x", None).is_err_and(|why| why.contains("be open")));
        assert!(answer(closed, "allowed", "x", None).is_err_and(|why| why.contains("be blocked")));
        assert!(answer(opened, "allowed", " ", None).is_err() && answer(opened, "maybe", "x", None).is_err());
        assert!(answer(opened, "allowed", "x", Some("nobody")).is_err());
        assert_eq!(requests.open_count(), 3, "what is refused changes nothing");

        let answered = answer(opened, "allowed", "a lesson", None).expect("answered").answer.expect("an answer");
        assert!(answered.entry.is_some() && answered.by == "it");
        answer(closed, "blocked", "unkind", None).expect("answered");
        answer(other, "refused", "not a page for lessons", None).expect("answered");
        let act = |name: &str| {
            let visit = gate.visit(ClientAddr::new([127, 0, 0, 1].into())).expect("one of the school's");
            visit.judge(&Host::parse(name).expect("a host"), Surface::NoPage).verdict.act
        };
        assert_eq!([act("adult.example"), act("bad.example"), act("other.example")], [Act::Allow, Act::Block, Act::Allow]);
        let casebook = Casebook::open(folder.path()).expect("a casebook");
        let changes = casebook.read().of(casebook::Kind::Change).expect("written down");
        let changes: Vec<_> = changes.iter().map(|r| (r.entry.what.as_str(), r.entry.why.as_deref())).collect();
        for said in [
            ("allow adult.example until 2099-01-01", Some("a lesson (request 1)")),
            ("block bad.example until 2099-01-01", Some("unkind (request 2)")),
            ("refuse request 3: open other.example", Some("not a page for lessons")),
        ] {
            assert!(changes.contains(&said), "{said:?}: {changes:?}");
        }
        assert_eq!(read(folder.path()).expect("read").requests, requests.all());
        assert_eq!(open(folder.path()).expect("read").open_count(), 0);
    }
}
