//! What is wrong with the gate, told once when it begins and once when it is over.

use crate::gate::alerts::{Ailment, State};

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
    fn numbers_and_reasons_do_not_make_it_another() {
        assert_eq!(stem("only 34 MiB are free under /var"), stem("only 7 MiB are free under /var"));
        assert_eq!(stem("list a/b could not be fetched on 2026-11-22 (x): y"), stem("list a/b could not be fetched on 2026-11-23 (z): y"));
        assert_ne!(stem("list a/b could not be fetched"), stem("list c/d could not be fetched"));
    }
}
