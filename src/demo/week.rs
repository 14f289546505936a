//! What everyone does, from Monday to Friday: a list of times, people and deeds.

use super::school::Someone;
use crate::words::Host;
use std::net::IpAddr;

/// Monday 00:00 of the week that is played: 2026-W47, 16 November, UTC, which is London's time in winter.
pub const MONDAY_MS: i64 = 1_794_787_200_000;
pub const YEAR: i16 = 2026;
pub const WEEK: i8 = 47;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How a page is asked for, as a browser's own headers show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Typed,
    Followed,
    Embedded,
    Background,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// A DNS question.
    Ask(Host),
    /// A page through the proxy.
    Browse { host: Host, path: String, manner: Manner },
    /// CONNECT through the proxy.
    Tunnel(Host),
}

/// One line of the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub at_ms: i64,
    pub from: IpAddr,
    pub doing: Doing,
}

/// Whose weeks need a person to look, and who must not be named. Tests hold the report to this.
pub const IN_DISTRESS: &str = "p0904";
pub const DRAWN_IN: &str = "p1108";
pub const GETTING_ROUND: &str = "p1203";
pub const SEEKING_HELP: &str = "p0711";

const LESSONS: [&str; 12] = [
    "www.bbc.co.uk",
    "senecalearning.com",
    "www.sparxmaths.uk",
    "www.khanacademy.org",
    "en.wikipedia.org",
    "www.thenational.academy",
    "www.geogebra.org",
    "www.desmos.com",
    "www.britannica.com",
    "www.bl.uk",
    "www.aqa.org.uk",
    "www.nationalgeographic.example",
];
const MACHINES: [&str; 4] = ["ctldl.windowsupdate.com", "time.windows.com", "ocsp.digicert.com", "login.microsoftonline.com"];
const WIDGETS: [&str; 5] = ["banner.example", "tracker.example", "pixel.example", "connect.facebook.net", "platform.twitter.com"];

/// The whole week, in order of its times. The same at every call.
pub fn week(everyone: &[Someone]) -> Vec<Line> {
    let mut script = Script { lines: Vec::new(), dice: Dice(0x5EED_5C00_1CA7_E000) };
    for someone in everyone {
        for day in 0..5 {
            script.school_day(someone, MONDAY_MS + day * DAY);
        }
        match someone.key.as_str() {
            IN_DISTRESS => script.in_distress(someone),
            DRAWN_IN => script.drawn_in(someone),
            GETTING_ROUND => script.getting_round(someone),
            SEEKING_HELP => script.seeking_help(someone),
            _ => {}
        }
    }
    script.lines.sort_by_key(|line| line.at_ms);
    script.lines
}

struct Script {
    lines: Vec<Line>,
    dice: Dice,
}

impl Script {
    fn school_day(&mut self, someone: &Someone, midnight: i64) {
        // The machine wakes up and looks after itself.
        let start = midnight + 8 * HOUR + 40 * MINUTE + self.dice.up_to(15 * MINUTE);
        for (i, host) in MACHINES.into_iter().enumerate() {
            self.ask(someone, start + i as i64 * 300, host);
        }
        // Five lessons of a few pages each, with everything pages bring along.
        for lesson in 0..5 {
            let begin = midnight + 9 * HOUR + lesson * 70 * MINUTE;
            for _ in 0..2 + self.dice.up_to(2) {
                let at = begin + self.dice.up_to(55 * MINUTE);
                let host = LESSONS[self.dice.up_to(LESSONS.len() as i64) as usize];
                self.page(someone, at, host, "/lesson", Manner::Typed);
            }
        }
        if someone.year == Some(12) && self.dice.up_to(2) == 0 {
            let at = midnight + 12 * HOUR + 35 * MINUTE + self.dice.up_to(50 * MINUTE);
            self.tunnel(someone, at, "www.instagram.com");
        }
        if someone.year.is_some() && self.dice.up_to(6) == 0 {
            // Someone tries a game, sees that it is blocked, and leaves it.
            let at = midnight + 13 * HOUR + self.dice.up_to(20 * MINUTE);
            self.page(someone, at, "poki.com", "/", Manner::Typed);
        }
        // Tuesday's homework club, 15:45 to 18:00.
        if midnight == MONDAY_MS + DAY && someone.year.is_some() {
            for _ in 0..6 {
                let at = midnight + 15 * HOUR + 45 * MINUTE + self.dice.up_to(2 * HOUR);
                let host = LESSONS[self.dice.up_to(LESSONS.len() as i64) as usize];
                self.page(someone, at, host, "/homework", Manner::Followed);
            }
        }
    }

