//! `schoolgate people add|withdraw|restore|password|voucher`: one person's access, or a few.

use super::people::{put_in_force, role};
use super::{Context, Failed, Outcome, fail, say};
use crate::app::entries::Hand;
use crate::app::recorded::{begin, done, recorded};
use crate::app::{enrolment, register_file};
use crate::config::Config;
use crate::gate::clock::moment;
use crate::gate::control::Request;
use crate::gate::{Clock, Snapshot};
use crate::ops;
use crate::ops::files::own_name;
use crate::pages::slips::{self, Slip};
use crate::people::details::{agreed, day_text};
use crate::people::import::PersonRow;
use crate::people::password::{self, Kind, folded};
use crate::people::{Agreement, Details, Grouping, Person, Source, Store};
use crate::words::{Day, PersonRole};
use clap::ArgGroup;
use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::slice;

/// Most vouchers of one sheet.
const MOST_VOUCHERS: u32 = 200;

#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// The id the school has for them, which they sign in with
    id: String,
    /// As staff know them
    #[arg(long)]
    name: String,
    #[arg(long, value_parser = role)]
    role: PersonRole,
    /// 1 to 13; 0 is reception
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=13))]
    year: Option<u8>,
    /// A group they are in by hand; may be given more than once
    #[arg(long)]
    group: Vec<String>,
    /// The last day of their access: a date, or `today`
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// The version of the school's rules that they have accepted, where `[people]` requires one
    #[arg(long, value_name = "VERSION")]
    agreement: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct AccessArgs {
    /// Their ids in the register
    #[arg(required = true)]
    people: Vec<String>,
    /// Why: it stands in the register
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    access: AccessArgs,
    /// The last day of it: a date, or `today` [default: the last day they have, if it is not over]
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("of").required(true).args(["people", "group", "form"]))]
pub struct PasswordArgs {
    /// Their ids in the register
    people: Vec<String>,
    /// Everyone in this group
    #[arg(long)]
    group: Option<String>,
    /// Everyone in this form
    #[arg(long)]
    form: Option<String>,
    /// Where the sheet is written, a page to print from a browser [default: the slips as text, here]
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
    /// Why: it is written down as a look into the register
    #[arg(long)]
    purpose: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct VoucherArgs {
    #[arg(long, value_parser = role)]
    role: PersonRole,
    /// The last day they hold: a date, or `today`
    #[arg(long, value_name = "DAY")]
    until: String,
    /// The version of the school's rules that they have accepted, where `[people]` requires one
    #[arg(long, value_name = "VERSION")]
    agreement: Option<String>,
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_VOUCHERS)))]
    count: u32,
    /// Where the sheet is written, a page to print from a browser [default: the slips as text, here]
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
}

pub fn add(context: &Context, config: &Config, args: &AddArgs) -> Outcome {
    let until = args.until.as_deref().map(|text| last_day(text, config)).transpose().map_err(fail)?;
    for group in &args.group {
        known_group(config, group)?;
    }
    let (key, name) = (one_line("the id", &args.id, 64)?, one_line("--name", &args.name, 80)?);
    let details = Details { until, agreement: agreement(args.agreement.as_deref(), config)?, ..Details::default() };
    let short = short_of(&details, args.role, config);
    let row = PersonRow { key, name, role: args.role, year: args.year, groups: args.group.clone(), details };
    let grouped = !Grouping::of_config(config).groups(row.role, row.year, &row.groups).is_empty();
    let (by, now_ms) = (own_name(), now());
    let key = row.key.clone();
    let made = enrolment::entry(Hand { by: &by, now_ms }, format!("access given to {key}"), &key);
    let mut store = store(config)?;
    let begun = begin(config, now_ms, slice::from_ref(&made)).map_err(fail)?;
    let register = store.add(&[(row, None)], Source::Hand, &by, now_ms).map_err(fail)?;
    done(begun, vec![made.from_to("", &enrolment::access(&register, &key))]).map_err(fail)?;
    let group = if grouped { "" } else { "; they are in no group, and judged by the network they come from" };
    say(format_args!("{} is in the register: {}{group}{short}", args.id, put_in_force(context, config)?))
}

