//! What is answered here: records of the school's own, and reverse zones of private addresses, which nobody outside knows.

use super::routes::suffixes;
use super::{Outcome, WireAnswer};
use crate::config::{Data, Record};
use crate::wire::{Body, HEADER, Made, Message, Query, Rcode, rr};
use crate::words::{Host, Name};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// How long clients may believe that there is no such name or type, in seconds: until somebody has written one.
const NEGATIVE_TTL: u32 = 60;

/// Most names that are other names of other names.
const MAX_ALIASES: usize = 8;

/// Reverse zones of addresses that are nobody's outside (RFC 6303 §4, RFC 7793): asked upstream they tell the internet what is
/// in the school, and get no answer worth having.
const EMPTY: &[&str] = &[
    "0.in-addr.arpa",
    "10.in-addr.arpa",
    "127.in-addr.arpa",
    "254.169.in-addr.arpa",
    "168.192.in-addr.arpa",
    "2.0.192.in-addr.arpa",
    "100.51.198.in-addr.arpa",
    "113.0.203.in-addr.arpa",
    "255.255.255.255.in-addr.arpa",
    "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
    "c.f.ip6.arpa",
    "d.f.ip6.arpa",
    "8.e.f.ip6.arpa",
    "9.e.f.ip6.arpa",
    "a.e.f.ip6.arpa",
    "b.e.f.ip6.arpa",
    "8.b.d.0.1.0.0.2.ip6.arpa",
];

/// What is answered here, by name on the wire in small letters.
pub struct Local {
    records: HashMap<Box<[u8]>, Vec<Record>>,
    empty: HashMap<Box<[u8]>, ()>,
}

/// What is known here of a question.
pub enum Known {
    Answer(Outcome),
    /// It is another name of what must be asked.
    Alias(Box<Alias>),
}

/// A name that is another name.
pub struct Alias {
    /// Owner, target and TTL of each step.
    steps: Vec<(Name, Name, u32)>,
    pub target: Host,
}

impl Local {
    pub fn new(records: &[Record]) -> Self {
        let mut by_name: HashMap<Box<[u8]>, Vec<Record>> = HashMap::new();
        for record in records {
            by_name.entry(record.owner().wire().into()).or_default().push(record.clone());
        }
        let private = (16..=31).map(|n| format!("{n}.172.in-addr.arpa"));
        let shared = (64..=127).map(|n| format!("{n}.100.in-addr.arpa"));
        let zones = EMPTY.iter().map(|z| (*z).to_owned()).chain(private).chain(shared);
        let empty = zones.filter_map(|z| Host::parse_ascii(z.as_bytes()).ok()).map(|z| (Name::from(&z).wire().into(), ()));
        Self { records: by_name, empty: empty.collect() }
    }

    /// What is known of it here. `forwarded` says whether a name, in small letters, has resolvers of its own.
    pub fn find(&self, query: &Query, forwarded: impl Fn(&[u8]) -> bool) -> Option<Known> {
        let reverse = query.name.labels().last().is_some_and(|label| label.eq_ignore_ascii_case(b"arpa"));
        if self.records.is_empty() && !reverse {
            return None;
        }
        let name = query.name.wire().to_ascii_lowercase();
        if let Some(records) = self.records.get(&*name) {
            return Some(self.answer(query, records));
        }
        let empty = reverse && suffixes(&name).any(|suffix| self.empty.contains_key(suffix)) && !forwarded(&name);
        empty.then(|| Known::Answer(Ok(negative(query, Rcode::NXDOMAIN))))
    }

    fn answer<'a>(&'a self, query: &Query, mut records: &'a [Record]) -> Known {
        let mut steps = Vec::new();
        let mut owner = query.name;
        while let (Some(Record { data: Data::Cname(target), ttl, .. }), true) = (records.first(), query.kind != rr::CNAME) {
            steps.push((owner, Name::from(target), *ttl));
            owner = Name::from(target);
            match self.records.get(owner.wire()).filter(|_| steps.len() < MAX_ALIASES) {
                Some(next) => records = next,
                None => return Known::Alias(Box::new(Alias { steps, target: *target })),
            }
        }
        let rows = records.iter().filter(|r| query.kind == rr::ANY || kind(&r.data) == query.kind);
        let rows: Vec<Row> = rows.map(|r| Row { owner, kind: kind(&r.data), ttl: r.ttl, data: data(&r.data) }).collect();
        Known::Answer(Ok(match (rows.is_empty(), steps.is_empty()) {
            (true, true) => negative(query, Rcode::NOERROR),
            _ => answer(query, Rcode::NOERROR, &[links(&steps), rows].concat()),
        }))
    }
}

