use super::*;
use crate::lists::Known;
use crate::words::Category;
use proptest::prelude::*;

const SALT: [u8; 32] = *b"a salt of the tests, 32 bytes it";
const DATE: Day = Day(20_777); // 2026-11-20

fn sealing(category: Category) -> Sealing<'static> {
    Sealing { category, issuer: "A Licensed Party", date: DATE, fresh_days: 7, salt: SALT }
}

fn bytes(plain: &str) -> Vec<u8> {
    seal(plain.as_bytes(), &Known::default(), &sealing(Category::ILLEGAL_CSAM)).expect("it can be sealed").bytes
}

fn locked(plain: &str) -> Locked {
    Locked::new(vec![Sealed::read(bytes(plain), None).expect("a sealed list")], vec![])
}

fn host(text: &str) -> Host {
    Host::parse(text).expect("a host")
}

#[test]
fn a_host_is_found_with_what_is_below_it_and_a_page_never_closes_its_host() {
    let locked = locked(
        "bad.example\n=only.example\nhttp://host.example/\nhttps://www.pages.example/a/b?id=7\nshared.example/user/\n\
         203.0.113.7\n2001:db8::7\nshop.github.io\ngithub.io\n",
    );
    for (name, path, is) in [
        ("bad.example", "", true),
        ("a.b.bad.example", "", true),
        ("notbad.example", "", false),
        ("example", "", false),
        ("only.example", "", true),
        ("www.only.example", "", true),
        ("a.only.example", "", false),
        ("www.a.only.example", "", false),
        ("host.example", "/any/page", true),
        ("www.host.example", "", true),
        ("below.host.example", "", false),
        ("www.pages.example", "", false),
        ("www.pages.example", "/a/b", false),
        ("www.pages.example", "/a/b?id=7", true),
        ("www.pages.example", "/%61/./b?id=7&from=there", true),
        ("www.pages.example", "/a/b?id=77", false),
        ("pages.example", "/a/b?id=7", true),
        ("pages.example", "/a/b?id=77", false),
        ("below.pages.example", "/a/b?id=7", false),
        ("www.pages.example", "/a%2fb?&id=7", true),
        ("www.pages.example", "/a\\b;x=1?id=7", true),
        ("www.pages.example", "/a/b/..%2fc", false),
        ("shared.example", "/user/..%2fc", true),
        ("shared.example", "/%2e%2e;x/user", true),
        ("shared.example", "/user", true),
        ("shared.example", "/user/", true),
        ("www.shared.example", "/user/deep/page?x", true),
        ("shared.example", "/user?x=1", true),
        ("shared.example", "/users", false),
        ("shared.example", "/User", false),
        ("shared.example", "/", false),
        ("cdn.shared.example", "/user", false),
        ("203.0.113.7", "", true),
        ("203.0.113.8", "", false),
        ("www.203.0.113.7", "", false),
        ("2001:db8::7", "", true),
        ("shop.github.io", "", true),
        ("github.io", "", true),
        ("other.github.io", "", false),
    ] {
        assert_eq!(locked.find(&host(name), path).is_some(), is, "{name}{path}");
    }
}

#[test]
fn a_suffix_that_somebody_sealed_elsewhere_closes_nothing_but_itself() {
    let known = Known::default();
    // A sealer without the rule: the hashes are made by hand.
    let mut entries = Vec::new();
    for name in ["co.uk", "github.io"] {
        entries.push((sealed::hash(&SALT, Kind::Below, name, ""), sealed::hash_of_host(sealed::start(&SALT), &host(name))));
    }
    entries.sort_unstable();
    let bytes = seal::written(&sealing(Category::ILLEGAL_CSAM), "Somebody", &entries);
    let locked = Locked::new(vec![Sealed::read(bytes, None).expect("it is whole")], vec![]);
    for (name, is) in [("bbc.co.uk", false), ("co.uk", false), ("someone.github.io", false), ("github.io", true)] {
        assert_eq!(locked.find(&host(name), "").is_some(), is, "{name}");
    }
    assert!(seal(b"co.uk\n", &known, &sealing(Category::ILLEGAL_CSAM)).is_err());
}

#[test]
fn the_number_is_the_place_in_the_list_and_says_which_list() {
    let of = |category, plain: &str| {
        let made = seal(plain.as_bytes(), &Known::default(), &sealing(category)).expect("it can be sealed");
        Sealed::read(made.bytes, None).expect("a sealed list")
    };
    let csam = of(Category::ILLEGAL_CSAM, "a.example\nb.example\nboth.example\n");
    let terrorism = of(Category::ILLEGAL_TERRORISM, "c.example\nboth.example\n");
    // However they are handed in.
    let locked = Locked::new(vec![terrorism, csam], vec![]);
    let found = |name| locked.find(&host(name), "").expect("it is listed");
    let mut numbers: Vec<u32> = ["a.example", "b.example", "both.example"].map(|name| found(name).number).to_vec();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(found("both.example").category, Category::ILLEGAL_CSAM);
    assert!((4..=5).contains(&found("c.example").number) && found("c.example").category == Category::ILLEGAL_TERRORISM);
    assert_eq!(
        locked.editions(),
        [
            "1 to 3: illegal-csam, A Licensed Party, 2026-11-20".to_owned(),
            "4 to 5: illegal-terrorism, A Licensed Party, 2026-11-20".into()
        ]
    );
}

