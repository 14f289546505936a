//! `schoolgate seal`: the keys of what pupils type and of what is written of incidents.

use super::secret::{new_secret, secret};
use super::{Context, Failed, Outcome, fail, say};
use crate::app::sealed::{self, NotOpened, Reader};
use crate::casebook::{Casebook, incidents};
use crate::config::Config;
use crate::gate::Clock;
use crate::gate::control::Request;
use crate::gate::snapshot::local_time;
use crate::ops::files::own_name;
use crate::pages::recovery;
use crate::seal::{Keys, Opener, RecoveryCode};
use serde::Serialize;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make the keys: from now on paths, queries, searches and what is written of incidents are sealed, and open for their readers alone
    ///
    /// The first reader is the DSL, who types the passphrase. The recovery sheet is printed and put into the school's safe: it opens
    /// everything when no passphrase is known any more, and there is no other way.
    Init(InitArgs),
    /// One more reader, who types a passphrase of their own
    Add(GivenArgs),
    /// Take a reader out, and make a new pair of keys that they have never had
    Remove(GivenArgs),
    /// A new passphrase for a reader, who types the old one first
    Passphrase(NameArgs),
    /// With the recovery sheet: a new passphrase for a reader, or a new reader
    Recover(NameArgs),
    /// A new recovery sheet; the one before opens nothing any more
    Sheet(SheetArgs),
    /// A new pair of keys, for the same readers and the same sheet
    Roll(AsArgs),
    /// Whether what pupils type is sealed, since when, and who reads it
    Status,
}

#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// The first reader: the DSL
    #[arg(long, value_name = "NAME")]
    reader: String,
    /// Where the recovery sheet is written, a page to print from a browser [default: as text, here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Although there were keys before that are lost: what was sealed with them stays sealed for ever
    #[arg(long)]
    anew: bool,
}

#[derive(Debug, clap::Args)]
pub struct GivenArgs {
    /// Whom it is about
    name: String,
    /// The reader who allows it, and types their passphrase
    #[arg(long = "as", value_name = "READER")]
    by: String,
}

#[derive(Debug, clap::Args)]
pub struct NameArgs {
    /// Whose passphrase it is
    name: String,
}

#[derive(Debug, clap::Args)]
pub struct SheetArgs {
    /// The reader who allows it, and types their passphrase
    #[arg(long = "as", value_name = "READER")]
    by: String,
    /// Where the sheet is written, a page to print from a browser [default: as text, here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct AsArgs {
    /// The reader who allows it, and types their passphrase
    #[arg(long = "as", value_name = "READER")]
    by: String,
}

/// What `status` shows.
#[derive(Debug, Serialize)]
struct State {
    sealed: bool,
    fingerprint: Option<String>,
    since: Option<String>,
    readers: Vec<String>,
    /// Records of incidents that were written before there were keys, and stay as they are.
    incidents_in_the_clear: usize,
}

pub fn seal(context: &Context, command: &Command) -> Outcome {
    let config = &context.read_as_far()?;
    match command {
        Command::Init(args) => init(context, config, args)?,
        Command::Add(GivenArgs { name, by }) => {
            let (opener, passphrase) = (opened(config, by, "a new reader")?, new_secret(&format!("passphrase of {name}"))?);
            change(config, &format!("{name} may read"), |keys| keys.add(&opener, name, &passphrase, now()))?;
            say(format_args!("{name} is a reader now, of everything that was and will be sealed"))?
        }
        Command::Remove(GivenArgs { name, by }) => {
            let opener = opened(config, by, "a reader taken out")?;
            change(config, &format!("{name} may not read any more"), |keys| keys.remove(&opener, name, now()))?;
            say(format_args!("{name} is no reader any more, and what is sealed from now on opens with new keys"))?
        }
        Command::Passphrase(NameArgs { name }) => {
            let (opener, passphrase) = (opened(config, name, "a new passphrase")?, new_secret("the new passphrase")?);
            change(config, &format!("a new passphrase of {name}"), |keys| keys.set_passphrase(&opener, name, &passphrase))?;
            say("the new passphrase holds now")?
        }
        Command::Recover(NameArgs { name }) => recover(config, name)?,
        Command::Sheet(SheetArgs { by, out }) => {
            let opener = opened(config, by, "a new recovery sheet")?;
            let mut sheet = Sheet::begin(out.as_deref())?;
            let code = change(config, "a new recovery sheet", |keys| {
                let code = keys.new_sheet(&opener)?;
                sheet.write(config, keys, &code).map_err(NotOpened::Sheet)?;
                Ok::<_, NotOpened>(code)
            })?;
            sheet.told(context, config, &code)?
        }
        Command::Roll(AsArgs { by }) => {
            let opener = opened(config, by, "new keys")?;
            let fingerprint = change(config, "new keys", |keys| keys.roll(&opener, now()).map(|()| keys.fingerprint()))?;
            say(format_args!("new keys, {fingerprint}; readers and the recovery sheet stay as they are"))?
        }
        Command::Status => return status(context, config),
    }
    // A running gate seals with new keys from now on, and not only from the next second.
    context.ask(config, &Request::Settle).map(drop)
}

