//! The doors, asked by the clients people use: `dig` and `curl`, and the log compared with what they did.

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use support::{School, TlsOrigin, Wish, talk};

const PEOPLE: &str = "id,name,role,year,device,address\n\
    p0901,Amira Baker,pupil,9,Laptop 1,127.0.9.1\n\
    p1201,Tomos Evans,pupil,12,Laptop 2,127.0.12.1\n\
    t01,Grace Novak,staff,,Staff 1,127.0.200.1\n";
const YEAR_9: &str = "127.0.9.1";
const SIXTH: &str = "127.0.12.1";
const STAFF: &str = "127.0.200.1";
const NOBODY: &str = "127.0.77.1";

fn school(wish: &Wish) -> School {
    let school = School::new(wish);
    school.import(PEOPLE);
    school
}

#[test]
fn a_blocked_name_answers_nxdomain_with_soa_and_ede_17() {
    let school = school(&Wish::default());
    let gate = school.start();
    for (from, transport) in [(YEAR_9, "+notcp"), (YEAR_9, "+tcp"), ("::1", "+notcp"), ("::1", "+tcp")] {
        let answer = gate.dig(from, &["www.pokerstars.com", "A", transport]);
        assert!(answer.contains("status: NXDOMAIN"), "{from} {transport}: {answer}");
        assert!(answer.contains("SOA"), "{answer}");
        let soa = answer.lines().find(|l| l.contains("SOA")).unwrap_or_default();
        assert!(soa.ends_with(" 60"), "the minimum is 60: {soa}");
        assert!(answer.contains("EDE: 17") && answer.to_lowercase().contains("gambling"), "{answer}");
    }
    let plain = gate.dig(YEAR_9, &["www.pokerstars.com", "A", "+noedns"]);
    assert!(plain.contains("status: NXDOMAIN") && !plain.contains("EDE"), "no EDNS in, none out: {plain}");
}

#[test]
fn an_allowed_name_answers_what_the_upstream_says() {
    let school = school(&Wish::default());
    let gate = school.start();
    for transport in ["+notcp", "+tcp"] {
        let answer = gate.dig(YEAR_9, &["nobody-lists-me.example", "A", transport]);
        assert!(answer.contains("status: NOERROR") && answer.contains("127.200.0.1"), "{transport}: {answer}");
    }
}

#[test]
fn block_answers_are_what_the_configuration_says() {
    for (key, status, answers) in [("nodata", "NOERROR", ""), ("zero", "NOERROR", "0.0.0.0"), ("nxdomain", "NXDOMAIN", "")] {
        let school = school(&Wish { dns: &format!("block_answer = \"{key}\""), ..Wish::default() });
        let gate = school.start();
        let whole = gate.dig(YEAR_9, &["www.pokerstars.com", "A"]);
        assert!(whole.contains(&format!("status: {status}")), "{key}: {whole}");
        assert_eq!(gate.dig(YEAR_9, &["+short", "www.pokerstars.com", "A"]).trim(), answers, "{key}");
    }
}

#[test]
fn who_it_is_decides() {
    let school = school(&Wish::default());
    let gate = school.start();
    for (from, name, status) in [
        (YEAR_9, "poki.com", "NXDOMAIN"),
        (SIXTH, "poki.com", "NOERROR"),
        (STAFF, "poki.com", "NOERROR"),
        (NOBODY, "poki.com", "NXDOMAIN"),
        (STAFF, "www.pokerstars.com", "NXDOMAIN"),
        (YEAR_9, "www.childline.org.uk", "NOERROR"),
    ] {
        let answer = gate.dig(from, &[name, "A"]);
        assert!(answer.contains(&format!("status: {status}")), "{from} {name}: {answer}");
    }
}

