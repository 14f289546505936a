//! The week files: rows from segments, each once, in the file of the school's week they belong to.

use super::alike;
use super::check::{self, Found};
use super::interned::Interned;
use super::names;
use super::point::{Point, reach};
use super::ring::RingId;
use super::rollup::{self, Rollup};
use super::room::Room;
use super::rows::{self, Rows};
use super::schema::{self, Summed};
use super::sealing;
use super::segment::{Mark, What};
use super::time::Dated;
use super::week::{IsoWeek, Weeks};
use rusqlite::{Connection, OpenFlags, params};
use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Week files held open: this week's, and last week's for what arrives late on Monday.
const MAX_OPEN: usize = 2;
/// What a week file that an earlier version wrote is called when this one goes on with the week in a file of its own.
const EARLIER: &str = ".earlier";
/// Pages of the write-ahead log before they are moved into the file: what is written there a second time is written once.
const LOG_PAGES: u32 = 4_000;

/// Why rows did not get into a week file.
#[derive(Debug, thiserror::Error)]
pub enum BookFault {
    #[error("{path}: {source}")]
    Sqlite { path: PathBuf, source: rusqlite::Error },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} was written by a newer Schoolgate (version {found} of the file, this one knows {known}): install that version again, or move the file away", known = schema::VERSION)]
    Newer { path: PathBuf, found: i32 },
}

impl BookFault {
    /// Whether the file itself is at fault, not the disk.
    fn is_broken(&self) -> bool {
        matches!(self, Self::Sqlite { source, .. } if check::is_broken(source))
    }
}

/// A record for a week file, dated.
pub struct Row<'a> {
    pub seq: u64,
    pub ring: RingId,
    pub position: u64,
    pub dated: Dated,
    pub what: What<'a>,
    /// What makes it the same question as another; `None`: it has a row of its own.
    pub question: Option<[&'a [u8]; 4]>,
}

impl Row<'_> {
    /// A gap is in the week in which it ended.
    fn when_ms(&self) -> i64 {
        match &self.what {
            What::Event(event) => event.when_ms,
            What::Gap(gap) => gap.until_ms,
        }
    }
}

/// What the week files hold, as far as a start needs it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Survey {
    /// A seq that none of them has reached.
    pub next_seq: u64,
    /// Files that could not be read and were set aside.
    pub broken: u64,
    /// Files that there was no time to look through.
    pub unchecked: Vec<PathBuf>,
}

/// All week files of a folder.
pub struct Book {
    dir: PathBuf,
    weeks: Weeks,
    open: Vec<(IsoWeek, WeekBook)>,
    /// Files set aside since the start.
    pub broken: u64,
    /// What there is room for.
    pub room: Room,
}

impl Book {
    pub fn new(dir: &Path, zone: jiff::tz::TimeZone) -> Self {
        Self { dir: dir.to_owned(), weeks: Weeks::new(zone), open: Vec::new(), broken: 0, room: Room::default() }
    }

    /// Looks at every week file: brings those of this version's tables up to date, sets the broken aside. Their pages are looked
    /// through for so long at most, the newest file's first.
    ///
    /// # Errors
    /// A file that a newer Schoolgate wrote: the journal must not go on beside it.
    pub fn survey(&mut self, within: Duration) -> Result<Survey, BookFault> {
        let mut survey = Survey { next_seq: 1, ..Survey::default() };
        let until = Instant::now() + within;
        let files = week_files(&self.dir).map_err(|source| BookFault::Io { path: self.dir.clone(), source })?;
        for (week, path) in files.into_iter().rev() {
            match look_at(&path, week, until.saturating_duration_since(Instant::now())) {
                Ok((next_seq, is_checked)) => {
                    survey.next_seq = survey.next_seq.max(next_seq);
                    if !is_checked {
                        survey.unchecked.push(path);
                    }
                }
                Err(newer @ BookFault::Newer { .. }) => return Err(newer),
                Err(fault) if fault.is_broken() => {
                    self.set_aside(week, &path, &fault);
                    survey.broken += 1;
                }
                Err(fault) => tracing::error!(%fault, "a week file cannot be opened now"),
            }
        }
        Ok(survey)
    }

