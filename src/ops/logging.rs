//! The service log: what the gate itself does. Never a person with a host.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{Directive, LevelFilter};

/// Libraries that write every name they ask for into their debug output. What goes wrong there our own lines say; a visit
/// to a help service must not stand in a log with its second, whatever level somebody chose to look for a fault.
const SILENCED: [&str; 3] = ["hickory_net", "hickory_proto", "hickory_resolver"];

/// Starts the log on standard error: `info`, or what `SCHOOLGATE_LOG` says (`debug`, `schoolgate::dns=debug`).
pub fn start() {
    let filter = filter(&std::env::var("SCHOOLGATE_LOG").unwrap_or_default());
    // A second start, in tests that build several gates, finds the first one's log and keeps it.
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    // The journal of systemd puts a time on each line itself.
    let started = if std::env::var_os("JOURNAL_STREAM").is_some() { log.without_time().try_init() } else { log.try_init() };
    let _ = started;
}

/// What is logged: `wished`, or `info` where that cannot be read; never the names that libraries ask for.
fn filter(wished: &str) -> EnvFilter {
    let wished = if wished.is_empty() { "info" } else { wished };
    let filter = EnvFilter::try_new(wished).unwrap_or_else(|_| EnvFilter::new("info"));
    let silence = |target: &str| format!("{target}={}", LevelFilter::ERROR).parse::<Directive>().ok();
    SILENCED.into_iter().filter_map(silence).fold(filter, EnvFilter::add_directive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_level_makes_libraries_write_the_names_they_ask_for() {
        for wished in ["", "debug", "trace,hickory_net=trace", "schoolgate::dns=debug,hickory_proto=debug", "=,="] {
            let shown = filter(wished).to_string();
            for target in SILENCED {
                assert!(shown.split(',').any(|d| d == format!("{target}=error")), "{wished}: {shown}");
                assert_eq!(shown.matches(target).count(), 1, "{wished}: {shown}");
            }
        }
    }
}
