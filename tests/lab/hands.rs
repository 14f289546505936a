//! Devices that go from hand to hand, and from network to network: a real DHCP server, the portal, FreeRADIUS's client, the kernel's
//! neighbours. Each event names whoever it is, and nobody who has gone.

use super::lab;
use super::machines::{Machine, Running, must, said};
use super::school::{GATEWAY, School};
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

const NAME: &str = "portal.school.example";

/// Why it cannot be done here.
fn lacks(program: &str) -> bool {
    let there =
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].iter().any(|folder| std::path::Path::new(folder).join(program).exists());
    if !there {
        assert!(std::env::var_os("SCHOOLGATE_FULL").is_none(), "{program} is needed (tests/run --full installs it)");
        eprintln!("NOT RUN: {program} is not here; tests/run --full installs it");
    }
    !there
}

fn mac(machine: &Machine) -> String {
    machine.must("cat", &["/sys/class/net/eth0/address"]).trim().to_owned()
}

/// The gateway's DHCP server, which gives out these addresses.
fn dhcp(school: &School, range: &str) -> Running {
    let _ = std::fs::remove_file(school.path("leases"));
    let mut server = school.gateway.command("dnsmasq");
    server.args([
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--port=0",
        "--user=root",
        "--dhcp-authoritative",
        "--pid-file=",
    ]);
    server.args(["--interface=to-pupil", "--bind-interfaces", "--no-ping", &format!("--dhcp-range={range},255.255.0.0,1h")]);
    server.args([&format!("--dhcp-option=3,{GATEWAY}"), &format!("--dhcp-leasefile={}", school.path("leases"))]);
    Running(server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("dnsmasq starts"))
}

/// A machine asks for an address, and has it then.
fn asks_dhcp(school: &School, machine: &Machine) -> String {
    let script = school.path("dhcp.sh");
    let text = format!(
        "#!/bin/sh\n[ \"$1\" = bound ] || exit 0\nip -4 address flush dev $interface\n\
         ip address add $ip/16 dev $interface\nip route replace default via {GATEWAY}\n"
    );
    std::fs::write(&script, text).expect("written");
    must("chmod", &["+x", &script]);
    machine.must("udhcpc", &["-i", "eth0", "-n", "-q", "-f", "-t", "20", "-T", "1", "-s", &script]);
    let shown = machine.must("ip", &["-4", "-o", "address", "show", "dev", "eth0"]);
    shown.split("inet ").nth(1).and_then(|rest| rest.split('/').next()).expect("an address").to_owned()
}

/// Pages that are opened on one machine through the proxy, and who was there.
struct Desk<'s> {
    school: &'s School,
    machine: &'s Machine,
    /// Path, person, how known.
    expected: Vec<(String, Option<&'static str>, &'static str)>,
}

impl<'s> Desk<'s> {
    fn new(school: &'s School, machine: &'s Machine) -> Self {
        Self { school, machine, expected: Vec::new() }
    }

    /// Opens a page as whoever it is; its line.
    fn opens(&mut self, at: &str, path: &str, person: Option<&'static str>, known: &'static str) -> Value {
        let answer = self.machine.curl(&["-x", &format!("http://{at}:3128"), &format!("http://goodschool.com{path}")]);
        assert!(answer.contains(" 200"), "{path}: {answer}");
        let line = self.school.line("goodschool.com");
        assert_eq!(
            (line["path"].as_str(), line["person"].as_str(), line["how_known"].as_str()),
            (Some(path), person, Some(known)),
            "{line}"
        );
        self.expected.push((path.to_owned(), person, known));
        line
    }

    /// The whole of the log, once more at the end: what was written stays as it was.
    fn reads_the_log(&self) {
        let lines = self.school.lines("goodschool.com");
        let of = |line: &Value| {
            let word = |key: &str| line[key].as_str().map(str::to_owned);
            (word("path").expect("a path"), word("person"), word("how_known").expect("told"))
        };
        let lines: Vec<_> = lines.iter().map(of).collect();
        let expected =
            self.expected.iter().map(|(path, person, known)| (path.clone(), person.map(str::to_owned), (*known).to_owned()));
        assert_eq!(lines, expected.collect::<Vec<_>>());
    }
}

