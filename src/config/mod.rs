//! What the network manager wrote, and what it means.
//!
//! Comes in: the text of the configuration files. Goes out: a [`Config`], or every fault at once, each with its place and
//! what would be right.
//! Always holds: no file is opened here (`crate::reload` brings the texts); a [`Config`] that was made is whole and consistent.

use crate::policy::Policy;
use crate::words::{Category, Host, Network, PersonRole};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// The whole configuration, as it is meant.
#[derive(Debug, Clone)]
pub struct Config {
    pub school: School,
    pub dns: Dns,
    pub proxy: Proxy,
    pub web: Web,
    /// Where state is kept: register, journal, lists.
    pub data: PathBuf,
    pub lists: Lists,
    /// Which people are in which group of the policy, by what the register says of them.
    pub members: Vec<Membership>,
    /// The school's own categories and all titles.
    pub categories: Vec<CategoryTitle>,
    /// Profiles, groups, networks, timetable, the school's own entries.
    pub policy: Policy,
}

#[derive(Debug, Clone)]
pub struct School {
    pub name: String,
    /// This box, in events and reports. The host name, if not written.
    pub gateway: String,
    /// IANA name of the zone; weeks, bells and the report go by it.
    pub zone: jiff::tz::TimeZone,
    /// Whom a blocked pupil should see: 'your teacher'.
    pub whom_to_see: String,
    /// Suites whose mail, chat and drive count as platform: the files `platform-NAME.txt` of the shipped lists.
    pub platforms: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Dns {
    /// UDP and TCP; empty: the door is shut.
    pub listen: Vec<SocketAddr>,
    /// UDP worker threads; 0: one a core.
    pub workers: usize,
    pub upstreams: Vec<SocketAddr>,
    pub block_answer: BlockAnswer,
}

/// What a blocked name is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockAnswer {
    Nxdomain,
    Nodata,
    /// 0.0.0.0 and ::
    Zero,
    /// The address that was asked, where the web door shows the block page.
    Page,
}

#[derive(Debug, Clone)]
pub struct Proxy {
    pub listen: Vec<SocketAddr>,
    /// Ports beside 443 for CONNECT, and 80 and 443 for absolute form.
    pub ports: Vec<u16>,
    /// Exact addresses and ports that are reached although they are loopback or private.
    pub destinations: Vec<SocketAddr>,
    /// The school's own networks, which are reached although they are private.
    pub internal_networks: Vec<Network>,
    /// The school's own zones: hosts within them may have private addresses.
    pub internal_zones: Vec<Host>,
}

#[derive(Debug, Clone)]
pub struct Web {
    pub listen: Vec<SocketAddr>,
    /// Who may read `/metrics` and `/healthz`, beside loopback.
    pub status_from: Vec<Network>,
}

#[derive(Debug, Clone)]
pub struct Lists {
    /// The folder of the lists that ship: one `CATEGORY.txt` a category.
    pub shipped: PathBuf,
    pub sources: Vec<Source>,
}

/// A list the school added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub category: Category,
    pub file: PathBuf,
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Looked at and told from its lines.
    Detect,
    Hosts,
    Domains,
}

/// Who belongs to a group of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub group: crate::words::GroupId,
    /// Empty: any year.
    pub years: Vec<u8>,
    /// Empty with years: pupils. Empty without: only those the register names.
    pub roles: Vec<PersonRole>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryTitle {
    pub category: Category,
    pub id: String,
    /// As people read it: 'Social networking'.
    pub title: String,
}

impl Config {
    /// The addresses this gateway answers on, for doors that must not reach themselves.
    pub fn own_addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.dns.listen.iter().chain(&self.proxy.listen).chain(&self.web.listen).map(|s| s.ip()).filter(|ip| !ip.is_unspecified())
    }

    /// The id of a category, the school's own among them.
    pub fn category_id(&self, category: Category) -> String {
        category
            .id()
            .map(str::to_owned)
            .or_else(|| self.title_of(category).map(|t| t.id.clone()))
            .unwrap_or_else(|| category.to_string())
    }

    pub fn title_of(&self, category: Category) -> Option<&CategoryTitle> {
        self.categories.iter().find(|t| t.category == category)
    }
}
