//! `[proxy] keytab`, `service`, `realms`: as whom the gate takes Kerberos tickets.

use super::fault::{Place, Placed, Spot, Wrong, shown};
use super::file::Section;
use super::item::{Item, List};
use crate::words::Host;
use std::path::{Path, PathBuf};

/// Whether this binary can open tickets: the feature `kerberos`, with MIT's library.
pub const IS_BUILT: bool = cfg!(feature = "kerberos");

/// Longest name of a realm: a DNS name's.
const MAX_REALM: usize = 253;

/// More than any school has domains that it believes.
const MOST: usize = 16;

const EXAMPLE: &str = "HTTP/gate.school.example@SCHOOL.EXAMPLE";

/// As whom the gate takes tickets, and of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kerberos {
    /// The gate's own key, as the domain's administrator exported it.
    pub keytab: PathBuf,
    /// Where it is named: what is wrong with it is told by who opens it.
    pub at: Spot,
    /// `HTTP/HOST@REALM`: browsers ask the domain for a ticket by the name of the proxy they were told.
    pub service: String,
    /// The host of it.
    pub host: Host,
    /// Whose users are people of the register, by the same name.
    pub realms: Vec<String>,
}

/// `folder` is where paths begin.
pub(super) fn read(proxy: &Section, folder: &Path) -> Option<Kerberos> {
    let keytab = proxy.value("keytab", path);
    let service = proxy.value("service", service);
    let realms = proxy.list("realms", |item| realm(item.text()?).map(str::to_owned));
    let at = |key: &'static str, place, right: &str| {
        if !proxy.has(key) {
            let title = format!("tickets are opened with a key, for a service: `{key}` is missing");
            proxy.fault(Wrong::new(title, right).at(place));
        }
    };
    if let Some(keytab) = &keytab {
        at("service", keytab.place, &format!("add what the key is of, such as service = \"{EXAMPLE}\""));
    } else if let Some(service) = &service {
        at("keytab", service.place, "add the file of its key: keytab = \"gate.keytab\"");
    } else if let Some(realms) = &realms {
        at("keytab", realms.place, "add the file of the gate's key: keytab = \"gate.keytab\"");
    }
    if let Some(realms) = &realms {
        if realms.empty {
            proxy
                .fault(Wrong::new("nobody's ticket is taken", "at least one realm, such as \"SCHOOL.EXAMPLE\"").at(realms.place));
        }
        if let Some(first) = realms.items.get(MOST) {
            proxy.fault(Wrong::new(format!("there are more than {MOST} realms"), "delete some").at(first.place));
        }
    }
    let (Placed { value: path, place }, Placed { value: (service, host, own), .. }) = (keytab?, service?);
    let realms = List::values(realms);
    let realms = if realms.is_empty() { vec![own] } else { realms };
    Some(Kerberos { keytab: folder.join(path), at: proxy.spot(place)?, service, host, realms })
}

fn path(item: &Item) -> Result<PathBuf, Wrong> {
    match item.text()? {
        text if text.is_empty() || text.contains('\0') => {
            Err(Wrong::new(format!("{} is not a path", shown(text)), "the path of a keytab"))
        }
        text => Ok(PathBuf::from(text)),
    }
}

/// `HTTP/HOST@REALM`, its host and its realm.
fn service(item: &Item) -> Result<(String, Host, String), Wrong> {
    let text = item.text()?;
    let wrong = || Wrong::new(format!("{} is no service that a browser asks for", shown(text)), format!("such as \"{EXAMPLE}\""));
    let (host, of) = text.strip_prefix("HTTP/").and_then(|rest| rest.split_once('@')).ok_or_else(wrong)?;
    let host = Host::parse(host).ok().filter(|parsed| parsed.address().is_none()).ok_or_else(wrong)?;
    Ok((text.to_owned(), host, realm(of)?.to_owned()))
}

fn realm(text: &str) -> Result<&str, Wrong> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if text.is_empty() || text.len() > MAX_REALM || !text.chars().all(plain) {
        return Err(Wrong::new(
            format!("{} is not a realm", shown(text)),
            "the domain in capital letters, such as \"SCHOOL.EXAMPLE\"",
        ));
    }
    Ok(text)
}

/// A network that asks for tickets can have them opened.
pub(super) fn can_be_asked(root: &Section, place: Place, kerberos: Option<&Kerberos>) {
    if !IS_BUILT {
        let wrong = Wrong::new("this build has no Kerberos", "delete \"negotiate\", or build with `--features kerberos`");
        root.fault(wrong.at(place));
    } else if kerberos.is_none() {
        let wrong = Wrong::new(
            "tickets are asked for, and there is no key to open them with",
            "add `keytab` and `service` under [proxy], or delete \"negotiate\"",
        );
        root.fault(wrong.at(place));
    }
}
