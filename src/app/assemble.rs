//! From what is on disk to one snapshot.

use super::{StartFault, passes, register_file};
use crate::config::Config;
use crate::gate::Snapshot;
use crate::journal::Journal;
use crate::lists::Table;
use crate::ops::tables::{self, Broken};
use crate::people::{Neighbours, Register, Store};
use crate::policy::Passes;
use std::sync::Arc;

/// The snapshot of a configuration, its names stored in the journal under its version. `broken` says what a list that cannot be
/// used means: nothing to a start, the end to a reload.
///
/// # Errors
/// [`StartFault`] if the table, the register or the journal's names cannot be had; nothing is changed then.
pub fn snapshot(
    mut config: Config,
    journal: &Journal,
    neighbours: &Arc<Neighbours>,
    broken: Broken,
) -> Result<Snapshot, StartFault> {
    let (table, register) = parts(&config, broken)?;
    let register = register.with_neighbours(neighbours.clone());
    config.policy.passes = match passes::load(&config) {
        Err(fault) if broken == Broken::Endure => {
            // A pass only opens: without it a gate is the stricter.
            tracing::error!("no pass is in force: {fault}");
            Passes::default()
        }
        passes => passes.map_err(StartFault::Config)?,
    };
    let names = Snapshot::names(&config, &table);
    let version = journal.version_of(&names)?;
    journal.name(version, &names)?;
    Ok(Snapshot::new(version, config, table, Arc::new(register)))
}

/// A snapshot for looking only: no journal, so no version.
///
/// # Errors
/// As [`snapshot`].
pub fn unnumbered(mut config: Config) -> Result<Snapshot, StartFault> {
    config.policy.passes = passes::load(&config).unwrap_or_default();
    let (table, register) = parts(&config, Broken::Endure)?;
    Ok(Snapshot::new(0, config, table, Arc::new(register)))
}

fn parts(config: &Config, broken: Broken) -> Result<(Arc<Table>, Register), StartFault> {
    let table = tables::current(config, broken)?;
    let register = Store::peek(&register_file(config))?;
    Ok((Arc::new(table), register))
}
