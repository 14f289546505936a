use super::super::grouping::tests::school;
use super::*;
use proptest::prelude::*;

fn read(csv: &str) -> Result<Sheet, Faults> {
    let (policy, members) = school();
    Sheet::read(csv.as_bytes(), "f.csv", Grouping { policy: &policy, members: &members }, &crate::config::PeopleRules::default())
}

fn faults(csv: &str) -> Vec<String> {
    let Err(faults) = read(csv) else { return vec![] };
    faults.faults.into_iter().map(|f| format!("{}:{}: {}; {}", f.place.line, f.place.column, f.what, f.right)).collect()
}

#[test]
fn a_school_is_read_whatever_the_case_and_order_of_its_columns() {
    let sheet = read(
        "\u{feff}Name,ID,Role,YEAR,Groups,MAC,Address,Device,Network\r\n\
         \"Byron, Ada\",p1,Pupil,Year 7,chess; chess ;g1,3C-22-FB-00-00-01,,LT-1,\r\n\
         ,p1,,,,,10.20.1.5,,\r\n\
         Zoë O'Brien,p2,pupil,R,,,,,\r\n\
         Mr Babbage,s1,STAFF,,safeguarding,,::ffff:10.20.2.1,,\r\n\
         ,,,,,,,Trolley A,10.30.0.0/24\r\n",
    )
    .expect("a good file");
    let person = |key: &str, name: &str, role, year, groups: &[&str]| PersonRow {
        key: key.into(),
        name: name.into(),
        role,
        year,
        groups: groups.iter().map(|&g| g.into()).collect(),
        details: Details::default(),
    };
    assert_eq!(
        sheet.persons,
        [
            person("p1", "Byron, Ada", PersonRole::Pupil, Some(7), &["chess", "g1"]),
            person("p2", "Zoë O'Brien", PersonRole::Pupil, Some(0), &[]),
            person("s1", "Mr Babbage", PersonRole::Staff, None, &["safeguarding"]),
        ]
    );
    let nothing = DeviceRow { tag: None, person: None, address: None, mac: None, network: None };
    assert_eq!(
        sheet.devices,
        [
            DeviceRow {
                tag: Some("LT-1".into()),
                person: Some("p1".into()),
                mac: Mac::parse("3c:22:fb:00:00:01").ok(),
                ..nothing.clone()
            },
            DeviceRow { person: Some("p1".into()), address: Some([10, 20, 1, 5].into()), ..nothing.clone() },
            DeviceRow { person: Some("s1".into()), address: Some([10, 20, 2, 1].into()), ..nothing.clone() },
            DeviceRow { tag: Some("Trolley A".into()), network: Network::parse("10.30.0.0/24").ok(), ..nothing },
        ]
    );
    assert_eq!(
        sheet.says,
        Says { year: true, groups: true, address: true, mac: true, network: true, devices: true, ..Says::default() }
    );
}

#[test]
fn a_column_that_is_not_there_says_nothing() {
    let sheet = read("id,name,role\np1,Ada,pupil\n").expect("a good file");
    assert_eq!(sheet.says, Says::default());
}

#[test]
fn years_are_read_as_schools_write_them() {
    for (text, year) in [
        ("R", Some(0)),
        ("reception", Some(0)),
        ("Year R", Some(0)),
        ("7", Some(7)),
        ("07", Some(7)),
        ("Year 7", Some(7)),
        ("Yr11", Some(11)),
        ("Y13", Some(13)),
        ("0", Some(0)),
        ("14", None),
        ("-1", None),
        ("+7", None),
        ("7B", None),
        ("N", None),
        ("Year", None),
        ("٧", None),
    ] {
        assert_eq!(cells::year(text).ok(), year, "{text}");
    }
}

