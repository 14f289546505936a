//! Who is asking, told by other systems: RADIUS accounting by FreeRADIUS's own client, sessions over HTTP, leases.

mod support;

use md5::{Digest, Md5};
use serde_json::Value;
use std::io::Write;
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use support::{Gate, School, Wish};

const PEOPLE: &str = "id,name,role,year,device,mac\n\
    p0901,Amira Baker,pupil,9,,\n\
    p0902,Ben Carter,pupil,9,,\n\
    p0903,Cara Davies,pupil,9,iPad-9,3c:22:fb:00:00:09\n\
    ,,,,Trolley-4,3c:22:fb:00:00:04\n";

const SECRET: &str = "a secret of the wireless";

/// A port that nobody has just now.
fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").and_then(|s| s.local_addr()).expect("a port").port()
}

/// Asks for a name from an address, until the log has a line of it; that line.
fn asked(gate: &Gate, from: &str, name: &str) -> Value {
    gate.dig(from, &[name, "A"]);
    let of = |line: &Value| line["host"] == name && line["client"] == from;
    let line = gate.school.log().into_iter().rev().find(of);
    line.unwrap_or_else(|| panic!("no line of {name} from {from}"))
}

fn who(line: &Value) -> (Option<&str>, &str, &str) {
    (line["person"].as_str(), line["how_known"].as_str().expect("told"), line["how_sure"].as_str().expect("told"))
}

/// Sends accounting; whether it was answered. `None`: there is no radclient here.
fn radclient(port: u16, secret: &str, attributes: &str) -> Option<bool> {
    let to = format!("127.0.0.1:{port}");
    let mut child = Command::new("radclient")
        .args(["-x", "-r", "1", "-t", "1", &to, "acct", secret])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take().expect("piped").write_all(attributes.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    Some(support::text(&output.stdout).contains("Received Accounting-Response"))
}

/// Seconds since 1970, as the machine has it: the gate under test goes by it too.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() as i64
}

#[test]
fn radius_accounting_names_who_came_and_nobody_who_has_gone() {
    let port = free_port();
    let more = format!(
        "[radius]\nlisten = [\"127.0.0.1:{port}\"]\n[[radius.client]]\nname = \"wireless\"\nfrom = [\"127.0.0.1\"]\n\
         secret_file = \"radius.secret\"\n"
    );
    let school = School::new(&Wish { more: &more, ..Wish::default() });
    school.write("config/radius.secret", SECRET);
    school.import(PEOPLE);
    let gate = school.start();
    let start = |status: &str, user: &str, session: &str, address: &str| {
        format!(
            "User-Name = \"{user}\"\nAcct-Status-Type = {status}\nAcct-Session-Id = \"{session}\"\n\
             Calling-Station-Id = \"3A-22-FB-00-00-05\"\nFramed-IP-Address = {address}\nNAS-IP-Address = 127.0.0.1\n"
        )
    };
    let Some(answered) = radclient(port, SECRET, &start("Start", "SCHOOL\\\\p0901", "a1", "127.0.9.1")) else {
        eprintln!(
            "NOT RUN: FreeRADIUS's radclient (freeradius-utils) is not here, and cannot be had where nothing can be installed"
        );
        return;
    };
    assert!(answered, "{}", school.service_log());
    let line = asked(&gate, "127.0.9.1", "one.example");
    assert_eq!(who(&line), (Some("p0901"), "radius", "high"), "{line}");
    assert_eq!((line["mac"].as_str(), line["randomised"].as_bool()), (Some("3a:22:fb:00:00:05"), Some(true)));
    let since = line["since"].as_str().and_then(|s| s.parse::<jiff::Timestamp>().ok()).expect("a time");
    assert!((now() - since.as_second()).abs() < 60, "{since}");
    // Forged, with a secret that was guessed: not answered, believed by nobody, counted.
    assert_eq!(radclient(port, "a guessed secret", &start("Start", "p0902", "f1", "127.0.9.1")), Some(false));
    assert_eq!(radclient(port, "a guessed secret", &start("Stop", "p0901", "a1", "127.0.9.1")), Some(false));
    assert_eq!(who(&asked(&gate, "127.0.9.1", "two.example")).0, Some("p0901"));
    let status = school.json(&["status"]);
    let radius = status["sources"].as_array().and_then(|s| s.iter().find(|s| s[0] == "RADIUS")).expect("a line of it");
    assert!(radius[1].as_str().is_some_and(|line| line.contains("1 believed") && line.contains(" forged")), "{radius}");
    // It roams to another address; then it goes.
    assert_eq!(radclient(port, SECRET, &start("Interim-Update", "p0901", "a1", "127.0.9.2")), Some(true));
    assert_eq!(who(&asked(&gate, "127.0.9.2", "three.example")).0, Some("p0901"));
    assert_eq!(radclient(port, SECRET, &start("Stop", "p0901", "a1", "127.0.9.2")), Some(true));
    for from in ["127.0.9.1", "127.0.9.2"] {
        assert_eq!(who(&asked(&gate, from, "four.example")), (None, "network", "group"));
    }
}

