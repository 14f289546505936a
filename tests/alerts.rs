//! What cannot wait, with the real binary: a search reaches a server of SMTP and a webhook within a minute, and nothing in it says
//! whose or what.

mod support;

use schoolgate::people::Store;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::{School, Wish};

const PEOPLE: &str = "id,name,role,year,device,address\n\
    p0901,Alma Quill,pupil,9,Laptop-9,127.0.9.1\n\
    t.jones,Tom Jones,staff,,Staff-1,127.0.20.1\n";

const SECRET: &str = "a secret that two systems share";

type Stream = rustls::StreamOwned<rustls::ServerConnection, TcpStream>;

/// A server with TLS that writes down what it hears.
struct Server {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `pem` is where its certificate is put.
    fn start(school: &School, pem: &str, serve: fn(&mut BufReader<Stream>) -> Option<String>) -> Self {
        let key = rcgen::KeyPair::generate().expect("a key");
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::CertificateParams::new(names).and_then(|c| c.self_signed(&key)).expect("a certificate");
        school.write(pem, &made.pem());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = config.expect("versions").with_no_client_auth().with_single_cert(vec![made.der().clone()], key);
        let config = Arc::new(config.expect("they fit"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = heard.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let tls = rustls::ServerConnection::new(config.clone()).expect("a connection");
                if let Some(said) = serve(&mut BufReader::new(rustls::StreamOwned::new(tls, stream))) {
                    hears.lock().expect("heard").push(said);
                }
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("heard").clone()
    }

    /// Waits for so many messages that hold this.
    fn wait(&self, what: &str, count: usize) -> Vec<String> {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let found: Vec<String> = self.heard().into_iter().filter(|said| said.contains(what)).collect();
            if found.len() >= count {
                return found;
            }
            assert!(Instant::now() < until, "no {count} × {what:?} within a minute: {:#?}", self.heard());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// One mail, with whom it is to.
fn smtp(stream: &mut BufReader<Stream>) -> Option<String> {
    let say = |stream: &mut BufReader<Stream>, line: &str| stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).ok();
    say(stream, "220 localhost ESMTP")?;
    let (mut all, mut line, mut text) = (String::new(), String::new(), false);
    loop {
        line.clear();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        all.push_str(&line);
        let said = line.trim_end();
        if text && said != "." {
            continue;
        }
        let answer = match said.split(' ').next().unwrap_or_default() {
            "EHLO" => "250-localhost\r\n250 8BITMIME",
            "DATA" => "354 go on",
            "QUIT" => {
                say(stream, "221 bye");
                return Some(all);
            }
            _ => "250 2.0.0 good",
        };
        if text {
            say(stream, answer)?;
            return Some(all);
        }
        text = said == "DATA";
        say(stream, answer)?;
    }
}

/// One POST, its head and its body.
fn https(stream: &mut BufReader<Stream>) -> Option<String> {
    let (mut head, mut line, mut length) = (String::new(), String::new(), 0);
    loop {
        line.clear();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(said) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = said.trim().parse().ok()?;
        }
        head.push_str(&line);
        if line.trim_end().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    stream.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()?;
    stream.get_mut().flush().ok()?;
    stream.get_mut().conn.send_close_notify();
    let _ = stream.get_mut().flush();
    Some(head + &String::from_utf8(body).ok()?)
}

/// `report` is what is more of its `[report]`.
fn school(report: &str) -> (School, Server, Server) {
    let school = School::new(&Wish::default());
    let (mail, hook) = (Server::start(&school, "mail.pem", smtp), Server::start(&school, "hook.pem", https));
    school.write("config/hook.secret", SECRET);
    let more = format!(
        "[mail]\nserver = \"localhost\"\nport = {}\ntls = \"tls\"\ntrust = \"../mail.pem\"\nfrom = \"gate@school.example\"\nto = \
         [\"dsl@school.example\"]\n\n[alerts]\nwebhook = \"https://127.0.0.1:{}/hook\"\nwebhook_secret_file = \
         \"hook.secret\"\nwebhook_trust = \"../hook.pem\"\nit = [\"it@school.example\"]\n\n[report]\n{report}",
        mail.port, hook.port
    );
    school.write("config/schoolgate.toml", &school.config(&Wish { more: &more, ..Wish::default() }));
    school.import(PEOPLE);
    (school, mail, hook)
}

/// Nothing that was sent says whose it was or what it was about.
fn says_nothing(sent: &[String]) {
    let sent = sent.join("\n").to_lowercase();
    for never in ["alma", "quill", "p0901", "laptop", "127.0.9.1", "suicide", "self-harm", "kill", "tonight", "year 9", "google"]
    {
        assert!(!sent.contains(never), "{never}: {sent}");
    }
}

const SEARCH: &str = "/search?q=i+am+going+to+kill+myself+tonight";

#[test]
fn a_search_in_the_first_person_is_with_the_dsl_within_a_minute_once_and_outlives_a_kill() {
    let (school, mail, hook) = school("");
    let mut gate = school.start();
    // The gate has looked at its journal once.
    let until = Instant::now() + Duration::from_secs(30);
    while !school.path("var/alerts.json").exists() {
        assert!(Instant::now() < until, "{}", school.service_log());
        std::thread::sleep(Duration::from_millis(100));
    }
    for _ in 0..3 {
        gate.curl("127.0.9.1", &[&gate.url("www.google.com", SEARCH)]);
    }
    // Staff are no pupils.
    gate.curl("127.0.20.1", &[&gate.url("www.google.com", SEARCH)]);
    let mails = mail.wait("Alert 1: one matter needs you now", 1);
    let posts = hook.wait("\"alert\":1", 1);
    assert!(mails[0].contains("RCPT TO:<dsl@school.example>") && posts[0].starts_with("POST /hook"), "{posts:?}");
    signed(&posts[0]);
    let status = school.json(&["status"])["needs_you"].to_string();
    assert!(status.contains("alert 1 of ") && !status.contains("suicide"), "{status}");

    // Without a purpose nobody is named; with one it is recorded.
    let listed = school.json(&["alerts", "list"]);
    assert!(listed.as_array().is_some_and(|all| all.len() == 1) && listed[0].get("whose").is_none(), "{listed:#}");
    let shown = school.json(&["alerts", "list", "--purpose", "the mail"]);
    assert_eq!((shown[0]["whose"].as_str(), shown[0]["tier"].as_str()), (Some("p0901"), Some("critical")), "{shown:#}");
    assert!(shown[0]["theme"].as_str().is_some_and(|theme| theme.contains("Suicide")), "{shown:#}");
    school.ok(&["alerts", "acknowledge", "1"]);
    assert!(!school.run(&["alerts", "acknowledge", "7"]).status.success());
    assert_eq!(school.json(&["alerts", "list"]).as_array().map(Vec::len), Some(0));

    // Another child, and a kill before anybody was told: the journal has it.
    school.import(&format!("{PEOPLE}p0902,Ben Carter,pupil,9,Laptop-8,127.0.9.2\n"));
    assert!(Store::peek(&school.path("var/register.db")).expect("the register").person_of_key("p0902").is_some());
    gate.curl("127.0.9.2", &[&gate.url("www.google.com", SEARCH)]);
    gate.child.kill().expect("killed");
    gate.child.wait().expect("it ended");
    drop(gate);
    let _gate = school.start();
    mail.wait("Alert 2: one matter needs you now", 1);
    assert_eq!(mail.heard().iter().filter(|said| said.contains("Alert 1: ")).count(), 1, "told once");
    says_nothing(&mail.heard());
    says_nothing(&hook.heard());

    // The report has both, and who acknowledged.
    let week = school.json(&["report", "week", "--week", "this", "--format", "json"]);
    let alerts = week["alerts"].as_array().unwrap_or_else(|| panic!("{week:#}"));
    assert_eq!(alerts.len(), 2, "{alerts:#?}");
    assert!(alerts[0]["acknowledged"].as_str().is_some_and(|by| by.contains("by ")) && alerts[1]["acknowledged"].is_null());
    let it = school.json(&["report", "week", "--week", "this", "--edition", "it", "--format", "json"]);
    assert!(it.get("alerts").is_none(), "{it:#}");
}

#[test]
fn what_a_pupil_does_who_is_watched_more_closely_counts_one_tier_more() {
    let me = schoolgate::ops::files::own_name();
    let (school, mail, _hook) = school(&format!("dsl = [\"{me}\"]\n"));
    school.import(&format!("{PEOPLE}p0902,Ben Carter,pupil,9,Laptop-8,127.0.9.2\n"));
    school.ok(&["report", "watch", "p0901", "--until", &support::in_a_month(), "--reason", "worries at home"]);
    let gate = school.start();
    let alerts = || school.json(&["alerts", "list", "--purpose", "a test"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while alerts().as_array().is_none_or(Vec::is_empty) {
        assert!(Instant::now() < deadline, "{}", school.service_log());
        // Words about violence: medium, and of no alert for others.
        for address in ["127.0.9.2", "127.0.9.1"] {
            gate.curl(address, &[&gate.url("www.google.com", "/search?q=school+fight+video")]);
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    let all = alerts();
    assert_eq!(
        (all.as_array().map(Vec::len), all[0]["whose"].as_str(), all[0]["tier"].as_str()),
        (Some(1), Some("p0901"), Some("high"))
    );
    // IT sees nothing of it.
    let seen = [school.json(&["status"]).to_string(), school.service_log(), mail.heard().join("\n")].join("\n");
    assert!(!seen.contains("closely") && !seen.contains("p0901"), "{seen}");
}

/// The signature is of this message, by the shared secret.
fn signed(post: &str) {
    let (head, body) = post.split_once("\r\n\r\n").expect("a head and a body");
    let header = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("schoolgate-signature").then_some(value)
    });
    let (time, hex) = header.and_then(|value| value.strip_prefix("t=")?.split_once(",v1=")).expect("a signature");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let bytes: Vec<u8> = (0..hex.len() / 2).filter_map(|at| u8::from_str_radix(hex.get(at * 2..at * 2 + 2)?, 16).ok()).collect();
    ring::hmac::verify(&key, format!("{time}.{body}").as_bytes(), &bytes).expect("the gate's own signature");
}
