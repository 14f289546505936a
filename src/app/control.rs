//! What the control socket's requests do.

use super::{Doors, assemble, entries_file, status};
use crate::config::Config;
use crate::gate::control::{Handle, NewEntry, Peer, Request};
use crate::gate::{Gate, explain};
use crate::ops;
use crate::people::Neighbours;
use crate::resolve::Resolver;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Answers requests for one gate.
pub struct Handler {
    gate: Arc<Gate>,
    resolver: Arc<Resolver>,
    neighbours: Arc<Neighbours>,
    config_path: Option<PathBuf>,
    pub(super) doors: Doors,
    started: Instant,
    /// One change at a time: two reloads must not swap in each other's place.
    changing: Mutex<()>,
}

impl Handler {
    pub(super) fn new(
        gate: Arc<Gate>,
        resolver: Arc<Resolver>,
        neighbours: Arc<Neighbours>,
        config_path: Option<PathBuf>,
        doors: Doors,
    ) -> Self {
        Self { gate, resolver, neighbours, config_path, doors, started: Instant::now(), changing: Mutex::new(()) }
    }

    /// Reads everything again and swaps; refuses with the reason, and keeps what was.
    ///
    /// # Errors
    /// The text says every fault with its place.
    pub fn reload(&self) -> Result<String, String> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.swap()
    }

    fn swap(&self) -> Result<String, String> {
        let config = crate::reload::read_config(self.config_path.as_deref()).map_err(|f| f.render(false))?;
        let note = self.what_needs_a_restart(&config);
        let next = assemble::snapshot(config, &self.gate.journal, &self.neighbours).map_err(|f| f.to_string())?;
        self.resolver.set_upstreams(&next.config.dns.upstreams);
        let version = next.version;
        self.gate.swap(next);
        Ok(format!("policy version {version} is in force{note}"))
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
        for (key, same) in [
            ("[dns] listen", now.config.dns.listen == next.dns.listen),
            ("[proxy] listen", now.config.proxy.listen == next.proxy.listen),
            ("[web] listen", now.config.web.listen == next.web.listen),
            ("data", now.config.data == next.data),
        ] {
            if !same {
                moved.push(key);
            }
        }
        if moved.is_empty() { String::new() } else { format!("; a restart is needed for {}", moved.join(", ")) }
    }

    /// Changes `entries.toml` and puts it in force; if it cannot be put in force, the file stays as it was.
    fn change_entries(&self, change: impl FnOnce(&str) -> Result<(String, Value), String>) -> Result<Value, String> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let path = entries_file(&self.gate.snapshot().config);
        let before = ops::files::read_or_empty(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let (after, said) = change(&before)?;
        ops::files::replace(&path, after.as_bytes()).map_err(|e| format!("{}: {e}", path.display()))?;
        if let Err(fault) = self.swap() {
            ops::files::replace(&path, before.as_bytes()).map_err(|e| format!("{fault}\nand {}: {e}", path.display()))?;
            return Err(fault);
        }
        Ok(said)
    }

    fn add_entry(&self, entry: &NewEntry, peer: Peer) -> Result<Value, String> {
        let snapshot = self.gate.snapshot();
        let by = ops::files::user_name(peer.uid);
        let now_ms = self.gate.clock.unix_ms();
        self.change_entries(|text| added(text, entry, &by, now_ms, &snapshot.config))
    }
}

/// The text of `entries.toml` with one entry more, and what to say of it.
///
/// # Errors
/// What is wrong with the entry.
pub fn added(text: &str, entry: &NewEntry, by: &str, now_ms: i64, config: &Config) -> Result<(String, Value), String> {
    let (text, id) = crate::config::entries::add(text, entry, by, now_ms, config)?;
    Ok((text, json!({ "id": id })))
}

impl Handle for Handler {
    fn handle(&self, request: Request, peer: Peer) -> Result<Value, String> {
        match request {
            Request::Status => {
                let status = status::status(&self.gate, &self.doors, self.started.elapsed());
                serde_json::to_value(status).map_err(|e| e.to_string())
            }
            Request::Reload => self.reload().map(Value::from),
            Request::Explain(question) => {
                let answer = explain::explain(&question, &self.gate.snapshot(), &self.gate.clock).map_err(|e| e.to_string())?;
                serde_json::to_value(answer).map_err(|e| e.to_string())
            }
            Request::Settle => {
                self.gate.journal.settle();
                Ok(Value::Null)
            }
            Request::AddEntry(entry) => self.add_entry(&entry, peer),
            Request::RemoveEntry { id, reason } => {
                let by = ops::files::user_name(peer.uid);
                tracing::info!(id, by, reason, "an entry is removed");
                self.change_entries(|text| Ok((crate::config::entries::remove(text, id)?, json!({ "id": id }))))
            }
        }
    }
}

