//! [`super`].

use super::*;

#[test]
fn while_many_events_come_few_are_moved_and_what_waits_is_caught_up_with() {
    let ms = Duration::from_millis;
    for (waiting, came, since, due) in [
        // Little waits: every five seconds, however little.
        (1, 10, ms(4_900), false),
        (1, 10, ms(5_000), true),
        // A burst: some transactions a second.
        (40 << 20, 15_000, ms(390), false),
        (40 << 20, 15_000, ms(400), true),
        // More than can be moved: one in five seconds.
        (40 << 20, 300_000, ms(4_900), false),
        (40 << 20, 300_000, ms(5_000), true),
        // It is over: four a second.
        (40 << 20, 100, ms(200), false),
        (40 << 20, 100, ms(250), true),
        // The disk must not be filled.
        (600 << 20, 5_000, ms(50), true),
    ] {
        assert_eq!(book_due(waiting, came, since), due, "{waiting} bytes, {came} records in {since:?}");
    }
}
