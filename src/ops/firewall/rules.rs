//! From the configuration to the table, as text. Pure.

use super::FirewallFault;
use crate::config::Config;
use crate::policy::{NetworkRule, WhenDown};
use crate::words::Network;
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

/// The one table that is ours.
pub const TABLE: &str = "inet schoolgate";

/// Where the kernel sends what is for a door, in one family.
#[derive(Debug, Clone, Copy)]
struct Doors {
    dns: Option<SocketAddr>,
    web: Option<SocketAddr>,
}

/// The family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

impl Family {
    const ALL: [Self; 2] = [Self::V4, Self::V6];

    fn word(self) -> &'static str {
        match self {
            Self::V4 => "ip",
            Self::V6 => "ip6",
        }
    }

    fn protocol(self) -> &'static str {
        match self {
            Self::V4 => "ipv4",
            Self::V6 => "ipv6",
        }
    }

    fn has(self, address: IpAddr) -> bool {
        address.is_ipv4() == (self == Self::V4)
    }
}

/// The table, in a text that replaces what there is of it.
///
/// # Errors
/// A door that machines cannot be sent to: which key is wrong, and what would be right.
pub fn rules(config: &Config) -> Result<String, FirewallFault> {
    let doors = Family::ALL.map(|family| doors(config, family));
    let ranges = ranges(config);
    for (family, doors) in Family::ALL.into_iter().zip(doors) {
        // A family without doors is refused, so that machines take the other; one of the two must have them.
        if family == Family::V4 || !ranges.iter().any(|(range, _)| Family::V4.has(range.base())) {
            check(config, family, doors)?;
        }
    }
    let mut text = String::new();
    // Writing to a text does not fail.
    let _ = write(&mut text, config, &ranges, doors);
    Ok(text)
}

fn check(config: &Config, family: Family, doors: Doors) -> Result<(), FirewallFault> {
    let example = if family == Family::V4 { "0.0.0.0" } else { "[::]" };
    let wrong = |key: &str, port: u16| {
        let text = format!(
            "{key} under which machines can be reached from outside is missing for {}: such as {key} = [\"{example}:{port}\"]",
            if family == Family::V4 { "IPv4" } else { "IPv6" }
        );
        Err(FirewallFault::Config(text))
    };
    match doors {
        Doors { dns: None, .. } => wrong("[dns] listen", 53),
        Doors { web: None, .. } => wrong("[proxy] transparent_listen", 3129),
        _ if config.policy.networks.iter().all(|n| n.ranges.iter().all(|r| r.base().is_loopback())) => Err(
            FirewallFault::Config("there is no [[network]] but this machine itself: nobody is to be sent to the doors".into()),
        ),
        _ => Ok(()),
    }
}

fn doors(config: &Config, family: Family) -> Doors {
    // One that holds every address of the family does for every machine; loopback for none.
    let best = |listen: &[SocketAddr]| {
        let usable = || listen.iter().copied().filter(|at| family.has(at.ip()) && !at.ip().is_loopback());
        usable().find(|at| at.ip().is_unspecified()).or_else(|| usable().next())
    };
    Doors { dns: best(&config.dns.listen), web: best(&config.proxy.transparent_listen) }
}

/// Every range of the school's networks with its network, the longest first: the first that holds an address counts.
fn ranges(config: &Config) -> Vec<(Network, &NetworkRule)> {
    let networks = config.policy.networks.iter();
    let mut ranges: Vec<_> = networks.flat_map(|n| n.ranges.iter().map(move |r| (*r, n))).collect();
    ranges.retain(|(range, _)| !range.base().is_loopback());
    ranges.sort_by_key(|(range, _)| std::cmp::Reverse(range.prefix()));
    ranges
}

fn write(out: &mut String, config: &Config, ranges: &[(Network, &NetworkRule)], doors: [Doors; 2]) -> std::fmt::Result {
    writeln!(
        out,
        "# {school}: what machines send is brought to the doors. Made by `schoolgate firewall print`.\n\
         # This machine must forward packets (sysctl net.ipv4.ip_forward=1), and its clients must have it as their gateway.\n\
         table {TABLE} {{}}\n\
         delete table {TABLE}\n\
         table {TABLE} {{\n\
         \t# Whether the doors answer. `schoolgate firewall watch` makes that a promise that runs out by itself.\n\
         \tset up {{\n\
         \t\ttypeof meta nfproto\n\
         \t\tflags timeout\n\
         \t\telements = {{ ipv4, ipv6 }}\n\
         \t}}",
        school = config.school.name.replace(['\n', '\r'], " "),
    )?;
    redirecting(out, config, ranges, doors)?;
    refusing(out, config, ranges, doors)?;
    writeln!(out, "}}")
}

