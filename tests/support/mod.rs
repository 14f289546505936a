//! A gate of the test's own: the real binary on loopback, with a stub internet behind it.
#![allow(dead_code, reason = "each test binary uses its own part")]

use schoolgate::casebook::{Casebook, Kind};
use schoolgate::demo::internet::Internet;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub const BINARY: &str = env!("CARGO_BIN_EXE_schoolgate");

/// The folder of the project: shipped configuration and lists.
pub fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A month from now.
pub fn in_a_month() -> String {
    let now = jiff::Timestamp::from_millisecond(schoolgate::gate::Clock::System.unix_ms()).expect("a time");
    let day = now.to_zoned(jiff::tz::TimeZone::UTC).date().checked_add(jiff::Span::new().days(30)).expect("a day");
    day.to_string()
}

/// A school in a temporary folder.
pub struct School {
    pub folder: tempfile::TempDir,
    pub internet: Internet,
}

/// What a test's configuration says beside the ground it stands on.
#[derive(Default)]
pub struct Wish<'a> {
    /// Instead of the stub.
    pub upstreams: Option<&'a str>,
    /// More keys of `[dns]`, `[proxy]`, `[web]`.
    pub dns: &'a str,
    pub proxy: &'a str,
    pub web: &'a str,
    /// More keys of `[lists]`.
    pub lists: &'a str,
    /// Keys of the one network.
    pub network: &'a str,
    /// Whole tables.
    pub more: &'a str,
}

impl School {
    pub fn new(wish: &Wish) -> Self {
        let school = Self { folder: tempfile::tempdir().expect("a folder"), internet: Internet::start().expect("a stub") };
        school.write("config/schoolgate.toml", &school.config(wish));
        school
    }

    /// A school that looks inside, and has its authority, before origins at these ports of the stub's address that are certified by
    /// `world` (PEM). Its own authority's certificate is `ca.pem` in the folder.
    pub fn looking_inside(ports: &[u16], world: &str) -> Self {
        let wish = Wish { network: "ca = \"installed\"", more: "[inside]\ntrust = \"world.pem\"\n", ..Wish::default() };
        let school = Self::new(&wish);
        let listed: String = ports.iter().map(|port| format!("{port}, ")).collect();
        let reached: String = ports.iter().map(|port| format!("\"{}:{port}\", ", school.internet.origin.ip())).collect();
        let text = school.config(&wish).replace("ports = [", &format!("ports = [{listed}"));
        school.write("config/schoolgate.toml", &text.replace("destinations = [", &format!("destinations = [{reached}")));
        school.write("config/world.pem", world);
        school.ok(&["ca", "init"]);
        school.write("ca.pem", &school.ok(&["ca", "export"]));
        school
    }

    pub fn config(&self, wish: &Wish) -> String {
        let origin = self.internet.origin;
        let stub = format!("\"{}\"", self.internet.dns);
        format!(
            r#"
[school]
name = "Test School"
gateway = "gate-t"
timezone = "Europe/London"
whom_to_see = "your form tutor"

[dns]
listen = ["127.0.0.1:0", "[::1]:0"]
upstreams = [{upstreams}]
{dns}

[proxy]
listen = ["127.0.0.1:0"]
ports = [{port}]
destinations = ["{origin}"]
{proxy}

[web]
listen = ["127.0.0.1:0"]
{web}

[data]
dir = "{data}"

[lists]
shipped = "{shipped}"
{lists}

[[network]]
name = "lab"
ranges = ["127.0.0.0/8", "::1/128"]
profile = "secondary"
{network}

[[group]]
name = "pupils"
profile = "secondary"
years = [7, 8, 9, 10, 11]

[[group]]
name = "sixth-form"
profile = "sixth-form"
years = [12, 13]

[[group]]
name = "staff"
profile = "staff"
roles = ["staff"]

{more}
"#,
            upstreams = wish.upstreams.unwrap_or(&stub),
            dns = wish.dns,
            proxy = wish.proxy,
            web = wish.web,
            lists = wish.lists,
            network = wish.network,
            more = wish.more,
            port = origin.port(),
            data = self.path("var").display(),
            shipped = project().join("blocklists").display(),
        )
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    /// Runs one command of the binary on this school's configuration.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let config = self.path("config/schoolgate.toml");
        Command::new(BINARY).arg("--config").arg(config).args(arguments).stdin(Stdio::null()).output().expect("the binary runs")
    }

