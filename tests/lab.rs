//! A school in network namespaces on one machine, each host with its own address: real clients reach the doors as they are told
//! to, and as the kernel sends them. Needs root, `ip` and `nft`.

#[path = "lab/hands.rs"]
mod hands;
#[path = "lab/internet.rs"]
mod internet;
#[path = "lab/machines.rs"]
mod machines;
#[path = "lab/school.rs"]
mod school;
mod support;

use machines::{lacks, said};
use nix::sys::signal::Signal;
use school::{GATEWAY, School};
use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The lab, or a plain word that it cannot be.
fn lab() -> Option<School> {
    match lacks() {
        Some(what) => {
            eprintln!("NOT RUN: the lab needs {what}, which is not here");
            None
        }
        None => Some(School::new()),
    }
}

const PEOPLE: &str =
    "id,name,role,year,address\n1,Ann Archer,pupil,8,10.20.1.10\n2,Tom Teach,staff,,10.30.1.10\n3,Phil Fone,pupil,9,10.40.1.10\n";

fn told(door: &str, person: &str, action: &str, status: u64) -> (String, String, String, u64) {
    (door.into(), person.into(), action.into(), status)
}

#[test]
fn what_the_kernel_sends_to_the_doors_is_judged_by_its_name_and_written_down_with_its_person() {
    let Some(school) = lab() else { return };
    school.import(PEOPLE);
    let _gate = school.start();
    school.ok(&["firewall", "apply", "--unattended"]);
    let pupil = &school.pupil;
    let (good, bad) = ("origin 11.1.0.80 for goodschool.com", "origin 11.1.0.66");
    let ca = school.path("ca.pem");

    // As any machine does it, that knows of no gate: HTTP and HTTPS, IPv4 and IPv6.
    for (arguments, origin) in [
        (&["-4", "http://goodschool.com/"][..], good),
        (&["-4", "--cacert", &ca, "https://goodschool.com/"], good),
        (&["-6", "http://goodschool.com/"], "for goodschool.com"),
        (&["-6", "--cacert", &ca, "https://goodschool.com/"], "for goodschool.com"),
    ] {
        let answer = pupil.curl(arguments);
        assert!(answer.contains(" 200") && answer.contains(origin), "{arguments:?}: {answer}");
        // The register has the address of IPv4 alone: the neighbours tell that the other one is the same machine's.
        assert_eq!(school.last("goodschool.com"), told("transparent", "1", "allow", 200), "{arguments:?}");
    }

    // What is blocked: a page, or an alert before any certificate.
    let answer =
        pupil.curl(&["-4", "-H", "Accept: text/html", "--resolve", "badschool.com:80:11.1.0.66", "http://badschool.com/"]);
    assert!(answer.contains("403 Forbidden") && answer.contains("form tutor") && !answer.contains(bad), "{answer}");
    assert_eq!(school.last("badschool.com"), told("transparent", "1", "block", 403));
    let alert = pupil.says("openssl", &["s_client", "-connect", "11.1.0.66:443", "-servername", "badschool.com"]);
    assert!(alert.contains("alert number 49") && alert.contains("no peer certificate available"), "{alert}");

    // A forged name gains nothing: it is reached where our own resolver says that it is.
    let forged = pupil.curl(&["-4", "-H", "Host: goodschool.com", "http://11.1.0.66/"]);
    assert!(forged.contains(good) && !forged.contains(bad), "{forged}");
    let forged =
        pupil.says("openssl", &["s_client", "-connect", "11.1.0.66:443", "-servername", "goodschool.com", "-CAfile", &ca]);
    assert!(forged.contains("Verify return code: 0") && !forged.contains("badschool"), "{forged}");
    let forged = pupil.curl(&["-4", "-k", "--connect-to", "goodschool.com:443:11.1.0.66:443", "https://goodschool.com/"]);
    assert!(forged.contains(good), "{forged}");

    // Without a name: by what was told to this client; then by the address.
    let unnamed = pupil.curl(&["-4", "-k", "https://11.1.0.80/"]);
    assert!(unnamed.contains("origin 11.1.0.80"), "{unnamed}");
    assert_eq!(school.last("goodschool.com"), told("transparent", "1", "allow", 200));
    let unnamed = pupil.curl(&["-4", "-k", "https://11.1.0.99/"]);
    assert!(unnamed.contains("origin 11.1.0.99"), "{unnamed}");
    assert_eq!(school.last("11.1.0.99"), told("transparent", "1", "allow", 200));

    // Another protocol on the port of HTTPS.
    let not_tls = pupil.on(|| {
        let mut stream = TcpStream::connect("11.1.0.80:443").expect("the door takes it");
        stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").expect("sent");
        std::io::copy(&mut stream, &mut std::io::sink()).unwrap_or(0)
    });
    assert_eq!((not_tls, school.last("goodschool.com").2.as_str()), (0, "block"));

    // Names are asked of the gate whoever is asked.
    let blocked = pupil.says("dig", &["+tries=1", "@11.1.0.53", "badschool.com"]);
    assert!(blocked.contains("NXDOMAIN") && blocked.contains("EDE: 17"), "{blocked}");

    // What would go past the doors is refused at once.
    for (what, refused) in [("QUIC", udp(pupil, 443)), ("DNS over QUIC", udp(pupil, 853)), ("DNS over TLS", tcp(pupil, 853))] {
        assert!(refused.0 && refused.1 < Duration::from_millis(900), "{what}: {refused:?}");
    }

    // By itself nobody comes here.
    let direct = pupil.curl(&[&format!("http://{GATEWAY}:3129/")]);
    assert!(direct.contains("421 Misdirected"), "{direct}");
    // And by the proxy, as a browser is told to: the same person, the other door; a name that is another's is refused.
    let proxy = format!("http://{GATEWAY}:3128");
    let explicit = pupil.curl(&["--cacert", &ca, "-x", &proxy, "https://goodschool.com/"]);
    assert!(explicit.contains("origin"), "{explicit}");
    assert_eq!(school.last("goodschool.com"), told("proxy", "1", "allow", 200));
    let at = ["-proxy", &proxy["http://".len()..], "-connect", "otherschool.com:443", "-servername", "goodschool.com"];
    let other = pupil.says("openssl", &[&["s_client"], &at[..]].concat());
    assert!(other.contains("alert number 112") && other.contains("no peer certificate"), "{other}");
    assert_eq!(school.last("goodschool.com"), told("proxy", "1", "block", 403));

    let teacher = &school.teacher;
    assert!(teacher.curl(&["--cacert", &ca, "https://goodschool.com/"]).contains(good));
    assert_eq!(school.last("goodschool.com"), told("transparent", "2", "allow", 200));

    by_chromium(&school);
}

