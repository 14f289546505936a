//! The public lists, fetched: from their keepers or from a folder, each kept as it came.
//!
//! Comes in: the configuration's public lists. Goes out: DATA/lists/fetched/NAME/, the body and what is known of it, and a
//! [`Report`] of what became of each.
//! Always holds: a fetch that fails leaves what was there; nothing is kept that is empty, a page, too large or not signed as its
//! keeper signs; two updates never run at once; no table is made here.
//!
//! - [`kept`]     what is on disk of one list
//! - [`bring`]    one list, from the network or the folder
//! - [`ask`]      whom the addresses of the lists' hosts are asked of
//! - [`schedule`] each day, and soon after a start that finds nothing

mod ask;
mod bring;
pub mod kept;
pub mod schedule;

pub use kept::Meta;

use crate::config::{Config, PublicList};
use crate::net::fetch::{Fetcher, Limits};
use crate::net::tls::{self, TlsFault};
use crate::ops::files;
use crate::ops::tables::Looked;
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Lists fetched at a time: enough that one slow keeper does not hold up the rest, few enough for a school's line.
const AT_A_TIME: usize = 4;

/// Why nothing was fetched at all.
#[derive(Debug, thiserror::Error)]
pub enum UpdateFault {
    #[error("another update is running (it holds {})", .0.display())]
    Busy(PathBuf),
    #[error("{at}: the folder {} is not there: make it, and put the lists' files into it, or delete `offline`", path.display())]
    NoFolder { path: PathBuf, at: String },
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Trust { path: PathBuf, source: TlsFault },
    #[error(transparent)]
    Tls(TlsFault),
    #[error("the runtime did not start: {0}")]
    Runtime(io::Error),
}

/// How an update goes about it.
#[derive(Debug, Clone, Default)]
pub struct How {
    pub limits: Limits,
    /// Fetches and checks everything, and keeps nothing.
    pub dry_run: bool,
}

/// Told of every list as it comes, from one thread or another.
pub trait Watch: Send + Sync {
    /// `list` is the place among the lists that were asked for. `total`: as the server said.
    fn moved(&self, list: usize, bytes: u64, total: Option<u64>);
    fn ended(&self, list: usize, row: &Row);
}

/// Nobody watches.
impl Watch for () {
    fn moved(&self, _: usize, _: u64, _: Option<u64>) {}
    fn ended(&self, _: usize, _: &Row) {}
}

/// What became of one list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    pub list: String,
    pub category: String,
    pub result: Outcome,
    /// Why it failed.
    pub why: Option<String>,
    /// Where it came from: a URL or a file.
    pub from: Option<String>,
    /// Of what is there now.
    pub bytes: Option<u64>,
    /// When what is there now was fetched, milliseconds since 1970.
    pub fetched_ms: Option<i64>,
    /// What the list calls this version of itself.
    pub version: Option<String>,
    /// In a dry run: what is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked: Option<Looked>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    New,
    /// What is there is what its keeper has.
    Same,
    /// What was there is still there.
    Failed,
    /// It was fetched and is no list to use: what was in force of it stays in force.
    Refused,
}

/// What became of every list that was asked for, in that order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub rows: Vec<Row>,
}

impl Report {
    pub fn any(&self, result: Outcome) -> bool {
        self.rows.iter().any(|row| row.result == result)
    }
}

/// Fetches these lists of the configuration. Run it on a runtime of its own: it writes files as it goes.
///
/// # Errors
/// [`UpdateFault`]: then nothing was fetched. What became of each list is in the report.
pub async fn update(config: &Config, lists: &[PublicList], how: &How, watch: Arc<dyn Watch>) -> Result<Report, UpdateFault> {
    let _one = lock(config)?;
    let from = from(config, lists, how).inspect_err(|fault| {
        let why = fault.to_string();
        lists.iter().filter(|_| !how.dry_run).for_each(|list| note_outcome(&config.data, list, Some(&why)));
    })?;
    let source = Arc::new(bring::Bring { from, data: config.data.clone(), dry_run: how.dry_run.then(|| config.clone()) });
    let permits = Arc::new(Semaphore::new(AT_A_TIME));
    let mut tasks = JoinSet::new();
    for (i, list) in lists.iter().cloned().enumerate() {
        let (source, permits, watch) = (source.clone(), permits.clone(), watch.clone());
        let category = config.category_id(list.category);
        tasks.spawn(async move {
            // Nobody closes the semaphore; if somebody did, all would go at once.
            let _permit = permits.acquire().await.ok();
            let brought = source.bring(&list, &|bytes, total| watch.moved(i, bytes, total)).await;
            if source.dry_run.is_none() {
                let why = brought.as_ref().err().map(ToString::to_string);
                note_outcome(&source.data, &list, why.as_deref());
            }
            let row = row(&list, category, brought, kept::meta(&source.data, &list));
            watch.ended(i, &row);
            (i, row)
        });
    }
    let mut rows: Vec<(usize, Row)> = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(row) => rows.push(row),
            Err(fault) => tracing::error!("a fetch ended badly: {fault}"),
        }
    }
    rows.sort_by_key(|(i, _)| *i);
    Ok(Report { rows: rows.into_iter().map(|(_, row)| row).collect() })
}

