//! What the configuration's files say now that they did not say before: a change to filtering, whoever made it.
//!
//! `allow` and `block` are written down as they happen. A profile, network or timetable is changed in an editor, so it is
//! compared with what was in force before, at each start and reload; the report shows both.

use super::followed::parts;
use crate::casebook::{self, CasebookFault, Entry, Kind};
use crate::config::Config;
use crate::ops::files;
use crate::policy::{Act, Mode};
use crate::words::NetworkId;
use std::collections::BTreeMap;
use std::path::Path;

/// Who is named when nobody is known: an editor leaves no name.
const WHO: &str = "in the configuration's files";

/// More differences than this are one line: somebody put another configuration in place.
const MOST_LINES: usize = 40;

/// Settings that always say something: where none of a kind was said before, an earlier Schoolgate wrote it, and nothing changed.
const ALWAYS: [&str; 6] = ["report,", "mail,", "leads,", "inside,", "lists,", "matters,"];

/// What each setting says, by its name as people read it.
type Said = BTreeMap<String, String>;

/// Writes down what differs from what was last in force, and remembers what is in force now. A gate goes on answering when
/// this cannot be written: the service log says so.
pub fn note(config: &Config, now_ms: i64) {
    if let Err(fault) = compare(config, now_ms) {
        tracing::error!(%fault, "changes in the configuration's files could not be written down for the report");
    }
}

fn compare(config: &Config, now_ms: i64) -> Result<(), DriftFault> {
    let path = config.data.join("policy.json");
    let stored = files::read_or_empty(&path)?;
    let now = said(config);
    // What cannot be read is as good as a first start: there is nothing to compare with.
    if let Ok(before) = serde_json::from_str::<Said>(&stored) {
        write_down(&config.data, &differences(&before, &now), now_ms)?;
    }
    let bytes = serde_json::to_vec_pretty(&now)?;
    if stored.as_bytes() == bytes { Ok(()) } else { Ok(files::replace(&path, &bytes)?) }
}

