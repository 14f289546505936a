//! `schoolgate demo`.

use super::{Context, Outcome, fail, say};
use crate::{demo, report};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Lines of the report that are shown: its page one begins there.
const SHOWN: usize = 24;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Play in this folder, which must not be there yet [default: a new temporary folder]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

pub fn demo(context: &Context, args: &Args) -> Outcome {
    let begun = Instant::now();
    let folder = match &args.folder {
        Some(folder) => folder.clone(),
        None => std::env::temp_dir().join(format!("schoolgate-demo-{}", std::process::id())),
    };
    std::fs::create_dir(&folder).map_err(|e| fail(format_args!("{}: {e}", folder.display())))?;
    let shipped = std::path::absolute(crate::reload::shipped_lists(Path::new("config"))).map_err(fail)?;
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos} of {len} requests [{elapsed}]") {
        bar.set_style(style);
    }
    let played = demo::play(&folder, &shipped, &mut |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })
    .map_err(fail)?;
    bar.finish_and_clear();
    if context.json {
        return context.print(&played.week, String::new);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let text = report::text(&played.week);
    say(text.lines().take(SHOWN).collect::<Vec<_>>().join("\n"))?;
    say(format_args!(
        "…\n\nA week of {} requests, {} of them refused, went through the doors in {seconds:.1} s.\n\
         The whole report: {}\n\
         Look around:      {} --config {} log search --person {} --purpose demo",
        played.requests,
        played.refused,
        played.html.display(),
        called(),
        played.config.display(),
        demo::week::IN_DISTRESS,
    ))
}

/// How this program was called, so that the line can be typed: `cargo run` does not put it on the path.
fn called() -> String {
    std::env::args().next().unwrap_or_else(|| "schoolgate".into())
}
