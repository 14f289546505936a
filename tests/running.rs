//! A gate that runs for years: reloads, refusals, dead upstreams, sudden ends.

mod support;

use std::collections::HashMap;
use std::net::UdpSocket;
use std::time::{Duration, Instant};
use support::{School, Wish, text};

#[test]
fn a_broken_change_is_refused_with_its_place_and_what_was_stays() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    let whole = school.config(&Wish::default());
    school.write("config/schoolgate.toml", &whole.replace("profile = \"sixth-form\"", "profile = \"sixth-fork\""));
    let checked = school.run(&["check"]);
    assert_eq!(checked.status.code(), Some(1));
    let said = text(&checked.stderr);
    assert!(said.contains("schoolgate.toml:") && said.contains("sixth-fork") && said.contains("sixth-form"), "{said}");
    gate.signal("-HUP");
    let until = Instant::now() + Duration::from_secs(5);
    while !school.service_log().contains("refused") {
        assert!(Instant::now() < until, "{}", school.service_log());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(gate.dig("127.0.0.1", &["www.pokerstars.com", "A"]).contains("NXDOMAIN"));

    school.write(
        "config/schoolgate.toml",
        &(whole + "\n[[entry]]\nhost = \"chosen.example\"\naction = \"block\"\nreason = \"a test\"\n"),
    );
    gate.signal("-HUP");
    let until = Instant::now() + Duration::from_secs(5);
    while !gate.dig("127.0.0.1", &["chosen.example", "A"]).contains("NXDOMAIN") {
        assert!(Instant::now() < until, "{}", school.service_log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_file_that_is_broken_on_disk_stops_no_command_that_the_running_gate_answers() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    let whole = school.config(&Wish::default());
    let file = school.path("config/schoolgate.toml");
    let data = format!("dir = \"{}\"", school.path("var").display());
    let breaks: [(&str, Vec<u8>, &str); 5] = [
        ("a name", whole.replace("profile = \"sixth-form\"", "profile = \"sixth-fork\"").into(), ":43:11: "),
        ("a quote", whole.replace("name = \"Test School\"", "name = \"Test School").into(), ":3:"),
        ("a bracket", whole.replace("[data]", "[data").into(), ""),
        ("no text", [whole.as_bytes(), b"\xff"].concat(), "is not UTF-8"),
        ("the folder", whole.replace(&data, "dir = 7").into(), "`dir` cannot be a number"),
    ];
    for (what, bytes, told) in breaks {
        std::fs::write(&file, bytes).expect("written");
        let status = school.run(&["status"]);
        let (said, warned) = (text(&status.stdout), text(&status.stderr));
        if what == "the folder" || what == "a bracket" || what == "no text" {
            // Nothing on disk says where this gate is: it is told in full, and no other gate is asked.
            assert!(said.is_empty() && warned.contains("error: "), "{what}: {said}{warned}");
            continue;
        }
        assert!(said.contains("Test School") && said.contains("the configuration on disk is broken"), "{what}: {said}{warned}");
        assert!(warned.contains("schoolgate.toml") && warned.contains(told), "{what}: {warned}");
        let host = format!("{}.example", what.replace(' ', "-"));
        let allowed = school.run(&["block", &host, "--reason", "a test"]);
        assert!(allowed.status.success(), "{what}: {}", text(&allowed.stderr));
        assert!(gate.dig("127.0.0.1", &[&host, "A"]).contains("NXDOMAIN"), "{what}");
        let found = school.run(&["log", "search", "--host", &host, "--purpose", "a test"]);
        assert!(found.status.success() && text(&found.stdout).contains(&host), "{what}: {}", text(&found.stderr));
    }
}

#[test]
fn a_reload_that_was_refused_needs_somebody_until_one_is_not() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    let whole = school.config(&Wish::default());
    let needs = || school.json(&["status"])["needs_you"].to_string();
    let until = |said: bool| {
        let end = Instant::now() + Duration::from_secs(10);
        while needs().contains("was refused") != said {
            assert!(Instant::now() < end, "{}", needs());
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    school.write("config/schoolgate.toml", &whole.replace("profile = \"sixth-form\"", "profile = \"sixth-fork\""));
    gate.signal("-HUP");
    until(true);
    // The file is mended, and nothing has read it yet: what was refused still is.
    school.write("config/schoolgate.toml", &whole);
    let said = needs();
    assert!(said.contains("the reload of 20") && said.contains("schoolgate.toml:") && said.contains("sixth-form"), "{said}");
    gate.signal("-HUP");
    until(false);
}

#[test]
fn an_entry_is_in_force_at_once_and_gone_when_removed() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    let blocked = || gate.dig("127.0.0.1", &["lesson.example", "A"]).contains("NXDOMAIN");
    assert!(!blocked());
    let said = school.ok(&["block", "lesson.example", "--reason", "a test"]);
    assert!(blocked(), "{said}");
    let entries = school.json(&["entries", "list"]);
    let id = entries[0]["id"].to_string();
    assert_eq!(entries[0]["host"], "lesson.example");
    let why = school.json(&["explain", "www.lesson.example"]);
    assert_eq!((why["action"].as_str(), why["step"].as_str()), (Some("block"), Some("own")), "{why}");
    school.ok(&["entries", "remove", &id, "--reason", "done"]);
    assert!(!blocked());
    // An entry that is wrong changes nothing.
    let wrong = school.run(&["block", "not a host", "--reason", "a test"]);
    assert_eq!(wrong.status.code(), Some(1));
    // A lasting way round malware is refused.
    let wrong = school.run(&["allow", "bad.example", "--despite", "malware", "--reason", "a test"]);
    assert_eq!(wrong.status.code(), Some(1), "{}", text(&wrong.stdout));
}

#[test]
fn explain_of_a_search_shows_the_terms_it_would_raise() {
    let school = School::new(&Wish::default());
    let why = school.json(&["explain", "https://www.google.co.uk/search?q=how+to+bypass%20school+filter"]);
    let search = &why["search"];
    assert_eq!(
        (search["engine"].as_str(), search["words"].as_str()),
        (Some("google"), Some("how to bypass school filter")),
        "{why}"
    );
    assert_eq!(search["terms"][0]["term"], "en/bypass/bypass school filter", "{why}");
    assert_eq!((search["terms"][0]["theme"].as_str(), search["terms"][0]["offset"].as_u64()), (Some("bypass"), Some(7)), "{why}");
    let said = school.ok(&["explain", "https://www.youtube.com/results?search_query=heart+bypass"]);
    assert!(said.contains("'heart bypass' by youtube") && said.contains("none is in it"), "{said}");
    assert!(school.json(&["explain", "www.google.co.uk"])["search"].is_null());
}

#[test]
fn the_log_shows_the_newest_first_of_all_and_says_that_there_are_older_ones() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    for name in ["one.example", "two.example", "three.example"] {
        gate.dig("127.0.0.1", &[name, "A"]);
    }
    let search = |limit: &str| school.run(&["log", "search", "--limit", limit, "--purpose", "a test"]);
    let two = search("2");
    let shown = text(&two.stdout);
    assert!(!shown.contains("one.example"), "{shown}");
    assert!(shown.find("two.example").expect("the second") < shown.find("three.example").expect("the third"), "{shown}");
    assert!(text(&two.stderr).contains("only the newest 2"), "{}", text(&two.stderr));
    let all = search("3");
    assert_eq!((text(&all.stdout).lines().count(), text(&all.stderr).as_str()), (3, ""));
    let none = school.run(&["log", "search", "--host", "four.example", "--purpose", "a test"]);
    assert!(none.status.success() && text(&none.stderr).contains("nothing that is kept"), "{}", text(&none.stderr));
}

#[test]
fn a_watching_network_lets_through_and_writes_down() {
    let school = School::new(&Wish { network: "mode = \"watch\"", ..Wish::default() });
    let gate = school.start();
    assert!(gate.dig("127.0.0.1", &["www.pokerstars.com", "A"]).contains("status: NOERROR"));
    let log = school.log();
    assert_eq!(log[0]["action"], "would-block", "{log:?}");
    // Who switched it, and when, is in the week's report even if an editor did it.
    let enforced = school.config(&Wish::default());
    school.write("config/schoolgate.toml", &enforced);
    gate.signal("-HUP");
    let until = Instant::now() + Duration::from_secs(5);
    let week = || school.ok(&["report", "week", "--week", &this_week(), "--format", "json"]);
    while !week().contains("network lab, mode: enforced (was WATCHING)") {
        assert!(Instant::now() < until, "{}", week());
        std::thread::sleep(Duration::from_millis(100));
    }
    school.write("config/schoolgate.toml", &school.config(&Wish { network: "mode = \"watch\"", ..Wish::default() }));
    gate.signal("-HUP");
    std::thread::sleep(Duration::from_millis(700));
    let status = school.run(&["status"]);
    assert!(text(&status.stdout).contains("WATCHING"));
    assert_eq!(status.status.code(), Some(1), "watching needs somebody");
}

#[test]
fn a_dead_upstream_is_servfail_with_ede_22_within_four_seconds_and_recovers() {
    let upstream = UdpSocket::bind("127.0.0.1:0").expect("a port that answers nothing");
    let at = upstream.local_addr().expect("its address").to_string();
    let school = School::new(&Wish { upstreams: Some(&format!("\"{at}\"")), ..Wish::default() });
    let gate = school.start();
    let asked = Instant::now();
    let answer = gate.dig("127.0.0.1", &["nobody-lists-me.example", "A"]);
    assert!(answer.contains("SERVFAIL") && answer.contains("EDE: 22"), "{answer}");
    assert!(asked.elapsed() < Duration::from_millis(4500), "{:?}", asked.elapsed());
    // It comes back: the port now leads to the stub.
    drop(upstream);
    let relay = UdpSocket::bind(&at).expect("the port again");
    let stub = school.internet.dns;
    std::thread::spawn(move || {
        let onward = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        onward.set_read_timeout(Some(Duration::from_secs(1))).expect("a limit");
        let mut buffer = [0; 1500];
        while let Ok((len, from)) = relay.recv_from(&mut buffer) {
            let _ = onward.send_to(&buffer[..len], stub);
            if let Ok(len) = onward.recv(&mut buffer) {
                let _ = relay.send_to(&buffer[..len], from);
            }
        }
    });
    let until = Instant::now() + Duration::from_secs(20);
    while !gate.dig("127.0.0.1", &["nobody-lists-me.example", "A"]).contains("127.200.0.1") {
        assert!(Instant::now() < until, "no recovery without a restart");
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_its_key() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = taken.local_addr().expect("its address");
    let school = School::new(&Wish::default());
    let config =
        school.config(&Wish::default()).replace("[proxy]\nlisten = [\"127.0.0.1:0\"]", &format!("[proxy]\nlisten = [\"{at}\"]"));
    school.write("config/schoolgate.toml", &config);
    let output = school.run(&["run"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&at.to_string()) && said.contains("[proxy] listen"), "{said}");
}

#[test]
fn a_gate_that_is_told_to_stop_finishes_and_says_so_with_0() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    gate.dig("127.0.0.1", &["www.pokerstars.com", "A"]);
    assert_eq!(gate.stop().code(), Some(0));
    assert_eq!(school.log().len(), 1, "everything is in its week file");
}

/// Rule 4: nothing answered is lost. 2,000 queries a second, then kill -9 in the middle, three times.
#[test]
fn kill_9_under_load_loses_no_answered_query() {
    let school = School::new(&Wish::default());
    let mut answered: HashMap<String, u64> = HashMap::new();
    for round in 0..3 {
        let mut gate = school.start();
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.connect(gate.dns.iter().find(|a| a.is_ipv4()).expect("a v4 door")).expect("connected");
        socket.set_nonblocking(true).expect("not blocking");
        let begun = Instant::now();
        let (mut sent, mut killed) = (0_u32, false);
        let mut names: HashMap<u16, String> = HashMap::new();
        while begun.elapsed() < Duration::from_millis(1500) {
            let due = (begun.elapsed().as_micros() / 500) as u32; // 2,000 a second
            while sent < due && !killed {
                let id = sent as u16;
                let name = if sent % 3 == 0 { "www.pokerstars.com".to_owned() } else { format!("n{sent}.r{round}.example") };
                let mut query = vec![(id >> 8) as u8, id as u8, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
                for label in name.split('.') {
                    query.push(label.len() as u8);
                    query.extend_from_slice(label.as_bytes());
                }
                query.extend_from_slice(&[0, 0, 1, 0, 1]);
                let _ = socket.send(&query);
                names.insert(id, name);
                sent += 1;
            }
            if begun.elapsed() > Duration::from_millis(1200) && !killed {
                gate.child.kill().expect("SIGKILL");
                killed = true;
            }
            let mut answer = [0; 1500];
            while let Ok(len) = socket.recv(&mut answer) {
                assert!(len >= 12);
                let id = u16::from_be_bytes([answer[0], answer[1]]);
                *answered.entry(names.remove(&id).expect("asked once, answered once")).or_default() += 1;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        assert!(sent > 2000, "{sent}");
        drop(gate);
    }
    let total: u64 = answered.values().sum();
    assert!(total > 3000, "only {total} were answered");
    let gate = school.start();
    let mut logged: HashMap<String, u64> = HashMap::new();
    for event in school.log() {
        *logged.entry(event["host"].as_str().unwrap_or_default().to_owned()).or_default() += event["count"].as_u64().unwrap_or(0);
    }
    // What was written down and not yet answered when the process ended may be more, never less.
    let lost: Vec<_> = answered.iter().filter(|(name, count)| logged.get(*name).copied().unwrap_or(0) < **count).collect();
    assert!(lost.is_empty(), "{} of {total} answered queries are not in the log: {:?}", lost.len(), &lost[..lost.len().min(5)]);
    let extra: u64 = logged.values().sum::<u64>() - total;
    // A busy machine's client misses answers that were sent.
    assert!(extra < 600, "{extra} rows for queries nobody was answered");
    assert_eq!(school.json(&["status"])["events_dropped"], 0);
    drop(gate);
}

#[test]
fn a_table_that_is_damaged_or_of_other_categories_is_compiled_again() {
    let school = School::new(&Wish::default());
    school.ok(&["lists", "compile"]);
    let table = school.path("var/lists/table.sgt");
    let whole = std::fs::read(&table).expect("the table");
    for (what, place) in [("cut", whole.len() / 2), ("damaged in the middle", 0), ("of another program", 1)] {
        let mut bytes = whole.clone();
        match what {
            "cut" => bytes.truncate(place),
            "of another program" => bytes[..8].copy_from_slice(b"foreign!"),
            _ => bytes[whole.len() / 2] ^= 0x40,
        }
        std::fs::write(&table, bytes).expect("written");
        let gate = school.start();
        assert!(gate.dig("127.0.0.1", &["www.pokerstars.com", "A"]).contains("NXDOMAIN"), "{what}");
        drop(gate);
        assert_eq!(std::fs::read(&table).expect("the table"), whole, "{what}: the same lists give the same bytes");
    }
}

#[test]
fn log_follow_shows_what_happens_as_it_happens() {
    use std::io::{BufRead, BufReader};
    let school = School::new(&Wish::default());
    let gate = school.start();
    gate.dig("127.0.0.1", &["before.example", "A"]);
    let mut follow = std::process::Command::new(support::BINARY)
        .arg("--config")
        .arg(school.path("config/schoolgate.toml"))
        .args(["log", "follow", "--purpose", "a test"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // It follows from where the log was when it began.
    std::thread::sleep(Duration::from_secs(2));
    gate.dig("127.0.0.1", &["www.pokerstars.com", "A"]);
    let mut line = String::new();
    BufReader::new(follow.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    follow.kill().expect("stopped");
    follow.wait().expect("stopped");
    assert!(line.contains("www.pokerstars.com") && line.contains("block"), "{line}");
}

/// The ISO week it is now, by the school's time.
fn this_week() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let zone = jiff::tz::TimeZone::get("Europe/London").expect("a zone");
    schoolgate::report::IsoWeek::of(now.as_millis() as i64, &zone).to_string()
}
