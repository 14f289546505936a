//! Passes: what a teacher has opened for a lesson, opened and taken back, kept over a restart.
//!
//! They are in `DATA/passes.json` and not in the register: a pass speaks of groups, hosts and categories, which are the
//! configuration's, and of no person of the register; it is one file written whole beside the school's own entries, by the same
//! way, and what has ended is left out of it. Who opened what stays in the record of changes and in the journal's names.

use super::entries::{Hand, changed, end_ms, not_empty};
use super::recorded::recorded;
use super::whom::{self, For};
use crate::config::{Config, nearest};
use crate::gate::Snapshot;
use crate::gate::clock;
use crate::gate::control::{Lasts, NewPass, Opens};
use crate::gate::snapshot::{local_time, opened};
use crate::gate::staffroom::Refused;
use crate::ops::files;
use crate::people::Register;
use crate::policy::{Opened, Pass, Passes, Video, What};
use crate::words::{Category, CategorySet, Grade, Host, Role, Url};
use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The longest a pass lasts: one school day. What is to stay open longer is an entry with an end.
pub const LONGEST_MS: i64 = 8 * 60 * 60 * 1000;

/// Most passes that stand at once: every class of a large school has one in every lesson of the day.
const MOST: usize = 500;

/// Longest reason, in characters: it stands in pages and reports.
const MAX_REASON: usize = 300;

/// Why a pass is not opened: for the command in a line, for a page by its kind.
#[derive(Debug)]
pub struct Refusal {
    pub kind: Refused,
    text: String,
}

impl Refusal {
    /// Of what is not the command's to refuse.
    pub fn of(kind: Refused) -> Self {
        Self { kind, text: String::new() }
    }
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        Self { kind: Refused::NotKept, text }
    }
}

impl From<Refusal> for String {
    fn from(refusal: Refusal) -> Self {
        refusal.text
    }
}

/// Gives what is wrong its kind.
fn is(kind: Refused) -> impl Fn(String) -> Refusal {
    move |text| Refusal { kind, text }
}

/// One pass as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenPass {
    pub id: u16,
    pub what: Opens,
    #[serde(rename = "for")]
    pub whom: For,
    pub from_ms: i64,
    pub until_ms: i64,
    pub reason: String,
    pub by: String,
    /// Who of the leaders agreed; `None`: the pass goes as far as a teacher's.
    pub agreed_by: Option<String>,
    /// One of the leaders must agree first: it opens nothing yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PassFile {
    next_id: u16,
    passes: Vec<WrittenPass>,
}

fn file(config: &Config) -> PathBuf {
    config.data.join("passes.json")
}

/// The passes of the file that mean something in this configuration. One whose group or category is gone opens nothing.
///
/// # Errors
/// The file cannot be read or understood.
pub fn load(config: &Config, register: &Register) -> Result<Passes, String> {
    Ok(meaning(&read(config)?, config, register))
}

/// The passes that have not ended.
///
/// # Errors
/// As [`load`].
pub fn list(config: &Config, now_ms: i64) -> Result<Vec<WrittenPass>, String> {
    let mut passes = read(config)?.passes;
    passes.retain(|p| p.until_ms > now_ms);
    Ok(passes)
}

/// Opens a pass, and puts it in force with `enforce`, which is given all passes as they are to be; `undo` as for an entry.
///
/// # Errors
/// What is wrong with the pass and what would be right, or why it cannot be in force.
pub fn open<T>(
    snapshot: &Snapshot,
    new: &NewPass,
    hand: Hand,
    enforce: impl FnOnce(Passes) -> Result<T, String>,
    undo: impl FnOnce(T),
) -> Result<WrittenPass, Refusal> {
    let config = &snapshot.config;
    let mut kept = read(config)?;
    kept.passes.retain(|p| p.until_ms > hand.now_ms);
    if kept.passes.len() >= MOST {
        return Err(is(Refused::Full)(format!(
            "{MOST} passes are open: `schoolgate pass list` shows them, `pass revoke` ends one"
        )));
    }
    let pass = WrittenPass { id: kept.free_id(), ..written(snapshot, new, hand)? };
    kept.next_id = pass.id.checked_add(1).unwrap_or(1);
    kept.passes.push(pass.clone());
    let agreed = match &pass.agreed_by {
        Some(who) => format!(", agreed by {who}"),
        None if pass.waits => ", waits for the safeguarding lead or a senior leader".to_owned(),
        None => String::new(),
    };
    let what = format!("open: {} (pass {}{agreed})", shown(&pass, config), pass.id);
    let made = changed(hand, what, &pass.reason).about(&pass.whom.to_string()).from_to("", &shown(&pass, config));
    let made = made.approved_by(pass.agreed_by.as_deref());
    recorded(config, hand.now_ms, vec![made], || put(snapshot, &kept, enforce, undo))?;
    Ok(pass)
}

