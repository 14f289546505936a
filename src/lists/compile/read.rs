//! One source: its members and their lines, judged, into a run.

use super::chunks::Chunks;
use super::exceptions::{At, Passing};
use super::judge::{Judge, Mark};
use super::version::Version;
use super::{CompileFault, Progress};
use crate::lists::guard;
use crate::lists::known::Known;
use crate::lists::parse::Parser;
use crate::lists::parse::detect::{Undetected, opening};
use crate::lists::parse::lines::{Line, Lines};
use crate::lists::run::{Pattern, Recipe, RunWriter};
use crate::lists::source::{Member, Says};
use crate::lists::table::write::Spill;
use crate::lists::{Broken, Format, MemberRead, Origin, Provenance, Reject, Source};
use std::io::{self, Write};

/// How often progress is told: often enough for a bar, seldom enough to cost nothing.
const TELL_EVERY: u64 = 4096;

/// How a source is read.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// Its place among the sources: for [`Progress`].
    pub index: usize,
    pub known: &'a Known,
    pub recipe: &'a Recipe,
    pub(super) chunk: usize,
}

impl<'a> Reading<'a> {
    pub fn new(index: usize, known: &'a Known, recipe: &'a Recipe) -> Self {
        Self { index, known, recipe, chunk: super::chunks::CHUNK }
    }
}

/// Reads a source to its end, writes its run, and tells what became of it. A broken source has a run that says so, without
/// entries. `spill` is an empty file: what is more than a chunk of about a million entries goes there.
///
/// # Errors
/// [`CompileFault`]: a reader that fails, or what cannot be written; the run is to be thrown away.
pub fn read(
    source: &mut Source<'_>,
    how: Reading<'_>,
    spill: &mut dyn Spill,
    to: &mut dyn Write,
    progress: &mut dyn FnMut(Progress),
) -> Result<Provenance, CompileFault> {
    let judge = Judge::new(source, how.known, Chunks::new(spill, how.chunk));
    let mut reader = Reader { judge, version: Version::default(), list: Provenance::of(source), undetected: None };
    let mut sums = crc32fast::Hasher::new();
    loop {
        let list = || reader.list.name.clone();
        let next = source.members.next_member();
        let next = next.map_err(|error| CompileFault::Read { list: list(), line: reader.list.lines, error })?;
        let Some(member) = next else { break };
        let read = reader.member(member, how.index, progress)?;
        sums.combine(&crc32fast::Hasher::new_with_initial_len(read.checksum, read.bytes));
        reader.list.members.push(read);
    }
    reader.list.checksum = sums.finalize();
    reader.finish(source.origin, how.recipe, to, progress)
}

struct Reader<'a, 's> {
    judge: Judge<'a, 's>,
    version: Version,
    list: Provenance,
    /// Why no format fits the first file whose format is not known.
    undetected: Option<Undetected>,
}

