//! What the network manager wrote, and what it means.
//!
//! Comes in: the text of the configuration files. Goes out: a [`Config`], or every fault at once, each with its place and
//! what would be right.
//! Always holds: no file is opened here (`crate::reload` brings the texts); a [`Config`] that was made is whole and consistent.
//!
//! How it is read:
//! - [`fault`]       what is wrong, where, and what would be right; drawn under its line
//! - [`file`]        tables with their places, read key by key
//! - [`item`]        one value, asked for as what it should be
//! - [`values`]      what single values mean: addresses, hosts, times
//! - [`near`]        did you mean …?
//! - [`known`]       names that other places refer to
//!
//! What it says, one file a section:
//! - [`school`]      `[school]`
//! - [`doors`]       `[dns]`, `[proxy]`, `[web]`
//! - [`firewall`]    `[firewall]`
//! - [`upstream`]    one resolver that is asked
//! - [`names`]       `[[dns.forward]]`, `[[dns.record]]`
//! - [`encrypted`]   `[dns]` and `[web]`, what is served over TLS
//! - [`lists`]       `[lists]`, `[[list]]`
//! - [`phrases`]     `[[phrases]]`
//! - [`public`]      `[[source]]` of `sources.toml`, and what else is fetched
//! - [`categories`]  `[category.ID]`
//! - [`profiles`]    `[profile.NAME]`
//! - [`report`]      `[report]`
//! - [`retention`]   `[retention]`
//! - [`mail`]        `[mail]`
//! - [`matters`]     `matters.toml`: what the report weighs
//! - [`groups`]      `[[group]]`, `[[network]]`
//! - [`rooms`]       `[[room]]`
//! - [`people`]      `[people]`
//! - [`inside`]      `[inside]`
//! - [`portal`]      `[portal]`
//! - [`sources`]     `[[leases]]`, `[radius]`, `[[session]]`, `[[shared]]`
//! - [`timetable`]   `[[timetable]]` and the term dates, with the [`bank_holidays`]
//! - [`entries`]     `[[entry]]`
//!
//! And back:
//! - [`entry_file`]  the file of the school's own entries, with one more or one less
//! - [`exceptions`]  what another filter has exported, as rows for it
//! - [`own_names`]   the names this gate has in the school's own zones
//! - [`summary`]     what was understood, as `check` prints it

mod alerts;
mod backup;
mod bank_holidays;
mod categories;
mod directory;
mod doors;
mod encrypted;
mod entries;
mod entry_file;
mod exceptions;
mod fault;
mod file;
mod firewall;
mod groups;
mod inside;
mod item;
mod kerberos;
mod known;
mod lists;
mod mail;
mod matters;
mod names;
mod near;
mod own_names;
mod people;
mod phrases;
mod portal;
mod profiles;
mod public;
mod report;
mod retention;
mod rooms;
mod school;
mod sources;
mod summary;
mod timetable;
mod upstream;
mod values;

pub use alerts::{Alerts, Webhook};
pub use backup::Backup;
pub use categories::CategoryTitle;
pub use directory::{Attributes, Directory, DirectoryGroup, DirectoryKind, DirectoryServer};
pub use doors::{BlockAnswer, Dns, Parent, Proxy, Web};
pub use encrypted::{Certified, Encrypted, HTTPS_PATH, PemFile};
pub use entries::{FIRST_WORKED_OUT, WrittenEntry};
pub use entry_file::{EntryFault, EntryFile};
pub use exceptions::{Exception, Exceptions, ExceptionsFault, MAX_BYTES as MAX_EXCEPTIONS, read_exceptions};
pub use fault::{Fault, Faults, Spot, Text};
pub use firewall::Firewall;
pub use groups::Membership;
pub use inside::Inside;
pub use kerberos::{IS_BUILT as HAS_KERBEROS, Kerberos};
pub use lists::{Lists, SealedFile, Source, Update};
pub use mail::{Login, Mail, Route};
pub use matters::{Scoring, THEMES};
pub use names::{Data, Forward, Record};
pub use near::nearest;
pub use people::{COLUMNS, PeopleRules, Required};
pub use phrases::PhraseSource;
pub use portal::{MonitoringNotice, OpenId, Pinned, Portal, Way};
pub use public::{PublicList, Signature};
pub use report::Report;
pub use retention::Retention;
pub use rooms::Room;
pub use school::{SUITES, School};
pub use sources::{Asks, LeaseFile, Radius, RadiusClient, Shared, Sources, System};
pub use upstream::{Protocol, Upstream};

use crate::policy::{Entry, Exams, OwnEntries, Passes, Policy, Timetable};
use crate::words::{Category, GroupId};
use fault::Wrong;
use file::{Reader, Section};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Largest file that is read, but for [`MAX_ENTRIES`]: a hundred times what a large school writes.
pub const MAX_TEXT: usize = 1 << 20;

/// Largest file of the school's own entries: 40,000 of some 200 bytes, twice what an import brings.
pub const MAX_ENTRIES: usize = 8 << 20;

/// Where state is kept unless `[data] dir` says otherwise: in the folder the process is started in.
const DATA: &str = "./var";

