//! A page that did not open, asked for by a pupil and opened by the network manager, with the real binary.

mod support;

use support::{School, Wish, command, text};

const BLOCKED: &str = "www.pokerstars.com";

#[test]
fn a_page_that_is_asked_for_is_opened_and_who_asked_is_shown_to_whoever_says_why() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    let doors = &school.json(&["status"])["doors"];
    let (web, proxy) = (doors["web"][0].as_str().expect("the web door"), doors["proxy"][0].as_str().expect("the proxy"));
    let page = command(
        "curl",
        &["-sS", "--max-time", "15", "-x", &format!("http://{proxy}"), "-H", "Accept: text/html", &format!("http://{BLOCKED}/")],
    );
    let why = format!("http://{web}/why");
    assert!(page.contains(&format!("href=\"{why}\"")), "{page}");
    let straight = |more: &[&str]| command("curl", &[&["-sS", "--max-time", "15", "--noproxy", "*"], more].concat());
    let list = straight(&[&why]);
    assert!(list.contains(BLOCKED) && list.contains("Ask for this page"), "{list}");
    let origin = format!("Origin: http://{web}");
    let form = format!("do=ask&host={BLOCKED}&why=probability");
    let thanks = straight(&["-H", &origin, "-d", &form, &why]);
    assert!(thanks.contains("Thank you"), "{thanks}");

    let needs = school.json(&["status"])["needs_you"].to_string();
    assert!(needs.contains("1 request of a page waits"), "{needs}");
    let listed = school.json(&["requests", "list"]);
    assert_eq!((listed[0]["id"].as_u64(), listed[0]["host"].as_str()), (Some(1), Some(BLOCKED)), "{listed:#}");
    assert!(listed[0].get("client").is_none() && listed[0]["why"] == "probability", "{listed:#}");
    let shown = school.json(&["requests", "list", "--purpose", "to ask what for"]);
    assert_eq!(shown[0]["client"], "127.0.0.1", "{shown:#}");
    assert!(!school.run(&["requests", "list", "--purpose", " "]).status.success());

    let wrong = school.run(&["requests", "block", "1", "--reason", "x"]);
    assert!(!wrong.status.success() && text(&wrong.stderr).contains("requests allow 1"), "{}", text(&wrong.stderr));
    let said = school.ok(&["requests", "allow", "1", "--until", "2099-01-01", "--reason", "maths"]);
    assert!(said.contains("allowed, entry 1"), "{said}");
    let judged = school.json(&["explain", BLOCKED]);
    assert_eq!((judged["action"].as_str(), judged["step"].as_str()), (Some("allow"), Some("own")), "{judged}");
    assert_eq!(school.json(&["requests", "list"]).as_array().map(Vec::len), Some(0));

    let week = school.json(&["report", "week", "--week", "this", "--format", "json"]);
    let asked = &week["teaching"]["asked"];
    assert_eq!((asked["made"].as_u64(), asked["allowed"].as_u64(), asked["waiting"].as_u64()), (Some(1), Some(1), Some(0)));
    assert!(week["look_ups"].to_string().contains("to ask what for"), "{week:#}");

    // What is kept outlives the gate, and is answered without one.
    let reported = straight(&["-H", &origin, "-d", "do=report&host=unkind.example&why=rude&nameless=1", &why]);
    assert!(reported.contains("Thank you"), "{reported}");
    gate.stop();
    let said = school.ok(&["requests", "block", "2", "--reason", "it is"]);
    assert!(said.contains("unkind.example blocked"), "{said}");
    assert_eq!(school.json(&["explain", "unkind.example"])["action"], "block");
    assert!(school.ok(&["requests", "list", "--all"]).contains("not said"));
}
