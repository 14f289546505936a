//! `[portal]`, `[portal.microsoft]`, `[portal.google]`, and the `portal` of a [[network]]: how people sign in, for how long, and what they are told.

use super::fault::{Placed, Wrong, shown};
use super::file::Section;
use super::item::{Item, List};
use super::values;
use crate::words::{Host, NetworkId, Url};
use std::path::{Path, PathBuf};

/// How long somebody is signed in, as it ships: a school day.
const MINUTES: u32 = 8 * 60;

/// How long a device that goes from hand to hand may be silent, as it ships: a laptop that is awake asks for something every few
/// minutes, and a break is as long.
const SILENT_MINUTES: u32 = 15;

/// Longest notice: a page of a phone, twice.
const MAX_NOTICE: usize = 3_000;

/// Longest address of a page.
const MAX_LINK: usize = 300;

/// Where Microsoft is asked, as it ships: the world but for national clouds.
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// The version of the notice that ships.
const SHIPPED: &str = "1";

/// By what people may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Password,
    Voucher,
    Microsoft,
    Google,
}

impl Way {
    pub const ALL: [(&'static str, Self); 4] =
        [("password", Self::Password), ("voucher", Self::Voucher), ("microsoft", Self::Microsoft), ("google", Self::Google)];

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(w, _)| *w == word).map(|(_, way)| way)
    }

    pub fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, way)| *way == self).map_or("", |(word, _)| word)
    }
}

/// How people sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portal {
    /// The networks on which they do, and by what.
    pub networks: Vec<(NetworkId, Vec<Way>)>,
    /// How long somebody is signed in.
    pub lasts_ms: u64,
    /// On a device of the register that is nobody's own nobody is signed in after so long in which nothing was heard of it.
    pub silent_ms: u64,
    pub notice: MonitoringNotice,
    /// Where the school is told of a worry: a page, `mailto:` or `tel:`.
    pub concern: Option<String>,
    /// The school's Microsoft or Google accounts.
    pub providers: Vec<OpenId>,
}

/// Accounts of a provider with which people sign in (OpenID Connect).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenId {
    pub pinned: Pinned,
    /// What the provider calls this gate.
    pub client_id: String,
    pub secret_file: PathBuf,
    /// Whose accounts: what stands behind the `@`.
    pub domains: Vec<Host>,
}

/// Whose word it is, and of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pinned {
    /// Microsoft Entra, of one tenant by its id. `authority` is where it is asked, without a slash at its end.
    Microsoft { tenant: String, authority: String },
    /// Google, of the domains.
    Google,
}

impl OpenId {
    pub fn way(&self) -> Way {
        if self.pinned == Pinned::Google { Way::Google } else { Way::Microsoft }
    }

    /// Who signs its tokens.
    pub fn issuer(&self) -> String {
        self.at("/v2.0", "https://accounts.google.com")
    }

    /// Where people sign in.
    pub fn authorize(&self) -> String {
        self.at("/oauth2/v2.0/authorize", "https://accounts.google.com/o/oauth2/v2/auth")
    }

    /// Where codes are redeemed.
    pub fn token(&self) -> String {
        self.at("/oauth2/v2.0/token", "https://oauth2.googleapis.com/token")
    }

    /// Where its keys are.
    pub fn keys(&self) -> String {
        self.at("/discovery/v2.0/keys", "https://www.googleapis.com/oauth2/v3/certs")
    }

    /// https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc, https://accounts.google.com/.well-known/openid-configuration
    fn at(&self, of_microsoft: &str, of_google: &str) -> String {
        match &self.pinned {
            Pinned::Microsoft { tenant, authority } => format!("{authority}/{tenant}{of_microsoft}"),
            Pinned::Google => of_google.to_owned(),
        }
    }
}

/// What people are told of what is seen of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitoringNotice {
    /// Written down with who has read it.
    pub version: String,
    /// The school's own words, and the same in Welsh; `None`: those that ship.
    pub words: Option<(String, Option<String>)>,
}

impl Portal {
    /// By what people sign in on a network. `None`: nobody does there.
    pub fn ways(&self, network: NetworkId) -> Option<&[Way]> {
        self.networks.iter().find(|(id, _)| *id == network).map(|(_, ways)| &ways[..])
    }
}

