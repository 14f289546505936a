//! The lines of `people list`: the record of everyone who was given access.

use super::details::{agreement_text, consent_text, day_text};
use super::diff::{shown, shown_if_any, year_text};
use super::{Grouping, Person, Register, Stamp};
use crate::config::PeopleRules;
use crate::words::{PersonId, PersonRole};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::HashMap;

/// What `people list` shows of a person. Texts are as the school wrote them: a terminal gets [`Record::cells`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The school's own id.
    pub id: String,
    /// Ours, as the log has it.
    pub number: u32,
    pub name: String,
    pub role: &'static str,
    /// 0 is reception.
    pub year: Option<u8>,
    /// All they are judged by, those that year and role give among them.
    pub groups: Vec<String>,
    pub devices: Vec<String>,
    pub form: String,
    /// The last day of their access.
    pub until: Option<String>,
    /// To the school's rules for using the internet: version and day.
    pub agreement: String,
    /// A parent's.
    pub consent: String,
    pub missing: Vec<&'static str>,
    /// The notice of monitoring that they read when they signed in on the portal: version and day.
    pub notice: String,
    #[serde(serialize_with = "shown")]
    pub granted_at: Timestamp,
    pub granted_by: String,
    #[serde(serialize_with = "shown_if_any")]
    pub withdrawn_at: Option<Timestamp>,
    pub withdrawn_by: Option<String>,
}

/// Which persons are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub role: Option<PersonRole>,
    /// The name of a group they are in, by whatever rule.
    pub group: Option<String>,
    /// Those withdrawn, and only those.
    pub withdrawn: bool,
    /// Those short of an agreement or a consent, and only those.
    pub missing: bool,
}

impl Record {
    /// The heads of the columns.
    pub const COLUMNS: [&'static str; 9] = ["id", "name", "role", "year", "groups", "device", "granted", "withdrawn", "agreed"];

    /// Everyone the filter lets through, by role, then year, then name.
    pub fn list(register: &Register, grouping: Grouping, rules: &PeopleRules, filter: &Filter) -> Vec<Self> {
        let mut persons: Vec<&Person> = register
            .persons()
            .filter(|p| p.is_withdrawn() == filter.withdrawn && filter.role.is_none_or(|r| r == p.role))
            .collect();
        persons.sort_by(|a, b| (a.role, a.year, &a.name, a.id).cmp(&(b.role, b.year, &b.name, b.id)));
        let mut devices = register.devices_by_person();
        persons
            .into_iter()
            .map(|p| Self::of(p, devices.remove(&p.id).unwrap_or_default(), grouping, rules))
            .filter(|r| !filter.missing || !r.missing.is_empty())
            .filter(|r| filter.group.as_ref().is_none_or(|g| r.groups.contains(g)))
            .collect()
    }

    /// One person's.
    pub fn one(register: &Register, grouping: Grouping, rules: &PeopleRules, person: &Person) -> Self {
        let devices = register.devices_by_person().remove(&person.id).unwrap_or_default();
        Self::of(person, devices, grouping, rules)
    }

    fn of(person: &Person, devices: Vec<String>, grouping: Grouping, rules: &PeopleRules) -> Self {
        let withdrawn = person.withdrawn.as_ref();
        Self {
            id: person.key.clone(),
            number: person.id.0,
            name: person.name.clone(),
            role: person.role.word(),
            year: person.year,
            groups: grouping.group_names(person.role, person.year, &person.groups),
            devices,
            form: person.details.form.clone(),
            until: person.details.until.map(day_text),
            agreement: agreement_text(person.details.agreement.as_ref()),
            consent: consent_text(person.details.consent.as_ref()),
            missing: person.details.missing(person.role, rules),
            notice: String::new(),
            granted_at: time(&person.granted),
            granted_by: person.granted.by.clone(),
            withdrawn_at: withdrawn.map(time),
            withdrawn_by: withdrawn.map(|s| s.by.clone()),
        }
    }

    /// With the notices that people have read, each with its version and when, in milliseconds since 1970.
    pub fn with_notices(records: &mut [Self], read: &HashMap<PersonId, (String, i64)>, zone: &TimeZone) {
        for record in records {
            let Some((version, at_ms)) = read.get(&PersonId(record.number)) else { continue };
            let at = Timestamp::from_millisecond(*at_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone());
            record.notice = format!("{version}, {}", at.strftime("%Y-%m-%d"));
        }
    }

    /// The texts of the columns, dates in the school's own time, safe for a terminal.
    pub fn cells(&self, zone: &TimeZone) -> [String; 9] {
        let day = |at: Timestamp, by: &str| format!("{} by {by}", at.to_zoned(zone.clone()).strftime("%Y-%m-%d"));
        let withdrawn = self.withdrawn_at.zip(self.withdrawn_by.as_deref()).map(|(at, by)| day(at, by));
        let year = [year_text(self.year), self.form.clone()].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" ");
        let until = self.until.as_ref().map_or_else(String::new, |day| format!(", until {day}"));
        let agreed = [("agreement", &self.agreement), ("consent", &self.consent), ("notice", &self.notice)].into_iter();
        let agreed = agreed.filter(|(_, text)| !text.is_empty()).map(|(what, text)| format!("{what} {text}"));
        [
            self.id.clone(),
            self.name.clone(),
            self.role.to_owned(),
            year,
            self.groups.join(", "),
            self.devices.join(", "),
            day(self.granted_at, &self.granted_by) + &until,
            withdrawn.unwrap_or_default(),
            agreed.collect::<Vec<_>>().join(", "),
        ]
        .map(|text| super::plain::plain(&text).into_owned())
    }
}

