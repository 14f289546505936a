//! A line of another filter's access log: squid's native format, and those that e2guardian writes.
//!
//! squid: `time elapsed client code/status bytes method URL user hierarchy/peer type`, the time in seconds since 1970
//! (wiki.squid-cache.org, Features/LogFormat). e2guardian by its `logfileformat`: 1 and 4 begin `date time user client URL`, the
//! date `2026.11.16` by the clock on the wall, with spaces or tabs between; 2 has the same in quotes with commas; 3 is squid's; 5 to
//! 8 have tabs, begin with seconds since 1970 and have user, client, host name and URL from the third field on
//! (github.com/e2guardian wiki, Access Log File Format).
//!
//! Always holds: no bytes make it panic; a line longer than [`MAX_LINE`] is none; nothing is copied.

use jiff::civil::{Date, DateTime, Time};
use std::net::IpAddr;

/// Longest line that is read: a URL of 8 KiB, and what stands beside it.
pub const MAX_LINE: usize = 16 << 10;

/// When something happened, as the log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Milliseconds since 1970.
    Unix(i64),
    /// By the clock on the wall.
    Local(DateTime),
}

/// What a line says, as far as it takes to judge it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visited<'a> {
    pub when: When,
    pub client: IpAddr,
    /// `None`: nobody had signed in.
    pub user: Option<&'a str>,
    /// As written: an absolute URL, or `host:port` of a tunnel.
    pub url: &'a str,
}

impl<'a> Visited<'a> {
    /// Reads a line, with or without its end. `None`: it is of neither log.
    pub fn read(line: &'a [u8]) -> Option<Self> {
        if line.len() > MAX_LINE {
            return None;
        }
        let line = std::str::from_utf8(line).ok()?.trim_end_matches(['\n', '\r']);
        if let Some(quoted) = line.strip_prefix('"') {
            return of_quotes(quoted);
        }
        let first = line.split_whitespace().next()?;
        match first.bytes().filter(|b| *b == b'.').count() {
            2 => of_words(line),
            _ if line.contains('\t') => of_tabs(line),
            _ => of_squid(line),
        }
    }
}

fn of_squid(line: &str) -> Option<Visited<'_>> {
    let mut words = line.split_ascii_whitespace();
    let (when, client) = (unix(words.next()?)?, words.nth(1)?);
    let (url, user) = (words.nth(3)?, words.next()?);
    Some(Visited { when, client: client.parse().ok()?, user: named(user), url: place(url)? })
}

/// `logfileformat` 1 and 4.
fn of_words(line: &str) -> Option<Visited<'_>> {
    let mut words = line.split_ascii_whitespace();
    let (date, time) = (words.next()?, words.next()?);
    of_fields(date, time, words.next()?, words.next()?, words.next()?)
}

/// `logfileformat` 2: `"2026.11.16 9:05:00","user","client","URL",…`, its first quote taken off.
fn of_quotes(quoted: &str) -> Option<Visited<'_>> {
    let mut fields = quoted.split("\",\"");
    let (date, time) = fields.next()?.split_once(' ')?;
    of_fields(date, time, fields.next()?, fields.next()?, fields.next()?)
}

fn of_fields<'a>(date: &str, time: &str, user: &'a str, client: &str, url: &'a str) -> Option<Visited<'a>> {
    let when = When::Local(DateTime::from_parts(date_of(date)?, time_of(time)?));
    Some(Visited { when, client: client.parse().ok()?, user: named(user), url: place(url)? })
}

/// `logfileformat` 5 to 8.
fn of_tabs(line: &str) -> Option<Visited<'_>> {
    let mut fields = line.split('\t');
    let (when, user) = (unix(fields.next()?)?, fields.nth(1)?);
    let client = fields.next()?.parse().ok()?;
    Some(Visited { when, client, user: named(user), url: place(fields.nth(1)?)? })
}

fn named(user: &str) -> Option<&str> {
    // Where nobody has signed in, e2guardian may write the address.
    (!matches!(user, "" | "-") && user.parse::<IpAddr>().is_err()).then_some(user)
}

/// What something was asked of: not `error:invalid-request`, `-` and the like.
fn place(url: &str) -> Option<&str> {
    (url.contains('.') || url.contains("://") || url.contains(']')).then_some(url)
}

/// `1763284500.123`, or whole seconds.
fn unix(text: &str) -> Option<When> {
    let (seconds, rest) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str, most| (1..=most).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(seconds, 11) || !digits(rest, 9) {
        return None;
    }
    let ms: i64 = format!("{rest:0<3}").get(..3)?.parse().ok()?;
    Some(When::Unix(seconds.parse::<i64>().ok()? * 1000 + ms))
}

fn date_of(text: &str) -> Option<Date> {
    let mut parts = text.split('.');
    let (year, month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    if parts.next().is_some() { None } else { Date::new(year, month, day).ok() }
}

fn time_of(text: &str) -> Option<Time> {
    let mut parts = text.split(':');
    let (hour, minute, second) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    if parts.next().is_some() { None } else { Time::new(hour, minute, second, 0).ok() }
}

#[cfg(test)]
mod tests;
