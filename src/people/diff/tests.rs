use super::super::grouping::tests::school;
use super::super::{Grouping, Register, Sheet, Store};
use super::*;

fn sheet(csv: &str) -> Sheet {
    let (policy, members) = school();
    Sheet::read(csv.as_bytes(), "f.csv", Grouping { policy: &policy, members: &members }, &crate::config::PeopleRules::default())
        .expect("a good file")
}

fn between(register: &Register, csv: &str) -> Diff {
    let (policy, members) = school();
    Diff::between(register, &sheet(csv), Grouping { policy: &policy, members: &members })
}

/// The register after these files, one after the other.
fn register(csvs: &[&str]) -> Register {
    let mut store = Store::in_memory().expect("memory");
    for csv in csvs {
        let diff = between(&store.load().expect("loads"), csv);
        store.apply(&diff.agreed(Force::Yes).expect("forced"), "it", 1_000).expect("applied");
    }
    store.load().expect("loads")
}

const SCHOOL: &str = "\
id,name,role,year,groups,device,address,mac,network
p1,Ada Byron,pupil,7,chess,LT-1,10.20.1.1,3c:22:fb:00:00:01,
p2,Bob Kahn,pupil,7,,LT-2,,3c:22:fb:00:00:02,
p3,Cat Lee,pupil,8,,,,3e:22:fb:00:00:03,
p4,Dan Old,pupil,8,,,,,
s1,Mr Babbage,staff,,,,10.20.2.1,,
,,,,,Trolley A,,,10.30.0.0/24
";

#[test]
fn a_dry_run_tells_new_movers_changes_and_leavers() {
    let next = "\
id,name,role,year,groups,device,address,mac,network
p1,Ada Byron,pupil,8,chess;safeguarding,LT-1,10.20.1.1,3c:22:fb:00:00:01,
p2,Bob Kahn,pupil,7,,LT-9,,3c:22:fb:00:00:02,
p3,Cat Lee-Hart,pupil,8,,,,3e:22:fb:00:00:03,
p5,Eve New,pupil,R,,,,3c:22:fb:00:00:05,
s1,Mr Babbage,staff,,,,10.20.2.1,,
";
    let diff = between(&register(&[SCHOOL]), next);
    assert_eq!(
        diff.to_string(),
        "\
new          p5                 Eve New                   pupil, year R
moves        p1                 Ada Byron                 year 7 → 8, groups chess → chess;safeguarding
changes      p3                 Cat Lee-Hart              name Cat Lee → Cat Lee-Hart
leaves       p4                 Dan Old                   pupil, to be withdrawn
new device   3c:22:fb:00:00:05                            of p5, MAC 3c:22:fb:00:00:05
device       LT-2                                         device LT-2 → LT-9
device goes  Trolley A
no group     p5                 Eve New                   judged by the network they come from
people: 1 new, 1 move, 1 change, 0 return, 1 leave, 2 stay as they are
devices: 1 new, 1 change, 1 go"
    );
    let json = serde_json::to_value(&diff).expect("serialises");
    assert_eq!(json["moved"][0]["what"][0], serde_json::json!({"field": "year", "from": "7", "to": "8"}));
    assert_eq!(json["leavers"][0], serde_json::json!({"id": "p4", "name": "Dan Old", "role": "pupil"}));
    assert_eq!(json["devices"]["added"][0]["mac"], "3c:22:fb:00:00:05");
}

#[test]
fn the_same_file_twice_changes_nothing() {
    let diff = between(&register(&[SCHOOL]), SCHOOL);
    assert!(diff.is_empty(), "{diff}");
    assert_eq!(diff.unchanged, 5);
}

