//! Every kind of list a school may have, from its file to the doors and to the line it stands on: by the real binary, asked with
//! `dig` and `curl`. What each entry may do by itself is in `entries_may.rs`.

mod support;

use std::net::UdpSocket;
use std::os::unix::fs::symlink;
use support::{Gate, School, Wish, talk};

const PUPIL: &str = "127.0.9.1";

/// An upstream that answers `in-range.example` with a listed address, and every other name with the stub's origin.
fn upstream() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let at = socket.local_addr().expect("its address").to_string();
    std::thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            let Some(end) = buffer[12..len].iter().position(|b| *b == 0).map(|at| 12 + at + 5) else { continue };
            let address =
                if buffer[13..end].to_ascii_lowercase().starts_with(b"in-range") { [203, 0, 113, 9] } else { [127, 200, 0, 1] };
            let is_a = buffer[end - 4..end] == [0, 1, 0, 1];
            let mut answer = buffer[..end].to_vec();
            answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
            if is_a {
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
                answer.extend(address);
            }
            let _ = socket.send_to(&answer, from);
        }
    });
    at
}

/// A tree as UT1 has it.
fn tree(school: &School) {
    school.write("config/ut1/adult/domains", "bad.example\n");
    school.write(
        "config/ut1/adult/urls",
        "half.example/bad\nwww.nhs.uk/live-well/a-page\nmicrosoft.com/en-gb/a-page\nhttp://half.example/%7Eworse//x/../y\n",
    );
    school.write("config/ut1/adult/expressions", "(naughty|rude)pics[0-9]+\\.html\n");
    school.write("config/ut1/adult/usage", "black\n");
    school.write("config/ut1/liste_bu/domains", "library.example\n");
    school.write("config/ut1/liste_bu/usage", "white\n");
    symlink("adult", school.path("config/ut1/porn")).expect("a link");
}

const FOLDER: &str = "[[list]]\nname = \"toulouse/adult\"\ncategory = \"adult\"\nfile = \"ut1\"\npath = \"porn\"\n";

const OTHERS: &str = r#"
[[list]]
name = "patterns"
category = "gambling"
file = "patterns.txt"
format = "regex"
[[list]]
name = "pihole"
category = "games"
file = "pihole.txt"
[[list]]
name = "ranges"
category = "gambling"
file = "ranges.txt"
[[list]]
name = "films"
category = "music"
file = "v2fly/films"
[[list]]
name = "rules"
category = "dating"
file = "rules.txt"
format = "adblock"
[[list]]
name = "zone"
category = "piracy"
file = "zone.txt"
format = "rpz"
"#;

fn others(school: &School) {
    school.write("config/patterns.txt", "^casino[0-9]+\\.\n");
    school.write("config/pihole.txt", "# Title: games\n0.0.0.0 play.example\n0.0.0.0 0.0.0.0\n127.0.0.1 localhost\n");
    school.write("config/ranges.txt", "203.0.113.0/24\n2001:db8:77::/48\n203.0.0.0/8\n");
    school.write("config/v2fly/films", "include:more-films @ads\nfull:one-film.example\n");
    school.write("config/v2fly/more-films", "film-ads.example @ads\nplain-film.example\n");
    school.write(
        "config/rules.txt",
        "||date.example^\n|exact.example^\n||kept.example^\n@@||ok.kept.example^\n||important.example^$important\n\
         @@||important.example^\n||gone.example^\n||gone.example^$badfilter\n||near.example^$denyallow=good.near.example\n\
         ||only-aaaa.example^$dnstype=AAAA\n||popup.example^$popup\n",
    );
    school
        .write("config/zone.txt", "$ORIGIN rpz.test.\nloot.example CNAME .\n*.loot.example CNAME .\nlocal.example A 192.0.2.1\n");
}

fn blocked(gate: &Gate, name: &str) -> bool {
    let said = gate.dig(PUPIL, &[name, "A"]);
    assert!(said.contains("NOERROR") || said.contains("NXDOMAIN"), "{said}");
    said.contains("NXDOMAIN")
}

/// What the plain door of the proxy says of a page.
fn page(gate: &Gate, host: &str, path: &str) -> bool {
    let said = gate.curl(PUPIL, &["--path-as-is", &gate.url(host, path)]);
    assert!(said.starts_with("HTTP/1.1 200") || said.starts_with("HTTP/1.1 403"), "{said}");
    said.starts_with("HTTP/1.1 403")
}