#[test]
fn the_very_first_page_from_an_address_that_a_device_has_just_made_up_is_its_persons() {
    let Some(school) = lab() else { return };
    school.import(PEOPLE);
    let _gate = school.start();
    school.ok(&["firewall", "apply", "--unattended"]);
    let pupil = &school.pupil;
    assert!(pupil.curl(&["-4", "http://goodschool.com/known"]).contains(" 200"));
    assert_eq!(school.last("goodschool.com"), told("transparent", "1", "allow", 200));
    for n in 0..30 {
        let address = format!("2a00:20::ad:{n:x}");
        pupil.must("ip", &["-6", "address", "add", &format!("{address}/64"), "dev", "eth0", "nodad"]);
        let answer = pupil.curl(&["-6", "--interface", &address, &format!("http://goodschool.com/{n}")]);
        assert!(answer.contains(" 200"), "{n}: {answer}");
    }
    let lines = school.lines("goodschool.com");
    assert_eq!(lines.len(), 31);
    let others: Vec<_> = lines.iter().filter(|line| line["person"] != "1").collect();
    assert!(others.is_empty(), "{} of 30: {others:?}", others.len());
}

/// A machine, where its gateway is, and what is to be seen of it.
struct Seat<'s> {
    machine: &'s machines::Machine,
    gateway: &'s str,
    person: &'s str,
    /// Whether it is looked inside: then it has the school's authority.
    inside: bool,
    /// Where it may go.
    host: &'s str,
}

