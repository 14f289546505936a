//! What could not wait for the report, and who has seen it.

use super::calendar::Calendar;
use super::plain::shown;
use super::themes::theme;
use super::week::AlertLine;
use super::world::{AlertFact, World};

/// The alerts of the week. `None`: none are sent.
pub fn alerts(calendar: &mut Calendar, world: &World) -> Option<Vec<AlertLine>> {
    let mut line = |alert: &AlertFact| {
        let mut at = |ms| calendar.day_and_time(ms);
        let told = alert.told_ms.map(|ms| format!("{}{}", at(ms), if alert.deputy { ", and the deputy after that" } else { "" }));
        AlertLine {
            number: alert.number,
            tier: if alert.critical { "critical" } else { "high" },
            title: theme(&alert.theme).map_or_else(|| shown(&alert.theme), |theme| theme.title.to_owned()),
            whose: shown(&alert.whose),
            first: at(alert.first_ms),
            times: alert.times,
            told,
            acknowledged: alert.acknowledged.as_ref().map(|(by, ms)| format!("by {}, {}", shown(by), at(*ms))),
        }
    };
    world.alerts.as_ref().map(|alerts| alerts.iter().map(&mut line).collect())
}
