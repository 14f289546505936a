//! Letters and a server of SMTP with TLS that behaves as it is told.

use super::*;
use crate::config::Route;
use crate::net::tls;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Takes,
    /// Nobody of that name, for good.
    Refuses,
    /// Goes away in the middle of the text.
    Drops,
    /// Offers no STARTTLS.
    Clear,
}

/// What was said to a server before TLS, and within.
#[derive(Debug, Default)]
struct Heard {
    clear: Vec<String>,
    within: Vec<String>,
}

struct Server {
    port: u16,
    heard: Arc<Mutex<Heard>>,
}

impl Server {
    async fn start(manner: Manner, folder: &Path) -> Self {
        let key = rcgen::KeyPair::generate().expect("a key");
        let made = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).and_then(|c| c.self_signed(&key));
        let chain = made.expect("a certificate").pem();
        std::fs::write(folder.join("trust.pem"), &chain).expect("written");
        let identity = tls::identity("localhost", chain.as_bytes(), key.serialize_pem().as_bytes());
        let acceptor = tokio_rustls::TlsAcceptor::from(identity.expect("an identity").http);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let hears = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, hears) = (acceptor.clone(), hears.clone());
                tokio::spawn(async move {
                    let mut stream = stream;
                    if talk(&mut stream, manner, false, &hears).await
                        && let Ok(mut within) = acceptor.accept(stream).await
                    {
                        talk(&mut within, manner, true, &hears).await;
                    }
                });
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> (String, String) {
        let heard = self.heard.lock().expect("heard");
        (heard.clear.join("\n"), heard.within.join("\n"))
    }
}

/// Returns whether TLS is to begin.
async fn talk(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), manner: Manner, within: bool, heard: &Mutex<Heard>) -> bool {
    let mut stream = BufReader::new(stream);
    if !within && stream.write_all(b"220 localhost ESMTP\r\n").await.is_err() {
        return false;
    }
    let (mut line, mut text) = (String::new(), false);
    loop {
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return false;
        }
        let said = line.trim_end().to_owned();
        {
            let mut all = heard.lock().expect("heard");
            if within { all.within.push(said.clone()) } else { all.clear.push(said.clone()) }
        }
        if text && said != "." {
            if manner == Manner::Drops {
                return false;
            }
            continue;
        }
        let answer = match said.split(' ').next().unwrap_or_default() {
            "." => "250 2.0.0 kept as 17",
            "EHLO" if within || manner == Manner::Clear => "250-localhost\r\n250 8BITMIME",
            "EHLO" => "250-localhost\r\n250 STARTTLS",
            "STARTTLS" => "220 begin",
            "RCPT" if manner == Manner::Refuses => "550 5.1.1 nobody here",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 2.1.0 good",
        };
        text = said == "DATA";
        if stream.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return false;
        }
        if said == "STARTTLS" {
            return true;
        }
    }
}

const NOW: i64 = 1_795_000_000_000;

fn mail(servers: &[&Server], folder: &Path) -> Mail {
    let route = |server: &&Server| Route {
        server: "localhost".into(),
        port: server.port,
        wrapped: false,
        login: None,
        trust: Some(folder.join("trust.pem")),
    };
    let routes = servers.iter().map(route).collect();
    Mail {
        from: "gate@school.example".into(),
        to: vec!["dsl@school.example".into()],
        link: None,
        desk: None,
        deputies: Vec::new(),
        head: Vec::new(),
        routes,
    }
}

fn post<'a>(mail: &'a Mail, folder: &'a Path) -> Post<'a> {
    Post { mail, data: folder, school: "Hillside School" }
}

/// A code that the DSL has had, so that only the letters of the test are there.
async fn confirmed(post: &Post<'_>) {
    post.ask(NOW).expect("asked");
    let code = code(post);
    std::fs::remove_file(post.file(TEST)).expect("there");
    post.confirm(&code, "dsl", NOW).expect("confirmed");
}

