//! A source's run: any bytes, and a good one with bytes changed and its checksums made right again.

use crate::table::changed;
use schoolgate::lists::{About, Format, Known, Origin, Reach, Reading, Recipe, Run, Single, Source, Table, merge, read};
use schoolgate::words::Category;
use std::io::Cursor;
use std::sync::LazyLock;

const TEXT: &[u8] =
    b"||a.example^\n|b.example^\n@@||www.a.example^\n||a.b.c.example^$important\n203.0.113.7\n||a.example/x^\n||zz.example^\n";

static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let reader = &mut &TEXT[..];
    let (category, origin, reach) = (Category::ADULT, Origin::School, Reach::Below);
    let members = &mut Single::new(Format::Adblock, reader);
    let mut source = Source { name: "a/list".into(), category, origin, reach, about: About::default(), members };
    let (known, mut run) = (Known::default(), Vec::new());
    let recipe = Recipe::new(&source, known.checksum(), b"a file");
    let spill = &mut Cursor::new(Vec::new());
    read(&mut source, Reading::new(0, &known, &recipe), spill, &mut run, &mut |_| ()).expect("memory can be written");
    run
});

/// Opens bytes as a run and reads it to its end, beside a good one; what comes of it opens as a table.
pub fn open(bytes: Vec<u8>) {
    let Ok(run) = Run::open(Cursor::new(bytes)) else { return };
    let _ = (run.recipe().checksum(), run.provenance().name.len());
    let good = Run::open(Cursor::new(GOOD.clone())).expect("a good run");
    let mut table = Vec::new();
    if merge(&mut [good, run], &mut Cursor::new(Vec::new()), &mut table, &mut |_| ()).is_ok() {
        Table::open(Box::new(table)).expect("what was merged opens");
    }
}

/// Length and checksum of the tail, length of the file, magic.
const FOOT: usize = 24;

/// The good run with bytes changed, its blocks' and its tail's checksums right.
pub fn forged(changes: &[u8]) -> Vec<u8> {
    let mut run = changed(&GOOD, 8, changes);
    let foot = run.len() - FOOT;
    run[foot..].copy_from_slice(&GOOD[foot..]);
    let length = |run: &[u8], at: usize| u32::from_le_bytes(run[at..at + 4].try_into().expect("four bytes")) as usize;
    let tail = foot - length(&run, foot);
    let mut sums = crc32fast::Hasher::new();
    let mut at = 8;
    // As many blocks as there seem to be.
    while at + 8 <= tail {
        let size = length(&run, at);
        if size == 0 || at + 8 + size > tail {
            break;
        }
        let sum = crc32fast::hash(&run[at + 8..at + 8 + size]).to_le_bytes();
        sums.update(&sum);
        run[at + 4..at + 8].copy_from_slice(&sum);
        at += 8 + size;
    }
    // The list has no patterns: the checksum of its entries stands before their count.
    run[foot - 8..foot - 4].copy_from_slice(&sums.finalize().to_le_bytes());
    let sum = crc32fast::hash(&run[tail..foot]).to_le_bytes();
    run[foot + 4..foot + 8].copy_from_slice(&sum);
    run
}

/// A run that was only cut or changed is refused, at the latest when it is read to its end; or it is the good one.
pub fn damaged(changes: &[u8]) {
    let (cut, changes) = changes.split_at(changes.len().min(1));
    let mut file = changed(&GOOD, 0, changes);
    file.truncate(file.len().saturating_sub(cut.first().map_or(0, |cut| usize::from(*cut) / 2)));
    let same = file == *GOOD;
    let run = Run::open(Cursor::new(file));
    let merged = run.is_ok_and(|run| merge(&mut [run], &mut Cursor::new(Vec::new()), &mut Vec::new(), &mut |_| ()).is_ok());
    assert_eq!(merged, same, "a run that is cut or flipped is refused");
}
