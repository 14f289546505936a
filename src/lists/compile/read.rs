//! One source: its lines, judged, into the gathering; then what its own exceptions take away again.

use super::gather::{Full, Gathered, Mark, Strike};
use super::{CompileFault, Progress};
use crate::lists::guard;
use crate::lists::known::{Known, reach_of};
use crate::lists::parse::detect::opening;
use crate::lists::parse::lines::{Line, Lines};
use crate::lists::parse::{Means, Parser, Rule, Said, What};
use crate::lists::source::{Says, lets_through};
use crate::lists::{Broken, Format, Origin, Provenance, Reach, Reject, Rejects, Source};
use crate::words::{Category, Host};
use std::collections::HashSet;

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
    let Some(member) = source.members.next_member().map_err(|error| CompileFault::Read { list: list.clone(), line: 0, error })?
    else {
        return Ok(Provenance { broken: Some(Broken::NoEntries), ..Provenance::unread(&source.name, source.category) });
    };
    let as_written = member.format;
    let mut lines = Lines::new(member.reader);
    let failed = |line, error| CompileFault::Read { list: list.clone(), line, error };
    let mark = gathered.mark();
    let mut judge = Judge {
        parser: Parser::of(as_written, source.origin),
        index,
        category: source.category,
        origin: source.origin,
        reach: source.reach,
        known,
        gathered,
        rejects: Rejects::default(),
        full: false,
        important: Gathered::default(),
        exceptions: Vec::new(),
        off: Vec::new(),
    };

    let mut undetected = None;
    let mut format = as_written;
    if format == Format::Detect {
        let opening = opening(&mut lines).map_err(|e| failed(lines.count(), e))?;
        match opening.format {
            Ok(told) => format = told,
            Err(why) => undetected = Some(why),
        }
        judge.parser = Parser::of(format, source.origin);
        for (number, text) in &opening.lines {
            judge.line(*number, text.as_deref());
        }
    }
    loop {
        let before = lines.count();
        match lines.next_line() {
            Ok(Some((number, Line::Text(text)))) => judge.line(number, Some(text)),
            Ok(Some((number, Line::TooLong))) => judge.line(number, None),
            Ok(None) => break,
            Err(error) => return Err(failed(before, error)),
        }
        if before.is_multiple_of(TELL_EVERY) {
            progress(Progress::Reading { source: index.into(), bytes: lines.bytes() });
        }
    }
    progress(Progress::Reading { source: index.into(), bytes: lines.bytes() });

    let cancelled = judge.cancel(mark).map_err(|Full| CompileFault::TooMuch)?;
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
        cancelled,
        host_only: counted.host_only,
        rejects,
        broken: None,
    };
    provenance.broken = guard::broken(&provenance, undetected, source.origin);
    if provenance.broken.is_some() {
        gathered.forget(mark);
        (provenance.entries, provenance.duplicates, provenance.cancelled, provenance.host_only) = (0, 0, 0, 0);
    }
    Ok(provenance)
}

/// What each line of one source is judged by, and where it goes.
struct Judge<'a> {
    parser: Parser,
    index: u16,
    category: Category,
    origin: Origin,
    reach: Reach,
    known: &'a Known,
    gathered: &'a mut Gathered,
    rejects: Rejects,
    full: bool,
    /// Entries that only an important exception takes away.
    important: Gathered,
    /// With the line they stand on.
    exceptions: Vec<(u64, OfHost)>,
    /// Rules that are to be as if they were not there.
    off: Vec<OfHost>,
}

/// A rule that speaks of a host.
#[derive(Clone, Copy)]
struct OfHost {
    host: Host,
    reach: Option<Reach>,
    means: Means,
    important: bool,
    off: bool,
}

