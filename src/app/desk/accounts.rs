//! The accounts of the desk in `DATA/desk.json`, its owner's alone: changed by the command and by the running gate, one at a time.

use crate::app::recorded::{begin, done, recorded};
use crate::casebook::{self, Entry};
use crate::config::Config;
use crate::ops::files;
use crate::people::desk::totp::Secret;
use crate::people::desk::{Account, Role, is_name};
use crate::people::password::{self, Kind, folded};
use crate::people::{Register, Store};
use nix::fcntl::{Flock, FlockArg};
use serde::Serialize;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Most accounts.
const MOST: usize = 32;

/// What is shown of a new account, this once. It has no `Debug`.
#[derive(Serialize)]
pub struct Fresh {
    pub name: String,
    pub role: Role,
    pub password: String,
    /// In base32.
    pub secret: String,
    /// The same, as an authenticator app reads it.
    pub uri: String,
}

/// Who makes a change, and when.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    pub who: &'a str,
    pub now_ms: i64,
}

fn file(data: &Path) -> PathBuf {
    data.join("desk.json")
}

/// All of them.
///
/// # Errors
/// The file cannot be read or understood.
pub fn read(data: &Path) -> Result<Vec<Account>, String> {
    let path = file(data);
    let text = files::read_or_empty(&path).map_err(|fault| format!("{}: {fault}", path.display()))?;
    if text.is_empty() {
        return Ok(Vec::new());
    }
    // What is wrong, and not with what: it holds secrets.
    serde_json::from_str(&text)
        .map_err(|fault| format!("{}:{}:{}: this is no account of the desk", path.display(), fault.line(), fault.column()))
}

/// Makes a change, while nobody else does; one that fails changes nothing.
///
/// # Errors
/// As `change` says, or the files.
pub fn change<T>(data: &Path, change: impl FnOnce(&mut Vec<Account>) -> Result<T, String>) -> Result<T, String> {
    let told = |fault: io::Error| format!("{}: {fault}", file(data).display());
    let _one = lock(data).map_err(told)?;
    let mut accounts = read(data)?;
    let done = change(&mut accounts)?;
    let text = serde_json::to_vec_pretty(&accounts).map_err(|fault| told(fault.into()))?;
    files::replace_private(&file(data), &text).map_err(told)?;
    Ok(done)
}

fn lock(data: &Path) -> io::Result<Flock<File>> {
    files::make_folder(data)?;
    let file = files::private(&data.join("desk.lock"))?;
    files::belongs_to_folder(&file, data)?;
    Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno.into())
}

/// Makes an account. Nobody reads there what is about them: so the head is somebody of the register, and the chair somebody else.
///
/// # Errors
/// In words what is wrong, and what would be right.
pub fn add(config: &Config, name: &str, role: Role, person: Option<&str>, by: By) -> Result<Fresh, String> {
    if !is_name(name) {
        return Err("a name has 1 to 64 letters, digits, '.', '-', '_' or '@'".into());
    }
    let register = Store::peek(&super::super::register_file(config)).map_err(|fault| fault.to_string())?;
    let made_of = of_desk(by, format!("an account for {name} ({role})"));
    recorded(config, by.now_ms, vec![made_of], || {
        change(&config.data, |accounts| {
            if accounts.iter().any(|account| account.is_called(name)) {
                return Err(format!("there is an account of that name already: `schoolgate desk reset {name}` makes it anew"));
            }
            if accounts.len() >= MOST {
                return Err(format!("there are {MOST} accounts, and no more: remove one"));
            }
            let once = [Role::Dsl, Role::Head, Role::Chair];
            if let Some(there) = accounts.iter().find(|account| once.contains(&role) && account.role == role) {
                return Err(format!("{} is the {role} already: `schoolgate desk remove {}` first", there.name, there.name));
            }
            suits(config, &register, accounts, role, person)?;
            let (account, fresh) = made(config, name, role, person, by)?;
            accounts.push(account);
            Ok(fresh)
        })
    })
}

