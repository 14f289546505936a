//! The desk from outside: signing in with a password and a code, and what nobody gets without; by `curl` over TLS.

#[path = "portal/browser.rs"]
mod browser;
#[path = "desk/chromium.rs"]
mod chromium;
#[path = "support/last_week.rs"]
mod last_week;
#[path = "desk/owner.rs"]
mod owner;
#[path = "desk/sealed.rs"]
mod sealed;
#[path = "desk/sheet.rs"]
mod sheet;
mod support;
#[path = "desk/watched.rs"]
mod watched;

use browser::{Browser, school, status, token};
use owner::{OWN, Owner, alerted, delivered, is_in, matters, new_password, recorded, session_form, typed};
use schoolgate::words::Category;
use serde_json::Value;
use std::time::{Duration, Instant};
use support::Wish;

#[test]
fn who_has_not_signed_in_gets_nothing_and_in_the_clear_there_is_no_desk() {
    let school = school(&Wish::default());
    let gate = school.start();
    let browser = Browser::new(&gate, "127.0.9.1", "somebody");
    for path in ["/desk", "/desk/week/2026-W47", "/desk/week/2026-W47/report.pdf", "/desk/week/x", "/desk/password"] {
        let led = browser.curl(path, &[]);
        assert!(status(&led) == "303" && led.contains("location: /desk/sign-in"), "{path}: {led}");
    }
    // What would be a line of its own in the answer's head is none.
    for path in ["/desk/matter/a%0d%0aSet-Cookie:x=1", "/desk/incidents/%ff", "/desk/week/%0d%0a"] {
        let led = browser.curl(path, &[]);
        assert!(
            ["303", "400"].contains(&status(&led))
                && !led.to_lowercase().contains("\nset-cookie: x")
                && !led.contains("\nSet-Cookie:x"),
            "{led}"
        );
    }
    let page = browser.curl("/desk/sign-in?to=/desk/week/2026-W47", &[]);
    for words in ["Sign in at the desk", "value=\"/desk/week/2026-W47\"", "autocomplete=\"one-time-code\"", "default-src 'none'"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("<script") && page.contains("cache-control: no-store"), "{page}");
    let style = browser.curl("/desk/style.css", &[]);
    assert!(style.contains("text/css") && style.contains(":focus-visible"), "{style}");
    // A form without a session, and one with a cookie that somebody made up.
    let token = token(&page);
    let made_up = ["-H", "Cookie: __Host-schoolgate-desk=0123", "-H", &format!("Origin: {}", browser.at), "-d", "do=password"];
    for led in [
        browser.post("/desk/password", &browser.at, &[("token", &token), ("current", "x"), ("new", OWN), ("again", OWN)]),
        browser.curl("/desk/password", &made_up),
    ] {
        assert!(status(&led) == "303" && led.contains("location: /desk/sign-in"), "{led}");
    }

    let plain = Browser::in_the_clear(&gate, "127.0.9.1", "plain");
    for path in ["/desk", "/desk/sign-in", "/desk/confirm", "/desk/week/2026-W47/report.html"] {
        assert_eq!(status(&plain.curl(path, &[])), "404", "{path}");
    }
    let other = browser.curl("/desk/sign-in", &["-H", "Host: evil.example"]);
    assert!(status(&other) == "421" && !other.contains("Sign in"), "{other}");
    assert_eq!(recorded(&school, "look_ups"), [] as [Value; 0]);
}

