//! A report that nobody was there to make, and the mail of it, by a real server of SMTP: login, TLS from the first byte, STARTTLS.

#[path = "support/last_week.rs"]
mod last_week;
mod support;

use schoolgate::words::Category;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{School, Wish, command};

const EXIM: &str = "/usr/sbin/exim4";
/// What the mail must never hold.
const NAME: &str = "Alma Quill";
const WORD: &str = "three wet herons";

/// Debian's exim, which keeps what it is sent as files. Dropped: killed.
struct Exim {
    folder: tempfile::TempDir,
    smtps: u16,
    submission: u16,
    child: Child,
}

impl Exim {
    /// `None`: it is not here, or not ours to start.
    fn start() -> Option<Self> {
        if !std::path::Path::new(EXIM).exists() || !nix::unistd::geteuid().is_root() {
            assert!(std::env::var_os("SCHOOLGATE_FULL").is_none(), "exim4 is needed, and root (tests/run --full installs it)");
            eprintln!("NOT RUN: exim4 is not here, or this is not root; tests/run --full installs it");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let ports = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let [smtps, submission] = ports.each_ref().map(|listener| listener.local_addr().expect("its address").port());
        drop(ports);
        let key = rcgen::KeyPair::generate().expect("a key");
        let wanted = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        std::fs::write(at("cert.pem"), wanted.self_signed(&key).expect("a certificate").pem()).expect("written");
        std::fs::write(at("key.pem"), key.serialize_pem()).expect("written");
        let config = format!(
            "primary_hostname = localhost\nspool_directory = {spool}\nlog_file_path = {log}\ntls_certificate = {cert}\n\
             tls_privatekey = {key}\ntls_advertise_hosts = *\ntls_on_connect_ports = {smtps}\n\
             daemon_smtp_ports = {smtps} : {submission}\nlocal_interfaces = 127.0.0.1\nacl_smtp_rcpt = rcpt\nkeep_environment =\n\
             begin acl\nrcpt:\n  require authenticated = *\n  accept\n\
             begin routers\nall:\n  driver = accept\n  transport = kept\n\
             begin transports\nkept:\n  driver = appendfile\n  directory = {mail}\n  user = Debian-exim\n  maildir_format\n\
             begin authenticators\nplain:\n  driver = plaintext\n  public_name = PLAIN\n  server_prompts = :\n\
             \x20 server_advertise_condition = ${{if def:tls_in_cipher}}\n\
             \x20 server_condition = ${{if and{{{{eq{{$auth2}}{{gate}}}}{{eq{{$auth3}}{{{WORD}}}}}}}}}\n  server_set_id = $auth2\n",
            spool = at("spool"),
            log = at("log-%s"),
            cert = at("cert.pem"),
            key = at("key.pem"),
            mail = at("mail"),
        );
        for made in ["spool", "mail"] {
            std::fs::create_dir(at(made)).expect("a folder");
        }
        command("chown", &["-R", "Debian-exim", &folder.path().display().to_string()]);
        // Its configuration is root's, or it is not read.
        std::fs::write(at("exim.conf"), config).expect("written");
        let mut exim = Command::new(EXIM);
        exim.args(["-C", &at("exim.conf"), "-bdf", "-oP", &at("pid")]);
        let child = exim.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("exim starts");
        let exim = Self { folder, smtps, submission, child };
        let until = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", exim.smtps)).is_err() {
            assert!(Instant::now() < until, "exim did not listen: {}", exim.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(exim)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> String {
        ["log-main", "log-reject", "log-panic"].map(|log| std::fs::read_to_string(self.path(log)).unwrap_or_default()).concat()
    }

    /// Every mail it has, by the words of its subject.
    fn mails(&self) -> Vec<String> {
        let kept = std::fs::read_dir(self.path("mail/new")).into_iter().flatten().flatten();
        kept.map(|file| std::fs::read_to_string(file.path()).expect("a mail")).collect()
    }

    /// Waits for one whose subject begins like this.
    fn mail(&self, subject: &str) -> String {
        let until = Instant::now() + Duration::from_secs(90);
        loop {
            let begins = format!("Subject: {subject}");
            if let Some(mail) = self.mails().into_iter().find(|mail| mail.lines().any(|line| line.starts_with(&begins))) {
                return mail;
            }
            assert!(Instant::now() < until, "no mail {subject:?}: {}", self.log());
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_report_that_was_missed_is_made_at_the_next_start_says_so_and_is_told_by_mail() {
    let Some(exim) = Exim::start() else { return };
    let certificate = exim.path("cert.pem");
    let mail = format!(
        "[mail]\nserver = \"localhost\"\nport = {}\ntls = \"tls\"\nuser = \"gate\"\npassword_file = \"mail-word\"\ntrust = {certificate:?}\n\
         from = \"gate@school.example\"\nto = [\"dsl@school.example\"]\n",
        exim.smtps
    );
    let school = School::new(&Wish { more: &mail, ..Wish::default() });
    school.write("config/mail-word", &format!("{WORD}\n"));
    school.import(&format!("id,name,role,year,device,mac\nP0901,{NAME},pupil,9,Laptop 1,3c:22:fb:00:00:01\n"));
    // A pupil asked seven times for what promises self-harm, a week ago.
    last_week::asked(&school, &[(1, Category::SELF_HARM, "forum.worry.example")]);

    let gate = school.start();
    let report = exim.mail("Weekly report");
    assert!(report.contains("It is late: it was due") && report.contains("delivery number is 1"), "{report}");
    assert!(report.contains("1 matter needs a person"), "{report}");
    for never in [NAME, "Quill", "P0901", "Laptop", "worry", "harm"] {
        assert!(!report.contains(never), "a mail says {never:?}: {report}");
    }
    // It is there, in every edition, and says the same.
    let folder = school.path("var/reports");
    let week = std::fs::read_dir(&folder).expect("reports").flatten().find(|e| e.path().is_dir()).expect("a week").path();
    let html = std::fs::read_to_string(week.join("dsl.html")).expect("the edition");
    assert!(html.contains("P0901") && html.contains("late"), "{html}");
    assert!(week.join("governor.pdf").exists());

    // The test mail, by STARTTLS; until somebody has had it, `status` says so.
    let needs = |gate: &support::Gate| gate.school.json(&["status"])["needs_you"].to_string();
    let test = exim.mail("Test of the weekly report's mail");
    assert!(needs(&gate).contains("report confirm"), "{}", needs(&gate));
    let code = test.split("report confirm ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a code").to_owned();
    assert!(!school.run(&["report", "confirm", "000000"]).status.success());
    school.ok(&["report", "confirm", &code]);
    assert!(!needs(&gate).contains("report confirm"), "{}", needs(&gate));
    drop(gate);

    // By STARTTLS, and with a wrong password at first: it waits, `status` says why, and it goes when the password is right.
    school.write("config/mail-word", "four dry herons\n");
    let config = school.config(&Wish { more: &mail, ..Wish::default() });
    let by_starttls = config.replace(&exim.smtps.to_string(), &exim.submission.to_string()).replace("\"tls\"", "\"starttls\"");
    school.write("config/schoolgate.toml", &by_starttls);
    let name = week.file_name().expect("a name").to_str().expect("a week").to_owned();
    school.ok(&["report", "week", "--week", &name, "--mail"]);
    let had = exim.mails().len();
    let gate = school.start();
    let until = Instant::now() + Duration::from_secs(60);
    while !needs(&gate).contains(&format!("the mail of {name} waits since")) {
        assert!(Instant::now() < until, "{}", needs(&gate));
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(needs(&gate).contains("535"), "{}", needs(&gate));
    assert_eq!(exim.mails().len(), had);
    school.write("config/mail-word", &format!("{WORD}\n"));
    let until = Instant::now() + Duration::from_secs(150);
    while exim.mails().iter().filter(|mail| mail.contains("\nSubject: Weekly report")).count() < 2 {
        assert!(Instant::now() < until, "{}", exim.log());
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(!needs(&gate).contains("waits since"), "{}", needs(&gate));
    assert!(exim.log().contains("A=plain:gate") && exim.log().contains("TLS1"), "{}", exim.log());
}

#[test]
fn a_server_that_is_away_for_a_day_and_a_kill_lose_no_mail_and_the_second_server_has_it_once() {
    let Some(exim) = Exim::start() else { return };
    let route = |port: u16| {
        let certificate = exim.path("cert.pem");
        format!(
            "server = \"localhost\"\nport = {port}\ntls = \"tls\"\nuser = \"gate\"\npassword_file = \"mail-word\"\ntrust = {certificate:?}\n"
        )
    };
    // Nobody listens there.
    let away = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
    let mail = format!(
        "[mail]\n{}from = \"gate@school.example\"\nto = [\"dsl@school.example\"]\n[mail.second]\n{}",
        route(away),
        route(exim.smtps)
    );
    let school = School::new(&Wish { more: &mail, ..Wish::default() });
    school.write("config/mail-word", &format!("{WORD}\n"));
    school.import(&format!("id,name,role,year,device,mac\nP0901,{NAME},pupil,9,Laptop 1,3c:22:fb:00:00:01\n"));
    last_week::asked(&school, &[(1, Category::SELF_HARM, "forum.worry.example")]);
    let waits = || school.json(&["status"])["needs_you"].to_string().contains("waits since");
    let gate = school.start();
    let until = Instant::now() + Duration::from_secs(60);
    while !waits() {
        assert!(Instant::now() < until, "{}", school.json(&["status"])["needs_you"]);
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(gate);
    assert_eq!(exim.mails(), Vec::<String>::new(), "not before a day is over");
    // A day later: so the letters were written then.
    for letter in
        std::fs::read_dir(school.path("var/mail/queue")).expect("the queue").map(|entry| entry.expect("a letter").path())
    {
        let mut text: serde_json::Value = serde_json::from_slice(&std::fs::read(&letter).expect("read")).expect("a letter");
        for when in ["made_ms", "next_ms"] {
            text[when] = (text[when].as_i64().expect("a time") - 25 * 3_600_000).into();
        }
        std::fs::write(&letter, text.to_string()).expect("written");
    }
    let gate = school.start();
    let report = exim.mail("Weekly report");
    assert!(report.contains("1 matter needs a person") && !report.contains(NAME), "{report}");
    let until = Instant::now() + Duration::from_secs(60);
    while waits() {
        assert!(Instant::now() < until, "{}", school.json(&["status"])["needs_you"]);
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(gate);
    let gate = school.start();
    assert_eq!(exim.mails().iter().filter(|mail| mail.contains("\nSubject: Weekly report")).count(), 1, "{}", exim.log());
    drop(gate);
}

#[test]
fn a_gate_without_mail_says_that_nobody_is_told_of_the_report() {
    let school = School::new(&Wish::default());
    let _gate = school.start();
    let needs = school.json(&["status"])["needs_you"].to_string();
    assert!(needs.contains("nobody is told that the weekly report is there"), "{needs}");
}
