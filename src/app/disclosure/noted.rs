//! What the DSL has noted about one person: incidents, what was said of their matters, closer watching, alerts.
//!
//! IT runs the command, and sees none of this: it is there only for somebody who has the part, and only what [`may`] lets
//! them see.

use super::{Blotter, Deed, STAFF};
use crate::app::alerts;
use crate::casebook::{By, Casebook, CasebookFault, Concerns, Marks, Reading, incidents, may, watch};
use crate::config::Config;
use crate::gate::alerts::{Alert, Whose};
use crate::gate::snapshot::local_time;
use crate::people::Person;
use crate::report::themes::theme;
use crate::seal::Opener;
use crate::words::PersonRole;
use serde::Serialize;

/// Of one person.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Noted {
    /// Every record of every incident that is about them, or that they are among.
    pub incidents: Vec<Deed>,
    /// What was said of the matters of theirs that reports had.
    pub marks: Vec<Deed>,
    /// When they were watched more closely.
    pub watched: Vec<Deed>,
    /// Alerts that were about them: a theme, how often, and when somebody saw it.
    pub alerts: Vec<Deed>,
}

/// What this one may see of it, with what opens sealed words; `None`: nothing, since it is not theirs.
///
/// # Errors
/// Why the casebook or the alerts cannot be read.
pub fn noted(
    config: &Config,
    person: &Person,
    blotter: &Blotter,
    (by, with): (By, Option<&Opener>),
) -> Result<Option<Noted>, String> {
    let concerns = if person.role == PersonRole::Pupil { Concerns::Pupil } else { Concerns::Adult };
    if !may(by, concerns, [person.key.as_str()]) {
        return Ok(None);
    }
    let deed = |at_ms: i64, what: &str| Deed { when: local_time(config, at_ms), what: blotter.blot(what), by: STAFF };
    let mut noted = in_casebook(config, person, (by, with), deed).map_err(|fault| fault.to_string())?;
    let theirs = alerts::read(&config.data)?.alerts.into_iter().filter(|alert| alert.whose == Whose::Person(person.id.0));
    noted.alerts = theirs.map(|alert| deed(alert.first_ms, &of_alert(config, &alert))).collect();
    Ok(Some(noted))
}

fn in_casebook(
    config: &Config,
    person: &Person,
    (by, with): (By, Option<&Opener>),
    deed: impl Fn(i64, &str) -> Deed,
) -> Result<Noted, CasebookFault> {
    let Some(casebook) = Casebook::peek(&config.data)? else { return Ok(Noted::default()) };
    let reading = casebook.read();
    let subject = format!("person-{}", person.id.0);
    let marks = Marks::read(&reading)?;
    let marks = marks.all().iter().filter(|mark| mark.matter.subject == subject);
    let watched = watch::at(&reading, i64::MIN, i64::MAX)?.into_iter().filter(|w| w.person == person.key);
    Ok(Noted {
        incidents: steps(&reading, (by, with), person)?.into_iter().map(|(at_ms, what)| deed(at_ms, &what)).collect(),
        marks: marks
            .map(|m| {
                let because = if m.because.is_empty() { String::new() } else { format!(": {}", m.because) };
                deed(m.when_ms, &format!("{}, {}: {}{because}", m.matter.week, m.title, m.said.word()))
            })
            .collect(),
        watched: watched
            .map(|w| deed(w.from_ms, &format!("watched more closely until {}: {}", local_time(config, w.until_ms), w.reason)))
            .collect(),
        alerts: Vec::new(),
    })
}

/// Who acknowledged it is told by office.
fn of_alert(config: &Config, alert: &Alert) -> String {
    let Alert { number, count, last_ms, critical, .. } = alert;
    let about = theme(&alert.theme).map_or(alert.theme.as_str(), |theme| theme.title);
    let tier = if *critical { "critical" } else { "high" };
    let seen = match &alert.acknowledged {
        Some(seen) => format!("acknowledged {}", local_time(config, seen.when_ms)),
        None => "acknowledged by nobody".to_owned(),
    };
    format!("alert {number}: {tier}, {about}; {count} times until {}; {seen}", local_time(config, *last_ms))
}

/// Every record of the incidents that somebody is in, each with its moment.
fn steps(reading: &Reading, (by, with): (By, Option<&Opener>), person: &Person) -> Result<Vec<(i64, String)>, CasebookFault> {
    let mut all = incidents::list(reading, by, with)?;
    all.retain(|incident| incident.fields.people.contains(&person.key));
    let mut steps = Vec::new();
    for incident in &all {
        for step in &incident.history {
            // Who of the school recorded it is told by office.
            let fields = step.fields.named().into_iter().filter(|(name, _)| *name != "recorded by");
            let told: Vec<_> = fields.filter_map(|(name, text)| Some(format!("{name}: {}", text?))).collect();
            let why = if step.why.is_empty() { String::new() } else { format!(" ({})", step.why) };
            steps.push((step.when_ms, format!("incident {}, {}{why}; {}", incident.number, step.what, told.join("; "))));
        }
        if !incident.evidence.is_empty() {
            let rows = incident.evidence.len();
            steps
                .push((incident.opened_ms(), format!("incident {}: {rows} rows of the log were put beside it", incident.number)));
        }
    }
    Ok(steps)
}
