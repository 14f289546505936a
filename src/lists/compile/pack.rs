//! Sorted entries → table bytes.

use super::gather::{Entry, Gathered};
use super::{CompileFault, Progress};
use crate::lists::Provenance;
use crate::lists::key::labels_of;
use crate::lists::table::fuse;
use crate::lists::table::hash::name_hash;
use crate::lists::table::header::{Header, KindRow, SECTIONS, saying};
use crate::lists::table::names::{Packed, Packer};
use std::collections::HashMap;

const TELL_EVERY: u64 = 1 << 16;

pub(super) fn pack(
    gathered: &Gathered,
    lists: &[Provenance],
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<u8>, CompileFault> {
    let (kinds, kind_of) = kinds(gathered);
    let total = kind_of.len() as u64;
    let mut packer = Packer::default();
    let mut hashes = Vec::with_capacity(kind_of.len());
    let mut most_labels = 0;
    for ((key, _), kind) in gathered.names().zip(&kind_of) {
        if packer.names().is_multiple_of(TELL_EVERY) {
            progress(Progress::Packing { names: packer.names(), total });
        }
        most_labels = most_labels.max(labels_of(key));
        hashes.push(name_hash(key));
        packer.push(key, *kind);
    }
    progress(Progress::Filtering { names: total });
    let filter = fuse::build(hashes);
    let Packed { sample_at, samples, group_at, groups, block_at, blocks } = packer.finish();
    let sections = [filter.bytes, sample_at, samples, group_at, groups, block_at, blocks];
    if sections.iter().any(|s| u32::try_from(s.len()).is_err()) {
        return Err(CompileFault::TooMuch);
    }
    let header = Header {
        generation: 0,
        names: total,
        most_labels,
        lists: lists.to_vec(),
        kinds,
        filter: filter.shape,
        sections: [(0, 0); SECTIONS],
    };
    Ok(header.write(&sections))
}

/// The distinct sets of (source, reach), the most frequent first, so that its number takes one byte; and each name's kind.
fn kinds(gathered: &Gathered) -> (Vec<KindRow>, Vec<u32>) {
    let mut number: HashMap<KindRow, u32> = HashMap::new();
    let mut counts: Vec<(u64, KindRow)> = Vec::new();
    let mut kind_of = Vec::new();
    let mut row = KindRow::new();
    for (_, said) in gathered.names() {
        row.clear();
        row.extend(said.iter().map(|e: &Entry| saying(e.source, e.says)));
        let kind = match number.get(&row) {
            Some(&kind) => kind,
            None => {
                let kind = counts.len() as u32;
                number.insert(row.clone(), kind);
                counts.push((0, row.clone()));
                kind
            }
        };
        counts[kind as usize].0 += 1;
        kind_of.push(kind);
    }
    let mut order: Vec<u32> = (0..counts.len() as u32).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (&counts[a as usize], &counts[b as usize]);
        b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1))
    });
    let mut renumbered = vec![0; counts.len()];
    for (new, &old) in order.iter().enumerate() {
        renumbered[old as usize] = new as u32;
    }
    kind_of.iter_mut().for_each(|kind| *kind = renumbered[*kind as usize]);
    let rows = order.into_iter().map(|old| std::mem::take(&mut counts[old as usize].1)).collect();
    (rows, kind_of)
}
