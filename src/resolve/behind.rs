//! What the lists know of the names and addresses behind an answer: kept with it, once for all clients, as long as the lists are
//! the same.

use super::WireAnswer;
use crate::lists::{Found, Locked, Table};
use crate::words::Host;
use std::sync::{Arc, Weak};

/// Most that is kept with an answer; of what has more behind it that the lists know, it is looked up each time. Of nearly all
/// answers it is none.
const MAX_KEPT: usize = 2;

/// What is known of each name or address that the lists know something of, in their order.
#[derive(Debug)]
pub struct Behind {
    /// Held weakly: while somebody remembers where a table was, no other one can be there.
    table: Weak<Table>,
    locked: Weak<Locked>,
    known: Box<[(Host, Found)]>,
}

impl Behind {
    fn is_of(&self, table: &Arc<Table>, locked: &Arc<Locked>) -> bool {
        self.table.as_ptr() == Arc::as_ptr(table) && self.locked.as_ptr() == Arc::as_ptr(locked)
    }

    pub fn known(&self) -> &[(Host, Found)] {
        &self.known
    }
}

impl WireAnswer {
    /// What these lists know of its names and addresses. `find` looks one up.
    pub fn behind(&self, table: &Arc<Table>, locked: &Arc<Locked>, find: impl Fn(&Host) -> Found) -> Arc<Behind> {
        if let Some(kept) = self.behind.load().as_ref().filter(|kept| kept.is_of(table, locked)) {
            return Arc::clone(kept);
        }
        let addresses = self.addresses().iter().map(|&address| Host::from(address));
        let hosts = self.names().iter().copied().chain(addresses).map(|host| (host, find(&host)));
        let known = hosts.filter(|(_, found)| !found.categories().is_empty()).collect();
        let behind = Arc::new(Behind { table: Arc::downgrade(table), locked: Arc::downgrade(locked), known });
        self.behind.store(Some(behind.clone()).filter(|behind| behind.known.len() <= MAX_KEPT));
        behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::{KindId, Match};
    use crate::wire::message::tests::{ASKED, answer};
    use crate::wire::{Message, rr};
    use crate::words::{Category, CategorySet};
    use std::cell::RefCell;

    #[test]
    fn what_lists_know_is_looked_up_once_and_anew_with_other_lists() {
        let to = b"\x05other\x04test\x00";
        let records = [(0, ASKED, rr::CNAME, 300, &to[..]), (0, &to[..], rr::A, 300, &[192, 0, 2, 1])];
        let said = WireAnswer::new(Message::read(answer("a.test", rr::A, 0, &records)).expect("a message"));
        let looked_up = RefCell::new(Vec::new());
        let find = |category: Category| {
            let looked_up = &looked_up;
            move |host: &Host| {
                looked_up.borrow_mut().push(host.to_string());
                let mut found = Found::NOTHING;
                if host.as_str() == "other.test" {
                    found.push(Match { categories: CategorySet::of(&[category]), labels: 2, at: 0, kind: KindId(0) });
                }
                found
            }
        };
        let known = |behind: &Behind| behind.known().iter().map(|(h, f)| (h.to_string(), f.categories())).collect::<Vec<_>>();
        let of = |category| vec![("other.test".to_owned(), CategorySet::of(&[category]))];
        let (table, locked) = (Arc::new(Table::empty()), Arc::new(Locked::default()));
        for _ in 0..3 {
            assert_eq!(known(&said.behind(&table, &locked, find(Category::GAMES))), of(Category::GAMES));
        }
        assert_eq!(*looked_up.borrow(), ["other.test", "192.0.2.1"], "once");
        let table = Arc::new(Table::empty());
        assert_eq!(known(&said.behind(&table, &locked, find(Category::ADULT))), of(Category::ADULT), "other lists");
        let locked = Arc::new(Locked::default());
        assert_eq!(known(&said.behind(&table, &locked, find(Category::VIDEO))), of(Category::VIDEO), "other sealed lists");
    }
}