impl Alias {
    /// The answer to the question, once the target's own is known: the way there, and the addresses at its end.
    pub fn complete(&self, query: &Query, found: &WireAnswer) -> Outcome {
        let mut rows = links(&self.steps);
        let ttl = found.left(Instant::now());
        let mut owner = Name::from(&self.target);
        for next in found.names().iter().map(Name::from) {
            rows.push(Row { owner, kind: rr::CNAME, ttl, data: next.wire().to_vec() });
            owner = next;
        }
        for address in found.addresses().iter().filter(|a| matches!((a.is_ipv4(), query.kind), (true, rr::A) | (false, rr::AAAA)))
        {
            let data = match address {
                std::net::IpAddr::V4(v4) => v4.octets().to_vec(),
                std::net::IpAddr::V6(v6) => v6.octets().to_vec(),
            };
            rows.push(Row { owner, kind: query.kind, ttl, data });
        }
        Ok(answer(query, found.rcode(), &rows))
    }
}

#[derive(Clone)]
struct Row {
    owner: Name,
    kind: u16,
    ttl: u32,
    data: Vec<u8>,
}

fn links(steps: &[(Name, Name, u32)]) -> Vec<Row> {
    let link = |&(owner, target, ttl): &(Name, Name, u32)| Row { owner, kind: rr::CNAME, ttl, data: target.wire().to_vec() };
    steps.iter().map(link).collect()
}

fn negative(query: &Query, rcode: Rcode) -> Arc<WireAnswer> {
    let made = Made { rcode, body: Body::Soa { ttl: NEGATIVE_TTL }, error: None };
    Arc::new(WireAnswer::new(Message::made(query, made)))
}

fn answer(query: &Query, rcode: Rcode, rows: &[Row]) -> Arc<WireAnswer> {
    let mut bytes = Vec::new();
    Made::bare(rcode).write(&Query { edns: None, ..*query }, &mut bytes);
    let count = u16::try_from(rows.len()).unwrap_or(u16::MAX);
    bytes[6..8].copy_from_slice(&count.to_be_bytes());
    for row in rows.iter().take(count.into()) {
        // The name of the question is there already.
        if row.owner == query.name {
            bytes.extend_from_slice(&[0xc0, HEADER as u8]);
        } else {
            bytes.extend_from_slice(row.owner.wire());
        }
        bytes.extend_from_slice(&row.kind.to_be_bytes());
        bytes.extend_from_slice(&rr::CLASS_IN.to_be_bytes());
        bytes.extend_from_slice(&row.ttl.to_be_bytes());
        bytes.extend_from_slice(&(row.data.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&row.data);
    }
    // More than can be judged (a name with hundreds of addresses): said to be nothing, not passed unjudged.
    let message = Message::read(bytes).unwrap_or_else(|_| Message::made(query, Made::bare(Rcode::SERVFAIL)));
    Arc::new(WireAnswer::new(message))
}

fn kind(data: &Data) -> u16 {
    match data {
        Data::A(_) => rr::A,
        Data::Aaaa(_) => rr::AAAA,
        Data::Cname(_) => rr::CNAME,
        Data::Ptr(_) => rr::PTR,
        Data::Txt(_) => rr::TXT,
        Data::Srv { .. } => rr::SRV,
    }
}

fn data(data: &Data) -> Vec<u8> {
    match data {
        Data::A(v4) => v4.octets().to_vec(),
        Data::Aaaa(v6) => v6.octets().to_vec(),
        Data::Cname(name) | Data::Ptr(name) => Name::from(name).wire().to_vec(),
        Data::Txt(text) if text.is_empty() => vec![0],
        Data::Txt(text) => text.as_bytes().chunks(255).flat_map(|c| [&[c.len() as u8], c].concat()).collect(),
        Data::Srv { priority, weight, port, target } => {
            let numbers = [priority, weight, port].into_iter().flat_map(|n| n.to_be_bytes());
            numbers.chain(Name::from(target).wire().iter().copied()).collect()
        }
    }
}
