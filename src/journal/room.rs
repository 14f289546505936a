//! What is kept when the disk is nearly full: of what was allowed, paths, queries and searches go first, so that what was blocked
//! and what was searched for of a theme find room for longest.

use super::event::Event;
use super::rollup::is_blocked;
use std::borrow::Cow;
use std::path::Path;

/// Less free space than this is little, and so is less than one part in [`PART`] of a disk that is smaller than most.
const LITTLE: u64 = 512 << 20;
const PART: u64 = 20;

/// How much room there is on the journal's disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Room {
    #[default]
    Enough,
    Little,
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
        let least = if before == Self::Little { little + little / 2 } else { little };
        if free < least { Self::Little } else { Self::Enough }
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
}
