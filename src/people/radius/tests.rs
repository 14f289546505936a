use super::sessions::{ENDED_MS, STALE_S};
use super::*;
use crate::people::roster::{Roster, Sitting};
use crate::wire::radius::tests::packet;
use crate::words::{Confidence, Known, Network, PersonId};
use std::sync::atomic::Ordering::Relaxed;

const SECRET: &[u8] = b"a secret of the wireless";
const MINUTE: u64 = 60_000;

/// An access point that tells what happens, at a roster.
struct Stand {
    sessions: Sessions,
    roster: Roster,
    ms: u64,
    /// Each packet is another one.
    told: u32,
}

const FIRST: [u8; 4] = [10, 20, 0, 2];
const OTHER: [u8; 4] = [10, 20, 0, 3];

impl Stand {
    fn new() -> Self {
        let client = |name: &str, address: [u8; 4], secret: &[u8]| Client {
            name: name.into(),
            from: vec![Network::parse(&IpAddr::from(address).to_string()).expect("an address")],
            secret: secret.to_vec(),
            silent_ms: 30 * MINUTE,
        };
        let roster = Roster::default();
        roster.know([("ann", PersonId(1)), ("ben", PersonId(2))].into_iter(), std::iter::empty());
        let sessions = Sessions::new(vec![client("ap", FIRST, SECRET), client("other", OTHER, b"another secret")]);
        Self { sessions, roster, ms: 10_000_000, told: 0 }
    }

    fn now(&self) -> Now {
        Now { unix_ms: 1_795_000_000_000 + self.ms as i64, boot_ms: self.ms }
    }

    fn wait(&mut self, ms: u64) {
        self.ms += ms;
        self.roster.sweep(self.now());
    }

    fn send(&mut self, from: [u8; 4], datagram: &[u8]) -> bool {
        self.sessions.take(datagram, from.into(), &self.roster, self.now()).is_some()
    }

    /// `status` of RFC 2866: 1 Start, 2 Stop, 3 Interim-Update, 7 Accounting-On.
    fn tell(&mut self, status: u8, user: &str, session: &str, mac: Option<&str>, address: Option<[u8; 4]>) -> Vec<u8> {
        self.told += 1;
        let (told, status) = (self.told.to_be_bytes(), [0, 0, 0, status]);
        let mut attributes: Vec<(u8, &[u8])> = vec![(1, user.as_bytes()), (40, &status), (44, session.as_bytes()), (46, &told)];
        attributes.extend(mac.as_ref().map(|mac| (31, mac.as_bytes())));
        attributes.extend(address.as_ref().map(|address| (8, &address[..])));
        let packet = packet(SECRET, &attributes, self.told.is_multiple_of(2));
        assert!(self.send(FIRST, &packet), "every one that is believed is answered");
        packet
    }

    fn at(&self, last: u8) -> Option<Sitting> {
        self.roster.look_up([10, 20, 1, last].into()).and_then(|here| here.sitting)
    }

    fn who(&self, last: u8) -> Option<u32> {
        self.at(last).map(|sitting| sitting.person.0)
    }
}

const PHONE: Option<&str> = Some("3A-22-FB-00-00-05");

#[test]
fn a_phone_that_roams_with_a_private_mac_is_its_owners_while_it_is_there() {
    let mut stand = Stand::new();
    stand.tell(1, "ann", "s1", PHONE, Some([10, 20, 1, 5]));
    let sitting = stand.at(5).expect("known");
    let since = stand.now().since();
    assert_eq!((sitting.person, sitting.known, sitting.sure), (PersonId(1), Known::Radius, Confidence::High));
    assert!(stand.roster.look_up([10, 20, 1, 5].into()).and_then(|h| h.mac).is_some_and(|mac| mac.is_randomised()));
    for _ in 0..6 {
        stand.wait(10 * MINUTE);
        stand.tell(3, "ann", "s1", PHONE, Some([10, 20, 1, 5]));
    }
    assert_eq!(stand.at(5).and_then(|s| s.since), since, "since she came, not since the last word of it");
    // It goes to another access point, and gets another address; the Stop of the first comes late.
    stand.wait(MINUTE);
    stand.tell(1, "ann", "s2", PHONE, Some([10, 20, 1, 6]));
    stand.tell(2, "ann", "s1", PHONE, None);
    assert_eq!(stand.who(6), Some(1));
    stand.tell(2, "ann", "s2", PHONE, None);
    assert_eq!((stand.who(5), stand.who(6)), (None, None));
}

#[test]
fn a_stop_that_is_lost_ends_with_the_time_or_with_whoever_comes_next() {
    let mut stand = Stand::new();
    stand.tell(1, "ann", "s1", PHONE, Some([10, 20, 1, 5]));
    stand.wait(30 * MINUTE);
    assert_eq!(stand.who(5), None, "nothing was heard for thirty minutes");
    stand.tell(1, "ann", "s2", PHONE, Some([10, 20, 1, 5]));
    stand.tell(1, "ben", "s3", PHONE, Some([10, 20, 1, 5]));
    let sitting = stand.at(5).expect("known");
    assert_eq!((sitting.person, sitting.sure), (PersonId(2), Confidence::High), "one session a device");
    // Another access point, which has not noticed that she left, goes on speaking of her.
    stand.tell(3, "ann", "s2", PHONE, None);
    assert_eq!(stand.who(5), Some(2));
    // A machine that signs in as itself is nobody's.
    stand.tell(1, "host/pc1.school.example", "s4", PHONE, Some([10, 20, 1, 5]));
    assert_eq!(stand.who(5), None);
    assert_eq!(stand.roster.radius.unknown.load(Relaxed), 1);
}

