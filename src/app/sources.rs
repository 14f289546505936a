//! What `status` says of who is known, and of addresses that many are behind.

use super::directory;
use crate::config::Way;
use crate::gate::{Gate, Snapshot};
use crate::people::kerberos;
use crate::people::passwords::Tally;
use crate::people::roster::Crowd;
use crate::words::{ClientAddr, NetworkId};
use std::sync::atomic::Ordering::Relaxed;

/// Most addresses that have a line each.
const SHOWN: usize = 5;

/// What is known of people, in lines with a heading each; and what needs somebody.
pub fn sources(gate: &Gate, snapshot: &Snapshot, now_ms: i64, needs_you: &mut Vec<String>) -> Vec<(String, String)> {
    let (config, roster) = (&snapshot.config, snapshot.register.roster());
    let mut lines = Vec::new();
    let signed_in: Vec<_> = roster.sittings().into_iter().map(|(known, count)| format!("{count} by {known}")).collect();
    if !signed_in.is_empty() {
        lines.push(("signed in".to_owned(), signed_in.join(", ")));
    }
    if let Some(said) = directory::status(config, now_ms, needs_you) {
        lines.push(("directory".to_owned(), said));
    }
    if !config.sources.radius.listen.is_empty() {
        let tally = &roster.radius;
        let [believed, unknown, forged, foreign, dropped] =
            [&tally.believed, &tally.unknown, &tally.forged, &tally.foreign, &tally.dropped].map(|n| n.load(Relaxed));
        let said = format!(
            "{believed} believed, {unknown} of users the register does not know; not believed: {forged} forged, {foreign} foreign, {dropped} others"
        );
        lines.push(("RADIUS".to_owned(), said));
        if forged > 0 {
            needs_you.push(format!(
                "{forged} RADIUS packets were not signed with the secret of their sender: is it the same in both places?"
            ));
        }
        if foreign > 0 {
            needs_you.push(format!("{foreign} RADIUS packets came from addresses that are in no [[radius.client]]"));
        }
    }
    if config.sources.asks.iter().any(|asks| asks.negotiate) {
        lines.push(("tickets".to_owned(), tickets(&gate.tickets)));
        needs_you.extend(kerberos::ready(config).err());
    }
    if config.sources.asks.iter().any(|asks| asks.basic) {
        lines.push(("passwords".to_owned(), passwords(&gate.passwords.tally)));
    }
    if config.web.tls_listen.is_empty() {
        let own = |(_, ways): &&(NetworkId, Vec<Way>)| ways.iter().any(|way| *way != Way::Voucher);
        needs_you.extend(config.portal.networks.iter().filter(own).map(|(id, _)| {
            let name = config.policy.network(*id).map_or("?", |network| network.name.as_str());
            format!(
                "on network {name} people are to sign in with their own accounts, and the web door has no TLS: only vouchers are \
                 taken there. Add `tls_listen`, `name`, `certificate` and `key` under [web]; {}",
                super::status::HOW_TO_CERTIFY
            )
        }));
    }
    if !config.sources.systems.is_empty() {
        let [believed, refused] = [&roster.session.believed, &roster.session.refused].map(|n| n.load(Relaxed));
        lines.push(("sessions".to_owned(), format!("{believed} messages believed, {refused} refused")));
    }
    for shared in &config.sources.shared {
        let what: Vec<_> = shared.addresses.iter().map(ToString::to_string).chain(shared.devices.iter().cloned()).collect();
        let end = if shared.addresses.is_empty() { "" } else { "; it ends when each machine asks the gate itself" };
        lines.push(("shared".to_owned(), format!("{} ({}): nobody is named there{end}", shared.name, what.join(", "))));
    }
    for id in &config.sources.shared_networks {
        let name = config.policy.network(*id).map_or("a network", |network| network.name.as_str());
        lines.push((
            "shared".to_owned(),
            format!("network {name}: nobody is named there; it ends when each machine has an address of its own here"),
        ));
    }
    detected(snapshot, needs_you);
    lines
}

fn tickets(tally: &kerberos::Tally) -> String {
    let [believed, unknown, refused, busy] =
        [&tally.believed, &tally.unknown, &tally.refused, &tally.busy].map(|n| n.load(Relaxed));
    let why = tally.why();
    let why = if why.is_empty() { why } else { format!(" (the last: {why})") };
    format!("{believed} believed, {unknown} of users the register does not know, {refused} refused{why}, {busy} too many at once")
}

fn passwords(tally: &Tally) -> String {
    let [right, wrong, slowed, busy] = [&tally.right, &tally.wrong, &tally.slowed, &tally.busy].map(|n| n.load(Relaxed));
    format!("{right} right, {wrong} wrong, {slowed} too soon after wrong ones, {busy} too many at once")
}

