use super::read::listed;
use super::walk::{Group, Groups, everybody};
use super::*;
use crate::config::{Attributes, Directory, DirectoryGroup, DirectoryKind, PeopleRules};
use crate::people::grouping::tests::school;
use crate::people::{Diff, Force, Grouping, Register, Source, Store};
use crate::words::PersonRole;
use std::collections::HashSet;
use std::convert::Infallible;

fn entry(dn: &str, values: &[(&str, &str)]) -> Entry {
    let values = values.iter().map(|(name, value)| (name.to_lowercase(), vec![value.to_string()])).collect();
    Entry { dn: dn.to_owned(), values }
}

fn pupil(n: u32) -> Entry {
    let id = format!("p{n}");
    entry(&format!("uid={id},ou=People,dc=school"), &[("uid", &id), ("cn", &format!("Pupil {n}")), ("l", "7B")])
}

fn directory() -> Directory {
    let group =
        |dn: &str, role, year, group: Option<&str>| DirectoryGroup { dn: dn.into(), role, year, group: group.map(str::to_owned) };
    Directory {
        servers: vec![],
        kind: DirectoryKind::Other,
        trust: None,
        bind: "cn=gate".into(),
        password_file: "password".into(),
        base: "dc=school".into(),
        filter: "(objectClass=inetOrgPerson)".into(),
        every_ms: 3_600_000,
        most_leavers: 10,
        attributes: Attributes {
            id: "uid".into(),
            name: "cn".into(),
            role: None,
            year: None,
            form: Some("l".into()),
            until: Some("description".into()),
        },
        groups: vec![
            group("cn=year7,dc=school", Some(PersonRole::Pupil), Some(7), None),
            group("cn=chess,dc=school", None, None, Some("chess")),
        ],
    }
}

fn found(people: Vec<Entry>, year_7: &[u32], chess: &[u32]) -> Found {
    let of = |ids: &[u32]| ids.iter().map(|n| same_dn(&pupil(*n).dn)).collect();
    Found { people, members: vec![of(year_7), of(chess)] }
}

fn read(found: &Found, register: &Register) -> super::read::Listed {
    let (policy, members) = school();
    listed(found, &directory(), &PeopleRules::default(), Grouping { policy: &policy, members: &members }, register)
}

#[test]
fn names_of_entries_are_the_same_whatever_their_case_and_spaces() {
    for (one, other, same) in [
        ("CN=Ann Lee, OU=People,DC=School", "cn=ann lee,ou=people,dc=school", true),
        ("CN = Ann,OU=P", "cn=ann,ou=p", true),
        ("CN=Lee\\, Ann,OU=P", "cn=lee\\,  ann,ou=p", false),
        ("CN=Ann,OU=P", "cn=anne,ou=p", false),
    ] {
        assert_eq!(same_dn(one) == same_dn(other), same, "{one} {other}");
    }
}

#[test]
fn groups_give_role_year_and_groups_and_who_is_in_none_with_a_role_is_not_brought() {
    let found = found(vec![pupil(1), pupil(2), pupil(3)], &[1, 2], &[2, 3]);
    let listed = read(&found, &Register::empty());
    let rows = listed.sheet.persons.iter().map(|p| (p.key.as_str(), p.role, p.year, p.groups.len(), p.details.form.as_str()));
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows, [("p1", PersonRole::Pupil, Some(7), 0, "7B"), ("p2", PersonRole::Pupil, Some(7), 1, "7B")]);
    assert_eq!((listed.without_role, listed.faulty), (1, 0));
    assert!(!listed.sheet.says.devices && listed.sheet.says.year && listed.sheet.says.until && !listed.sheet.says.consent);
}

#[test]
fn whoever_cannot_be_read_stays_and_is_told_of() {
    let mut people = vec![pupil(1), pupil(2), pupil(2), pupil(4), entry("uid=x,dc=school", &[("cn", "No Id")])];
    let all = [1, 2, 4];
    let (folder, (policy, members)) = (tempfile::tempdir().expect("a folder"), school());
    let grouping = Grouping { policy: &policy, members: &members };
    let mut store = Store::open(&folder.path().join("register.db")).expect("a store");
    let first = read(&found(people.clone(), &all, &[]), &Register::empty());
    assert_eq!((first.sheet.persons.len(), first.faulty), (3, 2), "{:?}", first.faults);
    let diff = Diff::between(&Register::empty(), &first.sheet, grouping);
    let register = store.apply(&diff.agreed(Force::No).expect("nobody leaves"), "the directory", 5).expect("applied");
    assert!(register.persons().all(|person| person.source == Source::Directory));
    // One has a control character in the name, one a last day that is none.
    people[0].values.insert("cn".into(), vec!["Ann\u{1b}[31m".into()]);
    people[1].values.insert("description".into(), vec!["soon".into()]);
    let second = read(&found(people[..2].to_vec(), &all, &[]), &register);
    assert_eq!(second.faulty, 2);
    assert!(second.faults.iter().all(|fault| !fault.contains('\u{1b}')), "{:?}", second.faults);
    let diff = Diff::between(&register, &second.sheet, grouping);
    assert_eq!((diff.leavers.len(), diff.unchanged), (1, 2), "only the one who is not there leaves: {diff}");
    assert_eq!((diff.leavers[0].key.as_str(), diff.in_a_line()), ("p4", "1 left".into()));
}

