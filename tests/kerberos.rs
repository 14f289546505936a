//! Kerberos at the proxy: curl with tickets of an MIT KDC, and tickets that are not to be believed. Needs the feature `kerberos` and
//! Debian's krb5-kdc, krb5-admin-server and krb5-user: `tests/run --full`.
#![cfg(feature = "kerberos")]

mod support;

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{BINARY, Gate, School, Wish, command, talk_from, text};

const PEOPLE: &str = "id,name,role,year\np0901,Amira Baker,pupil,9\np0902,Ben Carter,pupil,9\n";
const LAPTOP: &str = "127.0.9.1";
const HOST: &str = "gate.school.example";
const DNS: &str = "name = \"gate.school.example\"\ncertificate = \"gate.pem\"\nkey = \"gate.key\"";
const PROXY: &str = "tls_listen = [\"127.0.0.1:0\"]\nkeytab = \"../kdc/gate.keytab\"\n\
                     service = \"HTTP/gate.school.example@SCHOOL.EXAMPLE\"";

/// Two realms that trust each other, of one KDC process.
struct Kdc<'a> {
    school: &'a School,
    child: Child,
}

impl Drop for Kdc<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl<'a> Kdc<'a> {
    fn start(school: &'a School) -> Self {
        let folder = school.path("kdc").display().to_string();
        let free = || {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.local_addr().expect("its address").port()
        };
        let ports = [free(), free()];
        school.write(
            "kdc/krb5.conf",
            &format!(
                "[libdefaults]\n default_realm = SCHOOL.EXAMPLE\n dns_lookup_kdc = false\n dns_lookup_realm = false\n rdns = false\n \
                 dns_canonicalize_hostname = false\n udp_preference_limit = 1\n[realms]\n \
                 SCHOOL.EXAMPLE = {{\n  kdc = 127.0.0.1:{}\n }}\n OTHER.EXAMPLE = {{\n  kdc = 127.0.0.1:{}\n }}\n\
                 [domain_realm]\n school.example = SCHOOL.EXAMPLE\n .school.example = SCHOOL.EXAMPLE\n",
                ports[0], ports[1]
            ),
        );
        let realm = |name: &str, port: u16| {
            format!(
                " {name} = {{\n  database_name = {folder}/{name}\n  key_stash_file = {folder}/{name}.stash\n  \
                 acl_file = {folder}/acl\n  kdc_listen = 127.0.0.1:{port}\n  kdc_tcp_listen = 127.0.0.1:{port}\n }}\n"
            )
        };
        let realms = realm("SCHOOL.EXAMPLE", ports[0]) + &realm("OTHER.EXAMPLE", ports[1]);
        school.write("kdc/kdc.conf", &format!("[realms]\n{realms}[logging]\n kdc = FILE:{folder}/kdc.log\n"));
        // A gate's own: it knows of no KDC, and a ticket is too old after seconds and not after five minutes.
        school.write("kdc/gate.conf", &format!("[libdefaults]\n clockskew = {}\n", SKEW.as_secs()));
        let made = |realm: &str, lines: &[&str]| {
            Self::tool(school, "kdb5_util", &["-r", realm, "create", "-s", "-P", "master"]);
            for line in lines {
                let said = Self::tool(school, "kadmin.local", &["-r", realm, "-q", line]);
                assert!(said.contains(" created") || said.contains("Entry for principal"), "{line}: {said}");
            }
        };
        let keytab = format!("ktadd -k {folder}/gate.keytab HTTP/{HOST} cifs/{HOST}");
        let trust = "addprinc -pw trust krbtgt/SCHOOL.EXAMPLE@OTHER.EXAMPLE";
        made(
            "SCHOOL.EXAMPLE",
            &[
                "addprinc -pw fish p0901",
                "addprinc -pw fish p0902",
                "addprinc -pw fish stranger",
                &format!("addprinc -randkey HTTP/{HOST}"),
                &format!("addprinc -randkey cifs/{HOST}"),
                &keytab,
                trust,
            ],
        );
        made("OTHER.EXAMPLE", &["addprinc -pw fish p0901", trust]);
        let mut run = Command::new("krb5kdc");
        run.args(["-n", "-r", "SCHOOL.EXAMPLE", "-r", "OTHER.EXAMPLE", "-P", &format!("{folder}/pid")]);
        let child = Self::of(school, &mut run).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let kdc = Self { school, child: child.expect("krb5kdc starts (tests/run --full installs it)") };
        let until = Instant::now() + Duration::from_secs(20);
        while ports.iter().any(|port| std::net::TcpStream::connect(("127.0.0.1", *port)).is_err()) {
            let said = || std::fs::read_to_string(school.path("kdc/kdc.log")).unwrap_or_default();
            assert!(Instant::now() < until, "the KDC did not start: {}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
        kdc
    }

    fn of<'c>(school: &School, command: &'c mut Command) -> &'c mut Command {
        // Debian keeps a server's programs where only root looks.
        let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
        command
            .env("KRB5_CONFIG", school.path("kdc/krb5.conf"))
            .env("KRB5_KDC_PROFILE", school.path("kdc/kdc.conf"))
            .env("PATH", path)
    }