/// Addresses that many are behind although the configuration does not say so, with the change that would end it.
fn detected(snapshot: &Snapshot, needs_you: &mut Vec<String>) {
    let policy = &snapshot.config.policy;
    let unsaid = |(address, _): &(std::net::IpAddr, Crowd)| {
        let client = ClientAddr::new(*address);
        policy.network_of(*address).is_some_and(|network| snapshot.shared_at(network, client).is_none())
    };
    let crowded: Vec<_> = snapshot.register.roster().crowded().into_iter().filter(unsaid).collect();
    for (address, crowd) in crowded.iter().take(SHOWN) {
        let (seen, end) = match crowd {
            Crowd::SignedIn => {
                ("several people are signed in at once", "have its users sign in to the proxy, which knows each of them")
            }
            Crowd::Names => (
                "it asks for as many names, and of as many kinds of device, as many machines do",
                "have DHCP give out the gate as resolver instead of it, or let a wireless network bridge instead of translating addresses",
            ),
        };
        needs_you.push(format!(
            "{address} looks like many machines ({seen}), so nobody is named there. To end it, {end}. If it is to stay so, say it: \
             [[shared]] name = \"…\" addresses = [\"{address}\"]"
        ));
    }
    if let Some(more @ 1..) = crowded.len().checked_sub(SHOWN) {
        needs_you.push(format!("{more} other addresses look like many machines, too"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::school::School;
    use crate::people::roster::{At, Claim, Now};
    use crate::words::{Known, PersonId};
    use std::net::IpAddr;

    #[test]
    fn a_network_where_people_are_to_sign_in_is_told_of_that_has_no_tls_to_do_it_over() {
        let network = |name: &str, at: u8, ways: &str| {
            format!("[[network]]\nname = \"{name}\"\nranges = [\"10.{at}.0.0/16\"]\nprofile = \"secondary\"\nportal = [{ways}]\n")
        };
        let school = School::with(&(network("byod", 9, "\"password\", \"voucher\"") + &network("guests", 10, "\"voucher\"")));
        let mut needs_you = Vec::new();
        sources(&school.gate, &school.gate.snapshot(), Now::read().unix_ms, &mut needs_you);
        assert!(
            matches!(&needs_you[..], [one] if one.contains("on network byod") && one.contains("only vouchers are taken")),
            "{needs_you:?}"
        );
    }

    #[test]
    fn an_address_that_many_are_behind_has_a_line_with_the_change_that_would_end_it() {
        let said = "[[shared]]\nname = \"the domain controller\"\naddresses = [\"127.0.0.53\"]\n";
        let school = School::with(said);
        let snapshot = school.gate.snapshot();
        let told = || {
            let mut needs_you = Vec::new();
            let lines = sources(&school.gate, &snapshot, Now::read().unix_ms, &mut needs_you);
            (lines, needs_you)
        };
        let (lines, needs_you) = told();
        assert!(needs_you.is_empty(), "{needs_you:?}");
        let shared = lines.iter().find(|(heading, _)| heading == "shared").expect("a line");
        assert!(shared.1.starts_with("the domain controller (127.0.0.53/32): nobody is named there; it ends when"), "{shared:?}");
        let at = |last: u8| IpAddr::from([127, 0, 0, last]);
        let now = Now::read();
        snapshot.register.roster().change(now, |book| {
            book.crowd(at(7), 60_000);
            book.crowd(at(53), 60_000);
            for person in 1..=3 {
                book.claim(At::Address(at(9)), Claim::sign_in(PersonId(person), Known::Session, person.into(), now, 60_000));
            }
        });
        let (_, needs_you) = told();
        let [signed_in, names] = &needs_you[..] else { panic!("{needs_you:?}") };
        let (signed_in, names) = if signed_in.contains("127.0.0.9") { (signed_in, names) } else { (names, signed_in) };
        for (line, address, seen, end) in [
            (signed_in, "127.0.0.9", "several people are signed in at once", "have its users sign in to the proxy"),
            (names, "127.0.0.7", "it asks for as many names", "have DHCP give out the gate as resolver instead of it"),
        ] {
            assert!(line.starts_with(&format!("{address} looks like many machines ({seen}")), "{line}");
            assert!(
                line.contains(end) && line.ends_with(&format!("[[shared]] name = \"…\" addresses = [\"{address}\"]")),
                "{line}"
            );
        }
        snapshot.register.roster().change(now, |book| (10..30).for_each(|last| book.crowd(at(last), 60_000)));
        let (_, needs_you) = told();
        assert_eq!(needs_you.len(), SHOWN + 1);
        assert_eq!(needs_you.last().map(String::as_str), Some("17 other addresses look like many machines, too"));
    }
}
