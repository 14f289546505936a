//! `schoolgate replay`: a changed policy against what happened.

use super::table::table;
use super::{Context, Failed, Outcome, fail};
use crate::config::Config;
use crate::gate::control::Request;
use crate::gate::{Clock, Snapshot};
use crate::journal::IsoWeek;
use crate::journal::read::{Filter, Week};
use crate::replay::{Replay, Row};
use crate::wire::access_log::MAX_LINE;
use crate::words::category::FIRST_OWN;
use crate::words::escaped;
use crate::{app, ops, reload, replay};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};

/// Hosts of a row in the table: a line of a terminal. `--json` has more.
const SHOWN: usize = 3;

/// Between two looks at the bar.
const LINES: u64 = 4096;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The changed file: a schoolgate.toml, or a profiles.toml, categories.toml or term-dates.toml in the place of the one in
    /// force; or a folder with a whole configuration
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// ISO week of the journal, such as 2026-W47, or `this` [default: the last whole week]
    #[arg(long, value_name = "WEEK", conflicts_with = "log")]
    week: Option<String>,
    /// An access log of squid (its native format) or e2guardian, in the place of the journal
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Why you look: it is written down, and shown in the report
    #[arg(long)]
    purpose: Option<String>,
}

pub fn replay(context: &Context, args: &Args) -> Outcome {
    let config = context.read()?;
    let changed = reload::read_changed(context.config_path(), &args.policy).map_err(|fault| {
        eprintln!("{}", fault.render(io::stderr().is_terminal()));
        Failed
    })?;
    same_categories(&config, &changed)?;
    let now_ms = Clock::System.unix_ms();
    let (zone, data) = (config.school.zone.clone(), config.data.clone());
    let week = match &args.week {
        None => IsoWeek::of(now_ms, &zone).previous(),
        Some(text) if text == "this" => IsoWeek::of(now_ms, &zone),
        Some(text) => IsoWeek::parse(text).map_err(|why| fail(format_args!("'{}' is {why}", text.escape_debug())))?,
    };
    let of = args.log.as_deref().map_or_else(|| week.to_string(), |path| path.display().to_string());
    // It names nobody, but the hosts of a small group may tell whose they are.
    let purpose = context.purpose(args.purpose.as_deref())?;
    ops::look_ups::record(&data, &format!("replay of {of}"), &purpose, now_ms).map_err(fail)?;
    let journal = app::journal_dir(&config);
    if args.log.is_none() {
        context.ask(&config, &Request::Settle)?;
    }
    let now = app::assemble::unnumbered(config).map_err(fail)?;
    let changed = Snapshot::new(0, changed, now.table.clone(), now.locked.clone(), now.register.clone());
    let mut replay = Replay::new(&now, &changed);
    match &args.log {
        None => of_week(&week.file(&journal), week, &mut replay)?,
        Some(path) => of_log(path, &mut replay).map_err(|e| fail(format_args!("{}: {e}", path.display())))?,
    }
    let outcome = replay.finish();
    context.print(&outcome, || text(&outcome, &of))
}

/// The lists are compiled by the categories of today: one that only the changed policy has is on none of them.
fn same_categories(now: &Config, changed: &Config) -> Outcome {
    let other = changed.categories.iter().find(|t| t.category.bit() >= FIRST_OWN && now.category_id(t.category) != t.id);
    match other {
        None => Ok(()),
        Some(title) => Err(fail(format_args!(
            "the lists in force know no category `{}` of bit {}: give it a list in the configuration in force and compile that first",
            title.id,
            title.category.bit()
        ))),
    }
}

