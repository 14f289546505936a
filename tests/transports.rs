//! The DNS door over TCP, TLS and HTTPS, by the clients people use: `dig`, `kdig` and dnspython.

mod support;

use serde_json::Value;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};
use support::{Gate, School, Wish, command, text};

const PUPIL: &str = "127.0.9.1";
const STRANGER: &str = "127.0.9.1";
const NAME: &str = "dns.school.example";
const ENCRYPTED: &str = "tls_listen = [\"127.0.0.1:0\"]\nhttps_listen = [\"127.0.0.1:0\"]\nname = \"dns.school.example\"\n\
    certificate = \"dns.pem\"\nkey = \"dns.key\"";

/// Debian's python3, which has Debian's dnspython.
const PYTHON: &str = "/usr/bin/python3";

/// A certificate of this name with its key beside the configuration, until this year.
fn certify(school: &School, name: &str, year: i32) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut wanted = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
    wanted.not_after = rcgen::date_time_ymd(year, 1, 2);
    school.write("config/dns.pem", &wanted.self_signed(&key).expect("a certificate").pem());
    school.write("config/dns.key", &key.serialize_pem());
    mode(school, 0o640);
}

fn mode(school: &School, mode: u32) {
    let private = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(school.path("config/dns.key"), private).expect("the key's mode");
}

fn encrypted() -> School {
    let school = School::new(&Wish { dns: ENCRYPTED, ..Wish::default() });
    certify(&school, NAME, 2049);
    school
}

fn door(gate: &Gate, door: &str) -> SocketAddr {
    let doors = &gate.school.json(&["status"])["doors"][door];
    let addresses: Vec<SocketAddr> = serde_json::from_value(doors.clone()).unwrap_or_else(|fault| panic!("{fault}: {doors}"));
    addresses[0]
}

/// Asks with `kdig`, which trusts the school's certificate under its name and nothing else.
fn kdig(gate: &Gate, from: &str, to: SocketAddr, more: &[&str]) -> String {
    let (at, port) = (format!("@{}", to.ip()), to.port().to_string());
    let trusted = format!("+tls-ca={}", gate.school.path("config/dns.pem").display());
    let named = format!("+tls-hostname={NAME}");
    let fixed = [at.as_str(), "-p", &port, "-b", from, &trusted, &named, "+retry=0", "+timeout=8"];
    command("kdig", &[&fixed, more].concat())
}

/// How many queries the log has of these: those that are alike are one row.
fn asked(school: &School, of: impl Fn(&Value) -> bool) -> u64 {
    school.log().iter().filter(|e| of(e)).map(|e| e["count"].as_u64().expect("a count")).sum()
}

#[test]
fn dns_over_tls_and_over_https_say_what_the_door_says_and_are_in_the_log() {
    let school = encrypted();
    let gate = school.start();
    let (tls, https) = (door(&gate, "dns_tls"), door(&gate, "dns_https"));
    let ways: [(SocketAddr, &[&str]); 4] = [
        (tls, &["+tls"]),
        (tls, &["+tls", "+keepopen"]),
        (https, &["+https=dns.school.example/dns-query"]),
        (https, &["+https=dns.school.example/dns-query", "+https-get"]),
    ];
    for (to, way) in ways {
        let blocked = kdig(&gate, PUPIL, to, &[way, &["www.pokerstars.com", "A"]].concat());
        assert!(blocked.contains("status: NXDOMAIN") && blocked.to_lowercase().contains("gambling"), "{way:?}: {blocked}");
        let allowed = kdig(&gate, PUPIL, to, &[way, &["nobody-lists-me.example", "A"]].concat());
        assert!(allowed.contains("status: NOERROR") && allowed.contains("127.200.0.1"), "{way:?}: {allowed}");
        let padded = kdig(&gate, PUPIL, to, &[way, &["+padding=64", "www.pokerstars.com", "A"]].concat());
        assert!(padded.contains("Received 468 B") || padded.contains("MSG SIZE  rcvd: 468"), "{way:?}: {padded}");
    }
    assert_eq!(asked(&school, |e| e["host"] == "www.pokerstars.com"), 2 * ways.len() as u64);
    assert_eq!(asked(&school, |e| e["client"] == PUPIL), 3 * ways.len() as u64);
    // Who does not trust the certificate, or calls for another name, is not answered.
    let wrong = command(
        "kdig",
        &["@127.0.0.1", "-p", &tls.port().to_string(), "+tls-ca", "+tls-hostname=other.example", "+retry=0", "a.example"],
    );
    assert!(!wrong.contains("NOERROR"), "{wrong}");
}

