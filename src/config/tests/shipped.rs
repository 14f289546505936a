//! What the shipped files say.

use super::*;
use crate::lists::{Found, KindId, Match};
use crate::policy::{Act, Action, Ask, Days, Mode, Safe, Step, Surface, Times, Youtube, decide};
use crate::words::{CategorySet, Day, Download, GroupId, Groups, Host, Moment, PersonRole};

/// A file with its examples used: `#key = …` and `#[table]` lose their `#`; prose, `# …`, stays.
pub fn with_examples(text: &str) -> String {
    let example = |line: &&str| line.starts_with('#') && line[1..].starts_with(|c: char| c.is_ascii_lowercase() || c == '[');
    let used = |line: &str| if example(&line) { line[1..].to_owned() } else { line.to_owned() };
    text.lines().map(|line| used(line) + "\n").collect()
}

fn found(category: Option<Category>) -> Found {
    let mut found = Found::NOTHING;
    if let Some(category) = category {
        found.push(Match { categories: CategorySet::of(&[category]), labels: 2, at: 0, kind: KindId(0) });
    }
    found
}

/// The configuration with one group for each shipped profile, named as the profile.
fn one_group_a_profile() -> Config {
    let groups = ["primary", "secondary", "sixth-form", "staff", "guest", "things"];
    let groups = groups.map(|p| format!("[[group]]\nname = \"{p}\"\nprofile = \"{p}\"\n")).concat();
    let files = Files { main: text("config/schoolgate.toml", format!("{MAIN}{groups}")), ..shipped() };
    understood(&files)
}

fn judged(config: &Config, group: &str, category: Option<Category>, moment: Moment) -> crate::policy::Verdict {
    let group = config.policy.group_named(group).expect("a group of the test");
    let host = Host::parse("name.example").expect("a host");
    let ask = Ask {
        host: &host,
        found: &found(category),
        groups: Groups::one(group),
        moment,
        surface: Surface::Page,
        mode: crate::policy::Mode::Enforce,
        lock: None,
        pass: None,
    };
    decide(&ask, &config.policy)
}

/// Wednesday 9 September 2026, in the first autumn term.
fn school_day(hour: u16, minute: u16) -> Moment {
    Moment { unix_ms: crate::words::moment::BUILT_MS, day: Day(20_705), minute_of_week: 2 * 1440 + hour * 60 + minute }
}

#[test]
fn the_shipped_files_have_no_fault_and_say_what_the_contract_says() {
    let config = understood(&shipped());
    let at = |list: &[std::net::SocketAddr]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(
        (at(&config.dns.listen), at(&config.proxy.listen), at(&config.web.listen)),
        ("127.0.0.1:5300".into(), "127.0.0.1:3128".into(), "127.0.0.1:8080".to_owned())
    );
    assert_eq!(config.data, PathBuf::from("./var"));
    assert_eq!(config.dns.upstreams.iter().map(ToString::to_string).collect::<Vec<_>>(), ["9.9.9.9:53", "149.112.112.112:53"]);
    assert_eq!(config.school.zone.iana_name(), Some("Europe/London"));
    assert_eq!(config.school.gateway, "gate-1");
    let network = &config.policy.networks[0];
    assert_eq!(network.mode, Mode::Enforce);
    for (address, known) in [("127.0.0.1", true), ("127.255.0.9", true), ("::1", true), ("10.0.0.1", false), ("8.8.8.8", false)] {
        assert_eq!(config.policy.network_of(address.parse().expect("an address")).is_some(), known, "{address}");
    }
    let of_network = config.policy.group(network.group).expect("its group");
    assert_eq!(of_network.name, "network:this machine");
    assert_eq!(config.policy.profile(of_network.profile).map(|p| p.name.as_str()), Some("primary"));
}

#[test]
fn what_is_not_written_is_as_it_ships() {
    let (short, long) = (understood(&Files { main: text("config/schoolgate.toml", MAIN), ..shipped() }), understood(&shipped()));
    assert_eq!(short.dns.listen, long.dns.listen);
    assert_eq!(short.dns.upstreams, long.dns.upstreams);
    assert_eq!((short.dns.workers, short.dns.block_answer), (long.dns.workers, long.dns.block_answer));
    assert_eq!((short.proxy.listen, short.web.listen), (long.proxy.listen, long.web.listen));
    assert_eq!((short.proxy.ports, short.proxy.destinations), (long.proxy.ports, long.proxy.destinations));
    assert_eq!(short.data, long.data);
    assert_eq!((short.school.name, short.school.whom_to_see), (long.school.name, long.school.whom_to_see));
    assert_eq!(short.school.zone.iana_name(), long.school.zone.iana_name());
}