#[test]
fn an_account_is_a_password_and_a_code_that_works_once_on_the_device_it_was_used_on() {
    let school = school(&Wish::default());
    let mut dsl = Owner::added(&school, "a.jones", "dsl", &[]);
    let gate = school.start();
    let hers = Browser::new(&gate, "127.0.9.1", "hers");

    let right = dsl.code();
    for (name, password, code) in [
        ("a.jones", dsl.password.as_str(), "000000"),
        ("a.jones", dsl.password.as_str(), ""),
        ("a.jones", "not this one", right.as_str()),
        ("nobody", dsl.password.as_str(), right.as_str()),
    ] {
        let refused = typed(&hers, name, password, code);
        assert!(status(&refused) == "403" && refused.contains("is not right"), "{name} {code}: {refused}");
        assert!(!refused.contains("__Host-schoolgate-desk"), "{refused}");
    }
    dsl.used = 0;
    let code = dsl.code();
    let led = typed(&hers, "A.Jones ", &dsl.password, &code);
    assert!(status(&led) == "303", "{led}");
    let cookie = led.lines().find(|line| line.contains("__Host-schoolgate-desk=")).expect("a cookie");
    for words in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(words) && !cookie.contains("Domain"), "{cookie}");
    }
    // Until she has one of her own, the password opens the page that asks for it.
    for path in ["/desk", "/desk/week/2026-W47", "/desk/week/2026-W47/report.csv"] {
        let led = hers.curl(path, &[]);
        assert!(status(&led) == "303" && led.contains("location: /desk/password\r\n"), "{path}: {led}");
    }
    for (current, new, said) in [
        ("not this one", OWN, "The password you have now is not right"),
        (dsl.password.as_str(), "short", "needs 12 characters"),
        (dsl.password.as_str(), dsl.password.as_str(), "must not be the one you have"),
    ] {
        let refused = new_password(&hers, current, new);
        assert!(refused.contains(said) && refused.contains("role=\"alert\""), "{said}: {refused}");
    }
    assert_eq!(status(&new_password(&hers, &dsl.password, OWN)), "303");
    OWN.clone_into(&mut dsl.password);
    let page = hers.curl("/desk", &[]);
    assert!(page.contains("There is no report yet") && page.contains("Designated Safeguarding Lead"), "{page}");

    // The code again, elsewhere; the cookie elsewhere; another browser beside hers.
    let thief = Browser::new(&gate, "127.0.9.2", "thief");
    let refused = typed(&thief, "a.jones", OWN, &code);
    assert!(status(&refused) == "403" && !is_in(&thief), "{refused}");
    assert!(!is_in(&hers.stolen_on("127.0.9.2")) && !is_in(&Browser::new(&gate, "127.0.9.1", "beside")) && is_in(&hers));
    // Forms of others: from another site, in the clear, without a token, with that of another browser.
    let form =
        |browser: &Browser, origin: &str, token: &str| browser.post("/desk", origin, &[("do", "sign-out"), ("token", token)]);
    let hers_token = token(&page);
    let theirs = token(&thief.curl("/desk/sign-in", &[]));
    for (origin, token) in [
        ("https://evil.example", hers_token.as_str()),
        ("null", hers_token.as_str()),
        ("", hers_token.as_str()),
        (hers.at.as_str(), ""),
        (hers.at.as_str(), theirs.as_str()),
    ] {
        assert_eq!(status(&form(&hers, origin, token)), "403", "{origin}");
    }
    assert!(hers.curl("/desk/sign-in", &[]).contains("location: /desk\r\n"), "who is signed in is led on");
    let bad =
        hers.post("/desk", "https://evil.example", &[("do", "sign-in"), ("name", "a.jones"), ("password", OWN), ("code", "1")]);
    assert!(status(&bad) == "403" && is_in(&hers), "{bad}");

    // She signs in elsewhere: here it is over. She signs out: there, too.
    let second = Browser::new(&gate, "127.0.9.3", "second");
    assert_eq!(status(&dsl.sign_in(&second)), "303");
    assert!(is_in(&second) && !is_in(&hers));
    let out = form(&second, &second.at, &token(&second.curl("/desk", &[])));
    assert!(status(&out) == "200" && out.contains("You are signed out") && !is_in(&second), "{out}");

    // Her phone is lost: a new password and secret, and whoever is signed in is not any more.
    assert_eq!(status(&dsl.sign_in(&hers)), "303");
    assert!(is_in(&hers));
    let mut anew = Owner::of("a.jones", &school.json(&["desk", "reset", "a.jones"]));
    assert!(!is_in(&hers));
    assert_eq!(status(&dsl.sign_in(&hers)), "403", "the one before is nothing now");
    anew.settles(&hers);
    assert!(is_in(&hers));
    school.ok(&["desk", "remove", "a.jones"]);
    assert!(!is_in(&hers));
    assert_eq!(status(&anew.sign_in(&hers)), "403");

    // All of it is written down, and no secret is.
    let looked = recorded(&school, "look_ups");
    let of_her = looked.iter().filter(|l| l["who"] == "a.jones (desk)" && l["whom"] == "desk: signed in");
    assert_eq!(of_her.count(), 4, "{looked:?}");
    assert!(looked.iter().any(|l| l["purpose"] == "from 127.0.9.1"), "{looked:?}");
    let changes = format!("{:?}", recorded(&school, "changes"));
    for words in ["an account for a.jones (dsl)", "a new password and code for a.jones", "the account of a.jones (dsl) ended"] {
        assert!(changes.contains(&format!("desk: {words}")), "{words}: {changes}");
    }
    for text in [&format!("{looked:?}"), &changes, &school.service_log()] {
        assert!(!text.contains(OWN) && !text.contains(&anew.password) && !text.contains("secret"), "{text}");
    }
}

