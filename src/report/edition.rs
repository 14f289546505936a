//! Who may see what of a week: one table, and one function that leaves the rest out.
//!
//! Always holds: what an edition may not see is not in the [`Week`] that it is written from, in no format; staff are in no
//! edition but the head's, what concerns the head in the chair's alone; no pupil is named outside the DSL's, but to the head as
//! somebody who was looked up or in a reason that somebody wrote; governors see no small number.

use super::plain::{capital, count, list, number};
use super::week::{Assured, Coverage, Matter, Totals, Week};
use crate::people::desk::Role;
use crate::words::person::words;
use serde_json::Value;

words! {
    /// Whom a report is for.
    Edition {
        /// The Designated Safeguarding Lead.
        Dsl "dsl",
        It "it",
        Head "head",
        /// The chair of governors, for what concerns the head.
        Chair "chair",
        Governor "governor",
    }
}

impl Edition {
    /// What somebody in a role may read: their own first.
    pub fn of(role: Role) -> &'static [Self] {
        match role {
            Role::Dsl | Role::Deputy => &[Self::Dsl, Self::Governor],
            Role::Ict => &[Self::It],
            Role::Head => &[Self::Head, Self::Governor],
            Role::Chair => &[Self::Chair, Self::Governor],
        }
    }
}

words! {
    /// What may be shown or not as a whole.
    Part {
        /// The verdict's own line on coverage.
        Coverage "coverage",
        Matters "matters",
        /// How many matters there are about adults.
        Adults "adults",
        Open "open",
        /// Incidents, by number and date.
        Incidents "incidents",
        Alerts "alerts",
        Networks "networks",
        Totals "totals",
        Themes "themes",
        Illegal "illegal",
        Bypass "bypass",
        Noise "noise",
        Help "help",
        Teaching "teaching",
        Changes "changes",
        Health "health",
        Lists "lists",
        LookUps "look-ups",
        Assurance "assurance",
        /// Boxes to sign.
        Signs "signs",
        /// What proves the casebook.
        Casebook "casebook",
    }
}

impl Part {
    /// The keys of the JSON that are this part.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Coverage => &["coverage"],
            Self::Matters => &["matters", "matters_left_out", "known"],
            Self::Adults => &["for_head"],
            Self::Open => &["still_open"],
            Self::Alerts => &["alerts"],
            Self::Networks => &["networks"],
            Self::Totals => &["totals"],
            Self::Themes => &["themes", "categories", "trend"],
            Self::Illegal => &["illegal"],
            Self::Bypass => &["bypass"],
            Self::Noise => &["set_aside"],
            Self::Help => &["help"],
            Self::Teaching => &["teaching"],
            Self::Changes => &["changes"],
            Self::Health => &["health"],
            Self::Lists => &["lists"],
            Self::LookUps => &["look_ups"],
            Self::Assurance => &["assurance"],
            Self::Incidents => &["incidents"],
            Self::Signs => &["signed"],
            Self::Casebook => &["casebook"],
        }
    }
}

impl Edition {
    /// The table.
    pub fn shows(self, part: Part) -> bool {
        use Part::{
            Assurance, Casebook, Changes, Coverage, Health, Help, Illegal, Lists, LookUps, Matters, Networks, Noise, Teaching,
            Themes, Totals,
        };
        match self {
            Self::Dsl => part != Assurance,
            Self::It => {
                matches!(part, Coverage | Networks | Totals | Noise | Teaching | Changes | Health | Lists | LookUps | Casebook)
            }
            Self::Head => matches!(
                part,
                Coverage
                    | Matters
                    | Networks
                    | Totals
                    | Themes
                    | Illegal
                    | Help
                    | Teaching
                    | Changes
                    | Health
                    | LookUps
                    | Casebook
            ),
            Self::Chair => matches!(part, Matters),
            Self::Governor => matches!(part, Assurance),
        }
    }

