//! `schoolgate man`: one page, the subcommands with it.

use super::{Cli, Outcome, fail};
use clap::CommandFactory;
use std::io::Write;

pub fn man() -> Outcome {
    let command = Cli::command();
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command.clone()).render(&mut page).and_then(|()| {
        command.get_subcommands().filter(|c| c.get_name() != "help").try_for_each(|sub| {
            writeln!(page, ".SH \"SCHOOLGATE {}\"", sub.get_name().to_uppercase())?;
            let man = clap_mangen::Man::new(sub.clone());
            man.render_description_section(&mut page)?;
            man.render_options_section(&mut page)
        })
    });
    rendered.and_then(|()| std::io::stdout().write_all(&page)).map_err(fail)
}
