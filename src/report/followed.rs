//! What people did about the matters: marks, signatures, incidents, from the casebook.

use super::calendar::date_and_time;
use super::plain::shown;
use super::week::{BOXES, IncidentLine, MarkLine, Matter, SignedLine};
use super::world::World;
use crate::casebook::{Incident, Role, SignOff};
use jiff::tz::TimeZone;

/// A matter with the last word on it, or with that of an earlier week which still holds.
pub fn marked(mut matter: Matter, world: &World) -> Matter {
    let when = |ms: i64| date_and_time(ms, world.zone);
    let reference = &matter.reference;
    let settled = world.marks.settled(&reference.id, reference.concerns, reference.gravity);
    let mark = world.marks.of(&reference.id, reference.concerns).or(settled).map(|mark| MarkLine::of(mark, when(mark.when_ms)));
    (matter.settled, matter.mark) = (settled.is_some(), mark);
    matter
}

pub fn signed(signed: &[SignOff], zone: &TimeZone) -> Vec<SignedLine> {
    let [dsl, ict] = BOXES;
    let line = |s: &SignOff| SignedLine {
        who_signs: if s.role == Role::Ict { ict } else { dsl },
        who: shown(&s.who),
        role: s.role.title(),
        when: date_and_time(s.when_ms, zone),
        record: s.number,
    };
    signed.iter().map(line).collect()
}

pub fn incidents(world: &World) -> Vec<IncidentLine> {
    let line = |i: &Incident| IncidentLine {
        number: i.number,
        happened: shown(i.fields.date.as_deref().unwrap_or_default()),
        category: shown(i.fields.category.as_deref().unwrap_or_default()),
        opened: date_and_time(i.opened_ms(), world.zone),
        last: date_and_time(i.last_ms(), world.zone),
        closed: i.closed,
    };
    world.incidents.iter().map(line).collect()
}