fn of_week(file: &Path, week: IsoWeek, replay: &mut Replay) -> Outcome {
    if !file.exists() {
        return Err(fail(format_args!("the journal has nothing of {week}: {} is not there", file.display())));
    }
    let week = Week::open(file).map_err(fail)?;
    let (bar, last) = (bar("events"), week.last_seq().map_err(fail)?);
    let mut first = None;
    for stored in week.events(&Filter::default()) {
        let stored = stored.map_err(fail)?;
        let first = *first.get_or_insert_with(|| {
            bar.set_length(last.saturating_sub(stored.seq));
            stored.seq
        });
        replay.event(&stored);
        if stored.seq % LINES == 0 {
            bar.set_position(stored.seq - first);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

fn of_log(path: &Path, replay: &mut Replay) -> io::Result<()> {
    let file = File::open(path)?;
    let bar = bar("bytes");
    bar.set_length(file.metadata()?.len());
    let mut lines = Lines { from: BufReader::with_capacity(64 << 10, file), line: Vec::new() };
    let (mut read, mut number) = (0, 0_u64);
    while let Some((bytes, fits)) = lines.next()? {
        if fits {
            replay.line(&lines.line)
        } else {
            replay.too_long()
        }
        read += bytes;
        number += 1;
        if number % LINES == 0 {
            bar.set_position(read);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// The lines of a file, of which no more is held than one of them may have.
struct Lines<R> {
    from: R,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// How long the next line is, and whether all of it is held; `None` at the end.
    fn next(&mut self) -> io::Result<Option<(u64, bool)>> {
        self.line.clear();
        let (mut length, mut ended) = (0, false);
        while !ended {
            let bytes = self.from.fill_buf()?;
            if bytes.is_empty() {
                break;
            }
            let end = bytes.iter().position(|b| *b == b'\n').map(|at| at + 1);
            let taken = end.unwrap_or(bytes.len());
            let room = (MAX_LINE + 1).saturating_sub(self.line.len());
            self.line.extend_from_slice(&bytes[..taken.min(room)]);
            (length, ended) = (length + taken as u64, end.is_some());
            self.from.consume(taken);
        }
        Ok((length > 0).then_some((length, self.line.len() <= MAX_LINE)))
    }
}

/// Progress on a terminal; silence elsewhere.
fn bar(of: &str) -> ProgressBar {
    let bar = if io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let template = if of == "bytes" { "{bar:40} {bytes} of {total_bytes} [{eta}]" } else { "{bar:40} {pos} of {len} [{eta}]" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn text(outcome: &replay::Outcome, of: &str) -> String {
    let replay::Outcome { judged, same, by_host_only, unjudged, rows } = outcome;
    let mut lines = vec![format!("{of}: {judged} judged by both, {} of them otherwise", judged - same)];
    if rows.is_empty() {
        lines.push("nothing would change".into());
    } else {
        let mut table = table(["change", "group", "because", "times", "people", "most asked for"]);
        for row in rows {
            table.add_row(cells(row));
        }
        lines.push(table.to_string());
    }
    if *by_host_only > 0 {
        lines.push(format!("{by_host_only} of pages judged by the host alone: their paths are not kept or cannot be read"));
    }
    lines.extend(unjudged.iter().map(|(why, count)| format!("not judged: {count} {}", why.told())));
    lines.push("both by the lists and the register of now; passes, exams, downloads and the words of pages are left out".into());
    lines.join("\n")
}

fn cells(row: &Row) -> [String; 6] {
    let education = if row.education { "EDUCATION " } else { "" };
    let change = format!("{education}{}, was {}", row.is.told(), row.was.told());
    let hosts = row.hosts.iter().take(SHOWN).map(|h| format!("{} ×{}", escaped(&h.host), h.times));
    let hosts = hosts.collect::<Vec<_>>().join(", ");
    let or_none = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    [change, or_none(&row.group), row.because.clone(), row.times.to_string(), row.people.to_string(), hosts]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_end_takes_no_memory_and_the_next_is_read() {
        let text = ["short\n".to_owned(), "x".repeat(5 * MAX_LINE), "\nlast".to_owned()].concat();
        let mut lines = Lines { from: BufReader::with_capacity(100, text.as_bytes()), line: Vec::new() };
        assert_eq!(lines.next().expect("read"), Some((6, true)));
        assert_eq!(lines.next().expect("read"), Some((5 * MAX_LINE as u64 + 1, false)));
        assert!(lines.line.capacity() < 3 * MAX_LINE);
        assert_eq!(lines.next().expect("read"), Some((4, true)));
        assert_eq!(lines.line, b"last");
        assert_eq!(lines.next().expect("read"), None);
    }
}
