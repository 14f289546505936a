//! `schoolgate pass`: what a teacher opens for a lesson.

use super::effect::Effect;
use super::table::table;
use super::{Context, Outcome, fail, say};
use crate::app::entries::Hand;
use crate::app::passes::{self, WrittenPass};
use crate::config::Config;
use crate::gate::control::{For, Lasts, NewPass, Opens, Request};
use crate::gate::snapshot::local_time;
use crate::gate::{Clock, Snapshot};
use crate::policy::Step;
use clap::ArgGroup;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Open a host, a page, a video or a category for a while
    ///
    /// It opens what a teacher may open; what only the safeguarding lead or a senior leader may, waits for `pass agree` by one of
    /// them. Adult content, ways round the filter, malware and a few more are never opened. Where HTTPS is not looked into, a page or
    /// a video opens its host, and YouTube keeps its restricted mode.
    Open(OpenArgs),
    /// Those that are open, and those that wait to be agreed to
    List,
    /// Agree to one that waits: for those named in `leads` under [school]
    Agree {
        /// Its number, as `pass list` shows it
        id: u16,
    },
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
#[command(group = ArgGroup::new("opens").required(true).args(["what", "host", "category"]))]
#[command(group = ArgGroup::new("for").required(true).args(["group", "who"]))]
#[command(group = ArgGroup::new("lasts").args(["until", "minutes"]))]
pub struct OpenArgs {
    /// A name, with everything below it; the address of a page; or of a video of YouTube or Vimeo
    #[arg(value_name = "HOST|PAGE|VIDEO")]
    what: Option<String>,
    /// This name and everything below it
    #[arg(long)]
    host: Option<String>,
    /// Every name of this category
    #[arg(long)]
    category: Option<String>,
    /// For this group of people; `network:NAME` for the unknown devices of a network
    #[arg(long)]
    group: Option<String>,
    /// For these people of the register, by their ids
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',')]
    who: Vec<String>,
    /// Until this local time, such as 14:30 or 2026-12-18T14:30; at most 8 hours
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// For so many minutes, and not past the bell; at most 8 hours [default: until the bell]
    #[arg(long, value_name = "M")]
    minutes: Option<u32>,
    /// Why: it stands in the log and the report
    #[arg(long)]
    reason: String,
}

pub fn pass(context: &Context, command: &Command) -> Outcome {
    let config = context.read_as_far()?;
    match command {
        Command::Open(args) => open(context, &config, args),
        Command::List => list(context, &config),
        Command::Agree { id } => agree(context, &config, *id),
        Command::Revoke { id, reason } => revoke(context, &config, *id, reason),
    }
}

fn opens(args: &OpenArgs) -> Opens {
    match (&args.what, &args.host, &args.category) {
        (None, None, category) => Opens::Category(category.clone().unwrap_or_default()),
        (Some(text), ..) => Opens::of(text),
        (None, Some(host), _) => Opens::Host(host.clone()),
    }
}

fn open(context: &Context, config: &Config, args: &OpenArgs) -> Outcome {
    let what = opens(args);
    let new = NewPass {
        what: what.clone(),
        whom: match &args.group {
            Some(group) => For::Group(group.clone()),
            None => For::People(args.who.clone()),
        },
        lasts: match (&args.until, args.minutes) {
            (Some(until), _) => Lasts::Until(until.clone()),
            (None, Some(minutes)) => Lasts::Minutes(minutes),
            (None, None) => Lasts::Bell,
        },
        reason: args.reason.clone(),
    };
    let host = if let Opens::Host(host) = &what { Some(host.as_str()) } else { None };
    let effect = host.and_then(|host| Effect::of(context, config, host, Some(args.group.as_deref()?), Step::Pass, true));
    let (pass, since): (WrittenPass, _) = match context.ask(config, &Request::OpenPass(new.clone()))? {
        Some(value) => (serde_json::from_value(value).map_err(fail)?, "in force now"),
        None => {
            let pass =
                context.by_hand(config, |now: &Snapshot, hand: Hand| Ok(passes::open(now, &new, hand, |_| Ok(()), drop)?))?;
            (pass, "no gate is running, so it is open when one starts")
        }
    };
    if pass.waits {
        let who = "the safeguarding lead or a senior leader must agree: `schoolgate pass agree";
        return context
            .print(&pass, || format!("pass {} would open {}: {who} {}`", pass.id, passes::shown(&pass, config), pass.id));
    }
    let told = effect.map_or_else(|| Ok(String::new()), |effect| effect.told(context, config))?;
    let seen = seen(&pass.what, config);
    context.print(&pass, || format!("pass {} opens {}: {since}{told}{seen}", pass.id, passes::shown(&pass, config)))
}

/// Where a page is told from the others of its host.
fn seen(what: &Opens, config: &Config) -> &'static str {
    match (what.is_within_https(), config.inside.networks.is_empty()) {
        (false, _) => "",
        (true, false) => "; it opens where HTTPS is looked into, and elsewhere nothing: there nobody sees which page it is",
        (true, true) => {
            "; it opens nothing here, since HTTPS is looked into on no network and nobody sees which page it is: \
                         `schoolgate pass open HOST` opens the whole host"
        }
    }
}

fn agree(context: &Context, config: &Config, id: u16) -> Outcome {
    let pass: WrittenPass = match context.ask(config, &Request::AgreePass { id })? {
        Some(value) => serde_json::from_value(value).map_err(fail)?,
        None => context.by_hand(config, |now: &Snapshot, hand: Hand| passes::agree(now, id, hand, |_| Ok(()), drop))?,
    };
    context.print(&pass, || format!("pass {} opens {}: agreed", pass.id, passes::shown(&pass, config)))
}

fn revoke(context: &Context, config: &Config, id: u16, reason: &str) -> Outcome {
    match context.ask(config, &Request::RevokePass { id, reason: reason.to_owned() })? {
        Some(_) => say(format_args!("pass {id} has ended")),
        None => {
            let revoke = |now: &Snapshot, hand: Hand| passes::revoke(now, (id, reason), hand, |_| Ok(()), drop);
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
            let agreed = match &pass.agreed_by {
                _ if pass.waits => "WAITS to be agreed to",
                who => who.as_deref().unwrap_or_default(),
            };
            table.add_row([
                pass.id.to_string(),
                format!("{}\n{}", pass.what, pass.reason),
                pass.whom.to_string(),
                format!("{}\n{}", local_time(config, pass.from_ms), local_time(config, pass.until_ms)),
                format!("{}\n{agreed}", pass.by),
            ]);
        }
        table.to_string()
    })
}
