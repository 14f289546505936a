//! Whether the chain holds: every record from the first, in order, each made of what it says and of the one before.

use super::chain::{Anchor, Hash, Kind};
use super::store::Stored;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use std::collections::HashSet;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Records that follow from one another, from the first.
    pub records: u64,
    /// The last of them.
    pub last: Option<Anchor>,
    /// Of them, those whose texts were deleted, as a later record says.
    pub erased: u64,
    /// The first that does not fit. What comes after it proves nothing.
    pub wrong: Option<Wrong>,
}

/// A place where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wrong {
    pub number: i64,
    /// What is wrong there, for people.
    pub what: String,
}

/// Looks at every record, and that the chain goes on from `anchor`, which was printed some time ago.
pub(super) fn prove(db: &Connection, anchor: Option<Anchor>) -> rusqlite::Result<Proof> {
    let mut proof = Proof { records: 0, last: None, erased: 0, wrong: None };
    let forgotten = forgotten(db)?;
    Stored::all(db, &mut |row| {
        let looked = row.map_or_else(
            |fault| Err(Wrong { number: proof.records as i64 + 1, what: format!("it cannot be read: {fault}") }),
            |row| look(&row, &proof, anchor, &forgotten).map(|end| (end, row.salt.is_none())),
        );
        match looked {
            Ok((end, erased)) => {
                (proof.records, proof.last) = (end.number, Some(end));
                proof.erased += u64::from(erased);
            }
            Err(wrong) => proof.wrong = Some(wrong),
        }
        proof.wrong.is_none()
    })?;
    if proof.wrong.is_none() {
        let printed = anchor.map_or(0, |anchor| anchor.number);
        let reached = reached(db)?.max(printed);
        proof.wrong = (reached > proof.records).then(|| Wrong {
            number: proof.records as i64 + 1,
            what: match reached - proof.records {
                1 => "it is gone: it was the last".to_owned(),
                _ => format!("it is gone, and all after it: there were {reached} records"),
            },
        });
    }
    Ok(proof)
}

/// Whether this row follows from what is proved so far; the new end of the chain.
fn look(row: &Stored, proof: &Proof, anchor: Option<Anchor>, forgotten: &HashSet<String>) -> Result<Anchor, Wrong> {
    let (expected, previous) = proof.last.map_or((1, Hash::START), |end| (end.number + 1, end.hash));
    let wrong = |number: i64, what: &str| Err(Wrong { number, what: what.to_owned() });
    if row.number < 1 {
        return wrong(row.number, "it was put in: the first record is number 1");
    }
    let number = row.number as u64;
    if number > expected {
        return match number - expected {
            1 => wrong(expected as i64, "it is gone"),
            gone => wrong(expected as i64, &format!("it is gone, and {} after it", gone - 1)),
        };
    }
    let (Ok(digest), Ok(before)) = (row.digest.clone().try_into(), row.previous.clone().try_into()) else {
        return wrong(row.number, "it was changed: what should be a hash is none");
    };
    let (digest, before) = (Hash(digest), Hash(before));
    match &row.salt {
        _ if row.half_erased => return wrong(row.number, "it was changed: a part of its texts is gone"),
        Some(salt) if row.entry.digest(salt) != digest => {
            return wrong(row.number, "it was changed: its texts are not those it was made of");
        }
        None if !forgotten.contains(&number.to_string()) => {
            return wrong(row.number, "it was changed: its texts are gone, and no record says who deleted them");
        }
        _ => {}
    }
    if before.then(number, row.when_ms, &row.kind, digest) != row.hash {
        return wrong(row.number, "it was changed: its time, kind or hash is not what it was");
    }
    if before != previous {
        return wrong(row.number, "it does not follow from the record before: that one was changed, or this one put in");
    }
    if anchor.is_some_and(|a| a.number == number && a.hash != row.hash) {
        return wrong(row.number, "it is not the one that was printed: it, or one before it, was written anew");
    }
    Ok(Anchor { number, hash: row.hash })
}

/// The numbers of the records that others say were erased.
fn forgotten(db: &Connection) -> rusqlite::Result<HashSet<String>> {
    let mut statement = db.prepare("SELECT about FROM records WHERE kind = ?1 AND about IS NOT NULL")?;
    statement.query_map([Kind::Erasure.word()], |row| row.get(0))?.collect()
}

/// The highest number that SQLite has given in this file.
fn reached(db: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'records'";
    Ok(db.query_row(sql, [], |row| row.get::<_, i64>(0)).optional()?.unwrap_or(0).max(0) as u64)
}
