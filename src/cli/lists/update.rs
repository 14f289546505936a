//! `schoolgate lists update`.

use super::compile::{compiled, put_in_force};
use crate::cli::table::table;
use crate::cli::{Context, Failed, Outcome, fail, say};
use crate::config::{Config, PublicList, nearest};
use crate::lists::Provenance;
use crate::ops::tables;
use crate::ops::update::{self, How, Row, Watch};
use comfy_table::CellAlignment;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these lists
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Fetch, check and read everything, and keep nothing
    #[arg(long)]
    dry_run: bool,
    /// Fetch nothing: print the hosts this box must be able to reach for these lists
    #[arg(long, conflicts_with = "dry_run")]
    hosts: bool,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Said<'a> {
    lists: &'a [Row],
    in_force: &'a str,
    hosts: &'a BTreeSet<String>,
}

pub fn update(context: &Context, config: &Config, args: &Args) -> Outcome {
    let lists = chosen(config, &args.names)?;
    let hosts = update::hosts(&lists);
    if args.hosts {
        return context.print(&hosts, || hosts.iter().cloned().collect::<Vec<_>>().join("\n"));
    }
    if lists.is_empty() {
        return say("no public list is chosen: `fetch` under [lists], or a [[list]] with `url`");
    }
    let bars = Arc::new(Bars::new(&lists));
    let how = How { dry_run: args.dry_run, ..How::default() };
    let mut report = update::update_here(config, &lists, &how, bars.clone()).map_err(fail)?;
    bars.all.clear().map_err(fail)?;

    let in_force = if args.dry_run {
        "nothing was kept (--dry-run)"
    } else if tables::is_current(config) {
        "the table is what it was"
    } else {
        match compiled(config, &[]) {
            Ok(made) => {
                report.rows.iter_mut().for_each(|row| refuse(row, &made.lists));
                put_in_force(context, config)?
            }
            // What is wrong has been said; what became of the fetched lists is still worth reading.
            Err(Failed) => NOT_IN_FORCE,
        }
    };
    let said = Said { lists: &report.rows, in_force, hosts: &hosts };
    context.print(&said, || shown(&report.rows, config, in_force, &hosts))?;
    let went_wrong = [update::Outcome::Failed, update::Outcome::Refused].into_iter().any(|result| report.any(result));
    if went_wrong || in_force == NOT_IN_FORCE { Err(Failed) } else { Ok(()) }
}

const NOT_IN_FORCE: &str = "NOT in force: one of the school's own lists is refused, as said above; mend it or take it out";

/// A list that came and is not used: it shrank, or is no list.
fn refuse(row: &mut Row, lists: &[Provenance]) {
    let Some(list) = lists.iter().find(|list| list.name == row.list) else { return };
    let why = match (&list.refused, list.broken) {
        (Some(why), _) => format!("{why}; its last good version is in force"),
        (None, Some(broken)) => format!("{broken}; nothing of it is in force"),
        (None, None) => return,
    };
    (row.result, row.why) = (update::Outcome::Refused, Some(why));
}

/// The lists that are meant: all that the configuration chose, or those that are named.
fn chosen(config: &Config, names: &[String]) -> Result<Vec<PublicList>, Failed> {
    let all = &config.lists.public;
    if names.is_empty() {
        return Ok(all.clone());
    }
    let find = |name: &String| {
        all.iter().find(|list| list.name == *name).cloned().ok_or_else(|| {
            let near = nearest(name, all.iter().map(|list| list.name.as_str()));
            let near = near.map_or("`fetch` under [lists] chooses them".to_owned(), |near| format!("did you mean '{near}'?"));
            fail(format_args!("no list '{}' is fetched: {near}", crate::words::escaped(name)))
        })
    };
    names.iter().map(find).collect()
}

