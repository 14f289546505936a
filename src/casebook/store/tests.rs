use super::*;
use crate::casebook::{Wrong, look_ups};
use std::os::unix::fs::PermissionsExt;

fn change(what: &str) -> Entry {
    Entry::new(Kind::Change, "it", what)
        .about("quiz.example")
        .from_to("block", "allow")
        .why("a\u{7} lesson")
        .approved_by(Some("head"))
}

/// A casebook of five records, and the folder it is in.
fn five() -> (tempfile::TempDir, Casebook) {
    let dir = tempfile::tempdir().expect("a folder");
    let mut casebook = Casebook::open(dir.path()).expect("made");
    for n in 1..=5 {
        casebook.add(n * 1000, change(&format!("change {n}")).detail(format!("{{\"n\":{n}}}"))).expect("added");
    }
    (dir, casebook)
}

/// What `log verify` finds after somebody who knows SQL has been at the file.
fn tampered(sql: &str) -> Option<Wrong> {
    let (_dir, casebook) = five();
    casebook.db.execute_batch("DROP TRIGGER records_stay; DROP TRIGGER records_hold;").expect("dropped");
    casebook.db.execute_batch(sql).expect(sql);
    casebook.verify(None).expect("it can be read").wrong
}

#[test]
fn records_are_numbered_tied_to_one_another_and_their_owners_alone() {
    let (dir, mut casebook) = five();
    let mode = std::fs::metadata(Casebook::file_in(dir.path())).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let records = casebook.read().of(Kind::Change).expect("read");
    assert_eq!(records.iter().map(|r| r.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let Entry { about, before, after, why, approved_by, .. } = &records[0].entry;
    let said = [about, before, after, why, approved_by].map(|t| t.as_deref().unwrap_or("-"));
    assert_eq!(said, ["quiz.example", "block", "allow", "a lesson", "head"]);
    let proof = casebook.verify(None).expect("read");
    assert_eq!((proof.records, proof.wrong), (5, None));
    let last = proof.last.expect("five");
    assert_eq!(last.to_string().parse(), Ok(last));
    casebook.add(9000, change("one more")).expect("added");
    assert_eq!(casebook.verify(Some(last)).expect("read").wrong, None, "it went on from there");
    assert!(casebook.add(0, change("x").detail("x".repeat(MAX_DETAIL + 1))).is_err());
    assert_eq!(casebook.read().last().expect("read").map(|end| end.number), Some(6), "what is refused takes no number");
}

#[test]
fn one_byte_of_any_column_of_any_record_is_found() {
    let text = |column: &str| format!("UPDATE records SET {column} = {column} || 'x' WHERE number = 3");
    let blob = |column: &str| format!("UPDATE records SET {column} = zeroblob(length({column})) WHERE number = 3");
    let columns = ["kind", "who", "what", "about", "\"before\"", "\"after\"", "why", "approved_by", "detail"];
    let gone = columns[1..].iter().map(|c| format!("UPDATE records SET {c} = NULL WHERE number = 3"));
    let mut changes: Vec<String> = columns.iter().map(|c| text(c)).chain(gone).collect();
    changes.extend(["salt", "digest", "previous", "hash"].map(blob));
    changes.push("UPDATE records SET at = at + 1 WHERE number = 3".into());
    changes.push("UPDATE records SET hash = x'00' WHERE number = 3".into());
    changes.push("UPDATE records SET what = CAST(x'ff' AS TEXT) WHERE number = 3".into());
    // One text moved into the column beside it.
    changes.push("UPDATE records SET about = NULL, \"before\" = 'quiz.example' WHERE number = 3".into());
    let texts = "salt = NULL, who = NULL, what = NULL, about = NULL, \"before\" = NULL, \"after\" = NULL, why = NULL,
                 approved_by = NULL, detail = NULL";
    changes.push(format!("UPDATE records SET {texts} WHERE number = 3"));
    for sql in changes {
        assert_eq!(tampered(&sql).map(|wrong| wrong.number), Some(3), "{sql}");
    }
}

#[test]
fn a_record_taken_out_put_in_or_cut_off_is_found_and_named() {
    let copy = |number: i64| {
        format!(
            r#"INSERT INTO records SELECT {number}, at, kind, salt, who, what, about, "before", "after", why, approved_by, detail,
               digest, previous, hash FROM records WHERE number = 5"#
        )
    };
    for (sql, number, said) in [
        ("DELETE FROM records WHERE number = 2".to_owned(), 2, "it is gone"),
        ("DELETE FROM records WHERE number IN (2, 3)".to_owned(), 2, "it is gone, and 1 after it"),
        ("DELETE FROM records WHERE number = 1".to_owned(), 1, "it is gone"),
        ("DELETE FROM records WHERE number = 5".to_owned(), 5, "it was the last"),
        ("DELETE FROM records WHERE number > 3".to_owned(), 4, "there were 5 records"),
        (copy(0), 0, "it was put in"),
        (copy(-3), -3, "it was put in"),
        (copy(6), 6, "its time, kind or hash"),
        // All behind a place moved up, and something put there.
        (
            "UPDATE records SET number = 6 WHERE number = 5".to_owned() + ";" + &copy(5).replace("number = 5", "number = 4"),
            5,
            "changed",
        ),
    ] {
        let wrong = tampered(&sql).expect("found");
        assert!(wrong.number == number && wrong.what.contains(said), "{sql}: {wrong:?}");
    }
}

#[test]
fn an_end_cut_off_by_somebody_who_leaves_no_trace_and_a_chain_written_anew_are_seen_by_what_was_printed() {
    let (_dir, casebook) = five();
    let printed = casebook.read().last().expect("read");
    casebook
        .db
        .execute_batch("DROP TRIGGER records_stay; DELETE FROM records WHERE number = 5; UPDATE sqlite_sequence SET seq = 4")
        .expect("cut");
    assert_eq!(casebook.verify(None).expect("read").wrong, None, "the file alone cannot say");
    assert_eq!(casebook.verify(printed).expect("read").wrong.map(|w| w.number), Some(5));
    // Somebody writes all of it again, with hashes that fit.
    let (_other, anew) = five();
    assert_eq!(anew.verify(None).expect("read").wrong, None);
    let wrong = anew.verify(printed).expect("read").wrong.expect("another chain");
    assert!(wrong.number == 5 && wrong.what.contains("written anew"), "{wrong:?}");
}

#[test]
fn the_file_itself_refuses_to_change_or_delete_a_record() {
    let (_dir, casebook) = five();
    for sql in [
        "DELETE FROM records WHERE number = 5",
        "UPDATE records SET what = 'x' WHERE number = 5",
        "UPDATE records SET number = 9 WHERE number = 5",
    ] {
        assert!(casebook.db.execute_batch(sql).is_err(), "{sql}");
    }
}

#[test]
fn many_who_write_at_once_make_one_chain() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path();
    std::fs::write(data.join("changes.jsonl"), "{\"when_ms\":1,\"who\":\"it\",\"what\":\"x\",\"why\":\"\"}\n").expect("written");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for n in 0..5 {
                    add(data, n, change(&format!("{thread}.{n}"))).expect("added");
                }
            });
        }
    });
    let casebook = Casebook::open(data).expect("opened");
    let proof = casebook.verify(None).expect("read");
    assert_eq!((proof.records, proof.wrong), (22, None), "the line of before, once, that it was read in, and twenty");
}