/// `folder` is where paths begin.
pub(super) fn read(root: &Section, folder: &Path, networks: &[Placed<(NetworkId, Vec<Way>)>]) -> Portal {
    let section = root.section("portal");
    let mut providers = Vec::new();
    for (key, word) in [("microsoft", Way::Microsoft), ("google", Way::Google)] {
        let has = section.has(key);
        let of = section.section(key);
        if has {
            providers.extend(provider(&of, word, folder));
        } else if let Some(network) = networks.iter().find(|n| n.value.1.contains(&word)) {
            let title = format!("people would sign in with {key} accounts here, and there is no [portal.{key}]");
            section.fault(Wrong::new(title, "add the section, or another way").at(network.place));
        }
    }
    let networks = networks.iter().map(|network| network.value.clone()).collect();
    let minutes = section.value("minutes", |item| item.number(5..=24 * 60)).map_or(MINUTES, |m| m.value);
    let silent = section.value("silent_minutes", |item| item.number(1..=24 * 60)).map_or(SILENT_MINUTES, |m| m.value);
    let concern = section.value("concern", link).map(|v| v.value);
    let notice = section.value("notice", |item| prose(item));
    let welsh = section.value("notice_welsh", |item| prose(item));
    let version = section.value("notice_version", values::name);
    if let (Some(notice), None) = (&notice, &version) {
        let title = "the school's own notice has no version, and nobody could say which one somebody has read";
        section.fault(Wrong::new(title, "add one, such as notice_version = \"2026-09\"").at(notice.place));
    }
    if let (None, Some(other)) = (&notice, welsh.as_ref().map(|w| w.place).or(version.as_ref().map(|v| v.place))) {
        let wrong = Wrong::new("this is of the school's own notice, and there is none", "add `notice = …`, or delete this");
        section.fault(wrong.at(other));
    }
    section.end();
    let words = notice.map(|notice| (notice.value, welsh.map(|w| w.value)));
    let version = version.map_or_else(|| SHIPPED.to_owned(), |v| v.value);
    let (lasts_ms, silent_ms) = (u64::from(minutes) * 60_000, u64::from(silent) * 60_000);
    Portal { networks, lasts_ms, silent_ms, notice: MonitoringNotice { version, words }, concern, providers }
}

fn provider(section: &Section, way: Way, folder: &Path) -> Option<OpenId> {
    let client_id = section.need("client_id", values::name);
    let secret_file = section.need("secret_file", |item| match item.text()? {
        "" => Err(Wrong::new("`secret_file` has no name", "the path of a file")),
        path => Ok(folder.join(path)),
    });
    let domains = section.need_list("domains", values::host);
    if let Some(domains) = domains.as_ref().filter(|domains| domains.empty) {
        section.fault(
            Wrong::new("nobody's account would be taken", "the school's own, such as \"school.example\"").at(domains.place),
        );
    }
    let pinned = if way == Way::Google {
        Some(Pinned::Google)
    } else {
        let tenant = section.need("tenant", tenant);
        let authority = section.value("authority", authority).map_or_else(|| AUTHORITY.to_owned(), |v| v.value);
        tenant.map(|tenant| Pinned::Microsoft { tenant: tenant.value, authority })
    };
    section.end();
    let (client_id, secret_file) = (client_id?.value, secret_file?.value);
    Some(OpenId { pinned: pinned?, client_id, secret_file, domains: List::values(domains) })
}

/// A directory's id. Names of tenants, and `common`, would let accounts of others in.
fn tenant(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?;
    let parts: Vec<_> = text.split('-').collect();
    let fits = parts.iter().map(|p| p.len()).eq([8, 4, 4, 4, 12]) && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    let right = "the directory's id, such as \"72f988bf-86f1-41af-91ab-2d7cd011db47\"";
    if fits { Ok(text.to_lowercase()) } else { Err(Wrong::new(format!("{} is no tenant", shown(text)), right)) }
}

fn authority(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?;
    let whole = Url::parse(text).is_ok() && text.starts_with("https://") && !text.ends_with('/');
    let right = "where Microsoft is asked, such as \"https://login.microsoftonline.com\"";
    if whole { Ok(text.to_owned()) } else { Err(Wrong::new(format!("{} is not such an address", shown(text)), right)) }
}

/// One of the ways that `portal` of a network lists.
pub(super) fn way(item: &Item) -> Result<Way, Wrong> {
    item.word(&Way::ALL)
}

/// Text of a few lines.
fn prose(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?.trim();
    let fits = !text.is_empty() && text.chars().count() <= MAX_NOTICE && !text.chars().any(|c| c.is_control() && c != '\n');
    if fits {
        return Ok(text.to_owned());
    }
    let right = format!("a text of at most {MAX_NOTICE} characters");
    Err(Wrong::new(format!("`{}` is empty, too long, or holds control characters", item.key), right))
}

fn link(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?;
    let of_a_kind =
        ["https://", "http://", "mailto:", "tel:"].iter().any(|kind| text.len() > kind.len() && text.starts_with(kind));
    if of_a_kind && text.len() <= MAX_LINK && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    let right = "an address with its kind, such as \"https://school.example/worried\" or \"mailto:dsl@school.example\"";
    Err(Wrong::new(format!("{} leads nowhere", shown(text)), right))
}