#[test]
fn what_the_file_has_no_column_for_stays() {
    let diff = between(
        &register(&[SCHOOL]),
        "id,name,role\np1,Ada Byron,pupil\np2,Bob Kahn,pupil\np3,Cat Lee,pupil\np4,Dan Old,pupil\ns1,Mr Babbage,staff\n",
    );
    assert!(diff.is_empty(), "{diff}");
    let diff = between(
        &register(&[SCHOOL]),
        "id,name,role,device,address\np1,Ada Byron,pupil,LT-1,10.20.1.9\np2,Bob Kahn,pupil,LT-2,\np3,Cat Lee,pupil,,\np4,Dan Old,pupil,,\ns1,Mr Babbage,staff,,10.20.2.1\n",
    );
    let what: Vec<_> = diff.devices.changed.iter().map(|d| (d.name.as_str(), d.what.len(), d.to.mac.is_some())).collect();
    assert_eq!(what, [("LT-1", 1, true)], "the MAC of LT-1 is kept");
}

#[test]
fn someone_who_comes_back_is_the_same_person() {
    let without = SCHOOL.replace("p4,Dan Old,pupil,8,,,,,\n", "");
    let before = register(&[SCHOOL, &without]);
    let dan = before.person_of_key("p4").expect("still there").id;
    let diff = between(&before, SCHOOL);
    assert_eq!(diff.returned.iter().map(|c| (c.key.as_str(), c.person)).collect::<Vec<_>>(), [("p4", dan)]);
    let after = register(&[SCHOOL, &without, SCHOOL]);
    assert_eq!(after.person_of_key("p4").map(|p| (p.id, p.is_withdrawn())), Some((dan, false)));
}

#[test]
fn a_device_is_known_again_by_tag_then_mac_then_address() {
    let before = register(&[SCHOOL]);
    let id = |name: &str| before.devices().find(|d| d.name == name).map(|d| d.id);
    let head = "id,name,role,device,address,mac\np2,Bob Kahn,pupil,,,\np4,Dan Old,pupil,,,\np3,Cat Lee,pupil,,,\n";
    for (what, rows, expected) in [
        ("the tag, with a new card", "p1,Ada Byron,pupil,LT-1,,3c:22:fb:00:00:99\ns1,Mr Babbage,staff,,,", id("LT-1")),
        ("the MAC, under a new tag", "p1,Ada Byron,pupil,LT-7,,3c:22:fb:00:00:01\ns1,Mr Babbage,staff,,,", id("LT-1")),
        ("the address, now tagged", "p1,Ada Byron,pupil,,,\ns1,Mr Babbage,staff,PC-1,10.20.2.1,", id("10.20.2.1")),
        (
            "the address of a tagged device under another tag: another device",
            "p1,Ada Byron,pupil,LT-8,10.20.1.1,\ns1,Mr Babbage,staff,,,",
            None,
        ),
        (
            "the address with another MAC: another device",
            "p1,Ada Byron,pupil,,10.20.1.1,3c:22:fb:00:00:98\ns1,Mr Babbage,staff,,,",
            None,
        ),
        ("the tag goes before the MAC", "p1,Ada Byron,pupil,LT-2,,3c:22:fb:00:00:01\ns1,Mr Babbage,staff,,,", id("LT-2")),
        ("someone else has it now", "p1,Ada Byron,pupil,,,\ns1,Mr Babbage,staff,LT-1,10.20.1.1,3c:22:fb:00:00:01", id("LT-1")),
    ] {
        let diff = between(&before, &format!("{head}{rows}\n"));
        let changed: Vec<_> = diff.devices.changed.iter().map(|d| d.device).collect();
        assert_eq!(changed.first().copied(), expected, "{what}");
        assert_eq!(changed.len() + diff.devices.added.len(), 1, "{what}");
    }
}

#[test]
fn a_retired_device_comes_back_as_itself() {
    let without = SCHOOL.replace("LT-1,10.20.1.1,3c:22:fb:00:00:01", ",,");
    let before = register(&[SCHOOL, &without]);
    let laptop = before.devices().find(|d| d.name == "LT-1").expect("still there");
    assert!(laptop.retired.is_some());
    let diff = between(&before, SCHOOL);
    assert_eq!(diff.devices.changed.iter().map(|d| d.device).collect::<Vec<_>>(), [laptop.id]);
    let after = register(&[SCHOOL, &without, SCHOOL]);
    assert!(after.device(laptop.id).is_some_and(|d| d.retired.is_none()));
}

