//! `schoolgate log verify`: whether the casebook's chain and the journal's numbers are whole.

use super::table::table;
use super::{Context, Outcome, fail};
use crate::app::journal_dir;
use crate::casebook::{Anchor, Casebook, Wrong};
use crate::config::Config;
use crate::gate::control::Request;
use crate::journal::verify::{self, Numbers};
use crate::report::plain::number;
use serde::Serialize;

#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The end of the casebook as a report printed it: the chain must go on from there
    #[arg(long, value_name = "NUMBER:HASH")]
    report: Option<Anchor>,
}

/// What was found, as JSON.
#[derive(Serialize)]
struct Found {
    casebook: Chain,
    journal: Numbers,
}

#[derive(Serialize)]
struct Chain {
    /// Records that follow from one another, from the first.
    records: u64,
    /// Of them, those whose texts were deleted, as a later record says.
    erased: u64,
    /// The last of them: `NUMBER:HASH`.
    last: Option<String>,
    /// The first that does not fit.
    wrong: Option<Wrong>,
}

pub fn verify(context: &Context, config: &Config, args: &VerifyArgs) -> Outcome {
    context.ask(config, &Request::Settle)?;
    let casebook = Casebook::peek(&config.data).map_err(fail)?;
    let casebook = match casebook {
        Some(casebook) => {
            let proof = casebook.verify(args.report).map_err(fail)?;
            let last = proof.last.map(|last| last.to_string());
            Chain { records: proof.records, erased: proof.erased, last, wrong: proof.wrong }
        }
        None => {
            let missing =
                |report: Anchor| Wrong { number: 1, what: format!("there is no casebook; it had {} records", report.number) };
            Chain { records: 0, erased: 0, last: None, wrong: args.report.map(missing) }
        }
    };
    let journal = verify::verify(&journal_dir(config), &config.school.zone).map_err(fail)?;
    let found = Found { casebook, journal };
    context.print(&found, || shown(&found))?;
    let Found { casebook: Chain { wrong, .. }, journal } = found;
    match (wrong, journal.wrong.len()) {
        (None, 0) => Ok(()),
        (Some(Wrong { number, what }), _) => Err(fail(format_args!("the casebook does not hold at record {number}: {what}"))),
        (None, n) => Err(fail(format_args!("the journal is not whole: {n} places, told above"))),
    }
}

fn shown(found: &Found) -> String {
    let Found { casebook: Chain { records, erased, last, wrong }, journal } = found;
    let mut lines = Vec::new();
    lines.push(match (records, wrong) {
        (0, None) => "Casebook: no records yet.".to_owned(),
        (n, None) => format!("Casebook: {}, each made of what it says and of the one before.", many(*n, "record")),
        (n, Some(Wrong { number, what })) => {
            format!(
                "Casebook: DOES NOT HOLD at record {number}: {what}. The {} before it follow from one another.",
                many(*n, "record")
            )
        }
    });
    if *erased > 0 {
        lines.push(format!("  Of {} the texts were deleted; a later record says by whom and why.", many(*erased, "record")));
    }
    if let Some(last) = last {
        lines.push(format!("  The last that holds: {last}"));
    }
    if journal.weeks.is_empty() && journal.wrong.is_empty() {
        lines.push("Journal: no week yet.".into());
        return lines.join("\n");
    }
    lines.push(match journal.wrong.len() {
        0 => "Journal: every number that was given is in a row, in the count of one, or in a gap.".to_owned(),
        _ => "Journal: NOT WHOLE:".into(),
    });
    lines.extend(journal.wrong.iter().map(|wrong| format!("  {wrong}")));
    if journal.waiting > 0 {
        lines.push(format!(
            "  {} for a week file.",
            if journal.waiting == 1 { "1 number waits".into() } else { format!("{} numbers wait", number(journal.waiting)) }
        ));
    }
    let mut weeks = table(["week", "events", "rows", "gaps", "lost"]);
    for of in &journal.weeks {
        weeks.add_row([of.week.clone(), number(of.events), number(of.rows), number(of.gaps), number(of.lost)]);
    }
    lines.push(weeks.to_string());
    lines.join("\n")
}

fn many(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{} {what}s", number(n)) }
}
