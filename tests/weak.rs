//! Origins whose certificate or encryption is of a kind that is no longer safe, by openssl: what is shown is a page that says so.

mod support;

use schoolgate::net::ca::made;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use support::{School, command};

/// An origin at a port of the stub's address. Dropped: gone.
struct Origin(Child);

impl Drop for Origin {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago: openssl cannot be asked for one of the system's choice.
fn free() -> u16 {
    let listener = std::net::TcpListener::bind("127.200.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}

/// What it is, what its key and its signature are made with, what the server speaks, and the word of RFC 9209 for what is wrong.
type Row<'a> = (&'a str, &'a [&'a str], &'a str, &'a [&'a str], Option<&'a str>);

#[test]
fn weak_certificates_and_weak_encryption_are_a_page_that_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() as i64;
    let world = made::made("The World", now).expect("made");
    std::fs::write(path("world.pem"), &world.certificate).expect("written");
    std::fs::write(path("world.key"), &world.key).expect("written");
    std::fs::write(path("san"), "subjectAltName = DNS:weak.example\n").expect("written");

    let safe = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"][..];
    let rows: [Row; 6] = [
        ("as it should be", safe, "-sha256", &[], None),
        ("a key of 1024 bits", &["-newkey", "rsa:1024"], "-sha256", &[], Some("certificate")),
        ("a signature by SHA-1", safe, "-sha1", &[], Some("certificate")),
        ("TLS 1.1", safe, "-sha256", &["-tls1_1"], Some("protocol")),
        ("TLS 1.0", safe, "-sha256", &["-tls1"], Some("protocol")),
        (
            "no forward secrecy",
            &["-newkey", "rsa:2048"],
            "-sha256",
            &["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"],
            Some("protocol"),
        ),
    ];
    let mut origins = Vec::new();
    for (n, (what, key, digest, speaks, _)) in rows.iter().enumerate() {
        let (key_file, request, leaf) = (path(&format!("{n}.key")), path(&format!("{n}.csr")), path(&format!("{n}.pem")));
        let fixed = ["req", "-new", "-nodes", "-subj", "/CN=weak.example", "-keyout", &key_file, "-out", &request];
        let mut said = command("openssl", &[&fixed[..], key].concat());
        let (ca, ca_key, san) = (path("world.pem"), path("world.key"), path("san"));
        let sign = ["x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial", "-days", "30", digest];
        said += &command("openssl", &[&sign[..], &["-extfile", &san, "-out", &leaf]].concat());
        assert!(std::fs::exists(&leaf).is_ok_and(|there| there), "{what}: {said}");
        let port = free();
        let child = Command::new("openssl")
            .args(["s_server", "-www", "-quiet", "-accept", &format!("127.200.0.1:{port}"), "-key", &key_file, "-cert", &leaf])
            .args(if speaks.contains(&"-cipher") { &[][..] } else { &["-cipher", "ALL:@SECLEVEL=0"] })
            .args(*speaks)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl starts");
        let mut origin = Origin(child);
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.200.0.1", port)).is_err() {
            assert!(origin.0.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < until, "{what}: no origin");
            std::thread::sleep(Duration::from_millis(20));
        }
        origins.push((port, origin));
    }

    let ports: Vec<_> = origins.iter().map(|(port, _)| *port).collect();
    let school = School::looking_inside(&ports, &world.certificate);
    let gate = school.start();
    let ours = school.path("ca.pem");
    for ((what, _, _, _, wrong), (port, _)) in rows.iter().zip(&origins) {
        let url = format!("https://weak.example:{port}/secret");
        let fixed = ["--suppress-connect-headers", "-A", "Mozilla/5.0", "-H", "Accept: text/html", "--cacert"];
        let page = gate.curl("127.0.0.1", &[&fixed[..], &[ours.to_str().expect("a path"), &url]].concat());
        let Some(wrong) = wrong else {
            assert!(page.contains(" 200 ") && page.contains("s_server"), "{what}: {page}");
            continue;
        };
        assert!(page.contains(" 502") && page.contains("This page&#39;s encryption is too weak"), "{what}: {page}");
        assert!(page.contains(&format!("error=tls_{wrong}_error")) && !page.contains("s_server"), "{what}: {page}");
        let log = school.log();
        let last = log.iter().rfind(|e| e["path"] == "/secret" && e["port"] == *port).expect("a line");
        assert_eq!((&last["status"], &last["decrypted"]), (&502.into(), &"yes".into()), "{what}: {last}");
    }
}
