//! `schoolgate log`: the access log.

use super::secret::answer;
use super::verify::{VerifyArgs, verify};
use super::{Context, Failed, Outcome, fail, holds, put, seal, written};
use crate::app;
use crate::config::{Config, nearest};
use crate::gate::Clock;
use crate::gate::control::Request;
use crate::gate::flood::MOST;
use crate::journal::export::{Csv, Line, Resolve, json, squid};
use crate::journal::read::{Filter, Stored};
use crate::journal::tail::{self, Part};
use crate::journal::{Door, IsoWeek, Unopened};
use crate::ops::look_ups;
use crate::pages::Reference;
use crate::people::{Register, Store};
use crate::policy::{Action, Step};
use crate::seal::Opener;
use crate::words::{Category, PersonId, escaped};
use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often `follow` looks for new events: the journal itself is written once a second.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Of the time, one part in so many is spent on looking: while events come by the ten thousand, a look moves all of them.
const LOOK_SHARE: u32 = 10;

/// Longest time a block answer of the DNS door is kept by a client, in milliseconds.
const ANSWER_TTL_MS: i64 = 60_000;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// The newest events that meet every condition, in the order of their times
    Search(SearchArgs),
    /// Events for another program or a spreadsheet
    Export(ExportArgs),
    /// Events as they happen, until you stop it
    Follow(FollowArgs),
    /// Keep a week, or every week of a person, from being deleted when its time is up
    Hold(holds::HeldArgs),
    /// Let it go: what of it is past its time is deleted within a day
    Release(holds::HeldArgs),
    /// What is held, by whom and why
    Holds,
    /// Whether anything was changed afterwards or is missing: the casebook's chain of records, the journal's numbers; exit 1 if so
    Verify(VerifyArgs),
}

#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// A person's id in the register
    #[arg(long)]
    person: Option<String>,
    /// A client's address
    #[arg(long, value_name = "ADDRESS")]
    client: Option<IpAddr>,
    /// This host, and everything below it
    #[arg(long)]
    host: Option<String>,
    /// allow, block, warn, rewrite or would-block
    #[arg(long, value_parser = action)]
    action: Option<Action>,
    /// A category's id
    #[arg(long)]
    category: Option<String>,
    /// The reference on a block page, such as 7K3M-0Q2F
    #[arg(long, value_parser = reference)]
    reference: Option<Reference>,
    /// Why you look: it is written down, and shown in the report
    #[arg(long)]
    purpose: Option<String>,
    /// Show what was typed, too: asks for a reader's passphrase, and is written down
    #[arg(long, value_name = "READER", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    open: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct SearchArgs {
    #[command(flatten)]
    wanted: Wanted,
    /// Only this ISO week, such as 2026-W47 [default: all there are]
    #[arg(long)]
    week: Option<String>,
    /// At most so many, the newest
    #[arg(long, default_value_t = 200)]
    limit: usize,
}

#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    #[command(flatten)]
    wanted: Wanted,
    /// Only this ISO week, such as 2026-W47 [default: all there are]
    #[arg(long)]
    week: Option<String>,
    #[arg(long, value_enum)]
    format: Format,
    /// Write to this file instead of the terminal
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct FollowArgs {
    #[command(flatten)]
    wanted: Wanted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Csv,
    /// One JSON object a line
    Jsonl,
    /// Squid's native access.log
    Squid,
}

pub fn log(context: &Context, command: &Command) -> Outcome {
    let config = context.read_as_far()?;
    let (wanted, shown) = match command {
        Command::Search(args) => (&args.wanted, "log search"),
        Command::Export(args) => (&args.wanted, "log export"),
        Command::Follow(args) => (&args.wanted, "log follow"),
        Command::Hold(args) => return holds::hold(&config, args),
        Command::Release(args) => return holds::release(&config, args),
        Command::Holds => return holds::list(context, &config),
        Command::Verify(args) => return verify(context, &config, args),
    };
    let book = Book::open(context, &config, wanted, shown)?;
    match command {
        Command::Search(args) => search(context, &book, args),
        Command::Export(args) => export(&book, args),
        _ => follow(context, &config, &book),
    }?;
    book.told()
}

