//! Networks where nothing is judged for a while, but for the locked tier.
//!
//! Somebody said so, with a reason, for some minutes. It is kept in memory only: a restart ends it, and so a box that was switched
//! off and forgotten filters again. A reload does not.

use super::entries::{Hand, changed, not_empty};
use super::overlay;
use super::recorded::record;
use crate::casebook::Entry;
use crate::gate::snapshot::local_time;
use crate::gate::{Gate, Snapshot};
use crate::policy::{Mode, Policy};
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The longest a network is off at a time: one school day. What is to stay so is `mode = "watch"`, which is written down.
pub const LONGEST_MINUTES: u32 = 8 * 60;

/// One network that is off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    pub network: String,
    /// By the school's clock: for people.
    pub until: String,
    pub by: String,
    pub reason: String,
    /// Milliseconds since the machine started: no setting of the clock makes it longer.
    until_boot_ms: u64,
}

impl Left {
    fn over(&self, hand: Hand, what: String, why: &str) -> Entry {
        changed(hand, what, why).about(&self.network).from_to(&format!("off until {}, by {}", self.until, self.by), "on")
    }
}

/// The networks that are off.
#[derive(Debug, Default)]
pub struct Off(Mutex<Vec<Left>>);

impl Off {
    /// Switches a network off. Whoever calls this holds the one right to change.
    ///
    /// # Errors
    /// What is wrong with it and what would be right; nothing is changed then.
    pub fn begin(&self, gate: &Gate, network: &str, minutes: u32, reason: &str, hand: Hand) -> Result<Left, String> {
        let now = gate.snapshot();
        let reason = not_empty(reason)?.to_owned();
        if minutes == 0 || minutes > LONGEST_MINUTES {
            return Err(format!(
                "--minutes is from 1 to {LONGEST_MINUTES}: for longer, write `mode = \"watch\"` for the network"
            ));
        }
        let names = || now.config.policy.networks.iter().map(|n| n.name.as_str());
        if !names().any(|name| name == network) {
            return Err(super::passes::unknown("network", network, names()));
        }
        let span_ms = u64::from(minutes) * 60_000;
        let left = Left {
            network: network.to_owned(),
            until: local_time(&now.config, hand.now_ms.saturating_add_unsigned(span_ms)),
            by: hand.by.to_owned(),
            reason,
            until_boot_ms: gate.clock.boot_ms().saturating_add(span_ms),
        };
        let mut all = self.all();
        let before = all.clone();
        all.retain(|l| l.network != network);
        all.push(left.clone());
        if let Err(fault) = overlay::modes(gate, |policy| switch_off(policy, &all)) {
            *all = before;
            return Err(fault);
        }
        let what = format!("filter OFF for network {network} until {}", left.until);
        let made = changed(hand, what, &left.reason).about(network).from_to("on", &format!("off until {}", left.until));
        record(&now.config, hand.now_ms, made)?;
        tracing::warn!(network, by = hand.by, until = left.until, "the filter is off there");
        Ok(left)
    }

    /// Switches on again: one network, or all. Gives those that were off.
    ///
    /// # Errors
    /// Nothing was off, or the journal cannot take the change.
    pub fn end(&self, gate: &Gate, network: Option<&str>, hand: Hand) -> Result<Vec<String>, String> {
        let ended = self.put_on(gate, |left| network.is_none_or(|name| name == left.network))?;
        if ended.is_empty() {
            return Err(
                network.map_or_else(|| "nothing is off".into(), |name| format!("network '{}' is not off", name.escape_debug()))
            );
        }
        for left in &ended {
            let what = format!("filter on again for network {}", left.network);
            record(&gate.snapshot().config, hand.now_ms, left.over(hand, what, "before its time"))?;
        }
        Ok(ended.into_iter().map(|left| left.network).collect())
    }

    /// Switches on what has been off for its time.
    pub fn sweep(&self, gate: &Gate, boot_ms: u64, now_ms: i64) {
        if self.all().iter().all(|left| left.until_boot_ms > boot_ms) {
            return;
        }
        match self.put_on(gate, |left| left.until_boot_ms <= boot_ms) {
            Ok(ended) => {
                for left in ended {
                    tracing::info!(network = left.network, "the filter is on again there: the time is up");
                    let what = format!("filter on again for network {}", left.network);
                    let made = left.over(Hand { by: "the gate", now_ms }, what, "the time was up");
                    if let Err(fault) = record(&gate.snapshot().config, now_ms, made) {
                        tracing::error!("{fault}");
                    }
                }
            }
            Err(fault) => tracing::error!("a network stays off, its time is up: {fault}"),
        }
    }

