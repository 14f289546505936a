//! Who is told what: letters and notices without a name, a theme or anything that happened.

use super::hours;
use crate::app::mail::letter::Letter;
use crate::config::Config;
use crate::gate::alerts::{Alert, How, Notice, State, Told};
use serde_json::json;

const MINUTE_MS: i64 = 60 * 1000;

/// Most notices that wait for another system. Of more the oldest go.
const MOST_NOTICES: usize = 500;

/// Marks what is due as told, and gives the letters of it: whoever calls posts them before it is kept.
pub fn due(state: &mut State, config: &Config, now_ms: i64) -> Vec<Letter> {
    let mut letters = Vec::new();
    let mut notices = Vec::new();
    let quiet = hours::is_quiet(&config.alerts, &config.school.zone, now_ms);
    let waits = |alert: &Alert| alert.acknowledged.is_none();
    let mut digest = Vec::new();
    for alert in state.alerts.iter_mut().filter(|alert| waits(alert) && alert.told.is_empty() && alert.due_ms <= now_ms) {
        let at_once = alert.critical || alert.due_ms < hours::next_digest(&config.alerts, &config.school.zone, alert.first_ms);
        let out = quiet && !config.alerts.out_of_hours.is_empty();
        let how = match at_once {
            true if out => How::OutOfHours,
            true => How::AtOnce,
            false => How::Digest,
        };
        alert.told.push(Told { when_ms: now_ms, how });
        notices.push(notice(config, alert.number, how, now_ms));
        if how == How::Digest {
            digest.push(alert.number);
            continue;
        }
        let to = if out { config.alerts.out_of_hours.clone() } else { Vec::new() };
        letters.push(one(config, alert, to, now_ms));
    }
    if !digest.is_empty() {
        letters.push(several(config, &digest, now_ms));
    }
    let after_ms = i64::from(config.alerts.deputy_after) * MINUTE_MS;
    for alert in state.alerts.iter_mut().filter(|alert| alert.critical && waits(alert)) {
        let Some(first) = alert.told.first() else { continue };
        if now_ms - first.when_ms < after_ms || alert.told.iter().any(|told| told.how == How::Deputy) {
            continue;
        }
        alert.told.push(Told { when_ms: now_ms, how: How::Deputy });
        notices.push(notice(config, alert.number, How::Deputy, now_ms));
        letters.push(again(config, alert, now_ms));
    }
    if config.alerts.webhook.is_some() {
        state.notices.extend(notices);
        let more = state.notices.len().saturating_sub(MOST_NOTICES);
        state.notices.drain(..more);
    }
    letters
}

/// Where to look, as every letter ends.
fn place(config: &Config, number: u32) -> String {
    let link = config.mail.as_ref().and_then(|mail| mail.link.as_ref());
    let desk = link.map(|link| format!("    {link}\n\nor at the gateway:\n\n")).unwrap_or_default();
    format!(
        "This mail names nobody and nothing that happened. Open the desk:\n\n{desk}    schoolgate alerts list --purpose '…'\n    \
         schoolgate alerts acknowledge {number}\n"
    )
}

fn one(config: &Config, alert: &Alert, to: Vec<String>, now_ms: i64) -> Letter {
    let number = alert.number;
    let now = if alert.critical { " now" } else { "" };
    let body = format!("One matter needs you{now}: open the desk. Its number is {number}.\n\n{}", place(config, number));
    Letter::plain(&format!("alert-{number}"), to, format!("Alert {number}: one matter needs you{now}"), body, now_ms)
}

fn several(config: &Config, numbers: &[u32], now_ms: i64) -> Letter {
    let listed: Vec<_> = numbers.iter().map(ToString::to_string).collect();
    let (matters, need) = match numbers.len() {
        1 => ("One matter".to_owned(), "needs"),
        n => (format!("{n} matters"), "need"),
    };
    let first = numbers.first().copied().unwrap_or_default();
    let body = format!("{matters} {need} you today: open the desk. Alerts: {}.\n\n{}", listed.join(", "), place(config, first));
    let subject = format!("Alerts {}: {} {need} you today", listed.join(", "), matters.to_lowercase());
    Letter::plain(&format!("alerts-{first}"), Vec::new(), subject, body, now_ms)
}

fn again(config: &Config, alert: &Alert, now_ms: i64) -> Letter {
    let number = alert.number;
    let minutes = config.alerts.deputy_after;
    let body = format!(
        "One matter needs you now, for nobody has acknowledged it in {minutes} minutes: open the desk. Its number is {number}.\n\n{}",
        place(config, number)
    );
    let subject = format!("Alert {number}: nobody has acknowledged it");
    Letter::plain(&format!("alert-{number}-again"), config.alerts.deputy.clone(), subject, body, now_ms)
}

/// What another system is told: numbers and a link.
fn notice(config: &Config, number: u32, how: How, now_ms: i64) -> Notice {
    let how = serde_json::to_value(how).unwrap_or_default();
    let id = format!("alert-{number}-{}", how.as_str().unwrap_or_default());
    let said = json!({
        "id": id,
        "kind": "alert",
        "school": config.school.name,
        "gateway": config.school.gateway,
        "alert": number,
        "how": how,
        "text": "One matter needs you: open the desk.",
        "link": config.mail.as_ref().and_then(|mail| mail.link.clone()),
        "when_ms": now_ms,
    });
    Notice { id, body: said.to_string(), made_ms: now_ms, next_ms: now_ms, tries: 0, why: String::new() }
}

/// What is wrong with the gate, and what no longer is, for who looks after it.
pub fn health(config: &Config, begun: &[String], over: &[String], now_ms: i64) -> (Option<Letter>, Notice) {
    let part = |title: &str, lines: &[String]| match lines {
        [] => String::new(),
        lines => format!("{title}:\n\n{}\n\n", lines.iter().map(|line| format!("  - {line}")).collect::<Vec<_>>().join("\n")),
    };
    let subject = match (begun.len(), over.len()) {
        (0, over) => format!("Gateway {}: {over} over", config.school.gateway),
        (begun, _) => format!("Gateway {}: {begun} to look at", config.school.gateway),
    };
    let body = format!(
        "{}{}This is sent when something begins and when it is over: `schoolgate status` shows what is so now.\n",
        part("It needs somebody", begun),
        part("It is over", over)
    );
    let id = format!("health-{now_ms}");
    let said = json!({
        "id": id, "kind": "health", "school": config.school.name, "gateway": config.school.gateway, "begun": begun.len(),
        "over": over.len(), "when_ms": now_ms,
    });
    let notice = Notice { id: id.clone(), body: said.to_string(), made_ms: now_ms, next_ms: now_ms, tries: 0, why: String::new() };
    let letter = (!config.alerts.it.is_empty()).then(|| Letter::plain(&id, config.alerts.it.clone(), subject, body, now_ms));
    (letter, notice)
}
