//! `schoolgate alerts`: what could not wait for the weekly report.

use super::table::table;
use super::{Context, Failed, Outcome, fail, say};
use crate::app::alerts;
use crate::config::Config;
use crate::gate::Clock;
use crate::gate::alerts::Alert;
use crate::gate::control::Request;
use crate::gate::snapshot::local_time;
use crate::ops::{files, look_ups};
use crate::people::{Register, Store};
use crate::report::themes::theme;
use serde::Serialize;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Those nobody has acknowledged; whom and what they are about, with a purpose
    List {
        /// Those that were acknowledged, too
        #[arg(long)]
        all: bool,
        /// With whom and what it is about: why do you look? It is recorded
        #[arg(long)]
        purpose: Option<String>,
    },
    /// Writes down that you have seen it
    Acknowledge {
        /// Its number, as the mail and `alerts list` show it
        number: u32,
    },
}

/// One alert, as it is shown.
#[derive(Debug, Serialize)]
struct Shown {
    number: u32,
    tier: &'static str,
    first: String,
    last: String,
    times: u64,
    told: Option<String>,
    acknowledged_by: Option<String>,
    acknowledged: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    whose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
}

pub fn alerts(context: &Context, command: &Command) -> Outcome {
    let config = context.read_as_far()?;
    match command {
        Command::List { all, purpose } => list(context, &config, *all, purpose.as_deref()),
        Command::Acknowledge { number } => {
            let alert: Alert = match context.ask(&config, &Request::AcknowledgeAlert { number: *number })? {
                Some(value) => serde_json::from_value(value).map_err(fail)?,
                None => {
                    let by = files::own_name();
                    let kept = alerts::open(&config.data).map_err(fail)?;
                    kept.acknowledge(*number, &by, Clock::System.unix_ms()).map_err(fail)?
                }
            };
            let seen =
                alert.acknowledged.map_or_else(String::new, |a| format!(" by {}, {}", a.by, local_time(&config, a.when_ms)));
            say(format_args!("alert {number} is acknowledged{seen}"))
        }
    }
}

fn list(context: &Context, config: &Config, all: bool, purpose: Option<&str>) -> Outcome {
    let register = purpose.map(|_| Store::peek(&crate::app::register_file(config)).map_err(fail)).transpose()?;
    if let Some(purpose) = purpose {
        look_ups::record(&config.data, "alerts", purpose, Clock::System.unix_ms()).map_err(fail)?;
    }
    let mut alerts = kept(context, config)?;
    alerts.retain(|alert| all || alert.acknowledged.is_none());
    let shown: Vec<Shown> = alerts.iter().map(|alert| shown(alert, config, register.as_ref())).collect();
    context.print(&shown, || {
        if shown.is_empty() {
            return "no alert waits for somebody. `--all` shows those that were acknowledged".into();
        }
        let mut table = table(["alert", "tier", "first, last", "times", "acknowledged", "whose, what"]);
        for alert in &shown {
            let by = alert.acknowledged_by.as_ref().zip(alert.acknowledged.as_ref()).map(|(by, when)| format!("{by}, {when}"));
            let what = alert.whose.as_ref().zip(alert.theme.as_ref()).map(|(whose, theme)| format!("{whose}\n{theme}"));
            table.add_row([
                alert.number.to_string(),
                alert.tier.to_owned(),
                format!("{}\n{}", alert.first, alert.last),
                alert.times.to_string(),
                by.unwrap_or_else(|| "no".into()),
                what.unwrap_or_else(|| "say --purpose '…'".into()),
            ]);
        }
        table.to_string()
    })
}

fn shown(alert: &Alert, config: &Config, register: Option<&Register>) -> Shown {
    let local = |ms| local_time(config, ms);
    Shown {
        number: alert.number,
        tier: if alert.critical { "critical" } else { "high" },
        first: local(alert.first_ms),
        last: local(alert.last_ms),
        times: alert.count.max(1),
        told: alert.told.first().map(|told| local(told.when_ms)),
        acknowledged_by: alert.acknowledged.as_ref().map(|a| a.by.clone()),
        acknowledged: alert.acknowledged.as_ref().map(|a| local(a.when_ms)),
        whose: register.map(|register| alerts::called(alert.whose, register)),
        theme: register.and(theme(&alert.theme)).map(|theme| theme.title.to_owned()),
    }
}

/// All of them: of the running gate, else as they are on the disk.
fn kept(context: &Context, config: &Config) -> Result<Vec<Alert>, Failed> {
    match context.ask(config, &Request::Alerts)? {
        Some(value) => serde_json::from_value(value).map_err(fail),
        None => alerts::read(&config.data).map(|state| state.alerts).map_err(fail),
    }
}
