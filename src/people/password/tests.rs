use super::*;
use std::collections::HashSet;
use std::sync::Arc;

#[test]
fn a_password_is_kept_as_argon2id_with_a_salt_of_its_own_and_known_again() {
    let (one, two) = (hash("cat sun hat").expect("kept"), hash("cat sun hat").expect("kept"));
    assert!(one.starts_with("argon2id$19456$2$") && one != two && !one.contains("cat"));
    let checks = Checks::new(1);
    for (typed, kept, right) in [
        ("cat sun hat", Some(one.as_str()), true),
        ("cat sun hat", Some(&two), true),
        ("cat sun mat", Some(&one), false),
        ("", Some(&one), false),
        ("cat sun hat", None, false),
        ("cat sun hat", Some("argon2id$19456$2$00$00"), false),
        ("cat sun hat", Some("argon2id$4000000000$2$00$00"), false),
        ("cat sun hat", Some("plain$cat sun hat"), false),
        (&"x".repeat(MAX_PASSWORD + 1), Some(&one), false),
    ] {
        assert_eq!(checks.check(typed, kept), Ok(right), "{typed} {kept:?}");
    }
}

#[test]
fn eight_wait_for_the_one_that_is_checked_and_the_next_is_refused() {
    let checks = Arc::new(Checks::new(1));
    let kept = hash("right").expect("kept");
    // As if one were being checked, for as long as this test wants.
    checks.state.lock().expect("free").running = 1;
    let waiting: Vec<_> = (0..WAITING)
        .map(|_| {
            let (checks, kept) = (checks.clone(), kept.clone());
            std::thread::spawn(move || checks.check("right", Some(&kept)))
        })
        .collect();
    while checks.state.lock().expect("free").waiting < WAITING {
        std::thread::yield_now();
    }
    assert_eq!(checks.check("right", Some(&kept)), Err(Busy));
    drop(Running(&checks));
    for one in waiting {
        assert_eq!(one.join().expect("it ends"), Ok(true));
    }
    assert_eq!(checks.check("right", Some(&kept)), Ok(true), "and there is room again");
    assert_eq!((at_once(1 << 30, 4), at_once(4 << 30, 2), at_once(64 << 30, 16), at_once(0, 0)), (1, 2, 4, 1));
}

#[test]
fn the_youngest_get_short_words_and_others_more() {
    assert_eq!(words::SHORT.iter().collect::<HashSet<_>>().len(), 256);
    for (year, words, digits) in
        [(Some(0), 3, false), (Some(2), 3, false), (Some(3), 3, true), (Some(9), 4, true), (None, 4, true)]
    {
        let password = made(Kind::of_year(year)).expect("made");
        let parts: Vec<_> = password.split(' ').collect();
        assert_eq!(parts.len(), words + usize::from(digits), "{year:?}: {password}");
        assert!(parts[..words].iter().all(|w| words::SHORT.contains(w)), "{password}");
    }
    assert_ne!(made(Kind::Grown), made(Kind::Grown));
    let slip = voucher().expect("made");
    assert!(slip.len() == 12 && slip.split('-').count() == 3, "{slip}");
    assert_eq!(folded("Cat-sun hat"), "catsunhat");
}
