//! What cannot wait for the weekly report, from being seen to somebody having acknowledged it.
//!
//! ```text
//! door ─▶ queue ─▶ judged ─▶ gathered, numbered, in DATA/alerts.json ─▶ mail, webhook ─▶ acknowledged ─▶ report
//!   └──▶ journal ──┘ what found no room, what a kill left there, and how often
//! ```
//!
//! Always holds: neither a door nor the journal's writer waits for it; an alert is in its file before anybody is told of it; told is who,
//! what and where to nobody: a number and a link; the journal has the last word of how often.
//!
//! - [`watch`]    what was seen, judged
//! - [`hours`]    at once, with the digest, in quiet hours
//! - [`tell`]     letters and notices
//! - [`webhook`]  notices to another system
//! - [`health`]   what is wrong with the gate itself

mod health;
mod hours;
mod tell;
mod watch;
mod webhook;

use super::journal_dir;
use super::mail::Post;
use crate::config::Config;
use crate::gate::Gate;
use crate::gate::alerts::{Alert, Alerts, State, Whose};
use crate::gate::snapshot::local_time;
use crate::journal::read::Filter;
use crate::journal::tail::{self, Part};
use crate::journal::time::BUILT_MS;
use crate::net::Drain;
use crate::net::fetch::Lookup;
use crate::ops::files;
use crate::people::Register;
use crate::policy::Action;
use crate::words::{DeviceId, PersonId};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use watch::Judge;

/// Between two looks at the queue: a critical matter is with the mail server within a minute, and the queue is never full.
const TICK: Duration = Duration::from_secs(1);

/// Between two looks at the journal.
const READ_EVERY: Duration = Duration::from_secs(15);

/// Rows of the journal that are looked at in one go: the queue is not left for long.
const MOST_ROWS: usize = 50_000;

/// Rows after which it is written down how far the journal was read although nothing was in them: the card is not written to four
/// times a minute for that.
const ROWS_KEPT: u64 = 20_000;

/// Between two looks at the gate itself.
const HEALTH_EVERY: Duration = Duration::from_secs(60);

fn file(data: &Path) -> PathBuf {
    data.join("alerts.json")
}

/// The alerts of earlier, and those to come kept beside them.
///
/// # Errors
/// The file cannot be read or understood.
pub fn open(data: &Path) -> Result<Alerts, String> {
    let (state, path) = (read(data)?, file(data));
    let keep = move |state: &State| {
        let written = serde_json::to_vec(state).map_err(io::Error::from).and_then(|text| files::replace_private(&path, &text));
        written.map_err(|fault| format!("{}: {fault}", path.display()))
    };
    Ok(Alerts::open(state, Box::new(keep)))
}

/// All that is kept, as it is on the disk.
///
/// # Errors
/// As [`open`].
pub fn read(data: &Path) -> Result<State, String> {
    let path = file(data);
    let text = files::read_or_empty(&path).map_err(|fault| format!("{}: {fault}", path.display()))?;
    if text.is_empty() {
        return Ok(State::default());
    }
    serde_json::from_str(&text).map_err(|fault| format!("{}: {fault}; move it away to begin anew", path.display()))
}

/// Whom an alert is about, as the register calls them.
pub fn called(whose: Whose, register: &Register) -> String {
    match whose {
        Whose::Person(id) => register.person(PersonId(id)).map_or_else(|| format!("person {id}"), |person| person.key.clone()),
        Whose::Device(id) => register.device(DeviceId(id)).map_or_else(|| format!("device {id}"), |device| device.name.clone()),
        Whose::Address(address) => format!("a device at {address}"),
    }
}

/// What `status` says of alerts that wait for somebody.
pub fn needs_you(gate: &Gate, config: &Config) -> Vec<String> {
    let state = gate.alerts.kept();
    let waits = |alert: &&Alert| alert.acknowledged.is_none() && !alert.told.is_empty();
    let mut needs: Vec<String> = Vec::new();
    let mut waiting: Vec<&Alert> = state.alerts.iter().filter(waits).collect();
    waiting.sort_by_key(|alert| !alert.critical);
    if let Some(first) = waiting.first() {
        let (number, since) = (first.number, local_time(config, first.first_ms));
        let more = match waiting.len() {
            1 => String::new(),
            n => format!(", and {} more", n - 1),
        };
        needs.push(format!(
            "{ALERT}{number} of {since} is not acknowledged{more}: the DSL's `schoolgate alerts acknowledge {number}`"
        ));
    }
    let stuck = state.notices.iter().find(|notice| notice.tries > 0 && config.alerts.webhook.is_some());
    needs.extend(stuck.map(|notice| format!("the webhook does not take what it is sent ({})", notice.why)));
    needs
}

