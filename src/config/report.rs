//! `[report]`: when the weekly report is made, and who has a part in what follows it.

use super::file::Section;
use super::item::List;
use super::values;

/// Days from Monday, as they are written.
const DAYS: [(&str, u8); 7] = [("mon", 0), ("tue", 1), ("wed", 2), ("thu", 3), ("fri", 4), ("sat", 5), ("sun", 6)];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Days after the Monday that follows the week. As shipped: 0.
    pub day: u8,
    /// Local minute of that day. As shipped: 06:00.
    pub minute: u16,
    /// The key of the head's account in the register. As shipped: nobody.
    pub head: Option<String>,
    /// Accounts of this machine that act at the command line as the DSL, a deputy, the ICT coordinator and the chair of governors.
    /// As shipped: nobody.
    pub dsl: Vec<String>,
    pub deputies: Vec<String>,
    pub ict: Vec<String>,
    pub chair: Vec<String>,
}

pub(super) fn read(root: &Section) -> Report {
    let section = root.section("report");
    let report = Report {
        day: section.value("day", |item| item.word(&DAYS)).map_or(0, |day| day.value),
        minute: section.value("at", values::minute).map_or(6 * 60, |at| at.value),
        head: section.value("head", values::name).map(|head| head.value),
        dsl: List::values(section.list("dsl", values::name)),
        deputies: List::values(section.list("deputies", values::name)),
        ict: List::values(section.list("ict", values::name)),
        chair: List::values(section.list("chair", values::name)),
    };
    section.end();
    report
}
