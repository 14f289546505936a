//! `schoolgate desk`: who may sign in at the desk.

use super::review::role;
use super::table::table;
use super::{Context, Outcome, fail, say};
use crate::app::desk::accounts::{self, By, Fresh};
use crate::config::Config;
use crate::gate::Clock;
use crate::gate::snapshot::local_time;
use crate::ops::files::{self, own_name};
use crate::pages::DeskSheet;
use crate::people::desk::Role;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make an account; its first password and the code for their phone are shown this once
    ///
    /// With --out they are on a sheet to print. They open the desk (`https://NAME/desk`, the name under [web]), sign in with both, and choose a password of their own. Have
    /// them beside you: whoever scans the code has the account's second key.
    Add(AddArgs),
    /// The accounts: their roles, since when, and when they were last used
    List,
    /// End an account
    Remove { name: String },
    /// A new password and a new code, for who has lost theirs; whoever is signed in there is not any more
    Reset(ResetArgs),
}

#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// What they sign in with
    name: String,
    /// dsl and deputy: the report about pupils; ict: the filter, no names; head: adults; chair: what concerns the head
    #[arg(long, value_parser = role)]
    role: Role,
    /// Their id in the register, if they are in it
    #[arg(long)]
    person: Option<String>,
    /// Where a sheet to print and hand over is written, its owner's alone [default: all of it is shown here]
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct ResetArgs {
    name: String,
    /// Where a sheet to print and hand over is written, its owner's alone [default: all of it is shown here]
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
}

/// An account, as it is listed.
#[derive(Debug, serde::Serialize)]
struct Listed {
    name: String,
    role: Role,
    person: Option<String>,
    since: String,
    by: String,
    /// Its owner has chosen a password.
    in_use: bool,
    last_used: Option<String>,
}

pub fn desk(context: &Context, command: &Command) -> Outcome {
    let config = context.read()?;
    let me = own_name();
    let by = By { who: &me, now_ms: Clock::System.unix_ms() };
    match command {
        Command::Add(AddArgs { name, role, person, out }) => {
            handed_over(context, &config, out.as_deref(), || accounts::add(&config, name, *role, person.as_deref(), by))
        }
        Command::Reset(ResetArgs { name, out }) => {
            handed_over(context, &config, out.as_deref(), || accounts::reset(&config, name, by))
        }
        Command::Remove { name } => {
            accounts::remove(&config, name, by).map_err(fail)?;
            say(format_args!("{name} signs in at the desk no more"))
        }
        Command::List => list(context, &config),
    }
}

/// What is shown of a new account, this once: here, or on a sheet. One that cannot be written changes nothing.
fn handed_over(context: &Context, config: &Config, out: Option<&Path>, make: impl FnOnce() -> Result<Fresh, String>) -> Outcome {
    let Some(path) = out else { return told(context, config, &make().map_err(fail)?) };
    let mut file = files::new_private(path).map_err(|fault| fail(format_args!("{}: {fault}", path.display())))?;
    let fresh = make().map_err(|why| {
        // Nothing is on it.
        let _ = std::fs::remove_file(path);
        fail(why)
    })?;
    let Fresh { name, role, password, secret, uri } = &fresh;
    let (school, at) = (&config.school.name, at(config));
    let sheet = DeskSheet { school, name, role: role.title(), at: &at, password, secret, uri }.html();
    file.write_all(sheet.as_bytes()).and_then(|()| file.sync_all()).map_err(|fault| {
        fail(format_args!("{}: {fault}; `schoolgate desk reset {name} --out FILE.html` makes another", path.display()))
    })?;
    say(format_args!(
        "the sheet for {name} ({role}) is in {}, its owner's alone: print it, hand it over, and delete the file",
        path.display()
    ))
}

fn at(config: &Config) -> String {
    config.web.desk().unwrap_or_else(|| "nowhere yet: the desk needs `tls_listen` and `name` under [web]".into())
}

fn told(context: &Context, config: &Config, fresh: &Fresh) -> Outcome {
    let at = at(config);
    context.print(fresh, || {
        let code = QrCode::new(fresh.uri.as_bytes()).map(|code| code.render::<Dense1x2>().build()).unwrap_or_default();
        let Fresh { name, role, password, secret, .. } = fresh;
        format!(
            "{name} ({role}): for their eyes only, and shown this once.\n\n{code}\n\n  1. On their phone: scan this with an \
             authenticator app, or type into it:\n       {secret}\n  2. In their browser: {at}\n       name      {name}\n       \
             password  {password}\n       code      what the app shows\n  3. The desk then asks for a password of their own; this \
             one opens nothing else."
        )
    })
}

fn list(context: &Context, config: &Config) -> Outcome {
    let accounts = accounts::read(&config.data).map_err(fail)?;
    let listed: Vec<_> = accounts
        .into_iter()
        .map(|a| Listed {
            since: local_time(config, a.since_ms),
            last_used: a.seen_ms.map(|ms| local_time(config, ms)),
            name: a.name,
            role: a.role,
            person: a.person,
            by: a.by,
            in_use: a.own,
        })
        .collect();
    context.print(&listed, || {
        if listed.is_empty() {
            return "nobody signs in at the desk yet: `schoolgate desk add NAME --role dsl`".into();
        }
        let mut table = table(["name", "role", "person", "since", "by", "last used"]);
        for a in &listed {
            let used = a.last_used.as_deref().unwrap_or("never");
            table.add_row([&a.name, a.role.word(), a.person.as_deref().unwrap_or(""), &a.since, &a.by, used]);
        }
        table.to_string()
    })
}
