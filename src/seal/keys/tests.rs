//! Who opens what: readers, those who were, the recovery sheet, and nobody else.

use super::*;

const KHAN: &str = "four words that fit";
const REES: &str = "another passphrase";

/// Keys with one reader, and what she opens.
pub fn keys() -> (Keys, Opener) {
    let (keys, _) = Keys::make("mrs-khan", KHAN, 5).expect("made");
    let opener = keys.open("mrs-khan", KHAN).expect("opened");
    (keys, opener)
}

/// As it would be read back.
fn again(keys: &Keys) -> Keys {
    Keys::parse(&keys.text()).unwrap_or_else(|_| panic!("its own text"))
}

#[test]
fn every_reader_and_the_recovery_sheet_open_and_nobody_else() {
    let (mut keys, code) = Keys::make(" mrs-khan ", KHAN, 5).expect("made");
    let sealed = keys.seal_text("incident 1", "what was said").expect("sealed");
    let khan = keys.open("mrs-khan", KHAN).expect("opened");
    keys.add(&khan, "mr-rees", REES, 6).expect("added");
    let keys = again(&keys);
    assert_eq!(keys.readers().collect::<Vec<_>>(), [("mrs-khan", 5), ("mr-rees", 6)]);
    let openers = [keys.open("mrs-khan", KHAN), keys.open("mr-rees ", REES), keys.recover(&code)];
    for opener in openers.map(|o| o.expect("opened")) {
        assert_eq!(opener.text("incident 1", &sealed).expect("opened"), "what was said");
        assert!(opener.text("incident 2", &sealed).is_err(), "it is of another record");
    }
    for (name, passphrase) in [("mrs-khan", REES), ("mr-rees", KHAN), ("nobody", KHAN), ("mrs-khan", ""), ("", KHAN)] {
        assert!(matches!(keys.open(name, passphrase), Err(SealFault::Wrong)), "{name}");
    }
    let (_, other) = Keys::make("mrs-khan", KHAN, 5).expect("made");
    assert!(matches!(keys.recover(&other), Err(SealFault::WrongSheet)));
    let long = "x".repeat(LONGEST_PASSPHRASE + 1);
    assert!(matches!(keys.open("mrs-khan", &long), Err(SealFault::Wrong)));
}

#[test]
fn neither_the_file_nor_what_it_seals_holds_a_secret() {
    let (keys, code) = Keys::make("mrs-khan", KHAN, 5).expect("made");
    let opener = keys.open("mrs-khan", KHAN).expect("opened");
    let text = String::from_utf8(keys.text()).expect("JSON");
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    assert!(text.contains(&hex(keys.public().as_bytes())));
    for (_, secret) in &opener.pairs {
        assert!(!text.contains(&hex(secret.as_bytes())));
    }
    assert!(!text.contains(&hex(code.secret().as_bytes())) && !text.contains(KHAN) && !text.contains(&code.groups()[0]));
    assert!(!format!("{keys:?}{code:?}").contains(&code.groups()[0]));
}

#[test]
fn who_was_taken_out_opens_nothing_new_even_with_a_copy_of_the_file() {
    let (mut keys, code) = Keys::make("mrs-khan", KHAN, 5).expect("made");
    let khan = keys.open("mrs-khan", KHAN).expect("opened");
    keys.add(&khan, "mr-rees", REES, 6).expect("added");
    let before = keys.seal_text("x", "old").expect("sealed");
    let copy = keys.clone();
    assert!(matches!(keys.remove(&khan, "nobody", 7), Err(SealFault::NoReader(_))));
    keys.remove(&khan, "mr-rees", 7).expect("removed");
    assert!(matches!(keys.remove(&khan, "mrs-khan", 8), Err(SealFault::LastReader(_))));
    let keys = again(&keys);
    let after = keys.seal_text("x", "new").expect("sealed");
    assert!(matches!(keys.open("mr-rees", REES), Err(SealFault::Wrong)));
    let rees = copy.open("mr-rees", REES).expect("he kept a copy");
    assert!(rees.text("x", &after).is_err());
    for opener in [keys.open("mrs-khan", KHAN), keys.recover(&code)].map(|o| o.expect("opened")) {
        assert_eq!(opener.text("x", &before).expect("opened"), "old");
        assert_eq!(opener.text("x", &after).expect("opened"), "new");
    }
}

