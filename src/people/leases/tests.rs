use super::*;
use crate::people::roster::Here;
use crate::words::{DeviceId, Mac, PersonId};
use std::time::{Duration, Instant};

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn mac_at(roster: &Roster, address: &str) -> Option<String> {
    roster.look_up(ip(address)).and_then(|here| here.mac).map(|mac| mac.to_string())
}

/// Turns until this is so; as the keeper does, when the kernel tells of a change.
fn until(leases: &mut Leases, roster: &Roster, what: impl Fn(&Roster) -> bool) -> Duration {
    let began = Instant::now();
    while !what(roster) {
        assert!(began.elapsed() < Duration::from_secs(10), "it does not come");
        leases.turn(roster, Now::read());
        std::thread::sleep(Duration::from_millis(2));
    }
    began.elapsed()
}

fn far() -> i64 {
    Now::read().unix_ms / 1000 + 3600
}

#[test]
fn a_file_that_changes_in_place_or_is_replaced_is_read_anew_and_one_that_comes_later_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, next) = (folder.path().join("dnsmasq.leases"), folder.path().join("next"));
    let mut leases = Leases::new(vec![LeaseFile { path: path.clone(), format: Format::Dnsmasq }]);
    let roster = Roster::default();
    leases.turn(&roster, Now::read());
    let line = |mac: u8, last: u8| format!("{} 3c:22:fb:00:00:{mac:02x} 10.20.1.{last} * *\n", far());
    std::fs::write(&path, line(5, 5)).expect("written");
    until(&mut leases, &roster, |r| mac_at(r, "10.20.1.5").as_deref() == Some("3c:22:fb:00:00:05"));
    // As dnsmasq writes it.
    std::fs::write(&path, line(6, 5) + &line(7, 7)).expect("written");
    until(&mut leases, &roster, |r| mac_at(r, "10.20.1.5").as_deref() == Some("3c:22:fb:00:00:06"));
    assert!(mac_at(&roster, "10.20.1.7").is_some());
    // As the others do; what it says no more is over.
    std::fs::write(&next, line(8, 8)).expect("written");
    std::fs::rename(&next, &path).expect("renamed");
    let took = until(&mut leases, &roster, |r| mac_at(r, "10.20.1.8").is_some());
    assert!(took < Duration::from_millis(1500), "{took:?}");
    assert_eq!((mac_at(&roster, "10.20.1.5"), mac_at(&roster, "10.20.1.7")), (None, None));
    // A server that starts anew has not given anybody's address away.
    std::fs::remove_file(&path).expect("removed");
    for _ in 0..50 {
        leases.turn(&roster, Now::read());
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(mac_at(&roster, "10.20.1.8").is_some());
}

#[test]
fn a_lease_ends_and_a_name_is_a_label_and_no_person() {
    let roster = Roster::default();
    roster.know(std::iter::once(("laptop-5", PersonId(5))), std::iter::once(("Laptop-5", DeviceId(50))));
    let now = Now { unix_ms: 1_795_000_000_000, boot_ms: 1_000_000 };
    let lease = |last: u8, name: Option<&str>, until| {
        let mac = Mac::of([0x3c, 0x22, 0xfb, 0, 0, last]).expect("a MAC");
        (ip(&format!("10.20.1.{last}")), Lease { mac, name: name.map(str::to_owned), until })
    };
    let all = [
        lease(5, Some("laptop-5.school.example"), Some(1_795_000_060)),
        lease(6, Some("somebody"), None),
        lease(7, None, Some(1_794_999_999)),
        lease(8, Some("a8"), Some(i64::MAX)),
        lease(9, Some("a9"), Some(i64::MIN)),
    ];
    tell(&roster, 0, all.into_iter().collect(), now);
    let here = |last: u8| roster.look_up(ip(&format!("10.20.1.{last}")));
    let labelled = here(5).expect("known");
    assert_eq!((labelled.label, labelled.sitting), (Some(DeviceId(50)), None));
    assert!(here(6).is_some_and(|h: Here| h.label.is_none()) && here(7).is_none() && here(8).is_some() && here(9).is_none());
    roster.sweep(Now { boot_ms: now.boot_ms + 60_000, ..now });
    assert_eq!(here(5), None);
}

#[test]
fn keas_files_of_before_a_clean_up_are_read_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kea-leases4.csv");
    let roster = Roster::default();
    let file = |name: &str, rows: &[(u8, &str)]| {
        let rows = rows.iter().map(|(last, life)| format!("10.20.1.{last},3c:22:fb:00:00:{last:02x},{life},{},,0\n", far()));
        let text = "address,hwaddr,valid_lifetime,expire,hostname,state\n".to_owned() + &rows.collect::<String>();
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    file("kea-leases4.csv.2", &[(5, "3600"), (6, "3600")]);
    file("kea-leases4.csv.1", &[(6, "0"), (7, "3600")]);
    file("kea-leases4.csv", &[(5, "0"), (8, "3600")]);
    Leases::new(vec![LeaseFile { path, format: Format::Kea }]).turn(&roster, Now::read());
    let known = [5, 6, 7, 8].map(|last| mac_at(&roster, &format!("10.20.1.{last}")).is_some());
    assert_eq!(known, [false, false, true, true]);
}
