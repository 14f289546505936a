//! The school's own entries changed: one more or one less, in force or not at all.

use super::entries_file;
use crate::config::{self, Config, Text, WrittenEntry};
use crate::gate::control::NewEntry;
use crate::ops::changes::{self, Change};
use crate::ops::tables::Broken;
use crate::ops::{files, locked};
use crate::policy::Act;
use crate::words::{Category, CategorySet, Host, Url};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// Writes one entry more, and puts it in force with `enforce`; if that refuses, the file is as it was.
///
/// # Errors
/// What is wrong with the entry, or why it cannot be in force.
pub fn add(
    config: &Config,
    new: &NewEntry,
    by: &str,
    now_ms: i64,
    enforce: impl FnOnce() -> Result<(), String>,
) -> Result<u32, String> {
    let zone = &config.school.zone;
    let entry = written(new, by, now_ms, zone)?;
    // It would change nothing there, and stand in the file, the log and the report.
    let sealed = locked::load(config, Broken::Endure).map_err(|fault| fault.to_string())?;
    if sealed.find(&entry.host, "").is_some() {
        return Err("a locked list says what is done with this address: no entry changes that, so none is made".into());
    }
    let (what, why) = (told(&entry, zone), entry.reason.clone());
    let id = change(config, enforce, |text| config::add_entry(text, zone, entry).map_err(|e| e.to_string()))?;
    record(config, Change { when_ms: now_ms, who: by.to_owned(), what, why })?;
    Ok(id)
}

/// Takes one entry out, as [`add`] puts one in.
///
/// # Errors
/// There is no such entry, or what is left cannot be in force.
pub fn remove(
    config: &Config,
    id: u32,
    reason: &str,
    by: &str,
    now_ms: i64,
    enforce: impl FnOnce() -> Result<(), String>,
) -> Result<WrittenEntry, String> {
    let zone = &config.school.zone;
    let why = not_empty(reason)?.to_owned();
    let removed = change(config, enforce, |text| {
        let text = text.ok_or_else(|| config::EntryFault::Unknown(id).to_string())?;
        config::remove_entry(text, zone, id).map_err(|e| e.to_string())
    })?;
    let what = format!("take back: {}", told(&removed, zone));
    record(config, Change { when_ms: now_ms, who: by.to_owned(), what, why })?;
    Ok(removed)
}

/// An entry in the words of the report's list of changes.
fn told(entry: &WrittenEntry, zone: &TimeZone) -> String {
    let group = entry.group.as_ref().map_or_else(String::new, |g| format!(" for {g}"));
    let firm = if entry.firm { " (firm)" } else { "" };
    let despite: String = entry.despite.iter().map(|c| format!(" despite {c}")).collect();
    let until = entry.until_ms.map_or_else(String::new, |ms| format!(" until {}", end(ms, zone)));
    format!("{} {}{group}{firm}{despite}{until}", entry.act, entry.host)
}

/// When an entry ends, as people say it: the day through whose end it holds, or a time.
pub fn end(until_ms: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_millisecond(until_ms).unwrap_or_default().to_zoned(zone.clone()).datetime();
    match at.date().yesterday() {
        Ok(last) if at.time() == Time::midnight() => last.to_string(),
        _ => at.strftime("%Y-%m-%d %H:%M").to_string(),
    }
}

fn record(config: &Config, change: Change) -> Result<(), String> {
    let fault = |fault| format!("it is in force, but could not be written down for the report: {fault}");
    changes::record(&config.data, &change).map_err(fault)
}

fn not_empty(reason: &str) -> Result<&str, String> {
    Some(reason.trim()).filter(|r| !r.is_empty()).ok_or_else(|| "--reason is empty: it stands in the log and the report".into())
}

/// Every entry of the file, with who made it, when and why.
///
/// # Errors
/// The file cannot be read or understood.
pub fn list(config: &Config) -> Result<Vec<WrittenEntry>, String> {
    match read(config)? {
        Some(text) => config::list_entries(&text, &config.school.zone).map_err(|e| e.to_string()),
        None => Ok(Vec::new()),
    }
}

fn change<T>(
    config: &Config,
    enforce: impl FnOnce() -> Result<(), String>,
    edit: impl FnOnce(Option<&Text>) -> Result<(String, T), String>,
) -> Result<T, String> {
    let path = entries_file(config);
    let before = read(config)?;
    let (after, said) = edit(before.as_ref())?;
    let file_fault = |fault| format!("{}: {fault}", path.display());
    files::replace(&path, after.as_bytes()).map_err(file_fault)?;
    if let Err(refused) = enforce() {
        let undone = match &before {
            Some(text) => files::replace(&path, text.text.as_bytes()),
            None => std::fs::remove_file(&path),
        };
        undone.map_err(|fault| format!("{refused}\nand it could not be undone: {}", file_fault(fault)))?;
        return Err(refused);
    }
    Ok(said)
}

