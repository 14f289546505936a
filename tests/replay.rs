//! A changed policy against what happened: the journal of a week, squid's log, e2guardian's log. The real binary.

mod support;

use serde_json::{Value, json};
use std::fmt::Write;
use support::{School, Wish, project, text};

const PEOPLE: &str = "id,name,role,year,device,address\n\
    p0901,Amira Baker,pupil,9,iPad-1,127.0.9.1\n\
    p1201,Ben Carter,pupil,12,Laptop-1,127.0.12.1\n\
    p1202,Cara Davies,pupil,12,Laptop-2,127.0.12.2\n";

const GAME: &str = "store.steampowered.com";
const LESSON: &str = "aqa.org.uk";
const OPEN: &str = "nobody-lists-this.example";

fn school() -> School {
    let school = School::new(&Wish::default());
    school.import(PEOPLE);
    // Of the sixth form nothing else is changed: games.
    let profiles = std::fs::read_to_string(project().join("config/profiles.toml")).expect("what ships");
    let changed = profiles.replacen("\"ai-chat\", \"games\", \"music\"", "\"ai-chat\", \"music\"", 1);
    assert_ne!(profiles, changed);
    school.write("profiles.toml", &changed);
    school
}

fn replay(school: &School, policy: &str, more: &[&str]) -> Value {
    let path = school.path(policy);
    let fixed = ["replay", "--policy", path.to_str().expect("a path"), "--purpose", "a test"];
    let output = school.run(&[&["--json"], &fixed[..], more].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|fault| panic!("{fault}: {}", text(&output.stderr)))
}

#[test]
fn a_change_of_one_category_for_one_group_shows_exactly_that_in_a_week_of_the_journal() {
    let school = school();
    let gate = school.start();
    for (from, name, times) in [
        ("127.0.9.1", GAME, 1),
        ("127.0.9.1", OPEN, 2),
        ("127.0.12.1", GAME, 2),
        ("127.0.12.2", GAME, 1),
        ("127.0.12.2", LESSON, 1),
        ("127.0.12.2", "www.childline.org.uk", 1),
    ] {
        (0..times).for_each(|_| drop(gate.dig(from, &[name, "A"])));
    }
    let blocked = json!([{
        "was": "allow", "is": "block", "education": false, "group": "sixth-form", "because": "games", "times": 3, "people": 2,
        "hosts": [{ "host": GAME, "times": 3 }],
    }]);
    let said = replay(&school, "profiles.toml", &["--week", "this"]);
    assert_eq!((&said["rows"], &said["judged"], &said["same"]), (&blocked, &json!(7), &json!(4)), "{said:#}");
    assert_eq!(said["unjudged"], json!({ "no-host": 1 }), "{said:#}");

    // A main file in the place of the one in force: an entry that closes a lesson's host stands first.
    let entry = format!(
        "[[entry]]\nhost = \"{LESSON}\"\naction = \"block\"\nreason = \"a test\"\n\n[[entry]]\nhost = \"{OPEN}\"\naction = \
         \"block\"\nreason = \"a test\"\n"
    );
    let main = std::fs::read_to_string(school.path("config/schoolgate.toml")).expect("written");
    school.write("changed.toml", &format!("{main}\n{entry}"));
    let said = replay(&school, "changed.toml", &["--week", "this"]);
    let rows: Vec<_> = said["rows"].as_array().expect("rows").iter().map(|r| (&r["education"], &r["hosts"][0]["host"])).collect();
    assert_eq!(rows, [(&json!(true), &json!(LESSON)), (&json!(false), &json!(OPEN))], "{said:#}");
    let path = school.path("changed.toml");
    let shown = school.ok(&["replay", "--policy", path.to_str().expect("a path"), "--week", "this", "--purpose", "a test"]);
    assert!(shown.contains("EDUCATION") && !shown.contains("p12") && !shown.contains("Cara"), "{shown}");

    // Nothing is shown to who says no purpose; who does is in the report.
    let refused = school.run(&["replay", "--policy", path.to_str().expect("a path"), "--week", "this"]);
    assert!(!refused.status.success() && refused.stdout.is_empty());
    let week = school.json(&["report", "week", "--week", "this", "--format", "json"]);
    assert!(week["look_ups"].to_string().contains("replay of "), "{:#}", week["look_ups"]);
}

#[test]
fn the_logs_of_squid_and_e2guardian_are_replayed_and_what_cannot_be_judged_is_counted() {
    let school = school();
    let (mut squid, mut e2guardian) = (String::new(), String::new());
    for (at, (client, user, url)) in [
        ("127.0.12.1", "p1201", format!("http://{GAME}/app/1")),
        ("127.0.12.2", "p1202", format!("https://{GAME}/app/1")),
        ("127.0.9.1", "p0901", format!("http://{GAME}/app/1")),
        ("127.0.0.5", "-", format!("http://{OPEN}/")),
        ("127.0.0.6", "somebody.else", format!("http://{OPEN}/")),
        ("192.0.2.7", "-", format!("http://{OPEN}/")),
    ]
    .into_iter()
    .enumerate()
    {
        let code = "TCP_MISS/200 512 GET";
        writeln!(squid, "17951790{at:02}.123    145 {client} {code} {url} {user} HIER_DIRECT/192.0.2.1 text/html").expect("text");
        writeln!(e2guardian, "2026.11.20 9:05:0{at} {user} {client} {url}  GET 512 0  1 200 text/html  pupils -").expect("text");
    }
    writeln!(squid, "1795179006.1 9 127.0.12.1 TCP_TUNNEL/200 39 CONNECT {GAME}:443 p1201 HIER_DIRECT/192.0.2.1 -")
        .expect("text");
    writeln!(squid, "1795179007.1 0 127.0.12.1 NONE/400 0 GET error:invalid-request - HIER_NONE/- -").expect("text");
    writeln!(
        e2guardian,
        "not a line of any log\n\"2026.11.20 9:05:00\",\"p1201\",\"127.0.12.1\",\"http://{GAME}/\",\"\",\"GET\""
    )
    .expect("text");
    school.write("squid.log", &squid);
    school.write("e2guardian.log", &e2guardian);
    for log in ["squid.log", "e2guardian.log"] {
        let path = school.path(log);
        let said = replay(&school, "profiles.toml", &["--log", path.to_str().expect("a path")]);
        assert_eq!((&said["judged"], &said["same"]), (&json!(5), &json!(2)), "{log}: {said:#}");
        let row = &said["rows"][0];
        assert_eq!(
            (&row["group"], &row["times"], &row["people"]),
            (&json!("sixth-form"), &json!(3), &json!(2)),
            "{log}: {said:#}"
        );
        assert_eq!(said["rows"].as_array().map(Vec::len), Some(1), "{log}: {said:#}");
        let unjudged = json!({ "unknown-person": 1, "no-network": 1, "unreadable": 1 });
        assert_eq!(said["unjudged"], unjudged, "{log}: {said:#}");
        assert!(!said.to_string().contains("p1201"), "{log}: nobody is named");
    }
}