#[test]
fn withdrawing_more_than_half_needs_to_be_meant() {
    let before = register(&["id,name,role\np1,A,pupil\np2,B,pupil\np3,C,pupil\np4,D,pupil\n"]);
    let half = between(&before, "id,name,role\np1,A,pupil\np2,B,pupil\n");
    assert!(half.agreed(Force::No).is_ok(), "half is not more than half");
    let most = between(&before, "id,name,role\np1,A,pupil\n");
    let refusal = most.agreed(Force::No).map(|_| ()).expect_err("refused");
    assert_eq!(refusal, Refusal::MoreThanHalf { leavers: 3, present: 4 });
    assert!(refusal.to_string().starts_with("this import would withdraw 3 of 4 people, more than half of the register"));
    assert!(most.agreed(Force::Yes).is_ok());
}

#[test]
fn a_file_without_any_staff_needs_to_be_meant() {
    let rows = |role: &str, n: u32| (0..n).map(|i| format!("{role}{i},X,{role}\n")).collect::<String>();
    let whole = format!("id,name,role\n{}{}", rows("pupil", 20), rows("staff", 5));
    let diff = between(&register(&[&whole]), &format!("id,name,role\n{}", rows("pupil", 20)));
    assert_eq!(diff.agreed(Force::No).map(|_| ()), Err(Refusal::WholeRole { role: PersonRole::Staff, leavers: 5 }));
}

#[test]
fn a_long_list_is_cut_except_for_leavers() {
    let rows = |n: u32| (0..n).map(|i| format!("p{i},X,pupil\n")).collect::<String>();
    let first = between(&Register::empty(), &format!("id,name,role\n{}", rows(100)));
    assert!(first.to_string().contains("new          … and 80 more"));
    assert!(!format!("{first:#}").contains('…'));
    let last = between(&register(&[&format!("id,name,role\n{}", rows(100))]), "id,name,role\n");
    assert_eq!(last.to_string().matches("to be withdrawn").count(), 100);
}

#[test]
fn whom_no_import_brought_is_listed_and_left_and_leaves_with_the_file_once_it_has_had_them() {
    let mut store = Store::in_memory().expect("memory");
    let row = |key: &str| {
        let details = super::super::Details::default();
        PersonRow { key: key.into(), name: "By Hand".into(), role: PersonRole::Staff, year: None, groups: vec![], details }
    };
    store.add(&[(row("h1"), None), (row("h2"), None)], super::super::Source::Hand, "it", 1).expect("added");
    store.add(&[(row("voucher-1"), None)], super::super::Source::Voucher, "it", 1).expect("added");
    let diff = between(&store.load().expect("loads"), "id,name,role\ns1,Mr Babbage,staff\nh1,By Hand,staff\n");
    let shown = diff.to_string();
    assert!(
        shown.contains(
            "by hand      h2                 By Hand                   not in the file: stays, until `people withdraw`\n"
        )
    );
    assert!(shown.contains("changes      h1                 By Hand                   brought by hand → import\n"), "{shown}");
    assert!(diff.leavers.is_empty() && !shown.contains("voucher-1") && diff.shows_register());
    let register = store.apply(&diff.agreed(Force::No).expect("nobody leaves"), "it", 2).expect("applied");
    let next = between(&register, "id,name,role\ns1,Mr Babbage,staff\n");
    assert_eq!(next.leavers.iter().map(|l| l.key.as_str()).collect::<Vec<_>>(), ["h1"]);
    assert_eq!(next.by_hand.iter().map(|p| p.key.as_str()).collect::<Vec<_>>(), ["h2"]);
}
