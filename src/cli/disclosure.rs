//! `schoolgate people export`: everything that is kept about one person.

use super::log::{Book, Unsealing, plain};
use super::{Context, Outcome, fail, written};
use crate::app::disclosure::{About, Blotter, Deed, Noted, about, noted};
use crate::app::followed::Somebody;
use crate::app::register_file;
use crate::casebook::Role;
use crate::config::Config;
use crate::gate::Clock;
use crate::journal::export::{csv::cell, json};
use crate::ops::{files, look_ups};
use crate::people::{Register, Store};
use crate::seal::Keys;
use csv::{QuoteStyle, WriterBuilder};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// Their id in the register
    person: String,
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Write to this file instead of the terminal
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Why you look: it is written down, and shown in the report
    #[arg(long)]
    purpose: Option<String>,
    /// Show what was typed, too: asks for a reader's passphrase, and is written down
    #[arg(long, value_name = "READER", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    open: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// All there is, the events as the log has them
    Json,
    /// A table to read: about, when, what, by
    Csv,
}

pub fn export(context: &Context, config: &Config, args: &ExportArgs) -> Outcome {
    let purpose = context.purpose(args.purpose.as_deref())?;
    let store = Store::open(&register_file(config)).map_err(fail)?;
    let register = store.load().map_err(fail)?;
    let person = register.person_of_key(&args.person);
    let person =
        person.ok_or_else(|| fail(format_args!("nobody in the register has the id '{}'", args.person.escape_debug())))?;
    let shown = format!("people export of {}", person.key);
    look_ups::record(&config.data, &shown, &purpose, Clock::System.unix_ms()).map_err(fail)?;
    let sealed = Unsealing::ask(config, args.open.as_deref(), &shown, &purpose)?;
    let mut kept = about(config, &store, &register, person).map_err(fail)?;
    let (blotter, id) = (Blotter::of(&register, person).map_err(fail)?, person.id);
    kept.noted = match lead(config, &register, sealed.reader()) {
        Some(lead) => noted(config, person, &blotter, (lead.by(), sealed.opener())).map_err(fail)?,
        None => None,
    };
    if kept.noted.is_none() {
        eprintln!("incidents and what else was noted about them is left out: it is for the DSL to hand out, with --open");
    }
    let to: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(files::private(path).map_err(|e| fail(format_args!("{}: {e}", path.display())))?),
        None => Box::new(io::stdout()),
    };
    let mut to = BufWriter::new(to);
    let book = Book::of_person(context, config, (register, id), sealed)?;
    match args.format {
        Format::Json => as_json(&kept, &blotter, &book, &mut to)?,
        Format::Csv => as_csv(&kept, &blotter, &book, &mut to)?,
    }
    written(to.flush())?;
    book.told()?;
    eprintln!("texts that somebody wrote may speak of others by nicknames: read it before you hand it out");
    Ok(())
}

/// Who may hand out what the DSL has noted: a reader of what is sealed who has typed their passphrase; where nothing is sealed, the
/// login that the configuration gives the part to.
fn lead(config: &Config, register: &Register, reader: Option<&str>) -> Option<Somebody> {
    if let Some(reader) = reader {
        let person = register.person_of_key(reader).map(|p| p.key.clone());
        return Some(Somebody { who: reader.to_owned(), role: Role::Deputy, person });
    }
    if !matches!(Keys::read(&config.data), Ok(None)) {
        return None;
    }
    let account = files::own_name();
    [Role::Dsl, Role::Deputy, Role::Head].into_iter().find_map(|role| Somebody::at(config, register, &account, Some(role)).ok())
}

/// One object, its events written as they are read: a term's are too many to hold.
fn as_json(kept: &About, blotter: &Blotter, book: &Book, to: &mut impl Write) -> Outcome {
    let about = serde_json::to_string(kept).map_err(fail)?;
    let open = about.strip_suffix('}').unwrap_or(&about);
    written(write!(to, "{open},\"events\":["))?;
    let mut between = "\n";
    book.each(None, &mut |line| {
        write!(to, "{between}{}", json(&blotter.line(line.clone())))?;
        between = ",\n";
        Ok(())
    })?;
    written(writeln!(to, "\n]}}"))
}

fn as_csv(kept: &About, blotter: &Blotter, book: &Book, to: &mut impl Write) -> Outcome {
    let mut table = WriterBuilder::new().quote_style(QuoteStyle::NonNumeric).from_writer(to);
    let mut row = |row: [&str; 4]| table.write_record(row.map(cell)).map_err(io::Error::from);
    written(row(["about", "when", "what", "by"]))?;
    let (register, entry) = (serde_json::to_value(&kept.register).map_err(fail)?, "register");
    for (field, value) in register.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        written(row([entry, "", &format!("{field}: {value}"), ""]))?;
    }
    written(row([entry, "", &format!("password set: {}", kept.has_password), ""]))?;
    for device in &kept.devices {
        let known = [&device.address, &device.mac, &device.network].into_iter().flatten().map(String::as_str);
        let known = known.chain((!device.in_use).then_some("not in use")).collect::<Vec<_>>().join(", ");
        written(row(["device", "", &format!("{} {known}", device.name), ""]))?;
    }
    let About { history, passes, exams, requests, look_ups, .. } = kept;
    let Noted { incidents, marks, watched, alerts } = kept.noted.clone().unwrap_or_default();
    let noted = [("incident", &incidents), ("mark", &marks), ("watched", &watched), ("alert", &alerts)];
    let known = [("register", history), ("pass", passes), ("exam", exams), ("request", requests), ("look-up", look_ups)];
    for (about, deeds) in known.into_iter().chain(noted) {
        for Deed { when, what, by } in deeds {
            written(row([about, when, what, by]))?;
        }
    }
    book.each(None, &mut |line| {
        let line = blotter.line(line.clone());
        let search = line.search.as_deref().map_or_else(String::new, |words| format!("; searched for '{words}'"));
        let sure = line.how_known.zip(line.how_sure).map_or_else(String::new, |(how, sure)| format!("; known by {how}, {sure}"));
        row(["event", &line.when_local, &format!("{}{search}{sure}", plain(&line)), ""])
    })?;
    written(table.flush())
}
