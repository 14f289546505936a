//! `[people.directory]`: the school's directory, by LDAP, from which people are brought into the register.

use super::fault::Wrong;
use super::file::Section;
use super::groups::People;
use super::item::Item;
use super::values;
use crate::words::PersonRole;
use std::path::{Path, PathBuf};

const MOST_SERVERS: usize = 8;
const MOST_GROUPS: usize = 256;

/// Longest name of an entry, an attribute or a filter that is taken.
const LONGEST: usize = 1024;

/// What a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryKind {
    /// Microsoft's or Samba's: it says itself who is in a group of a group.
    ActiveDirectory,
    /// OpenLDAP and others: groups are walked.
    Other,
}

/// A server of the directory: always by TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryServer {
    /// `ldaps://dc1.school.example`
    pub url: String,
    /// TLS begins after the connection (`ldap://`).
    pub start_tls: bool,
}

/// Those in this group of the directory, and in the groups in it, are these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryGroup {
    pub dn: String,
    pub role: Option<PersonRole>,
    pub year: Option<u8>,
    /// A group of the configuration that they are put into.
    pub group: Option<String>,
}

/// What an entry's attributes are called; `None`: not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    pub id: String,
    pub name: String,
    pub role: Option<String>,
    pub year: Option<String>,
    pub form: Option<String>,
    pub until: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Asked in this order: the first that answers.
    pub servers: Vec<DirectoryServer>,
    pub kind: DirectoryKind,
    /// Certificate authorities beside those of the box.
    pub trust: Option<PathBuf>,
    pub bind: String,
    pub password_file: PathBuf,
    pub base: String,
    pub filter: String,
    pub every_ms: u64,
    /// Of a hundred of those it has brought, so many may leave at once.
    pub most_leavers: u8,
    pub attributes: Attributes,
    pub groups: Vec<DirectoryGroup>,
}

/// `folder` is where paths begin.
pub(super) fn read(people: &Section, folder: &Path, known: &People, role: Option<PersonRole>) -> Option<Directory> {
    let written = people.has("directory");
    let section = people.section("directory");
    if !written {
        return None;
    }
    let servers = section.need_list("servers", server);
    let kinds = [("active-directory", DirectoryKind::ActiveDirectory), ("other", DirectoryKind::Other)];
    let kind = section.need("kind", |item| item.word(&kinds));
    let trust = section.value("trust", |item| path(item, folder)).map(|v| v.value);
    let (bind, base) = (section.need("bind", text), section.need("base", text));
    let password_file = section.need("password_file", |item| path(item, folder));
    let filter = section.value("filter", filter).map(|v| v.value);
    let every = section.value("every_minutes", |item| item.number(5..=24 * 60)).map_or(60, |v| v.value);
    let most_leavers = section.value("most_leavers", |item| item.number(0..=100)).map_or(10, |v| v.value);
    let active = kind.as_ref().is_none_or(|kind| kind.value == DirectoryKind::ActiveDirectory);
    let attributes = attributes(&section.section("attributes"), active);
    let sections = section.sections("group");
    if let Some(first) = sections.get(MOST_GROUPS) {
        first.fault(
            Wrong::new(format!("there are more than {MOST_GROUPS} groups of the directory"), "delete some").at(first.place()),
        );
    }
    let groups: Vec<_> = sections.iter().take(MOST_GROUPS).filter_map(|section| group(section, known)).collect();
    let some = attributes.role.is_some() || role.is_some() || groups.iter().any(|group| group.role.is_some());
    if !some && sections.iter().all(|section| !section.has("role")) {
        let wrong =
            Wrong::new("nobody of the directory has a role", "add a `[[people.directory.group]]` with its `dn` and `role`");
        section.fault(wrong.at(section.place()));
    }
    if let Some(servers) = servers.as_ref().filter(|s| s.empty || s.items.len() > MOST_SERVERS) {
        section.fault(Wrong::new("there is no server, or too many", format!("from one to {MOST_SERVERS}")).at(servers.place));
    }
    section.end();
    let of_kind = if active {
        // Users, and not those that are switched off.
        "(&(objectCategory=person)(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))"
    } else {
        "(objectClass=inetOrgPerson)"
    };
    Some(Directory {
        servers: super::item::List::values(servers),
        kind: kind?.value,
        trust,
        bind: bind?.value,
        password_file: password_file?.value,
        base: base?.value,
        filter: filter.unwrap_or_else(|| of_kind.to_owned()),
        every_ms: u64::from(every) * 60_000,
        most_leavers: u8::try_from(most_leavers).unwrap_or(100),
        attributes,
        groups,
    })
}

