//! What the rules of one list say of a host, asked rule by rule: the reference that a table is held to.

use regex::bytes::{Regex, RegexBuilder};
use schoolgate::lists::parse::lines::{Line, Lines};
use schoolgate::lists::parse::{Means, Parser, Rule, What, Within};
use schoolgate::lists::{Format, Origin, Reach};
use schoolgate::words::Host;
use std::net::IpAddr;

/// A rule as it was read, with nothing borrowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub what: Thing,
    pub reach: Reach,
    pub means: Means,
    pub important: bool,
    off: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    Host(Host),
    Range(IpAddr, u8),
    Page(Host, String),
    Pattern(Within, String),
}

/// The rules that are in force.
pub struct Naive {
    rules: Vec<Said>,
    /// Those for hosts.
    patterns: Vec<Regex>,
}

impl Naive {
    /// Reads the lines in this format. `own` is how far the list's entries reach if the format does not say.
    pub fn read(text: &[u8], format: Format, origin: Origin, own: Reach) -> Self {
        let mut rules = Vec::new();
        let reader = &mut &text[..];
        let mut lines = Lines::new(reader);
        let mut parser = Parser::of(format, origin);
        while let Some((_, line)) = lines.next_line().expect("memory can be read") {
            let Line::Text(line) = line else { continue };
            parser.line(line, &mut |said| rules.extend(said.ok().and_then(|rule| taken(rule, own))));
        }
        let off: Vec<Said> = rules.iter().filter(|rule| rule.off).map(|rule| Said { off: false, ..rule.clone() }).collect();
        rules.retain(|rule| !rule.off && !off.contains(rule));
        let of_hosts = rules.iter().filter_map(|rule| match &rule.what {
            Thing::Pattern(Within::Host, text) => Some(pattern(text)),
            _ => None,
        });
        Self { patterns: of_hosts.collect(), rules }
    }

    /// Whether an entry speaks of the host and no exception does.
    pub fn says(&self, host: &Host) -> bool {
        let speaking = |means| self.rules.iter().filter(move |rule| rule.means == means && reaches(rule, host));
        // An exception for one host only is none to an entry of a longer name.
        let excepted = |entry: &Said| {
            let mut exceptions = speaking(Means::Exception).filter(|rule| rule.important || !entry.important);
            exceptions.any(|rule| rule.reach == Reach::Below || !is_longer(entry, rule))
        };
        let patterns = || self.patterns.iter().any(|pattern| pattern.is_match(host.as_str().as_bytes()));
        speaking(Means::Entry).any(|entry| !excepted(entry)) || patterns()
    }

    /// Every host that a rule names, or an address in the range that it names.
    pub fn hosts(&self) -> impl Iterator<Item = Host> + '_ {
        self.rules.iter().filter_map(|rule| match &rule.what {
            Thing::Host(host) | Thing::Page(host, _) => Some(*host),
            Thing::Range(first, _) => Some(Host::from(*first)),
            Thing::Pattern(..) => None,
        })
    }

    pub fn rules(&self) -> &[Said] {
        &self.rules
    }
}

/// What the compiler takes of a list, where it knows no platforms and no canaries.
fn taken(rule: Rule<'_>, own: Reach) -> Option<Said> {
    let mut reach = rule.reach.unwrap_or(own);
    let what = match rule.what {
        What::Host(host) => {
            if rule.means == Means::Entry && !host.is_address() {
                let suffix = psl::suffix(host.as_str().as_bytes()).filter(|s| s.as_bytes() == host.as_str().as_bytes());
                match suffix.and_then(|s| s.typ()) {
                    Some(psl::Type::Icann) => return None,
                    Some(psl::Type::Private) => reach = reach.max(Reach::HostOnly),
                    None => {}
                }
            }
            Thing::Host(host)
        }
        What::Range(first, length) => Thing::Range(first, length),
        What::Url(host, path) => Thing::Page(host, path.to_owned()),
        What::Pattern(..) if rule.means == Means::Exception || rule.off => return None,
        What::Pattern(within, text) => Thing::Pattern(within, text.to_owned()),
    };
    Some(Said { what, reach, means: rule.means, important: rule.important, off: rule.off })
}

fn reaches(rule: &Said, host: &Host) -> bool {
    match &rule.what {
        Thing::Host(name) if host.is_address() || name.is_address() => name == host,
        Thing::Host(name) => {
            let www = host.as_str().strip_prefix("www.") == Some(name.as_str());
            match rule.reach {
                Reach::Below => host.is_within(name),
                Reach::HostOnly => host == name || www,
                Reach::Exact => host == name,
            }
        }
        Thing::Range(first, length) => host.address().is_some_and(|address| is_in(address, *first, *length)),
        Thing::Page(..) | Thing::Pattern(..) => false,
    }
}

fn is_longer(entry: &Said, exception: &Said) -> bool {
    match (&entry.what, &exception.what) {
        (Thing::Host(entry), Thing::Host(exception)) => entry != exception && entry.is_within(exception),
        _ => false,
    }
}

fn is_in(address: IpAddr, first: IpAddr, length: u8) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 4),
        IpAddr::V6(v6) => (v6.to_bits(), 6),
    };
    let ((a, kind), (b, of_first)) = (bits(address), bits(first));
    kind == of_first && (a ^ b).leading_zeros() >= u32::from(length)
}

/// A pattern by itself.
pub fn pattern(text: &str) -> Regex {
    RegexBuilder::new(text).unicode(false).case_insensitive(true).build().expect("what a parser takes is a pattern")
}
