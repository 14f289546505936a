//! `[[leases]]`, `[radius]`, `[[session]]`, `[[shared]]`: what says who is at an address, and where nobody can.

use super::doors::Proxy;
use super::fault::{Place, Wrong};
use super::file::Section;
use super::groups::People;
use super::item::{Item, List};
use super::kerberos;
use super::values;
use crate::wire::leases::Format;
use crate::words::{GroupId, Network, NetworkId};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// More of each than any school has.
const MOST: usize = 64;

/// What a device of 802.1X is silent for at most, as it ships: twice the slowest interim interval that is advised.
const SILENT_MINUTES: u32 = 30;

/// How long what another system said holds, as it ships.
const SESSION_MINUTES: u32 = 15;

/// What says who is at an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    pub leases: Vec<LeaseFile>,
    pub radius: Radius,
    /// Other systems that say who is signed in.
    pub systems: Vec<System>,
    /// Addresses that many are behind, and devices that are nobody's.
    pub shared: Vec<Shared>,
    /// Networks of which every address is such: `[[network]] shared = true`.
    pub shared_networks: Vec<NetworkId>,
    /// Networks where the proxy asks who it is.
    pub asks: Vec<Asks>,
}

/// What the proxy asks of a network's clients: `[[network]] ask`. The default is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asks {
    pub network: NetworkId,
    /// A name and a password (RFC 7617), over TLS.
    pub basic: bool,
    /// A Kerberos ticket (RFC 4559), over TLS and in the clear.
    pub negotiate: bool,
    /// What is shown with one request is true of the device for a while.
    pub one_person_per_device: bool,
}

impl Sources {
    pub fn asks_at(&self, network: NetworkId) -> Asks {
        let nothing = Asks { network, basic: false, negotiate: false, one_person_per_device: false };
        self.asks.iter().find(|asks| asks.network == network).copied().unwrap_or(nothing)
    }
}

/// The file of a DHCP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseFile {
    pub path: PathBuf,
    pub format: Format,
}

/// RADIUS accounting. Nothing is listened to as it ships.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Radius {
    pub listen: Vec<SocketAddr>,
    pub clients: Vec<RadiusClient>,
}

/// Access points or a controller that may tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RadiusClient {
    pub name: String,
    pub from: Vec<Network>,
    pub secret_file: PathBuf,
    /// A session of which nothing was heard for so long has ended.
    pub silent_ms: u64,
}

/// A system that may say who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    pub name: String,
    /// SHA-256 of its token.
    pub token: [u8; 32],
    pub from: Vec<Network>,
    /// It may speak of other devices than the one it calls from.
    pub for_others: bool,
    /// Its token may come in the clear.
    pub in_clear: bool,
    pub lasts_ms: u64,
}

/// Addresses that many are behind, or devices that go from hand to hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    pub name: String,
    pub addresses: Vec<Network>,
    /// Tags of the register; one that ends in `*` is all that begin so.
    pub devices: Vec<String>,
    /// Whom they are judged as; `None`: as their network.
    pub group: Option<GroupId>,
}

impl Shared {
    /// Whether a device of this tag is one of these.
    pub fn has_device(&self, tag: &str) -> bool {
        self.devices.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => tag.starts_with(beginning),
            None => tag == pattern,
        })
    }
}

/// `folder` is where paths begin.
pub(super) fn read(root: &Section, folder: &Path, people: &People, proxy: &Proxy) -> Sources {
    if let Some(first) = people.asks.iter().find(|asks| asks.value.basic && proxy.tls_listen.is_empty()) {
        let wrong = Wrong::new("a password is asked for over TLS only", "add `tls_listen` under [proxy], or delete this");
        root.fault(wrong.at(first.place));
    }
    if let Some(first) = people.asks.iter().find(|asks| asks.value.negotiate) {
        kerberos::can_be_asked(root, first.place, proxy.kerberos.as_ref());
    }
    let leases = at_most(root.sections("leases"), "files of leases");
    let leases = leases.iter().filter_map(|section| {
        let file = section.need("file", |item| path(item, folder));
        let format = section.need("format", |item| item.word(&Format::ALL));
        section.end();
        Some(LeaseFile { path: file?.value, format: format?.value })
    });
    Sources {
        leases: leases.collect(),
        radius: radius(root, folder),
        systems: systems(root),
        shared: at_most(root.sections("shared"), "shared addresses").iter().filter_map(|s| shared(s, people)).collect(),
        shared_networks: people.shared.clone(),
        asks: people.asks.iter().map(|asks| asks.value).collect(),
    }
}

fn at_most<'r>(mut sections: Vec<Section<'r>>, what: &str) -> Vec<Section<'r>> {
    if let Some(first) = sections.get(MOST) {
        first.fault(Wrong::new(format!("there are more than {MOST} {what}"), "delete some").at(first.place()));
    }
    sections.truncate(MOST);
    sections
}

