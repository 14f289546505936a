use super::*;
use crate::database::Form;
use crate::people::grouping::tests::school;
use crate::people::import::PersonRow;
use crate::people::{Details, Source};
use crate::people::{Diff, Force, Grouping, Sheet};
use crate::words::{ClientAddr, Day, DeviceId, PersonRole};

fn diff(register: &Register, csv: &str) -> Diff {
    let (policy, members) = school();
    let grouping = Grouping { policy: &policy, members: &members };
    Diff::between(
        register,
        &Sheet::read(csv.as_bytes(), "f.csv", grouping, &crate::config::PeopleRules::default()).expect("a good file"),
        grouping,
    )
}

fn import(store: &mut Store, csv: &str, at: i64) -> Result<Register, StoreFault> {
    let diff = diff(&store.load()?, csv);
    store.apply(&diff.agreed(Force::Yes).expect("forced"), "it", at)
}

fn seen(register: &Register, address: &str) -> Option<(u32, Option<u32>)> {
    let seen = register.sighting(ClientAddr::new(address.parse().expect("an address"))).1?;
    Some((seen.device?.0, seen.person.map(|p| p.0)))
}

const ADA: &str = "id,name,role,year,groups,device,address\np1,Ada,pupil,7,chess,LT-1,10.20.1.1\n";
const ADA_AND_BOB: &str =
    "id,name,role,year,groups,device,address\np1,Ada,pupil,7,chess,LT-1,10.20.1.1\np2,Bob,pupil,8,,LT-2,10.20.1.2\n";
const BOB: &str = "id,name,role,year,groups,device,address\np2,Bob,pupil,8,,LT-2,10.20.1.2\n";

#[test]
fn what_is_imported_is_there_after_opening_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("var/register.db");
    let applied = import(&mut Store::open(&path).expect("opens"), ADA_AND_BOB, 1_000).expect("applied");
    let register = Store::open(&path).and_then(|s| s.load()).expect("loads");
    assert_eq!(register.persons().collect::<Vec<_>>(), applied.persons().collect::<Vec<_>>());
    let ada = register.person_of_key("p1").expect("there");
    assert_eq!(
        (ada.name.as_str(), ada.role, ada.year, ada.groups.as_slice()),
        ("Ada", PersonRole::Pupil, Some(7), &["chess".to_owned()][..])
    );
    assert_eq!((ada.granted.at_ms, ada.granted.by.as_str()), (1_000, "it"));
    assert_eq!(seen(&register, "10.20.1.2"), Some((2, Some(2))));
}

#[test]
fn a_peek_makes_no_file_and_sees_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("register.db");
    assert_eq!(Store::peek(&path).expect("empty").persons().count(), 0);
    assert!(!path.exists());
    import(&mut Store::open(&path).expect("opens"), ADA, 1).expect("applied");
    assert_eq!(Store::peek(&path).expect("loads").persons().count(), 1);
}

#[test]
fn only_its_owner_may_read_the_register() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("register.db");
    import(&mut Store::open(&path).expect("opens"), ADA, 1).expect("applied");
    let mode = std::fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[test]
fn what_root_makes_belongs_to_whoever_owns_the_folder() {
    use std::os::unix::fs::{MetadataExt, chown};
    let folder = tempfile::tempdir().expect("a folder");
    if chown(folder.path(), Some(4711), Some(4711)).is_err() {
        return; // not root: nothing can be made for somebody else
    }
    let mut store = Store::open(&folder.path().join("register.db")).expect("opens");
    import(&mut store, ADA, 1).expect("applied");
    let files: Vec<_> = std::fs::read_dir(folder.path()).expect("there").flatten().collect();
    assert!(files.len() > 1, "the WAL is there too");
    for file in files {
        assert_eq!(file.metadata().expect("there").uid(), 4711, "{:?}", file.file_name());
    }
}