#[test]
fn a_server_that_dies_and_returns_takes_its_sessions_along_and_brings_them_back() {
    let mut stand = Stand::new();
    stand.tell(1, "ann", "s1", PHONE, Some([10, 20, 1, 5]));
    stand.tell(1, "ben", "s2", Some("3c:22:fb:00:00:06"), Some([10, 20, 1, 6]));
    // It dies without a word: who was there is believed for as long as an interim may be away, and no longer.
    stand.wait(29 * MINUTE);
    assert_eq!((stand.who(5), stand.who(6)), (Some(1), Some(2)));
    stand.wait(MINUTE);
    assert_eq!((stand.who(5), stand.who(6)), (None, None));
    // It returns in the middle of a session: the Start was another's.
    stand.tell(3, "ann", "s1", PHONE, Some([10, 20, 1, 5]));
    assert_eq!(stand.who(5), Some(1));
    // It says that it has begun anew.
    stand.tell(7, "", "", None, None);
    assert_eq!(stand.who(5), None);
}

#[test]
fn a_start_that_was_held_up_behind_its_stop_brings_nobody_back() {
    let mut stand = Stand::new();
    stand.tell(2, "ann", "s1", PHONE, None);
    stand.tell(1, "ann", "s1", PHONE, Some([10, 20, 1, 5]));
    assert_eq!(stand.who(5), None);
    stand.wait(ENDED_MS + 1);
    stand.tell(1, "ann", "s1", PHONE, Some([10, 20, 1, 5]));
    assert_eq!(stand.who(5), Some(1), "some count their sessions anew when they start");
}

#[test]
fn what_is_forged_foreign_or_recorded_is_believed_by_nobody_and_counted() {
    let mut stand = Stand::new();
    let recorded = stand.tell(1, "ann", "s1", PHONE, Some([10, 20, 1, 5]));
    stand.tell(2, "ann", "s1", PHONE, None);
    assert!(stand.send(FIRST, &recorded), "its sender may not have heard the answer");
    assert_eq!(stand.who(5), None, "and it changes nothing");
    let start = [(1, &b"ann"[..]), (40, &[0, 0, 0, 1]), (44, b"f"), (31, b"3c:22:fb:00:00:07"), (8, &[10, 20, 1, 7])];
    assert!(!stand.send(FIRST, &packet(b"guessed secret", &start, false)));
    assert!(!stand.send(OTHER, &packet(SECRET, &start, false)), "the secret of another");
    assert!(!stand.send([10, 20, 0, 4], &packet(SECRET, &start, false)), "a foreign address");
    assert!(!stand.send(FIRST, b"no packet"));
    assert_eq!(stand.who(7), None);
    let tally = &stand.roster.radius;
    let counts = [&tally.believed, &tally.forged, &tally.foreign, &tally.dropped].map(|count| count.load(Relaxed));
    assert_eq!(counts, [2, 2, 1, 1]);
    // By its own clock it is of long ago.
    let at = |seconds: u32| seconds.to_be_bytes();
    let timed = |at: &[u8]| {
        let mut start = start.to_vec();
        start.push((55, at));
        packet(SECRET, &start, false)
    };
    let (old, new) = (timed(&at(1_000_000)), timed(&at(1_000_001 + STALE_S)));
    assert!(stand.send(FIRST, &new) && !stand.send(FIRST, &old));
}

#[test]
fn after_a_reload_its_sessions_are_still_known() {
    let mut stand = Stand::new();
    stand.tell(1, "ann", "s1", PHONE, Some([10, 20, 1, 5]));
    let start = stand.tell(1, "ben", "s2", None, Some([10, 20, 1, 6]));
    let reload = |stand: &mut Stand| {
        let anew = Stand::new().sessions;
        let mut before = std::mem::replace(&mut stand.sessions, anew);
        // Its senders stand in another order now.
        before.swap();
        stand.sessions.take_over(before);
    };
    reload(&mut stand);
    assert_eq!((stand.who(5), stand.who(6)), (Some(1), Some(2)));
    stand.tell(2, "ben", "s2", None, None);
    assert_eq!(stand.who(6), None, "where it was is remembered");
    assert!(stand.send(FIRST, &start));
    assert_eq!(stand.who(6), None, "what comes twice changes nothing");
    reload(&mut stand);
    stand.tell(8, "", "", None, None);
    assert_eq!(stand.who(5), None, "an Accounting-Off ends what was begun before the reload");
}

#[test]
fn without_a_mac_it_is_the_address() {
    let mut stand = Stand::new();
    stand.tell(1, "ann", "s1", None, Some([10, 20, 1, 5]));
    assert_eq!(stand.who(5), Some(1));
    stand.tell(2, "ann", "s1", None, None);
    assert_eq!(stand.who(5), None, "where it was is remembered");
}

#[test]
fn a_secret_is_a_line_of_a_file_and_not_too_short() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    assert!(secret(&file).is_err_and(|said| said.contains("cannot be read")));
    for (text, expected) in [("long enough\n", true), ("long enough\r\nmore", true), ("short\n", false), ("", false)] {
        std::fs::write(&file, text).expect("written");
        match secret(&file) {
            Ok(secret) => assert!(expected && secret == b"long enough", "{text:?}"),
            Err(said) => assert!(!expected && !said.contains("short\n") && said.contains("one line of 8 to 256"), "{said}"),
        }
    }
}