    /// [`School::run`] with these lines for what it asks.
    pub fn typing(&self, lines: &[&str], arguments: &[&str]) -> Output {
        let mut command = Command::new(BINARY);
        command.arg("--config").arg(self.path("config/schoolgate.toml")).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let typed: String = lines.iter().map(|line| format!("{line}\n")).collect();
        // A command that asks for nothing may be gone already.
        let _ = child.stdin.take().expect("its input").write_all(typed.as_bytes());
        child.wait_with_output().expect("it ends")
    }

    /// The same, which must succeed; what it printed.
    pub fn typed(&self, lines: &[&str], arguments: &[&str]) -> String {
        let output = self.typing(lines, arguments);
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// [`School::run`], which must succeed; what it printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// [`School::run`] with `--json`, read; whatever the exit code (`status` has 1 when it needs somebody).
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["--json"], arguments].concat());
        let said = || text(&output.stdout) + &text(&output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|fault| panic!("{arguments:?}: {fault}: {}", said()))
    }

    /// The people of the file in the register.
    pub fn import(&self, csv: &str) {
        self.write("people.csv", csv);
        self.ok(&["people", "import", self.path("people.csv").to_str().expect("a path")]);
    }

    /// The casebook's records of a kind: what was done, and why.
    pub fn records(&self, kind: Kind) -> Vec<String> {
        let casebook = Casebook::open(&self.path("var")).expect("the casebook");
        let records = casebook.read().of(kind).expect("its records");
        records.iter().map(|r| format!("{}: {}", r.entry.what, r.entry.why.as_deref().unwrap_or_default())).collect()
    }

    /// Every event of the log so far, one JSON object each.
    pub fn log(&self) -> Vec<Value> {
        let said = self.ok(&["log", "export", "--format", "jsonl", "--purpose", "a test"]);
        said.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault}: {line}"))).collect()
    }

    /// A certificate of this name that nobody has signed, as `config/gate.pem`, and its key as `config/gate.key`.
    pub fn certify(&self, name: &str) {
        use std::os::unix::fs::PermissionsExt;
        let key = rcgen::KeyPair::generate().expect("a key");
        let wanted = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
        self.write("config/gate.pem", &wanted.self_signed(&key).expect("a certificate").pem());
        self.write("config/gate.key", &key.serialize_pem());
        let own = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(self.path("config/gate.key"), own).expect("its mode");
    }

    /// Starts the gate and waits until it answers.
    pub fn start(&self) -> Gate<'_> {
        self.started(Command::new(BINARY))
    }

    /// The same, with so many descriptors at most.
    pub fn start_with(&self, descriptors: u32) -> Gate<'_> {
        let mut limited = Command::new("sh");
        limited.arg("-c").arg(format!("ulimit -n {descriptors}; exec \"$0\" \"$@\"")).arg(BINARY);
        self.started(limited)
    }

    /// The same, by this command.
    pub fn started(&self, mut command: Command) -> Gate<'_> {
        let log = std::fs::File::options().create(true).append(true).open(self.path("gate.log")).expect("a log");
        let child = command
            .arg("--config")
            .arg(self.path("config/schoolgate.toml"))
            .arg("run")
            .envs(self.trust())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let mut gate = Gate { school: self, child, dns: vec![], proxy: vec![], web: vec![] };
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let said = self.run(&["--json", "status"]);
            if let Ok(status) = serde_json::from_slice::<Value>(&said.stdout) {
                let doors =
                    |door: &str| -> Vec<SocketAddr> { serde_json::from_value(status["doors"][door].clone()).expect("addresses") };
                (gate.dns, gate.proxy, gate.web) = (doors("dns"), doors("proxy"), doors("web"));
                return gate;
            }
            let ended = gate.child.try_wait().expect("the gate's state");
            assert!(ended.is_none() && Instant::now() < until, "the gate did not start: {}", self.service_log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whom the gate trusts instead of the box's store: `trust.pem` in the folder, if it is there.
    fn trust(&self) -> Option<(&'static str, PathBuf)> {
        let file = self.path("trust.pem");
        file.exists().then_some(("SSL_CERT_FILE", file))
    }

    pub fn service_log(&self) -> String {
        std::fs::read_to_string(self.path("gate.log")).unwrap_or_default()
    }
}

