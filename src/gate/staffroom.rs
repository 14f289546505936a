//! What staff open for a class on a page of ours: who may, for which classes, and what is asked of whoever keeps passes.
//!
//! Pages know nothing of files: the house gives the web door something that keeps passes, by the rules of the command.

use super::Snapshot;
use super::control::{For, NewPass, Opens};
use crate::people::{Grouping, Person};
use crate::words::{GroupId, PersonId, PersonRole};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Keeps passes for the page.
pub trait Staffroom: Send + Sync {
    /// Opens a pass in the name of this person.
    ///
    /// # Errors
    /// It says what is wrong with it.
    fn open(&self, person: PersonId, new: &NewPass) -> Result<(), Refused>;

    /// Ends one that this person opened.
    ///
    /// # Errors
    /// [`Refused::Gone`]: they have none of that number.
    fn revoke(&self, person: PersonId, id: u16) -> Result<(), Refused>;

    /// Those that this person opened on the page and that have not ended, those that wait for a leader among them.
    ///
    /// # Errors
    /// [`Refused::NotKept`]: they cannot be read.
    fn opened_by(&self, person: PersonId) -> Result<Vec<OwnPass>, Refused>;
}

/// A pass, as whoever opened it sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPass {
    pub id: u16,
    pub what: Opens,
    pub whom: For,
    /// Milliseconds since 1970.
    pub until_ms: i64,
    pub reason: String,
    /// A leader must agree first.
    pub waits: bool,
}

/// Why a pass is not opened, or not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No host, page or video, or more than one host.
    NotAHost,
    /// What it is listed as, no pass opens.
    Never,
    /// There is no such class, or too many people are named.
    Nobody,
    /// The reason is empty or too long.
    Reason,
    /// Over already, or too long.
    Minutes,
    /// Too many are open.
    Full,
    /// It has ended, or is somebody else's.
    Gone,
    NotStaff,
    /// A fault of ours, told to the service log.
    NotKept,
}

/// Who opened a pass on the page, as it stands in passes, the log and the report. No account is called so: whoever has the id of a
/// leader's account in the register is no leader by that.
pub fn in_staffroom(person: &Person) -> String {
    format!("{} (staffroom)", person.key)
}

/// The classes that a pass may be for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Classes {
    pub forms: BTreeSet<String>,
    /// Groups with pupils in them.
    pub groups: Vec<String>,
}

/// A name that somebody typed and that is not one pupil's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAPupil {
    Nobody(String),
    Several(String),
}

impl Snapshot {
    /// Somebody of the staff, whose access is on.
    pub fn staff(&self, person: PersonId) -> Option<&Person> {
        self.register.person(person).filter(|p| p.role == PersonRole::Staff && !self.withheld.contains(p.id))
    }

    /// Whether their access is off.
    pub fn is_withheld(&self, person: PersonId) -> bool {
        self.withheld.contains(person)
    }

    fn pupils(&self) -> impl Iterator<Item = &Person> {
        self.register.present().filter(|p| p.role == PersonRole::Pupil)
    }

    pub fn classes(&self) -> Classes {
        let grouping = Grouping::of_config(&self.config);
        let (mut forms, mut kinds) = (BTreeSet::new(), BTreeSet::new());
        for pupil in self.pupils() {
            if !pupil.details.form.is_empty() {
                forms.insert(pupil.details.form.clone());
            }
            kinds.insert((pupil.year, &pupil.groups));
        }
        let groups: BTreeSet<GroupId> =
            kinds.into_iter().flat_map(|(year, by_hand)| grouping.groups(PersonRole::Pupil, year, by_hand)).collect();
        let name = |id: GroupId| Some(self.config.policy.group(id)?.name.clone());
        Classes { forms, groups: groups.into_iter().filter_map(name).collect() }
    }

    /// The ids of those who are in a form now.
    pub fn form(&self, form: &str) -> Vec<String> {
        self.pupils().filter(|p| p.details.form == form).map(|p| p.key.clone()).collect()
    }

    /// The form that these people are, all of it and nobody else.
    pub fn form_of(&self, keys: &[String]) -> Option<&str> {
        let form = self.register.person_of_key(keys.first()?)?.details.form.as_str();
        let (form_keys, keys): (BTreeSet<_>, BTreeSet<_>) =
            (self.form(form).into_iter().collect(), keys.iter().cloned().collect());
        (!form.is_empty() && form_keys == keys).then_some(form)
    }

    /// The ids of the pupils whose names or ids stand in a text, one a line.
    ///
    /// # Errors
    /// The first line that is nobody's, or more than one pupil's.
    pub fn pupils_named(&self, text: &str) -> Result<Vec<String>, NotAPupil> {
        let alike = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let wanted: BTreeMap<String, &str> =
            text.lines().map(|line| (alike(line), line.trim())).filter(|(alike, _)| !alike.is_empty()).collect();
        let mut found: HashMap<&String, Vec<&str>> = HashMap::new();
        for pupil in self.pupils().filter(|_| !wanted.is_empty()) {
            let by_id = wanted.get_key_value(&pupil.key.to_lowercase());
            if let Some((line, _)) = by_id.or_else(|| wanted.get_key_value(&alike(&pupil.name))) {
                found.entry(line).or_default().push(&pupil.key);
            }
        }
        let one = |(line, typed): (&String, &&str)| match found.get(line).map(Vec::as_slice) {
            Some([key]) => Ok((*key).to_owned()),
            Some([_, _, ..]) => Err(NotAPupil::Several((*typed).to_owned())),
            _ => Err(NotAPupil::Nobody((*typed).to_owned())),
        };
        wanted.iter().map(one).collect()
    }
}
