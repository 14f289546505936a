//! `schoolgate lists`: one file a subcommand.
//!
//! - [`status`]   what became of every list
//! - [`compile`]  lists to a table, with a progress bar
//! - [`search`]   which lines name a host

mod compile;
mod search;
mod status;

use super::{Context, Outcome};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Every list: entries, duplicates, rejects by reason
    Status,
    /// Compile all lists into the table and put it in force
    Compile,
    /// Which lists name this host or a parent of it, and on which line
    Search { name: String },
}

pub fn lists(context: &Context, command: &Command) -> Outcome {
    let config = context.read()?;
    match command {
        Command::Status => status::status(context, &config),
        Command::Compile => compile::compile(context, &config),
        Command::Search { name } => search::search(context, &config, name),
    }
}