/// The whole configuration, as it is meant.
#[derive(Debug, Clone)]
pub struct Config {
    pub school: School,
    pub dns: Dns,
    pub proxy: Proxy,
    pub web: Web,
    pub firewall: Firewall,
    /// What is looked into where TLS is, once there is an authority for it.
    pub inside: Inside,
    /// What says who is at an address.
    pub sources: Sources,
    /// Where state is kept: register, journal, lists. As shipped `./var`, in the folder the process is started in.
    pub data: PathBuf,
    pub lists: Lists,
    /// Which people are in which group of the policy, by what the register says of them.
    pub members: Vec<Membership>,
    /// Rooms, by the addresses of their machines.
    pub rooms: Vec<Room>,
    /// What the school keeps of people, and how its own system exports it.
    pub people: PeopleRules,
    /// How people sign in on pages of ours.
    pub portal: Portal,
    /// Every category with its title, the school's own among them, by bit.
    pub categories: Vec<CategoryTitle>,
    /// When the weekly report is made.
    pub report: Report,
    /// How long what is kept of people is kept.
    pub retention: Retention,
    /// Who is told of it by mail; `None`: nobody.
    pub mail: Option<Mail>,
    /// What cannot wait for the report.
    pub alerts: Alerts,
    /// The nightly backup; `None`: there is none.
    pub backup: Option<Backup>,
    /// What the weekly report weighs.
    pub scoring: Scoring,
    /// Profiles, groups, networks, timetable, the school's own entries.
    ///
    /// The groups of the file come first; then one for each network, `network:NAME`, by which unknown devices are judged.
    pub policy: Policy,
}

/// Every text of a configuration.
#[derive(Debug, Clone)]
pub struct Files {
    /// `schoolgate.toml`. Paths of lists begin in its folder.
    pub main: Text,
    /// `conf.d/*.toml`: what a support firm adds, read as one with the main file.
    pub parts: Vec<Text>,
    pub profiles: Text,
    pub categories: Text,
    pub term_dates: Text,
    /// What the weekly report weighs.
    pub matters: Text,
    /// The catalogue of public lists.
    pub sources: Text,
    /// What `allow` and `block` have written.
    pub entries: Option<Text>,
    pub around: Around,
}

/// What a configuration is read with that no file says.
#[derive(Debug, Clone)]
pub struct Around {
    /// The gateway is called so if the file does not name it.
    pub host_name: String,
    /// The folder of the lists that ship, if the file names none.
    pub shipped: PathBuf,
    /// Milliseconds since 1970, for entries that must end soon; `None`: the clock is not set.
    pub now_ms: Option<i64>,
}

/// Reads a configuration.
///
/// # Errors
/// [`Faults`]: everything that is wrong with it, at once.
pub fn read(files: &Files) -> Result<Config, Faults> {
    let texts = files.texts();
    let reader = Reader::new(&texts);
    let config = understand(&reader, files);
    if reader.is_faultless() { Ok(config) } else { Err(reader.faults()) }
}

/// Reads a configuration as far as it goes: what is wrong is told beside it, and is as if it were not written.
pub fn read_as_far(files: &Files) -> (Config, Option<Faults>) {
    let texts = files.texts();
    let reader = Reader::new(&texts);
    let config = understand(&reader, files);
    let faults = (!reader.is_faultless()).then(|| reader.faults());
    (config, faults)
}

/// The folder of the state that these files name: the school's own entries are there, and they are part of what is read.
///
/// What cannot be understood yet is told by [`read`]: here it means the folder that ships.
pub fn data_folder(main: &Text, parts: &[Text]) -> PathBuf {
    let texts: Vec<Text> = [main].into_iter().chain(parts).cloned().collect();
    let reader = Reader::new(&texts);
    data(&reader.root(0..texts.len(), MAIN))
}

/// The folder of the lists that ship, by these files: the catalogue of public lists is there. As [`data_folder`].
pub fn shipped_folder(main: &Text, parts: &[Text], shipped: &Path) -> PathBuf {
    let texts: Vec<Text> = [main].into_iter().chain(parts).cloned().collect();
    let reader = Reader::new(&texts);
    let folders = lists::Folders { main: folder_of(main), shipped };
    lists::shipped(&reader.root(0..texts.len(), MAIN), &folders)
}

/// What a fault calls the top of the main file.
const MAIN: &str = "the configuration";

