//! The locked tier: its addresses are never stored, shown or exported, by whichever way somebody comes to one.

mod support;

use hickory_proto::op::{Message, MessageType, OpCode};
use hickory_proto::rr::rdata::{A, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use support::{School, Wish, text};

/// Made up, and on no list of the world.
const NAME: &str = "never-to-be-seen.example";
const LABEL: &str = "never-to-be-seen";
/// With letters beyond ASCII, and as the DNS has it.
const U_NAME: &str = "nie-gezeigt-ü.example";
const A_NAME: &str = "xn--nie-gezeigt--olb.example";
/// One page of a host that is open otherwise.
const PAGE_HOST: &str = "shared-by-many.example";
const PAGE: &str = "/secret-path/secret-page";

/// What may stand nowhere: labels, the name turned round as lists are sorted, its bytes turned round, the path.
fn secrets() -> Vec<String> {
    let turned: String = NAME.chars().rev().collect();
    let names = [LABEL, "nie-gezeigt", "example.never", "example\0never", turned.as_str(), "secret-path", "secret-page"];
    names.map(str::to_owned).to_vec()
}

/// Seals the lists of a school into its configuration folder, and destroys the plain one.
fn seal(school: &School, fresh_days: &str, dated: &[&str], plain: &str) -> String {
    school.write("plain.txt", plain);
    let (plain, out) = (school.path("plain.txt"), school.path("config/csam.sealed"));
    let fixed = [
        "lists",
        "seal",
        "--force",
        plain.to_str().expect("a path"),
        "--category",
        "illegal-csam",
        "--issuer",
        "A Licensed Party",
    ];
    let more = ["--fresh-days", fresh_days, "--out", out.to_str().expect("a path")];
    let said = school.ok(&[&fixed[..], &more, dated].concat());
    std::fs::remove_file(plain).expect("destroyed");
    said
}

fn plain() -> String {
    format!("# a licensed list\n{NAME}\n{U_NAME}\nhttp://{PAGE_HOST}{PAGE}\n")
}

fn configured(wish: &Wish, more: &str) -> School {
    let school = School::new(wish);
    let config = school.config(wish).replace("[lists]\n", &format!("[lists]\nlocked = [\"csam.sealed\"]\n{more}"));
    school.write("config/schoolgate.toml", &config);
    school
}

/// A school with a sealed list.
fn school(wish: &Wish) -> School {
    let school = configured(wish, "");
    let said = with_list(&school);
    assert!(said.contains("3 entries of illegal-csam") && said.contains("Destroy the plain list"), "{said}");
    assert!(secrets().iter().all(|secret| !said.contains(secret)), "{said}");
    school
}

/// The list is sealed while the configuration does not name it yet: it names what is not there.
fn with_list(school: &School) -> String {
    seal(school, "30", &[], &plain())
}

/// Every file below a folder that holds these bytes.
fn holding(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in folder.read_dir().expect("a folder").flatten().map(|e| e.path()) {
        if path.is_dir() {
            found.extend(holding(&path, bytes));
        } else if std::fs::read(&path).is_ok_and(|all| all.windows(bytes.len()).any(|w| w.eq_ignore_ascii_case(bytes))) {
            found.push(path);
        }
    }
    found
}

/// A name server by which every name is an alias of a locked one.
fn aliases() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let at = socket.local_addr().expect("its address").to_string();
    std::thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            let Ok(query) = Message::from_vec(&buffer[..len]) else { continue };
            let question = query.queries[0].clone();
            let mut answer = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
            answer.metadata.recursion_available = true;
            let target = Name::from_ascii(format!("cdn.{NAME}.")).expect("a name");
            answer.add_answer(Record::from_rdata(question.name().clone(), 300, RData::CNAME(CNAME(target.clone()))));
            if question.query_type() == RecordType::A {
                answer.add_answer(Record::from_rdata(target, 300, RData::A(A([127, 200, 0, 1].into()))));
            }
            answer.add_query(question);
            let _ = socket.send_to(&answer.to_vec().expect("an answer"), from);
        }
    });
    at
}

