//! What a directory changes in the register: worked out first, then made, or shown.

use super::ask::{DirectoryFault, ask};
use super::read::listed;
use super::{Found, State};
use crate::config::{Config, Directory};
use crate::people::{Diff, Force, Grouping, Register, Store, StoreFault};

/// So few may leave whatever share of all that is: of a small school three are many of a hundred.
const FEW: usize = 3;

/// What was made of a directory's answer.
#[derive(Debug, serde::Serialize)]
pub struct Synced {
    #[serde(flatten)]
    pub diff: Diff,
    /// In no group with a role: not brought.
    pub without_role: usize,
    /// Entries that could not be taken, the first of them with why.
    pub faulty: usize,
    pub faults: Vec<String>,
    /// Why nothing was changed until a person says so.
    pub waits: Option<String>,
    /// The register as it is now, if it was changed.
    #[serde(skip)]
    pub register: Option<Register>,
}

/// Asks the directory of a configuration.
///
/// # Errors
/// [`DirectoryFault`]; how that is told is kept beside the register.
pub async fn fetch(config: &Config, directory: &Directory) -> Result<Found, DirectoryFault> {
    let found = ask(directory).await;
    if let Err(fault) = &found {
        keep(config, State { fault: Some(fault.to_string()), ..State::read(&config.data) });
    }
    found
}

/// Makes the register what the directory says, unless more leave than may, or shows what would change. It blocks.
///
/// # Errors
/// The register cannot be read or written.
pub fn settle(
    config: &Config,
    directory: &Directory,
    found: &Found,
    (force, dry_run): (Force, bool),
    (by, now_ms): (&str, i64),
    write: impl FnOnce(&Diff, &mut dyn FnMut() -> Result<Register, StoreFault>) -> Result<Register, String>,
) -> Result<Synced, String> {
    let text = |fault: StoreFault| fault.to_string();
    let file = Store::file_in(&config.data);
    let store = if dry_run && !file.exists() { Store::in_memory() } else { Store::open(&file) };
    let mut store = store.map_err(text)?;
    let (register, grouping) = (store.load().map_err(text)?, Grouping::of_config(config));
    let listed = listed(found, directory, &config.people, grouping, &register);
    let diff = Diff::between(&register, &listed.sheet, grouping);
    let waits = match diff.agreed(force) {
        Err(refusal) => Some(refusal.to_string()),
        Ok(_) if force == Force::No => too_many(&diff, &register, directory.most_leavers),
        Ok(_) => None,
    };
    let mut now = None;
    if waits.is_none()
        && let Ok(agreed) = diff.agreed(force)
    {
        now = match (dry_run, diff.is_empty()) {
            (true, _) => {
                store.rehearse(&agreed, by, now_ms).map_err(text)?;
                None
            }
            (false, true) => None,
            (false, false) => Some(write(&diff, &mut || store.apply(&agreed, by, now_ms))?),
        };
    }
    if !dry_run {
        let before = State::read(&config.data);
        let state = match &waits {
            Some(waits) => State { waits: Some(waits.clone()), fault: None, ..before },
            None => State {
                at_ms: Some(now_ms),
                people: listed.sheet.persons.len(),
                changed: if diff.is_empty() { before.changed } else { diff.in_a_line() },
                faulty: listed.faulty,
                waits: None,
                fault: None,
            },
        };
        keep(config, state);
    }
    let (without_role, faulty, faults) = (listed.without_role, listed.faulty, listed.faults);
    Ok(Synced { diff, without_role, faulty, faults, waits, register: now })
}

fn keep(config: &Config, state: State) {
    if let Err(fault) = state.write(&config.data) {
        tracing::warn!(%fault, "how the directory's sync went cannot be kept");
    }
}

/// Why a person should look first: of those it has brought more leave at once than the school said.
fn too_many(diff: &Diff, register: &Register, share: u8) -> Option<String> {
    let brought = register.present().filter(|person| person.source == crate::people::Source::Directory).count();
    let leavers = diff.leavers.len();
    let over = leavers > FEW && leavers * 100 > brought * usize::from(share);
    over.then(|| {
        format!(
            "{leavers} of {brought} people are not in the directory any more, more than {share} in a hundred: \
             `schoolgate people sync --dry-run` names them, `schoolgate people sync --force` withdraws them"
        )
    })
}
