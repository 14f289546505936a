//! `schoolgate lists status`.

use crate::app::ready::{self, Missing};
use crate::cli::table::table;
use crate::cli::{Context, Outcome, fail};
use crate::config::Config;
use crate::gate::Clock;
use crate::lists::overlap::Overlap;
use crate::lists::{ListId, Origin, Provenance, guard};
use crate::ops::locked;
use crate::ops::tables::{self, ListFile};
use crate::words::CategorySet;
use comfy_table::{Cell, CellAlignment};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::UNIX_EPOCH;

/// What became of one list.
#[derive(Serialize)]
pub(super) struct Row {
    name: String,
    category: String,
    pub entries: u64,
    duplicates: u64,
    /// Lines refused, by reason, with the first few line numbers.
    rejects: Vec<(String, u64, Vec<String>)>,
    /// Why the list is not used, if it is not.
    broken: Option<String>,
}

impl Row {
    pub fn of(list: &Provenance, config: &Config) -> Self {
        Self {
            name: list.name.clone(),
            category: config.category_id(list.category),
            entries: list.entries,
            duplicates: list.duplicates,
            rejects: list
                .rejects
                .iter()
                .map(|(why, count, first)| (why.to_string(), count, first.iter().map(|line| list.place(*line)).collect()))
                .collect(),
            broken: list.broken.map(|b| b.as_str().to_owned()).or_else(|| {
                list.refused.as_ref().map(|why| match list.entries {
                    0 => format!("{why}; there is no last good version"),
                    _ => format!("{why}; its last good version, of {}, is in force", dated(list)),
                })
            }),
        }
    }

    fn refused(&self) -> u64 {
        self.rejects.iter().map(|(_, count, _)| count).sum()
    }
}

/// Everything `lists status` shows.
#[derive(Serialize)]
struct Status {
    /// Whether every category that is blocked has a real list.
    ready: bool,
    not_ready: Vec<Missing>,
    /// Categories for which the configuration says that what ships is enough.
    shipped_only: Vec<String>,
    categories: Vec<CategoryRow>,
    lists: Vec<ListRow>,
    locked_tier: String,
}

#[derive(Serialize)]
struct CategoryRow {
    category: String,
    lists: u64,
    /// Distinct ones of all its lists.
    entries: u64,
}

#[derive(Serialize)]
struct ListRow {
    #[serde(flatten)]
    row: Row,
    /// It came with Schoolgate: a few names to begin with.
    shipped: bool,
    /// Entries that no other list of the category has.
    unique: u64,
    /// Of its entries, how many in a hundred others of the category have too.
    overlap_percent: Option<u64>,
    /// Entries that would have closed what no list may close, and were dropped.
    canary_hits: u64,
    /// Seconds since its keeper was last asked, or since its file was written.
    age_s: Option<u64>,
    /// Seconds since what is here of it was another: its keeper may say for ever that there is nothing new.
    changed_s: Option<u64>,
    version: Option<String>,
    licence: Option<String>,
}

/// What stands beside a list that was fetched.
#[derive(Default, Deserialize)]
struct Beside {
    checked_ms: Option<i64>,
    fetched_ms: Option<i64>,
}

pub fn status(context: &Context, config: &Config) -> Outcome {
    let table = tables::current(config, tables::Broken::Endure).map_err(fail)?;
    let overlap = Overlap::of(&table);
    let files = tables::list_files(config);
    let listed = table.lists().iter().enumerate().map(|(number, list)| {
        let file = files.iter().find(|file| file.name == list.name);
        ListRow::of(list, ListId(number as u16), file, &overlap, config)
    });
    let mut lists: Vec<ListRow> = listed.collect();
    let categories: CategorySet = table.lists().iter().map(|l| l.category).collect();
    let categories = categories.iter().map(|category| CategoryRow {
        category: config.category_id(category),
        lists: table.lists().iter().filter(|l| l.category == category).count() as u64,
        entries: overlap.of_category(category),
    });
    let categories: Vec<CategoryRow> = categories.collect();
    let place = |row: &ListRow| categories.iter().position(|c| c.category == row.row.category);
    lists.sort_by_key(place);
    let not_ready = ready::missing(config, table.lists());
    let shipped_only = ready::shipped_only(config, table.lists());
    let sealed = locked::load(config, tables::Broken::Endure).map_err(fail)?;
    let locked_tier = sealed.state(locked::day(Clock::System.unix_ms()));
    let status = Status { ready: not_ready.is_empty(), not_ready, shipped_only, categories, lists, locked_tier };
    context.print(&status, || {
        [overview(&status), refused(&status), unread(config), whose(&status), readiness(&status)]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("\n\n")
    })
}

