//! Rows of the log put beside an incident, as they are now: the log is deleted before the incident is.

use crate::app::journal_dir;
use crate::casebook::incidents::{Evidence, MAX_EVIDENCE};
use crate::config::Config;
use crate::journal::export::{Line, Resolve, json};
use crate::journal::read::{self, Filter, Week};
use crate::people::Register;
use crate::report::IsoWeek;

/// The rows of these numbers in a week's log.
///
/// # Errors
/// In words: there is no such week or row any more, or it cannot be read.
pub fn evidence(config: &Config, register: &Register, week: IsoWeek, seqs: &[u64]) -> Result<Vec<Evidence>, String> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    if seqs.len() > MAX_EVIDENCE {
        return Err(format!("at most {MAX_EVIDENCE} rows of the log are put beside an incident at once"));
    }
    let files = read::weeks(&journal_dir(config)).map_err(|fault| fault.to_string())?;
    let file = files.into_iter().find(|f| f.week == week).ok_or_else(|| format!("there is no log of {week} (any more)"))?;
    let file = Week::open(&file.path).map_err(|fault| fault.to_string())?;
    let person = |id| register.person(id).map(|p| p.key.clone());
    let device = |id| register.device(id).map(|d| d.name.clone());
    let one = |seq: &u64| {
        let next = Filter { after: Some(seq.saturating_sub(1)), ..Filter::default() };
        let stored = file.events(&next).next().transpose().map_err(|fault| fault.to_string())?;
        let stored = stored.filter(|s| s.seq == *seq).ok_or_else(|| format!("the log of {week} has no row {seq}"))?;
        let version = stored.event.policy_version;
        let names = file.names_of(version).map_err(|fault| fault.to_string())?;
        let resolve = Resolve { names: &names, zone: &config.school.zone, person: &person, device: &device };
        let line = Line::of(&stored, &resolve);
        let taken = file.taken(&stored).map_err(|fault| fault.to_string())?;
        Ok(Evidence { taken, ..Evidence::new(&week.to_string(), *seq, version, line.list.clone(), json(&line)) })
    };
    seqs.iter().map(one).collect()
}