fn radius(root: &Section, folder: &Path) -> Radius {
    let section = root.section("radius");
    let listen = section.list("listen", |item| values::listen(item, 1813));
    let sections = at_most(section.sections("client"), "senders of RADIUS accounting");
    section.end();
    let clients: Vec<_> = sections.iter().filter_map(|section| client(section, folder)).collect();
    if let (Some(listen), true) = (&listen, sections.is_empty()) {
        let wrong = Wrong::new("RADIUS is listened to, and nobody may tell anything", "add a `[[radius.client]]`");
        section.fault(wrong.at(listen.place));
    }
    if let (None, Some(first)) = (&listen, sections.first()) {
        let wrong = Wrong::new("this sender is not heard: nothing is listened to", "add `listen = [\"…:1813\"]` under [radius]");
        section.fault(wrong.at(first.place()));
    }
    Radius { listen: List::values(listen), clients }
}

fn client(section: &Section, folder: &Path) -> Option<RadiusClient> {
    let name = section.need("name", values::name);
    let from = section.need_list("from", values::network);
    let secret_file = section.need("secret_file", |item| path(item, folder));
    let minutes = section.value("silent_minutes", |item| item.number(1..=24 * 60)).map_or(SILENT_MINUTES, |m| m.value);
    section.end();
    Some(RadiusClient {
        name: name?.value,
        from: not_empty(section, from),
        secret_file: secret_file?.value,
        silent_ms: u64::from(minutes) * 60_000,
    })
}

fn systems(root: &Section) -> Vec<System> {
    let mut places = HashMap::new();
    let sections = at_most(root.sections("session"), "systems");
    sections.iter().filter_map(|section| system(section, &mut places)).collect()
}

/// `places`: where each token is written already.
fn system(section: &Section, places: &mut HashMap<[u8; 32], Place>) -> Option<System> {
    let name = section.need("name", values::name);
    let token = section.need("token_sha256", sha256);
    if let Some(token) = &token {
        match places.entry(token.value) {
            Entry::Occupied(first) => {
                let wrong = Wrong::new("two systems have the same token", "one of its own: `schoolgate people token` makes it");
                section.fault(wrong.at(token.place).first(*first.get()));
            }
            Entry::Vacant(place) => _ = place.insert(token.place),
        }
    }
    let from = section.need_list("from", values::network);
    let for_others = section.value("for_others", |item| item.flag()).is_some_and(|v| v.value);
    let in_clear = section.value("in_clear", |item| item.flag()).is_some_and(|v| v.value);
    let minutes = section.value("minutes", |item| item.number(1..=12 * 60)).map_or(SESSION_MINUTES, |m| m.value);
    section.end();
    let (from, lasts_ms) = (not_empty(section, from), u64::from(minutes) * 60_000);
    Some(System { name: name?.value, token: token?.value, from, for_others, in_clear, lasts_ms })
}

fn shared(section: &Section, people: &People) -> Option<Shared> {
    let name = section.need("name", values::name);
    let (addresses, devices) = (section.list("addresses", values::network), section.list("devices", values::name));
    let empty = [addresses.as_ref().map(|l| (l.empty, l.place)), devices.as_ref().map(|l| (l.empty, l.place))];
    for (_, place) in empty.into_iter().flatten().filter(|(empty, _)| *empty) {
        section.fault(Wrong::new("nothing is shared by this", "at least one, or delete the line").at(place));
    }
    let (addresses, devices) = (List::values(addresses), List::values(devices));
    section.need_one_of(["addresses", "devices"]);
    let group = section.value("group", |item| item.text());
    let group = group.and_then(|group| people.known.find(section, &group, "this group does not exist"));
    section.end();
    Some(Shared { name: name?.value, addresses, devices, group })
}

fn not_empty(section: &Section, from: Option<List<Network>>) -> Vec<Network> {
    if let Some(from) = from.as_ref().filter(|from| from.empty) {
        section.fault(Wrong::new("nobody may call", "at least one address, such as \"10.20.0.2\"").at(from.place));
    }
    List::values(from)
}

fn path(item: &Item, folder: &Path) -> Result<PathBuf, Wrong> {
    match item.text()? {
        "" => Err(Wrong::new(format!("`{}` has no name", item.key), "the path of a file")),
        path => Ok(folder.join(path)),
    }
}

/// 64 digits, in either case.
fn sha256(item: &Item) -> Result<[u8; 32], Wrong> {
    let text = item.text()?;
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    let bytes =
        digits.map(|digits| digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, d| byte << 4 | d)).collect::<Vec<u8>>());
    bytes.and_then(|bytes| bytes.try_into().ok()).filter(|_| text.len() == 64).ok_or_else(|| {
        let right = "its 64 digits, as `schoolgate people token` prints them";
        Wrong::new("this is not the SHA-256 of a token", right)
    })
}
