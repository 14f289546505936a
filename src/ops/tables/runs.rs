//! The run of each list: kept while its files are the same, made again when they are not, and kept as it was when what the files
//! say now cannot be used.

use super::files::ListFile;
use super::force::{Folder, open_run, private, sync};
use super::{BrokenList, TablesFault};
use crate::lists::guard;
use crate::lists::{self, Known, Origin, Progress, Provenance, Reading, Recipe, Run};
use std::collections::HashSet;
use std::fs;
use std::io::{self, BufWriter, Seek};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Sources read at once, if there are as many processors: each takes some 40 MB for the entries it sorts.
const AT_ONCE: usize = 2;

/// What there is of a list now.
#[derive(Debug)]
pub(super) enum State {
    /// A run of its files as they are.
    Fresh,
    /// Its files cannot be used, for this reason: the last good run.
    LastGood(String),
    /// There is nothing to use.
    Unusable(BrokenList),
}

impl State {
    pub fn is_unusable(&self) -> bool {
        matches!(self, Self::Unusable(_))
    }

    pub fn unusable(self) -> Option<BrokenList> {
        if let Self::Unusable(broken) = self { Some(broken) } else { None }
    }
}

/// All lists of a configuration, and what they are judged by.
pub(super) struct Lists<'a> {
    pub folder: &'a Folder,
    pub files: &'a [ListFile],
    pub known: &'a Known,
    /// Names of the lists that somebody has looked at, and takes as they are now.
    pub accepted: &'a [String],
}

/// Takes progress from any thread.
pub(super) type Tell<'a> = &'a (dyn Fn(Progress) + Sync);

impl Lists<'_> {
    /// Makes every run that is missing or stale; what there is of each list.
    pub fn bring_up_to_date(&self, tell: Tell) -> Result<Vec<State>, TablesFault> {
        let runs = self.folder.runs();
        crate::ops::files::make_folder(&runs).map_err(|source| TablesFault::File { path: runs.clone(), source })?;
        let known = self.known.checksum();
        let recipes: Vec<Recipe> = self.files.iter().map(|file| file.recipe(known)).collect();
        let is_stale = |at: &usize| {
            let kept = |run: Run| *run.recipe() == recipes[*at] && !(run.provenance().refused.is_some() && self.accepts(*at));
            !open_run(&self.path(*at)).is_ok_and(kept)
        };
        let stale: Vec<usize> = (0..self.files.len()).filter(is_stale).collect();
        let next = AtomicUsize::new(0);
        let made = Mutex::new(Vec::with_capacity(stale.len()));
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(AT_ONCE).min(stale.len());
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    while let Some(&at) = stale.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let state = self.make(at, &recipes[at], tell);
                        made.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, state));
                    }
                });
            }
        });
        let mut states: Vec<State> = (0..self.files.len()).map(|_| State::Fresh).collect();
        for (at, state) in made.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            states[at] = state?;
        }
        for (at, state) in states.iter_mut().enumerate().filter(|(_, state)| matches!(state, State::Fresh)) {
            // Kept though it could not be used: nothing has changed since.
            let why = |run: Run| why_unusable(run.provenance());
            if let Some(why) = open_run(&self.path(at)).ok().and_then(why) {
                *state = State::Unusable(self.broken(at, why));
            }
        }
        sync(&runs).map_err(|source| TablesFault::File { path: runs, source })?;
        Ok(states)
    }

    /// Reads a list and keeps its run, or what there was if that cannot be used. An error is one of the disk, not of the list.
    pub fn make(&self, at: usize, recipe: &Recipe, tell: Tell) -> Result<State, TablesFault> {
        let file = &self.files[at];
        let path = self.path(at);
        let beside = beside(&path);
        let fault = |source| TablesFault::File { path: beside.clone(), source };
        let last = open_run(&path).ok().filter(|run| why_unusable(run.provenance()).is_none());
        let last = last.filter(|run| run.recipe().is_of_the_same_list(recipe)).map(|run| run.provenance().clone());
        let read = self.read(at, recipe, &beside, tell);
        let refused = match read {
            Ok(now) => match refusal(file, last.as_ref(), &now, self.accepts(at)) {
                None => {
                    fs::rename(&beside, &path).map_err(fault)?;
                    return Ok(State::Fresh);
                }
                Some(why) => why,
            },
            Err(TablesFault::Compile(lists::CompileFault::Read { line, error, .. })) => match line {
                0 => format!("{}: {error}", file.path.display()),
                line => format!("reading stopped after line {line}: {error}"),
            },
            Err(fault) => {
                let _ = fs::remove_file(&beside);
                return Err(fault);
            }
        };
        if last.is_some() {
            let _ = fs::remove_file(&beside);
            tracing::error!("list {} is NOT USED as it is now: {refused}; its last good version stays in force", file.name);
            return Ok(State::LastGood(refused));
        }
        // A run without entries that says why: kept, so that it is not read again until its files change, and is shown.
        match open_run(&beside).ok().map(|run| run.provenance().clone()) {
            Some(now) if now.broken.is_some() => fs::rename(&beside, &path).map_err(fault)?,
            Some(now) => {
                let file = private(&beside).map_err(fault)?;
                lists::write_refused(recipe, &now, refused.clone(), &mut &file).map_err(fault)?;
                file.sync_data().map_err(fault)?;
                fs::rename(&beside, &path).map_err(fault)?;
            }
            None => [&beside, &path].into_iter().for_each(|path| drop(fs::remove_file(path))),
        }
        Ok(State::Unusable(self.broken(at, refused)))
    }

    fn accepts(&self, at: usize) -> bool {
        self.accepted.contains(&self.files[at].name)
    }

    fn read(&self, at: usize, recipe: &Recipe, beside: &Path, tell: Tell) -> Result<Provenance, TablesFault> {
        let fault = |source| TablesFault::File { path: beside.to_owned(), source };
        let file = private(beside).map_err(fault)?;
        let mut to = BufWriter::with_capacity(1 << 17, &file);
        let read = read(&self.files[at], Reading::new(at, self.known, recipe), self.folder, &mut to, tell)?;
        drop(to);
        file.sync_data().map_err(fault)?;
        Ok(read)
    }

    /// The runs to merge, in the order of the lists. Lists that cannot be used are left out, but for their name and why.
    pub fn open(&self, states: &[State]) -> Vec<(usize, Run<'static>)> {
        let opened = states.iter().enumerate().filter_map(|(at, state)| {
            let mut run = open_run(&self.path(at)).ok()?;
            match state {
                State::Fresh => {}
                State::LastGood(why) => run.kept_because(why.clone()),
                State::Unusable(_) if why_unusable(run.provenance()).is_some() => {}
                State::Unusable(_) => return None,
            }
            Some((at, run))
        });
        opened.collect()
    }

    /// Removes the runs of lists that are gone, and what a compile that was killed left.
    pub fn remove_others(&self) {
        let kept: HashSet<PathBuf> = (0..self.files.len()).map(|at| self.path(at)).collect();
        let found = fs::read_dir(self.folder.runs()).into_iter().flatten().flatten().map(|entry| entry.path());
        found.filter(|path| !kept.contains(path)).for_each(|path| drop(fs::remove_file(path)));
    }

    pub fn path(&self, at: usize) -> PathBuf {
        self.folder.runs().join(file_name(&self.files[at].name))
    }

    pub fn broken(&self, at: usize, why: impl ToString) -> BrokenList {
        let file = &self.files[at];
        BrokenList { name: file.name.clone(), path: file.path.clone(), why: why.to_string() }
    }
}