#[test]
fn a_new_pair_needs_one_passphrase_and_every_pair_before_still_opens() {
    let (mut keys, code) = Keys::make("mrs-khan", KHAN, 5).expect("made");
    let khan = keys.open("mrs-khan", KHAN).expect("opened");
    keys.add(&khan, "mr-rees", REES, 6).expect("added");
    let mut sealed = Vec::new();
    for nth in 0..4 {
        sealed.push(keys.seal_text("x", &format!("text {nth}")).expect("sealed"));
        let fingerprint = keys.fingerprint();
        let opener = keys.open("mrs-khan", KHAN).expect("opened");
        keys.roll(&opener, 10 + nth).expect("rolled");
        assert_ne!(keys.fingerprint(), fingerprint);
        keys = again(&keys);
    }
    assert!(matches!(keys.add(&khan, "late", KHAN, 20), Err(SealFault::Changed)), "what was opened before is of an older pair");
    for opener in [keys.open("mr-rees", REES), keys.recover(&code)].map(|o| o.expect("opened")) {
        for (nth, sealed) in sealed.iter().enumerate() {
            assert_eq!(opener.text("x", sealed).expect("opened"), format!("text {nth}"));
        }
    }
}

#[test]
fn a_new_passphrase_and_a_new_sheet_take_the_place_of_those_before() {
    let (mut keys, code) = Keys::make("mrs-khan", KHAN, 5).expect("made");
    let opener = keys.recover(&code).expect("recovered");
    keys.set_passphrase(&opener, "mrs-khan", REES).expect("set");
    assert!(matches!(keys.open("mrs-khan", KHAN), Err(SealFault::Wrong)) && keys.open("mrs-khan", REES).is_ok());
    assert!(matches!(keys.set_passphrase(&opener, "nobody", REES), Err(SealFault::NoReader(_))));
    let newer = keys.new_sheet(&opener).expect("made");
    assert!(matches!(keys.recover(&code), Err(SealFault::WrongSheet)) && keys.recover(&newer).is_ok());
}

#[test]
fn names_and_passphrases_that_will_not_do_change_nothing() {
    assert!(matches!(Keys::make("mrs-khan", "short", 5), Err(SealFault::Short)));
    assert!(matches!(Keys::make(" ", KHAN, 5), Err(SealFault::BadName)));
    let (mut keys, opener) = keys();
    let before = keys.text();
    for (name, passphrase) in [("mrs-khan", REES), ("a\nb", REES), (&*"n".repeat(65), REES), ("mr-rees", "eleven char")] {
        assert!(keys.add(&opener, name, passphrase, 6).is_err(), "{name}");
    }
    for nth in 1..MAX_READERS {
        keys.add(&opener, &format!("reader {nth}"), REES, 6).expect("added");
    }
    assert!(matches!(keys.add(&opener, "one more", REES, 6), Err(SealFault::Full)));
    assert_ne!(before, keys.text());
}

#[test]
fn a_file_that_was_changed_is_a_fault_and_opens_nothing_else() {
    let (keys, _) = keys();
    let text = String::from_utf8(keys.text()).expect("JSON");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    // A public key that is somebody else's: whoever opens hears of it.
    let (other, _) = super::tests::keys();
    value["public"] = serde_json::from_slice::<serde_json::Value>(&other.text()).expect("JSON")["public"].clone();
    let swapped = Keys::parse(value.to_string().as_bytes()).unwrap_or_else(|_| panic!("keys"));
    assert!(matches!(swapped.open("mrs-khan", KHAN), Err(SealFault::Changed)));
    for (broken, newer) in [("{}", false), ("", false), (r#"{"version": 2, "x": 1}"#, true), ("[", false)] {
        match Keys::parse(broken.as_bytes()) {
            Err(Unread::Newer(2)) => assert!(newer),
            Err(Unread::Broken(_)) => assert!(!newer, "{broken}"),
            _ => panic!("{broken} is no keys"),
        }
    }
    assert!(Keys::parse(text.replace("\"salt\": \"", "\"salt\": \"g").as_bytes()).is_err());
}

#[test]
fn keys_are_read_from_their_folder_and_none_is_no_fault() {
    let dir = tempfile::tempdir().expect("a folder");
    assert!(Keys::read(dir.path()).expect("read").is_none());
    let (keys, _) = keys();
    let path = file(dir.path());
    std::fs::create_dir(path.parent().expect("a folder")).expect("made");
    std::fs::write(&path, keys.text()).expect("written");
    assert_eq!(Keys::read(dir.path()).expect("read").expect("there").fingerprint(), keys.fingerprint());
    std::fs::write(&path, "x").expect("written");
    let said = Keys::read(dir.path()).expect_err("broken").to_string();
    assert!(said.contains("keys.json") && said.contains("backup"), "{said}");
}
