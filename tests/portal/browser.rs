//! The portal as a browser sees it, by `curl`.
#![allow(dead_code, reason = "each test binary uses its own part")]

use crate::support::{Gate, School, Wish, command, project, text};
use serde_json::Value;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub const NAME: &str = "portal.school.example";

/// Under `[web]`.
const OVER_TLS: &str =
    "tls_listen = [\"127.0.0.1:0\"]\nname = \"portal.school.example\"\ncertificate = \"portal.pem\"\nkey = \"portal.key\"\n";

/// A certificate of the portal's name with its key beside the configuration, until this year.
pub fn certify(school: &School, year: i32) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut wanted = rcgen::CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    wanted.not_after = rcgen::date_time_ymd(year, 1, 2);
    school.write("config/portal.pem", &wanted.self_signed(&key).expect("a certificate").pem());
    school.write("config/portal.key", &key.serialize_pem());
    let private = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(school.path("config/portal.key"), private).expect("the key's mode");
}

pub fn school(wish: &Wish) -> School {
    let school = School::new(&Wish { web: &format!("{OVER_TLS}{}", wish.web), ..*wish });
    certify(&school, 2049);
    school
}

pub fn over_tls(gate: &Gate) -> SocketAddr {
    let doors = &gate.school.json(&["status"])["doors"]["web_tls"];
    let addresses: Vec<SocketAddr> = serde_json::from_value(doors.clone()).unwrap_or_else(|fault| panic!("{fault}: {doors}"));
    addresses[0]
}

/// Opens a page of the portal with `curl`, which trusts the school's certificate and nothing else.
pub fn open(gate: &Gate, from: &str, path: &str, more: &[&str]) -> String {
    let at = over_tls(gate);
    let (leads, trusted) = (format!("{NAME}:{}:{}", at.port(), at.ip()), gate.school.path("config/portal.pem"));
    let url = format!("https://{NAME}:{}{path}", at.port());
    let fixed = ["-sS", "-i", "--max-time", "15", "--interface", from, "--resolve", &leads];
    command("curl", &[&fixed, &["--cacert", trusted.to_str().expect("a path"), &url][..], more].concat())
}

/// What proves that a form is of this page.
pub fn token(page: &str) -> String {
    let token = page.split("name=\"token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    token.unwrap_or_else(|| panic!("no form: {page}")).to_owned()
}

/// The status of an answer.
pub fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or(answer)
}

/// Somebody's browser on a device.
pub struct Browser<'a> {
    pub gate: &'a Gate<'a>,
    pub from: &'static str,
    /// Where its cookies are.
    jar: String,
    /// Without a slash at its end.
    pub at: String,
}

impl<'a> Browser<'a> {
    pub fn new(gate: &'a Gate<'a>, from: &'static str, name: &str) -> Self {
        let jar = gate.school.path(name).to_str().expect("a path").to_owned();
        Self { gate, from, jar, at: format!("https://{NAME}:{}", over_tls(gate).port()) }
    }

    pub fn in_the_clear(gate: &'a Gate<'a>, from: &'static str, name: &str) -> Self {
        let jar = gate.school.path(name).to_str().expect("a path").to_owned();
        Self { gate, from, jar, at: format!("http://{}", gate.web[0]) }
    }

    /// The same cookies on another device: whoever has stolen them.
    pub fn stolen_on(&self, from: &'static str) -> Self {
        Self { from, jar: self.jar.clone(), at: self.at.clone(), gate: self.gate }
    }

    pub fn curl(&self, path: &str, more: &[&str]) -> String {
        let url = format!("{}{path}", self.at);
        let fixed = ["-b", &self.jar, "-c", &self.jar];
        if self.at.starts_with("https") {
            return open(self.gate, self.from, path, &[&fixed, more].concat());
        }
        command("curl", &[&["-sS", "-i", "--max-time", "15", "--interface", self.from, &url], &fixed[..], more].concat())
    }

    /// The sign-in page.
    pub fn page(&self) -> String {
        self.curl("/sign-in", &[])
    }

    pub fn token(&self) -> String {
        token(&self.page())
    }

    pub fn send(&self, origin: &str, fields: &[(&str, &str)]) -> String {
        self.post("/sign-in", origin, fields)
    }

    /// Sends a form, said to come from a page of `origin`.
    pub fn post(&self, path: &str, origin: &str, fields: &[(&str, &str)]) -> String {
        let origin = format!("Origin: {origin}");
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut more = vec!["-H", origin.as_str()];
        fields.iter().for_each(|field| more.extend(["--data-urlencode", field]));
        self.curl(path, &more)
    }

    pub fn sign_in(&self, name: &str, password: &str) -> String {
        let token = self.token();
        let fields = [("do", "sign-in"), ("token", &token), ("name", name), ("password", password), ("notice", "1")];
        self.send(&self.at, &fields)
    }

    pub fn sign_out(&self) -> String {
        let token = self.token();
        self.send(&self.at, &[("do", "sign-out"), ("token", &token)])
    }

    /// Who this device is, by the log.
    pub fn who(&self, name: &str) -> (Option<String>, String) {
        self.gate.dig(self.from, &[name, "A"]);
        let log = self.gate.school.log();
        let line = log.iter().rev().find(|l| l["host"] == name && l["client"] == self.from);
        let line: &Value = line.unwrap_or_else(|| panic!("no line of {name} from {}", self.from));
        (line["person"].as_str().map(str::to_owned), line["how_known"].as_str().expect("told").to_owned())
    }
}

/// New passwords of these people.
pub fn passwords(school: &School, people: &[&str]) -> Vec<String> {
    let slips = school.json(&[&["people", "password", "--purpose", "a test"], people].concat());
    slips.as_array().expect("slips").iter().map(|slip| slip["password"].as_str().expect("one").to_owned()).collect()
}

/// What drives Chromium, from npm. `None`: it is not here.
pub fn tests() -> Option<PathBuf> {
    let folder = project().join("tests/browser");
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    if has("node") && has("chromium") && folder.join("node_modules/playwright-core").is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("SCHOOLGATE_FULL").is_none(), "node, chromium and `npm ci` in tests/browser are needed");
    eprintln!("NOT RUN: node, chromium or tests/browser/node_modules is not here; tests/run --full installs them");
    None
}

/// Runs a script of [`tests`], which is told what to do and must end well.
pub fn drive(script: &Path, todo: &Value) {
    let mut node = Command::new("node");
    node.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut node = node.spawn().expect("node starts");
    node.stdin.take().expect("its input").write_all(todo.to_string().as_bytes()).expect("told");
    let said = node.wait_with_output().expect("node ends");
    assert!(said.status.success(), "{}{}", text(&said.stdout), text(&said.stderr));
}