#[test]
fn ids_are_never_given_again() {
    let mut store = Store::in_memory().expect("memory");
    import(&mut store, ADA_AND_BOB, 1).expect("applied");
    import(&mut store, BOB, 2).expect("applied");
    let register = import(&mut store, &format!("{BOB}p3,Cat,pupil,7,,LT-3,10.20.1.1\n"), 3).expect("applied");
    assert_eq!(register.person_of_key("p3").map(|p| p.id), Some(PersonId(3)));
    assert_eq!(seen(&register, "10.20.1.1"), Some((3, Some(3))), "a new device at the old one's address");
    // Not even if somebody takes the rows out by hand, which the triggers keep them from.
    assert!(store.db.execute("DELETE FROM persons", []).is_err());
    let by_hand = "DROP TRIGGER persons_stay; UPDATE devices SET person = NULL; DELETE FROM history; DELETE FROM persons";
    store.db.execute_batch(by_hand).expect("by hand");
    let register = import(&mut store, "id,name,role\np4,Dan,pupil\n", 4).expect("applied");
    assert_eq!(register.persons().map(|p| p.id).collect::<Vec<_>>(), [PersonId(4)]);
}

#[test]
fn a_leaver_is_withdrawn_and_stays_known_until_the_device_goes() {
    let mut store = Store::in_memory().expect("memory");
    import(&mut store, ADA_AND_BOB, 1).expect("applied");
    // A file without devices: the leaver's laptop stays in the register, and is theirs.
    let register = import(&mut store, "id,name,role\np2,Bob,pupil\n", 5_000).expect("applied");
    let ada = register.person(PersonId(1)).expect("still found");
    assert_eq!(ada.withdrawn.as_ref().map(|s| (s.at_ms, s.by.as_str())), Some((5_000, "it")));
    assert_eq!(seen(&register, "10.20.1.1"), Some((1, Some(1))), "and is told so");
    // A file with devices: it goes too, and its address means nothing any more.
    let register = import(&mut store, BOB, 6_000).expect("applied");
    assert_eq!(seen(&register, "10.20.1.1"), None);
    assert_eq!(register.device(DeviceId(1)).map(|d| d.name.as_str()), Some("LT-1"));
    assert_eq!(register.person(PersonId(1)).and_then(|p| p.withdrawn.as_ref()).map(|s| s.at_ms), Some(5_000), "only once");
}

#[test]
fn the_record_of_someone_who_came_back_holds_both_times() {
    let mut store = Store::in_memory().expect("memory");
    for (i, csv) in [ADA_AND_BOB, BOB, &ADA_AND_BOB.replace("pupil,7", "pupil,8")].into_iter().enumerate() {
        import(&mut store, csv, i as i64).expect("applied");
    }
    let lines: Vec<_> = store.history(PersonId(1)).expect("reads").into_iter().map(|h| (h.at_ms, h.what)).collect();
    let expected = [(0, "granted"), (1, "withdrawn"), (2, "year: 7 → 8"), (2, "returned")];
    assert_eq!(lines, expected.map(|(at, what)| (at, what.to_owned())));
    let ada = store.load().expect("loads").person(PersonId(1)).cloned().expect("there");
    assert_eq!((ada.granted.at_ms, ada.withdrawn), (2, None));
}

#[test]
fn two_laptops_may_change_places_in_one_import() {
    let mut store = Store::in_memory().expect("memory");
    import(&mut store, ADA_AND_BOB, 1).expect("applied");
    let swapped = "id,name,role,device,address\np1,Ada,pupil,LT-1,10.20.1.2\np2,Bob,pupil,LT-2,10.20.1.1\n";
    let register = import(&mut store, swapped, 2).expect("applied");
    assert_eq!((seen(&register, "10.20.1.1"), seen(&register, "10.20.1.2")), (Some((2, Some(2))), Some((1, Some(1)))));
}

#[test]
fn a_dry_run_changes_nothing() {
    let mut store = Store::in_memory().expect("memory");
    import(&mut store, ADA, 1).expect("applied");
    let diff = diff(&store.load().expect("loads"), ADA_AND_BOB);
    let would_be = store.rehearse(&diff.agreed(Force::No).expect("agreed"), "it", 2).expect("would work");
    assert_eq!(would_be.persons().count(), 2);
    assert_eq!(store.load().expect("loads").persons().count(), 1);
}