fn understand(reader: &Reader, files: &Files) -> Config {
    let mains = 0..files.parts.len() + 1;
    let [profiles_at, categories_at, dates_at, matters_at, sources_at, entries_at] = [0, 1, 2, 3, 4, 5].map(|i| mains.end + i);
    let whole = |other: usize| reader.whole(mains.clone().chain([other]));
    let root = reader.root(mains.clone(), MAIN);
    let of_profiles = reader.root([profiles_at], "the profiles");
    let of_categories = reader.root([categories_at], "the categories");
    let of_dates = reader.root([dates_at], "the term dates");
    let of_matters = reader.root([matters_at], "the table of matters");
    let of_sources = reader.root([sources_at], "the public lists");
    let of_entries = reader.root(files.entries.iter().map(|_| entries_at), "the entries");

    let school = school::read(&root, &files.around);
    let (dns, proxy, web) = doors::read(&root, folder_of(&files.main));
    let data = data(&root);
    let categories = categories::Categories::read(&[&of_categories, &root], whole(categories_at));
    let folders = lists::Folders { main: folder_of(&files.main), shipped: &files.around.shipped };
    let lists = lists::read(&root, &of_sources, &categories, &folders, &dns.upstreams, whole(sources_at));
    let (profiles, known_profiles) = profiles::read(&[&of_profiles, &root], &categories, whole(profiles_at));
    let firewall = firewall::read(&root);
    let report = report::read(&root);
    let retention = retention::read(&root);
    let mail = mail::read(&root, folder_of(&files.main), &web);
    let alerts = alerts::read(&root, folder_of(&files.main));
    let backup = backup::read(&root, folder_of(&files.main));
    let people = groups::read(&root, &profiles, &known_profiles, reader.whole(mains.clone()));
    let rooms = rooms::read(&root);
    let rules = people::read(&root, folder_of(&files.main), &people);
    let portal = portal::read(&root, folder_of(&files.main), &people.portals);
    let inside = inside::read(&root, folder_of(&files.main), &categories, &people);
    let sources = sources::read(&root, folder_of(&files.main), &people, &proxy);
    let school_days = timetable::school_days(&of_dates);
    let scoring = matters::read(&of_matters, Scoring::shipped());
    let cells = timetable::cells(&root, &categories, &people.known, &school_days, reader.whole([dates_at]));
    let written = entries::read(&root, &school.zone, false);
    let kept = entries::read(&of_entries, &school.zone, true);
    let own = entries::mean(written, kept, &people.known, files.around.now_ms);
    entry_file::next_id(&of_entries);
    [&root, &of_profiles, &of_categories, &of_dates, &of_matters, &of_sources, &of_entries].into_iter().for_each(Section::end);

    Config {
        school,
        dns,
        proxy,
        web,
        firewall,
        inside,
        sources,
        data,
        lists,
        members: people.members,
        rooms,
        people: rules,
        portal,
        categories: categories.titles(),
        report,
        retention,
        mail,
        alerts,
        backup,
        scoring,
        policy: Policy {
            profiles,
            groups: people.groups,
            networks: people.networks,
            timetable: Timetable::new(cells, school_days),
            own: OwnEntries::new(own),
            // Passes and exams are no configuration: whoever starts a gate adds them.
            passes: Passes::default(),
            exams: Exams::default(),
        },
    }
}

/// What entries that the commands make mean in this configuration, as [`read`] would take them from the file: for a change that
/// leaves everything else as it is.
///
/// # Errors
/// [`Faults`]: everything that is wrong with them.
pub fn entries_of(config: &Config, written: &[WrittenEntry], now_ms: Option<i64>) -> Result<Vec<Entry>, Faults> {
    let text = Text { path: "(the new entries)".into(), text: entry_file::text_of(written) };
    let texts = [text];
    let reader = Reader::new(&texts);
    let root = reader.root([0], "the entries");
    let groups = config.policy.groups.iter().enumerate().map(|(i, g)| (g.name.clone(), GroupId(i as u16)));
    let known = known::Known::of("group", groups, root.place());
    let entries = entries::mean(Vec::new(), entries::read(&root, &config.school.zone, true), &known, now_ms);
    root.end();
    drop(root);
    if reader.is_faultless() { Ok(entries) } else { Err(reader.faults()) }
}

/// The folder a file is in: paths that it names begin there.
fn folder_of(file: &Text) -> &Path {
    file.path.parent().unwrap_or(Path::new(""))
}

fn data(root: &Section) -> PathBuf {
    let section = root.section("data");
    let written = section.value("dir", |item| match item.text()? {
        "" => Err(Wrong::new("the folder of the state has no name", "a folder, such as \"./var\"")),
        dir => Ok(PathBuf::from(dir)),
    });
    section.end();
    written.map_or(PathBuf::from(DATA), |dir| dir.value)
}

impl Files {
    /// All texts: the main file and its parts first, then profiles, categories, term dates, matters, sources, entries.
    fn texts(&self) -> Vec<Text> {
        let main = [&self.main].into_iter().chain(&self.parts);
        main.chain([&self.profiles, &self.categories, &self.term_dates, &self.matters, &self.sources])
            .chain(&self.entries)
            .cloned()
            .collect()
    }
}

impl Config {
    /// The addresses this gateway answers on, for doors that must not reach themselves.
    pub fn own_addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let encrypted = self.dns.encrypted.iter().flat_map(|e| e.tls_listen.iter().chain(&e.https_listen));
        let proxy = self.proxy.listen.iter().chain(&self.proxy.tls_listen).chain(&self.proxy.transparent_listen);
        let listen = self.dns.listen.iter().chain(encrypted).chain(proxy).chain(&self.web.listen).chain(&self.web.tls_listen);
        listen.map(|s| s.ip()).filter(|ip| !ip.is_unspecified())
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

#[cfg(test)]
mod tests;