#[test]
fn who_guesses_is_slowed_by_name_and_address_and_others_are_not() {
    let school = school(&Wish::default());
    let mut dsl = Owner::added(&school, "a.jones", "dsl", &[]);
    let mut ict = Owner::added(&school, "r.patel", "ict", &[]);
    let gate = school.start();
    let guesser = Browser::new(&gate, "127.0.9.6", "guesser");
    // Until the wait is longer than a slow machine takes to send the next form.
    let until = Instant::now() + Duration::from_secs(90);
    loop {
        assert!(Instant::now() < until, "nobody is slowed");
        let answer = typed(&guesser, "a.jones", "a guess", "123456");
        if status(&answer) == "403" {
            continue;
        }
        assert!(status(&answer) == "429" && answer.contains("Please wait"), "{answer}");
        let wait = answer.lines().find_map(|line| line.strip_prefix("retry-after: ")?.trim().parse::<u64>().ok());
        if wait.unwrap_or_else(|| panic!("how long: {answer}")) > 6 {
            break;
        }
    }
    let code = dsl.code();
    assert_eq!(status(&typed(&guesser, "a.jones", &dsl.password, &code)), "429", "although it would be right");
    dsl.used = 0;
    let hers = Browser::new(&gate, "127.0.9.1", "hers");
    assert_eq!(status(&dsl.sign_in(&hers)), "303", "she is at another device");
    assert_eq!(status(&ict.sign_in(&guesser)), "303", "and there somebody else signs in");
}