fn search(context: &Context, book: &Book, args: &SearchArgs) -> Outcome {
    let newest = match &book.referred {
        None => book.newest(args.week.as_deref(), args.limit)?,
        Some(_) => book.all(args.week.as_deref())?,
    };
    let mut found: Vec<(String, String)> = Vec::new();
    for (part, after) in &newest.parts {
        let filter = Filter { after: *after, ..book.filter.clone() };
        book.each_in(part, &filter, &mut |_, line| {
            found.push((line.when.clone(), if context.json { json(line) } else { plain(line) }));
            Ok(())
        })?;
    }
    // The journal's own order is that in which the doors' threads handed over.
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let lines: String = found.iter().flat_map(|(_, line)| [line, "\n"]).collect();
    put(lines.as_bytes())?;
    if found.is_empty() && !context.json {
        eprintln!("nothing that is kept meets that");
    }
    if book.reference.is_some() && found.len() > 1 {
        eprintln!("these were blocked for one client in one second: the reference does not tell them apart");
    }
    if newest.more {
        eprintln!("only the newest {} are shown: narrow it down, or say --limit", found.len());
    }
    Ok(())
}

fn export(book: &Book, args: &ExportArgs) -> Outcome {
    let to: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(crate::ops::files::private(path).map_err(|e| fail(format_args!("{}: {e}", path.display())))?),
        None => Box::new(io::stdout()),
    };
    let mut to = BufWriter::new(to);
    let week = args.week.as_deref();
    match args.format {
        Format::Csv => {
            let mut csv = Csv::new(&mut to).map_err(fail)?;
            book.each(week, &mut |line| csv.write(line).map_err(io::Error::from))?;
            written(csv.finish())?;
        }
        Format::Jsonl => book.each(week, &mut |line| writeln!(to, "{}", json(line)))?,
        Format::Squid => book.each(week, &mut |line| writeln!(to, "{}", squid(line)))?,
    }
    written(to.flush())
}

fn follow(context: &Context, config: &Config, book: &Book) -> Outcome {
    let mut after = book.last_seq()?;
    loop {
        let begun = Instant::now();
        context.ask(config, &Request::Flush)?;
        let took = begun.elapsed();
        let mut out = io::stdout().lock();
        let mut newest = after;
        let next = Filter { after: Some(after), ..book.filter.clone() };
        for part in book.parts(None)? {
            book.each_in(&part, &next, &mut |seq, line| {
                newest = newest.max(seq);
                if context.json { writeln!(out, "{}", json(line)) } else { writeln!(out, "{}", plain(line)) }
            })?;
        }
        if let Err(fault) = out.flush() {
            return if fault.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(fail(fault)) };
        }
        drop(out);
        after = newest;
        std::thread::sleep(LOOK_EVERY.max(took * (LOOK_SHARE - 1)));
    }
}

/// One event on one line for a person to read.
pub(super) fn plain(line: &Line) -> String {
    let or_dash = |text: &Option<String>| escaped(text.as_deref().unwrap_or("-")).into_owned();
    let who = if line.person.is_some() { or_dash(&line.person) } else { or_dash(&line.client) };
    let what = match (&line.method, line.port) {
        (Some(method), Some(port)) => {
            let path = line.path.as_deref().map(escaped).unwrap_or_default();
            format!("{} {}:{port}{path}", escaped(method), or_dash(&line.host))
        }
        _ if line.sum => format!("more than {MOST} questions a second: names are not kept"),
        _ if line.step == Step::Locked.word() => or_dash(&line.entry),
        _ => format!("{} {}", line.query_type.as_deref().unwrap_or("-"), or_dash(&line.host)),
    };
    // 'platform' is a step and its category.
    let category = line.category.as_deref().filter(|c| *c != line.step).map_or_else(String::new, |c| format!(" {c}"));
    let times = if line.count > 1 { format!(" ×{}", line.count) } else { String::new() };
    let time = line.when_local.get(..19).unwrap_or(&line.when_local).replace('T', " ");
    let came = came_to_nothing(line);
    format!("{time} {who:<12} {:<11} {:<10} {what} ({}{category}){times}{came}", line.action, line.door, line.step)
}

/// What was let through and failed says so: 'why does it not load?' is asked as often as 'why is it blocked?'.
fn came_to_nothing(line: &Line) -> String {
    let blocked = line.action == Action::Block.word();
    match (line.door, line.status) {
        _ if blocked => String::new(),
        ("dns", 2) => ", came to nothing: SERVFAIL".into(),
        ("dns", 3) => ", came to nothing: NXDOMAIN".into(),
        ("proxy", status @ 400..) => format!(", came to nothing: {status}"),
        _ => String::new(),
    }
}

/// The journal of a configuration, with what its ids are called.
pub(super) struct Book<'a> {
    config: &'a Config,
    register: Register,
    filter: Filter,
    reference: Option<Reference>,
    /// What the reference is of, by seq.
    referred: Option<HashSet<u64>>,
    sealed: Unsealing,
}

/// What opens what is sealed, if that was asked for, and what stayed sealed all the same.
#[derive(Default)]
pub(super) struct Unsealing {
    /// Who has typed a passphrase, and what it opens.
    opener: Option<(String, Arc<Opener>)>,
    unopened: RefCell<Unopened>,
}

