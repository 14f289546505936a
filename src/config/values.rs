//! What single values mean: addresses, networks, hosts, names, times, days.

use super::fault::{Wrong, shown};
use super::item::Item;
use crate::words::{BadNetwork, Day, Host, Network, Url};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::net::{IpAddr, SocketAddr};

/// Longest name of a network, group, list or person's title: it stands in tables and on pages.
const MAX_NAME: usize = 80;

/// The widest ranges that schools are given: 10.0.0.0/8 (RFC 1918) and fc00::/7 (RFC 4193).
const WIDEST_V4: u8 = 8;
const WIDEST_V6: u8 = 7;

/// A name for people: not empty, short, without control characters.
pub(super) fn name(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?.trim();
    if text.is_empty() {
        return Err(Wrong::new("a name is empty", "write what people call it"));
    }
    if text.chars().count() > MAX_NAME {
        return Err(Wrong::new("a name is too long", format!("at most {MAX_NAME} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(Wrong::new("a name holds a control character", "letters, digits, spaces and signs only"));
    }
    Ok(text.to_owned())
}

/// An address and port that a door listens on. `port` is the one to suggest.
pub(super) fn listen(item: &Item, port: u16) -> Result<SocketAddr, Wrong> {
    socket(item, port, "this is not an address and port to listen on")
}

/// An address and port that is reached: neither may be zero.
pub(super) fn destination(item: &Item) -> Result<SocketAddr, Wrong> {
    let title = "this is not an address and port";
    let address = socket(item, 443, title)?;
    if address.port() == 0 || address.ip().is_unspecified() {
        return Err(Wrong::new(title, "one address and one port, such as \"127.0.0.1:8443\""));
    }
    Ok(address)
}

fn socket(item: &Item, port: u16, title: &str) -> Result<SocketAddr, Wrong> {
    let text = item.text()?;
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    let meant = match text.strip_prefix(':').or_else(|| text.strip_prefix("*:")) {
        Some(port) => port.parse().ok().map(|p| SocketAddr::from(([0, 0, 0, 0], p))),
        None => match text.strip_prefix("localhost:") {
            Some(port) => port.parse().ok().map(|p| SocketAddr::from(([127, 0, 0, 1], p))),
            None => text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port)),
        },
    };
    Err(Wrong::new(
        title,
        match meant {
            Some(address) => format!("did you mean `{address}`?"),
            None => format!("an address and a port, such as \"127.0.0.1:{port}\" or \"[::1]:{port}\""),
        },
    ))
}

/// A resolver to ask: an address, with port 53 unless it says another.
pub(super) fn upstream(item: &Item) -> Result<SocketAddr, Wrong> {
    let text = item.text()?;
    let bare = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
    let address = bare.or_else(|_| text.parse::<SocketAddr>()).ok().filter(|a| {
        let ip = a.ip();
        a.port() != 0 && !ip.is_unspecified() && !ip.is_multicast()
    });
    address.ok_or_else(|| {
        let label = "its address, such as \"9.9.9.9\", or with a port, \"192.0.2.53:5353\"";
        Wrong::new(format!("{} is not the address of a resolver", shown(text)), label)
    })
}

/// A range of addresses, not wider than any school has.
pub(super) fn network(item: &Item) -> Result<Network, Wrong> {
    let text = item.text()?;
    let mapped = text.split('/').next().and_then(|a| a.parse::<std::net::Ipv6Addr>().ok()).and_then(|a| a.to_ipv4_mapped());
    if let Some(v4) = mapped {
        let label = format!("as IPv4, such as \"{v4}\"");
        return Err(Wrong::new(format!("{} is an IPv4 address", shown(text)), label));
    }
    let network = Network::parse(text).map_err(|bad| {
        let title = format!("{} is not a range of addresses", shown(text));
        match bad {
            BadNetwork::Address => Wrong::new(title, "an address or a range, such as \"10.20.0.0/16\""),
            BadNetwork::Prefix => Wrong::new(title, "the part after `/` is 0 to 32 for IPv4, 0 to 128 for IPv6"),
            BadNetwork::HostBits(meant) => Wrong::new(title, format!("did you mean `{meant}`?")),
        }
    })?;
    let widest = if is_v4(&network) { WIDEST_V4 } else { WIDEST_V6 };
    if network.prefix() < widest {
        return Err(Wrong::new("this range is wider than any school's", format!("at the widest `/{widest}`"))
            .help("the gate answers everyone in its networks: open to the whole internet it would be misused within hours"));
    }
    Ok(network)
}

fn is_v4(network: &Network) -> bool {
    // A range holds addresses of one family only; every IPv4 range is shorter than 33 bits and prints with dots.
    !network.to_string().contains(':')
}

/// A range that may be reached although it is private: never the gateway itself.
pub(super) fn internal_network(item: &Item) -> Result<Network, Wrong> {
    let network = network(item)?;
    let own = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
    if own.iter().any(|ip| network.contains(*ip)) || network.to_string().starts_with("127.") {
        return Err(Wrong::new("this range is the gateway itself", "leave it out")
            .help("`destinations = [\"127.0.0.1:8443\"]` opens one address and port of the gateway"));
    }
    Ok(network)
}

/// A host, with everything below it.
pub(super) fn host(item: &Item) -> Result<Host, Wrong> {
    let text = item.text()?;
    let title = || format!("{} is not a host", shown(text));
    if let Some(below) = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')) {
        return Err(match Host::parse(below) {
            Ok(meant) => Wrong::new(title(), format!("did you mean `{meant}`? It holds for everything below, too")),
            Err(bad) => Wrong::new(title(), bad.to_string()),
        });
    }
    Host::parse(text).map_err(|bad| match Url::parse(text) {
        Ok(url) => Wrong::new(title(), format!("did you mean `{}`?", url.host)),
        Err(_) => Wrong::new(title(), bad.to_string()),
    })
}