#[test]
fn each_role_reads_its_own_edition_and_asking_for_another_gets_none() {
    let school = school(&Wish::default());
    school.import(
        "id,name,role,year,device,mac\nP0901,Alma Quill,pupil,9,Laptop 1,3c:22:fb:00:00:01\n\
         s1,Otto Brand,staff,,LT-2,3c:22:fb:00:00:02\nh1,Hilda Crane,staff,,LT-3,3c:22:fb:00:00:03\n",
    );
    last_week::asked(
        &school,
        &[
            (1, Category::SELF_HARM, "forum.worry.example"),
            (2, Category::GAMBLING, "dice.example"),
            (3, Category::GAMBLING, "roulette.example"),
        ],
    );
    for wrong in [
        &["desk", "add", "head", "--role", "head"][..],
        &["desk", "add", "head", "--role", "head", "--person", "nobody"],
        &["desk", "add", "a b", "--role", "dsl"],
        &["desk", "add", "x", "--role", "boss"],
        &["desk", "reset", "x"],
    ] {
        assert!(!school.run(wrong).status.success(), "{wrong:?}");
    }
    let roles = [("dsl", &[][..]), ("deputy", &[]), ("ict", &[]), ("head", &["--person", "h1"]), ("chair", &[])];
    let mut owners = roles.map(|(role, more)| Owner::added(&school, role, role, more));
    for (name, role, person) in [("second", "dsl", "s1"), ("second", "chair", "h1"), ("dsl", "deputy", "s1")] {
        assert!(!school.run(&["desk", "add", name, "--role", role, "--person", person]).status.success(), "{name} {role}");
    }
    let gate = school.start();
    let week = delivered(&school);

    let of_edition = |edition: &str| std::fs::read(school.path(&format!("var/reports/{week}/{edition}.html"))).expect("made");
    let hosts = ["127.0.9.1", "127.0.9.2", "127.0.9.3", "127.0.9.4", "127.0.9.5"];
    let all = ["P0901", "Alma Quill", "Otto Brand", "Hilda Crane", "forum.worry.example", "dice.example", "roulette"];
    for ((owner, from), (edition, says, adds)) in owners.iter_mut().zip(hosts).zip([
        ("dsl", &["P0901", "1 matter needs a person"][..], &["governor"][..]),
        ("dsl", &["P0901"], &["governor"]),
        ("it", &["How the filter stands"], &[]),
        ("head", &["s1", "Matters about adults"], &["governor"]),
        ("chair", &["h1", "Matters about the head"], &["governor"]),
    ]) {
        let browser = Browser::new(&gate, from, owner.name);
        owner.settles(&browser);
        let page = browser.curl("/desk", &[]);
        assert_eq!(status(&page), "200", "{page}");
        for words in says {
            assert!(page.contains(words), "{} {words}: {page}", owner.name);
        }
        let html = String::from_utf8_lossy(&of_edition(edition)).into_owned();
        for never in all.iter().filter(|word| !html.contains(**word)) {
            assert!(!page.contains(never), "{} sees {never}: {page}", owner.name);
        }
        // The files are those that were delivered, to the byte.
        let file = browser.curl(&format!("/desk/week/{week}/report.html"), &[]);
        assert!(status(&file) == "200" && file.ends_with(&html), "{file}");
        let pdf = browser.curl(&format!("/desk/week/{week}/report.pdf"), &["-o", "/dev/null", "-D", "-"]);
        assert!(pdf.contains("application/pdf") && pdf.contains(&format!("schoolgate-{week}-{edition}.pdf")), "{pdf}");
        for other in ["dsl", "it", "head", "chair", "governor"] {
            let may = other == edition || adds.contains(&other);
            for path in [format!("/desk/week/{week}?edition={other}"), format!("/desk/week/{week}/report.csv?edition={other}")] {
                let answer = browser.curl(&path, &[]);
                assert_eq!(status(&answer) == "200", may, "{} {path}: {answer}", owner.name);
                assert!(may || status(&answer) == "403" && all.iter().all(|word| !answer.contains(word)), "{answer}");
            }
        }
        for none in ["2001-W01", "x", "2026-W99", "..%2f..", "%00"] {
            assert_eq!(status(&browser.curl(&format!("/desk/week/{none}"), &[])), "404", "{none}");
        }
        assert_eq!(status(&browser.curl(&format!("/desk/week/{week}/report.json"), &[])), "404");
    }
    // Who looked at whom: pages that show people, once in a session; the pages of IT show nobody.
    let looked = recorded(&school, "look_ups");
    let of = |who: &str, what: &str| {
        let by = |l: &&Value| l["who"] == format!("{who} (desk)") && l["whom"] == what && l["purpose"] == "the weekly review";
        looked.iter().filter(by).count()
    };
    assert_eq!(of("dsl", &format!("desk: report {week}, edition dsl")), 1, "{looked:?}");
    assert_eq!(of("head", &format!("desk: report {week}, edition head, as html")), 1, "{looked:?}");
    let all = format!("{looked:?}");
    assert!(!all.contains("edition it") && !all.contains("edition governor"), "{all}");
    let shown = school.ok(&["desk", "list"]);
    assert!(shown.contains("deputy") && !shown.contains("argon2"), "{shown}");
    let file = std::fs::metadata(school.path("var/desk.json")).expect("the accounts");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777, 0o600);
    assert!(!school.service_log().contains("ERROR"), "{}", school.service_log());
}

