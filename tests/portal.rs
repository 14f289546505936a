//! The portal: the web door over TLS, and who signs in there.

#[path = "portal/browser.rs"]
mod browser;
mod support;

use browser::{Browser, NAME, certify, open, passwords, school};
use serde_json::Value;
use std::time::{Duration, Instant};
use support::{School, Wish, command, text};

#[test]
fn the_web_door_over_tls_has_one_name_and_a_certificate_that_is_taken_when_it_is_renewed() {
    let school = school(&Wish { proxy: "internal = [\"school.example\"]", ..Wish::default() });
    let gate = school.start();
    let front = open(&gate, "127.0.0.1", "/", &[]);
    assert!(front.starts_with("HTTP/1.1 200") && front.contains("web filter"), "{front}");
    for host in ["evil.example", "127.0.0.1", "localhost", "why.school.example", "gate-t"] {
        let other = open(&gate, "127.0.0.1", "/", &["-H", &format!("Host: {host}")]);
        assert!(other.starts_with("HTTP/1.1 421"), "{host}: {other}");
    }
    let nobody = open(&gate, "127.0.0.1", "/", &["-H", "Host:"]);
    assert!(nobody.starts_with("HTTP/1.1 4"), "{nobody}");
    // The name leads here, where this gate is asked; in the clear the door answers to it as well, and asks for nothing.
    let leads = gate.dig("127.0.0.1", &["+short", NAME, "A"]);
    assert_eq!(leads.trim(), gate.dns[0].ip().to_string());
    let plain = command("curl", &["-sS", "-i", &format!("http://{}/", gate.web[0]), "-H", &format!("Host: {NAME}")]);
    assert!(plain.starts_with("HTTP/1.1 200") && !plain.to_lowercase().contains("strict-transport"), "{plain}");
    let status = text(&school.run(&["status"]).stdout);
    assert!(status.contains("certificate   portal.school.example, until 2049-01-02"), "{status}");

    certify(&school, 2020);
    let until = Instant::now() + Duration::from_secs(20);
    let needs = || school.json(&["status"])["needs_you"].to_string();
    while !needs().contains("the certificate of portal.school.example ended on 2020-01-02") {
        assert!(Instant::now() < until, "{}{}", needs(), school.service_log());
        std::thread::sleep(Duration::from_millis(200));
    }
    school.write("config/portal.pem", "half a certificate");
    certify(&school, 2048);
    while !open(&gate, "127.0.0.1", "/", &[]).starts_with("HTTP/1.1 200") {
        assert!(Instant::now() < until + Duration::from_secs(20), "{}", school.service_log());
        std::thread::sleep(Duration::from_millis(200));
    }
}

const PEOPLE: &str = "id,name,role,year\np1,Ada Lovelace,pupil,7\np2,Bob,pupil,8\n";

fn portal() -> School {
    let school = school(&Wish { network: "portal = [\"password\", \"voucher\"]", ..Wish::default() });
    school.import(PEOPLE);
    school
}

