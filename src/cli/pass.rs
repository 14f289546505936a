//! `schoolgate pass`: what a teacher opens for a lesson.

use super::effect::Effect;
use super::table::table;
use super::{Context, Outcome, fail, say};
use crate::app::entries::Hand;
use crate::app::passes::{self, WrittenPass};
use crate::config::Config;
use crate::gate::control::{Lasts, NewPass, Opens, Request};
use crate::gate::snapshot::local_time;
use crate::gate::{Clock, Snapshot};
use crate::policy::Step;
use clap::ArgGroup;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Open a host or a category to a group, for a while
    ///
    /// It opens what a teacher may open; what only the safeguarding lead or a senior leader may needs --agreed-by. Adult content,
    /// ways round the filter, malware and a few more are never opened.
    Open(OpenArgs),
    /// Those that are open
    List,
    /// End one before its time
    Revoke {
        /// Its number, as `pass list` shows it
        id: u16,
        /// Why: it stands in the log and the report
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("what").required(true).args(["host", "category"]))]
#[command(group = ArgGroup::new("lasts").required(true).args(["until", "minutes"]))]
pub struct OpenArgs {
    /// This name and everything below it
    #[arg(long)]
    host: Option<String>,
    /// Every name of this category
    #[arg(long)]
    category: Option<String>,
    /// For this group of people; `network:NAME` for the unknown devices of a network
    #[arg(long)]
    group: String,
    /// Until this local time, such as 14:30 or 2026-12-18T14:30; at most 8 hours
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// For so many minutes; at most 8 hours
    #[arg(long, value_name = "M")]
    minutes: Option<u32>,
    /// Why: it stands in the log and the report
    #[arg(long)]
    reason: String,
    /// The safeguarding lead or senior leader who agreed, where one must
    #[arg(long, value_name = "NAME")]
    agreed_by: Option<String>,
}

pub fn pass(context: &Context, command: &Command) -> Outcome {
    let config = context.read_as_far()?;
    match command {
        Command::Open(args) => open(context, &config, args),
        Command::List => list(context, &config),
        Command::Revoke { id, reason } => revoke(context, &config, *id, reason),
    }
}

fn open(context: &Context, config: &Config, args: &OpenArgs) -> Outcome {
    let new = NewPass {
        what: match (&args.host, &args.category) {
            (Some(host), _) => Opens::Host(host.clone()),
            (None, category) => Opens::Category(category.clone().unwrap_or_default()),
        },
        group: args.group.clone(),
        lasts: match (&args.until, args.minutes) {
            (Some(until), _) => Lasts::Until(until.clone()),
            (None, minutes) => Lasts::Minutes(minutes.unwrap_or_default()),
        },
        reason: args.reason.clone(),
        agreed_by: args.agreed_by.clone(),
    };
    let effect = args.host.as_deref().and_then(|host| Effect::of(context, config, host, Some(&args.group), Step::Pass, true));
    let (pass, since): (WrittenPass, _) = match context.ask(config, &Request::OpenPass(new.clone()))? {
        Some(value) => (serde_json::from_value(value).map_err(fail)?, "in force now"),
        None => {
            let pass = context.by_hand(config, |now: &Snapshot, hand: Hand| passes::open(now, &new, hand, |_| Ok(()), drop))?;
            (pass, "no gate is running, so it is open when one starts")
        }
    };
    let told = effect.map_or_else(|| Ok(String::new()), |effect| effect.told(context, config))?;
    context.print(&pass, || format!("pass {} opens {}: {since}{told}", pass.id, passes::shown(&pass, config)))
}

fn revoke(context: &Context, config: &Config, id: u16, reason: &str) -> Outcome {
    match context.ask(config, &Request::RevokePass { id, reason: reason.to_owned() })? {
        Some(_) => say(format_args!("pass {id} has ended")),
        None => {
            let revoke = |now: &Snapshot, hand: Hand| passes::revoke(&now.config, (id, reason), hand, |_| Ok(()), drop);
            context.by_hand(config, revoke)?;
            say(format_args!("pass {id} has ended; no gate is running"))
        }
    }
}

fn list(context: &Context, config: &Config) -> Outcome {
    let open = passes::list(config, Clock::System.unix_ms()).map_err(fail)?;
    context.print(&open, || {
        if open.is_empty() {
            return "no pass is open. `schoolgate pass open` opens one".into();
        }
        let mut table = table(["id", "opens, and why", "for", "since, until", "by, agreed by"]);
        for pass in &open {
            let (Opens::Host(what) | Opens::Category(what)) = &pass.what;
            table.add_row([
                pass.id.to_string(),
                format!("{what}\n{}", pass.reason),
                pass.group.clone(),
                format!("{}\n{}", local_time(config, pass.from_ms), local_time(config, pass.until_ms)),
                format!("{}\n{}", pass.by, pass.agreed_by.as_deref().unwrap_or_default()),
            ]);
        }
        table.to_string()
    })
}
