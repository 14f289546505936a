//! What is written: that there is a report, its number, how many matters, and where it is.

use super::Post;
use crate::report::{IsoWeek, Week};
use serde::{Deserialize, Serialize};

/// One mail that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The name of its file: letters, digits and `-`.
    pub id: String,
    pub subject: String,
    pub body: String,
    /// Empty: whom the report is told to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    pub made_ms: i64,
    pub tries: u32,
    /// Not before.
    pub next_ms: i64,
    /// A server has said that it never will.
    pub refused: bool,
    /// Why it is not sent yet.
    pub why: String,
}

impl Letter {
    fn new(id: &str, subject: String, body: String, now_ms: i64) -> Self {
        Self {
            id: id.into(),
            to: Vec::new(),
            subject,
            body,
            made_ms: now_ms,
            tries: 0,
            next_ms: now_ms,
            refused: false,
            why: String::new(),
        }
    }

    /// To others than the report's readers, if `to` names any.
    pub fn plain(id: &str, to: Vec<String>, subject: String, body: String, now_ms: i64) -> Self {
        Self { to, ..Self::new(id, subject, body, now_ms) }
    }

    /// Of the DSL's edition: no name, no theme, nothing that was asked for.
    pub fn report(week: &Week, post: &Post, now_ms: i64) -> Self {
        let Week { week: name, dates, delivery, .. } = week;
        let verdict = week.in_one_line().unwrap_or_else(|| week.verdict.clone());
        let before = match delivery {
            0 | 1 => String::new(),
            n => format!(" If the one before it was not {}, one was missed.", n - 1),
        };
        let late = week.late.as_ref().map(|due| format!("\nIt is late: it was due {due}.\n")).unwrap_or_default();
        let link = post.mail.link.as_ref().or(post.mail.desk.as_ref());
        let place = link.map(|link| format!("    {link}\n\nor at the gateway:\n\n")).unwrap_or_default();
        let body = format!(
            "The weekly report {name}, {dates}, is ready.\nIts delivery number is {delivery}.{before}\n{late}\n{verdict}\n\nThis mail \
             names nobody and nothing that happened. The report is here:\n\n{place}    schoolgate report week --week {name} --format \
             pdf --out FILE\n"
        );
        Self::new(name, format!("Weekly report {name}, delivery {delivery}"), body, now_ms)
    }

    /// To who comes next, where nobody has signed a report. No name, no theme, nothing that was asked for.
    pub fn not_reviewed(id: &str, week: IsoWeek, days: i64, to: &[String], post: &Post, now_ms: i64) -> Self {
        let place = post.mail.link.as_ref().map(|link| format!("    {link}\n\nor at the gateway:\n\n")).unwrap_or_default();
        let body = format!(
            "Nobody has signed the weekly report {week} of {} in {days} days.\n\nYou are told because you come next. Please see that \
             somebody reads it:\n\n{place}    schoolgate report review --week {week}\n\nThis mail names nobody and nothing that \
             happened.\n",
            post.school
        );
        Self { to: to.to_vec(), ..Self::new(id, format!("Weekly report {week} has not been reviewed"), body, now_ms) }
    }

    /// With the code by which the DSL says that it came.
    pub fn test(id: &str, code: &str, post: &Post, now_ms: i64) -> Self {
        let link = |desk: &String| format!("open this in school, and press the button:\n\n    {desk}/confirm?code={code}\n\nOr ");
        let link = post.mail.desk.as_ref().map(link).unwrap_or_default();
        let body = format!(
            "This is a test: mail about the weekly report of {} is sent to this address.\n\nIf you are its DSL, {link}give this code \
             to your network manager, or type at the gateway:\n\n    schoolgate report confirm {code}\n\nUntil then the gateway \
             says that nobody has confirmed that its mail arrives.\n",
            post.school
        );
        Self::new(id, "Test of the weekly report's mail".into(), body, now_ms)
    }
}
