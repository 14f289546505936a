//! Looking into TLS, with the real binary, curl and a browser that trusts the school's authority, or does not.

mod support;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use schoolgate::net::ca::{Authority, made};
use schoolgate::words::Host;
use std::convert::Infallible;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use support::{Gate, School, Wish, command, holding, text};
use tokio_rustls::TlsAcceptor;

/// An internet of TLS on the stub's address, under an authority of its own: any name, HTTP/2 or HTTP/1.1.
struct World {
    port: u16,
    certificate: String,
    _runtime: tokio::runtime::Runtime,
}

struct AnyName(Authority);

impl std::fmt::Debug for AnyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AnyName")
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() as i64
}

impl ResolvesServerCert for AnyName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = Host::parse(hello.server_name()?).ok()?;
        // One host's certificate has expired long ago.
        let at = if host.as_str().starts_with("expired.") { now() - 200 * 24 * 60 * 60 } else { now() };
        Some(self.0.leaf(&host, at).ok()?.certified)
    }
}

impl World {
    fn start() -> Self {
        let made = made::made("The World", now()).expect("made");
        let authority = Authority::read(made.certificate.as_bytes(), made.key.as_bytes()).expect("read");
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
        let mut config = config.expect("versions").with_no_client_auth().with_cert_resolver(Arc::new(AnyName(authority)));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.200.0.1:0")).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        runtime.spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    serve(two, TokioIo::new(stream)).await;
                });
            }
        });
        Self { port, certificate: made.certificate, _runtime: runtime }
    }

    fn url(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.port)
    }
}

async fn serve(two: bool, stream: TokioIo<tokio_rustls::server::TlsStream<tokio::net::TcpStream>>) {
    let service = service_fn(page);
    if two {
        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await;
    } else {
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await;
    }
}

async fn page(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path_and_query().map_or("", |p| p.as_str());
    if request.uri().path() == "/setup" {
        let program = [&b"MZ\x90\0"[..], &[0; 4096]].concat();
        return Ok(Response::builder().header("content-type", "text/plain").body(Full::from(program)).expect("a response"));
    }
    let html = format!("<!doctype html><title>t</title><p>asked over {:?} for {path}</p>", request.version());
    Ok(Response::builder().header("content-type", "text/html").body(Full::from(html)).expect("a response"))
}

fn school(world: &World, network: &str) -> School {
    let school = School::new(&Wish { network, more: "[inside]\ntrust = \"world.pem\"\n", ..Wish::default() });
    let text = std::fs::read_to_string(school.path("config/schoolgate.toml")).expect("it is there");
    let text = text
        .replace("ports = [", &format!("ports = [{}, ", world.port))
        .replace("destinations = [", &format!("destinations = [\"127.200.0.1:{}\", ", world.port));
    school.write("config/schoolgate.toml", &text);
    school.write("config/world.pem", &world.certificate);
    school
}

#[test]
fn what_is_searched_for_within_tls_is_sealed_at_the_door_and_opens_with_the_key_alone() {
    let world = World::start();
    let school = school(&world, "ca = \"installed\"");
    school.ok(&["ca", "init"]);
    let sheet = school.path("sheet.html");
    school.typed(&["four words that fit"], &["seal", "init", "--reader", "mrs-khan", "--out", sheet.to_str().expect("a path")]);
    let out = school.path("carried");
    school.ok(&["ca", "export", "--out", out.to_str().expect("a path")]);
    let pem = out.join("schoolgate-ca.pem");
    let gate = school.start();
    for (version, path) in [("--http1.1", "/search?q=kill+myself+canary+one"), ("--http2", "/search?q=kill+myself+canary+two")] {
        let as_a_browser = [version, "-A", "Mozilla/5.0", "-H", "Accept: text/html", "--suppress-connect-headers"];
        let trusted = ["--cacert", pem.to_str().expect("a path"), &world.url("www.bing.com", path)];
        let page = gate.curl("127.0.0.1", &[&as_a_browser[..], &trusted].concat());
        assert!(page.contains("asked over"), "it went through, looked into: {page}");
    }
    let var = school.path("var");
    // In rings and segments, then in the week file with its log.
    assert_eq!(holding(&var, "canary"), Vec::<PathBuf>::new());
    let rows = school.log();
    let searches: Vec<_> = rows.iter().filter(|row| row["host"] == "www.bing.com" && row["search"] == "••••").collect();
    assert_eq!(searches.len(), 2, "{rows:?}");
    for row in searches {
        assert!(row["path"] == "/••••" && row["decrypted"] == "yes", "{row}");
        assert!(row["theme"].is_string(), "the theme was told before the words were sealed: {row}");
    }
    assert_eq!(holding(&var, "canary"), Vec::<PathBuf>::new());
    assert!(!holding(&var, "www.bing.com").is_empty(), "the host is there, or this looks in the wrong place");
    let export = ["log", "export", "--format", "jsonl", "--purpose", "a matter", "--open=mrs-khan"];
    let opened = school.typed(&["four words that fit"], &export);
    for words in ["kill myself canary one", "kill myself canary two"] {
        assert!(opened.contains(words), "{words}: {opened}");
    }
    assert!(gate.stop().success());
    assert_eq!(holding(&var, "canary"), Vec::<PathBuf>::new());
    assert!(!school.service_log().contains("canary"));
}

