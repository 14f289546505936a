//! `schoolgate firewall`: what the kernel sends to the doors.

use super::{Context, Failed, Outcome, fail, put, say};
use crate::ops::firewall::{self, FirewallFault, Kept, nft, watch};
use std::time::Duration;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print the rules for nftables that the configuration asks for; nothing is changed
    Print,
    /// Put the rules in force, and take them back unless you confirm
    Apply(ApplyArgs),
    /// Take the rules away
    Remove,
    /// Put the rules in force, and tell the kernel whether the gate answers, until stopped (schoolgate-firewall.service)
    Watch,
}

#[derive(Debug, clap::Args)]
pub struct ApplyArgs {
    /// Seconds to confirm in
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=3600))]
    confirm_within: u64,
    /// Keep them without asking
    #[arg(long, conflicts_with = "confirm_within")]
    unattended: bool,
}

pub fn firewall(context: &Context, command: &Command) -> Outcome {
    match command {
        Command::Print => put(firewall::rules(&context.read()?).map_err(fail)?.as_bytes()),
        Command::Apply(args) => apply(context, args),
        Command::Remove => match nft::remove().map_err(fail)? {
            true => say("the rules are gone: machines reach the internet past the gate"),
            false => say("there were no rules of the gate"),
        },
        Command::Watch => {
            crate::ops::logging::start();
            watch::watch(&context.read()?, || context.read().ok()).map_err(fail)
        }
    }
}

fn apply(context: &Context, args: &ApplyArgs) -> Outcome {
    let rules = firewall::rules(&context.read()?).map_err(fail)?;
    let within = (!args.unattended).then(|| Duration::from_secs(args.confirm_within));
    match firewall::apply(&rules, within).map_err(|fault: FirewallFault| fail(fault))? {
        Kept::Yes => {
            say("the rules are in force until this machine starts again, and while the gate is down every network is closed.\n\
             `systemctl enable --now schoolgate-firewall` puts them in force at every start, and opens those networks with \
             `when_down = \"open\"` while the gate is down")
        }
        Kept::TakenBack => {
            eprintln!("\nnot confirmed: the rules are as they were before");
            Err(Failed)
        }
    }
}