/// The first packet of a connection is sent to a door, and with it all others.
fn redirecting(out: &mut String, config: &Config, ranges: &[(Network, &NetworkRule)], doors: [Doors; 2]) -> std::fmt::Result {
    writeln!(out, "\n\tchain arriving {{\n\t\ttype nat hook prerouting priority dstnat; policy accept;")?;
    writeln!(out, "\t\tmeta l4proto != {{ tcp, udp }} return\n\t\tth dport != {{ 53, 80, 443 }} return")?;
    exempt(out, config)?;
    // What has a door of its own on this machine goes there: the block page, DNS over HTTPS.
    writeln!(out, "\t\tfib daddr type local th dport {{ 80, 443 }} return")?;
    inside(out, config)?;
    // Resolvers of the school that we ask: what they ask must not come back to us.
    let upstreams = config.dns.upstreams.iter().chain(config.dns.forwards.iter().flat_map(|f| &f.upstreams));
    let asked: Vec<IpAddr> = upstreams.filter_map(|u| u.address()).map(|a| a.ip()).collect();
    sets(out, &asked, |family, set| format!("{family} saddr {set} th dport 53 return"))?;
    by_network(out, ranges, "closed", "open")?;
    writeln!(out, "\t}}\n\n\tchain closed {{")?;
    for (family, doors) in Family::ALL.into_iter().zip(doors) {
        let to = |at: SocketAddr| match at.ip() {
            ip if ip.is_unspecified() => format!("redirect to :{}", at.port()),
            _ => format!("dnat {} to {at}", family.word()),
        };
        let of = format!("meta nfproto {}", family.protocol());
        if let Some(dns) = doors.dns {
            writeln!(out, "\t\t{of} udp dport 53 {0}\n\t\t{of} tcp dport 53 {0}", to(dns))?;
        }
        if let Some(web) = doors.web {
            writeln!(out, "\t\t{of} tcp dport {{ 80, 443 }} {}", to(web))?;
        }
    }
    writeln!(out, "\t}}\n\n\tchain open {{\n\t\tmeta nfproto @up goto closed")?;
    for family in Family::ALL {
        // Machines that ask this one for names are answered by whom it would have asked.
        let first = asked.iter().find(|ip| family.has(**ip) && !ip.is_loopback());
        if let Some(ip) = first {
            let (word, of) = (family.word(), format!("meta nfproto {} fib daddr type local", family.protocol()));
            let at = SocketAddr::new(*ip, 53);
            writeln!(out, "\t\t{of} udp dport 53 dnat {word} to {at}\n\t\t{of} tcp dport 53 dnat {word} to {at}")?;
        }
    }
    writeln!(out, "\t}}")
}

/// What would go past the doors is refused at once, so that clients fall back without waiting.
fn refusing(out: &mut String, config: &Config, ranges: &[(Network, &NetworkRule)], doors: [Doors; 2]) -> std::fmt::Result {
    writeln!(out, "\n\tchain leaving {{\n\t\ttype filter hook forward priority filter - 10; policy accept;")?;
    writeln!(out, "\t\tudp dport {{ 443, 853 }} jump past\n\t\ttcp dport 853 jump past")?;
    for (family, doors) in Family::ALL.into_iter().zip(doors) {
        let of = format!("meta nfproto {}", family.protocol());
        if doors.dns.is_none() {
            writeln!(out, "\t\t{of} meta l4proto {{ tcp, udp }} th dport 53 jump past")?;
        }
        if doors.web.is_none() {
            writeln!(out, "\t\t{of} tcp dport {{ 80, 443 }} jump past")?;
        }
    }
    writeln!(out, "\t}}\n\n\tchain past {{")?;
    exempt(out, config)?;
    inside(out, config)?;
    by_network(out, ranges, "refused", "refused_while_up")?;
    writeln!(out, "\t}}\n\n\tchain refused_while_up {{\n\t\tmeta nfproto @up goto refused\n\t}}")?;
    writeln!(
        out,
        "\n\tchain refused {{\n\t\tmeta l4proto tcp reject with tcp reset\n\t\treject with icmpx port-unreachable\n\t}}"
    )
}

/// Machines that are left alone, and addresses that are opened by `destinations`.
fn exempt(out: &mut String, config: &Config) -> std::fmt::Result {
    for family in Family::ALL {
        let word = family.word();
        let except: Vec<_> = config.firewall.except.iter().filter(|n| family.has(n.base())).map(ToString::to_string).collect();
        for range in except {
            writeln!(out, "\t\t{word} saddr {range} return")?;
        }
        let opened = config.proxy.destinations.iter().filter(|d| family.has(d.ip()) && !d.ip().is_loopback());
        let opened: Vec<_> = opened.map(|d| format!("{} . {}", d.ip(), d.port())).collect();
        if !opened.is_empty() {
            writeln!(out, "\t\t{word} daddr . th dport {{ {} }} return", opened.join(", "))?;
        }
    }
    Ok(())
}

/// From one machine of the school to another: not the internet. But names are asked of us whoever is asked.
fn inside(out: &mut String, config: &Config) -> std::fmt::Result {
    let networks = config.policy.networks.iter().flat_map(|n| &n.ranges).chain(&config.proxy.internal_networks);
    for range in networks.filter(|range| !range.base().is_loopback()) {
        let word = if range.base().is_ipv4() { "ip" } else { "ip6" };
        writeln!(out, "\t\t{word} daddr {range} th dport != {{ 53, 853 }} return")?;
    }
    Ok(())
}

fn by_network(out: &mut String, ranges: &[(Network, &NetworkRule)], closed: &str, open: &str) -> std::fmt::Result {
    for (range, network) in ranges {
        let chain = if network.when_down == WhenDown::Open { open } else { closed };
        let word = if range.base().is_ipv4() { "ip" } else { "ip6" };
        writeln!(out, "\t\t{word} saddr {range} goto {chain} # {}", network.name.replace(['\n', '\r'], " "))?;
    }
    Ok(())
}

fn sets(out: &mut String, addresses: &[IpAddr], rule: impl Fn(&str, &str) -> String) -> std::fmt::Result {
    for family in Family::ALL {
        let mut of: Vec<_> = addresses.iter().filter(|ip| family.has(**ip)).map(ToString::to_string).collect();
        of.sort();
        of.dedup();
        if !of.is_empty() {
            writeln!(out, "\t\t{}", rule(family.word(), &format!("{{ {} }}", of.join(", "))))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
