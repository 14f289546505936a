//! `schoolgate completions SHELL`.

use super::{Cli, Outcome, put};
use clap::CommandFactory;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which shell
    shell: clap_complete::Shell,
}

pub fn completions(args: &Args) -> Outcome {
    // Into memory first: the generator panics where a reader goes away.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "schoolgate", &mut script);
    put(&script)
}