/// field.md §3, row by row: primary, secondary, sixth form, staff, guest. L is locked; malware and phishing are blocked by
/// rule; what is allowed always is `a`; rshe by what its own key says.
const TABLE: &str = "
    illegal-csam      L L L L L
    illegal-terrorism L L L L L
    platform          a a a a a
    help              a a a a a
    education         a a a a a
    adult             b b b b b
    violence          b b b b b
    weapons           b b b a b
    hate              b b b b b
    extremism         b b b b b
    self-harm         b b b b b
    drugs             b b b b b
    alcohol-tobacco   b b b a b
    gambling          b b b b b
    crime             b b b b b
    malware           b b b b b
    phishing          b b b b b
    hacking           b b b a b
    bypass            b b b b b
    remote-access     b b b b b
    piracy            b b b b b
    social-networking b b b b b
    chat              b b a a b
    forums            b b a a b
    dating            b b b b b
    ai-chat           b b a a b
    ai-companions     b b b b b
    ai-nudify         b b b b b
    games             b b a a b
    video             a a a a a
    music             b b a a a
    webmail           b b a a a
    file-sharing      b b a a a
    shopping          b a a a a
    adverts           b b a a a
    shortener         a a a a a
    translation       a a a a a
    unsafe-search     b b b a b
    new               a a a a a
";

#[test]
fn every_shipped_profile_is_the_table_of_the_field() {
    let config = one_group_a_profile();
    let mut rows = 0;
    for row in TABLE.lines().filter(|row| !row.trim().is_empty()) {
        let mut words = row.split_whitespace();
        let category = words.next().and_then(Category::fixed).expect("a category");
        for (profile, cell) in ["primary", "secondary", "sixth-form", "staff", "guest"].into_iter().zip(words) {
            let verdict = judged(&config, profile, Some(category), school_day(9, 0));
            let step = matches!(verdict.step, Step::Locked);
            assert_eq!((verdict.blocks(), step), (cell != "a", cell == "L"), "{category} for {profile}");
        }
        rows += 1;
    }
    // rshe has its own test: it depends on what else a name is listed as.
    assert_eq!(rows, Category::FIXED.len() - 1);
}

#[test]
fn search_is_safe_and_youtube_restricted_as_the_field_says() {
    let config = one_group_a_profile();
    for (name, youtube) in [
        ("primary", Youtube::Strict),
        ("secondary", Youtube::Strict),
        ("sixth-form", Youtube::Moderate),
        ("staff", Youtube::Off),
        ("guest", Youtube::Strict),
        ("things", Youtube::Strict),
    ] {
        let profile = config.policy.profiles.iter().find(|p| p.name == name).expect("a shipped profile");
        assert_eq!(profile.safe, Safe { search: true, youtube }, "{name}");
    }
}

#[test]
fn a_profile_has_rshe_and_shows_warnings_as_the_field_says() {
    let config = one_group_a_profile();
    for (name, rshe, unseen, pupils) in [
        ("primary", false, Act::Block, true),
        ("secondary", true, Act::Block, true),
        ("sixth-form", true, Act::Allow, true),
        ("staff", true, Act::Allow, false),
        ("guest", true, Act::Block, false),
        ("things", false, Act::Block, false),
    ] {
        let profile = config.policy.profiles.iter().find(|p| p.name == name).expect("a shipped profile");
        assert_eq!((profile.rshe, profile.warn_unseen, profile.pupils), (rshe, unseen, pupils), "{name}");
    }
}

#[test]
fn a_name_on_no_list_is_allowed_in_every_shipped_profile_but_for_things() {
    let config = one_group_a_profile();
    for group in ["primary", "secondary", "sixth-form", "staff", "guest"] {
        let verdict = judged(&config, group, None, school_day(9, 0));
        assert_eq!((verdict.action, verdict.step), (Action::Allow, Step::Default), "{group}");
    }
    // Printers and cameras have no business with names that nobody gave them.
    assert!(judged(&config, "things", None, school_day(9, 0)).blocks());
    assert!(!judged(&config, "things", Some(Category::PLATFORM), school_day(9, 0)).blocks());
}

