//! `schoolgate people`: the register.

use super::sync::{self, SyncArgs};
use super::table::table;
use super::{Context, Failed, Outcome, fail};
use super::{access, disclosure};
use crate::app::enrolment;
use crate::app::entries::Hand;
use crate::casebook::{self, Entry, Kind};
use crate::config::Config;
use crate::gate::Clock;
use crate::gate::control::Request;
use crate::people::record::Filter;
use crate::people::{Diff, Force, Grouping, MAX_BYTES, Record, Sheet, Store};
use crate::words::PersonRole;
use crate::{app, ops};
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make the register what a CSV export of the whole school says
    ///
    /// The first line names the columns: id, name, role; and if you like year, form, groups (with ; between), until, agreement,
    /// consent, device, address, mac, network. `[people.columns]` of the configuration says what else they are called. Who is not in
    /// the file any more is withdrawn, not deleted. A file with a fault changes nothing.
    Import(ImportArgs),
    /// Make the register what the school's directory says ([people.directory]); a running gate does so by itself
    ///
    /// Who is not in the directory any more is withdrawn, not deleted. If more leave at once than `most_leavers` says, nothing is
    /// changed until somebody has looked and says --force.
    Sync(SyncArgs),
    /// Who has access, since when, and by whom
    List(ListArgs),
    /// Give one person access, whom no import brings: a visitor, a contractor
    Add(access::AddArgs),
    /// Switch people's access off, at every door and at once; no import gives it back
    Withdraw(access::AccessArgs),
    /// Switch it on again, until the last day they had or another
    Restore(access::RestoreArgs),
    /// Make new passwords, and print them
    Password(access::PasswordArgs),
    /// Print vouchers: names and passwords that end by themselves
    Voucher(access::VoucherArgs),
    /// Everything that is kept about one person, for who may ask for it: other people are blotted out
    ///
    /// Their entry in the register with what was done to it, devices, passes and exams, what they asked for on the pages, who looked
    /// at them, and every event of the log. The look is recorded as any other.
    Export(disclosure::ExportArgs),
    /// A token for another system that says who is signed in, and what to write in the configuration for it
    ///
    /// It is shown once, and kept nowhere: the configuration has its SHA-256.
    Token(TokenArgs),
}

#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Although it withdraws more than half of the register, or everyone of a role
    #[arg(long)]
    force: bool,
    /// Who does this, for the record [default: your login name]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct TokenArgs {
    /// What the system is called in the configuration
    #[arg(long, default_value = "logon script")]
    name: String,
}

#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Only these: pupil, staff, governor, supply, contractor, volunteer, parent, visitor
    #[arg(long, value_parser = role)]
    role: Option<PersonRole>,
    /// Only those in this group
    #[arg(long)]
    group: Option<String>,
    /// Those whose access was withdrawn
    #[arg(long)]
    withdrawn: bool,
    /// Those without an agreement to the school's rules, or, of pupils, a parent's consent
    #[arg(long)]
    missing: bool,
    /// Why you look: it is written down, and shown in the report
    #[arg(long)]
    purpose: Option<String>,
}

/// A token and its hash.
#[derive(Debug, serde::Serialize)]
struct Token {
    token: String,
    token_sha256: String,
}

fn token(context: &Context, args: &TokenArgs) -> Outcome {
    use ring::rand::SecureRandom;
    let config = context.read()?;
    let mut random = [0; 32];
    ring::rand::SystemRandom::new().fill(&mut random).map_err(|_| fail("this machine has no randomness"))?;
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let token = hex(&random);
    let token_sha256 = hex(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()).as_ref());
    let name: String = args.name.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
    let made = Token { token, token_sha256 };
    let by = ops::files::own_name();
    let what = format!("a token for '{name}', which says who is signed in; SHA-256 {}", made.token_sha256);
    casebook::add(&config.data, Clock::System.unix_ms(), Entry::new(Kind::Register, &by, what).about("token")).map_err(fail)?;
    context.print(&made, || {
        let Token { token, token_sha256 } = &made;
        format!(
            "The token, for the system alone (it is shown this once):\n  {token}\n\nIn the configuration, with the addresses it \
             calls from:\n  [[session]]\n  name = \"{name}\"\n  token_sha256 = \"{token_sha256}\"\n  from = [\"10.20.0.0/16\"]"
        )
    })
}

pub fn people(context: &Context, command: &Command) -> Outcome {
    if let Command::Token(args) = command {
        return token(context, args);
    }
    let config = context.read()?;
    match command {
        Command::Import(args) => import(context, &config, args),
        Command::Sync(args) => sync::sync(context, &config, args),
        Command::List(args) => list(context, &config, args),
        Command::Add(args) => access::add(context, &config, args),
        Command::Withdraw(args) => access::withdraw(context, &config, args),
        Command::Restore(args) => access::restore(context, &config, args),
        Command::Password(args) => access::password(context, &config, args),
        Command::Export(args) => disclosure::export(context, &config, args),
        Command::Voucher(args) => access::vouchers(context, &config, args),
        Command::Token(args) => token(context, args),
    }
}