fn read(config: &Config) -> Result<Option<Text>, String> {
    let path = entries_file(config);
    let text = files::read_or_empty(&path).map_err(|fault| format!("{}: {fault}", path.display()))?;
    Ok((!text.is_empty()).then_some(Text { path, text }))
}

fn written(new: &NewEntry, by: &str, now_ms: i64, zone: &TimeZone) -> Result<WrittenEntry, String> {
    let host = Host::parse(&new.host).map_err(|why| {
        let meant = match Url::parse(new.host.strip_prefix("*.").unwrap_or(&new.host)) {
            Ok(url) => format!("did you mean {}? An entry is of a whole name, with everything below it", url.host),
            Err(_) => why.to_string(),
        };
        format!("'{}' is not a host: {meant}", new.host.escape_debug())
    })?;
    let reason = not_empty(&new.reason)?;
    let until_ms = new.until.as_deref().map(|text| end_ms(text, zone)).transpose()?;
    if until_ms.is_some_and(|end| end <= now_ms) {
        return Err(format!("--until {} is over already", new.until.as_deref().unwrap_or_default().escape_debug()));
    }
    let despite = match new.despite.as_deref() {
        None => CategorySet::EMPTY,
        Some("malware") => CategorySet::of(&[Category::MALWARE]),
        Some("phishing") => CategorySet::of(&[Category::PHISHING]),
        Some(other) => return Err(format!("--despite is malware or phishing, not '{}'", other.escape_debug())),
    };
    Ok(WrittenEntry {
        id: 0,
        host,
        act: if new.allow { Act::Allow } else { Act::Block },
        group: new.group.clone(),
        firm: new.firm,
        despite,
        until_ms,
        reason: reason.to_owned(),
        by: by.to_owned(),
        made_ms: Some(now_ms),
    })
}

/// When an entry ends: a date holds to its end, a time without a zone is the school's.
fn end_ms(text: &str, zone: &TimeZone) -> Result<i64, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.as_millisecond());
    }
    let local = match text.parse::<Date>() {
        Ok(date) if !text.contains('T') => date.tomorrow().map(|d| d.at(0, 0, 0, 0)),
        _ => text.parse::<DateTime>(),
    };
    let at = local.and_then(|local| local.to_zoned(zone.clone()));
    at.map(|at| at.timestamp().as_millisecond())
        .map_err(|_| format!("'{}' is not a date such as 2026-12-18 or a time such as 2026-12-18T16:00", text.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_would_be_over_or_is_no_name_is_refused_with_what_was_meant() {
        let new = |host: &str, until: Option<&str>| NewEntry {
            host: host.into(),
            allow: true,
            group: None,
            until: until.map(str::to_owned),
            reason: "maths".into(),
            firm: false,
            despite: None,
        };
        let now = "2026-11-18T10:00:00Z".parse::<Timestamp>().expect("a time").as_millisecond();
        let refused = |host, until| written(&new(host, until), "root", now, &TimeZone::UTC).map(|e| e.host).expect_err(host);
        assert!(refused("quiz.example", Some("2026-11-17")).contains("2026-11-17 is over"));
        assert!(written(&new("quiz.example", Some("2026-11-18")), "root", now, &TimeZone::UTC).is_ok());
        for pasted in ["https://quiz.example/play?x=1", "quiz.example/play", "*.quiz.example"] {
            assert!(refused(pasted, None).contains("did you mean quiz.example?"), "{pasted}");
        }
    }

    #[test]
    fn an_end_is_told_as_it_was_written() {
        let london = TimeZone::get("Europe/London").expect("a zone");
        for (written, told) in [("2026-06-18", "2026-06-18"), ("2026-06-18T16:00", "2026-06-18 16:00")] {
            assert_eq!(end(end_ms(written, &london).expect("a time"), &london), told);
        }
    }

    #[test]
    fn a_date_holds_to_its_end_in_the_school_s_zone() {
        let london = TimeZone::get("Europe/London").expect("a zone");
        for (text, at) in [
            ("2026-06-18", Some("2026-06-18T23:00:00Z")),
            ("2026-06-18T16:00", Some("2026-06-18T15:00:00Z")),
            ("2026-06-18T16:00:00Z", Some("2026-06-18T16:00:00Z")),
            ("2026-02-30", None),
            ("soon", None),
        ] {
            let expected = at.map(|at| at.parse::<Timestamp>().expect("a time").as_millisecond());
            assert_eq!(end_ms(text, &london).ok(), expected, "{text}");
        }
    }
}
