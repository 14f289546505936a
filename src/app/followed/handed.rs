//! Incidents as they are handed on: as a table or a PDF, for CPOMS, MyConcern or a pupil's file.

use crate::casebook::Incident;
use crate::casebook::incidents::Fields;
use crate::config::Config;
use crate::gate::snapshot::local_time;
use crate::journal::export::csv::cell;
use crate::people::Register;
use crate::report;
use csv::{QuoteStyle, WriterBuilder};

/// One after the other, each from the top of a page.
///
/// # Errors
/// In words.
pub fn pdf(all: &[Incident], config: &Config) -> Result<Vec<u8>, String> {
    report::pdf::incidents(&config.school.name, &config.school.zone, all).map_err(|fault| fault.to_string())
}

/// A row for each person an incident is about: what CPOMS and MyConcern take in goes by the pupil.
///
/// # Errors
/// In words.
pub fn csv(all: &[Incident], config: &Config, register: &Register) -> Result<Vec<u8>, String> {
    let fault = |fault: csv::Error| fault.to_string();
    let mut sheet = WriterBuilder::new().quote_style(QuoteStyle::NonNumeric).from_writer(Vec::new());
    let mut head = vec!["incident", "person id", "person name", "year", "form"];
    let names: Vec<_> = Fields::default().named().into_iter().map(|(name, _)| name).collect();
    head.extend(&names);
    head.extend(["opened", "last entry", "state", "rows of the log", "last record"]);
    sheet.write_record(&head).map_err(fault)?;
    for i in all {
        let nobody = [String::new()];
        let people = if i.fields.people.is_empty() { &nobody[..] } else { &i.fields.people };
        for key in people {
            let person = register.person_of_key(key);
            let year = person.and_then(|p| p.year).map_or_else(String::new, |year| year.to_string());
            let (name, form) = person.map_or(("", ""), |p| (p.name.as_str(), p.details.form.as_str()));
            let mut row = vec![i.number.to_string(), key.clone(), name.to_owned(), year, form.to_owned()];
            row.extend(i.fields.named().into_iter().map(|(_, text)| text.unwrap_or_default()));
            let state = if i.closed { "closed" } else { "open" };
            let rows: Vec<_> = i.evidence.iter().map(|e| format!("{} {} {}", e.week, e.seq, e.sha256)).collect();
            let last = i.history.last().map_or_else(String::new, |step| format!("{}:{}", step.record, step.hash));
            row.extend([local_time(config, i.opened_ms()), local_time(config, i.last_ms()), state.into(), rows.join("; "), last]);
            sheet.write_record(row.iter().map(|text| cell(text))).map_err(fault)?;
        }
    }
    sheet.into_inner().map_err(|fault| fault.to_string())
}