fn attributes(section: &Section, active: bool) -> Attributes {
    let own = |key| section.value(key, attribute).map(|v| v.value);
    let (id, name) = if active { ("sAMAccountName", "displayName") } else { ("uid", "cn") };
    let attributes = Attributes {
        id: own("id").unwrap_or_else(|| id.to_owned()),
        name: own("name").unwrap_or_else(|| name.to_owned()),
        role: own("role"),
        year: own("year"),
        form: own("form"),
        until: own("until"),
    };
    section.end();
    attributes
}

fn group(section: &Section, known: &People) -> Option<DirectoryGroup> {
    let dn = section.need("dn", text);
    let roles: Vec<_> = PersonRole::ALL.iter().map(|r| (r.word(), *r)).collect();
    let role = section.value("role", |item| item.word(&roles)).map(|v| v.value);
    let year = section.value("year", |item| item.number(0..=13)).and_then(|v| u8::try_from(v.value).ok());
    let group = section.value("group", |item| item.text());
    if let Some(group) = &group {
        let _ = known.known.find(section, group, "this group does not exist");
    }
    section.end();
    Some(DirectoryGroup { dn: dn?.value, role, year, group: group.map(|group| group.value.to_owned()) })
}

/// `ldaps://host`, or `ldap://host`, which goes on with StartTLS; a port may follow.
fn server(item: &Item) -> Result<DirectoryServer, Wrong> {
    let text = item.text()?;
    let right = || "ldaps://dc1.school.example, or ldap://… which goes on with StartTLS".to_owned();
    let (start_tls, rest) = match text.split_once("://") {
        Some(("ldaps", rest)) => (false, rest),
        Some(("ldap", rest)) => (true, rest),
        _ => return Err(Wrong::new("this is no server of a directory", right())),
    };
    let authority = crate::words::Url::parse_authority(rest.trim_end_matches('/'));
    if authority.is_err() || text.len() > LONGEST {
        return Err(Wrong::new("this is no server of a directory", right()));
    }
    Ok(DirectoryServer { url: text.to_owned(), start_tls })
}

fn text(item: &Item) -> Result<String, Wrong> {
    let name = values::name(item)?;
    if name.len() > LONGEST { Err(Wrong::new("this is too long", format!("at most {LONGEST} octets"))) } else { Ok(name) }
}

fn attribute(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?;
    let plain =
        !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    if plain { Ok(text.to_owned()) } else { Err(Wrong::new("this is no attribute", "its name, such as \"department\"")) }
}

/// RFC 4515, as far as its parentheses go; the directory says what else is wrong.
fn filter(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?;
    let mut depth = 0;
    let mut closes_early = false;
    for (at, byte) in text.bytes().enumerate() {
        depth += i32::from(byte == b'(') - i32::from(byte == b')');
        closes_early |= depth <= 0 && at + 1 < text.len();
    }
    if text.len() > LONGEST || depth != 0 || closes_early || text.is_empty() {
        return Err(Wrong::new("this is no filter", "one in parentheses, such as \"(objectClass=user)\""));
    }
    Ok(text.to_owned())
}

fn path(item: &Item, folder: &Path) -> Result<PathBuf, Wrong> {
    match item.text()? {
        "" => Err(Wrong::new(format!("`{}` has no name", item.key), "the path of a file")),
        path => Ok(folder.join(path)),
    }
}
