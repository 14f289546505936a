//! What is sealed, opened for one page.

use crate::browser::{Browser, school, status, token};
use crate::last_week;
use crate::owner::{Owner, PASSPHRASE, delivered, matters, session_form};
use crate::support::{Wish, holding};
use schoolgate::words::Category;

#[test]
fn what_is_sealed_opens_for_one_page_with_a_passphrase_and_a_purpose_and_that_is_written_down() {
    let school = school(&Wish::default());
    school.import(
        "id,name,role,year,device,mac\nP0901,Alma Quill,pupil,9,Laptop 1,3c:22:fb:00:00:01\n\
         s1,Otto Brand,staff,,LT-2,3c:22:fb:00:00:02\nh1,Hilda Crane,staff,,LT-3,3c:22:fb:00:00:03\n",
    );
    school.typed(&[PASSPHRASE], &["seal", "init", "--reader", "mrs-khan"]);
    last_week::searched(&school, &[(1, Category::SELF_HARM, "forum.worry.example")], "canary words");
    let roles = [("dsl", "dsl", &[][..]), ("deputy", "deputy", &["--person", "s1"]), ("ict", "ict", &[])];
    let [mut dsl, mut deputy, mut ict] = roles.map(|(name, role, more)| Owner::added(&school, name, role, more));
    let roles = [("head", &["--person", "h1"][..]), ("chair", &[])];
    let [mut head, mut chair] = roles.map(|(role, more)| Owner::added(&school, role, role, more));
    let gate = school.start();
    delivered(&school);
    let at = |from, name| Browser::new(&gate, from, name);
    let [lead, second, coordinator] = [at("127.0.9.1", "lead"), at("127.0.9.2", "second"), at("127.0.9.3", "ict")];
    let [heads, governor] = [at("127.0.9.4", "head"), at("127.0.9.5", "chair")];
    let all = [(&mut dsl, &lead), (&mut deputy, &second), (&mut ict, &coordinator), (&mut head, &heads), (&mut chair, &governor)];
    all.into_iter().for_each(|(owner, browser)| owner.settles(browser));
    let nowhere = || assert_eq!(holding(&school.path("var"), "canary"), Vec::<std::path::PathBuf>::new());
    let right = [("reader", "mrs-khan"), ("passphrase", PASSPHRASE), ("purpose", "to talk to <her>")];

    // What was searched for, around a matter.
    let id = matters(&lead).first().expect("a matter").clone();
    let (path, open) = (format!("/desk/matter/{id}/around"), format!("/desk/matter/{id}/open"));
    session_form(&lead, &path, &[("purpose", "the weekly review")]);
    let dots = || {
        let page = lead.curl(&path, &[]);
        assert!(page.contains("••••") && page.contains(&open) && !page.contains("canary"), "{page}");
    };
    dots();
    let form = lead.curl(&format!("{open}?reader=mrs-khan&passphrase={}&purpose=x", PASSPHRASE.replace(' ', "+")), &[]);
    assert!(
        form.contains("type=\"password\"") && form.contains("value=\"the weekly review\"") && !form.contains("canary"),
        "{form}"
    );
    for (fields, expected, said) in [
        ([right[0], ("passphrase", "another passphrase"), right[2]], "403", "The reader or the passphrase is not right"),
        ([("reader", "dsl"), right[1], right[2]], "403", "The reader or the passphrase is not right"),
        ([right[0], right[1], ("purpose", " ")], "422", "Please say in a few words what you need it for"),
    ] {
        let refused = session_form(&lead, &open, &fields);
        assert!(status(&refused) == expected && refused.contains(said) && !refused.contains("canary"), "{refused}");
        assert!(!refused.contains(PASSPHRASE) && !refused.contains("another passphrase"), "{refused}");
    }
    assert_eq!(school.records(schoolgate::casebook::Kind::Opening), Vec::<String>::new());
    let opened = session_form(&lead, &open, &right);
    assert_eq!((status(&opened), opened.matches("<td>canary words</td>").count()), ("200", 7), "{opened}");
    assert!(opened.contains("cache-control: no-store") && opened.contains("to talk to &#60;her&#62;"), "{opened}");
    assert!(!opened.contains(PASSPHRASE), "{opened}");
    dots();
    for (browser, expected) in [(&coordinator, "404"), (&heads, "404"), (&governor, "404")] {
        let refused = session_form(browser, &open, &right);
        assert!(status(&refused) == expected && !refused.contains("canary"), "{refused}");
    }
    let elsewhere = lead.post(&open, "https://evil.example", &[&[("token", token(&form).as_str())], &right[..]].concat());
    assert!(status(&elsewhere) == "403" && !elsewhere.contains("canary"), "{elsewhere}");
    nowhere();

    // What was written of incidents: of a pupil, of the same and a member of staff, of the head.
    let incident = |browser: &Browser, people: &str| {
        let fields = [("do", "open"), ("date", "2026-11-18"), ("place", "school"), ("category", "other"), ("people", people)];
        let words = [("description", "canary described"), ("recorded_by", "A. Jones")];
        let opened = session_form(browser, "/desk/incidents", &[&fields[..], &words].concat());
        assert_eq!(status(&opened), "303", "{opened}");
    };
    incident(&lead, "P0901");
    incident(&lead, "P0901, s1");
    incident(&governor, "h1");
    let later = [("outcome", "canary outcome"), ("why", "canary why")];
    assert_eq!(status(&session_form(&lead, "/desk/incidents/1", &later)), "303");
    let sealed = lead.curl("/desk/incidents/1", &[]);
    assert!(sealed.contains("••••") && sealed.contains("/desk/incidents/1/open") && !sealed.contains("canary"), "{sealed}");
    let opened = session_form(&lead, "/desk/incidents/1/open", &right);
    for words in ["canary described", "canary outcome", "canary why"] {
        assert!(opened.contains(words), "{words}: {opened}");
    }
    assert!(session_form(&second, "/desk/incidents/1/open", &right).contains("canary described"), "the deputy's, too");
    // It is handed on where it is opened, and not as dots.
    assert!(sealed.contains("Open it as a file") && !sealed.contains("/desk/incidents/1/export"), "{sealed}");
    let taken = session_form(&lead, "/desk/incidents/1/open", &[&right[..], &[("do", "csv")]].concat());
    assert!(taken.contains("incident-1.csv") && taken.contains("canary described"), "{taken}");
    for (browser, number, expected) in [
        (&second, 2, "404"),
        (&lead, 3, "404"),
        (&lead, 4, "404"),
        (&heads, 1, "404"),
        (&heads, 3, "404"),
        (&coordinator, 1, "404"),
        (&governor, 1, "404"),
        (&governor, 3, "403"),
    ] {
        for answer in [
            session_form(browser, &format!("/desk/incidents/{number}/open"), &right),
            browser.curl(&format!("/desk/incidents/{number}/open"), &[]),
        ] {
            assert!(status(&answer) == expected && !answer.contains("canary"), "{number}: {answer}");
        }
    }
    nowhere();

    // Who opened what and why stands in the casebook, and among who looked.
    let openings = school.records(schoolgate::casebook::Kind::Opening);
    let around = "what was typed: thirty minutes either side of P0901: to talk to <her>".to_owned();
    let of_incident = "what was typed: incident 1: to talk to <her>".to_owned();
    let taken = "what was typed: incident 1, as csv: to talk to <her>".to_owned();
    assert_eq!(openings, [around, of_incident.clone(), of_incident, taken]);
    let looked = lead.curl("/desk/looked", &[]);
    assert!(
        looked.contains("mrs-khan (dsl at the desk)") && looked.contains("a wrong passphrase for what is sealed"),
        "{looked}"
    );
    let blurred = coordinator.curl("/desk/looked", &[]);
    assert!(blurred.contains("dsl at the desk") && !blurred.contains("P0901") && !blurred.contains("talk to"), "{blurred}");
    school.ok(&["log", "verify"]);

    // One is tried at a time, and the doors go on meanwhile.
    let tries: Vec<_> = std::thread::scope(|scope| {
        let each = |browser| move || session_form(browser, "/desk/incidents/1/open", &right);
        let running = [scope.spawn(each(&lead)), scope.spawn(each(&second))];
        gate.dig("127.0.9.7", &["lesson.example", "A"]);
        running.into_iter().map(|thread| thread.join().expect("it ends")).collect()
    });
    assert!(tries.iter().all(|answer| ["200", "503"].contains(&status(answer))), "{tries:?}");
    assert!(tries.iter().any(|answer| answer.contains("canary described")), "{tries:?}");
    // Who guesses is slowed.
    let wrong = [right[0], ("passphrase", "not this one either"), right[2]];
    let slowed = (0..12).map(|_| session_form(&lead, "/desk/incidents/1/open", &wrong)).find(|answer| status(answer) == "429");
    assert!(slowed.is_some_and(|answer| answer.contains("Too many were wrong") && !answer.contains("canary")));
    nowhere();
    let log = school.service_log();
    assert!(!log.contains("canary") && !log.contains(PASSPHRASE) && !log.contains("ERROR"), "{log}");
}
