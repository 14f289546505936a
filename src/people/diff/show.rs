//! A difference, as a terminal shows it: a line a person or device, at most [`SHOWN`] of a kind; with `{:#}` all.

use super::super::plain::plain;
use super::between::year;
use super::{Added, Change, Changed, Diff, Fitted};
use std::fmt;

/// Most lines of one kind: the start of a school year moves everyone. Leavers are always shown in full.
const SHOWN: usize = 20;

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if f.alternate() { usize::MAX } else { SHOWN };
        let Self { added, moved, changed, returned, leavers, by_hand, held, devices, ungrouped, .. } = self;
        section(f, shown, "new", added.iter().map(|p| (&p.key, &p.name, about(p))))?;
        section(f, shown, "moves", moved.iter().map(of_changed))?;
        section(f, shown, "changes", changed.iter().map(of_changed))?;
        section(f, shown, "returns", returned.iter().map(of_changed))?;
        section(f, usize::MAX, "leaves", leavers.iter().map(|l| (&l.key, &l.name, format!("{}, to be withdrawn", l.role))))?;
        let by_hand = by_hand.iter().map(|p| (&p.key, &p.name, "not in the file: stays, until `people withdraw`".to_owned()));
        section(f, usize::MAX, "by hand", by_hand)?;
        let stays = || "stays withdrawn: it was done by hand, and `people restore` undoes it".to_owned();
        section(f, usize::MAX, "held", held.iter().map(|p| (&p.key, &p.name, stays())))?;
        let nobody = String::new();
        section(f, shown, "new device", devices.added.iter().map(|d| (&d.name, &nobody, fit(d))))?;
        section(f, shown, "device", devices.changed.iter().map(|d| (&d.name, &nobody, changes(&d.what))))?;
        section(f, shown, "device goes", devices.retired.iter().map(|d| (&d.name, &nobody, String::new())))?;
        let judged = || "judged by the network they come from".to_owned();
        section(f, shown, "no group", ungrouped.iter().map(|p| (&p.key, &p.name, judged())))?;
        writeln!(
            f,
            "people: {} new, {} move, {} change, {} return, {} leave, {} stay as they are",
            added.len(),
            moved.len(),
            changed.len(),
            returned.len(),
            leavers.len(),
            self.unchanged
        )?;
        write!(f, "devices: {} new, {} change, {} go", devices.added.len(), devices.changed.len(), devices.retired.len())
    }
}

fn section<'a>(
    f: &mut fmt::Formatter<'_>,
    shown: usize,
    kind: &str,
    lines: impl ExactSizeIterator<Item = (&'a String, &'a String, String)>,
) -> fmt::Result {
    let count = lines.len();
    for (key, name, about) in lines.take(shown) {
        let line = format!("{kind:<11}  {:<17}  {:<24}  {}", plain(key), plain(name), plain(&about));
        writeln!(f, "{}", line.trim_end())?;
    }
    if count > shown {
        writeln!(f, "{kind:<11}  … and {} more", count - shown)?;
    }
    Ok(())
}

fn of_changed(changed: &Changed) -> (&String, &String, String) {
    (&changed.key, &changed.name, changes(&changed.what))
}

fn changes(what: &[Change]) -> String {
    let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    what.iter().map(|c| format!("{} {} → {}", c.field, or_none(&c.from), or_none(&c.to))).collect::<Vec<_>>().join(", ")
}

fn about(person: &Added) -> String {
    let mut about = person.role.to_string();
    if person.year.is_some() {
        about += &format!(", year {}", year(person.year));
    }
    if !person.groups.is_empty() {
        about += &format!(", groups {}", person.groups.join(";"));
    }
    about
}

fn fit(device: &Fitted) -> String {
    let of = device.person.as_ref().map(|p| format!("of {p}"));
    let address = device.address.map(|a| format!("address {a}"));
    let mac = device.mac.map(|m| format!("MAC {m}{}", if m.is_randomised() { " (randomised)" } else { "" }));
    let network = device.network.map(|n| format!("network {n}"));
    [of, address, mac, network].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