impl Reader<'_, '_> {
    fn member(
        &mut self,
        member: Member<'_>,
        index: usize,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<MemberRead, CompileFault> {
        let mut lines = Lines::new(member.reader);
        let (before_lines, before_bytes) = (self.list.lines, self.list.bytes);
        let name = self.list.name.clone();
        let failed = |line, error| CompileFault::Read { list: name.clone(), line: before_lines + line, error };
        let mut format = member.format;
        if format == Format::Detect {
            let opening = opening(&mut lines).map_err(|e| failed(lines.count(), e))?;
            match opening.format {
                Ok(told) => format = told,
                Err(why) => {
                    self.undetected.get_or_insert(why);
                }
            }
            self.judge.parser = Parser::of(format, self.judge.origin);
            for (number, text) in &opening.lines {
                self.line(before_lines, *number, text.as_deref());
            }
        } else {
            self.judge.parser = Parser::of(format, self.judge.origin);
        }
        if self.list.members.is_empty() {
            self.list.format = format;
        }
        loop {
            let before = lines.count();
            match lines.next_line() {
                Ok(Some((number, Line::Text(text)))) => self.line(before_lines, number, Some(text)),
                Ok(Some((number, Line::TooLong))) => self.line(before_lines, number, None),
                Ok(None) => break,
                Err(error) => return Err(failed(before, error)),
            }
            if let Some(fault) = self.judge.fault.take() {
                return Err(fault);
            }
            if before.is_multiple_of(TELL_EVERY) {
                progress(Progress::Reading { source: index, bytes: before_bytes + lines.bytes() });
            }
        }
        self.list.lines += lines.count();
        self.list.bytes += lines.bytes();
        progress(Progress::Reading { source: index, bytes: self.list.bytes });
        let (count, bytes, checksum) = (lines.count(), lines.bytes(), lines.checksum());
        Ok(MemberRead { name: member.name, format, lines: count, bytes, checksum })
    }

    fn line(&mut self, before: u64, number: u64, text: Option<&[u8]>) {
        self.version.line(before + number, text.unwrap_or_default());
        self.judge.line(before + number, text);
    }

    /// Sorts what was read, takes away what the source's own exceptions cancel, and writes the run.
    fn finish(
        self,
        origin: Origin,
        recipe: &Recipe,
        to: &mut dyn Write,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Provenance, CompileFault> {
        let Self { judge, version, mut list, undetected } = self;
        let Judge { chunks, exceptions, patterns, again, rejects, .. } = judge;
        progress(Progress::Sorting { entries: chunks.total() });
        let unwritten = |error| CompileFault::Write { what: "the run of a list", error };
        let mut run = RunWriter::new(to).map_err(unwritten)?;
        (list.version, list.rejects) = (version.finish(), rejects);
        if exceptions.too_many() {
            list.broken = Some(Broken::TooManyExceptions);
        } else {
            let mut passing = exceptions.settle();
            let mut settling = Settling { run: &mut run, list: &mut list, key: Vec::new(), entry: None, exception: None };
            chunks.merged(&mut |key, mark| settling.entry(key, mark, &mut passing).map_err(unwritten))?;
            settling.flush(&mut passing, true).map_err(unwritten)?;
            passing.overruled().into_iter().for_each(|line| list.rejects.add(Reject::Exception, line));
            list.entries += patterns.len() as u64;
            list.duplicates += again;
            // A folder is a list if one of its files is.
            let undetected = undetected.filter(|_| list.members.len() < 2 || list.entries == 0);
            list.broken = guard::broken(&list, undetected, origin);
        }
        let mut patterns: Vec<Pattern> = patterns.into_iter().collect();
        if list.broken.is_some() {
            // Who reads the run passes its entries over.
            patterns.clear();
            (list.entries, list.duplicates, list.cancelled, list.host_only) = (0, 0, 0, 0);
        }
        run.finish(recipe, &list, patterns).map_err(unwritten)?;
        Ok(list)
    }
}

/// Entries on their way into the run: of what is said twice of a name, what reaches furthest.
struct Settling<'r, 'w> {
    run: &'r mut RunWriter<'w>,
    list: &'r mut Provenance,
    /// The name at which entries are gathered.
    key: Vec<u8>,
    entry: Option<Says>,
    /// The last exception that was written, at `key` or behind the last entry.
    exception: Option<Vec<u8>>,
}

impl Settling<'_, '_> {
    fn entry(&mut self, key: &[u8], mark: u8, passing: &mut Passing) -> io::Result<()> {
        let (reach, important) = Mark::of(mark);
        if passing.strikes(key, reach, important) {
            self.list.cancelled += 1;
            return Ok(());
        }
        if self.entry.is_some() && self.key != key {
            self.flush(passing, false)?;
        }
        let says = Says::entry(reach);
        self.list.duplicates += u64::from(self.entry.is_some());
        self.entry = Some(self.entry.map_or(says, |before| before.min(says)));
        key.clone_into(&mut self.key);
        Ok(())
    }

    /// Writes what was gathered at the last name, and the exceptions up to it; at the end all that are left.
    fn flush(&mut self, passing: &mut Passing, end: bool) -> io::Result<()> {
        let Self { run, list, key, entry, exception } = self;
        passing.due(Some((key, At::Before)), &mut |at, says| except(run, list, exception, at, says))?;
        if let Some(says) = entry.take() {
            run.push(key, says)?;
            list.entries += 1;
            list.host_only += u64::from(says == Says::HostOnly);
        }
        let here = (!end).then_some((&**key, At::Same));
        passing.due(here, &mut |at, says| except(run, list, exception, at, says))
    }
}

/// Writes an exception; of one name the first that comes reaches furthest: they are sorted so.
fn except(run: &mut RunWriter<'_>, list: &mut Provenance, last: &mut Option<Vec<u8>>, at: &[u8], says: Says) -> io::Result<()> {
    if last.as_deref() == Some(at) {
        list.duplicates += 1;
        return Ok(());
    }
    *last = Some(at.to_vec());
    run.push(at, says)
}