#[test]
fn who_was_imported_before_is_kept_by_the_directory_from_now_on_and_a_visitor_is_left_alone() {
    let (folder, (policy, members)) = (tempfile::tempdir().expect("a folder"), school());
    let grouping = Grouping { policy: &policy, members: &members };
    let mut store = Store::open(&folder.path().join("register.db")).expect("a store");
    let mut sheet = read(&found(vec![pupil(1), pupil(2)], &[1, 2], &[]), &Register::empty()).sheet;
    sheet.source = Source::Import;
    let diff = Diff::between(&store.load().expect("loaded"), &sheet, grouping);
    store.apply(&diff.agreed(Force::No).expect("fine"), "the office", 5).expect("applied");
    let visitor = crate::people::import::PersonRow { key: "v1".into(), ..sheet.persons[0].clone() };
    let register = store.add(&[(visitor, None)], Source::Hand, "the office", 6).expect("added");
    // The directory has one of the two: the other is the file's, and stays.
    let sheet = read(&found(vec![pupil(1)], &[1], &[]), &register).sheet;
    let diff = Diff::between(&register, &sheet, grouping);
    assert!(diff.leavers.is_empty() && !diff.is_empty());
    let register = store.apply(&diff.agreed(Force::No).expect("fine"), "the directory", 7).expect("applied");
    let sources: Vec<_> = register.persons().map(|p| (p.key.as_str(), p.source)).collect();
    assert_eq!(sources, [("p1", Source::Directory), ("p2", Source::Import), ("v1", Source::Hand)]);
    assert!(Diff::between(&register, &sheet, grouping).is_empty());
    // It is gone from the directory: now it leaves.
    let sheet = read(&found(vec![], &[], &[]), &register).sheet;
    let diff = Diff::between(&register, &sheet, grouping);
    assert_eq!(diff.leavers.iter().map(|l| l.key.as_str()).collect::<Vec<_>>(), ["p1"]);
}

/// Groups by name; what is asked for is counted.
struct Made(HashMap<&'static str, Vec<String>>, usize);

impl Groups for Made {
    type Fault = Infallible;

    async fn group(&mut self, dn: &str) -> Result<Option<Group>, Infallible> {
        self.1 += 1;
        if let Some(n) = dn.strip_prefix("cn=deep").and_then(|n| n.parse::<u32>().ok()) {
            let members = vec![format!("cn=deep{}", n + 1), format!("uid=p{n}")];
            return Ok(Some(Group { members }));
        }
        Ok(self.0.get(dn).map(|members| Group { members: members.clone() }))
    }
}

#[tokio::test]
async fn groups_in_groups_are_walked_and_those_in_themselves_once() {
    let members = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    let made = HashMap::from([
        ("cn=all", members(&["cn=year7", "CN=Year8", "uid=p9", "cn=gone", "uid=stranger"])),
        ("cn=year7", members(&["UID=p1, ", "cn=all"])),
        ("CN=Year8", members(&["uid=p2", "cn=year7"])),
        ("cn=wide", (0..5000).map(|n| format!("cn=none{n}")).collect()),
    ]);
    let people: HashSet<String> = (0..100).map(|n| format!("uid=p{n}")).chain(["uid=p1,".to_owned()]).collect();
    let mut groups = Made(made, 0);
    let inside = everybody(&mut groups, "cn=all", &people).await.expect("it answers").expect("it is there");
    let mut inside: Vec<_> = inside.into_iter().collect();
    inside.sort();
    assert_eq!((inside, groups.1), (vec!["uid=p1,".to_owned(), "uid=p2".into(), "uid=p9".into()], 5));
    let Ok(deep) = everybody(&mut groups, "cn=deep0", &people).await;
    assert_eq!(deep.map(|inside| inside.len()), Some(17), "no deeper than anybody means");
    groups.1 = 0;
    assert!(everybody(&mut groups, "cn=wide", &people).await.is_ok() && groups.1 <= 1000);
    let Ok(missing) = everybody(&mut groups, "cn=nowhere", &people).await;
    assert!(missing.is_none(), "of a group that is not there nobody is known to have left");
}

#[test]
fn how_it_went_is_known_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(State::read(folder.path()), State::default());
    let state = State { at_ms: Some(5), people: 2500, waits: Some("look".into()), ..State::default() };
    state.write(folder.path()).expect("written");
    assert_eq!(State::read(folder.path()), state);
    std::fs::write(State::file_in(folder.path()), "{").expect("written");
    assert_eq!(State::read(folder.path()), State::default());
}