/// Wrong files, and what is said of them.
#[test]
fn every_fault_names_its_place_and_what_would_be_right() {
    let head = "id,name,role,year,groups,device,address,mac,network\n";
    let columns = "id,name,role,year,form,groups,until,agreement,consent,device,address,mac,network";
    for (csv, text) in [
        ("", format!("1:1: the file is empty; the first line names the columns: {columns}")),
        ("id;name;role\np1;Ada;pupil\n", "1:1: the columns are not separated by commas; save the file as 'CSV (comma delimited)'".into()),
        ("id,name\n", format!("1:1: there is no column `role`; the first line names the columns: {columns}")),
        ("id,name,role,grups\n", "1:14: `grups` is no column we know; did you mean `groups`?".into()),
        ("id,name,role,Tutor\n", format!("1:14: `Tutor` is no column we know; delete it; we know {columns}")),
        ("id,name,role,ID\n", "1:14: the column `id` is there twice; delete one".into()),
        ("id,name,role\np1,Ada\n", "2:1: this line has 2 fields, the first line 3; put a comma for each field that is empty, and quotes round a field with a comma".into()),
        ("id,name,role\np1,\"Ada\x1b[31m\",pupil\n", "2:4: there is a control character (U+001B) in this field; delete it".into()),
        ("id,name,role\np1,\"Ada\nByron\",pupil\n", "2:4: there is a line break in this field; write it on one line".into()),
        ("id,name,role\np1,Ada\0,pupil\n", "2:4: there is a control character (U+0000) in this field; delete it".into()),
        ("id,name,role\np1,Ada\u{202e},pupil\n", "2:4: there is a control character (U+202E) in this field; delete it".into()),
        ("id,name,role\n,Ada,pupil\n", "2:1: this person has no id; give the id the school's own system has for them".into()),
        ("id,name,role\np1,,pupil\n", "2:4: this person has no name; write the name as staff know it".into()),
        ("id,name,role\np1,Ada,\n", "2:8: this person has no role; write pupil, staff, governor, supply, contractor, volunteer, parent or visitor".into()),
        ("id,name,role\np1,Ada,teacher\n", "2:8: `teacher` is no role; write `staff`".into()),
        ("id,name,role\np1,Ada,pupi\n", "2:8: `pupi` is no role; write `pupil`".into()),
        ("id,name,role\np1,Ada,pupil\np1,Bob,pupil\n", "3:1: the id `p1` is already on line 2; one line a person; a further device has a line with only the id and the device".into()),
        ("id,name,role\np1,,\n", "2:1: this line has an id and nothing else; write name and role, or a device|2:1: no line says who `p1` is; write name and role on this line, or correct the id".into()),
        (&format!("{head}p1,Ada,pupil,14,,,,,\n"), "2:14: `14` is no year; write R (reception) or 1 to 13, or nothing for someone in none".into()),
        (&format!("{head}p1,Ada,pupil,7,chss,,,,\n"), "2:16: `chss` is no group of the configuration; did you mean `chess`?".into()),
        (&format!("{head}p1,Ada,pupil,7,football,,,,\n"), "2:16: `football` is no group of the configuration; write a group of the configuration, several with `;` between".into()),
        (&format!("{head}p1,Ada,pupil,7,g1;g2;g3;g4;g5;g6;g7;g8,,,,\n"), "2:16: this person would be in 9 groups, those of year and role included; 8 is the most anyone can be in".into()),
        (&format!("{head}p1,Ada,pupil,7,,,10.20.1.,,\n"), "2:18: `10.20.1.` is no address; write one such as 10.20.1.5 or 2001:db8::5".into()),
        (&format!("{head}p1,Ada,pupil,7,,,10.20.0.0/16,,\n"), "2:18: `10.20.0.0/16` is a network and no address; write one address such as 10.20.1.5, or put it in the column `network`".into()),
        (&format!("{head}p1,Ada,pupil,7,,,224.0.0.1,,\n"), "2:18: `224.0.0.1` is an address no device has to itself; write the one its lease or its settings fix".into()),
        (&format!("{head}p1,Ada,pupil,7,,,,3c:22,\n"), "2:19: `3c:22` is no MAC of a device: it is not of the form aa:bb:cc:dd:ee:ff, aa-bb-cc-dd-ee-ff or aabb.ccdd.eeff; copy it from the device's settings".into()),
        (&format!("{head}p1,Ada,pupil,7,,,,ff:ff:ff:ff:ff:ff,\n"), "2:19: `ff:ff:ff:ff:ff:ff` is no MAC of a device: it is the address of all or of a group of devices, never of one; copy it from the device's settings".into()),
        (&format!("{head}p1,Ada,pupil,7,,,,,10.0.0.0/8\n"), "2:20: a whole network cannot be one person's; write the address or the MAC of their device, or leave the id empty".into()),
        (&format!("{head},,,,,T,10.0.0.1,,10.0.0.0/8\n"), "2:18: a device has an address or a MAC, or it is a network; leave one of them empty".into()),
        (&format!("{head},,,,,T,,,10.0.0.1/8\n"), "2:10: `10.0.0.1/8` is no network: bits are set after the prefix; write 10.0.0.0/8".into()),
        (&format!("{head}p1,Ada,pupil,7,,,10.0.0.1,,\np2,Bob,pupil,7,,,::ffff:10.0.0.1,,\n"), "3:18: the address 10.0.0.1 is already on line 2; one device a line, and each but once".into()),
        (&format!("{head}p1,Ada,pupil,7,,,,3c22.fb00.0001,\np2,Bob,pupil,7,,,,3C-22-FB-00-00-01,\n"), "3:19: the MAC 3c:22:fb:00:00:01 is already on line 2; one device a line, and each but once".into()),
        (&format!("{head}p1,Ada,pupil,7,,LT-1,,,\np2,Bob,pupil,7,,LT-1,,,\n"), "3:17: the device LT-1 is already on line 2; one device a line, and each but once".into()),
        (&format!("{head},,,,,,,,10.0.0.0/8\n,,,,,,,,10.0.0.0/8\n"), "3:9: the network 10.0.0.0/8 is already on line 2; one device a line, and each but once".into()),
        (&format!("{head}p9,,,,,LT-1,,,\n"), "2:1: no line says who `p9` is; write name and role on this line, or correct the id".into()),
    ] {
        assert_eq!(faults(csv).join("|"), text, "{csv:?}");
    }
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_lines() {
    let faults = faults("id,name,role,year\np9,,,\np1,Ada,pupil,99\np2,\"Bob\" x,pupil,7\n,Cat,pupil,7\n");
    let places: Vec<_> = faults.iter().map(|f| f.split(": ").next().unwrap_or_default().to_owned()).collect();
    assert_eq!(places, ["2:1", "2:1", "3:14", "4:10", "5:1"], "{faults:#?}");
}

#[test]
fn too_many_networks_and_too_long_ids_are_refused() {
    let rows: String = (0..=MAX_NETWORKS).map(|i| format!(",,,10.{}.{}.0/24\n", i / 256, i % 256)).collect();
    assert_eq!(
        faults(&format!("id,name,role,network\n{rows}")),
        ["258:4: there are more than 256 networks; networks of the school belong in the configuration"]
    );
    let long = "x".repeat(65);
    assert_eq!(
        faults(&format!("id,name,role\n{long},Ada,pupil\n")),
        ["2:1: this id has more than 64 characters; is it in the right column?"]
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let (policy, members) = school();
        let _ = Sheet::read(&bytes, "f.csv", Grouping { policy: &policy, members: &members }, &crate::config::PeopleRules::default());
    }

    #[test]
    fn nor_do_lines_under_a_good_header(
        lines in proptest::collection::vec("(p[0-9]|\\PC{0,5})(,(pupil|7|chess|10\\.0\\.0\\.[0-9]|\"|\\PC{0,5})){8}", 0..10)
    ) {
        if let Ok(sheet) = read(&format!("id,name,role,year,groups,device,address,mac,network\n{}\n", lines.join("\n"))) {
            prop_assert!(sheet.persons.iter().all(|p| hostile(&p.name).is_none() && !p.name.is_empty()));
        }
    }
}