/// What the proxy says of a tunnel.
fn tunnel(gate: &Gate, host: &str) -> bool {
    let port = gate.school.internet.origin.port();
    let ask = format!(
        "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    );
    let said = talk(gate.proxy[0], ask.as_bytes());
    assert!(said.starts_with("HTTP/1.1 200") || said.starts_with("HTTP/1.1 403"), "{host}: {said}");
    said.starts_with("HTTP/1.1 403")
}

#[test]
fn a_folder_of_names_pages_and_expressions_does_what_each_may_and_names_its_line() {
    let school = School::new(&Wish { more: FOLDER, ..Wish::default() });
    tree(&school);
    let gate = school.start();
    assert!(blocked(&gate, "bad.example") && blocked(&gate, "www.bad.example") && !blocked(&gate, "library.example"));
    // Pages: the page, what is below it, however it is written; never the host.
    for (path, closed) in [("/bad", true), ("/bad/below", true), ("/~worse/y", true), ("/badly", false), ("/", false)] {
        assert_eq!(page(&gate, "half.example", path), closed, "{path}");
    }
    assert!(!blocked(&gate, "half.example") && !tunnel(&gate, "half.example"));
    for host in ["www.nhs.uk", "nhs.uk", "microsoft.com", "www.microsoft.com"] {
        assert!(!blocked(&gate, host) && !tunnel(&gate, host) && !page(&gate, host, "/"), "{host}");
    }
    assert!(page(&gate, "any.example", "/x/naughtypics7.html") && !page(&gate, "any.example", "/x/"));
    assert!(!blocked(&gate, "any.example") && !blocked(&gate, "naughtypics7.html.example"), "an expression is of URLs");

    let event = |path: &str| {
        let found = school.log().into_iter().find(|e| e["path"] == path);
        let event = found.unwrap_or_else(|| panic!("{path}"));
        ["action", "category", "list", "entry"].map(|key| event[key].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(event("/bad/below"), ["block", "adult", "toulouse/adult", "half.example/…"]);
    assert_eq!(event("/x/naughtypics7.html"), ["block", "adult", "toulouse/adult", "a pattern"]);
    for (asked, entry, place) in [
        ("http://half.example/bad/below", "half.example/bad", "urls:1"),
        ("half.example/~worse/y", "half.example/~worse/y", "urls:4"),
        ("any.example/naughtypics7.html", "/(naughty|rude)pics[0-9]+\\.html/", "expressions:1"),
        ("www.bad.example", "bad.example", "domains:1"),
    ] {
        let explained = school.json(&["explain", asked, "--group", "pupils"]);
        let found = &explained["found"][0];
        assert_eq!(
            (&explained["action"], &found["entry"], &found["list"]),
            (&"block".into(), &entry.into(), &"toulouse/adult".into())
        );
        assert!(found["places"][0].as_str().is_some_and(|at| at.ends_with(&format!("ut1/porn/{place}"))), "{explained}");
        let searched = school.ok(&["lists", "search", asked]);
        assert!(searched.contains(&format!("{entry} as adult: ")) && searched.contains(&format!("/{place}: ")), "{searched}");
    }
    assert!(school.ok(&["lists", "search", "half.example"]).contains("on no list"), "a page is not its host");
    let shown = gate.curl(PUPIL, &["-H", "Accept: text/html", &gate.url("half.example", "/bad")]);
    assert!(shown.contains("This page is not available in school"), "{shown}");
}

#[test]
fn an_archive_is_the_same_list_as_its_folder() {
    let list = FOLDER.replace("\"ut1\"", "\"ut1.tar.gz\"");
    let school = School::new(&Wish { more: &list, ..Wish::default() });
    tree(&school);
    let (from, to) = (school.path("config"), school.path("config/ut1.tar.gz"));
    support::command("tar", &["-C", from.to_str().expect("a path"), "-czf", to.to_str().expect("a path"), "ut1"]);
    let gate = school.start();
    assert!(blocked(&gate, "bad.example") && !blocked(&gate, "half.example"));
    assert!(page(&gate, "half.example", "/bad") && page(&gate, "any.example", "/rudepics1.html"));
    let searched = school.ok(&["lists", "search", "half.example/bad"]);
    assert!(searched.contains("half.example/bad as adult: ") && searched.contains("ut1.tar.gz/porn/urls:1: "), "{searched}");
    // A part that is not there is told by `check`, and so is one of what to let through.
    for (path, why) in [("adlut", "there is no `adlut` in it"), ("liste_bu", "its `usage` says `white`")] {
        let config = school.config(&Wish { more: &list.replace("porn", path), ..Wish::default() });
        school.write("config/schoolgate.toml", &config);
        let said = school.run(&["check"]);
        let said = support::text(&said.stdout) + &support::text(&said.stderr);
        assert!(said.contains(why) && said.contains("toulouse/adult"), "{said}");
    }
}

#[test]
fn every_other_format_does_what_its_rules_say() {
    let up = format!("\"{}\"", upstream());
    let school = School::new(&Wish { more: OTHERS, upstreams: Some(&up), ..Wish::default() });
    others(&school);
    let gate = school.start();
    for (name, closed) in [
        ("casino7.example", true),
        ("www.casino7.example", false),
        ("play.example", true),
        ("one-film.example", true),
        ("www.one-film.example", false),
        ("x.film-ads.example", true),
        ("plain-film.example", false),
        ("www.date.example", true),
        ("exact.example", true),
        ("www.exact.example", false),
        ("kept.example", true),
        ("ok.kept.example", false),
        ("important.example", true),
        ("gone.example", false),
        // A rule with what we do not honour is refused whole, never half applied.
        ("near.example", false),
        ("only-aaaa.example", false),
        ("popup.example", false),
        ("loot.example", true),
        ("www.loot.example", true),
        ("local.example", false),
        // The address in the answer is in a listed range.
        ("in-range.example", true),
        ("out-of-range.example", false),
    ] {
        assert_eq!(blocked(&gate, name), closed, "{name}");
    }
    assert!(tunnel(&gate, "203.0.113.77") && tunnel(&gate, "[2001:db8:77:1::5]") && tunnel(&gate, "casino7.example"));
    let event = school.log().into_iter().find(|e| e["host"] == "203.0.113.77").expect("an event");
    assert_eq!(
        (&event["entry"], &event["list"], &event["category"]),
        (&"203.0.113.0/24".into(), &"ranges".into(), &"gambling".into())
    );
    for (asked, entry, place) in [
        ("203.0.113.77", "203.0.113.0/24", "ranges.txt:1"),
        ("2001:db8:77:1::5", "2001:db8:77::/48", "ranges.txt:2"),
        ("casino7.example", "/^casino[0-9]+\\./", "patterns.txt:1"),
        ("x.film-ads.example", "film-ads.example", "more-films:1"),
        ("exact.example", "exact.example", "rules.txt:2"),
        ("loot.example", "loot.example", "zone.txt:2"),
    ] {
        let searched = school.ok(&["lists", "search", asked]);
        assert!(searched.contains(entry) && searched.contains(place), "{asked}: {searched}");
    }
    // What is not honoured is counted, by reason and with its line.
    let status = school.ok(&["lists", "status"]);
    for told in ["wider than /24", "`$denyallow` (line 9)", "`$dnstype`", "(line 11)"] {
        assert!(status.contains(told), "{told}: {status}");
    }
    // A file that is only included, changed: the list is read again.
    school.write("config/v2fly/more-films", "another-film.example @ads\n");
    school.ok(&["lists", "compile"]);
    assert!(blocked(&gate, "another-film.example") && !blocked(&gate, "film-ads.example"));
}

#[test]
fn a_list_that_shrank_is_used_once_it_is_accepted() {
    let list = "[[list]]\nname = \"county games\"\ncategory = \"games\"\nfile = \"games.txt\"\n";
    let school = School::new(&Wish { more: list, ..Wish::default() });
    let names = |count: usize| (0..count).map(|n| format!("game{n}.example\n")).collect::<String>();
    school.write("config/games.txt", &names(1000));
    let gate = school.start();
    school.write("config/games.txt", &names(10));
    school.ok(&["lists", "compile"]);
    let status = school.ok(&["lists", "status"]);
    assert!(
        status.contains("`schoolgate lists compile --accept 'county games'`") && status.contains("its last good version"),
        "{status}"
    );
    assert!(blocked(&gate, "game999.example"));
    let unknown = school.run(&["lists", "compile", "--accept", "county gmaes"]);
    assert!(!unknown.status.success() && support::text(&unknown.stderr).contains("did you mean 'county games'?"));
    school.ok(&["lists", "compile", "--accept", "county games"]);
    assert!(!blocked(&gate, "game999.example") && blocked(&gate, "game9.example"));
    assert!(!school.ok(&["lists", "status"]).contains("--accept"));
}

#[test]
fn a_category_is_ready_with_what_ships_only_if_the_school_says_so() {
    let not_ready = |school: &School| {
        let said = school.json(&["lists", "status"]);
        let of = |key: &str, value: &serde_json::Value| value[key].as_str().unwrap_or_default().to_owned();
        let missing: Vec<String> = said["not_ready"].as_array().expect("a list").iter().map(|m| of("category", m)).collect();
        (missing, said["shipped_only"].to_string())
    };
    let school = School::new(&Wish::default());
    let (missing, only) = not_ready(&school);
    assert!(missing.contains(&"self-harm".into()) && missing.contains(&"adult".into()) && only == "[]", "{missing:?}");
    let all = format!("shipped_is_enough = {missing:?}");
    school.write(
        "config/schoolgate.toml",
        &school.config(&Wish { lists: "shipped_is_enough = [\"self-harm\"]", ..Wish::default() }),
    );
    let (now, only) = not_ready(&school);
    assert!(now.len() + 1 == missing.len() && !now.contains(&"self-harm".into()) && only == "[\"self-harm\"]", "{now:?}");
    let status = school.ok(&["lists", "status"]);
    assert!(
        status.contains("NOT READY") && status.contains("shipped list only, accepted in the configuration: self-harm"),
        "{status}"
    );
    school.write("config/schoolgate.toml", &school.config(&Wish { lists: &all, ..Wish::default() }));
    assert!(school.ok(&["lists", "status"]).contains("\nREADY: every other category"));
    school.write(
        "config/schoolgate.toml",
        &school.config(&Wish { lists: "shipped_is_enough = [\"self-harn\"]", ..Wish::default() }),
    );
    let said = school.run(&["check"]);
    let said = support::text(&said.stdout) + &support::text(&said.stderr);
    assert!(said.contains("did you mean `self-harm`?"), "{said}");
}
