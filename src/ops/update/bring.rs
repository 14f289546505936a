//! One list, from the network or the folder.

use super::kept::{self, Coming, Meta};
use super::{offline_names, system_ms};
use crate::config::{Config, PublicList, Signature};
use crate::net::fetch::{self, FetchFault, Fetched, Fetcher, SignatureFault, Sink, Version, Wish};
use crate::ops::files;
use crate::ops::tables::{self, Looked};
use crate::words::Url;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Largest signature: minisign's are 300 bytes, with a trusted comment of any length.
const MAX_SIGNATURE: u64 = 16 << 10;

/// Brings lists.
pub(super) struct Bring {
    pub from: From,
    pub data: PathBuf,
    /// Nothing is kept, and what comes is read as a compile with this configuration would.
    pub dry_run: Option<Config>,
}

pub(super) enum From {
    Network(Fetcher),
    Folder(Folder),
}

/// What came.
#[derive(Debug)]
pub(super) enum Brought {
    New(Meta, Option<Looked>),
    Same(Meta, Option<Looked>),
}

/// Why nothing came.
#[derive(Debug, thiserror::Error)]
pub(super) enum BringFault {
    #[error("{}", .0.join("; "))]
    Nowhere(Vec<String>),
    #[error("not in the folder: {}", .0.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" or "))]
    Missing(Vec<PathBuf>),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Unfit { path: PathBuf, source: Unfit },
}

