//! What a person types: one thin file a subcommand.
//!
//! Comes in: flags. Goes out: text for people, JSON where output is data, and an exit code: 0 done, 1 something is wrong, 2 usage.
//! Always holds: a fault has been told in full, to standard error, when a command returns [`Failed`].

mod access;
mod alerts;
mod backup;
mod ca;
mod check;
mod completions;
mod demo;
mod desk;
mod disclosure;
mod effect;
mod entries;
mod explain;
mod firewall;
mod holds;
mod incident;
mod lists;
mod lock;
mod log;
mod man;
mod off;
mod pass;
mod people;
mod replay;
mod report;
mod requests;
mod review;
mod run;
mod seal;
mod secret;
mod self_test;
mod status;
mod sync;
mod table;
mod verify;

use crate::app::entries::Hand;
use crate::config::Config;
use crate::gate::control::{self, ControlFault, Request};
use crate::gate::{Clock, Snapshot};
use crate::ops;
use crate::reload::{self, ReadFault};
use clap::{Parser, Subcommand};
use std::cell::OnceCell;
use std::fmt::Display;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The gate a school's machines go through to reach the internet.
#[derive(Debug, Parser)]
#[command(name = "schoolgate", version, about, max_term_width = 110)]
pub struct Cli {
    /// The configuration file [default: ./config/schoolgate.toml, else /etc/schoolgate/schoolgate.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print data as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the doors in the foreground (the default)
    Run,
    /// A made-up school plays a week through the real doors and ends with its report
    Demo(demo::Args),
    /// What is running, and what needs you; exit 1 if anything does
    Status,
    /// Read configuration, lists and register; print what was understood, or every fault
    Check,
    /// The verdict on a name or URL, its whole why, and the smallest change that would flip it
    Explain(explain::Args),
    /// Allow a name for the school or a group
    Allow(entries::AddArgs),
    /// Block a name for the school or a group
    Block(entries::AddArgs),
    /// The school's own entries
    #[command(subcommand)]
    Entries(entries::Command),
    /// A teacher's pass: a host or category open to a group for a lesson
    #[command(subcommand)]
    Pass(pass::Command),
    /// Exams: a room, a group or people held to a short list
    #[command(subcommand)]
    Lock(lock::Command),
    /// What people asked for on the pages: open this, block that
    #[command(subcommand)]
    Requests(requests::Command),
    /// Stop judging on a network for a while, but for the locked tier
    Off(off::OffArgs),
    /// End that before its time
    On(off::OnArgs),
    /// The category lists
    #[command(subcommand)]
    Lists(lists::Command),
    /// The register of people and devices
    #[command(subcommand)]
    People(people::Command),
    /// The access log
    #[command(subcommand)]
    Log(log::Command),
    /// What could not wait for the weekly report
    #[command(subcommand)]
    Alerts(alerts::Command),
    /// The weekly report
    #[command(subcommand)]
    Report(report::Command),
    /// Incidents: opened by hand or from a matter, added to, handed on
    #[command(subcommand)]
    Incident(incident::Command),
    /// Who may sign in at the desk, where the report is read in a browser
    #[command(subcommand)]
    Desk(desk::Command),
    /// The keys of what pupils type: sealed for the DSL alone
    #[command(subcommand)]
    Seal(seal::Command),
    /// What a changed policy would newly block and newly allow, held against a past week or another filter's log
    Replay(replay::Args),
    /// Everything the school has here, in one sealed file
    Backup(backup::BackupArgs),
    /// Check a backup, and bring it back on a machine that has nothing of the school yet
    Restore(backup::RestoreArgs),
    /// The school's own certificate authority, to look into HTTPS on its own devices
    #[command(subcommand)]
    Ca(ca::Command),
    /// What the kernel sends to the doors: rules for nftables
    #[command(subcommand)]
    Firewall(firewall::Command),
    /// Does the gate block what it should? By network and profile, through its own doors; exit 1 if anything fails
    SelfTest,
    /// Completions for a shell
    Completions(completions::Args),
    /// The manual page
    Man,
}

/// A command that failed. The fault has been told.
#[derive(Debug)]
pub struct Failed;

/// What a command ends with: exit 0, or told and exit 1.
pub type Outcome = Result<(), Failed>;

/// What every command is given.
#[derive(Debug)]
pub struct Context {
    config: Option<PathBuf>,
    pub json: bool,
    /// What is wrong with the configuration on disk, where a command goes on all the same: see [`Context::read_as_far`].
    broken: OnceCell<String>,
}

pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let context = Context { config: cli.config, json: cli.json, broken: OnceCell::new() };
    let outcome = match cli.command.unwrap_or(Command::Run) {
        Command::Run => run::run(&context),
        Command::Demo(args) => demo::demo(&context, &args),
        Command::Status => status::status(&context),
        Command::Check => check::check(&context),
        Command::Explain(args) => explain::explain(&context, &args),
        Command::Allow(args) => entries::add(&context, args, true),
        Command::Block(args) => entries::add(&context, args, false),
        Command::Entries(command) => entries::entries(&context, &command),
        Command::Pass(command) => pass::pass(&context, &command),
        Command::Lock(command) => lock::lock(&context, &command),
        Command::Requests(command) => requests::requests(&context, command),
        Command::Off(args) => off::off(&context, args),
        Command::On(args) => off::on(&context, args),
        Command::Lists(command) => lists::lists(&context, &command),
        Command::People(command) => people::people(&context, &command),
        Command::Log(command) => log::log(&context, &command),
        Command::Alerts(command) => alerts::alerts(&context, &command),
        Command::Report(command) => report::report(&context, &command),
        Command::Incident(command) => incident::incident(&context, command),
        Command::Desk(command) => desk::desk(&context, &command),
        Command::Seal(command) => seal::seal(&context, &command),
        Command::Replay(args) => replay::replay(&context, &args),
        Command::Backup(args) => backup::backup(&context, &args),
        Command::Restore(args) => backup::restore(&context, &args),
        Command::Ca(command) => ca::ca(&context, &command),
        Command::Firewall(command) => firewall::firewall(&context, &command),
        Command::SelfTest => self_test::self_test(&context),
        Command::Completions(args) => completions::completions(&args),
        Command::Man => man::man(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed) => ExitCode::FAILURE,
    }
}