#[test]
fn files_of_before_are_read_in_once_with_their_own_times_and_put_away() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path();
    assert!(Casebook::peek(data).expect("looked").is_none() && !Casebook::file_in(data).exists());
    let look = "{\"when_ms\":20,\"who\":\"dsl\",\"what\":\"log search of p1\",\"purpose\":\"a parent asked\"}\nhalf a li\n";
    std::fs::write(data.join("look-ups.jsonl"), look).expect("written");
    let line = |at: i64| format!("{{\"when_ms\":{at},\"who\":\"it\",\"what\":\"allow a.example\",\"why\":\"a lesson\"}}\n");
    std::fs::write(data.join("changes.jsonl"), line(10) + &line(30)).expect("written");
    let casebook = Casebook::peek(data).expect("read in").expect("there is something");
    let all = [Kind::Change, Kind::LookUp, Kind::Casebook];
    let seen: Vec<_> = casebook.read().between(&all, 0, 100).expect("read").iter().map(|r| (r.when_ms, r.entry.kind)).collect();
    assert_eq!(seen, [(10, Kind::Change), (20, Kind::LookUp), (30, Kind::Change), (30, Kind::Casebook)]);
    let told = &casebook.read().of(Kind::Casebook).expect("read")[0].entry.what;
    assert!(told.contains("look-ups.jsonl: 1 lines, and 1 that cannot be read; changes.jsonl: 2 lines"), "{told}");
    assert!(data.join("changes.jsonl.old").exists() && !data.join("changes.jsonl").exists());
    assert_eq!(look_ups::between(data, 0, 100).expect("read")[0].whom.as_deref(), Some("p1"));
    // An older Schoolgate was put in place for a day, and wrote a file of its own.
    std::fs::write(data.join("changes.jsonl"), line(40)).expect("written");
    drop(casebook);
    let casebook = Casebook::open(data).expect("read in");
    assert_eq!(casebook.read().of(Kind::Change).expect("read").len(), 3);
    assert!(data.join("changes.jsonl.old2").exists());
    assert_eq!(casebook.verify(None).expect("read").wrong, None);
}