/// Why what came is not kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    #[error(transparent)]
    Fetch(#[from] FetchFault),
    #[error("it is empty")]
    Empty,
    #[error("it is a page, not a list")]
    Page,
    #[error("it is no archive (tar.gz)")]
    NoArchive,
    #[error("it is larger than {} MB", .0 >> 20)]
    TooLarge(u64),
    #[error("its signature cannot be had: {0}")]
    Unsigned(FetchFault),
    #[error("its signature cannot be had: {}: {source}", path.display())]
    UnsignedFile { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    #[error("it is older than what is here, {is} and not {kept}: if its keeper took that back, delete {} and update again", folder.display())]
    Older { is: String, kept: String, folder: PathBuf },
    #[error("it cannot be stored: {0}")]
    Stored(#[from] io::Error),
}

impl Bring {
    pub async fn bring(&self, list: &PublicList, watch: &(dyn Fn(u64, Option<u64>) + Sync)) -> Result<Brought, BringFault> {
        match &self.from {
            From::Folder(folder) => self.taken_from(folder, list, watch),
            From::Network(fetcher) => {
                let mut faults = Vec::new();
                for url in &list.urls {
                    match self.fetched_from(fetcher, list, url, watch).await {
                        Ok(brought) => return Ok(brought),
                        // A person with one address knows which; with several, each says for itself.
                        Err(fault) if list.urls.len() == 1 => faults.push(fault.to_string()),
                        Err(fault) => faults.push(format!("{}: {fault}", url.host)),
                    }
                }
                Err(BringFault::Nowhere(faults))
            }
        }
    }

    async fn fetched_from(
        &self,
        fetcher: &Fetcher,
        list: &PublicList,
        url: &Url,
        watch: &(dyn Fn(u64, Option<u64>) + Sync),
    ) -> Result<Brought, Unfit> {
        let kept = kept::meta(&self.data, list);
        let key = list.signature.as_ref().map(|s| s.key.clone());
        // What another mirror calls a version means nothing here; what was checked with another key must come again.
        let same_way = kept.as_ref().filter(|meta| meta.url == url.to_string() && meta.signed_by == key);
        let known = same_way.map(|meta| Version { etag: meta.etag.clone(), last_modified: meta.last_modified.clone() });
        let known = known.filter(|version| *version != Version::default());
        let wish = Wish {
            known: known.as_ref(),
            signed: key.is_some(),
            archive: list.inside.is_some(),
            outside: list.shipped,
            max_bytes: list.max_bytes,
        };
        let mut coming = Coming::new(&self.data, list, watch)?;
        let version = match (fetcher.fetch(url, &wish, &mut coming).await?, kept.clone()) {
            (Fetched::Unchanged, Some(meta)) => return self.same(list, Meta { checked_ms: system_ms(), ..meta }),
            (Fetched::Unchanged, None) => return Err(FetchFault::Status(304).into()),
            (Fetched::New(version), _) => version,
        };
        let mut signed_at_s = None;
        if let Some(signature) = &list.signature {
            let text = signature_of(fetcher, url, signature, list.shipped).await?;
            signed_at_s = fetch::verify(&signature.key, &text, &mut coming.again()?)?;
        }
        let meta = came(list, &coming, url.to_string(), version, signed_at_s);
        self.keep(list, coming, meta, kept)
    }

    fn taken_from(
        &self,
        folder: &Folder,
        list: &PublicList,
        watch: &(dyn Fn(u64, Option<u64>) + Sync),
    ) -> Result<Brought, BringFault> {
        let path = folder.find(list)?;
        let unfit = |source| BringFault::Unfit { path: path.clone(), source };
        let mut file = files::open_regular(&path).map_err(|source| BringFault::File { path: path.clone(), source })?;
        let mut coming = Coming::new(&self.data, list, watch).map_err(|fault| unfit(fault.into()))?;
        copy(&mut file, &mut coming, list.max_bytes).map_err(unfit)?;
        let mut signed_at_s = None;
        if let Some(signature) = &list.signature {
            let beside = beside(&path);
            let text = signature_at(&beside);
            let text = text.map_err(|source| unfit(Unfit::UnsignedFile { path: beside.clone(), source }))?;
            let mut body = coming.again().map_err(|fault| unfit(fault.into()))?;
            signed_at_s = fetch::verify(&signature.key, &text, &mut body).map_err(|fault| unfit(fault.into()))?;
        }
        let kept = kept::meta(&self.data, list);
        let meta = came(list, &coming, path.display().to_string(), Version::default(), signed_at_s);
        self.keep(list, coming, meta, kept).map_err(unfit)
    }

    /// What has come is looked at, and put in its place if it is another, and no older one.
    fn keep(&self, list: &PublicList, coming: Coming, meta: Meta, kept: Option<Meta>) -> Result<Brought, Unfit> {
        fit(list, coming.bytes(), coming.head())?;
        if let Some(kept) = kept {
            if meta.is_before(&kept) {
                let folder = kept::folder(&self.data, list);
                return Err(Unfit::Older { is: edition(&meta), kept: edition(&kept), folder });
            }
            if kept.sha256 == meta.sha256 {
                return self.same(list, Meta { fetched_ms: kept.fetched_ms, ..meta });
            }
        }
        let looked = self.look(list, coming.path());
        if looked.is_none() {
            coming.put(&self.data, list, &meta)?;
        }
        Ok(Brought::New(meta, looked))
    }

    fn same(&self, list: &PublicList, meta: Meta) -> Result<Brought, Unfit> {
        let looked = self.look(list, &kept::body(&self.data, list));
        if looked.is_none() {
            kept::note(&self.data, list, &meta)?;
        }
        Ok(Brought::Same(meta, looked))
    }

    /// In a dry run, what would become of a body.
    fn look(&self, list: &PublicList, body: &Path) -> Option<Looked> {
        self.dry_run.as_ref().map(|config| tables::look(config, list, body))
    }
}

/// What is known of a body that has come.
fn came(list: &PublicList, coming: &Coming, from: String, version: Version, signed_at_s: Option<u64>) -> Meta {
    let now_ms = system_ms();
    Meta {
        url: from,
        etag: version.etag,
        last_modified: version.last_modified,
        fetched_ms: now_ms,
        checked_ms: now_ms,
        bytes: coming.bytes(),
        version: if list.inside.is_some() { None } else { kept::version(coming.head()) },
        sha256: coming.sha256(),
        licence: list.licence.clone(),
        signed_by: list.signature.as_ref().map(|s| s.key.clone()),
        signed_at_s,
    }
}

/// What an edition is told by: when it was signed, or its own version.
fn edition(meta: &Meta) -> String {
    let signed = meta.signed_at_s.and_then(|s| jiff::Timestamp::from_second(i64::try_from(s).ok()?).ok());
    let version = || meta.version.as_ref().map(|version| format!("version {version}"));
    signed.map(|at| format!("signed {at}")).or_else(version).unwrap_or_else(|| "without a date".to_owned())
}

/// What no list is, whoever sent it. Whether it is a good one the compiler judges.
fn fit(list: &PublicList, bytes: u64, head: &[u8]) -> Result<(), Unfit> {
    let begins = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match (list.inside.is_some(), begins.first()) {
        (_, None) if bytes <= head.len() as u64 => Err(Unfit::Empty),
        (true, _) if !head.starts_with(&[0x1f, 0x8b]) => Err(Unfit::NoArchive),
        // No format of lists has a line that begins so; every error page and login page does.
        (false, Some(b'<')) => Err(Unfit::Page),
        _ => Ok(()),
    }
}

async fn signature_of(fetcher: &Fetcher, url: &Url, signature: &Signature, outside: bool) -> Result<String, Unfit> {
    let beside = Url { path: format!("{}.minisig", url.path), ..url.clone() };
    let url = signature.url.as_ref().unwrap_or(&beside);
    let wish = Wish { known: None, signed: true, archive: false, outside, max_bytes: MAX_SIGNATURE };
    let mut text = Vec::new();
    fetcher.fetch(url, &wish, &mut text).await.map_err(Unfit::Unsigned)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// A signature in the folder, beside its list.
fn signature_at(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    files::open_regular(path)?.take(MAX_SIGNATURE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_SIGNATURE {
        let why = format!("it is larger than {} KiB: that is no signature", MAX_SIGNATURE >> 10);
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok(text)
}

fn copy(file: &mut File, coming: &mut Coming, max_bytes: u64) -> Result<(), Unfit> {
    let total = file.metadata()?.len();
    if total > max_bytes {
        return Err(Unfit::TooLarge(max_bytes));
    }
    coming.begin(Some(total))?;
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        if coming.bytes() + read as u64 > max_bytes {
            return Err(Unfit::TooLarge(max_bytes));
        }
        coming.take(&piece[..read])?;
        coming.moved(read as u64);
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".minisig");
    name.into()
}

/// A folder that somebody fills by hand: a box without the internet.
pub(super) struct Folder {
    path: PathBuf,
    /// How many of the lists a file's name may mean: `hosts` is the last part of several URLs, and then says nothing.
    meant: HashMap<PathBuf, usize>,
}

impl Folder {
    pub fn new(path: PathBuf, lists: &[PublicList]) -> Self {
        let mut meant = HashMap::new();
        for list in lists {
            for name in offline_names(&path, list) {
                *meant.entry(name).or_insert(0) += 1;
            }
        }
        Self { path, meant }
    }

    fn find(&self, list: &PublicList) -> Result<PathBuf, BringFault> {
        let mut names = offline_names(&self.path, list);
        // The first is the list's own name; another list's URL may end alike, and stands back.
        let own = names.first().cloned();
        names.retain(|name| own.as_ref() == Some(name) || self.meant.get(name) == Some(&1));
        match names.iter().find(|name| name.is_file()).or_else(|| names.iter().find(|name| name.exists())) {
            Some(found) => Ok(found.clone()),
            None => Err(BringFault::Missing(names)),
        }
    }
}

#[cfg(test)]
mod tests;
