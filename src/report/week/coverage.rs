//! How much could be seen, and what may be said of it.

use crate::report::plain::{count, number};
use serde::Serialize;

/// How much could be seen, in pupils' devices of the register.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    pub pupil_devices: u64,
    pub searches: u64,
    pub names: u64,
    pub nothing: u64,
    /// Addresses seen that the register does not know.
    pub strangers: u64,
}

impl Coverage {
    /// Whether 'none' may be said: both what was typed and where it went was seen on at least half of the devices.
    pub fn is_enough(&self) -> bool {
        self.pupil_devices > 0 && self.searches * 2 >= self.pupil_devices && self.names * 2 >= self.pupil_devices
    }

    /// `Search words seen on 0 of 412 pupil devices, host names on 398, nothing on 14.`
    pub fn sentence(&self) -> String {
        let strangers = match self.strangers {
            0 => String::new(),
            n => format!(" The register does not know {}.", count(n, "address that was seen", "addresses that were seen")),
        };
        if self.pupil_devices == 0 {
            return format!("The register holds no pupil device, so nobody can say how much was not seen.{strangers}");
        }
        format!(
            "Search words seen on {} of {}, host names on {}, nothing on {}.{strangers}",
            number(self.searches),
            count(self.pupil_devices, "pupil device", "pupil devices"),
            number(self.names),
            number(self.nothing),
        )
    }
}

/// The first sentence of the report. 'None' is never said of what was not seen.
/// `episodes`: of what was blocked, and is no matter.
pub fn verdict(matters: u64, episodes: u64, events: u64, coverage: &Coverage) -> String {
    match matters {
        0 if events == 0 => "Nothing was seen this week: no device asked this gateway for anything.".into(),
        0 if coverage.is_enough() => "No matter needs a person this week.".into(),
        0 if episodes == 0 => "Nothing found in what we could see.".into(),
        0 => format!(
            "No matter needs a person in what we could see. {} of blocked requests: section 2.",
            count(episodes, "episode", "episodes")
        ),
        1 => "1 matter needs a person.".into(),
        n => format!("{} matters need a person.", number(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_half_coverage_it_never_says_none() {
        for (searches, names, devices, none) in
            [(0, 398, 412, false), (205, 398, 412, false), (206, 206, 412, true), (412, 205, 412, false), (0, 0, 0, false)]
        {
            let coverage = Coverage { pupil_devices: devices, searches, names, nothing: devices - names, strangers: 0 };
            let line = verdict(0, 0, 1000, &coverage);
            assert_eq!(line.starts_with("No matter"), none, "{searches} {names} {devices}: {line}");
            let line = verdict(0, 1, 1000, &coverage);
            assert!(!line.contains("Nothing found") && line.contains("what we could see") != none, "{line}");
        }
    }

    #[test]
    fn coverage_is_one_sentence() {
        let coverage = Coverage { pupil_devices: 412, searches: 0, names: 398, nothing: 14, strangers: 0 };
        assert_eq!(coverage.sentence(), "Search words seen on 0 of 412 pupil devices, host names on 398, nothing on 14.");
    }
}
