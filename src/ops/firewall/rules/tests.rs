use super::*;
use crate::gate::school;

/// The rules of a school with a pupils' network, a staff's within it, and more.
fn made(more: &str) -> Result<String, String> {
    let networks = r#"
[[network]]
name = "classrooms"
ranges = ["10.20.0.0/16", "2001:db8:20::/48"]
profile = "secondary"

[[network]]
name = "staff room"
ranges = ["10.20.9.0/24"]
unknown = "staff"
when_down = "open"
"#;
    rules(&school::config(&format!("{networks}{more}"))).map_err(|fault| fault.to_string())
}

const DOORS: &str = "[dns]\nlisten = [\"0.0.0.0:53\"]\nupstreams = [\"10.20.0.2\", \"9.9.9.9\"]\n\
    [proxy]\ntransparent_listen = [\"0.0.0.0:3129\"]\ndestinations = [\"192.0.2.8:443\"]\n";

#[test]
fn the_longest_range_counts_and_a_network_is_open_while_the_gate_is_down_only_if_it_says_so() {
    let rules = made(DOORS).expect("rules");
    let place = |text: &str| rules.find(text).unwrap_or_else(|| panic!("{text} is missing in\n{rules}"));
    assert!(place("ip saddr 10.20.9.0/24 goto open # staff room") < place("ip saddr 10.20.0.0/16 goto closed # classrooms"));
    assert!(
        rules.contains("ip saddr 10.20.9.0/24 goto refused_while_up") && rules.contains("ip saddr 10.20.0.0/16 goto refused #")
    );
    assert!(!rules.contains("127.0.0.0"), "this machine is sent nowhere");
    // A machine that asks this one is answered by the resolver that it would have asked.
    assert!(rules.contains("meta nfproto ipv4 fib daddr type local udp dport 53 dnat ip to 10.20.0.2:53"));
}

#[test]
fn what_needs_no_door_is_left_alone() {
    let rules = made(&format!("{DOORS}[firewall]\nexcept = [\"10.20.3.3\"]\n")).expect("rules");
    for line in [
        "ip saddr 10.20.3.3/32 return",
        "ip daddr . th dport { 192.0.2.8 . 443 } return",
        "ip saddr { 10.20.0.2, 9.9.9.9 } th dport 53 return",
        "ip daddr 10.20.0.0/16 th dport != { 53, 853 } return",
        "fib daddr type local th dport { 80, 443 } return",
    ] {
        assert!(rules.contains(line), "{line} is missing in\n{rules}");
    }
}

#[test]
fn a_family_without_doors_is_refused_and_one_with_an_address_is_sent_to_it() {
    let rules = made(DOORS).expect("rules");
    assert!(
        rules.contains("meta nfproto ipv6 tcp dport { 80, 443 } jump past")
            && !rules.contains("meta nfproto ipv6 udp dport 53 redirect")
    );
    assert!(rules.contains("meta nfproto ipv4 tcp dport { 80, 443 } redirect to :3129"));
    let both = DOORS
        .replace("\"0.0.0.0:3129\"", "\"10.20.0.1:3129\", \"[::]:3129\"")
        .replace("\"0.0.0.0:53\"", "\"0.0.0.0:5300\", \"[::]:53\"");
    let rules = made(&both).expect("rules");
    assert!(rules.contains("meta nfproto ipv4 tcp dport { 80, 443 } dnat ip to 10.20.0.1:3129"));
    assert!(
        rules.contains("meta nfproto ipv6 tcp dport { 80, 443 } redirect to :3129")
            && rules.contains("ipv4 udp dport 53 redirect to :5300")
    );
    assert!(!rules.contains("jump past\n\t\tmeta nfproto ipv6"), "{rules}");
}

#[test]
fn a_door_that_nobody_can_be_sent_to_is_said_with_its_key() {
    for (more, key) in [
        ("", "[dns] listen"),
        ("[dns]\nlisten = [\"0.0.0.0:53\"]\n", "[proxy] transparent_listen"),
        ("[dns]\nlisten = [\"0.0.0.0:53\"]\n[proxy]\ntransparent_listen = [\"127.0.0.1:3129\"]\n", "[proxy] transparent_listen"),
    ] {
        let said = made(more).expect_err("no rules");
        assert!(said.contains(key), "{said}");
    }
}