#[test]
fn every_machine_by_every_way_is_looked_inside_or_not_and_written_down_with_its_person() {
    let Some(school) = lab() else { return };
    school.import(PEOPLE);
    school.ok(&["ca", "init"]);
    std::fs::write(school.path("ours.pem"), school.ok(&["ca", "export"])).expect("written");
    let _gate = school.start();
    school.ok(&["firewall", "apply", "--unattended"]);
    let seat = |machine, gateway, person, inside, host| Seat { machine, gateway, person, inside, host };
    let seats = [
        seat(&school.pupil, "10.20.0.1", "1", true, "goodschool.com"),
        seat(&school.teacher, "10.30.0.1", "2", true, "goodschool.com"),
        seat(&school.phone, "10.40.0.1", "3", false, "goodschool.com"),
        seat(&school.printer, "10.50.0.1", "-", false, "otherschool.com"),
    ];
    for seat in &seats {
        let Seat { machine, gateway, person, inside, host } = *seat;
        let ca = school.path(if inside { "ours.pem" } else { "ca.pem" });
        let proxy = format!("http://{gateway}:3128");
        for (way, through) in [("proxy", &["-x", &proxy][..]), ("transparent", &[])] {
            let what = format!("{} by {way}", machine.name);
            for version in ["--http2", "--http1.1"] {
                let url = format!("https://{host}/{way}");
                let fixed = ["-4", "--suppress-connect-headers", version, "--cacert", &ca, &url];
                let answer = machine.curl(&[&fixed[..], through].concat());
                let (shown, over) = if version == "--http2" { ("HTTP/2 200", "HTTP/2.0") } else { ("HTTP/1.1 200", "HTTP/1.1") };
                assert!(answer.contains(shown) && answer.contains(&format!("for {host} over {over}")), "{what}: {answer}");
            }
            let line = school.line(host);
            assert_eq!(line["person"].as_str().unwrap_or("-"), person, "{what}: {line}");
            let seen = if inside { ("yes", format!("/{way}")) } else { ("network", String::new()) };
            assert_eq!(line["decrypted"], seen.0, "{what}: {line}");
            assert_eq!(line["path"].as_str().unwrap_or_default(), seen.1, "{what}: {line}");
            assert_eq!((&line["door"], &line["action"]), (&way.into(), &"allow".into()), "{what}");

            // What is blocked is a page where our authority is, and an alert where it is not.
            let fixed =
                ["-4", "--suppress-connect-headers", "--cacert", &ca, "-H", "Accept: text/html", "https://badschool.com/"];
            let where_it_is = ["--resolve", "badschool.com:443:11.1.0.66"];
            let known = if way == "transparent" { &where_it_is[..] } else { &[] };
            let answer = machine.curl(&[&fixed[..], through, known].concat());
            assert_eq!(answer.contains("form tutor"), inside, "{what}: {answer}");
            assert!(!answer.contains("origin") && !answer.contains("certificate problem"), "{what}: {answer}");
            assert_eq!(school.last("badschool.com"), told(way, person, "block", 403), "{what}");
        }
    }
    // A thing reaches what it is let to, and nothing else.
    let printer = &school.printer;
    let answer = printer.curl(&["-x", "http://10.50.0.1:3128", "http://goodschool.com/"]);
    assert!(answer.contains("403 Forbidden") && !answer.contains("origin"), "{answer}");
    let line = school.line("goodschool.com");
    assert_eq!(
        (&line["action"], &line["profile"], &line["person"]),
        (&"block".into(), &"things".into(), &serde_json::Value::Null)
    );
    assert!(!printer.says("dig", &["+short", "+tries=1", "goodschool.com"]).contains("11.1.0.80"));

    by_pac(&school, &seats[..3]);
}