/// Whether somebody may have this role.
fn suits(config: &Config, register: &Register, accounts: &[Account], role: Role, person: Option<&str>) -> Result<(), String> {
    if let Some(key) = person.filter(|key| register.person_of_key(key).is_none()) {
        return Err(format!("nobody in the register has the id '{}'", key.escape_debug()));
    }
    let named = config.report.head.as_deref();
    let account = |role| accounts.iter().find(|a: &&Account| a.role == role).and_then(|a| a.person.as_deref());
    match role {
        Role::Head => match (named, person) {
            (None, None) => {
                Err("say who the head is in the register, with --person: what concerns the head is for the chair alone".into())
            }
            (Some(named), Some(person)) if named != person => {
                Err(format!("[report] says that the head is '{named}': leave --person out, or change `head` there"))
            }
            (_, Some(person)) if account(Role::Chair) == Some(person) => Err("they are the chair already".into()),
            _ => Ok(()),
        },
        Role::Chair if person.is_some() && person == named.or(account(Role::Head)) => {
            Err("they are the head: what concerns the head is for somebody else".into())
        }
        _ => Ok(()),
    }
}

/// Makes a new password and a new secret for an account; whoever is signed in there is not any more.
///
/// # Errors
/// In words.
pub fn reset(config: &Config, name: &str, by: By) -> Result<Fresh, String> {
    let begun = begin(config, by.now_ms, &[of_desk(by, format!("a new password and code for {name}"))])?;
    let fresh = change(&config.data, |accounts| {
        let account = accounts.iter_mut().find(|account| account.is_called(name)).ok_or_else(|| nobody(name))?;
        let (anew, fresh) = made(config, &account.name, account.role, account.person.as_deref(), by)?;
        // Two in one millisecond are two.
        *account = Account { since_ms: anew.since_ms.max(account.since_ms + 1), ..anew };
        Ok(fresh)
    })?;
    done(begun, vec![of_desk(by, format!("a new password and code for {} ({})", fresh.name, fresh.role))])?;
    Ok(fresh)
}

/// Ends an account.
///
/// # Errors
/// In words.
pub fn remove(config: &Config, name: &str, by: By) -> Result<(), String> {
    let begun = begin(config, by.now_ms, &[of_desk(by, format!("the account of {name} ended"))])?;
    let gone = change(&config.data, |accounts| {
        let at = accounts.iter().position(|account| account.is_called(name)).ok_or_else(|| nobody(name))?;
        Ok(accounts.remove(at))
    })?;
    done(begun, vec![of_desk(by, format!("the account of {} ({}) ended", gone.name, gone.role))])
}

fn nobody(name: &str) -> String {
    format!("there is no account '{}': `schoolgate desk list` names them", name.escape_debug())
}

fn made(config: &Config, name: &str, role: Role, person: Option<&str>, by: By) -> Result<(Account, Fresh), String> {
    let password = password::made(Kind::Grown).map_err(|fault| fault.to_string())?;
    let secret = Secret::made().map_err(|fault| fault.to_string())?;
    let account = Account {
        name: name.to_owned(),
        role,
        person: person.map(str::to_owned),
        password: password::hash(&folded(&password)).map_err(|fault| fault.to_string())?,
        own: false,
        secret: secret.clone(),
        step: 0,
        since_ms: by.now_ms,
        by: by.who.to_owned(),
        seen_ms: None,
    };
    let uri = secret.uri(&config.school.name, name);
    Ok((account, Fresh { name: name.to_owned(), role, password, secret: secret.text(), uri }))
}

/// Among the changes of the week, which the DSL reads: whoever makes an account could make one for themselves.
fn of_desk(by: By, what: String) -> Entry {
    Entry::new(casebook::Kind::Change, by.who, format!("desk: {what}"))
}

/// Who the head is: as the configuration says, else by their account at the desk.
pub fn head(config: &Config) -> Option<String> {
    let by_account = || read(&config.data).ok()?.into_iter().find(|a| a.role == Role::Head)?.person;
    config.report.head.clone().or_else(by_account)
}
