//! `[[dns.forward]]`, `[[dns.record]]`: names that are not asked of everyone's upstreams.

use super::fault::{Place, Wrong, shown};
use super::file::Section;
use super::item::{Item, List};
use super::upstream::{self, Upstream};
use super::values;
use crate::words::{Host, Name};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// More zones of its own than any trust of schools has, reverse ones among them.
const MAX_FORWARDS: usize = 256;

/// More than a hosts file that people keep by hand.
const MAX_RECORDS: usize = 4_096;

/// How long clients may keep a record of the school's own unless it says otherwise, in seconds.
const TTL: u32 = 300;
const MAX_TTL: u32 = 24 * 60 * 60;

/// Longest text of a TXT record: four strings of 255 octets (RFC 1035 §3.3.14).
const MAX_TXT: usize = 1_020;

/// Zones whose names are asked of their own resolvers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    pub zones: Vec<Host>,
    /// In the order to ask them. The first gets dynamic updates.
    pub upstreams: Vec<Upstream>,
}

/// One record that is answered here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub name: Host,
    pub data: Data,
    pub ttl: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Cname(Host),
    Ptr(Host),
    Txt(String),
    Srv { priority: u16, weight: u16, port: u16, target: Host },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    A,
    Aaaa,
    Cname,
    Ptr,
    Txt,
    Srv,
}

const KINDS: [(&str, Kind); 6] =
    [("A", Kind::A), ("AAAA", Kind::Aaaa), ("CNAME", Kind::Cname), ("PTR", Kind::Ptr), ("TXT", Kind::Txt), ("SRV", Kind::Srv)];

/// `look` is shown the resolvers of each rule.
pub(super) fn forwards(dns: &Section, bootstrap: &[SocketAddr], look: impl Fn(&List<Upstream>)) -> Vec<Forward> {
    let mut first: HashMap<Host, Place> = HashMap::new();
    let mut forwards = Vec::new();
    for section in at_most(dns.sections("forward"), MAX_FORWARDS, "zones") {
        let zones = section.need_list("zones", |item| zone(item)).map_or(Vec::new(), |l| l.items);
        for zone in &zones {
            if let Some(place) = first.insert(zone.value, zone.place) {
                let wrong = Wrong::new(format!("{} is forwarded twice", shown(zone.value.as_str())), "delete one of them");
                section.fault(wrong.at(zone.place).first(place));
            }
        }
        let upstreams = upstream::list(&section, "upstreams", bootstrap);
        if upstreams.as_ref().is_none_or(|u| u.empty) {
            let wrong = Wrong::new("nobody is asked for these zones", "add `upstreams = [\"…\"]`: the school's own resolvers");
            section.fault(wrong.at(upstreams.as_ref().map_or(section.place(), |u| u.place)));
        }
        upstreams.iter().for_each(&look);
        section.end();
        forwards.push(Forward { zones: zones.into_iter().map(|z| z.value).collect(), upstreams: List::values(upstreams) });
    }
    forwards
}

/// A zone to forward: the school's own, or a reverse one.
fn zone(item: &Item) -> Result<Host, Wrong> {
    let zone = values::host(item)?;
    if let Some(ip) = zone.address() {
        let label =
            format!("a name; the reverse zone of {ip} ends in `{}`", if ip.is_ipv4() { "in-addr.arpa" } else { "ip6.arpa" });
        return Err(Wrong::new(format!("{} is no zone", shown(zone.as_str())), label));
    }
    if values::is_public_suffix(&zone) && zone.suffixes().last() != Some("arpa") {
        let label = "the school's own zone, such as \"school.example\"";
        return Err(Wrong::new(format!("{} is not the school's own", shown(zone.as_str())), label));
    }
    Ok(zone)
}

/// Zones that may have private addresses although a public resolver says so.
pub(super) fn private_allowed(dns: &Section) -> Vec<Host> {
    List::values(dns.list("private_allowed", |item| {
        let zone = values::host(item)?;
        if values::is_public_suffix(&zone) {
            let label = "one zone, such as \"plex.direct\"";
            return Err(Wrong::new(format!("{} is anybody's", shown(zone.as_str())), label));
        }
        Ok(zone)
    }))
}

