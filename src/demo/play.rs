//! The week through the doors, in order of its times.

use super::client::{Clients, Heard};
use super::internet::Internet;
use super::week::{MONDAY_MS, WEEK, YEAR};
use super::{school, week};
use crate::app::{self, StartFault, weekly};
use crate::config::Config;
use crate::gate::Clock;
use crate::ops::files;
use crate::people::{Diff, Force, Grouping, Sheet, Store};
use crate::report::{self, IsoWeek, Week};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The report is made when the week is over: Monday morning at seven.
const MADE_MS: i64 = MONDAY_MS + (7 * 24 + 7) * 60 * 60 * 1000;

/// Why the demo could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum PlayFault {
    #[error("the demo's folder: {0}")]
    Folder(#[from] io::Error),
    #[error("the demo's configuration is refused:\n{0}")]
    Config(String),
    #[error("the demo's register is refused:\n{0}")]
    People(String),
    #[error(transparent)]
    Start(#[from] StartFault),
    #[error("at line {line} of the script: {source}")]
    Door { line: usize, source: io::Error },
    #[error("the report: {0}")]
    Report(String),
}

/// What came of it.
pub struct Played {
    pub folder: PathBuf,
    /// `schoolgate.toml` of the made-up school: the other commands work on it.
    pub config: PathBuf,
    pub html: PathBuf,
    pub week: Week,
    pub requests: usize,
    pub refused: usize,
}

/// Plays the week in `folder`, which is made. `progress` is told how many of how many requests are done.
///
/// # Errors
/// [`PlayFault`] says what stopped it.
pub fn play(folder: &Path, shipped: &Path, progress: &mut dyn FnMut(usize, usize)) -> Result<Played, PlayFault> {
    let everyone = school::everyone();
    let internet = Internet::start()?;
    let config_path = set_up(folder, shipped, &internet)?;
    let read = || crate::reload::read_config(Some(&config_path)).map_err(|f| PlayFault::Config(f.render(false)));
    let config = read()?;
    register(&config, &school::csv(&everyone))?;

    let now = Arc::new(AtomicI64::new(MONDAY_MS));
    let app = app::build(config, Some(config_path.clone()), Clock::Scripted(now.clone()))?;
    let doors = app.doors().clone();
    let running = app.start()?;
    let (dns, proxy) = match (doors.dns.first(), doors.proxy.first()) {
        (Some(dns), Some(proxy)) => (*dns, *proxy),
        _ => return Err(PlayFault::Config("a door is shut".into())),
    };
    let mut clients = Clients::new(dns, proxy, internet.origin.port());
    let script = week::week(&everyone);
    let mut refused = 0;
    for (i, line) in script.iter().enumerate() {
        now.store(line.at_ms, Ordering::Relaxed);
        let heard = clients.act(line.from, &line.doing).map_err(|source| PlayFault::Door { line: i + 1, source })?;
        refused += usize::from(heard == Heard::Refused);
        progress(i + 1, script.len());
    }
    now.store(MADE_MS, Ordering::Relaxed);
    running.stop();

    let iso = IsoWeek::new(YEAR, WEEK).map_err(|e| PlayFault::Report(e.to_string()))?;
    let week = weekly::make(&read()?, iso, MADE_MS, None).map_err(|e| PlayFault::Report(e.to_string()))?;
    let html = folder.join(format!("report-{iso}.html"));
    files::replace(&html, report::html(&week).as_bytes())?;
    Ok(Played { folder: folder.to_owned(), config: config_path, html, week, requests: script.len(), refused })
}

fn set_up(folder: &Path, shipped: &Path, internet: &Internet) -> io::Result<PathBuf> {
    let config = folder.join("config/schoolgate.toml");
    files::replace(&config, school::config(folder, shipped, internet.dns, internet.origin).as_bytes())?;
    files::replace(&folder.join("config/term-dates.toml"), school::TERM_DATES.as_bytes())?;
    for (category, names) in school::LISTED {
        let text = format!("# names of nobody, for the demo\n{}\n", names.join("\n"));
        files::replace(&folder.join("lists").join(format!("{category}.txt")), text.as_bytes())?;
    }
    Ok(config)
}

/// Takes the school's people in, as `people import` would.
fn register(config: &Config, csv: &str) -> Result<(), PlayFault> {
    let refused = |fault: &dyn std::fmt::Display| PlayFault::People(fault.to_string());
    let grouping = Grouping::of_config(config);
    let sheet = Sheet::read(csv.as_bytes(), "the demo's people", grouping, &config.people).map_err(|f| refused(&f))?;
    let mut store = Store::open(&app::register_file(config)).map_err(|f| refused(&f))?;
    let diff = Diff::between(&store.load().map_err(|f| refused(&f))?, &sheet, grouping);
    let agreed = diff.agreed(Force::No).map_err(|f| refused(&f))?;
    store.apply(&agreed, "demo", MONDAY_MS).map_err(|f| refused(&f))?;
    Ok(())
}
