//! The road of docs/public-certificate.md to a certificate that everybody trusts, as it is written there: BIND, certbot, and an
//! authority of the test's own (Pebble, that of Let's Encrypt's developers). It is part of `tests/run --full`, and needs root.

#[path = "portal/browser.rs"]
mod browser;
mod support;

use browser::{NAME, over_tls};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{Gate, School, Wish, command, project, text};

const SECRET: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=";
/// Stands for the gate's own user.
const USER: &str = "nobody";

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port()
}

fn start(school: &School, program: &str, arguments: &[&str], log: &str) -> Running {
    let log = std::fs::File::create(school.path(log)).expect("a log");
    let mut command = Command::new(program);
    command.args(arguments).current_dir(school.folder.path()).env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "0");
    let child = command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log).spawn();
    Running(child.unwrap_or_else(|fault| panic!("{program} is needed (tests/run --full installs it): {fault}")))
}

fn until(what: &str, mut holds: impl FnMut() -> bool, said: impl Fn() -> String) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "never: {what}: {}", said());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The lines of a block of the page that hold this.
fn written(language: &str, holds: &str) -> String {
    let page = std::fs::read_to_string(project().join("docs/public-certificate.md")).expect("the page");
    let blocks = page.split("\n```").skip(1).step_by(2).filter_map(|block| block.strip_prefix(language));
    let found = blocks.map(|block| block.trim_start_matches('\n').to_owned()).find(|block| block.contains(holds));
    found.unwrap_or_else(|| panic!("the page has no {language} with {holds}"))
}

/// The serial number of the certificate that the gate shows, verified by the authority that the test has made.
fn shown(gate: &Gate, roots: &str) -> String {
    let at = over_tls(gate);
    let (leads, url) = (format!("{NAME}:{}:{}", at.port(), at.ip()), format!("https://{NAME}:{}/", at.port()));
    let page = command("curl", &["-sS", "-i", "--max-time", "10", "--resolve", &leads, "--cacert", roots, &url]);
    if !page.starts_with("HTTP/1.1 200") {
        return page;
    }
    let asks = format!("openssl s_client -connect {at} -servername {NAME} </dev/null 2>/dev/null | openssl x509 -noout -serial");
    command("sh", &["-c", &asks]).trim().to_owned()
}

