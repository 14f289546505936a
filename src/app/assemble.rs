//! From what is on disk to one snapshot.

use super::{StartFault, exams, passes, register_file, rot};
use crate::config::Config;
use crate::gate::{Condition, Snapshot};
use crate::journal::Journal;
use crate::lists::Locked;
use crate::ops::tables::{self, Broken, ToForce};
use crate::ops::{locked, phrases};
use crate::people::{Register, Roster, Store};
use crate::policy::{Exams, Passes};
use std::sync::Arc;

/// The snapshot of a configuration, its names stored in the journal under its version. `broken` says what a list that cannot be
/// used means: nothing to a start, the end to a reload.
///
/// # Errors
/// [`StartFault`] if the table, the register or the journal's names cannot be had; nothing is changed then.
pub fn snapshot(mut config: Config, journal: &Journal, roster: &Arc<Roster>, broken: Broken) -> Result<Snapshot, StartFault> {
    let (ToForce { table, instead }, locked, register) = parts(&config, broken)?;
    // Not to have a copy is no reason not to filter by what there is.
    if let Err(fault) = locked::keep(&config, &locked) {
        tracing::error!(%fault, "the sealed lists of the locked tier are in force, but no copy of them could be kept");
    }
    let register = register.with_roster(roster.clone());
    config.policy.passes = match passes::load(&config, &register) {
        Err(fault) if broken == Broken::Endure => {
            // A pass only opens: without it a gate is the stricter.
            tracing::error!("no pass is in force: {fault}");
            Passes::default()
        }
        passes => passes.map_err(StartFault::Config)?,
    };
    config.policy.exams = exams::load(&config, &register).or_else(|fault| match broken {
        Broken::Endure => {
            tracing::error!("no exam is on: {fault}");
            Ok(Exams::default())
        }
        Broken::Refuse => Err(StartFault::Config(fault)),
    })?;
    let names = Snapshot::names(&config, &table, &locked);
    let version = journal.version_of(&names)?;
    journal.name(version, &names)?;
    let condition = Condition { damaged: instead.map(Into::into), not_held: rot::hold(&table) };
    let mut snapshot = Snapshot::new(version, config, Arc::new(table), locked, Arc::new(register));
    snapshot.condition = condition;
    snapshot.phrases = match phrases::matcher(&snapshot.config.lists.shipped, &snapshot.config.lists.phrases) {
        Ok(matcher) => Some(Arc::new(matcher)),
        // As with a list: it refuses a change, and never a start.
        Err(fault) if broken == Broken::Endure => {
            tracing::error!("no words are looked for: {fault}");
            None
        }
        Err(fault) => return Err(fault.into()),
    };
    Ok(snapshot)
}

/// A snapshot for looking only: no journal, so no version.
///
/// # Errors
/// As [`snapshot`].
pub fn unnumbered(mut config: Config) -> Result<Snapshot, StartFault> {
    let (ToForce { table, .. }, locked, register) = parts(&config, Broken::Endure)?;
    config.policy.passes = passes::load(&config, &register).unwrap_or_default();
    config.policy.exams = exams::load(&config, &register).unwrap_or_default();
    Ok(Snapshot::new(0, config, Arc::new(table), locked, Arc::new(register)))
}

fn parts(config: &Config, broken: Broken) -> Result<(ToForce, Arc<Locked>, Register), StartFault> {
    let locked = locked::load(config, broken)?;
    for why in locked.refused() {
        tracing::error!("a sealed list of the locked tier is not used: {why}");
    }
    let table = tables::to_force(config, broken)?;
    let register = Store::peek(&register_file(config))?;
    Ok((table, Arc::new(locked), register))
}