/// How a line of `status` begins that is the DSL's and not IT's.
const ALERT: &str = "alert ";

/// What the thread needs of the gate.
pub struct Around {
    pub gate: Arc<Gate>,
    pub lookup: Arc<dyn Lookup>,
    /// What `status` says needs somebody.
    pub needs: Box<dyn Fn() -> Vec<String> + Send>,
}

/// Starts the thread that watches and tells. It ends soon after `drain` begins.
///
/// # Errors
/// If the system gives no thread.
pub fn start(around: Around, drain: Drain) -> io::Result<()> {
    around.gate.alerts.watch(watch::watched(&around.gate.snapshot().config, &watch::Closely::new()));
    std::thread::Builder::new().name("alerts".into()).spawn(move || run(&around, drain)).map(drop)
}

fn run(around: &Around, mut drain: Drain) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(fault) => return tracing::error!("nobody is alerted: {fault}"),
    };
    runtime.block_on(async {
        let (mut read, mut looked) = (None::<Instant>, None::<Instant>);
        let mut at = None;
        let mut closely = watch::Closely::new();
        let mut blocks = health::Blocks::default();
        let is_due = |last: Option<Instant>, every: Duration| last.is_none_or(|last| last.elapsed() >= every);
        loop {
            tokio::select! {
                () = drain.begun() => return,
                () = tokio::time::sleep(TICK) => {}
            }
            let now_ms = around.gate.clock.unix_ms();
            // A clock that is not set makes no day.
            if now_ms < BUILT_MS {
                continue;
            }
            let snapshot = around.gate.snapshot();
            let reads = is_due(read, READ_EVERY);
            if reads {
                match watch::closely(&snapshot.config, now_ms) {
                    Ok(now) => closely = now,
                    Err(fault) => tracing::warn!(%fault, "the casebook cannot be read for alerts now"),
                }
            }
            around.gate.alerts.watch(watch::watched(&snapshot.config, &closely));
            let judge = Judge { snapshot: &snapshot, closely: &closely, now_ms };
            let missed = seen(&around.gate, judge);
            if missed > 0 || reads {
                read = Some(Instant::now());
                if let Err(why) = of_journal(&around.gate, judge, &mut at, missed > 0) {
                    tracing::warn!(why, "the journal cannot be read for alerts now");
                }
            }
            if is_due(looked, HEALTH_EVERY) {
                looked = Some(Instant::now());
                look_at_the_gate(around, &snapshot.config, &mut blocks, now_ms);
            }
            told(&around.gate, &snapshot.config, now_ms);
            tokio::select! {
                () = drain.begun() => return,
                () = notices(&around.gate.alerts, &snapshot.config, &around.lookup, now_ms) => {}
            }
        }
    });
}

fn complain(kept: Result<(), String>) {
    if let Err(why) = kept {
        tracing::error!(why, "alerts cannot be written down; they are told all the same");
    }
}

/// What the doors have put into the queue, judged. How much found no room there.
fn seen(gate: &Gate, judge: Judge) -> u64 {
    let (seen, missed) = gate.alerts.taken();
    if seen.is_empty() && missed == 0 {
        return 0;
    }
    let policy = &judge.snapshot.config.policy;
    let names = |sighting: &crate::gate::alerts::Sighting| -> Vec<String> {
        sighting.who.groups.iter().filter_map(|id| policy.group(id)).map(|group| group.name.clone()).collect()
    };
    // How often is the journal's to say.
    let new: Vec<_> = seen.iter().filter_map(|s| judge.judged(s, &names(s), 0)).collect();
    let (raised, kept) = gate.alerts.change(|state| {
        state.missed += missed;
        new.iter().filter_map(|new| state.raise(new)).collect::<Vec<_>>()
    });
    complain(kept);
    for number in raised {
        tracing::info!(number, "an alert was raised");
    }
    missed
}

