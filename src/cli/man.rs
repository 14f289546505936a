//! `schoolgate man`: one page, every subcommand with it.

use super::{Cli, Outcome, fail, put};
use clap::{Command, CommandFactory};
use std::io::{self, Write};

pub fn man() -> Outcome {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    rendered(&command, &mut page).map_err(fail)?;
    put(&page)
}

fn rendered(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let man = clap_mangen::Man::new(command.clone());
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    below(command, "schoolgate", page)
}

/// Every subcommand as a section of its own, those of `log` and `people` too.
fn below(command: &Command, name: &str, page: &mut Vec<u8>) -> io::Result<()> {
    for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
        let name = format!("{name} {}", sub.get_name());
        if sub.has_subcommands() {
            below(sub, &name, page)?;
            continue;
        }
        writeln!(page, ".SH \"{}\"", name.to_uppercase())?;
        if let Some(about) = sub.get_long_about().or(sub.get_about()) {
            writeln!(page, "{about}")?;
        }
        // The options that every command has stand once, above.
        let own = sub.get_arguments().filter(|a| !a.is_global_set() && a.get_id() != "help");
        let own = Command::new("options").disable_help_flag(true).args(own.cloned());
        if own.get_arguments().next().is_some() {
            let mut options = Vec::new();
            clap_mangen::Man::new(own).render_options_section(&mut options)?;
            let options = String::from_utf8_lossy(&options).replace(".SH OPTIONS\n", "");
            page.write_all(options.as_bytes())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_stands_in_the_page_with_its_options() {
        let mut command = Cli::command();
        command.build();
        let mut page = Vec::new();
        rendered(&command, &mut page).expect("a page");
        let page = String::from_utf8(page).expect("text");
        for words in ["SCHOOLGATE LOG SEARCH", "SCHOOLGATE PEOPLE IMPORT", "dry", "purpose", "SCHOOLGATE CHECK"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let (_, commands) = page.split_once("SCHOOLGATE RUN").expect("the first command");
        assert!(!commands.contains("config/schoolgate.toml"), "what every command has stands once: {commands}");
    }
}