/// Agrees to a pass that waits for it, and puts it in force.
///
/// # Errors
/// There is no such pass, whoever agrees is no leader of the school, or it cannot be in force.
pub fn agree<T>(
    snapshot: &Snapshot,
    id: u16,
    hand: Hand,
    enforce: impl FnOnce(Passes) -> Result<T, String>,
    undo: impl FnOnce(T),
) -> Result<WrittenPass, String> {
    let config = &snapshot.config;
    if !is_lead(config, hand.by) {
        return Err(format!(
            "{} is not among those who agree to this: `leads` under [school] names the safeguarding lead and the senior leaders",
            hand.by
        ));
    }
    let mut kept = read(config)?;
    kept.passes.retain(|p| p.until_ms > hand.now_ms);
    let pass = kept.passes.iter_mut().find(|p| p.id == id && p.waits);
    let pass = pass.ok_or_else(|| format!("no pass {id} waits to be agreed to; `schoolgate pass list` shows them"))?;
    (pass.waits, pass.agreed_by, pass.from_ms) = (false, Some(hand.by.to_owned()), hand.now_ms);
    let pass = pass.clone();
    let what = format!("agree: {} (pass {id}, asked for by {})", shown(&pass, config), pass.by);
    let made = changed(hand, what, &pass.reason).about(&pass.whom.to_string()).from_to("waits", &shown(&pass, config));
    recorded(config, hand.now_ms, vec![made.approved_by(Some(hand.by))], || put(snapshot, &kept, enforce, undo))?;
    Ok(pass)
}

/// Whether an account is one of the school's leaders', who agree to what a teacher may not open alone.
fn is_lead(config: &Config, by: &str) -> bool {
    config.school.leads.iter().any(|lead| lead == by)
}

/// Ends a pass before its time.
///
/// # Errors
/// There is no such pass, or it cannot be taken out of force.
pub fn revoke<T>(
    snapshot: &Snapshot,
    (id, reason): (u16, &str),
    hand: Hand,
    enforce: impl FnOnce(Passes) -> Result<T, String>,
    undo: impl FnOnce(T),
) -> Result<WrittenPass, String> {
    let config = &snapshot.config;
    let why = not_empty(reason)?.to_owned();
    let mut kept = read(config)?;
    kept.passes.retain(|p| p.until_ms > hand.now_ms);
    let place = kept.passes.iter().position(|p| p.id == id);
    let place = place.ok_or_else(|| format!("no pass {id} is open; `schoolgate pass list` shows them"))?;
    let pass = kept.passes.remove(place);
    let what = format!("take back: open {} (pass {id})", shown(&pass, config));
    let made = changed(hand, what, &why).about(&pass.whom.to_string()).from_to(&shown(&pass, config), "");
    recorded(config, hand.now_ms, vec![made], || put(snapshot, &kept, enforce, undo))?;
    Ok(pass)
}

/// A pass in words: `video for year-9 until 2026-11-18 14:30`.
pub fn shown(pass: &WrittenPass, config: &Config) -> String {
    format!("{} for {} until {}", pass.what, pass.whom, local_time(config, pass.until_ms))
}

/// The passes of a snapshot in words, those in force now.
pub fn in_force(config: &Config, now_ms: i64) -> Vec<String> {
    let passes = config.policy.passes.iter().filter(|o| o.in_force(now_ms));
    passes.map(|o| format!("pass {}: {} until {}", o.pass.id, opened(config, o), local_time(config, o.until_ms))).collect()
}

fn put<T>(
    snapshot: &Snapshot,
    kept: &PassFile,
    enforce: impl FnOnce(Passes) -> Result<T, String>,
    undo: impl FnOnce(T),
) -> Result<(), String> {
    let config = &snapshot.config;
    let before = enforce(meaning(kept, config, &snapshot.register))?;
    let path = file(config);
    let written = serde_json::to_vec_pretty(kept).map_err(std::io::Error::from).and_then(|text| files::replace(&path, &text));
    written.map_err(|fault| {
        undo(before);
        format!("{}: {fault}", path.display())
    })
}

