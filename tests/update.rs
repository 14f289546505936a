//! The public lists are fetched, kept as they came, and in force without a restart.

#[path = "../src/net/fetch/stub.rs"]
#[allow(dead_code, reason = "the tests beside it use the rest")]
mod stub;
mod support;

use serde_json::Value;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use stub::{Authority, Origin, Reply, Signer, ok, status};
use support::{School, Wish, text};

/// Where the stub internet's DNS leads every name.
const ORIGIN: IpAddr = IpAddr::V4(schoolgate::demo::internet::ORIGIN);

type Answer = Box<dyn Fn(&str) -> Reply + Send>;

/// A keeper of lists whose answer a test changes as it goes.
struct Keeper {
    authority: Authority,
    origin: Origin,
    says: Arc<Mutex<Answer>>,
}

impl Keeper {
    fn new() -> Self {
        let first: Answer = Box::new(|_| status("404 Not Found", ""));
        let says = Arc::new(Mutex::new(first));
        let authority = Authority::new();
        let now = says.clone();
        let answer = move |head: &str| now.lock().expect("not poisoned")(head);
        let origin = Origin::start(Some((&authority, &["lists.example", "mirror.example"])), ORIGIN, answer);
        Self { authority, origin, says }
    }

    fn says(&self, answer: impl Fn(&str) -> Reply + Send + 'static) {
        *self.says.lock().expect("not poisoned") = Box::new(answer);
    }

    fn url(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.origin.address.port())
    }

    /// A school that fetches one list, `county/games`, from here; `list` are more keys of it, `lists` of `[lists]`.
    fn school(&self, list: &str, lists: &str) -> School {
        let school = School::new(&Wish::default());
        let bootstrap = format!("fetch = []\ntrust = \"ca.pem\"\nbootstrap = [\"{}\"]\n{lists}\n", school.internet.dns);
        let url = self.url("lists.example", "/games.txt");
        let more = format!("[[list]]\nname = \"county/games\"\ncategory = \"games\"\nurl = \"{url}\"\n{list}\n");
        let wish = Wish { lists: &bootstrap, more: &more, ..Wish::default() };
        school.write("config/schoolgate.toml", &school.config(&wish));
        school.write("config/ca.pem", &self.authority.pem);
        school
    }
}

/// Says version 1 of the list, and 304 to whoever has it.
fn version(body: &'static str, etag: &'static str) -> impl Fn(&str) -> Reply + Send + 'static {
    move |head| match head.contains(&format!("if-none-match: \"{etag}\"")) {
        true => status("304 Not Modified", ""),
        false => ok(body, &format!("ETag: \"{etag}\"\r\n")),
    }
}

const GAMES: &str = "# Title: games\n# Version: 2026.1\nplay-this.example\nplay-that.example\n";

fn action(school: &School, host: &str) -> String {
    school.json(&["explain", host, "--group", "pupils"])["action"].as_str().unwrap_or_default().to_owned()
}

/// `lists update`: its exit code, and what it said of the first list.
fn update(school: &School, more: &[&str]) -> (Option<i32>, Value) {
    let output = school.run(&[&["--json", "lists", "update"], more].concat());
    let said = || text(&output.stdout) + &text(&output.stderr);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|fault| panic!("{fault}: {}", said()));
    (output.status.code(), json)
}

