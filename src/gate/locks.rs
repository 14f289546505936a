//! Who is held to less than their profile: whose access is switched off, who is in an exam, who has not signed in.

use super::Snapshot;
use crate::policy::{Exam, Lock};
use crate::words::{Moment, PersonId, Who};
use std::sync::Arc;

/// Whose access is switched off, a bit a person: asked of every request. A clone shares it.
#[derive(Debug, Clone, Default)]
pub struct Withheld(Arc<[u64]>);

impl FromIterator<PersonId> for Withheld {
    fn from_iter<I: IntoIterator<Item = PersonId>>(persons: I) -> Self {
        let mut bits = Vec::new();
        for PersonId(id) in persons {
            let place = (id / 64) as usize;
            if place >= bits.len() {
                bits.resize(place + 1, 0);
            }
            bits[place] |= 1 << (id % 64);
        }
        Self(bits.into())
    }
}

impl Withheld {
    #[inline]
    pub fn holds(&self, PersonId(id): PersonId) -> bool {
        self.0.get((id / 64) as usize).is_some_and(|bits| bits & (1 << (id % 64)) != 0)
    }
}

impl Snapshot {
    /// What they are held to at this moment; `None`: their profile.
    #[inline]
    pub fn lock(&self, who: &Who, moment: &Moment) -> Option<Lock<'_>> {
        if who.person.is_some_and(|person| self.withheld.holds(person)) {
            return Some(Lock::Withdrawn);
        }
        if let Some(exam) = self.exam(who, moment) {
            return Some(Lock::Exam(&exam.allow));
        }
        if who.person.is_some() {
            return None;
        }
        let garden = self.config.policy.network(who.network)?.garden.as_deref()?;
        Some(Lock::SignIn(garden))
    }

    /// Whether they are led to where people sign in: nobody is known, on a network that has a portal.
    #[inline]
    pub fn is_to_sign_in(&self, who: &Who) -> bool {
        let portal = &self.config.portal;
        !portal.networks.is_empty() && who.person.is_none() && !who.is_many() && portal.ways(who.network).is_some()
    }

    /// The exam they are in.
    pub fn exam(&self, who: &Who, moment: &Moment) -> Option<&Exam> {
        self.config.policy.exams.holding(who, moment.unix_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_is_one_person() {
        let withheld: Withheld = [1, 64, 200].into_iter().map(PersonId).collect();
        for id in 0..400 {
            assert_eq!(withheld.holds(PersonId(id)), [1, 64, 200].contains(&id), "{id}");
        }
        assert!(!Withheld::default().holds(PersonId(0)) && !withheld.holds(PersonId(u32::MAX)));
    }
}