/// An Accounting-Request as RFC 2866 §3 has it: its authenticator is over this secret.
fn accounting(user: &str, secret: &str) -> Vec<u8> {
    let attributes: [(u8, &[u8]); 5] =
        [(1, user.as_bytes()), (40, &[0, 0, 0, 1]), (44, b"s1"), (4, &[127, 0, 0, 1]), (8, &[127, 0, 9, 41])];
    let attributes: Vec<u8> =
        attributes.iter().flat_map(|(kind, value)| [&[*kind, value.len() as u8 + 2][..], value].concat()).collect();
    let mut packet = vec![4, 7];
    packet.extend((20 + attributes.len() as u16).to_be_bytes());
    packet.extend([0; 16]);
    packet.extend(attributes);
    let signed = Md5::digest([&packet, secret.as_bytes()].concat());
    packet[4..20].copy_from_slice(&signed);
    packet
}

#[test]
fn a_forged_accounting_packet_names_nobody() {
    let port = free_port();
    let more = format!(
        "[radius]\nlisten = [\"127.0.0.1:{port}\"]\n[[radius.client]]\nname = \"wireless\"\nfrom = [\"127.0.0.1\"]\n\
         secret_file = \"radius.secret\"\n"
    );
    let school = School::new(&Wish { more: &more, ..Wish::default() });
    school.write("config/radius.secret", SECRET);
    school.import(PEOPLE);
    let gate = school.start();
    let answered = |from: &str, packet: &[u8]| {
        let socket = UdpSocket::bind((from, 0)).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(400))).expect("a limit");
        socket.send_to(packet, ("127.0.0.1", port)).expect("sent");
        socket.recv(&mut [0; 64]).is_ok()
    };
    let good = accounting("p0901", SECRET);
    // Somebody on the way puts another name of the same length in.
    let mut altered = good.clone();
    altered[26] = b'2';
    let mut unsigned = good.clone();
    unsigned[4..20].fill(0);
    let all = [
        ("a guessed secret", "127.0.0.1", accounting("p0901", "a guessed secret")),
        ("no secret", "127.0.0.1", accounting("p0901", "")),
        ("no authenticator", "127.0.0.1", unsigned),
        ("another name", "127.0.0.1", altered),
        ("half of it", "127.0.0.1", good[..good.len() - 3].to_vec()),
        ("another access point", "127.0.0.9", good.clone()),
    ];
    for (what, from, packet) in all {
        assert!(!answered(from, &packet), "{what}");
        assert_eq!(who(&asked(&gate, "127.0.9.41", "forged.example")), (None, "network", "group"), "{what}");
    }
    assert!(answered("127.0.0.1", &good), "{}", school.service_log());
    assert_eq!(who(&asked(&gate, "127.0.9.41", "told.example")), (Some("p0901"), "radius", "high"));
}