#[test]
fn curl_asks_over_http_1_and_2_and_hears_how_long_it_may_keep_the_answer() {
    let school = encrypted();
    let gate = school.start();
    let https = door(&gate, "dns_https");
    // www.pokerstars.com A, as RFC 8484 §4.1.1 writes its own example.
    let query = "AAABAAABAAAAAAAAA3d3dwpwb2tlcnN0YXJzA2NvbQAAAQAB";
    for (version, said) in [("--http1.1", "HTTP/1.1 200"), ("--http2", "HTTP/2 200")] {
        let url = format!("https://{NAME}:{}/dns-query?dns={query}", https.port());
        let resolve = format!("{NAME}:{}:127.0.0.1", https.port());
        let pem = school.path("config/dns.pem");
        let pem = pem.to_str().expect("a path");
        let fixed = ["-sS", "--interface", PUPIL, "--cacert", pem, "--resolve", &resolve, "--output", "-", "-i", version];
        let answer = command("curl", &[&fixed[..], &[&url]].concat());
        assert!(answer.starts_with(said) && answer.contains("cache-control: private, max-age=15"), "{answer}");
        let other = command("curl", &[&fixed[..], &["-X", "DELETE", &url]].concat());
        assert!(other.contains(" 405") && other.to_lowercase().contains("allow: get, post"), "{other}");
    }
}

#[test]
fn a_stranger_is_refused_over_tls_and_https() {
    let school = encrypted();
    let narrow = school.config(&Wish { dns: ENCRYPTED, ..Wish::default() });
    school.write("config/schoolgate.toml", &narrow.replace("\"127.0.0.0/8\", \"::1/128\"", "\"127.5.0.0/16\""));
    let gate = school.start();
    let (tls, https) = (door(&gate, "dns_tls"), door(&gate, "dns_https"));
    for (to, way) in [(tls, "+tls"), (https, "+https=dns.school.example/dns-query")] {
        let refused = kdig(&gate, STRANGER, to, &[way, "nobody-lists-me.example", "A"]);
        assert!(!refused.contains("status:"), "{way}: {refused}");
        let answered = kdig(&gate, "127.5.0.1", to, &[way, "nobody-lists-me.example", "A"]);
        assert!(answered.contains("NOERROR"), "{way}: {answered}");
    }
    assert!(school.json(&["status"])["strangers"].as_u64().is_some_and(|n| n >= 2));
}

