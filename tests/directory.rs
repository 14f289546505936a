//! The school's directory: a real slapd with 2,500 people, over LDAPS and StartTLS.

mod support;

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{School, Wish, text};

const SLAPD: &str = "/usr/sbin/slapd";
const SLAPADD: &str = "/usr/sbin/slapadd";
const PEOPLE: usize = 2500;
const PASSWORD: &str = "read only 47 herons";

/// Debian's slapd with a database of its own. Dropped: killed.
struct Slapd {
    folder: tempfile::TempDir,
    ldaps: u16,
    ldap: u16,
    child: Option<Child>,
}

impl Slapd {
    /// `None`: it is not here.
    fn new() -> Option<Self> {
        if !std::path::Path::new(SLAPD).exists() {
            assert!(std::env::var_os("SCHOOLGATE_FULL").is_none(), "slapd is needed (tests/run --full installs it)");
            eprintln!("NOT RUN: slapd is not here; tests/run --full installs it");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let ports = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let [ldaps, ldap] = ports.each_ref().map(|listener| listener.local_addr().expect("its address").port());
        let slapd = Self { folder, ldaps, ldap, child: None };
        let key = rcgen::KeyPair::generate().expect("a key");
        let wanted = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        let at = |name: &str| slapd.path(name).display().to_string();
        std::fs::write(slapd.path("cert.pem"), wanted.self_signed(&key).expect("a certificate").pem()).expect("written");
        std::fs::write(slapd.path("key.pem"), key.serialize_pem()).expect("written");
        let schemas =
            ["core", "cosine", "inetorgperson"].map(|name| format!("include /etc/ldap/schema/{name}.schema\n")).concat();
        // Nobody gets more than 500 at once; nobody is heard without TLS.
        let config = format!(
            "{schemas}modulepath /usr/lib/ldap\nmoduleload back_mdb\nTLSCertificateFile {}\nTLSCertificateKeyFile {}\n\
             security ssf=71\ndatabase mdb\nmaxsize 268435456\nsuffix \"dc=school\"\ndirectory {}\n\
             limits * size.soft=500 size.hard=500 size.prtotal=unlimited\n\
             access to attrs=userPassword by anonymous auth\naccess to * by dn.exact=\"cn=gate,dc=school\" read\n",
            at("cert.pem"),
            at("key.pem"),
            at("db")
        );
        std::fs::write(slapd.path("slapd.conf"), config).expect("written");
        Some(slapd)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it with these people: their number, and their years.
    fn start(&mut self, people: impl Iterator<Item = (usize, u8)> + Clone) {
        self.kill();
        let _ = std::fs::remove_dir_all(self.path("db"));
        std::fs::create_dir(self.path("db")).expect("a folder");
        std::fs::write(self.path("all.ldif"), ldif(people)).expect("written");
        let (config, ldif) = (self.path("slapd.conf"), self.path("all.ldif"));
        let added = Command::new(SLAPADD).arg("-q").arg("-f").arg(&config).arg("-l").arg(ldif).output().expect("slapadd runs");
        assert!(added.status.success(), "{}", text(&added.stderr));
        let at = format!("ldaps://127.0.0.1:{} ldap://127.0.0.1:{}", self.ldaps, self.ldap);
        let mut slapd = Command::new(SLAPD);
        slapd.arg("-f").arg(config).args(["-h", &at, "-d", "0"]).stdin(Stdio::null()).stderr(Stdio::null());
        self.child = Some(slapd.spawn().expect("slapd starts"));
        let until = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", self.ldaps)).is_err() {
            assert!(Instant::now() < until, "slapd did not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Pupils in forms, forms in years, years in `pupils`, which is in itself; two teachers; one who is in nothing.
fn ldif(people: impl Iterator<Item = (usize, u8)> + Clone) -> String {
    let mut text = format!(
        "dn: dc=school\nobjectClass: dcObject\nobjectClass: organization\no: School\ndc: school\n\n\
         dn: cn=gate,dc=school\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: gate\n\
         userPassword: {PASSWORD}\n\ndn: ou=People,dc=school\nobjectClass: organizationalUnit\nou: People\n\n\
         dn: ou=Groups,dc=school\nobjectClass: organizationalUnit\nou: Groups\n\n"
    );
    let person = |id: &str, name: &str, form: &str| {
        format!("dn: uid={id},ou=People,dc=school\nobjectClass: inetOrgPerson\nuid: {id}\ncn: {name}\nsn: {id}\nl: {form}\n\n")
    };
    let group = |name: &str, members: &[String]| {
        let members: String = members.iter().map(|dn| format!("member: {dn}\n")).collect();
        format!("dn: cn={name},ou=Groups,dc=school\nobjectClass: groupOfNames\ncn: {name}\n{members}\n")
    };
    for (n, year) in people.clone() {
        text += &person(&format!("p{n:04}"), &format!("Pupil {n}"), &format!("{year}{}", ["A", "B"][n % 2]));
    }
    text +=
        &(person("t.lee", "Tess Lee", "none") + &person("m.khan", "Mo Khan", "none") + &person("printer", "A Printer", "none"));
    let mut years = Vec::new();
    for year in 7..=11u8 {
        let mut forms = Vec::new();
        for form in 0..2 {
            let of = people.clone().filter(|(n, y)| *y == year && n % 2 == form);
            let members: Vec<_> = of.map(|(n, _)| format!("UID=p{n:04}, OU=People,dc=school")).collect();
            let name = format!("form-{year}-{form}");
            text += &group(&name, &members);
            forms.push(format!("cn={name},ou=Groups,dc=school"));
        }
        text += &group(&format!("year-{year}"), &forms);
        years.push(format!("cn=year-{year},ou=Groups,dc=school"));
    }
    years.push("cn=pupils,ou=Groups,dc=school".into());
    text += &group("pupils", &years);
    text + &group("teachers", &["uid=t.lee,ou=People,dc=school".into(), "uid=m.khan,ou=People,dc=school".into()])
}

fn year(n: usize) -> u8 {
    7 + (n % 5) as u8
}

fn all() -> impl Iterator<Item = (usize, u8)> + Clone {
    (0..PEOPLE).map(|n| (n, year(n)))
}

fn directory(servers: &str) -> String {
    let group = |name: &str, more: &str| format!("[[people.directory.group]]\ndn = \"cn={name},ou=Groups,dc=school\"\n{more}\n");
    let years: String = (7..=11).map(|year| group(&format!("year-{year}"), &format!("year = {year}"))).collect();
    format!(
        "[people.directory]\nservers = [{servers}]\nkind = \"other\"\ntrust = \"slapd.pem\"\nbind = \"cn=gate,dc=school\"\n\
         password_file = \"directory.password\"\nbase = \"dc=school\"\n[people.directory.attributes]\nform = \"l\"\n{}{}{years}",
        group("teachers", "role = \"staff\""),
        group("pupils", "role = \"pupil\""),
    )
}

fn school(slapd: &Slapd, servers: &str) -> School {
    let school = School::new(&Wish { more: &directory(servers), ..Wish::default() });
    school.write("config/slapd.pem", &std::fs::read_to_string(slapd.path("cert.pem")).expect("a certificate"));
    school.write("config/directory.password", &format!("{PASSWORD}\n"));
    school
}

/// How many have access, and how many had.
fn people(school: &School) -> (usize, usize) {
    let count = |more: &[&str]| {
        let list = school.json(&[&["people", "list", "--purpose", "a test"], more].concat());
        list.as_array().expect("a list").len()
    };
    (count(&[]), count(&["--withdrawn"]))
}

fn status(school: &School) -> (String, String) {
    let status = school.json(&["status"]);
    let line = status["sources"].as_array().and_then(|all| all.iter().find(|line| line[0] == "directory")).cloned();
    let line = line.and_then(|line| line[1].as_str().map(str::to_owned)).unwrap_or_default();
    (line, status["needs_you"].to_string())
}

#[test]
fn a_directory_of_2500_is_brought_in_pages_with_its_nested_groups_and_leavers_are_withdrawn_when_few() {
    let Some(mut slapd) = Slapd::new() else { return };
    slapd.start(all());
    let school = school(&slapd, &format!("\"ldaps://127.0.0.1:{}\"", slapd.ldaps));
    let dry = school.ok(&["people", "sync", "--dry-run"]);
    assert!(dry.contains("people: 2502 new") && dry.contains("a dry run: nothing was changed"), "{dry}");
    assert!(dry.contains("not brought: 1 in no group that has a role"), "{dry}");
    assert_eq!(people(&school), (0, 0));
    school.ok(&["people", "sync", "--by", "the network manager"]);
    assert_eq!(people(&school), (PEOPLE + 2, 0));
    let list = school.json(&["people", "list", "--purpose", "a test"]);
    let of = |id: &str| list.as_array().and_then(|all| all.iter().find(|p| p["id"] == id)).expect("in the register").clone();
    let (ann, tess) = (of("p0003"), of("t.lee"));
    assert_eq!(
        (ann["role"].as_str(), ann["year"].as_u64(), ann["form"].as_str()),
        (Some("pupil"), Some(10), Some("10B")),
        "{ann}"
    );
    assert_eq!((tess["role"].as_str(), tess["year"].as_u64()), (Some("staff"), None), "{tess}");
    assert!(school.ok(&["people", "sync"]).contains("nothing to change"));
    // One leaves, one goes up a year; the other way to its servers, after one that is not there.
    slapd.start(all().skip(1).map(|(n, year)| (n, if n == 5 { 8 } else { year })));
    let config = std::fs::read_to_string(school.path("config/schoolgate.toml")).expect("the configuration");
    let (ldaps, both) = (
        format!("\"ldaps://127.0.0.1:{}\"", slapd.ldaps),
        format!("\"ldaps://127.0.0.1:1\", \"ldap://127.0.0.1:{}\"", slapd.ldap),
    );
    school.write("config/schoolgate.toml", &config.replace(&ldaps, &both));
    let said = school.ok(&["people", "sync"]);
    assert!(said.contains("leaves       p0000") && said.contains("moves        p0005"), "{said}");
    assert_eq!(people(&school), (PEOPLE + 1, 1));
    // 300 at once: a person decides.
    slapd.start(all().skip(301).map(|(n, year)| (n, if n == 5 { 8 } else { year })));
    let refused = school.run(&["people", "sync"]);
    let why = text(&refused.stderr);
    assert!(refused.status.code() == Some(1) && why.contains("300 of 2501 people are not in the directory any more"), "{why}");
    assert_eq!(people(&school), (PEOPLE + 1, 1));
    let state = std::fs::read_to_string(school.path("var/directory.json")).expect("how it went");
    assert!(state.contains("people sync --force"), "{state}");
    school.ok(&["people", "sync", "--force"]);
    assert_eq!(people(&school), (PEOPLE - 299, 301));
    // A group that is gone is no year that has left.
    school.write("config/schoolgate.toml", &config.replace("cn=year-9,", "cn=year-nine,"));
    let gone = school.run(&["people", "sync"]);
    assert!(!gone.status.success() && text(&gone.stderr).contains("there is no group cn=year-nine"), "{}", text(&gone.stderr));
}

#[test]
fn a_server_that_is_not_ours_a_wrong_password_and_no_tls_bring_nobody_and_tell_no_secret() {
    let Some(mut slapd) = Slapd::new() else { return };
    slapd.start(all().take(50));
    let school = school(&slapd, &format!("\"ldaps://127.0.0.1:{}\"", slapd.ldaps));
    school.write("config/directory.password", "a wrong secret\n");
    let wrong = school.run(&["people", "sync"]);
    let said = text(&wrong.stderr) + &text(&wrong.stdout) + &school.ok(&["check"]);
    assert!(!wrong.status.success() && said.contains("it does not take this name and password"), "{said}");
    assert!(!said.contains("a wrong secret"), "{said}");
    school.write("config/directory.password", "\n");
    let none = school.run(&["people", "sync"]);
    assert!(text(&none.stderr).contains("must hold one line, the password"), "{}", text(&none.stderr));
    school.write("config/directory.password", PASSWORD);
    let key = rcgen::KeyPair::generate().expect("a key");
    let other =
        rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name").self_signed(&key).expect("one").pem();
    school.write("config/slapd.pem", &other);
    let untrusted = school.run(&["people", "sync"]);
    assert!(!untrusted.status.success() && text(&untrusted.stderr).contains("certificate"), "{}", text(&untrusted.stderr));
    assert_eq!(people(&school), (0, 0));
}

#[test]
fn while_the_directory_is_down_everybody_stays_known_and_when_it_returns_it_is_asked_again() {
    let Some(mut slapd) = Slapd::new() else { return };
    slapd.start(all().take(50));
    let school = school(&slapd, &format!("\"ldaps://127.0.0.1:{}\"", slapd.ldaps));
    let gate = school.start();
    let wait = |what: &str, is: &dyn Fn() -> bool| {
        let until = Instant::now() + Duration::from_secs(90);
        while !is() {
            assert!(Instant::now() < until, "{what}: {:?} {}", status(&school), school.service_log());
            std::thread::sleep(Duration::from_millis(250));
        }
    };
    wait("the first sync", &|| status(&school).0.starts_with("52 people, as of less than a minute ago"));
    slapd.kill();
    drop(gate);
    // An hour passes, by what is written of when it last answered.
    let state = school.path("var/directory.json");
    let mut kept: serde_json::Value = serde_json::from_slice(&std::fs::read(&state).expect("how it went")).expect("JSON");
    kept["at_ms"] = (kept["at_ms"].as_i64().expect("a time") - 3_600_000).into();
    std::fs::write(&state, kept.to_string()).expect("written");
    // It starts while the directory is down, and knows everybody, and says how old that is.
    let gate = school.start();
    wait("the fault", &|| status(&school).1.contains("the directory does not answer"));
    let (line, needs_you) = status(&school);
    assert!(line.starts_with("52 people, as of 60 minutes ago") || line.starts_with("52 people, as of 61 "), "{line}");
    assert!(
        needs_you.contains("the register is as it was 60 minutes ago") || needs_you.contains("was 61 minutes ago"),
        "{needs_you}"
    );
    let judged = school.json(&["explain", "page.example", "--who", "p0007"]);
    assert_eq!(people(&school), (52, 0), "{judged}");
    slapd.start(all().take(50).skip(1));
    wait("its return", &|| status(&school).0.contains("the last change: 1 left"));
    assert!(!status(&school).1.contains("directory"), "{:?}", status(&school));
    assert_eq!(people(&school), (51, 1));
    assert!(!school.service_log().contains(PASSWORD));
    drop(gate);
}
