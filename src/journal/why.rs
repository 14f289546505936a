//! What many events of a week have in common, and is stored once: who it was, and what came of it and why.

use super::event::{Decrypted, Door, Event, Intent};
use super::time::Dated;
use crate::lists::ListId;
use crate::lists::phrases::Theme;
use crate::policy::{Action, CellId, ProfileId, Step};
use crate::words::{
    Category, CategorySet, ClientAddr, Confidence, DeviceId, GroupId, Groups, Known, Mac, NetworkId, PersonId, Since, Who,
};
use rusqlite::Row;
use std::borrow::Cow;

/// What came of it and why: an event of which all else (when, who, where, how much) is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    pub dated: Dated,
    pub event: Event<'static>,
}

/// The columns of `whys` in the order of [`Why::read`].
pub const WHY: &str = "dated, door, method, port, query_type, action, step, category, categories, list, labels, rule, grp, cell, \
                       profile, pass, intent, status, policy_version, theme, severity, decrypted";

/// The columns of `whos` in the order of [`read_who`].
pub const WHO: &str = "client, network, device, person, groups, known, sure, since_s, mac";

/// Bytes that are the same of two events if what came of them and why is the same.
pub fn key(event: &Event, dated: Dated, out: &mut Vec<u8>) {
    let (theme, severity) = event.theme.map_or((u8::MAX, 0), |(theme, severity)| (theme as u8, severity));
    let category = event.category.map_or(u8::MAX, Category::bit);
    out.clear();
    out.extend([dated as u8, event.door as u8, event.action as u8, event.step as u8, category]);
    out.extend([event.labels, event.intent as u8, theme, severity, event.decrypted as u8]);
    [event.port, event.query_type, event.profile.0, event.status].iter().for_each(|n| out.extend(n.to_le_bytes()));
    out.extend(event.categories.bits().to_le_bytes());
    out.extend(event.policy_version.to_le_bytes());
    optional(out, event.list.map(|l| l.0.into()));
    optional(out, event.rule);
    optional(out, event.group.map(|g| g.0.into()));
    optional(out, event.cell.map(|c| c.0.into()));
    optional(out, event.pass.map(u32::from));
    out.extend(event.method.as_bytes());
}

impl Why {
    /// Columns of a row from this one on. `None`: they hold what no event has.
    pub fn read(row: &Row, at: usize) -> rusqlite::Result<Option<Self>> {
        let byte = |nth: usize| row.get::<_, u8>(at + nth);
        let words = (Door::from_u8(byte(1)?), Action::from_u8(byte(5)?), Step::from_u8(byte(6)?), Intent::from_u8(byte(16)?));
        let others = (Dated::from_u8(byte(0)?), Decrypted::from_u8(byte(21)?));
        let ((Some(door), Some(action), Some(step), Some(intent)), (Some(dated), Some(decrypted))) = (words, others) else {
            return Ok(None);
        };
        let number = |nth: usize| row.get::<_, Option<u8>>(at + nth);
        let theme = match number(19)?.map(Theme::from_u8) {
            Some(None) => return Ok(None),
            theme => theme.flatten().zip(number(20)?),
        };
        let event = Event {
            method: Cow::Owned(row.get::<_, Option<String>>(at + 2)?.unwrap_or_default()),
            port: row.get(at + 3)?,
            query_type: row.get(at + 4)?,
            category: number(7)?.and_then(Category::from_bit),
            categories: CategorySet::from_bits(row.get::<_, i64>(at + 8)? as u64),
            list: row.get::<_, Option<u16>>(at + 9)?.map(ListId),
            labels: row.get(at + 10)?,
            rule: row.get(at + 11)?,
            group: row.get::<_, Option<u16>>(at + 12)?.map(GroupId),
            cell: row.get::<_, Option<u16>>(at + 13)?.map(CellId),
            pass: row.get(at + 15)?,
            intent,
            status: row.get(at + 17)?,
            policy_version: row.get(at + 18)?,
            theme,
            decrypted,
            ..Event::empty(door, action, step, ProfileId(row.get(at + 14)?))
        };
        Ok(Some(Self { dated, event }))
    }
}

/// Bytes that are the same of two if they are the same in everything.
pub fn who_key(who: &Who, out: &mut Vec<u8>) {
    out.clear();
    out.push(u8::from(who.client.ip().is_ipv6()));
    match who.client.ip() {
        std::net::IpAddr::V4(ip) => out.extend(ip.octets()),
        std::net::IpAddr::V6(ip) => out.extend(ip.octets()),
    }
    out.extend(who.network.0.to_le_bytes());
    optional(out, who.device.map(|d| d.0));
    optional(out, who.person.map(|p| p.0));
    optional(out, who.since.map(Since::seconds));
    out.extend([who.known as u8, who.sure as u8, u8::from(who.mac.is_some())]);
    who.mac.into_iter().for_each(|mac| out.extend(mac.octets()));
    who.groups.iter().for_each(|group| out.extend(group.0.to_le_bytes()));
}

/// Columns of a row from this one on. `None`: they hold what nobody is.
pub fn read_who(row: &Row, at: usize) -> rusqlite::Result<Option<Who>> {
    let client: String = row.get(at)?;
    let Ok(client) = client.parse() else { return Ok(None) };
    let (known, sure) = (Known::from_u8(row.get(at + 5)?), Confidence::from_u8(row.get(at + 6)?));
    let (Some(known), Some(sure)) = (known, sure) else { return Ok(None) };
    let groups: String = row.get(at + 4)?;
    Ok(Some(Who {
        client: ClientAddr::new(client),
        mac: row.get::<_, Option<String>>(at + 8)?.and_then(|m| Mac::parse(&m).ok()),
        network: NetworkId(row.get(at + 1)?),
        device: row.get::<_, Option<u32>>(at + 2)?.map(DeviceId),
        person: row.get::<_, Option<u32>>(at + 3)?.map(PersonId),
        groups: groups.split(' ').filter_map(|g| g.parse().ok()).map(GroupId).collect::<Groups>(),
        known,
        sure,
        since: row.get::<_, Option<u32>>(at + 7)?.and_then(Since::of_seconds),
    }))
}

fn optional(out: &mut Vec<u8>, number: Option<u32>) {
    out.push(u8::from(number.is_some()));
    out.extend(number.unwrap_or(0).to_le_bytes());
}
