//! What is asked of the proxy door: as a browser, over connections from a socket that the door knows as the gate's own.

use super::canaries::Canaries;
use super::{Outcome, SEARCH, Subject, Tried};
use crate::gate::{Gate, Snapshot, Visit, inside};
use crate::journal::Decrypted;
use crate::policy::{Action, Surface};
use crate::words::{Category, CategorySet, Host, Role, Who};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest wait for an answer: what is blocked is answered at once, what is open must be dialled.
const PATIENCE: Duration = Duration::from_secs(3);

/// As much of an answer as is looked at: its head, and whether a page begins.
const MOST: usize = 8 * 1024;

/// Names of education that are tried.
const LESSONS: usize = 5;

/// Says that the gate itself answered, because the request was denied (RFC 9209).
const DENIED: &str = "proxy-status: schoolgate; error=http_request_denied";

/// Asks the proxy door.
struct Browser<'g> {
    gate: &'g Gate,
    door: SocketAddr,
    /// By what TLS is opened where it is looked into.
    device: Option<Arc<ClientConfig>>,
}

/// What the door answered.
struct Answered {
    status: u16,
    denied: bool,
    page: bool,
}

impl Drop for Browser<'_> {
    fn drop(&mut self) {
        self.gate.testing.end();
    }
}

impl Browser<'_> {
    fn new<'g>(gate: &'g Gate, snapshot: &Snapshot, door: SocketAddr) -> Browser<'g> {
        // A door on every address is asked on loopback; one on an address of ours, from that address.
        let at = match door.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        Browser { gate, door: SocketAddr::new(at, door.port()), device: device(snapshot) }
    }

    fn get(&self, who: Who, host: &str) -> io::Result<Answered> {
        answered(&mut self.open(who)?, &get(&format!("http://{host}/"), host))
    }

    fn connect(&self, who: Who, host: &str) -> io::Result<Answered> {
        answered(&mut self.open(who)?, &connect(host))
    }

    /// What is answered to a page within TLS, by a device that trusts the school's authority and no other.
    fn within(&self, who: Who, host: &str, trusted: &Arc<ClientConfig>) -> io::Result<Answered> {
        let mut stream = self.open(who)?;
        let begun = answered(&mut stream, &connect(host))?;
        if begun.status != 200 {
            return Ok(begun);
        }
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let client = ClientConnection::new(trusted.clone(), name).map_err(io::Error::other)?;
        answered(&mut StreamOwned::new(client, stream), &get("/", host))
    }

    /// A connection that the door knows as the gate's own.
    fn open(&self, who: Who) -> io::Result<TcpStream> {
        let socket = socket2::Socket::new(socket2::Domain::for_address(self.door), socket2::Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(self.door.ip(), 0).into())?;
        let from = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
        self.gate.testing.ask_as(from, who);
        socket.connect_timeout(&self.door.into(), PATIENCE)?;
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }
}

fn get(target: &str, host: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
}

fn connect(host: &str) -> String {
    format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n")
}

/// Asks, and reads the head of what is answered.
fn answered(stream: &mut (impl Read + Write), request: &str) -> io::Result<Answered> {
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    let until = Instant::now() + PATIENCE;
    let mut said = Vec::new();
    let mut some = [0; 1024];
    while said.len() < MOST && !said.windows(4).any(|four| four == b"\r\n\r\n") {
        if Instant::now() > until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match stream.read(&mut some)? {
            0 => break,
            read => said.extend_from_slice(&some[..read]),
        }
    }
    let text = String::from_utf8_lossy(&said);
    let head = text.split("\r\n\r\n").next().unwrap_or("").to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is no HTTP"))?;
    Ok(Answered { status, denied: head.contains(DENIED), page: head.contains("content-type: text/html") })
}

