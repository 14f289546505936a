//! What the control socket's requests do.

mod staffroom;

use super::entries::Hand;
use super::off::Off;
use super::register_file;
use super::{Doors, StartFault, assemble, drift, enrolment, entries, exams, overlay, passes, requests, rot, status};
use crate::config::Config;
use crate::gate::control::{Handle, Peer, Request};
use crate::gate::{Gate, Snapshot, explain};
use crate::lists::{Table, TableFault};
use crate::net::Drain;
use crate::ops::identity::{Identities, Stamp};
use crate::ops::{self, tables::Broken};
use crate::people::{Keeper, Register, Roster, Store};
use crate::reload::{self, ReadFault};
use crate::resolve::Resolver;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Answers requests for one gate.
pub struct Handler {
    gate: Arc<Gate>,
    resolver: Arc<Resolver>,
    roster: Arc<Roster>,
    keeper: Keeper,
    pub(super) config_path: Option<PathBuf>,
    pub(super) doors: Doors,
    started: Instant,
    /// One change at a time: two reloads must not swap in each other's place. Held with it: the file that most changes change.
    changing: Mutex<entries::Kept>,
    /// The last reload, if it was refused.
    refused: Mutex<Option<status::Refused>>,
    /// One self-test at a time.
    testing: Mutex<()>,
    off: Off,
    /// When the last sweep was, by the clock, in milliseconds since 1970.
    swept_ms: AtomicI64,
    /// After a sweep that failed: when the next may be, in milliseconds since the machine started.
    sweep_again: AtomicU64,
    /// The files of certificates as they were when they were last read.
    certificates: Mutex<Stamp>,
}

/// How often it is looked whether a certificate was renewed, in seconds.
const CERTIFICATES_EVERY: u64 = 5;

/// How long after a fault nothing is swept: a full disk is not told of every second.
const AFTER_A_FAULT_MS: u64 = 60_000;

/// Why a reload is refused.
struct Refusal {
    /// With its place, on one line.
    in_a_line: String,
    in_full: String,
}

impl From<ReadFault> for Refusal {
    fn from(fault: ReadFault) -> Self {
        Self { in_a_line: fault.in_a_line(), in_full: fault.render(false) }
    }
}

impl From<StartFault> for Refusal {
    fn from(fault: StartFault) -> Self {
        let in_full = fault.to_string();
        Self { in_a_line: in_full.lines().collect::<Vec<_>>().join("; "), in_full }
    }
}

impl Handler {
    /// What `status` says needs somebody.
    pub(super) fn needs_you(&self) -> Vec<String> {
        status::status(&self.gate, &self.doors, self.started.elapsed(), self.refused(), &self.off).needs_you
    }

    pub(super) fn new(
        gate: Arc<Gate>,
        resolver: Arc<Resolver>,
        (roster, keeper): (Arc<Roster>, Keeper),
        config_path: Option<PathBuf>,
        doors: Doors,
    ) -> Self {
        let certificates = Mutex::new(Stamp::of(&gate.snapshot().config));
        Self {
            certificates,
            gate,
            resolver,
            roster,
            keeper,
            config_path,
            doors,
            started: Instant::now(),
            changing: Mutex::default(),
            refused: Mutex::default(),
            testing: Mutex::default(),
            off: Off::default(),
            swept_ms: AtomicI64::new(0),
            sweep_again: AtomicU64::new(0),
        }
    }

    /// Reads everything again and swaps; refuses with the reason, and keeps what was.
    ///
    /// On a thread of its own that gives way to the doors': reading configuration, table and register is some tenths of a second
    /// of one core, and on a box with two cores that is half of all answers.
    ///
    /// # Errors
    /// The text says every fault with its place.
    pub fn reload(&self) -> Result<String, String> {
        std::thread::scope(|scope| {
            let reload = || {
                ops::limits::give_way();
                let _one = self.one();
                let swapped = self.swap();
                let when_ms = self.gate.clock.unix_ms();
                let refused = swapped.as_ref().err().map(|r| status::Refused { when_ms, why: r.in_a_line.clone() });
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refused;
                swapped.map_err(|refusal| refusal.in_full)
            };
            let thread = std::thread::Builder::new().name("reload".into()).spawn_scoped(scope, reload);
            let done = thread.map_err(|fault| format!("no thread to reload on: {fault}"))?.join();
            done.unwrap_or_else(|_| Err("the reload met a fault of ours: the service log has it; what was in force stays".into()))
        })
    }

    fn refused(&self) -> Option<status::Refused> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn one(&self) -> MutexGuard<'_, entries::Kept> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a change to what is in force, in the name of who asked.
    fn changed<T>(
        &self,
        peer: Peer,
        change: impl FnOnce(&mut entries::Kept, &Snapshot, Hand) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut kept = self.one();
        let by = ops::files::user_name(peer.uid);
        change(&mut kept, &self.gate.snapshot(), Hand { by: &by, now_ms: self.gate.clock.unix_ms() })
    }