fn read(config: &Config) -> Result<PassFile, String> {
    let path = file(config);
    let text = files::read_or_empty(&path).map_err(|fault| format!("{}: {fault}", path.display()))?;
    if text.is_empty() {
        return Ok(PassFile { next_id: 1, passes: Vec::new() });
    }
    serde_json::from_str(&text)
        .map_err(|fault| format!("{}: {fault}; nothing that is open is worth keeping in it: delete it", path.display()))
}

impl PassFile {
    /// The next number that no open pass has. Numbers come round after 65,535: the journal keeps what each meant by version.
    fn free_id(&self) -> u16 {
        let taken = |id: u16| self.passes.iter().any(|p| p.id == id);
        (0..=u16::MAX).map(|n| self.next_id.wrapping_add(n)).find(|id| *id != 0 && !taken(*id)).unwrap_or(1)
    }
}

fn meaning(kept: &PassFile, config: &Config, register: &Register) -> Passes {
    Passes::new(kept.passes.iter().filter(|p| !p.waits).filter_map(|p| {
        let whom = whom::meant(&p.whom, config, register).ok()?;
        let what = match &p.what {
            Opens::Host(host) => What::Host(Host::parse(host).ok()?),
            Opens::Category(id) => What::Categories(CategorySet::of(&[category(id, config)?])),
            Opens::Page(page) => {
                let url = Url::parse(page).ok()?;
                What::Page(url.host, url.path)
            }
            Opens::Video(video) => What::Video(Video::of(&Url::parse(video).ok()?)?),
        };
        let grade = if p.agreed_by.is_some() { Grade::Lead } else { Grade::Teacher };
        let pass = Pass { id: p.id, what, grade };
        Some(Opened { pass, whom, from_ms: p.from_ms, until_ms: p.until_ms, by: p.by.clone(), reason: p.reason.clone() })
    }))
}

fn category(id: &str, config: &Config) -> Option<Category> {
    config.categories.iter().find(|t| t.id == id).map(|t| t.category).or_else(|| Category::fixed(id))
}

fn written(snapshot: &Snapshot, new: &NewPass, hand: Hand) -> Result<WrittenPass, Refusal> {
    let config = &snapshot.config;
    let reason = not_empty(&new.reason).and_then(|reason| one_line("--reason", reason)).map_err(is(Refused::Reason))?;
    whom::meant(&new.whom, config, &snapshot.register).map_err(is(Refused::Nobody))?;
    let (what, grade) = match &new.what {
        Opens::Category(id) => {
            let ids = || config.categories.iter().filter(|t| t.category.role() == Role::Ordinary).map(|t| t.id.as_str());
            let category = category(id, config).ok_or_else(|| unknown("category", id, ids()))?;
            (new.what.clone(), grade(category, id).map_err(is(Refused::Never))?)
        }
        Opens::Host(text) => {
            let host = host(text).map_err(is(Refused::NotAHost))?;
            (Opens::Host(host.to_string()), grade_of(snapshot, &host, "").map_err(is(Refused::Never))?)
        }
        Opens::Page(text) | Opens::Video(text) => {
            let url = Url::parse(text).map_err(|why| format!("'{}' is not a page: {why}", text.escape_debug()));
            let url = url.map_err(is(Refused::NotAHost))?;
            let what = match Video::of(&url) {
                Some(video) => Opens::Video(format!("https://{video}")),
                None if matches!(new.what, Opens::Video(_)) => {
                    let text = text.escape_debug();
                    return Err(is(Refused::NotAHost)(format!("'{text}' is no video of YouTube or Vimeo that is known here")));
                }
                None => Opens::Page(format!(
                    "{}://{}{}",
                    url.scheme.as_str(),
                    url.host,
                    one_line("a page", &url.path).map_err(is(Refused::NotAHost))?
                )),
            };
            (what, grade_of(snapshot, &url.host, &url.path).map_err(is(Refused::Never))?)
        }
    };
    let until_ms = until(&new.lasts, hand.now_ms, config).map_err(is(Refused::Minutes))?;
    let (whom, by) = (new.whom.clone(), hand.by.to_owned());
    let agreed_by = (grade == Grade::Lead && is_lead(config, &by)).then(|| by.clone());
    let waits = grade == Grade::Lead && agreed_by.is_none();
    Ok(WrittenPass { id: 0, what, whom, from_ms: hand.now_ms, until_ms, reason, by, agreed_by, waits })
}

