//! What goes by the person is kept for 15 seconds: whoever has a shared laptop next is judged anew.

use super::*;
use crate::policy::Mode;

const ENTRIES: &str = "[[entry]]\nhost = \"bought.test\"\naction = \"allow\"\ngroup = \"teachers\"\nreason = \"a test\"\n\
    [[entry]]\nhost = \"fete.test\"\naction = \"allow\"\nuntil = 2090-01-01\nreason = \"a test\"\n\
    [[entry]]\nhost = \"for-all.crack.test\"\naction = \"allow\"\nreason = \"a test\"\n";

/// The longest that anything in the answer is kept.
fn longest(said: &Parsed) -> Option<u32> {
    said.answers.iter().chain(&said.authorities).map(|record| record.ttl).max()
}

#[tokio::test]
async fn what_might_be_told_otherwise_to_somebody_else_is_kept_for_15_seconds() {
    let school = school_of(&format!("{STAFF_ROOM}{ENTRIES}"), staff_room());
    for (client, name, kind, personal) in [
        (PUPIL, "open.test", rr::A, false),
        (TEACHER, "open.test", rr::A, false),
        (PUPIL, "missing.test", rr::A, false),
        (TEACHER, "crack.test", rr::A, true),
        (TEACHER, "crack.test", rr::ANY, true),
        (PUPIL, "crack.test", rr::A, true),
        (TEACHER, "none.crack.test", rr::A, true),
        // It is the name that it leads to.
        (TEACHER, "tools.test", rr::A, true),
        (PUPIL, "tools.test", rr::A, true),
        (PUPIL, "bought.test", rr::A, true),
        (PUPIL, "fete.test", rr::A, true),
        (PUPIL, "for-all.crack.test", rr::A, false),
        (TEACHER, "www.youtube.com", rr::A, true),
        (PUPIL, "www.youtube.com", rr::A, true),
        // Nothing of it is blocked there, for nobody.
        (WATCHED, "crack.test", rr::A, false),
        (WATCHED, "www.youtube.com", rr::A, false),
    ] {
        for how in ["asked", "remembered"] {
            let said = school.ask(client, name, kind).await;
            let kept = longest(&said).unwrap_or_else(|| panic!("{name} {kind}: a record"));
            assert_eq!(kept <= 15, personal, "{client:?} {name} {kind}, {how}: {kept}\n{said}");
        }
    }
}

#[tokio::test]
async fn harmful_code_is_kept_for_a_minute_unless_somebody_may_have_it() {
    let despite = "[[entry]]\nhost = \"phish.test\"\naction = \"allow\"\ndespite = \"malware\"\ngroup = \"teachers\"\n\
        until = 2026-12-01\nreason = \"a test\"\n";
    for (more, ttl) in [(String::new(), 60), (despite.to_owned(), 15)] {
        let school = school_of(&format!("{STAFF_ROOM}{more}"), staff_room());
        assert_eq!(longest(&school.ask(PUPIL, "phish.test", rr::A).await), Some(ttl), "{more}");
    }
}

#[tokio::test]
async fn where_the_filter_is_off_for_a_while_nothing_is_kept_for_long() {
    let school = school("");
    assert_eq!(longest(&school.ask(PUPIL, "open.test", rr::A).await), Some(300));
    let mut next = Snapshot::clone(&school.door.gate.snapshot());
    next.config.policy.networks[0].mode = Mode::Off;
    school.door.gate.swap(next);
    for name in ["open.test", "bet.test", "phish.test", "www.google.com"] {
        let said = school.ask(PUPIL, name, rr::A).await;
        assert_eq!((addresses(&said), longest(&said)), (vec![IpAddr::from(A)], Some(15)), "{name}");
    }
}