    /// Sets a file aside in which something broken was found after the start.
    pub fn is_broken(&mut self, path: &Path, source: rusqlite::Error) {
        let files = week_files(&self.dir).unwrap_or_default();
        if let Some((week, path)) = files.into_iter().find(|(_, file)| file == path) {
            self.set_aside(week, &path, &BookFault::Sqlite { path: path.clone(), source });
        }
    }

    /// Up to where week files have the records of a ring.
    pub fn mark(&self, ring: RingId) -> Mark {
        let one = |db: &Connection| {
            let sql = "SELECT position, lost FROM rings WHERE ring = ?1";
            db.query_row(sql, [ring as i64], |row| {
                let (position, lost): (Option<i64>, i64) = (row.get(0)?, row.get(1)?);
                Ok(Mark { position: position.map(|p| p as u64), lost: lost as u64 })
            })
        };
        self.each(|db| one(db).ok()).into_iter().fold(Mark::default(), Mark::or)
    }

    /// Which of these seqs week files have already, in a row or in its count.
    pub fn having(&self, first: u64, last: u64) -> HashSet<u64> {
        let rows = "SELECT seq, seq FROM events WHERE seq BETWEEN ?1 AND ?2 UNION ALL SELECT seq, seq FROM gaps
                    WHERE seq BETWEEN ?1 AND ?2";
        let booked = "SELECT first, last FROM booked WHERE last >= ?1 AND first <= ?2";
        let one = |db: &Connection| -> rusqlite::Result<Vec<(i64, i64)>> {
            let all = |sql: &str| -> rusqlite::Result<Vec<(i64, i64)>> {
                let range = |row: &rusqlite::Row| Ok((row.get(0)?, row.get(1)?));
                db.prepare(sql)?.query_map([first as i64, last as i64], range)?.collect()
            };
            let mut ranges = all(rows)?;
            // The first version of the file had no such table.
            ranges.extend(all(booked).unwrap_or_default());
            Ok(ranges)
        };
        let ranges = self.each(|db| one(db).ok()).into_iter().flatten();
        ranges.flat_map(|(from, until)| (from as u64).max(first)..=(until as u64).min(last)).collect()
    }

    fn each<T>(&self, ask: impl Fn(&Connection) -> Option<T>) -> Vec<T> {
        let files = week_files(&self.dir).unwrap_or_default();
        let open = |path: &Path| Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok();
        files.iter().filter_map(|(_, path)| ask(&open(path)?)).collect()
    }

    /// Puts rows into the files of their weeks: one transaction a file. A row whose seq is there already stays as it was.
    ///
    /// # Errors
    /// The disk, or a file that broke: that file's rows are not in it, or doubtful. It is given up and opened anew next time.
    pub fn put(&mut self, rows: &[Row]) -> Result<(), BookFault> {
        let mut by_week: Vec<(IsoWeek, Vec<&Row>)> = Vec::new();
        for row in rows {
            let week = self.weeks.of(row.when_ms());
            match by_week.iter_mut().find(|(w, _)| *w == week) {
                Some((_, rows)) => rows.push(row),
                None => by_week.push((week, vec![row])),
            }
        }
        let room = self.room;
        for (week, rows) in by_week {
            let written = self.week(week).and_then(|book| book.put(&rows, room));
            if let Err(fault) = written {
                // What it remembers of hosts and names may have been rolled back.
                self.close(week);
                if fault.is_broken() {
                    self.set_aside(week, &week.file(&self.dir), &fault);
                }
                return Err(fault);
            }
            reach(Point::Committed);
        }
        Ok(())
    }

    fn week(&mut self, week: IsoWeek) -> Result<&mut WeekBook, BookFault> {
        if let Some(at) = self.open.iter().position(|(w, _)| *w == week) {
            let held = self.open.remove(at);
            self.open.push(held);
        } else {
            if self.open.len() >= MAX_OPEN {
                self.open.remove(0);
            }
            self.open.push((week, WeekBook::open(&self.dir, week)?));
        }
        // One was pushed in either case.
        Ok(&mut self.open.last_mut().expect("a week was pushed").1)
    }

    /// Closes a week's file, if it is open.
    pub fn close(&mut self, week: IsoWeek) {
        self.open.retain(|(w, _)| *w != week);
    }