/// Who may open a category.
fn grade(category: Category, id: &str) -> Result<Grade, String> {
    if category.role() != Role::Ordinary {
        return Err(format!("{id} is not opened or closed by a pass: it is the same for everyone"));
    }
    match category.grade() {
        Grade::Never => Err(format!("a pass never opens {id}")),
        grade => Ok(grade),
    }
}

/// Who may open a host, or a page of it: of what it is listed as, the category that takes the most.
fn grade_of(snapshot: &Snapshot, host: &Host, path: &str) -> Result<Grade, String> {
    let mut most = Grade::Teacher;
    // What is sealed is not asked for: a pass is no way to find that out, and opens nothing of it.
    let found = if path.is_empty() { snapshot.table.lookup(host) } else { snapshot.table.lookup_url(host, path) };
    for category in found.categories().iter() {
        let id = snapshot.config.category_id(category);
        if category.role() == Role::Ordinary {
            let grade = grade(category, &id).map_err(|why| format!("{host} is listed as {id}: {why}"))?;
            most = if grade == Grade::Lead { grade } else { most };
        } else if CategorySet::HARMFUL_CODE.contains(category) {
            return Err(format!("{host} is listed as {id}, which harms machines: a pass never opens that"));
        }
    }
    Ok(most)
}

fn host(text: &str) -> Result<Host, String> {
    let host = Host::parse(text).map_err(|why| format!("'{}' is not a host: {why}", text.escape_debug()))?;
    if host.labels() < 2 && !host.is_address() {
        return Err(format!("this would open everything under {host}: name one host under it"));
    }
    Ok(host)
}

fn until(lasts: &Lasts, now_ms: i64, config: &Config) -> Result<i64, String> {
    let zone = &config.school.zone;
    let until_ms = match lasts {
        Lasts::Minutes(minutes) => {
            let asked = now_ms.saturating_add(i64::from(*minutes) * 60_000);
            bell(config, now_ms).map_or(asked, |bell| bell.min(asked))
        }
        Lasts::Bell => bell(config, now_ms)
            .ok_or("no bell goes after this, as the term dates have it: say --minutes 50, or --until 14:30")?,
        Lasts::Until(text) => time_today(text, now_ms, zone)?,
    };
    if until_ms <= now_ms {
        return Err("this pass would be over already: say until when, such as --until 14:30, or --minutes 50".into());
    }
    if until_ms - now_ms > LONGEST_MS {
        let hours = LONGEST_MS / 3_600_000;
        return Err(format!("a pass lasts at most {hours} hours; for longer, `schoolgate allow NAME --until …` makes an entry"));
    }
    Ok(until_ms)
}

/// The bell that ends this lesson, or the next if it is about to begin; in milliseconds since 1970.
fn bell(config: &Config, now_ms: i64) -> Option<i64> {
    let zone = &config.school.zone;
    let minute = config.policy.timetable.bell(&clock::moment(now_ms, zone))?;
    let today = jiff::Timestamp::from_millisecond(now_ms).ok()?.to_zoned(zone.clone()).date();
    let bell = match minute {
        0..1440 => today.at((minute / 60) as i8, (minute % 60) as i8, 0, 0),
        _ => today.tomorrow().ok()?.at(0, 0, 0, 0),
    };
    Some(bell.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

/// A local time of today, `14:30`, or a moment as entries have them; in milliseconds since 1970.
pub(super) fn time_today(text: &str, now_ms: i64, zone: &jiff::tz::TimeZone) -> Result<i64, String> {
    let today = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default().to_zoned(zone.clone()).date();
    match Time::strptime("%H:%M", text) {
        Ok(time) => end_ms(&today.to_datetime(time).to_string(), zone),
        Err(_) => end_ms(text, zone),
    }
}

pub(super) fn one_line(what: &str, text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_REASON || text.chars().any(char::is_control) {
        return Err(format!("{what} is one line of at most {MAX_REASON} characters"));
    }
    Ok(text.to_owned())
}

pub(super) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let meant = match nearest(name, known.clone()) {
        Some(meant) => format!("did you mean {meant}?"),
        None => format!("there is {}", known.collect::<Vec<_>>().join(", ")),
    };
    format!("there is no {what} '{}': {meant}", name.escape_debug())
}

#[cfg(test)]
mod tests;