impl Judge<'_> {
    fn line(&mut self, number: u64, text: Option<&[u8]>) {
        let Some(text) = text else { return self.said(number, Err(Reject::TooLong)) };
        let mut parser = std::mem::replace(&mut self.parser, Parser::new(Format::Detect));
        parser.line(text, &mut |said| self.said(number, said));
        self.parser = parser;
    }

    fn said(&mut self, number: u64, said: Said) {
        if let Err(why) = said.and_then(|rule| self.take(number, rule)) {
            self.rejects.add(why, number);
        }
    }

    fn take(&mut self, number: u64, rule: Rule<'_>) -> Result<(), Reject> {
        let host = match rule.what {
            What::Host(host) => host,
            // The table holds none of these yet.
            What::Url(..) => return Err(Reject::Url),
            What::Range(..) => return Err(Reject::Range),
            What::Pattern(..) => return Err(Reject::Regex),
        };
        let rule = OfHost { host, reach: rule.reach, means: rule.means, important: rule.important, off: rule.off };
        if rule.means == Means::Exception {
            let reach = Some(rule.reach.unwrap_or(self.reach));
            let rule = OfHost { reach, ..rule };
            if rule.off {
                self.off.push(rule)
            } else {
                self.exceptions.push((number, rule))
            }
            return Ok(());
        }
        if self.origin == Origin::Public && lets_through(self.category) {
            return Err(Reject::NotTrusted);
        }
        let own = rule.reach.unwrap_or(self.reach);
        let reach = reach_of(&rule.host, self.category, self.origin, own, self.known);
        if rule.off {
            // Of a rule that would not be taken, there is nothing to take away.
            self.off.extend(reach.ok().map(|reach| OfHost { reach: Some(reach), ..rule }));
            return Ok(());
        }
        let reach = reach?;
        let to = if rule.important { &mut self.important } else { &mut *self.gathered };
        self.full |= to.add(&rule.host, self.index, Says::entry(reach)).is_err();
        Ok(())
    }

    /// Takes away what the source's own exceptions cancel: how many entries that were. What `$badfilter` names goes first, then
    /// what exceptions name; what is important comes in last.
    fn cancel(&mut self, mark: Mark) -> Result<u64, Full> {
        self.gathered.order(mark);
        if self.exceptions.is_empty() && self.important.len() == 0 && self.off.is_empty() {
            return Ok(0);
        }
        let (off, entries): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.off).into_iter().partition(|r| r.means == Means::Exception);
        let off: HashSet<_> = off.iter().map(|r| (r.host, r.reach, r.important)).collect();
        self.exceptions.retain(|(_, e)| !off.contains(&(e.host, e.reach, e.important)));
        let reach = |rule: &OfHost| rule.reach.unwrap_or(self.reach);
        let exactly = |important: bool| {
            let some = entries.iter().filter(move |r| r.important == important);
            some.map(|r| Strike { host: r.host, reach: reach(r), below: false }).collect::<Vec<_>>()
        };
        let excepted = |important: bool| {
            let some = self.exceptions.iter().filter(move |(_, e)| e.important || !important);
            some.map(|(_, e)| Strike { host: e.host, reach: reach(e), below: true }).collect::<Vec<_>>()
        };
        let mut cancelled = self.gathered.strike(mark, &exactly(false)) + self.gathered.strike(mark, &excepted(false));
        let all = Mark::default();
        self.important.order(all);
        cancelled += self.important.strike(all, &exactly(true)) + self.important.strike(all, &excepted(true));
        // Where a wider entry still reaches the name, the table holds the exception itself; but an ordinary one not against what
        // is important, and a table cannot except the one and not the other.
        let mut kept = Vec::new();
        for (line, exception) in &self.exceptions {
            let important = self.important.reaches(all, &exception.host);
            let ordinary = self.gathered.reaches(mark, &exception.host);
            match (important, ordinary) {
                (true, true) if !exception.important => self.rejects.add(Reject::Exception, *line),
                (true, false) if !exception.important => {}
                (false, false) => {}
                _ => kept.push((exception.host, Says::exception(reach(exception)))),
            }
        }
        for (host, says) in kept {
            self.gathered.add(&host, self.index, says)?;
        }
        self.gathered.append(&self.important)?;
        self.gathered.order(mark);
        Ok(cancelled)
    }
}