/// [`update`] on a runtime of its own, to its end.
///
/// # Errors
/// As [`update`].
pub fn update_here(config: &Config, lists: &[PublicList], how: &How, watch: Arc<dyn Watch>) -> Result<Report, UpdateFault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(UpdateFault::Runtime)?;
    runtime.block_on(update(config, lists, how, watch))
}

/// What became of a fetch, for `status`. That it cannot be written down is no reason not to go on.
fn note_outcome(data: &Path, list: &PublicList, why: Option<&str>) {
    let failed = why.map(|why| kept::Failed { when_ms: system_ms(), why: why.to_owned() });
    if let Err(fault) = kept::note_outcome(data, list, failed.as_ref()) {
        tracing::warn!(list = list.name, %fault, "what became of the fetch could not be written down");
    }
}

/// The hosts this box must be able to reach for these lists: those of the lists, their mirrors and signatures.
pub fn hosts(lists: &[PublicList]) -> BTreeSet<String> {
    let signatures = |list: &PublicList| list.signature.as_ref().and_then(|s| s.url.clone());
    let urls = lists.iter().flat_map(|list| list.urls.iter().cloned().chain(signatures(list)));
    let host = |url: crate::words::Url| match url.port == url.scheme.default_port() {
        true => url.host.to_string(),
        false => format!("{}:{}", url.host, url.port),
    };
    urls.map(host).collect()
}

fn row(list: &PublicList, category: String, brought: Result<bring::Brought, bring::BringFault>, kept: Option<Meta>) -> Row {
    let (result, why, meta, looked) = match brought {
        Ok(bring::Brought::New(meta, looked)) => (Outcome::New, None, Some(meta), looked),
        Ok(bring::Brought::Same(meta, looked)) => (Outcome::Same, None, Some(meta), looked),
        Err(fault) => (Outcome::Failed, Some(fault.to_string()), kept, None),
    };
    let (result, why) = match looked.as_ref().and_then(|looked| looked.not_used.clone()) {
        Some(not_used) => (Outcome::Refused, Some(not_used)),
        None => (result, why),
    };
    Row {
        list: list.name.clone(),
        category,
        result,
        why,
        from: meta.as_ref().map(|m| m.url.clone()),
        bytes: meta.as_ref().map(|m| m.bytes),
        fetched_ms: meta.as_ref().map(|m| m.fetched_ms),
        version: meta.and_then(|m| m.version),
        looked,
    }
}

/// What would keep every list from being fetched, for `check`.
pub fn faults(config: &Config) -> Vec<String> {
    no_folder(config).iter().map(ToString::to_string).collect()
}

fn no_folder(config: &Config) -> Option<UpdateFault> {
    let path = config.lists.offline.as_ref().filter(|folder| !folder.is_dir())?.clone();
    let at = config.lists.offline_at.as_ref().map_or_else(String::new, ToString::to_string);
    Some(UpdateFault::NoFolder { path, at })
}

fn from(config: &Config, lists: &[PublicList], how: &How) -> Result<bring::From, UpdateFault> {
    if let Some(fault) = no_folder(config) {
        return Err(fault);
    }
    if let Some(folder) = &config.lists.offline {
        return Ok(bring::From::Folder(bring::Folder::new(folder.clone(), lists)));
    }
    let tls = match &config.lists.trust {
        None => tls::client(None).map_err(UpdateFault::Tls)?,
        Some(path) => {
            let pem = std::fs::read(path).map_err(|source| UpdateFault::File { path: path.clone(), source })?;
            tls::client(Some(&pem)).map_err(|source| UpdateFault::Trust { path: path.clone(), source })?
        }
    };
    let lookup = ask::lookup(&config.lists.bootstrap);
    Ok(bring::From::Network(Fetcher::new(lookup, tls, how.limits.clone())))
}

/// Held while an update runs.
fn lock(config: &Config) -> Result<Flock<File>, UpdateFault> {
    let folder = config.data.join("lists");
    let path = folder.join("update.lock");
    let fault = |source| UpdateFault::File { path: path.clone(), source };
    files::make_folder(&folder).map_err(fault)?;
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(fault)?;
    files::belongs_to_folder(&file, &folder).map_err(fault)?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| match errno {
        nix::errno::Errno::EWOULDBLOCK => UpdateFault::Busy(path.clone()),
        errno => fault(errno.into()),
    })
}

/// Milliseconds since 1970 by the system's clock: what is written of a fetch, whatever a test's or the demo's clock says.
fn system_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| d.as_millis() as i64)
}

/// The files of a folder that a list may be in, for [`bring::Folder`] and whoever fills it.
pub fn offline_names(folder: &Path, list: &PublicList) -> Vec<PathBuf> {
    let last = list.urls.first().and_then(|url| url.path.split('?').next()?.rsplit('/').next().map(str::to_owned));
    [Some(list.file_name()), last.filter(|name| !name.is_empty())].into_iter().flatten().map(|name| folder.join(name)).collect()
}
