//! `[firewall]`: what is left out of the rules that send machines to the doors.

use super::file::Section;
use super::item::List;
use super::values;
use crate::words::Network;

#[derive(Debug, Clone)]
pub struct Firewall {
    /// Machines of the school that the rules leave alone. As shipped: none.
    pub except: Vec<Network>,
}

pub(super) fn read(root: &Section) -> Firewall {
    let section = root.section("firewall");
    let except = List::values(section.list("except", values::network));
    section.end();
    Firewall { except }
}