#[test]
fn its_state_is_present_stale_or_not_present_and_names_nothing_on_it() {
    let present = "present (illegal-csam: 1 entry, A Licensed Party, 2026-11-20)";
    let stale = "stale (illegal-csam: 1 entry, A Licensed Party, 2026-11-20, fresh for 7 days)";
    let one = locked("bad.example\n");
    for (day, said) in [(DATE.0 - 1, present), (DATE.0 + 7, present), (DATE.0 + 8, stale)] {
        assert_eq!(one.state(Day(day)), format!("{said}; NOT PRESENT: illegal-terrorism"));
    }
    assert_eq!(Locked::default().state(DATE), "NOT PRESENT (IWF and CTIRU lists come from a licensed party)");
    assert!(!format!("{one:?}{:?}", one.lists()).contains("bad"));
}

#[test]
fn nothing_of_a_name_is_in_the_file() {
    let file = bytes("never-to-be-seen.example\nhttp://never-to-be-seen.example/secret\n");
    for part in ["never", "seen", "example", "secret", "nees"] {
        assert!(!file.windows(part.len()).any(|w| w.eq_ignore_ascii_case(part.as_bytes())), "{part}");
    }
    let other = Sealing { salt: [1; 32], ..sealing(Category::ILLEGAL_CSAM) };
    let again = seal(b"never-to-be-seen.example\n", &Known::default(), &other).expect("sealed").bytes;
    let hash = |file: &[u8]| file[FIXED_AND_TEXTS..FIXED_AND_TEXTS + 16].to_vec();
    assert_ne!(hash(&bytes("never-to-be-seen.example\n")), hash(&again));
}

/// Magic to salt, `illegal-csam` and `A Licensed Party`.
const FIXED_AND_TEXTS: usize = 68 + 12 + 16;

#[test]
fn what_cannot_be_sealed_is_told_by_its_line_and_never_shown() {
    let refused =
        |plain: &str, sealing: &Sealing| seal(plain.as_bytes(), &Known::default(), sealing).err().map(|f| f.to_string());
    let csam = sealing(Category::ILLEGAL_CSAM);
    for (plain, says) in [
        ("", "nothing to seal"),
        ("# only this\n", "nothing to seal"),
        ("good.example\nsecret words\n\nco.uk\n", "line 2: neither a host nor a URL\nline 4: a public suffix"),
        (&"secret words\n".repeat(30), "and 10 lines more"),
    ] {
        let said = refused(plain, &csam).expect("refused");
        assert!(said.contains(says) && !said.contains("secret"), "{said}");
    }
    assert!(refused("a.example", &sealing(Category::ADULT)).expect("refused").contains("not of the locked tier"));
    assert!(refused("a.example", &Sealing { issuer: "a\nb", ..csam.clone() }).is_some());
    assert!(refused("a.example", &Sealing { fresh_days: 0, ..csam.clone() }).is_some());
    let made = seal(b"a.example\n*.A.example.\ngithub.io\n=b.example", &Known::default(), &csam).expect("sealed");
    assert_eq!((made.entries, made.duplicates, made.narrowed), (3, 1, 1));
}

#[test]
fn every_bit_and_every_length_of_a_file_counts() {
    let good = bytes("bad.example\nworse.example/page\n");
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(Sealed::read(bad, None).is_err(), "bit {bit}");
    }
    for length in 0..good.len() {
        assert!(Sealed::read(good[..length].to_vec(), None).is_err(), "{length} bytes");
    }
    assert_eq!(Sealed::read([&good[..], b"x"].concat(), None).err(), Some(SealedFault::NotASignature));
}

#[test]
fn what_is_wrong_with_a_file_is_told() {
    let good = bytes("bad.example\nworse.example\n");
    let with = |at: usize, new: &[u8]| {
        let mut bad = good.clone();
        bad[at..at + new.len()].copy_from_slice(new);
        // Summed anew: somebody made it so.
        let body = bad.len() - 32;
        let sum = ring::digest::digest(&ring::digest::SHA256, &bad[..body]);
        bad[body..].copy_from_slice(sum.as_ref());
        bad
    };
    let swapped: Vec<u8> =
        [&good[FIXED_AND_TEXTS + 16..FIXED_AND_TEXTS + 32], &good[FIXED_AND_TEXTS..FIXED_AND_TEXTS + 16]].concat();
    for (file, why) in [
        (b"bad.example\n".to_vec(), SealedFault::NotSealed),
        (with(8, &[2]), SealedFault::Newer { found: 2 }),
        (with(12, &[0]), SealedFault::Malformed("length")),
        (with(20, &[0; 4]), SealedFault::Malformed("count of entries")),
        (with(20, &[0xff; 4]), SealedFault::Malformed("count of entries")),
        (with(24, &[9]), SealedFault::Malformed("size of the filter")),
        (with(32, &[0, 0]), SealedFault::Malformed("days of freshness")),
        (with(68, b"illegal-none"), SealedFault::OtherCategory("illegal-none".into())),
        (with(80, b"\x1b"), SealedFault::Malformed("issuer")),
        (with(FIXED_AND_TEXTS, &swapped), SealedFault::Malformed("order of entries")),
        (vec![0; MAX_FILE + 1], SealedFault::NotSealed),
    ] {
        assert_eq!(Sealed::read(file, None).err(), Some(why));
    }
}