fn shown(rows: &[Row], config: &Config, in_force: &str, hosts: &BTreeSet<String>) -> String {
    let mut table = table(["list", "category", "result", "size", "date"]);
    let mut reasons = String::new();
    for row in rows {
        let date = row.fetched_ms.map_or(String::new(), |ms| date(ms, config));
        let result = match (row.result, &row.why) {
            (update::Outcome::New, _) => format!("new{}", looked(row)),
            (update::Outcome::Same, _) => format!("same{}", looked(row)),
            (update::Outcome::Refused, why) => {
                reasons.push_str(&format!("\n{}: NOT USED: {}", row.list, why.as_deref().unwrap_or_default()));
                "NOT USED".to_owned()
            }
            (update::Outcome::Failed, why) => {
                // What a server said may be in it: nothing of that steers the terminal.
                let why: String = why.iter().flat_map(|why| why.chars()).filter(|c| !c.is_control()).collect();
                let kept = if date.is_empty() { "there is none".to_owned() } else { format!("kept from {date}") };
                reasons.push_str(&format!("\n{}: FAILED: {why}; {kept}", row.list));
                "FAILED".to_owned()
            }
        };
        let size = row.bytes.map_or(String::new(), |bytes| format!("{} KiB", bytes.div_ceil(1024)));
        table.add_row([row.list.clone(), row.category.clone(), result, size, date]);
    }
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let hosts = hosts.iter().cloned().collect::<Vec<_>>().join(", ");
    let reach = match &config.lists.offline {
        Some(folder) => format!("taken from {}", folder.display()),
        None => format!("this box must be able to reach, on port 443: {hosts}{}", asked(config)),
    };
    format!("{table}{reasons}\n{in_force}\n{reach}")
}

/// What a dry run has read in it.
fn looked(row: &Row) -> String {
    match &row.looked {
        Some(looked) if looked.refused > 0 => format!(": {} entries, {} lines refused", looked.entries, looked.refused),
        Some(looked) => format!(": {} entries", looked.entries),
        None => String::new(),
    }
}

/// Whom the hosts' addresses are asked of.
fn asked(config: &Config) -> String {
    match config.lists.bootstrap.as_slice() {
        [] => String::new(),
        some => format!(
            "\nand on port 53, for their addresses: {}",
            some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        ),
    }
}

fn date(ms: i64, config: &Config) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.to_zoned(config.school.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A bar a list on a terminal; elsewhere a line when each has ended.
struct Bars {
    all: MultiProgress,
    bars: Vec<ProgressBar>,
    ended: AtomicUsize,
    lines: bool,
}

impl Bars {
    fn new(lists: &[PublicList]) -> Self {
        let target = if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let all = MultiProgress::with_draw_target(target);
        let style = ProgressStyle::with_template("{prefix:30!} {wide_bar} {bytes:>10} {msg}");
        let bars = lists.iter().map(|list| {
            let bar = all.add(ProgressBar::new(0).with_prefix(list.name.clone()));
            if let Ok(style) = &style {
                bar.set_style(style.clone());
            }
            bar
        });
        let bars = bars.collect();
        Self { all, bars, ended: AtomicUsize::new(0), lines: !std::io::stderr().is_terminal() }
    }
}

impl Watch for Bars {
    fn moved(&self, list: usize, bytes: u64, total: Option<u64>) {
        if let Some(bar) = self.bars.get(list) {
            bar.set_length(total.unwrap_or(bytes).max(bytes));
            bar.set_position(bytes);
        }
    }

    fn ended(&self, list: usize, row: &Row) {
        let ended = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
        if self.lines {
            let result = match row.result {
                update::Outcome::New | update::Outcome::Same => "fetched",
                update::Outcome::Failed => "FAILED",
                update::Outcome::Refused => "NOT USED",
            };
            eprintln!("{ended} of {}: {} {result}{}", self.bars.len(), row.list, looked(row));
        }
        if let Some(bar) = self.bars.get(list) {
            bar.finish_with_message(match row.result {
                update::Outcome::New => "new",
                update::Outcome::Same => "same",
                update::Outcome::Failed | update::Outcome::Refused => "failed",
            });
        }
    }
}