#[test]
fn who_signs_in_is_named_on_that_device_and_on_no_other_until_they_sign_out() {
    let school = portal();
    let password = passwords(&school, &["p1"]).remove(0);
    let gate = school.start();
    let ada = Browser::new(&gate, "127.0.9.1", "ada");
    assert_eq!(ada.who("before.example"), (None, "network".into()));
    let page = ada.page();
    for words in ["What the school sees", "with your name and the time", "type=\"password\"", "I have read this: sign in"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let led = command("curl", &["-sS", "-i", "--interface", "127.0.9.1", &format!("http://{}/sign-in", gate.web[0])]);
    assert!(led.contains(&format!("location: {}/sign-in", ada.at)), "in the clear it leads to the one over TLS: {led}");

    // Capital letters and spaces do not matter.
    let done = ada.sign_in("P1", &password.to_uppercase().replace(' ', ""));
    assert!(done.starts_with("HTTP/1.1 303") && done.contains("set-cookie: __Host-schoolgate="), "{done}");
    assert_eq!(ada.who("during.example"), (Some("p1".into()), "portal".into()));
    let page = ada.page();
    assert!(page.contains("You are signed in") && !page.contains("Ada") && !page.contains("p1"), "{page}");
    let other = Browser::new(&gate, "127.0.9.1", "other-browser").page();
    assert!(other.contains("Somebody is signed in on this device"), "{other}");
    let list = school.json(&["people", "list", "--purpose", "a test"]);
    let notice = |id: &str| list.as_array().and_then(|l| l.iter().find(|p| p["id"] == id)).map(|p| p["notice"].to_string());
    let today = command("date", &["+%Y-%m-%d"]);
    assert_eq!(notice("p1"), Some(format!("\"1, {}\"", today.trim())));
    assert_eq!(notice("p2").as_deref(), Some("\"\""));

    let out = ada.sign_out();
    assert!(out.contains("Signed out") && out.contains("__Host-schoolgate=; Path=/; Max-Age=0"), "{out}");
    assert_eq!(ada.who("after.example"), (None, "network".into()));
    assert!(ada.page().contains("What the school sees"));
    assert!(!school.service_log().contains(&password), "no password is in the log");
}

#[test]
fn a_form_from_elsewhere_signs_nobody_in() {
    let school = portal();
    let password = passwords(&school, &["p1"]).remove(0);
    let gate = school.start();
    let (ada, other) = (Browser::new(&gate, "127.0.9.1", "ada"), Browser::new(&gate, "127.0.9.1", "other"));
    let (token, theirs) = (ada.token(), other.token());
    let form = |token: &str| {
        [("do", "sign-in"), ("token", token), ("name", "p1"), ("password", &password), ("notice", "1")]
            .map(|(n, v)| (n, v.to_owned()))
    };
    let clear = format!("http://{NAME}");
    for (origin, token) in [
        ("https://evil.example", &token),
        ("null", &token),
        (clear.as_str(), &token),
        ("", &token),
        (ada.at.as_str(), &theirs),
        (ada.at.as_str(), &String::new()),
    ] {
        let fields = form(token);
        let fields: Vec<_> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let refused = ada.send(origin, &fields);
        assert!(
            refused.starts_with("HTTP/1.1 403") && !refused.contains("set-cookie: __Host-schoolgate="),
            "{origin}: {refused}"
        );
    }
    let site =
        ["-H", "Sec-Fetch-Site: cross-site", "-H", &format!("Origin: {}", ada.at), "-d", &format!("do=sign-in&token={token}")];
    assert!(ada.curl("/sign-in", &site).starts_with("HTTP/1.1 403"));
    assert_eq!(ada.who("nobody.example"), (None, "network".into()));
    assert!(ada.sign_in("p1", &password).starts_with("HTTP/1.1 303"), "and from here it does");
}

#[test]
fn a_stolen_session_cookie_is_nothing_on_another_device() {
    let school = portal();
    let password = passwords(&school, &["p1"]).remove(0);
    let gate = school.start();
    let ada = Browser::new(&gate, "127.0.9.1", "ada");
    assert!(ada.sign_in("p1", &password).starts_with("HTTP/1.1 303"));
    let thief = ada.stolen_on("127.0.9.2");
    let page = thief.page();
    assert!(page.contains("What the school sees") && !page.contains("You are signed in"), "{page}");
    assert_eq!(thief.who("stolen.example"), (None, "network".into()));
    // Nor can it sign her out from there.
    thief.sign_out();
    assert_eq!(ada.who("still.example").0.as_deref(), Some("p1"), "hers is as it was");
}

#[test]
fn a_user_name_in_a_header_is_nobodys() {
    let school = portal();
    let gate = school.start();
    let ada = Browser::new(&gate, "127.0.9.1", "ada");
    let claims: Vec<String> =
        ["X-Remote-User", "X-Authenticated-User", "X-Forwarded-User", "Remote-User", "X-WEBAUTH-USER", "From"]
            .iter()
            .map(|name| format!("{name}: p1"))
            .chain(["X-Forwarded-For: 127.0.9.7", "X-Real-IP: 127.0.9.7", "Forwarded: for=127.0.9.7;by=p1"].map(str::to_owned))
            // `p1` and any password: in the clear nobody is asked for one, nor believed with one.
            .chain(["Proxy-Authorization: Basic cDE6cDE=", "Authorization: Basic cDE6cDE="].map(str::to_owned))
            .collect();
    let headers: Vec<&str> = claims.iter().flat_map(|claim| ["-H", claim]).collect();
    for path in ["/sign-in", "/captive", "/", "/why"] {
        assert!(!ada.curl(path, &headers).contains("signed in"), "{path}");
    }
    gate.curl("127.0.9.1", &[&headers[..], &[&gate.url("named.example", "/")]].concat());
    assert_eq!(ada.who("asked.example"), (None, "network".into()));
    let log = school.log();
    let of_device = || log.iter().filter(|line| line["host"] == "named.example");
    assert_eq!(of_device().count(), 1, "{log:?}");
    assert!(log.iter().all(|line| line["person"].is_null() && line["client"] != "127.0.9.7"), "{log:?}");
}

#[test]
fn the_schools_way_to_raise_a_concern_is_on_the_sign_in_page_and_on_the_block_page() {
    let more = "[portal]\nconcern = \"https://school.example/worried\"\n\
        [[entry]]\nhost = \"blocked.example\"\naction = \"block\"\nreason = \"a test\"\n";
    let (_, without) = more.split_at(more.find("[[entry]]").expect("the entry"));
    for (more, shown) in [(more, true), (without, false)] {
        let school = school(&Wish { network: "portal = [\"password\"]", more, ..Wish::default() });
        let gate = school.start();
        let sign_in = Browser::new(&gate, "127.0.9.1", "ada").page();
        let blocked = gate.curl("127.0.9.1", &["-H", "Accept: text/html", &gate.url("blocked.example", "/")]);
        assert!(sign_in.contains("What the school sees") && blocked.starts_with("HTTP/1.1 403"), "{sign_in}{blocked}");
        for page in [sign_in, blocked] {
            let link = "href=\"https://school.example/worried\">Worried about something? Tell the school</a>";
            assert_eq!(page.contains(link), shown, "{page}");
        }
    }
}

#[test]
fn it_works_without_javascript_from_what_a_system_looks_for_to_signing_out() {
    let Some(folder) = browser::tests() else { return };
    let more = "[portal]\nconcern = \"https://school.example/worried\"\n";
    let school = school(&Wish { network: "portal = [\"password\"]", more, ..Wish::default() });
    school.import(PEOPLE);
    let password = passwords(&school, &["p1"]).remove(0);
    let gate = school.start();
    let device = Browser::new(&gate, "127.0.0.1", "unused");
    let path = |name: &str| school.path(name).to_str().expect("a path").to_owned();
    let todo = serde_json::json!({
        "looks": "http://captive.apple.com/hotspot-detect.html", "web": gate.web[0].to_string(), "at": device.at,
        "concern": "https://school.example/worried", "name": "p1", "password": password, "chromium": "/usr/bin/chromium",
        "signed_in": path("signed-in"), "go_on": path("go-on"),
    });
    assert_eq!(device.who("before.example"), (None, "network".into()));
    std::thread::scope(|scope| {
        let browser = scope.spawn(|| browser::drive(&folder.join("portal.js"), &todo));
        while !school.path("signed-in").exists() && !browser.is_finished() {
            std::thread::sleep(Duration::from_millis(50));
        }
        let who = device.who("during.example");
        school.write("go-on", "");
        browser.join().expect("the browser's day");
        assert_eq!(who, (Some("p1".into()), "portal".into()));
    });
    assert_eq!(device.who("after.example"), (None, "network".into()));
}

#[test]
fn who_is_withdrawn_is_told_so_where_they_are_signed_in_and_where_they_sign_in() {
    let school = portal();
    let password = passwords(&school, &["p1", "p2"]);
    let gate = school.start();
    let ada = Browser::new(&gate, "127.0.9.1", "ada");
    let open = |from: &str| gate.dig(from, &["lesson.example", "A"]).contains("NOERROR");
    ada.sign_in("p1", &password[0]);
    assert!(open("127.0.9.1"));
    school.ok(&["people", "withdraw", "p1", "--reason", "as the head said"]);
    let until = Instant::now() + Duration::from_secs(5);
    while open("127.0.9.1") {
        assert!(Instant::now() < until, "within a second, and nobody becomes unknown by it");
        std::thread::sleep(Duration::from_millis(50));
    }
    let page = ada.page();
    assert!(page.contains("Your access is switched off") && page.contains("your form tutor"), "{page}");
    // On another device they are told as well, and whoever has it next signs them out.
    let shared = Browser::new(&gate, "127.0.9.3", "shared");
    assert!(shared.sign_in("p1", &password[0]).starts_with("HTTP/1.1 303"));
    assert!(shared.page().contains("Your access is switched off") && !open("127.0.9.3"));
    assert!(shared.sign_out().contains("Signed out") && open("127.0.9.3"));
    assert!(shared.sign_in("p2", &password[1]).starts_with("HTTP/1.1 303"));
    assert_eq!(shared.who("next.example").0.as_deref(), Some("p2"));
}

#[test]
fn who_guesses_waits_and_learns_nothing_of_who_there_is() {
    let school = portal();
    let password = passwords(&school, &["p1"]).remove(0);
    let gate = school.start();
    let browser = Browser::new(&gate, "127.0.9.1", "guesses");
    let body = |answer: String| {
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
        let token = body.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("none").to_owned();
        body.replace(&token, "")
    };
    let (known, unknown) = (browser.sign_in("p1", "wrong"), browser.sign_in("nobody", "wrong"));
    assert!(known.starts_with("HTTP/1.1 403") && known.contains("That did not work"), "{known}");
    assert_eq!(body(known), body(unknown));
    for n in 0..4 {
        browser.sign_in("p1", &format!("wrong {n}"));
    }
    let waits = browser.sign_in("p1", &password);
    assert!(waits.starts_with("HTTP/1.1 429") && waits.contains("retry-after: "), "{waits}");
    assert_eq!(browser.who("guessed.example").0, None);
    let elsewhere = Browser::new(&gate, "127.0.9.2", "elsewhere");
    assert!(elsewhere.sign_in("p1", &password).starts_with("HTTP/1.1 303"), "others are not held up");
}

#[test]
fn without_tls_only_a_voucher_is_taken_and_on_one_device_at_a_time() {
    let school = School::new(&Wish { network: "portal = [\"password\", \"voucher\"]", ..Wish::default() });
    school.import(PEOPLE);
    let password = passwords(&school, &["p1"]).remove(0);
    let slips = school.json(&["people", "voucher", "--role", "supply", "--until", "today"]);
    let (number, code) = (slips[0]["user"].as_str().expect("a name"), slips[0]["password"].as_str().expect("a code"));
    let gate = school.start();
    let supply = Browser::in_the_clear(&gate, "127.0.9.1", "supply");
    let page = supply.page();
    assert!(page.contains("the connection to this page is not private") && page.contains("your form tutor"), "{page}");
    assert!(!page.contains("type=\"password\"") && page.contains("on your voucher"), "{page}");
    let own = supply.sign_in("p1", &password);
    assert!(own.starts_with("HTTP/1.1 403") && own.contains("That did not work"), "{own}");
    assert_eq!(supply.who("own.example").0, None);
    let done = supply.sign_in(number, code);
    assert!(done.starts_with("HTTP/1.1 303") && !done.contains("__Host-"), "{done}");
    assert_eq!(supply.who("voucher.example"), (Some(number.to_owned()), "portal".into()));
    let second = Browser::in_the_clear(&gate, "127.0.9.2", "second");
    let taken = second.sign_in(number, code);
    assert!(taken.starts_with("HTTP/1.1 409") && taken.contains("This voucher is in use"), "{taken}");
    assert!(supply.sign_out().contains("Signed out"));
    assert!(second.sign_in(number, code).starts_with("HTTP/1.1 303"));
    assert_eq!(second.who("second.example").0.as_deref(), Some(number));
}

#[test]
fn systems_that_look_whether_they_are_online_find_the_portal_and_once_signed_in_what_they_expect() {
    let school = portal();
    let password = passwords(&school, &["p1"]).remove(0);
    let gate = school.start();
    let ada = Browser::new(&gate, "127.0.9.1", "ada");
    let looks = |host: &str, path: &str| {
        let (url, host) = (format!("http://{}{path}", gate.web[0]), format!("Host: {host}"));
        command("curl", &["-sS", "-i", "--interface", "127.0.9.1", "-H", &host, &url])
    };
    let all = [
        ("captive.apple.com", "/hotspot-detect.html", "200", "<BODY>Success</BODY>"),
        ("connectivitycheck.gstatic.com", "/generate_204", "204", ""),
        ("clients3.google.com", "/generate_204", "204", ""),
        ("www.msftconnecttest.com", "/connecttest.txt", "200", "Microsoft Connect Test"),
        ("detectportal.firefox.com", "/canonical.html", "200", "url=https://support.mozilla.org/kb/captive-portal"),
        ("detectportal.firefox.com", "/success.txt", "200", "success"),
    ];
    for (host, path, ..) in all {
        let led = looks(host, path);
        assert!(led.starts_with("HTTP/1.1 303") && led.contains(&format!("location: {}/sign-in", ada.at)), "{host}: {led}");
    }
    let api = |browser: &Browser| {
        let said = browser.curl("/captive", &[]);
        assert!(said.contains("content-type: application/captive+json"), "{said}");
        serde_json::from_str::<Value>(said.split_once("\r\n\r\n").expect("a body").1).expect("JSON")
    };
    let before = api(&ada);
    assert_eq!(
        (before["captive"].as_bool(), before["user-portal-url"].as_str()),
        (Some(true), Some(&*format!("{}/sign-in", ada.at)))
    );
    ada.sign_in("p1", &password);
    for (host, path, status, body) in all {
        let answer = looks(host, path);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(body), "{host}: {answer}");
    }
    let after = api(&ada);
    assert_eq!(after["captive"].as_bool(), Some(false));
    assert!(after["seconds-remaining"].as_u64().is_some_and(|s| (28_000..=28_800).contains(&s)), "{after}");
}