/// Browsers that are told their proxy by the file at the gateway.
fn by_pac(school: &School, seats: &[Seat]) {
    if !has_chromium() {
        return;
    }
    std::thread::scope(|scope| {
        for seat in seats {
            scope.spawn(move || {
                let home = school.path(&format!("home-{}", seat.person));
                if seat.inside {
                    let store = format!("{home}/.pki/nssdb");
                    std::fs::create_dir_all(&store).expect("a folder");
                    let (store, ours) = (format!("sql:{store}"), school.path("ours.pem"));
                    machines::must("certutil", &["-d", &store, "-N", "--empty-password"]);
                    machines::must("certutil", &["-d", &store, "-A", "-t", "C,,", "-n", "schoolgate", "-i", &ours]);
                }
                let pac = format!("--proxy-pac-url=http://{}:8080/proxy.pac", seat.gateway);
                let url = format!("https://goodschool.com/pac/{}", seat.person);
                // The phone does not know the lab's own authority.
                let more = if seat.inside { "--no-first-run" } else { "--ignore-certificate-errors" };
                let page = chromium(seat.machine, &home, &[&pac, more, &url]);
                assert!(page.contains("for goodschool.com over HTTP/2.0"), "{}: {page}", seat.machine.name);
            });
        }
    });
    for seat in seats {
        let lines = school.lines("goodschool.com");
        let path = format!("/pac/{}", seat.person);
        let found = lines.iter().rfind(|line| if seat.inside { line["path"] == path } else { line["person"] == seat.person });
        let line = found.unwrap_or_else(|| panic!("no line of {path}: {lines:?}"));
        let seen = if seat.inside { "yes" } else { "network" };
        assert_eq!((&line["door"], &line["person"], &line["decrypted"]), (&"proxy".into(), &seat.person.into(), &seen.into()));
    }
}

fn has_chromium() -> bool {
    let there = std::process::Command::new("chromium").arg("--version").output().is_ok();
    if !there {
        eprintln!("NOT RUN: the browser's part of the lab needs `chromium`, which is not here");
    }
    there
}