impl Unsealing {
    /// Asks for the reader's name, if there is none, and for the passphrase.
    pub fn ask(config: &Config, reader: Option<&str>, what: &str, purpose: &str) -> Result<Self, Failed> {
        let Some(reader) = reader else { return Ok(Self::default()) };
        let reader = if reader.is_empty() { answer("reader")? } else { reader.trim().to_owned() };
        let opener = Arc::new(seal::open(config, &reader, what, purpose)?);
        Ok(Self { opener: Some((reader, opener)), unopened: RefCell::default() })
    }

    /// What the passphrase opens, if one was typed.
    pub fn opener(&self) -> Option<&Opener> {
        self.opener.as_ref().map(|(_, opener)| opener.as_ref())
    }

    /// Who has typed their passphrase.
    pub fn reader(&self) -> Option<&str> {
        self.opener.as_ref().map(|(reader, _)| reader.as_str())
    }

    /// Tells what stayed sealed. What is not as it was written is a fault.
    fn told(&self) -> Outcome {
        let Unopened { changed, without_key } = &*self.unopened.borrow();
        if *without_key > 0 {
            eprintln!("{without_key} lines stay sealed: their keys are not those of this reader, or are missing");
        }
        if changed.is_empty() {
            return Ok(());
        }
        let seqs: Vec<_> = changed.iter().map(u64::to_string).collect();
        Err(fail(format_args!("these lines stay sealed, since they are not as they were written: {}", seqs.join(", "))))
    }
}

impl<'a> Book<'a> {
    /// What is kept of one person, for a look that has been written down.
    pub fn of_person(
        context: &Context,
        config: &'a Config,
        (register, person): (Register, PersonId),
        sealed: Unsealing,
    ) -> Result<Self, Failed> {
        context.ask(config, &Request::Flush)?;
        let filter = Filter { person: Some(person), ..Filter::default() };
        Ok(Self { config, register, filter, reference: None, referred: None, sealed })
    }

    /// Opens it for a look that is written down first.
    fn open(context: &Context, config: &'a Config, wanted: &Wanted, shown: &str) -> Result<Self, Failed> {
        let register = Store::peek(&app::register_file(config)).map_err(fail)?;
        let filter = wanted.filter(config, &register)?;
        let purpose = context.purpose(wanted.purpose.as_deref())?;
        let of = wanted.person.as_ref().map_or_else(String::new, |p| format!(" of {p}"));
        let shown = format!("{shown}{of}");
        look_ups::record(&config.data, &shown, &purpose, Clock::System.unix_ms()).map_err(fail)?;
        let sealed = Unsealing::ask(config, wanted.open.as_deref(), &shown, &purpose)?;
        context.ask(config, &Request::Flush)?;
        let mut book = Self { config, register, filter, reference: wanted.reference, referred: None, sealed };
        if let Some(reference) = wanted.reference {
            book.referred = Some(book.referred_to(reference)?);
        }
        Ok(book)
    }

    /// The lines a block page with this reference stands for: what was blocked in its second, else the last that the DNS door
    /// blocked for the same client before it.
    fn referred_to(&self, reference: Reference) -> Result<HashSet<u64>, Failed> {
        let (mut pages, mut answer) = (Vec::new(), None);
        for part in self.parts(None)? {
            for stored in part.events(&self.filter) {
                let Stored { seq, event, .. } = stored.map_err(fail)?;
                let shows_a_page = matches!(event.action, Action::Block | Action::Warn);
                let Some(who) = event.who.filter(|who| shows_a_page && reference.fits(who.client)) else { continue };
                match event.door {
                    Door::Dns => answer = answer.max(Some((event.span.map_or(event.when_ms, |s| s.last_ms), seq))),
                    _ if Reference::of(event.when_ms, who.client) == reference => pages.push((event.intent, seq)),
                    _ => {}
                }
            }
        }
        // A page's own pictures may be blocked in its second: they have no page, and what was opened has.
        let opened = pages.iter().map(|(intent, _)| *intent).max_by_key(|intent| intent.weight());
        let pages: HashSet<u64> = pages.into_iter().filter(|(intent, _)| Some(*intent) == opened).map(|(_, seq)| seq).collect();
        Ok(if pages.is_empty() { answer.into_iter().map(|(_, seq)| seq).collect() } else { pages })
    }

    fn parts(&self, only: Option<&str>) -> Result<Vec<Part>, Failed> {
        let only = only.map(|text| IsoWeek::parse(text).map_err(|why| fail(format_args!("'{text}' is {why}"))));
        let only = only.transpose()?;
        let now_ms = Clock::System.unix_ms();
        let dir = app::journal_dir(self.config);
        let mut parts = tail::parts(&dir, &self.config.school.zone, now_ms, only).map_err(fail)?;
        if let Some((_, opener)) = &self.sealed.opener {
            parts.iter_mut().for_each(|part| part.open_with(opener.clone()));
        }
        Ok(parts)
    }