#[test]
fn a_public_certificate_comes_by_dns_and_each_renewal_is_shown_without_a_restart() {
    if std::env::var_os("SCHOOLGATE_FULL").is_none() {
        println!("NOT RUN: `tests/run --full` runs it");
        return;
    }
    let web = written("toml", "[web]").replace("[web]\n", "").replace("10.20.0.1:8443", "127.0.0.1:0");
    let school = School::new(&Wish { web: &web, network: "portal = [\"password\"]", ..Wish::default() });
    let path = |name: &str| school.path(name).to_str().expect("a path").to_owned();
    let folder = path("");
    let (dns, acme, management) = (free_port(), free_port(), free_port());

    // The domain's own server, as the page says.
    let zone = written("", "update-policy").replace("/var/lib/bind/school.example", &path("school.zone"));
    let options = format!(
        "options {{ directory \"{folder}\"; listen-on port {dns} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; \
         pid-file \"{folder}/named.pid\"; session-keyfile \"{folder}/session.key\"; recursion no; }};\ncontrols {{ }};\n\
         key \"acme-portal.\" {{ algorithm hmac-sha256; secret \"{SECRET}\"; }};\n"
    );
    school.write("named.conf", &(options + &zone));
    school.write(
        "school.zone",
        "$TTL 60\n@ IN SOA ns.school.example. it.school.example. 1 3600 600 86400 60\n@ IN NS ns\nns IN A 127.0.0.1\n",
    );
    let _named = start(&school, "named", &["-g", "-c", &path("named.conf")], "named.log");
    // The authority, which is itself asked over TLS.
    school.certify("127.0.0.1");
    let config = serde_json::json!({ "pebble": {
        "listenAddress": format!("127.0.0.1:{acme}"), "managementListenAddress": format!("127.0.0.1:{management}"),
        "certificate": path("config/gate.pem"), "privateKey": path("config/gate.key"), "httpPort": 5002, "tlsPort": 5001,
        "ocspResponderURL": "", "externalAccountBindingRequired": false,
    } });
    school.write("pebble.json", &config.to_string());
    let at = format!("127.0.0.1:{dns}");
    let _pebble = start(&school, "pebble", &["-config", &path("pebble.json"), "-dnsserver", &at], "pebble.log");
    let logs = || ["named.log", "pebble.log"].map(|log| std::fs::read_to_string(school.path(log)).unwrap_or_default()).join("\n");
    let trusted = path("config/gate.pem");
    let roots = path("roots.pem");
    let fetch =
        || command("curl", &["-sS", "--cacert", &trusted, &format!("https://127.0.0.1:{management}/roots/0"), "-o", &roots]);
    until("the authority answers", || fetch().is_empty(), logs);

    // Without the files the gate runs, and says where the road begins.
    let gate = school.start();
    let needs = || school.json(&["status"])["needs_you"].to_string();
    assert!(needs().contains("public-certificate.md"), "{}", needs());
    assert!(!shown(&gate, &roots).starts_with("serial="), "nothing to show yet");

    let ini = written("ini", "dns_rfc2136_server").replace("192.0.2.53", "127.0.0.1").replace("THE SECRET", SECRET);
    school.write("rfc2136.ini", &format!("{ini}\ndns_rfc2136_port = {dns}\n"));
    std::fs::set_permissions(school.path("rfc2136.ini"), std::fs::Permissions::from_mode(0o600)).expect("its mode");
    let line = written("sh", "certbot certonly");
    let line = line.lines().find(|line| line.starts_with("certbot certonly")).expect("the command");
    let hook = project().join("packaging/certbot-deploy");
    let line = line.replace("/etc/letsencrypt/rfc2136.ini", &path("rfc2136.ini"));
    let line = line.replace("/usr/share/schoolgate/certbot-deploy", hook.to_str().expect("a path"));
    let folders = format!(
        "--config-dir {0} --work-dir {0}/work --logs-dir {0}/logs --server https://127.0.0.1:{acme}/dir",
        path("certbot")
    );
    let certbot = |line: &str| {
        let line = format!("{line} {folders} --dns-rfc2136-propagation-seconds 1");
        let mut command = Command::new("sh");
        command.args(["-c", &line]).env("REQUESTS_CA_BUNDLE", &trusted).env("SCHOOLGATE_USER", USER);
        let output = command.env("SCHOOLGATE_TLS", school.path("config/tls")).stdin(Stdio::null()).output().expect("a shell");
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(output.status.success(), "{line}: {said}\n{}", logs());
    };
    certbot(&line);
    until("the first one is shown", || shown(&gate, &roots).starts_with("serial="), || shown(&gate, &roots) + &needs());
    let first = shown(&gate, &roots);
    assert!(!needs().contains("public-certificate.md"), "{}", needs());

    // The key is the gate's user's, and nobody else's.
    let key = std::fs::metadata(school.path("config/tls/portal.key")).expect("a key");
    let owner = command("id", &["-u", USER]).trim().parse().ok();
    assert_eq!((key.mode() & 0o7777, Some(key.uid())), (0o400, owner));
    let reads = |user: &str, file: &str| {
        let id = command("id", &["-u", user]).trim().to_owned();
        let file = path(&format!("config/tls/{file}"));
        command("setpriv", &["--reuid", &id, "--clear-groups", "cat", &file]).starts_with("-----BEGIN ")
    };
    command("chmod", &["755", &folder]);
    assert!(reads(USER, "portal.key") && !reads("daemon", "portal.key") && reads("daemon", "portal.pem"));

    // As certbot's own timer does it, which knows the hook from the first time.
    certbot("certbot renew --force-renewal --no-random-sleep-on-renew");
    until(
        "the renewed one is shown",
        || shown(&gate, &roots).starts_with("serial=") && shown(&gate, &roots) != first,
        || shown(&gate, &roots) + &logs(),
    );
    let left: Vec<_> =
        std::fs::read_dir(school.path("config/tls")).expect("the folder").flatten().map(|f| f.file_name()).collect();
    assert_eq!(left.len(), 2, "nothing but the two: {left:?}");
}