#[test]
fn pupils_are_in_the_group_of_their_year_and_staff_in_theirs() {
    let config = understood(&shipped());
    let group_of = |role, year| {
        let held: Vec<_> =
            config.members.iter().filter(|m| m.holds(role, year)).filter_map(|m| config.policy.group(m.group)).collect();
        held.iter().map(|g| g.name.as_str()).collect::<Vec<_>>().join(" ")
    };
    for (role, year, group) in [
        (PersonRole::Pupil, Some(0), "primary"),
        (PersonRole::Pupil, Some(6), "primary"),
        (PersonRole::Pupil, Some(7), "secondary"),
        (PersonRole::Pupil, Some(11), "secondary"),
        (PersonRole::Pupil, Some(12), "sixth-form"),
        (PersonRole::Pupil, Some(13), "sixth-form"),
        (PersonRole::Pupil, None, ""),
        (PersonRole::Staff, None, "staff"),
        (PersonRole::Staff, Some(9), "staff"),
        (PersonRole::Parent, None, "visitors"),
    ] {
        assert_eq!(group_of(role, year), group, "{role} {year:?}");
    }
    for role in PersonRole::ALL.iter().filter(|r| **r != PersonRole::Pupil) {
        assert_ne!(group_of(*role, None), "", "{role} would be judged as an unknown device");
    }
}

#[test]
fn every_example_in_the_shipped_files_is_right() {
    let mut files = shipped();
    for file in [&mut files.main, &mut files.categories, &mut files.term_dates] {
        file.text = with_examples(&file.text);
    }
    // The example has one mode more than the network it stands under.
    let config = understood(&files);
    assert_eq!(config.policy.networks.len(), 3);
    assert_eq!(config.policy.own.len(), 3);
    assert_eq!(config.lists.sources.len(), 2);
    assert_eq!(config.lists.sources[1].inside.as_deref(), Some("adult"));
    assert_eq!(config.lists.shipped_is_enough.len(), 6);
    assert_eq!(config.lists.sources[0].file, PathBuf::from("config/lists/games.txt"));
    assert_eq!(config.lists.shipped, PathBuf::from("config/../blocklists"));
    assert_eq!(config.category_id(Category::from_bit(48).expect("a bit")), "our-fan-pages");
    let it = config.policy.profiles.iter().find(|p| p.name == "it").expect("the example's profile");
    assert!(!it.block.contains(Category::REMOTE_ACCESS) && it.block.contains(Category::ADULT));
}

#[test]
fn every_key_there_is_stands_in_the_shipped_files() {
    let mut files = shipped();
    files.main.text = with_examples(&files.main.text);
    files.categories.text = with_examples(&files.categories.text);
    files.term_dates.text = with_examples(&files.term_dates.text);
    let texts = files.texts();
    let reader = Reader::new(&texts);
    let _ = understand(&reader, &files);
    let all: String = texts.iter().map(|t| t.text.as_str()).collect();
    for key in reader.asked.borrow().iter() {
        let name = key.split_whitespace().next_back().unwrap_or("");
        let shapes = [
            format!("\n{name} = "),
            format!("\n[{name}]"),
            format!("\n[[{name}]]"),
            format!("\n[[dns.{name}]]"),
            format!("\n[people.{name}]"),
            format!("\n[portal.{name}]"),
            format!("\n[people.directory.{name}]"),
            format!("\n[mail.{name}]"),
            format!("\n[[radius.{name}]]"),
            format!("\n[{name}."),
            format!("{{ {name} = "),
            format!(", {name} = "),
        ];
        // The number that the commands keep in their own file is nobody's to write.
        assert!(name == "next_id" || shapes.iter().any(|s| all.contains(s)), "{key} is not in the shipped files");
    }
    assert!(reader.asked.borrow().len() > 40);
}

#[test]
fn every_category_has_a_title() {
    let config = understood(&shipped());
    assert_eq!(config.categories.len(), Category::FIXED.len());
    let written = &shipped().categories.text;
    for category in Category::FIXED {
        assert!(written.contains(&format!("\n[category.{category}]\n")), "{category}");
    }
    assert_eq!(config.title_of(Category::SOCIAL_NETWORKING).map(|t| t.title.as_str()), Some("Social networking"));
}

#[test]
fn social_networking_opens_for_the_sixth_form_at_lunch_on_school_days_only() {
    let mut files = shipped();
    files.main.text = with_examples(&files.main.text);
    files.term_dates.text = with_examples(&files.term_dates.text);
    let config = understood(&files);
    let cell = &config.policy.timetable.cells()[0];
    assert_eq!((cell.name.as_str(), cell.days), ("sixth form lunch", Days::School(None)));
    let half_term = Moment { day: Day(20_705 + 49), ..school_day(12, 45) };
    let saturday = Moment { day: Day(20_708), minute_of_week: 5 * 1440 + 765, ..school_day(12, 45) };
    for (group, moment, blocked) in [
        ("sixth-form", school_day(12, 29), true),
        ("sixth-form", school_day(12, 30), false),
        ("sixth-form", school_day(13, 29), false),
        ("sixth-form", school_day(13, 30), true),
        ("sixth-form", half_term, true),
        ("sixth-form", saturday, true),
        ("secondary", school_day(12, 45), true),
    ] {
        let verdict = judged(&config, group, Some(Category::SOCIAL_NETWORKING), moment);
        assert_eq!((verdict.blocks(), verdict.cell.is_some()), (blocked, !blocked), "{group} {moment}");
    }
}