/// Whether the host is a public suffix under which anyone may have a name, such as `com` or `co.uk`.
pub(super) fn is_public_suffix(host: &Host) -> bool {
    let suffix = psl::suffix(host.as_str().as_bytes());
    suffix.is_some_and(|s| s.typ() == Some(psl::Type::Icann) && s.as_bytes() == host.as_str().as_bytes())
}

/// A zone of the IANA database. The one compiled in: no file is read here, and every box goes by the same rules.
pub(super) fn zone(item: &Item) -> Result<TimeZone, Wrong> {
    let text = item.text()?;
    let zones = jiff::tz::TimeZoneDatabase::bundled();
    zones.get(text).map_err(|_| {
        let names: Vec<String> = zones.available().map(|n| n.as_str().to_owned()).collect();
        let near = super::near::nearest(text, names.iter().map(String::as_str));
        let label = near.map_or("a name such as \"Europe/London\"".to_owned(), |n| format!("did you mean `{n}`?"));
        Wrong::new(format!("{} is not a time zone", shown(text)), label)
    })
}

/// A day of the calendar.
pub(super) fn day(item: &Item) -> Result<Day, Wrong> {
    let right = "a date such as 2026-09-02";
    let written = item.datetime(right)?;
    match (written.date, written.time) {
        (Some(date), None) => Ok(day_of(date_of(date)?)),
        _ => Err(Wrong::new("this is not a date", right)),
    }
}

/// The minute of a day, from 0 to 24:00.
pub(super) fn minute(item: &Item) -> Result<u16, Wrong> {
    let right = "a time of day, such as \"12:30\"";
    if item.is_text() {
        let text = item.text()?;
        let (hour, minute) = text.split_once(':').unwrap_or((text, ""));
        let digits = |t: &str| t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit());
        let parsed = (digits(hour) && digits(minute)).then(|| (hour.parse::<u16>(), minute.parse::<u16>()));
        return match parsed {
            Some((Ok(h), Ok(m))) if h < 24 && m < 60 || (h, m) == (24, 0) => Ok(h * 60 + m),
            _ => Err(Wrong::new(format!("{} is not a time of day", shown(text)), right)),
        };
    }
    let written = item.datetime(right)?;
    match (written.date, written.time) {
        (None, Some(t)) if t.second.unwrap_or(0) == 0 && t.nanosecond.unwrap_or(0) == 0 => {
            Ok(u16::from(t.hour) * 60 + u16::from(t.minute))
        }
        (None, Some(_)) => Err(Wrong::new("the timetable goes by whole minutes", "leave the seconds out")),
        _ => Err(Wrong::new("this is not a time of day", right)),
    }
}

/// The moment something ends, in milliseconds since 1970: a date holds to its end, a time without a zone is the school's.
pub(super) fn end(item: &Item, zone: &TimeZone) -> Result<i64, Wrong> {
    let right = "a date such as 2026-12-18, or a date and time such as 2026-12-18T15:30:00";
    let written = item.datetime(right)?;
    let no_moment = || Wrong::new("this is not a moment of the calendar", right);
    let date = date_of(written.date.ok_or_else(no_moment)?)?;
    let time = match written.time {
        None => {
            let next = date.tomorrow().map_err(|_| no_moment())?;
            return next.to_zoned(zone.clone()).map(|z| z.timestamp().as_millisecond()).map_err(|_| no_moment());
        }
        // A leap second is the last one: nobody ends anything at one.
        Some(t) => jiff::civil::Time::new(t.hour as i8, t.minute as i8, t.second.unwrap_or(0).min(59) as i8, 0),
    };
    let local = date.to_datetime(time.map_err(|_| no_moment())?);
    let zone = match written.offset {
        None => zone.clone(),
        Some(toml::value::Offset::Z) => TimeZone::UTC,
        Some(toml::value::Offset::Custom { minutes }) => {
            let offset = jiff::tz::Offset::from_seconds(i32::from(minutes) * 60).map_err(|_| no_moment())?;
            TimeZone::fixed(offset)
        }
    };
    local.to_zoned(zone).map(|z| z.timestamp().as_millisecond()).map_err(|_| no_moment())
}

fn date_of(date: toml::value::Date) -> Result<Date, Wrong> {
    let read = || Date::new(i16::try_from(date.year).ok()?, date.month as i8, date.day as i8).ok();
    read().ok_or_else(|| Wrong::new("there is no such day", "a day of the calendar, such as 2026-09-02"))
}

/// Days since 1970-01-01.
pub(super) fn day_of(date: Date) -> Day {
    let since = jiff::civil::date(1970, 1, 1).until((jiff::Unit::Day, date));
    Day(since.map_or(0, |s| s.get_days()))
}

/// The day as a date, to print it.
pub(super) fn date(day: Day) -> Date {
    jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(i64::from(day.0).clamp(-700_000, 2_900_000)))
}