fn time(stamp: &Stamp) -> Timestamp {
    Timestamp::from_millisecond(stamp.at_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::super::grouping::tests::school;
    use super::super::{Force, Sheet, Store};
    use super::*;

    fn register(csvs: &[&str]) -> Register {
        let (policy, members) = school();
        let grouping = Grouping { policy: &policy, members: &members };
        let mut store = Store::in_memory().expect("memory");
        for (i, csv) in csvs.iter().enumerate() {
            let sheet =
                Sheet::read(csv.as_bytes(), "f.csv", grouping, &crate::config::PeopleRules::default()).expect("a good file");
            let diff = super::super::Diff::between(&store.load().expect("loads"), &sheet, grouping);
            let at = "2026-06-30T23:30:00Z".parse::<Timestamp>().expect("a time").as_millisecond() + i as i64 * 86_400_000;
            store.apply(&diff.agreed(Force::Yes).expect("forced"), "it", at).expect("applied");
        }
        store.load().expect("loads")
    }

    #[test]
    fn the_record_says_who_has_access_since_when_and_by_whom() {
        let register = register(&[
            "id,name,role,year,groups,device,mac\ns1,Mr Babbage,staff,,,,\np2,Zoë,pupil,R,,,\np1,Ada,pupil,7,chess,LT-1,3c:22:fb:00:00:01\np1,,,,,LT-2,\np3,Gone,pupil,8,,,\n",
            "id,name,role\ns1,Mr Babbage,staff\np2,Zoë,pupil\np1,Ada,pupil\n",
        ]);
        let (policy, members) = school();
        let grouping = Grouping { policy: &policy, members: &members };
        let london = TimeZone::get("Europe/London").expect("a zone");
        let list = |filter: Filter| -> Vec<[String; 9]> {
            Record::list(&register, grouping, &PeopleRules::default(), &filter).iter().map(|r| r.cells(&london)).collect()
        };
        let since = "2026-07-01 by it"; // 00:30 in London
        let ada = ["p1", "Ada", "pupil", "7", "year-7, chess", "LT-1, LT-2", since, "", ""];
        let zoe = ["p2", "Zoë", "pupil", "R", "", "", since, "", ""];
        let babbage = ["s1", "Mr Babbage", "staff", "", "staff", "", since, "", ""];
        let gone = ["p3", "Gone", "pupil", "8", "year-8", "", since, "2026-07-02 by it", ""];
        assert_eq!(list(Filter::default()), [zoe, ada, babbage]);
        assert_eq!(list(Filter { role: Some(PersonRole::Staff), ..Filter::default() }), [babbage]);
        assert_eq!(list(Filter { group: Some("year-7".into()), ..Filter::default() }), [ada]);
        assert_eq!(list(Filter { withdrawn: true, ..Filter::default() }), [gone]);
    }
}