    fn tool(school: &School, program: &str, arguments: &[&str]) -> String {
        let output = Self::of(school, Command::new(program).args(arguments)).stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|fault| panic!("{program} is needed (tests/run --full installs it): {fault}"));
        assert!(output.status.success(), "{program} {arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Somebody signs in to a machine: their tickets, for curl.
    fn sign_in(&self, principal: &str, more: &[&str]) -> Tickets<'a> {
        let cache = format!("FILE:{}/tickets-{}", self.school.path("kdc").display(), principal);
        let mut kinit = Command::new("kinit");
        let kinit = Self::of(self.school, &mut kinit).args(["-c", &cache]).args(more).arg(principal);
        let mut child = kinit.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().expect("kinit");
        child.stdin.take().expect("its input").write_all(b"fish\n").expect("a password");
        assert!(child.wait().expect("kinit").success(), "{principal} cannot sign in");
        Tickets { school: self.school, cache }
    }
}

/// How much a ticket may be too old at these gates.
const SKEW: Duration = Duration::from_secs(10);

struct Tickets<'a> {
    school: &'a School,
    cache: String,
}

impl Tickets<'_> {
    /// curl through a proxy at this port of ours, under the gate's name; all it was told, head and body.
    fn curl(&self, scheme: &str, port: u16, more: &[&str]) -> String {
        let (proxy, known) = (format!("{scheme}://{HOST}:{port}"), format!("{HOST}:{port}:127.0.0.1"));
        let mut curl = Command::new("curl");
        let curl = Kdc::of(self.school, &mut curl).env("KRB5CCNAME", &self.cache).args(["-sS", "-i", "--max-time", "20"]);
        let curl = curl.args(["--interface", LAPTOP, "--proxy-insecure", "--resolve", &known, "-x", &proxy]);
        let output =
            curl.args(["--proxy-negotiate", "--proxy-user", ":"]).args(more).stdin(Stdio::null()).output().expect("curl");
        text(&output.stdout) + &text(&output.stderr)
    }

    /// What curl would show a proxy of this name: the value of the field, kept by somebody who listens on the way.
    fn taken(&self, more: &[&str]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let thief = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("curl calls");
            let (mut bytes, mut some) = (Vec::new(), [0; 4096]);
            while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut some) {
                    Ok(read @ 1..) => bytes.extend_from_slice(&some[..read]),
                    _ => break,
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            text(&bytes)
        });
        let said = self.curl("http", port, &[more, &["http://any.example/"]].concat());
        let heard = thief.join().expect("nobody panicked");
        let field = heard.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: "));
        field.unwrap_or_else(|| panic!("no ticket: {heard}{said}")).to_owned()
    }
}

fn started<'s>(school: &'s School) -> (Gate<'s>, u16) {
    let mut command = Command::new(BINARY);
    command.env("KRB5_CONFIG", school.path("kdc/gate.conf"));
    let gate = school.started(command);
    let doors: Vec<SocketAddr> =
        serde_json::from_value(school.json(&["status"])["doors"]["proxy_tls"].clone()).expect("addresses");
    (gate, doors[0].port())
}

/// Shows a field to the gate's plain door; the status of the answer.
fn shown(gate: &Gate, host: &str, field: &str) -> String {
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: {field}\r\nConnection: close\r\n\r\n",
        gate.url(host, "/")
    );
    let from = SocketAddr::new(LAPTOP.parse().expect("an address"), 0);
    talk_from(from, gate.proxy[0], request.as_bytes()).split(' ').nth(1).unwrap_or_default().to_owned()
}