    /// Leaves word of this gate for commands that cannot read its configuration. Without it they only say less.
    pub(super) fn note_own_gate(&self) {
        let data = &self.gate.snapshot().config.data;
        let noted = reload::main_file(self.config_path.as_deref()).map(|main| ops::own_gate::note(&main, data));
        if let Ok(Err(fault)) = noted {
            tracing::warn!(%fault, "the gate cannot leave word of itself: commands will not find it while its configuration is broken");
        }
    }

    fn swap(&self) -> Result<String, Refusal> {
        let config = reload::read_config(self.config_path.as_deref())?;
        let note = self.what_needs_a_restart(&config);
        let identities = Identities::load(&config).map_err(StartFault::Config)?;
        let now = self.gate.snapshot();
        let before = now.inspection.as_ref().and_then(|i| i.as_deref().ok());
        let inspection = ops::inside::load(&config, before).map_err(StartFault::Config)?;
        let mut next = assemble::snapshot(config, &self.gate.journal, &self.roster, Broken::Refuse)?;
        (next.identity, next.web_identity) = (identities.dns.map(Ok), identities.web.map(Ok));
        next.inspection = inspection.map(Ok);
        self.keeper.follow(&now.config.sources, &next.config.sources).map_err(StartFault::Config)?;
        self.resolver.follow(&next.config.dns);
        let version = next.version;
        drift::note(&next.config, self.gate.clock.unix_ms());
        self.off.apply(&mut next);
        self.gate.journal.keep_detail(next.config.retention.detail_days);
        self.gate.swap(next);
        Ok(format!("policy version {version} is in force{note}"))
    }

    /// Ends what was for a while, within a second of its time, until the word to stop.
    pub(super) async fn keep_the_time(&self, mut drain: Drain) {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        for seconds in 0u64.. {
            tokio::select! {
                () = drain.begun() => return,
                _ = second.tick() => {}
            }
            self.gate.jumps.look(&self.gate.clock);
            // A reload has the right to change for tenths of a second: the next second is soon enough.
            if let Ok(_one) = self.changing.try_lock() {
                self.sweep();
                self.off.sweep(&self.gate, self.gate.clock.boot_ms(), self.gate.clock.unix_ms());
                if seconds.is_multiple_of(CERTIFICATES_EVERY) {
                    self.take_certificates();
                }
            }
        }
    }

    /// Takes certificates that were renewed on disk. Of two files that are written one after the other the first fits nothing yet:
    /// what was in force stays until they fit.
    fn take_certificates(&self) {
        let snapshot = self.gate.snapshot();
        let mut seen = self.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = Stamp::of(&snapshot.config);
        if *seen == stamp {
            return;
        }
        *seen = stamp;
        match Identities::load(&snapshot.config) {
            Ok(Identities { dns, web }) => {
                let mut next = Snapshot::clone(&snapshot);
                (next.identity, next.web_identity) = (dns.map(Ok), web.map(Ok));
                self.gate.swap(next);
                tracing::info!("certificates were written: those in the files now are shown from here on");
            }
            Err(fault) => tracing::warn!("certificates were written and cannot be used, those of before stay: {fault}"),
        }
    }

    /// Ends exams that are over, and the access of those whose last day is.
    fn sweep(&self) {
        let snapshot = self.gate.snapshot();
        let now = self.gate.clock.now(&snapshot.config.school.zone);
        let boot_ms = self.gate.clock.boot_ms();
        // Of a clock that is not set nothing is over.
        if !now.is_set() || boot_ms < self.sweep_again.load(Relaxed) {
            return;
        }
        let swept = exams::swept(&snapshot, self.swept_ms.load(Relaxed), now.unix_ms);
        match swept.and_then(|exams| exams.map_or(Ok(()), |exams| overlay::exams(&self.gate, exams).map(drop))) {
            Ok(()) => self.swept_ms.store(now.unix_ms, Relaxed),
            Err(fault) => {
                tracing::error!(fault, "the exams in force are not those that are on");
                self.sweep_again.store(boot_ms + AFTER_A_FAULT_MS, Relaxed);
            }
        }
        if snapshot.register.expired(now.day).next().is_some() {
            let ended = enrolment::expire(&snapshot.config, now);
            let ended = ended.and_then(|register| register.map_or(Ok(()), |register| self.take_register(register).map(drop)));
            if let Err(fault) = ended {
                tracing::error!(fault, "the access of those whose last day is over was not withdrawn");
                self.sweep_again.store(boot_ms + AFTER_A_FAULT_MS, Relaxed);
            }
        }
    }