/// A running gate. Dropped: killed.
pub struct Gate<'a> {
    pub school: &'a School,
    pub child: Child,
    pub dns: Vec<SocketAddr>,
    pub proxy: Vec<SocketAddr>,
    pub web: Vec<SocketAddr>,
}

impl Gate<'_> {
    /// Asks with `dig`; `more` are its words beside the server, source and port.
    pub fn dig(&self, from: &str, more: &[&str]) -> String {
        let server = self.dns.iter().find(|s| s.is_ipv6() == from.contains(':')).expect("a door of that family");
        let (at, port) = (format!("@{}", server.ip()), server.port().to_string());
        let fixed = [at.as_str(), "-p", port.as_str(), "-b", from, "+tries=1", "+timeout=8"];
        command("dig", &[&fixed, more].concat())
    }

    /// Fetches with `curl` through the proxy, from one address; prints head and body.
    pub fn curl(&self, from: &str, more: &[&str]) -> String {
        let proxy = format!("http://{}", self.proxy[0]);
        let fixed = ["-sS", "-i", "--max-time", "15", "--interface", from, "-x", &proxy];
        command("curl", &[&fixed, more].concat())
    }

    /// A URL of the stub's origin under any name.
    pub fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.school.internet.origin.port())
    }

    pub fn signal(&self, signal: &str) {
        command("kill", &[signal, &self.child.id().to_string()]);
    }

    /// SIGTERM, and what it ended with.
    pub fn stop(mut self) -> std::process::ExitStatus {
        self.signal("-TERM");
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().expect("the gate's state") {
                return status;
            }
            assert!(Instant::now() < until, "the gate did not stop: {}", self.school.service_log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Gate<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a client and gives what it printed, standard error after standard output.
pub fn command(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|fault| panic!("{program} is needed (tests/run installs it): {fault}"));
    text(&output.stdout) + &text(&output.stderr)
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An origin that speaks TLS, by openssl, on the stub's address.
pub struct TlsOrigin {
    child: Child,
    pub port: u16,
}

impl TlsOrigin {
    pub fn start(folder: &Path) -> Self {
        let (key, certificate) = (folder.join("key.pem"), folder.join("cert.pem"));
        let paths = (key.to_str().expect("a path"), certificate.to_str().expect("a path"));
        command(
            "openssl",
            &[
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=tls.example",
                "-keyout",
                paths.0,
                "-out",
                paths.1,
            ],
        );
        // A port that was free a moment ago: openssl cannot be asked for one of the system's choice.
        let free = std::net::TcpListener::bind("127.200.0.1:0").expect("a port");
        let port = free.local_addr().expect("its address").port();
        drop(free);
        let child = Command::new("openssl")
            .args(["s_server", "-www", "-quiet", "-accept", &format!("127.200.0.1:{port}"), "-key", paths.0, "-cert", paths.1])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl starts");
        let until = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.200.0.1", port)).is_err() {
            assert!(Instant::now() < until, "openssl did not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, port }
    }
}

impl Drop for TlsOrigin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Of a process's memory, in kB, what its state calls so: `RssAnon`, `VmRSS`.
pub fn memory_kb(process: u32, what: &str) -> u64 {
    let state = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process's state");
    let said = state.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':')).expect("its memory");
    said.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
}

/// Sends bytes to an address and gives all that comes back.
pub fn talk(to: SocketAddr, bytes: &[u8]) -> String {
    talk_from(SocketAddr::new(std::net::Ipv4Addr::UNSPECIFIED.into(), 0), to, bytes)
}

/// [`talk`] from an address of the caller's choice.
pub fn talk_from(from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> String {
    use std::io::Write;
    let socket = socket2::Socket::new(socket2::Domain::for_address(to), socket2::Type::STREAM, None).expect("a socket");
    socket.bind(&from.into()).expect("the address is ours");
    socket.connect(&to.into()).expect("a connection");
    let mut stream = std::net::TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(15))).expect("a limit");
    // A door may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    text(&answer)
}

/// The files below a folder that hold these bytes.
pub fn holding(folder: &Path, bytes: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(holding(&path, bytes));
        } else if path.is_file() && memchr::memmem::find(&std::fs::read(&path).expect("read"), bytes.as_bytes()).is_some() {
            found.push(path);
        }
    }
    found
}