#[test]
fn a_cell_without_a_name_is_called_by_what_it_says() {
    let cell = "[[timetable]]\ncategory = \"games\"\naction = \"allow\"\ngroup = \"network:lab\"\ndays = [\"sat\", \"sun\"]\nfrom = 10:00:00\nuntil = \"24:00\"\n";
    let config = understood(&files_with(format!("{MAIN}{cell}")));
    let cell = &config.policy.timetable.cells()[0];
    assert_eq!(cell.name, "games: allow for network:lab 10:00–24:00 on Saturdays, Sundays");
    assert_eq!((&cell.times[..], cell.days), (&[Times { days: 0b110_0000, from: 600, until: 1440 }][..], Days::Any));
}

#[test]
fn a_part_of_a_support_firm_is_read_as_one_with_the_main_file() {
    let mut files = files();
    files.parts = vec![
        text(
            "config/conf.d/a.toml",
            "[dns]\nupstreams = [\"192.0.2.53\", \"[2001:db8::53]:5353\"]\n[profile.it]\nextends = \"staff\"\n",
        ),
        text(
            "config/conf.d/b.toml",
            "[[group]]\nname = \"it\"\nprofile = \"it\"\n[[entry]]\nhost = \"a.example\"\naction = \"block\"\n",
        ),
    ];
    let config = understood(&files);
    let upstreams: Vec<_> = config.dns.upstreams.iter().map(ToString::to_string).collect();
    assert_eq!(upstreams, ["192.0.2.53:53", "[2001:db8::53]:5353"]);
    assert_eq!(config.policy.group_named("it"), Some(GroupId(0)));
    assert_eq!(config.policy.own.len(), 1);
}

#[test]
fn an_entry_keeps_its_number_while_it_says_the_same() {
    let entries = |names: &[&str]| {
        let text: String = names.iter().map(|n| format!("[[entry]]\nhost = \"{n}\"\naction = \"block\"\n")).collect();
        let config = understood(&files_with(format!("{MAIN}{text}")));
        let mut ids: Vec<_> = config.policy.own.iter().map(|e| (e.host.to_string(), e.id)).collect();
        ids.sort();
        ids
    };
    let (before, after) = (entries(&["b.example", "c.example"]), entries(&["a.example", "c.example", "b.example"]));
    assert_eq!(before[..], after[1..]);
}

#[test]
fn a_list_below_the_shipped_folder_may_allow_by_category() {
    let list = |file: &str| format!("{MAIN}[[list]]\nname = \"sign-in\"\ncategory = \"platform\"\nfile = \"{file}\"\n");
    assert!(read(&files_with(list("../blocklists/licensed/sign-in.txt"))).is_ok());
    for outside in ["../blocklists/../lists/sign-in.txt", "blocklists/sign-in.txt", "/blocklists/sign-in.txt"] {
        assert!(read(&files_with(list(outside))).is_err(), "{outside}");
    }
}

#[test]
fn the_files_of_the_commands_and_of_the_school_hold_together() {
    let mut files = files_with(format!("{MAIN}[[entry]]\nhost = \"a.example\"\naction = \"block\"\nuntil = 2026-12-18\n"));
    let kept = "next_id = 8\n[[entry]]\nid = 7\nhost = \"a.example\"\naction = \"allow\"\nuntil = 2026-12-18T15:30:00\nby = \"root\"\nmade = 2026-09-01T08:00:00Z\n";
    files.entries = Some(text("var/entries.toml", kept));
    let config = understood(&files);
    let mut ends: Vec<_> = config.policy.own.iter().map(|e| (e.act, e.id == 7, e.until_ms)).collect();
    ends.sort();
    // To the end of the day, and to the time, both by the school's clock (GMT in December).
    assert_eq!(ends, [(Act::Allow, true, Some(1_797_607_800_000)), (Act::Block, false, Some(1_797_638_400_000))]);
}

