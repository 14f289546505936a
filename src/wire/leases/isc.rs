//! The ISC server: `lease ADDRESS { … }`, one written after the other as they change (dhcpd.leases(5)). Times are UTC.

use super::{Lease, Leases, name};
use crate::words::Mac;
use std::net::IpAddr;

/// Longest statement or word that is looked at.
const MAX_WORD: usize = 512;

pub(super) fn read(bytes: &[u8], leases: &mut Leases) {
    // What a lease says as far as it has been read.
    let mut open: Option<(IpAddr, Part)> = None;
    let mut statement: Vec<&[u8]> = Vec::new();
    let mut depth = 0usize;
    for word in Words(bytes) {
        match word {
            b"{" => {
                if let (0, [b"lease", address]) = (depth, &statement[..]) {
                    open = text(address).parse().ok().map(|address| (address, Part::default()));
                }
                depth += 1;
                statement.clear();
            }
            b"}" => {
                depth = depth.saturating_sub(1);
                if let (0, Some((address, part))) = (depth, open.take_if(|_| depth == 0)) {
                    leases.put(address, part.lease());
                }
                statement.clear();
            }
            b";" => {
                if let (1, Some((_, part))) = (depth, &mut open) {
                    part.take(&statement);
                }
                statement.clear();
            }
            word if statement.len() < 8 => statement.push(word),
            _ => {}
        }
    }
}

/// What is wanted of a lease.
#[derive(Default)]
struct Part {
    mac: Option<Mac>,
    name: Option<String>,
    ends: Option<Option<i64>>,
    active: bool,
}

impl Part {
    fn take(&mut self, statement: &[&[u8]]) {
        match statement {
            [b"hardware", b"ethernet", mac] => self.mac = Mac::parse(text(mac)).ok(),
            [b"client-hostname", named] => self.name = name(text(named).trim_matches('"')),
            [b"binding", b"state", state] => self.active = *state == b"active",
            [b"ends", b"never"] => self.ends = Some(None),
            [b"ends", b"epoch", seconds] => self.ends = text(seconds).parse().ok().map(Some),
            [b"ends", _, date, time] => self.ends = moment(text(date), text(time)).map(Some),
            _ => {}
        }
    }

    fn lease(self) -> Option<Lease> {
        let Self { mac, name, ends, active } = self;
        Some(Lease { mac: mac.filter(|_| active)?, name, until: ends? })
    }
}

/// `2026/11/19 08:00:00`
fn moment(date: &str, time: &str) -> Option<i64> {
    let mut numbers = date.split('/').chain(time.split(':')).map(|n| n.parse::<i16>().ok());
    let mut next = || numbers.next().flatten();
    let (year, month, day) = (next()?, next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    let small = |n: i16| i8::try_from(n).ok();
    let date = jiff::civil::Date::new(year, small(month)?, small(day)?).ok()?;
    let time = jiff::civil::Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    let zoned = date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_second())
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Words, signs and quoted texts; comments are left out.
struct Words<'a>(&'a [u8]);

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let word = self.word()?;
            if word.len() <= MAX_WORD {
                return Some(word);
            }
        }
    }
}

impl<'a> Words<'a> {
    fn word(&mut self) -> Option<&'a [u8]> {
        loop {
            self.0 = self.0.trim_ascii_start();
            if *self.0.first()? != b'#' {
                break;
            }
            let end = self.0.iter().position(|b| *b == b'\n').unwrap_or(self.0.len());
            self.0 = &self.0[end..];
        }
        let len = match self.0.first()? {
            b'{' | b'}' | b';' => 1,
            b'"' => quoted(self.0),
            _ => self.0.iter().position(|b| b.is_ascii_whitespace() || b"{};\"#".contains(b)).unwrap_or(self.0.len()),
        };
        let (word, rest) = self.0.split_at(len.max(1));
        self.0 = rest;
        Some(word)
    }
}

/// To the closing quote, an escaped one passed over; or to the end of the line, for one that is not closed.
fn quoted(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            b'\n' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}