    /// Puts a register in force that somebody else has written.
    pub(super) fn register_changed(&self, register: Register) -> Result<(), String> {
        let _one = self.one();
        self.take_register(register).map(drop)
    }

    /// Puts another register in force, and what passes and exams mean by it. Whoever calls this holds the one right to change.
    fn take_register(&self, register: Register) -> Result<Value, String> {
        let register = Arc::new(register.with_roster(self.roster.clone()));
        let config = &self.gate.snapshot().config;
        let policy = &config.policy;
        // A file beside it that cannot be read keeps nobody's access on: what is in force stays.
        let fault = |fault: &String| tracing::error!("passes and exams stay as they were: {fault}");
        let passes = passes::load(config, &register).inspect_err(fault).unwrap_or_else(|_| policy.passes.clone());
        let exams = exams::load(config, &register).inspect_err(fault).unwrap_or_else(|_| policy.exams.clone());
        overlay::register(&self.gate, register, passes, exams);
        Ok(Value::Null)
    }

    fn put_back(&self, before: overlay::Before) {
        overlay::put_back(&self.gate, before);
    }

    /// Makes a table of the lists as they are on disk now and puts it in force, under the configuration that is in force: what
    /// somebody is about to write in the files is not taken by the way.
    ///
    /// # Errors
    /// The text says why; what was in force stays.
    pub fn take_lists(&self) -> Result<String, String> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.gate.snapshot();
        let mut next = assemble::snapshot(now.config.clone(), &self.gate.journal, &self.roster, Broken::Refuse)
            .map_err(|f| f.to_string())?;
        next.identity.clone_from(&now.identity);
        next.web_identity.clone_from(&now.web_identity);
        next.inspection.clone_from(&now.inspection);
        let version = next.version;
        self.gate.swap(next);
        Ok(format!("policy version {version} is in force"))
    }

    /// What a walk found in the file of a table that was in force: a fault, or none.
    pub fn walked(&self, table: &Arc<Table>, fault: Option<TableFault>) {
        rot::walked(&self.gate, table, fault, || self.one());
    }

    /// A reload for SIGHUP: told to systemd and the service log.
    pub fn reload_and_tell(&self) {
        ops::systemd::reloading();
        match self.reload() {
            Ok(said) => tracing::info!("reloaded: {said}"),
            Err(fault) => tracing::error!("the reload was refused, what was in force stays in force\n{fault}"),
        }
        ops::systemd::reloaded();
    }

    /// Doors and folders are bound once.
    fn what_needs_a_restart(&self, next: &Config) -> String {
        let now = self.gate.snapshot();
        let mut moved = Vec::new();
        let tls = |config: &Config| config.dns.encrypted.as_ref().map(|e| e.tls_listen.clone()).unwrap_or_default();
        let https = |config: &Config| config.dns.encrypted.as_ref().map(|e| e.https_listen.clone()).unwrap_or_default();
        for (key, same) in [
            ("[dns] listen", now.config.dns.listen == next.dns.listen),
            ("[dns] tls_listen", tls(&now.config) == tls(next)),
            ("[dns] https_listen", https(&now.config) == https(next)),
            ("[proxy] listen", now.config.proxy.listen == next.proxy.listen),
            ("[proxy] tls_listen", now.config.proxy.tls_listen == next.proxy.tls_listen),
            ("[proxy] transparent_listen", now.config.proxy.transparent_listen == next.proxy.transparent_listen),
            ("[web] listen", now.config.web.listen == next.web.listen),
            ("[web] tls_listen", now.config.web.tls_listen == next.web.tls_listen),
            ("data", now.config.data == next.data),
        ] {
            if !same {
                moved.push(key);
            }
        }
        if moved.is_empty() { String::new() } else { format!("; a restart is needed for {}", moved.join(", ")) }
    }
}

