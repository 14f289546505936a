//! `schoolgate lists compile`.

use super::status::{Row, shown};
use crate::cli::{Context, Failed, Outcome, fail};
use crate::config::{Config, nearest};
use crate::gate::control::Request;
use crate::lists::Progress;
use crate::ops::tables::{self, Made};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Instant;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Take this list as it is now, though it grew, shrank or would close what schools need: you have looked at it
    #[arg(long, value_name = "NAME")]
    accept: Vec<String>,
}

pub fn compile(context: &Context, config: &Config, args: &Args) -> Outcome {
    known(config, &args.accept)?;
    let begun = Instant::now();
    let compiled = compiled(config, &args.accept)?;
    let rows: Vec<Row> = compiled.lists.iter().map(|list| Row::of(list, config)).collect();
    let entries: u64 = rows.iter().map(|r| r.entries).sum();
    let in_force = put_in_force(context, config)?;
    context.print(&rows, || {
        let size = compiled.written.bytes as f64 / (1 << 20) as f64;
        format!("{}\n{entries} entries, {size:.1} MiB, in {:.1} s: {in_force}", shown(&rows), begun.elapsed().as_secs_f64())
    })
}

/// That the lists there are have these names.
fn known(config: &Config, names: &[String]) -> Result<(), Failed> {
    let there: Vec<String> = tables::list_files(config).into_iter().map(|file| file.name).collect();
    if let Some(name) = names.iter().find(|name| !there.contains(name)) {
        let near = nearest(name, there.iter().map(String::as_str));
        let near = near.map_or("`schoolgate lists status` shows them".to_owned(), |near| format!("did you mean '{near}'?"));
        return Err(fail(format_args!("there is no list '{}': {near}", crate::words::escaped(name))));
    }
    Ok(())
}

/// Compiles, with a progress bar.
pub(super) fn compiled(config: &Config, accepted: &[String]) -> Result<Made, Failed> {
    let bar = Bar::new(config);
    let compiled = tables::compile(config, accepted, &mut |progress| bar.show(progress)).map_err(fail)?;
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
