//! `[mail]`: whom the report is told to by mail, and by which servers.

use super::Web;
use super::fault::{Wrong, shown};
use super::file::Section;
use super::item::{Item, List};
use super::values;
use crate::words::Host;
use std::path::{Path, PathBuf};

/// Longest address (RFC 5321 §4.5.3.1.3).
const MAX_ADDRESS: usize = 254;

/// Mail of the report. As shipped there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub from: String,
    /// The DSL, and the deputies.
    pub to: Vec<String>,
    /// Whom a report is told to that nobody has signed after three days, and after seven.
    pub deputies: Vec<String>,
    pub head: Vec<String>,
    /// Where the reader finds the report, if that is not the desk; text of the mail.
    pub link: Option<String>,
    /// The desk of this gate, if there is one.
    pub desk: Option<String>,
    /// The server, and what is tried after it: one or two.
    pub routes: Vec<Route>,
}

/// One server that takes mail, over TLS and never without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub server: String,
    pub port: u16,
    /// TLS from the first byte; else by STARTTLS.
    pub wrapped: bool,
    pub login: Option<Login>,
    /// Certificates (PEM) trusted beside those of the box.
    pub trust: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    /// Its first line is the password.
    pub password_file: PathBuf,
}

/// `folder` is where paths begin, `web` the door at which the desk is.
pub(super) fn read(root: &Section, folder: &Path, web: &Web) -> Option<Mail> {
    let section = root.section("mail");
    if !["server", "from", "to"].into_iter().any(|key| section.has(key)) {
        section.end();
        return None;
    }
    let first = route(&section, folder);
    let from = section.need("from", address);
    let to = section.need_list("to", address);
    if let Some(to) = to.as_ref().filter(|to| to.empty) {
        section.fault(Wrong::new("nobody is written to", "the DSL's address").at(to.place));
    }
    let deputies = List::values(section.list("deputies", address));
    let head = List::values(section.list("head", address));
    let link = section.value("link", link);
    let second = section.has("second").then(|| {
        let section = section.section("second");
        let route = route(&section, folder);
        section.end();
        route
    });
    section.end();
    Some(Mail {
        from: from?.value,
        to: List::values(to),
        deputies,
        head,
        link: link.map(|link| link.value),
        desk: web.desk(),
        routes: [first, second.flatten()].into_iter().flatten().collect(),
    })
}

fn route(section: &Section, folder: &Path) -> Option<Route> {
    let server = section.need("server", values::host);
    let wrapped = section.value("tls", |item| item.word(&[("starttls", false), ("tls", true)])).is_some_and(|tls| tls.value);
    let port = section.value("port", |item| item.number(1..=65535)).and_then(|port| u16::try_from(port.value).ok());
    let trust = section.value("trust", |item| path(item, folder)).map(|trust| trust.value);
    // The one is nothing without the other.
    let login = if section.has("user") || section.has("password_file") {
        let user = section.need("user", values::name);
        let file = section.need("password_file", |item| path(item, folder));
        user.zip(file).map(|(user, file)| Login { user: user.value, password_file: file.value })
    } else {
        section.value("user", values::name);
        section.value("password_file", |item| path(item, folder));
        None
    };
    let port = port.unwrap_or(if wrapped { 465 } else { 587 });
    Some(Route { server: server?.value.to_string(), port, wrapped, login, trust })
}

fn path(item: &Item, folder: &Path) -> Result<PathBuf, Wrong> {
    super::lists::path(item.text()?).map(|path| folder.join(path))
}

pub(super) fn address(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?;
    let wrong = || Wrong::new(format!("{} is no address of mail", shown(text)), "such as dsl@school.example");
    let (name, host) = text.rsplit_once('@').ok_or_else(wrong)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let good = text.len() <= MAX_ADDRESS && !name.is_empty() && name.chars().all(plain) && Host::parse(host).is_ok();
    if good { Ok(text.to_owned()) } else { Err(wrong()) }
}

fn link(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?;
    let good = text.starts_with("https://") && text.len() <= 200 && text.chars().all(|c| c.is_ascii_graphic());
    if good {
        Ok(text.to_owned())
    } else {
        Err(Wrong::new(format!("{} is no link", shown(text)), "an address that begins with https://"))
    }
}
