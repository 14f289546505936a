//! One source: its lines, judged, into the gathering.

use super::gather::Gathered;
use super::{CompileFault, Progress};
use crate::lists::known::{Known, reach_of};
use crate::lists::parse::detect::{Undetected, opening};
use crate::lists::parse::lines::{Line, Lines};
use crate::lists::parse::{self, Said};
use crate::lists::source::lets_through;
use crate::lists::{Broken, Format, Origin, Provenance, Reach, Reject, Rejects, Source};
use crate::words::Category;

/// How often progress is told: often enough for a bar, seldom enough to cost nothing.
const TELL_EVERY: u64 = 4096;

/// Reads a source to its end and tells what became of it.
pub(super) fn read(
    source: &mut Source<'_>,
    index: u16,
    known: &Known,
    gathered: &mut Gathered,
    progress: &mut dyn FnMut(Progress),
) -> Result<Provenance, CompileFault> {
    let list = source.name.clone();
    let mut lines = Lines::new(&mut *source.reader);
    let failed = |line, error| CompileFault::Read { list: list.clone(), line, error };
    let mark = gathered.mark();
    let mut judge = Judge {
        index,
        category: source.category,
        origin: source.origin,
        reach: source.reach,
        known,
        gathered,
        rejects: Rejects::default(),
        full: false,
    };

    let mut undetected = None;
    let mut format = source.format;
    if format == Format::Detect {
        let opening = opening(&mut lines).map_err(|e| failed(lines.count(), e))?;
        match opening.format {
            Ok(told) => format = told,
            Err(why) => undetected = Some(why),
        }
        for (number, text) in &opening.lines {
            judge.line(format, *number, text.as_deref());
        }
    }
    loop {
        let before = lines.count();
        match lines.next_line() {
            Ok(Some((number, Line::Text(text)))) => judge.line(format, number, Some(text)),
            Ok(Some((number, Line::TooLong))) => judge.line(format, number, None),
            Ok(None) => break,
            Err(error) => return Err(failed(before, error)),
        }
        if before.is_multiple_of(TELL_EVERY) {
            progress(Progress::Reading { source: index.into(), bytes: lines.bytes() });
        }
    }
    progress(Progress::Reading { source: index.into(), bytes: lines.bytes() });

    let Judge { rejects, full, .. } = judge;
    if full {
        return Err(CompileFault::TooMuch);
    }
    let duplicates = gathered.settle(mark);
    let counted = gathered.since(mark);
    let mut provenance = Provenance {
        name: source.name.clone(),
        category: source.category,
        format,
        lines: lines.count(),
        bytes: lines.bytes(),
        checksum: lines.checksum(),
        entries: counted.entries,
        duplicates,
        host_only: counted.host_only,
        rejects,
        broken: None,
    };
    provenance.broken = broken(&provenance, undetected, source.origin);
    if provenance.broken.is_some() {
        gathered.forget(mark);
        (provenance.entries, provenance.duplicates, provenance.host_only) = (0, 0, 0);
    }
    Ok(provenance)
}

/// Whether what was read is a list at all. The school's own file is used as far as it can be, and may be empty.
fn broken(read: &Provenance, undetected: Option<Undetected>, origin: Origin) -> Option<Broken> {
    let (refused, taken) = (read.rejects.total(), read.entries + read.duplicates);
    match undetected {
        Some(Undetected::Html) => return Some(Broken::WebPage),
        Some(Undetected::OtherFormat) => return Some(Broken::OtherFormat),
        Some(Undetected::Unknown) => return Some(Broken::NoFormat),
        None => {}
    }
    if taken == 0 && (origin == Origin::Public || refused > 0) {
        return Some(if read.rejects.of(Reject::Html) > 0 { Broken::WebPage } else { Broken::NoEntries });
    }
    (origin == Origin::Public && refused > taken).then_some(Broken::MostlyRefused)
}

/// What each line of one source is judged by, and where it goes.
struct Judge<'a> {
    index: u16,
    category: Category,
    origin: Origin,
    reach: Reach,
    known: &'a Known,
    gathered: &'a mut Gathered,
    rejects: Rejects,
    full: bool,
}

impl Judge<'_> {
    fn line(&mut self, format: Format, number: u64, text: Option<&[u8]>) {
        match text {
            Some(text) => parse::line(format, text, &mut |said| self.said(number, said)),
            None => self.said(number, Err(Reject::TooLong)),
        }
    }

    fn said(&mut self, number: u64, said: Said) {
        let judged = said.and_then(|host| {
            if self.origin == Origin::Public && lets_through(self.category) {
                return Err(Reject::NotTrusted);
            }
            Ok((host, reach_of(&host, self.category, self.origin, self.reach, self.known)?))
        });
        match judged {
            Ok((host, reach)) => self.full |= self.gathered.add(&host, self.index, reach).is_err(),
            Err(why) => self.rejects.add(why, number),
        }
    }
}