#[test]
fn a_stop_between_reading_in_and_putting_away_reads_nothing_twice() {
    let dir = tempfile::tempdir().expect("a folder");
    let line = "{\"when_ms\":1,\"who\":\"it\",\"what\":\"x\",\"why\":\"\"}\n";
    std::fs::write(dir.path().join("changes.jsonl"), line).expect("written");
    let casebook = Casebook::open(dir.path()).expect("read in");
    // As it was left by a stop before the file had its new name.
    std::fs::rename(dir.path().join("changes.jsonl.old"), dir.path().join("changes.jsonl")).expect("renamed");
    casebook.db.execute("INSERT INTO taken_in VALUES ('changes.jsonl', ?1)", [line.len() as i64]).expect("put back");
    let casebook = Casebook::open(dir.path()).expect("opened");
    assert_eq!(casebook.read().of(Kind::Change).expect("read").len(), 1);
    assert!(dir.path().join("changes.jsonl.old").exists());
}

#[test]
fn a_newer_one_and_what_is_no_casebook_are_refused_by_name() {
    let (dir, casebook) = five();
    casebook.db.pragma_update(None, "user_version", 99).expect("set");
    drop(casebook);
    let fault = Casebook::open(dir.path()).map(drop).expect_err("newer").to_string();
    assert!(fault.contains("casebook.db was written by a newer schoolgate (its version is 99"), "{fault}");
    std::fs::write(Casebook::file_in(dir.path()), "these are no pages of SQLite, only letters").expect("written");
    let _ = std::fs::remove_file(dir.path().join("casebook.db-wal"));
    let fault = Casebook::open(dir.path()).map(drop).expect_err("foreign").to_string();
    assert!(fault.contains("is not a casebook of schoolgate"), "{fault}");
}

#[test]
fn a_look_up_is_written_down_with_its_purpose_or_not_allowed() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path();
    assert!(look_ups::record_of(data, "dsl", "people list", " \n", 5).is_err());
    assert!(!Casebook::file_in(data).exists());
    look_ups::record_of(data, "dsl", "log search of p1", "a parent asked\nus", 10).expect("recorded");
    look_ups::record_of(data, "dsl", "people list", "later", 20).expect("recorded");
    let seen = look_ups::between(data, 10, 20).expect("read");
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].whom.as_deref(), seen[0].purpose.as_str()), (Some("p1"), "a parent askedus"));
}