/// The portal in a browser of a machine.
struct Portal<'s> {
    school: &'s School,
    machine: &'s Machine,
    jar: String,
}

impl Portal<'_> {
    fn curl(&self, more: &[&str]) -> String {
        let leads = format!("{NAME}:8443:{GATEWAY}");
        let url = format!("https://{NAME}:8443/sign-in");
        let fixed = ["-k", "-b", &self.jar, "-c", &self.jar, "--resolve", &leads, &url];
        self.machine.curl(&[&fixed[..], more].concat())
    }

    fn sends(&self, fields: &[(&str, &str)]) -> String {
        let page = self.curl(&[]);
        let token = page.split("name=\"token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let token = format!("token={}", token.unwrap_or_else(|| panic!("no form: {page}")));
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut more = vec!["-H", "Origin: https://portal.school.example:8443", "--data-urlencode", &token];
        fields.iter().for_each(|field| more.extend(["--data-urlencode", field]));
        self.curl(&more)
    }

    fn sign_in(&self, who: &str) {
        let slip = self.school.ok(&["--json", "people", "password", who, "--purpose", "the lab"]);
        let slip: Value = serde_json::from_str(&slip).expect("JSON");
        let password = slip[0]["password"].as_str().expect("a password");
        let answer = self.sends(&[("do", "sign-in"), ("name", who), ("password", password), ("notice", "1")]);
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    }

    fn sign_out(&self) {
        let answer = self.sends(&[("do", "sign-out")]);
        assert!(answer.contains("Signed out"), "{answer}");
    }
}

fn since(line: &Value) -> jiff::Timestamp {
    line["since"].as_str().and_then(|since| since.parse().ok()).unwrap_or_else(|| panic!("since when? {line}"))
}