    /// What it is called at its head.
    pub fn title(self) -> &'static str {
        match self {
            Self::Dsl => "Weekly safeguarding report",
            Self::It => "Weekly filter report for IT",
            Self::Head => "Weekly report for the head",
            Self::Chair => "Weekly report for the chair of governors",
            Self::Governor => "Weekly assurance for governors",
        }
    }

    /// What the matters in it are about.
    pub fn matters_title(self) -> &'static str {
        match self {
            Self::Head => "Matters about adults",
            Self::Chair => "Matters about the head",
            _ => "What needs a person",
        }
    }
}

/// The week as this edition may see it. Only a week that is whole, as [`super::tally()`] makes it, can be edited.
pub fn edit(week: &Week, edition: Edition) -> Week {
    let mut shown = week.clone();
    shown.edition = edition;
    shown.verdict = verdict(week, edition);
    let split = |matters: &[Matter]| matters.iter().cloned().partition(|matter| !matter.is_settled());
    (shown.matters, shown.known) = match edition {
        Edition::Dsl => (week.matters.clone(), week.known.clone()),
        Edition::Head => split(&week.adults),
        Edition::Chair => split(&week.about_head),
        Edition::It | Edition::Governor => (Vec::new(), Vec::new()),
    };
    if edition != Edition::Dsl {
        shown.matters_left_out = 0;
    }
    (shown.adults, shown.about_head) = (Vec::new(), Vec::new());
    if edition == Edition::Governor {
        shown.assurance = assurance(week);
        shown.limits = std::mem::take(&mut shown.coarse_limits);
    }
    if edition != Edition::Dsl {
        shown.changes.iter_mut().for_each(|change| change.what.clone_from(&change.unnamed));
        shown.teaching.lessons.iter_mut().for_each(|lesson| lesson.text = without_reason(&lesson.text).to_owned());
    }
    for part in Part::ALL.iter().filter(|part| !edition.shows(**part)) {
        leave_out(&mut shown, *part);
    }
    if edition == Edition::It {
        // Free text may name anybody, and so does whom somebody looked at.
        shown.changes.iter_mut().for_each(|change| change.why = String::new());
        for look_up in shown.look_ups.iter_mut().flatten() {
            (look_up.whom, look_up.purpose) = ("somebody's record".into(), "whom and why is in the DSL's report".into());
        }
    }
    shown
}

/// A lesson's pass without who opened it and why: `video for year-9 until 2026-11-18 14:30`.
fn without_reason(lesson: &str) -> &str {
    let until = lesson.find(" until ").unwrap_or(0);
    let reason = lesson.get(until..).and_then(|rest| rest.find(" (")).map_or(lesson.len(), |at| until + at);
    lesson.get(..reason).unwrap_or(lesson)
}

fn leave_out(week: &mut Week, part: Part) {
    match part {
        Part::Coverage => week.coverage = Coverage::default(),
        Part::Matters => (week.matters, week.matters_left_out, week.known) = (Vec::new(), 0, Vec::new()),
        Part::Adults => week.for_head = 0,
        Part::Open => week.still_open = None,
        Part::Alerts => week.alerts = None,
        Part::Networks => week.networks = Vec::new(),
        Part::Totals => week.totals = Totals::default(),
        Part::Themes => (week.themes, week.categories, week.trend) = (Vec::new(), Vec::new(), Vec::new()),
        Part::Illegal => week.illegal = Default::default(),
        Part::Bypass => week.bypass = Default::default(),
        Part::Noise => week.set_aside = Vec::new(),
        Part::Help => week.help = 0,
        Part::Teaching => week.teaching = Default::default(),
        Part::Changes => week.changes = Vec::new(),
        Part::Health => week.health = Vec::new(),
        Part::Lists => week.lists = Vec::new(),
        Part::LookUps => week.look_ups = None,
        Part::Assurance => week.assurance = Vec::new(),
        Part::Incidents => week.incidents = Vec::new(),
        Part::Signs => week.signed = Vec::new(),
        Part::Casebook => week.casebook = String::new(),
    }
}

