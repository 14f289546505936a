//! `schoolgate lists`.

use super::table::table;
use super::{Context, Failed, Outcome, fail, say};
use crate::app::status::locked_tier;
use crate::config::Config;
use crate::gate::control::Request;
use crate::lists::{Compiled, Progress, Provenance};
use crate::ops::tables;
use crate::words::{Host, Role};
use comfy_table::CellAlignment;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::IsTerminal;
use std::time::Instant;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Every list: entries, duplicates, rejects by reason
    Status,
    /// Compile all lists into the table and put it in force
    Compile,
    /// Fetch the public lists and put them in force
    Update(super::update::Args),
    /// Which lists name this host or a parent of it, and on which line
    Search { name: String },
}

pub fn lists(context: &Context, command: &Command) -> Outcome {
    let config = context.read()?;
    match command {
        Command::Status => status(context, &config),
        Command::Compile => compile(context, &config),
        Command::Update(args) => super::update::update(context, &config, args),
        Command::Search { name } => search(context, &config, name),
    }
}

/// What became of one list.
#[derive(Serialize)]
struct Row {
    name: String,
    category: String,
    entries: u64,
    duplicates: u64,
    /// Lines refused, by reason, with the first few line numbers.
    rejects: Vec<(String, u64, Vec<u64>)>,
    /// Why the list is not used, if it is not.
    broken: Option<String>,
}

impl Row {
    fn of(list: &Provenance, config: &Config) -> Self {
        Self {
            name: list.name.clone(),
            category: config.category_id(list.category),
            entries: list.entries,
            duplicates: list.duplicates,
            rejects: list.rejects.iter().map(|(why, count, first)| (why.to_string(), count, first.to_vec())).collect(),
            broken: list.broken.map(|b| b.as_str().to_owned()),
        }
    }
}

fn status(context: &Context, config: &Config) -> Outcome {
    let table = tables::current(config, tables::Broken::Endure).map_err(fail)?;
    let rows: Vec<Row> = table.lists().iter().map(|list| Row::of(list, config)).collect();
    let unread = unread(config);
    context.print(&rows, || {
        format!(
            "{}{unread}
locked tier: {}",
            shown(&rows),
            locked_tier(table.lists())
        )
    })
}

fn compile(context: &Context, config: &Config) -> Outcome {
    let begun = Instant::now();
    let compiled = compiled(config)?;
    let rows: Vec<Row> = compiled.lists.iter().map(|list| Row::of(list, config)).collect();
    let entries: u64 = rows.iter().map(|r| r.entries).sum();
    let in_force = put_in_force(context, config)?;
    context.print(&rows, || {
        let size = compiled.bytes.len() as f64 / (1 << 20) as f64;
        format!("{}\n{entries} entries, {size:.1} MiB, in {:.1} s: {in_force}", shown(&rows), begun.elapsed().as_secs_f64())
    })
}

/// Compiles, with a progress bar.
pub(super) fn compiled(config: &Config) -> Result<Compiled, Failed> {
    let bar = Bar::new(config);
    let compiled = tables::compile(config, &mut |progress| bar.show(progress)).map_err(fail)?;
    bar.bar.finish_and_clear();
    Ok(compiled)
}

/// Lets the running gate take the table that is on disk, and says when it is in force.
pub(super) fn put_in_force(context: &Context, config: &Config) -> Result<&'static str, Failed> {
    Ok(match context.ask(config, &Request::Reload)? {
        Some(_) => "in force now",
        None => "for the next start; no gate is running",
    })
}

/// What of the lists' folders is not read, a line each.
fn unread(config: &Config) -> String {
    let line = |u: tables::Unread| format!("\n{}: {} lines of {} are not read: no hosts", u.list, u.lines, u.path.display());
    tables::unread(config).into_iter().map(line).collect()
}

fn shown(rows: &[Row]) -> String {
    let mut table = table(["list", "category", "entries", "duplicates", "rejected"]);
    for row in rows {
        let mut rejects: Vec<String> = row
            .rejects
            .iter()
            .map(|(why, count, first)| {
                let lines = first.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
                format!("{count} {why} (line {lines}{})", if *count > first.len() as u64 { ", …" } else { "" })
            })
            .collect();
        rejects.extend(row.broken.iter().map(|why| format!("NOT USED: {why}")));
        table.add_row([
            row.name.clone(),
            row.category.clone(),
            row.entries.to_string(),
            row.duplicates.to_string(),
            rejects.join("\n"),
        ]);
    }
    for column in [2, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

#[derive(Serialize)]
struct Hit {
    list: String,
    category: String,
    entry: String,
    file: String,
    line: u64,
    text: String,
}

fn search(context: &Context, config: &Config, name: &str) -> Outcome {
    let host = Host::parse(name).map_err(|why| fail(format_args!("'{name}' is not a host: {why}")))?;
    let mut hits = Vec::new();
    // What is on the locked tier is never shown, whoever asks.
    for file in tables::list_files(config).into_iter().filter(|file| file.category.role() != Role::Locked) {
        for entry in host.suffixes().filter_map(|suffix| Host::parse(suffix).ok()) {
            for line in tables::lines(&file, &entry).map_err(|e| fail(format_args!("{}: {e}", file.path.display())))? {
                hits.push(Hit {
                    list: file.name.clone(),
                    category: config.category_id(file.category),
                    entry: entry.to_string(),
                    file: file.path.display().to_string(),
                    line: line.number,
                    text: line.text.clone(),
                });
            }
        }
    }
    if hits.is_empty() && !context.json {
        return say(format_args!("{host} is on no list that is shown"));
    }
    context.print(&hits, || {
        let line = |h: &Hit| format!("{} as {}: {}:{}: {}", h.entry, h.category, h.file, h.line, crate::words::escaped(&h.text));
        hits.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

/// Progress on a terminal; silence elsewhere.
struct Bar {
    bar: ProgressBar,
    names: Vec<String>,
}

impl Bar {
    fn new(config: &Config) -> Self {
        let names = tables::list_files(config).into_iter().map(|f| f.name).collect();
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} [{elapsed}]") {
            bar.set_style(style);
        }
        Self { bar, names }
    }

    fn show(&self, progress: Progress) {
        self.bar.tick();
        self.bar.set_message(match progress {
            Progress::Reading { source, bytes } => {
                let name = self.names.get(source).map_or("", String::as_str);
                format!("list {} of {}: {name}, {} KiB", source + 1, self.names.len(), bytes >> 10)
            }
            Progress::Sorting { entries } => format!("sorting {entries} entries"),
            Progress::Packing { names, total } => format!("packing {names} of {total} names"),
            Progress::Filtering { names } => format!("making the filter of {names} names"),
        });
    }
}
