//! `schoolgate allow`, `block`, `entries`: the school's own entries.

use super::effect::Effect;
use super::table::table;
use super::{Context, Outcome, fail, say};
use crate::app;
use crate::app::entries::{self, Hand, Kept};
use crate::config::{Config, WrittenEntry};
use crate::gate::Snapshot;
use crate::gate::control::{NewEntry, Request};
use crate::policy::{Entry, Step};
use serde::Serialize;
use std::collections::HashMap;

#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// The name; everything below it goes with it
    name: String,
    /// Only for this group [default: the whole school]
    #[arg(long)]
    group: Option<String>,
    /// Until this local date or time, such as 2026-12-18 or 2026-12-18T16:00
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Why: it stands in the log and the report
    #[arg(long)]
    reason: String,
    /// (block) Before passes and everything below them
    #[arg(long)]
    firm: bool,
    /// (allow) Although the lists call this exact host this; needs --until, at most 30 days away
    #[arg(long, value_name = "malware|phishing")]
    despite: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// All of them, with who, when and why
    List,
    /// Remove one by its number
    Remove {
        /// Its number, as `entries list` shows it
        id: u32,
        /// Why: it stands in the log and the report
        #[arg(long)]
        reason: String,
    },
}

pub fn add(context: &Context, args: AddArgs, allow: bool) -> Outcome {
    let config = context.read_as_far()?;
    let entry = NewEntry {
        host: args.name,
        allow,
        group: args.group,
        until: args.until,
        reason: args.reason,
        firm: args.firm,
        despite: args.despite,
    };
    let what = if allow { "allows" } else { "blocks" };
    let step = if entry.firm { Step::Firm } else { Step::Own };
    let effect = Effect::of(context, &config, &entry.host, entry.group.as_deref(), step, allow);
    let said = match context.ask(&config, &Request::AddEntry(entry.clone()))? {
        Some(value) => format!("entry {} {what} {}: in force now", value["id"], entry.host),
        None => {
            let add = |now: &Snapshot, hand: Hand| entries::add(now, &mut Kept::default(), &entry, hand, |_| Ok(()), drop);
            let id = context.by_hand(&config, add)?;
            format!("entry {id} {what} {}: no gate is running, so it is in {} for the next start", entry.host, shown(&config))
        }
    };
    // Where no gate is running, what has been written is read again.
    let told = effect.map_or_else(|| Ok(String::new()), |effect| effect.told(context, &context.read_as_far()?))?;
    say(said + &told)
}

pub fn entries(context: &Context, command: &Command) -> Outcome {
    let config = context.read_as_far()?;
    match command {
        Command::List => list(context, &config),
        Command::Remove { id, reason } => {
            let said = match context.ask(&config, &Request::RemoveEntry { id: *id, reason: reason.clone() })? {
                Some(_) => format!("entry {id} is removed"),
                None => {
                    let which = (*id, reason.as_str());
                    let remove =
                        |now: &Snapshot, hand: Hand| entries::remove(now, &mut Kept::default(), which, hand, |_| Ok(()), drop);
                    context.by_hand(&config, remove)?;
                    format!("entry {id} is removed from {}; no gate is running", shown(&config))
                }
            };
            say(said)
        }
    }
}

#[derive(Serialize)]
struct Row<'a> {
    id: u32,
    action: &'static str,
    host: String,
    group: Option<&'a str>,
    firm: bool,
    until_ms: Option<i64>,
    reason: &'a str,
    /// Who wrote it; `None`: it stands in the configuration.
    by: Option<String>,
    made_ms: Option<i64>,
}

fn list(context: &Context, config: &Config) -> Outcome {
    let mut own: Vec<&Entry> = config.policy.own.iter().collect();
    own.sort_by_key(|e| e.id);
    let written: HashMap<u32, WrittenEntry> =
        entries::list(config).map_err(fail)?.into_iter().map(|entry| (entry.id, entry)).collect();
    let rows: Vec<Row> = own
        .iter()
        .map(|e| Row {
            id: e.id,
            action: e.act.word(),
            host: e.host.to_string(),
            group: e.group.and_then(|g| config.policy.group(g)).map(|g| g.name.as_str()),
            firm: e.firm,
            until_ms: e.until_ms,
            reason: &e.reason,
            by: written.get(&e.id).map(|w| w.by.clone()),
            made_ms: written.get(&e.id).and_then(|w| w.made_ms),
        })
        .collect();
    context.print(&rows, || {
        if rows.is_empty() {
            return "no entries. `schoolgate allow NAME --reason '…'` makes one".into();
        }
        let mut table = table(["id", "does", "name, and why", "for", "until", "by, made"]);
        let now = crate::gate::Clock::System.unix_ms();
        for row in &rows {
            let until = row.until_ms.map_or_else(String::new, |ms| {
                let over = if ms <= now { " (over)" } else { "" };
                entries::end(ms, &config.school.zone) + over
            });
            let does = if row.firm { format!("{} (firm)", row.action) } else { row.action.to_owned() };
            let by = row.by.clone().unwrap_or_else(|| "the configuration".into());
            table.add_row([
                row.id.to_string(),
                does,
                format!("{}\n{}", row.host, row.reason),
                row.group.unwrap_or("everyone").into(),
                until,
                match row.made_ms {
                    Some(ms) => format!("{by}\n{}", local(ms, config)),
                    None => by,
                },
            ]);
        }
        table.to_string()
    })
}

fn local(ms: i64, config: &Config) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(config.school.zone.clone());
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

fn shown(config: &Config) -> String {
    app::entries_file(config).display().to_string()
}
