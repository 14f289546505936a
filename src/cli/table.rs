//! Tables on a terminal and in a pipe: one line a row.

use comfy_table::{ContentArrangement, LineStyle, Row, Table, TableStyle};

/// Lines above, under the heading and below. A rule between all rows makes two screens of one.
const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// Columns of a terminal into which a table is fitted: on a narrower one lines that wrap read better than columns of one letter.
const NARROWEST: u16 = 60;

/// Columns where nobody says how many there are: a pipe, a file, a mail.
const USUAL: u16 = 80;

/// An empty table with this heading.
pub fn table(heading: impl Into<Row>) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(heading);
    let width = table.width().unwrap_or(USUAL);
    if width >= NARROWEST {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table
}
