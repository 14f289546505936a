//! Wrong files, and what is told of them.

use super::*;
use proptest::prelude::*;

/// `=== what is promised`, `--- FILE` with its text, `--- says` with the faults, drawn. A file that is not there is right.
const CASES: &str = include_str!("wrong.txt");

struct Case {
    promise: String,
    files: Files,
    says: String,
}

fn cases() -> Vec<Case> {
    CASES.split("\n=== ").skip(1).map(case).collect()
}

fn case(text: &str) -> Case {
    let mut blocks = text.split("\n--- ");
    let promise = blocks.next().unwrap_or("").trim().to_owned();
    let (mut files, mut says) = (files(), String::new());
    for block in blocks {
        let (name, body) = block.split_once('\n').unwrap_or((block, ""));
        let body = format!("{}\n", body.trim_end_matches('\n'));
        match name.trim() {
            "main" => files.main.text = body,
            "part" => files.parts.push(super::text("config/conf.d/firm.toml", body)),
            "profiles" => files.profiles.text = body,
            "categories" => files.categories.text = body,
            "term-dates" => files.term_dates.text = body,
            "matters" => files.matters.text = body,
            "sources" => files.sources.text = body,
            "entries" => files.entries = Some(super::text("var/entries.toml", body)),
            "says" => says = body.trim_end().to_owned(),
            other => panic!("no file {other} in {promise}"),
        }
    }
    Case { promise, files, says }
}

#[test]
fn every_fault_is_drawn_at_its_place_with_what_would_be_right() {
    let mut wrong = Vec::new();
    for Case { promise, files, says } in cases() {
        let told = read(&files).map_or_else(|faults| faults.to_string(), |_| "no fault".into());
        if told != says {
            wrong.push(format!("=== {promise}\n{told}\n"));
        }
    }
    assert!(wrong.is_empty(), "told otherwise:\n\n{}", wrong.join("\n"));
    assert!(cases().len() >= 25);
}

#[test]
fn every_fault_has_its_line_and_column_as_data() {
    let main = "[dns]\nlisten = [\"127.0.0.1:5300\"]\nworkers = \"ü\" # ü\nlisen = 1\n";
    let faults = read(&files_with(format!("{main}{MAIN}"))).expect_err("wrong");
    let places: Vec<_> =
        faults.iter().map(|(path, line, column, f)| (path.display().to_string(), line, column, f.label().to_owned())).collect();
    assert_eq!(
        places,
        [
            ("config/schoolgate.toml".into(), 3, 11, "right is a whole number, without quotes".into()),
            ("config/schoolgate.toml".into(), 4, 1, "did you mean `listen`?".to_owned()),
        ]
    );
}

#[test]
fn colour_is_only_for_who_asks() {
    let faults = read(&files_with("[")).expect_err("wrong");
    assert!(!faults.render(false).contains('\x1b'));
    assert!(faults.render(true).contains('\x1b'));
}

#[test]
fn control_characters_of_a_file_never_reach_the_terminal() {
    let main =
        format!("{MAIN}\n[[group]]\nname = \"a\\u001b[31m\"\nprofile = \"\\u001b[2J\"\n\"\\u001b]\" = 1\nyears = \"\x1b\"\n");
    let told = read(&files_with(main)).expect_err("wrong").to_string();
    assert!(!told.contains('\x1b'), "{told:?}");
}

#[test]
fn an_end_that_is_far_is_no_fault_while_the_clock_is_not_set() {
    let main = format!(
        "{MAIN}[[entry]]\nhost = \"a.example\"\naction = \"allow\"\ndespite = \"malware\"\nuntil = 2026-09-20\nreason = \"r\"\n"
    );
    let at = |now_ms| {
        let mut files = files_with(main.clone());
        files.around.now_ms = now_ms;
        read(&files).is_ok()
    };
    assert_eq!((at(Some(NOW_MS)), at(Some(0)), at(None)), (true, false, true));
}

#[test]
fn the_65th_cell_is_too_many() {
    let cell = "[[timetable]]\ncategory = \"games\"\naction = \"allow\"\ndays = \"sat\"\nfrom = \"10:00\"\nuntil = \"11:00\"\n";
    assert!(read(&files_with(format!("{MAIN}{}", cell.repeat(64)))).is_ok());
    let faults = read(&files_with(format!("{MAIN}{}", cell.repeat(65)))).expect_err("too many");
    assert!(
        faults.to_string().contains("error: there are more than 64 cells in the timetable\n   --> config/schoolgate.toml:388:1"),
        "{faults}"
    );
}

#[test]
fn more_lists_than_a_table_can_number_are_refused() {
    let list = |i| format!("[[list]]\nname = \"{i}\"\ncategory = \"games\"\nfile = \"l\"\n");
    let lists = |n: usize| files_with((0..n).map(list).collect::<String>() + MAIN);
    let faults = read(&lists(8_001)).expect_err("too many");
    assert!(faults.to_string().contains("error: there are more than 8000 lists"), "{faults}");
    assert!(read(&lists(2_000)).is_ok());
}

#[test]
fn a_file_of_nothing_but_faults_is_told_in_a_moment_and_not_to_the_last_one() {
    let faults = read(&files_with("x = 1\n[x]\ny = =\n".repeat(30_000))).expect_err("wrong");
    assert!(faults.len() > 1000);
    assert!(faults.render(false).ends_with("faults more"));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(main in ".{0,200}", part in "[a-z0-9\\[\\]=\"#.,{}: \n-]{0,200}") {
        let files = Files { parts: vec![text("config/conf.d/p.toml", part)], ..files_with(main) };
        if let Err(faults) = read(&files) {
            prop_assert!(!faults.is_empty());
            let _ = (faults.to_string(), faults.iter().count());
        }
    }

    /// The shipped files and the examples in them, torn: what people's edits look like half-way.
    #[test]
    fn no_torn_file_makes_the_reader_panic(which in 0..4usize, from in 0..9_000usize, len in 0..60usize, put in "[\\[\\]=\"#.,{}: \n0-9a-z-]{0,6}") {
        let mut files = shipped();
        files.main.text = shipped::with_examples(&files.main.text);
        let torn = match which {
            0 => &mut files.main,
            1 => &mut files.profiles,
            2 => &mut files.categories,
            _ => &mut files.term_dates,
        };
        let start = torn.text.floor_char_boundary(from % torn.text.len());
        let end = torn.text.ceil_char_boundary((start + len).min(torn.text.len()));
        torn.text.replace_range(start..end, &put);
        if let Err(faults) = read(&files) {
            let _ = faults.to_string();
        }
    }

    #[test]
    fn no_text_of_entries_makes_the_reader_panic(text_of in "([a-z0-9\\[\\]=\"#.,{}: \n-]|(\n\\[\\[entry\\]\\]\n)|(host = \"a\\.b\"\n)|(id = 1\n)|(until = 2026-12-0)|(action = \"allow\"\n)){0,60}") {
        let file = text("var/entries.toml", text_of);
        let zone = jiff::tz::TimeZone::UTC;
        let _ = EntryFile::read(&file, &zone).map(|mut kept| kept.remove(1));
    }
}