pub fn withdraw(context: &Context, config: &Config, args: &AccessArgs) -> Outcome {
    let request = Request::Withdraw { people: args.people.clone(), reason: args.reason.clone() };
    let done = switched(context, config, &request, |now, hand| {
        enrolment::withdraw(&now.config, &args.people, &args.reason, hand).map(drop)
    })?;
    say(format_args!("access of {} is switched off{done}; `people restore` switches it on again", args.people.join(", ")))
}

pub fn restore(context: &Context, config: &Config, args: &RestoreArgs) -> Outcome {
    let RestoreArgs { access: AccessArgs { people, reason }, until } = args;
    let request = Request::Restore { people: people.clone(), until: until.clone(), reason: reason.clone() };
    let done = switched(context, config, &request, |now, hand| {
        enrolment::restore(&now.config, people, until.as_deref(), reason, hand).map(drop)
    })?;
    say(format_args!("access of {} is switched on again{done}", people.join(", ")))
}

fn switched(
    context: &Context,
    config: &Config,
    request: &Request,
    by_hand: impl FnOnce(&Snapshot, Hand) -> Result<(), String>,
) -> Result<&'static str, Failed> {
    match context.ask(config, request)? {
        Some(_) => Ok(" at every door"),
        None => context.by_hand(config, by_hand).map(|()| "; no gate is running"),
    }
}

pub fn password(context: &Context, config: &Config, args: &PasswordArgs) -> Outcome {
    if let Some(group) = &args.group {
        known_group(config, group)?;
    }
    let purpose = context.purpose(args.purpose.as_deref())?;
    let mut store = store(config)?;
    let register = store.load().map_err(fail)?;
    let grouping = Grouping::of_config(config);
    let wanted = |p: &&Person| match (&args.group, &args.form) {
        (Some(group), _) => grouping.group_names(p.role, p.year, &p.groups).contains(group),
        (None, Some(form)) => p.details.form.eq_ignore_ascii_case(form),
        (None, None) => args.people.contains(&p.key),
    };
    let people: Vec<&Person> = register.present().filter(wanted).collect();
    if let Some(missing) = args.people.iter().find(|key| !people.iter().any(|p| p.key == **key)) {
        return Err(fail(format_args!("nobody in the register has the id '{}' and has access", missing.escape_debug())));
    }
    if people.is_empty() {
        return Err(fail("nobody of these has access"));
    }
    ops::look_ups::record(&config.data, "people password", &purpose, now()).map_err(fail)?;
    let (mut slips, mut hashes) = (Vec::new(), Vec::new());
    for person in people {
        let made = password::made(Kind::of_year(person.year)).map_err(fail)?;
        hashes.push((person.id, password::hash(&folded(&made)).map_err(fail)?));
        let form = &person.details.form;
        let note = if form.is_empty() { String::new() } else { format!("Form {form}") };
        slips.push(Slip { title: person.name.clone(), user: person.key.clone(), password: made, note });
    }
    // A sheet that cannot be written changes no password.
    let printed = Printed::of(config, &slips, args.out.as_deref())?;
    let (by, now_ms) = (own_name(), now());
    let hand = Hand { by: &by, now_ms };
    let made = |slip: &Slip| enrolment::entry(hand, format!("a new password for {}", slip.user), &slip.user).why(&purpose);
    let set = || store.set_passwords(&hashes, &by, now_ms).map_err(|fault| fault.to_string());
    recorded(config, now_ms, slips.iter().map(made).collect(), set).map_err(fail)?;
    // A running gate remembers passwords that were right.
    put_in_force(context, config)?;
    printed.told(context, &slips, "the passwords before these are no longer right")
}

