//! Who signs in to the proxy with a name and a password: over TLS, by curl, against the register.

mod support;

use data_encoding::BASE64_NOPAD;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use support::{Gate, School, Wish, command, text};

const PEOPLE: &str = "id,name,role,year\np0901,Amira Baker,pupil,9\np0902,Ben Carter,pupil,9\n";
const LAPTOP: &str = "127.0.9.1";
const DNS: &str = "name = \"gate.school.example\"\ncertificate = \"gate.pem\"\nkey = \"gate.key\"";
const PROXY: &str = "tls_listen = [\"127.0.0.1:0\"]";

/// A school whose one network asks for passwords, with a running gate's origin that keeps what it hears.
fn school(network: &str) -> (School, Arc<Mutex<String>>) {
    let school = School::new(&Wish { dns: DNS, proxy: PROXY, network, ..Wish::default() });
    school.certify("gate.school.example");
    let listener = TcpListener::bind("127.200.0.1:0").expect("a port");
    let at = listener.local_addr().expect("its address");
    let config = std::fs::read_to_string(school.path("config/schoolgate.toml")).expect("the configuration");
    let config = config.replace("ports = [", &format!("ports = [{}, ", at.port()));
    school.write("config/schoolgate.toml", &config.replace("destinations = [", &format!("destinations = [\"{at}\", ")));
    school.write("origin", &at.port().to_string());
    let heard = Arc::new(Mutex::new(String::new()));
    let hears = heard.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut bytes, mut some) = (Vec::new(), [0; 4096]);
            while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut some) {
                    Ok(read @ 1..) => bytes.extend_from_slice(&some[..read]),
                    _ => break,
                }
            }
            hears.lock().expect("nobody panicked").push_str(&text(&bytes));
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    });
    school.import(PEOPLE);
    (school, heard)
}

fn url(school: &School, host: &str) -> String {
    format!("http://{host}:{}/", std::fs::read_to_string(school.path("origin")).expect("written"))
}

/// A new password of somebody's.
fn password(school: &School, who: &str) -> String {
    let slips = school.json(&["people", "password", who, "--purpose", "a test"]);
    find(&slips, "password").unwrap_or_else(|| panic!("{slips}"))
}

fn find(value: &Value, key: &str) -> Option<String> {
    match value {
        Value::Object(fields) => {
            let here = fields.get(key).and_then(Value::as_str).map(str::to_owned);
            here.or_else(|| fields.values().find_map(|value| find(value, key)))
        }
        Value::Array(items) => items.iter().find_map(|item| find(item, key)),
        _ => None,
    }
}

struct Proxy<'a> {
    gate: &'a Gate<'a>,
    at: SocketAddr,
}

impl<'a> Proxy<'a> {
    fn of(gate: &'a Gate<'a>) -> Self {
        let doors: Vec<SocketAddr> =
            serde_json::from_value(gate.school.json(&["status"])["doors"]["proxy_tls"].clone()).expect("addresses");
        Self { gate, at: doors[0] }
    }

    /// Through the proxy over TLS; all it said, head and body.
    fn ask(&self, user: Option<(&str, &str)>, more: &[&str]) -> String {
        let proxy = format!("https://{}", self.at);
        let fixed = ["-sS", "-i", "--max-time", "20", "--interface", LAPTOP, "--proxy-insecure", "-x", &proxy];
        let pair = user.map(|(name, word)| format!("{name}:{word}"));
        let user: Vec<&str> = pair.iter().flat_map(|pair| ["--proxy-basic", "-U", pair]).collect();
        command("curl", &[&fixed[..], &user, more].concat())
    }

    /// The last line of the log about a host.
    fn line(&self, host: &str) -> Value {
        let of = |line: &Value| line["host"] == host;
        self.gate.school.log().into_iter().rev().find(of).unwrap_or_else(|| panic!("no line of {host}"))
    }
}

fn who(line: &Value) -> (Option<&str>, &str, &str) {
    (line["person"].as_str(), line["how_known"].as_str().expect("told"), line["how_sure"].as_str().expect("told"))
}

const NOBODY: (Option<&str>, &str, &str) = (None, "network", "group");

