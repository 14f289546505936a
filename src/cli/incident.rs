//! `schoolgate incident`: incidents opened, added to, shown and handed on.

use super::log::Unsealing;
use super::review::{looked_at, role, somebody, week_of};
use super::table::table;
use super::{Context, Failed, Outcome, fail, put, say};
use crate::app::followed::evidence::evidence;
use crate::app::followed::{self, Somebody, handed};
use crate::casebook::incidents::{self, Category, Evidence, Fields, Incident, New, Words};
use crate::casebook::review::{self, Said};
use crate::casebook::{Casebook, MatterRef, Role, look_ups};
use crate::config::Config;
use crate::gate::Clock;
use crate::gate::control::Request;
use crate::gate::snapshot::local_time;
use crate::ops;
use crate::people::Register;
use crate::report::IsoWeek;
use crate::report::plain::whole;
use std::io::IsTerminal;
use std::path::PathBuf;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Open an incident, by hand or from a matter of a report, and give it a number
    Add(AddArgs),
    /// Add what came later, or correct it: what was written stays, and a record says who added what and why
    Amend(AmendArgs),
    /// Those you may see
    List {
        /// Only those that are not closed
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        look: Look,
    },
    /// One of them, with every record of it
    Show {
        number: u64,
        #[command(flatten)]
        look: Look,
        #[command(flatten)]
        open: Open,
    },
    /// For CPOMS, MyConcern or a file: as a table, a PDF or JSON
    Export(ExportArgs),
}

/// With which reader's passphrase what is sealed opens.
#[derive(Debug, clap::Args)]
pub struct Open {
    /// Show what was written, too: asks for a reader's passphrase, and is written down
    #[arg(long = "open", value_name = "READER", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    reader: Option<String>,
}