    /// Gives a file that cannot be read another name, its write-ahead log with it, so that SQLite's own tools still find both.
    fn set_aside(&mut self, week: IsoWeek, path: &Path, fault: &BookFault) {
        self.close(week);
        let with = |path: &Path, end: &str| PathBuf::from(format!("{}{end}", path.display()));
        let mut free = (1..).map(|n| if n == 1 { with(path, ".broken") } else { with(path, &format!(".broken{n}")) });
        let Some(aside) = free.find(|aside| !aside.exists()) else { return };
        match std::fs::rename(path, &aside) {
            Ok(()) => {
                let _ = std::fs::rename(with(path, "-wal"), with(&aside, "-wal"));
                let _ = std::fs::remove_file(with(path, "-shm"));
                self.broken += 1;
                tracing::error!(%fault, file = %aside.display(), "a week file is broken and is set aside; a new one is begun. Its events are missing from searches and reports; `sqlite3 FILE .recover` may read them");
            }
            Err(source) => tracing::error!(%fault, %source, "a week file is broken and cannot be set aside"),
        }
    }
}

/// The week files of a folder, the oldest first; of a week that an earlier version began, that part first.
pub fn week_files(dir: &Path) -> io::Result<Vec<(IsoWeek, PathBuf)>> {
    let week = |path: PathBuf| {
        let name = path.file_name()?.to_str()?;
        let (name, now) = name.strip_suffix(EARLIER).map_or((name, true), |name| (name, false));
        Some((IsoWeek::parse(name.strip_suffix(".db")?).ok()?, now, path))
    };
    let mut files: Vec<_> = std::fs::read_dir(dir)?.filter_map(|e| week(e.ok()?.path())).collect();
    files.sort();
    Ok(files.into_iter().map(|(week, _, path)| (week, path)).collect())
}

/// Opens a week file as it is, brings it up to date, and says the seq that it has not reached; whether there was time to look through
/// its pages.
fn look_at(path: &Path, week: IsoWeek, within: Duration) -> Result<(u64, bool), BookFault> {
    let (db, version) = open(path, week)?;
    let at = |source| BookFault::Sqlite { path: path.to_owned(), source };
    let is_checked = match check::look(&db, within).map_err(at)? {
        Found::Sound => true,
        Found::Unknown => false,
        Found::Broken(fault) => return Err(at(fault)),
    };
    Ok((schema::next_seq(&db, version).map_err(at)?, is_checked))
}

/// Opens a week file that is there, as it is if an earlier version wrote it; says its version.
fn open(path: &Path, week: IsoWeek) -> Result<(Connection, i32), BookFault> {
    let at = |source| BookFault::Sqlite { path: path.to_owned(), source };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(path, flags).map_err(at)?;
    let (application, version) = schema::identity(&db).map_err(at)?;
    if version > schema::VERSION {
        return Err(BookFault::Newer { path: path.to_owned(), found: version });
    }
    if application != schema::APPLICATION {
        return Err(at(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB), None)));
    }
    // A reader that sees the file for the first time after a crash holds it for as long as its log takes to be read.
    db.busy_timeout(std::time::Duration::from_secs(5)).map_err(at)?;
    if (1..schema::FIRST).contains(&version) {
        return Ok((db, version));
    }
    db.pragma_update(None, "journal_mode", "wal").map_err(at)?;
    // A segment is deleted after the commit: the commit must be on the disk.
    db.pragma_update(None, "synchronous", "full").map_err(at)?;
    db.pragma_update(None, "wal_autocheckpoint", LOG_PAGES).map_err(at)?;
    // A long export keeps the log growing; afterwards it is cut to this again.
    db.pragma_update(None, "journal_size_limit", 16 << 20).map_err(at)?;
    if version < schema::VERSION {
        schema::migrate(&mut db, version, week).map_err(at)?;
    }
    Ok((db, schema::VERSION))
}

