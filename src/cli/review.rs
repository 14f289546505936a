//! `schoolgate report review` and `report watch`: what follows a report.

use super::table::table;
use super::{Context, Failed, Outcome, fail, say};
use crate::app::followed::{self, Somebody, watched};
use crate::app::register_file;
use crate::casebook::review::{self, Said};
use crate::casebook::{Casebook, Role, look_ups, watch};
use crate::config::Config;
use crate::gate::Clock;
use crate::gate::control::Request;
use crate::gate::snapshot::local_time;
use crate::ops::files::own_name;
use crate::people::{Register, Store};
use crate::report::week::{Matter, SignedLine};
use crate::report::{IsoWeek, Week};
use clap::ArgGroup;
use serde::Serialize;

/// Why who works through a week looks at those in it.
const PURPOSE: &str = "the weekly review";

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("said").args(["seen", "not_a_concern", "in_hand", "sign_off"]))]
pub struct ReviewArgs {
    /// The matter: its place in the report, or what stands behind 'To mark' [default: the week's matters are shown]
    #[arg(value_name = "MATTER")]
    matter: Option<String>,
    /// ISO week, such as 2026-W47, or `this` [default: the last whole week]
    #[arg(long, value_name = "WEEK")]
    week: Option<String>,
    /// You have seen it; it stays open
    #[arg(long, requires = "matter")]
    seen: bool,
    /// It is no concern: why? The same theme of the same person stays off page one until it grows graver
    #[arg(long, value_name = "BECAUSE", requires = "matter")]
    not_a_concern: Option<String>,
    /// It is known and in hand: how? The same theme of the same person stays off page one until it grows graver
    #[arg(long, value_name = "BECAUSE", requires = "matter")]
    in_hand: Option<String>,
    /// Sign the week: the DSL or a deputy, and the ICT coordinator
    #[arg(long, conflicts_with = "matter")]
    sign_off: bool,
    /// In which part, if you have several: dsl, deputy, ict, head, chair
    #[arg(long = "as", value_name = "PART", value_parser = role)]
    as_role: Option<Role>,
}

#[derive(Debug, clap::Args)]
pub struct WatchArgs {
    /// Their id in the register [default: those who are watched are shown]
    person: Option<String>,
    /// The last day, such as 2026-12-18
    #[arg(long, value_name = "DAY", requires = "person")]
    until: Option<String>,
    /// Now no more than others
    #[arg(long, requires = "person", conflicts_with = "until")]
    end: bool,
    /// Why: it stands in the casebook, which the DSL and the deputies read
    #[arg(long)]
    reason: Option<String>,
    /// In which part, if you have several: dsl, deputy
    #[arg(long = "as", value_name = "PART", value_parser = role)]
    as_role: Option<Role>,
}

/// The week's matters, as JSON.
#[derive(Serialize)]
struct Shown<'w> {
    week: &'w str,
    matters: &'w [Matter],
    known: &'w [Matter],
    signed: &'w [SignedLine],
    still_open: Vec<String>,
}

pub fn role(word: &str) -> Result<Role, String> {
    let words: Vec<_> = Role::ALL.iter().map(|r| r.word()).collect();
    Role::from_word(word).ok_or_else(|| format!("a role is one of {}", words.join(", ")))
}

/// Whoever types, in the part they have.
pub fn somebody(config: &Config, wanted: Option<Role>) -> Result<(Somebody, Register), Failed> {
    let register = Store::peek(&register_file(config)).map_err(fail)?;
    let account = own_name();
    let who = Somebody::at(config, &register, &account, wanted).map_err(fail)?;
    Ok((who, register))
}

pub fn week_of(config: &Config, text: Option<&str>, now_ms: i64) -> Result<IsoWeek, Failed> {
    let zone = &config.school.zone;
    match text {
        Some("this") => Ok(IsoWeek::of(now_ms, zone)),
        Some(text) => IsoWeek::parse(text).map_err(|why| fail(format_args!("'{}' is {why}", text.escape_debug()))),
        None => Ok(IsoWeek::of(now_ms, zone).previous()),
    }
}

/// The week as who types may see it. The look is written down first, with what for.
pub fn looked_at(context: &Context, config: &Config, who: &Somebody, week: IsoWeek, purpose: &str) -> Result<Week, Failed> {
    let now_ms = Clock::System.unix_ms();
    if who.role != Role::Ict {
        let what = format!("report review {week} as {}", who.role);
        look_ups::record_of(&config.data, &who.who, &what, purpose, now_ms).map_err(fail)?;
    }
    context.ask(config, &Request::Settle)?;
    followed::shown_to(config, week, who.by(), now_ms).map_err(fail)
}