/// Why it could not be compared or written down.
#[derive(Debug, thiserror::Error)]
enum DriftFault {
    #[error(transparent)]
    File(#[from] std::io::Error),
    #[error(transparent)]
    Text(#[from] serde_json::Error),
    #[error(transparent)]
    Casebook(#[from] CasebookFault),
}

fn write_down(data: &Path, differences: &[Entry], now_ms: i64) -> Result<(), CasebookFault> {
    if differences.len() > MOST_LINES {
        let what = format!("{} settings of profiles, networks, groups or timetable changed", differences.len());
        let settings = differences.iter().filter_map(|d| d.about.as_deref()).collect::<Vec<_>>().join("; ");
        return casebook::add(data, now_ms, Entry::new(Kind::Change, WHO, what).from_to("", &settings)).map(drop);
    }
    casebook::add_all(data, now_ms, differences.to_vec())
}

fn differences(before: &Said, now: &Said) -> Vec<Entry> {
    let line = |name: &str, what: String, before: &str, after: &str| {
        Entry::new(Kind::Change, WHO, what).about(name).from_to(before, after)
    };
    let changed = now.iter().filter_map(|(name, says)| match before.get(name) {
        Some(said) if said == says => None,
        None if ALWAYS.iter().any(|kind| name.starts_with(kind) && !before.keys().any(|known| known.starts_with(kind))) => None,
        Some(said) => Some(line(name, format!("{name}: {says} (was {said})"), said, says)),
        None => Some(line(name, format!("{name}: {says} (new)"), "", says)),
    });
    let gone = before.iter().filter(|(name, _)| !now.contains_key(*name));
    changed.chain(gone.map(|(name, said)| line(name, format!("{name}: gone (was {said})"), said, ""))).collect()
}

/// Everything in the files that decides, but for the entries of the commands, which are written down as they are made.
fn said(config: &Config) -> Said {
    let policy = &config.policy;
    let named = |id| policy.profile(id).map_or("", |p| p.name.as_str());
    let mut said = Said::new();
    for profile in &policy.profiles {
        for title in &config.categories {
            said.insert(format!("profile {}, {}", profile.name, title.id), profile.cell(title.category).to_string());
        }
        said.insert(format!("profile {}, what no list names", profile.name), profile.otherwise.to_string());
        said.insert(format!("profile {}, search engines", profile.name), profile.safe.to_string());
        let rshe = if profile.rshe { Act::Allow } else { Act::Block };
        said.insert(format!("profile {}, rshe whatever else it is listed as", profile.name), rshe.to_string());
    }
    for network in &policy.networks {
        let mode = match network.mode {
            Mode::Enforce => "enforced",
            Mode::Watch => "WATCHING",
            Mode::Off => "OFF",
        };
        let profile = policy.group(network.group).map_or("", |g| named(g.profile));
        let ranges: Vec<String> = network.ranges.iter().map(ToString::to_string).collect();
        // Short, so that a line of the report holds it.
        said.insert(format!("network {}, mode", network.name), mode.to_owned());
        said.insert(format!("network {}, unknown devices", network.name), profile.to_owned());
        let ech = if network.keep_ech { "kept" } else { "taken out" };
        said.insert(format!("network {}, ECH in answers", network.name), ech.to_owned());
        said.insert(format!("network {}, while the gate is down", network.name), network.when_down.to_string());
        let named = if network.only_resolved { "refused" } else { "by their address" };
        said.insert(format!("network {}, addresses without a name", network.name), named.to_owned());
        said.insert(format!("network {}, ranges", network.name), ranges.join(" "));
    }
    for group in &policy.groups {
        said.insert(format!("group {}", group.name), format!("profile {}", named(group.profile)));
    }
    for cell in policy.timetable.cells() {
        said.insert(format!("timetable {}", cell.name), format!("{} {}", cell.act, config.category_id(cell.category)));
    }
    let list = |names: &[String]| if names.is_empty() { "nobody".to_owned() } else { names.join(" ") };
    let report = &config.report;
    said.extend(parts(report).map(|(part, _, names)| (format!("report, {part}"), list(names))));
    said.insert("report, made".into(), format!("day {}, {:02}:{:02}", report.day, report.minute / 60, report.minute % 60));
    let told =
        |names: fn(&crate::config::Mail) -> &[String]| config.mail.as_ref().map_or_else(|| list(&[]), |mail| list(names(mail)));
    said.insert("mail, to".into(), told(|mail| &mail.to));
    said.insert("mail, deputies".into(), told(|mail| &mail.deputies));
    said.insert("mail, head".into(), told(|mail| &mail.head));
    said.insert("leads, who agree to passes".into(), list(&config.school.leads));
    let looked = |id: &NetworkId| policy.networks.get(usize::from(id.0)).map(|n| n.name.clone());
    said.insert("inside, networks".into(), list(&config.inside.networks.iter().filter_map(looked).collect::<Vec<_>>()));
    let left: Vec<String> = config.inside.except.iter().map(ToString::to_string).collect();
    said.insert("inside, hosts left alone".into(), list(&left));
    let lists: Vec<String> = config.lists.public.iter().map(|l| l.name.clone()).collect();
    said.insert("lists, public".into(), list(&lists));
    said.insert("matters, points that are enough".into(), config.scoring.enough.to_string());
    for (theme, tier) in &config.scoring.themes {
        said.insert(format!("matters, {theme}"), tier.to_string());
    }
    for entry in policy.own.iter().filter(|e| e.id >= crate::config::FIRST_WORKED_OUT) {
        let group = entry.group.and_then(|g| policy.group(g)).map_or("everyone", |g| g.name.as_str());
        said.insert(format!("entry {} for {group}", entry.host), entry.act.to_string());
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_said_with_what_it_was() {
        let map = |rows: &[(&str, &str)]| rows.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Said>();
        let before = map(&[("network lab", "enforced"), ("profile p, games", "block"), ("entry a for everyone", "allow")]);
        let now = map(&[("network lab", "WATCHING"), ("profile p, games", "block"), ("group g", "profile p")]);
        assert_eq!(
            differences(&before, &now).iter().map(|d| d.what.as_str()).collect::<Vec<_>>(),
            ["group g: profile p (new)", "network lab: WATCHING (was enforced)", "entry a for everyone: gone (was allow)"]
        );
        let first = &differences(&before, &now)[1];
        let said = [&first.about, &first.before, &first.after].map(|t| t.as_deref());
        assert_eq!(said, [Some("network lab"), Some("enforced"), Some("WATCHING")]);
        let later = map(&[("report, dsl", "a.lead"), ("report, head", "nobody")]);
        assert_eq!(differences(&map(&[]), &later), [], "what an earlier Schoolgate did not write down has not changed");
        assert_eq!(differences(&map(&[("report, dsl", "nobody")]), &later).len(), 2);
    }
}