#[test]
fn two_devices_of_one_mac_are_refused_by_the_loader_too() {
    let mut store = Store::in_memory().expect("memory");
    import(&mut store, "id,name,role,device,mac\np1,Ada,pupil,LT-1,3c:22:fb:00:00:01\n", 1).expect("applied");
    store.db.execute("INSERT INTO devices (name, mac) VALUES ('LT-9', '3C-22-FB-00-00-01')", []).expect("by hand");
    let fault = store.load().map(|_| ()).expect_err("two devices of one MAC").to_string();
    let begin = "the MAC 3c:22:fb:00:00:01 belongs to the devices `LT-1` and `LT-9`; one of them must go";
    assert!(fault.starts_with(begin), "{fault}");
}

#[test]
fn an_import_that_would_clash_changes_nothing() {
    let mut store = Store::in_memory().expect("memory");
    let with_macs = "id,name,role,device,mac\np1,Ada,pupil,LT-1,3c:22:fb:00:00:01\np2,Bob,pupil,LT-2,3c:22:fb:00:00:02\n";
    import(&mut store, with_macs, 1).expect("applied");
    let before: Vec<_> = store.load().expect("loads").persons().cloned().collect();
    let mut diff = diff(
        &store.load().expect("loads"),
        "id,name,role,device,address\np1,Ada B,pupil,LT-1,10.0.0.1\np2,Bob,pupil,LT-2,10.0.0.2\n",
    );
    let elsewhere = diff.devices.changed[0].to.address;
    diff.devices.changed[1].to.address = elsewhere;
    let fault = store.apply(&diff.agreed(Force::No).expect("agreed"), "it", 2).map(|_| ()).expect_err("a clash");
    assert!(matches!(fault, StoreFault::Clash { .. }), "{fault}");
    assert_eq!(store.load().expect("loads").persons().cloned().collect::<Vec<_>>(), before);
}

#[test]
fn a_difference_from_before_another_import_is_refused() {
    let mut store = Store::in_memory().expect("memory");
    let stale = diff(&store.load().expect("loads"), ADA);
    import(&mut store, BOB, 1).expect("applied");
    let fault = store.apply(&stale.agreed(Force::No).expect("agreed"), "it", 2).map(|_| ()).expect_err("stale");
    assert!(matches!(fault, StoreFault::Moved { .. }), "{fault}");
}

#[test]
fn whoever_changes_the_register_has_a_name() {
    let mut store = Store::in_memory().expect("memory");
    let first = diff(&store.load().expect("loads"), ADA);
    for by in ["", "  ", "it\x1b[2J", &"x".repeat(65)] {
        let fault = store.apply(&first.agreed(Force::No).expect("agreed"), by, 1).map(|_| ()).expect_err("nameless");
        assert!(matches!(fault, StoreFault::Nameless), "{fault}");
    }
}

#[test]
fn a_newer_register_is_refused_and_stays_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("register.db");
    let store = Store::open(&path).expect("opens");
    store.db.pragma_update(None, "user_version", 99).expect("set");
    drop(store);
    let before = std::fs::read(&path).expect("there");
    let fault = Store::open(&path).map(|_| ()).expect_err("newer").to_string();
    assert!(fault.contains("was written by a newer schoolgate (its version is 99, this one knows 3)"), "{fault}");
    assert_eq!(std::fs::read(&path).expect("there"), before);
}

#[test]
fn what_is_no_register_is_refused_and_stays_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("text.db");
    std::fs::write(&text, "id,name,role\n".repeat(100)).expect("written");
    let other = folder.path().join("other.db");
    Connection::open(&other).and_then(|db| db.execute_batch("CREATE TABLE pages (x)")).expect("made");
    for path in [text, other] {
        let before = std::fs::read(&path).expect("there");
        let fault = Store::open(&path).map(|_| ()).expect_err("foreign");
        assert!(matches!(fault, StoreFault::Foreign { .. }), "{fault}");
        assert_eq!(std::fs::read(&path).expect("there"), before);
    }
    let fault = Store::open(Path::new("/proc/register.db")).map(|_| ()).expect_err("no place for files");
    assert!(fault.to_string().starts_with("cannot open the register /proc/register.db: "), "{fault}");
}

