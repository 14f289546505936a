//! A school: a pupil's laptop and a teacher's, which have its certificate authority, a phone that has not, a printer, the gateway,
//! and the internet behind it.

use super::internet;
use super::machines::{Machine, Running};
use super::support::{BINARY, project};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub const GATEWAY: &str = "10.20.0.1";

pub struct School {
    pub pupil: Machine,
    pub teacher: Machine,
    pub phone: Machine,
    pub printer: Machine,
    pub gateway: Machine,
    _internet: Machine,
    folder: tempfile::TempDir,
}

impl School {
    /// Everything is plugged in; the gate does not run yet.
    pub fn new() -> Self {
        let [pupil, teacher, phone, printer, gateway, outside] =
            ["pupil", "teacher", "phone", "printer", "gate", "world"].map(Machine::new);
        pupil.cable(&gateway, "eth0", &["10.20.1.10/16", "2a00:20::10/64"], &["10.20.0.1/16", "2a00:20::1/64"]);
        teacher.cable(&gateway, "eth0", &["10.30.1.10/16"], &["10.30.0.1/16"]);
        phone.cable(&gateway, "eth0", &["10.40.1.10/16"], &["10.40.0.1/16"]);
        printer.cable(&gateway, "eth0", &["10.50.1.10/16"], &["10.50.0.1/16"]);
        let mut addresses = vec![format!("{}/16", internet::RESOLVER)];
        for site in &internet::SITES {
            addresses.push(format!("{}/16", site.v4));
            addresses.extend(site.v6.map(|v6| format!("{v6}/64")));
        }
        let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
        outside.cable(&gateway, "eth0", &addresses, &["11.1.0.1/16", "2a00:11::1/64"]);
        let (of_phone, of_printer) = ((&phone, "10.40.0.1"), (&printer, "10.50.0.1"));
        for (machine, gateway) in [(&pupil, "10.20.0.1"), (&teacher, "10.30.0.1"), of_phone, of_printer, (&outside, "11.1.0.1")] {
            machine.must("ip", &["route", "add", "default", "via", gateway]);
        }
        pupil.must("ip", &["-6", "route", "add", "default", "via", "2a00:20::1"]);
        outside.must("ip", &["-6", "route", "add", "default", "via", "2a00:11::1"]);
        for key in ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"] {
            gateway.must("sh", &["-c", &format!("echo 1 > /proc/sys/{key}")]);
        }
        for (machine, gateway) in [(&pupil, "10.20.0.1"), (&teacher, "10.30.0.1"), of_phone, of_printer] {
            machine.resolver(gateway);
        }
        let folder = tempfile::tempdir().expect("a folder");
        let authority = internet::start(&outside);
        std::fs::write(folder.path().join("ca.pem"), authority).expect("written");
        let school = Self { pupil, teacher, phone, printer, gateway, _internet: outside, folder };
        school.configure("");
        school
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("a path").to_owned()
    }

    /// Writes the configuration; `classrooms` are more keys of the pupils' network.
    pub fn configure(&self, classrooms: &str) {
        let text = format!(
            r#"
[school]
name = "Lab School"
gateway = "gate-l"
timezone = "Europe/London"
whom_to_see = "your form tutor"

[dns]
listen = ["0.0.0.0:53", "[::]:53"]
upstreams = ["{resolver}"]

[proxy]
listen = ["0.0.0.0:3128"]
transparent_listen = ["0.0.0.0:3129", "[::]:3129"]

[web]
listen = ["0.0.0.0:8080"]

[data]
dir = "{data}"

[lists]
shipped = "{shipped}"

[[network]]
name = "classrooms"
ranges = ["10.20.0.0/16", "2a00:20::/64"]
profile = "secondary"
ca = "installed"
{classrooms}

[[network]]
name = "staff room"
ranges = ["10.30.0.0/16"]
unknown = "staff"
when_down = "open"
ca = "installed"

[[network]]
name = "phones"
ranges = ["10.40.0.0/16"]
profile = "secondary"

[[network]]
name = "things"
ranges = ["10.50.0.0/16"]
unknown = "things"

[inside]
trust = "ca.pem"

[[group]]
name = "pupils"
profile = "secondary"
years = [7, 8, 9, 10, 11]

[[entry]]
host = "badschool.com"
action = "block"
reason = "the lab"

[[entry]]
host = "otherschool.com"
action = "allow"
reason = "where the printer's maker is"
"#,
            resolver = internet::RESOLVER,
            data = self.path("var"),
            shipped = project().join("blocklists").display(),
        );
        std::fs::write(self.config(), text).expect("written");
    }

    /// Writes the configuration again, with this in place of that.
    pub fn amend(&self, before: &str, after: &str) {
        let text = std::fs::read_to_string(self.config()).expect("the configuration");
        assert!(text.contains(before), "{before} is not there: {text}");
        std::fs::write(self.config(), text.replacen(before, after, 1)).expect("written");
    }

    /// A certificate of this name that nobody has signed, `FILE.pem`, and its key, `FILE.key`.
    pub fn certify(&self, file: &str, name: &str) {
        use std::os::unix::fs::PermissionsExt;
        let key = rcgen::KeyPair::generate().expect("a key");
        let wanted = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = wanted.self_signed(&key).expect("a certificate").pem();
        std::fs::write(self.path(&format!("{file}.pem")), certificate).expect("written");
        let at = self.path(&format!("{file}.key"));
        std::fs::write(&at, key.serialize_pem()).expect("written");
        std::fs::set_permissions(at, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("schoolgate.toml")
    }

    /// A command of the gate's, on the gateway.
    pub fn schoolgate(&self, arguments: &[&str]) -> Command {
        let mut command = self.gateway.command(BINARY);
        command.arg("--config").arg(self.config()).args(arguments);
        command
    }

    /// [`School::schoolgate`], which must succeed; what it printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.schoolgate(arguments).output().expect("the binary runs");
        let said = super::machines::said(&output);
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    }

    pub fn start(&self) -> Running {
        let gate = self.spawn(&["run"]);
        self.until("the gate answers", || {
            self.schoolgate(&["--json", "status"]).output().is_ok_and(|o| o.stdout.starts_with(b"{"))
        });
        gate
    }

    pub fn spawn(&self, arguments: &[&str]) -> Running {
        let log = std::fs::File::options().create(true).append(true).open(self.path("gate.log")).expect("a log");
        Running(self.schoolgate(arguments).stdout(Stdio::null()).stderr(log).spawn().expect("the binary starts"))
    }

    /// Waits for what comes within seconds.
    pub fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let until = Instant::now() + Duration::from_secs(30);
        while !holds() {
            let log = || std::fs::read_to_string(self.path("gate.log")).unwrap_or_default();
            assert!(Instant::now() < until, "never: {what}\n{}", log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub fn import(&self, csv: &str) {
        std::fs::write(self.path("people.csv"), csv).expect("written");
        self.ok(&["people", "import", &self.path("people.csv")]);
    }

    /// The last event of a host that a door but DNS has written: door, person, action, status.
    pub fn last(&self, host: &str) -> (String, String, String, u64) {
        let event = self.line(host);
        let text = |key: &str| event[key].as_str().unwrap_or("-").to_owned();
        (text("door"), text("person"), text("action"), event["status"].as_u64().expect("a status"))
    }

    /// The same, with all that is written of it.
    pub fn line(&self, host: &str) -> Value {
        self.lines(host).pop().unwrap_or_else(|| panic!("no line of {host}"))
    }

    /// Every event of a host that a door but DNS has written.
    pub fn lines(&self, host: &str) -> Vec<Value> {
        let said = self.ok(&["log", "export", "--format", "jsonl", "--purpose", "the lab"]);
        let events = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut lines: Vec<Value> = events.filter(|e| e["host"] == host && e["door"] != "dns").collect();
        // Lines that two workers wrote within a second may change places.
        lines.sort_by_key(|e| e["when"].to_string());
        lines
    }
}
