//! `schoolgate requests`: what people asked for on the pages.

use super::effect::Effect;
use super::table::table;
use super::{Context, Failed, Outcome, fail, say};
use crate::app::entries::{Hand, Kept};
use crate::app::requests;
use crate::config::Config;
use crate::gate::Snapshot;
use crate::gate::control::{NewAnswer, Request};
use crate::gate::requests::{Decision, PageRequest};
use crate::gate::snapshot::local_time;
use crate::people::{Register, Store};
use crate::policy::Step;
use crate::words::PersonId;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Those that wait for an answer, the oldest first
    List {
        /// Those that are answered, too, and who says that they came somewhere by accident
        #[arg(long)]
        all: bool,
        /// With the person who asked, where they said who they are: why do you look? It is recorded
        #[arg(long)]
        purpose: Option<String>,
    },
    /// Open the page: makes an entry of the school's own
    Allow(AnswerArgs),
    /// Block a page that was reported: makes an entry of the school's own
    Block(AnswerArgs),
    /// Leave it as it is
    Refuse {
        /// Its number, as `requests list` shows it
        id: u32,
        /// Why: whoever asked reads it, and it stands in the report
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
pub struct AnswerArgs {
    /// Its number, as `requests list` shows it
    id: u32,
    /// Only for this group [default: the whole school]
    #[arg(long)]
    group: Option<String>,
    /// Until this local date or time, such as 2026-12-18 or 2026-12-18T16:00
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Why: whoever asked reads it, and it stands in the log and the report
    #[arg(long)]
    reason: String,
}

pub fn requests(context: &Context, command: Command) -> Outcome {
    let config = context.read_as_far()?;
    let (args, decision) = match command {
        Command::List { all, purpose } => return list(context, &config, all, purpose.as_deref()),
        Command::Allow(args) => (args, Decision::Allowed),
        Command::Block(args) => (args, Decision::Blocked),
        Command::Refuse { id, reason } => (AnswerArgs { id, group: None, until: None, reason }, Decision::Refused),
    };
    let AnswerArgs { id, group, until, reason } = args;
    answer(context, &config, &NewAnswer { id, decision: decision.word().into(), group, until, reason })
}

fn answer(context: &Context, config: &Config, new: &NewAnswer) -> Outcome {
    let host = all_of(context, config, None)?.into_iter().find(|r| r.id == new.id).map(|r| r.host);
    let opens = new.decision == Decision::Allowed.word();
    let changes = new.decision != Decision::Refused.word();
    let effect = host.filter(|_| changes);
    let effect = effect.and_then(|host| Effect::of(context, config, &host, new.group.as_deref(), Step::Own, opens));
    let answered: PageRequest = match context.ask(config, &Request::AnswerRequest(new.clone()))? {
        Some(value) => serde_json::from_value(value).map_err(fail)?,
        None => context.by_hand(config, |now: &Snapshot, hand: Hand| {
            let requests = requests::open(&config.data)?;
            requests::answer((&requests, now, &mut Kept::default()), new, hand, |_| Ok(()), drop)
        })?,
    };
    // Where no gate is running, what has been written is read again.
    let told = effect.map_or_else(|| Ok(String::new()), |effect| effect.told(context, &context.read_as_far()?))?;
    let entry = answered.answer.as_ref().and_then(|a| a.entry).map_or_else(String::new, |id| format!(", entry {id}"));
    say(format_args!("request {}: {} {}{entry}{told}", answered.id, answered.host, new.decision))
}

fn list(context: &Context, config: &Config, all: bool, purpose: Option<&str>) -> Outcome {
    let mut asked = all_of(context, config, purpose)?;
    asked.retain(|r| all || r.is_open());
    let register = purpose.map(|_| Store::peek(&crate::app::register_file(config)).map_err(fail)).transpose()?;
    context.print(&asked, || {
        if asked.is_empty() {
            return "nobody waits for an answer. `--all` shows what was answered".into();
        }
        let mut table = table(["id", "asks, and why", "who", "made", "answer"]);
        for request in &asked {
            let asks = match request.kind.word() {
                "accident" => format!("{}: came there by accident", request.host),
                kind => format!("{kind} {}\n{}", request.host, request.why),
            };
            let answer = request.answer.as_ref().map_or_else(String::new, |a| {
                format!("{} by {}, {}\n{}", a.decision, a.by, local_time(config, a.when_ms), a.reason)
            });
            let made = local_time(config, request.made_ms);
            table.add_row([request.id.to_string(), asks, who(request, register.as_ref()), made, answer]);
        }
        table.to_string()
    })
}

fn who(request: &PageRequest, register: Option<&Register>) -> String {
    let person = request.person.and_then(|id| Some(register?.person(PersonId(id))?.key.clone()));
    let at = request.client.filter(|_| register.is_some()).map(|ip| ip.to_string());
    let groups = if request.groups.is_empty() { "not said".to_owned() } else { request.groups.join(", ") };
    [Some(groups), person, at].into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// All requests: of the running gate, else as they are on the disk.
fn all_of(context: &Context, config: &Config, purpose: Option<&str>) -> Result<Vec<PageRequest>, Failed> {
    let request = Request::Requests { purpose: purpose.map(str::to_owned) };
    match context.ask(config, &request)? {
        Some(value) => serde_json::from_value(value).map_err(fail),
        None => {
            let by = crate::ops::files::own_name();
            let kept = requests::read(&config.data).map_err(fail)?.requests;
            requests::shown(kept, config, (&by, purpose)).map_err(fail)
        }
    }
}