#[test]
fn the_folder_of_the_state_is_known_before_the_rest() {
    assert_eq!(data_folder(&files().main, &[]), PathBuf::from("./var"));
    let part = text("config/conf.d/a.toml", "[data]\ndir = \"/var/lib/schoolgate\"\n[broken");
    assert_eq!(data_folder(&files().main, &[part]), PathBuf::from("/var/lib/schoolgate"));
}

#[test]
fn pupils_and_guests_get_no_dangerous_files_staff_do_and_a_limit_is_inherited_apart() {
    let mut files = shipped();
    let own = "[profile.club]\nextends = \"primary\"\ndownloads = { max_mb = 200 }\n\
               [profile.late-club]\nextends = \"club\"\ndownloads = { block = [\"scripts\"] }\n";
    files.profiles.text.push_str(own);
    let policy = understood(&files).policy;
    let refused = |name: &str| {
        let profile = policy.profiles.iter().find(|p| p.name == name).expect("the profile");
        let kinds = Download::ALL.iter().filter(|kind| profile.downloads.refuses(**kind)).map(|kind| kind.word());
        (kinds.collect::<Vec<_>>().join(" "), profile.downloads.most.map_or(0, |most| most.get()))
    };
    let four = "programs scripts disk-images archives-with-password";
    for (profile, kinds, most) in [
        ("secondary", four, 0),
        ("primary", four, 0),
        ("sixth-form", four, 0),
        ("guest", four, 0),
        ("staff", "", 0),
        ("things", "", 0),
        ("club", "programs scripts disk-images archives-with-password too-large", 200_000_000),
        ("late-club", "scripts too-large", 200_000_000),
    ] {
        assert_eq!(refused(profile), (kinds.to_owned(), most), "{profile}");
    }
}

#[test]
fn what_was_understood_is_printed() {
    let mut files = shipped();
    files.main.text = with_examples(&files.main.text);
    files.term_dates.text = with_examples(&files.term_dates.text);
    let printed = understood(&files).to_string();
    for line in [
        "School      Our school, gateway gate-1, Europe/London\n",
        "DNS         127.0.0.1:5300, a blocked name answers nxdomain\n",
        "Networks    this machine: 127.0.0.0/8 ::1/128; unknown devices get primary\n",
        "            classrooms: 10.20.0.0/16; unknown devices get secondary, WATCHING: nothing is blocked but locked and harmful code, \
         the proxy over TLS asks for a password\n",
        "Groups      primary: primary; pupils of year 0, 1, 2, 3, 4, 5, 6\n",
        "            it: it, priority 10; those the register names\n",
        "Profiles    secondary: blocks 27 categories, warns of 0, safe search, YouTube strict, for pupils\n",
        "            downloads refused: programs, scripts, disk-images, archives-with-password\n",
        "            things: blocks 0 categories, and whatever is on no list, warns of 0, safe search, YouTube strict\n",
        "Sources     dnsmasq leases, /var/lib/misc/dnsmasq.leases\n",
        "            RADIUS accounting at 10.20.0.1:1813, by wireless: 10.20.0.2/32\n",
        "            sessions told by logon script: 10.20.0.0/16\n",
        "            shared, nobody is named there: domain controller: 10.20.0.5/32\n",
        "            shared, nobody is named there: iPads of year 4: iPad-4-*, primary\n",
        "Timetable   sixth form lunch (12:30–13:30 on school days)\n",
        "            games: allow for sixth-form 12:00–12:50 on Fridays of week B (12:00–12:50 on Fridays of week B)\n",
        "Terms       6, from 2026-09-02 to 2027-07-21, 2 days off and the bank holidays\n",
        "Bells       3 periods\n",
        "Alerts      critical ones at once, high ones at 12:00 and 15:00\n",
        "            quiet from 18:00 to 07:00: critical ones only, to duty@school.example\n",
        "            critical and not acknowledged for 15 minutes: deputy-dsl@school.example\n",
        "            and by a signed message to hooks.school.example\n",
        "            what is wrong with the gate: it@school.example\n",
        "Backup      to /mnt/backup every night at 02:30, the last 14 stay\n",
        "Entries     2 allow, 1 block (1 of them firm); 2 with an end\n",
        "Lists       those that ship, in config/../blocklists\n",
        "            more games: games, config/lists/games.txt (detect)\n",
    ] {
        assert!(printed.contains(line), "{line}is not in:\n{printed}");
    }
    let plain = understood(&shipped()).to_string();
    assert!(!plain.contains("Sources"));
    assert!(
        plain.contains("Alerts      NOBODY IS TOLD but who looks") && plain.contains("Backup      none made by itself"),
        "{plain}"
    );
}