#[test]
fn a_certificate_is_read_again_with_a_reload_and_a_wrong_one_changes_nothing() {
    let school = encrypted();
    let gate = school.start();
    let tls = door(&gate, "dns_tls");
    let ask = || kdig(&gate, PUPIL, tls, &["+tls", "www.pokerstars.com", "A"]);
    let reload = || {
        let before = school.service_log().matches("reload").count();
        gate.signal("-HUP");
        let until = Instant::now() + Duration::from_secs(10);
        while school.service_log().matches("reload").count() == before {
            assert!(Instant::now() < until, "{}", school.service_log());
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let status = text(&school.run(&["status"]).stdout);
    assert!(status.contains(&format!("over TLS      {tls}")), "{status}");
    assert!(status.contains("certificate   dns.school.example, until 2049-01-02"), "{status}");
    // Its client trusts the file as it is now, so an answer says that the gate shows it.
    certify(&school, NAME, 2048);
    reload();
    assert!(ask().contains("NXDOMAIN"), "{}", ask());
    let shown = std::fs::read_to_string(school.path("config/dns.pem")).expect("the certificate");

    let line = school.config(&Wish { dns: ENCRYPTED, ..Wish::default() });
    let line = |key: &str| line.lines().position(|l| l.starts_with(key)).expect("the line") + 1;
    let faults: [(&dyn Fn(), &str, &str); 4] = [
        (&|| mode(&school, 0o644), "key = ", "others may read or change this key"),
        (&|| certify(&school, "other.example", 2048), "certificate = ", "it is not for dns.school.example"),
        (&|| school.write("config/dns.key", "nothing\n"), "key = ", "there is no private key in it"),
        (&|| std::fs::remove_file(school.path("config/dns.pem")).expect("removed"), "certificate = ", "it cannot be read"),
    ];
    for (spoil, key, why) in faults {
        certify(&school, NAME, 2048);
        spoil();
        let checked = school.run(&["check"]);
        let said = text(&checked.stderr) + &text(&checked.stdout);
        assert_eq!(checked.status.code(), Some(1), "{said}");
        assert!(said.contains(why) && said.contains(&format!("schoolgate.toml:{}:", line(key))), "{why}: {said}");
        reload();
        let needs = school.json(&["status"])["needs_you"].to_string();
        assert!(needs.contains("was refused") && needs.contains(why), "{needs}");
    }
    // The one of before is still shown.
    school.write("config/dns.pem", &shown);
    assert!(ask().contains("NXDOMAIN"), "{}", ask());
}

#[test]
fn a_certificate_that_ends_soon_or_cannot_be_used_needs_somebody_and_the_rest_of_the_door_is_open() {
    for (spoil, said) in [
        ((|school| certify(school, NAME, 2020)) as fn(&School), "ended on 2020-01-02"),
        (|school| mode(school, 0o604), "DNS over TLS and HTTPS are not served"),
    ] {
        let school = encrypted();
        spoil(&school);
        let gate = school.start();
        let needs = school.json(&["status"])["needs_you"].to_string();
        assert!(needs.contains(said), "{needs}");
        assert!(gate.dig(PUPIL, &["www.pokerstars.com", "A"]).contains("NXDOMAIN"));
    }
}

/// Answers every question with 40 addresses: 640 octets and more, within what the gate takes by UDP.
fn generous_upstream() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let at = socket.local_addr().expect("its address");
    std::thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((len, peer)) = socket.recv_from(&mut query) {
            let end = 12 + query[12..len].iter().position(|&b| b == 0).expect("a name") + 5;
            let mut answer = query[..end].to_vec();
            answer[2..4].copy_from_slice(&[0x81, 0xa0]); // an answer that says AD
            answer[6..12].copy_from_slice(&[0, 40, 0, 0, 0, 0]);
            for last in 0..40 {
                answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 192, 0, 2, last]);
            }
            let _ = socket.send_to(&answer, peer);
        }
    });
    at
}