#[test]
fn a_fetched_list_is_in_force_without_a_restart_and_an_unchanged_one_changes_nothing() {
    let keeper = Keeper::new();
    keeper.says(version(GAMES, "v1"));
    let school = keeper.school("", "");
    let gate = school.start();
    assert!(gate.dig("127.0.0.1", &["play-this.example"]).contains("NOERROR"), "not on any list yet");
    let (code, said) = update(&school, &[]);
    assert_eq!(
        (code, &said["lists"][0]["result"], &said["in_force"]),
        (Some(0), &"new".into(), &"in force now".into()),
        "{said}"
    );
    assert_eq!(said["lists"][0]["version"], "2026.1");
    let dug = gate.dig("127.0.0.1", &["play-this.example"]);
    assert!(dug.contains("NXDOMAIN") && dug.contains("(Games)"), "{dug}");
    assert_eq!(action(&school, "www.play-that.example"), "block");

    let table = school.path("var/lists/table.sgt");
    let made = || std::fs::metadata(&table).and_then(|m| m.modified()).expect("a table");
    let (first, policy) = (made(), school.json(&["status"])["policy_version"].clone());
    let (code, said) = update(&school, &[]);
    assert_eq!((code, &said["lists"][0]["result"]), (Some(0), &"same".into()), "{said}");
    assert!(keeper.origin.asked().last().is_some_and(|head| head.contains("if-none-match")));
    assert_eq!((made(), school.json(&["status"])["policy_version"].clone()), (first, policy), "nothing was made again");

    // Without a word of versions, the same bytes are the same list.
    keeper.says(|_| ok(GAMES, ""));
    assert_eq!(update(&school, &[]).1["lists"][0]["result"], "same");
    assert_eq!(made(), first);

    // A keeper that says for ever that nothing is new does not keep a list young.
    let meta = school.path("var/lists/fetched/county-games/meta.json");
    let mut noted: Value = serde_json::from_slice(&std::fs::read(&meta).expect("it is noted")).expect("JSON");
    noted["fetched_ms"] = (noted["fetched_ms"].as_i64().expect("a time") - 40 * 86_400_000).into();
    std::fs::write(&meta, noted.to_string()).expect("it can be written");
    assert_eq!(update(&school, &[]).1["lists"][0]["result"], "same");
    let status = school.run(&["--json", "lists", "status"]);
    let status: Value = serde_json::from_slice(&status.stdout).expect("JSON");
    let list = status["lists"].as_array().and_then(|lists| lists.iter().find(|l| l["name"] == "county/games")).expect("the list");
    let seconds = |what: &str| list[what].as_u64().unwrap_or_default();
    assert!(seconds("age_s") < 3600 && seconds("changed_s") >= 40 * 86_400, "{list}");
}