#[test]
fn an_older_register_is_brought_up_to_date_with_what_it_holds() {
    let mut store = Store::in_memory().expect("memory");
    import(&mut store, ADA, 1).expect("applied");
    let next = [schema::VERSIONS, &["ALTER TABLE persons ADD COLUMN locker TEXT"]].concat();
    assert!(database::bring_up_to_date(&mut store.db, Form { versions: &next, ..schema::FORM }).is_ok());
    let version: i64 = store.db.pragma_query_value(None, "user_version", |row| row.get(0)).expect("there");
    assert_eq!(version, next.len() as i64);
    assert!(store.db.prepare("SELECT locker FROM persons").is_ok());
    assert_eq!(store.load().expect("loads").persons().count(), 1);
}

#[test]
fn rows_edited_by_hand_into_nonsense_are_named() {
    for (sql, text) in [
        ("UPDATE persons SET role = 'wizard'", "person number 1 has the role `wizard`"),
        ("UPDATE persons SET year = 99", "person number 1 has the year `99`"),
        ("UPDATE devices SET address = 'here'", "device number 1 has the address `here`"),
        ("UPDATE devices SET mac = 'x'", "device number 1 has the MAC `x`"),
        ("UPDATE devices SET network = 'x'", "device number 1 has the network `x`"),
    ] {
        let mut store = Store::in_memory().expect("memory");
        import(&mut store, ADA, 1).expect("applied");
        store.db.execute(sql, []).expect("by hand");
        let fault = store.load().map(|_| ()).expect_err("nonsense").to_string();
        assert!(fault.ends_with(text), "{fault}");
    }
}

#[test]
fn access_that_is_given_back_ends_when_it_would_have_or_when_it_is_said() {
    let mut store = Store::in_memory().expect("memory");
    let row = |key: &str, until: Option<i32>| {
        let details = Details { until: until.map(Day), ..Details::default() };
        let (key, name) = (key.to_owned(), "A Visitor".to_owned());
        (PersonRow { key, name, role: PersonRole::Supply, year: None, groups: vec![], details }, None)
    };
    let rows = [row("voucher-1", Some(100)), row("voucher-2", Some(200)), row("v3", None)];
    store.add(&rows, Source::Voucher, "it", 1).expect("added");
    let keys: Vec<String> = rows.iter().map(|(row, _)| row.key.clone()).collect();
    store.withdraw(&keys, "a test", "it", 2).expect("withdrawn");
    let today = Day(150);
    let refused = store.restore(&keys, (None, today), "a test", "it", 3).map(drop).expect_err("one is over");
    assert!(refused.to_string().starts_with("the last day of 'voucher-1' was 1970-04-11: say with --until"), "{refused}");
    let until = |register: &Register, key: &str| {
        let person = register.person_of_key(key).expect("there");
        (person.is_withdrawn(), person.details.until.map(|day| day.0))
    };
    assert!(keys.iter().all(|key| until(&store.load().expect("loads"), key).0), "nothing was changed");
    let register = store.restore(&keys[1..], (None, today), "a test", "it", 4).expect("restored");
    assert_eq!((until(&register, "voucher-2"), until(&register, "v3")), ((false, Some(200)), (false, None)));
    let register = store.restore(&keys[..1], (Some(Day(151)), today), "a test", "it", 5).expect("restored");
    assert_eq!(until(&register, "voucher-1"), (false, Some(151)));
    let history = store.history(register.person_of_key("voucher-1").expect("there").id).expect("reads");
    assert_eq!(history.last().map(|line| line.what.as_str()), Some("restored until 1970-06-01: a test"));
}
