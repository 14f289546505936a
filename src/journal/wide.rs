//! Week files of the versions before this one's: an event was a row of up to 44 columns. They are read as they are, and written no more.
//!
//! Words are numbers (`Action::Block as u8`), which never change their meaning; hosts stand once each; an empty text is NULL; groups
//! are ` 1 3 `.

use super::event::{Decrypted, Door, Event, Intent, Span};
use super::read::Filter;
use super::time::Dated;
use crate::lists::ListId;
use crate::lists::phrases::Theme;
use crate::policy::{Action, CellId, ProfileId, Step};
use crate::words::{
    Category, CategorySet, ClientAddr, Confidence, DeviceId, GroupId, Groups, Known, Mac, NetworkId, PersonId, Since, Who,
};
use rusqlite::Row;
use rusqlite::types::Value;
use std::borrow::Cow;

/// The first version whose rows may stand for several events.
pub const SPANS: i32 = 2;

/// The first version that holds searches.
const SEARCHES: i32 = 3;

/// The first version that says since when it is known who it was.
const SINCES: i32 = 4;

/// The first version that holds what is sealed.
pub const SEALS: i32 = 5;

/// The columns of an event, in the order of [`event_of`].
const COLUMNS: [&str; 44] = [
    "seq",
    "when_ms",
    "boot_ms",
    "dated",
    "door",
    "client",
    "network",
    "device",
    "person",
    "groups",
    "known",
    "sure",
    "method",
    "host",
    "port",
    "path",
    "query_type",
    "action",
    "step",
    "category",
    "categories",
    "list",
    "labels",
    "rule",
    "grp",
    "cell",
    "profile",
    "pass",
    "intent",
    "count",
    "status",
    "bytes_up",
    "bytes_down",
    "duration_ms",
    "policy_version",
    "last_ms",
    "attempts",
    "search",
    "theme",
    "severity",
    "decrypted",
    "since_s",
    "mac",
    "sealed",
];

/// `SELECT … FROM events …` of what [`event_of`] reads, from a file of this version; conditions follow.
pub fn select(version: i32) -> String {
    let column = |column: &&str| match *column {
        "host" => "hosts.host".to_owned(),
        "last_ms" | "attempts" if version < SPANS => "NULL".to_owned(),
        "search" | "theme" | "severity" | "decrypted" if version < SEARCHES => "NULL".to_owned(),
        "since_s" | "mac" if version < SINCES => "NULL".to_owned(),
        "sealed" if version < SEALS => "NULL".to_owned(),
        column => format!("events.{column}"),
    };
    let columns: Vec<_> = COLUMNS.iter().map(column).collect();
    format!("SELECT {} FROM events LEFT JOIN hosts ON hosts.id = events.host", columns.join(", "))
}

/// The last moment of a row, in a file of this version.
pub fn last_ms(version: i32) -> &'static str {
    if version < SPANS { "events.when_ms" } else { "ifnull(events.last_ms, events.when_ms)" }
}

