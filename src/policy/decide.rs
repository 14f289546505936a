//! The order of precedence, top to bottom: the first step that speaks, decides.

use super::{Act, Action, Ask, CellId, Lock, Mode, OwnEntries, Policy, ProfileId, Step, Surface, Verdict};
use crate::lists::Found;
use crate::words::{Category, CategorySet, GroupId, Groups};

/// Judges one ask.
///
/// Total, and without heap, clock or I/O: it runs for every packet.
pub fn decide(ask: &Ask, policy: &Policy) -> Verdict {
    let found = ask.found.categories();
    let now = ask.moment.unix_ms;

    // What nobody can turn off, and what machines need before anything else.
    if let Some(category) = found.and(CategorySet::LOCKED).first() {
        let rule = ask.found.locked().map(|entry| entry.number);
        return Verdict { category: Some(category), rule, ..Verdict::block(Step::Locked) };
    }
    if found.contains(Category::PLATFORM) {
        return by_list(Verdict::allow(Step::Platform), Category::PLATFORM, ask.found);
    }
    if let Some(lock) = ask.lock {
        return under_lock(lock, ask);
    }
    if found.contains(Category::HELP) {
        return by_list(Verdict::allow(Step::Help), Category::HELP, ask.found);
    }
    if found.contains(Category::RSHE) && groups_allow_rshe(ask, policy) {
        return by_list(Verdict::allow(Step::Rshe), Category::RSHE, ask.found);
    }

    // What harms machines, and what the school has settled for good.
    // Few hosts have an entry of the school's own: one walk spares the others three.
    let own = policy.own.touches(ask.host).then_some(&policy.own);
    if let Some(verdict) = harmful_code(ask, own) {
        return if ask.mode == Mode::Off { watched(verdict, ask) } else { verdict };
    }
    if let Some(entry) = own.and_then(|own| own.firm_block(ask.host, &ask.groups, now)) {
        return watched(by_entry(Verdict::block(Step::Firm), entry), ask);
    }

    // What someone opened, and what the school wrote down itself.
    if let Some(pass) = ask.pass.filter(|p| p.reaches(found)) {
        return Verdict { pass: Some(pass.id), ..Verdict::allow(Step::Pass) };
    }
    if let Some(entry) = own.and_then(|own| own.speaking(ask.host, &ask.groups, now)) {
        let verdict = if entry.act == Act::Block { Verdict::block(Step::Own) } else { Verdict::allow(Step::Own) };
        return watched(by_entry(verdict, entry), ask);
    }

    // What it is.
    if found.contains(Category::EDUCATION) {
        return by_list(Verdict::allow(Step::Education), Category::EDUCATION, ask.found);
    }
    watched(by_groups(ask, policy), ask)
}

/// Judges what stands behind an allowed question: the names of its chain, and its addresses.
///
/// `question` is the verdict on the name asked for. Steps locked and harmful code speak always; categories only if the
/// question itself came as far as its categories or the default. `None`: nothing to add.
pub fn decide_answer(question: &Verdict, behind: &Ask, policy: &Policy) -> Option<Verdict> {
    let verdict = decide(behind, policy);
    let speaks = match verdict.step {
        Step::Locked | Step::HarmfulCode => true,
        Step::Category => matches!(question.step, Step::Category | Step::Default),
        _ => false,
    };
    (speaks && verdict.action != Action::Allow && verdict != *question).then_some(verdict)
}

fn under_lock(lock: Lock, ask: &Ask) -> Verdict {
    // A withdrawn pupil's visit to help is help: counted, never stored with the person.
    if !matches!(lock, Lock::Exam(_)) && ask.found.categories().contains(Category::HELP) {
        return by_list(Verdict::allow(Step::Help), Category::HELP, ask.found);
    }
    let open = match lock {
        Lock::Exam(list) | Lock::SignIn(list) => list.iter().any(|host| ask.host.is_within(host)),
        Lock::Withdrawn => false,
    };
    // What harms machines harms them in an exam, too; and where a network only watches, the lock does not act.
    match harmful_code(ask, None) {
        Some(harmful) if open || ask.mode == Mode::Watch => {
            if ask.mode == Mode::Off {
                watched(harmful, ask)
            } else {
                harmful
            }
        }
        _ if open => Verdict::allow(Step::Session),
        _ => watched(Verdict::block(Step::Session), ask),
    }
}

fn harmful_code(ask: &Ask, own: Option<&OwnEntries>) -> Option<Verdict> {
    let harmful = ask.found.categories().and(CategorySet::HARMFUL_CODE);
    let mut despite = None;
    for category in harmful.iter() {
        match own.and_then(|own| own.despite(ask.host, &ask.groups, ask.moment.unix_ms, category)) {
            Some(entry) => despite = Some(entry),
            None => return Some(by_list(Verdict::block(Step::HarmfulCode), category, ask.found)),
        }
    }
    despite.map(|entry| by_entry(Verdict::allow(Step::HarmfulCode), entry))
}

