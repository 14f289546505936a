//! The page on which staff open something for a lesson: from signing in to closing it again, by `curl` over TLS.

#[path = "portal/browser.rs"]
mod browser;
mod support;

use browser::{Browser, school, status, token};
use support::{Gate, School, Wish, command, text};

const PEOPLE: &str = "id,name,role,year,form,device,address\n\
                      p1,Ada Lovelace,pupil,7,7B,,\n\
                      p2,Bob Best,pupil,8,8C,,\n\
                      p3,Bob Best,pupil,7,7B,,\n\
                      s1,Mr Babbage,staff,,,LT-1,127.0.9.1\n\
                      s2,Mrs Somerville,staff,,,,\n";

const HOST: &str = "quiz.example";

fn staffed() -> School {
    let school = school(&Wish { network: "portal = [\"password\"]", ..Wish::default() });
    school.import(PEOPLE);
    school
}

/// New passwords of these people, in this order.
fn passwords(school: &School, people: &[&str]) -> Vec<String> {
    people.iter().map(|id| browser::passwords(school, &[id]).remove(0)).collect()
}

/// The page in the browser.
fn page(browser: &Browser) -> String {
    browser.curl("/staffroom", &[])
}

fn send(browser: &Browser, origin: &str, fields: &[(&str, &str)]) -> String {
    browser.post("/staffroom", origin, fields)
}

/// Opens something by the form on the page.
fn open(browser: &Browser, what: &str, class: &str, pupils: &str, minutes: &str) -> String {
    let token = token(&page(browser));
    let fields = [
        ("do", "open"),
        ("token", &token),
        ("what", what),
        ("class", class),
        ("pupils", pupils),
        ("minutes", minutes),
        ("reason", "rivers"),
    ];
    send(browser, &browser.at, &fields)
}

fn revoke(browser: &Browser, id: &str) -> String {
    let token = token(&page(browser));
    send(browser, &browser.at, &[("do", "revoke"), ("token", &token), ("id", id)])
}

/// Whether a device gets a name, and the page behind it.
fn is_open(gate: &Gate, from: &str, host: &str) -> bool {
    let by_dns = gate.dig(from, &[host, "A"]).contains("NOERROR");
    let by_proxy = gate.curl(from, &[&gate.url(host, "/")]).starts_with("HTTP/1.1 200");
    assert_eq!(by_dns, by_proxy, "{host} from {from}: both doors say the same");
    by_dns
}