    /// Takes what is off over into a snapshot made of the configuration.
    pub fn apply(&self, next: &mut Snapshot) {
        switch_off(&mut next.config.policy, &self.all());
    }

    pub fn of(&self, network: &str) -> Option<Left> {
        self.all().iter().find(|left| left.network == network).cloned()
    }

    fn put_on(&self, gate: &Gate, over: impl Fn(&Left) -> bool) -> Result<Vec<Left>, String> {
        let mut all = self.all();
        let (ended, rest): (Vec<_>, Vec<_>) = all.iter().cloned().partition(over);
        if !ended.is_empty() {
            overlay::modes(gate, |policy| switch_off(policy, &rest))?;
            *all = rest;
        }
        Ok(ended)
    }

    fn all(&self) -> MutexGuard<'_, Vec<Left>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every network as it is written, but for those of `off`.
fn switch_off(policy: &mut Policy, off: &[Left]) {
    for network in &mut policy.networks {
        network.mode = if off.iter().any(|left| left.network == network.name) { Mode::Off } else { network.written };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casebook::{Casebook, Kind};
    use crate::gate::school::School;
    use crate::policy::{Action, Surface};
    use crate::words::{ClientAddr, Host};

    #[test]
    fn a_network_is_off_for_its_time_and_no_longer_and_no_other_network_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let school = School::with(&format!("[data]\ndir = {:?}", folder.path()));
        let gate = &school.gate;
        let action = |address: [u8; 4], name: &str| {
            let visit = gate.visit(ClientAddr::new(address.into())).expect("one of the school's");
            visit.judge(&Host::parse(name).expect("a host"), Surface::NoPage).verdict.action
        };
        let (pupil, staff) = ([127, 0, 0, 1], [127, 9, 0, 1]);
        let off = Off::default();
        let hand = || Hand { by: "it", now_ms: gate.clock.unix_ms() };
        let refused =
            |network: &str, minutes, reason: &str| off.begin(gate, network, minutes, reason, hand()).expect_err("refused");
        assert!(refused("pupil", 5, "x").contains("did you mean pupils?"));
        assert!(refused("pupils", 0, "x").contains("from 1 to 480") && refused("pupils", 481, "x").contains("from 1 to 480"));
        assert!(refused("pupils", 5, " ").contains("--reason is empty"));
        assert_eq!(action(pupil, "adult.example"), Action::Block, "what is refused changes nothing");

        let began = gate.clock.boot_ms();
        off.begin(gate, "pupils", 5, "the exam board's page", hand()).expect("off");
        assert_eq!(action(pupil, "adult.example"), Action::WouldBlock);
        assert_eq!(action(pupil, "malware.example"), Action::WouldBlock);
        assert_eq!(action(pupil, "www.locked.example"), Action::Block, "nobody switches that off");
        assert_eq!(action(staff, "adult.example"), Action::Block);
        // A reload reads the configuration, which knows nothing of it.
        let mut read_again = Snapshot::clone(&gate.snapshot());
        read_again.config.policy.networks[0].mode = Mode::Enforce;
        off.apply(&mut read_again);
        assert_eq!(read_again.config.policy.networks[0].mode, Mode::Off);

        off.sweep(gate, began + 5 * 60_000 - 1, 0);
        assert_eq!(action(pupil, "adult.example"), Action::WouldBlock);
        off.sweep(gate, gate.clock.boot_ms() + 5 * 60_000, 0);
        assert_eq!((action(pupil, "adult.example"), off.of("pupils")), (Action::Block, None));
        assert!(off.end(gate, None, hand()).is_err_and(|why| why == "nothing is off"));
        let changes = Casebook::open(folder.path()).expect("a casebook").read().of(Kind::Change).expect("written down");
        assert!(changes[0].entry.what.starts_with("filter OFF for network pupils until"), "{changes:?}");
        assert_eq!(changes[0].entry.why.as_deref(), Some("the exam board's page"));
        assert_eq!(changes[1].entry.why.as_deref(), Some("the time was up"));
        assert_eq!(changes.len(), 2);
    }
}
