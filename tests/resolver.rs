//! Whom the gate asks, with servers that are not ours: BIND as a domain's own, signed updates by `nsupdate`; unbound over TLS and
//! HTTPS. They are part of `tests/run --full`.

mod support;

use std::io::Write;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{Gate, School, Wish, text};

const SECRET: &str = "c2Nob29sZ2F0ZSBzY2hvb2xnYXRlIHNjaG9vbGdhdGU=";

fn full() -> bool {
    std::env::var_os("SCHOOLGATE_FULL").is_some()
}

/// A server of somebody else's. Dropped: killed.
struct Server(Child);

impl Server {
    fn start(program: &str, arguments: &[&str], port: u16) -> Self {
        let spawned =
            Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut server =
            Self(spawned.unwrap_or_else(|fault| panic!("{program} is needed (tests/run --full installs it): {fault}")));
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.0.try_wait().expect("its state");
            assert!(ended.is_none() && Instant::now() < until, "{program} {arguments:?} did not start");
            std::thread::sleep(Duration::from_millis(30));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago, for UDP and TCP.
fn port() -> u16 {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = tcp.local_addr().expect("an address").port();
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// BIND with a domain's zones, as a domain controller has them.
fn domain(folder: &Path) -> (Server, u16) {
    let port = port();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("written");
    let head = "$TTL 300\n@ SOA dc1.school.example. hostmaster.school.example. 1 900 600 86400 300\n@ NS dc1.school.example.\n";
    write(
        "forward.zone",
        &format!("{head}dc1 A 10.20.0.10\n_ldap._tcp.dc._msdcs SRV 0 100 389 dc1\n_kerberos._udp SRV 0 100 88 dc1\n"),
    );
    write("reverse.zone", &format!("{head}10.0 PTR dc1.school.example.\n"));
    let here = folder.display();
    write(
        "named.conf",
        &format!(
            "key \"machine\" {{ algorithm hmac-sha256; secret \"{SECRET}\"; }};\n\
             options {{ directory \"{here}\"; pid-file \"{here}/pid\"; session-keyfile none; recursion no; dnssec-validation no;\n\
             listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; }};\ncontrols {{ }};\n\
             zone \"school.example\" {{ type primary; file \"forward.zone\"; allow-update {{ key machine; }}; }};\n\
             zone \"20.10.in-addr.arpa\" {{ type primary; file \"reverse.zone\"; allow-update {{ key machine; }}; }};\n"
        ),
    );
    let config = folder.join("named.conf");
    let server = Server::start("named", &["-f", "-n", "1", "-c", config.to_str().expect("a path")], port);
    (server, port)
}

/// Sends an update through the gate; what `nsupdate` says to it, nothing if all is well.
fn update(gate: &Gate, by: &[&str], key: &str, lines: &str) -> String {
    let at = gate.dns.iter().find(|s| s.is_ipv4()).expect("a door");
    let script = format!("server {} {}\nkey hmac-sha256:machine {key}\n{lines}\nsend\n", at.ip(), at.port());
    let mut nsupdate = Command::new("nsupdate");
    let nsupdate = nsupdate.args(by).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = nsupdate.spawn().expect("nsupdate is there");
    child.stdin.take().expect("its input").write_all(script.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn a_domain_s_names_services_and_signed_updates_go_through_the_gate() {
    if !full() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (_server, port) = domain(folder.path());
    let forward = format!(
        "[[dns.forward]]\nzones = [\"school.example\", \"20.10.in-addr.arpa\"]\nupstreams = [\"127.0.0.1:{port}\"]\n\
         [[dns.record]]\nname = \"printer.other.example\"\ntype = \"A\"\nvalue = \"10.20.0.7\"\n"
    );
    let school = School::new(&Wish { more: &forward, ..Wish::default() });
    let gate = school.start();
    let asked = |words: &[&str]| gate.dig("127.0.0.1", &[&["+short"], words].concat()).trim().to_owned();
    for (words, said) in [
        (&["_ldap._tcp.dc._msdcs.school.example", "SRV"][..], "0 100 389 dc1.school.example."),
        (&["_kerberos._udp.school.example", "SRV"], "0 100 88 dc1.school.example."),
        (&["dc1.school.example"], "10.20.0.10"),
        (&["-x", "10.20.0.10"], "dc1.school.example."),
        (&["printer.other.example", "+tcp"], "10.20.0.7"),
        (&["-x", "192.168.1.1"], ""),
    ] {
        assert_eq!(asked(words), said, "{words:?}");
    }
    assert!(asked(&["school.example", "SOA"]).starts_with("dc1.school.example. hostmaster."));
    assert!(gate.dig("127.0.0.1", &["-x", "192.168.1.1"]).contains("NXDOMAIN"));

    let add = |name: &str, ip: &str| format!("zone school.example\nupdate add {name}.school.example 60 A {ip}");
    assert_eq!(update(&gate, &[], SECRET, &add("pc7", "10.20.0.77")), "");
    assert_eq!(update(&gate, &["-v"], SECRET, &add("pc8", "10.20.0.78")), "");
    let reverse = "zone 20.10.in-addr.arpa\nupdate add 77.0.20.10.in-addr.arpa 60 PTR pc7.school.example.";
    assert_eq!(update(&gate, &[], SECRET, reverse), "");
    for (words, said) in [
        (&["pc7.school.example"][..], "10.20.0.77"),
        (&["pc8.school.example"], "10.20.0.78"),
        (&["-x", "10.20.0.77"], "pc7.school.example."),
    ] {
        assert_eq!(asked(words), said, "{words:?}");
    }
    let refused = update(&gate, &[], "b3RoZXJrZXlvdGhlcmtleW90aGVya2V5b3RoZXJrZXk=", &add("pc9", "10.20.0.79"));
    assert!(refused.contains("NOTAUTH") || refused.contains("BADSIG"), "{refused}");
    let elsewhere = update(&gate, &[], SECRET, "zone other.example\nupdate add a.other.example 60 A 10.20.0.1");
    assert!(elsewhere.contains("NOTIMP"), "{elsewhere}");
    let updates = school.log().iter().filter(|e| e["query_type"] == "SOA" && e["host"] == "school.example").count();
    assert!(updates >= 3, "each is in the log: {updates}");
}

#[test]
fn upstreams_over_tls_and_https_answer_and_a_wrong_name_does_not() {
    if !full() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let authority = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let trusted = params.self_signed(&authority).expect("a certificate").pem();
    let issuer = rcgen::Issuer::new(params, authority);
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(vec!["dns.test".to_owned()]).expect("a name");
    // The clock of this box is behind the certificate: it is taken all the same.
    params.not_before = rcgen::date_time_ymd(2090, 1, 1);
    params.not_after = rcgen::date_time_ymd(2091, 1, 1);
    std::fs::write(folder.path().join("cert.pem"), params.signed_by(&key, &issuer).expect("a certificate").pem())
        .expect("written");
    std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).expect("written");
    let (tls, https) = (port(), port());
    let config = format!(
        "server:\n directory: \"{dir}\"\n chroot: \"\"\n username: \"\"\n pidfile: \"\"\n use-syslog: no\n module-config: \"iterator\"\n\
         interface: 127.0.0.1@{tls}\n interface: 127.0.0.1@{https}\n tls-port: {tls}\n https-port: {https}\n\
         tls-service-key: \"{key}\"\n tls-service-pem: \"{cert}\"\n access-control: 127.0.0.0/8 allow\n\
         local-zone: \"outside.example.\" static\n local-data: \"www.outside.example. 300 IN A 192.0.2.80\"\n\
         local-data: \"web.outside.example. 300 IN A 192.0.2.81\"\nremote-control:\n control-enable: no\n",
        dir = folder.path().display(),
        key = path("key.pem"),
        cert = path("cert.pem"),
    );
    std::fs::write(folder.path().join("unbound.conf"), config).expect("written");
    let _server = Server::start("unbound", &["-d", "-c", &path("unbound.conf")], tls);
    for (upstream, answered) in [
        (format!("\"tls://127.0.0.1:{tls}#dns.test\""), true),
        (format!("\"https://127.0.0.1:{https}/dns-query#dns.test\""), true),
        (format!("\"tls://127.0.0.1:{tls}#other.test\""), false),
        (format!("\"tls://127.0.0.1:{tls}\""), false),
    ] {
        let school = School::new(&Wish { upstreams: Some(&upstream), ..Wish::default() });
        school.write("trust.pem", &trusted);
        let gate = school.start();
        for (name, address) in [("www.outside.example", "192.0.2.80"), ("web.outside.example", "192.0.2.81")] {
            let said = gate.dig("127.0.0.1", &["+short", name]);
            assert_eq!(said.trim() == address, answered, "{upstream}: {said} {}", school.service_log());
        }
    }
}