    /// Late afternoons with the same two hosts, again after each block.
    fn in_distress(&mut self, someone: &Someone) {
        for (day, tries) in [(0, 2), (2, 4), (3, 6)] {
            let begin = MONDAY_MS + day * DAY + 15 * HOUR + 40 * MINUTE;
            for i in 0..tries {
                let host = if i % 2 == 0 { "no-way-out.example" } else { "dark-evenings.example" };
                self.page(someone, begin + i * 3 * MINUTE, host, "/read", Manner::Typed);
            }
        }
    }

    /// One channel, then its neighbours, in lessons.
    fn drawn_in(&mut self, someone: &Someone) {
        for day in [1, 2, 4] {
            let begin = MONDAY_MS + day * DAY + 10 * HOUR + 30 * MINUTE;
            self.page(someone, begin, "pure-nation.example", "/join", Manner::Typed);
            self.page(someone, begin + 2 * MINUTE, "struggle-channel.example", "/", Manner::Followed);
            self.page(someone, begin + 5 * MINUTE, "pure-nation.example", "/join", Manner::Typed);
        }
    }

    /// Four ways round, one after the other, by name and by tunnel.
    fn getting_round(&mut self, someone: &Someone) {
        for day in [0, 3] {
            let begin = MONDAY_MS + day * DAY + 11 * HOUR + 15 * MINUTE;
            let hosts = ["unblock-me.example", "proxy-garden.example", "quick-tunnel.example", "hidden-door.example"];
            for (i, host) in hosts.into_iter().enumerate() {
                let at = begin + i as i64 * 2 * MINUTE;
                self.page(someone, at, host, "/", Manner::Typed);
                self.tunnel(someone, at + 20 * SECOND, host);
            }
        }
    }

    fn seeking_help(&mut self, someone: &Someone) {
        for (day, host) in [(1, "www.childline.org.uk"), (1, "www.youngminds.org.uk"), (3, "www.childline.org.uk")] {
            self.page(someone, MONDAY_MS + day * DAY + 12 * HOUR + 40 * MINUTE, host, "/get-support", Manner::Typed);
        }
    }

    /// A page: its name, the page itself, and what it brings along.
    fn page(&mut self, someone: &Someone, at: i64, host: &str, path: &str, manner: Manner) {
        self.ask(someone, at, host);
        self.browse(someone, at + 30, host, path, manner);
        for i in 0..self.dice.up_to(3) {
            let widget = WIDGETS[self.dice.up_to(WIDGETS.len() as i64) as usize];
            self.ask(someone, at + 200 + i * 40, widget);
            if self.dice.up_to(3) == 0 {
                self.browse(someone, at + 220 + i * 40, widget, "/w.js", Manner::Embedded);
            }
        }
    }

    fn ask(&mut self, someone: &Someone, at_ms: i64, host: &str) {
        self.line(someone, at_ms, host, Doing::Ask);
    }

    fn tunnel(&mut self, someone: &Someone, at_ms: i64, host: &str) {
        self.ask(someone, at_ms, host);
        self.line(someone, at_ms + 40, host, Doing::Tunnel);
    }

    fn browse(&mut self, someone: &Someone, at_ms: i64, host: &str, path: &str, manner: Manner) {
        self.line(someone, at_ms, host, |host| Doing::Browse { host, path: path.to_owned(), manner });
    }

    fn line(&mut self, someone: &Someone, at_ms: i64, host: &str, doing: impl FnOnce(Host) -> Doing) {
        // The names of the script are constants of this file, and a test reads them all.
        if let Ok(host) = Host::parse(host) {
            self.lines.push(Line { at_ms, from: someone.address, doing: doing(host) });
        }
    }
}

/// A die that falls the same way every time (xorshift64): the demo's week is one week.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, end: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::school;

    #[test]
    fn the_week_is_the_same_every_time_and_stays_within_the_week() {
        let everyone = school::everyone();
        let lines = week(&everyone);
        assert_eq!(lines, week(&everyone));
        assert!(lines.iter().all(|l| (MONDAY_MS..MONDAY_MS + 5 * DAY).contains(&l.at_ms)));
        let monday = jiff::Timestamp::from_millisecond(MONDAY_MS).expect("a time");
        assert_eq!(monday.to_string(), "2026-11-16T00:00:00Z");
        for key in [IN_DISTRESS, DRAWN_IN, GETTING_ROUND, SEEKING_HELP] {
            assert!(everyone.iter().any(|s| s.key == key), "{key}");
        }
        for host in LESSONS.iter().chain(&MACHINES).chain(&WIDGETS) {
            assert!(Host::parse(host).is_ok(), "{host}");
        }
    }
}
