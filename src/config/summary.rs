//! What was understood, as `check` prints it.

use super::groups::Membership;
use super::timetable::{clock, times_text};
use super::{Config, values};
use crate::policy::{Act, Mode, WhenDown};
use crate::words::Download;
use std::fmt::{self, Display};

/// Width of the first column: the longest heading and a gap.
const HEADING: usize = 12;

impl Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.school(f)?;
        self.doors(f)?;
        self.people(f)?;
        self.portal(f)?;
        self.sources(f)?;
        self.times(f)?;
        self.told(f)?;
        let kept = self.retention;
        line(f, "Kept", format_args!("single visits {} days, sums and reports {} days", kept.detail_days, kept.rollup_days))?;
        match &self.backup {
            Some(backup) => {
                let (to, at, keep) = (backup.to.display(), clock(backup.minute), backup.keep);
                line(f, "Backup", format_args!("to {to} every night at {at}, the last {keep} stay"))?;
            }
            None => line(f, "Backup", "none made by itself: `[backup]` says where to")?,
        }
        self.names(f)
    }
}

impl Config {
    fn school(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.school.zone.iana_name().unwrap_or("UTC");
        line(f, "School", format_args!("{}, gateway {}, {zone}", self.school.name, self.school.gateway))?;
        if !self.school.platforms.is_empty() {
            line(f, "Platforms", self.school.platforms.join(", "))?;
        }
        line(f, "Data", self.data.display())
    }

    fn doors(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |list: &[std::net::SocketAddr]| if list.is_empty() { "shut".to_owned() } else { joined(list) };
        line(f, "DNS", format_args!("{}, a blocked name answers {}", at(&self.dns.listen), self.dns.block_answer))?;
        if let Some(encrypted) = &self.dns.encrypted {
            for (over, list) in [("TLS", &encrypted.tls_listen), ("HTTPS", &encrypted.https_listen)] {
                if !list.is_empty() {
                    line(f, "", format_args!("over {over}: {}, as {}", joined(list), encrypted.by.name))?;
                }
            }
        }
        line(f, "Upstreams", joined(&self.dns.upstreams))?;
        for forward in &self.dns.forwards {
            line(f, "", format_args!("{}: asked of {}", joined(&forward.zones), joined(&forward.upstreams)))?;
        }
        if !self.dns.records.is_empty() {
            line(f, "", format_args!("{} records answered here", self.dns.records.len()))?;
        }
        if !self.dns.private_allowed.is_empty() {
            line(f, "", format_args!("private addresses from anybody: {}", joined(&self.dns.private_allowed)))?;
        }
        let proxy = &self.proxy;
        line(f, "Proxy", at(&proxy.listen))?;
        if let Some(encrypted) = self.dns.encrypted.as_ref().filter(|_| !proxy.tls_listen.is_empty()) {
            line(f, "", format_args!("over TLS: {}, as {}", joined(&proxy.tls_listen), encrypted.by.name))?;
        }
        if !proxy.transparent_listen.is_empty() {
            line(f, "", format_args!("redirected connections: {}", joined(&proxy.transparent_listen)))?;
        }
        if let Some(parent) = &proxy.parent {
            let direct = [joined(&parent.direct_networks), joined(&parent.direct_zones)].join(" ");
            let but = if direct.trim().is_empty() { String::new() } else { format!(", but not {}", direct.trim()) };
            line(f, "", format_args!("through the proxy {}:{}{but}", parent.host, parent.port))?;
        }
        for (what, list) in [
            ("ports beside 80 and 443", joined(&proxy.ports)),
            ("destinations opened", joined(&proxy.destinations)),
            ("past the proxy, by the PAC file", joined(&proxy.direct)),
            ("the school's own", [joined(&proxy.internal_networks), joined(&proxy.internal_zones)].join(" ")),
        ] {
            if !list.trim().is_empty() {
                line(f, "", format_args!("{what}: {}", list.trim()))?;
            }
        }
        self.inside(f)?;
        line(f, "Web", at(&self.web.listen))?;
        if let Some(by) = &self.web.by {
            line(f, "", format_args!("over TLS: {}, as {}", joined(&self.web.tls_listen), by.name))?;
        }
        Ok(())
    }

    /// Where HTTPS is looked into once there is an authority, and what is said there in the school's name.
    fn inside(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (inside, policy) = (&self.inside, &self.policy);
        if inside.networks.is_empty() {
            return Ok(());
        }
        let networks = inside.networks.iter().filter_map(|id| Some(policy.network(*id)?.name.as_str()));
        let networks = networks.collect::<Vec<_>>().join(", ");
        let groups = inside.groups.as_ref().map(|groups| groups.iter().filter_map(|id| Some(policy.group(*id)?.name.as_str())));
        let of = groups.map_or("everybody".to_owned(), |groups| groups.collect::<Vec<_>>().join(", "));
        line(f, "Inside", format_args!("HTTPS of {of} on {networks}, with an authority (`schoolgate ca init`)"))?;
        if !inside.google_domains.is_empty() {
            line(f, "", format_args!("Google accounts of {} only", joined(&inside.google_domains)))?;
        }
        if !inside.microsoft_tenants.is_empty() {
            let tenants = inside.microsoft_tenants.join(", ");
            let text = "Microsoft accounts of {} only: its sign-in is looked into for it, though it is platform";
            line(f, "", text.replace("{}", &tenants))?;
        }
        Ok(())
    }