/// Gives the file of an earlier version its own name, with all that its log holds in it.
fn make_way(db: Connection, path: &Path) -> Result<(), BookFault> {
    let at = |source| BookFault::Sqlite { path: path.to_owned(), source };
    db.pragma_update(None, "journal_mode", "delete").map_err(at)?;
    drop(db);
    let earlier = PathBuf::from(format!("{}{EARLIER}", path.display()));
    let moved = if earlier.exists() { Err(io::ErrorKind::AlreadyExists.into()) } else { std::fs::rename(path, earlier) };
    moved.map_err(|source| BookFault::Io { path: path.to_owned(), source })
}

/// Makes an empty week file beside its place and moves it there whole: a reader never sees half of one.
fn create(dir: &Path, week: IsoWeek) -> Result<(), BookFault> {
    let path = week.file(dir);
    let new = dir.join(format!("{week}.db.new"));
    let io = |source| BookFault::Io { path: path.clone(), source };
    let sqlite = |source| BookFault::Sqlite { path: path.clone(), source };
    let _ = std::fs::remove_file(dir.join(format!("{week}.db.new-journal")));
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new).map_err(io)?;
    let mut db = Connection::open(&new).map_err(sqlite)?;
    schema::migrate(&mut db, 0, week).map_err(sqlite)?;
    drop(db);
    File::open(&new).and_then(|f| f.sync_all()).map_err(io)?;
    reach(Point::WeekMade);
    // A log left beside a file that has gone would be taken for the new file's.
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
    std::fs::rename(&new, &path).map_err(io)?;
    File::open(dir).and_then(|d| d.sync_all()).map_err(io)
}

/// One week's file, open for writing.
struct WeekBook {
    dir: PathBuf,
    path: PathBuf,
    db: Connection,
    base_ms: i64,
    interned: Interned,
    rollup: Rollup,
    /// The policy versions whose names the file has.
    versions: HashSet<u32>,
    /// The data keys that the file has.
    data_keys: HashSet<u32>,
    /// The newest range of seqs that the file has: the next is joined to it where it can be.
    booked: Option<(u64, u64)>,
}

impl WeekBook {
    fn open(dir: &Path, week: IsoWeek) -> Result<Self, BookFault> {
        let path = week.file(dir);
        if !path.exists() {
            create(dir, week)?;
        }
        let (mut db, version) = open(&path, week)?;
        if version < schema::FIRST {
            make_way(db, &path)?;
            create(dir, week)?;
            db = open(&path, week)?.0;
        }
        Self::of(db, dir, &path).map_err(|source| BookFault::Sqlite { path, source })
    }

    fn of(db: Connection, dir: &Path, path: &Path) -> rusqlite::Result<Self> {
        let numbers =
            |sql: &str| -> rusqlite::Result<HashSet<u32>> { db.prepare(sql)?.query_map([], |row| row.get(0))?.collect() };
        Ok(Self {
            dir: dir.to_owned(),
            path: path.to_owned(),
            base_ms: schema::base_ms(&db)?,
            interned: Interned::read(&db)?,
            rollup: resumed(&db)?,
            versions: numbers("SELECT version FROM names")?,
            data_keys: numbers("SELECT id FROM data_keys")?,
            booked: schema::last_booked(&db)?,
            db,
        })
    }

    fn put(&mut self, rows: &[&Row], room: Room) -> Result<(), BookFault> {
        self.insert(rows, room).map_err(|source| BookFault::Sqlite { path: self.path.clone(), source })
    }

