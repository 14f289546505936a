//! The report as one HTML file: no script, no link out, nothing fetched; page one fits a sheet of A4.

use super::Week;
use super::charts;
use super::edition::Part;
use super::week::{Counted, Matter};
use askama::Template;

/// The whole page. The layout is in `views/report.html`, a file a part.
#[derive(Template)]
#[template(path = "report.html", config = "src/report/askama.toml")]
struct Page<'w> {
    week: &'w Week,
    coverage: Option<String>,
    days: Option<String>,
    set_aside: Option<String>,
}

/// The week as HTML. Every text is escaped by the page.
pub fn html(week: &Week) -> String {
    let page = Page {
        week,
        coverage: week.shows(Part::Coverage).then(|| charts::coverage(&week.coverage)).flatten(),
        days: charts::days(week),
        set_aside: week.shows(Part::Noise).then(|| charts::set_aside(&week.totals)).flatten(),
    };
    // Writing to a string fails only if a template's own filter does, and none of ours can.
    page.render().unwrap_or_default()
}

impl Page<'_> {
    fn day_names(&self) -> [&'static str; 7] {
        super::calendar::DAYS_SHORT
    }

    fn versions(&self) -> String {
        let versions: Vec<String> = self.week.policy_versions.iter().map(u32::to_string).collect();
        if versions.is_empty() { "none used".into() } else { super::plain::list(&versions) }
    }

    /// `12 accounts and 3 devices without a name`. By reference, because views hand fields over so.
    fn who(&self, people: &u64, unnamed: &u64) -> String {
        super::text::people(*people, *unnamed)
    }

    /// How the account, the device and the network of a matter are said in one line.
    fn place(&self, matter: &Matter) -> String {
        let devices = super::plain::list(&matter.devices);
        let networks = super::plain::list(&matter.networks);
        if devices.is_empty() { networks } else { format!("{devices} · {networks}") }
    }
}

/// What the views ask of numbers and lists.
mod filters {
    use super::Counted;
    use crate::report::plain;

    /// `1,204`
    #[askama::filter_fn]
    pub fn number(n: &u64, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(plain::number(*n))
    }

    /// `2 hosts`
    #[askama::filter_fn]
    pub fn count(n: &u64, _: &dyn askama::Values, one: &str, many: &str) -> askama::Result<String> {
        Ok(plain::count(*n, one, many))
    }

    /// `a, b and c`
    #[askama::filter_fn]
    pub fn listed(items: &[String], _: &dyn askama::Values) -> askama::Result<String> {
        Ok(plain::list(items))
    }

    /// `a (3), b (1)`
    #[askama::filter_fn]
    pub fn counted(items: &[Counted], _: &dyn askama::Values) -> askama::Result<String> {
        Ok(items.iter().map(|c| format!("{} ({})", c.text, plain::number(c.count))).collect::<Vec<_>>().join(", "))
    }
}
