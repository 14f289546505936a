//! The proxy auto-configuration file, run by an engine that is not ours.

mod support;

use support::{School, Wish, command};

/// What the file says of each address, in their order.
fn said(file: &str, urls: &[&str]) -> Vec<String> {
    let script = "import sys, pacparser\npacparser.init()\npacparser.parse_pac_string(open(sys.argv[1]).read())\n\
                  for url in sys.argv[2:]: print(pacparser.find_proxy(url))";
    command("/usr/bin/python3", &[&["-c", script, file], urls].concat()).lines().map(str::to_owned).collect()
}

/// Head and body of what curl fetches from this address, without a proxy.
fn straight(from: &str, more: &[&str]) -> String {
    command("curl", &[&["-sS", "-i", "--max-time", "15", "--noproxy", "*", "--interface", from], more].concat())
}

#[test]
fn what_is_the_school_s_own_goes_straight_there_and_all_else_to_the_proxy_and_nowhere_beside_it() {
    let own = "internal = [\"198.51.100.0/25\", \"hill.example\"]\ndirect = [\"printing.example\"]";
    let school = School::new(&Wish { proxy: own, ..Wish::default() });
    let gate = school.start();
    let doors = &school.json(&["status"])["doors"];
    let (web, proxy) = (doors["web"][0].as_str().expect("the web door"), doors["proxy"][0].as_str().expect("the proxy"));
    let fetch = |path: &str, host: &str| straight("127.0.0.1", &["-H", &format!("Host: {host}"), &format!("http://{web}{path}")]);
    let answer = fetch("/wpad.dat", "wpad.hill.example");
    assert!(answer.contains("application/x-ns-proxy-autoconfig"), "{answer}");
    let (_, file) = answer.split_once("\r\n\r\n").expect("a head and a body");
    school.write("proxy.pac", file);
    for at in [("/proxy.pac", web), ("/wpad.dat", "wpad")] {
        assert!(fetch(at.0, at.1).ends_with(file), "{at:?}");
    }
    // Every other zone's `wpad` is no business of ours (it is how clients are led astray).
    assert!(!fetch("/wpad.dat", "wpad.other.example").contains("FindProxyForURL"));

    let through = format!("PROXY {proxy}");
    let file = school.path("proxy.pac");
    for (url, expected) in [
        ("http://www.example.com/", through.as_str()),
        ("https://203.0.113.7/x", &through),
        ("https://[2001:db8::1]/", &through),
        ("http://nothill.example/", &through),
        ("http://hill.example.evil.test/", &through),
        ("http://198.51.100.200/", &through),
        ("http://10.evil.test/", &through),
        ("http://fdevil.test/", &through),
        ("http://intranet/", "DIRECT"),
        ("http://hill.example/", "DIRECT"),
        ("https://sims.HILL.example./", "DIRECT"),
        ("http://a.printing.example/", "DIRECT"),
        ("http://10.1.2.3/", "DIRECT"),
        ("http://172.31.0.1/", "DIRECT"),
        ("http://172.32.0.1/", &through),
        ("http://192.168.0.1/", "DIRECT"),
        ("http://127.0.0.1/", "DIRECT"),
        ("http://198.51.100.20/", "DIRECT"),
        ("http://[fd00::1]/", "DIRECT"),
        ("http://[fe80::1]/", "DIRECT"),
        ("http://[::1]/", "DIRECT"),
    ] {
        let got = said(file.to_str().expect("a path"), &[url]);
        assert_eq!(got, [expected], "{url}");
    }
    drop(gate);
    let config = school.config(&Wish::default()).replace("127.0.0.0/8", "127.0.0.0/24");
    school.write("config/schoolgate.toml", &config);
    let _gate = school.start();
    let web = school.json(&["status"])["doors"]["web"][0].as_str().expect("the web door").to_owned();
    let fetched = |from: &str| straight(from, &[&format!("http://{web}/proxy.pac")]).contains("FindProxy");
    assert!(fetched("127.0.0.9") && !fetched("127.0.9.1"), "a stranger is not told what the school's zones are");
}

#[test]
fn where_the_proxy_is_shut_there_is_no_such_file() {
    let school = School::new(&Wish::default());
    let config = school.config(&Wish::default());
    let shut: Vec<&str> = config.lines().collect();
    let at = shut.iter().position(|line| *line == "[proxy]").expect("a section");
    let mut lines: Vec<String> = shut.iter().map(|l| (*l).to_owned()).collect();
    let listen = lines[at..].iter().position(|l| l.starts_with("listen")).expect("a key") + at;
    lines[listen] = "listen = []".into();
    school.write("config/schoolgate.toml", &lines.join("\n"));
    let _gate = school.start();
    let web = school.json(&["status"])["doors"]["web"][0].as_str().expect("the web door").to_owned();
    let answer = straight("127.0.0.1", &[&format!("http://{web}/proxy.pac")]);
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}