#[test]
fn a_day_of_a_shared_laptop_names_who_has_it_and_never_who_has_gone() {
    if lacks("dnsmasq") || lacks("udhcpc") {
        return;
    }
    let Some(school) = lab() else { return };
    let laptop = &school.pupil;
    school.amend("[web]\nlisten = [\"0.0.0.0:8080\"]\n", &format!(
        "[web]\nlisten = [\"0.0.0.0:8080\"]\ntls_listen = [\"0.0.0.0:8443\"]\nname = \"{NAME}\"\ncertificate = \"portal.pem\"\nkey = \"portal.key\"\n\
         [portal]\nsilent_minutes = 1\n[[leases]]\nfile = \"leases\"\nformat = \"dnsmasq\"\n"
    ));
    school.amend(
        "profile = \"secondary\"\nca = \"installed\"\n",
        "profile = \"secondary\"\nca = \"installed\"\nportal = [\"password\"]\n",
    );
    school.certify("portal", NAME);
    school.import(&format!(
        "id,name,role,year,device,mac\np1,Ann Archer,pupil,8,,\np2,Ben Baker,pupil,8,,\np3,Cara Cook,pupil,9,,\n,,,,Trolley-4,{}\n",
        mac(laptop)
    ));
    let mut server = dhcp(&school, "10.20.5.10,10.20.5.20");
    let first_address = asks_dhcp(&school, laptop);
    let _gate = school.start();
    let (mut desk, portal) = (Desk::new(&school, laptop), Portal { school: &school, machine: laptop, jar: school.path("jar") });

    // Out of the trolley, and nobody has said who they are.
    let line = desk.opens(GATEWAY, "/trolley", None, "mac");
    assert_eq!((line["device"].as_str(), line["how_sure"].as_str()), (Some("Trolley-4"), Some("group")), "{line}");
    portal.sign_in("p1");
    let first = desk.opens(GATEWAY, "/lesson-1", Some("p1"), "portal");
    assert_eq!((first["device"].as_str(), first["how_sure"].as_str()), (Some("Trolley-4"), Some("medium")), "{first}");

    // Another room, another address: the same pupil, since the same time; not so whoever gets the old one.
    server.kill();
    server = dhcp(&school, "10.20.6.10,10.20.6.20");
    let second_address = asks_dhcp(&school, laptop);
    assert_ne!(first_address, second_address);
    let moved = desk.opens(GATEWAY, "/other-room", Some("p1"), "portal");
    assert_eq!((moved["client"].as_str(), since(&moved)), (Some(&*second_address), since(&first)), "{moved}");
    portal.sign_out();
    desk.opens(GATEWAY, "/break", None, "mac");

    // The second does not sign out; the third signs in over them, and does not either.
    portal.sign_in("p2");
    desk.opens(GATEWAY, "/lesson-2", Some("p2"), "portal");
    std::fs::remove_file(school.path("jar")).expect("another account on the laptop has its own browser");
    std::thread::sleep(Duration::from_millis(1100));
    portal.sign_in("p3");
    let third = desk.opens(GATEWAY, "/lesson-3", Some("p3"), "portal");
    assert!(since(&third) > since(&first), "{third}");

    if std::env::var_os("SCHOOLGATE_FULL").is_none() {
        eprintln!("NOT RUN: a laptop that sleeps takes a minute; tests/run --full waits for it");
        return desk.reads_the_log();
    }
    // In use it stays theirs for longer than it may be silent.
    for n in 1..=5 {
        std::thread::sleep(Duration::from_secs(15));
        desk.opens(GATEWAY, &format!("/in-use-{n}"), Some("p3"), "portal");
    }
    // The lid is shut, and the fourth opens it, who signs in nowhere.
    laptop.must("ip", &["link", "set", "eth0", "down"]);
    std::thread::sleep(Duration::from_secs(63));
    laptop.must("ip", &["link", "set", "eth0", "up"]);
    asks_dhcp(&school, laptop);
    desk.opens(GATEWAY, "/lesson-4", None, "mac");
    let page = portal.curl(&[]);
    assert!(
        page.contains("type=\"password\"") && !page.contains("You are signed in"),
        "the third's browser is not signed in: {page}"
    );
    desk.opens(GATEWAY, "/lesson-5", None, "mac");
    desk.reads_the_log();
    drop(server);
}