#[test]
fn a_sealed_file_is_not_written_over_unasked_and_its_next_steps_are_told() {
    use std::os::unix::fs::PermissionsExt;
    let school = School::new(&Wish::default());
    let said = seal(&school, "30", &[], &plain());
    let out = school.path("config/csam.sealed");
    for step in ["minisign -Sm ", "chgrp schoolgate ", "under [lists]: locked = [\"/", "schoolgate check", "shred -u "] {
        assert!(said.contains(step), "{step}: {said}");
    }
    let (made, mode) = (std::fs::read(&out).expect("a file"), out.metadata().expect("a file").permissions().mode());
    assert_eq!(mode & 0o777, 0o640);
    let (plain, out) = (school.path("plain.txt"), out.to_str().expect("a path").to_owned());
    let words = ["lists", "seal", plain.to_str().expect("a path"), "--category", "illegal-csam", "--issuer", "X"];
    let again = school.run(&[&words[..], &["--fresh-days", "3", "--out", &out]].concat());
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("--force"), "{}", text(&again.stderr));
    assert_eq!(std::fs::read(&out).expect("a file"), made);
}

#[test]
fn an_address_of_the_locked_tier_is_blocked_at_every_door_and_stands_nowhere() {
    let school = school(&Wish::default());
    school.import("id,name,role,year,device,address\np1,Pat Pupil,pupil,9,Laptop 1,127.0.0.1\n");
    let gate = school.start();
    for name in [NAME.to_owned(), format!("WWW.{NAME}"), format!("a!b.{NAME}"), A_NAME.to_owned()] {
        let said = gate.dig("127.0.0.1", &[&name, "A"]);
        assert!(said.contains("NXDOMAIN") && !said.contains("Illegal"), "{name}: {said}");
    }
    let page = gate.url(&format!("www.{PAGE_HOST}"), &format!("{PAGE}?from=there"));
    for way in [&["-i"][..], &["-i", "-p"], &["-i", "-H", "Accept: text/html", "-H", "Sec-Fetch-Mode: navigate"]] {
        let said = gate.curl("127.0.0.1", &[way, &[&gate.url(NAME, PAGE)]].concat());
        assert!(said.contains("403"), "{said}");
    }
    assert!(gate.curl("127.0.0.1", &["-i", &page]).contains("403"));
    // Eight that were blocked, each with its tier, its person and its number, and no address.
    let events = school.log();
    assert_eq!(events.len(), 8);
    for event in &events {
        let told = |key: &str| event[key].as_str();
        assert_eq!((told("step"), told("action"), told("category")), (Some("locked"), Some("block"), Some("illegal-csam")));
        let entry = told("entry").and_then(|e| e.strip_prefix("locked/")).and_then(|n| n.parse::<u32>().ok());
        assert!(matches!(entry, Some(1..=3)), "{event}");
        assert!(told("when").is_some() && told("person").is_some(), "{event}");
        for key in ["host", "path", "port", "method", "query_type", "list", "rule"] {
            assert!(event[key].is_null(), "{key}: {event}");
        }
        assert_eq!(event["bytes"], serde_json::json!({ "up": 0, "down": 0 }), "a length says which name it may be");
    }
    // A page is not its host: that is open, and its other pages.
    assert!(gate.dig("127.0.0.1", &[PAGE_HOST, "A"]).contains("NOERROR"));
    assert!(gate.curl("127.0.0.1", &["-i", &gate.url(PAGE_HOST, "/else")]).contains("200 OK"));

    let follow = school.ok(&["log", "search", "--purpose", "a test"]);
    assert!(follow.contains("locked/"), "{follow}");
    let metrics = support::talk(gate.web[0], b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(metrics.contains("schoolgate_"), "{metrics}");
    for said in [
        follow,
        metrics,
        school.ok(&["log", "export", "--format", "jsonl", "--purpose", "a test", "--action", "block"]),
        school.ok(&["log", "export", "--format", "csv", "--purpose", "a test", "--action", "block"]),
        school.ok(&["log", "export", "--format", "squid", "--purpose", "a test", "--action", "block"]),
        school.ok(&["report", "week", "--week", &this_week(&events)]),
        school.ok(&["lists", "status"]),
        school.ok(&["check"]),
        text(&school.run(&["status"]).stdout),
        school.ok(&["--json", "lists", "search", "example"]),
        school.service_log(),
    ] {
        for secret in secrets() {
            assert!(!said.contains(&secret), "{secret}: {said}");
        }
    }
    let searched = school.ok(&["lists", "search", &format!("www.{NAME}")]);
    assert!(!searched.contains("illegal-csam") && !searched.contains("sealed"), "{searched}");
    let explained = school.json(&["explain", &format!("www.{NAME}")]);
    assert_eq!((explained["step"].as_str(), explained["found"].as_array().map(Vec::len)), (Some("locked"), Some(0)));
    assert!(explained["entry"].is_null());
    let explained = school.json(&["explain", &format!("http://{PAGE_HOST}{PAGE}")]);
    assert_eq!(explained["step"].as_str(), Some("locked"));
    drop(gate);
    for secret in secrets() {
        assert_eq!(holding(&school.path("var"), secret.as_bytes()), [] as [PathBuf; 0], "{secret}");
        assert_eq!(holding(&school.path("config"), secret.as_bytes()), [] as [PathBuf; 0], "{secret}");
    }
}

/// Whoever may write entries could find out one by one what is sealed, if those were refused.
#[test]
fn an_entry_a_pass_and_an_import_for_a_sealed_name_are_taken_like_any_other_and_open_nothing() {
    let school = school(&Wish::default());
    school.import("id,name,role,year,device,address\np1,Pat Pupil,pupil,9,Laptop 1,127.0.0.1\n");
    let gate = school.start();
    let other = "shown-like-any-other.example";
    let commands = |name: &str| {
        school.write("own.csv", &format!("address,action,reason\nwww.{name},allow,a test\n"));
        let csv = school.path("own.csv");
        let csv = csv.to_str().expect("a path");
        let commands: [&[&str]; 3] = [
            &["allow", name, "--reason", "a test"],
            &["lists", "import", "--own", csv],
            &["pass", "open", "--host", name, "--group", "pupils", "--minutes", "30", "--reason", "a test"],
        ];
        let said = commands.map(|command| {
            let output = school.run(command);
            (output.status.code(), (text(&output.stdout) + &text(&output.stderr)).replace(name, "NAME"))
        });
        said.map(|(code, said)| (code, said.chars().filter(|c| !c.is_ascii_digit()).collect::<String>()))
    };
    let (sealed, plain) = (commands(NAME), commands(other));
    assert_eq!(sealed, plain);
    assert!(sealed.iter().all(|(code, _)| *code == Some(0)), "{sealed:?}");
    for name in [NAME.to_owned(), format!("www.{NAME}")] {
        assert!(gate.dig("127.0.0.1", &[&name, "A"]).contains("NXDOMAIN"), "{name}");
    }
    assert!(gate.dig("127.0.0.1", &[other, "A"]).contains("NOERROR"));
}

#[test]
fn a_name_that_leads_to_a_locked_one_is_blocked_and_neither_is_written_down() {
    let at = format!("\"{}\"", aliases());
    let school = school(&Wish { upstreams: Some(&at), ..Wish::default() });
    let gate = school.start();
    let said = gate.dig("127.0.0.1", &["harmless.test", "A"]);
    assert!(said.contains("NXDOMAIN") && !said.contains(LABEL), "{said}");
    let said = gate.curl("127.0.0.1", &["-i", &gate.url("harmless.test", "/")]);
    assert!(said.contains("403") && !said.contains(LABEL), "{said}");
    let events = school.log();
    assert_eq!(events.len(), 2);
    for event in &events {
        assert_eq!((event["step"].as_str(), event["host"].as_str()), (Some("locked"), None), "{event}");
        assert!(event["entry"].as_str().is_some_and(|e| e.starts_with("locked/")), "{event}");
    }
    drop(gate);
    assert_eq!(holding(&school.path("var"), LABEL.as_bytes()), [] as [PathBuf; 0]);
}

#[test]
fn what_is_said_of_the_locked_tier_is_true() {
    let school = school(&Wish::default());
    let gate = school.start();
    let said_by = |school: &School| school.json(&["status"])["locked_tier"].as_str().unwrap_or_default().to_owned();
    let said = said_by(&school);
    assert!(said.starts_with("present (illegal-csam: 3 entries, A Licensed Party, 20"), "{said}");
    assert!(said.ends_with("); NOT PRESENT: illegal-terrorism"), "{said}");
    assert!(school.ok(&["lists", "status"]).contains(&format!("locked tier: {said}")));
    let report = school.ok(&["report", "week"]);
    assert!(!report.contains("lists are NOT PRESENT"), "{report}");

    // One of long ago still blocks, and is called what it is.
    seal(&school, "7", &["--dated", "2026-01-05"], &plain());
    // But not in the place of a newer one: an old edition put back would take names out of the tier.
    let refused = school.run(&["lists", "compile"]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("is older than the one in force"), "{refused:?}");
    assert!(said_by(&school).starts_with("present"));
    std::fs::remove_dir_all(school.path("var/lists/locked")).expect("the kept copy is gone");
    school.ok(&["lists", "compile"]);
    let said = said_by(&school);
    assert!(said.starts_with("stale (illegal-csam: 3 entries, A Licensed Party, 2026-01-05, fresh for 7 days)"), "{said}");
    let status = school.run(&["status"]);
    assert!(text(&status.stdout).contains("is stale: ask its issuer") && status.status.code() == Some(1));
    assert!(school.ok(&["report", "week"]).contains("stale: older than"));
    assert!(gate.dig("127.0.0.1", &[NAME, "A"]).contains("NXDOMAIN"));

    let without = School::new(&Wish::default());
    assert!(without.ok(&["lists", "status"]).contains("locked tier: NOT PRESENT"));
    let report = text(&without.run(&["report", "week"]).stdout);
    assert!(report.contains("The lists are NOT PRESENT"), "{report}");
}

#[test]
fn a_damaged_list_refuses_a_change_and_never_opens_what_it_closed() {
    let school = school(&Wish::default());
    let sealed = school.path("config/csam.sealed");
    let good = std::fs::read(&sealed).expect("a sealed list");
    let gate = school.start();
    let blocks = |gate: &support::Gate| gate.dig("127.0.0.1", &[NAME, "A"]).contains("NXDOMAIN");
    assert!(blocks(&gate));
    let kept: Vec<_> = school.path("var/lists/locked").read_dir().expect("copies").flatten().collect();
    assert_eq!((kept.len(), kept[0].metadata().expect("a file").permissions().mode() & 0o777), (1, 0o600));

    let mut bad = good.clone();
    bad[100] ^= 1;
    std::fs::write(&sealed, &bad).expect("written");
    let refused = school.run(&["lists", "compile"]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("it is damaged"), "{}", text(&refused.stderr));
    assert!(blocks(&gate), "what was in force stays in force");
    assert!(gate.stop().success());

    // At a start nobody may be there: the copy is in force, and status says what is wrong.
    for (name, content) in [("damaged", Some(bad)), ("cut", Some(good[..good.len() / 2].to_vec())), ("gone", None)] {
        match content {
            Some(content) => std::fs::write(&sealed, content).expect("written"),
            None => std::fs::remove_file(&sealed).expect("removed"),
        }
        let gate = school.start();
        assert!(blocks(&gate), "{name}");
        let status = text(&school.run(&["status"]).stdout);
        assert!(
            status.contains("present (illegal-csam: 3 entries") && status.contains("the last good one is"),
            "{name}: {status}"
        );
        assert!(gate.stop().success());
    }
    // Nor does taking the line away turn it off.
    school.write("config/schoolgate.toml", &school.config(&Wish::default()));
    let gate = school.start();
    assert!(blocks(&gate), "no longer named");
}

#[test]
fn check_says_where_and_why_a_sealed_list_is_refused() {
    let school = school(&Wish::default());
    school.ok(&["check"]);
    let config = school.path("config/schoolgate.toml");
    let refused = |says: &str| {
        let output = school.run(&["check"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(says), "{says} is not in: {said}");
        said
    };
    let written = std::fs::read_to_string(&config).expect("the configuration");
    let line = written.lines().position(|l| l.starts_with("locked = ")).expect("the line") + 1;
    let place = format!("{}:{line}:11: ", config.display());
    let good = std::fs::read(school.path("config/csam.sealed")).expect("a sealed list");
    for (content, why) in [
        (plain().into_bytes(), "it is not a sealed list"),
        (good[..good.len() - 1].to_vec(), "it is cut short"),
        ([&good[..8], &[9, 0, 0, 0], &good[12..]].concat(), "of format 9, and this version reads format 1"),
    ] {
        std::fs::write(school.path("config/csam.sealed"), content).expect("written");
        let said = refused(why);
        assert!(said.contains(&place), "{place} is not in: {said}");
        assert!(!said.contains(LABEL), "{said}");
    }
    std::fs::write(school.path("config/csam.sealed"), &good).expect("written");
    // A signature that is asked for, and is not there; a key that is none.
    let signed = |key: &str| written.replace("[lists]\n", &format!("[lists]\nlocked_key = \"{key}\"\n"));
    school.write("config/schoolgate.toml", &signed("RWRzY2hvb2xndA8VNimFwIRBu8XQ59ri7D7NSoIkDtVkcOstCvKbYKcb"));
    refused("it is not signed, and `locked_key` asks for a signature");
    school.write("config/schoolgate.toml", &signed("RWnonsense"));
    refused("does not check a signature");
    // A plain list is refused wherever it stands.
    school.write(
        "config/schoolgate.toml",
        &format!("{written}\n[[list]]\nname = \"x\"\ncategory = \"illegal-csam\"\nfile = \"x.txt\"\n"),
    );
    refused("the locked tier takes sealed lists only");
    let lists = school.path("lists");
    std::fs::create_dir_all(&lists).expect("a folder");
    for file in support::project().join("blocklists").read_dir().expect("the lists that ship").flatten() {
        if file.path().is_file() {
            std::fs::copy(file.path(), lists.join(file.file_name())).expect("copied");
        }
    }
    school.write("lists/illegal-csam.txt", &plain());
    let shipped = support::project().join("blocklists").display().to_string();
    school.write("config/schoolgate.toml", &written.replace(&shipped, &lists.display().to_string()));
    refused("schoolgate lists seal FILE --category illegal-csam");
    // Nor is it read all the same.
    school.ok(&["lists", "status"]);
    assert_eq!(holding(&school.path("var"), LABEL.as_bytes()), [] as [PathBuf; 0]);
}

#[test]
fn what_cannot_be_sealed_is_told_by_its_line_alone() {
    let school = School::new(&Wish::default());
    school.write("plain.txt", &format!("{NAME}\nco.uk\nnever to be seen\n"));
    let (plain, out) = (school.path("plain.txt").display().to_string(), school.path("x.sealed").display().to_string());
    let seal = |category: &str| {
        let rest = ["--issuer", "A", "--fresh-days", "7", "--out", &out];
        school.run(&[&["lists", "seal", &plain, "--category", category][..], &rest].concat())
    };
    let refused = seal("illegal-csam");
    let said = text(&refused.stderr);
    assert!(said.contains("line 2: a public suffix") && said.contains("line 3: neither a host nor a URL"), "{said}");
    assert!(!said.contains("seen") && !school.path("x.sealed").exists(), "{said}");
    assert_eq!(seal("gambling").status.code(), Some(2));
}

fn this_week(events: &[serde_json::Value]) -> String {
    let when: jiff::Timestamp = events[0]["when"].as_str().expect("a time").parse().expect("a time");
    let date = when.to_zoned(jiff::tz::TimeZone::get("Europe/London").expect("a zone")).date().iso_week_date();
    format!("{}-W{:02}", date.year(), date.week())
}