fn init(context: &Context, config: &Config, args: &InitArgs) -> Outcome {
    if Keys::read(&config.data).map_err(fail)?.is_some() {
        return Err(fail(NotOpened::There));
    }
    if !args.anew && sealed::were_keys(config) {
        return Err(fail(
            "what was typed before was sealed with keys that are not here: put seal/keys.json back from a backup; with --anew there \
             are new keys, and what was sealed before stays sealed for ever",
        ));
    }
    let passphrase = new_secret(&format!("passphrase of {}", args.reader))?;
    let mut sheet = Sheet::begin(args.out.as_deref())?;
    let what = format!("keys were made, {} may read", args.reader.trim());
    let made = sealed::change(config, (&own_name(), &what, now()), |there| {
        if there.is_some() {
            return Err(NotOpened::There);
        }
        let (keys, code) = Keys::make(&args.reader, &passphrase, now())?;
        sheet.write(config, &keys, &code).map_err(NotOpened::Sheet)?;
        Ok((keys, code))
    });
    sheet.told(context, config, &made.map_err(fail)?)
}

fn recover(config: &Config, name: &str) -> Outcome {
    let keys = sealed::keys(&config.data).map_err(fail)?;
    let code = RecoveryCode::parse(&secret("the groups of the recovery sheet")?).map_err(fail)?;
    let opener = keys.recover(&code).map_err(fail)?;
    let passphrase = new_secret(&format!("the new passphrase of {name}"))?;
    change(config, &format!("a new passphrase of {name}, by the recovery sheet"), |keys| {
        if keys.has_reader(name) {
            keys.set_passphrase(&opener, name, &passphrase)
        } else {
            keys.add(&opener, name, &passphrase, now())
        }
    })?;
    say(format_args!("{name} reads again. The sheet goes back into the safe; whoever else saw it: `schoolgate seal sheet`"))
}

fn status(context: &Context, config: &Config) -> Outcome {
    let keys = Keys::read(&config.data).map_err(fail)?;
    let state = State {
        sealed: keys.is_some(),
        fingerprint: keys.as_ref().map(Keys::fingerprint),
        since: keys.as_ref().map(|k| local_time(config, k.made_ms)),
        readers: keys.iter().flat_map(Keys::readers).map(|(name, _)| name.to_owned()).collect(),
        incidents_in_the_clear: in_the_clear(config)?,
    };
    context.print(&state, || match &state {
        State { fingerprint: Some(fingerprint), since: Some(since), readers, incidents_in_the_clear, .. } => format!(
            "what pupils type and what is written of incidents is sealed, to keys {fingerprint} of {since}\nreaders: {}\n\
             the recovery sheet opens it too{}",
            readers.join(", "),
            earlier(*incidents_in_the_clear)
        ),
        _ => "what pupils type is not sealed: `schoolgate seal init --reader NAME` makes the keys".to_owned(),
    })
}

