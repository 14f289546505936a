//! Who reads a page: in which language, and where they find what did not open for them.

use super::language::Language;
use crate::config::Config;
use hyper::HeaderMap;
use std::net::{IpAddr, SocketAddr};

/// HTTP's own port, which is not written.
const HTTP: u16 = 80;

/// What a page is made for, beside what it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reader {
    pub language: Language,
    /// The address of the list of what this client met, at our own web door; `None`: they cannot reach it.
    pub why: Option<String>,
}

impl Reader {
    /// The reader of a page in answer to these headers. `web` is where the web door listens, `local` the address of ours that they
    /// reached.
    pub fn of(headers: &HeaderMap, config: &Config, web: &[SocketAddr], local: IpAddr) -> Self {
        Self { language: Language::of(headers), why: why(config, web, local) }
    }
}

/// `http://why.hill.example/` where the school's own zone has that name and we say so ourselves; else the web door's address.
fn why(config: &Config, web: &[SocketAddr], local: IpAddr) -> Option<String> {
    let local = local.to_canonical();
    let here = web.iter().find(|at| at.ip() == local || at.ip().is_unspecified() && at.is_ipv4() == local.is_ipv4());
    let at = match here {
        Some(at) => SocketAddr::new(local, at.port()),
        None => *web.iter().find(|at| !at.ip().is_unspecified())?,
    };
    Some(match config.own_name("why", at.ip()) {
        Some(name) if at.port() == HTTP => format!("http://{name}/"),
        Some(name) => format!("http://{name}:{}/", at.port()),
        None => format!("http://{at}/why"),
    })
}