#[test]
fn search_is_safe_by_profile_in_the_answer_the_log_and_what_explain_says() {
    let school = school(&Wish::default());
    let gate = school.start();
    for (from, name, target) in [
        (YEAR_9, "www.google.co.uk", "forcesafesearch.google.com."),
        (YEAR_9, "www.youtube.com", "restrict.youtube.com."),
        (SIXTH, "www.youtube.com", "restrictmoderate.youtube.com."),
        (STAFF, "www.google.com", "forcesafesearch.google.com."),
        (STAFF, "www.youtube.com", ""),
    ] {
        for (kind, transport) in [("A", "+notcp"), ("A", "+tcp"), ("AAAA", "+notcp")] {
            let answer = gate.dig(from, &["+noall", "+answer", name, kind, transport]);
            let alias = answer.lines().find(|line| line.contains("CNAME"));
            assert_eq!(alias.map_or("", |a| a.rsplit('\t').next().unwrap_or_default()), target, "{from} {name} {kind}: {answer}");
            assert_eq!(answer.contains("127.200.0.1"), kind == "A", "{answer}");
            let ttl = alias.and_then(|a| a.split_whitespace().nth(1)).map_or(0, |ttl| ttl.parse().unwrap_or(999));
            assert!(ttl <= 15, "{answer}");
        }
        let https = gate.dig(from, &[name, "HTTPS"]);
        assert!(https.contains("status: NOERROR") && https.contains("ANSWER: 0"), "{https}");
    }
    let why = school.json(&["explain", "www.youtube.com", "--who", "p1201"]);
    assert_eq!((&why["action"], &why["answered_as"]), (&"rewrite".into(), &"restrictmoderate.youtube.com".into()));
    let because = why["because"].as_str().unwrap_or_default();
    assert!(
        because.contains("YouTube is answered as restrictmoderate.youtube.com") && because.contains("sixth-form"),
        "{because}"
    );
    assert_eq!(why["to_change"], "youtube = \"off\" under [profile.sixth-form] in profiles.toml");
    assert_eq!(school.json(&["explain", "www.youtube.com", "--who", "t01"])["action"], "allow");
    let log = school.log();
    let rewritten = log.iter().filter(|e| e["action"] == "rewrite");
    assert_eq!(rewritten.map(|e| e["count"].as_u64().unwrap_or(0)).sum::<u64>(), 4 * 4, "{log:?}");
}

