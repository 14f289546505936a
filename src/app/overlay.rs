//! The school's own entries and the passes put in force beside everything else: the next snapshot shares table, register and
//! configuration with the one before it, so nothing is read, opened or checked again, and nothing that was changed on disk
//! meanwhile comes in with it.

use crate::gate::{Gate, Snapshot};
use crate::people::Register;
use crate::policy::{Exams, OwnEntries, Passes, Policy};
use std::sync::Arc;

/// What was in force before: put back if the change cannot be kept.
pub struct Before(Arc<Snapshot>);

/// Puts other entries in force.
///
/// # Errors
/// The journal cannot store what they are called; nothing is changed then.
pub fn entries(gate: &Gate, own: OwnEntries) -> Result<Before, String> {
    put(gate, |policy| policy.own = own)
}

/// Puts other passes in force.
///
/// # Errors
/// As [`entries`].
pub fn passes(gate: &Gate, passes: Passes) -> Result<Before, String> {
    put(gate, |policy| policy.passes = passes)
}

/// Puts other exams in force.
///
/// # Errors
/// As [`entries`].
pub fn exams(gate: &Gate, exams: Exams) -> Result<Before, String> {
    put(gate, |policy| policy.exams = exams)
}

/// Puts another register in force, with what passes and exams then mean.
pub fn register(gate: &Gate, register: Arc<Register>, passes: Passes, exams: Exams) {
    let mut next = Snapshot::clone(&gate.snapshot()).with_register(register);
    (next.config.policy.passes, next.config.policy.exams) = (passes, exams);
    gate.swap(next);
}

/// Puts the networks' modes in force as `change` leaves them.
///
/// # Errors
/// As [`entries`].
pub fn modes(gate: &Gate, change: impl FnOnce(&mut Policy)) -> Result<Before, String> {
    put(gate, change)
}

/// Puts back what was in force, after a change that the disk would not take.
pub fn put_back(gate: &Gate, Before(before): Before) {
    // Under its own version: the names of it are stored, and say what it says.
    gate.swap(Snapshot::clone(&before));
}

/// Whoever calls this holds the one right to change: see [`super::control`].
fn put(gate: &Gate, change: impl FnOnce(&mut Policy)) -> Result<Before, String> {
    let before = gate.snapshot();
    let mut next = Snapshot::clone(&before);
    change(&mut next.config.policy);
    let names = Snapshot::names(&next.config, &next.table, &next.locked);
    // An event must not be written under a version that nobody can say the names of.
    next.version = gate.journal.version_of(&names).map_err(|fault| fault.to_string())?;
    gate.journal.name(next.version, &names).map_err(|fault| fault.to_string())?;
    gate.swap(next);
    Ok(Before(before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::school::School;
    use crate::policy::{Act, Entry, Step, Surface};
    use crate::words::{CategorySet, ClientAddr, Host};

    #[test]
    fn an_entry_leaves_table_and_register_where_they_are_and_has_a_version_of_its_own() {
        let school = School::with("");
        let before = school.gate.snapshot();
        let host = Host::parse("lesson.example").expect("a host");
        let entry = Entry {
            id: 1,
            host,
            act: Act::Block,
            group: None,
            firm: false,
            despite: CategorySet::EMPTY,
            until_ms: None,
            reason: "a test".into(),
        };
        let was = entries(&school.gate, before.config.policy.own.with([entry])).expect("in force");
        let after = school.gate.snapshot();
        assert!(Arc::ptr_eq(&before.table, &after.table) && Arc::ptr_eq(&before.register, &after.register));
        assert_ne!(before.version, after.version);
        let judged = || {
            let visit = school.gate.visit(ClientAddr::new([127, 0, 0, 1].into())).expect("one of the school's");
            visit.judge(&host, Surface::NoPage).verdict
        };
        assert_eq!((judged().act, judged().step), (Act::Block, Step::Own));
        put_back(&school.gate, was);
        assert_eq!((judged().step, school.gate.snapshot().version), (Step::Default, before.version));
    }
}
