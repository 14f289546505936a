//! Connections to the directory, pages of its people, and who is in which group.

use super::walk::{Group, Groups, everybody};
use super::{Entry, same_dn};
use crate::config::{Directory, DirectoryKind, DirectoryServer};
use crate::net::tls;
use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, ldap_escape};
use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Most people that are taken: ten times a large school, a large trust.
pub const MOST_PEOPLE: usize = 50_000;

/// Entries of one page: Active Directory gives a thousand at most.
const PAGE: i32 = 500;

/// Values of one attribute that are kept, and octets of one.
const MOST_VALUES: usize = 20_000;
const LONGEST: usize = 1024;

const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(30);
const WHOLE: Duration = Duration::from_secs(300);

/// Groups in groups, to any depth (MS-ADTS, LDAP_MATCHING_RULE_IN_CHAIN).
const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// Why the directory did not say who there is. No text has the password.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryFault {
    #[error("[people.directory] {key}: {path} {what}")]
    File { key: &'static str, path: String, what: String },
    #[error("{server}: {what}")]
    Server { server: String, what: String },
    #[error("it gives more than {MOST_PEOPLE} people: is `base` or `filter` right?")]
    TooMany,
    #[error("it gives nobody: are `base` and `filter` right, and may this account read them?")]
    Nobody,
    #[error("there is no group {dn}: [[people.directory.group]] names it")]
    NoGroup { dn: String },
    #[error("what it says cannot be read")]
    Unreadable,
}

/// Who there is.
#[derive(Debug, Default)]
pub struct Found {
    pub people: Vec<Entry>,
    /// Of each group of the configuration, in its order: the names of those in it.
    pub members: Vec<HashSet<String>>,
}

/// Asks one server after the other, until one answers.
///
/// # Errors
/// [`DirectoryFault`]: of the last of them.
pub async fn ask(directory: &Directory) -> Result<Found, DirectoryFault> {
    let password = password(directory)?;
    let more = directory
        .trust
        .as_ref()
        .map(|path| std::fs::read(path).map_err(|fault| file("trust", path, format!("cannot be read: {fault}"))));
    let tls = tls::directory(more.transpose()?.as_deref())
        .map_err(|fault| DirectoryFault::Server { server: "[people.directory]".into(), what: fault.to_string() })?;
    let mut last = DirectoryFault::Nobody;
    for server in &directory.servers {
        let (directory, server, password, tls) = (directory.clone(), server.clone(), password.clone(), tls.clone());
        let named = server.url.clone();
        // A task of its own: what the library cannot read it panics over.
        let mut asking = tokio::spawn(async move { one(&directory, &server, &password, tls).await });
        match timeout(WHOLE, &mut asking).await {
            Ok(Ok(Ok(found))) => return Ok(found),
            Ok(Ok(Err(fault @ (DirectoryFault::TooMany | DirectoryFault::Nobody | DirectoryFault::NoGroup { .. })))) => {
                return Err(fault);
            }
            Ok(Ok(Err(fault))) => last = fault,
            Ok(Err(_)) => last = DirectoryFault::Unreadable,
            Err(_) => {
                asking.abort();
                last = DirectoryFault::Server { server: named, what: format!("it took more than {} s", WHOLE.as_secs()) };
            }
        }
    }
    Err(last)
}

fn file(key: &'static str, path: &std::path::Path, what: String) -> DirectoryFault {
    DirectoryFault::File { key, path: path.display().to_string(), what }
}

/// The first line of the file. Never empty: many directories take a bind without a password for one of nobody.
fn password(directory: &Directory) -> Result<Arc<str>, DirectoryFault> {
    let path = &directory.password_file;
    let fault = |what: &str| file("password_file", path, what.to_owned());
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(4096).read_to_string(&mut text));
    read.map_err(|fault| file("password_file", path, format!("cannot be read: {fault}")))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() { Err(fault("must hold one line, the password")) } else { Ok(line.into()) }
}

/// Ends the connection's task with whoever asked.
struct Driving(tokio::task::JoinHandle<()>);

