//! The recovery sheet: what opens what is sealed when no passphrase is known any more. Printed once, for the safe.

use askama::Template;

#[derive(Debug, Template)]
#[template(path = "recovery.html")]
struct Sheet<'a> {
    school: &'a str,
    fingerprint: &'a str,
    made: &'a str,
    groups: &'a [String],
}

/// The sheet as a page that is printed from a browser.
pub fn html(school: &str, fingerprint: &str, made: &str, groups: &[String]) -> String {
    Sheet { school, fingerprint, made, groups }.render().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sheet_has_every_group_numbered_and_says_how_it_is_used() {
        let groups: Vec<String> = (1..=8).map(|n| format!("ABCD{n}")).collect();
        let html = html("Hill & Vale", "9F2A-71C0-44DE-0B18", "Monday 7 September 2026, 10:00", &groups);
        for (nth, group) in (1..).zip(&groups) {
            assert!(html.contains(&format!("<li value=\"{nth}\">{group}</li>")), "{html}");
        }
        for said in ["Hill &#38; Vale", "9F2A-71C0-44DE-0B18", "schoolgate seal recover", "safe"] {
            assert!(html.contains(said), "{said}");
        }
        assert!(!html.contains("<script") && !html.contains("http"));
    }
}
