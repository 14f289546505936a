use super::*;

fn address(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

/// How many in a row are taken before one must wait, and how long that is.
fn taken(attempts: &Attempts, mut who: impl FnMut(u32) -> (String, IpAddr), now_ms: u64) -> (u32, u64) {
    for count in 0..1000 {
        let (name, client) = who(count);
        if let Err(Wait { seconds }) = attempts.begin(&name, client, now_ms).map(drop) {
            return (count, seconds);
        }
    }
    panic!("nobody was slowed");
}

#[test]
fn who_guesses_waits_twice_as_long_each_time_and_a_quarter_of_an_hour_at_most() {
    let attempts = Attempts::default();
    let mut now = 1_000_000;
    assert_eq!(taken(&attempts, |_| ("k.jones".into(), address(1)), now), (5, 2));
    for seconds in [4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
        let begun = attempts.begin("k.jones", address(1), now).map(drop);
        let Err(wait) = begun else { panic!("it was too soon") };
        now += wait.seconds * 1000;
        drop(attempts.begin("k.jones", address(1), now).expect("the time is over"));
        assert_eq!(attempts.begin("K.Jones ", address(1), now).map(drop), Err(Wait { seconds }));
    }
    // Others at other addresses are not held up, nor is their neighbour.
    attempts.begin("p0412", address(2), now).expect("free").right();
    attempts.begin("p0412", address(1), now).expect("free").right();
}

#[test]
fn nobody_can_lock_somebody_else_out_for_long() {
    let attempts = Attempts::default();
    let mut now = 0;
    for times in 0..200 {
        let client = IpAddr::from([10, 1, (times / 4) as u8, 1]);
        while let Err(wait) = attempts.begin("head", client, now).map(drop) {
            now += wait.seconds * 1000;
        }
    }
    let Err(wait) = attempts.begin("head", address(9), now).map(drop) else { panic!("200 were wrong just now") };
    assert!(wait.seconds <= 60, "{wait}");
}

#[test]
fn one_address_that_tries_names_waits_and_so_does_one_that_has_a_whole_ipv6_network() {
    let attempts = Attempts::default();
    let names = |n: u32| format!("p{n:04}");
    assert_eq!(taken(&attempts, |n| (names(n), address(1)), 0), (40, 1));
    let hop = |n: u32| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n as u16 + 1]);
    assert_eq!(taken(&attempts, |n| (names(n + 500), hop(n)), 0), (40, 1));
    assert!(attempts.begin("p9", IpAddr::from([0x2001, 0xdb8, 0, 2, 0, 0, 0, 1]), 0).is_ok());
}

#[test]
fn a_right_password_begins_anew_and_what_was_not_checked_does_not_count() {
    let attempts = Attempts::default();
    for _ in 0..100 {
        for _ in 0..4 {
            drop(attempts.begin("p1", address(1), 0).expect("four go free"));
        }
        attempts.begin("p1", address(1), 0).expect("so does the fifth").right();
        if attempts.failed.lock().unwrap().values().any(|f| f.times >= 16) {
            break;
        }
    }
    let attempts = Attempts::default();
    for _ in 0..1000 {
        attempts.begin("p1", address(1), 0).expect("nothing was checked").not_made();
    }
    assert!(attempts.failed.lock().unwrap().is_empty());
    // Many at once are not free: each counts from when it begins.
    let under_way: Vec<_> = (0..5).map(|_| attempts.begin("p1", address(1), 0).expect("free")).collect();
    assert!(attempts.begin("p1", address(1), 0).is_err());
    under_way.into_iter().for_each(Attempt::right);
    assert!(attempts.begin("p1", address(1), 0).is_ok());
}

#[test]
fn what_was_wrong_is_forgotten_and_no_crowd_fills_the_memory() {
    let attempts = Attempts::default();
    assert_eq!(taken(&attempts, |_| ("p1".into(), address(1)), 0), (5, 2));
    assert_eq!(taken(&attempts, |_| ("p1".into(), address(1)), FORGOTTEN_MS + 1), (5, 2));
    let later = 2 * FORGOTTEN_MS;
    for n in 0..50_000u32 {
        let client = IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a01_0000 + n));
        drop(attempts.begin(&n.to_string(), client, later + u64::from(n)));
        assert!(attempts.failed.lock().unwrap().len() <= MOST);
    }
    // Who is at it now is among those that are kept.
    let held = |at| taken(&attempts, |_| ("p1".into(), address(1)), at);
    assert_eq!((held(later + 50_000), held(later + 50_001)), ((5, 2), (0, 2)));
}