#[test]
fn the_words_of_the_standards_are_kept_as_dig_hears_them() {
    let upstream = format!("\"{}\"", generous_upstream());
    let school = School::new(&Wish { upstreams: Some(&upstream), ..Wish::default() });
    let gate = school.start();
    for (asked, hears, not) in [
        // RFC 6891 §6.1.3: a version that nobody has.
        (&["+edns=1", "+noednsneg", "a.example"][..], &["status: BADVERS", "EDNS: version: 0"][..], "ANSWER SECTION"),
        (&["+opcode=status", "a.example"], &["status: NOTIMP"], "ANSWER SECTION"),
        (&["+opcode=update", "a.example"], &["status: NOTIMP"], "ANSWER SECTION"),
        // RFC 8482 §4.2.
        (&["a.example", "ANY", "+notcp"], &["HINFO\t\"RFC8482\" \"\"", "ANSWER: 1,"], "192.0.2."),
        (&["www.pokerstars.com", "ANY", "+notcp"], &["status: NXDOMAIN"], "HINFO"),
        (&["axfr.example", "AXFR"], &["Transfer failed"], "192.0.2."),
        (&["-c", "CH", "version.bind", "TXT"], &["status: REFUSED"], "ANSWER SECTION"),
        (&["CaSe.ExAmPlE"], &[";CaSe.ExAmPlE.", "\nCaSe.ExAmPlE."], "case.example."),
        // RFC 6840 §5.7, RFC 4035 §3.2.2: AD for who asks for it, CD as it came.
        (&["+noadflag", "+bufsize=1232", "ad.example"], &["flags: qr rd ra;"], "BADVERS"),
        (&["+cdflag", "+noadflag", "+bufsize=1232", "cd.example"], &["flags: qr rd ra cd;"], "BADVERS"),
        (&["+norec", "+noadflag", "+bufsize=1232", "rd.example"], &["flags: qr ra;"], "BADVERS"),
        // RFC 2181 §9: what does not fit is cut, and asked for again over TCP.
        (&["+noedns", "+ignore", "tc.example"], &["flags: qr tc rd ra", "ANSWER: 0,"], "192.0.2."),
        (&["+noedns", "tc.example"], &["Truncated, retrying in TCP mode", "ANSWER: 40,"], "flags: qr tc"),
        (&["+bufsize=4096", "udp.example"], &["ANSWER: 40,", "udp: 1232", "(UDP)"], "Truncated"),
        // RFC 7828: told to who asks, on a connection.
        (&["+tcp", "+keepalive", "keep.example"], &["; TCP KEEPALIVE: 10.0 secs"], "BADVERS"),
        (&["+tcp", "silent.example"], &["ANSWER: 40,"], "KEEPALIVE"),
        (&["+notcp", "+keepalive", "keep.example"], &["ANSWER: 40,"], "KEEPALIVE"),
    ] {
        let said = gate.dig(PUPIL, asked);
        for hears in hears {
            assert!(said.contains(hears), "{asked:?} wants {hears}: {said}");
        }
        assert!(!said.contains(not), "{asked:?} does not want {not}: {said}");
    }
}

#[test]
fn dnspython_asks_many_at_once_on_one_connection_and_over_tls() {
    if !Command::new(PYTHON).args(["-c", "import dns.query, ssl"]).output().is_ok_and(|o| o.status.success()) {
        println!("python3-dnspython is not here (tests/run installs it): not run");
        return;
    }
    let school = encrypted();
    let gate = school.start();
    let (tcp, tls) = (gate.dns[0].port().to_string(), door(&gate, "dns_tls").port().to_string());
    let pem = school.path("config/dns.pem");
    let script = r#"
import socket, ssl, sys
import dns.edns, dns.flags, dns.message, dns.query, dns.rcode
tcp, tls, pem, name = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
def all_of(stream):
    asked = {}
    for i in range(200):
        query = dns.message.make_query(f"n{i}.example" if i % 2 else f"w{i}.pokerstars.com", "A", use_edns=0, pad=128)
        query.id = 1000 + i
        asked[query.id] = query
        dns.query.send_tcp(stream, query)
    for _ in range(len(asked)):
        said, _ = dns.query.receive_tcp(stream)
        query = asked.pop(said.id)
        assert query.is_response(said), said
        blocked = "pokerstars" in str(query.question[0].name)
        assert said.rcode() == (dns.rcode.NXDOMAIN if blocked else dns.rcode.NOERROR), said
        yield said
plain = socket.create_connection(("127.0.0.1", tcp), 8, ("127.0.9.1", 0))
for said in all_of(plain):
    assert not any(o.otype == dns.edns.OptionType.PADDING for o in said.options), said
context = ssl.create_default_context(cafile=pem)
context.set_alpn_protocols(["dot"])
private = context.wrap_socket(socket.create_connection(("127.0.0.1", tls), 8, ("127.0.9.1", 0)), server_hostname=name)
assert private.selected_alpn_protocol() == "dot" and private.version() == "TLSv1.3", private.version()
for said in all_of(private):
    assert any(o.otype == dns.edns.OptionType.PADDING for o in said.options), said
context.maximum_version = ssl.TLSVersion.TLSv1_2
older = context.wrap_socket(socket.create_connection(("127.0.0.1", tls), 8), server_hostname=name)
assert older.version() == "TLSv1.2"
print("done")
"#;
    let said = command(PYTHON, &["-c", script, &tcp, &tls, pem.to_str().expect("a path"), NAME]);
    assert_eq!(said.trim(), "done");
    assert_eq!(asked(&school, |_| true), 400);
}
