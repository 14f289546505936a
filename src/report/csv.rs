//! The week as one table for a spreadsheet: a line a fact, of whatever part.
//!
//! Columns: part, what, detail, value, when. A cell that a spreadsheet would take for a formula begins with `'`.

use super::edition::Part;
use super::plain::list;
use super::week::{Counted, Matter, Week};

struct Sheet(csv::Writer<Vec<u8>>);

/// The week as CSV (RFC 4180): lines end with CR LF, cells with commas, quotes or line breaks stand in quotes.
pub fn csv(week: &Week) -> String {
    let writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let mut sheet = Sheet(writer);
    sheet.row(["part", "what", "detail", "value", "when"]);
    sheet.head(week);
    for (place, matter) in week.matters.iter().enumerate() {
        sheet.matter(&format!("matter {}", place + 1), matter);
    }
    for (place, matter) in week.known.iter().enumerate() {
        sheet.matter(&format!("known {}", place + 1), matter);
    }
    sheet.followed(week);
    sheet.counts(week);
    sheet.filter(week);
    // Writing into memory does not fail.
    String::from_utf8(sheet.0.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// A cell as no spreadsheet takes it for a formula (OWASP, CSV injection).
fn harmless(cell: &str) -> String {
    let formula = cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("'{cell}") } else { cell.to_owned() }
}

impl Sheet {
    fn row(&mut self, cells: [&str; 5]) {
        // Five cells each time, into memory: it cannot fail.
        let _ = self.0.write_record(cells.map(harmless));
    }

    fn head(&mut self, week: &Week) {
        for (what, is) in [
            ("edition", week.edition.word()),
            ("school", &week.school),
            ("gateway", &week.gateway),
            ("week", &week.week),
            ("dates", &week.dates),
            ("made", &week.made),
            ("delivery", &week.delivery.to_string()),
            ("verdict", &week.verdict),
        ] {
            self.row(["report", what, "", is, ""]);
        }
        if week.shows(Part::Coverage) {
            let c = &week.coverage;
            for (what, n) in [
                ("pupil devices", c.pupil_devices),
                ("search words seen on", c.searches),
                ("host names seen on", c.names),
                ("nothing seen on", c.nothing),
            ] {
                self.row(["coverage", what, "", &n.to_string(), ""]);
            }
        }
        for line in &week.assurance {
            self.row(["assurance", &line.what, "", &line.is, ""]);
        }
    }

    fn followed(&mut self, week: &Week) {
        for o in week.still_open.iter().flatten() {
            self.row(["still open", &o.matter, &o.last_action, &o.owner, &format!("{} days", o.days)]);
        }
        for i in &week.incidents {
            let state = if i.closed { "closed" } else { "open" };
            self.row(["incident", &i.number.to_string(), &i.category, state, &i.happened]);
        }
        for s in &week.signed {
            self.row(["signed", s.who_signs, s.role, &s.who, &s.when]);
        }
        if !week.casebook.is_empty() {
            self.row(["casebook", "last record", "", &week.casebook, ""]);
        }
    }

    fn matter(&mut self, part: &str, matter: &Matter) {
        let when = format!("{} to {}", matter.first, matter.last);
        let rows: Vec<String> = matter.rows.iter().map(u64::to_string).collect();
        for (what, is) in [
            ("theme", matter.title.to_owned()),
            ("tier", matter.tier.to_owned()),
            ("account", matter.account.clone().unwrap_or_default()),
            ("name", matter.name.clone().unwrap_or_default()),
            ("year", matter.year.clone().unwrap_or_default()),
            ("devices", list(&matter.devices)),
            ("networks", list(&matter.networks)),
            ("how sure", matter.how_sure.clone()),
            ("what happened", matter.line.clone()),
            ("why", matter.chosen.join("; ")),
            ("next", matter.next.clone()),
            ("attempts in lessons", matter.in_lesson.to_string()),
            ("attempts outside", matter.outside.to_string()),
            ("searches", matter.searches.to_string()),
            ("rows of the log", rows.join(" ")),
            ("said", matter.mark.as_ref().map(|mark| mark.in_words()).unwrap_or_default()),
            ("to mark", matter.id.clone()),
        ] {
            if !is.is_empty() {
                self.row([part, what, "", &is, &when]);
            }
        }
        for name in &matter.names {
            self.row([part, "name asked for", &name.text, &name.count.to_string(), &when]);
        }
        for episode in &matter.episodes {
            self.row([part, "episode", &episode.lesson, &episode.attempts.to_string(), &episode.when]);
        }
    }

    fn counts(&mut self, week: &Week) {
        for t in &week.themes {
            self.row(["theme", t.title, "episodes", &t.episodes.to_string(), ""]);
            self.row(["theme", t.title, "requests", &t.events.to_string(), ""]);
            self.row(["theme", t.title, "accounts", &t.people.to_string(), ""]);
            self.row(["theme", t.title, "unnamed devices", &t.unnamed.to_string(), ""]);
            if let Some(mean) = t.mean {
                self.row(["theme", t.title, "episodes, mean of the weeks before", &mean.in_words(), ""]);
            }
        }
        for c in &week.categories {
            self.row(["category", &c.title, "episodes", &c.episodes.to_string(), ""]);
            self.row(["category", &c.title, "requests", &c.events.to_string(), ""]);
        }
        for t in &week.trend {
            self.row(["trend", "matters", "", &t.matters.to_string(), &t.week]);
            self.row(["trend", "episodes", "", &t.episodes.to_string(), &t.week]);
        }
        if week.shows(Part::Totals) {
            let t = &week.totals;
            for (what, n) in [("requests", t.events), ("blocked", t.blocked), ("set aside as noise", t.set_aside)] {
                self.row(["total", what, "", &n.to_string(), ""]);
            }
        }
        for line in &week.set_aside {
            self.row(["noise", line.title, "", &line.events.to_string(), ""]);
        }
        if week.shows(Part::Help) {
            self.row(["help", "look-ups of help services, with nobody", "", &week.help.to_string(), ""]);
        }
        if week.shows(Part::Illegal) {
            self.row([
                "illegal lists",
                if week.illegal.present { "present" } else { "NOT PRESENT" },
                "requests that met them",
                &week.illegal.hits.to_string(),
                "",
            ]);
        }
        let counted = |sheet: &mut Self, part: &str, what: &str, items: &[Counted]| {
            items.iter().for_each(|c| sheet.row([part, what, &c.text, &c.count.to_string(), ""]));
        };
        counted(self, "bypass", "name", &week.bypass.names);
        counted(self, "teaching", "education blocked", &week.teaching.hosts);
        counted(self, "teaching", "opened by the school", &week.teaching.own_allowed);
    }

    fn filter(&mut self, week: &Week) {
        for n in &week.networks {
            self.row(["network", &n.name, "filter", if n.state.is_empty() { "removed" } else { n.state }, ""]);
        }
        for c in &week.changes {
            self.row(["change", &c.what, &c.why, &c.who, &c.when]);
        }
        for fact in &week.health {
            self.row(["health", fact.what, if fact.good { "" } else { "needs someone" }, &fact.is, ""]);
        }
        for l in week.look_ups.iter().flatten() {
            self.row(["look-up", &l.whom, &l.purpose, &l.who, &l.when]);
        }
        for limit in &week.limits {
            self.row(["limit", limit, "", "", ""]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, safe) in
            [("=1+1", "'=1+1"), ("+44", "'+44"), ("-1", "'-1"), ("@x", "'@x"), (" =1", "' =1"), ("a=1", "a=1"), ("", "")]
        {
            assert_eq!(harmless(cell), safe);
        }
    }
}