    fn people(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = &self.policy;
        let profile_of = |group| policy.group(group).and_then(|g| policy.profile(g.profile)).map_or("none", |p| &p.name);
        for (i, network) in policy.networks.iter().enumerate() {
            let mode =
                if network.mode == Mode::Watch { ", WATCHING: nothing is blocked but locked and harmful code" } else { "" };
            let unknown = profile_of(network.group);
            let ech = match (network.mode, network.keep_ech) {
                (Mode::Enforce, true) => ", keeps ECH: it hides the names of some connections",
                (Mode::Watch, false) => ", takes ECH out of answers",
                _ => "",
            };
            let named = if network.only_resolved { ", only what has a name" } else { "" };
            let down = if network.when_down == WhenDown::Open { ", OPEN while the gate is down" } else { "" };
            let shared = self.sources.shared_networks.iter().any(|id| usize::from(id.0) == i);
            let shared = if shared { ", shared: nobody is named there" } else { "" };
            let asks = self.sources.asks.iter().find(|asks| usize::from(asks.network.0) == i);
            let (ways, theirs) = asks.map_or(("", ""), |asks| {
                let ways = match (asks.negotiate, asks.basic) {
                    (true, true) => ", the proxy asks for a Kerberos ticket, and over TLS for a password instead",
                    (true, false) => ", the proxy asks for a Kerberos ticket",
                    (false, true) => ", the proxy over TLS asks for a password",
                    (false, false) => "",
                };
                (ways, if asks.one_person_per_device { ", and the device is theirs for a while" } else { "" })
            });
            let text = format_args!(
                "{}: {}; unknown devices get {unknown}{mode}{ech}{named}{down}{shared}{ways}{theirs}",
                network.name,
                joined(&network.ranges)
            );
            line(f, heading(i, "Networks"), text)?;
        }
        for (i, member) in self.members.iter().enumerate() {
            let Some(group) = policy.group(member.group) else { continue };
            let priority = group.priority.map_or(String::new(), |p| format!(", priority {p}"));
            let profile = profile_of(member.group);
            line(f, heading(i, "Groups"), format_args!("{}: {profile}{priority}; {}", group.name, who(member)))?;
        }
        for (i, profile) in policy.profiles.iter().enumerate() {
            let pupils = if profile.pupils { ", for pupils" } else { "" };
            let rest = if profile.otherwise == Act::Block { ", and whatever is on no list" } else { "" };
            let (block, warn) = (profile.block.len(), profile.warn.len());
            let text =
                format_args!("{}: blocks {block} categories{rest}, warns of {warn}, {}{pupils}", profile.name, profile.safe);
            line(f, heading(i, "Profiles"), text)?;
            let refused = Download::ALL.iter().filter(|kind| profile.downloads.refuses(**kind) && **kind != Download::TooLarge);
            let mut refused: Vec<_> = refused.map(|kind| kind.word().to_owned()).collect();
            refused.extend(profile.downloads.most.map(|most| format!("what is over {} MB", most.get() / 1_000_000)));
            if !refused.is_empty() {
                line(f, "", format_args!("downloads refused: {}", refused.join(", ")))?;
            }
        }
        Ok(())
    }