/// The page that a browser on this machine shows, as it reads it.
fn chromium(on: &machines::Machine, home: &str, more: &[&str]) -> String {
    let (home, profile) = (format!("HOME={home}"), format!("--user-data-dir={home}/profile"));
    let fixed = ["90", "env", &home, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", &profile];
    on.says("timeout", &[&fixed[..], more].concat())
}

#[test]
fn redirected_connections_that_go_wrong_leave_nothing_and_each_that_asked_has_its_line() {
    let Some(school) = lab() else { return };
    school.import(PEOPLE);
    let _gate = school.start();
    school.ok(&["firewall", "apply", "--unattended"]);
    let held = || {
        let metrics = school.gateway.says("curl", &["-sS", "http://127.0.0.1:8080/metrics"]);
        let line = metrics.lines().find_map(|l| l.strip_prefix("schoolgate_tasks "));
        line.and_then(|n| n.parse::<u32>().ok()).unwrap_or_else(|| panic!("{metrics}"))
    };
    let before = held();
    let hello = include_bytes!("../src/wire/hello/curl.bin");
    // What is cut short has asked for nothing yet.
    let asked = school.pupil.on(|| {
        let open = |port: u16| TcpStream::connect(("11.1.0.80", port)).expect("the door takes it");
        let ask = b"GET / HTTP/1.1\r\nHost: goodschool.com\r\n\r\n";
        let mut asked = 0;
        for n in 0..300 {
            let (mut plain, mut some) = (open(80), [0; 64]);
            match n % 6 {
                0 | 1 => {
                    plain.write_all(ask).expect("sent");
                    assert!(std::io::Read::read(&mut plain, &mut some).is_ok_and(|n| n > 0));
                    asked += 1;
                    if n % 6 == 1 {
                        socket2::SockRef::from(&plain).set_linger(Some(Duration::ZERO)).expect("set");
                    }
                }
                2 => plain.write_all(&ask[..n % ask.len()]).expect("sent"),
                3 => plain.write_all(b"\x00\xff\x13 no HTTP at all\r\n\r\n").expect("sent"),
                4 => {
                    let mut secure = open(443);
                    secure.write_all(&hello[..20 + n]).expect("sent");
                    socket2::SockRef::from(&secure).set_linger(Some(Duration::ZERO)).expect("set");
                }
                _ => drop(open(443)),
            }
        }
        asked
    });
    school.until("nothing is left", || held() <= before);
    let lines = school.lines("goodschool.com");
    let logged: u64 = lines.iter().map(|line| line["count"].as_u64().expect("a count")).sum();
    assert_eq!(logged, asked);
    assert!(lines.iter().all(|line| line["person"] == "1" && line["door"] == "transparent"), "{lines:?}");
}

/// Whether it was refused, and how soon.
fn udp(from: &machines::Machine, port: u16) -> (bool, Duration) {
    from.on(|| {
        let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
        socket.set_read_timeout(Some(Duration::from_secs(3))).expect("set");
        socket.connect(("11.1.0.80", port)).expect("a route");
        let began = Instant::now();
        let refused = socket.send(b"hello").and_then(|_| socket.recv(&mut [0; 9]));
        (refused.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionRefused), began.elapsed())
    })
}

fn tcp(from: &machines::Machine, port: u16) -> (bool, Duration) {
    from.on(|| {
        let began = Instant::now();
        let refused = TcpStream::connect_timeout(&([11, 1, 0, 80], port).into(), Duration::from_secs(3));
        (refused.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionRefused), began.elapsed())
    })
}

/// What a pupil sees in a browser: the page, and where a page is blocked no warning of a certificate.
fn by_chromium(school: &School) {
    if !has_chromium() {
        return;
    }
    let home = school.path("home");
    let shows = |url: &str, more: &[&str]| chromium(&school.pupil, &home, &[more, &[url]].concat());
    let page = shows("https://goodschool.com/", &["--ignore-certificate-errors"]);
    assert!(page.contains("for goodschool.com"), "{page}");
    for (url, more) in [
        ("https://badschool.com/", &["--host-resolver-rules=MAP badschool.com 11.1.0.66"][..]),
        ("https://badschool.com/", &["--proxy-server=http://10.20.0.1:3128"]),
    ] {
        let page = shows(url, more);
        assert!(!page.contains("ERR_CERT") && !page.contains("origin 11."), "{page}");
        assert!(
            page.contains("ERR_SSL") || page.contains("ERR_TUNNEL_CONNECTION_FAILED") || page.contains("ERR_BAD_SSL"),
            "{page}"
        );
        let code = page.split("ERR_").nth(1).map(|rest| rest.split(|c: char| !(c.is_ascii_uppercase() || c == '_')).next());
        eprintln!("Chromium shows ERR_{} for {url} {more:?}", code.flatten().unwrap_or_default());
    }
    let page = shows("http://badschool.com/", &["--host-resolver-rules=MAP badschool.com 11.1.0.66"]);
    assert!(page.contains("form tutor"), "{page}");
}

