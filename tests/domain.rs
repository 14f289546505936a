//! A machine joins a domain whose controller is Samba's, with the gate for its resolver: in network, mount and name spaces of its
//! own, so that ports and names are those of a school. It is part of `tests/run --full`, and needs root.

mod support;

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{Gate, School, Wish, text};

const INSIDE: &str = "SCHOOLGATE_INSIDE_A_DOMAIN";
const PASSWORD: &str = "Passw0rd!gate";
const CONTROLLER: &str = "10.20.0.10";
const GATE: &str = "10.20.0.1";
const MACHINE: &str = "10.20.0.77";

/// The controller as the directory of people: those in a form are pupils, by the year that it is in, and a year by what it is in.
const DIRECTORY: &str = r#"
[people.directory]
servers = ["ldaps://dc1.school.example"]
kind = "active-directory"
trust = "dc.pem"
bind = "gate@school.example"
password_file = "directory.password"
base = "DC=school,DC=example"
[[people.directory.group]]
dn = "CN=pupils,CN=Users,DC=school,DC=example"
role = "pupil"
[[people.directory.group]]
dn = "CN=year-9,CN=Users,DC=school,DC=example"
year = 9
[[people.directory.group]]
dn = "CN=teachers,CN=Users,DC=school,DC=example"
role = "staff"
"#;

