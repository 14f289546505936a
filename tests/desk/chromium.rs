//! The lead's week in Chromium.

use crate::browser::{self, school};
use crate::last_week;
use crate::owner::{OWN, PASSPHRASE, alerted, delivered};
use crate::support::{self, Wish};
use schoolgate::words::Category;
use serde_json::Value;

#[test]
fn the_lead_s_week_in_a_browser_from_the_link_in_the_mail_to_signing_out() {
    let Some(folder) = browser::tests() else { return };
    // A port that is known before the gate is there, as mails lead to it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
    let mail = "[mail]\nserver = \"localhost\"\nport = 9\nfrom = \"gate@school.example\"\nto = [\"dsl@school.example\"]\n";
    let school = school(&Wish { more: mail, ..Wish::default() });
    let config = std::fs::read_to_string(school.path("config/schoolgate.toml")).expect("the configuration");
    school.write(
        "config/schoolgate.toml",
        &config.replace("tls_listen = [\"127.0.0.1:0\"]", &format!("tls_listen = [\"127.0.0.1:{port}\"]")),
    );
    school.import("id,name,role,year,device,mac\nP0901,Alma Quill,pupil,9,Laptop 1,3c:22:fb:00:00:01\n");
    school.typed(&[PASSPHRASE], &["seal", "init", "--reader", "mrs-khan"]);
    last_week::searched(&school, &[(1, Category::SELF_HARM, "forum.worry.example")], "whom to tell");
    let dsl = school.json(&["desk", "add", "a.jones", "--role", "dsl"]);
    let gate = school.start();
    delivered(&school);
    alerted(&gate);
    let letter = |id: &str| {
        let text = std::fs::read_to_string(school.path(&format!("var/mail/queue/{id}.json"))).expect("a letter");
        let letter: Value = serde_json::from_str(&text).expect("JSON");
        let body = letter["body"].as_str().expect("a body").to_owned();
        body.lines()
            .map(str::trim)
            .find(|line| line.starts_with("https://"))
            .unwrap_or_else(|| panic!("no link: {body}"))
            .to_owned()
    };
    let at = format!("https://{}:{port}", browser::NAME);
    let pictures = std::env::var_os("SCHOOLGATE_PICTURES").map_or_else(|| school.path("pictures"), Into::into);
    std::fs::create_dir_all(&pictures).expect("a folder");
    let week = std::fs::read_dir(school.path("var/mail/queue")).expect("letters").flatten();
    let week =
        week.filter_map(|f| f.path().file_stem()?.to_str().map(str::to_owned)).find(|id| id != "test").expect("the week's");
    let todo = serde_json::json!({
        "at": at, "confirm": letter("test"), "desk": letter(&week), "dsl": dsl, "own": OWN, "passphrase": PASSPHRASE, "day": support::in_a_month(), "pictures": pictures, "chromium": "/usr/bin/chromium",
    });
    browser::drive(&folder.join("desk.js"), &todo);
    assert!(!school.json(&["status"])["needs_you"].to_string().contains("report confirm"), "confirmed by the link");
    assert!(!school.service_log().contains("ERROR"), "{}", school.service_log());
}
