//! `schoolgate report`.

use super::review::{ReviewArgs, WatchArgs, review, watch, week_of};
use super::{Context, Outcome, fail, put, say};
use crate::app::mail::Post;
use crate::app::mail::letter::Letter;
use crate::app::weekly;
use crate::config::Config;
use crate::gate::Clock;
use crate::gate::control::Request;
use crate::report::Edition;
use crate::{ops, report};
use std::io::IsTerminal;
use std::path::PathBuf;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// The weekly report for the Designated Safeguarding Lead
    Week(WeekArgs),
    /// The week's matters, and what is said of them: seen, no concern, in hand; and signing the week
    Review(ReviewArgs),
    /// Pupils whose matters count one tier more for a while: for the DSL alone
    Watch(WatchArgs),
    /// Writes down that the DSL has had the test mail, by the code in it
    Confirm(ConfirmArgs),
}

#[derive(Debug, clap::Args)]
pub struct ConfirmArgs {
    code: String,
}

#[derive(Debug, clap::Args)]
pub struct WeekArgs {
    /// ISO week, such as 2026-W47, or `this` for the one that is not over [default: the last whole week]
    #[arg(long, value_name = "WEEK")]
    week: Option<String>,
    /// Whom it is for: it leaves out what they may not see
    #[arg(long, value_enum, default_value = "dsl")]
    edition: For,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write to this file instead of the terminal
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Tell the addresses under [mail] that it is there, in the place of printing it
    #[arg(long, conflicts_with_all = ["edition", "format", "out"])]
    mail: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum For {
    /// The Designated Safeguarding Lead: everything about pupils
    Dsl,
    /// Noise, teaching, changes, health: no names, nothing that was typed
    It,
    /// Counts, matters about adults, changes, who looked at whom
    Head,
    /// What concerns the head
    Chair,
    /// No names, no small numbers
    Governor,
}

impl For {
    fn edition(self) -> Edition {
        match self {
            Self::Dsl => Edition::Dsl,
            Self::It => Edition::It,
            Self::Head => Edition::Head,
            Self::Chair => Edition::Chair,
            Self::Governor => Edition::Governor,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Csv,
    Html,
    Json,
    Pdf,
    Text,
}

pub fn report(context: &Context, command: &Command) -> Outcome {
    let config = context.read()?;
    let now = Clock::System.unix_ms();
    let args = match command {
        Command::Week(args) => args,
        Command::Review(args) => return review(context, &config, args),
        Command::Watch(args) => return watch(context, &config, args),
        Command::Confirm(ConfirmArgs { code }) => {
            post(&config)?.confirm(code, &ops::files::own_name(), now).map_err(fail)?;
            return say("Written down: the DSL has had the test mail.");
        }
    };
    let zone = &config.school.zone;
    let week = week_of(&config, args.week.as_deref(), now)?;
    // A report made has a delivery number, and a number not delivered is missed.
    if week.bounds(zone).0 > now {
        return Err(fail(format_args!("the week {week} has not begun")));
    }
    context.ask(&config, &Request::Flush)?;
    let running = match context.ask(&config, &Request::Status)? {
        Some(value) => Some(weekly::Running::of(&serde_json::from_value(value).map_err(fail)?)),
        None => None,
    };
    let whole = weekly::make(&config, week, now, running).map_err(fail)?;
    if args.mail {
        let post = post(&config)?;
        post.post(&Letter::report(&whole, &post, now)).map_err(fail)?;
        let when = if running.is_some() { "within a minute" } else { "when the gate runs" };
        return say(format_args!("the mail of {week} to {} is sent {when}", post.mail.to.join(", ")));
    }
    let made = report::edit(&whole, args.edition.edition());
    let format = if context.json { Format::Json } else { args.format };
    let written = match format {
        Format::Csv => report::csv(&made).into_bytes(),
        Format::Html => report::html(&made).into_bytes(),
        Format::Json => report::json(&made).into_bytes(),
        Format::Pdf => report::pdf(&made).map_err(fail)?,
        Format::Text => report::text(&made).into_bytes(),
    };
    match &args.out {
        None if format == Format::Pdf && std::io::stdout().is_terminal() => {
            Err(fail("a PDF cannot be read in a terminal: say --out FILE"))
        }
        None if format == Format::Pdf => put(&written),
        None => say(String::from_utf8_lossy(&written)),
        Some(path) => {
            ops::files::replace_private(path, &written).map_err(|e| fail(format_args!("{}: {e}", path.display())))?;
            say(format_args!("the report of {week} is in {}", path.display()))
        }
    }
}

fn post(config: &Config) -> Result<Post<'_>, super::Failed> {
    Post::of(config).ok_or_else(|| fail("there is no [mail] in the configuration"))
}