impl ListRow {
    fn of(list: &Provenance, number: ListId, file: Option<&ListFile>, overlap: &Overlap, config: &Config) -> Self {
        let shipped = file.is_some_and(|file| file.origin == Origin::Shipped);
        let beside = file.map(|file| beside(&file.path)).unwrap_or_default();
        let ages = [beside.checked_ms, beside.fetched_ms];
        let [age_s, changed_s] = ages.map(|ms| file.filter(|_| !shipped).and_then(|file| age_s(&file.path, ms)));
        Self {
            row: Row::of(list, config),
            shipped,
            unique: overlap.unique(number),
            overlap_percent: overlap.percent(number),
            canary_hits: guard::canary_hits(list),
            age_s,
            changed_s,
            version: list.version.clone(),
            licence: list.about.licence.clone().filter(|licence| !licence.is_empty()),
        }
    }
}

/// The day a list is of, as far as its file tells.
fn dated(list: &Provenance) -> String {
    let day = list.about.dated_ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    day.map_or_else(|| "a day not known".into(), |day| day.strftime("%-d %B %Y").to_string())
}

/// What an update has noted beside a list; of any other, nothing.
fn beside(list: &Path) -> Beside {
    let meta = std::fs::read(list.with_file_name("meta.json")).ok();
    meta.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn age_s(list: &Path, noted_ms: Option<i64>) -> Option<u64> {
    let now = u64::try_from(Clock::System.unix_ms() / 1000).ok()?;
    let written = || std::fs::metadata(list).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok();
    let then = noted_ms.and_then(|ms| u64::try_from(ms / 1000).ok()).or_else(|| written().map(|t| t.as_secs()))?;
    Some(now.saturating_sub(then))
}

/// Every category with the sum of its lists, and its lists below it.
fn overview(status: &Status) -> String {
    let mut table = table(["category and its lists", "entries", "only here", "checked", "changed", "refused", "spared"]);
    for category in &status.categories {
        let of = status.lists.iter().filter(|l| l.row.category == category.category);
        table.add_row([category.category.clone(), number(category.entries)]);
        for list in of {
            let row = &list.row;
            let unique = if row.entries == 0 { String::new() } else { number(list.unique) };
            let ages = [list.age_s, list.changed_s].map(|seconds| seconds.map_or_else(|| "?".into(), age));
            let [checked, changed] = if list.shipped { ["shipped".into(), "shipped".into()] } else { ages };
            let entries = if row.broken.is_some() && row.entries == 0 { "NOT USED".into() } else { number(row.entries) };
            let counts = [row.refused(), list.canary_hits].map(|n| if n == 0 { "-".into() } else { number(n) });
            let cells = [format!("  {}", row.name), entries, unique, checked, changed].into_iter().chain(counts);
            table.add_row(cells.map(Cell::new));
        }
    }
    for column in 1..=6 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{table}\n{COLUMNS}")
}

/// What the columns mean whose heads do not say it.
const COLUMNS: &str = "\
only here: no other list of the category has them
refused:   lines that could not be taken, with their reasons below
spared:    entries left out because they would close what schools need (canaries.txt)";

/// Each list of which lines were refused, with the reasons and where they are.
fn refused(status: &Status) -> String {
    let mut text = String::new();
    for ListRow { row, .. } in status.lists.iter().filter(|l| l.row.refused() > 0 || l.row.broken.is_some()) {
        text.push_str(&format!("\n  {}", row.name));
        if let Some(why) = &row.broken {
            text.push_str(&format!("\n    NOT USED: {why}"));
        }
        for (why, count, first) in &row.rejects {
            text.push_str(&format!("\n    {} {why}{}", number(*count), places(*count, first)));
        }
    }
    if text.is_empty() { text } else { format!("refused{text}") }
}

fn places(count: u64, first: &[String]) -> String {
    if first.is_empty() {
        return String::new();
    }
    let lines = first.join(", ");
    let more = if count > first.len() as u64 { ", …" } else { "" };
    format!(" (line{} {lines}{more})", if first.len() == 1 { "" } else { "s" })
}

/// What of the lists' folders is not read, a line each.
fn unread(config: &Config) -> String {
    let line = |u: tables::Unread| {
        format!("{}: {} lines of {} are left out: they catch more than their category", u.list, u.lines, u.path.display())
    };
    tables::unread(config).into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Under which licence the lists are that others keep, and which version of them is here.
fn whose(status: &Status) -> String {
    let known = status.lists.iter().filter(|l| l.version.is_some() || l.licence.is_some());
    let line = |l: &ListRow| {
        let said = [l.licence.clone(), l.version.as_ref().map(|v| format!("version {v}"))];
        let said: Vec<String> = said.into_iter().flatten().collect();
        format!("\n  {}: {}", l.row.name, crate::words::escaped(&said.join(", ")))
    };
    let text: String = known.map(line).collect();
    if text.is_empty() { text } else { format!("licences and versions{text}") }
}

fn readiness(status: &Status) -> String {
    let mut locked = format!("locked tier: {}", status.locked_tier);
    if !status.shipped_only.is_empty() {
        let only = status.shipped_only.join(", ");
        locked = format!("shipped list only, accepted in the configuration: {only}\n{locked}");
    }
    if status.ready {
        let all = if status.shipped_only.is_empty() { "every category" } else { "every other category" };
        return format!("READY: {all} that is blocked has a real list\n{locked}");
    }
    let width = status.not_ready.iter().map(|m| m.category.len()).max().unwrap_or_default();
    let rows: String = status.not_ready.iter().map(|m| format!("\n  {:width$}  {}", m.category, m.switch_on)).collect();
    let blocked = match status.not_ready.len() {
        1 => "1 category is blocked with no real list: what ships is a few names to begin with".to_owned(),
        n => format!("{n} categories are blocked with no real list: what ships is a few names to begin with"),
    };
    format!("NOT READY: {blocked}{rows}\n{locked}")
}

/// `4,090,466`.
fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// As people say it: `5 min`, `3 h`, `12 days`.
fn age(seconds: u64) -> String {
    match seconds {
        0..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// What became of each list, as `lists compile` shows it.
pub(super) fn shown(rows: &[Row]) -> String {
    let mut table = table(["list", "category", "entries", "twice", "refused"]);
    let mut reasons = String::new();
    for row in rows {
        let told = |(why, count, first): &(String, u64, Vec<String>)| format!("{count} {why}{}", places(*count, first));
        let mut why: Vec<String> = row.rejects.iter().map(told).collect();
        why.extend(row.broken.iter().map(|why| format!("NOT USED: {why}")));
        if !why.is_empty() {
            reasons.push_str(&format!("\n{}: {}", row.name, why.join("; ")));
        }
        let refused = if row.broken.is_some() { "NOT USED".into() } else { row.refused().to_string() };
        table.add_row([row.name.clone(), row.category.clone(), row.entries.to_string(), row.duplicates.to_string(), refused]);
    }
    for column in [2, 3, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{table}{reasons}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ages_read_as_people_say_them() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (4_090_466, "4,090,466")] {
            assert_eq!(number(n), text);
        }
        for (seconds, text) in [(59, "0 min"), (3600, "1 h"), (172_799, "47 h"), (86_400 * 3, "3 days")] {
            assert_eq!(age(seconds), text);
        }
        let places = |count, first: &[&str]| places(count, &first.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>());
        let said = [places(1, &["7"]), places(2, &["7", "urls:9"]), places(9, &["1", "2"]), places(9, &[])];
        assert_eq!(said, [" (line 7)", " (lines 7, urls:9)", " (lines 1, 2, …)", ""]);
    }
}
