//! `schoolgate lists import`: the exceptions another filter has exported, as the school's own entries.

use crate::app::entries::{self, Hand, Imported, Kept};
use crate::cli::{Context, Failed, Outcome, fail};
use crate::config::{Config, Exceptions, MAX_EXCEPTIONS, read_exceptions};
use crate::gate::Snapshot;
use crate::gate::control::{Import, NewEntry, Request};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Most lines of one kind that are shown to a person; `--json` has all.
const SHOWN: usize = 40;

/// Longest reason of an entry, in characters.
const MAX_REASON: usize = 300;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A CSV file: address, allow or block, reason; with a first line that names the columns also group and until
    #[arg(long, value_name = "FILE.csv")]
    own: PathBuf,
    /// Show what would be added, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Leave out the lines that are refused; otherwise one of them refuses the file
    #[arg(long)]
    skip_bad: bool,
}

pub fn import(context: &Context, config: &Config, args: &Args) -> Outcome {
    let read = |e: &dyn std::fmt::Display| fail(format_args!("{}: {e}", args.own.display()));
    let bytes = bytes_of(&args.own).map_err(|e| read(&e))?;
    let file = read_exceptions(&bytes).map_err(|e| read(&e))?;
    let name = args.own.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let notes: Vec<(u64, String)> = file.rows.iter().filter_map(|r| Some((r.line, r.note.clone()?))).collect();
    let request = request(file.clone(), name.clone(), args);
    let (mut said, gate): (Imported, bool) = match context.ask(config, &Request::ImportEntries(request.clone()))? {
        Some(value) => (serde_json::from_value(value).map_err(fail)?, true),
        None => {
            let import =
                |now: &Snapshot, hand: Hand| entries::import(now, &mut Kept::default(), &request, hand, |_| Ok(()), drop);
            (context.by_hand(config, import)?, false)
        }
    };
    // What could not be read at all was not sent.
    said.refused.extend(file.refused);
    said.refused.sort();
    context.print(&said, || text(&said, &notes, args, gate))?;
    if said.refused.is_empty() || said.done { Ok(()) } else { Err(Failed) }
}

fn request(file: Exceptions, name: String, args: &Args) -> Import {
    // One line that is no row refuses the file as one that is refused does: then the gate is only asked what it would say.
    let dry_run = args.dry_run || (!file.refused.is_empty() && !args.skip_bad);
    let row = |r: crate::config::Exception| {
        let reason = match r.reason.as_str() {
            "" => format!("imported from {name}"),
            reason => format!("imported from {name}: {reason}"),
        };
        let reason = reason.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect();
        let entry = NewEntry { host: r.host, allow: r.allow, group: r.group, until: r.until, reason, firm: false, despite: None };
        (r.line, entry)
    };
    Import { file: name.clone(), rows: file.rows.into_iter().map(row).collect(), skip_bad: args.skip_bad, dry_run }
}

/// One byte more than is allowed is enough for the reader to refuse it.
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_EXCEPTIONS as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(said: &Imported, notes: &[(u64, String)], args: &Args, gate: bool) -> String {
    let mut lines = Vec::new();
    let mut part = |title: &str, rows: &[(u64, String)]| {
        if rows.is_empty() {
            return;
        }
        lines.push(format!("{} {title}:", rows.len()));
        lines.extend(rows.iter().take(SHOWN).map(|(line, what)| format!("  line {line}: {what}")));
        if rows.len() > SHOWN {
            lines.push(format!("  and {} more (--json shows all)", rows.len() - SHOWN));
        }
    };
    part(if said.done { "added" } else { "would be added" }, &said.added);
    part("taken for their host", notes);
    part("there already", &said.already);
    part("refused", &said.refused);
    lines.push(match (said.done, gate) {
        (true, true) => format!("{} entries are in force now; `schoolgate entries list` shows them", said.added.len()),
        (true, false) => format!("{} entries are in the file for the next start; no gate is running", said.added.len()),
        (false, _) if args.dry_run => "a dry run: nothing was changed".into(),
        (false, _) if said.refused.is_empty() || args.skip_bad => "there is nothing to add: nothing was changed".into(),
        (false, _) => "nothing was changed: mend the lines that are refused, or leave them out with --skip-bad".into(),
    });
    lines.join("\n")
}