impl Drop for Driving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn one(
    directory: &Directory,
    server: &DirectoryServer,
    password: &str,
    tls: Arc<rustls::ClientConfig>,
) -> Result<Found, DirectoryFault> {
    let of = |fault: LdapError| DirectoryFault::Server { server: server.url.clone(), what: in_words(&fault) };
    let settings = LdapConnSettings::new().set_conn_timeout(CONNECT).set_starttls(server.start_tls).set_config(tls);
    let (connection, mut ldap) = LdapConnAsync::with_settings(settings, &server.url).await.map_err(of)?;
    let _driving = Driving(tokio::spawn(async move { _ = connection.drive().await }));
    let bound = ldap.with_timeout(ANSWER).simple_bind(&directory.bind, password).await;
    bound.and_then(|result| result.success()).map_err(of)?;
    let people = people(&mut ldap, directory, &directory.filter).await.map_err(of)?.ok_or(DirectoryFault::TooMany)?;
    if people.is_empty() {
        return Err(DirectoryFault::Nobody);
    }
    let mut members = Vec::with_capacity(directory.groups.len());
    match directory.kind {
        DirectoryKind::ActiveDirectory => {
            for group in &directory.groups {
                // Of a group that is not there everybody would have left.
                if Walked(&mut ldap).group(&group.dn).await.map_err(of)?.is_none() {
                    return Err(no_group(&group.dn));
                }
                let filter = format!("(&{}(memberOf:{IN_CHAIN}:={}))", directory.filter, ldap_escape(group.dn.as_str()));
                let inside = names(&mut ldap, directory, &filter).await.map_err(of)?.ok_or(DirectoryFault::TooMany)?;
                members.push(inside);
            }
        }
        DirectoryKind::Other => {
            let known: HashSet<String> = people.iter().map(|entry| same_dn(&entry.dn)).collect();
            let mut groups = Walked(&mut ldap);
            for group in &directory.groups {
                let inside = everybody(&mut groups, &group.dn, &known).await.map_err(of)?;
                members.push(inside.ok_or_else(|| no_group(&group.dn))?);
            }
        }
    }
    let _ = timeout(CONNECT, ldap.unbind()).await;
    Ok(Found { people, members })
}

fn no_group(dn: &str) -> DirectoryFault {
    DirectoryFault::NoGroup { dn: dn.to_owned() }
}

/// What went wrong, for a person.
fn in_words(fault: &LdapError) -> String {
    match fault {
        LdapError::LdapResult { result } => match result.rc {
            49 => "it does not take this name and password (`bind`, `password_file`)".into(),
            32 => "there is nothing under that name (`base`, or the `dn` of a group)".into(),
            50 => "this account may not read that".into(),
            4 | 11 => "it gives only a part of what there is: its limit must be lifted for this account".into(),
            rc => format!("it answers with code {rc}"),
        },
        LdapError::Timeout { .. } => "it does not answer in time".into(),
        other => other.to_string(),
    }
}

/// The people of the directory, page by page. `None`: more than are taken.
async fn people(ldap: &mut Ldap, directory: &Directory, filter: &str) -> Result<Option<Vec<Entry>>, LdapError> {
    let of = &directory.attributes;
    let more = [&of.role, &of.year, &of.form, &of.until].into_iter().flatten();
    let attributes: Vec<&str> = [&of.id, &of.name].into_iter().chain(more).map(String::as_str).collect();
    search(ldap, &directory.base, filter, attributes).await
}

async fn names(ldap: &mut Ldap, directory: &Directory, filter: &str) -> Result<Option<HashSet<String>>, LdapError> {
    // 1.1: no attributes (RFC 4511 §4.5.1.8).
    let entries = search(ldap, &directory.base, filter, vec!["1.1"]).await?;
    Ok(entries.map(|entries| entries.iter().map(|entry| same_dn(&entry.dn)).collect()))
}

async fn search(ldap: &mut Ldap, base: &str, filter: &str, attributes: Vec<&str>) -> Result<Option<Vec<Entry>>, LdapError> {
    let adapters: Vec<Box<dyn Adapter<_, _>>> = vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(PAGE))];
    let mut stream = ldap.with_timeout(ANSWER).streaming_search_with(adapters, base, Scope::Subtree, filter, attributes).await?;
    let mut entries = Vec::new();
    while let Some(entry) = stream.next().await? {
        if entries.len() >= MOST_PEOPLE {
            return Ok(None);
        }
        entries.push(entry_of(SearchEntry::construct(entry)));
    }
    stream.finish().await.success()?;
    Ok(Some(entries))
}

fn entry_of(found: SearchEntry) -> Entry {
    let kept = |values: Vec<String>| values.into_iter().filter(|value| value.len() <= LONGEST).take(MOST_VALUES).collect();
    let values = found.attrs.into_iter().map(|(name, values)| (name.to_lowercase(), kept(values))).collect();
    Entry { dn: found.dn, values }
}

/// Groups as they are read one by one.
struct Walked<'a>(&'a mut Ldap);

impl Groups for Walked<'_> {
    type Fault = LdapError;

    async fn group(&mut self, dn: &str) -> Result<Option<Group>, LdapError> {
        let attributes = vec!["member", "uniqueMember"];
        let found = self.0.with_timeout(ANSWER).search(dn, Scope::Base, "(objectClass=*)", attributes).await?.success();
        let (entries, _) = match found {
            // What is in a group and is not there any more, or is no name.
            Err(LdapError::LdapResult { result }) if matches!(result.rc, 32 | 34) => return Ok(None),
            found => found?,
        };
        let Some(entry) = entries.into_iter().next().map(|entry| entry_of(SearchEntry::construct(entry))) else {
            return Ok(None);
        };
        let members = entry.all("member").iter().chain(entry.all("uniqueMember"));
        Ok(Some(Group { members: members.cloned().collect() }))
    }
}
