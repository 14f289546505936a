//! Passes that staff open on the page: by the rules of the command, in their own name, which is no leader's.

use super::Handler;
use crate::app::entries::Hand;
use crate::app::passes::{self, Refusal, WrittenPass};
use crate::app::{entries, overlay};
use crate::gate::Snapshot;
use crate::gate::control::NewPass;
use crate::gate::staffroom::{OwnPass, Refused, Staffroom, in_staffroom};
use crate::words::PersonId;

/// Most passes that one person has open on the page: nobody's take the room of all others'.
const MOST_OWN: usize = 20;

/// Why one was taken back, where nobody is asked why.
const TAKEN_BACK: &str = "closed in the staffroom by who opened it";

impl Handler {
    /// Makes a change in the name of somebody of the staff, of the passes they have.
    fn staff_changed<T>(
        &self,
        person: PersonId,
        change: impl FnOnce(&Snapshot, Hand, Vec<WrittenPass>) -> Result<T, Refusal>,
    ) -> Result<T, Refused> {
        let _one: std::sync::MutexGuard<'_, entries::Kept> = self.one();
        let (now, now_ms) = (self.gate.snapshot(), self.gate.clock.unix_ms());
        let by = in_staffroom(now.staff(person).ok_or(Refused::NotStaff)?);
        let own = own(&now, &by, now_ms)?;
        change(&now, Hand { by: &by, now_ms }, own).map_err(|refusal| {
            let kind = refusal.kind;
            if kind == Refused::NotKept {
                told(&String::from(refusal));
            }
            kind
        })
    }
}

fn own(now: &Snapshot, by: &str, now_ms: i64) -> Result<Vec<WrittenPass>, Refused> {
    let all = passes::list(&now.config, now_ms).map_err(|fault| {
        told(&fault);
        Refused::NotKept
    })?;
    Ok(all.into_iter().filter(|pass| pass.by == by).collect())
}

fn told(fault: &str) {
    tracing::error!(fault, "what was done in the staffroom met a fault");
}

impl Staffroom for Handler {
    fn open(&self, person: PersonId, new: &NewPass) -> Result<(), Refused> {
        self.staff_changed(person, |now, hand, own| {
            if own.len() >= MOST_OWN {
                return Err(Refusal::of(Refused::Full));
            }
            let enforce = |all| overlay::passes(&self.gate, all);
            passes::open(now, new, hand, enforce, |before| self.put_back(before)).map(drop)
        })
    }

    fn revoke(&self, person: PersonId, id: u16) -> Result<(), Refused> {
        self.staff_changed(person, |now, hand, own| {
            if !own.iter().any(|pass| pass.id == id) {
                return Err(Refusal::of(Refused::Gone));
            }
            let enforce = |all| overlay::passes(&self.gate, all);
            Ok(passes::revoke(now, (id, TAKEN_BACK), hand, enforce, |before| self.put_back(before)).map(drop)?)
        })
    }

    fn opened_by(&self, person: PersonId) -> Result<Vec<OwnPass>, Refused> {
        let now = self.gate.snapshot();
        let by = in_staffroom(now.staff(person).ok_or(Refused::NotStaff)?);
        let shown = |pass: WrittenPass| OwnPass {
            id: pass.id,
            what: pass.what,
            whom: pass.whom,
            until_ms: pass.until_ms,
            reason: pass.reason,
            waits: pass.waits,
        };
        Ok(own(&now, &by, self.gate.clock.unix_ms())?.into_iter().map(shown).collect())
    }
}