impl Handle for Handler {
    fn handle(&self, request: Request, peer: Peer) -> Result<Value, String> {
        match request {
            Request::Status => {
                let status = status::status(&self.gate, &self.doors, self.started.elapsed(), self.refused(), &self.off);
                serde_json::to_value(status).map_err(|e| e.to_string())
            }
            Request::Reload => self.reload().map(Value::from),
            Request::Explain(question) => {
                let answer = explain::explain(&question, &self.gate.snapshot(), &self.gate.clock).map_err(|e| e.to_string())?;
                serde_json::to_value(answer).map_err(|e| e.to_string())
            }
            Request::Settle => {
                self.gate.settle();
                Ok(Value::Null)
            }
            Request::Flush => {
                self.gate.flush();
                Ok(Value::Null)
            }
            Request::SelfTest => {
                let _one = self.testing.try_lock().map_err(|_| "a self-test is under way".to_owned())?;
                serde_json::to_value(ops::self_test::run(&self.gate, &self.doors.dns, &self.doors.proxy))
                    .map_err(|e| e.to_string())
            }
            Request::AddEntry(entry) => self.changed(peer, |kept, now, hand| {
                let id = entries::add(now, kept, &entry, hand, |own| overlay::entries(&self.gate, own), |b| self.put_back(b))?;
                Ok(json!({ "id": id }))
            }),
            Request::RemoveEntry { id, reason } => self.changed(peer, |kept, now, hand| {
                let enforce = |own| overlay::entries(&self.gate, own);
                let removed = entries::remove(now, kept, (id, &reason), hand, enforce, |b| self.put_back(b))?;
                tracing::info!(id, by = hand.by, reason, host = %removed.host, "an entry was removed");
                Ok(json!({ "id": id }))
            }),
            Request::ImportEntries(import) => self.changed(peer, |kept, now, hand| {
                let enforce = |own| overlay::entries(&self.gate, own);
                let said = entries::import(now, kept, &import, hand, enforce, |b| self.put_back(b))?;
                serde_json::to_value(said).map_err(|e| e.to_string())
            }),
            Request::Off { network, minutes, reason } => self.changed(peer, |_, _, hand| {
                let left = self.off.begin(&self.gate, &network, minutes, &reason, hand)?;
                serde_json::to_value(left).map_err(|e| e.to_string())
            }),
            Request::On { network } => {
                self.changed(peer, |_, _, hand| self.off.end(&self.gate, network.as_deref(), hand).map(|on| json!(on)))
            }
            Request::Requests { purpose } => {
                let snapshot = self.gate.snapshot();
                let by = ops::files::user_name(peer.uid);
                let all = requests::shown(self.gate.requests.all(), &snapshot.config, (&by, purpose.as_deref()))?;
                serde_json::to_value(all).map_err(|e| e.to_string())
            }
            Request::Alerts => serde_json::to_value(self.gate.alerts.all()).map_err(|e| e.to_string()),
            Request::AcknowledgeAlert { number } => {
                let by = ops::files::user_name(peer.uid);
                let alert = self.gate.alerts.acknowledge(number, &by, self.gate.clock.unix_ms())?;
                serde_json::to_value(alert).map_err(|e| e.to_string())
            }
            Request::AnswerRequest(new) => self.changed(peer, |kept, now, hand| {
                let enforce = |own| overlay::entries(&self.gate, own);
                let answered = requests::answer((&self.gate.requests, now, kept), &new, hand, enforce, |b| self.put_back(b))?;
                serde_json::to_value(answered).map_err(|e| e.to_string())
            }),
            Request::OpenPass(new) => self.changed(peer, |_, now, hand| {
                let pass = passes::open(now, &new, hand, |all| overlay::passes(&self.gate, all), |b| self.put_back(b))?;
                serde_json::to_value(pass).map_err(|e| e.to_string())
            }),
            Request::AgreePass { id } => self.changed(peer, |_, now, hand| {
                let pass = passes::agree(now, id, hand, |all| overlay::passes(&self.gate, all), |b| self.put_back(b))?;
                serde_json::to_value(pass).map_err(|e| e.to_string())
            }),
            Request::LockExam(new) => self.changed(peer, |_, now, hand| {
                let exam = exams::lock(now, &new, hand, |all| overlay::exams(&self.gate, all), |b| self.put_back(b))?;
                serde_json::to_value(exam).map_err(|e| e.to_string())
            }),
            Request::EndExam { id, reason } => self.changed(peer, |_, now, hand| {
                let enforce = |all| overlay::exams(&self.gate, all);
                let exam = exams::end(now, (id, &reason), hand, enforce, |b| self.put_back(b))?;
                serde_json::to_value(exam).map_err(|e| e.to_string())
            }),
            Request::Withdraw { people, reason } => self.changed(peer, |_, now, hand| {
                let register = enrolment::withdraw(&now.config, &people, &reason, hand)?;
                self.take_register(register)
            }),
            Request::Restore { people, until, reason } => self.changed(peer, |_, now, hand| {
                let register = enrolment::restore(&now.config, &people, until.as_deref(), &reason, hand)?;
                self.take_register(register)
            }),
            Request::TakeRegister => self.changed(peer, |_, now, _| {
                let register = Store::peek(&register_file(&now.config)).map_err(|fault| fault.to_string())?;
                self.take_register(register)
            }),
            Request::RevokePass { id, reason } => self.changed(peer, |_, now, hand| {
                let enforce = |all| overlay::passes(&self.gate, all);
                let pass = passes::revoke(now, (id, &reason), hand, enforce, |b| self.put_back(b))?;
                serde_json::to_value(pass).map_err(|e| e.to_string())
            }),
        }
    }
}