/// What goes wrong between an access point and the gate, each by FreeRADIUS's own client.
#[test]
fn stops_that_are_late_or_lost_a_server_that_dies_and_packets_of_nobody_name_nobody_who_has_gone() {
    let port = free_port();
    let more = |silent: &str, lease: &str| {
        format!(
            "[radius]\nlisten = [\"127.0.0.1:{port}\"]\n[[radius.client]]\nname = \"wireless\"\nfrom = [\"127.0.0.1\"]\n\
             secret_file = \"radius.secret\"\nsilent_minutes = {silent}\n{lease}"
        )
    };
    let first = more("1", "");
    let school = School::new(&Wish { more: &first, ..Wish::default() });
    school.write("config/radius.secret", SECRET);
    school.import(PEOPLE);
    let gate = school.start();
    let said = |status: &str, user: &str, session: &str, last: u8, more: &str| {
        format!(
            "User-Name = \"{user}\"\nAcct-Status-Type = {status}\nAcct-Session-Id = \"{session}\"\n\
             Calling-Station-Id = \"3C-22-FB-00-01-{last:02}\"\nFramed-IP-Address = 127.0.9.{last}\nNAS-IP-Address = 127.0.0.1\n{more}"
        )
    };
    let Some(answered) = radclient(port, SECRET, &said("Start", "p0901", "a1", 31, "")) else {
        eprintln!("NOT RUN: FreeRADIUS's radclient (freeradius-utils) is not here; tests/run installs it");
        return;
    };
    assert!(answered);
    let tell = |status: &str, user: &str, session: &str, last: u8| {
        assert_eq!(radclient(port, SECRET, &said(status, user, session, last, "")), Some(true), "{status} {session}");
    };
    let person = |last: u8, name: &str| asked(&gate, &format!("127.0.9.{last}"), name)["person"].as_str().map(str::to_owned);
    // The next pupil has the device before the Stop of the first comes.
    tell("Start", "p0902", "a2", 31);
    tell("Stop", "p0901", "a1", 31);
    assert_eq!(person(31, "late.example").as_deref(), Some("p0902"));
    // Nobody of an address that is not configured is heard, whatever secret it has.
    let from = "Packet-Src-IP-Address = 127.0.0.9\n";
    assert_eq!(radclient(port, SECRET, &said("Start", "p0903", "x1", 32, from)), Some(false));
    assert_eq!(person(32, "foreign.example"), None);
    let status = school.json(&["status"]);
    assert!(status["needs_you"].to_string().contains("RADIUS packets came from addresses"), "{status}");
    // The configuration is read again, and another source added: what was begun before ends with its sender.
    let lease = format!("[[leases]]\nfile = \"{}\"\nformat = \"dnsmasq\"\n", school.path("leases").display());
    let config = school.config(&Wish { more: &more("1", &lease), ..Wish::default() });
    school.write("config/schoolgate.toml", &config);
    gate.signal("-HUP");
    let until = Instant::now() + Duration::from_secs(30);
    while !school.service_log().contains("reloaded: ") {
        assert!(Instant::now() < until, "{}", school.service_log());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(person(31, "kept.example").as_deref(), Some("p0902"));
    let off = "Acct-Status-Type = Accounting-Off\nAcct-Session-Id = \"0\"\nNAS-IP-Address = 127.0.0.1\n";
    assert_eq!(radclient(port, SECRET, off), Some(true));
    assert_eq!(person(31, "off.example"), None);
    // It returns in the middle of a session; then its Stop is lost.
    tell("Interim-Update", "p0901", "a3", 31);
    assert_eq!(person(31, "back.example").as_deref(), Some("p0901"));
    if std::env::var_os("SCHOOLGATE_FULL").is_none() {
        eprintln!("NOT RUN: a lost Stop takes a minute; tests/run --full waits for it");
        return;
    }
    std::thread::sleep(Duration::from_secs(62));
    assert_eq!(person(31, "lost.example"), None);
}

/// The file is read once, while the gate starts, and not again as long as nobody writes it.
#[test]
fn a_lease_from_before_the_gate_has_the_name_of_a_device() {
    let plain = School::new(&Wish::default());
    let file = plain.path("dnsmasq.leases");
    let more = format!("[[leases]]\nfile = \"{}\"\nformat = \"dnsmasq\"\n", file.display());
    let school = School::new(&Wish { more: &more, ..Wish::default() });
    school.import(PEOPLE);
    plain.write("dnsmasq.leases", &format!("{} 3c:22:fb:00:00:aa 127.0.4.7 trolley-4 *\n", now() + 3600));
    let line = asked(&school.start(), "127.0.4.7", "named.example");
    assert_eq!((line["device"].as_str(), who(&line)), (Some("Trolley-4"), (None, "host-name", "low")), "{line}");
}

/// The day of a laptop that goes from hand to hand; a desk that many share; an iPad that is nobody's.
#[test]
fn a_shared_laptop_is_whose_hands_it_is_in_and_what_is_shared_is_nobodys() {
    let plain = School::new(&Wish::default());
    let made = plain.json(&["people", "token", "--name", "logon script"]);
    let (token, hash) = (made["token"].as_str().expect("a token"), made["token_sha256"].as_str().expect("its hash"));
    let more = format!(
        "[[session]]\nname = \"logon script\"\ntoken_sha256 = \"{hash}\"\nfrom = [\"127.0.0.0/8\"]\n\
         [[shared]]\nname = \"remote desktops\"\naddresses = [\"127.0.7.0/24\"]\ngroup = \"sixth-form\"\n\
         [[shared]]\nname = \"iPads\"\ndevices = [\"iPad-*\"]\ngroup = \"sixth-form\"\n\
         [[leases]]\nfile = \"{0}\"\nformat = \"dnsmasq\"\n",
        plain.path("dnsmasq.leases").display()
    );
    let school = School::new(&Wish { more: &more, ..Wish::default() });
    school.import(PEOPLE);
    let far = now() + 3600;
    let lease = |mac: u8, address: &str| format!("{far} 3c:22:fb:00:00:0{mac} {address} * *\n");
    plain.write("dnsmasq.leases", &(lease(4, "127.0.4.1") + &lease(9, "127.0.4.9")));
    let gate = school.start();
    let say = |from: &str, token: &str, event: &str, user: &str| {
        let (to, bearer) = (format!("http://{}/api/session", gate.web[0]), format!("Authorization: Bearer {token}"));
        let body = format!(r#"{{"event":"{event}","user":"{user}"}}"#);
        support::command("curl", &["-sS", "-i", "--interface", from, &to, "-H", &bearer, "-d", &body])
    };
    let laptop = "127.0.4.1";
    let line = asked(&gate, laptop, "nobody.example");
    assert_eq!((line["device"].as_str(), who(&line)), (Some("Trolley-4"), (None, "mac", "group")), "{line}");
    for (n, pupil) in ["p0901", "p0902", "p0903"].into_iter().enumerate() {
        let answer = say(laptop, token, "sign-in", pupil);
        assert!(answer.contains("200 OK") && answer.contains(r#""known":true"#), "{answer}");
        let line = asked(&gate, laptop, &format!("lesson{n}.example"));
        assert_eq!((line["device"].as_str(), who(&line)), (Some("Trolley-4"), (Some(pupil), "session", "medium")), "{line}");
        if n < 2 {
            say(laptop, token, "sign-out", pupil);
            assert_eq!(who(&asked(&gate, laptop, &format!("break{n}.example"))).0, None);
        }
    }
    // The lid is closed, and it wakes with another address; its old one is another's.
    plain.write("dnsmasq.leases", &(lease(4, "127.0.4.2") + &lease(9, "127.0.4.9") + &lease(7, laptop)));
    let until = Instant::now() + Duration::from_secs(10);
    while who(&asked(&gate, "127.0.4.2", "woken.example")).0 != Some("p0903") {
        assert!(Instant::now() < until, "{}", school.service_log());
    }
    assert_eq!(who(&asked(&gate, laptop, "other.example")).0, None);
    // A machine of many, and an iPad: whoever signs in.
    for (from, known, device) in [("127.0.7.1", "shared", None), ("127.0.4.9", "mac", Some("iPad-9"))] {
        assert!(say(from, token, "sign-in", "p0901").contains("200 OK"));
        let line = asked(&gate, from, "shared.example");
        assert_eq!((line["device"].as_str(), who(&line)), (device, (None, known, "group")), "{line}");
        assert_eq!(line["groups"], serde_json::json!(["sixth-form"]));
    }
    let status = support::text(&school.run(&["status"]).stdout);
    assert!(status.contains("remote desktops (127.0.7.0/24): nobody is named there; it ends when"), "{status}");
    // What is not believed: another token, none, a name in a header, a form of another site.
    for (answer, expected) in [
        (say("127.0.8.1", "0123456789", "sign-in", "p0901"), "401"),
        (say("127.0.8.1", "", "sign-in", "p0901"), "401"),
        (say("127.0.8.1", token, "sign-up", "p0901"), "400"),
    ] {
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{answer}");
    }
    let url = format!("http://{}/api/session", gate.web[0]);
    support::command(
        "curl",
        &[
            "-sS",
            "--interface",
            "127.0.8.1",
            &url,
            "-H",
            "X-Remote-User: p0901",
            "-H",
            "Origin: http://evil.example",
            "-d",
            "event=sign-in&user=p0901",
        ],
    );
    gate.curl("127.0.8.1", &["-H", "X-Authenticated-User: p0901", &gate.url("named.example", "/")]);
    assert_eq!(who(&asked(&gate, "127.0.8.1", "five.example")), (None, "network", "group"));
    assert!(school.log().iter().all(|line| line["client"] != "127.0.8.1" || line["person"].is_null()));
    assert!(!school.service_log().contains(token), "the token is in no log");
}

/// The extension for ChromeOS as it ships, in as much of Chrome as it uses, against a gate.
#[test]
fn the_chromeos_extension_says_who_is_there_and_that_they_have_locked_the_screen() {
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
    if !node.is_ok_and(|status| status.success()) {
        eprintln!("NOT RUN: node is not here, and cannot be had where nothing can be installed");
        return;
    }
    let plain = School::new(&Wish::default());
    let made = plain.json(&["people", "token", "--name", "chromebooks"]);
    let (token, hash) = (made["token"].as_str().expect("a token"), made["token_sha256"].as_str().expect("its hash"));
    let more = format!("[[session]]\nname = \"chromebooks\"\ntoken_sha256 = \"{hash}\"\nfrom = [\"127.0.0.0/8\"]\n");
    let school = School::new(&Wish { more: &more, ..Wish::default() });
    school.import(PEOPLE);
    let gate = school.start();
    let (worker, chrome) =
        (support::project().join("clients/chromeos/worker.js"), support::project().join("tests/clients/chrome.js"));
    let (worker, chrome) = (worker.to_str().expect("a path"), chrome.to_str().expect("a path"));
    let at = format!("http://{}", gate.web[0]);
    let runs = |gate: &str, token: &str, steps: &[&str]| {
        support::command("node", &[&[chrome, worker, gate, token, "P0901@school.example"], steps].concat())
    };
    let named = |name: &str| who(&asked(&gate, "127.0.0.1", name)).0.map(str::to_owned);
    for (n, (steps, said, person)) in [
        (&["startup"][..], "sign-in 200", Some("p0901")),
        (&["alarm"], "heartbeat 200", Some("p0901")),
        (&["active", "idle"], "", Some("p0901")),
        (&["locked"], "sign-out 200", None),
        (&["locked", "alarm"], "sign-out 200", None),
        (&["locked", "active"], "sign-out 200\nsign-in 200", Some("p0901")),
    ]
    .into_iter()
    .enumerate()
    {
        let printed = runs(&at, token, steps);
        assert_eq!(printed.trim(), format!("alarm heartbeat 5\n{said}").trim(), "{steps:?}");
        assert_eq!(named(&format!("chrome{n}.example")).as_deref(), person, "{steps:?}");
    }
    assert!(runs(&at, "another token", &["startup"]).contains("sign-in 401"));
    assert!(!runs("", token, &["startup"]).contains("sign-in"), "without policy it says nothing");
    assert!(runs("http://127.0.0.1:9", token, &["startup"]).contains("was not told"), "nor does it fail where there is no gate");
}
