//! Incidents as a PDF to be put into a pupil's file: what was written, each record of it, and the rows of the log beside it.

use super::face::Faces;
use super::sheet::{BODY, Column, NOTE, Sheet};
use super::{PdfFault, SIZES, press};
use crate::casebook::Incident;
use crate::casebook::incidents::Evidence;
use crate::report::calendar::date_and_time;
use crate::report::plain::{shown, whole};
use jiff::tz::TimeZone;

/// One after the other, each from the top of a page.
///
/// # Errors
/// [`PdfFault`]
pub fn incidents(school: &str, zone: &TimeZone, incidents: &[Incident]) -> Result<Vec<u8>, PdfFault> {
    let faces = Faces::new().ok_or(PdfFault::Faces)?;
    let title = match incidents {
        [one] => format!("Incident {} · {school}", one.number),
        _ => format!("Incidents · {school}"),
    };
    let mut sheet = Sheet::new(&faces, SIZES[0], title.clone());
    for (place, incident) in incidents.iter().enumerate() {
        if place > 0 {
            sheet.new_page();
        }
        one(&mut sheet, school, zone, incident);
    }
    press::print(&sheet.done(&title), &faces)
}

fn one(sheet: &mut Sheet, school: &str, zone: &TimeZone, incident: &Incident) {
    let when = |ms| date_and_time(ms, zone);
    sheet.heading(1, &format!("Incident {}", incident.number));
    let state = if incident.closed { "closed" } else { "open" };
    sheet.paragraph(&format!("{school} · opened {} · {state}", when(incident.opened_ms())), NOTE);
    for (name, text) in incident.fields.named() {
        let text = text.map_or_else(|| "-".to_owned(), |text| lines(&text));
        sheet.pair(&capital(name), &text, 9.0);
    }
    if let Some(matter) = &incident.matter {
        sheet.pair("Matter", &matter.to_string(), 9.0);
    }
    sheet.heading(2, "What was recorded, and by whom");
    let columns = [
        Column("Record", 1.2, true),
        Column("When", 3.0, false),
        Column("Who", 2.0, false),
        Column("What", 4.0, false),
        Column("Why", 4.0, false),
    ];
    let row = |step: &crate::casebook::incidents::Step| {
        vec![step.record.to_string(), when(step.when_ms), shown(&step.who), shown(&step.what), whole(&step.why)]
    };
    sheet.table("", &columns, &incident.history.iter().map(row).collect::<Vec<_>>());
    if let Some(last) = incident.history.last() {
        let said = format!(
            "The last record is {}:{}. `schoolgate log verify --report` with it proves all of them.",
            last.record, last.hash
        );
        sheet.paragraph(&said, NOTE);
    }
    for step in incident.history.iter().skip(1) {
        for (name, text) in step.fields.named() {
            if let Some(text) = text {
                sheet.pair(&format!("{} as of record {}", capital(name), step.record), &lines(&text), 14.0);
            }
        }
    }
    if incident.evidence.is_empty() {
        return;
    }
    sheet.heading(2, "Rows of the log");
    for Evidence { week, seq, policy_version, list, line, sha256, typed, .. } in &incident.evidence {
        let list = list.as_deref().map_or_else(String::new, |list| format!(", list {}", shown(list)));
        sheet.paragraph(&format!("Row {seq} of {week}, policy {policy_version}{list}. SHA-256 {sha256}"), BODY);
        sheet.paragraph(&whole(line), NOTE);
        if let Some(typed) = typed {
            sheet.paragraph(&format!("Typed there: {}", whole(typed)), BODY);
        }
    }
}

/// Line breaks as a mark: a cell is one paragraph.
fn lines(text: &str) -> String {
    whole(&text.replace('\n', " / "))
}

fn capital(text: &str) -> String {
    crate::report::plain::capital(text)
}