fn code(post: &Post) -> String {
    let body = post.waiting().into_iter().find(|letter| letter.id == TEST).expect("the test mail").body;
    let at = body.find("report confirm ").expect("the command") + "report confirm ".len();
    body[at..at + CODE].to_owned()
}

fn letter(post: &Post) -> Letter {
    let letter = Letter {
        id: "2026-W47".into(),
        subject: "Weekly report 2026-W47, delivery 12".into(),
        ..Letter::test("x", "A", post, NOW)
    };
    post.post(&letter).expect("kept");
    letter
}

#[tokio::test]
async fn a_server_with_tls_takes_it_once_and_all_of_it_goes_within() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(Manner::Takes, dir.path()).await;
    let mail = mail(&[&server], dir.path());
    let post = post(&mail, dir.path());
    confirmed(&post).await;
    letter(&post);
    let kept = std::fs::metadata(post.file("2026-W47")).expect("there");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&kept.permissions()) & 0o777, 0o600);
    post.sweep(NOW).await.expect("swept");
    post.sweep(NOW + DAY_MS).await.expect("swept");
    assert_eq!(post.waiting(), [], "{:?}", server.heard());
    let (clear, within) = server.heard();
    assert!(clear.lines().all(|line| line.starts_with("EHLO") || line == "STARTTLS"), "{clear}");
    assert_eq!(within.matches("Subject: Weekly report 2026-W47, delivery 12").count(), 1, "{within}");
    assert!(
        within.contains("RCPT TO:<dsl@school.example>") && within.contains("Message-ID: <2026-W47.1795000000000@school.example>")
    );
    assert_eq!(post.needs_you(|_| "Monday".into()), [] as [String; 0]);
}

#[tokio::test]
async fn where_no_tls_is_offered_nothing_is_said_and_status_says_why() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(Manner::Clear, dir.path()).await;
    let mail = mail(&[&server], dir.path());
    let post = post(&mail, dir.path());
    confirmed(&post).await;
    letter(&post);
    post.sweep(NOW).await.expect("swept");
    let (clear, within) = server.heard();
    assert!(!clear.contains("MAIL") && !clear.contains("Subject") && within.is_empty(), "{clear} {within}");
    let needs = post.needs_you(|_| "Monday".into());
    assert!(needs.len() == 1 && needs[0].starts_with("the mail of 2026-W47 waits since Monday (localhost: "), "{needs:?}");
}

#[tokio::test]
async fn a_certificate_of_nobody_we_trust_gets_no_mail() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(Manner::Takes, dir.path()).await;
    let mut mail = mail(&[&server], dir.path());
    mail.routes[0].trust = None;
    let post = post(&mail, dir.path());
    confirmed(&post).await;
    letter(&post);
    post.sweep(NOW).await.expect("swept");
    assert_eq!((server.heard().1, post.waiting().len()), (String::new(), 1));
}