#[test]
fn while_the_gate_is_down_pupils_have_nothing_and_the_staff_go_straight_on() {
    let Some(school) = lab() else { return };
    let mut gate = school.start();
    let mut watch = school.spawn(&["firewall", "watch"]);
    let (pupil, teacher) = (&school.pupil, &school.teacher);
    let blocked = |machine: &machines::Machine| {
        machine.curl(&["--resolve", "badschool.com:80:11.1.0.66", "http://badschool.com/"]).contains("403 Forbidden")
    };
    school.until("the rules are in force", || blocked(pupil) && blocked(teacher));

    gate.kill();
    let killed = Instant::now();
    school.until("the staff go straight on", || teacher.curl(&["http://badschool.com/"]).contains("origin 11.1.0.66"));
    eprintln!("open to the staff {:?} after the gate was killed", killed.elapsed());
    assert!(killed.elapsed() < Duration::from_secs(10), "{:?}", killed.elapsed());
    // By any way: names, pages, and what is refused while the gate answers.
    assert!(
        teacher.says("dig", &["+tries=1", "badschool.com"]).contains("11.1.0.66"),
        "names are answered by whom the gate asks"
    );
    let quic = udp(teacher, 443);
    assert!(quic.0 && !tcp(teacher, 80).0, "the far end refuses that, nobody else: {quic:?}");
    for arguments in [&["http://11.1.0.80/"][..], &["-k", "https://11.1.0.80/"], &["-6", "http://[2a00:11::80]/"]] {
        let answer = pupil.curl(arguments);
        assert!(answer.contains("onnect") && !answer.contains("origin"), "{arguments:?}: {answer}");
    }
    assert!(!pupil.says("dig", &["+tries=1", "+time=2", "@11.1.0.53", "goodschool.com"]).contains("11.1.0.80"));

    // Killed with its watch it is down as well: what the kernel was promised runs out by itself.
    gate = school.start();
    school.until("it filters again", || blocked(pupil) && blocked(teacher));
    watch.kill();
    gate.kill();
    let killed = Instant::now();
    school.until("the staff go straight on", || teacher.curl(&["http://badschool.com/"]).contains("origin 11.1.0.66"));
    eprintln!("open to the staff {:?} after gate and watch were killed", killed.elapsed());
    assert!(killed.elapsed() < Duration::from_secs(15), "{:?}", killed.elapsed());
    assert!(!pupil.curl(&["http://11.1.0.80/"]).contains("origin"));
}

#[test]
fn rules_that_nobody_confirms_are_taken_back() {
    let Some(school) = lab() else { return };
    let table = || school.gateway.says("nft", &["list", "tables"]).contains("schoolgate");
    let apply = |seconds: &str| school.schoolgate(&["firewall", "apply", "--confirm-within", seconds]);

    // Nobody there to confirm.
    let output = apply("5").output().expect("it runs");
    assert!(!output.status.success() && said(&output).contains("as they were before") && !table(), "{}", said(&output));
    // A terminal that goes away, and one at which nobody types.
    for hang_up in [true, false] {
        let mut child = apply("5").stdin(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it runs");
        let typing = child.stdin.take();
        school.until("the rules are tried", table);
        let mut running = machines::Running(child);
        if hang_up {
            running.signal(Signal::SIGHUP);
        }
        assert!(!running.0.wait().expect("it ends").success());
        assert!(!table(), "hung up: {hang_up}");
        drop(typing);
    }
    let mut child = apply("60").stdin(Stdio::piped()).spawn().expect("it runs");
    child.stdin.take().expect("a pipe").write_all(b"yes\n").expect("typed");
    assert!(child.wait().expect("it ends").success() && table());
    // A change that is not confirmed leaves those that were.
    let before = school.gateway.must("nft", &["list", "table", "inet", "schoolgate"]);
    school.configure("when_down = \"open\"");
    assert!(!apply("5").output().expect("it runs").status.success());
    assert_eq!(school.gateway.must("nft", &["list", "table", "inet", "schoolgate"]), before);
    let printed = school.ok(&["firewall", "print"]);
    assert!(printed.contains("goto open # classrooms"), "{printed}");
    school.ok(&["firewall", "remove"]);
    assert!(!table());
}
