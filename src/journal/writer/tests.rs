//! [`super`].

use super::*;

#[test]
fn while_many_events_come_few_are_moved_and_what_waits_is_caught_up_with() {
    let ms = Duration::from_millis;
    for (bytes, records, came, since, due) in [
        // Nothing waits.
        (0, 0, 0, ms(600_000), false),
        // Little waits: every five minutes, however little.
        (1 << 20, 10, 10, ms(299_900), false),
        (1 << 20, 10, 10, ms(300_000), true),
        (1 << 20, 19_999, 19_999, ms(299_900), false),
        // A burst: a transaction a second.
        (40 << 20, 200_000, 15_000, ms(990), false),
        (40 << 20, 200_000, 15_000, ms(1000), true),
        // More than can be moved: one in five seconds.
        (40 << 20, 300_000, 300_000, ms(4_900), false),
        (40 << 20, 300_000, 300_000, ms(5_000), true),
        // It is over: four a second.
        (40 << 20, 300_000, 100, ms(200), false),
        (40 << 20, 300_000, 100, ms(250), true),
        // The disk must not be filled.
        (600 << 20, 4_000_000, 5_000, ms(50), true),
    ] {
        assert_eq!(book_due(Waiting { bytes, records }, came, since), due, "{records} records, {came} in {since:?}");
    }
}