    fn last_seq(&self) -> Result<u64, Failed> {
        let mut last = 0;
        for part in self.parts(None)? {
            last = last.max(part.last_seq().map_err(fail)?);
        }
        Ok(last)
    }

    /// Where the newest events begin, at most `limit` of them.
    fn newest(&self, week: Option<&str>, limit: usize) -> Result<Newest, Failed> {
        let mut newest = Newest { parts: Vec::new(), more: false };
        let mut left = limit;
        for part in self.parts(week)?.into_iter().rev() {
            let found = part.newest(&self.filter, left).map_err(fail)?;
            newest.more |= found.more;
            newest.parts.insert(0, (part, found.after));
            left = left.saturating_sub(found.count);
        }
        Ok(newest)
    }

    /// All of it: of a reference there are few lines, and which they are is known.
    fn all(&self, week: Option<&str>) -> Result<Newest, Failed> {
        Ok(Newest { parts: self.parts(week)?.into_iter().map(|part| (part, None)).collect(), more: false })
    }

    /// Tells what stayed sealed although it was to be opened.
    pub fn told(&self) -> Outcome {
        self.sealed.told()
    }

    pub fn each(&self, week: Option<&str>, show: &mut dyn FnMut(&Line) -> io::Result<()>) -> Outcome {
        self.parts(week)?.iter().try_for_each(|part| self.each_in(part, &self.filter, &mut |_, line| show(line)))
    }

    fn each_in(&self, part: &Part, filter: &Filter, show: &mut dyn FnMut(u64, &Line) -> io::Result<()>) -> Outcome {
        let person = |id| self.register.person(id).map(|p| p.key.clone());
        let device = |id| self.register.device(id).map(|d| d.name.clone());
        for stored in part.events(filter) {
            let stored: Stored = stored.map_err(fail)?;
            if self.referred.as_ref().is_some_and(|seqs| !seqs.contains(&stored.seq)) {
                continue;
            }
            let names = part.names_of(stored.event.policy_version).map_err(fail)?;
            let resolve = Resolve { names: &names, zone: &self.config.school.zone, person: &person, device: &device };
            match show(stored.seq, &Line::of(&stored, &resolve)) {
                Ok(()) => {}
                Err(gone) if gone.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(fault) => return Err(fail(fault)),
            }
        }
        self.sealed.unopened.borrow_mut().add(part.unopened());
        Ok(())
    }
}

/// The newest events of every part of the journal.
struct Newest {
    /// Each with the seq after which they begin; `None`: all of it.
    parts: Vec<(Part, Option<u64>)>,
    /// There are older ones.
    more: bool,
}

impl Wanted {
    fn filter(&self, config: &Config, register: &Register) -> Result<Filter, Failed> {
        let person = match &self.person {
            None => None,
            Some(key) => {
                let found = register.person_of_key(key);
                Some(found.ok_or_else(|| fail(format_args!("nobody in the register has the id '{key}'")))?.id)
            }
        };
        let category = match &self.category {
            None => None,
            Some(id) => Some(category_of(config, id)?),
        };
        // A page that a DNS answer led to has its line at the DNS door, up to that answer's TTL before.
        let second = self.reference.map(|r| r.second(Clock::System.unix_ms()));
        Ok(Filter {
            person,
            client: self.client,
            host: self.host.clone(),
            action: self.action,
            category,
            since_ms: second.map(|at| at - ANSWER_TTL_MS),
            until_ms: second.map(|at| at + 1000),
            ..Filter::default()
        })
    }
}

fn category_of(config: &Config, id: &str) -> Result<Category, Failed> {
    let known = || config.categories.iter().map(|t| t.id.as_str());
    config.categories.iter().find(|t| t.id == id).map(|t| t.category).ok_or_else(|| {
        let meant = nearest(id, known()).map_or("categories.toml names them all".to_owned(), |n| format!("did you mean '{n}'?"));
        fail(format_args!("there is no category '{}': {meant}", id.escape_debug()))
    })
}

fn reference(text: &str) -> Result<Reference, String> {
    Reference::parse(text).ok_or_else(|| "a reference is eight letters and digits, such as 7K3M-0Q2F".to_owned())
}

fn action(word: &str) -> Result<Action, String> {
    Action::from_word(word).ok_or_else(|| {
        let words: Vec<_> = Action::ALL.iter().map(|a| a.word()).collect();
        format!("an action is one of {}", words.join(", "))
    })
}