/// The page that a browser shows, as it reads it; `store` is its folder of certificates.
fn chromium(gate: &Gate, home: &Path, url: &str) -> String {
    let output = Command::new("chromium")
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage", "--dump-dom"])
        .args(["--timeout=20000", "--disable-background-networking", "--disable-component-update"])
        .arg(format!("--user-data-dir={}", home.join("profile").display()))
        .arg(format!("--proxy-server=http://{}", gate.proxy[0]))
        .arg(url)
        .env("HOME", home)
        .stdin(Stdio::null())
        .output()
        .expect("chromium is needed (tests/run installs it)");
    text(&output.stdout)
}

#[test]
fn an_authority_is_made_carried_to_a_browser_and_looked_through_by() {
    let world = World::start();
    let school = school(&world, "ca = \"installed\"");
    let made = school.ok(&["ca", "init"]);
    assert!(made.contains("until"), "{made}");
    let mode = std::fs::metadata(school.path("var/ca/authority.pem")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!school.run(&["ca", "init"]).status.success(), "a second would make every device distrust the gate");
    let out = school.path("carried");
    school.ok(&["ca", "export", "--out", out.to_str().expect("a path")]);
    for name in ["schoolgate-ca.pem", "schoolgate-ca.cer", "schoolgate-ca.mobileconfig", "schoolgate-ca.html"] {
        let bytes = std::fs::read(out.join(name)).expect(name);
        assert!(!bytes.is_empty() && !text(&bytes).contains("PRIVATE"), "{name}");
    }
    let pem = out.join("schoolgate-ca.pem");
    let gate = school.start();

    // curl, by both versions of HTTP.
    let curl = |more: &[&str]| {
        let fixed = [
            "--suppress-connect-headers",
            "--cacert",
            pem.to_str().expect("a path"),
            "-A",
            "Mozilla/5.0",
            "-H",
            "Accept: text/html",
        ];
        gate.curl("127.0.0.1", &[&fixed, more].concat())
    };
    for (version, asked) in [("--http2", "asked over HTTP/2.0 for /a"), ("--http1.1", "asked over HTTP/1.1 for /a")] {
        let said = curl(&[version, &world.url("page.example", "/a")]);
        assert!(said.contains(asked), "{said}");
    }
    let expired = curl(&[&world.url("expired.example", "/")]);
    assert!(expired.contains("502") && expired.contains("certificate has expired"), "{expired}");
    let bank = curl(&[&world.url("www.hsbc.co.uk", "/")]);
    assert!(bank.contains("SSL certificate problem"), "the bank's own certificate is what is shown: {bank}");

    // The files that devices fetch.
    let web = gate.web[0];
    let fetched = command("curl", &["-sS", "--noproxy", "*", &format!("http://{web}/ca/schoolgate-ca.pem")]);
    assert_eq!(fetched, std::fs::read_to_string(&pem).expect("it is there"));
    let page = command("curl", &["-sS", "--noproxy", "*", &format!("http://{web}/ca")]);
    assert!(page.contains("Group Policy") && page.contains(&format!("http://{web}/ca")), "{page}");

    // A browser in whose own store it is.
    let trusting = school.path("trusting");
    let store = trusting.join(".pki/nssdb");
    std::fs::create_dir_all(&store).expect("a folder");
    let store = format!("sql:{}", store.display());
    command("certutil", &["-d", &store, "-N", "--empty-password"]);
    command("certutil", &["-d", &store, "-A", "-t", "C,,", "-n", "schoolgate", "-i", pem.to_str().expect("a path")]);
    let shown = chromium(&gate, &trusting, &world.url("page.example", "/in/a/browser"));
    assert!(shown.contains("asked over HTTP/2.0 for /in/a/browser"), "{shown}");
    let shown = chromium(&gate, &trusting, &world.url("www.pokerstars.com", "/tables"));
    assert!(shown.contains("This page is not available in school"), "{shown}");
    let shown = chromium(&gate, &trusting, "https://trusted.schoolgate.internal/");
    assert!(shown.contains("Yes: it is trusted here"), "{shown}");
    let search = "/search?q=kill+myself+tonight";
    chromium(&gate, &trusting, &world.url("www.bing.com", search));

    // And one in whose store it is not.
    let shown = chromium(&gate, &school.path("distrusting"), &world.url("other.example", "/"));
    assert!(!shown.contains("asked over"), "{shown}");
    let status = school.json(&["status"]);
    assert!(status["authority"].as_str().is_some_and(|a| a.contains("looks inside on lab")), "{status}");
    let needs = status["needs_you"].to_string();
    assert!(needs.contains("other.example turned the gate's certificate away"), "{needs}");

    let log = school.log();
    let find = |path: &str| log.iter().find(|e| e["path"] == path).unwrap_or_else(|| panic!("{path} is not in {log:?}"));
    let in_browser = find("/in/a/browser");
    assert_eq!((&in_browser["decrypted"], &in_browser["intent"]), (&"yes".into(), &"navigation".into()));
    let blocked = find("/tables");
    assert_eq!(
        (&blocked["action"], &blocked["host"], &blocked["intent"]),
        (&"block".into(), &"www.pokerstars.com".into(), &"navigation".into())
    );
    let searched = find(search);
    assert_eq!((&searched["search"], &searched["intent"]), (&"kill myself tonight".into(), &"search".into()));
    assert!(searched["theme"] == "suicide" || searched["theme"] == "self-harm", "{searched}");
    let bank = log.iter().find(|e| e["host"] == "www.hsbc.co.uk").expect("the bank's line");
    assert_eq!((&bank["decrypted"], &bank["path"]), (&"banking".into(), &serde_json::Value::Null));

    // The gate sees for itself that it is looked into, as a device that trusts the authority and no other.
    let tried = school.json(&["self-test"]);
    let checks = tried["checks"].as_array().expect("checks");
    let by_proxy = checks.iter().find(|c| c["door"] == "proxy" && c["network"] == "lab" && c["what"] == "gambling");
    let said = by_proxy.map(|c| (c["outcome"].as_str().expect("one"), c["said"].as_str().expect("said")));
    assert_eq!(said, Some(("ok", "blocked: HTTP with the block page, HTTPS with it within TLS")), "{tried:#}");
    let log = school.log();
    let within: Vec<_> = log.iter().filter(|e| e["door"] == "self-test" && e["decrypted"] == "yes").collect();
    assert!(!within.is_empty() && within.iter().all(|e| e["action"] == "block" && e["path"] == "/"), "{within:?}");

    // The one that follows stands beside it, and signs when it is told to.
    school.ok(&["ca", "roll"]);
    gate.signal("-HUP");
    let next = school.ok(&["ca", "export"]);
    assert_ne!(next, std::fs::read_to_string(&pem).expect("it is there"));
    assert!(curl(&[&world.url("page.example", "/b")]).contains("for /b"), "the old one signs");
    school.ok(&["ca", "roll", "--take"]);
    gate.signal("-HUP");
    school.write("next.pem", &next);
    let next = school.path("next.pem");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let said = gate.curl("127.0.0.1", &["--cacert", next.to_str().expect("a path"), &world.url("page.example", "/c")]);
        if said.contains("for /c") {
            break;
        }
        assert!(std::time::Instant::now() < until, "the new one does not sign: {said}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Of gambling, everybody is warned at any time.
const WARNED: &str = "[[timetable]]\ncategory = \"gambling\"\naction = \"warn\"\nfrom = \"00:00\"\nuntil = \"24:00\"\n\
    days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\n";

#[test]
fn who_is_warned_within_tls_goes_on_at_the_gate_s_own_door_and_comes_back_to_the_page() {
    let world = World::start();
    let school = school(&world, "ca = \"installed\"");
    let config = std::fs::read_to_string(school.path("config/schoolgate.toml")).expect("it is there");
    school.write("config/schoolgate.toml", &format!("{config}\n{WARNED}"));
    school.ok(&["ca", "init"]);
    let pem = school.path("ca.pem");
    std::fs::write(&pem, school.ok(&["ca", "export"])).expect("written");
    let gate = school.start();
    let url = world.url("www.pokerstars.com", "/tables?seat=1");
    let page = || {
        let more = ["--suppress-connect-headers", "--cacert", pem.to_str().expect("a path"), "-H", "Accept: text/html", &url];
        gate.curl("127.0.0.1", &more)
    };
    let web = gate.web[0];
    let why = format!("http://{web}/why");
    let warning = page();
    assert!(warning.contains("Stop and think first") && warning.contains(&format!("href=\"{why}\"")), "{warning}");
    let straight = |more: &[&str]| command("curl", &[&["-sS", "--max-time", "15", "--noproxy", "*"], more].concat());
    let list = straight(&[&why]);
    assert!(list.contains("www.pokerstars.com") && list.contains("Go on to this page"), "{list}");
    let form = "do=go-on&host=www.pokerstars.com";
    let foreign = straight(&["-H", "Origin: https://www.pokerstars.com", "-d", form, &why]);
    assert!(foreign.contains("did not come from this page"), "{foreign}");
    assert!(page().contains("Stop and think first"));
    let gone_on = straight(&["-H", &format!("Origin: http://{web}"), "-d", form, &why]);
    assert!(gone_on.contains(&format!("href=\"{url}\"")), "{gone_on}");
    let shown = page();
    assert!(shown.contains("asked over HTTP/2.0 for /tables?seat=1"), "{shown}");
    let log = school.log();
    let told: Vec<_> = log.iter().filter(|e| e["method"] == "GET").map(|e| (e["action"].clone(), e["status"].clone())).collect();
    assert_eq!(told, [("warn".into(), 403.into()), ("warn".into(), 403.into()), ("warn".into(), 200.into())]);
    let judged = school.json(&["explain", &url]);
    assert_eq!((&judged["action"], &judged["looked_into"]), (&"warn".into(), &"yes".into()), "{judged}");
}

#[test]
fn a_program_is_not_downloaded_within_tls_whatever_its_server_calls_it_and_the_log_says_what_it_was() {
    let world = World::start();
    let school = school(&world, "ca = \"installed\"");
    school.ok(&["ca", "init"]);
    let pem = school.path("ca.pem");
    std::fs::write(&pem, school.ok(&["ca", "export"])).expect("written");
    let gate = school.start();
    let get = |path: &str, more: &[&str]| {
        let url = world.url("page.example", path);
        gate.curl("127.0.0.1", &[&["--cacert", pem.to_str().expect("a path"), "-H", "Accept: text/html", &url], more].concat())
    };
    let refused = get("/setup", &[]);
    assert!(!refused.contains("MZ"), "{refused}");
    // Under its own name it is kept as a file, and so there is a page.
    let page = get("/setup.exe", &[]);
    assert!(page.contains("asked over"), "a page about it opens: {page}");
    let log = school.log();
    let line = log.iter().find(|e| e["path"] == "/setup" && e["action"] == "block").expect("the line");
    assert_eq!((&line["step"], &line["rule"]), (&"download".into(), &"downloads: programs".into()), "{line}");
    assert_eq!(line["profile"], "secondary", "{line}");
    let judged = school.json(&["explain", &world.url("page.example", "/setup.exe")]);
    assert_eq!((&judged["action"], &judged["step"]), (&"block".into(), &"download".into()), "{judged}");
    let change = judged["to_change"].as_str().expect("a change");
    let words: Vec<_> = change.trim_start_matches("schoolgate ").split(' ').filter(|word| *word != "'…'").collect();
    school.ok(&[&words[..], &["for the computing lesson"]].concat());
    assert!(get("/setup", &["--output", "-"]).contains("MZ"), "{change}");
}

#[test]
fn without_an_authority_or_where_devices_do_not_have_it_nothing_is_looked_into() {
    let world = World::start();
    let school = school(&world, "");
    school.write("world.pem", &world.certificate);
    let pem = school.path("world.pem");
    let gate = school.start();
    let curl = || gate.curl("127.0.0.1", &["--cacert", pem.to_str().expect("a path"), &world.url("page.example", "/x")]);
    assert!(curl().contains("for /x"));
    school.ok(&["ca", "init"]);
    gate.signal("-HUP");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while school.json(&["status"])["authority"].is_null() {
        assert!(std::time::Instant::now() < until, "the authority is not taken");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(curl().contains("for /x"), "the origin's own certificate is what is shown");
    let why: Vec<_> = school.log().iter().map(|e| e["decrypted"].clone()).collect();
    assert_eq!(why, ["no-authority", "network"]);
}
