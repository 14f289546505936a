//! Exams: a room, a group or people held to a short list for a while; kept over a restart, in `DATA/exams.json`, as passes are.

use super::entries::{Hand, changed, not_empty};
use super::passes::{one_line, time_today};
use super::recorded::recorded;
use super::whom::{self, For};
use crate::config::Config;
use crate::gate::Snapshot;
use crate::gate::control::NewExam;
use crate::gate::snapshot::{local_time, whom as whom_text};
use crate::ops::files;
use crate::people::Register;
use crate::policy::{Exam, Exams};
use crate::words::{Host, Url};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The longest an exam lasts: with extra time, and several papers a day.
const LONGEST_MS: i64 = 12 * 60 * 60 * 1000;

/// How long before it an exam may be written down.
const AHEAD_MS: i64 = 92 * 24 * 60 * 60 * 1000;

/// How long an exam that is over stays in the file: a clock that is set forward and back again ends none.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// Most exams that are written down at once: a season of a large school.
const MOST: usize = 500;

/// Most hosts that one leaves open.
const MOST_HOSTS: usize = 100;

/// One exam as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenExam {
    pub id: u16,
    #[serde(rename = "for")]
    pub whom: For,
    pub from_ms: i64,
    pub until_ms: i64,
    pub allow: Vec<String>,
    pub reason: String,
    pub by: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExamFile {
    next_id: u16,
    exams: Vec<WrittenExam>,
}

/// The exams of the file that mean something in this configuration.
///
/// # Errors
/// The file cannot be read or understood.
pub fn load(config: &Config, register: &Register) -> Result<Exams, String> {
    Ok(meaning(&read(config)?, config, register))
}

/// The exams that are not over.
///
/// # Errors
/// As [`load`].
pub fn list(config: &Config, now_ms: i64) -> Result<Vec<WrittenExam>, String> {
    let mut exams = read(config)?.exams;
    exams.retain(|e| e.until_ms > now_ms);
    Ok(exams)
}

/// Writes an exam down, and puts all of them in force with `enforce`, as they are to be; `undo` as for an entry.
///
/// # Errors
/// What is wrong with it and what would be right, or why it cannot be in force.
pub fn lock<T>(
    snapshot: &Snapshot,
    new: &NewExam,
    hand: Hand,
    enforce: impl FnOnce(Exams) -> Result<T, String>,
    undo: impl FnOnce(T),
) -> Result<WrittenExam, String> {
    let config = &snapshot.config;
    let mut kept = read(config)?;
    kept.exams.retain(|e| e.until_ms > hand.now_ms - KEPT_MS);
    if kept.exams.len() >= MOST {
        return Err(format!("{MOST} exams are written down: `schoolgate lock list` shows them, `lock end` ends one"));
    }
    let taken = |id: u16| id == 0 || kept.exams.iter().any(|e| e.id == id);
    let id = (0..=u16::MAX).map(|n| kept.next_id.wrapping_add(n)).find(|id| !taken(*id)).unwrap_or(1);
    let exam = WrittenExam { id, ..written(snapshot, new, hand)? };
    kept.next_id = id.wrapping_add(1);
    kept.exams.push(exam.clone());
    let what = format!("exam: {} (exam {id}, open: {})", shown(&exam, config), exam.allow.join(" "));
    let made = changed(hand, what, &exam.reason).about(&exam.whom.to_string()).from_to("", &shown(&exam, config));
    recorded(config, hand.now_ms, vec![made], || put(snapshot, &kept, enforce, undo))?;
    Ok(exam)
}

/// Ends an exam before its time.
///
/// # Errors
/// There is no such exam, or it cannot be taken out of force.
pub fn end<T>(
    snapshot: &Snapshot,
    (id, reason): (u16, &str),
    hand: Hand,
    enforce: impl FnOnce(Exams) -> Result<T, String>,
    undo: impl FnOnce(T),
) -> Result<WrittenExam, String> {
    let config = &snapshot.config;
    let why = not_empty(reason)?.to_owned();
    let mut kept = read(config)?;
    let place = kept.exams.iter().position(|e| e.id == id && e.until_ms > hand.now_ms);
    let place = place.ok_or_else(|| format!("there is no exam {id}; `schoolgate lock list` shows them"))?;
    let exam = kept.exams.remove(place);
    let what = format!("take back: exam {} (exam {id})", shown(&exam, config));
    let made = changed(hand, what, &why).about(&exam.whom.to_string()).from_to(&shown(&exam, config), "");
    recorded(config, hand.now_ms, vec![made], || put(snapshot, &kept, enforce, undo))?;
    Ok(exam)
}

/// The exams of a snapshot in words, those that are over left out.
pub fn on(config: &Config, now_ms: i64) -> Vec<String> {
    let exams = config.policy.exams.iter().filter(|e| e.until_ms > now_ms);
    let when = |e: &Exam| format!("{} to {}", local_time(config, e.from_ms), local_time(config, e.until_ms));
    exams.map(|e| format!("exam {}: {}, {}", e.id, whom_text(config, &e.whom), when(e))).collect()
}

