//! The PDF as poppler reads it.

use super::editions::everything;
use super::{craze, full, half_term, hostile, quiet, trap, worst};
use crate::report::*;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a program of poppler says of a PDF.
fn poppler(program: &str, options: &[&str], pdf: &[u8]) -> String {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(pdf).expect("written");
    let run = Command::new(program).args(options).arg(file.path()).arg("-").stdin(Stdio::null()).output();
    let run = run.unwrap_or_else(|fault| panic!("{program} of poppler-utils: {fault}"));
    let faults = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && faults.trim().is_empty(), "{program}: {faults}");
    String::from_utf8(run.stdout).expect("UTF-8")
}

fn info(options: &[&str], pdf: &[u8]) -> String {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(pdf).expect("written");
    let run = Command::new("pdfinfo").args(options).arg(file.path()).output().expect("pdfinfo of poppler-utils");
    let faults = String::from_utf8_lossy(&run.stderr);
    // Poppler 22 wants no `false` there, which is what ISO 32000 has.
    let faults: Vec<_> = faults.lines().filter(|line| !line.is_empty() && !line.contains("Suspects object")).collect();
    assert!(run.status.success() && faults.is_empty(), "{faults:?}");
    String::from_utf8(run.stdout).expect("UTF-8")
}

fn text_of(pdf: &[u8], options: &[&str]) -> String {
    let text = poppler("pdftotext", options, pdf);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn made(week: &Week) -> Vec<u8> {
    pdf(week).expect("a PDF")
}

#[test]
fn it_says_its_title_its_language_and_that_it_is_tagged() {
    let week = full().week();
    let pdf = made(&week);
    let said = info(&[], &pdf);
    for line in [
        "Title:           Weekly safeguarding report 2026-W47 · Hillside School",
        "Tagged:          yes",
        "(A4)",
        "JavaScript:      no",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let meta = info(&["-meta"], &pdf);
    assert!(meta.contains("<pdfuaid:part>1</pdfuaid:part>") && meta.contains("en-GB"), "{meta}");
    assert!(!String::from_utf8_lossy(&pdf).contains("/URI"), "it holds no link");
    assert_eq!(made(&week), pdf, "the same week gives the same bytes");
}

#[test]
fn headings_tables_and_bars_say_what_they_are_in_the_order_they_are_read() {
    let tree = info(&["-struct-text"], &made(&full().week()));
    let mut from = 0;
    for next in [
        "H1",
        "\"Hillside School\"",
        "H2",
        "matters need a person",
        "Figure",
        "H3",
        "1. High: Self-harm",
        "H2",
        "1  Matters in full",
        "Table",
        "THead",
        "TR",
        "TH",
        "\"Episode\"",
        "TBody",
        "TR",
        "TH",
        "TD",
        "H2",
        "2  Themes",
        "Caption",
        "H2",
        "11  What",
        "L",
        "LI",
        "LBody",
    ] {
        let at = tree[from..].find(next).unwrap_or_else(|| panic!("no {next} after {from}: {}", &tree[from..]));
        from += at + next.len();
    }
    let tagged = info(&["-struct"], &made(&full().week()));
    // Poppler does not say what stands for a figure.
    let bytes = made(&full().week());
    let figure = b"/Alt(What was seen of pupil devices: 0 search words and host names, 61 host names only, 1 nothing)";
    assert!(bytes.windows(figure.len()).any(|part| part == figure));
    assert!(tagged.contains("/Scope /Column") && tagged.contains("/Scope /Row"), "{tagged}");
}

#[test]
fn page_one_is_one_page_and_every_edition_says_there_what_its_text_says() {
    for (name, script) in
        [("full", full()), ("worst", worst()), ("craze", craze()), ("trap", trap()), ("quiet", quiet()), ("all", everything())]
    {
        for edition in Edition::ALL {
            let week = edit(&script.week(), *edition);
            let pdf = made(&week);
            let one = text_of(&pdf, &["-f", "1", "-l", "1", "-raw"]);
            assert!(one.contains(&week.verdict), "{name} {edition}: {one}");
            assert!(week.page_one().iter().all(|m| one.contains(&m.line) && one.contains(&m.next)), "{name} {edition}: {one}");
            if edition.shows(edition::Part::Signs) {
                assert!(one.contains("Reviewed by the ICT coordinator"), "{name}: {one}");
            }
            let all = text_of(&pdf, &["-raw"]);
            for limit in &week.limits {
                // Lines of one paragraph may be parted by the foot of a page.
                let begins: String = limit.chars().take(40).collect();
                assert!(all.contains(&begins), "{name} {edition}: {limit}");
            }
            assert!(all.contains(&format!("delivery {} page 1 of", week.delivery)), "{name} {edition}");
        }
    }
}

/// What stands in the PDF of a week.
pub(super) fn words_of(week: &Week) -> String {
    text_of(&made(week), &[])
}

#[test]
fn half_term_is_one_page_with_one_line() {
    let pdf = made(&half_term().week());
    assert!(info(&[], &pdf).contains("Pages:           1"));
    assert!(text_of(&pdf, &[]).contains("No school this week"));
}

#[test]
fn no_name_however_it_is_written_keeps_the_pdf_from_being_made() {
    let mut script = hostile();
    for (key, name) in
        [("m.l", "Małgorzata Łęcka"), ("n.v", "Nguyễn Thị Hồng"), ("x", "Ελένη Жанна 李小龙 محمد 🙂"), ("n", "e\u{301}\u{308}")]
    {
        let person = script.add_person(key, name, crate::words::PersonRole::Pupil);
        let device = script.add_device(&format!("Tag {name}"), Some(person));
        let who = super::on(Some(person), Some(device), crate::words::Known::Mac, crate::words::Confidence::High);
        script.block(script.at(1, 10, 0), who, "worry.example", crate::words::Category::SELF_HARM);
    }
    let text = text_of(&made(&script.week()), &["-raw"]);
    for name in ["Małgorzata Łęcka", "Nguyễn Thị Hồng", "Ελένη Жанна \u{fffd}", "<script>alert(1)</script>"] {
        assert!(text.contains(name), "{name}: {text}");
    }
}

/// Writes PDFs to look at: `SCHOOLGATE_LOOK=DIR cargo test report::tests::pdf::look`.
#[test]
fn look() {
    let Some(dir) = std::env::var_os("SCHOOLGATE_LOOK") else { return };
    for (name, script) in
        [("full", full()), ("worst", worst()), ("all", everything()), ("half-term", half_term()), ("hostile", hostile())]
    {
        for edition in Edition::ALL {
            let path = Path::new(&dir).join(format!("{name}-{edition}.pdf"));
            std::fs::write(path, made(&edit(&script.week(), *edition))).expect("the folder can be written");
        }
    }
}
