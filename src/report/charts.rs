//! Charts as inline SVG: drawn to be read in black and white, every one with a table that says the same.
//!
//! Numbers stand in the chart, so that nothing hangs on a colour; the colours are classes of the page's style.

use super::calendar::DAYS_SHORT;
use super::plain::number;
use super::week::{Coverage, ThemeLine, Totals, Week};
use std::fmt::Write;

/// Most themes that have a row of their own; the rest share one.
const MAX_ROWS: usize = 8;

const WIDTH: u64 = 680;
const LABEL: u64 = 250;
const ROW: u64 = 40;
/// Height of the tallest bar.
const BAR: u64 = 24;

/// Episodes of each theme by day: one row a theme. `None`: there is nothing to draw.
pub fn days(week: &Week) -> Option<String> {
    let rows = rows(&week.themes);
    let most = rows.iter().flat_map(|(_, by_day)| by_day.iter().copied()).max().filter(|n| *n > 0)?;
    let (column, top) = ((WIDTH - LABEL) / 7, 26);
    let height = top + rows.len() as u64 * ROW + 4;
    let mut svg = opened("days", WIDTH, height, "Episodes of each theme by day of the week", &described(&rows));
    for (day, name) in DAYS_SHORT.iter().enumerate() {
        let x = LABEL + day as u64 * column + column / 2;
        let _ = write!(svg, r#"<text class="axis" x="{x}" y="14" text-anchor="middle">{name}</text>"#);
    }
    for (place, (title, by_day)) in rows.iter().enumerate() {
        let base = top + (place as u64 + 1) * ROW - 6;
        let _ = write!(svg, r#"<text class="label" x="0" y="{}">{}</text>"#, base - 4, escaped(title));
        let _ = write!(svg, r#"<line class="base" x1="{LABEL}" y1="{base}" x2="{WIDTH}" y2="{base}"/>"#);
        for (day, count) in by_day.iter().enumerate().filter(|(_, n)| **n > 0) {
            // Never so low that one episode cannot be seen.
            let (height, width) = ((count * BAR / most).max(3), 22);
            let middle = LABEL + day as u64 * column + column / 2;
            let (x, y) = (middle - width / 2, base - height);
            let _ = write!(svg, r#"<rect class="bar" x="{x}" y="{y}" width="{width}" height="{height}" rx="1.5"/>"#);
            let _ =
                write!(svg, r#"<text class="value" x="{middle}" y="{}" text-anchor="middle">{}</text>"#, y - 3, number(*count));
        }
    }
    svg.push_str("</svg>");
    Some(svg)
}

/// How much could be seen: one bar of three parts. `None`: the register holds no pupil device.
pub fn coverage(coverage: &Coverage) -> Option<String> {
    if coverage.pupil_devices == 0 {
        return None;
    }
    let names_only = coverage.pupil_devices - coverage.nothing - coverage.searches.min(coverage.pupil_devices - coverage.nothing);
    let parts = [
        ("full", coverage.searches, "search words and host names"),
        ("some", names_only, "host names only"),
        ("none", coverage.nothing, "nothing"),
    ];
    let what = format!("What was seen of {} pupil devices", number(coverage.pupil_devices));
    Some(bar("coverage", &what, coverage.pupil_devices, &parts))
}

/// How much of what was blocked was looked at. `None`: nothing was blocked.
pub fn set_aside(totals: &Totals) -> Option<String> {
    let looked_at = totals.blocked.saturating_sub(totals.set_aside);
    let parts = [("full", looked_at, "looked at"), ("none", totals.set_aside, "set aside as noise")];
    (totals.blocked > 0).then(|| bar("aside", &format!("{} blocked requests", number(totals.blocked)), totals.blocked, &parts))
}

/// A bar of parts of a whole, with a line of what they are under it.
fn bar(id: &str, title: &str, whole: u64, parts: &[(&str, u64, &str)]) -> String {
    let said: Vec<String> = parts.iter().map(|(_, n, what)| format!("{what}: {}", number(*n))).collect();
    let mut svg = opened(id, WIDTH, 38, title, &said.join(", "));
    let (mut x, mut key) = (0, 0);
    for (place, (class, n, what)) in parts.iter().enumerate() {
        let last = place + 1 == parts.len();
        let width = if last { WIDTH - x } else { (n * WIDTH / whole.max(1)).min(WIDTH - x) };
        // A part there is must be seen; a part there is none of, not.
        let width = if *n == 0 { 0 } else { width.max(3).min(WIDTH - x) };
        let _ = write!(svg, r#"<rect class="{class}" x="{x}" y="1" width="{width}" height="13"/>"#);
        x += width;
        let _ = write!(svg, r#"<rect class="{class}" x="{key}" y="24" width="10" height="10"/>"#);
        let text = format!("{} {what}", number(*n));
        let _ = write!(svg, r#"<text class="axis" x="{}" y="33">{}</text>"#, key + 15, escaped(&text));
        // About seven units a letter at this size, and a gap.
        key += 15 + text.chars().count() as u64 * 7 + 18;
    }
    svg.push_str("</svg>");
    svg
}

fn opened(id: &str, width: u64, height: u64, title: &str, description: &str) -> String {
    let (title, description) = (escaped(title), escaped(description));
    format!(
        r#"<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{id}-t {id}-d"><title id="{id}-t">{title}</title><desc id="{id}-d">{description}</desc>"#
    )
}

fn rows(themes: &[ThemeLine]) -> Vec<(&'static str, [u64; 7])> {
    let own = if themes.len() > MAX_ROWS { MAX_ROWS - 1 } else { themes.len() };
    let (own, rest) = themes.split_at(own);
    let mut rows: Vec<_> = own.iter().map(|t| (t.title, t.by_day)).collect();
    if !rest.is_empty() {
        let mut sum = [0; 7];
        rest.iter().for_each(|t| sum.iter_mut().zip(t.by_day).for_each(|(sum, n)| *sum += n));
        rows.push(("Other themes", sum));
    }
    rows
}

fn described(rows: &[(&str, [u64; 7])]) -> String {
    let row = |(title, by_day): &(&str, [u64; 7])| {
        let days: Vec<String> =
            DAYS_SHORT.iter().zip(by_day).filter(|(_, n)| **n > 0).map(|(day, n)| format!("{day} {n}")).collect();
        format!("{title}: {}", days.join(", "))
    };
    rows.iter().map(row).collect::<Vec<_>>().join(". ")
}

/// Text for SVG. Only our own words come here; escaped all the same.
fn escaped(text: &str) -> String {
    text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_bar_fill_it_and_what_is_there_can_be_seen() {
        for (searches, names, nothing) in [(0, 398, 14), (1, 2, 100_000), (0, 0, 5), (7, 7, 0)] {
            let svg = coverage(&Coverage { pupil_devices: names + nothing, searches, names, nothing, strangers: 0 });
            let svg = svg.expect("there are devices");
            let widths = svg.match_indices("y=\"1\" width=\"").map(|(at, found)| {
                let rest = &svg[at + found.len()..];
                rest.split('"').next().and_then(|n| n.parse::<u64>().ok()).expect("a width")
            });
            assert_eq!(widths.sum::<u64>(), WIDTH, "{svg}");
        }
        assert_eq!(coverage(&Coverage::default()), None);
    }
}
