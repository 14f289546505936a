//! A table for a spreadsheet.

use super::{Line, tamed};
use crate::words::escaped;
use csv::{QuoteStyle, WriterBuilder};
use std::borrow::Cow;
use std::io;

/// The columns, in their order.
pub const COLUMNS: [&str; 46] = [
    "when",
    "when_local",
    "dated",
    "seq",
    "school",
    "gateway",
    "door",
    "network",
    "client",
    "mac",
    "randomised",
    "device",
    "person",
    "groups",
    "how_known",
    "how_sure",
    "since",
    "method",
    "host",
    "port",
    "path",
    "query_type",
    "action",
    "step",
    "rule",
    "profile",
    "group",
    "cell",
    "list",
    "entry",
    "category",
    "categories",
    "intent",
    "search",
    "theme",
    "severity",
    "decrypted",
    "count",
    "sum",
    "last",
    "status",
    "bytes_up",
    "bytes_down",
    "duration",
    "pass",
    "policy_version",
];

/// Writes events as rows of a table, the heading first.
pub struct Csv<W: io::Write> {
    out: csv::Writer<W>,
}

impl<W: io::Write> Csv<W> {
    pub fn new(to: W) -> Result<Self, csv::Error> {
        let mut out = WriterBuilder::new().quote_style(QuoteStyle::NonNumeric).from_writer(to);
        out.write_record(COLUMNS)?;
        Ok(Self { out })
    }

    pub fn write(&mut self, line: &Line) -> Result<(), csv::Error> {
        let sent = |text: &Option<String>| escaped(text.as_deref().unwrap_or_default()).into_owned();
        let named = |text: &Option<String>| tamed(text.as_deref().unwrap_or_default()).into_owned();
        let list = |texts: &[String]| tamed(&texts.join(" ")).into_owned();
        let own = |text: &str| tamed(text).into_owned();
        let number = |number: Option<u16>| number.map(|n| n.to_string()).unwrap_or_default();
        let row: [String; COLUMNS.len()] = [
            own(&line.when),
            own(&line.when_local),
            own(line.dated),
            line.seq.to_string(),
            own(&line.school),
            own(&line.gateway),
            own(line.door),
            named(&line.network),
            named(&line.client),
            named(&line.mac),
            line.randomised.map(|r| r.to_string()).unwrap_or_default(),
            named(&line.device),
            named(&line.person),
            own(&line.groups.join(", ")),
            own(line.how_known.unwrap_or_default()),
            own(line.how_sure.unwrap_or_default()),
            own(line.since.as_deref().unwrap_or_default()),
            sent(&line.method),
            sent(&line.host),
            number(line.port),
            sent(&line.path),
            named(&line.query_type),
            own(line.action),
            own(line.step),
            named(&line.rule),
            named(&line.profile),
            named(&line.group),
            named(&line.cell),
            named(&line.list),
            sent(&line.entry),
            named(&line.category),
            list(&line.categories),
            own(line.intent),
            sent(&line.search),
            own(line.theme.unwrap_or_default()),
            line.severity.map(|s| s.to_string()).unwrap_or_default(),
            own(line.decrypted),
            line.count.to_string(),
            line.sum.to_string(),
            own(line.last.as_deref().unwrap_or_default()),
            line.status.to_string(),
            line.bytes.up.to_string(),
            line.bytes.down.to_string(),
            line.duration.to_string(),
            number(line.pass),
            line.policy_version.to_string(),
        ];
        self.out.write_record(row.iter().map(|cell| disarmed(cell).into_owned()))
    }

    /// # Errors
    /// What could not be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A text as one cell of a table: with nothing in it that a terminal or a spreadsheet would act on.
pub fn cell(text: &str) -> String {
    disarmed(&tamed(text)).into_owned()
}

/// A cell that a spreadsheet would run as a formula begins with an apostrophe instead (OWASP, CSV injection).
fn disarmed(cell: &str) -> Cow<'_, str> {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') => Cow::Owned(format!("'{cell}")),
        _ => Cow::Borrowed(cell),
    }
}
