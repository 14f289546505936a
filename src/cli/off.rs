//! `schoolgate off` and `schoolgate on`: a network where nothing is judged for a while.

use super::{Context, Outcome, fail, say};
use crate::app::off::Left;
use crate::gate::control::Request;

const NOBODY: &str = "no gate is running: there is nothing to switch. It is always on when it starts";

#[derive(Debug, clap::Args)]
pub struct OffArgs {
    /// The network, as the configuration calls it
    #[arg(long)]
    network: String,
    /// For so many minutes, at most 480; a restart ends it before
    #[arg(long, value_name = "M")]
    minutes: u32,
    /// Why: it stands in the report
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub struct OnArgs {
    /// This network only; not given: every one that is off
    #[arg(long)]
    network: Option<String>,
}

pub fn off(context: &Context, args: OffArgs) -> Outcome {
    let config = context.read_as_far()?;
    let request = Request::Off { network: args.network, minutes: args.minutes, reason: args.reason };
    let left: Left = serde_json::from_value(context.ask(&config, &request)?.ok_or_else(|| fail(NOBODY))?).map_err(fail)?;
    context.print(&left, || {
        format!(
            "network {} is OFF until {}: nothing is blocked there but the locked tier. It is in the report, with your name.\n\
             `schoolgate on` ends it before",
            left.network, left.until
        )
    })
}

pub fn on(context: &Context, args: OnArgs) -> Outcome {
    let config = context.read_as_far()?;
    let on = context.ask(&config, &Request::On { network: args.network })?.ok_or_else(|| fail(NOBODY))?;
    let networks: Vec<String> = serde_json::from_value(on).map_err(fail)?;
    say(format_args!("the filter is on again: {}", networks.join(", ")))
}
