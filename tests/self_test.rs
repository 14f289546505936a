//! `schoolgate self-test`, with the real binary: what it tries, what it finds, and that it is nobody's visit.

mod support;

use serde_json::Value;
use support::{School, Wish, text};

fn tried(school: &School) -> (Option<i32>, Value) {
    let said = school.run(&["--json", "self-test"]);
    let report = serde_json::from_slice(&said.stdout).unwrap_or_else(|_| panic!("{}", text(&said.stderr)));
    (said.status.code(), report)
}

fn checks<'r>(report: &'r Value, what: &str) -> Vec<&'r Value> {
    report["checks"].as_array().expect("checks").iter().filter(|c| c["what"] == what).collect()
}

#[test]
fn every_category_is_tried_for_every_network_and_profile_and_nobody_has_asked() {
    let network = "\n[[network]]\nname = \"guests\"\nranges = [\"10.9.0.0/16\"]\nunknown = \"guest\"\n\
                   [[network]]\nname = \"trial\"\nranges = [\"10.10.0.0/16\"]\nprofile = \"primary\"\nmode = \"watch\"\n";
    let school = School::new(&Wish { more: network, ..Wish::default() });
    let gate = school.start();
    let (code, report) = tried(&school);
    assert_eq!((code, &report["failed"]), (Some(0), &Value::from(0)), "{report:#}");
    assert!(report["when"].as_str().is_some_and(|when| when.starts_with("20")), "dated");
    let by = |door: Option<&str>, what, profile: &str| -> Vec<&Value> {
        let all = checks(&report, what).into_iter();
        all.filter(|c| c["profile"] == profile && c["door"].as_str() == door).collect()
    };
    let of = |what, profile: &str| by(None, what, profile);
    // Also of networks from which nothing can be sent here, and of a profile that only a group has.
    for profile in ["secondary", "guest", "sixth-form", "staff"] {
        for category in ["adult", "gambling", "malware", "phishing"] {
            let tried = of(category, profile);
            assert_eq!(tried.len(), 1, "{category} {profile} {report:#}");
            assert_eq!(tried[0]["outcome"], "ok", "{}", tried[0]);
            let why = if ["malware", "phishing"].contains(&category) { "extended error 15" } else { "extended error 17" };
            assert!(tried[0]["said"].as_str().is_some_and(|said| said.contains(why)), "{}", tried[0]);
        }
        assert!(of("DNS over HTTPS", profile).iter().chain(&of("Private Relay", profile)).all(|c| c["outcome"] == "ok"));
        for category in ["adult", "gambling", "malware", "phishing"] {
            let tried = by(Some("proxy"), category, profile);
            assert!(tried.len() == 1 && tried[0]["outcome"] == "ok", "{category} {profile}: {tried:?}");
            let said = tried[0]["said"].as_str().expect("said");
            assert!(said.contains("HTTP with the block page, HTTPS refused"), "{said}");
        }
        let lessons = by(Some("proxy"), "education", profile);
        let said = lessons.first().and_then(|c| c["said"].as_str()).unwrap_or_default();
        assert!(lessons.len() == 1 && lessons[0]["outcome"] != "failed" && said.contains("are open"), "{lessons:?}");
        let search = of("safe search", profile);
        assert!(search.len() == 1 && search[0]["outcome"] != "failed", "{search:?}");
        if profile == "secondary" {
            assert!(search[0]["said"].as_str().is_some_and(|said| said.contains("forcesafesearch.google.com")), "{}", search[0]);
        }
    }
    assert!(
        of("gambling", "primary")
            .iter()
            .all(|c| c["outcome"] == "said" && c["said"].as_str().expect("said").contains("WATCHING"))
    );
    assert!(by(Some("proxy"), "gambling", "primary").is_empty(), "what is let through is not dialled");
    assert_eq!(by(Some("proxy"), "malware", "primary").len(), 1);
    let quic = by(Some("proxy"), "QUIC", "guest");
    assert!(quic.len() == 1 && quic[0]["said"].as_str().is_some_and(|said| said.contains("not known here")), "{quic:?}");
    assert!(of("malware", "primary").iter().all(|c| c["outcome"] == "ok"), "what harms machines is blocked there too");
    assert_eq!(checks(&report, "upstreams")[0]["outcome"], "ok");
    assert_eq!(checks(&report, "locked tier")[0]["outcome"], "said");
    assert_eq!(checks(&report, "list ages")[0]["outcome"], "ok");

    // In the log it is what it is; of the school nobody has asked for anything.
    let log = school.log();
    assert!(
        log.len() > 20 && log.iter().all(|e| e["door"] == "self-test" && e["client"].is_null() && e["person"].is_null()),
        "{log:?}"
    );
    let week = school.json(&["report", "week", "--format", "json"]);
    assert_eq!(week["totals"]["events"], 0, "{week:#}");
    assert_eq!(week["totals"]["blocked"], 0);
    let health = week["health"].as_array().expect("facts");
    assert!(health.iter().any(|f| f["what"] == "Self-test" && f["good"] == true), "{health:?}");
    // A pupil's question from the same machine is a pupil's.
    gate.dig("127.0.0.1", &["www.pokerstars.com", "A"]);
    assert_eq!(school.log().iter().filter(|e| e["door"] == "dns" && e["client"] == "127.0.0.1").count(), 1);
    let shown = school.ok(&["self-test"]);
    assert!(shown.contains("network guests, profile guest, by the proxy"), "{shown}");
    assert!(shown.contains("network guests, profile guest") && shown.contains("group staff, profile staff"), "{shown}");
}

#[test]
fn what_fails_is_named_and_the_exit_code_says_so() {
    let list = "\n[[list]]\nname = \"gone\"\ncategory = \"games\"\nfile = \"/nowhere/gone.txt\"\nformat = \"domains\"\n";
    let school = School::new(&Wish { upstreams: Some("\"127.0.0.1:9\""), more: list, ..Wish::default() });
    let gate = school.start();
    let (code, report) = tried(&school);
    assert_eq!(code, Some(1), "{report:#}");
    assert_eq!(checks(&report, "upstreams")[0]["outcome"], "failed");
    assert!(
        checks(&report, "list ages")
            .iter()
            .any(|c| c["outcome"] == "failed" && c["said"].as_str().expect("said").contains("gone"))
    );
    assert!(checks(&report, "gambling").iter().all(|c| c["outcome"] == "ok"), "what is blocked asks nobody");
    gate.stop();
    let said = school.run(&["self-test"]);
    assert_eq!(said.status.code(), Some(1));
    assert!(text(&said.stderr).contains("no gate is running"), "{}", text(&said.stderr));
}