/// Records of incidents that are not sealed.
fn in_the_clear(config: &Config) -> Result<usize, Failed> {
    let Some(casebook) = Casebook::peek(&config.data).map_err(fail)? else { return Ok(0) };
    incidents::in_the_clear(&casebook.read()).map_err(fail)
}

/// What is said of them, on a line of its own.
fn earlier(in_the_clear: usize) -> String {
    match in_the_clear {
        0 => String::new(),
        n => format!("\nrecords of incidents that were written before, and stay readable: {n}"),
    }
}

/// What a reader's passphrase opens, asked for on the terminal; recorded.
fn opened(config: &Config, reader: &str, what: &str) -> Result<Opener, Failed> {
    open(config, reader, what, what)
}

/// Asks for a reader's passphrase, and opens what is sealed: who, what and why is recorded. A wrong one takes its time.
pub(super) fn open(config: &Config, reader: &str, what: &str, purpose: &str) -> Result<Opener, Failed> {
    sealed::keys(&config.data).map_err(fail)?;
    let passphrase = secret(&format!("passphrase of {reader}"))?;
    let by = &own_name();
    sealed::open(config, Reader { name: reader, passphrase: &passphrase, by, what, purpose, now_ms: now() }).map_err(|fault| {
        if let NotOpened::Wrong(wait) = fault {
            std::thread::sleep(wait);
        }
        fail(fault)
    })
}

fn change<T, E: Into<NotOpened>>(config: &Config, what: &str, make: impl FnOnce(&mut Keys) -> Result<T, E>) -> Result<T, Failed> {
    let changed = sealed::change(config, (&own_name(), what, now()), |keys| {
        let mut keys = keys.ok_or(NotOpened::NoKeys)?;
        let done = make(&mut keys).map_err(Into::into)?;
        Ok((keys, done))
    });
    changed.map_err(fail)
}

fn now() -> i64 {
    Clock::System.unix_ms()
}

/// The recovery sheet on its way: keys whose sheet could not be written are not kept, and a sheet whose keys were not is taken away.
struct Sheet<'a> {
    file: Option<(&'a Path, std::fs::File)>,
    kept: bool,
}

impl Drop for Sheet<'_> {
    fn drop(&mut self) {
        if let Some((path, _)) = self.file.as_ref().filter(|_| !self.kept) {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl<'a> Sheet<'a> {
    fn begin(out: Option<&'a Path>) -> Result<Self, Failed> {
        let Some(path) = out else { return Ok(Self { file: None, kept: true }) };
        // For its owner only.
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = made.map_err(|fault| fail(format_args!("{}: {fault}", path.display())))?;
        Ok(Self { file: Some((path, file)), kept: false })
    }

    fn write(&mut self, config: &Config, keys: &Keys, code: &RecoveryCode) -> std::io::Result<()> {
        let Some((_, file)) = &mut self.file else { return Ok(()) };
        let html = recovery::html(&config.school.name, &keys.fingerprint(), &local_time(config, now()), &code.groups());
        file.write_all(html.as_bytes())?;
        file.sync_all()
    }

    fn told(&mut self, context: &Context, config: &Config, code: &RecoveryCode) -> Outcome {
        self.kept = true;
        #[derive(Serialize)]
        struct Made {
            fingerprint: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            recovery: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            sheet: Option<PathBuf>,
        }
        let sheet = self.file.as_ref().map(|(path, _)| path.to_path_buf());
        let recovery = sheet.is_none().then(|| code.to_string());
        let made = Made { fingerprint: sealed::keys(&config.data).map_err(fail)?.fingerprint(), recovery, sheet };
        let earlier = earlier(in_the_clear(config)?);
        context.print(&made, || match (&made.sheet, &made.recovery) {
            (Some(path), _) => format!(
                "keys {}; print {}, put it into the safe, and delete the file: it is shown nowhere again{earlier}",
                made.fingerprint,
                path.display()
            ),
            (None, code) => format!(
                "keys {}\nThe recovery sheet, for the safe: write it down now, it is shown nowhere again\n\n  {}{earlier}",
                made.fingerprint,
                code.as_deref().unwrap_or_default()
            ),
        })
    }
}