    /// Where people sign in, and by what.
    fn portal(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (network, ways)) in self.portal.networks.iter().enumerate() {
            let name = self.policy.network(*network).map_or("(gone)", |n| n.name.as_str());
            let ways: Vec<_> = ways.iter().map(|way| way.word()).collect();
            let (hours, notice) = (self.portal.lasts_ms / 60_000, &self.portal.notice.version);
            let text = format_args!("on {name} by {}, for {hours} minutes; notice of monitoring {notice}", ways.join(", "));
            line(f, heading(i, "Sign-in"), text)?;
        }
        Ok(())
    }

    /// What says who is at an address, beside the register and the neighbours of this machine; and where nobody is named.
    fn sources(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources = &self.sources;
        let leases = sources.leases.iter().map(|leases| format!("{} leases, {}", leases.format, leases.path.display()));
        let at = joined(&sources.radius.listen);
        let radius = sources.radius.clients.iter();
        let radius = radius.map(|client| format!("RADIUS accounting at {at}, by {}: {}", client.name, joined(&client.from)));
        let systems = sources.systems.iter().map(|system| {
            let whose = if system.for_others { ", of any device" } else { "" };
            let clear = if system.in_clear { ", its token IN THE CLEAR" } else { "" };
            format!("sessions told by {}: {}{whose}{clear}", system.name, joined(&system.from))
        });
        let shared = sources.shared.iter().map(|shared| {
            let what: Vec<_> = shared.addresses.iter().map(ToString::to_string).chain(shared.devices.iter().cloned()).collect();
            let group = shared.group.and_then(|id| self.policy.group(id)).map_or(String::new(), |g| format!(", {}", g.name));
            format!("shared, nobody is named there: {}: {}{group}", shared.name, what.join(" "))
        });
        for (i, text) in leases.chain(radius).chain(systems).chain(shared).enumerate() {
            line(f, heading(i, "Sources"), text)?;
        }
        Ok(())
    }

    fn times(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timetable = &self.policy.timetable;
        for (i, cell) in timetable.cells().iter().enumerate() {
            let days = cell.times.iter().fold(0, |days, t| days | t.days);
            let times = times_text(cell.days, days, &cell.times);
            line(f, heading(i, "Timetable"), format_args!("{} ({times})", cell.name))?;
        }
        let days = timetable.school_days();
        let span = days.terms.iter().map(|t| t.0).min().zip(days.terms.iter().map(|t| t.1).max());
        match span {
            None => line(f, "Terms", "none written: every Monday to Friday, 08:00 to 16:30, is school")?,
            Some((first, last)) => {
                let (first, last) = (values::date(first), values::date(last));
                let holidays = if days.off.len() > days.days_off { " and the bank holidays" } else { "" };
                line(
                    f,
                    "Terms",
                    format_args!("{}, from {first} to {last}, {} days off{holidays}", days.terms.len(), days.days_off),
                )?
            }
        }
        if !days.periods.is_empty() {
            line(f, "Bells", format_args!("{} periods", days.periods.len()))?;
        }
        Ok(())
    }

    /// Who is told of the report, and what cannot wait for it.
    fn told(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alerts = &self.alerts;
        match &self.mail {
            Some(mail) => {
                let routes: Vec<_> = mail.routes.iter().map(|route| format!("{}:{}", route.server, route.port)).collect();
                line(f, "Mail", format_args!("to {}, by {}", mail.to.join(", "), routes.join(", then ")))?;
            }
            None => line(f, "Mail", "none: `[mail]` says to whom")?,
        }
        let at: Vec<_> = alerts.digests.iter().map(|minute| clock(*minute)).collect();
        let digests = if at.is_empty() { String::new() } else { format!(", high ones at {}", at.join(" and ")) };
        if self.mail.is_none() && alerts.webhook.is_none() {
            return line(f, "Alerts", "NOBODY IS TOLD but who looks: neither `[mail]` nor a webhook is there");
        }
        line(f, "Alerts", format_args!("critical ones at once{digests}"))?;
        if let Some((from, until)) = alerts.quiet {
            let who =
                if alerts.out_of_hours.is_empty() { "whom they go to by day".into() } else { alerts.out_of_hours.join(", ") };
            line(f, "", format_args!("quiet from {} to {}: critical ones only, to {who}", clock(from), clock(until)))?;
        }
        let deputy = if alerts.deputy.is_empty() { "told again".into() } else { alerts.deputy.join(", ") };
        line(f, "", format_args!("critical and not acknowledged for {} minutes: {deputy}", alerts.deputy_after))?;
        if let Some(webhook) = &alerts.webhook {
            line(f, "", format_args!("and by a signed message to {}", webhook.url.host))?;
        }
        if !alerts.it.is_empty() {
            line(f, "", format_args!("what is wrong with the gate: {}", alerts.it.join(", ")))?;
        }
        Ok(())
    }

    fn names(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = &self.policy.own;
        let (mut allow, mut block, mut firm, mut end) = (0, 0, 0, 0);
        for entry in own.iter() {
            if entry.act == Act::Block {
                block += 1
            } else {
                allow += 1
            }
            firm += usize::from(entry.firm);
            end += usize::from(entry.until_ms.is_some());
        }
        line(f, "Entries", format_args!("{allow} allow, {block} block ({firm} of them firm); {end} with an end"))?;
        line(f, "Lists", format_args!("those that ship, in {}", self.lists.shipped.display()))?;
        for file in &self.lists.locked {
            line(f, "", format_args!("locked tier: {}", file.path.display()))?;
        }
        for list in &self.lists.sources {
            let category = self.category_id(list.category);
            line(f, "", format_args!("{}: {category}, {} ({})", list.name, list.file.display(), list.format))?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, heading: &str, text: impl Display) -> fmt::Result {
    writeln!(f, "{heading:HEADING$}{text}")
}

fn heading(i: usize, heading: &'static str) -> &'static str {
    if i == 0 { heading } else { "" }
}

fn joined<T: Display>(list: &[T]) -> String {
    list.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}

fn who(member: &Membership) -> String {
    let years = match joined(&member.years) {
        years if years.is_empty() => String::new(),
        years => format!(" of year {}", years.replace(' ', ", ")),
    };
    match (member.roles.is_empty(), years.is_empty()) {
        (true, true) => "those the register names".to_owned(),
        (true, false) => format!("pupils{years}"),
        _ => format!("{}{years}", joined(&member.roles).replace(' ', ", ")),
    }
}