pub fn vouchers(context: &Context, config: &Config, args: &VoucherArgs) -> Outcome {
    let until = last_day(&args.until, config).map_err(fail)?;
    let details = Details { until: Some(until), agreement: agreement(args.agreement.as_deref(), config)?, ..Details::default() };
    let short = short_of(&details, args.role, config);
    let mut store = store(config)?;
    let register = store.load().map_err(fail)?;
    let number = |p: &Person| p.key.strip_prefix("voucher-")?.parse::<u32>().ok();
    let first = register.persons().filter_map(number).max().unwrap_or(0).saturating_add(1);
    let (mut slips, mut rows) = (Vec::new(), Vec::new());
    for n in first..first.saturating_add(args.count) {
        let code = password::voucher().map_err(fail)?;
        let hash = password::hash(&folded(&code)).map_err(fail)?;
        let (key, name) = (format!("voucher-{n}"), format!("Voucher {n}, {}", args.role));
        let details = details.clone();
        let row = PersonRow { key: key.clone(), name, role: args.role, year: None, groups: vec![], details };
        rows.push((row, Some(hash)));
        let note = format!("{}, until {}", args.role, day_text(until));
        slips.push(Slip { title: format!("Voucher {n}"), user: key, password: code, note });
    }
    let printed = Printed::of(config, &slips, args.out.as_deref())?;
    let (by, now_ms) = (own_name(), now());
    let hand = Hand { by: &by, now_ms };
    let made = |slip: &Slip| enrolment::entry(hand, format!("voucher: {}", slip.user), &slip.user).from_to("", &slip.note);
    let add = || store.add(&rows, Source::Voucher, &by, now_ms).map_err(|fault| fault.to_string());
    recorded(config, now_ms, slips.iter().map(made).collect(), add).map_err(fail)?;
    let since = put_in_force(context, config)?;
    printed.told(context, &slips, format_args!("{since}{short}"))
}

fn agreement(version: Option<&str>, config: &Config) -> Result<Option<Agreement>, Failed> {
    version.map(|version| agreed(version, moment(now(), &config.school.zone).day)).transpose().map_err(fail)
}

/// What keeps somebody new from having access, in words; empty: nothing.
fn short_of(details: &Details, role: PersonRole, config: &Config) -> String {
    match &details.short_of(role, &config.people)[..] {
        [] => String::new(),
        missing => format!("; without {}, which [people] requires, nothing opens for them", missing.join(" and ")),
    }
}

/// A sheet that was written, or is to be shown.
enum Printed {
    File(PathBuf),
    Here,
}

impl Printed {
    /// For its owner only: it holds passwords.
    fn of(config: &Config, slips: &[Slip], out: Option<&Path>) -> Result<Self, Failed> {
        let Some(path) = out else { return Ok(Self::Here) };
        let shown = |fault: std::io::Error| fail(format_args!("{}: {fault}", path.display()));
        let mut file = ops::files::new_private(path).map_err(shown)?;
        file.write_all(slips::html(&config.school.name, slips).as_bytes()).map_err(shown)?;
        Ok(Self::File(path.to_owned()))
    }

    fn told(&self, context: &Context, slips: &[Slip], more: impl Display) -> Outcome {
        match self {
            Self::File(path) => say(format_args!("{} slips in {}; {more}", slips.len(), path.display())),
            Self::Here => context.print(&slips, || {
                let slip = |s: &Slip| format!("{:<24}  {:<16}  {:<28}  {}", s.title, s.user, s.password, s.note);
                let lines: Vec<_> = slips.iter().map(|s| slip(s).trim_end().to_owned()).collect();
                format!("{}\n{more}", lines.join("\n"))
            }),
        }
    }
}

fn last_day(text: &str, config: &Config) -> Result<Day, String> {
    enrolment::last_day(text, moment(now(), &config.school.zone).day)
}

fn known_group(config: &Config, group: &str) -> Outcome {
    if config.policy.group_named(group).is_some() {
        return Ok(());
    }
    let names: Vec<_> = config.policy.groups.iter().map(|g| g.name.as_str()).collect();
    Err(fail(format_args!("there is no group `{group}`; there are {}", names.join(", "))))
}

fn one_line(what: &str, text: &str, most: usize) -> Result<String, Failed> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(fail(format_args!("{what} is one line of at most {most} characters"))) }
}

fn store(config: &Config) -> Result<Store, Failed> {
    Store::open(&register_file(config)).map_err(fail)
}

fn now() -> i64 {
    Clock::System.unix_ms()
}
