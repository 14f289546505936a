//! Tables on a terminal and in a pipe: one line a row.

use comfy_table::{ContentArrangement, LineStyle, Row, Table, TableStyle};

/// Lines above, under the heading and below. A rule between all rows makes two screens of one.
const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// Columns of a terminal into which a table is fitted: on a narrower one lines that wrap read better than columns of one letter.
const NARROWEST: u16 = 60;

/// An empty table with this heading.
pub fn table(heading: impl Into<Row>) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(heading);
    if table.width().is_some_and(|width| width >= NARROWEST) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}
