//! Sorted entries → table bytes.

use super::gather::Gathered;
use super::{CompileFault, Progress};
use crate::lists::Provenance;
use crate::lists::table::header::saying;
use crate::lists::table::write::{Writer, in_memory};

const TELL_EVERY: u64 = 1 << 16;

pub(super) fn pack(
    gathered: &Gathered,
    lists: &[Provenance],
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<u8>, CompileFault> {
    let mut spill = in_memory();
    let mut writer = Writer::new(&mut spill);
    let mut row = Vec::new();
    for (key, said) in gathered.names() {
        if writer.names().is_multiple_of(TELL_EVERY) {
            progress(Progress::Packing { names: writer.names(), total: gathered.len() as u64 });
        }
        row.clear();
        row.extend(said.iter().map(|e| saying(e.source, e.says)));
        writer.push(key, &row)?;
    }
    let mut bytes = Vec::new();
    writer.finish(lists, &mut bytes, progress)?;
    Ok(bytes)
}
