//! `schoolgate lists status`.

use crate::app::status::locked_tier;
use crate::cli::table::table;
use crate::cli::{Context, Outcome, fail};
use crate::config::Config;
use crate::lists::Provenance;
use crate::ops::tables;
use comfy_table::CellAlignment;
use serde::Serialize;

/// What became of one list.
#[derive(Serialize)]
pub(super) struct Row {
    name: String,
    category: String,
    pub entries: u64,
    duplicates: u64,
    /// Lines refused, by reason, with the first few line numbers.
    rejects: Vec<(String, u64, Vec<u64>)>,
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
            rejects: list.rejects.iter().map(|(why, count, first)| (why.to_string(), count, first.to_vec())).collect(),
            broken: list.broken.map(|b| b.as_str().to_owned()),
        }
    }
}

pub fn status(context: &Context, config: &Config) -> Outcome {
    let table = tables::current(config, tables::Broken::Endure).map_err(fail)?;
    let rows: Vec<Row> = table.lists().iter().map(|list| Row::of(list, config)).collect();
    let unread = unread(config);
    context.print(&rows, || {
        format!(
            "{}{unread}
locked tier: {}",
            shown(&rows),
            locked_tier(table.lists())
        )
    })
}

/// What of the lists' folders is not read, a line each.
fn unread(config: &Config) -> String {
    let line = |u: tables::Unread| format!("\n{}: {} lines of {} are not read: no hosts", u.list, u.lines, u.path.display());
    tables::unread(config).into_iter().map(line).collect()
}

pub(super) fn shown(rows: &[Row]) -> String {
    let mut table = table(["list", "category", "entries", "duplicates", "rejected"]);
    for row in rows {
        let mut rejects: Vec<String> = row
            .rejects
            .iter()
            .map(|(why, count, first)| {
                let lines = first.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
                format!("{count} {why} (line {lines}{})", if *count > first.len() as u64 { ", …" } else { "" })
            })
            .collect();
        rejects.extend(row.broken.iter().map(|why| format!("NOT USED: {why}")));
        table.add_row([
            row.name.clone(),
            row.category.clone(),
            row.entries.to_string(),
            row.duplicates.to_string(),
            rejects.join("\n"),
        ]);
    }
    for column in [2, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}
