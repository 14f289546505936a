//! Sheets to print: names and passwords, or vouchers, a slip each, to be cut up and handed out.

use askama::Template;

/// One slip.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Slip {
    /// Whose it is, as people read it.
    pub title: String,
    /// What they type.
    pub user: String,
    pub password: String,
    /// Until when it holds, or the form it is for; may be empty.
    pub note: String,
}

#[derive(Debug, Template)]
#[template(path = "slips.html")]
struct Sheet<'a> {
    school: &'a str,
    slips: &'a [Slip],
}

/// A sheet of slips as a page that is printed from a browser.
pub fn html(school: &str, slips: &[Slip]) -> String {
    Sheet { school, slips }.render().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_has_a_slip_each_and_escapes_what_the_register_holds() {
        let slip = |n: usize| Slip {
            title: format!("Ada <{n}>"),
            user: format!("p{n}"),
            password: "cat sun hat".into(),
            note: "Form 1B".into(),
        };
        let html = html("Hill & Vale", &[slip(1), slip(2)]);
        assert_eq!(html.matches("cat sun hat").count(), 2);
        assert!(html.contains("Ada &#60;1&#62;") && html.contains("Hill &#38; Vale") && html.contains("Form 1B"), "{html}");
        assert!(!html.contains("<script") && !html.contains("http"));
    }
}