#[test]
fn a_name_and_a_password_name_the_requests_they_come_with_and_nothing_else() {
    let (school, heard) = school("ask = [\"basic\"]");
    let word = password(&school, "p0901");
    let gate = school.start();
    let proxy = Proxy::of(&gate);
    let url = |host: &str| url(&school, host);
    // Asked, and not let through by guesses; the log has no line of what was not judged.
    let asked = proxy.ask(None, &[&url("first.example")]);
    assert!(asked.starts_with("HTTP/1.1 407 ") && asked.contains("proxy-authenticate: Basic realm=\"Test School\""), "{asked}");
    for wrong in [("p0901", "guess"), ("p0999", word.as_str()), ("", "x")] {
        assert!(proxy.ask(Some(wrong), &[&url("first.example")]).starts_with("HTTP/1.1 407 "), "{wrong:?}");
    }
    let tunnel = proxy.ask(None, &["-p", &url("first.example")]);
    assert!(tunnel.starts_with("HTTP/1.1 407 "), "{tunnel}");
    assert!(school.log().iter().all(|line| line["host"] != "first.example"));
    // What a machine needs for itself, and help: nobody is asked.
    let help = proxy.ask(None, &["http://www.childline.org.uk/"]);
    assert!(help.starts_with("HTTP/1.1 ") && !help.starts_with("HTTP/1.1 407 "), "{help}");
    // Right: the request is theirs, and a tunnel.
    let right = Some(("P0901", word.as_str()));
    let said = proxy.ask(right, &[&url("second.example")]);
    assert!(said.starts_with("HTTP/1.1 200 OK"), "{said}{}", school.service_log());
    let line = proxy.line("second.example");
    assert_eq!((who(&line), line["since"].is_string()), ((Some("p0901"), "basic", "medium"), true), "{line}");
    assert_eq!(line["groups"], serde_json::json!(["pupils"]));
    let said = proxy.ask(right, &["-p", &url("third.example")]);
    assert!(said.starts_with("HTTP/1.1 200 OK") && said.ends_with("ok"), "{said}");
    assert_eq!(who(&proxy.line("third.example")), (Some("p0901"), "basic", "medium"));
    // Nothing else of the device is: neither DNS nor the next request without it.
    gate.dig(LAPTOP, &["fourth.example", "A"]);
    assert_eq!(who(&proxy.line("fourth.example")), NOBODY);
    assert!(proxy.ask(None, &[&url("fifth.example")]).starts_with("HTTP/1.1 407 "));
    // A name in any other field is not believed, whichever door it comes to; nor a password where all can read it.
    let basic = "Proxy-Authorization: Basic cDA5MDE6Z3Vlc3M=";
    for field in
        ["X-Forwarded-User: p0901", "X-Authenticated-User: p0901", "Authorization: Basic cDA5MDE6YQ==", "From: p0901", basic]
    {
        assert!(proxy.ask(None, &["-H", field, &url("sixth.example")]).starts_with("HTTP/1.1 407 "), "{field}");
        gate.curl(LAPTOP, &["-H", field, &url("seventh.example")]);
        assert_eq!(who(&proxy.line("seventh.example")), NOBODY, "{field}");
    }
    let plain = gate.curl(LAPTOP, &["--proxy-basic", "-U", &format!("p0901:{word}"), &url("eighth.example")]);
    assert!(plain.starts_with("HTTP/1.1 200"), "{plain}");
    assert_eq!(who(&proxy.line("eighth.example")), NOBODY);
    // What was typed went nowhere.
    let encoded = BASE64_NOPAD.encode(format!("P0901:{word}").as_bytes());
    let mut all = heard.lock().expect("nobody panicked").clone() + &school.service_log();
    assert!(all.contains("GET / HTTP/1.1") && !all.to_lowercase().contains("proxy-authorization"), "{all}");
    gate.stop();
    for file in files(&school.path("var")) {
        all.push_str(&String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()));
    }
    for secret in [word.as_str(), &encoded, &encoded[6..]] {
        assert!(!all.contains(secret), "a password was written down");
    }
}

