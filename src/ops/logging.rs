//! The service log: what the gate itself does. Never a person with a host.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts the log on standard error: `info`, or what `SCHOOLGATE_LOG` says (`debug`, `schoolgate::dns=debug`).
pub fn start() {
    let filter = EnvFilter::try_from_env("SCHOOLGATE_LOG").unwrap_or_else(|_| EnvFilter::new("info,hickory_net=error"));
    // A second start, in tests that build several gates, finds the first one's log and keeps it.
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    // The journal of systemd puts a time on each line itself.
    let started = if std::env::var_os("JOURNAL_STREAM").is_some() { log.without_time().try_init() } else { log.try_init() };
    let _ = started;
}
