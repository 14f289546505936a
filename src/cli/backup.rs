//! `schoolgate backup` and `schoolgate restore`.

use super::{Context, Failed, Outcome, fail};
use crate::gate::Clock;
use crate::gate::control::Request;
use crate::ops::backup::{self, Manifest, Place, long_enough, passphrase, restore};
use crate::reload;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    /// The folder, on another disk or machine [default: that of [backup]]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Its first line is the passphrase that opens the backup [default: that of [backup]]
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Delete all but the newest so many of this gateway's [default: that of [backup], else 14]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// A backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder of the data, empty or not there; without it the backup is read to its end and checked, and nothing is written
    #[arg(long, value_name = "DATA")]
    to: Option<PathBuf>,
    /// Its first line is the passphrase [default: asked at the terminal]
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

pub fn backup(context: &Context, args: &BackupArgs) -> Outcome {
    let config = context.read()?;
    let main = reload::main_file(context.config_path()).map_err(fail)?;
    let wanted = config.backup.as_ref();
    let to = args.to.as_ref().or(wanted.map(|w| &w.to));
    let to = to.ok_or_else(|| fail("where to? say --to DIR, or write [backup] in the configuration"))?;
    let file = args.passphrase_file.as_ref().or(wanted.map(|w| &w.passphrase_file));
    let words = match file {
        Some(file) => passphrase(file).map_err(fail)?,
        None => asked()?,
    };
    context.ask(&config, &Request::Settle)?;
    let bar = bar();
    let keep = args.keep.or(wanted.map(|w| w.keep)).unwrap_or(14) as usize;
    let place = Place { to, passphrase: &words, keep };
    let good =
        backup::make(&config, &main, place, Clock::System.unix_ms(), &mut |bytes| bar.set_position(bytes)).map_err(fail)?;
    bar.finish_and_clear();
    context.print(&good, || {
        let size = good.bytes as f64 / f64::from(1 << 20);
        format!("{} files, {size:.1} MiB, written and read again: {}", good.files, good.file.display())
    })
}

pub fn restore(context: &Context, args: &RestoreArgs) -> Outcome {
    let words = match &args.passphrase_file {
        Some(file) => passphrase(file).map_err(fail)?,
        None => asked()?,
    };
    let bar = bar();
    let shown = |fault: backup::Fault| match fault {
        backup::Fault::Sealed(_) | backup::Fault::Manifest(_) => fail(format_args!("{}: {fault}", args.file.display())),
        other => fail(other),
    };
    let mut progress = |bytes| bar.set_position(bytes);
    let manifest = match &args.to {
        None => restore::check(&args.file, &words, &mut progress),
        Some(to) => restore::restore(&args.file, &words, to, &mut progress),
    };
    let manifest = manifest.map_err(shown)?;
    bar.finish_and_clear();
    context.print(&manifest, || text(&manifest, args.to.as_deref()))
}

fn text(manifest: &Manifest, to: Option<&Path>) -> String {
    let Manifest { made_ms, school, gateway, parts, config, .. } = manifest;
    let when = jiff::Timestamp::from_millisecond(*made_ms).unwrap_or_default().strftime("%Y-%m-%d %H:%M UTC").to_string();
    let head = format!("{school}, gateway {gateway}, as it was at {when}: {} files", parts.len());
    let Some(to) = to else { return format!("{head}, all of them whole") };
    let data = to.display();
    format!(
        "{head} are in {data}\nNext:\n  1. the configuration of then is in {data}/restored/config (it was {}): compare it, and copy it \
         to its place\n  2. let `dir` under [data] say {data}, and the folder belong to the user of the gate: chown -R schoolgate: \
         {data}\n  3. schoolgate lists update, for the lists that are fetched\n  4. schoolgate check, then start the gate; \
         schoolgate status\n  5. delete {data}/restored\nWhat happened after {when} is not in it.",
        config.display()
    )
}

/// The passphrase, typed. What is typed is seen.
fn asked() -> Result<String, Failed> {
    use std::io::{BufRead, Read, Write};
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(fail("the passphrase: say --passphrase-file FILE"));
    }
    let mut line = String::new();
    write!(io::stderr(), "Passphrase (it is shown as you type): ").map_err(fail)?;
    io::stdin().lock().take(4096).read_line(&mut line).map_err(fail)?;
    long_enough(&line).map_err(fail)
}

fn bar() -> ProgressBar {
    let bar = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {bytes} [{elapsed}]") {
        bar.set_style(style);
    }
    bar
}