/// The JSON of a week, without the keys of what its edition leaves out: an empty list would say that there is nothing.
pub fn json(week: &Week) -> Value {
    // A `Week` is strings, numbers and lists of them: nothing that JSON cannot hold.
    let mut value = serde_json::to_value(week).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        for part in Part::ALL.iter().filter(|part| !week.edition.shows(**part)) {
            part.keys().iter().for_each(|key| drop(fields.remove(*key)));
        }
    }
    value
}

fn verdict(week: &Week, edition: Edition) -> String {
    let faults = week.health.iter().filter(|f| !f.good).count() as u64;
    let about = |n: u64, one: &str, many: &str| match n {
        0 => format!("No matter about {one} was found in what we could see."),
        1 => format!("1 matter about {one}."),
        n => format!("{} matters about {many}.", number(n)),
    };
    match edition {
        Edition::Dsl => week.verdict.clone(),
        Edition::It => match faults {
            0 => "Nothing about the filter needs anyone.".into(),
            1 => "1 thing about the filter needs someone.".into(),
            n => format!("{} things about the filter need someone.", number(n)),
        },
        Edition::Head => {
            let pupils = week.matters.len() as u64 + week.matters_left_out;
            let with_dsl = count(pupils, "matter about a pupil is", "matters about pupils are");
            format!("{} {with_dsl} with the DSL.", about(week.adults.len() as u64, "an adult", "adults"))
        }
        Edition::Chair => about(week.about_head.len() as u64, "the head", "the head"),
        Edition::Governor => {
            let on = week.networks.iter().all(|n| n.state == "on" && n.watched == 0);
            let filter = if on { "The filter was on in all networks" } else { "The filter was not on everywhere all week" };
            format!(
                "{filter}; {}.",
                if faults == 0 { "nothing about it needs anyone" } else { "something about it needs someone" }
            )
        }
    }
}

/// Least number that governors see as it is: behind a smaller one somebody may know the child.
const SMALL: u64 = 6;

/// `none`, `5 or fewer`, `1,204`
pub fn coarse(n: u64) -> String {
    match n {
        0 => "none".into(),
        n if n < SMALL => format!("{} or fewer", SMALL - 1),
        n => number(n),
    }
}

/// `5 or fewer pupil devices`
pub fn coarse_count(n: u64, one: &str, many: &str) -> String {
    if (1..SMALL).contains(&n) { format!("{} or fewer {many}", SMALL - 1) } else { count(n, one, many) }
}

/// What governors are told: no names, no small numbers, and no sum from which one could be worked out.
fn assurance(week: &Week) -> Vec<Assured> {
    let line = |what: &str, is: String| Assured { what: what.to_owned(), is };
    let share = |n: u64| match week.coverage.pupil_devices {
        0 => "not known".to_owned(),
        all => format!("{} in 100 pupil devices", n * 100 / all),
    };
    let mut lines = vec![
        line("Filter", week.filter_line()),
        line("Host names were seen on", share(week.coverage.names)),
        line("Search words were seen on", share(week.coverage.searches)),
        line("Matters about pupils for the DSL", coarse(week.matters.len() as u64 + week.matters_left_out)),
    ];
    for theme in &week.themes {
        lines.push(line(&format!("Pupils or devices: {}", theme.title), coarse(theme.people + theme.unnamed)));
    }
    let illegal = if week.illegal.present { "present" } else { "NOT PRESENT" };
    lines.extend([
        line("Illegal lists", illegal.into()),
        line("Requests that met them", coarse(week.illegal.hits)),
        line("Requests to hosts of education that were blocked", coarse(week.teaching.blocks)),
        line("Requests of pages by pupils and staff", coarse(week.teaching.asked.made)),
        line("Changes to filtering", number(week.changes.len() as u64)),
        line(
            "Times somebody's record was looked at",
            week.look_ups.as_ref().map_or("not known".into(), |l| coarse(l.len() as u64)),
        ),
    ]);
    let faults: Vec<String> = week.health.iter().filter(|f| !f.good).map(|f| f.what.to_lowercase()).collect();
    let health = if faults.is_empty() { "nothing".to_owned() } else { list(&faults) };
    lines.push(line("Needs someone", capital(&health)));
    lines
}