/// Reads a list into a run.
pub(super) fn read(
    file: &ListFile,
    reading: Reading,
    folder: &Folder,
    to: &mut dyn io::Write,
    tell: Tell,
) -> Result<Provenance, TablesFault> {
    let unread = |error| lists::CompileFault::Read { list: file.name.clone(), line: 0, error };
    let mut members = file.open().map_err(unread)?;
    let mut spill = folder.spill().map_err(|source| TablesFault::File { path: folder.0.clone(), source })?;
    spill.rewind().map_err(unread)?;
    Ok(lists::read(&mut file.source(&mut *members), reading, &mut spill, to, &mut |progress| tell(progress))?)
}

/// Reads a list and keeps nothing; what is in it, and why it would not be used.
pub(super) fn look(file: &ListFile, known: &Known, folder: &Folder) -> Result<(Provenance, Option<String>), TablesFault> {
    let recipe = file.recipe(known.checksum());
    let now = read(file, Reading::new(0, known, &recipe), folder, &mut io::sink(), &|_| ())?;
    let last = open_run(&folder.runs().join(file_name(&file.name))).ok();
    let last = last.filter(|run| why_unusable(run.provenance()).is_none() && run.recipe().is_of_the_same_list(&recipe));
    let not_used = refusal(file, last.map(|run| run.provenance().clone()).as_ref(), &now, false);
    Ok((now, not_used))
}

/// Why a source that was read is not to be used. What ships and what the school wrote is as large as its keepers mean it to be.
fn refusal(file: &ListFile, last: Option<&Provenance>, now: &Provenance, accepted: bool) -> Option<String> {
    match file.origin {
        Origin::Public => guard::judge(last, now, accepted).err().map(|refusal| match refusal.may_be_accepted() {
            true => format!("{refusal}: `schoolgate lists compile --accept {}`", typed(&file.name)),
            false => refusal.to_string(),
        }),
        Origin::Shipped | Origin::School => now.broken.map(|broken| broken.to_string()),
    }
}

/// Why nothing of a run is to be used.
fn why_unusable(list: &Provenance) -> Option<String> {
    list.broken.map(|broken| broken.to_string()).or_else(|| list.refused.clone())
}

/// A name as it is typed in a shell.
fn typed(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.".contains(c));
    if plain { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension("run.new")
}

/// `ut1/adult` is kept in `ut1-adult.run`. Two lists whose names differ only there, or in what a file name may not hold, must not
/// share a file: such a name gets its checksum too.
fn file_name(list: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name: String = list.chars().map(|c| if plain(c) { c } else { '-' }).take(100).collect();
    let is_plain = list.len() <= 100 && list.matches(|c| !plain(c)).all(|c| c == "/");
    if is_plain { format!("{name}.run") } else { format!("{name}.{:08x}.run", crc32fast::hash(list.as_bytes())) }
}
