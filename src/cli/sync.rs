//! `schoolgate people sync`: the register made as the school's directory has it.

use super::people::put_in_force;
use super::{Context, Outcome, fail};
use crate::app::enrolment;
use crate::app::entries::Hand;
use crate::config::Config;
use crate::gate::Clock;
use crate::ops;
use crate::people::Force;
use crate::people::directory::{Synced, ask, fetch, settle};
use std::io::IsTerminal;

#[derive(Debug, clap::Args)]
pub struct SyncArgs {
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Although more leave at once than `most_leavers` says
    #[arg(long)]
    force: bool,
    /// Who does this, for the record [default: your login name]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
}

pub fn sync(context: &Context, config: &Config, args: &SyncArgs) -> Outcome {
    let directory = config.people.directory.as_ref();
    let directory = directory.ok_or_else(|| fail("there is no directory: [people.directory] of the configuration names it"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(fail)?;
    // What a dry run meets is not how the gate's own went.
    let found = runtime.block_on(async { if args.dry_run { ask(directory).await } else { fetch(config, directory).await } });
    let found = found.map_err(fail)?;
    let by = args.by.clone().unwrap_or_else(ops::files::own_name);
    let (force, now_ms) = (if args.force { Force::Yes } else { Force::No }, Clock::System.unix_ms());
    let synced = settle(config, directory, &found, (force, args.dry_run), (&by, now_ms), |diff, apply| {
        enrolment::differing(config, ("people sync", "sync"), diff, Hand { by: &by, now_ms }, apply)
    });
    let synced = synced.map_err(fail)?;
    if synced.diff.shows_register() {
        // Whoever reads what would leave or change has looked into the register.
        ops::look_ups::record(&config.data, "people sync", "sync of the directory", now_ms).map_err(fail)?;
    }
    if let Some(waits) = &synced.waits {
        context.print(&synced, || shown(&synced))?;
        return Err(fail(waits));
    }
    let outcome = match (args.dry_run, &synced.register) {
        (true, _) => "a dry run: nothing was changed",
        (false, None) => "nothing to change",
        (false, Some(_)) => put_in_force(context, config)?,
    };
    context.print(&synced, || format!("{}\n{outcome}", shown(&synced)))
}

fn shown(synced: &Synced) -> String {
    let diff = &synced.diff;
    let mut text = if std::io::stdout().is_terminal() { diff.to_string() } else { format!("{diff:#}") };
    if synced.without_role > 0 {
        text += &format!("\nnot brought: {} in no group that has a role", synced.without_role);
    }
    if synced.faulty > 0 {
        text += &format!("\n{} entries cannot be taken; whoever they are stays as they were:", synced.faulty);
        synced.faults.iter().for_each(|fault| text += &format!("\n  {fault}"));
    }
    text
}
