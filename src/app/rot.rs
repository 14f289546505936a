//! A table that the disk spoilt under a running gate: the one before it takes its place, until it is made again.
//!
//! Comes in: what a walk found in the file of the table in force. Goes out: another table in force, and the alarm that `status`,
//! `/metrics` and the service log give until it is the right one. Always holds: the doors never wait; there is always a table,
//! if need be the damaged one; a change of somebody's is neither lost nor taken by the way.

use crate::gate::{Condition, Gate, Snapshot};
use crate::journal::JournalFault;
use crate::lists::{Table, TableFault};
use crate::ops::tables::{self, Broken, ToForce, held};
use std::sync::{Arc, Once};

/// Holds the filter of a table that is to be in force in memory; why not, if not. The service log has it once.
pub fn hold(table: &Table) -> Option<Arc<str>> {
    static SAID: Once = Once::new();
    let why = held::hold(table).err()?.to_string();
    SAID.call_once(|| tracing::warn!("the filter of the table: {why}"));
    Some(why.into())
}

/// Takes what a walk found in a table's file. `one` is the right to change what is in force; it is not kept while a table is made.
pub fn walked<Right>(gate: &Gate, table: &Arc<Table>, fault: Option<TableFault>, one: impl Fn() -> Right) {
    if let Some(fault) = fault {
        let _one = one();
        // Else somebody's reload has put another in force meanwhile.
        if Arc::ptr_eq(&gate.snapshot().table, table) {
            step_down(gate, &fault);
        }
    }
    // Also of an earlier walk, or of the start.
    if gate.snapshot().condition.damaged.is_some() {
        make_again(gate, one);
    }
}

fn step_down(gate: &Gate, fault: &TableFault) {
    let now = gate.snapshot();
    let (table, alarm) = match tables::open_previous(&now.config) {
        Ok(previous) => (
            Arc::new(previous),
            format!("the table of lists was damaged on the disk; the one before is in force until it is made again: {fault}"),
        ),
        // Said already, by the walk before.
        Err(_) if now.condition.damaged.is_some() => return,
        Err(none) => (
            now.table.clone(),
            format!("the table of lists was damaged on the disk, and stays in force until it is made again: {fault}; {none}"),
        ),
    };
    tracing::error!("{alarm}");
    if let Err(fault) = put(gate, table, Some(&alarm)) {
        tracing::error!("the table before cannot be put in force, and the damaged one stays: {fault}");
        say(gate, &alarm);
    }
}

/// Makes the table again from the runs, which were kept, and puts it in force. On the walk's thread, behind everything else.
fn make_again<Right>(gate: &Gate, one: impl Fn() -> Right) {
    let config = gate.snapshot().config.clone();
    if let Err(fault) = tables::set_aside(&config) {
        tracing::warn!("the damaged table could not be set aside: {fault}");
    }
    let made = tables::to_force(&config, Broken::Endure);
    let _one = one();
    if gate.snapshot().condition.damaged.is_none() {
        return; // a reload was first
    }
    let why = match made {
        Ok(ToForce { table, instead: None }) => match put(gate, Arc::new(table), None) {
            Ok(()) => return tracing::info!("the table of lists was made again, and is in force"),
            Err(fault) => fault.to_string(),
        },
        Ok(ToForce { instead: Some(why), .. }) => why,
        Err(fault) => fault.to_string(),
    };
    let alarm = format!(
        "the table of lists was lost to the disk and cannot be made again; the last that could be had stays in force: {why}"
    );
    tracing::error!("{alarm}");
    say(gate, &alarm);
}

/// Puts a table in force beside everything else that is. Whoever calls this holds the one right to change.
fn put(gate: &Gate, table: Arc<Table>, damaged: Option<&str>) -> Result<(), JournalFault> {
    let mut next = Snapshot::clone(&gate.snapshot());
    next.condition = Condition { damaged: damaged.map(Into::into), not_held: hold(&table) };
    next.table = table;
    let names = Snapshot::names(&next.config, &next.table, &next.locked);
    next.version = gate.journal.version_of(&names)?;
    gate.journal.name(next.version, &names)?;
    gate.swap(next);
    Ok(())
}

/// Another alarm about the same table.
fn say(gate: &Gate, alarm: &str) {
    let mut next = Snapshot::clone(&gate.snapshot());
    next.condition.damaged = Some(alarm.into());
    gate.swap(next);
}