#[test]
fn a_block_is_told_in_json_to_who_asks_and_nobody_is_told_of_other_resolvers() {
    let school = school(&Wish::default());
    let gate = school.start();
    let answer = gate.dig(YEAR_9, &["www.pokerstars.com", "A", "+ednsopt=26"]);
    assert!(answer.contains("EDE: 17") && answer.contains(r#""j":"Gambling. Ask your form tutor.""#), "{answer}");
    let ddr = gate.dig(YEAR_9, &["_dns.resolver.arpa", "SVCB"]);
    assert!(ddr.contains("status: NOERROR") && ddr.contains("ANSWER: 0"), "{ddr}");
    for name in ["use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com", "dns.google", "cloudflare-dns.com"] {
        assert!(gate.dig(YEAR_9, &[name, "A"]).contains("status: NXDOMAIN"), "{name}");
    }
}

#[test]
fn a_stranger_is_refused_on_every_door() {
    let school = School::new(&Wish { more: "", ..Wish::default() });
    let narrow = school.config(&Wish::default()).replace("\"127.0.0.0/8\", \"::1/128\"", "\"127.5.0.0/16\"");
    school.write("config/schoolgate.toml", &narrow);
    let gate = school.start();
    let answer = gate.dig("127.0.0.1", &["nobody-lists-me.example", "A"]);
    assert!(answer.contains("status: REFUSED"), "{answer}");
    let answer = gate.curl("127.0.0.1", &[&gate.url("nobody-lists-me.example", "/")]);
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    let answer = gate.curl("127.5.0.1", &[&gate.url("nobody-lists-me.example", "/")]);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn http_goes_through_and_a_blocked_page_says_what_a_child_can_read() {
    let school = school(&Wish::default());
    let gate = school.start();
    let answer = gate.curl(YEAR_9, &[&gate.url("nobody-lists-me.example", "/page")]);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("A page of the stub internet"), "{answer}");
    let via = answer.to_lowercase();
    assert!(via.contains("via: 1.1 "), "{answer}");

    let page = gate.curl(YEAR_9, &["-H", "Accept: text/html", &gate.url("www.pokerstars.com", "/")]);
    assert!(page.starts_with("HTTP/1.1 403"), "{page}");
    for words in ["Test School", "This page is not available in school", "your form tutor", "0800 1111", "you are not in trouble"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    // The reference a child reads out leads IT to the line.
    let code = page.split_once("class=\"code\">").map(|(_, rest)| rest.split('<').next().unwrap_or_default());
    let found = school.ok(&["log", "search", "--reference", code.expect("a reference on the page"), "--purpose", "a test"]);
    assert!(found.contains("p0901") && found.contains("www.pokerstars.com"), "{found}");
    assert_eq!(found.lines().count(), 1, "and to no other: {found}");
    let lower = page.to_lowercase();
    for never in ["amira", "p0901", "gambling", "<script"] {
        assert!(!lower.contains(never), "{never}: {page}");
    }
    assert!(lower.contains("content-security-policy") && lower.contains("cache-control: no-store"), "{page}");

    let bare =
        gate.curl(YEAR_9, &["-H", "Accept: image/*", "-H", "Sec-Fetch-Dest: image", &gate.url("www.pokerstars.com", "/x.png")]);
    assert!(bare.starts_with("HTTP/1.1 403") && bare.ends_with("\r\n\r\n"), "{bare}");
    // A program, or somebody at a terminal, is told in a line.
    let line = gate.curl(YEAR_9, &[&gate.url("www.pokerstars.com", "/")]);
    assert!(line.ends_with("This address is not available in school.\n") && !line.contains("Childline"), "{line}");
}

#[test]
fn connect_reaches_a_tls_origin_and_is_refused_with_403() {
    let school = School::new(&Wish::default());
    school.import(PEOPLE);
    let origin = TlsOrigin::start(school.folder.path());
    let more = school
        .config(&Wish::default())
        .replace("ports = [", &format!("ports = [{}, ", origin.port))
        .replace("destinations = [", &format!("destinations = [\"127.200.0.1:{}\", ", origin.port));
    school.write("config/schoolgate.toml", &more);
    let gate = school.start();
    let open = gate.curl(YEAR_9, &["-k", &format!("https://nobody-lists-me.example:{}/", origin.port)]);
    assert!(open.contains("200 ok") || open.contains("200 OK"), "{open}");
    let blocked = gate.curl(YEAR_9, &["-k", &format!("https://www.pokerstars.com:{}/", origin.port)]);
    assert!(blocked.contains("HTTP/1.1 403") && blocked.contains("CONNECT tunnel failed"), "{blocked}");
    // A port nobody named.
    let port = gate.curl(YEAR_9, &["-k", "https://nobody-lists-me.example:8444/"]);
    assert!(port.contains("HTTP/1.1 403"), "{port}");
}

#[test]
fn the_gateway_and_private_addresses_are_not_reached_through_it() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    let web = gate.web[0].port();
    let more = school.config(&Wish::default()).replace("ports = [", &format!("ports = [{web}, "));
    school.write("config/schoolgate.toml", &more);
    gate.signal("-HUP");
    std::thread::sleep(std::time::Duration::from_millis(500));
    for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "nobody-lists-me.example"] {
        // Every name of the stub leads to loopback, where only the origin's own port is named in `destinations`.
        let answer = gate.curl("127.0.0.1", &[&format!("http://{host}:{web}/healthz")]);
        assert!(answer.starts_with("HTTP/1.1 403"), "{host}: {answer}");
    }
}

#[test]
fn the_log_says_what_each_person_did_and_nothing_of_help() {
    let school = school(&Wish::default());
    let gate = school.start();
    gate.dig(YEAR_9, &["www.pokerstars.com", "A"]);
    gate.dig(SIXTH, &["www.bbc.co.uk", "AAAA"]);
    gate.dig(NOBODY, &["nobody-lists-me.example", "A"]);
    gate.curl(YEAR_9, &[&gate.url("nobody-lists-me.example", "/a%20path?q=1")]);
    gate.curl(STAFF, &[&gate.url("www.pokerstars.com", "/")]);
    gate.dig(YEAR_9, &["www.childline.org.uk", "A"]);
    gate.curl(YEAR_9, &[&gate.url("www.childline.org.uk", "/get-support")]);

    let log = school.log();
    let mut seen: BTreeMap<(String, String, String, String), u64> = BTreeMap::new();
    for event in &log {
        let word = |key: &str| event[key].as_str().unwrap_or("-").to_owned();
        *seen.entry((word("door"), word("person"), word("host"), word("action"))).or_default() +=
            event["count"].as_u64().unwrap_or(0);
    }
    let expect =
        |door: &str, person: &str, host: &str, action: &str| ((door.into(), person.into(), host.into(), action.into()), 1);
    let mut expected = BTreeMap::from([
        expect("dns", "p0901", "www.pokerstars.com", "block"),
        expect("dns", "p1201", "www.bbc.co.uk", "allow"),
        expect("dns", "-", "nobody-lists-me.example", "allow"),
        expect("proxy", "p0901", "nobody-lists-me.example", "allow"),
        expect("proxy", "t01", "www.pokerstars.com", "block"),
    ]);
    let help: Vec<&Value> = log.iter().filter(|e| e["step"] == "help").collect();
    assert_eq!(help.iter().map(|e| e["count"].as_u64().unwrap_or(0)).sum::<u64>(), 2, "two visits to help are counted: {log:?}");
    for event in help {
        let line = event.to_string();
        for never in ["p0901", "127.0.9.1", "childline", "Laptop 1", "get-support"] {
            assert!(!line.contains(never), "{never} in {line}");
        }
    }
    seen.retain(|(_, _, host, _), _| host != "-" && !host.is_empty());
    expected.retain(|_, _| true);
    assert_eq!(seen, expected);
    let block = log.iter().find(|e| e["person"] == "p0901" && e["action"] == "block").expect("the block");
    for (key, value) in [
        ("step", "category"),
        ("profile", "secondary"),
        ("entry", "pokerstars.com"),
        ("how_known", "address"),
        ("query_type", "A"),
    ] {
        assert_eq!(block[key], value, "{key}: {block}");
    }

    // No week file, segment or ring holds the helper's name beside the one who asked.
    drop(gate);
    let everything = support::command(
        "grep",
        &[
            "-rl",
            "childline",
            school.path("var/journal").to_str().expect("a path"),
            school.path("var/run").to_str().expect("a path"),
        ],
    );
    assert_eq!(everything.trim(), "", "a visit to help is on the disk");
}

#[test]
fn control_bytes_stay_one_line_and_one_field_in_every_export() {
    let school = School::new(&Wish::default());
    // The register refuses such a name; what comes from the network is escaped.
    school.write("people.csv", "id,name,role,year,device,address\np1,\"New\nLine\x1b[31m\",pupil,9,L,127.0.9.1\n");
    let refused = school.run(&["people", "import", school.path("people.csv").to_str().expect("a path")]);
    assert_eq!(refused.status.code(), Some(1), "{}", support::text(&refused.stderr));
    let gate = school.start();
    gate.dig("127.0.0.1", &["a\\010b\\027[31m\\\"quoted\\\".example", "A"]);
    let proxy = gate.proxy[0];
    let port = school.internet.origin.port();
    let request = format!(
        "GET http://nobody-lists-me.example:{port}/x%0a\"y' HTTP/1.1\r\nHost: nobody-lists-me.example:{port}\r\nUser-Agent: evil\x1b[31m \"agent\r\nConnection: close\r\n\r\n"
    );
    talk(proxy, request.as_bytes());
    for format in ["csv", "jsonl", "squid"] {
        let said = school.ok(&["log", "export", "--format", format, "--purpose", "a test"]);
        assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{format}: {said:?}");
        let events = if format == "csv" { 1 } else { 0 } + school.log().len();
        assert_eq!(said.lines().count(), events, "{format}: one event a line: {said:?}");
    }
}

#[test]
fn a_request_that_cannot_be_read_is_refused_and_the_next_one_is_served() {
    let school = School::new(&Wish::default());
    let gate = school.start();
    let proxy = gate.proxy[0];
    let long = format!("GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nX: {}\r\n\r\n", "x".repeat(300_000));
    for (request, status) in [
        ("nonsense\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "400"),
        ("GET ftp://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "400"),
        ("GET http://user@a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "400"),
        ("POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
        (&long, "431"),
    ] {
        let answer = talk(proxy, request.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{:.60}: {answer:.200}", request.escape_debug().to_string());
    }
    let dns = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    dns.set_read_timeout(Some(std::time::Duration::from_millis(500))).expect("a limit");
    for bytes in [
        &b""[..],
        b"\x00",
        &[0xff; 11],
        &[0; 12],
        b"\x12\x34\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01",
        &[0xff; 600],
    ] {
        dns.send_to(bytes, gate.dns[0]).expect("sent");
    }
    let mut answer = [0; 512];
    let mut formerr = 0;
    while let Ok(len) = dns.recv(&mut answer) {
        assert!(len >= 12 && answer[3] & 0x0f == 1, "only FORMERR is answered: {:?}", &answer[..len]);
        formerr += 1;
    }
    assert!(formerr >= 1, "a header that can be answered gets FORMERR");
    assert!(gate.dig("127.0.0.1", &["nobody-lists-me.example", "A"]).contains("NOERROR"));
    assert!(gate.curl("127.0.0.1", &[&gate.url("nobody-lists-me.example", "/")]).starts_with("HTTP/1.1 200"));
}

#[test]
fn an_answer_leaves_from_the_address_that_was_asked() {
    let school = School::new(&Wish::default());
    let everywhere = school.config(&Wish::default()).replace("[\"127.0.0.1:0\", \"[::1]:0\"]", "[\"0.0.0.0:0\", \"[::]:0\"]");
    school.write("config/schoolgate.toml", &everywhere);
    let gate = school.start();
    // Loopback has one address of IPv6: another of this machine's, asked from ::1, shows whether the answer leaves from it.
    let another = another_v6();
    if another.is_none() {
        println!("this machine has no second address of IPv6: only ::1 is asked");
    }
    let v4 = [("127.0.0.5", "127.0.9.1"), ("127.0.0.6", "127.0.9.1"), ("::1", "::1")];
    for (at, from) in v4.into_iter().chain(another.as_deref().map(|at| (at, "::1"))) {
        let port = gate.dns.iter().find(|s| s.is_ipv6() == at.contains(':')).expect("a door of that family").port();
        let port = port.to_string();
        for transport in ["+notcp", "+tcp"] {
            // dig says `reply from unexpected source` when it does not.
            let answer = support::command(
                "dig",
                &[&format!("@{at}"), "-p", &port, "-b", from, "+tries=1", transport, "www.pokerstars.com"],
            );
            assert!(answer.contains("NXDOMAIN") && !answer.contains("unexpected"), "{at} {transport}: {answer}");
        }
    }
}

/// An address of IPv6 that this machine has beside loopback's, of global scope, as the kernel lists them (proc(5)).
fn another_v6() -> Option<String> {
    let listed = std::fs::read_to_string("/proc/net/if_inet6").ok()?;
    let global = listed.lines().find(|line| line.split_whitespace().nth(3) == Some("00"))?;
    let bits = u128::from_str_radix(global.split_whitespace().next()?, 16).ok()?;
    Some(std::net::Ipv6Addr::from_bits(bits).to_string())
}

#[test]
fn block_answer_page_leads_to_the_block_page() {
    if !nix::unistd::geteuid().is_root() {
        // Port 80 is root's; `check` refuses any other, which `config` tests.
        println!("needs root: not run");
        return;
    }
    let school = School::new(&Wish { dns: "block_answer = \"page\"", ..Wish::default() });
    let wish = Wish { dns: "block_answer = \"page\"", ..Wish::default() };
    let at_80 = school
        .config(&wish)
        .replace("[dns]\nlisten = [\"127.0.0.1:0\", \"[::1]:0\"]", "[dns]\nlisten = [\"127.0.3.80:0\"]")
        .replace("[web]\nlisten = [\"127.0.0.1:0\"]", "[web]\nlisten = [\"127.0.3.80:80\"]");
    school.write("config/schoolgate.toml", &at_80);
    let gate = school.start();
    assert_eq!(gate.dig("127.0.9.1", &["+short", "www.pokerstars.com", "A"]).trim(), "127.0.3.80");
    let page = support::command(
        "curl",
        &[
            "-sS",
            "-i",
            "--interface",
            "127.0.9.1",
            "-H",
            "Host: www.pokerstars.com",
            "-H",
            "Accept: text/html",
            "http://127.0.3.80/",
        ],
    );
    assert!(page.starts_with("HTTP/1.1 403") && page.contains("This page is not available in school"), "{page}");
}

#[test]
fn metrics_and_health_are_for_this_machine_and_name_nobody() {
    let school = school(&Wish::default());
    let gate = school.start();
    gate.dig(YEAR_9, &["www.pokerstars.com", "A"]);
    let ask = |from: &str, path: &str| {
        support::command("curl", &["-sS", "-i", "--interface", from, &format!("http://{}{path}", gate.web[0])])
    };
    assert!(ask("127.0.0.1", "/healthz").starts_with("HTTP/1.1 200"));
    let metrics = ask("127.0.0.1", "/metrics");
    for line in ["schoolgate_decisions_total{door=\"dns\",action=\"block\"} 1", "schoolgate_events_dropped_total 0"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    for never in ["p0901", "pokerstars", "127.0.9.1"] {
        assert!(!metrics.contains(never), "{never}: {metrics}");
    }
}

#[test]
fn a_school_s_own_lists_work_by_configuration_alone_and_explain_names_the_line() {
    let school = School::new(&Wish::default());
    school.write(
        "config/lists/h.txt",
        "# a hosts file\n127.0.0.1 localhost\n0.0.0.0 one.listed.example\n0.0.0.0 one.listed.example\n",
    );
    school.write("config/lists/d.txt", "two.listed.example\nnot a name\nhttp://three.example/x\n192.0.2.9\n");
    let lists = "[[list]]\nname = \"by-hosts\"\ncategory = \"games\"\nfile = \"lists/h.txt\"\n\n\
                 [[list]]\nname = \"by-domains\"\ncategory = \"gambling\"\nfile = \"lists/d.txt\"\nformat = \"domains\"\n";
    school.write("config/schoolgate.toml", &school.config(&Wish { more: lists, ..Wish::default() }));
    school.ok(&["lists", "compile"]);
    let status = school.json(&["lists", "status"]);
    let row =
        |name: &str| status["lists"].as_array().expect("rows").iter().find(|r| r["name"] == name).expect("the list").clone();
    assert_eq!((row("by-hosts")["entries"].as_u64(), row("by-hosts")["duplicates"].as_u64()), (Some(1), Some(1)), "{status}");
    assert_eq!(row("by-domains")["entries"], 2);
    let rejected: u64 = row("by-domains")["rejects"].as_array().expect("rows").iter().map(|r| r[1].as_u64().unwrap_or(0)).sum();
    assert_eq!(rejected, 2, "{status}");
    for (name, list, place) in
        [("www.one.listed.example", "by-hosts", "h.txt:3"), ("two.listed.example", "by-domains", "d.txt:1")]
    {
        let why = school.json(&["explain", name]);
        let found = &why["found"][0];
        assert_eq!((why["action"].as_str(), found["list"].as_str()), (Some("block"), Some(list)), "{why}");
        assert!(found["places"][0].as_str().is_some_and(|p| p.ends_with(place)), "{why}");
        assert!(school.ok(&["lists", "search", name]).contains(place));
    }
    let gate = school.start();
    assert!(gate.dig("127.0.0.1", &["www.one.listed.example", "A"]).contains("NXDOMAIN"));
    // A list that breaks is named and stays as it was, and so does the gate.
    school.write("config/lists/h.txt", "<!doctype html><html><body>not found</body></html>\n");
    let row = |said: &serde_json::Value| {
        let rows = said.get("lists").unwrap_or(said).as_array().expect("rows").clone();
        rows.into_iter().find(|r| r["name"] == "by-hosts").expect("the list")["broken"].as_str().unwrap_or_default().to_owned()
    };
    for command in ["compile", "status"] {
        let said = row(&school.json(&["lists", command]));
        assert!(said.contains("web page") && said.contains("its last good version"), "{command}: {said}");
    }
    // One that never was good refuses the change.
    school.write("config/lists/new.txt", "<!doctype html><html><body>not found</body></html>\n");
    let before = std::fs::read_to_string(school.path("config/schoolgate.toml")).expect("the configuration");
    let new = "[[list]]\nname = \"new\"\ncategory = \"games\"\nfile = \"lists/new.txt\"\n";
    school.write("config/schoolgate.toml", &format!("{before}\n{new}"));
    let refused = school.run(&["lists", "compile"]);
    let said = support::text(&refused.stderr);
    assert!(refused.status.code() == Some(1) && said.contains("new.txt") && !said.contains("h.txt"), "{said}");
    school.write("config/schoolgate.toml", &before);
    let checked = school.run(&["check"]);
    let said = support::text(&checked.stderr);
    assert!(checked.status.code() == Some(1) && said.contains("by-hosts") && said.contains("web page"), "{said}");
    let reload = || {
        gate.signal("-HUP");
        std::thread::sleep(std::time::Duration::from_millis(700));
        gate.dig("127.0.0.1", &["www.one.listed.example", "A"]).contains("NXDOMAIN")
    };
    assert!(reload(), "a broken list took the good one's place");
    drop(gate);
    // Started with it, the gate answers, with the last good table.
    let gate = school.start();
    assert!(gate.dig("127.0.0.1", &["www.one.listed.example", "A"]).contains("NXDOMAIN"));
}

#[test]
fn a_ut1_folder_stands_for_its_names_and_the_address_of_a_page_never_closes_its_host() {
    let school = School::new(&Wish::default());
    school.write("config/lists/ut1/domains", "one.listed.example\n");
    school.write("config/lists/ut1/urls", "hospital.example/a/page.html\nwww.software.example/store?id=1\n");
    school.write("config/lists/ut1/expressions", "(^|[-.])listed[0-9]+\n");
    school.write("config/lists/ut1/very_restrictive_expression", "listed\n");
    school.write(
        "config/lists/ads.txt",
        "[Adblock Plus]\n||two.listed.example^\n@@||two.listed.example^\n||three.example^$client=x\n||four.example^\n",
    );
    let lists = "[[list]]\nname = \"ut1\"\ncategory = \"games\"\nfile = \"lists/ut1\"\n\n\
                 [[list]]\nname = \"ads\"\ncategory = \"gambling\"\nfile = \"lists/ads.txt\"\nformat = \"adblock\"\n";
    school.write("config/schoolgate.toml", &school.config(&Wish { more: lists, ..Wish::default() }));
    school.ok(&["lists", "compile"]);
    for (name, list) in [("www.one.listed.example", "ut1"), ("www.four.example", "ads")] {
        let why = school.json(&["explain", name]);
        assert_eq!((why["action"].as_str(), why["found"][0]["list"].as_str()), (Some("block"), Some(list)), "{why}");
    }
    for name in ["hospital.example", "www.software.example", "two.listed.example", "three.example"] {
        assert_eq!(school.json(&["explain", name])["action"], "allow", "{name}");
    }
    let status = school.ok(&["lists", "status"]);
    for says in ["1 an adblock rule with `$client`", "ut1: 1 lines of"] {
        assert!(status.contains(says), "{says}: {status}");
    }
}