/// A device that trusts the school's authority and no other. `None`: nothing is looked into.
fn device(snapshot: &Snapshot) -> Option<Arc<ClientConfig>> {
    let inspection = snapshot.inspection.as_ref()?.as_ref().ok()?;
    let mut roots = RootCertStore::empty();
    roots.add(inspection.authority.certificate().clone()).ok()?;
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions().ok()?;
    Some(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

impl Tried<'_> {
    /// Everything that is asked of the proxy door.
    pub(super) fn proxy(&mut self, door: SocketAddr, subjects: &[Subject]) {
        let gate = self.gate;
        let browser = Browser::new(gate, self.snapshot, door);
        let blocked = subjects.iter().fold(CategorySet::EMPTY, |all, s| all.or(s.blocked));
        let canaries = Canaries::find(self.snapshot, &blocked.or(CategorySet::of(&[Category::EDUCATION])));
        let mut outside = true;
        for subject in subjects {
            for category in subject.blocked.iter().filter(|c| c.role() != Role::Locked) {
                self.blocked_by_proxy(&browser, subject, category, canaries.of(category));
            }
            self.lessons(&browser, subject, canaries.of(Category::EDUCATION), &mut outside);
            self.safe_by_proxy(&browser, subject, &mut outside);
            if subject.network.is_some() {
                let visit = gate.visit_as(subject.who);
                let unlisted = visit.judge_unlisted(Surface::NoPage);
                let said = match inside::chosen(&visit, &unlisted, &Visit::nobody()) {
                    Decrypted::Yes => {
                        "inside: HTTPS is looked into and judged by the whole address, but for platform, help, banks, health and \
                         exceptions"
                    }
                    _ => "by name: of HTTPS the gate sees the host, and no page, search or video",
                };
                self.say_by_proxy(subject, "HTTPS", "", Outcome::Said, said.into());
                let said = "not known here: UDP 443 is for the firewall to reject, and nothing that this box sends passes it";
                self.say_by_proxy(subject, "QUIC", "", Outcome::Said, said.into());
            }
        }
    }

    fn say_by_proxy(&mut self, subject: &Subject, what: &str, name: &str, outcome: Outcome, said: String) {
        self.say_of(subject, what, name, outcome, said);
        if let Some(check) = self.checks.last_mut() {
            check.door = Some("proxy".into());
        }
    }

    /// One name of a category that is blocked for somebody, as a page and as a tunnel. What is open at this moment, and why, has
    /// been said of the DNS door already.
    fn blocked_by_proxy(&mut self, browser: &Browser, subject: &Subject, category: Category, names: &[Host]) {
        let visit = self.gate.visit_as(subject.who);
        let judged = |host: &&Host| visit.judge(host, Surface::NoPage).verdict;
        let own = names.iter().find(|host| judged(host).blocks() && judged(host).category == Some(category));
        let Some(host) = own.or_else(|| names.iter().find(|host| judged(host).blocks())) else { return };
        // Then CONNECT is answered, and what is within TLS is the page.
        let within = inside::chosen(&visit, &visit.judge(host, Surface::NoPage), host) == Decrypted::Yes;
        let id = self.snapshot.config.category_id(category);
        let name = host.as_str();
        if self.is_late() {
            return self.say_by_proxy(subject, &id, name, Outcome::Failed, "it was not asked: there was no time left".into());
        }
        let tunnel = match &browser.device {
            Some(device) if within => browser.within(subject.who, name, device),
            _ => browser.connect(subject.who, name),
        };
        let (outcome, said) = match (browser.get(subject.who, name), tunnel) {
            (Ok(page), Ok(tunnel)) if page.denied && page.page && tunnel.denied && within && tunnel.page => {
                (Outcome::Ok, "blocked: HTTP with the block page, HTTPS with it within TLS".into())
            }
            (Ok(page), Ok(tunnel)) if page.denied && page.page && tunnel.denied => {
                (Outcome::Ok, "blocked: HTTP with the block page, HTTPS refused".into())
            }
            (Ok(page), Ok(tunnel)) => {
                (Outcome::Failed, format!("NOT BLOCKED: HTTP was answered {}, HTTPS {}", page.status, tunnel.status))
            }
            (Err(fault), _) | (_, Err(fault)) => (Outcome::Failed, format!("no answer: {fault}")),
        };
        self.say_by_proxy(subject, &id, name, outcome, said);
    }

    /// Whether what lessons need is open. Once nothing outside has answered, nobody else waits for it.
    fn lessons(&mut self, browser: &Browser, subject: &Subject, names: &[Host], outside: &mut bool) {
        let visit = self.gate.visit_as(subject.who);
        let closed = names.iter().find(|host| visit.judge(host, Surface::NoPage).verdict.action == Action::Block);
        if let Some(host) = closed {
            let verdict = visit.judge(host, Surface::NoPage).verdict;
            // The school's own block is the school's word.
            let outcome = if verdict.rule.is_some() { Outcome::Said } else { Outcome::Failed };
            let said = format!("BLOCKED, by {}", verdict.step.title());
            return self.say_by_proxy(subject, "education", host.as_str(), outcome, said);
        }
        let Some(first) = names.first() else {
            return self.say_by_proxy(subject, "education", "", Outcome::Said, "no list names any of it".into());
        };
        let count = names.len().min(LESSONS);
        if !*outside || self.is_late() {
            let said = format!("{count} names of it are open; none was dialled, as nothing outside answered before");
            return self.say_by_proxy(subject, "education", first.as_str(), Outcome::Said, said);
        }
        let (outcome, said) = match browser.connect(subject.who, first.as_str()) {
            Ok(answered) if answered.denied => (Outcome::Failed, "BLOCKED behind its name".to_owned()),
            Ok(answered) if answered.status == 200 => (Outcome::Ok, format!("{count} names of it are open, and it answers")),
            Ok(answered) => {
                (Outcome::Said, format!("{count} names of it are open; this one does not answer ({})", answered.status))
            }
            Err(fault) => (Outcome::Said, format!("{count} names of it are open; this one does not answer ({fault})")),
        };
        *outside = outcome != Outcome::Said;
        self.say_by_proxy(subject, "education", first.as_str(), outcome, said);
    }

    /// Whether a search goes to the safe one, by what the door notes of it: from outside it looks the same.
    fn safe_by_proxy(&mut self, browser: &Browser, subject: &Subject, outside: &mut bool) {
        let Ok(host) = Host::parse(SEARCH) else { return };
        let visit = self.gate.visit_as(subject.who);
        let Some(safe) = visit.rewrite(&host, &visit.judge(&host, Surface::NoPage)).map(|target| target.host()) else {
            return self.say_by_proxy(subject, "safe search", SEARCH, Outcome::Said, "not made safe here".into());
        };
        if !*outside || self.is_late() {
            let said = "it was not dialled, as nothing outside answered before".into();
            return self.say_by_proxy(subject, "safe search", SEARCH, Outcome::Said, said);
        }
        let before = self.rewritten();
        let (outcome, said) = match browser.connect(subject.who, SEARCH) {
            Ok(_) if self.rewritten() > before => (Outcome::Ok, format!("searches are safe: it is dialled as {safe}")),
            Ok(answered) => (Outcome::Failed, format!("NOT dialled as {safe}: {}", answered.status)),
            Err(fault) => {
                *outside = false;
                (Outcome::Said, format!("not known, as it does not answer: {fault}"))
            }
        };
        self.say_by_proxy(subject, "safe search", SEARCH, outcome, said);
    }

    /// How many answers to the gate's own questions were another host's.
    fn rewritten(&self) -> u64 {
        let all = self.gate.counters.by_door_and_action();
        all.iter().filter(|(door, action, _)| door == "self-test" && action == "rewrite").map(|(.., count)| count).sum()
    }
}