/// What the journal has since it was last read.
fn of_journal(gate: &Gate, judge: Judge, at: &mut Option<u64>, missed: bool) -> Result<(), String> {
    // What waits for its week file is read at the start, since whoever was killed may have told nobody of it, and when there was more
    // than the doors could tell. Else they tell, and the week files say how often.
    let mut parts = tail::newest(&journal_dir(&judge.snapshot.config), judge.now_ms).map_err(|fault| fault.to_string())?;
    if at.is_some() && !missed {
        parts.retain(|part| matches!(part, Part::File(_)));
    }
    // What was before the gate had alerts is the report's.
    let kept = gate.alerts.kept().read;
    let Some(after) = at.or(kept) else {
        let last = parts.iter().filter_map(|part| part.last_seq().ok()).max().unwrap_or(0);
        complain(gate.alerts.change(|state| state.read = Some(last)).1);
        *at = Some(last);
        return Ok(());
    };
    let (mut new, mut read) = (Vec::new(), after);
    for part in &parts {
        let mut rows = 0;
        for stored in part.events(&Filter { after: Some(after), ..Filter::default() }).take(MOST_ROWS) {
            let stored = stored.map_err(|fault| fault.to_string())?;
            rows += 1;
            read = read.max(stored.seq);
            let Some(sighting) = gate.alerts.sighting(&stored.event) else { continue };
            let names = part.names_of(sighting.policy_version).map_err(|fault| fault.to_string())?;
            let groups: Vec<String> =
                sighting.who.groups.iter().filter_map(|id| names.groups.get(usize::from(id.0)).cloned()).collect();
            new.extend(judge.judged(&sighting, &groups, u64::from(sighting.count)));
        }
        // The rest of it first, the next time.
        if rows == MOST_ROWS {
            break;
        }
    }
    *at = Some(read);
    // What is read again after a kill had nothing in it, so that nothing counts twice.
    if new.is_empty() && read - kept.unwrap_or(read) < ROWS_KEPT {
        return Ok(());
    }
    complain(
        gate.alerts
            .change(|state| {
                state.read = Some(read);
                for new in &new {
                    state.raise(new);
                }
            })
            .1,
    );
    Ok(())
}

/// Tells what is due: the letters are kept before it is written down that they are.
fn told(gate: &Gate, config: &Config, now_ms: i64) {
    // Whom nobody can be told of waits until somebody can.
    if config.mail.is_none() && config.alerts.webhook.is_none() {
        return;
    }
    let mut next = gate.alerts.kept();
    let letters = tell::due(&mut next, config, now_ms);
    if letters.is_empty() && next == gate.alerts.kept() {
        return;
    }
    if let Some(post) = Post::of(config) {
        for letter in &letters {
            if let Err(fault) = post.post(letter) {
                return tracing::error!(%fault, letter = letter.id, "the mail of an alert cannot be kept: it is tried again");
            }
        }
    }
    complain(gate.alerts.change(|state| drop(tell::due(state, config, now_ms))).1);
}

/// Tries what waits for another system.
async fn notices(alerts: &Alerts, config: &Config, lookup: &Arc<dyn Lookup>, now_ms: i64) {
    let Some(to) = &config.alerts.webhook else { return };
    let due = |at: i64| at <= now_ms || at > now_ms + 2 * 60 * 60 * 1000;
    let Some(notice) = alerts.kept().notices.into_iter().find(|notice| due(notice.next_ms)) else { return };
    let sent = webhook::send(to, lookup.clone(), &notice, now_ms).await;
    if let Err(why) = &sent {
        tracing::warn!(notice = notice.id, why, "the webhook did not take a notice");
    }
    let old = now_ms - notice.made_ms > webhook::GIVEN_UP_MS;
    complain(
        alerts
            .change(|state| match sent {
                Err(why) if !old => {
                    let mine = state.notices.iter_mut().filter(|n| n.id == notice.id);
                    mine.for_each(|notice| webhook::later(notice, why.clone(), now_ms));
                }
                _ => state.notices.retain(|n| n.id != notice.id),
            })
            .1,
    );
}

fn look_at_the_gate(around: &Around, config: &Config, blocks: &mut health::Blocks, now_ms: i64) {
    let (mut judged, mut blocked) = (0, 0);
    for (_, action, count) in around.gate.counters.by_door_and_action() {
        judged += count;
        blocked += if action == Action::Block.word() { count } else { 0 };
    }
    let fewer = blocks.look(judged, blocked, now_ms);
    if config.alerts.it.is_empty() && config.alerts.webhook.is_none() {
        return;
    }
    // What is the DSL's is not IT's to read.
    let mut needs: Vec<String> = (around.needs)().into_iter().filter(|line| !line.starts_with(ALERT)).collect();
    needs.extend(fewer.cloned());
    let (letter, kept) = around.gate.alerts.change(|state| {
        let turn = health::look(state, &needs, now_ms);
        if turn.is_empty() {
            return None;
        }
        let (letter, notice) = tell::health(config, &turn.begun, &turn.over, now_ms);
        if config.alerts.webhook.is_some() {
            state.notices.push(notice);
        }
        letter
    });
    complain(kept);
    if let Some((post, letter)) = Post::of(config).zip(letter)
        && let Err(fault) = post.post(&letter)
    {
        tracing::error!(%fault, "what is wrong with the gate cannot be told by mail");
    }
}

#[cfg(test)]
mod tests;