/// Made outside: `bad.example` sealed by a program of its own, and signed as minisign does. Only its bytes are ours.
const KEY: &str = "RWRzY2hvb2xndA8VNimFwIRBu8XQ59ri7D7NSoIkDtVkcOstCvKbYKcb";
const OTHER_KEY: &str = "RWRzY2hvb2xndPPiZlZvDIR+W6gGvVJEcmaOzD4tW2/CNzS+2UQq9ziz";
const SIGNATURE: &str = "\
untrusted comment: signature of the tests
RURzY2hvb2xndM0F2I0rQqQu0MGJlLpo4nWOrJTAoQ1Eb2N3fLhOi79hPBhW3ShPENPCuzkUZqWGXDT/n0cXEtlV88M0oFWbAgg=
trusted comment: timestamp:1795132800	file:illegal-csam.sealed
0n7bA9tlFqfURBN77wG2PCVP2PvwsojaN7KmuR7oqTwbhZYCuZ3Y4cqU5ZxeiPctyW8JbiHW36Ze0Nro3sfUBA==
";

/// The signature fits one file only: a byte of the format that changes, of a hash or of the filter, is seen here.
#[test]
fn a_signature_is_held_against_the_key_and_the_format_never_changes() {
    let key = |text| Key::parse(text).expect("a key");
    let good = bytes("bad.example\n");
    let signed = [&good[..], SIGNATURE.as_bytes()].concat();
    assert!(Sealed::read(signed.clone(), Some(&key(KEY))).is_ok());
    assert!(Sealed::read(signed.clone(), None).is_ok(), "nobody asks for one");
    let refused = |file: Vec<u8>, key: &Key| Sealed::read(file, Some(key)).err();
    assert_eq!(refused(signed, &key(OTHER_KEY)), Some(SealedFault::WrongSignature));
    assert_eq!(refused(good, &key(KEY)), Some(SealedFault::Unsigned));
    let other = [&bytes("other.example\n")[..], SIGNATURE.as_bytes()].concat();
    assert_eq!(refused(other, &key(KEY)), Some(SealedFault::WrongSignature));
    let long = [&bytes("bad.example\n")[..], &[b' '; 5000]].concat();
    assert_eq!(refused(long, &key(KEY)), Some(SealedFault::NotASignature));
    for text in ["", "RWQ", "not base 64 at all, is it? no", &"A".repeat(56)] {
        assert_eq!(Key::parse(text), Err(BadKey), "{text}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), magic in any::<bool>()) {
        let head: &[u8] = if magic { b"SGLOCK\r\n\x01\0\0\0" } else { b"" };
        prop_assert!(Sealed::read([head, &bytes].concat(), None).is_err());
    }

    #[test]
    fn fields_of_any_size_make_no_file_panic(at in 12..68usize, new in any::<[u8; 8]>()) {
        let mut bad = bytes("bad.example\nworse.example\n");
        let end = (at + 8).min(bad.len());
        bad[at..end].copy_from_slice(&new[..end - at]);
        let body = bad.len() - 32;
        let sum = ring::digest::digest(&ring::digest::SHA256, &bad[..body]);
        bad[body..].copy_from_slice(sum.as_ref());
        if let Ok(sealed) = Sealed::read(bad, None) {
            let locked = Locked::new(vec![sealed], vec![]);
            let _ = (locked.find(&host("bad.example"), "/x"), locked.state(Day(0)), locked.editions());
        }
    }

    /// What the sealed list says is what the plain one does, by a walk that hashes nothing.
    #[test]
    fn it_finds_what_a_walk_over_the_plain_list_finds(
        plain in proptest::collection::btree_set("[ab]{1,2}\\.[ab]{1,2}\\.(example|test)", 1..40),
        asked in "([ab]{1,2}\\.){1,4}(example|test)",
    ) {
        let lines: String = plain.iter().map(|name| format!("{name}\n")).collect();
        let expected = host(&asked).suffixes().any(|suffix| plain.contains(suffix));
        prop_assert_eq!(locked(&lines).find(&host(&asked), "/a").is_some(), expected);
    }
}
