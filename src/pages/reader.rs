//! Who reads a page: in which language, and where they find what did not open for them.

use super::language::Language;
use crate::config::Config;
use crate::gate::{Gate, Snapshot, Visit};
use hyper::HeaderMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The ports of HTTP and HTTPS, which are not written.
const HTTP: u16 = 80;
const HTTPS: u16 = 443;

/// Where people sign in, at the web door.
pub const SIGN_IN: &str = "/sign-in";

/// Where staff open something for a lesson, at the web door over TLS.
pub const STAFFROOM: &str = "/staffroom";

/// What a page is made for, beside what it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reader {
    pub language: Language,
    /// The address of the list of what this client met, at our own web door; `None`: they cannot reach it.
    pub why: Option<String>,
    /// Where they sign in, if that is what keeps pages from opening.
    pub sign_in: Option<String>,
}

impl Reader {
    /// The reader of a page in answer to these headers. `web` is where the web door listens, `local` the address of ours that they
    /// reached.
    pub fn of(headers: &HeaderMap, config: &Config, web: &[SocketAddr], local: IpAddr) -> Self {
        Self { language: Language::of(headers), why: why(config, web, local), sign_in: None }
    }
}

impl Reader {
    /// The same of somebody who is to sign in, if this visit is of one.
    #[must_use]
    pub fn who_signs_in(self, gate: &Gate, visit: &Visit, local: IpAddr) -> Self {
        let is_to = visit.snapshot.is_to_sign_in(&visit.who);
        Self { sign_in: is_to.then(|| sign_in(gate, &visit.snapshot, local)).flatten(), ..self }
    }
}

/// Where people sign in, for who reached us at `local`: over TLS under the door's own name, if it can prove that; else in the clear, for
/// vouchers alone. `None`: the web door is shut.
pub fn sign_in(gate: &Gate, snapshot: &Snapshot, local: IpAddr) -> Option<String> {
    over_tls(gate, snapshot).or_else(|| {
        let at = reached(&gate.web, local.to_canonical())?;
        Some(if at.port() == HTTP { format!("http://{}{SIGN_IN}", Shown(at.ip())) } else { format!("http://{at}{SIGN_IN}") })
    })
}

/// The same over TLS alone.
pub fn over_tls(gate: &Gate, snapshot: &Snapshot) -> Option<String> {
    let name = &snapshot.config.web.by.as_ref()?.name;
    let port = gate.web_tls.first().filter(|_| matches!(snapshot.web_identity, Some(Ok(_))))?.port();
    Some(if port == HTTPS { format!("https://{name}{SIGN_IN}") } else { format!("https://{name}:{port}{SIGN_IN}") })
}

/// An address as it stands in a URL.
struct Shown(IpAddr);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => v4.fmt(f),
            IpAddr::V6(v6) => write!(f, "[{v6}]"),
        }
    }
}

/// Where the web door is for who reached us at `local`.
fn reached(web: &[SocketAddr], local: IpAddr) -> Option<SocketAddr> {
    let here = web.iter().find(|at| at.ip() == local || at.ip().is_unspecified() && at.is_ipv4() == local.is_ipv4());
    match here {
        Some(at) => Some(SocketAddr::new(local, at.port())),
        None => web.iter().find(|at| !at.ip().is_unspecified()).copied(),
    }
}

/// `http://why.hill.example/` where the school's own zone has that name and we say so ourselves; else the web door's address.
fn why(config: &Config, web: &[SocketAddr], local: IpAddr) -> Option<String> {
    let at = reached(web, local.to_canonical())?;
    Some(match config.own_name("why", at.ip()) {
        Some(name) if at.port() == HTTP => format!("http://{name}/"),
        Some(name) => format!("http://{name}:{}/", at.port()),
        None => format!("http://{at}/why"),
    })
}