pub fn review(context: &Context, config: &Config, args: &ReviewArgs) -> Outcome {
    let now_ms = Clock::System.unix_ms();
    let (who, _) = somebody(config, args.as_role)?;
    let week = week_of(config, args.week.as_deref(), now_ms)?;
    if args.sign_off {
        if week.bounds(&config.school.zone).1 > now_ms {
            return Err(fail(format_args!("the week {week} is not over: there is nothing to sign yet")));
        }
        let mut casebook = Casebook::open(&config.data).map_err(fail)?;
        let record = review::sign_off(&mut casebook, who.by(), week, now_ms).map_err(fail)?;
        return say(format_args!(
            "signed: the report of {week}, as {}; record {}:{}",
            who.role.title(),
            record.number,
            record.hash
        ));
    }
    let shown = looked_at(context, config, &who, week, PURPOSE)?;
    let said = match (&args.not_a_concern, &args.in_hand) {
        (Some(because), _) => Some((Said::NotAConcern, because.as_str())),
        (_, Some(because)) => Some((Said::InHand, because.as_str())),
        _ => args.seen.then_some((Said::Seen, "")),
    };
    let matter = args.matter.as_deref().map(|text| followed::meant(&shown, text)).transpose().map_err(fail)?;
    match (matter, said) {
        (Some(matter), Some(said)) => {
            let mut casebook = Casebook::open(&config.data).map_err(fail)?;
            let record = review::mark(&mut casebook, who.by(), &matter.reference, said, None, now_ms).map_err(fail)?;
            say(format_args!("{}: {}; record {}", matter.reference.title, said.0, record.number))
        }
        (Some(matter), None) => context.print(matter, || one(matter)),
        (None, _) => all(context, &shown),
    }
}

fn all(context: &Context, week: &Week) -> Outcome {
    let still_open = week.still_open.iter().flatten();
    let line = |o: &crate::report::week::Open| format!("{} · {} · {} · {} days", o.matter, o.owner, o.last_action, o.days);
    let still_open: Vec<String> = still_open.map(line).collect();
    let Week { week: name, matters, known, signed, .. } = week;
    let shown = Shown { week: name, matters, known, signed, still_open };
    context.print(&shown, || {
        let mut lines = vec![format!("{}, {}", week.week, week.verdict)];
        if !matters.is_empty() || !known.is_empty() {
            let mut rows = table(["", "tier", "matter", "said", "to mark"]);
            for (place, matter) in matters.iter().enumerate() {
                rows.add_row(row(&(place + 1).to_string(), matter));
            }
            for matter in known {
                rows.add_row(row("known", matter));
            }
            lines.push(rows.to_string());
        }
        lines.extend(shown.still_open.iter().map(|open| format!("Still open: {open}")));
        for signed in signed {
            lines.push(format!("Signed by {} ({}), {}, record {}", signed.who, signed.role, signed.when, signed.record));
        }
        lines.join("\n")
    })
}

fn row(place: &str, matter: &Matter) -> [String; 5] {
    let said = matter.mark.as_ref().map_or_else(|| "nothing yet".to_owned(), |mark| mark.in_words());
    [place.to_owned(), matter.tier.to_owned(), matter.reference.title.clone(), said, matter.id.clone()]
}

fn one(matter: &Matter) -> String {
    let said = matter.mark.as_ref().map_or_else(|| "nothing yet".to_owned(), |mark| mark.in_words());
    format!(
        "{}\n{}\nWhy:  {}\nNext: {}\nSaid: {said}\n{}",
        matter.title,
        matter.line,
        matter.why,
        matter.next,
        matter.rows_line()
    )
}

pub fn watch(context: &Context, config: &Config, args: &WatchArgs) -> Outcome {
    let now_ms = Clock::System.unix_ms();
    let (who, register) = somebody(config, args.as_role)?;
    if !who.role.safeguards() {
        return Err(fail("the DSL and the deputies say which pupil is watched more closely"));
    }
    let Some(person) = &args.person else {
        look_ups::record_of(&config.data, &who.who, "report watch", PURPOSE, now_ms).map_err(fail)?;
        let casebook = Casebook::open(&config.data).map_err(fail)?;
        let mut closely = watch::at(&casebook.read(), now_ms, now_ms + 1).map_err(fail)?;
        closely.retain(|w| who.person.as_ref() != Some(&w.person));
        return context.print(&closely, || {
            if closely.is_empty() {
                return "nobody is watched more closely".into();
            }
            let mut rows = table(["person", "until", "by", "why"]);
            for w in &closely {
                rows.add_row([&w.person, &local_time(config, w.until_ms), &w.who, &w.reason]);
            }
            rows.to_string()
        });
    };
    if args.until.is_none() && !args.end {
        return Err(fail("say until which day, --until 2026-12-18, or --end"));
    }
    let said = (person.as_str(), args.until.as_deref(), args.reason.as_deref().unwrap_or_default());
    let (record, until_ms) = watched::watch(config, &register, who.by(), said, now_ms).map_err(fail)?;
    let until = if args.end { String::new() } else { format!(" until {}", local_time(config, until_ms)) };
    say(format_args!("{person}: {}{until}; record {}", record.entry.what, record.number))
}
