//! Response policy zones (draft-vixie-dnsop-dns-rpz) as zone files (RFC 1035, section 5).
//!
//! `name CNAME .` and `name CNAME *.` are entries for that host, `*.name` for the name and everything below it (lists write
//! both lines), `rpz-passthru.` an exception to the entries of the same list. In the school's own zone `rpz-drop.` is an entry
//! too: what is blocked gets our answer, for a client that is left without one asks again and waits. In others' it is refused.
//! No list gives an answer of its own: local data is refused (the school's too: the table holds names, not answers, and its
//! resolver is where such names belong), and so are `rpz-tcp-only.` and triggers other than a name.

use super::{Means, Reject, Rule, Said, text};
use crate::lists::{Origin, Reach};

/// Most lines that one record in brackets may take. An SOA takes seven; a bracket that is never closed must not hide the rest.
const MOST_IN_BRACKETS: u8 = 16;

/// What the lines so far make of the next one.
#[derive(Default)]
pub(super) struct Zone {
    /// The zone's own name, once something says it; without it, names are written relative to it.
    apex: Option<String>,
    /// What relative names are relative to; absolute, without its last dot.
    origin: Option<String>,
    /// As the last record had it, for those that begin with a blank.
    owner: String,
    /// Lines since a bracket was opened and not closed.
    in_brackets: Option<u8>,
    /// Whether it is the school's own.
    own: bool,
}

impl Zone {
    pub(super) fn of(origin: Origin) -> Self {
        Self { own: origin != Origin::Public, ..Self::default() }
    }

    pub(super) fn line(&mut self, line: &[u8], each: &mut dyn FnMut(Said)) {
        let end = line.iter().position(|&c| c == b';').unwrap_or(line.len());
        let line = &line[..end];
        if let Some(lines) = self.in_brackets {
            let closed = line.contains(&b')') || lines == MOST_IN_BRACKETS;
            self.in_brackets = if closed { None } else { Some(lines + 1) };
            return;
        }
        let inherits = line.first().is_some_and(u8::is_ascii_whitespace);
        match text::without_comment(line, b"") {
            Ok("") => {}
            Ok(text) => {
                if text.contains('(') && !text.contains(')') {
                    self.in_brackets = Some(1);
                }
                if let Some(said) = self.record(text, inherits).transpose() {
                    each(said);
                }
            }
            Err(why) => each(Err(why)),
        }
    }

    fn record(&mut self, text: &str, inherits: bool) -> Result<Option<Rule<'static>>, Reject> {
        let mut words = text.split_ascii_whitespace().peekable();
        if !inherits {
            let first = words.next().unwrap_or_default();
            if first.starts_with('$') {
                return match (first.to_ascii_uppercase().as_str(), words.next()) {
                    ("$TTL", Some(_)) => Ok(None),
                    ("$ORIGIN", Some(name)) => {
                        self.origin = self.absolute(name);
                        if self.apex.is_none() {
                            self.apex.clone_from(&self.origin);
                        }
                        Ok(None)
                    }
                    _ => Err(Reject::OtherFormat),
                };
            }
            first.clone_into(&mut self.owner);
        }
        while words.next_if(|w| is_ttl(w) || w.eq_ignore_ascii_case("IN")).is_some() {}
        let Some(kind) = words.next() else {
            return Err(if self.owner.starts_with('<') { Reject::Html } else { Reject::OtherFormat });
        };
        match kind.to_ascii_uppercase().as_str() {
            "SOA" => {
                let owner = self.absolute(&self.owner);
                if owner.is_some() {
                    self.apex.clone_from(&owner);
                    self.origin = self.origin.take().or(owner);
                }
                Ok(None)
            }
            "NS" => Ok(None),
            "CNAME" => self.policy(words.next().unwrap_or_default()).map(Some),
            "A" | "AAAA" | "TXT" | "MX" | "SRV" | "PTR" | "CAA" | "HTTPS" | "SVCB" | "DNAME" | "NAPTR" | "LOC" => {
                Err(Reject::LocalData)
            }
            _ if self.owner.starts_with('<') => Err(Reject::Html),
            _ => Err(Reject::OtherFormat),
        }
    }

    fn policy(&self, target: &str) -> Said<'static> {
        let name = self.within()?;
        let labels = name.rsplit('.');
        if labels.take(1).any(|l| matches!(l, "rpz-ip" | "rpz-client-ip" | "rpz-nsdname" | "rpz-nsip")) {
            return Err(Reject::Trigger);
        }
        let means = match target.to_ascii_lowercase().as_str() {
            "." | "*." => Means::Entry,
            "rpz-passthru." => Means::Exception,
            "rpz-drop." if self.own => Means::Entry,
            "rpz-drop." | "rpz-tcp-only." => return Err(Reject::RpzAction),
            _ => return Err(Reject::LocalData),
        };
        let (name, reach) = match name.strip_prefix("*.") {
            Some(name) => (name, Reach::Below),
            None => (name.as_str(), Reach::Exact),
        };
        Ok(Rule { means, ..Rule::reaching(text::entry(name)?, reach) })
    }

    /// The owner as it is within the zone: the name that the policy is for.
    fn within(&self) -> Result<String, Reject> {
        let Some(apex) = &self.apex else {
            return if self.owner.ends_with('.') || self.owner == "@" {
                Err(Reject::OutOfZone)
            } else {
                Ok(self.owner.to_ascii_lowercase())
            };
        };
        let absolute = self.absolute(&self.owner).unwrap_or_default();
        let name = absolute.strip_suffix(apex.as_str()).and_then(|name| name.strip_suffix('.'));
        name.map(str::to_owned).ok_or(Reject::OutOfZone)
    }

    /// A name as written in full, without its last dot, in small letters. `None`: it is relative to what nothing says.
    fn absolute(&self, name: &str) -> Option<String> {
        let name = name.to_ascii_lowercase();
        if let Some(name) = name.strip_suffix('.') {
            return Some(name.to_owned());
        }
        let origin = self.origin.as_deref()?;
        Some(if name == "@" { origin.to_owned() } else { format!("{name}.{origin}") })
    }
}