#[test]
fn a_password_that_was_changed_or_whose_owner_left_is_right_no_more_and_guesses_wait() {
    let (school, _) = school("ask = [\"basic\"]");
    let (old, other) = (password(&school, "p0901"), password(&school, "p0902"));
    let gate = school.start();
    let proxy = Proxy::of(&gate);
    let status = |name: &str, word: &str| {
        let said = proxy.ask(Some((name, word)), &[&url(&school, "page.example")]);
        said.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!((status("p0901", &old), status("p0902", &other)), ("200".into(), "200".into()));
    let new = password(&school, "p0901");
    assert_eq!(
        (status("p0901", &old), status("p0901", &new), status("p0902", &other)),
        ("407".into(), "200".into(), "200".into())
    );
    school.ok(&["people", "withdraw", "p0902", "--reason", "left"]);
    let left = proxy.ask(
        Some(("p0902", &other)),
        &["-H", "Accept: text/html", "-H", "Sec-Fetch-Dest: document", &url(&school, "page.example")],
    );
    assert!(left.starts_with("HTTP/1.1 403 "), "{left}");
    assert_eq!(proxy.line("page.example")["person"], "p0902");
    let guesses: Vec<String> = (0..9).map(|n| status("p0901", &format!("guess {n}"))).collect();
    assert!(guesses[..3].iter().all(|said| said == "407") && guesses[8] == "429", "{guesses:?}");
    let slowed = proxy.ask(Some(("p0901", "guess 99")), &[&url(&school, "page.example")]);
    assert!(slowed.contains("retry-after: "), "{slowed}");
    // Whoever is signed in goes on: it is remembered.
    assert_eq!(status("p0901", &new), "200");
    let said = school.json(&["status"]);
    let line = said["sources"].as_array().and_then(|all| all.iter().find(|line| line[0] == "passwords")).expect("a line of it");
    assert!(line[1].as_str().is_some_and(|line| line.contains(" too soon after wrong ones")), "{line}");
}

#[test]
fn where_a_device_is_one_persons_what_they_show_is_true_of_all_it_does() {
    let (school, _) = school("ask = [\"basic\"]\none_person_per_device = true");
    // The PAC file names a port that is written.
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let config = std::fs::read_to_string(school.path("config/schoolgate.toml")).expect("the configuration");
    school.write("config/schoolgate.toml", &config.replace(PROXY, &format!("tls_listen = [\"{free}\"]")));
    let word = password(&school, "p0901");
    let gate = school.start();
    let proxy = Proxy::of(&gate);
    assert!(proxy.ask(None, &[&url(&school, "one.example")]).starts_with("HTTP/1.1 407 "));
    assert!(proxy.ask(Some(("p0901", &word)), &[&url(&school, "one.example")]).starts_with("HTTP/1.1 200 "));
    gate.dig(LAPTOP, &["two.example", "A"]);
    assert_eq!(who(&proxy.line("two.example")), (Some("p0901"), "basic", "medium"));
    // A program that cannot show it.
    assert!(proxy.ask(None, &[&url(&school, "three.example")]).starts_with("HTTP/1.1 200 "));
    assert_eq!(who(&proxy.line("three.example")), (Some("p0901"), "basic", "medium"));
    gate.dig("127.0.9.2", &["four.example", "A"]);
    assert_eq!(who(&proxy.line("four.example")), NOBODY);
    let script = command("curl", &["-sS", &format!("http://{}/proxy.pac", gate.web[0])]);
    let over_tls = format!("return \"HTTPS gate.school.example:{}; PROXY 127.0.0.1:", free.port());
    assert!(script.contains(&over_tls), "{script}");
}

#[test]
fn when_too_many_sign_in_at_once_the_rest_are_told_to_come_again_and_nobody_is_let_in() {
    let (school, _) = school("ask = [\"basic\"]");
    let word = password(&school, "p0901");
    let gate = school.start();
    let proxy = Proxy::of(&gate);
    let url = url(&school, "page.example");
    let all: Vec<String> = std::thread::scope(|scope| {
        let asked = |n: usize| {
            let (proxy, url) = (&proxy, &url);
            scope.spawn(move || {
                proxy.ask(Some((&format!("guest{n}"), "a guess")), &["--interface", &format!("127.0.10.{n}"), url])
            })
        };
        let asked: Vec<_> = (1..=60).map(asked).collect();
        asked.into_iter().map(|one| one.join().expect("nobody panicked")).collect()
    });
    let busy: Vec<_> = all.iter().filter(|said| said.starts_with("HTTP/1.1 503 ")).collect();
    assert!(!busy.is_empty() && busy.len() < all.len(), "{} of {}", busy.len(), all.len());
    assert!(busy.iter().all(|said| said.contains("retry-after: ") && !said.contains("proxy-authenticate")), "{busy:?}");
    let refused = |said: &&String| said.starts_with("HTTP/1.1 407 ");
    assert_eq!(all.iter().filter(refused).count() + busy.len(), all.len(), "{all:?}");
    assert!(proxy.ask(Some(("p0901", &word)), &[&url]).starts_with("HTTP/1.1 200 "), "and then it goes on");
}

#[test]
fn a_shared_ipad_is_its_class_s_and_no_childs_whoever_types_their_password_there() {
    let (school, _) = school("ask = [\"basic\"]\none_person_per_device = true");
    let config = std::fs::read_to_string(school.path("config/schoolgate.toml")).expect("the configuration");
    let shared = "[[shared]]\nname = \"iPads\"\ndevices = [\"iPad-*\"]\ngroup = \"pupils\"\n";
    school.write("config/schoolgate.toml", &(config + shared));
    school.import("id,name,role,year,device,address\np0901,Amira Baker,pupil,9,,\n,,,,iPad-9,127.0.9.9\n");
    let word = password(&school, "p0901");
    let gate = school.start();
    let proxy = Proxy::of(&gate);
    let said = proxy.ask(Some(("p0901", &word)), &["--interface", "127.0.9.9", &url(&school, "tablet.example")]);
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    gate.dig("127.0.9.9", &["next.example", "A"]);
    for host in ["tablet.example", "next.example"] {
        let line = proxy.line(host);
        assert_eq!((line["device"].as_str(), line["person"].as_str()), (Some("iPad-9"), None), "{line}");
        assert_eq!((&line["groups"], line["how_sure"].as_str()), (&serde_json::json!(["pupils"]), Some("group")), "{line}");
    }
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
