//! Which moments to believe: a machine without a clock of its own starts in 1970, and its first events say so.

pub use crate::words::moment::BUILT_MS;

use nix::time::{ClockId, clock_gettime};

/// One run of the machine, as Linux numbers it: times since start are compared within one only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BootId(pub [u8; 16]);

impl BootId {
    /// The present one; all zero where the system does not say.
    pub fn present() -> Self {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let digits: Vec<u8> = text.bytes().filter_map(|c| (c as char).to_digit(16)).map(|d| d as u8).collect();
        let mut id = [0; 16];
        id.iter_mut().zip(digits.chunks_exact(2)).for_each(|(byte, pair)| *byte = pair[0] << 4 | pair[1]);
        Self(id)
    }
}

/// Milliseconds since the machine started, sleep included.
pub fn boot_ms() -> u64 {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(0, |t| t.tv_sec() as u64 * 1000 + t.tv_nsec() as u64 / 1_000_000)
}

/// How the time of an event is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Dated {
    /// The clock said so when it happened.
    Clock,
    /// The clock was set afterwards; the time since the machine started says when it happened.
    Boot,
    /// The clock was set only after the machine had been started again: no later than this.
    Before,
}

impl Dated {
    pub fn from_u8(number: u8) -> Option<Self> {
        [Self::Clock, Self::Boot, Self::Before].get(usize::from(number)).copied()
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Boot => "boot",
            Self::Before => "before",
        }
    }
}

/// What is needed to date an event that happened before the clock was set: the two clocks, read together.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    pub now_ms: i64,
    pub boot_ms: u64,
    pub boot: BootId,
}

impl Clocks {
    pub fn are_set(&self) -> bool {
        self.now_ms >= BUILT_MS
    }

    /// When something happened. `None`: nobody can say before the clock is set.
    pub fn date(&self, when_ms: i64, boot_ms: u64, boot: BootId) -> Option<(i64, Dated)> {
        if when_ms >= BUILT_MS {
            return Some((when_ms, Dated::Clock));
        }
        if !self.are_set() {
            return None;
        }
        let since = |earlier: u64| self.now_ms - i64::try_from(self.boot_ms.saturating_sub(earlier)).unwrap_or(0);
        match boot == self.boot {
            true => Some((since(boot_ms).max(BUILT_MS), Dated::Boot)),
            // Its machine stopped before the present one started.
            false => Some((since(0).max(BUILT_MS), Dated::Before)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_before_the_clock_was_set_is_dated_by_the_time_since_the_machine_started() {
        let (here, before) = (BootId([1; 16]), BootId([2; 16]));
        let now = BUILT_MS + 1_000_000;
        let clocks = Clocks { now_ms: now, boot_ms: 90_000, boot: here };
        for (when, boot_ms, boot, dated) in [
            (now - 5, 80_000, here, Some((now - 5, Dated::Clock))),
            (now + 5, 80_000, here, Some((now + 5, Dated::Clock))),
            (70_000, 80_000, here, Some((now - 10_000, Dated::Boot))),
            (BUILT_MS - 1, 80_000, here, Some((now - 10_000, Dated::Boot))),
            (70_000, 80_000, before, Some((now - 90_000, Dated::Before))),
        ] {
            assert_eq!(clocks.date(when, boot_ms, boot), dated, "{when}");
        }
        let unset = Clocks { now_ms: 95_000, ..clocks };
        assert_eq!(unset.date(70_000, 80_000, here), None);
        assert_eq!(unset.date(now, 80_000, here), Some((now, Dated::Clock)));
    }

    #[test]
    fn this_machine_has_a_boot_id() {
        assert_eq!(BootId::present(), BootId::present());
        assert!(boot_ms() > 0);
    }
}
