//! When somebody is told: at once, with the next digest, in quiet hours by another way.

use crate::config::Alerts;
use crate::journal::week::timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Whether this is in the quiet hours.
pub fn is_quiet(alerts: &Alerts, zone: &TimeZone, at_ms: i64) -> bool {
    let Some((from, until)) = alerts.quiet else { return false };
    let local = timestamp(at_ms).to_zoned(zone.clone());
    let minute = local.hour() as u16 * 60 + local.minute() as u16;
    if from <= until { (from..until).contains(&minute) } else { minute >= from || minute < until }
}

/// The first digest after this moment that is not in the quiet hours; at once, if there is none.
pub fn next_digest(alerts: &Alerts, zone: &TimeZone, after_ms: i64) -> i64 {
    let today = timestamp(after_ms).to_zoned(zone.clone()).date();
    let at = |day: Date, minute: u16| {
        let local = day.at((minute / 60).min(23) as i8, (minute % 60) as i8, 0, 0).to_zoned(zone.clone());
        local.map_or(after_ms, |at| at.timestamp().as_millisecond())
    };
    let days = [today, today.saturating_add(1.day()), today.saturating_add(2.days())];
    let mut times = days.into_iter().flat_map(|day| alerts.digests.iter().map(move |minute| at(day, *minute)));
    times.find(|time| *time > after_ms && !is_quiet(alerts, zone, *time)).unwrap_or(after_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alerts(quiet: Option<(u16, u16)>) -> Alerts {
        Alerts {
            digests: vec![720, 900],
            quiet,
            out_of_hours: Vec::new(),
            deputy: Vec::new(),
            deputy_after: 15,
            it: Vec::new(),
            webhook: None,
        }
    }

    fn ms(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().expect("a time").as_millisecond()
    }

    #[test]
    fn a_digest_is_the_next_of_the_day_in_local_time_and_never_in_quiet_hours() {
        let zone = TimeZone::get("Europe/London").expect("a zone");
        for (quiet, after, at) in [
            (None, "2026-11-23T09:00:00Z", "2026-11-23T12:00:00Z"),
            (None, "2026-11-23T12:00:00Z", "2026-11-23T15:00:00Z"),
            (None, "2026-11-23T16:00:00Z", "2026-11-24T12:00:00Z"),
            (None, "2026-07-01T09:00:00Z", "2026-07-01T11:00:00Z"), // summer time
            (Some((870, 480)), "2026-11-23T12:30:00Z", "2026-11-24T12:00:00Z"),
        ] {
            assert_eq!(next_digest(&alerts(quiet), &zone, ms(after)), ms(at), "{after}");
        }
    }

    #[test]
    fn quiet_hours_may_go_over_midnight() {
        let zone = TimeZone::UTC;
        let night = alerts(Some((18 * 60, 7 * 60)));
        for (at, quiet) in [("17:59", false), ("18:00", true), ("03:00", true), ("06:59", true), ("07:00", false)] {
            assert_eq!(is_quiet(&night, &zone, ms(&format!("2026-11-23T{at}:00Z"))), quiet, "{at}");
        }
    }
}