fn import(context: &Context, config: &Config, args: &ImportArgs) -> Outcome {
    let grouping = Grouping::of_config(config);
    let bytes = read(&args.file).map_err(|e| fail(format_args!("{}: {e}", args.file.display())))?;
    let sheet = Sheet::read(&bytes, &args.file.display().to_string(), grouping, &config.people).map_err(|faults| {
        if context.json {
            let _ = context.print(&faults, String::new);
        } else {
            eprintln!("{faults}");
        }
        Failed
    })?;
    let mut store = open(&app::register_file(config), args.dry_run).map_err(fail)?;
    let diff = Diff::between(&store.load().map_err(fail)?, &sheet, grouping);
    if diff.shows_register() {
        // Whoever reads what would leave or change has looked into the register.
        let purpose = format!("import of {}", args.file.display());
        ops::look_ups::record(&config.data, "people import", &purpose, Clock::System.unix_ms()).map_err(fail)?;
    }
    let force = if args.force { Force::Yes } else { Force::No };
    let agreed = match diff.agreed(force) {
        Ok(agreed) => agreed,
        Err(refusal) => {
            context.print(&diff, || shown(&diff))?;
            return Err(fail(refusal));
        }
    };
    let by = args.by.clone().unwrap_or_else(ops::files::own_name);
    let now_ms = Clock::System.unix_ms();
    let outcome = if args.dry_run {
        store.rehearse(&agreed, &by, now_ms).map_err(fail)?;
        "a dry run: nothing was changed"
    } else if diff.is_empty() {
        "nothing to change"
    } else {
        let of = format!("people import of {}", args.file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default());
        let apply = || store.apply(&agreed, &by, now_ms);
        enrolment::differing(config, (&of, "import"), &diff, Hand { by: &by, now_ms }, apply).map_err(fail)?;
        put_in_force(context, config)?
    };
    context.print(&diff, || format!("{}\n{outcome}", shown(&diff)))
}

pub(super) fn put_in_force(context: &Context, config: &Config) -> Result<&'static str, Failed> {
    match context.ask(config, &Request::TakeRegister) {
        Ok(Some(_)) => Ok("in force now"),
        Ok(None) => Ok("in the register for the next start; no gate is running"),
        Err(Failed) => Err(fail("the register was changed, but the running gate did not take it: it goes by the old one")),
    }
}

/// Everything on a pipe, the start of each kind on a terminal.
fn shown(diff: &Diff) -> String {
    if io::stdout().is_terminal() { diff.to_string() } else { format!("{diff:#}") }
}

/// One byte more than is allowed is enough for the reader to refuse it.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A dry run makes no file.
fn open(path: &Path, dry_run: bool) -> Result<Store, crate::people::StoreFault> {
    if dry_run && !path.exists() { Store::in_memory() } else { Store::open(path) }
}

fn list(context: &Context, config: &Config, args: &ListArgs) -> Outcome {
    let grouping = Grouping::of_config(config);
    if let Some(group) = args.group.as_ref().filter(|g| config.policy.group_named(g).is_none()) {
        let names: Vec<_> = config.policy.groups.iter().map(|g| g.name.as_str()).collect();
        return Err(fail(format_args!("there is no group `{group}`; there are {}", names.join(", "))));
    }
    let purpose = context.purpose(args.purpose.as_deref())?;
    let file = app::register_file(config);
    let register = Store::peek(&file).map_err(fail)?;
    ops::look_ups::record(&config.data, "people list", &purpose, Clock::System.unix_ms()).map_err(fail)?;
    let filter = Filter { role: args.role, group: args.group.clone(), withdrawn: args.withdrawn, missing: args.missing };
    let mut records = Record::list(&register, grouping, &config.people, &filter);
    if !records.is_empty() {
        let read = Store::open(&file).and_then(|store| store.acknowledged()).map_err(fail)?;
        Record::with_notices(&mut records, &read, &config.school.zone);
    }
    context.print(&records, || {
        if register.persons().next().is_none() {
            return "the register is empty. `schoolgate people import FILE.csv` fills it".into();
        }
        let mut table = table(Record::COLUMNS);
        for record in &records {
            table.add_row(record.cells(&config.school.zone));
        }
        let people = if records.len() == 1 { "person" } else { "people" };
        format!("{table}\n{} {people}", records.len())
    })
}

pub(super) fn role(word: &str) -> Result<PersonRole, String> {
    PersonRole::from_word(word).ok_or_else(|| {
        let words: Vec<_> = PersonRole::ALL.iter().map(|r| r.word()).collect();
        format!("a role is one of {}", words.join(", "))
    })
}