/// What an access point says of a phone, by FreeRADIUS's own client, from where the access point is.
fn accounting(school: &School, status: &str, session: &str, mac: &str, address: &str) {
    let attributes = format!(
        "User-Name = \"3\"\nAcct-Status-Type = {status}\nAcct-Session-Id = \"{session}\"\nCalling-Station-Id = \"{mac}\"\n\
         Framed-IP-Address = {address}\nNAS-IP-Address = 10.50.1.10\n"
    );
    let mut client = school.printer.command("radclient");
    client.args(["-x", "-r", "2", "-t", "2", "10.50.0.1:1813", "acct", "a secret of the wireless"]);
    let mut child = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("radclient");
    child.stdin.take().expect("piped").write_all(attributes.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert!(said(&output).contains("Received Accounting-Response"), "{status} {session}: {}", said(&output));
}

/// A phone comes into a network, with the MAC that it made up for it.
fn joins(school: &School, mac: &str, address: &str, gateway: &str) {
    let phone = &school.phone;
    phone.must("ip", &["link", "set", "eth0", "down"]);
    phone.must("ip", &["-4", "address", "flush", "dev", "eth0"]);
    phone.must("ip", &["link", "set", "eth0", "address", mac, "up"]);
    phone.must("ip", &["address", "add", &format!("{address}/16"), "dev", "eth0"]);
    phone.must("ip", &["route", "replace", "default", "via", gateway]);
}

#[test]
fn a_phone_that_roams_with_private_macs_is_its_owners_on_every_address_and_only_while_it_is_there() {
    if lacks("radclient") {
        return;
    }
    let Some(school) = lab() else { return };
    school.amend("ranges = [\"10.40.0.0/16\"]", "ranges = [\"10.40.0.0/16\", \"10.41.0.0/16\", \"2a00:40::/64\"]");
    school.amend("listen = [\"0.0.0.0:3128\"]", "listen = [\"0.0.0.0:3128\", \"[::]:3128\"]");
    school.amend(
        "[inside]\n",
        "[radius]\nlisten = [\"0.0.0.0:1813\"]\n[[radius.client]]\nname = \"wireless\"\nfrom = [\"10.50.1.10\"]\nsecret_file = \"radius.secret\"\n[inside]\n",
    );
    std::fs::write(school.path("radius.secret"), "a secret of the wireless").expect("written");
    school.import("id,name,role,year\n3,Phil Fone,pupil,9\n");
    for address in ["10.41.0.1/16", "2a00:40::1/64"] {
        let without_dad: &[&str] = if address.contains(':') { &["nodad"] } else { &[] };
        school.gateway.must("ip", &[&["address", "add", address, "dev", "to-phone"], without_dad].concat());
    }
    let _gate = school.start();
    let mut desk = Desk::new(&school, &school.phone);
    let (first, second) = ("da:a1:19:00:00:01", "5e:b2:20:00:00:02");

    joins(&school, first, "10.40.1.10", "10.40.0.1");
    desk.opens("10.40.0.1", "/nobody-yet", None, "network");
    accounting(&school, "Start", "a1", "DA-A1-19-00-00-01", "10.40.1.10");
    let line = desk.opens("10.40.0.1", "/corridor", Some("3"), "radius");
    assert_eq!(
        (line["mac"].as_str(), line["randomised"].as_bool(), line["how_sure"].as_str()),
        (Some(first), Some(true), Some("high")),
        "{line}"
    );
    // Addresses that it makes up (RFC 8981), which nobody is told of: the kernel's neighbours know whose they are.
    school.phone.must("sh", &["-c", "echo 2 > /proc/sys/net/ipv6/conf/eth0/use_tempaddr"]);
    school.phone.must("ip", &["-6", "address", "add", "2a00:40::10/64", "dev", "eth0", "nodad", "mngtmpaddr"]);
    let private = || school.phone.must("ip", &["-6", "-o", "address", "show", "dev", "eth0", "temporary"]);
    school.until("it has a private address", || private().contains("2a00:40:") && !private().contains("tentative"));
    let line = desk.opens("[2a00:40::1]", "/private", Some("3"), "radius");
    let client = line["client"].as_str().expect("an address");
    assert!(client.starts_with("2a00:40:") && client != "2a00:40::10" && private().contains(client), "{line}");
    school.phone.must("ip", &["-6", "address", "flush", "dev", "eth0", "scope", "global"]);
    school.phone.must("ip", &["-6", "address", "add", "2a00:40::c0de/64", "dev", "eth0", "nodad"]);
    assert_eq!(desk.opens("[2a00:40::1]", "/tomorrow", Some("3"), "radius")["client"], "2a00:40::c0de");
    school.phone.must("ip", &["-6", "address", "flush", "dev", "eth0", "scope", "global"]);

    // The hall is another network: another MAC, another session. The old one's end comes late.
    joins(&school, second, "10.41.1.10", "10.41.0.1");
    desk.opens("10.41.0.1", "/hall-not-yet", None, "network");
    accounting(&school, "Start", "b1", "5E-B2-20-00-00-02", "10.41.1.10");
    accounting(&school, "Stop", "a1", "DA-A1-19-00-00-01", "10.40.1.10");
    let line = desk.opens("10.41.0.1", "/hall", Some("3"), "radius");
    assert_eq!(line["mac"].as_str(), Some(second), "{line}");
    // Its old place is nobody's, though the MAC and the address come back.
    joins(&school, first, "10.40.1.10", "10.40.0.1");
    desk.opens("10.40.0.1", "/another-phone", None, "network");
    accounting(&school, "Stop", "b1", "5E-B2-20-00-00-02", "10.41.1.10");
    joins(&school, second, "10.41.1.10", "10.41.0.1");
    desk.opens("10.41.0.1", "/gone-home", None, "network");
    desk.reads_the_log();
}
