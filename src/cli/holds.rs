//! `schoolgate log hold|release|holds`: what is kept longer than its time.

use super::{Context, Failed, Outcome, fail, say};
use crate::app::holds::{self, Said};
use crate::app::register_file;
use crate::config::Config;
use crate::gate::Clock;
use crate::journal::IsoWeek;
use crate::journal::hold::Held;
use crate::ops::files::own_name;
use crate::people::Store;

#[derive(Debug, clap::Args)]
pub struct HeldArgs {
    /// An ISO week, such as 2026-W47
    #[arg(long, required_unless_present = "person", conflicts_with = "person")]
    week: Option<String>,
    /// A person's id in the register: every week that they are in
    #[arg(long)]
    person: Option<String>,
    /// Why: it is written down, and shown in the report
    #[arg(long)]
    reason: String,
}

pub fn hold(config: &Config, args: &HeldArgs) -> Outcome {
    let what = held(config, args)?;
    let told = format!("{what} is held: nothing of it is deleted until `schoolgate log release`");
    holds::hold(config, what, said(&own_name(), args)).map_err(fail)?;
    say(told)
}

pub fn release(config: &Config, args: &HeldArgs) -> Outcome {
    let what = held(config, args)?;
    holds::release(config, &what, said(&own_name(), args)).map_err(fail)?;
    say(format_args!("{what} is released: what of it is past its time is deleted within a day"))
}

pub fn list(context: &Context, config: &Config) -> Outcome {
    let lines = holds::lines(config);
    context.print(&lines, || if lines.is_empty() { "nothing is held".to_owned() } else { lines.join("\n") })
}

fn held(config: &Config, args: &HeldArgs) -> Result<Held, Failed> {
    if let Some(text) = &args.week {
        let week = IsoWeek::parse(text).map_err(|why| fail(format_args!("'{}' is {why}", text.escape_debug())))?;
        return Ok(Held::Week(week.to_string()));
    }
    let key = args.person.as_deref().unwrap_or_default();
    let register = Store::peek(&register_file(config)).map_err(fail)?;
    let person = register.person_of_key(key);
    let person = person.ok_or_else(|| fail(format_args!("nobody in the register has the id '{}'", key.escape_debug())))?;
    Ok(Held::Person { id: person.id.0, key: person.key.clone() })
}

fn said<'a>(by: &'a str, args: &'a HeldArgs) -> Said<'a> {
    Said { by, reason: &args.reason, now_ms: Clock::System.unix_ms() }
}
