//! Whose an account of the desk is, and what they do with it in a browser.

use crate::browser::{Browser, status, token};
use crate::support::{self, Gate, School};
use data_encoding::BASE32_NOPAD;
use serde_json::Value;
use std::time::{Duration, Instant};
use totp_rs::{Builder, Totp};

pub const OWN: &str = "eleven brass kettles";

/// A reader's, of what is sealed.
pub const PASSPHRASE: &str = "four words that fit";

/// Whose account it is: what they know, and the device that shows codes.
pub struct Owner {
    pub name: &'static str,
    pub password: String,
    pub codes: Totp,
    /// The step of the last code they used.
    pub used: u64,
}

impl Owner {
    pub fn of(name: &'static str, made: &Value) -> Self {
        let text = |key: &str| made[key].as_str().unwrap_or_else(|| panic!("no {key}: {made}")).to_owned();
        let secret: [u8; 20] = BASE32_NOPAD.decode(text("secret").as_bytes()).expect("base32").try_into().expect("160 bits");
        let codes = Builder::new().with_secret(secret).build().expect("as apps do");
        Self { name, password: text("password"), codes, used: 0 }
    }

    pub fn added(school: &School, name: &'static str, role: &str, more: &[&str]) -> Self {
        Self::of(name, &school.json(&[&["desk", "add", name, "--role", role], more].concat()))
    }

    /// A code they have not used; of two in half a minute the second is the next one, as a device that is ahead shows it.
    pub fn code(&mut self) -> String {
        loop {
            let now = schoolgate::gate::Clock::System.unix_ms() as u64 / 30_000;
            let step = now.max(self.used + 1);
            if step <= now + 1 {
                self.used = step;
                return self.codes.generate(step * 30).to_string();
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    pub fn sign_in(&mut self, browser: &Browser) -> String {
        let code = self.code();
        typed(browser, self.name, &self.password, &code)
    }

    /// Signs in for the first time, and has a password of their own from then on.
    pub fn settles(&mut self, browser: &Browser) {
        let led = self.sign_in(browser);
        assert!(status(&led) == "303" && led.contains("location: /desk\r\n"), "{led}");
        let done = new_password(browser, &self.password, OWN);
        assert!(status(&done) == "303" && done.contains("location: /desk\r\n"), "{done}");
        OWN.clone_into(&mut self.password);
    }
}

pub fn typed(browser: &Browser, name: &str, password: &str, code: &str) -> String {
    let token = token(&browser.curl("/desk/sign-in", &[]));
    let fields = [("do", "sign-in"), ("token", &token), ("to", ""), ("name", name), ("password", password), ("code", code)];
    browser.post("/desk", &browser.at, &fields)
}

pub fn new_password(browser: &Browser, current: &str, new: &str) -> String {
    let token = token(&browser.curl("/desk/password", &[]));
    browser.post("/desk/password", &browser.at, &[("token", &token), ("current", current), ("new", new), ("again", new)])
}

pub fn is_in(browser: &Browser) -> bool {
    let page = browser.curl("/desk", &[]);
    assert!(status(&page) == "200" || page.contains("location: /desk/sign-in\r\n"), "{page}");
    status(&page) == "200"
}

/// Who looked at what this week, and what was changed, as the report says it.
pub fn recorded(school: &School, part: &str) -> Vec<Value> {
    let report = school.json(&["report", "week", "--week", "this"]);
    report[part].as_array().unwrap_or_else(|| panic!("no {part}: {report}")).clone()
}

/// Waits for the report that the gate owes, and gives its week.
pub fn delivered(school: &School) -> String {
    let until = Instant::now() + Duration::from_secs(90);
    loop {
        let weeks = std::fs::read_dir(school.path("var/reports")).into_iter().flatten().flatten();
        let mut made = weeks.filter(|week| week.path().join("made.json").exists());
        if let Some(week) = made.next() {
            return week.file_name().into_string().expect("a week");
        }
        assert!(Instant::now() < until, "no report: {}", school.service_log());
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Somebody asks for what an alert is raised of, through the door.
pub fn alerted(gate: &Gate) {
    let harm = std::fs::read_to_string(support::project().join("blocklists/self-harm.txt")).expect("the list");
    let host = harm.lines().find(|line| !line.starts_with('#') && line.contains('.')).expect("a host").trim().to_owned();
    gate.dig("127.0.9.7", &[&host, "A"]);
    let until = Instant::now() + Duration::from_secs(30);
    while gate.school.json(&["alerts", "list"]).as_array().is_none_or(Vec::is_empty) {
        assert!(Instant::now() < until, "no alert of {host}: {}", gate.school.service_log());
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Sends a form of the session.
pub fn session_form(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> String {
    let token = token(&browser.curl("/desk", &[]));
    browser.post(path, &browser.at, &[&[("token", token.as_str())], fields].concat())
}

/// The ids of the matters that somebody may mark, as their page has them.
pub fn matters(browser: &Browser) -> Vec<String> {
    let page = browser.curl("/desk", &[]);
    let ids = page.split("href=\"/desk/matter/").skip(1).filter_map(|rest| rest.split('"').next());
    ids.map(str::to_owned).collect()
}
