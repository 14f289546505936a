//! `never-inside.txt`: hosts whose TLS is never looked into, and why.

use crate::words::Host;
use std::collections::HashMap;

crate::words::person::words! {
    /// Why a host is left alone.
    Private {
        Banking "banking",
        Health "health",
        /// An app that takes the certificates of its maker only, and breaks with any other.
        Pinned "pinned",
    }
}

/// Most faults of the file that are told.
const MAX_FAULTS: usize = 20;

/// Hosts, each with everything below it.
#[derive(Debug, Clone, Default)]
pub struct Privates(HashMap<Host, Private>);

/// What is wrong with a line of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct PrivateFault {
    /// From 1.
    pub line: usize,
    pub what: String,
}

impl Privates {
    /// Reads the file: `[banking]`, `[health]` and `[pinned]`, one name a line below them, `#` comments.
    ///
    /// # Errors
    /// The first faults of the file, with their lines.
    pub fn read(text: &str) -> Result<Self, Vec<PrivateFault>> {
        let (mut hosts, mut faults, mut private) = (HashMap::new(), Vec::new(), None);
        for (number, line) in text.lines().enumerate() {
            let line_text = line.split('#').next().unwrap_or_default().trim();
            let mut fault = |what: String| faults.push(PrivateFault { line: number + 1, what });
            let section = line_text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            match (section, private) {
                _ if line_text.is_empty() => {}
                (Some(word), _) => match Private::from_word(word) {
                    Some(known) => private = Some(known),
                    None => fault(format!("`[{word}]` is no section of this file: write `[banking]`, `[health]` or `[pinned]`")),
                },
                (None, None) => {
                    fault("a name before the first section: write `[banking]`, `[health]` or `[pinned]` above it".into())
                }
                (None, Some(private)) => match Host::parse(line_text) {
                    Ok(host) => drop(hosts.insert(host, private)),
                    Err(_) => fault(format!("`{line_text}` is no host name")),
                },
            }
            if faults.len() == MAX_FAULTS {
                break;
            }
        }
        if faults.is_empty() { Ok(Self(hosts)) } else { Err(faults) }
    }

    /// Why this host is left alone, if it is: it or a parent of it is named.
    pub fn why(&self, host: &Host) -> Option<Private> {
        host.suffixes().find_map(|name| self.0.get(name).copied())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Host, Private)> {
        self.0.iter().map(|(host, private)| (host, *private))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_left_alone_with_everything_below_it() {
        let text = "# banks\n[banking]\nbank.example   # one\n\n[pinned]\napp.example\n";
        let privates = Privates::read(text).expect("no fault");
        for (host, why) in [
            ("bank.example", Some(Private::Banking)),
            ("online.bank.example", Some(Private::Banking)),
            ("api.app.example", Some(Private::Pinned)),
            ("notbank.example", None),
            ("example", None),
        ] {
            assert_eq!(privates.why(&Host::parse(host).expect("a host")), why, "{host}");
        }
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let faults = Privates::read("early.example\n[banks]\n[health]\nno host\n").expect_err("faults");
        assert_eq!(faults.iter().map(|f| f.line).collect::<Vec<_>>(), [1, 2, 4]);
    }
}
