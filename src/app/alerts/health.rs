//! What is wrong with the gate, told once when it begins and once when it is over.

use crate::gate::alerts::{Ailment, State};
use std::collections::VecDeque;

/// Looks at which something must be gone before it is over: a list that fails every other time is one thing.
const GONE: u32 = 3;

/// What is told: what began, and what is over.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Turn {
    pub begun: Vec<String>,
    pub over: Vec<String>,
}

impl Turn {
    pub fn is_empty(&self) -> bool {
        self.begun.is_empty() && self.over.is_empty()
    }
}

/// Looks at what `status` says needs somebody. What is there at two looks has begun, so that what mends itself is not told.
pub fn look(state: &mut State, needs: &[String], now_ms: i64) -> Turn {
    let mut turn = Turn::default();
    let there: Vec<(String, &String)> = needs.iter().map(|line| (stem(line), line)).collect();
    for (stem, line) in &there {
        match state.ailments.get_mut(stem) {
            None => {
                let ailment = Ailment { line: (*line).clone(), since_ms: now_ms, told: false, gone: 0 };
                state.ailments.insert(stem.clone(), ailment);
            }
            Some(ailment) => {
                ailment.gone = 0;
                if !ailment.told {
                    (ailment.told, ailment.line) = (true, (*line).clone());
                    turn.begun.push((*line).clone());
                }
            }
        }
    }
    state.ailments.retain(|stem, ailment| {
        if there.iter().any(|(there, _)| there == stem) {
            return true;
        }
        ailment.gone += 1;
        // Never told: it never was.
        let over = ailment.gone >= GONE || !ailment.told;
        if over && ailment.told {
            turn.over.push(ailment.line.clone());
        }
        !over
    });
    turn
}

/// What stays the same of a line while it is so: no numbers, no reasons.
fn stem(line: &str) -> String {
    let line = line.split(" (").next().unwrap_or(line);
    let mut stem = String::new();
    for word in line.split_whitespace().take_while(|word| !word.ends_with(':')) {
        let plain: String = word.chars().filter(|c| !c.is_ascii_digit()).collect();
        stem.push_str(&plain);
        stem.push(' ');
    }
    stem.truncate(stem.char_indices().nth(120).map_or(stem.len(), |(at, _)| at));
    stem
}

/// Hours that are remembered: a week of them.
const HOURS: usize = 7 * 24;
/// Hours it takes to know what is usual, and questions that make an hour of it.
const ENOUGH_HOURS: usize = 12;
const ENOUGH: u64 = 1_000;
/// So many times fewer blocks than usual are a fault somewhere: an empty list, a network that goes past the gate.
const FEWER: u64 = 10;
const HOUR_MS: i64 = 60 * 60 * 1000;

/// How much of what is asked is blocked, hour by hour since the start.
#[derive(Debug, Default)]
pub struct Blocks {
    /// Judged and blocked.
    hours: VecDeque<(u64, u64)>,
    /// When the hour that goes on began, and the counters then.
    began: Option<(i64, u64, u64)>,
    said: Option<String>,
}

impl Blocks {
    /// Looks at the counters of the gate. What it says when the last whole hour had far fewer blocks than usual.
    pub fn look(&mut self, judged: u64, blocked: u64, now_ms: i64) -> Option<&String> {
        let (began_ms, before, blocked_before) = *self.began.get_or_insert((now_ms, judged, blocked));
        // A clock that was set back begins anew.
        if now_ms < began_ms || now_ms - began_ms >= HOUR_MS {
            self.began = Some((now_ms, judged, blocked));
            if now_ms > began_ms {
                self.hour(judged.saturating_sub(before), blocked.saturating_sub(blocked_before));
            }
        }
        self.said.as_ref()
    }

    fn hour(&mut self, judged: u64, blocked: u64) {
        // A night says nothing.
        if judged < ENOUGH {
            return;
        }
        let (all, of_them) = self.hours.iter().fold((0, 0), |(all, of_them), (j, b)| (all + j, of_them + b));
        let usual = u128::from(of_them) * u128::from(judged);
        let fewer = u128::from(blocked) * u128::from(FEWER) * u128::from(all) < usual;
        if self.hours.len() >= ENOUGH_HOURS && fewer {
            let hundred = |part: u64, of: u64| part as f64 * 100.0 / of.max(1) as f64;
            let (now, usual) = (hundred(blocked, judged), hundred(of_them, all));
            self.said = Some(format!(
                "far fewer questions are blocked than usual ({now:.2} in 100, usually {usual:.2}): `schoolgate lists status`"
            ));
            return;
        }
        self.said = None;
        self.hours.push_back((judged, blocked));
        if self.hours.len() > HOURS {
            self.hours.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_once_when_it_begins_and_once_when_it_is_over() {
        let mut state = State::default();
        let disk = |mib: u32| vec![format!("only {mib} MiB are free under /var/lib/schoolgate")];
        let mut told = Vec::new();
        for (at, needs) in [disk(900), disk(850), disk(3), vec![], disk(2), vec![], vec![], vec![], vec![]].iter().enumerate() {
            let turn = look(&mut state, needs, at as i64);
            told.push((turn.begun.len(), turn.over.len()));
        }
        assert_eq!(told, [(0, 0), (1, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 1), (0, 0)]);
        assert!(state.ailments.is_empty());
        // What is seen at one look only was nothing.
        look(&mut state, &disk(1), 20);
        assert_eq!(look(&mut state, &[], 21), Turn::default());
    }

    #[test]
    fn far_fewer_blocks_than_usual_are_said_until_there_are_more_and_a_night_says_nothing() {
        let (mut blocks, mut judged, mut blocked) = (Blocks::default(), 0, 0);
        let mut hour = |nth: i64, more: u64, of_them: u64| {
            (judged, blocked) = (judged + more, blocked + of_them);
            blocks.look(judged, blocked, nth * HOUR_MS).is_some()
        };
        assert!((0..20).all(|nth| !hour(nth, 5_000, 100)));
        assert!(!hour(20, 40, 0), "a night");
        assert!(hour(21, 5_000, 3) && hour(22, 100, 0), "until another hour says otherwise");
        assert!(!hour(23, 5_000, 60));
    }

    #[test]
    fn numbers_and_reasons_do_not_make_it_another() {
        assert_eq!(stem("only 34 MiB are free under /var"), stem("only 7 MiB are free under /var"));
        assert_eq!(
            stem("list a/b could not be fetched on 2026-11-22 (x): y"),
            stem("list a/b could not be fetched on 2026-11-23 (z): y")
        );
        assert_ne!(stem("list a/b could not be fetched"), stem("list c/d could not be fetched"));
    }
}
