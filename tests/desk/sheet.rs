//! The sheet that is handed over with a new account.

use crate::browser::{Browser, school};
use crate::owner::{Owner, is_in, recorded};
use crate::support::{self, Wish};
use serde_json::Value;

#[test]
fn a_sheet_is_handed_over_with_a_new_account_and_what_is_on_it_stands_nowhere_else() {
    let school = school(&Wish::default());
    let path = school.path("a.jones.html");
    let sheet = path.to_str().expect("a path");
    // What cannot be written makes nothing, and what is refused leaves nothing.
    let nowhere = school.path("none/sheet.html");
    school.write("there.html", "somebody else's");
    let there = school.path("there.html");
    for (out, role) in [(nowhere.as_path(), "dsl"), (&there, "dsl"), (&path, "head")] {
        let out = out.to_str().expect("a path");
        let refused = school.run(&["desk", "add", "a.jones", "--role", role, "--out", out]);
        assert_eq!(refused.status.code(), Some(1), "{out}");
    }
    assert!(!path.exists() && std::fs::read_to_string(&there).expect("left alone") == "somebody else's");
    assert!(school.json(&["desk", "list"]).as_array().is_some_and(Vec::is_empty));

    let added = school.run(&["desk", "add", "a.jones", "--role", "dsl", "--out", sheet]);
    assert!(added.status.success(), "{}", support::text(&added.stderr));
    let said = format!("{}{}", support::text(&added.stdout), support::text(&added.stderr));
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).expect("there").permissions()) & 0o777, 0o600);
    let html = std::fs::read_to_string(&path).expect("a sheet");
    let on_it = |html: &str, before: &str, after: &str| {
        let rest = html.split_once(before).unwrap_or_else(|| panic!("no {before}: {html}")).1;
        rest.split_once(after).expect("its end").0.to_owned()
    };
    let of = |html: &str| {
        let secret = on_it(html, "type in: <b>", "</b>").replace(' ', "");
        serde_json::json!({ "password": on_it(html, "<dt>Password</dt><dd>", "</dd>"), "secret": secret })
    };
    let mut dsl = Owner::of("a.jones", &of(&html));
    assert!(html.contains("Designated Safeguarding Lead") && html.contains("<svg"), "{html}");
    let gate = school.start();
    let browser = Browser::new(&gate, "127.0.9.1", "hers");
    let given = dsl.password.clone();
    dsl.settles(&browser);
    // Anew, as JSON as well: nothing of it is on the terminal.
    let again = school.path("again.html");
    let reset = school.run(&["--json", "desk", "reset", "a.jones", "--out", again.to_str().expect("a path")]);
    assert!(reset.status.success() && !is_in(&browser), "{}", support::text(&reset.stderr));
    let anew = of(&std::fs::read_to_string(&again).expect("a sheet"));
    let said = format!("{said}{}{}", support::text(&reset.stdout), support::text(&reset.stderr));
    let everywhere = format!("{said}{}{:?}", school.service_log(), recorded(&school, "changes"));
    for secret in [&Value::from(given), &of(&html)["secret"], &anew["password"], &anew["secret"]] {
        assert!(!everywhere.contains(secret.as_str().expect("text")), "{everywhere}");
    }
    Owner::of("a.jones", &anew).settles(&browser);
    assert!(is_in(&browser));
}
