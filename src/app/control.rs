//! What the control socket's requests do.

use super::{Doors, assemble, drift, entries, status};
use crate::config::Config;
use crate::gate::control::{Handle, Peer, Request};
use crate::gate::{Gate, explain};
use crate::ops::{self, tables::Broken};
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
        let next = assemble::snapshot(config, &self.gate.journal, &self.neighbours, Broken::Refuse).map_err(|f| f.to_string())?;
        self.resolver.set_upstreams(&next.config.dns.upstreams);
        let version = next.version;
        drift::note(&next.config, self.gate.clock.unix_ms());
        self.gate.swap(next);
        Ok(format!("policy version {version} is in force{note}"))
    }

    /// Makes a table of the lists as they are on disk now and puts it in force, under the configuration that is in force: what
    /// somebody is about to write in the files is not taken by the way.
    ///
    /// # Errors
    /// The text says why; what was in force stays.
    pub fn take_lists(&self) -> Result<String, String> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let config = self.gate.snapshot().config.clone();
        let next = assemble::snapshot(config, &self.gate.journal, &self.neighbours, Broken::Refuse).map_err(|f| f.to_string())?;
        let version = next.version;
        self.gate.swap(next);
        Ok(format!("policy version {version} is in force"))
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
            Request::AddEntry(entry) => {
                let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
                let (config, by) = (self.gate.snapshot().config.clone(), ops::files::user_name(peer.uid));
                let id = entries::add(&config, &entry, &by, self.gate.clock.unix_ms(), || self.swap().map(drop))?;
                Ok(json!({ "id": id }))
            }
            Request::RemoveEntry { id, reason } => {
                let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
                let (config, by) = (self.gate.snapshot().config.clone(), ops::files::user_name(peer.uid));
                let now_ms = self.gate.clock.unix_ms();
                let removed = entries::remove(&config, id, &reason, &by, now_ms, || self.swap().map(drop))?;
                tracing::info!(id, by, reason, host = %removed.host, "an entry was removed");
                Ok(json!({ "id": id }))
            }
        }
    }
}
