//! Who is held to less than their profile: whose access is switched off, who is in an exam, who has not signed in.

use super::Snapshot;
use crate::policy::{Exam, Lock};
use crate::words::{Moment, Who};

impl Snapshot {
    /// What they are held to at this moment; `None`: their profile.
    #[inline]
    pub fn lock(&self, who: &Who, moment: &Moment) -> Option<Lock<'_>> {
        if who.person.is_some_and(|person| self.withheld.contains(person)) {
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

    /// The exam they are in. Who asks over IPv6 is in the room where an IPv4 address of the device is: a room's ranges are
    /// seldom written in both, and a device that was given a new address has its old one for a while.
    pub fn exam(&self, who: &Who, moment: &Moment) -> Option<&Exam> {
        let address = who.client.ip();
        let here = || self.register.roster().look_up(address).filter(|_| address.is_ipv6());
        let v4 = || here().map_or([None; 2], |here| here.v4);
        self.config.policy.exams.holding(who, v4, moment.unix_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::school::School;
    use crate::people::roster::{Bound, Now, Teller};
    use crate::policy::Whom;
    use crate::words::{ClientAddr, Mac, Network};
    use std::net::IpAddr;

    #[test]
    fn an_exam_of_a_room_holds_a_device_on_addresses_outside_its_ranges() {
        let school = School::with("");
        let mut next = Snapshot::clone(&school.gate.snapshot());
        let (now, exam) = (school.gate.clock.now(&next.config.school.zone), |name: &str| name.to_owned());
        next.config.policy.exams = crate::policy::Exams::new([Exam {
            id: 1,
            whom: Whom::Room([Network::parse("127.0.5.0/24").expect("a range")].into()),
            from_ms: now.unix_ms - 1000,
            until_ms: now.unix_ms + 1000,
            allow: vec![],
            by: exam("the exams officer"),
            reason: exam("GCSE paper 1"),
        }]);
        let roster = next.register.roster().clone();
        school.gate.swap(next);
        let (mac, at) = (Mac::parse("3c:22:fb:00:00:01").expect("a MAC"), Now { unix_ms: now.unix_ms, boot_ms: 1 });
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let is_at = |address: &str| {
            let bound = Bound { mac, by: 0, until_ms: None };
            roster.change(at, |book| book.bind(ip(address), Teller::Neighbour, bound));
        };
        let is_held = |address: &str| {
            let visit = school.gate.visit(ClientAddr::new(ip(address))).expect("ours");
            matches!(visit.lock(), Some(Lock::Exam(_)))
        };
        assert!(is_held("127.0.5.1") && !is_held("127.0.6.1") && !is_held("::1"));
        is_at("::1");
        assert!(!is_held("::1"), "a device that is nowhere else");
        is_at("127.0.5.1");
        assert!(is_held("::1"));
        is_at("127.0.6.1");
        assert!(is_held("::1"), "it has two, and one is in the room");
        roster.change(at, |book| book.unbind(ip("127.0.5.1"), Teller::Neighbour));
        assert!(!is_held("::1"), "it was carried into another room");
    }
}