#[test]
fn what_is_no_list_is_refused_with_the_reason_and_what_was_there_stays() {
    let keeper = Keeper::new();
    let school = keeper.school("max_mb = 1", "");
    let list = school.path("var/lists/fetched/county-games/list");
    keeper.says(|_| status("404 Not Found", ""));
    let output = school.run(&["lists", "update"]);
    let said = text(&output.stdout);
    assert!(output.status.code() == Some(1) && said.contains("status 404; there is none"), "{said}");
    keeper.says(version(GAMES, "v1"));
    assert_eq!(update(&school, &[]).0, Some(0));
    type Case = (Answer, &'static str);
    let cases: Vec<Case> = vec![
        (Box::new(|_| ok("", "")), "it is empty"),
        (Box::new(|_| ok("\n  <!DOCTYPE html><title>Sign in</title>", "")), "a page, not a list"),
        (Box::new(|_| ok(vec![b'a'; (1 << 20) + 1], "")), "larger than 1 MB"),
        (Box::new(|_| Reply::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nonly.example\n".to_vec())), "broke off"),
        (Box::new(|_| status("302 Found", "Location: http://lists.example/games.txt\r\n")), "redirected to plain HTTP"),
    ];
    for (answer, why) in cases {
        keeper.says(answer);
        let output = school.run(&["lists", "update"]);
        let said = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(1), "{why}: {said}");
        assert!(said.contains(why) && said.contains("kept from 2"), "{why}: {said}");
        assert_eq!(std::fs::read_to_string(&list).expect("it stays"), GAMES, "{why}");
        assert_eq!(
            std::fs::read_dir(list.parent().expect("a folder")).expect("a folder").count(),
            3,
            "{why}: list, meta and why"
        );
    }
    assert_eq!(action(&school, "play-this.example"), "block");

    // It needs somebody until it is fetched again.
    let _gate = school.start();
    let needs = || school.json(&["status"])["needs_you"].to_string();
    let said = needs();
    for part in ["list county/games could not be fetched on 20", "redirected to plain HTTP", "is still used"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    keeper.says(version(GAMES, "v1"));
    assert_eq!(update(&school, &["--dry-run"]).0, Some(0));
    assert!(needs().contains("could not be fetched"), "a dry run changes nothing");
    assert_eq!(update(&school, &[]).0, Some(0));
    assert!(!needs().contains("could not be fetched"), "{}", needs());
}

#[test]
fn a_signed_list_is_taken_with_its_signature_only() {
    let (keeper, signer) = (Keeper::new(), Signer::new());
    let school = keeper.school(&format!("minisign = {:?}", signer.key), "");
    let signature = signer.sign(GAMES.as_bytes());
    let good = signature.clone();
    keeper.says(move |head| if head.contains(".minisig") { ok(&good, "") } else { ok(GAMES, "") });
    assert_eq!(update(&school, &[]).0, Some(0));
    for (body, signature) in [(GAMES.replace("this", "those"), Some(signature.clone())), (GAMES.replace("that", "those"), None)] {
        keeper.says(move |head| match (&signature, head.contains(".minisig")) {
            (Some(signature), true) => ok(signature, ""),
            (None, true) => status("404 Not Found", ""),
            (_, false) => ok(&body, ""),
        });
        let (code, said) = update(&school, &[]);
        let why = said["lists"][0]["why"].as_str().unwrap_or_default().to_owned();
        assert!(code == Some(1) && why.contains("signature"), "{said}");
    }
    assert_eq!(std::fs::read_to_string(school.path("var/lists/fetched/county-games/list")).expect("it stays"), GAMES);
}

#[test]
fn a_mirror_is_taken_when_the_first_fails_and_every_host_is_printed() {
    let keeper = Keeper::new();
    keeper.says(|head| if head.contains("/games.txt") { status("404 Not Found", "") } else { ok(GAMES, "") });
    let mirror = keeper.url("mirror.example", "/copy.txt");
    let school = keeper.school(&format!("mirrors = [{mirror:?}]"), "");
    let (code, said) = update(&school, &[]);
    assert_eq!((code, &said["lists"][0]["from"]), (Some(0), &mirror.as_str().into()), "{said}");
    let port = keeper.origin.address.port();
    let hosts = [format!("lists.example:{port}"), format!("mirror.example:{port}")];
    assert_eq!(school.ok(&["lists", "update", "--hosts"]).lines().collect::<Vec<_>>(), hosts);
    assert_eq!(school.json(&["lists", "update", "--hosts"]), serde_json::json!(hosts));
    let asked = keeper.origin.asked().len();
    let said = school.ok(&["lists", "update", "county/games"]);
    assert!(said.contains(&hosts.join(", ")) && said.contains("same"), "{said}");
    assert_eq!(keeper.origin.asked().len(), asked + 2);
    let output = school.run(&["lists", "update", "county/gmaes"]);
    assert!(text(&output.stderr).contains("did you mean 'county/games'?"), "{}", text(&output.stderr));
}

#[test]
fn a_box_without_the_internet_takes_its_lists_from_a_folder() {
    let keeper = Keeper::new();
    let other = "[[list]]\nname = \"county/chat\"\ncategory = \"chat\"\nurl = \"https://lists.example/chat.txt\"\n";
    let school = keeper.school(other, "offline = \"lists\"");
    school.write("config/lists/county-games", GAMES);
    let (code, said) = update(&school, &[]);
    assert_eq!((code, &said["lists"][0]["result"], &said["lists"][1]["result"]), (Some(1), &"new".into(), &"failed".into()));
    let why = said["lists"][1]["why"].as_str().unwrap_or_default();
    assert!(why.contains("lists/county-chat or ") && why.ends_with("lists/chat.txt"), "{why}");
    school.write("config/lists/chat.txt", "talk.example\n");
    let (code, said) = update(&school, &[]);
    assert_eq!((code, &said["lists"][0]["result"], &said["lists"][1]["result"]), (Some(0), &"same".into(), &"new".into()));
    assert_eq!((action(&school, "play-this.example"), action(&school, "talk.example")), ("block".into(), "block".into()));
    assert!(keeper.origin.asked().is_empty(), "the network was asked");
}

#[test]
fn a_folder_for_lists_that_is_not_there_is_a_fault_with_its_place() {
    let keeper = Keeper::new();
    let school = keeper.school("", "offline = \"nowhere\"");
    for command in [&["check"][..], &["lists", "update"]] {
        let output = school.run(command);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
        assert!(
            said.contains("schoolgate.toml:") && said.contains("config/nowhere is not there: make it"),
            "{command:?}: {said}"
        );
    }
}

#[test]
fn a_dry_run_keeps_nothing_and_two_updates_never_run_at_once() {
    let keeper = Keeper::new();
    keeper.says(version(GAMES, "v1"));
    let school = keeper.school("", "");
    let (code, said) = update(&school, &["--dry-run"]);
    assert_eq!((code, &said["lists"][0]["result"]), (Some(0), &"new".into()), "{said}");
    assert_eq!(
        (&said["lists"][0]["looked"]["entries"], &said["lists"][0]["looked"]["refused"]),
        (&2.into(), &0.into()),
        "{said}"
    );
    let output = school.run(&["lists", "update", "--dry-run"]);
    assert!(text(&output.stderr).contains("1 of 1: county/games fetched: 2 entries"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("new: 2 entries"), "{}", text(&output.stdout));
    // What would not be used is told before anything is kept.
    keeper.says(|_| ok("this is no list of names\nbut a letter to the school\nabout lists\n", ""));
    let (code, said) = update(&school, &["--dry-run"]);
    assert_eq!((code, &said["lists"][0]["result"]), (Some(1), &"refused".into()), "{said}");
    keeper.says(version(GAMES, "v1"));
    assert!(!school.path("var/lists/fetched/county-games/list").exists());
    assert_eq!(action(&school, "play-this.example"), "allow");
    let file = std::fs::File::create(school.path("var/lists/update.lock")).expect("a file");
    let held = nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusive).map_err(|(_, e)| e).expect("held");
    let output = school.run(&["lists", "update"]);
    assert!(
        output.status.code() == Some(1) && text(&output.stderr).contains("another update is running"),
        "{}",
        text(&output.stderr)
    );
    drop(held);
    assert_eq!(update(&school, &[]).0, Some(0));
}

#[test]
fn a_gate_that_starts_without_its_lists_fetches_them_by_itself() {
    use schoolgate::gate::Clock;
    use schoolgate::ops::update::schedule::Timing;
    let keeper = Keeper::new();
    keeper.says(version(GAMES, "v1"));
    let school = keeper.school("", "update = \"03:30\"");
    let path = school.path("config/schoolgate.toml");
    let config = schoolgate::reload::read_config(Some(&path)).expect("no fault");
    let timing = Timing { first: Duration::ZERO, tick: Duration::from_millis(20), ..Timing::default() };
    let app = schoolgate::app::build(config, Some(path), Clock::System).expect("it starts").with_timing(timing);
    let running = app.start().expect("it answers");
    let until = Instant::now() + Duration::from_secs(60);
    let in_force = || running.gate.snapshot().table.lists().iter().any(|list| list.name == "county/games" && list.entries == 2);
    while !in_force() {
        assert!(Instant::now() < until, "the list is not in force: {:?}", keeper.origin.asked());
        std::thread::sleep(Duration::from_millis(50));
    }
    running.stop();
    assert_eq!(keeper.origin.asked().len(), 1);
}
