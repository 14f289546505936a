//! What is kept when the disk is nearly full: of what was allowed, paths, queries and searches go first, then the rows, of which the
//! sums are kept, so that what was blocked, warned of and searched for of a theme finds room for longest.

use super::event::Event;
use super::rollup::is_blocked;
use crate::policy::{Action, Step};
use std::borrow::Cow;
use std::path::Path;

/// Less free space than this is little, and so is less than one part in [`PART`] of a disk that is smaller than most.
const LITTLE: u64 = 512 << 20;
const PART: u64 = 20;
/// One part in so many of that is next to nothing.
const SCARCE: u64 = 4;

/// How much room there is on the journal's disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Everything is kept.
    #[default]
    Enough,
    /// Paths, queries and searches of what was allowed are left out.
    Little,
    /// What was allowed is kept as sums alone.
    Scarce,
}

impl Room {
    /// On the disk of this folder. Once it is little, half as much again must be free before it is enough.
    pub fn on(dir: &Path, before: Self) -> Self {
        let Ok(disk) = nix::sys::statvfs::statvfs(dir) else { return before };
        let (free, all) = (disk.blocks_available() * disk.fragment_size(), disk.blocks() * disk.fragment_size());
        Self::of(free, all, before)
    }

    fn of(free: u64, all: u64, before: Self) -> Self {
        let little = LITTLE.min(all / PART);
        let is_below = |room: Self, least: u64| free < if before >= room { least + least / 2 } else { least };
        if is_below(Self::Scarce, little / SCARCE) {
            Self::Scarce
        } else if is_below(Self::Little, little) {
            Self::Little
        } else {
            Self::Enough
        }
    }

    /// The same as a number, and back.
    pub fn to_u8(self) -> u8 {
        self as u8
    }

    pub fn of_u8(number: u8) -> Self {
        [Self::Enough, Self::Little, Self::Scarce].into_iter().find(|room| *room as u8 == number).unwrap_or_default()
    }

    /// Whether there is room for a row of this event; else for what it comes to.
    pub fn has_row(self, event: &Event) -> bool {
        let passed = event.action == Action::Allow && event.step != Step::Locked && event.theme.is_none();
        self < Self::Scarce || !passed
    }

    /// An event as there is room for it.
    pub fn fit<'e>(self, event: Event<'e>) -> Event<'e> {
        if self == Self::Enough || is_blocked(&event) || event.theme.is_some() {
            return event;
        }
        Event { path: Cow::Borrowed(""), search: Cow::Borrowed(""), sealed: None, ..event }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::event;
    use super::*;
    use crate::lists::phrases::Theme;
    use crate::policy::Action;

    #[test]
    fn little_is_little_until_there_is_half_as_much_again() {
        const MB: u64 = 1 << 20;
        for (free, all, before, room) in [
            (600 * MB, 64_000 * MB, Room::Enough, Room::Enough),
            (511 * MB, 64_000 * MB, Room::Enough, Room::Little),
            (600 * MB, 64_000 * MB, Room::Little, Room::Little),
            (768 * MB, 64_000 * MB, Room::Little, Room::Enough),
            (300 * MB, 4_000 * MB, Room::Enough, Room::Enough),
            (199 * MB, 4_000 * MB, Room::Enough, Room::Little),
            (127 * MB, 64_000 * MB, Room::Enough, Room::Scarce),
            (128 * MB, 64_000 * MB, Room::Little, Room::Little),
            (191 * MB, 64_000 * MB, Room::Scarce, Room::Scarce),
            (192 * MB, 64_000 * MB, Room::Scarce, Room::Little),
            (700 * MB, 64_000 * MB, Room::Scarce, Room::Little),
            (800 * MB, 64_000 * MB, Room::Scarce, Room::Enough),
            (0, 0, Room::Enough, Room::Enough),
        ] {
            assert_eq!(Room::of(free, all, before), room, "{free} of {all}, {before:?}");
        }
    }

    #[test]
    fn what_was_blocked_and_what_is_of_a_theme_is_kept_whole() {
        let typed = || Event { path: "/a".into(), search: "b".into(), ..event(1) };
        let bare = Event { path: "".into(), search: "".into(), ..typed() };
        for (event, left) in [
            (typed(), bare),
            (Event { action: Action::Block, ..typed() }, Event { action: Action::Block, ..typed() }),
            (Event { theme: Some((Theme::SelfHarm, 40)), ..typed() }, Event { theme: Some((Theme::SelfHarm, 40)), ..typed() }),
        ] {
            assert_eq!(Room::Enough.fit(event.clone()), event);
            assert_eq!(Room::Little.fit(event), left);
        }
    }

    #[test]
    fn next_to_no_room_is_for_what_was_blocked_warned_of_or_of_a_theme() {
        let allowed = event(1);
        let others = [
            Event { action: Action::Block, ..event(1) },
            Event { action: Action::WouldBlock, ..event(1) },
            Event { action: Action::Warn, ..event(1) },
            Event { theme: Some((Theme::SelfHarm, 40)), ..event(1) },
            Event { step: Step::Locked, ..event(1) },
        ];
        assert!(Room::Little.has_row(&allowed) && !Room::Scarce.has_row(&allowed));
        assert!(others.iter().all(|event| Room::Scarce.has_row(event)));
        for room in [Room::Enough, Room::Little, Room::Scarce] {
            assert_eq!(Room::of_u8(room.to_u8()), room);
        }
    }
}
