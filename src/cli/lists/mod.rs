//! `schoolgate lists`: one file a subcommand.
//!
//! - [`status`]   what became of every list
//! - [`compile`]  lists to a table, with a progress bar
//! - [`update`]   the public lists fetched
//! - [`search`]   which lines name a host
//! - [`seal`]     a sealed list of the locked tier from a plain one
//! - [`import`]   the exceptions of another filter, as the school's own entries

mod compile;
mod import;
mod seal;
mod search;
mod status;
mod update;

use super::{Context, Outcome};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Every list: entries, duplicates, rejects by reason
    Status,
    /// Compile all lists into the table and put it in force
    Compile(compile::Args),
    /// Fetch the public lists and put them in force
    Update(update::Args),
    /// Which lists name this host, a parent of it or this page, and on which line
    Search {
        /// A host, an address, or a page such as example.com/path
        name: String,
    },
    /// Make a sealed list of the locked tier from a plain one
    Seal(seal::Args),
    /// Take over the exceptions another filter has exported, as the school's own entries
    Import(import::Args),
}

pub fn lists(context: &Context, command: &Command) -> Outcome {
    let config = context.read()?;
    match command {
        Command::Status => status::status(context, &config),
        Command::Compile(args) => compile::compile(context, &config, args),
        Command::Update(args) => update::update(context, &config, args),
        Command::Search { name } => search::search(context, &config, name),
        Command::Seal(args) => seal::seal(context, &config, args),
        Command::Import(args) => import::import(context, &config, args),
    }
}