/// `300`, `1h30m`.
fn is_ttl(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.bytes().all(|c| c.is_ascii_digit() || b"smhdwSMHDW".contains(&c))
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Parser, Reject, What, says};
    use super::*;

    #[test]
    fn a_policy_is_for_a_name_within_the_zone() {
        says(
            Format::Rpz,
            &[
                ("example.com CNAME .", &[Ok("=example.com")]),
                ("*.Example.com CNAME *.", &[Ok("example.com")]),
                ("example.com 300 IN cname . ; why", &[Ok("=example.com")]),
                ("example.com IN 1h CNAME rpz-passthru.", &[Ok("@@=example.com")]),
                ("*.example.com CNAME rpz-passthru.", &[Ok("@@example.com")]),
                ("$TTL 300\n@ SOA localhost. root.localhost. 1 43200 3600 86400 300\n  NS  localhost.\n; a list\n", &[]),
                ("@ IN SOA a. b. (\n 1 ; serial\n 2\n 3 4 5 )\nexample.com CNAME .", &[Ok("=example.com")]),
                ("$ORIGIN rpz.local.\na.com CNAME .\n*.b.com.rpz.local. CNAME .", &[Ok("=a.com"), Ok("b.com")]),
                ("$ORIGIN local.\nrpz SOA a. b. 1 2 3 4 5\na.com.rpz CNAME .", &[Ok("=a.com")]),
                ("rpz.local. SOA a. b. 1 2 3 4 5\na.com CNAME .", &[Ok("=a.com")]),
                ("$ORIGIN rpz.local.\n$ORIGIN com\na CNAME .\n  CNAME rpz-passthru.", &[Ok("=a.com"), Ok("@@=a.com")]),
            ],
        );
    }

    #[test]
    fn drop_is_a_block_in_the_schools_own_zone_alone() {
        for (origin, expected) in [(Origin::Public, Err(Reject::RpzAction)), (Origin::School, Ok("a.com".to_owned()))] {
            let mut said = Vec::new();
            let mut parser = Parser::of(Format::Rpz, origin);
            for line in ["a.com CNAME rpz-drop.", "b.com CNAME other.example.", "b.com A 192.0.2.1"] {
                parser.line(line.as_bytes(), &mut |s| {
                    said.push(s.map(|rule| if let What::Host(host) = rule.what { host.to_string() } else { String::new() }));
                });
            }
            assert_eq!(said, [expected, Err(Reject::LocalData), Err(Reject::LocalData)]);
        }
    }

    #[test]
    fn what_a_list_may_not_say_is_refused() {
        says(
            Format::Rpz,
            &[
                ("example.com A 192.0.2.1", &[Err(Reject::LocalData)]),
                ("example.com CNAME other.example.", &[Err(Reject::LocalData)]),
                ("example.com CNAME rpz-passthru", &[Err(Reject::LocalData)]),
                ("example.com CNAME rpz-drop.", &[Err(Reject::RpzAction)]),
                ("example.com CNAME rpz-tcp-only.", &[Err(Reject::RpzAction)]),
                ("24.0.113.0.203.rpz-ip CNAME .", &[Err(Reject::Trigger)]),
                ("ns.example.rpz-nsdname CNAME .", &[Err(Reject::Trigger)]),
                ("example.com.", &[Err(Reject::OtherFormat)]),
                ("example.com. CNAME .", &[Err(Reject::OutOfZone)]),
                ("$ORIGIN rpz.local.\na.com. CNAME .", &[Err(Reject::OutOfZone)]),
                ("$INCLUDE other.zone", &[Err(Reject::OtherFormat)]),
                ("com CNAME .", &[Err(Reject::Local)]),
                ("<html>", &[Err(Reject::Html)]),
                ("example.com CNAME", &[Err(Reject::LocalData)]),
            ],
        );
        let unclosed = format!("@ SOA a. b. (\n{}a.com CNAME .", "\n".repeat(20));
        says(Format::Rpz, &[(&unclosed, &[Ok("=a.com")])]);
    }
}
