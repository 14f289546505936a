//! What people asked for on the pages, and how long they waited.

use super::plain::{count, number};
use super::world::Asked;
use serde::Serialize;

/// What people asked for on the pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Requests {
    /// To open a page, or to block one.
    pub made: u64,
    pub allowed: u64,
    pub waiting: u64,
    /// Half of those that were answered were answered within so many minutes. `None`: none was.
    pub middle_minutes: Option<u64>,
    /// Who said that they came somewhere by accident.
    pub accidents: u64,
}

impl Requests {
    pub fn of(all: &[Asked]) -> Self {
        let count = |of: fn(&&Asked) -> bool| all.iter().filter(of).count() as u64;
        let minutes = |a: &Asked| Some((a.answered_ms? - a.made_ms).max(0) as u64 / 60_000).filter(|_| !a.accident);
        let mut took: Vec<u64> = all.iter().filter_map(minutes).collect();
        took.sort_unstable();
        Self {
            made: count(|a| !a.accident),
            allowed: count(|a| a.allowed),
            waiting: count(|a| !a.accident && a.answered_ms.is_none()),
            middle_minutes: took.get(took.len().saturating_sub(1) / 2).copied(),
            accidents: count(|a| a.accident),
        }
    }

    /// In words; empty if nobody asked.
    pub fn in_words(&self) -> String {
        let mut said = Vec::new();
        if self.made > 0 {
            let answered = self.made - self.waiting;
            let within = self.middle_minutes.map_or_else(String::new, |m| format!(", half of them within {}", span(m)));
            let asked = count(self.made, "request of a page", "requests of pages");
            said.push(format!(
                "{asked}: {} answered{within}, {} allowed, {} waiting.",
                number(answered),
                number(self.allowed),
                number(self.waiting)
            ));
        }
        if self.accidents > 0 {
            let times = count(self.accidents, "time", "times");
            said.push(format!("{times} somebody said on a page that they came there by accident."));
        }
        said.join(" ")
    }
}

/// Minutes, as people say them.
fn span(minutes: u64) -> String {
    match minutes {
        0..=119 => count(minutes, "minute", "minutes"),
        120..=2879 => count(minutes / 60, "hour", "hours"),
        _ => count(minutes / 1440, "day", "days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_with_the_time_that_half_of_the_answers_took() {
        let asked = |minutes: Option<i64>, allowed| Asked {
            made_ms: 1_000,
            answered_ms: minutes.map(|m| 1_000 + m * 60_000),
            allowed,
            accident: false,
        };
        let all = [asked(Some(300), true), asked(Some(20), false), asked(Some(61), true), asked(None, false)];
        let accident = Asked { accident: true, ..asked(None, false) };
        let requests = Requests::of(&[&all[..], &[accident]].concat());
        assert_eq!(
            requests.in_words(),
            "4 requests of pages: 3 answered, half of them within 61 minutes, 2 allowed, 1 waiting. 1 time somebody said on a \
             page that they came there by accident."
        );
        assert_eq!(Requests::of(&[]).in_words(), "");
        assert_eq!([span(1), span(119), span(120), span(2880)], ["1 minute", "119 minutes", "2 hours", "2 days"]);
    }
}