/// How the last request for a host is written down: whose, how known, how sure.
fn line(school: &School, host: &str) -> (Option<String>, String, String) {
    let of = |line: &Value| line["host"] == host;
    let line = school.log().into_iter().rev().find(of).unwrap_or_else(|| panic!("no line of {host}"));
    let word = |key: &str| line[key].as_str().map(str::to_owned);
    (word("person"), word("how_known").expect("told"), word("how_sure").expect("told"))
}

fn known(who: &str, how_sure: &str) -> (Option<String>, String, String) {
    (Some(who.into()), "kerberos".into(), how_sure.into())
}

fn nobody() -> (Option<String>, String, String) {
    (None, "network".into(), "group".into())
}

#[test]
fn a_ticket_of_the_domain_names_the_requests_it_is_shown_with_and_no_other_ticket_is_believed() {
    let school = School::new(&Wish { dns: DNS, proxy: PROXY, network: "ask = [\"basic\", \"negotiate\"]", ..Wish::default() });
    school.certify(HOST);
    school.import(PEOPLE);
    let kdc = Kdc::start(&school);
    // Held back until it is too old: its time is two seconds, and what the gate allows beside that.
    let old = kdc.sign_in("p0902", &["-l", "2s"]).taken(&[]);
    let taken_at = Instant::now();
    let (gate, over_tls) = started(&school);
    let url = |host: &str| format!("http://{host}:{}/", school.internet.origin.port());
    let (plain, p0901) = (gate.proxy[0].port(), kdc.sign_in("p0901", &[]));

    // Asked for in the clear, and over TLS, where a password is asked for instead.
    let asked = gate.curl(LAPTOP, &[&url("asked.example")]).to_lowercase();
    assert!(asked.starts_with("http/1.1 407 ") && asked.contains("proxy-authenticate: negotiate\r\n"), "{asked}");
    assert!(!asked.contains("basic"), "a password is asked for in the clear: {asked}");
    let fixed = ["-sS", "-i", "--interface", LAPTOP, "--proxy-insecure", "-x"];
    let at = format!("https://127.0.0.1:{over_tls}");
    let asked = command("curl", &[&fixed[..], &[&at, &url("asked.example")]].concat()).to_lowercase();
    let ways = [asked.find("proxy-authenticate: negotiate"), asked.find("proxy-authenticate: basic realm=")];
    assert!(ways[0].is_some() && ways[0] < ways[1], "the ticket, which asks nobody anything, comes first: {asked}");

    // The right pupil: a page and a tunnel, in the clear and over TLS.
    for (scheme, port, sure) in [("http", plain, "medium"), ("https", over_tls, "high")] {
        let said = p0901.curl(scheme, port, &[&url("page.example")]);
        assert!(said.starts_with("HTTP/1.1 200 OK"), "{said}{}", school.service_log());
        assert_eq!(line(&school, "page.example"), known("p0901", sure));
        let said = p0901.curl(scheme, port, &["-p", &url("tunnel.example")]);
        assert!(said.starts_with("HTTP/1.1 200 OK"), "{said}");
        assert_eq!(line(&school, "tunnel.example"), known("p0901", sure));
    }
    let p0902 = kdc.sign_in("p0902", &[]);
    assert!(p0902.curl("http", plain, &[&url("other.example")]).starts_with("HTTP/1.1 200 OK"));
    assert_eq!(line(&school, "other.example"), known("p0902", "medium"));
    // Nothing else of the device is theirs.
    gate.dig(LAPTOP, &["name.example", "A"]);
    assert_eq!(line(&school, "name.example"), nobody());
    // The domain knows them, and the register does not.
    assert!(kdc.sign_in("stranger", &[]).curl("http", plain, &[&url("stranger.example")]).starts_with("HTTP/1.1 200 OK"));
    assert_eq!(line(&school, "stranger.example"), nobody());

    // Once is enough: a ticket that somebody took on the way is of no use after its owner has shown it, over a restart either.
    let once = p0901.taken(&[]);
    assert_eq!((shown(&gate, "once.example", &once), shown(&gate, "again.example", &once)), ("200".into(), "407".into()));
    let told = |gate: &Gate| {
        let status = gate.school.json(&["status"]);
        let lines = status["sources"].as_array().cloned().unwrap_or_default();
        lines.iter().find(|line| line[0] == "tickets").expect("a line of them").to_string()
    };
    assert!(told(&gate).contains("1 refused (the last: Request is a replay)"), "{}", told(&gate));
    assert!(told(&gate).contains("1 of users the register does not know"), "{}", told(&gate));
    assert!(gate.stop().success());
    let (gate, over_tls) = started(&school);
    assert_eq!(shown(&gate, "again.example", &once), "407");

    let foreign = kdc.sign_in("p0901@OTHER.EXAMPLE", &[]).taken(&[]);
    let of_files = p0901.taken(&["--proxy-service-name", "cifs"]);
    let right = p0901.taken(&[]);
    let (head, tail) = right.split_at(right.len() - 40);
    let bent = format!("{head}{}", tail.replace(|c: char| c.is_ascii_lowercase(), "A"));
    let cut = right[..right.len() / 2].to_owned();
    let long = format!("Negotiate {}", "YIIA".repeat(15_900));
    let ntlm = "Negotiate TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAGAbEdAAAADw==".to_owned();
    for (what, field) in [
        ("of another realm", &foreign),
        ("of another service whose key is in the same file", &of_files),
        ("changed on the way", &bent),
        ("cut", &cut),
        ("as long as a head may be", &long),
        ("NTLM", &ntlm),
        ("NTLM by its own name", &ntlm.replace("Negotiate", "NTLM")),
        ("nothing", &"Negotiate".to_owned()),
        ("no base64", &"Negotiate \u{7f}!".to_owned()),
    ] {
        let status = shown(&gate, "believed.example", field);
        assert!(status == "407" || status == "400", "{what}: {status}");
    }
    // Twice in one request is not once.
    assert_eq!(shown(&gate, "believed.example", &format!("{right}\r\nProxy-Authorization: {right}")), "407");
    std::thread::sleep((SKEW + Duration::from_secs(4)).saturating_sub(taken_at.elapsed()));
    assert_eq!(shown(&gate, "believed.example", &old), "407", "expired");
    assert!(school.log().iter().all(|line| line["host"] != "believed.example" && line["host"] != "again.example"));

    // The domain is down: tickets that machines have are opened as before.
    drop(kdc);
    assert!(p0901.curl("https", over_tls, &[&url("down.example")]).starts_with("HTTP/1.1 200 OK"));
    assert_eq!(line(&school, "down.example"), known("p0901", "high"));
    // Neither a ticket nor what it was sealed with is written down where people read.
    let (log, ticket) = (school.service_log(), &right["Negotiate ".len()..]);
    assert!(!log.contains(ticket) && !log.contains("p0901"), "{log}");
    assert!(gate.stop().success());

    // Where a device is one person's, it is theirs after the first ticket.
    let config = std::fs::read_to_string(school.path("config/schoolgate.toml")).expect("the configuration");
    let asks = "ask = [\"basic\", \"negotiate\"]";
    school.write("config/schoolgate.toml", &config.replace(asks, "ask = [\"negotiate\"]\none_person_per_device = true"));
    let (gate, over_tls) = started(&school);
    assert!(p0901.curl("https", over_tls, &[&gate.url("one.example", "/")]).starts_with("HTTP/1.1 200 OK"));
    gate.dig(LAPTOP, &["two.example", "A"]);
    assert_eq!(line(&school, "two.example"), known("p0901", "high"));
}

#[test]
fn a_key_that_opens_nothing_is_told_at_its_place() {
    let wrong = PROXY.replace("HTTP/gate.", "HTTP/door.");
    let school = School::new(&Wish { dns: DNS, proxy: &wrong, network: "ask = [\"negotiate\"]", ..Wish::default() });
    school.certify(HOST);
    let checked = || {
        let output = school.run(&["check"]);
        assert!(!output.status.success());
        text(&output.stderr)
    };
    let none = checked();
    assert!(none.contains("schoolgate.toml:") && none.contains("gate.keytab: no ticket can be opened: No such file"), "{none}");
    let _kdc = Kdc::start(&school);
    let other = checked();
    assert!(other.contains("No key table entry found for HTTP/door.school.example@SCHOOL.EXAMPLE"), "{other}");
}
