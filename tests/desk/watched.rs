//! Who is watched more closely.

use crate::browser::{Browser, school, status, token};
use crate::owner::{Owner, recorded, session_form};
use crate::support::{self, Wish};
use schoolgate::casebook::Kind;

#[test]
fn who_is_watched_more_closely_is_for_the_lead_and_to_it_there_is_no_such_thing() {
    let school = school(&Wish::default());
    school.import(
        "id,name,role,year,device,mac\nP0901,Alma Quill,pupil,9,Laptop 1,3c:22:fb:00:00:01\nP0902,Bea Holt,pupil,9,,\n\
         s1,Otto Brand,staff,,LT-2,3c:22:fb:00:00:02\nh1,Hilda Crane,staff,,LT-3,3c:22:fb:00:00:03\n",
    );
    let roles =
        [("dsl", &[][..]), ("deputy", &["--person", "P0902"]), ("ict", &[]), ("head", &["--person", "h1"]), ("chair", &[])];
    let mut owners = roles.map(|(role, more)| Owner::added(&school, role, role, more));
    let gate = school.start();
    let hosts = ["127.0.9.1", "127.0.9.2", "127.0.9.3", "127.0.9.4", "127.0.9.5"];
    let browsers: Vec<_> = owners
        .iter_mut()
        .zip(hosts)
        .map(|(owner, from)| {
            let browser = Browser::new(&gate, from, owner.name);
            owner.settles(&browser);
            browser
        })
        .collect();
    let [lead, deputy, coordinator, heads, chair] = &browsers[..] else { panic!("five") };
    let (watch, none, day) = ("/desk/watch", "/desk/no-such-thing", support::in_a_month());
    // Whatever is sent to the page is answered as what is sent to none: before there is anybody to watch, and after.
    let without_token = |answer: String| match answer.split_once("name=\"token\" value=\"") {
        Some((before, rest)) => before.to_owned() + rest.split_once('"').expect("its end").1,
        None => answer,
    };
    let same = |said: &str| {
        let bare = |page: String| without_token(page).lines().filter(|line| !line.starts_with("date: ")).collect::<String>();
        for browser in [coordinator, heads, chair] {
            for more in [&[][..], &["-X", "PUT"], &["-I"], &["-X", "OPTIONS"]] {
                let [one, other] = [watch, none].map(|path| bare(browser.curl(path, more)));
                assert_eq!(one, other, "{said} {more:?}");
            }
            let fields = [("do", "watch"), ("person", "P0901"), ("until", day.as_str()), ("reason", "x")];
            let [one, other] = [watch, none].map(|path| bare(session_form(browser, path, &fields)));
            assert!(one == other && one.contains("404"), "{said}: {one}");
            let [one, other] = [watch, none].map(|path| bare(session_form(browser, path, &[("do", "end"), ("person", "P0901")])));
            assert_eq!(one, other, "{said}");
            let [one, other] = [watch, none].map(|path| bare(browser.post(path, &browser.at, &[("token", "x")])));
            assert!(one == other && one.contains("403"), "{said}: {one}");
            let home = browser.curl("/desk", &[]).to_lowercase();
            assert!(!home.contains("watch") && !home.contains("closely"), "{said}: {home}");
        }
        let stranger = Browser::new(&gate, "127.0.9.9", "stranger");
        let [one, other] = [watch, none].map(|path| bare(stranger.curl(path, &[])).replace(path, ""));
        assert!(one == other && one.contains("303"), "{said}: {one}");
    };
    same("nobody is watched");

    assert!(lead.curl(watch, &[]).contains("Nobody is watched more closely"));
    let set = |browser, whom, until: &str, reason| {
        session_form(browser, watch, &[("do", "watch"), ("person", whom), ("until", until), ("reason", reason)])
    };
    for (whom, until, reason, said) in [
        ("P0999", day.as_str(), "worries", "Nobody in the register has the id"),
        ("s1", day.as_str(), "worries", "Pupils are watched more closely, nobody else"),
        ("P0901", "2001-01-01", "worries", "The last day is one to come"),
        ("P0901", "soon", "worries", "is not a date"),
        ("P0901", day.as_str(), " ", "Say why in a sentence or two"),
    ] {
        let refused = set(lead, whom, until, reason);
        assert!(status(&refused) == "422" && refused.contains(said), "{whom} {until}: {refused}");
        assert!(refused.contains(&format!("value=\"{whom}\"")), "what was typed stays: {refused}");
    }
    assert!(school.records(Kind::Watch).is_empty());
    assert_eq!(status(&set(lead, "P0901", &day, "worries <at home>")), "303");
    let page = lead.curl(watch, &[]);
    for words in ["P0901: Alma Quill", &format!("Until the end of {day}"), "worries &#60;at home&#62;", "dsl (desk)"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    // Nobody of themselves, and who is watched does not see that they are.
    let own = set(deputy, "P0902", &day, "x");
    assert!(status(&own) == "422" && own.contains("nobody says it of themselves"), "{own}");
    assert_eq!(status(&set(lead, "P0902", &day, "a friend of hers")), "303");
    let theirs = deputy.curl(watch, &[]);
    assert!(theirs.contains("P0901") && !theirs.contains("P0902") && !theirs.contains("a friend of hers"), "{theirs}");
    assert_eq!(status(&session_form(deputy, watch, &[("do", "end"), ("person", "P0902"), ("reason", "x")])), "422");
    same("two are watched");
    let forged = lead.post(watch, "https://evil.example", &[("token", &token(&page)), ("do", "end"), ("person", "P0901")]);
    assert!(status(&forged) == "403" && lead.curl("/desk/watch?do=end&person=P0901&reason=x", &[]).contains("P0901: Alma"));

    // What IT may read has nothing of it: who looked, the report, the service log.
    let looked = coordinator.curl("/desk/looked", &[]).to_lowercase();
    let report = school.ok(&["report", "week", "--week", "this", "--edition", "it", "--format", "json"]);
    for (text, whose) in [(&looked, "who looked"), (&report, "the report"), (&school.service_log(), "the service log")] {
        for word in ["closely", "P0901", "p0901", "worries", "a friend"] {
            assert!(!text.contains(word), "{whose}: {word}: {text}");
        }
    }
    let looked = recorded(&school, "look_ups");
    let at_it = looked.iter().filter(|l| l["who"] == "dsl (desk)" && l["whom"] == "desk: pupils who are watched more closely");
    assert_eq!(at_it.count(), 1, "{looked:?}");

    let end = |reason| session_form(lead, watch, &[("do", "end"), ("person", "P0901"), ("reason", reason)]);
    assert_eq!(status(&end("")), "422");
    assert_eq!(status(&end("she is better")), "303");
    let page = lead.curl(watch, &[]);
    assert!(!page.contains("P0901: Alma") && page.contains("P0902: Bea Holt"), "{page}");
    let kept = school.records(Kind::Watch);
    assert!(kept.len() == 3 && kept[2] == "watch no more closely than others: she is better", "{kept:?}");
    assert!(!school.service_log().contains("ERROR"), "{}", school.service_log());
}
