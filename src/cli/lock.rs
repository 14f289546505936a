//! `schoolgate lock`: a room, a group or people held to a short list for an exam.

use super::table::table;
use super::{Context, Outcome, fail, say};
use crate::app::entries::Hand;
use crate::app::exams::{self, WrittenExam};
use crate::config::Config;
use crate::gate::control::{For, NewExam, Request};
use crate::gate::snapshot::local_time;
use crate::gate::{Clock, Snapshot};
use clap::ArgGroup;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Hold a room, a network, a group or people to a short list, from one time until another
    ///
    /// What machines need to work, sign-in among it, stays open; nothing else does.
    Exam(ExamArgs),
    /// Those that are on, and those to come
    List,
    /// End one before its time
    End {
        /// Its number, as `lock list` shows it
        id: u16,
        /// Why: it stands in the report
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("for").required(true).args(["group", "network", "room", "who"]))]
pub struct ExamArgs {
    /// A group of the configuration
    #[arg(long)]
    group: Option<String>,
    /// A network of the configuration
    #[arg(long)]
    network: Option<String>,
    /// A [[room]] of the configuration
    #[arg(long)]
    room: Option<String>,
    /// People of the register, by their ids
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',')]
    who: Vec<String>,
    /// Local time, such as 09:00 or 2026-12-18T09:00 [default: now]
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Local time; at most 12 hours later
    #[arg(long, value_name = "TIME")]
    until: String,
    /// A host that stays open, with everything below it; may be given more than once
    #[arg(long, value_name = "HOST", num_args = 1.., value_delimiter = ',')]
    allow: Vec<String>,
    /// Why: it stands in the report
    #[arg(long)]
    reason: String,
}

pub fn lock(context: &Context, command: &Command) -> Outcome {
    let config = context.read_as_far()?;
    match command {
        Command::Exam(args) => exam(context, &config, args),
        Command::List => list(context, &config),
        Command::End { id, reason } => end(context, &config, *id, reason),
    }
}

fn exam(context: &Context, config: &Config, args: &ExamArgs) -> Outcome {
    let whom = match (&args.group, &args.network, &args.room) {
        (Some(group), ..) => For::Group(group.clone()),
        (_, Some(network), _) => For::Network(network.clone()),
        (.., Some(room)) => For::Room(room.clone()),
        _ => For::People(args.who.clone()),
    };
    let (from, until) = (args.from.clone(), args.until.clone());
    let new = NewExam { whom, from, until, allow: args.allow.clone(), reason: args.reason.clone() };
    let (exam, since): (WrittenExam, _) = match context.ask(config, &Request::LockExam(new.clone()))? {
        Some(value) => (serde_json::from_value(value).map_err(fail)?, ""),
        None => {
            let exam = context.by_hand(config, |now: &Snapshot, hand: Hand| exams::lock(now, &new, hand, |_| Ok(()), drop))?;
            (exam, "; no gate is running, so it is on when one runs")
        }
    };
    let open = if exam.allow.is_empty() { "nothing".to_owned() } else { exam.allow.join(", ") };
    context.print(&exam, || {
        format!("exam {}: {}; open beside what machines need: {open}{since}", exam.id, exams::shown(&exam, config))
    })
}

fn end(context: &Context, config: &Config, id: u16, reason: &str) -> Outcome {
    match context.ask(config, &Request::EndExam { id, reason: reason.to_owned() })? {
        Some(_) => say(format_args!("exam {id} has ended")),
        None => {
            let end = |now: &Snapshot, hand: Hand| exams::end(now, (id, reason), hand, |_| Ok(()), drop);
            context.by_hand(config, end)?;
            say(format_args!("exam {id} has ended; no gate is running"))
        }
    }
}

fn list(context: &Context, config: &Config) -> Outcome {
    let exams = exams::list(config, Clock::System.unix_ms()).map_err(fail)?;
    context.print(&exams, || {
        if exams.is_empty() {
            return "no exam is on or to come. `schoolgate lock exam` writes one down".into();
        }
        let mut table = table(["id", "for, and why", "from, until", "open", "by"]);
        for exam in &exams {
            table.add_row([
                exam.id.to_string(),
                format!("{}\n{}", exam.whom, exam.reason),
                format!("{}\n{}", local_time(config, exam.from_ms), local_time(config, exam.until_ms)),
                exam.allow.join("\n"),
                exam.by.clone(),
            ]);
        }
        table.to_string()
    })
}