#[test]
fn staff_open_a_host_for_a_form_see_it_and_close_it() {
    let school = staffed();
    let password = passwords(&school, &["s2", "p1", "p2", "p3", "s1"]);
    let gate = school.start();
    school.ok(&["block", HOST, "--reason", "a game"]);
    let (ada, bob) = (Browser::new(&gate, "127.0.9.2", "ada"), Browser::new(&gate, "127.0.9.3", "bob"));
    ada.sign_in("p1", &password[1]);
    bob.sign_in("p2", &password[2]);
    assert!(!is_open(&gate, ada.from, HOST));

    // Who is not signed in is led to where one does, and back.
    let teacher = Browser::new(&gate, "127.0.9.4", "teacher");
    let led = page(&teacher);
    assert!(status(&led) == "303" && led.contains("location: /sign-in?to=staffroom"), "{led}");
    let asked = teacher.curl("/sign-in?to=staffroom", &[]);
    assert!(asked.contains("name=\"to\" value=\"staffroom\""), "{asked}");
    let fields = [
        ("do", "sign-in"),
        ("token", &token(&asked)),
        ("name", "s2"),
        ("password", &password[0]),
        ("notice", "1"),
        ("to", "staffroom"),
    ];
    let back = teacher.send(&teacher.at, &fields);
    assert!(status(&back) == "303" && back.contains("location: /staffroom\r\n"), "{back}");
    assert!(teacher.page().contains("href=\"/staffroom\"") && !ada.page().contains("/staffroom"));
    let empty = page(&teacher);
    for words in ["Open something for a lesson", "value=\"form:7B\"", "value=\"group:pupils\"", "value=\"50\""] {
        assert!(status(&empty) == "200" && empty.contains(words), "{words}: {empty}");
    }
    assert!(!empty.contains("group:staff") && !empty.contains("Ada") && !empty.contains("<script"), "{empty}");
    let welsh = teacher.curl("/staffroom", &["-H", "Accept-Language: cy"]);
    assert!(welsh.contains("Ystafell staff") && welsh.contains("Agor rhywbeth ar gyfer gwers"), "{welsh}");

    let done = open(&teacher, HOST, "form:7B", "", "30");
    assert!(status(&done) == "303" && done.contains("location: /staffroom\r\n"), "{done}");
    assert!(is_open(&gate, ada.from, HOST) && !is_open(&gate, bob.from, HOST), "for 7B and nobody else");
    let shown = page(&teacher);
    for words in ["Open for your classes", "<h3>quiz.example</h3>", "7B, until ", "rivers", "Close it now"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let list = school.json(&["pass", "list"]);
    assert_eq!((list[0]["by"].as_str(), list[0]["reason"].as_str()), (Some("s2 (staffroom)"), Some("rivers")), "{list}");
    assert_eq!(list[0]["for"]["people"], serde_json::json!(["p1", "p3"]), "{list}");
    let log = school.log();
    let line = log.iter().rev().find(|e| e["host"] == HOST && e["person"] == "p1").expect("the event");
    assert_eq!((line["pass"].as_u64(), line["step"].as_str()), (list[0]["id"].as_u64(), Some("pass")), "{line}");
    let about = school.json(&["people", "export", "s2", "--purpose", "a test"]);
    assert!(about["passes"].to_string().contains("themselves"), "{}", about["passes"]);

    // Others of the staff have their own page, and close nothing of hers.
    let id = list[0]["id"].to_string();
    let other = Browser::new(&gate, "127.0.9.5", "other");
    other.sign_in("s1", &password[4]);
    assert!(!page(&other).contains(HOST));
    let gone = revoke(&other, &id);
    assert!(status(&gone) == "422" && gone.contains("It is closed already") && is_open(&gate, ada.from, HOST), "{gone}");
    assert_eq!(status(&revoke(&teacher, &id)), "303");
    assert!(!is_open(&gate, ada.from, HOST) && !page(&teacher).contains(HOST));
    assert_eq!(status(&revoke(&teacher, &id)), "422", "once");

    // For pupils by name, or by number where two have the name.
    let two = open(&teacher, HOST, "", "bob best\r\n", "30");
    assert!(status(&two) == "422" && two.contains("More than one pupil is called that") && two.contains("bob best"), "{two}");
    assert_eq!(status(&open(&teacher, HOST, "", " P2 \r\nada  lovelace\r\n", "30")), "303");
    assert!(is_open(&gate, ada.from, HOST) && is_open(&gate, bob.from, HOST) && page(&teacher).contains("2 pupils, until "));

    // Who loses their access while signed in opens nothing more.
    school.ok(&["people", "withdraw", "s2", "--reason", "as the head said"]);
    let withdrawn = page(&teacher);
    assert!(status(&withdrawn) == "403" && withdrawn.contains("Your access is switched off"), "{withdrawn}");
}

#[test]
fn it_opens_as_far_as_a_teacher_may_and_says_in_words_what_is_wrong() {
    let school = staffed();
    let me = command("id", &["-un"]);
    let config = std::fs::read_to_string(school.path("config/schoolgate.toml")).expect("the configuration");
    // Their id being a leader's is not their being one.
    let leads = format!("[school]\nleads = [\"{}\", \"s2\"]\n", me.trim());
    school.write("config/schoolgate.toml", &config.replacen("[school]\n", &leads, 1));
    let password = passwords(&school, &["s2", "p1"]);
    let gate = school.start();
    let (teacher, ada) = (Browser::new(&gate, "127.0.9.4", "teacher"), Browser::new(&gate, "127.0.9.2", "ada"));
    teacher.sign_in("s2", &password[0]);
    ada.sign_in("p1", &password[1]);
    for (what, class, pupils, minutes, said) in [
        ("beeg.com", "form:7B", "", "30", "This is never opened for a lesson"),
        ("com", "form:7B", "", "30", "That is not a name or a page"),
        ("a b", "form:7B", "", "30", "That is not a name or a page"),
        (HOST, "", "", "30", "Choose a form or a group"),
        (HOST, "form:9Z", "", "30", "Choose a form or a group"),
        (HOST, "group:staff", "", "30", "Choose a form or a group"),
        (HOST, "form:7B", "p2", "30", "not both"),
        (HOST, "", "Mr Babbage", "30", "There is no such pupil"),
        (HOST, "", "<b>Nobody</b>", "30", "&#60;b&#62;Nobody&#60;/b&#62;"),
        (HOST, "form:7B", "", "0", "from 1 to 480"),
        (HOST, "form:7B", "", "481", "from 1 to 480"),
        (HOST, "form:7B", "", "long", "from 1 to 480"),
    ] {
        let refused = open(&teacher, what, class, pupils, minutes);
        assert!(status(&refused) == "422" && refused.contains(said), "{what} {class} {pupils} {minutes}: {refused}");
        assert!(refused.contains("role=\"alert\"") && refused.contains("value=\"rivers\""), "what was typed stays: {refused}");
    }
    assert_eq!(school.json(&["pass", "list"]), serde_json::json!([]));

    let name = "www.pokerstars.com";
    assert_eq!(status(&open(&teacher, name, "form:7B", "", "30")), "303");
    let waits = page(&teacher);
    assert!(waits.contains("must agree first") && !is_open(&gate, ada.from, name), "{waits}");
    let id = school.json(&["pass", "list"])[0]["id"].to_string();
    school.ok(&["pass", "agree", &id]);
    assert!(is_open(&gate, ada.from, name) && !page(&teacher).contains("must agree first"));
    // Nobody sees here which page of a host within HTTPS it is, and the page says so.
    assert_eq!(status(&open(&teacher, "https://maps.example/rivers", "form:7B", "", "30")), "303");
    assert!(page(&teacher).contains("the filter does not see which page"), "{}", page(&teacher));
    assert!(!school.service_log().contains("ERROR"), "{}", school.service_log());
}

#[test]
fn nobody_else_opens_anything() {
    let school = staffed();
    let password = passwords(&school, &["s2", "p1"]);
    let gate = school.start();
    let (teacher, ada) = (Browser::new(&gate, "127.0.9.4", "teacher"), Browser::new(&gate, "127.0.9.2", "ada"));
    teacher.sign_in("s2", &password[0]);
    ada.sign_in("p1", &password[1]);
    let refused = page(&ada);
    assert!(status(&refused) == "403" && refused.contains("This page is for staff") && !refused.contains("<form"), "{refused}");
    // The device of one of the staff, another browser on one where they are signed in, and their cookies on another device.
    for browser in [
        Browser::new(&gate, "127.0.9.1", "at-the-desk"),
        Browser::new(&gate, teacher.from, "beside"),
        teacher.stolen_on("127.0.9.9"),
    ] {
        let led = page(&browser);
        assert!(status(&led) == "303" && led.contains("location: /sign-in?to=staffroom"), "{led}");
    }

    let (hers, theirs) = (token(&page(&teacher)), ada.token());
    let fields = |token: &str| {
        let fields = [
            ("do", "open"),
            ("token", token),
            ("what", HOST),
            ("class", "form:7B"),
            ("pupils", ""),
            ("minutes", "30"),
            ("reason", "x"),
        ];
        fields.map(|(name, value)| (name, value.to_owned()))
    };
    let clear = format!("http://{}", browser::NAME);
    for (browser, origin, token) in [
        (&teacher, "https://evil.example", &hers),
        (&teacher, "null", &hers),
        (&teacher, clear.as_str(), &hers),
        (&teacher, "", &hers),
        (&teacher, teacher.at.as_str(), &theirs),
        (&teacher, teacher.at.as_str(), &String::new()),
        (&ada, ada.at.as_str(), &theirs),
        (&ada, ada.at.as_str(), &hers),
    ] {
        let fields = fields(token);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let refused = send(browser, origin, &fields);
        assert_eq!(status(&refused), "403", "{origin}: {refused}");
    }
    let plain = Browser::in_the_clear(&gate, teacher.from, "teacher");
    assert_eq!(status(&page(&plain)), "404", "in the clear there is nothing");
    assert_eq!(status(&send(&plain, &plain.at, &[("do", "open"), ("token", &hers)])), "404");
    assert_eq!(school.json(&["pass", "list"]), serde_json::json!([]));
    let listed = text(&school.run(&["pass", "list"]).stdout);
    assert!(listed.contains("no pass is open"), "{listed}");
    teacher.sign_out();
    assert_eq!(status(&page(&teacher)), "303", "and signed out she is led to sign in");
}