/// A row of [`select`] as an event. `None`: it holds what no event has.
pub fn event_of(row: &Row) -> rusqlite::Result<Option<(u64, Dated, Event<'static>)>> {
    let text = |at: usize| row.get::<_, Option<String>>(at).map(|t| Cow::Owned(t.unwrap_or_default()));
    let byte = |at: usize| row.get::<_, u8>(at);
    let client: Option<String> = row.get(5)?;
    let who = match client {
        None => None,
        Some(client) => {
            let Ok(client) = client.parse() else { return Ok(None) };
            let words = (Known::from_u8(byte(10)?), Confidence::from_u8(byte(11)?));
            let (Some(known), Some(sure)) = words else { return Ok(None) };
            let groups: String = row.get(9)?;
            Some(Who {
                client: ClientAddr::new(client),
                mac: row.get::<_, Option<String>>(42)?.and_then(|m| Mac::parse(&m).ok()),
                network: NetworkId(row.get(6)?),
                device: row.get::<_, Option<u32>>(7)?.map(DeviceId),
                person: row.get::<_, Option<u32>>(8)?.map(PersonId),
                groups: groups.split(' ').filter_map(|g| g.parse().ok()).map(GroupId).collect::<Groups>(),
                known,
                sure,
                since: row.get::<_, Option<u32>>(41)?.and_then(Since::of_seconds),
            })
        }
    };
    let words = (Door::from_u8(byte(4)?), Action::from_u8(byte(17)?), Step::from_u8(byte(18)?), Intent::from_u8(byte(28)?));
    let ((Some(door), Some(action), Some(step), Some(intent)), Some(dated)) = (words, Dated::from_u8(byte(3)?)) else {
        return Ok(None);
    };
    let number = |at: usize| row.get::<_, Option<u8>>(at);
    let theme = match number(38)?.map(Theme::from_u8) {
        Some(None) => return Ok(None),
        theme => theme.flatten().zip(number(39)?),
    };
    let Some(decrypted) = Decrypted::from_u8(number(40)?.unwrap_or(0)) else { return Ok(None) };
    let event = Event {
        when_ms: row.get(1)?,
        boot_ms: row.get::<_, i64>(2)? as u64,
        door,
        who,
        method: text(12)?,
        host: text(13)?,
        port: row.get(14)?,
        path: text(15)?,
        query_type: row.get(16)?,
        action,
        step,
        category: row.get::<_, Option<u8>>(19)?.and_then(Category::from_bit),
        categories: CategorySet::from_bits(row.get::<_, i64>(20)? as u64),
        list: row.get::<_, Option<u16>>(21)?.map(ListId),
        labels: row.get(22)?,
        rule: row.get(23)?,
        group: row.get::<_, Option<u16>>(24)?.map(GroupId),
        cell: row.get::<_, Option<u16>>(25)?.map(CellId),
        profile: ProfileId(row.get(26)?),
        pass: row.get(27)?,
        intent,
        count: row.get(29)?,
        span: row.get::<_, Option<i64>>(35)?.zip(row.get(36)?).map(|(last_ms, attempts)| Span { last_ms, attempts }),
        status: row.get(30)?,
        bytes_up: row.get::<_, i64>(31)? as u64,
        bytes_down: row.get::<_, i64>(32)? as u64,
        duration_ms: row.get(33)?,
        policy_version: row.get(34)?,
        sealed: row.get::<_, Option<Vec<u8>>>(43)?.map(Cow::Owned),
        search: text(37)?,
        theme,
        decrypted,
    };
    Ok(Some((row.get::<_, i64>(0)? as u64, dated, event)))
}

/// A filter as conditions of SQL on a file of this version, and their values.
pub fn conditions(filter: &Filter, version: i32) -> (String, Vec<Value>) {
    let since_sql = format!("{} >= ?", last_ms(version));
    let mut given: Vec<(&str, Vec<Value>)> = Vec::new();
    if let Some(PersonId(id)) = filter.person {
        given.push(("events.person = ?", vec![i64::from(id).into()]));
    }
    if let Some(DeviceId(id)) = filter.device {
        given.push(("events.device = ?", vec![i64::from(id).into()]));
    }
    if let Some(client) = filter.client {
        given.push(("events.client = ?", vec![client.to_canonical().to_string().into()]));
    }
    if let Some(host) = &filter.host {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let below = format!(".{host}");
        let sql = "events.host IN (SELECT id FROM hosts WHERE host = ? OR substr(host, -?) = ?)";
        given.push((sql, vec![host.into(), (below.chars().count() as i64).into(), below.into()]));
    }
    if let Some(action) = filter.action {
        given.push(("events.action = ?", vec![i64::from(action as u8).into()]));
    }
    if let Some(category) = filter.category {
        let bit = 1i64.wrapping_shl(category.bit().into());
        let values = vec![i64::from(category.bit()).into(), bit.into()];
        given.push(("(events.category = ? OR events.categories & ? <> 0)", values));
    }
    if let Some(since) = filter.since_ms {
        given.push((&since_sql, vec![since.into()]));
    }
    if let Some(until) = filter.until_ms {
        given.push(("events.when_ms < ?", vec![until.into()]));
    }
    if let Some(upto) = filter.upto {
        given.push(("events.seq <= ?", vec![(upto as i64).into()]));
    }
    let sql = given.iter().map(|(sql, _)| format!(" AND {sql}")).collect();
    (sql, given.into_iter().flat_map(|(_, values)| values).collect())
}