    fn insert(&mut self, rows: &[&Row], room: Room) -> rusqlite::Result<()> {
        let transaction = self.db.transaction()?;
        let mut marks: HashMap<RingId, Mark> = HashMap::new();
        // Nearly always the ring of the one before.
        let mut present: Option<(RingId, Mark)> = None;
        for row in rows {
            if let What::Gap(gap) = &row.what {
                schema::insert_gap(&transaction, row.seq, gap, row.dated)?;
            }
            let (ring, mark) = match present.take() {
                Some((ring, mark)) if ring == row.ring => (ring, mark),
                other => {
                    marks.extend(other);
                    (row.ring, marks.get(&row.ring).copied().unwrap_or_default())
                }
            };
            present = Some((ring, mark.with(row.position, &row.what)));
            self.booked = match self.booked {
                Some((first, last)) if row.seq == last + 1 => Some((first, row.seq)),
                other => {
                    other.map_or(Ok(()), |range| schema::book(&transaction, range))?;
                    Some((row.seq, row.seq))
                }
            };
        }
        self.booked.map_or(Ok(()), |range| schema::book(&transaction, range))?;
        let (mut unnamed, mut keyless) = (HashSet::new(), HashSet::new());
        let mut writing = schema::Writing::new(&transaction, self.base_ms)?;
        let mut summed: Option<Summed> = None;
        for entry in alike::merge(rows.iter().copied()) {
            let (seq, event) = (entry.row.seq, room.fit(entry.event()));
            if !self.versions.contains(&event.policy_version) && unnamed.insert(event.policy_version) {
                name(&transaction, &mut self.versions, &self.dir, event.policy_version)?;
            }
            if !room.has_row(&event) {
                let one = Summed::of(seq, &event);
                summed = Some(summed.map_or(one, |before| before.and(one)));
                let who = self.interned.who(&transaction, &event)?;
                self.rollup.sum(&event, who.unwrap_or(0));
                continue;
            }
            let ids = self.interned.ids(&transaction, &event, entry.row.dated)?;
            if !writing.insert(seq, &event, ids)? {
                continue;
            }
            self.rollup.add(seq, &event, ids.who.unwrap_or(0));
            if let Some(key) = event.detail().map(|sealed| sealed.key)
                && !self.data_keys.contains(&key)
                && keyless.insert(key)
            {
                keep_key(&transaction, &mut self.data_keys, &self.dir, key)?;
            }
        }
        drop(writing);
        summed.map_or(Ok(()), |summed| summed.write(&transaction))?;
        self.rollup.write(&transaction)?;
        marks.extend(present);
        for (ring, mark) in marks {
            let sql = "INSERT INTO rings (ring, position, lost) VALUES (?1, ?2, ?3) ON CONFLICT (ring) DO UPDATE SET
                       position = max(ifnull(position, -1), ifnull(excluded.position, -1)), lost = max(lost, excluded.lost)";
            transaction.prepare_cached(sql)?.execute(params![ring as i64, mark.position.map(|p| p as i64), mark.lost as i64])?;
        }
        reach(Point::Inserted);
        transaction.commit()
    }
}

/// The roll-up of a file as it was when its last rows were written: what comes may be company to these.
fn resumed(db: &Connection) -> rusqlite::Result<Rollup> {
    let rows = Rows::of(db)?;
    let mut rollup = Rollup::new(rows.base_ms);
    let sql = format!("{} ORDER BY events.seq DESC LIMIT {}", rows::SELECT, rollup::MAX_RECENT);
    let mut statement = db.prepare(&sql)?;
    let mut found = statement.query([])?;
    let mut newest_ms = i64::MIN;
    while let Some(row) = found.next()? {
        let Some((seq, _, event)) = rows.event(db, row)? else { continue };
        newest_ms = newest_ms.max(event.when_ms);
        if event.when_ms < newest_ms.saturating_sub(rollup::RESUMED_MS) {
            break;
        }
        rollup.remember(seq, &event, row.get::<_, Option<i64>>(2)?.unwrap_or(0));
    }
    Ok(rollup)
}

/// Stores what the ids of a version are called, when its first event comes. One that nobody has named yet is asked for again
/// in the next transaction.
fn name(db: &Connection, known: &mut HashSet<u32>, dir: &Path, version: u32) -> rusqlite::Result<()> {
    if let Some(names) = names::stored_text(dir, version) {
        db.prepare_cached("INSERT OR IGNORE INTO names (version, names) VALUES (?1, ?2)")?.execute(params![version, names])?;
        known.insert(version);
    }
    Ok(())
}

/// Stores the sealed data key, when the first event that was sealed with it comes: the file is read long after the key's own has gone.
fn keep_key(db: &Connection, known: &mut HashSet<u32>, dir: &Path, id: u32) -> rusqlite::Result<()> {
    match sealing::sealed_key(dir, id) {
        Some(sealed) => {
            db.prepare_cached("INSERT OR IGNORE INTO data_keys (id, sealed) VALUES (?1, ?2)")?.execute(params![id, sealed])?;
            known.insert(id);
        }
        None => tracing::error!(key = format!("{id:08x}"), "a data key is missing: what was sealed with it cannot be opened"),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