/// Rshe is allowed if no group of theirs that counts says otherwise.
fn groups_allow_rshe(ask: &Ask, policy: &Policy) -> bool {
    let mut any = false;
    for (_, profile) in counting_groups(&ask.groups, policy) {
        match policy.profile(profile) {
            Some(p) if p.rshe => any = true,
            _ => return false,
        }
    }
    any
}

/// The groups that count: those with the highest priority, or all if none has one.
pub(super) fn counting_groups<'a>(groups: &'a Groups, policy: &'a Policy) -> impl Iterator<Item = (GroupId, ProfileId)> + 'a {
    let groups = || groups.iter().filter_map(|id| policy.group(id).map(|g| (id, g)));
    let highest = groups().filter_map(|(_, g)| g.priority).max();
    groups().filter(move |(_, g)| g.priority == highest).map(|(id, g)| (id, g.profile))
}

/// Categories by profile and timetable, then the profile's default; over the groups that count, the strictest.
fn by_groups(ask: &Ask, policy: &Policy) -> Verdict {
    let cells = policy.timetable.at(&ask.moment);
    let mut strictest: Option<Verdict> = None;
    for (group, profile) in counting_groups(&ask.groups, policy) {
        let verdict = by_profile(ask, policy, group, profile, cells);
        if strictest.is_none_or(|s| severity(&verdict) > severity(&s)) {
            strictest = Some(verdict);
        }
    }
    // Someone without a group is a fault of the snapshot; a filter that does not know does not let through.
    strictest.unwrap_or(Verdict::block(Step::Default))
}

/// Which of two groups' verdicts is the stricter: what is done first, then what is written down.
fn severity(verdict: &Verdict) -> (Act, u8) {
    let spoken = match verdict.action {
        Action::Block => 2,
        Action::Warn => 1,
        _ => 0,
    };
    (verdict.act, spoken)
}

fn by_profile(ask: &Ask, policy: &Policy, group: GroupId, id: ProfileId, cells: u64) -> Verdict {
    let Some(profile) = policy.profile(id) else { return Verdict::block(Step::Default) };
    let mut said: Option<(Act, Category, Option<CellId>)> = None;
    for category in ask.found.categories().and(CategorySet::ORDINARY).iter() {
        let of_profile = profile.cell(category);
        let (act, cell) = match cell_of(policy, group, category, cells) {
            // Nobody knows whether the cell holds now: it may forbid, and opens nothing.
            Some((act, _)) if !ask.moment.is_set() && act <= of_profile => (of_profile, None),
            Some(said) => said,
            None => (of_profile, None),
        };
        if said.is_none_or(|(worst, ..)| act > worst) {
            said = Some((act, category, cell));
        }
    }
    let whose = |verdict: Verdict| Verdict { group: Some(group), profile: id, ..verdict };
    let Some((act, category, cell)) = said else {
        return whose(match profile.otherwise {
            Act::Block => Verdict::block(Step::Default),
            _ => Verdict::allow(Step::Default),
        });
    };
    let verdict = match (act, ask.surface) {
        (Act::Block, _) => Verdict::block(Step::Category),
        (Act::Warn, Surface::Page) => Verdict { act: Act::Warn, action: Action::Warn, ..Verdict::allow(Step::Category) },
        (Act::Warn, Surface::NoPage) => {
            Verdict { act: profile.warn_unseen, action: Action::Warn, ..Verdict::allow(Step::Category) }
        }
        (Act::Allow, _) => Verdict::allow(Step::Category),
    };
    whose(Verdict { cell, ..by_list(verdict, category, ask.found) })
}

/// What the timetable says of one category for one group: the strictest of the cells that hold.
fn cell_of(policy: &Policy, group: GroupId, category: Category, cells: u64) -> Option<(Act, Option<CellId>)> {
    let mut said: Option<(Act, Option<CellId>)> = None;
    for (id, cell) in policy.timetable.holding(cells) {
        if cell.category == category && cell.group.is_none_or(|g| g == group) && said.is_none_or(|(act, _)| cell.act > act) {
            said = Some((cell.act, Some(id)));
        }
    }
    said
}

fn by_list(verdict: Verdict, category: Category, found: &Found) -> Verdict {
    let entry = found.saying(category);
    Verdict { category: Some(category), labels: entry.map_or(0, |m| m.labels), kind: entry.map(|m| m.kind), ..verdict }
}

fn by_entry(verdict: Verdict, entry: &super::Entry) -> Verdict {
    Verdict { rule: Some(entry.id), labels: entry.host.labels(), group: entry.group, ..verdict }
}

/// On a network that only watches or is off, what would be blocked is let through and written down as such; nobody is held up by
/// a warning, either.
fn watched(verdict: Verdict, ask: &Ask) -> Verdict {
    match (ask.mode, verdict.act) {
        (Mode::Watch | Mode::Off, Act::Block) => Verdict { act: Act::Allow, action: Action::WouldBlock, ..verdict },
        (Mode::Watch | Mode::Off, Act::Warn) => Verdict { act: Act::Allow, ..verdict },
        _ => verdict,
    }
}

#[cfg(test)]
mod tests;