/// What is to be in force instead, at a look that comes after one at `looked_ms`: what was over by a clock that has been set back is
/// on again. `None`: what is in force.
///
/// # Errors
/// As [`load`].
pub fn swept(snapshot: &Snapshot, looked_ms: i64, now_ms: i64) -> Result<Option<Exams>, String> {
    if now_ms < looked_ms {
        return load(&snapshot.config, &snapshot.register).map(Some);
    }
    Ok(without_past(snapshot, now_ms))
}

/// Those that are not over, to be in force alone: while one is, answers are kept for a shorter time. `None`: none is over. The file
/// keeps them: see [`KEPT_MS`].
fn without_past(snapshot: &Snapshot, now_ms: i64) -> Option<Exams> {
    let exams = &snapshot.config.policy.exams;
    let over = exams.iter().any(|e| e.until_ms <= now_ms);
    over.then(|| Exams::new(exams.iter().filter(|e| e.until_ms > now_ms).cloned()))
}

/// An exam in words: `room ICT 2, 2026-11-18 09:00 to 2026-11-18 11:00`.
pub fn shown(exam: &WrittenExam, config: &Config) -> String {
    format!("{}, {} to {}", exam.whom, local_time(config, exam.from_ms), local_time(config, exam.until_ms))
}

fn written(snapshot: &Snapshot, new: &NewExam, hand: Hand) -> Result<WrittenExam, String> {
    let config = &snapshot.config;
    let reason = one_line("--reason", not_empty(&new.reason)?)?;
    whom::meant(&new.whom, config, &snapshot.register)?;
    let zone = &config.school.zone;
    let from_ms = match &new.from {
        Some(from) => time_today(from, hand.now_ms, zone)?,
        None => hand.now_ms,
    };
    let until_ms = time_today(&new.until, hand.now_ms, zone)?;
    if until_ms <= from_ms.max(hand.now_ms) {
        return Err("this exam would be over already, or end before it begins: say --from 09:00 --until 11:00".into());
    }
    if until_ms - from_ms > LONGEST_MS || from_ms - hand.now_ms > AHEAD_MS {
        return Err("an exam lasts at most 12 hours, and is written down at most three months ahead".into());
    }
    if new.allow.len() > MOST_HOSTS {
        return Err(format!("an exam leaves at most {MOST_HOSTS} hosts open"));
    }
    let allow = new.allow.iter().map(|text| {
        let host = Host::parse(text).map_err(|why| match Url::parse(text) {
            Ok(url) => format!("'{}' is not a host: did you mean {}?", text.escape_debug(), url.host),
            Err(_) => format!("'{}' is not a host: {why}", text.escape_debug()),
        })?;
        Ok::<_, String>(host.to_string())
    });
    let allow = allow.collect::<Result<Vec<_>, _>>()?;
    let (whom, by) = (new.whom.clone(), hand.by.to_owned());
    Ok(WrittenExam { id: 0, whom, from_ms, until_ms, allow, reason, by })
}

fn meaning(kept: &ExamFile, config: &Config, register: &Register) -> Exams {
    Exams::new(kept.exams.iter().filter_map(|e| {
        Some(Exam {
            id: e.id,
            whom: whom::meant(&e.whom, config, register)
                .inspect_err(|why| tracing::error!("exam {} holds nobody: {why}", e.id))
                .ok()?,
            from_ms: e.from_ms,
            until_ms: e.until_ms,
            allow: e.allow.iter().filter_map(|host| Host::parse(host).ok()).collect(),
            by: e.by.clone(),
            reason: e.reason.clone(),
        })
    }))
}

fn put<T>(
    snapshot: &Snapshot,
    kept: &ExamFile,
    enforce: impl FnOnce(Exams) -> Result<T, String>,
    undo: impl FnOnce(T),
) -> Result<(), String> {
    let before = enforce(meaning(kept, &snapshot.config, &snapshot.register))?;
    let path = file(&snapshot.config);
    let written = serde_json::to_vec_pretty(kept).map_err(std::io::Error::from).and_then(|text| files::replace(&path, &text));
    written.map_err(|fault| {
        undo(before);
        format!("{}: {fault}", path.display())
    })
}

fn file(config: &Config) -> PathBuf {
    config.data.join("exams.json")
}

fn read(config: &Config) -> Result<ExamFile, String> {
    let path = file(config);
    let text = files::read_or_empty(&path).map_err(|fault| format!("{}: {fault}", path.display()))?;
    if text.is_empty() {
        return Ok(ExamFile { next_id: 1, exams: Vec::new() });
    }
    serde_json::from_str(&text).map_err(|fault| format!("{}: {fault}; correct it, or delete it", path.display()))
}

#[cfg(test)]
mod tests;
