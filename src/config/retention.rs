//! `[retention]`: how long what is kept of people is kept.

use super::file::Section;

/// Days after the end of their week that single visits are kept, as it ships: a term, and time to look back at its end.
const DETAIL: u32 = 90;
/// Days that sums without names of hosts, and the reports made of them, are kept: a school year to compare with, and a term.
const ROLLUPS: u32 = 460;

/// Two of the three clocks; the third, of an incident, ends when the DSL closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Single visits, after the last day of their week.
    pub detail_days: u32,
    /// Sums and reports, after the last day of theirs.
    pub rollup_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { detail_days: DETAIL, rollup_days: ROLLUPS }
    }
}

pub(super) fn read(root: &Section) -> Retention {
    let section = root.section("retention");
    let shipped = Retention::default();
    let retention = Retention {
        // A fortnight: a report that was late, a DSL who was away. A year: what a school must be able to say it needs.
        detail_days: section.value("detail_days", |item| item.number(14..=366)).map_or(shipped.detail_days, |days| days.value),
        // No fewer than the weeks whose reports are caught up on.
        rollup_days: section.value("rollup_days", |item| item.number(120..=1100)).map_or(shipped.rollup_days, |days| days.value),
    };
    section.end();
    retention
}
