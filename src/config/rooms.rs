//! `[[room]]`: where the machines of a room are.

use super::fault::Wrong;
use super::file::Section;
use super::item::List;
use super::known::Known;
use super::values;
use crate::words::Network;
use std::sync::Arc;

/// More rooms than any school has.
const MOST: usize = 1000;

/// A room, by the addresses of its machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    pub name: String,
    pub ranges: Arc<[Network]>,
}

pub(super) fn read(root: &Section) -> Vec<Room> {
    let mut known = Known::new("room", true);
    let mut rooms = Vec::new();
    for section in root.sections("room") {
        let name = section.need("name", values::name);
        let ranges = section.need_list("ranges", values::network);
        section.end();
        if rooms.len() == MOST {
            section.fault(Wrong::new(format!("there are more than {MOST} rooms"), "delete some").at(section.place()));
            break;
        }
        if let Some(empty) = ranges.as_ref().filter(|r| r.empty) {
            let wrong = Wrong::new("this room has no addresses", "at least one range, such as \"10.20.5.0/24\"");
            section.fault(wrong.at(empty.place));
        }
        let Some(name) = name.filter(|name| known.define(&section, name, ())) else { continue };
        rooms.push(Room { name: name.value, ranges: List::values(ranges).into() });
    }
    rooms
}
