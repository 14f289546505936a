//! `schoolgate completions SHELL`.

use super::{Cli, Outcome};
use clap::CommandFactory;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which shell
    shell: clap_complete::Shell,
}

pub fn completions(args: &Args) -> Outcome {
    clap_complete::generate(args.shell, &mut Cli::command(), "schoolgate", &mut std::io::stdout());
    Ok(())
}
