//! What systemd is told. Without systemd each of these does nothing.

use crate::net::Drain;
use sd_notify::NotifyState;
use tokio::runtime::Handle;

/// The doors answer. Then the watchdog is fed at half its time, by the runtime that serves the doors: if it hangs, so does this.
pub fn ready(runtime: &Handle, mut drain: Drain) {
    tell(&[NotifyState::Ready]);
    if let Some(period) = sd_notify::watchdog_enabled() {
        runtime.spawn(async move {
            let mut half = tokio::time::interval(period / 2);
            loop {
                tokio::select! {
                    _ = half.tick() => tell(&[NotifyState::Watchdog]),
                    () = drain.begun() => return,
                }
            }
        });
    }
}

pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

pub fn reloaded() {
    tell(&[NotifyState::Ready]);
}

pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(states: &[NotifyState]) {
    if let Err(fault) = sd_notify::notify(states) {
        tracing::warn!(%fault, "systemd could not be told");
    }
}