impl Context {
    /// Reads the configuration; on a fault, tells it all.
    pub fn read(&self) -> Result<Config, Failed> {
        reload::read_config(self.config.as_deref()).map_err(|fault| {
            eprintln!("{}", fault.render(std::io::stderr().is_terminal()));
            Failed
        })
    }

    /// [`Context::read`] for what a running gate answers: while what is on disk is broken, the gate goes on with what it read
    /// before, and so does the command, with what can be read. The fault is told in a line.
    pub fn read_as_far(&self) -> Result<Config, Failed> {
        let tell = |fault: ReadFault| {
            eprintln!("{}", fault.render(std::io::stderr().is_terminal()));
            Failed
        };
        let (mut config, fault) = reload::read_as_far(self.config.as_deref()).map_err(tell)?;
        let Some(fault) = fault else { return Ok(config) };
        let main = reload::main_file(self.config.as_deref()).map_err(tell)?;
        match ops::own_gate::data_of(&main, &config.data) {
            Some(data) if control::is_open(&data.join("control.sock")) => config.data = data,
            _ => return Err(tell(fault)),
        }
        let told = format!(
            "the gate runs on by what it read before, but could not start again: the configuration on disk is broken, {} \
             (`schoolgate check` shows all of it)",
            fault.in_a_line()
        );
        if self.broken.set(told.clone()).is_ok() {
            eprintln!("warning: {told}");
        }
        Ok(config)
    }

    /// What is wrong with the configuration on disk, if a command went on all the same.
    pub fn broken(&self) -> Option<&str> {
        self.broken.get().map(String::as_str)
    }

    /// Makes a change where no gate is running: in the files, for the next start, in the name of who types.
    fn by_hand<T>(&self, config: &Config, change: impl FnOnce(&Snapshot, Hand) -> Result<T, String>) -> Result<T, Failed> {
        if self.broken().is_some() {
            return Err(fail("the gate has just stopped, and nothing is changed by a broken configuration: mend it first"));
        }
        let snapshot = crate::app::assemble::unnumbered(config.clone()).map_err(fail)?;
        let by = crate::ops::files::own_name();
        change(&snapshot, Hand { by: &by, now_ms: Clock::System.unix_ms() }).map_err(fail)
    }

    /// The configuration file that was named, if one was.
    pub fn config_path(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// Asks the running gate of this configuration. `None`: no gate is running.
    pub fn ask(&self, config: &Config, request: &Request) -> Result<Option<serde_json::Value>, Failed> {
        match control::ask(&crate::app::control_socket(config), request) {
            Ok(value) => Ok(Some(value)),
            Err(ControlFault::NoGate(_)) => Ok(None),
            Err(fault) => Err(fail(fault)),
        }
    }

    /// Why somebody looks at what shows a person: as given, else asked at the terminal. With nobody there it is empty, which
    /// [`crate::ops::look_ups::record`] refuses.
    pub fn purpose(&self, given: Option<&str>) -> Result<String, Failed> {
        use std::io::{BufRead, Read, Write};
        if let Some(purpose) = given {
            return Ok(purpose.to_owned());
        }
        let mut line = String::new();
        if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
            write!(std::io::stderr(), "Why do you look? ").map_err(fail)?;
            std::io::stdin().lock().take(4096).read_line(&mut line).map_err(fail)?;
        }
        Ok(line)
    }

    /// Prints a value as JSON, or as `text` says.
    pub fn print(&self, value: &impl serde::Serialize, text: impl FnOnce() -> String) -> Outcome {
        if self.json { say(serde_json::to_string_pretty(value).map_err(fail)?) } else { say(text()) }
    }
}

/// Tells a fault on standard error, and gives the value to return. Faults of a file, drawn under their lines, begin with the
/// word already.
pub fn fail(fault: impl Display) -> Failed {
    let said = fault.to_string();
    if said.starts_with("error: ") {
        eprintln!("{said}")
    } else {
        eprintln!("error: {said}")
    }
    Failed
}

/// Prints to standard output, a line.
pub fn say(text: impl Display) -> Outcome {
    put(format!("{text}\n").as_bytes())
}

/// Prints to standard output as it is.
pub fn put(bytes: &[u8]) -> Outcome {
    use std::io::Write;
    written(std::io::stdout().lock().write_all(bytes))
}

/// What a write ended with. A reader that has gone (`| head`) is not a fault.
pub fn written(outcome: std::io::Result<()>) -> Outcome {
    match outcome {
        Err(fault) if fault.kind() != std::io::ErrorKind::BrokenPipe => Err(fail(fault)),
        _ => Ok(()),
    }
}
