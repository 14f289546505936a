//! The register kept as the school's directory has it, while the gate runs.

use super::control::Handler;
use super::enrolment;
use super::entries::Hand;
use crate::config::{Config, Directory};
use crate::gate::{Gate, Snapshot};
use crate::net::Drain;
use crate::people::Force;
use crate::people::directory::{State, fetch, settle};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often it is looked whether it is time.
const LOOK: Duration = Duration::from_secs(2);

/// After a first try that came to nothing; each further one waits twice as long, and never longer than between two syncs.
const AGAIN: Duration = Duration::from_secs(15);

/// Who did it, in the register.
const BY: &str = "the directory";

/// Asks the directory again and again, until the gate stops. What was known stays while it does not answer.
pub async fn keep(gate: Arc<Gate>, control: Arc<Handler>, mut drain: Drain) {
    let (mut asked, mut next, mut failed) = (None, Instant::now(), 0u32);
    loop {
        tokio::select! {
            () = drain.begun() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let snapshot = gate.snapshot();
        let Some(directory) = snapshot.config.people.directory.clone() else {
            asked = None;
            continue;
        };
        if asked.as_ref() != Some(&directory) {
            (asked, next, failed) = (Some(directory.clone()), Instant::now(), 0);
        }
        if Instant::now() < next {
            continue;
        }
        let every = Duration::from_millis(directory.every_ms);
        let done = tokio::select! {
            () = drain.begun() => return,
            done = once(&gate, &control, snapshot, directory) => done,
        };
        next = Instant::now()
            + match done {
                Ok(()) => {
                    failed = 0;
                    every
                }
                Err(fault) => {
                    // Once, and not with every try: `status` says how it stands.
                    if failed == 0 {
                        tracing::warn!(fault, "the directory did not say who there is: the register stays as it was");
                    }
                    failed = failed.saturating_add(1);
                    AGAIN.saturating_mul(1 << (failed - 1).min(10)).min(every)
                }
            };
    }
}

async fn once(gate: &Gate, control: &Handler, snapshot: Arc<Snapshot>, directory: Directory) -> Result<(), String> {
    let found = fetch(&snapshot.config, &directory).await.map_err(|fault| fault.to_string())?;
    let now_ms = gate.clock.unix_ms();
    let settled = tokio::task::spawn_blocking(move || {
        let config = &snapshot.config;
        settle(config, &directory, &found, (Force::No, false), (BY, now_ms), |diff, apply| {
            enrolment::differing(config, ("people sync", "sync"), diff, Hand { by: BY, now_ms }, apply)
        })
    });
    let synced = settled.await.map_err(|_| "a fault of ours: the service log has it".to_owned())??;
    if let Some(waits) = &synced.waits {
        tracing::warn!("the directory's changes wait for a person: {waits}");
    }
    if let Some(register) = synced.register {
        tracing::info!("by the directory: {}", synced.diff.in_a_line());
        control.register_changed(register)?;
    }
    Ok(())
}

/// What `status` says of it, if there is one.
pub fn status(config: &Config, now_ms: i64, needs_you: &mut Vec<String>) -> Option<String> {
    let directory = config.people.directory.as_ref()?;
    let state = State::read(&config.data);
    let age = state.at_ms.map(|at| Duration::from_millis(now_ms.saturating_sub(at).max(0).unsigned_abs()));
    if let Some(waits) = &state.waits {
        needs_you.push(waits.clone());
    }
    let late = age.is_none_or(|age| age > 2 * Duration::from_millis(directory.every_ms) + Duration::from_secs(300));
    if let Some(fault) = &state.fault {
        let since =
            age.map_or("it has never answered".to_owned(), |age| format!("the register is as it was {} ago", in_words(age)));
        needs_you.push(format!("the directory does not answer ({fault}): {since}"));
    } else if late && state.waits.is_none() && state.at_ms.is_some() {
        needs_you.push("the directory has not been asked for a long time: does the gate run?".into());
    }
    let age = age.map_or("not asked yet".to_owned(), |age| format!("{} people, as of {} ago", state.people, in_words(age)));
    let changed = if state.changed.is_empty() { String::new() } else { format!("; the last change: {}", state.changed) };
    let faulty = match state.faulty {
        0 => String::new(),
        n => format!("; {n} entries cannot be taken (`schoolgate people sync --dry-run` says why)"),
    };
    Some(format!("{age}{changed}{faulty}"))
}

fn in_words(age: Duration) -> String {
    match age.as_secs() / 60 {
        0 => "less than a minute".into(),
        1 => "1 minute".into(),
        minutes @ ..120 => format!("{minutes} minutes"),
        minutes @ ..2880 => format!("{} hours", minutes / 60),
        minutes => format!("{} days", minutes / 1440),
    }
}