/// In which part somebody looks, and what for.
#[derive(Debug, clap::Args)]
pub struct Look {
    /// In which part, if you have several: dsl, deputy, head, chair
    #[arg(long = "as", value_name = "PART", value_parser = role)]
    as_role: Option<Role>,
    /// Why you look: it is written down, and shown in the report
    #[arg(long)]
    purpose: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct FieldArgs {
    /// The day it happened, such as 2026-11-18
    #[arg(long, value_name = "DAY")]
    date: Option<String>,
    /// Such as 10:42
    #[arg(long)]
    time: Option<String>,
    /// Where it took place
    #[arg(long)]
    place: Option<String>,
    #[arg(long)]
    room: Option<String>,
    /// Such as cyber-bullying; a wrong one is told which there are
    #[arg(long)]
    category: Option<String>,
    /// Whom it is about, by their id in the register; may be given more than once
    #[arg(long, value_name = "ID")]
    person: Vec<String>,
    /// Others whom it concerns, who are in no register
    #[arg(long)]
    others: Option<String>,
    #[arg(long)]
    description: Option<String>,
    #[arg(long)]
    action_taken: Option<String>,
    #[arg(long)]
    parents_told: Option<String>,
    #[arg(long)]
    referred_to: Option<String>,
    #[arg(long)]
    outcome: Option<String>,
    /// The name of the member of staff who records it
    #[arg(long, value_name = "NAME")]
    recorded_by: Option<String>,
    /// A row of the week's log to put beside it, by its number (`seq`); may be given more than once
    #[arg(long, value_name = "SEQ")]
    evidence: Vec<u64>,
    /// The week of the matter and of the rows, such as 2026-W47 [default: the last whole week]
    #[arg(long, value_name = "WEEK")]
    week: Option<String>,
    /// In which part, if you have several: dsl, deputy, head, chair
    #[arg(long = "as", value_name = "PART", value_parser = role)]
    as_role: Option<Role>,
}

#[derive(Debug, clap::Args)]
pub struct AddArgs {
    #[command(flatten)]
    fields: FieldArgs,
    /// The matter it comes from, by its place in the report or what stands behind 'To mark': it is marked as a concern, and the rows
    /// that it rests on are put beside the incident
    #[arg(long)]
    matter: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct AmendArgs {
    number: u64,
    #[command(flatten)]
    fields: FieldArgs,
    /// Why it is added or corrected
    #[arg(long)]
    reason: String,
    /// Nothing more is to be done about it
    #[arg(long)]
    close: bool,
}

#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// Its number [default: all you may see]
    number: Option<u64>,
    #[arg(long, value_enum)]
    format: Format,
    /// Write to this file, its owner's alone, instead of the terminal
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    look: Look,
    #[command(flatten)]
    open: Open,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A row for each person it is about
    Csv,
    Json,
    Pdf,
}

pub fn incident(context: &Context, command: Command) -> Outcome {
    let config = context.read()?;
    match command {
        Command::Add(args) => add(context, &config, args),
        Command::Amend(args) => amend(context, &config, args),
        Command::List { open, look } => list(context, &config, open, &look),
        Command::Show { number, look, open } => show(context, &config, number, (&look, open.reader.as_deref())),
        Command::Export(args) => export(context, &config, &args),
    }
}

fn add(context: &Context, config: &Config, args: AddArgs) -> Outcome {
    let now_ms = Clock::System.unix_ms();
    let (who, register) = somebody(config, args.fields.as_role)?;
    let week = week_of(config, args.fields.week.as_deref(), now_ms)?;
    let mut rows = args.fields.evidence.clone();
    let mut fields = written(args.fields, &register)?;
    let mut of = None;
    if let Some(text) = &args.matter {
        let shown = looked_at(context, config, &who, week, "an incident of it")?;
        let matter = followed::meant(&shown, text).map_err(fail)?;
        if rows.is_empty() {
            rows.clone_from(&matter.rows);
        }
        fields.people.extend(matter.account.iter().filter(|key| !fields.people.contains(key)).cloned().collect::<Vec<_>>());
        of = Some(matter.reference.clone());
    }
    let new = New { fields, evidence: beside(context, config, &register, (week, &rows))? };
    let mut casebook = Casebook::open(&config.data).map_err(fail)?;
    let whose = (who.role.concerns(), of.as_ref());
    let number = incidents::open(&mut casebook, who.by(), new, whose, now_ms).map_err(fail)?;
    let marked = of.map_or(Ok(String::new()), |matter: MatterRef| {
        let concern = review::mark(&mut casebook, who.by(), &matter, (Said::Concern, ""), Some(number), now_ms);
        concern.map(|_| format!("; {} is marked as a concern", matter.id)).map_err(fail)
    })?;
    say(format_args!("incident {number} is recorded{marked}"))
}

fn amend(context: &Context, config: &Config, args: AmendArgs) -> Outcome {
    let now_ms = Clock::System.unix_ms();
    let (who, register) = somebody(config, args.fields.as_role)?;
    let week = week_of(config, args.fields.week.as_deref(), now_ms)?;
    let evidence = beside(context, config, &register, (week, &args.fields.evidence))?;
    let new = New { fields: written(args.fields, &register)?, evidence };
    let mut casebook = Casebook::open(&config.data).map_err(fail)?;
    let change = (args.number, args.reason.as_str(), args.close);
    let record = incidents::amend(&mut casebook, who.by(), change, new, now_ms).map_err(fail)?;
    say(format_args!("incident {}: {}; record {}", args.number, record.entry.what, record.number))
}

fn beside(
    context: &Context,
    config: &Config,
    register: &Register,
    (week, rows): (IsoWeek, &[u64]),
) -> Result<Vec<Evidence>, Failed> {
    if !rows.is_empty() {
        // What is new waits a minute for its week file.
        context.ask(config, &Request::Settle)?;
    }
    evidence(config, register, week, rows).map_err(fail)
}

/// What was typed; people are those of the register, as it writes them.
fn written(args: FieldArgs, register: &Register) -> Result<Fields, Failed> {
    let key = |text: String| match register.person_of_key(&text) {
        Some(person) => Ok(person.key.clone()),
        None => {
            Err(fail(format_args!("nobody in the register has the id '{}': who is in none is for --others", text.escape_debug())))
        }
    };
    let category = args.category.map(|text| {
        let text = text.trim().to_lowercase();
        // Enough of it to be told from the others.
        let mut begins = Category::ALL.iter().filter(|c| c.word().starts_with(&text));
        match (begins.next(), begins.next()) {
            (Some(only), None) => only.word().to_owned(),
            _ => text,
        }
    });
    Ok(Fields {
        date: args.date,
        time: args.time,
        place: args.place,
        room: args.room,
        category,
        people: args.person.into_iter().map(key).collect::<Result<_, _>>()?,
        others: args.others,
        description: args.description,
        action_taken: args.action_taken,
        parents_told: args.parents_told,
        referred_to: args.referred_to,
        outcome: args.outcome,
        recorded_by: args.recorded_by,
    })
}

/// A look that is written down, and what it opens.
struct Looking {
    who: Somebody,
    register: Register,
    casebook: Casebook,
    sealed: Unsealing,
}

impl Looking {
    /// Written down before anything is shown.
    fn begin(context: &Context, config: &Config, (look, open): (&Look, Option<&str>), what: &str) -> Result<Self, Failed> {
        let (who, register) = somebody(config, look.as_role)?;
        let purpose = context.purpose(look.purpose.as_deref())?;
        look_ups::record_of(&config.data, &who.who, what, &purpose, Clock::System.unix_ms()).map_err(fail)?;
        let sealed = Unsealing::ask(config, open, what, &purpose)?;
        Ok(Self { who, register, casebook: Casebook::open(&config.data).map_err(fail)?, sealed })
    }