/// Killed with all it has started, at the latest with the name space.
struct Controller(Child);

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a line of shell; whether it went well, and what it said.
fn shell(line: &str) -> (bool, String) {
    let output = Command::new("sh").args(["-c", line]).stdin(Stdio::null()).output().expect("a shell");
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

fn ok(line: &str) -> String {
    let (went_well, said) = shell(line);
    assert!(went_well, "{line}: {said}");
    said
}

#[test]
fn a_machine_joins_a_samba_domain_with_the_gate_for_its_resolver() {
    if std::env::var_os("SCHOOLGATE_FULL").is_none() {
        return;
    }
    if std::env::var_os(INSIDE).is_some() {
        return join();
    }
    let me = std::env::current_exe().expect("this test");
    let mut inside = Command::new("unshare");
    inside.args(["--net", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child"]).arg(me);
    inside.args(["--exact", "a_machine_joins_a_samba_domain_with_the_gate_for_its_resolver", "--nocapture"]);
    let output = inside.env(INSIDE, "1").stdin(Stdio::null()).output().expect("unshare is there");
    assert!(output.status.success(), "as root: {}{}", text(&output.stdout), text(&output.stderr));
}

fn join() {
    let config = format!("[[dns.forward]]\nzones = [\"school.example\"]\nupstreams = [\"{CONTROLLER}\"]\n{DIRECTORY}");
    ok("mount --make-rprivate / && ip link set lo up");
    for address in [CONTROLLER, GATE, MACHINE] {
        ok(&format!("ip addr add {address}/32 dev lo"));
    }
    let school = School::new(&Wish { more: &config, ..Wish::default() });
    let written = std::fs::read_to_string(school.path("config/schoolgate.toml")).expect("the configuration");
    let written = written.replacen("\"127.0.0.1:0\", \"[::1]:0\"", &format!("\"{GATE}:53\""), 1);
    school.write("config/schoolgate.toml", &written.replacen("\"127.0.0.0/8\"", "\"127.0.0.0/8\", \"10.20.0.0/16\"", 1));
    school.write("config/directory.password", PASSWORD);
    let _controller = controller(&school);
    groups_in_groups(&school);
    let gate = school.start();
    // From here on nobody but the gate says where anything is.
    school.write("resolv.conf", &format!("nameserver {GATE}\nsearch school.example\n"));
    ok("hostname pc7");

    let asked = |words: &[&str]| gate.dig(MACHINE, &[&["+short"], words].concat()).trim().to_owned();
    assert_eq!(asked(&["_ldap._tcp.dc._msdcs.school.example", "SRV"]), "0 100 389 dc1.school.example.");
    assert_eq!(asked(&["_kerberos._udp.school.example", "SRV"]), "0 100 88 dc1.school.example.");
    assert!(asked(&["school.example", "SOA"]).starts_with("dc1.school.example. "));

    let machine = machine(&school);
    let net = |words: &str| format!("{machine} net -s {} {words}", school.path("pc7.conf").display());
    let joined = ok(&net(&format!("ads join -U 'Administrator%{PASSWORD}' dnshostname=pc7.school.example")));
    assert!(joined.contains("Joined 'PC7' to dns domain 'school.example'"), "{joined}");
    assert!(ok(&net("ads testjoin")).contains("Join is OK"));
    // Another name than its own: that was asked for while it joined, and that there was none is remembered as the zone says.
    let registered = ok(&net(&format!("ads dns register -P lab7.school.example {MACHINE}")));
    assert!(registered.contains("Successfully registered"), "{registered}");
    assert_eq!(asked(&["lab7.school.example"]), MACHINE);

    sign_through_the_gate(&gate, &machine);
    assert_eq!(asked(&["pc8.school.example"]), "10.20.0.78");
    let log = school.log();
    let kinds = |kind: &str| log.iter().filter(|event| event["query_type"] == kind && event["action"] == "allow").count();
    assert!(kinds("SRV") > 0 && kinds("SOA") > 0 && kinds("TKEY") > 0, "all of it is in the log: {log:?}");
}

/// An update that is sent to the gate and to nobody else, with a key by GSS: the machine agrees on it through the gate.
fn sign_through_the_gate(gate: &Gate, machine: &str) {
    ok(&format!("echo '{PASSWORD}' | {machine} kinit Administrator@SCHOOL.EXAMPLE"));
    gate.school
        .write("update", &format!("server {GATE}\nzone school.example\nupdate add pc8.school.example 60 A 10.20.0.78\nsend\n"));
    // That Samba's signature under its answer is not what BIND's client expects is between these two: it is so without a gate.
    let (_, said) = shell(&format!("{machine} nsupdate -g -v {}", gate.school.path("update").display()));
    assert!(said.is_empty() || said.contains("tsig verify failure"), "{said}");
}

/// Who is in a group by way of other groups, as the controller itself says (LDAP_MATCHING_RULE_IN_CHAIN).
fn groups_in_groups(school: &School) {
    let tool = |words: &str| ok(&format!("samba-tool {words} --configfile={}/etc/smb.conf", school.path("dc").display()));
    for user in ["gate", "p0901", "p0902", "t.lee", "visitor"] {
        tool(&format!("user create {user} '{PASSWORD}' --given-name=Given --surname={user}"));
    }
    // A group that is in itself by way of another is no end of groups.
    for (group, members) in
        [("form-9a", "p0901"), ("year-9", "form-9a"), ("pupils", "year-9,p0902"), ("teachers", "t.lee"), ("round", "pupils")]
    {
        tool(&format!("group add {group}"));
        tool(&format!("group addmembers {group} {members}"));
    }
    tool("group addmembers form-9a round");
    let said = school.ok(&["people", "sync"]);
    let list = school.json(&["people", "list", "--purpose", "a test"]);
    let people: Vec<_> =
        list.as_array().expect("a list").iter().map(|p| (p["id"].as_str(), p["role"].as_str(), p["year"].as_u64())).collect();
    // Round and round: whoever is in `pupils` is in `round`, and so in the form and the year.
    for (id, role, year) in [("p0901", "pupil", Some(9)), ("p0902", "pupil", Some(9)), ("t.lee", "staff", None)] {
        assert!(people.contains(&(Some(id), Some(role), year)), "{id}: {people:?} {said}");
    }
    assert_eq!(people.len(), 3, "nobody who is in none of them: {people:?}");
}

/// Samba as a domain's controller, with its own DNS.
fn controller(school: &School) -> Controller {
    let folder = school.path("dc").display().to_string();
    school.write("dc/run/here", "");
    school.write("dc/ncalrpc/here", "");
    school.write("hosts", &format!("127.0.0.1 localhost\n{CONTROLLER} dc1.school.example dc1\n"));
    school.write("resolv.conf", "nameserver 127.0.0.1\nsearch school.example\n");
    let (hosts, resolvers) = (school.path("hosts"), school.path("resolv.conf"));
    ok(&format!("mount --bind {} /etc/hosts && mount --bind {} /etc/resolv.conf", hosts.display(), resolvers.display()));
    ok("hostname dc1");
    let key = rcgen::KeyPair::generate().expect("a key");
    let wanted = rcgen::CertificateParams::new(vec!["dc1.school.example".to_owned()]).expect("a name");
    let certificate = wanted.self_signed(&key).expect("a certificate").pem();
    school.write("config/dc.pem", &certificate);
    school.write("dc/own.pem", &certificate);
    school.write("dc/own.key", &key.serialize_pem());
    ok(&format!("chmod 600 {folder}/own.key"));
    ok(&format!(
        "samba-tool domain provision --realm=SCHOOL.EXAMPLE --domain=SCHOOL --server-role=dc --dns-backend=SAMBA_INTERNAL \
         --adminpass='{PASSWORD}' --host-name=dc1 --host-ip={CONTROLLER} --targetdir={folder} \
         --option='interfaces={CONTROLLER}/32' --option='bind interfaces only=yes' --option='pid directory={folder}/run' \
         --option='ncalrpc dir={folder}/ncalrpc' --option='log file={folder}/log' --option='tls certfile={folder}/own.pem' \
         --option='tls keyfile={folder}/own.key' --option='tls cafile={folder}/own.pem'"
    ));
    let samba = Command::new("samba")
        .args(["-F", "--no-process-group", "-M", "single", &format!("--configfile={folder}/etc/smb.conf")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let controller = Controller(samba.expect("samba is there (tests/run --full installs it)"));
    let until = Instant::now() + Duration::from_secs(120);
    let names = || shell(&format!("dig +short +time=1 +tries=1 @{CONTROLLER} dc1.school.example")).1.trim() == CONTROLLER;
    // Kerberos, LDAP, and what is joined over: each is a part that starts by itself.
    let serves = || [88, 389, 445, 636].iter().all(|port| TcpStream::connect((CONTROLLER, *port)).is_ok());
    while !(serves() && names()) {
        assert!(Instant::now() < until, "the controller did not start: {}", shell(&format!("tail {folder}/log")).1);
        std::thread::sleep(Duration::from_millis(200));
    }
    controller
}

/// A machine that is to join: its files, and the settings its programs are run with.
fn machine(school: &School) -> String {
    let folder = school.path("pc7").display().to_string();
    school.write("pc7/run/here", "");
    let folders: String =
        ["private dir", "lock directory", "state directory", "cache directory"].map(|of| format!(" {of} = {folder}\n")).concat();
    school.write(
        "pc7.conf",
        &format!(
            "[global]\n netbios name = PC7\n realm = SCHOOL.EXAMPLE\n workgroup = SCHOOL\n security = ads\n\
             {folders} interfaces = {MACHINE}/32\n bind interfaces only = yes\n pid directory = {folder}/run\n \
             ncalrpc dir = {folder}/ncalrpc\n log file = {folder}/log\n"
        ),
    );
    school.write("krb5.conf", "[libdefaults]\n default_realm = SCHOOL.EXAMPLE\n dns_lookup_kdc = true\n rdns = false\n");
    format!("KRB5_CONFIG={} KRB5CCNAME=FILE:{folder}/tickets", school.path("krb5.conf").display())
}