pub(super) fn records(dns: &Section) -> Vec<Record> {
    let mut records = Vec::new();
    // Each owner, whether it is another name, and where it was written first.
    let mut owners: HashMap<Host, (bool, Place)> = HashMap::new();
    for section in at_most(dns.sections("record"), MAX_RECORDS, "records") {
        let name = section.need("name", values::host);
        let kind = section.need("type", |item| item.word(&KINDS));
        let ttl = section.value("ttl", |item| item.number(0..=MAX_TTL)).map_or(TTL, |t| t.value);
        let read = section.need("value", |item| match &kind {
            Some(kind) => data(kind.value, item).map(Some),
            None => item.text().map(|_| None),
        });
        section.end();
        let (Some(name), Some(kind), Some(data)) = (name, kind, read.and_then(|d| d.value)) else { continue };
        let owner = match (name.value.address(), kind.value) {
            (Some(ip), Kind::Ptr) => reverse(ip),
            (Some(_), _) => {
                section.fault(Wrong::new("only a PTR record is of an address", "the name it is for").at(name.place));
                continue;
            }
            (None, _) => name.value,
        };
        let alone = matches!(data, Data::Cname(_));
        let (before, first) = *owners.entry(owner).or_insert((alone, name.place));
        if first != name.place && (before || alone) {
            // RFC 1034 §3.6.2.
            let title = format!("{} is another name and has records of its own", shown(owner.as_str()));
            section.fault(Wrong::new(title, "one or the other").at(name.place).first(first));
        }
        records.push(Record { name: owner, data, ttl });
    }
    records
}

fn data(kind: Kind, item: &Item) -> Result<Data, Wrong> {
    let text = item.text()?;
    let wrong = |label: &str| Wrong::new(format!("{} is no value of this type", shown(text)), label);
    let name = |text: &str, label: &str| match Host::parse(text) {
        Ok(host) if !host.is_address() => Ok(host),
        _ => Err(wrong(label)),
    };
    match kind {
        Kind::A => text.parse().map(Data::A).map_err(|_| wrong("an IPv4 address, such as \"10.20.0.7\"")),
        Kind::Aaaa => text.parse().map(Data::Aaaa).map_err(|_| wrong("an IPv6 address, such as \"fd00::7\"")),
        Kind::Cname => name(text, "a name, such as \"server.school.example\"").map(Data::Cname),
        Kind::Ptr => name(text, "a name, such as \"printer.school.example\"").map(Data::Ptr),
        Kind::Txt if text.len() <= MAX_TXT => Ok(Data::Txt(text.to_owned())),
        Kind::Txt => Err(wrong(&format!("at most {MAX_TXT} octets"))),
        Kind::Srv => {
            let label = "priority, weight, port and name, such as \"0 100 389 dc1.school.example\"";
            let [priority, weight, port, target] = text.split_whitespace().collect::<Vec<_>>()[..] else {
                return Err(wrong(label));
            };
            let number = |text: &str| text.parse::<u16>().map_err(|_| wrong(label));
            let target = name(target, label)?;
            Ok(Data::Srv { priority: number(priority)?, weight: number(weight)?, port: number(port)?, target })
        }
    }
}

fn at_most<'r>(mut sections: Vec<Section<'r>>, most: usize, what: &str) -> Vec<Section<'r>> {
    if let Some(first) = sections.get(most) {
        first.fault(Wrong::new(format!("there are more than {most} {what}"), "delete some").at(first.place()));
    }
    sections.truncate(most);
    sections
}

/// The name whose PTR record names an address (RFC 1035 §3.5, RFC 3596 §2.5).
fn reverse(ip: IpAddr) -> Host {
    let text = match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let nibbles = v6.octets().into_iter().rev().flat_map(|o| [o & 0x0f, o >> 4]);
            nibbles.map(|n| format!("{n:x}.")).collect::<String>() + "ip6.arpa"
        }
    };
    Host::parse(&text).expect("digits, dots and arpa are a host")
}

impl Record {
    /// Its owner on the wire.
    pub fn owner(&self) -> Name {
        Name::from(&self.name)
    }
}