    fn all(&self) -> Result<Vec<Incident>, Failed> {
        incidents::list(&self.casebook.read(), self.who.by(), self.sealed.opener()).map_err(fail)
    }

    fn one(&self, number: u64) -> Result<Incident, Failed> {
        incidents::shown(&self.casebook.read(), self.who.by(), number, self.sealed.opener()).map_err(fail)
    }
}

/// Tells what stayed sealed. What was to be opened and was not is a fault.
fn told_sealed(shown: &[Incident]) -> Outcome {
    let with = |words| shown.iter().flat_map(move |incident| incident.with_words(words));
    if with(Words::Sealed).next().is_some() {
        eprintln!("dots stand for what is sealed: --open READER shows it");
    }
    let records: Vec<_> = with(Words::Unopened).map(|record| record.to_string()).collect();
    if records.is_empty() {
        return Ok(());
    }
    Err(fail(format_args!(
        "these records stay sealed, since they are not as they were written or were sealed to keys that are lost: {}",
        records.join(", ")
    )))
}

fn list(context: &Context, config: &Config, open: bool, look: &Look) -> Outcome {
    let mut all = Looking::begin(context, config, (look, None), "incident list")?.all()?;
    all.retain(|i| !open || !i.closed);
    context.print(&all, || {
        if all.is_empty() {
            return "no incident that you may see".into();
        }
        let mut rows = table(["number", "happened", "category", "about", "last entry", "state"]);
        for i in &all {
            let state = if i.closed { "closed" } else { "open" };
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let last = local_time(config, i.last_ms());
            let (date, category, people) = (text(&i.fields.date), text(&i.fields.category), i.fields.people.join(", "));
            rows.add_row([i.number.to_string(), date, category, people, last, state.to_owned()]);
        }
        rows.to_string()
    })
}

fn show(context: &Context, config: &Config, number: u64, look: (&Look, Option<&str>)) -> Outcome {
    let incident = Looking::begin(context, config, look, &format!("incident {number}"))?.one(number)?;
    context.print(&incident, || told(&incident, config))?;
    told_sealed(&[incident])
}

fn told(incident: &Incident, config: &Config) -> String {
    let state = if incident.closed { "closed" } else { "open" };
    let mut lines = vec![format!("Incident {}, opened {}, {state}", incident.number, local_time(config, incident.opened_ms()))];
    for (name, text) in incident.fields.named() {
        lines.extend(
            text.map(|text| format!("{name:<13} {}", text.lines().map(whole).collect::<Vec<_>>().join("\n              "))),
        );
    }
    lines.extend(incident.matter.as_ref().map(|matter| format!("{:<13} {matter}", "matter")));
    for step in &incident.history {
        let why = if step.why.is_empty() { String::new() } else { format!(": {}", whole(&step.why)) };
        lines.push(format!("record {}, {}, {}: {}{why}", step.record, local_time(config, step.when_ms), step.who, step.what));
    }
    for row in &incident.evidence {
        let list = row.list.as_deref().map_or_else(String::new, |list| format!(", list {list}"));
        lines.push(format!("row {} of {}, policy {}{list}, SHA-256 {}", row.seq, row.week, row.policy_version, row.sha256));
        lines.extend(row.typed.as_ref().map(|typed| format!("  typed there: {}", whole(typed))));
    }
    lines.join("\n")
}

fn export(context: &Context, config: &Config, args: &ExportArgs) -> Outcome {
    let what = args.number.map_or_else(|| "incident export".to_owned(), |number| format!("incident export {number}"));
    let looking = Looking::begin(context, config, (&args.look, args.open.reader.as_deref()), &what)?;
    let all = match args.number {
        Some(number) => vec![looking.one(number)?],
        None => looking.all()?,
    };
    let written = match args.format {
        Format::Csv => handed::csv(&all, config, &looking.register).map_err(fail)?,
        Format::Json => serde_json::to_vec_pretty(&all).map_err(fail)?,
        Format::Pdf => handed::pdf(&all, config).map_err(fail)?,
    };
    match &args.out {
        None if args.format == Format::Pdf && std::io::stdout().is_terminal() => {
            return Err(fail("a PDF cannot be read in a terminal: say --out FILE"));
        }
        None => put(&written)?,
        Some(path) => {
            ops::files::replace_private(path, &written).map_err(|e| fail(format_args!("{}: {e}", path.display())))?;
            let many = if all.len() == 1 { "1 incident".to_owned() } else { format!("{} incidents", all.len()) };
            say(format_args!("{many} in {}", path.display()))?;
        }
    }
    told_sealed(&all)
}
