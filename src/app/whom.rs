//! Whom a pass or an exam is for: what was written, and what it means in the configuration and the register in force.

use super::passes::unknown;
use crate::config::Config;
pub use crate::gate::control::For;
use crate::people::Register;
use crate::policy::Whom;
use crate::words::NetworkId;

/// Most people that are named one by one: a class or two.
const MOST: usize = 100;

/// What it means now.
///
/// # Errors
/// It names what is not there; the text says what is.
pub fn meant(written: &For, config: &Config, register: &Register) -> Result<Whom, String> {
    let policy = &config.policy;
    match written {
        For::Group(name) => policy
            .group_named(name)
            .map(Whom::Group)
            .ok_or_else(|| unknown("group", name, policy.groups.iter().map(|g| g.name.as_str()))),
        For::Network(name) => policy
            .networks
            .iter()
            .position(|n| n.name == *name)
            .map(|i| Whom::Network(NetworkId(i as u16)))
            .ok_or_else(|| unknown("network", name, policy.networks.iter().map(|n| n.name.as_str()))),
        For::Room(name) => match config.rooms.iter().find(|room| room.name == *name) {
            Some(room) => Ok(Whom::Room(room.ranges.clone())),
            None if config.rooms.is_empty() => Err("there is no room: a [[room]] with its addresses makes one".into()),
            None => Err(unknown("room", name, config.rooms.iter().map(|r| r.name.as_str()))),
        },
        For::People(keys) if keys.is_empty() => Err("nobody is named: say --who ID".into()),
        For::People(keys) if keys.len() > MOST => Err(format!("at most {MOST} people are named one by one: say --group")),
        For::People(keys) => {
            let id = |key: &String| {
                // Withdrawn or not: an exam of a class does not end for all because one of them leaves.
                let person = register.person_of_key(key);
                let person = person.ok_or_else(|| format!("nobody in the register has the id '{}'", key.escape_debug()))?;
                Ok::<_, String>(person.id)
            };
            Ok(Whom::Persons(keys.iter().map(id).collect::<Result<Vec<_>, _>>()?.into()))
        }
    }
}