#[test]
fn what_needs_a_person_is_answered_by_whom_it_is_for_and_stays_written_down() {
    let school = school(&Wish::default());
    school.import(
        "id,name,role,year,device,mac\nP0901,Alma Quill,pupil,9,Laptop 1,3c:22:fb:00:00:01\n\
         s1,Otto Brand,staff,,LT-2,3c:22:fb:00:00:02\nh1,Hilda Crane,staff,,LT-3,3c:22:fb:00:00:03\n",
    );
    let asked = [(1, Category::SELF_HARM, "forum.worry.example"), (2, Category::GAMBLING, "dice.example")];
    last_week::asked(&school, &asked);
    let roles = [("dsl", &[][..]), ("ict", &[]), ("head", &["--person", "h1"])];
    let [mut dsl, mut ict, mut head] = roles.map(|(role, more)| Owner::added(&school, role, role, more));
    let gate = school.start();
    let week = delivered(&school);
    let at = |from, name| Browser::new(&gate, from, name);
    let [lead, coordinator, heads] = [at("127.0.9.1", "lead"), at("127.0.9.2", "ict"), at("127.0.9.3", "head")];
    dsl.settles(&lead);
    ict.settles(&coordinator);
    head.settles(&heads);

    let id = matters(&lead).first().expect("a matter").clone();
    let path = format!("/desk/matter/{id}");
    let of_staff = matters(&heads).first().expect("a matter of the head's").clone();
    assert!(id.starts_with(&week) && id.ends_with(".self-harm") && of_staff != id && matters(&coordinator).is_empty(), "{id}");
    let page = lead.curl(&path, &[]);
    for words in
        ["Seen", "Open incident", "Not a concern, because…", "Known, in hand", "Thirty minutes either side", "Nothing yet."]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    // Whose it is not has no such page and no such button, and neither has who made one up.
    for (browser, path) in [(&coordinator, &path), (&heads, &path), (&lead, &format!("/desk/matter/{of_staff}"))] {
        let none = browser.curl(path, &[]);
        assert!(status(&none) == "404" && !none.contains("P0901") && !none.contains("s1,"), "{none}");
        assert_eq!(status(&session_form(browser, path, &[("do", "seen")])), "404");
        assert_eq!(status(&browser.curl(&format!("{path}/around"), &[])), "404");
    }
    for none in ["x", "2026-W47", "2026-W47.person-1.", "..", "%2e%2e"] {
        assert_eq!(status(&lead.curl(&format!("/desk/matter/{none}"), &[])), "404", "{none}");
    }

    // What is around it wants a purpose, once.
    let around = format!("{path}/around");
    let why = lead.curl(&around, &[]);
    assert!(why.contains("Why do you look?") && !why.contains("forum.worry.example"), "{why}");
    assert_eq!(status(&session_form(&lead, &around, &[("purpose", "  ")])), "422");
    assert_eq!(status(&session_form(&lead, &around, &[("purpose", "to talk to her <today>")])), "303");
    let shown = lead.curl(&around, &[]);
    assert_eq!(shown.matches("forum.worry.example").count(), 7, "{shown}");
    assert!(
        shown.contains("Laptop 1") && shown.contains("to talk to her &#60;today&#62;") && !shown.contains("dice.example"),
        "{shown}"
    );
    lead.curl(&around, &[]);
    let looked = recorded(&school, "look_ups");
    let purposes: Vec<_> = looked.iter().filter(|l| l["purpose"] == "to talk to her <today>").collect();
    assert!(purposes.len() == 1 && purposes[0]["whom"].as_str().is_some_and(|w| w.ends_with("of P0901")), "{looked:?}");

    // Marks: no GET makes one, a form of another site neither, and two want a reason.
    for nothing in ["?do=seen", "?do=in-hand&because=x"] {
        assert!(lead.curl(&format!("{path}{nothing}"), &[]).contains("Nothing yet."));
    }
    let theirs = token(&coordinator.curl("/desk", &[]));
    for (origin, token) in [("https://evil.example", token(&page)), (lead.at.as_str(), theirs), (lead.at.as_str(), String::new())]
    {
        assert_eq!(status(&lead.post(&path, origin, &[("token", &token), ("do", "seen")])), "403", "{origin}");
    }
    let no_reason = session_form(&lead, &path, &[("do", "not-a-concern"), ("because", " ")]);
    assert!(status(&no_reason) == "422" && no_reason.contains("Please say why"), "{no_reason}");
    assert!(lead.curl(&path, &[]).contains("Nothing yet."));
    let seen = session_form(&lead, &path, &[("do", "seen")]);
    assert!(status(&seen) == "303" && seen.contains(&format!("location: /desk/week/{week}#{id}\r\n")), "{seen}");
    assert!(lead.curl("/desk", &[]).contains("seen, by dsl (desk)"));
    assert_eq!(status(&session_form(&lead, &path, &[("do", "in-hand"), ("because", "her tutor <b>")])), "303");
    assert!(
        lead.curl("/desk", &[]).contains("known and in hand, by dsl (desk)")
            && lead.curl(&path, &[]).contains("her tutor &#60;b&#62;")
    );

    // An incident of it, with what is known already.
    // A list with nobody in it is no look at anybody; that of a minute later is.
    assert!(lead.curl("/desk/incidents", &[]).contains("<p>None.</p>"));
    let form = lead.curl(&format!("/desk/incidents/new?matter={id}"), &[]);
    assert!(form.contains(">P0901</textarea>") && form.contains(&format!("name=\"matter\" value=\"{id}\"")), "{form}");
    let fields = [("do", "open"), ("matter", id.as_str()), ("date", "2026-11-18"), ("place", "school"), ("people", "P0901")];
    let more = [("description", "as <i>reported</i>"), ("parents_told", "by phone"), ("recorded_by", "A. Jones")];
    let missing = session_form(&lead, "/desk/incidents", &[&fields[..], &more].concat());
    assert!(
        status(&missing) == "422" && missing.contains("as &#60;i&#62;reported") && missing.contains("role=\"alert\""),
        "{missing}"
    );
    let nobody = [("people", "P0902"), ("category", "self-harm")];
    let nobody = session_form(&lead, "/desk/incidents", &[&fields[..], &more, &nobody].concat());
    assert!(status(&nobody) == "422" && nobody.contains("P0902"), "{nobody}");
    let opened = session_form(&lead, "/desk/incidents", &[&fields[..], &more, &[("category", "self-harm")]].concat());
    assert!(status(&opened) == "303" && opened.contains("location: /desk/incidents/1\r\n"), "{opened}");
    let incident = lead.curl("/desk/incidents/1", &[]);
    for words in ["as &#60;i&#62;reported", "A. Jones", "<dt>rows of the log beside it</dt><dd>7</dd>", &id] {
        assert!(incident.contains(words), "{words}: {incident}");
    }
    let looked = recorded(&school, "look_ups");
    let listed = looked.iter().filter(|l| l["who"] == "dsl (desk)" && l["whom"] == "desk: incidents");
    assert_eq!(listed.count(), 1, "{looked:?}");
    assert!(lead.curl(&path, &[]).contains("concern, incident 1, by dsl (desk)"));
    for browser in [&coordinator, &heads] {
        assert_eq!(status(&browser.curl("/desk/incidents/1", &[])), "404");
        assert!(!browser.curl("/desk/incidents", &[]).contains("P0901"));
        let own = session_form(browser, "/desk/incidents/1", &[("outcome", "none"), ("why", "x"), ("close", "yes")]);
        assert!(status(&own) == "422" || status(&own) == "404", "{own}");
    }
    // By hand the head opens one about an adult, and nobody one about themselves.
    let by_hand = |person| [&fields[2..4], &more, &[("people", person), ("category", "conduct of an adult")]].concat();
    assert_eq!(status(&session_form(&heads, "/desk/incidents", &by_hand("s1"))), "303");
    assert_eq!(status(&session_form(&heads, "/desk/incidents", &by_hand("h1"))), "422");
    assert_eq!(status(&session_form(&coordinator, "/desk/incidents", &by_hand("s1"))), "422");
    let add = [("outcome", "she is well"), ("why", "spoke to her"), ("close", "yes")];
    assert_eq!(status(&session_form(&lead, "/desk/incidents/1", &add)), "303");
    let closed = lead.curl("/desk/incidents/1", &[]);
    assert!(
        closed.contains("Incident 1 (closed)") && closed.contains("she is well") && closed.contains("spoke to her"),
        "{closed}"
    );

    // To be handed on it has a purpose, each time, and is for whom the incident is.
    let export = |browser, path: &str, fields: &[(&str, &str)]| session_form(browser, path, fields);
    let (to, purpose) = ("/desk/incidents/1/export", ("purpose", "for CPOMS <her file>"));
    let pdf = export(&lead, to, &[("as", "pdf"), purpose]);
    assert!(status(&pdf) == "200" && pdf.contains("attachment; filename=\"incident-1.pdf\"") && pdf.contains("%PDF-"), "{pdf}");
    let csv = export(&lead, to, &[("as", "csv"), purpose]);
    for words in ["filename=\"incident-1.csv\"", "\"P0901\"", "Alma Quill", "she is well", "closed"] {
        assert!(csv.contains(words), "{words}: {csv}");
    }
    let unsaid = export(&lead, to, &[("as", "pdf"), ("purpose", " ")]);
    assert!(status(&unsaid) == "422" && unsaid.contains("what you need it for") && !unsaid.contains("%PDF"), "{unsaid}");
    for (browser, path, kind) in
        [(&lead, "/desk/incidents/99/export", "pdf"), (&lead, to, "html"), (&coordinator, to, "pdf"), (&heads, to, "csv")]
    {
        let none = export(browser, path, &[("as", kind), purpose]);
        assert!(status(&none) == "404" && !none.contains("P0901"), "{path} {kind}: {none}");
    }
    assert_eq!(status(&lead.curl(&format!("{to}?as=pdf&purpose=x"), &[])), "405", "no GET hands anything on");
    let forged = lead.post(to, "https://evil.example", &[("token", &token(&lead.curl("/desk", &[]))), ("as", "pdf"), purpose]);
    assert!(status(&forged) == "403" && !forged.contains("%PDF"), "{forged}");
    let looked = recorded(&school, "look_ups");
    let handed: Vec<_> = looked.iter().filter(|l| l["purpose"] == "for CPOMS <her file>").map(|l| &l["whom"]).collect();
    assert_eq!(handed, ["desk: incident 1, as pdf", "desk: incident 1, as csv"], "{looked:?}");

    // The week is signed by two, each once.
    let sign = format!("/desk/week/{week}");
    for (browser, expected) in [(&lead, "303"), (&lead, "422"), (&heads, "422"), (&coordinator, "303")] {
        let answer = session_form(browser, &sign, &[("do", "sign-off")]);
        assert_eq!(status(&answer), expected, "{answer}");
    }
    assert_eq!(status(&session_form(&lead, "/desk/week/2026-W99", &[("do", "sign-off")])), "404");
    let both = lead.curl("/desk", &[]);
    assert!(both.contains("Signed by dsl (desk)") && both.contains("Signed by ict (desk)"), "{both}");
    let report = school.json(&["report", "week", "--week", &week]);
    assert_eq!(report["signed"].as_array().map(Vec::len), Some(2), "{report:#}");

    // Alerts are the lead's: one is raised now, through the door, and acknowledged once.
    alerted(&gate);
    let alert = lead.curl("/desk/alerts", &[]);
    assert!(alert.contains(">I have it<") && alert.contains("Find out who was there. See the pupil"), "{alert}");
    let counted = |browser: &Browser| browser.curl("/desk", &[]).contains("class=\"count\">1<");
    assert!(counted(&lead) && !counted(&coordinator) && !counted(&heads), "every page of hers says that it waits");
    for browser in [&coordinator, &heads] {
        assert_eq!(status(&browser.curl("/desk/alerts", &[])), "403");
        assert_eq!(status(&session_form(browser, "/desk/alerts", &[("acknowledge", "1")])), "422");
    }
    assert!(lead.curl("/desk/alerts?acknowledge=1", &[]).contains(">I have it<"), "no GET changes anything");
    assert_eq!(status(&session_form(&lead, "/desk/alerts", &[("acknowledge", "1")])), "303");
    let acknowledged = lead.curl("/desk/alerts", &[]);
    assert!(!acknowledged.contains(">I have it<") && acknowledged.contains("dsl (desk), "), "{acknowledged}");
    assert!(!counted(&lead));
    assert_eq!(status(&session_form(&lead, "/desk/alerts", &[("acknowledge", "99")])), "422");

    // Who looked at whom: the lead sees it, IT sees that somebody did.
    let seen = lead.curl("/desk/looked", &[]);
    assert!(seen.contains("to talk to her &#60;today&#62;") && seen.contains("of P0901"), "{seen}");
    let blurred = coordinator.curl("/desk/looked", &[]);
    assert!(blurred.contains("dsl (desk)") && !blurred.contains("P0901") && !blurred.contains("talk to her"), "{blurred}");
    school.ok(&["log", "verify"]);
    assert!(!school.service_log().contains("ERROR"), "{}", school.service_log());
}
