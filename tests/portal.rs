//! The portal: the web door over TLS, and who signs in there.

mod support;

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use support::{Gate, School, Wish, command, text};

const NAME: &str = "portal.school.example";

/// Under `[web]`.
const OVER_TLS: &str =
    "tls_listen = [\"127.0.0.1:0\"]\nname = \"portal.school.example\"\ncertificate = \"portal.pem\"\nkey = \"portal.key\"\n";

/// A certificate of the portal's name with its key beside the configuration, until this year.
fn certify(school: &School, year: i32) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut wanted = rcgen::CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    wanted.not_after = rcgen::date_time_ymd(year, 1, 2);
    school.write("config/portal.pem", &wanted.self_signed(&key).expect("a certificate").pem());
    school.write("config/portal.key", &key.serialize_pem());
    let private = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(school.path("config/portal.key"), private).expect("the key's mode");
}

fn school(wish: &Wish) -> School {
    let school = School::new(&Wish { web: &format!("{OVER_TLS}{}", wish.web), ..*wish });
    certify(&school, 2049);
    school
}

fn over_tls(gate: &Gate) -> SocketAddr {
    let doors = &gate.school.json(&["status"])["doors"]["web_tls"];
    let addresses: Vec<SocketAddr> = serde_json::from_value(doors.clone()).unwrap_or_else(|fault| panic!("{fault}: {doors}"));
    addresses[0]
}

/// Opens a page of the portal with `curl`, which trusts the school's certificate and nothing else.
fn open(gate: &Gate, from: &str, path: &str, more: &[&str]) -> String {
    let at = over_tls(gate);
    let (leads, trusted) = (format!("{NAME}:{}:{}", at.port(), at.ip()), gate.school.path("config/portal.pem"));
    let url = format!("https://{NAME}:{}{path}", at.port());
    let fixed = ["-sS", "-i", "--max-time", "15", "--interface", from, "--resolve", &leads];
    command("curl", &[&fixed, &["--cacert", trusted.to_str().expect("a path"), &url][..], more].concat())
}

#[test]
fn the_web_door_over_tls_has_one_name_and_a_certificate_that_is_taken_when_it_is_renewed() {
    let school = school(&Wish { proxy: "internal = [\"school.example\"]", ..Wish::default() });
    let gate = school.start();
    let front = open(&gate, "127.0.0.1", "/", &[]);
    assert!(front.starts_with("HTTP/1.1 200") && front.contains("web filter"), "{front}");
    for host in ["evil.example", "127.0.0.1", "localhost", "why.school.example", "gate-t"] {
        let other = open(&gate, "127.0.0.1", "/", &["-H", &format!("Host: {host}")]);
        assert!(other.starts_with("HTTP/1.1 421"), "{host}: {other}");
    }
    let nobody = open(&gate, "127.0.0.1", "/", &["-H", "Host:"]);
    assert!(nobody.starts_with("HTTP/1.1 4"), "{nobody}");
    // The name leads here, where this gate is asked; in the clear the door answers to it as well, and asks for nothing.
    let leads = gate.dig("127.0.0.1", &["+short", NAME, "A"]);
    assert_eq!(leads.trim(), gate.dns[0].ip().to_string());
    let plain = command("curl", &["-sS", "-i", &format!("http://{}/", gate.web[0]), "-H", &format!("Host: {NAME}")]);
    assert!(plain.starts_with("HTTP/1.1 200") && !plain.to_lowercase().contains("strict-transport"), "{plain}");
    let status = text(&school.run(&["status"]).stdout);
    assert!(status.contains("certificate   portal.school.example, until 2049-01-02"), "{status}");

    certify(&school, 2020);
    let until = Instant::now() + Duration::from_secs(20);
    let needs = || school.json(&["status"])["needs_you"].to_string();
    while !needs().contains("the certificate of portal.school.example ended on 2020-01-02") {
        assert!(Instant::now() < until, "{}{}", needs(), school.service_log());
        std::thread::sleep(Duration::from_millis(200));
    }
    school.write("config/portal.pem", "half a certificate");
    certify(&school, 2048);
    while !open(&gate, "127.0.0.1", "/", &[]).starts_with("HTTP/1.1 200") {
        assert!(Instant::now() < until + Duration::from_secs(20), "{}", school.service_log());
        std::thread::sleep(Duration::from_millis(200));
    }
}