#[tokio::test]
async fn what_is_dropped_midway_is_tried_for_a_day_and_then_by_the_second_server() {
    let dir = tempfile::tempdir().expect("a folder");
    let second_dir = tempfile::tempdir().expect("a folder");
    let (first, second) = (Server::start(Manner::Drops, dir.path()).await, Server::start(Manner::Takes, second_dir.path()).await);
    let mut mail = mail(&[&first, &second], dir.path());
    mail.routes[1].trust = Some(second_dir.path().join("trust.pem"));
    let post = post(&mail, dir.path());
    confirmed(&post).await;
    letter(&post);
    let mut next = NOW;
    let mut pauses = Vec::new();
    for _ in 0..9 {
        post.sweep(next).await.expect("swept");
        let waits = post.waiting()[0].next_ms;
        pauses.push((waits - next) / MINUTE_MS);
        next = waits;
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(second.heard().1, "");
    // Another start, a day after: the file is all there is.
    let after = Post { ..post };
    after.sweep(NOW + DAY_MS).await.expect("swept");
    assert_eq!(after.waiting(), []);
    assert!(second.heard().1.contains("Subject: Weekly report 2026-W47"));
}

#[tokio::test]
async fn who_refuses_for_good_is_not_waited_for() {
    let dir = tempfile::tempdir().expect("a folder");
    let second_dir = tempfile::tempdir().expect("a folder");
    let (first, second) =
        (Server::start(Manner::Refuses, dir.path()).await, Server::start(Manner::Takes, second_dir.path()).await);
    let mut mail = mail(&[&first, &second], dir.path());
    mail.routes[1].trust = Some(second_dir.path().join("trust.pem"));
    let post = post(&mail, dir.path());
    confirmed(&post).await;
    letter(&post);
    post.sweep(NOW).await.expect("swept");
    assert_eq!(post.waiting(), []);
    assert!(second.heard().1.contains("Subject: Weekly report 2026-W47"));
}

#[tokio::test]
async fn the_dsl_confirms_a_test_mail_and_another_address_is_another_test() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(Manner::Takes, dir.path()).await;
    let mail = mail(&[&server], dir.path());
    let post_of = |mail| post(mail, dir.path());
    assert!(post_of(&mail).confirm("ABC", "dsl", NOW).expect_err("none").contains("no test mail"));
    post_of(&mail).ask(NOW).expect("asked");
    let code = code(&post_of(&mail));
    let needs = post_of(&mail).needs_you(|_| "Monday".into());
    assert!(needs[0].contains("has not confirmed that mail comes to dsl@school.example"), "{needs:?}");
    assert!(needs.iter().all(|line| !line.contains(&code)), "{needs:?}");
    post_of(&mail).sweep(NOW).await.expect("swept");
    assert!(server.heard().1.contains(&code));
    assert!(post_of(&mail).needs_you(|_| "Monday".into())[0].contains("was sent Monday"));
    let kept = std::fs::read_to_string(dir.path().join("mail/confirmation.json")).expect("kept");
    assert!(!kept.contains(&code), "who may read the folder has not had the mail");
    assert!(post_of(&mail).confirm("WRONGCODE2", "dsl", NOW).is_err());
    post_of(&mail).confirm(&format!(" {} ", code.to_lowercase()), "dsl", NOW).expect("confirmed");
    assert_eq!(post_of(&mail).needs_you(|_| String::new()), [] as [String; 0]);
    let mut other = mail.clone();
    other.to.push("deputy@school.example".into());
    assert_eq!(post(&other, dir.path()).needs_you(|_| String::new()).len(), 1);
}

/// The mail is read on a telephone, in a corridor.
#[test]
fn a_mail_of_a_week_names_nobody_and_nothing_that_happened() {
    let dir = Path::new("/nowhere");
    let mut mail = Mail {
        from: "g@s.example".into(),
        to: Vec::new(),
        link: None,
        desk: None,
        deputies: Vec::new(),
        head: Vec::new(),
        routes: Vec::new(),
    };
    let week = crate::report::tests::trouble().week();
    let plain = Letter::report(&week, &post(&mail, dir), NOW);
    assert_eq!(plain.subject, "Weekly report 2026-W47, delivery 12");
    for never in ["p0023", "Number23", "Self-harm", "self-harm", "worry", "Laptop", "Hillside"] {
        assert!(!plain.subject.contains(never) && !plain.body.contains(never), "{never}: {}", plain.body);
    }
    assert!(
        plain.body.contains("1 matter needs a person.")
            && plain.body.contains("If the one before it was not 11, one was missed.")
    );
    mail.desk = Some("https://portal.school.example/desk".into());
    assert!(Letter::report(&week, &post(&mail, dir), NOW).body.contains("    https://portal.school.example/desk\n"));
    let test = Letter::test("x", "ABC", &post(&mail, dir), NOW).body;
    assert!(
        test.contains("    https://portal.school.example/desk/confirm?code=ABC\n") && test.contains("confirm ABC\n"),
        "{test}"
    );
    mail.link = Some("https://elsewhere.example/".into());
    assert!(Letter::report(&week, &post(&mail, dir), NOW).body.contains("    https://elsewhere.example/\n"));
}
